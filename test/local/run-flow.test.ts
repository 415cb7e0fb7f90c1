import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Log } from '#core';
import { loadConnector } from '../../connectors/registry.ts';
import { localHome } from '../../local/home.ts';
import { type RunFlowOptions, runFlow } from '../../local/run-flow.ts';
import { s3Flow } from '../support/flows.ts';
import { fakeClock } from '../support/memory-home.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ignore = (): void => undefined;
const quiet: Log = { info: ignore, warn: ignore, error: ignore };

/** A home with the buckets `inbox`, whose files are a day old, and `lake`. */
function prepared(files: Record<string, string> = { 'in/a.csv': 'id,rating\n1,Hot\n2,Warm\n3,Hot\n' }) {
  const folder = temporaryFolder();
  const clock = fakeClock();
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, 's3/inbox', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    utimesSync(file, clock.now() / 1000 - 86_400, clock.now() / 1000 - 86_400);
  }
  mkdirSync(path.join(folder, 's3/lake'), { recursive: true });
  const home = localHome({ home: folder, clock, log: quiet, env: {}, loadConnector });
  const lines = (file: string): unknown[] =>
    readFileSync(path.join(folder, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  const text = (uri: string): string => {
    const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
    return readFileSync(home.fileOf(bucket, key), 'utf8');
  };
  return { folder, clock, home, lines, text };
}

const executionName = '11111111-2222-4333-8444-555555555555';
const fields = { id: 'id', rating: 'rating' };
const catalogued = s3Flow({
  fields,
  partition: ['rating'],
  output: {
    fileType: 'JSON',
    prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] },
    aggregationConfig: { aggregationType: 'SingleFile' },
  },
  more: {
    metadataCatalogConfig: {
      glueDataCatalog: {
        roleArn: 'arn:aws:iam::123456789012:role/catalog',
        databaseName: 'lake_db',
        tablePrefix: 'raw',
      },
    },
  },
});

