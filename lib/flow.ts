import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ArnFormat,
  CustomResource,
  Duration,
  type FileAssetLocation,
  FileAssetPackaging,
  Stack,
  type StackProps,
  Stage,
  Tags,
} from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { type Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { downloadingConnectors, oauth2Connectors, workingConnectors } from '../connectors/registry.ts';
import type { ConnectionDefinition } from '../core/connection.ts';
import type { ConnectorRegistration } from '../core/custom-connector/registration.ts';
import { TributaryError } from '../core/errors.ts';
import { sourceConnectorName } from '../core/flow/connector-name.ts';
import type { FlowInput } from '../core/flow/definition.ts';
import { identityFingerprint } from '../core/flow/fingerprint.ts';
import { controlMemory, transferMemory } from '../core/flow/function-memory.ts';
import { checkFlow } from '../core/flow/read.ts';
import { schedulerExpression } from '../core/flow/schedule.ts';
import { stateMachine } from '../core/flow/state-machine.ts';
import {
  flowResourceName,
  identityFunctionName,
  keyArnParameter,
  scheduleGroupName,
  signingKeyArnParameter,
  stateBucketName,
  stateTableName,
} from '../core/physical-name.ts';
import { acknowledge } from './acknowledge.ts';
import { functionCode } from './bundle.ts';
import {
  type ConnectionCredentials,
  controlGrants,
  type GrantContext,
  stateMachineGrants,
  transferGrants,
} from './flow-grants.ts';
import { type Grants, NodeFunction, roleOf } from './node-function.ts';

export interface FlowProps {
  /** CreateFlow's shape, checked here. @throws TributaryErrors FlowInvalid */
  readonly definition: FlowInput;
  /** The connections that the definition names. Default: none. */
  readonly connections?: readonly ConnectionDefinition[];
  /** Registrations of the custom connectors that those connections are of. Default: none. */
  readonly customConnectors?: readonly ConnectorRegistration[];
  /** Default one month. */
  readonly logRetention?: RetentionDays;
  /** Source of the events that its runs emit. Default `tributary`; `aws.*` is reserved to AWS. */
  readonly eventSource?: string;
}

/** MB, as much as there is: what a connector downloads may be one file of gigabytes. */
const downloadDisk = 10_240;

/**
 * A flow, deployed: its state machine, its two functions with a role each, and what starts it. Needs the platform
 * (TributaryPlatform) in the same account and region.
 *
 * @example new Flow(stack, 'Orders', { definition: defineFlow({ flowName: 'orders', … }) })
 */
export class Flow extends Construct {
  readonly flowName: string;
  readonly stateMachineArn: string;

  constructor(scope: Construct, id: string, props: FlowProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const flow = checkFlow(props.definition, `Flow ${this.node.path}`);
    const { flowName, sourceFlowConfig, tributary = {} } = flow;
    this.flowName = flowName;
    const name = flowResourceName(flowName);
    const connections = usedConnections(flow, props.connections ?? []);
    const named = (name: string | undefined) =>
      connections.find(({ connectorProfileName }) => connectorProfileName === name);
    const connection = named(sourceFlowConfig.connectorProfileName);
    // Of the application that records go to.
    const target = named(flow.destinationFlowConfigList[0]?.connectorProfileName);

    // The definition travels as an asset: of whatever size, and a new one never reaches a run that has begun.
    const customConnectors = usedCustomConnectors(connections, props.customConnectors ?? []);
    const definition = this.asset({
      flow,
      connections,
      ...(customConnectors.length > 0 && { customConnectors }),
    });
    const platformKeyArn = StringParameter.valueForStringParameter(this, keyArnParameter);
    const signingKeyArn = StringParameter.valueForStringParameter(this, signingKeyArnParameter);
    const key = Key.fromKeyArn(this, 'Key', flow.kmsArn ?? platformKeyArn);
    const sourceConnector = sourceConnectorName(flow, connection);
    const context: GrantContext = {
      stack,
      flow,
      credentials: connections.map((each) => ({
        connectorProfileName: each.connectorProfileName,
        oauth2: oauth2Of(each.connectorLabel ?? each.connectorType, customConnectors),
      })),
      customFunctionArns: customConnectors.map(functionArnOf),
      platformKeyArn,
      signingKeyArn,
      definitionArn: `arn:${stack.partition}:s3:::${definition.bucketName}/${definition.objectKey}`,
      eventSource: props.eventSource ?? 'tributary',
    };
    const shared = {
      code: functionCode(),
      environment: {
        FLOW_DEFINITION: `s3://${definition.bucketName}/${definition.objectKey}`,
        STATE_BUCKET: stateBucketName(stack.account, stack.region),
        STATE_TABLE: stateTableName,
        ACCOUNT_ID: stack.account,
        // AppFlow names the user who created the flow; here that is the stack.
        CREATED_BY: stack.stackId,
        EVENT_SOURCE: context.eventSource,
      },
      key,
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
      timeout: Duration.minutes(15),
    };
    const transfer = new NodeFunction(this, 'Transfer', {
      ...shared,
      description: `Flow ${flowName}: reads the source${target ? ' and writes its records' : ''}`,
      module: 'transfer',
      grants: transferGrants(context),
      logGroupName: `/tributary/${name}/transfer`,
      memorySize: transferMemory(flow, workingConnectors.includes(sourceConnector)),
      ...(downloadingConnectors.includes(sourceConnector) && { diskSize: downloadDisk }),
      vpc: vpcOf(flowName, connection, target),
    });
    const control = new NodeFunction(this, 'Control', {
      ...shared,
      description: `Flow ${flowName}: starts, commits and ends runs`,
      module: 'control',
      environment: { ...shared.environment, SIGNING_KEY_ARN: signingKeyArn },
      grants: controlGrants(context),
      logGroupName: `/tributary/${name}/control`,
      memorySize: controlMemory,
    });

    const functionArns = [control.function.functionArn, transfer.function.functionArn];
    const machineRole = this.role('StateMachineRole', 'states.amazonaws.com', {
      ...stateMachineGrants(context, functionArns),
      ...this.keyGrant(flow.kmsArn),
    });
    const machine = new CfnStateMachine(this, 'StateMachine', {
      stateMachineName: name,
      roleArn: machineRole.roleArn,
      definitionString: stack.toJsonString(
        stateMachine({
          functions: { control: control.function.functionArn, transfer: transfer.function.functionArn },
          ...(tributary.maxConcurrency !== undefined && { maxConcurrency: tributary.maxConcurrency }),
        }),
      ),
      ...(flow.kmsArn !== undefined && {
        encryptionConfiguration: { type: 'CUSTOMER_MANAGED_KMS_KEY', kmsKeyId: flow.kmsArn },
      }),
    });
    acknowledge(machine, {
      SF1: 'Standard executions keep their whole history for 90 days, and every step logs what it did',
      SF2: 'Each step logs its execution id and duration; a trace would add cost and no answer',
    });
    this.stateMachineArn = machine.ref;

    // Asked again whenever what the flow moves from where to where is changed.
    const identity = new CustomResource(this, 'Identity', {
      resourceType: 'Custom::FlowIdentity',
      serviceToken: stack.formatArn({
        service: 'lambda',
        resource: 'function',
        resourceName: identityFunctionName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
      properties: { FlowName: flowName, Identity: identityFingerprint(flow) },
    });
    machine.node.addDependency(identity);
    if (flow.triggerConfig.triggerType === 'Scheduled') this.schedule(flow, name);
    if (tributary.eventPattern) this.startOnEvents(flow, name, tributary.eventPattern);
    for (const [tag, value] of Object.entries(flow.tags ?? {})) Tags.of(this).add(tag, value);
  }

  /**
   * The universal target, as only it can name the execution; a name that is taken starts nothing twice. Start, end and
   * status are StartRun's to judge: a StartDate that has passed would make every later update of the schedule fail.
   */
  private schedule(flow: CheckedFlow, name: string): void {
    const scheduled = flow.triggerConfig.triggerProperties?.Scheduled;
    if (!scheduled) return;
    const role = this.role('ScheduleRole', 'scheduler.amazonaws.com', this.startGrants(flow));
    new CfnSchedule(this, 'Schedule', {
      name,
      groupName: scheduleGroupName,
      description: `Flow ${flow.flowName}`,
      scheduleExpression: schedulerExpression(scheduled),
      scheduleExpressionTimezone: 'UTC',
      flexibleTimeWindow: { mode: 'OFF' },
      state: 'ENABLED',
      ...(flow.kmsArn !== undefined && { kmsKeyArn: flow.kmsArn }),
      target: {
        arn: `arn:${Stack.of(this).partition}:scheduler:::aws-sdk:sfn:startExecution`,
        roleArn: role.roleArn,
        input: Stack.of(this).toJsonString({
          StateMachineArn: this.stateMachineArn,
          Name: '<aws.scheduler.execution-id>',
          Input: JSON.stringify({ trigger: 'Scheduled', scheduledTime: '<aws.scheduler.scheduled-time>' }),
        }),
        // A start that is an hour late is another start's business.
        retryPolicy: { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 20 },
      },
    });
  }

  private startOnEvents(flow: CheckedFlow, name: string, eventPattern: object): void {
    const role = this.role('EventRole', 'events.amazonaws.com', this.startGrants(flow));
    new CfnRule(this, 'EventRule', {
      name,
      description: `Starts flow ${flow.flowName}`,
      eventPattern,
      state: 'ENABLED',
      targets: [
        {
          id: 'Run',
          arn: this.stateMachineArn,
          roleArn: role.roleArn,
          // The event itself stays out of the run: it may be large, and may hold what no log should.
          input: JSON.stringify({ trigger: 'Event' }),
        },
      ],
    });
  }

  /** A file asset by its content, written to the assembly at once: Asset would copy it there from a temporary file. */
  private asset(document: object): FileAssetLocation {
    const text = JSON.stringify(document);
    const sourceHash = createHash('sha256').update(text).digest('hex');
    const fileName = `flow.${sourceHash}.json`;
    writeFileSync(join(Stage.of(this)?.assetOutdir ?? '', fileName), text);
    const packaging = FileAssetPackaging.FILE;
    return Stack.of(this).synthesizer.addFileAsset({ fileName, sourceHash, packaging });
  }

  private startGrants(flow: CheckedFlow): Grants {
    return {
      StartRun: { actions: ['states:StartExecution'], resources: [this.stateMachineArn] },
      ...this.keyGrant(flow.kmsArn),
    };
  }

  private keyGrant(kmsArn: string | undefined): Grants {
    if (kmsArn === undefined) return {};
    return { UseFlowKey: { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [kmsArn] } };
  }

  /** For a service that acts on behalf of this account alone: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html */
  private role(id: string, service: string, grants: Grants): Role {
    const conditions = { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } };
    return roleOf(this, id, new ServicePrincipal(service, { conditions }), grants);
  }
}

type CheckedFlow = ReturnType<typeof checkFlow>;

/** What the definition names must be there; what it does not name is none of its business. */
function usedConnections(
  flow: CheckedFlow,
  connections: readonly ConnectionDefinition[],
): readonly ConnectionDefinition[] {
  const names = [flow.sourceFlowConfig, ...flow.destinationFlowConfigList].flatMap(
    ({ connectorProfileName }) => connectorProfileName ?? [],
  );
  return [...new Set(names)].map((name) => {
    const found = connections.find(({ connectorProfileName }) => connectorProfileName === name);
    if (found) return found;
    throw new TributaryError('ConnectionInvalid', `there is no connection '${name}'`, {
      flowName: flow.flowName,
      expected: connections.map((each) => each.connectorProfileName).join(', ') || 'one in `connections`',
    });
  });
}

/** Those of the connections that are of a custom connector. */
function usedCustomConnectors(
  connections: readonly ConnectionDefinition[],
  registrations: readonly ConnectorRegistration[],
): readonly ConnectorRegistration[] {
  return registrations.filter(({ connectorLabel }) =>
    connections.some((connection) => connection.connectorLabel === connectorLabel),
  );
}

/** @throws ConnectionInvalid for a connector that is registered for one machine alone */
function functionArnOf({ connectorLabel, connectorProvisioningConfig }: ConnectorRegistration): string {
  if (connectorProvisioningConfig) return connectorProvisioningConfig.lambda.lambdaArn;
  throw new TributaryError('ConnectionInvalid', 'the custom connector has no function to deploy flows with', {
    at: connectorLabel,
    fix: `register it with one: tributary connectors register ${connectorLabel} --lambda ARN`,
  });
}

/**
 * One function talks to the source and to the application that records go to.
 *
 * @throws NotRunnable where they are in different networks
 */
function vpcOf(
  flowName: string,
  source: ConnectionDefinition | undefined,
  target: ConnectionDefinition | undefined,
): ConnectionDefinition['vpc'] {
  const [vpc, other] = [source?.vpc ?? target?.vpc, target?.vpc];
  if (other === undefined || JSON.stringify(vpc) === JSON.stringify(other)) return vpc;
  throw new TributaryError('NotRunnable', 'source and destination are in different networks', {
    flowName,
    at: `connections ${source?.connectorProfileName} and ${target?.connectorProfileName}`,
    got: 'two values of vpc',
    expected: 'the same',
    fix: 'write into S3 with one flow, and from there with another',
  });
}

function oauth2Of(
  connector: string,
  registrations: readonly ConnectorRegistration[],
): ConnectionCredentials['oauth2'] {
  const custom = registrations.find(({ connectorLabel }) => connectorLabel === connector);
  if (!custom) return oauth2Connectors[connector];
  const { isOAuth2Supported } = custom.connectorConfiguration.authenticationConfig;
  // A connector cannot say whether its vendor replaces refresh tokens.
  return isOAuth2Supported ? { rotates: true, handsOver: true } : undefined;
}

export interface FlowStackProps extends StackProps, FlowProps {}

/** One stack per flow: each deploys and rolls back alone. */
export class FlowStack extends Stack {
  readonly flow: Flow;

  constructor(scope: Construct, props: FlowStackProps) {
    const name = String(props.definition.flowName);
    super(scope, flowResourceName(name), { description: `Tributary flow ${name}`, ...props });
    this.flow = new Flow(this, 'Flow', props);
  }
}
