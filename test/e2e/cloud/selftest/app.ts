// A small app that uses what Tributary's stacks use, to prove the emulated cloud itself (test/e2e/cloud.test.ts).
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, ArnFormat, CfnOutput, CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ddb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as glue from 'aws-cdk-lib/aws-glue';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sm from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { buildSync } from 'esbuild';

const app = new App();
const env = {
  account: process.env.CDK_DEFAULT_ACCOUNT ?? '123456789012',
  region: process.env.CDK_DEFAULT_REGION ?? 'eu-central-1',
};

const bundle = mkdtempSync(path.join(tmpdir(), 'selftest-'));
buildSync({
  entryPoints: [path.join(import.meta.dirname, 'step.ts')],
  outfile: path.join(bundle, 'step.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});

const stack = new Stack(app, 'Selftest', { env });
const removalPolicy = RemovalPolicy.DESTROY;
const key = new kms.Key(stack, 'Key', { enableKeyRotation: true, alias: 'selftest', removalPolicy });
const bucket = new s3.Bucket(stack, 'Bucket', {
  encryption: s3.BucketEncryption.KMS,
  encryptionKey: key,
  bucketKeyEnabled: true,
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
  enforceSSL: true,
  lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7), expiration: Duration.days(30) }],
  removalPolicy,
});
const table = new ddb.Table(stack, 'Table', {
  partitionKey: { name: 'pk', type: ddb.AttributeType.STRING },
  sortKey: { name: 'sk', type: ddb.AttributeType.STRING },
  billingMode: ddb.BillingMode.PAY_PER_REQUEST,
  timeToLiveAttribute: 'expiresAt',
  encryption: ddb.TableEncryption.CUSTOMER_MANAGED,
  encryptionKey: key,
  removalPolicy,
});
const secret = new sm.Secret(stack, 'Secret', { encryptionKey: key, removalPolicy });
const database = new glue.CfnDatabase(stack, 'Database', {
  catalogId: stack.account,
  databaseInput: { name: 'selftest' },
});

const handlerOf = (name: string) =>
  new lambda.Function(stack, name, {
    functionName: `selftest-${name.toLowerCase()}`,
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'step.handler',
    code: lambda.Code.fromAsset(bundle),
    timeout: Duration.seconds(10),
    memorySize: 256,
    logGroup: new logs.LogGroup(stack, `${name}Log`, { removalPolicy }),
    environment: {
      BUCKET: bucket.bucketName,
      TABLE: table.tableName,
      SECRET: secret.secretArn,
      DATABASE: database.ref,
    },
  });
const step = handlerOf('Step');
bucket.grantReadWrite(step);
table.grantReadWriteData(step);
secret.grantRead(step);
step.addToRolePolicy(
  new iam.PolicyStatement({
    actions: ['events:PutEvents'],
    resources: [stack.formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' })],
    conditions: { StringEquals: { 'events:source': 'selftest' } },
  }),
);

/** One Task that asks the function for `action`; a batch of retries for a killed function and for a rate limit. */
const ask = (action: string, rest: object) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: {
    FunctionName: '${step}',
    Payload: { action, 'input.$': '$', 'execution.$': '$$.Execution.Id', 'name.$': '$$.Execution.Name' },
  },
  ResultSelector: { 'answer.$': '$.Payload' },
  OutputPath: '$.answer',
  Retry: [
    {
      ErrorEquals: ['Lambda.Unknown', 'RateLimitExceeded'],
      IntervalSeconds: 30,
      MaxAttempts: 2,
      BackoffRate: 2,
    },
  ],
  ...rest,
});
const broken = app.node.tryGetContext('broken') === 'true';
const definition = {
  Comment: broken ? 'broken' : 'sound',
  StartAt: 'Plan',
  States: {
    Plan: ask('plan', { Next: 'Batch' }),
    Batch: ask('batch', { Next: 'Done?', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Failed' }] }),
    'Done?': {
      Type: 'Choice',
      Choices: [{ Variable: '$.done', BooleanEquals: true, Next: 'Spread' }],
      Default: 'Pause',
    },
    Pause: { Type: 'Wait', SecondsPath: '$.waitSeconds', Next: 'Batch' },
    Spread: {
      Type: 'Map',
      MaxConcurrency: 2,
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSON' },
        Parameters: { Bucket: '${bucket}', 'Key.$': '$.splits' },
      },
      ItemSelector: { 'split.$': '$$.Map.Item.Value', 'parent.$': '$$.Execution.Name', 'fail.$': '$.fail' },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Split',
        States: { Split: ask('split', { End: true }) },
      },
      ResultPath: null,
      Next: 'End',
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Failed' }],
    },
    End: ask('end', { End: true }),
    Failed: { Type: 'Fail', ErrorPath: '$.Error', CausePath: '$.Cause' },
  },
};
const machine = new sfn.StateMachine(stack, 'Machine', {
  stateMachineName: 'selftest',
  definitionBody: sfn.DefinitionBody.fromString(JSON.stringify(definition)),
  definitionSubstitutions: { step: step.functionArn, bucket: bucket.bucketName },
  timeout: Duration.minutes(15),
  logs: {
    destination: new logs.LogGroup(stack, 'MachineLog', { removalPolicy }),
    level: sfn.LogLevel.ERROR,
  },
});
step.grantInvoke(machine);
bucket.grantRead(machine, 'splits/*');
const executions = stack.formatArn({
  service: 'states',
  resource: 'execution',
  resourceName: 'selftest:*',
  arnFormat: ArnFormat.COLON_RESOURCE_NAME,
});
new iam.Policy(stack, 'Children', {
  roles: [machine.role],
  statements: [
    new iam.PolicyStatement({ actions: ['states:StartExecution'], resources: [machine.stateMachineArn] }),
    new iam.PolicyStatement({
      actions: ['states:DescribeExecution', 'states:StopExecution'],
      resources: [executions],
    }),
  ],
});

