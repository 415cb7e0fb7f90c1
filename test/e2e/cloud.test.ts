import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cloud, DeployError } from './cloud/client.ts';

const selftest = { folder: 'test/e2e/cloud/selftest', app: 'npx tsx app.ts' };
let machine = '';
let peek = '';
let bucket = '';
let table = '';

beforeAll(async () => {
  await cloud.reset();
  const { Selftest } = await cloud.deploy({ ...selftest, stacks: ['Selftest'] });
  machine = Selftest?.MachineArn ?? '';
  peek = Selftest?.PeekArn ?? '';
  bucket = Selftest?.BucketName ?? '';
  table = Selftest?.TableName ?? '';
  expect((await cloud.iamReport()).denied).toEqual([]);
});

afterEach(() => cloud.reset());

/** Runs the machine with short waits and returns how it ended. */
async function execute(input: object, name: string) {
  await cloud.setWaitScale(0.001);
  return cloud.waitForExecution(await cloud.startExecution(machine, input, name));
}

async function item(name: string, sk: string) {
  return (await cloud.stateItems(table)).find((found) => found.pk?.S === name && found.sk?.S === sk);
}

describe('the emulated cloud', () => {
  it('runs a deployed machine: loop, wait, distributed map, events, metrics, all within the deployed rights', async () => {
    const { status, executionArn = '' } = await execute({ batches: 3, splits: 5, throttle: true }, 'whole');
    expect(status).toBe('SUCCEEDED');

    const out = ['0.json', '1.json', '2.json', '3.json', '4.json', 'all.bin'].map(
      (file) => `out/whole/${file}`,
    );
    expect(await cloud.objects(bucket, 'out/whole/')).toEqual(out);
    expect((await item('whole', 'batch#0'))?.calls).toEqual({ N: '2' }); // the rate limit was met once and retried

    const children = await cloud.children(executionArn);
    expect(children.map((child) => child.status)).toEqual(Array(5).fill('SUCCEEDED'));
    const { execution } = JSON.parse(
      new TextDecoder().decode(await cloud.object(bucket, 'out/whole/3.json')),
    );
    expect(children.map((child) => child.executionArn)).toContain(execution); // a child's context is its own

    const settled = await cloud.until('the settling function', () => item('whole', 'settled'));
    expect(settled.status).toEqual({ S: 'SUCCEEDED' });
    const events = (await cloud.eventsSeen()).filter(({ detail }) => detail.executionArn === executionArn);
    expect(events.map(({ detail }) => detail.status)).toEqual(['RUNNING', 'SUCCEEDED']);
    expect(events[1]).toMatchObject({
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      resources: [executionArn],
      detail: { stateMachineArn: machine, name: 'whole', inputDetails: { included: true }, error: null },
    });
    const metric = () => cloud.metric('Splits', 'Selftest', { Machine: 'selftest' });
    expect(await cloud.until('the metric', metric)).toBe(5);

    const { denied, unchecked, used } = await cloud.iamReport();
    expect({ denied, unchecked }).toEqual({ denied: [], unchecked: [] });
    const actions = new Set(used.map(([, action]) => action));
    for (const action of [
      'kms:GenerateDataKey',
      'kms:Decrypt',
      'dynamodb:ConditionCheckItem',
      'events:PutEvents',
    ]) {
      expect(actions).toContain(action);
    }
    expect(await cloud.problems()).toEqual([]);
  });

  it('retries a function killed at its start, at its end and at a request', async () => {
    await cloud.killNext({ function: 'selftest-step', at: 'start' });
    await cloud.killNext({ function: 'selftest-step', after: 2, at: 'after-request', request: 1 });
    await cloud.killNext({ function: 'selftest-step', after: 3, at: 'end' });
    const { status, executionArn = '' } = await execute({ batches: 2, splits: 0 }, 'killed');
    expect(status).toBe('SUCCEEDED');
    const failures = (await cloud.history(executionArn)).flatMap(({ taskFailedEventDetails: d }) =>
      d ? [d.error] : [],
    );
    expect(failures).toEqual(['Lambda.Unknown', 'Lambda.Unknown', 'Lambda.Unknown']);
    expect((await item('killed', 'batch#0'))?.calls).toEqual({ N: '3' }); // counted by both that died, and by the third
    expect(await cloud.problems()).toEqual([]);
  });

  it('names a killed function Lambda.Unknown in a task that calls it by its ARN, too', async () => {
    await cloud.killNext({ function: 'selftest-poor', at: 'before-request', request: 2 });
    const { status, error } = await cloud.waitForExecution(await cloud.startExecution(peek));
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'Lambda.Unknown' });
  });

  it('refuses what the role may not do, and says so', async () => {
    const { status, error } = await execute({ deny: true }, 'denied');
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'AccessDeniedException' });
    const { denied } = await cloud.iamReport();
    expect(denied).toMatchObject([
      { action: 'glue:GetDatabase', resource: 'arn:aws:glue:eu-central-1:123456789012:catalog' },
    ]);
  });

  it('looks at conditions, keys and the right to know that an object is missing', async () => {
    const { status, output } = await cloud.waitForExecution(await cloud.startExecution(peek));
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(output ?? '')).toEqual({
      role: true,
      ownItem: 'none',
      otherItem: 'AccessDeniedException',
      encryptedPut: 'AccessDenied',
      encryptedGet: 'AccessDenied',
      missing: 'AccessDenied',
      secret: 'AccessDeniedException',
    });
    const { denied } = await cloud.iamReport();
    expect(denied.map(({ action }) => action)).toEqual([
      'dynamodb:GetItem',
      'kms:GenerateDataKey',
      'kms:Decrypt',
      's3:ListBucket',
      'secretsmanager:GetSecretValue',
    ]);
  });

  it('starts a machine by a rule, and reports an event that a function does not let in', async () => {
    await cloud.setWaitScale(0.001);
    const before = (await cloud.executions(machine)).length;
    const entry = { DetailType: 'Test', Detail: '{}' };
    const Entries = ['selftest.start', 'selftest.forbidden', 'aws.selftest'].map((Source) => ({
      ...entry,
      Source,
    }));
    const sent = await cloud.eventBridge.send(new PutEventsCommand({ Entries }));
    expect(sent.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      undefined,
      'NotAuthorizedForSourceException',
    ]);
    const started = await cloud.until('the started execution', async () => {
      const executions = await cloud.executions(machine);
      return executions.length > before ? executions[0] : undefined;
    });
    const { status, input } = await cloud.waitForExecution(started.executionArn ?? '');
    expect({ status, input }).toEqual({ status: 'SUCCEEDED', input: '{"batches":1,"splits":1}' });
    expect(await cloud.problems()).toEqual([
      expect.stringMatching(
        /^rule \S+ could not deliver to \S+:selftest-poor: .*not authorized.*lambda:InvokeFunction/,
      ),
    ]);
  });

  it('fails a distributed map when a child fails', async () => {
    const { status, error } = await execute({ splits: 3, fail: 1 }, 'child-fails');
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
  });

  it('loses status events on demand', async () => {
    await cloud.dropStatusEvents(true);
    const { status } = await execute({ splits: 0 }, 'lost');
    expect(status).toBe('SUCCEEDED');
    expect((await cloud.eventsSeen()).map(({ source }) => source)).toEqual(['selftest']);
    const dropped = await cloud.until('the end event', async () => {
      const details = await cloud.eventsDropped();
      return details.length === 2 ? details : undefined;
    });
    expect(dropped.map(({ status }) => status)).toEqual(['RUNNING', 'SUCCEEDED']);
  });

  it('fires a schedule with its context attributes; a repeated delivery is refused by name', async () => {
    await cloud.setWaitScale(0.001);
    const fired = await cloud.fireSchedule('selftest-hourly', { time: '2026-01-01T10:00:00Z' });
    const { status, name, input } = await cloud.waitForExecution(fired.result?.executionArn ?? '');
    expect({ status, name }).toEqual({ status: 'SUCCEEDED', name: fired.executionId });
    expect(JSON.parse(input ?? '')).toMatchObject({ scheduledTime: '2026-01-01T10:00:00Z' });
    const again = await cloud.fireSchedule('selftest-hourly', { executionId: fired.executionId });
    expect(again.error).toContain('ExecutionAlreadyExists');
  });

  it('takes a failed update back', async () => {
    const failed = cloud.deploy({ ...selftest, stacks: ['Selftest'], context: { broken: 'true' } });
    await expect(failed).rejects.toThrow(/UPDATE_ROLLBACK_COMPLET/);
    const { definition = '' } = await cloud.sfn.send(
      new DescribeStateMachineCommand({ stateMachineArn: machine }),
    );
    expect(JSON.parse(definition)).toMatchObject({ Comment: 'sound' });
    const groups = new DescribeLogGroupsCommand({ logGroupNamePrefix: 'selftest-added' });
    expect((await cloud.logs.send(groups)).logGroups).toEqual([]);
    const { status } = await execute({ splits: 1 }, 'after-rollback');
    expect(status).toBe('SUCCEEDED');
  });

  it('fails a stack with a type it does not know and takes back what was made', async () => {
    const failed = await cloud.deploy({ ...selftest, stacks: ['Unknown'] }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(DeployError);
    expect((failed as DeployError).output).toContain('AWS::Selftest::Nothing is not supported');
    expect((failed as DeployError).output).toMatch(/CREATE_COMPLETE +\| AWS::Logs::LogGroup/);
    const { logGroups } = await cloud.logs.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: 'selftest-unknown' }),
    );
    expect(logGroups).toEqual([]);
  });
});