describe('a run in a folder', () => {
  test('gives objects, tables, events, metrics and a history', async () => {
    const { folder, home, lines, text } = prepared();
    const result = await runFlow(catalogued, home, { executionName });
    const output = `s3://lake/out/orders/${executionName}`;
    expect(result).toEqual({
      executionId: executionName,
      flowName: 'orders',
      status: 'Successful',
      recordsProcessed: 3,
      recordsFiltered: 0,
      recordsRejected: 0,
      recordsWritten: 3,
      recordsOutOfWindow: 0,
      recordsDuplicate: 0,
      recordsSkipped: 0,
      recordsQuarantined: 0,
      bytesProcessed: 29,
      bytesWritten: 79,
      objects: [
        `${output}/rating=Hot/00001-2026-02-03T10:15:00`,
        `${output}/rating=Warm/00002-2026-02-03T10:15:00`,
      ],
      rejectedObject: null,
      window: { start: null, end: '2026-02-03T10:15:00.000Z' },
      schemaVersion: 1,
      startedAt: '2026-02-03T10:15:00.000Z',
      endedAt: '2026-02-03T10:15:00.000Z',
      dryRun: false,
      replayOf: null,
      error: null,
      reason: null,
      exitCode: 0,
    });
    expect(result.objects.map(text)).toEqual([
      '{"id":"1","rating":"Hot"}\n{"id":"3","rating":"Hot"}\n',
      '{"id":"2","rating":"Warm"}\n',
    ]);

    expect(lines('events.jsonl')).toMatchObject([
      {
        'detail-type': 'AppFlow Start Flow Run Report',
        source: 'tributary',
        time: '2026-02-03T10:15:00.000Z',
        detail: { 'flow-name': 'orders', 'execution-id': executionName },
      },
      {
        'detail-type': 'AppFlow End Flow Run Report',
        detail: { status: 'Execution Successful', 'num-of-records-processed': '3' },
      },
    ]);
    expect(lines('metrics.jsonl')).toEqual([
      {
        time: '2026-02-03T10:15:00.000Z',
        namespace: 'Tributary',
        FlowName: 'orders',
        FlowExecutionsStarted: 1,
      },
      {
        time: '2026-02-03T10:15:00.000Z',
        namespace: 'Tributary',
        FlowName: 'orders',
        FlowExecutionsSucceeded: 1,
        FlowExecutionTime: 0,
        FlowExecutionRecordsProcessed: 3,
      },
    ]);
    const tables = readdirSync(path.join(folder, 'glue/lake_db'));
    expect(tables).toEqual([
      'raw_appflow_orders_1770113700_latest.json',
      'raw_appflow_orders_latest.json',
      'raw_appflow_orders_sv1.json',
      'raw_appflow_orders_sv1_11111111222243338444555555555555.json',
    ]);
    const latest = readFileSync(path.join(folder, 'glue/lake_db/raw_appflow_orders_latest.json'), 'utf8');
    expect(JSON.parse(latest)).toMatchObject({
      table: { format: 'JSON', partitionKeys: [{ name: 'rating', type: 'string' }] },
      partitions: [
        { values: ['Hot'], location: `${output}/rating=Hot/` },
        { values: ['Warm'], location: `${output}/rating=Warm/` },
      ],
    });
    expect(readdirSync(path.join(folder, 'runs/orders'))).toEqual([executionName]);
    expect(existsSync(path.join(folder, 'segments', 'orders', executionName))).toBe(false);
    expect(readdirSync(path.join(folder, 's3-uploads'))).toEqual([]);
  });

  test('goes through the splits of many files', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`in/${i}.csv`, `id,rating\n${i},Hot\n`]),
    );
    const { home, text } = prepared(files);
    const output = { aggregationConfig: { aggregationType: 'SingleFile' as const } };
    const result = await runFlow(s3Flow({ fields, output }), home);
    expect(result).toMatchObject({ status: 'Successful', recordsWritten: 30 });
    const ids = text(result.objects[0] ?? '')
      .trim()
      .split('\n')
      .map((line) => Number((JSON.parse(line) as { id: string }).id));
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });

  test('that fails says why, and leaves nothing at the destination', async () => {
    const { folder, home } = prepared({ 'in/a.csv': 'id,rating\n1,Hot\n2\n' });
    const result = await runFlow(s3Flow({ fields }), home);
    expect(result).toMatchObject({
      status: 'Error',
      recordsWritten: 0,
      objects: [],
      error: { code: 'SourceDataInvalid', message: expect.stringContaining('s3://inbox/in/a.csv') },
      reason: null,
      exitCode: 2,
    });
    expect(readdirSync(path.join(folder, 's3/lake'))).toEqual([]);
  });

  test('that may write nothing writes nothing', async () => {
    const { folder, home } = prepared();
    const result = await runFlow(catalogued, home, { input: { parameters: { dryRun: true, limit: 2 } } });
    expect(result).toMatchObject({
      status: 'Successful',
      recordsProcessed: 2,
      recordsWritten: 2,
      bytesWritten: 0,
      objects: [],
      dryRun: true,
    });
    expect(readdirSync(path.join(folder, 's3/lake'))).toEqual([]);
    expect(existsSync(path.join(folder, 'glue'))).toBe(false);
  });

  test('is refused as the cloud refuses it if its input is none', async () => {
    const { folder, home } = prepared();
    const input = { parameters: { limit: 0 } };
    expect(await runFlow(s3Flow({ fields }), home, { input })).toMatchObject({
      status: 'Error',
      error: { code: 'InvalidArgument', message: expect.stringContaining('parameters.limit') },
      exitCode: 2,
    });
    expect(existsSync(path.join(folder, 'state/FLOW%23orders/SLOT.json'))).toBe(false);
  });
});

