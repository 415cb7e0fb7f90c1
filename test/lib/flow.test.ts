import { createRequire } from 'node:module';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { identityFingerprint } from '../../core/flow/fingerprint.ts';
import { checkFlow } from '../../core/flow/read.ts';
import { Flow } from '../../lib/flow.ts';
import { transferGrants } from '../../lib/flow-grants.ts';
import {
  issuesConnection,
  issuesFlow,
  prepareCdk,
  type Resource,
  resourcesOf,
  s3Flow,
  testStack,
} from '../support/cdk.ts';

// The package has no declarations for ES modules.
const validate: (definition: object, options: object) => { errors: unknown[] } = createRequire(
  import.meta.url,
)('asl-validator');

const accounts = s3Flow('accounts', {
  tributary: { eventPattern: { source: ['crm'] }, maxConcurrency: 3 },
});
let s3: Stack;
let issues: Stack;

beforeAll(async () => {
  await prepareCdk();
  s3 = testStack();
  new Flow(s3, 'Flow', { definition: accounts });
  issues = testStack();
  new Flow(issues, 'Flow', { definition: issuesFlow, connections: [issuesConnection] });
}, 60_000);

interface Statement {
  Sid: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: unknown;
}

function find(stack: Stack, type: string, id = ''): Resource {
  const found = Object.entries(resourcesOf(stack)).find(
    ([logicalId, resource]) => resource.Type === type && logicalId.startsWith(id),
  );
  if (!found) throw new Error(`no ${type} ${id}`);
  return found[1];
}

