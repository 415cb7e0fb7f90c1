/** Deployed flows: on demand, scheduled, started by an event, failing, suspended, overlapping. */

import { readFileSync } from 'node:fs';
import { GetPartitionsCommand, GetTablesCommand } from '@aws-sdk/client-glue';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { checkFlow, readFlow } from '../../core/flow/read.ts';
import { setFlowStatus } from '../../engine/run/close.ts';
import { type LocalServer, startServer } from '../support/http-server.ts';
import { cloud } from './cloud/client.ts';
import {
  deployedFlow,
  deployFlows,
  expectNoTrouble,
  freshCloud,
  linesOf,
  makeStores,
  nextSecond,
  output,
  put,
  region,
  state,
  stateBucket,
} from './support/deployment.ts';
import {
  account,
  csvFlow,
  database,
  gitHub,
  inbox,
  issuesFlow,
  lake,
  metadataCatalogConfig,
} from './support/flows.ts';

const accounts = deployedFlow('accounts');
const follower = deployedFlow('follower');
const daily = deployedFlow('daily');
const failing = deployedFlow('failing');
const fragile = deployedFlow('fragile');
const fragileFlow = issuesFlow('fragile', 'vendor', {
  scheduled: {
    scheduleExpression: 'rate(1hours)',
    dataPullMode: 'Complete',
    flowErrorDeactivationThreshold: 2,
  },
});

/** What the vendor answers now; each request is counted. */
let vendor: { status: number; body: unknown; delay?: Promise<void> };
let requests = 0;
let server: LocalServer;

/** The example of the documentation, in the buckets of these tests and with tables. */
function accountsFlow(): FlowDefinition {
  const flow = readFlow(readFileSync('examples/flows/accounts.yaml', 'utf8'), 'accounts.yaml');
  const text = JSON.stringify(flow).replaceAll('"inbox"', `"${inbox}"`).replaceAll('"lake"', `"${lake}"`);
  return { ...JSON.parse(text), metadataCatalogConfig };
}

beforeAll(async () => {
  await freshCloud();
  await makeStores();
  await put(inbox, 'accounts/accounts.csv', readFileSync('examples/data/accounts/accounts.csv', 'utf8'));
  await put(inbox, 'follower/rows.csv', 'id\n1\n');
  server = await startServer(async (_, response) => {
    requests += 1;
    await vendor.delay;
    response.writeHead(vendor.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(vendor.body));
  });
  await deployFlows(
    [
      accountsFlow(),
      csvFlow('follower', {
        more: {
          tributary: {
            eventPattern: {
              source: ['tributary'],
              'detail-type': ['AppFlow End Flow Run Report'],
              detail: { 'flow-name': ['accounts'], status: ['Execution Successful'] },
            },
          },
        },
      }),
      csvFlow('daily', {
        scheduled: {
          scheduleExpression: 'rate(1days)',
          dataPullMode: 'Incremental',
          firstExecutionFrom: '2020-01-01T00:00:00Z',
        },
      }),
      issuesFlow('failing', 'vendor'),
      fragileFlow,
    ],
    [gitHub('vendor', server.endpoint)],
  );
  await expectNoTrouble();
});

afterEach(() => expectNoTrouble().finally(freshCloud));

afterAll(() => server.close());

