import type { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { beforeAll, describe, expect, it } from 'vitest';
import { TributaryPlatform } from '../../lib/platform.ts';
import { prepareCdk, resourcesOf, testStack } from '../support/cdk.ts';

let stack: Stack;
let template: Template;

beforeAll(async () => {
  await prepareCdk();
  stack = testStack();
  new TributaryPlatform(stack, 'Platform');
  template = Template.fromStack(stack);
}, 60_000);

describe('TributaryPlatform', () => {
  it('keeps its logical ids: a changed id replaces the resource (see UPGRADING.md)', () => {
    const types = Object.entries(resourcesOf(stack)).map(([id, { Type }]) => [id, Type]);
    expect(Object.fromEntries(types)).toEqual({
      PlatformKeyE2280810: 'AWS::KMS::Key',
      PlatformKeyAliasAC95DB94: 'AWS::KMS::Alias',
      PlatformKeyArn0810C930: 'AWS::SSM::Parameter',
      PlatformSigningKeyF6960E8B: 'AWS::KMS::Key',
      PlatformSigningKeyAliasA42B2781: 'AWS::KMS::Alias',
      PlatformSigningKeyArnA3FC42AA: 'AWS::SSM::Parameter',
      PlatformStateBucket09BED913: 'AWS::S3::Bucket',
      PlatformStateBucketPolicy067751C6: 'AWS::S3::BucketPolicy',
      PlatformStateTable62C417A1: 'AWS::DynamoDB::Table',
      PlatformSchedulesB7542B3D: 'AWS::Scheduler::ScheduleGroup',
      PlatformIdentityLogE573B547: 'AWS::Logs::LogGroup',
      PlatformIdentityRoleD93CF550: 'AWS::IAM::Role',
      PlatformIdentityFunctionF1393FF7: 'AWS::Lambda::Function',
      PlatformSettleLogCD89E550: 'AWS::Logs::LogGroup',
      PlatformSettleRole27DBA6E3: 'AWS::IAM::Role',
      PlatformSettleFunction5BF538F2: 'AWS::Lambda::Function',
      PlatformSettlement93E94AB2: 'AWS::Events::Rule',
      PlatformSettlementAllowEventRuleTestPlatformSettleFunction10DE0720D1F0DD2C: 'AWS::Lambda::Permission',
      PlatformFailedRunsDAA49E4E: 'AWS::CloudWatch::Alarm',
      PlatformSettlementErrors699D8B10: 'AWS::CloudWatch::Alarm',
      PlatformDroppedStartsD554D4D7: 'AWS::CloudWatch::Alarm',
      PlatformDashboard0F9D0ED6: 'AWS::CloudWatch::Dashboard',
    });
  });

  it('keeps the names that flows find it by', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketName: 'tributary-state-123456789012-eu-central-1',
    });
    template.hasResourceProperties('AWS::DynamoDB::Table', { TableName: 'tributary-state' });
    template.hasResourceProperties('AWS::KMS::Alias', { AliasName: 'alias/tributary' });
    template.hasResourceProperties('AWS::SSM::Parameter', { Name: '/tributary/key-arn' });
    template.hasResourceProperties('AWS::KMS::Alias', { AliasName: 'alias/tributary-signing' });
    template.hasResourceProperties('AWS::SSM::Parameter', { Name: '/tributary/signing-key-arn' });
    template.hasResourceProperties('AWS::Scheduler::ScheduleGroup', { Name: 'tributary' });
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'tributary-identity',
      Handler: 'identity.handler',
    });
  });

  it('signs with a key that can do nothing else', () => {
    template.hasResourceProperties('AWS::KMS::Key', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  });

  it('keeps state, table and keys when the stack goes', () => {
    template.allResources('AWS::KMS::Key', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    for (const type of ['AWS::S3::Bucket', 'AWS::DynamoDB::Table'])
      template.hasResource(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    template.hasResourceProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: true });
  });

  it('has a table with point-in-time recovery, expiry and the key', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    });
  });

  it('removes segments and runs after 90 days and broken-off uploads after a week', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: [
          { Id: 'segments', Prefix: 'segments/', ExpirationInDays: 90, Status: 'Enabled' },
          { Id: 'runs', Prefix: 'runs/', ExpirationInDays: 90, Status: 'Enabled' },
          {
            Id: 'uploads',
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
            Status: 'Enabled',
          },
        ],
      },
    });
  });

  it('hears of executions of our state machines that ended without success', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: [
            {
              prefix: Match.objectLike({
                'Fn::Join': [
                  '',
                  Match.arrayWith([':states:eu-central-1:123456789012:stateMachine:tributary-']),
                ],
              }),
            },
          ],
        },
      },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'settle.handler',
      Runtime: 'nodejs22.x',
      Architectures: ['arm64'],
    });
  });

  it('tells a topic of every alarm, once it has one', () => {
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: Match.absent() });
    const other = testStack();
    new TributaryPlatform(other, 'Platform').notify(new Topic(other, 'Topic'));
    Template.fromStack(other).allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: 'TopicBFC7AF6E' }],
    });
  });

  it('alarms over all flows, by the metrics without dimensions', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'tributary-failed-runs',
      Namespace: 'Tributary',
      MetricName: 'FlowExecutionsFailed',
      Dimensions: Match.absent(),
      Threshold: 1,
      TreatMissingData: 'notBreaching',
    });
  });
});