const ended = {
  source: ['aws.states'],
  detail: { status: ['FAILED', 'SUCCEEDED'], stateMachineArn: [machine.stateMachineArn] },
};
new events.Rule(stack, 'Settle', {
  eventPattern: ended,
  targets: [
    new targets.LambdaFunction(step, {
      event: events.RuleTargetInput.fromObject({
        action: 'settle',
        name: events.EventField.fromPath('$.detail.name'),
        status: events.EventField.fromPath('$.detail.status'),
      }),
    }),
  ],
});
const queue = new sqs.Queue(stack, 'Seen', { removalPolicy });
new events.Rule(stack, 'Own', {
  eventPattern: { source: ['selftest'] },
  targets: [new targets.SqsQueue(queue)],
});
new events.Rule(stack, 'OnDemand', {
  eventPattern: { source: ['selftest.start'] },
  targets: [
    new targets.SfnStateMachine(machine, {
      input: events.RuleTargetInput.fromObject({ batches: 1, splits: 1 }),
    }),
  ],
});

// A function that may do almost everything that it tries.
const poor = handlerOf('Poor');
const own = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['own#*'] } };
for (const statement of [
  { actions: ['s3:GetObject', 's3:PutObject'], resources: [bucket.arnForObjects('*')] },
  { actions: ['dynamodb:GetItem'], resources: [table.tableArn], conditions: own },
  {
    actions: ['kms:Decrypt'],
    resources: [key.keyArn],
    conditions: { StringLike: { 'kms:ViaService': 'dynamodb.*' } },
  },
]) {
  poor.addToRolePolicy(new iam.PolicyStatement(statement));
}
const peek = new sfn.StateMachine(stack, 'Peek', {
  stateMachineName: 'selftest-peek',
  definitionBody: sfn.DefinitionBody.fromString(
    JSON.stringify({
      StartAt: 'Peek',
      States: {
        Peek: { Type: 'Task', Resource: '${poor}', Parameters: { action: 'peek', name: 'peek' }, End: true },
      },
    }),
  ),
  definitionSubstitutions: { poor: poor.functionArn },
});
poor.grantInvoke(peek);
// Without a permission of the function's own.
new events.CfnRule(stack, 'Forbidden', {
  eventPattern: { source: ['selftest.forbidden'] },
  targets: [{ arn: poor.functionArn, id: 'Poor' }],
});

const schedules = new iam.Role(stack, 'ScheduleRole', {
  assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
  }),
});
machine.grantStartExecution(schedules);
new scheduler.CfnSchedule(stack, 'Hourly', {
  name: 'selftest-hourly',
  scheduleExpression: 'rate(1 hour)',
  flexibleTimeWindow: { mode: 'OFF' },
  target: {
    arn: 'arn:aws:scheduler:::aws-sdk:sfn:startExecution',
    roleArn: schedules.roleArn,
    input: stack.toJsonString({
      StateMachineArn: machine.stateMachineArn,
      Name: '<aws.scheduler.execution-id>',
      Input: '{"batches":1,"splits":1,"scheduledTime":"<aws.scheduler.scheduled-time>"}',
    }),
  },
});
new cloudwatch.Alarm(stack, 'Alarm', {
  metric: new cloudwatch.Metric({
    namespace: 'Selftest',
    metricName: 'Splits',
    dimensionsMap: { Machine: 'selftest' },
  }),
  threshold: 1,
  evaluationPeriods: 1,
});
new cloudwatch.Dashboard(stack, 'Dashboard', { dashboardName: 'selftest' });

const outputs = {
  MachineArn: machine.stateMachineArn,
  PeekArn: peek.stateMachineArn,
  BucketName: bucket.bucketName,
  TableName: table.tableName,
};
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });

// An update that fails after it has changed and added something.
if (broken) {
  const added = new logs.LogGroup(stack, 'Added', { logGroupName: 'selftest-added', removalPolicy });
  new CfnResource(stack, 'Nothing', { type: 'AWS::Selftest::Nothing' }).node.addDependency(added, machine);
}

// Never deployable: the second resource's type does not exist, the first must be taken back.
const unknown = new Stack(app, 'Unknown', { env });
const first = new logs.LogGroup(unknown, 'First', { logGroupName: 'selftest-unknown', removalPolicy });
new CfnResource(unknown, 'Second', { type: 'AWS::Selftest::Nothing' }).node.addDependency(first);