describe('a flow on demand', () => {
  it('writes partitioned JSON Lines, its tables, events, metrics and state', async () => {
    const id = '520225fa-0ffb-4c95-b5d1-a2a862081d27';
    const { status, executionArn, run, startDate = new Date(0) } = await accounts.run({}, id);
    expect(status).toBe('SUCCEEDED');

    const stamp = startDate.toISOString().slice(0, 19);
    const folder = `crm/accounts/schemaVersion_1/${id}`;
    const keys = ['Cold/00001', 'Hot/00002', 'Warm/00003'].map(
      (name) => `${folder}/Account Rating=${name}-${stamp}`,
    );
    expect(await cloud.objects(lake, 'crm/')).toEqual(keys);
    expect(new TextDecoder().decode(await cloud.object(lake, keys[2] ?? ''))).toBe(
      '{"Account Name":"Birch Banking","Account Type":"Customer - Channel","Billing State/Province":"NY","Account Rating":"Warm","Industry":"Banking"}\n' +
        '{"Account Name":"Fir, Frost & Fern","Account Type":"Customer - Direct","Billing State/Province":"WA","Account Rating":"Warm","Industry":"Apparel"}\n',
    );

    const { TableList = [] } = await cloud.glue.send(new GetTablesCommand({ DatabaseName: database }));
    const epoch = Math.floor(startDate.getTime() / 1000);
    const names = ['sv1', `sv1_${id.replaceAll('-', '')}`, `${epoch}_latest`, 'latest'].map(
      (name) => `e2e_appflow_accounts_${name}`,
    );
    const tables = TableList.flatMap(({ Name = '' }) => (Name.includes('_accounts_') ? [Name] : []));
    expect(tables.sort()).toEqual(names.sort());
    const partitions = async (TableName: string) => {
      const { Partitions = [] } = await cloud.glue.send(
        new GetPartitionsCommand({ DatabaseName: database, TableName }),
      );
      return Partitions.map(({ Values, StorageDescriptor }) => [Values, StorageDescriptor?.Location]).sort();
    };
    expect(await partitions('e2e_appflow_accounts_latest')).toEqual(
      ['Cold', 'Hot', 'Warm'].map((rating) => [[rating], `s3://${lake}/${folder}/Account Rating=${rating}/`]),
    );
    expect(await partitions('e2e_appflow_accounts_sv1')).toEqual(
      ['Cold', 'Hot', 'Warm'].map((rating) => [
        [id, rating],
        `s3://${lake}/${folder}/Account Rating=${rating}/`,
      ]),
    );

    expect(await accounts.state()).toMatchObject({ status: 'Active', schemaVersion: 1, failureCount: 0 });
    expect(run).toMatchObject({ status: 'Successful', executionArn, trigger: 'OnDemand', parameters: {} });
    expect(run?.counts).toEqual({
      received: 9,
      written: 7,
      filtered: 2,
      rejected: 0,
      outOfWindow: 0,
      duplicates: 0,
      skipped: 0,
    });

    const common = {
      'flow-name': 'accounts',
      'created-by': expect.stringContaining(':stack/tributary-accounts-'),
      'flow-arn': `arn:aws:appflow:${region}:${account}:flow/accounts`,
      source: 'S3',
      destination: 'S3',
      'source-object': `s3://${inbox}/accounts`,
      'destination-object': `s3://${lake}/crm`,
      'trigger-type': 'ONDEMAND',
      'execution-id': id,
      'start-time': `${startDate.toISOString()}[UTC]`,
    };
    expect(await accounts.events()).toEqual([
      ['AppFlow Start Flow Run Report', common],
      [
        'AppFlow End Flow Run Report',
        {
          ...common,
          'end-time': `${new Date(run?.endedAt ?? 0).toISOString()}[UTC]`,
          status: 'Execution Successful',
          'num-of-records-processed': '9',
          'num-of-records-filtered': '2',
          'num-of-record-failures': '0',
          'num-of-documents-processed': '0',
          'data-processed': String(readFileSync('examples/data/accounts/accounts.csv').length),
        },
      ],
    ]);
    await cloud.until('the metrics', () => accounts.metric('FlowExecutionsSucceeded'));
    const metrics = {
      FlowExecutionsStarted: 1,
      FlowExecutionsSucceeded: 1,
      FlowExecutionsFailed: undefined,
      FlowExecutionRecordsProcessed: 9,
      FlowExecutionTime: (run?.endedAt ?? 0) - startDate.getTime(),
    };
    for (const [name, value] of Object.entries(metrics))
      expect(await accounts.metric(name), name).toBe(value);

    // Nothing of a finished run is left but its papers.
    expect(await cloud.objects(stateBucket, `segments/accounts/`)).toEqual([]);
    await followed(id);
  });

  /** The follower's run, which the end event of this run of `accounts` has started. */
  async function followed(executionId: string) {
    const ofAccounts = (await accounts.events()).filter(([type]) => type === 'AppFlow End Flow Run Report');
    expect(ofAccounts.map(([, detail]) => detail['execution-id'])).toEqual([executionId]);
    const started = await cloud.until('the run that follows', async () => {
      const executions = await cloud.executions(follower.stateMachineArn);
      return executions.find(({ status }) => status === 'SUCCEEDED');
    });
    const { executionId: id, run, input } = await follower.ended(started.executionArn ?? '');
    expect(JSON.parse(input ?? '')).toEqual({ trigger: 'Event' });
    expect(run).toMatchObject({ status: 'Successful', trigger: 'Event' });
    expect(await linesOf('follower', id)).toEqual(['{"id":"1"}']);
  }

  it('takes its parameters from the execution input', async () => {
    const before = await cloud.objects(lake, 'crm/');
    const dry = await accounts.run({ parameters: { dryRun: true } });
    expect(dry).toMatchObject({ status: 'SUCCEEDED', run: { counts: { received: 9, written: 7 } } });
    expect(await cloud.objects(lake, 'crm/')).toEqual(before);

    const limited = await accounts.run({ parameters: { limit: 3, full: true } });
    expect(limited.run).toMatchObject({ status: 'Successful', counts: { received: 3, written: 3 } });

    const wrong = await accounts.run({ parameters: { limit: 0 } } as object);
    expect(wrong).toMatchObject({
      status: 'FAILED',
      error: 'InvalidArgument',
      run: { status: 'Error', errorCode: 'InvalidArgument', exitCode: 2 },
    });
    expect(wrong.cause).toContain('the execution input: ');
    expect(wrong.cause).toContain('parameters.limit');
  });
});

