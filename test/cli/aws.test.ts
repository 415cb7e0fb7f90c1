/** The commands on deployed flows, with AWS SDK clients that answer from a script. */

import { describe, expect, test } from 'vitest';
import { awsBackend } from '../../cli/aws-backend.ts';
import type { Run } from '../../engine/run/run.ts';
import { fakeClient, serviceError } from '../support/fake-client.ts';
import { type Command, command, scheduled } from './command.ts';

const account = '123456789012';
const states = `arn:aws:states:eu-central-1:${account}`;
/** core/physical-name.ts pins such names. */
const resource = /^tributary-orders-[0-9a-f]{8}$/;

interface Scripts {
  readonly dynamodb?: Parameters<typeof fakeClient>[0];
  readonly s3?: Parameters<typeof fakeClient>[0];
  readonly sfn?: Parameters<typeof fakeClient>[0];
  readonly kms?: Parameters<typeof fakeClient>[0];
}

function deployed(scripts: Scripts) {
  const cli = command();
  const table = { Table: { TableArn: `arn:aws:dynamodb:eu-central-1:${account}:table/tributary-state` } };
  const dynamodb = fakeClient<Parameters<typeof awsBackend>[0]['dynamodb']>({
    DescribeTable: table,
    GetItem: {},
    Query: { Items: [] },
    UpdateItem: {},
    ...scripts.dynamodb,
  });
  const s3 = fakeClient<Parameters<typeof awsBackend>[0]['s3']>(scripts.s3 ?? {});
  const sfn = fakeClient<Parameters<typeof awsBackend>[0]['sfn']>(scripts.sfn ?? {});
  const kms = fakeClient<Parameters<typeof awsBackend>[0]['kms']>(scripts.kms ?? {});
  const regions: (string | undefined)[] = [];
  cli.shell = {
    openAws: (region) => {
      regions.push(region);
      const clients = { dynamodb: dynamodb.client, s3: s3.client, sfn: sfn.client, kms: kms.client };
      return awsBackend(clients, cli.clock);
    },
  };
  return { cli, dynamodb: dynamodb.calls, s3: s3.calls, sfn: sfn.calls, regions };
}

const executionId = '11111111-2222-4333-8444-555555555555';
const run: Run = {
  executionId,
  executionArn: `${states}:execution:tributary-orders-00000000:${executionId}`,
  flowName: 'orders',
  status: 'RUNNING',
  fence: 1,
  trigger: 'OnDemand',
  parameters: {},
  startedAt: Date.parse('2026-02-03T10:15:00Z'),
  window: { end: Date.parse('2026-02-03T10:15:00Z') },
};
const ended: Run = {
  ...run,
  status: 'Successful',
  endedAt: run.startedAt + 2_000,
  counts: { received: 5, written: 4, filtered: 1, rejected: 0, outOfWindow: 0, duplicates: 0, skipped: 0 },
  bytesProcessed: 50,
  bytesWritten: 40,
  objectsWritten: 0,
};

/** A state table with these items: `pk sk` → content. */
function items(contents: Readonly<Record<string, object>>): NonNullable<Scripts['dynamodb']> {
  const read = ({ pk, sk }: { pk: { S: string }; sk: { S: string } }) => {
    const data = contents[`${pk.S} ${sk.S}`];
    return data ? { Item: { pk, sk, revision: { N: '7' }, data: { S: JSON.stringify(data) } } } : {};
  };
  return {
    GetItem: (input) => read(input.Key as Parameters<typeof read>[0]),
    TransactGetItems: (input) => {
      const gets = input.TransactItems as { Get: { Key: Parameters<typeof read>[0] } }[];
      return { Responses: gets.map(({ Get }) => read(Get.Key)) };
    },
    Query: (input) => {
      const values = input.ExpressionAttributeValues as Record<string, { S: string }>;
      const found = Object.entries(contents).filter(([key]) =>
        key.startsWith(`${values[':pk']?.S} ${values[':prefix']?.S ?? ''}`),
      );
      return {
        Items: found.map(([key, data]) => {
          const [pk = '', sk = ''] = key.split(' ');
          return { pk: { S: pk }, sk: { S: sk }, revision: { N: '1' }, data: { S: JSON.stringify(data) } };
        }),
      };
    },
  };
}

