import { ArnFormat, type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  type CfnFunction,
  type Code,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** What a role may do: by the statement's sid, so that a policy reads as a list of reasons. */
export type Grants = Readonly<Record<string, Grant>>;

export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export function policyOf(grants: Grants): PolicyDocument {
  return new PolicyDocument({
    statements: Object.entries(grants).map(
      ([sid, { actions, resources, conditions }]) =>
        new PolicyStatement({
          sid,
          effect: Effect.ALLOW,
          actions: [...actions],
          resources: [...resources],
          ...(conditions && { conditions }),
        }),
    ),
  });
}

export interface NodeFunctionProps {
  readonly description: string;
  readonly code: Code;
  /** The module of the bundle whose `handler` runs. */
  readonly module: 'control' | 'transfer' | 'settle';
  readonly environment: Readonly<Record<string, string>>;
  readonly grants: Grants;
  readonly logGroupName: string;
  readonly logRetention: RetentionDays;
  /** Encrypts the log and the environment. */
  readonly key: IKey;
  /** MB. */
  readonly memorySize: number;
  readonly timeout: Duration;
  readonly vpc?:
    | { readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] }
    | undefined;
}

const networkInterfaces: Grant = {
  actions: [
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ],
  resources: ['*'],
};

/** A function of the bundle with a role and a log group of its own. */
export class NodeFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: props.logGroupName,
      retention: props.logRetention,
      encryptionKey: props.key,
      // Logs hold counts and ids; the flow's record of runs is the state table.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: props.description,
      inlinePolicies: {
        grants: policyOf({
          WriteLog: {
            actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            resources: [
              Stack.of(this).formatArn({
                service: 'logs',
                resource: 'log-group',
                resourceName: `${props.logGroupName}:log-stream:*`,
                arnFormat: ArnFormat.COLON_RESOURCE_NAME,
              }),
            ],
          },
          ...props.grants,
          ...(props.vpc && { JoinNetwork: networkInterfaces }),
        }),
      },
    });
    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      code: props.code,
      handler: `${props.module}.handler`,
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.ARM_64,
      role: this.role.withoutPolicyUpdates(),
      logGroup,
      environment: { ...props.environment },
      environmentEncryption: props.key,
      memorySize: props.memorySize,
      timeout: props.timeout,
    });
    if (props.vpc) {
      // By ids: looking up the VPC's other properties would need credentials at synth.
      const { subnetIds, securityGroupIds } = props.vpc;
      (this.function.node.defaultChild as CfnFunction).vpcConfig = {
        subnetIds: [...subnetIds],
        securityGroupIds: [...securityGroupIds],
      };
    }
    acknowledge(this.function, { L1: 'Node 22 is the version that the tests run the bundle with' });
    acknowledge(this.role, {
      IAM5: 'Wildcards stand for what is below a prefix of this flow: streams of its log, objects, runs, tables; ec2 network interfaces know no narrower resource',
    });
  }
}