describe('a scheduled incremental flow', () => {
  it('moves what came since its last run, once, however often the schedule delivers', async () => {
    await put(inbox, 'daily/1.csv', 'id\n1\n');
    await nextSecond();
    const time = '2024-03-01T00:00:00Z';
    const first = await daily.fired({ time });
    expect(first.status).toBe('SUCCEEDED');
    expect(JSON.parse(first.input ?? '')).toEqual({ trigger: 'Scheduled', scheduledTime: time });
    expect(await linesOf('daily', first.executionId)).toEqual(['{"id":"1"}']);
    const watermark = first.run?.window.end ?? 0;
    expect(first.run?.window).toEqual({ start: Date.parse('2020-01-01T00:00:00Z'), end: watermark });
    expect((await daily.state())?.watermark).toBe(watermark);

    const started = (await cloud.executions(daily.stateMachineArn)).length;
    await expect(daily.fire({ time, executionId: first.name ?? '' })).rejects.toThrow(
      'ExecutionAlreadyExists',
    );
    expect(await cloud.executions(daily.stateMachineArn)).toHaveLength(started);

    await put(inbox, 'daily/2.csv', 'id\n2\n');
    await nextSecond();
    const second = await daily.fired();
    expect(await linesOf('daily', second.executionId)).toEqual(['{"id":"2"}']);
    expect(second.run?.window.start).toBe(watermark);
    const ranges = (await daily.events()).map(([, detail]) => detail['incremental-transfer-time-range']);
    const range = ({ window: { start = 0, end } }: NonNullable<typeof second.run>) =>
      `${new Date(start).toISOString()}[UTC] - ${new Date(end).toISOString()}[UTC]`;
    expect(ranges.at(-1)).toBe(second.run && range(second.run));

    await nextSecond();
    const third = await daily.fired();
    expect(third.run).toMatchObject({ status: 'Successful', counts: { received: 0, written: 0 } });
    expect(Object.keys(await output('daily'))).toHaveLength(2);
  });
});