const machineOf = (call: { input: Record<string, unknown> } | undefined): unknown =>
  String(call?.input.stateMachineArn).replace(`${states}:stateMachine:`, '');

describe('run --aws', () => {
  const missing = serviceError('StateMachineDoesNotExist', 400);

  test('starts an execution and waits for its end', async () => {
    let looks = 0;
    const now = (): Run => (looks++ < 1 ? run : ended);
    const { cli, sfn, regions } = deployed({
      dynamodb: {
        GetItem: (input) => {
          const { pk, sk } = input.Key as { pk: { S: string }; sk: { S: string } };
          const Item = { pk, sk, revision: { N: '1' }, data: { S: JSON.stringify(now()) } };
          return sk.S === 'RUN' ? { Item } : {};
        },
        Query: {
          Items: [
            {
              pk: { S: 'RUN' },
              sk: { S: 'SEGMENT#0' },
              revision: { N: '1' },
              data: { S: JSON.stringify({ counts: { ...ended.counts }, received: 50, pages: 1, size: 0 }) },
            },
          ],
        },
      },
      sfn: {
        StartExecution: { executionArn: 'arn' },
        DescribeExecution: [
          { status: 'RUNNING' },
          { status: 'RUNNING' },
          { status: 'SUCCEEDED', output: '{"next":"done"}' },
        ],
      },
      s3: { GetObject: serviceError('NoSuchKey', 404), HeadObject: serviceError('NoSuchKey', 404) },
    });
    const { exitCode, out, err } = await cli.run(
      'run',
      'orders',
      '--aws',
      '--region',
      'eu-central-1',
      '--full',
    );
    expect(regions).toEqual(['eu-central-1']);
    const [start, describeExecution] = sfn;
    expect(machineOf(start)).toMatch(resource);
    expect(start?.input.input).toBe('{"parameters":{"full":true}}');
    expect(describeExecution?.input.executionArn).toBe(
      `${states}:execution:${machineOf(start)}:${start?.input.name}`,
    );
    expect(sfn.map((call) => call.command)).toEqual([
      'StartExecution',
      'DescribeExecution',
      'DescribeExecution',
      'DescribeExecution',
    ]);
    expect(err).toContain(
      `orders: run ${start?.input.name} started in AWS account ${account}, eu-central-1\n`,
    );
    expect(err).toContain('InProgress\n');
    expect(exitCode).toBe(0);
    expect(out).toContain('  read      5 records, 50 B');
    expect(out).toContain('  took      2.00 s');
  });

  test('of a flow that is not deployed tells what to do', async () => {
    const { cli } = deployed({ sfn: { StartExecution: missing } });
    const { exitCode, err } = await cli.run('run', 'orders', '--aws');
    expect(exitCode).toBe(2);
    expect(err).toBe(
      `flow orders, AWS account ${account}, eu-central-1: the flow is not deployed; deploy it with \`cdk deploy\`, or name the region that it is in with --region\n`,
    );
  });

  test('where there is no platform tells so', async () => {
    const { cli } = deployed({ dynamodb: { DescribeTable: serviceError('ResourceNotFoundException', 400) } });
    cli.shell = {
      ...cli.shell,
      openAws: () => {
        const { client } = fakeClient<Parameters<typeof awsBackend>[0]['dynamodb']>({
          DescribeTable: serviceError('ResourceNotFoundException', 400),
        });
        const dynamodb = Object.assign(client, { config: { region: async () => 'eu-north-1' } });
        const none = fakeClient<never>({}).client;
        return awsBackend({ dynamodb, s3: none, sfn: none, kms: none }, cli.clock);
      },
    };
    const { exitCode, err } = await cli.run('run', 'orders', '--aws');
    expect(exitCode).toBe(2);
    expect(err).toContain(
      'eu-north-1: the platform of Tributary is not deployed there; deploy it with `cdk deploy`',
    );
  });

  test('that was skipped says why', async () => {
    const output = '{"next":"skip","reason":"run x is in progress"}';
    const { cli } = deployed({
      sfn: { StartExecution: {}, DescribeExecution: { status: 'SUCCEEDED', output } },
    });
    expect(await cli.run('run', 'orders', '--aws')).toMatchObject({
      exitCode: 0,
      out: 'orders: skipped, run x is in progress\n',
    });
  });

  test('that was refused before it began exits as the error says', async () => {
    const failed = { status: 'FAILED', error: 'FlowInvalid', cause: 'flow orders: another source' };
    const { cli } = deployed({ sfn: { StartExecution: {}, DescribeExecution: failed } });
    const { exitCode, err } = await cli.run('run', 'orders', '--aws');
    expect(exitCode).toBe(2);
    expect(err).toContain('FlowInvalid: flow orders: another source\n');
  });

  test('that was aborted while open says that it is still to be settled', async () => {
    const { cli } = deployed({
      dynamodb: {
        GetItem: (input) => {
          const { pk, sk } = input.Key as { pk: { S: string }; sk: { S: string } };
          return { Item: { pk, sk, revision: { N: '1' }, data: { S: JSON.stringify(run) } } };
        },
      },
      sfn: { StartExecution: {}, DescribeExecution: { status: 'ABORTED' } },
    });
    const { exitCode, err } = await cli.run('run', 'orders', '--aws');
    expect(exitCode).toBe(1);
    expect(err).toContain('ABORTED: the execution was aborted\n');
    expect(err).toContain('the run ended without being closed');
  });
});

