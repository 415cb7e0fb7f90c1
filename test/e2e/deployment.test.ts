/** What a deployment keeps, refuses, encrypts, tags and removes. */

import { ListTagsForResourceCommand } from '@aws-sdk/client-cloudwatch-logs';
import { ListRoleTagsCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  DeleteBucketEncryptionCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
} from '@aws-sdk/client-s3';
import { ListTagsForResourceCommand as ListStateMachineTagsCommand } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FlowInput } from '../../core/flow/definition.ts';
import { flowResourceName } from '../../core/physical-name.ts';
import { cloud } from './cloud/client.ts';
import {
  app,
  deployedFlow,
  deployFlows,
  expectNoTrouble,
  freshCloud,
  linesOf,
  makeStores,
  nextSecond,
  put,
  region,
} from './support/deployment.ts';
import { account, csvFlow, inbox, lake } from './support/flows.ts';

const moving = deployedFlow('moving');
const sealed = deployedFlow('sealed');

const scheduled = {
  scheduleExpression: 'rate(1days)',
  dataPullMode: 'Incremental',
  firstExecutionFrom: '2020-01-01T00:00:00Z',
} as const;

function movingFlow(fields: Readonly<Record<string, string>>, more: Partial<FlowInput> = {}): FlowInput {
  return csvFlow('moving', {
    scheduled,
    tasks: [
      {
        taskType: 'Filter',
        sourceFields: Object.keys(fields),
        connectorOperator: { S3: 'PROJECTION' },
        taskProperties: {},
      },
      ...Object.entries(fields).map(([from, destinationField]) => ({
        taskType: 'Map' as const,
        sourceFields: [from],
        destinationField,
        connectorOperator: { S3: 'NO_OP' as const },
        taskProperties: {},
      })),
    ],
    more,
  });
}

beforeAll(async () => {
  await freshCloud();
  await makeStores();
});

afterEach(() => expectNoTrouble().finally(freshCloud));

// Other test files use the buckets, too.
afterAll(async () => {
  for (const Bucket of [inbox, lake]) await cloud.s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
});

/** Puts a file and runs the flow. Answers the lines it wrote and its record. */
async function moved(file: string, content: string) {
  await put(inbox, `moving/${file}`, content);
  await nextSecond();
  const { executionId, run, status } = await moving.fired();
  expect(status).toBe('SUCCEEDED');
  return { lines: await linesOf('moving', executionId), run };
}

describe('a flow that is changed, destroyed and deployed again', () => {
  it('goes on from its watermark, with a new schema version where its fields changed', async () => {
    await deployFlows([movingFlow({ id: 'id' })]);
    const first = await moved('1.csv', 'id,name\n1,one\n');
    expect(first.lines).toEqual(['{"id":"1"}']);
    expect(first.run?.schemaVersion).toBe(1);

    await deployFlows([movingFlow({ id: 'id', name: 'label' })]);
    const second = await moved('2.csv', 'id,name\n2,two\n');
    expect(second.lines).toEqual(['{"id":"2","label":"two"}']);
    expect(second.run).toMatchObject({ schemaVersion: 2, window: { start: first.run?.window.end } });

    const stacks = [flowResourceName('moving')];
    await cloud.destroy({ ...app([movingFlow({ id: 'id', name: 'label' })]), stacks });
    await expect(moving.start()).rejects.toThrow('State Machine Does Not Exist');
    await expect(moving.fire()).rejects.toThrow();
    expect(await moving.state()).toMatchObject({ watermark: second.run?.window.end, schemaVersion: 2 });

    await deployFlows([movingFlow({ id: 'id', name: 'label' })]);
    const third = await moved('3.csv', 'id,name\n3,three\n');
    expect(third.lines).toEqual(['{"id":"3","label":"three"}']);
    expect(third.run).toMatchObject({ schemaVersion: 2, window: { start: second.run?.window.end } });
  });

  it('is not deployed when it reads something else than before, and the way out is told', async () => {
    const elsewhere = movingFlow(
      { id: 'id' },
      {
        sourceFlowConfig: {
          connectorType: 'S3',
          sourceConnectorProperties: { S3: { bucketName: inbox, bucketPrefix: 'elsewhere' } },
        },
      },
    );
    const stacks = [flowResourceName('moving')];
    const refusal =
      /the source or the destination is not the one that this flow has run with.*give the changed flow another flowName/s;
    await expect(deployFlows([elsewhere])).rejects.toThrow(refusal);
    // What was deployed before goes on.
    const before = await moving.state();
    const fourth = await moved('4.csv', 'id,name\n4,four\n');
    expect(fourth.lines).toEqual(['{"id":"4","label":"four"}']);
    expect(fourth.run?.window.start).toBe(before?.watermark);

    await cloud.destroy({ ...app([elsewhere]), stacks });
    await expect(deployFlows([elsewhere])).rejects.toThrow(refusal);
  });
});

describe('a flow with a key and tags', () => {
  it('encrypts with them, reads and writes encrypted buckets, and tags what it is made of', async () => {
    const kms = new KMSClient({});
    const key = async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
    const [flowKey, bucketKey] = [await key(), await key()];
    const rule = { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: bucketKey } as const;
    for (const Bucket of [inbox, lake]) {
      const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault: rule }] };
      await cloud.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
    }
    await put(inbox, 'sealed/rows.csv', 'id\n1\n');
    await deployFlows([csvFlow('sealed', { scheduled, more: { kmsArn: flowKey, tags: { team: 'data' } } })]);
    await nextSecond();
    const { status, executionId } = await sealed.fired();
    expect(status).toBe('SUCCEEDED');

    const [Key = ''] = await cloud.objects(lake, `out/sealed/${executionId}/`);
    const head = await cloud.s3.send(new HeadObjectCommand({ Bucket: lake, Key }));
    expect(head).toMatchObject({
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: flowKey,
      BucketKeyEnabled: true,
    });
    expect(await linesOf('sealed', executionId)).toEqual(['{"id":"1"}']);
    const used = new Set(
      (await cloud.iamReport()).used.map(([, action, resource]) => `${action} ${resource}`),
    );
    expect(used).toContain(`kms:GenerateDataKey ${flowKey}`);
    expect(used).toContain(`kms:Decrypt ${bucketKey}`);

    const { stateMachineArn } = sealed;
    const tags = [{ key: 'team', value: 'data' }];
    const ofMachine = await cloud.sfn.send(new ListStateMachineTagsCommand({ resourceArn: stateMachineArn }));
    expect(ofMachine.tags).toEqual(tags);
    for (const RoleName of Object.values(await sealed.resources('AWS::IAM::Role'))) {
      const { Tags } = await cloud.iam.send(new ListRoleTagsCommand({ RoleName }));
      expect(Tags, RoleName).toEqual([{ Key: 'team', Value: 'data' }]);
    }
    for (const name of Object.values(await sealed.resources('AWS::Logs::LogGroup'))) {
      const resourceArn = `arn:aws:logs:${region}:${account}:log-group:${name}`;
      const answer = await cloud.logs.send(new ListTagsForResourceCommand({ resourceArn }));
      expect(answer.tags, name).toEqual({ team: 'data' });
    }
  });
});