/** The statements of a role by sid, partitions as text. */
function grants(stack: Stack, role: string): Record<string, Statement> {
  const { Policies } = find(stack, 'AWS::IAM::Role', role).Properties;
  const statements: Statement[] = Policies[0].PolicyDocument.Statement;
  const text = JSON.stringify(statements).replace(
    /\{"Fn::Join":\["",\["arn:",\{"Ref":"AWS::Partition"\},"([^"]*)"\]\]\}/g,
    '"arn:aws$1"',
  );
  return Object.fromEntries((JSON.parse(text) as Statement[]).map((statement) => [statement.Sid, statement]));
}

describe('Flow', () => {
  it('keeps its logical ids: a changed id replaces the resource (see UPGRADING.md)', () => {
    const types = (stack: Stack) =>
      Object.fromEntries(Object.entries(resourcesOf(stack)).map(([id, { Type }]) => [id, Type]));
    const always = {
      FlowTransferLogA9F23951: 'AWS::Logs::LogGroup',
      FlowTransferRoleA9E27605: 'AWS::IAM::Role',
      FlowTransferFunction42E91632: 'AWS::Lambda::Function',
      FlowControlLogEE7445A7: 'AWS::Logs::LogGroup',
      FlowControlRole36B1894A: 'AWS::IAM::Role',
      FlowControlFunction46AA106F: 'AWS::Lambda::Function',
      FlowStateMachineRole5F7992A7: 'AWS::IAM::Role',
      FlowStateMachine760C4DB2: 'AWS::StepFunctions::StateMachine',
      FlowIdentity3D5B7898: 'Custom::FlowIdentity',
    };
    expect(types(s3)).toEqual({
      ...always,
      FlowEventRole75CAF4EC: 'AWS::IAM::Role',
      FlowEventRuleCE913E49: 'AWS::Events::Rule',
    });
    expect(types(issues)).toEqual({
      ...always,
      FlowScheduleRoleE6F0B767: 'AWS::IAM::Role',
      FlowSchedule51291BCB: 'AWS::Scheduler::Schedule',
    });
  });

  it('keeps its physical names', () => {
    expect(find(issues, 'AWS::StepFunctions::StateMachine').Properties.StateMachineName).toBe(
      'tributary-issues-02e3fe5a',
    );
    expect(find(issues, 'AWS::Scheduler::Schedule').Properties).toMatchObject({
      Name: 'tributary-issues-02e3fe5a',
      GroupName: 'tributary',
    });
    expect(find(s3, 'AWS::Events::Rule').Properties.Name).toBe('tributary-accounts-bc62a3c1');
  });

  it("has the platform asked whether the flow's state belongs to its source and destination", () => {
    const { Properties, DependsOn } = find(s3, 'Custom::FlowIdentity');
    expect(DependsOn).toBeUndefined();
    expect(JSON.stringify(Properties.ServiceToken)).toContain(
      ':lambda:eu-central-1:123456789012:function:tributary-identity',
    );
    expect(Properties.FlowName).toBe('accounts');
    expect(Properties.Identity).toBe(identityFingerprint(checkFlow(accounts, 'accounts')));
    expect(find(s3, 'AWS::StepFunctions::StateMachine').DependsOn).toContain('FlowIdentity3D5B7898');
  });

  it('gives files a whole vCPU to work with, an API little to wait with, or what the flow says', () => {
    const memory = (stack: Stack) =>
      find(stack, 'AWS::Lambda::Function', 'FlowTransfer').Properties.MemorySize;
    const own = testStack();
    new Flow(own, 'Flow', { definition: s3Flow('own', { tributary: { memorySize: 3008 } }) });
    expect([memory(s3), memory(issues), memory(own)]).toEqual([1769, 512, 3008]);
  });

  it('gives what downloads files a large disk', () => {
    const exported = testStack();
    const connection = { ...issuesConnection, connectorLabel: 'Mixpanel' };
    const definition = { ...issuesFlow, flowName: 'exported' };
    new Flow(exported, 'Flow', { definition, connections: [connection] });
    const disk = (stack: Stack, id: string) =>
      find(stack, 'AWS::Lambda::Function', id).Properties.EphemeralStorage;
    expect(disk(exported, 'FlowTransfer')).toEqual({ Size: 10_240 });
    expect(disk(exported, 'FlowControl')).toBeUndefined();
    expect(disk(issues, 'FlowTransfer')).toBeUndefined();
  });

  it('runs both functions for 15 minutes on arm64 and tells them where everything is', () => {
    for (const module of ['control', 'transfer'])
      Template.fromStack(s3).hasResourceProperties('AWS::Lambda::Function', {
        Handler: `${module}.handler`,
        Runtime: 'nodejs22.x',
        Architectures: ['arm64'],
        Timeout: 900,
        Environment: {
          Variables: {
            FLOW_DEFINITION: Match.stringLikeRegexp(
              '^s3://cdk-hnb659fds-assets-123456789012-eu-central-1/[0-9a-f]{64}\\.json$',
            ),
            STATE_BUCKET: 'tributary-state-123456789012-eu-central-1',
            STATE_TABLE: 'tributary-state',
            ACCOUNT_ID: '123456789012',
            CREATED_BY: { Ref: 'AWS::StackId' },
            EVENT_SOURCE: 'tributary',
          },
        },
      });
  });

  it('joins the VPC of the connection with the function that talks to the source, and with no other', () => {
    expect(find(issues, 'AWS::Lambda::Function', 'FlowTransfer').Properties.VpcConfig).toEqual({
      SubnetIds: ['subnet-0123456789abcdef0'],
      SecurityGroupIds: ['sg-0123456789abcdef0'],
    });
    expect(find(issues, 'AWS::Lambda::Function', 'FlowControl').Properties.VpcConfig).toBeUndefined();
    expect(Object.keys(grants(issues, 'FlowControl'))).not.toContain('JoinNetwork');
  });

  it("puts the flow's key and tags on every resource that can have them", () => {
    const key = issuesFlow.kmsArn;
    for (const { Type, Properties } of Object.values(resourcesOf(issues))) {
      if (Type === 'Custom::FlowIdentity') continue;
      if (Type !== 'AWS::Scheduler::Schedule')
        expect(Properties.Tags).toEqual([{ Key: 'team', Value: 'data' }]);
      const encrypted =
        Properties.KmsKeyId ?? Properties.KmsKeyArn ?? Properties.EncryptionConfiguration?.KmsKeyId;
      if (Type !== 'AWS::IAM::Role') expect(`${Type} ${encrypted}`).toBe(`${Type} ${key}`);
    }
  });

  it("takes the platform's key by the name of its parameter where the flow has none", () => {
    const template = Template.fromStack(s3).toJSON();
    const [name] = Object.entries<{ Default: string }>(template.Parameters).find(
      ([, parameter]) => parameter.Default === '/tributary/key-arn',
    ) ?? [''];
    expect(find(s3, 'AWS::Logs::LogGroup').Properties.KmsKeyId).toEqual({ Ref: name });
    expect(template.Outputs).toBeUndefined();
  });

  it('deploys a state machine that asl-validator accepts, with the flow’s concurrency', () => {
    const { DefinitionString } = find(s3, 'AWS::StepFunctions::StateMachine').Properties;
    const text: string = DefinitionString['Fn::Join'][1]
      .map((part: string | { 'Fn::GetAtt': [string] }) =>
        typeof part === 'string'
          ? part
          : `arn:aws:lambda:eu-central-1:123456789012:function:${part['Fn::GetAtt'][0]}`,
      )
      .join('');
    const definition = JSON.parse(text);
    expect(validate(definition, { checkPaths: true, checkArn: true }).errors).toEqual([]);
    expect(definition.States.TransferSplits.MaxConcurrency).toBe(3);
    expect(definition.States.TransferBatch.Resource).toMatch(/function:FlowTransfer/);
    expect(definition.States.CommitOutput.Resource).toMatch(/function:FlowControl/);
  });

  it('starts scheduled runs under the id that the scheduler gives, once for a time', () => {
    const { ScheduleExpression, ScheduleExpressionTimezone, FlexibleTimeWindow, Target } = find(
      issues,
      'AWS::Scheduler::Schedule',
    ).Properties;
    expect({ ScheduleExpression, ScheduleExpressionTimezone, FlexibleTimeWindow }).toEqual({
      ScheduleExpression: 'rate(1 day)',
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
    });
    const input = Target.Input['Fn::Join'][1]
      .map((part: unknown) => (typeof part === 'string' ? part : 'ARN'))
      .join('');
    expect(JSON.parse(input)).toEqual({
      StateMachineArn: 'ARN',
      Name: '<aws.scheduler.execution-id>',
      Input: '{"trigger":"Scheduled","scheduledTime":"<aws.scheduler.scheduled-time>"}',
    });
    expect(JSON.stringify(Target.Arn)).toContain(':scheduler:::aws-sdk:sfn:startExecution');
  });

  it('starts a run for each event that matches', () => {
    expect(find(s3, 'AWS::Events::Rule').Properties).toMatchObject({
      EventPattern: { source: ['crm'] },
      Targets: [{ Id: 'Run', Arn: { Ref: 'FlowStateMachine760C4DB2' }, Input: '{"trigger":"Event"}' }],
    });
  });

  it('refuses a connection that is not there', () => {
    expect(() => new Flow(testStack(), 'Flow', { definition: issuesFlow })).toThrow(
      "flow issues: there is no connection 'gh'",
    );
  });

  it('describes a flow whose name is as long as AppFlow allows', () => {
    const stack = testStack();
    new Flow(stack, 'Flow', { definition: s3Flow('x'.repeat(256)) });
    for (const { Properties } of Object.values(resourcesOf(stack)))
      expect(String(Properties.Description ?? '').length).toBeLessThanOrEqual(256);
    const roles = Object.values(resourcesOf(stack)).filter(({ Type }) => Type === 'AWS::IAM::Role');
    // IAM takes 10,240 characters of inline policies.
    for (const { Properties } of roles)
      expect(JSON.stringify(Properties.Policies).length).toBeLessThan(10_240);
  });

  it('refuses a definition that AppFlow would refuse', () => {
    const broken = s3Flow('broken', { tasks: [] });
    expect(() => new Flow(testStack(), 'Flow', { definition: broken })).toThrow(/projection task/i);
  });
});

describe('roles', () => {
  it('let transfer read the source and keep its own state', () => {
    expect(grants(s3, 'FlowTransferRole')).toMatchObject({
      ReadSource: {
        Action: 's3:GetObject',
        Resource: ['arn:aws:s3:::acme-raw/in/crm', 'arn:aws:s3:::acme-raw/in/crm/*'],
      },
      ListSource: {
        Action: 's3:ListBucket',
        Resource: 'arn:aws:s3:::acme-raw',
        Condition: { StringLikeIfExists: { 's3:prefix': ['', 'in/crm', 'in/crm/*'] } },
      },
      KeepState: {
        Resource: 'arn:aws:dynamodb:eu-central-1:123456789012:table/tributary-state',
        Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['FLOW#accounts', 'RUN#*'] } },
      },
      KeepRuns: {
        Action: ['s3:GetObject', 's3:PutObject'],
        Resource: 'arn:aws:s3:::tributary-state-123456789012-eu-central-1/runs/accounts/*',
      },
      KeepSegments: {
        Resource: 'arn:aws:s3:::tributary-state-123456789012-eu-central-1/segments/accounts/*',
      },
    });
    expect(Object.keys(grants(s3, 'FlowTransferRole')).sort()).toEqual([
      'KeepRuns',
      'KeepSegments',
      'KeepState',
      'ListSource',
      'ListState',
      'ReadDefinition',
      'ReadSource',
      'SeeDestination',
      'UseKeyOfSource',
      'UsePlatformKey',
      'WriteLog',
    ]);
  });

  it('let control write to the folder of the flow at the destination, and not read the source', () => {
    const control = grants(s3, 'FlowControlRole');
    expect(control.WriteDestination).toMatchObject({
      Action: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      Resource: 'arn:aws:s3:::acme-lake/out/accounts/*',
    });
    expect(control.SignCertificates).toMatchObject({
      Action: 'kms:Sign',
      Resource: { Ref: expect.stringContaining('signingkeyarn') },
    });
    expect(JSON.stringify(grants(s3, 'FlowTransferRole'))).not.toContain('kms:Sign');
    expect(JSON.stringify(control)).not.toContain('acme-raw');
    expect(JSON.stringify(control)).not.toContain('secretsmanager');
  });

  it('let transfer read the secret of the connection, and nobody else', () => {
    expect(grants(issues, 'FlowTransferRole').ReadCredentials).toMatchObject({
      Action: 'secretsmanager:GetSecretValue',
      Resource: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:tributary/gh-fb2b7fce-??????',
    });
  });

  it('let transfer keep the access tokens of an OAuth connection, and tell when it needs consent', () => {
    expect(grants(issues, 'FlowTransferRole')).toMatchObject({
      KeepState: {
        Condition: {
          'ForAllValues:StringLike': {
            'dynamodb:LeadingKeys': ['FLOW#issues', 'RUN#*', 'CONNECTION#gh'],
          },
        },
      },
      EmitEvents: {
        Action: 'events:PutEvents',
        Condition: { StringEquals: { 'events:source': 'tributary' } },
      },
    });
    expect(JSON.stringify(grants(issues, 'FlowTransferRole'))).not.toContain('PutSecretValue');
    expect(JSON.stringify(grants(issues, 'FlowControlRole'))).not.toContain('CONNECTION#');
  });

  it('let transfer write to an application with the connection of that alone, and control fill the error bucket', () => {
    const stack = testStack();
    const Salesforce = {
      object: 'Account',
      errorHandlingConfig: { bucketName: 'acme-errors', bucketPrefix: 'crm' },
    };
    new Flow(stack, 'Flow', {
      definition: s3Flow('to-crm', {
        destinationFlowConfigList: [
          {
            connectorType: 'Salesforce',
            connectorProfileName: 'crm',
            destinationConnectorProperties: { Salesforce },
          },
        ],
      }),
      connections: [
        {
          connectorProfileName: 'crm',
          connectorType: 'Salesforce',
          connectorProfileProperties: { instanceUrl: 'https://acme.my.salesforce.com' },
        },
      ],
    });
    const transfer = grants(stack, 'FlowTransferRole');
    const crm = expect.stringMatching(/:secret:tributary\/crm-[0-9a-f]{8}-\?{6}$/);
    expect(transfer.ReadCredentials?.Resource).toEqual(crm);
    expect(transfer.KeepRefreshToken?.Resource).toEqual(crm);
    expect(transfer.KeepState?.Condition).toEqual({
      'ForAllValues:StringLike': {
        'dynamodb:LeadingKeys': ['FLOW#to-crm', 'RUN#*', 'CONNECTION#crm'],
      },
    });
    expect(Object.keys(transfer)).not.toContain('ReadQuarantine');
    const control = grants(stack, 'FlowControlRole');
    expect(control.WriteErrors?.Resource).toEqual('arn:aws:s3:::acme-errors/crm/to-crm/*');
    expect(JSON.stringify(control)).not.toContain('secretsmanager');
  });

  it('refuse an application in another network than the source', () => {
    const vpc = (vpcId: string) => ({
      connectionMode: 'Private' as const,
      vpc: { vpcId, subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'] },
    });
    const { metadataCatalogConfig: _, tributary: __, ...plain } = issuesFlow;
    const definition = {
      ...plain,
      destinationFlowConfigList: [
        {
          connectorType: 'Salesforce' as const,
          connectorProfileName: 'crm',
          destinationConnectorProperties: { Salesforce: { object: 'Account' } },
        },
      ],
    };
    const crm = { connectorProfileName: 'crm', connectorType: 'Salesforce' as const, ...vpc('vpc-2') };
    const connections = [{ ...issuesConnection, ...vpc('vpc-1') }, crm];
    expect(() => new Flow(testStack(), 'Flow', { definition, connections })).toThrow(
      'source and destination are in different networks',
    );
  });

  it('let transfer store a refresh token where the vendor replaces it, in the secret of its connection alone', () => {
    const stack = new Stack(new App(), 'Grants', {
      env: { account: '123456789012', region: 'eu-central-1' },
    });
    const { KeepRefreshToken } = transferGrants({
      stack,
      flow: checkFlow(issuesFlow, 'issues'),
      platformKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/k',
      signingKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/s',
      definitionArn: 'arn:aws:s3:::assets/a.json',
      eventSource: 'tributary',
      credentials: [{ connectorProfileName: 'gh', oauth2: { rotates: true } }],
    });
    expect(stack.resolve(KeepRefreshToken)).toEqual({
      actions: ['secretsmanager:PutSecretValue'],
      resources: [
        {
          'Fn::Join': [
            '',
            [
              'arn:',
              { Ref: 'AWS::Partition' },
              ':secretsmanager:eu-central-1:123456789012:secret:tributary/gh-fb2b7fce-??????',
            ],
          ],
        },
      ],
    });
  });

  it('let control keep the tables of the flow’s prefix, refused records and events', () => {
    expect(grants(issues, 'FlowControlRole')).toMatchObject({
      Catalog: {
        Resource: [
          'arn:aws:glue:eu-central-1:123456789012:catalog',
          'arn:aws:glue:eu-central-1:123456789012:database/lake',
          'arn:aws:glue:eu-central-1:123456789012:table/lake/gh_appflow_*',
        ],
      },
      WriteErrors: {
        Resource: 'arn:aws:s3:::acme-errors/refused/issues/*',
      },
      EmitEvents: {
        Action: 'events:PutEvents',
        Resource: 'arn:aws:events:eu-central-1:123456789012:event-bus/default',
        Condition: { StringEquals: { 'events:source': 'tributary' } },
      },
      UseFlowKey: { Resource: issuesFlow.kmsArn },
    });
    // For replays.
    expect(grants(issues, 'FlowTransferRole').ReadQuarantine).toMatchObject({
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::acme-errors/refused/issues/*',
    });
  });

  it('allow no action on everything but network interfaces, and no wildcard action', () => {
    for (const stack of [s3, issues])
      for (const { Type, Properties } of Object.values(resourcesOf(stack))) {
        if (Type !== 'AWS::IAM::Role') continue;
        for (const { Sid, Action, Resource } of Properties.Policies[0].PolicyDocument.Statement) {
          expect(JSON.stringify(Action)).not.toContain('*');
          if (Sid !== 'JoinNetwork') expect(Resource).not.toBe('*');
        }
      }
  });

  it('take a sign in a prefix for itself and not for a wildcard', () => {
    const stack = testStack();
    const [destination] = s3Flow('signs').destinationFlowConfigList;
    if (!destination) throw new Error('no destination');
    new Flow(stack, 'Flow', {
      definition: s3Flow('signs', {
        destinationFlowConfigList: [
          {
            ...destination,
            destinationConnectorProperties: { S3: { bucketName: 'acme-lake', bucketPrefix: 'a*b?' } },
          },
        ],
      }),
    });
    expect(grants(stack, 'FlowControlRole').WriteDestination?.Resource).toBe(
      'arn:aws:s3:::acme-lake/a${*}b${?}/signs/*',
    );
  });

  it('may be taken on by services for this account alone', () => {
    for (const role of ['FlowStateMachineRole', 'FlowEventRole']) {
      const { AssumeRolePolicyDocument } = find(s3, 'AWS::IAM::Role', role).Properties;
      expect(AssumeRolePolicyDocument.Statement[0].Condition).toEqual({
        StringEquals: { 'aws:SourceAccount': '123456789012' },
      });
    }
  });
});