describe('a source that fails', () => {
  it('is asked again, then ends the run with a text that names the cause', async () => {
    vendor = { status: 500, body: { message: 'our database is on fire' } };
    requests = 0;
    const { status, error, cause, run, executionArn = '' } = await failing.run();
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'ServerError' });
    const sentence = /GitHub.*status 500.*our database is on fire|our database is on fire.*status 500/;
    expect(cause).toMatch(sentence);
    expect(run).toMatchObject({ status: 'Error', errorCode: 'ServerError', errorMessage: cause });

    const history = await cloud.history(executionArn);
    const failures = history.flatMap(
      ({ lambdaFunctionFailedEventDetails: lambda, taskFailedEventDetails: task }) =>
        [lambda?.error, task?.error].filter(Boolean),
    );
    expect(failures).toEqual(Array(5).fill('ServerError'));
    expect(requests).toBeGreaterThanOrEqual(5);

    const [, [type, detail] = []] = await failing.events();
    expect(type).toBe('AppFlow End Flow Run Report');
    expect(detail).toMatchObject({
      status: 'Execution Failed',
      error: cause,
      'num-of-records-processed': '0',
    });
    await cloud.until('the metric', () => failing.metric('FlowExecutionsFailed'));
    expect(await failing.metric('FlowExecutionsFailed')).toBe(1);
    expect(await failing.metric('FlowExecutionsSucceeded')).toBeUndefined();
    expect(await output('failing')).toEqual({});
    expect(JSON.stringify(await cloud.stateItems('tributary-state'))).not.toContain('a-token-of-the-tests');
  });

  it('suspends a scheduled flow at its threshold, until it is activated again', async () => {
    vendor = { status: 404, body: { message: 'Not Found' } };
    const one = await fragile.fired();
    const two = await fragile.fired();
    expect([one.status, two.status]).toEqual(['FAILED', 'FAILED']);
    expect(await fragile.state()).toMatchObject({ status: 'Suspended', failureCount: 2 });
    const deactivations = (await fragile.events()).filter(([type]) => type.endsWith('Flow Deactivated'));
    expect(deactivations).toEqual([
      [
        'AppFlow Scheduled Flow Deactivated',
        {
          'flow-name': 'fragile',
          'created-by': expect.stringContaining(':stack/tributary-fragile-'),
          'flow-arn': `arn:aws:appflow:${region}:${account}:flow/fragile`,
          source: 'CUSTOMCONNECTOR/vendor',
          destination: 'S3',
          'source-object': 'issues',
          'destination-object': `s3://${lake}/out`,
          'trigger-type': 'SCHEDULED',
          'deactivation-reason': '2 consecutive failures',
          'deactivation-time': `${new Date(two.run?.endedAt ?? 0).toISOString()}[UTC]`,
        },
      ],
    ]);

    const third = await fragile.fired();
    expect(third).toMatchObject({ status: 'SUCCEEDED', run: undefined });
    expect(JSON.parse(third.output ?? '')).toEqual({
      next: 'skip',
      reason: 'the flow is Suspended: 2 consecutive failures',
    });

    vendor = { status: 200, body: [] };
    await setFlowStatus({ state }, checkFlow(fragileFlow, 'fragile'), 'Active');
    const fourth = await fragile.fired();
    expect(fourth.run).toMatchObject({ status: 'Successful', trigger: 'Scheduled' });
    expect(await fragile.state()).toMatchObject({ status: 'Active', failureCount: 0 });
  });
});

describe('a run that overlaps another of its flow', () => {
  it('is skipped and says why', async () => {
    let release = () => {};
    const delay = new Promise<void>((resolve) => {
      release = resolve;
    });
    vendor = { status: 200, body: [{ id: 1, title: 'one', updated_at: '2026-01-01T00:00:00Z' }], delay };
    requests = 0;
    const first = await failing.start();
    await cloud.until('the first request', async () => (requests > 0 ? true : undefined));
    const second = await failing.run();
    expect(second).toMatchObject({ status: 'SUCCEEDED', run: undefined });
    release();
    const { status, executionId } = await failing.ended(first);
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(second.output ?? '')).toEqual({
      next: 'skip',
      reason: `run ${executionId} is in progress`,
    });
    expect(await linesOf('failing', executionId)).toEqual(['{"id":1,"title":"one"}']);
  });
});