test('start --aws starts an on-demand flow and does not wait', async () => {
  const { cli, sfn } = deployed({ sfn: { StartExecution: {} } });
  const { exitCode, out } = await cli.run('start', cli.flow(), '--aws');
  expect(exitCode).toBe(0);
  expect(sfn).toHaveLength(1);
  expect(out).toBe(`${sfn[0]?.input.name}\n`);
  expect(await cli.json('start', cli.flow(), '--aws')).toEqual({
    flowName: 'orders',
    executionId: sfn[1]?.input.name,
  });
});

test('start and stop --aws make a scheduled flow active and inactive, if it is deployed', async () => {
  const state = {
    status: 'Suspended',
    statusMessage: '3 consecutive failures',
    schemaVersion: 2,
    failureCount: 3,
  };
  const { cli, dynamodb, sfn } = deployed({
    dynamodb: items({ 'FLOW#orders STATE': state }),
    sfn: { DescribeStateMachine: {} },
  });
  expect(await cli.run('start', cli.flow(scheduled), '--aws')).toEqual({
    exitCode: 0,
    out: 'orders: Active\n',
    err: '',
  });
  expect(await cli.json('stop', cli.flow(scheduled), '--aws')).toEqual({
    flowName: 'orders',
    status: 'Suspended',
  });
  const written = dynamodb
    .filter((call) => call.command === 'UpdateItem')
    .map(({ input }) => (input.ExpressionAttributeValues as Record<string, { S: string }>)[':data']?.S);
  expect(written).toEqual([
    '{"status":"Active","schemaVersion":2,"failureCount":0}',
    '{"status":"Suspended","schemaVersion":2,"failureCount":3}',
  ]);
  expect(sfn.map((call) => call.command)).toEqual(['DescribeStateMachine', 'DescribeStateMachine']);

  const absent = deployed({ sfn: { DescribeStateMachine: serviceError('StateMachineDoesNotExist', 400) } });
  expect(await absent.cli.run('stop', absent.cli.flow(scheduled), '--aws')).toMatchObject({ exitCode: 2 });
  expect(absent.dynamodb.filter((call) => call.command === 'UpdateItem')).toEqual([]);
});