describe('one run of a flow at a time', () => {
  test('a second is skipped and says so, whatever home it opened', async () => {
    const { folder, clock, home } = prepared();
    const other = localHome({ home: folder, clock, log: quiet, env: {}, loadConnector });
    let second: Promise<object> | undefined;
    const first = await runFlow(s3Flow({ fields }), home, {
      executionName,
      aroundStep: async (step, run) => {
        if (step === 'TransferBatch') {
          second ??= runFlow(s3Flow({ fields }), other);
          await second;
        }
        return run();
      },
    });
    expect(first.status).toBe('Successful');
    expect(await second).toMatchObject({
      status: 'Skipped',
      reason: `run ${executionName} is in progress`,
      recordsWritten: 0,
      exitCode: 0,
    });
  });

  test('what a dead process has left is settled by the next run', async () => {
    const { folder, home } = prepared();
    await runFlow(s3Flow({ fields }), home, { executionName });
    // As if it had been killed while it transferred.
    const stateFile = (pk: string, sk: string): string =>
      path.join(folder, 'state', `${pk}%23${pk === 'FLOW' ? 'orders' : executionName}`, `${sk}.json`);
    const edit = (file: string, change: (data: Record<string, unknown>) => object): void => {
      const { data, revision } = JSON.parse(readFileSync(file, 'utf8')) as {
        data: Record<string, unknown>;
        revision: number;
      };
      writeFileSync(file, JSON.stringify({ revision, data: change(data) }));
    };
    const executionArn = `arn:tributary:local:${process.pid}-1:${executionName}`;
    edit(stateFile('FLOW', 'SLOT'), (slot) => ({ ...slot, executionId: executionName, executionArn }));
    edit(stateFile('RUN', 'RUN'), ({ endedAt: _, ...run }) => ({ ...run, executionArn, status: 'RUNNING' }));

    expect(await runFlow(s3Flow({ fields }), home)).toMatchObject({ status: 'Successful' });
    expect(JSON.parse(readFileSync(stateFile('RUN', 'RUN'), 'utf8'))).toMatchObject({
      data: { status: 'Error', errorMessage: expect.stringContaining('settled by the next start') },
    });
  });
});

describe('a run that is asked to stop', () => {
  const stopping = (at: string): { options: RunFlowOptions; steps: string[] } => {
    const controller = new AbortController();
    const steps: string[] = [];
    return {
      steps,
      options: {
        executionName,
        signal: controller.signal,
        aroundStep: (step, run) => {
          steps.push(step);
          if (step === at) controller.abort();
          return run();
        },
      },
    };
  };

  test.each(['StartRun', 'DescribeSource', 'TransferBatch'])('during %s ends as Canceled', async (step) => {
    const { folder, home } = prepared();
    const { options } = stopping(step);
    expect(await runFlow(s3Flow({ fields }), home, options)).toMatchObject({
      status: 'Canceled',
      recordsWritten: 0,
      error: { code: 'ExecutionCanceled' },
      exitCode: 1,
    });
    expect(readdirSync(path.join(folder, 's3/lake'))).toEqual([]);
    expect(await runFlow(s3Flow({ fields }), home)).toMatchObject({ status: 'Successful' });
  });

  test('while it commits goes on to its end', async () => {
    const { home } = prepared();
    const { options } = stopping('EndRun');
    expect(await runFlow(s3Flow({ fields }), home, options)).toMatchObject({ status: 'Successful' });
  });

  test('while it waits for another try does not wait any longer', async () => {
    const { home, clock } = prepared();
    const controller = new AbortController();
    // Sleeps for ever, unless it is woken.
    clock.sleep = (_milliseconds: number, signal?: AbortSignal) =>
      new Promise((resolve) => {
        if (signal?.aborted) resolve();
        signal?.addEventListener('abort', () => resolve());
      });
    let tries = 0;
    const result = await runFlow(s3Flow({ fields }), home, {
      signal: controller.signal,
      onRetry: () => setImmediate(() => controller.abort()),
      aroundStep: async (step, run) => {
        if (step === 'TransferBatch' && ++tries === 1)
          throw Object.assign(new Error('away'), { name: 'ConnectorUnreachable' });
        return run();
      },
    });
    expect({ tries, status: result.status }).toEqual({ tries: 2, status: 'Canceled' });
  });
});
