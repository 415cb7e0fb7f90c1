import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import {
  identityFunctionName,
  keyAlias,
  keyArnParameter,
  namePrefix,
  platformStackName,
  scheduleGroupName,
  signingKeyAlias,
  signingKeyArnParameter,
  stateBucketName,
  stateTableName,
} from '../core/physical-name.ts';
import { acknowledge } from './acknowledge.ts';
import { functionCode } from './bundle.ts';
import { NodeFunction } from './node-function.ts';

export interface TributaryPlatformProps {
  /** Days that the papers of a run (plan, manifest, refused records) are kept. Default 90. */
  readonly runRetentionDays?: number;
  /** Default one month. */
  readonly logRetention?: RetentionDays;
}

/**
 * What the flows of an account and region share: the state bucket and table, the key, the settlement of runs that ended
 * without saying so, the dashboard and the alarms. Flows find all of it by fixed names; so there is one per account and
 * region. State, table and key outlive the stack.
 */
export class TributaryPlatform extends Construct {
  readonly key: Key;
  /** Signs the certificates of runs. Its public half verifies them, wherever and by whomever. */
  readonly signingKey: Key;
  readonly stateBucket: Bucket;
  readonly stateTable: Table;
  private readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: TributaryPlatformProps = {}) {
    super(scope, id);
    const stack = Stack.of(this);

    this.key = new Key(this, 'Key', {
      alias: keyAlias,
      description: 'Tributary: state, logs and credentials',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    this.key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'EncryptLogs',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        resources: ['*'],
        conditions: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn': `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:/tributary/*`,
          },
        },
      }),
    );
    new StringParameter(this, 'KeyArn', {
      parameterName: keyArnParameter,
      stringValue: this.key.keyArn,
      description: 'Where the stacks of flows and connections find the key of Tributary',
    });

    this.signingKey = new Key(this, 'SigningKey', {
      alias: signingKeyAlias,
      description: 'Tributary: certificates of runs',
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      // Without it, nobody could tell an old certificate from a forged one.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    new StringParameter(this, 'SigningKeyArn', {
      parameterName: signingKeyArnParameter,
      stringValue: this.signingKey.keyArn,
      description: 'Where the stacks of flows find the key that signs the certificates of runs',
    });

    const retention = Duration.days(props.runRetentionDays ?? 90);
    this.stateBucket = new Bucket(this, 'StateBucket', {
      bucketName: stateBucketName(stack.account, stack.region),
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        // Every run removes its segments. One that died while committing still needs them, for as long as it has papers.
        { id: 'segments', prefix: 'segments/', expiration: retention },
        { id: 'runs', prefix: 'runs/', expiration: retention },
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
      ],
    });
    acknowledge(this.stateBucket, {
      S1: 'Only the functions of the flows read and write here; CloudTrail data events record access where it is wanted',
    });

    this.stateTable = new Table(this, 'StateTable', {
      tableName: stateTableName,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // It holds the watermarks: losing it means pulling everything again.
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });

    new CfnScheduleGroup(this, 'Schedules', { name: scheduleGroupName });

    this.identity(props.logRetention ?? RetentionDays.ONE_MONTH);
    const settle = this.settlement(props.logRetention ?? RetentionDays.ONE_MONTH);
    this.alarms = this.watch(settle);
  }

  /** Has a topic told of the alarms. Default: nobody is. */
  notify(topic: ITopic): void {
    for (const alarm of this.alarms) alarm.addAlarmAction(new SnsAction(topic));
  }

  /** Refuses to have a flow deployed whose source or destination its state does not belong to. */
  private identity(logRetention: RetentionDays): void {
    new NodeFunction(this, 'Identity', {
      functionName: identityFunctionName,
      description: 'Tributary: tells CloudFormation whether a flow may be deployed as it is',
      code: functionCode(),
      module: 'identity',
      environment: { STATE_TABLE: stateTableName },
      grants: {
        ReadFlows: {
          actions: ['dynamodb:GetItem'],
          resources: [this.stateTable.tableArn],
          conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['FLOW#*'] } },
        },
        UseKey: { actions: ['kms:Decrypt'], resources: [this.key.keyArn] },
      },
      logGroupName: '/tributary/identity',
      logRetention,
      key: this.key,
      memorySize: 256,
      timeout: Duration.minutes(1),
    });
  }

  /** Step Functions tells when an execution ended otherwise than by its last step; whoever hears it settles the run. */
  private settlement(logRetention: RetentionDays): NodeFunction {
    const stack = Stack.of(this);
    const stateMachines = stack.formatArn({ service: 'states', resource: `stateMachine:${namePrefix}` });
    const settle = new NodeFunction(this, 'Settle', {
      description: 'Tributary: settles runs whose execution failed, timed out or was stopped',
      code: functionCode(),
      module: 'settle',
      environment: { STATE_TABLE: stateTableName },
      grants: {
        ReadRunsAndSlots: {
          actions: ['dynamodb:GetItem'],
          resources: [this.stateTable.tableArn],
          conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['RUN#*', 'FLOW#*'] } },
        },
        UseKey: { actions: ['kms:Decrypt'], resources: [this.key.keyArn] },
        StartFlows: {
          actions: ['states:StartExecution'],
          resources: [`${stateMachines}*`],
          wildcards: 'The state machines of all flows',
        },
        // Of flows with a key of their own: their state machines are encrypted with it.
        UseKeysOfFlows: {
          actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
          resources: [stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
          wildcards: 'Each flow may name a key; the conditions allow it for state machines of flows alone',
          conditions: {
            StringEquals: { 'kms:ViaService': `states.${stack.region}.amazonaws.com` },
            StringLike: { 'kms:EncryptionContext:aws:states:stateMachineArn': `${stateMachines}*` },
          },
        },
      },
      logGroupName: '/tributary/settle',
      logRetention,
      key: this.key,
      memorySize: 256,
      timeout: Duration.minutes(1),
    });
    new Rule(this, 'Settlement', {
      ruleName: `${namePrefix}settlement`,
      description: 'Executions of flows that ended without success',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: Match.prefix(stateMachines) },
      },
      targets: [new LambdaTarget(settle.function, { retryAttempts: 8, maxEventAge: Duration.hours(6) })],
    });
    return settle;
  }

  /** One dashboard and three alarms over all flows: an alarm per flow would cost more than most flows. */
  private watch(settle: NodeFunction): Alarm[] {
    const period = Duration.minutes(5);
    const total = (metricName: string) =>
      new Metric({ namespace: 'Tributary', metricName, statistic: 'Sum', period });
    const perFlow = (metricName: string, statistic: string) =>
      new MathExpression({
        expression: `SEARCH('{Tributary,FlowName} MetricName="${metricName}"', '${statistic}', 300)`,
        label: '',
        period,
        usingMetrics: {},
      });
    const failed = total('FlowExecutionsFailed');
    const settlementErrors = settle.function.metricErrors({ period });
    const dropped = new Metric({
      namespace: 'AWS/Scheduler',
      metricName: 'InvocationDroppedCount',
      dimensionsMap: { ScheduleGroup: scheduleGroupName },
      statistic: 'Sum',
      period,
    });

    const alarm = (id: string, metric: IMetric, alarmDescription: string) =>
      new Alarm(this, id, {
        alarmName: `${namePrefix}${id.replace(/(?!^)([A-Z])/g, '-$1').toLowerCase()}`,
        alarmDescription,
        metric,
        threshold: 1,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
    const alarms = [
      alarm('FailedRuns', failed, 'A run of a flow ended as Error; `tributary runs FLOW --aws` tells why.'),
      alarm(
        'SettlementErrors',
        settlementErrors,
        'A dead run could not be settled; the next start of its flow does it.',
      ),
      alarm('DroppedStarts', dropped, 'EventBridge Scheduler gave up starting a scheduled flow.'),
    ];

    const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: 12, height: 6 });
    new Dashboard(this, 'Dashboard', {
      dashboardName: 'tributary',
      widgets: [
        [
          graph('Runs', [total('FlowExecutionsStarted'), total('FlowExecutionsSucceeded'), failed]),
          graph('Failed runs by flow', [perFlow('FlowExecutionsFailed', 'Sum')]),
        ],
        [
          graph('Records processed by flow', [perFlow('FlowExecutionRecordsProcessed', 'Sum')]),
          graph('Duration by flow (ms)', [perFlow('FlowExecutionTime', 'Maximum')]),
        ],
        [graph('Settlement and schedules', [settlementErrors, dropped])],
      ],
    });
    return alarms;
  }
}

export interface TributaryPlatformStackProps extends StackProps, TributaryPlatformProps {}

/** The platform in a stack of its own, under the name that flows and their users know. */
export class TributaryPlatformStack extends Stack {
  readonly platform: TributaryPlatform;

  constructor(scope: Construct, props: TributaryPlatformStackProps = {}) {
    super(scope, platformStackName, { description: 'Tributary platform', ...props });
    this.platform = new TributaryPlatform(this, 'Platform', props);
  }
}