test('runs and show --aws read the state table', async () => {
  const { cli } = deployed({
    dynamodb: items({
      'FLOW#orders STATE': { status: 'Active', schemaVersion: 1, failureCount: 0 },
      [`FLOW#orders HISTORY#2026-02-03T10:15:00.000Z#${executionId}`]: {},
      [`RUN#${executionId} RUN`]: ended,
    }),
    s3: { GetObject: serviceError('NoSuchKey', 404), HeadObject: serviceError('NoSuchKey', 404) },
  });
  const { out } = await cli.run('runs', 'orders', '--aws');
  expect(out).toContain('orders: Active, schema version 1, no watermark');
  expect(out).toContain(`2026-02-03T10:15:00.000Z  ${executionId}  Successful  5 read`);
  expect(await cli.json('show', executionId, '--aws')).toMatchObject({ executionId, status: 'Successful' });
  expect(await cli.run('show', 'none', '--aws')).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining(`AWS account ${account}, eu-central-1: there is no such run; got none`),
  });
});

test('explain --aws asks Step Functions what a run ended with that was not closed', async () => {
  const { cli } = deployed({
    dynamodb: items({ [`RUN#${executionId} RUN`]: run }),
    s3: { GetObject: serviceError('NoSuchKey', 404), HeadObject: serviceError('NoSuchKey', 404) },
    sfn: { DescribeExecution: { status: 'FAILED', error: 'Lambda.Unknown', cause: 'The function died' } },
  });
  expect(await cli.json('explain', executionId, '--aws')).toMatchObject({
    outcome: 'The run ended without being closed.',
    failed: { code: 'Lambda.Unknown', message: 'The function died' },
    cause: { name: 'functionDied' },
  });
});

test('cancel --aws leaves a note that the run reads between two segments', async () => {
  const { cli, dynamodb } = deployed({
    dynamodb: items({ [`RUN#${executionId} RUN`]: run }),
    sfn: { DescribeExecution: { status: 'RUNNING' } },
  });
  expect(await cli.run('cancel', executionId, '--aws')).toEqual({
    exitCode: 0,
    out: `${executionId}: CancelStarted\n`,
    err: '',
  });
  const update = dynamodb.find((call) => call.command === 'UpdateItem');
  expect(update?.input.ConditionExpression).toBe('revision = :expected');
  expect(JSON.stringify(update?.input)).toContain('cancelRequested');
});

test('reset --aws is refused while a run is in progress', async () => {
  const contents = {
    'FLOW#orders STATE': { status: 'Active', schemaVersion: 1, failureCount: 0, watermark: 1 },
    'FLOW#orders SLOT': { executionId, executionArn: run.executionArn, fence: 1 },
  };
  const busy = deployed({ dynamodb: items(contents), sfn: { DescribeExecution: { status: 'RUNNING' } } });
  const refused = await busy.cli.run('reset', 'orders', '--aws');
  expect(refused).toMatchObject({ exitCode: 2, err: expect.stringContaining('a run is in progress') });
  const idle = deployed({ dynamodb: items(contents), sfn: { DescribeExecution: { status: 'SUCCEEDED' } } });
  expect(await idle.cli.run('reset', 'orders', '--aws')).toMatchObject({ exitCode: 0 });
  expect(JSON.stringify(idle.dynamodb)).not.toContain('watermark\\":1,');
});

test.each([
  ['discover', ['discover', 'warehouse']],
  ['connection test', ['connection', 'test', 'warehouse']],
])('%s --aws is refused with the reason', async (name, args) => {
  const cli: Command = command();
  const { exitCode, err } = await cli.run(...args, '--aws');
  expect(exitCode).toBe(2);
  expect(err).toContain(`${name} works from this machine only; got --aws; leave out --aws`);
});
