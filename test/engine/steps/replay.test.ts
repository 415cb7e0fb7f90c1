/** Replays: the quarantine of a run, sent through its flow again. */

import { describe, expect, it, vi } from 'vitest';
import { type Row, type Source, type SourceField, TributaryError } from '#core';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { type FlowState, flowKey, type Run, runKey } from '../../../engine/run/run.ts';
import { verifyRun } from '../../../engine/verify/verify-run.ts';
import { s3Flow } from '../../support/flows.ts';
import {
  type MemoryHome,
  type MemoryHomeOptions,
  memoryHome,
  stateBucket,
} from '../../support/memory-home.ts';
import { leftovers } from '../../support/outcome.ts';

vi.setConfig({ testTimeout: 60_000 });

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
type S3FlowOptions = Parameters<typeof s3Flow>[0];

function map(field: string, type?: string): object {
  return {
    taskType: 'Map',
    sourceFields: [field],
    connectorOperator: { S3: 'NO_OP' },
    destinationField: field,
    taskProperties: type ? { SOURCE_DATA_TYPE: 'string', DESTINATION_DATA_TYPE: type } : {},
  };
}
const nonNull = {
  taskType: 'Validate',
  sourceFields: ['rating'],
  connectorOperator: { S3: 'VALIDATE_NON_NULL' },
  taskProperties: { VALIDATION_ACTION: 'DropRecord' },
};

/** `amount` is an integer, `rating` must be there. */
function strict(output: S3FlowOptions['output'] = {}, more: Partial<S3FlowOptions> = {}): FlowDefinition {
  return s3Flow({
    fields: { id: 'id', rating: 'rating' },
    tasks: [nonNull, map('amount', 'integer')],
    output,
    ...more,
  });
}

/** Mended: amounts may have decimals, a rating may be missing. What the strict flow wrote, this one writes as it was. */
function lenient(output: S3FlowOptions['output'] = {}, more: Partial<S3FlowOptions> = {}): FlowDefinition {
  return s3Flow({
    fields: { id: 'id', rating: 'rating' },
    tasks: [map('amount', 'double')],
    output,
    ...more,
  });
}

/** 400 records in two files; one in a hundred is poisoned, half of them refused and half invalid. */
async function poisoned(options: MemoryHomeOptions = {}): Promise<MemoryHome> {
  const home = memoryHome({
    buckets: ['inbox', 'lake', 'errors'],
    pageBytes: 300,
    sizes: { segmentPages: 4 },
    ...options,
  });
  for (const file of [0, 1]) {
    const lines = Array.from({ length: 200 }, (_, i) => {
      const n = file * 200 + i;
      if (n % 200 === 50) return `${n},Hot,${n}.5`;
      return n % 200 === 150 ? `${n},,${n}` : `${n},Warm,${n}`;
    });
    await home.objects.put('inbox', `in/${file}.csv`, `id,rating,amount\n${lines.join('\n')}\n`);
  }
  return home;
}

const runOf = async (home: MemoryHome, n: number): Promise<Run | undefined> =>
  (await home.state.get<Run>(runKey(id(n)), 'RUN'))?.data;

const replay = (home: MemoryHome, flow: FlowDefinition, of: number, n: number, more: object = {}) =>
  home.run(flow, { name: id(n), input: { parameters: { replayOf: id(of), ...more } } });

const text = (home: MemoryHome, bucket: string, key: string): string =>
  home.objects.stored(bucket, key)?.body.toString() ?? '';

/** The lines of all objects at the destination, in an order of their own. */
const records = (home: MemoryHome): string[] =>
  home.objects
    .keys('lake')
    .flatMap((key) => text(home, 'lake', key).split('\n').filter(Boolean))
    .sort();

const quarantine = (home: MemoryHome, n: number): { record: object; errorMessage: string }[] =>
  text(home, stateBucket, `runs/orders/${id(n)}/errors-1.json`)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

async function cleanRun(flow: FlowDefinition): Promise<string[]> {
  const clean = await poisoned();
  expect(await clean.run(flow, { name: id(9) })).toHaveProperty('output');
  return records(clean);
}

const singleFile = { aggregationConfig: { aggregationType: 'SingleFile' as const } };

describe('a replay with the mended flow', () => {
  it.each([
    ['JSON Lines', {}, {}],
    ['JSON Lines, partitioned', singleFile, { partition: ['rating'] }],
    [
      'JSON Lines, refused records in a bucket',
      {},
      {
        more: { tributary: { errorHandlingConfig: { bucketName: 'errors', bucketPrefix: 'refused' } } },
      },
    ],
  ])('makes of the poisoned run what a clean one writes: %s', async (_, output, more) => {
    const home = await poisoned();
    await home.run(strict(output, more), { name: id(1) });
    expect(await runOf(home, 1)).toMatchObject({
      counts: { received: 400, written: 396, filtered: 2, rejected: 2 },
      recordsQuarantined: 4,
    });
    expect(await replay(home, lenient(output, more), 1, 2)).toHaveProperty('output');
    const second = await runOf(home, 2);
    expect(second).toMatchObject({
      status: 'Successful',
      parameters: { replayOf: id(1) },
      counts: { received: 4, written: 4, filtered: 0, rejected: 0 },
      recordsQuarantined: 0,
    });
    expect(records(home)).toEqual(await cleanRun(lenient(output, more)));
    for (const run of [await runOf(home, 1), second]) {
      if (!run) throw new Error('there is no run');
      expect(await verifyRun(run, home.ports(lenient()))).toMatchObject({ difference: undefined });
    }
    const certificate = JSON.parse(text(home, stateBucket, `runs/orders/${id(2)}/certificate.json`));
    expect(certificate.certificate.replayOf).toBe(id(1));
  });

  it('once more does nothing', async () => {
    const home = await poisoned();
    await home.run(strict(), { name: id(1) });
    await replay(home, lenient(), 1, 2);
    const before = [home.objects.keys('lake'), home.state.contents()];
    expect(await replay(home, lenient(), 1, 3)).toEqual({
      output: {
        next: 'skip',
        reason: `run ${id(1)} has been replayed with this flow already, by run ${id(2)}`,
      },
    });
    expect([home.objects.keys('lake'), home.state.contents()]).toEqual(before);
  });

  it('leaves what is refused again to a replay of its own, which a replay of the first run finds', async () => {
    const home = await poisoned();
    await home.run(strict(), { name: id(1) });
    // A rating may be missing, but amounts are whole.
    const half = strict({}, { tasks: [map('amount', 'integer')] });
    await replay(home, half, 1, 2);
    expect(await runOf(home, 2)).toMatchObject({
      counts: { received: 4, written: 2, rejected: 2 },
      recordsQuarantined: 2,
    });
    expect(quarantine(home, 2).map(({ record }) => record)).toEqual(
      [
        { rating: 'Hot', amount: '50.5', id: '50' },
        { rating: 'Hot', amount: '250.5', id: '250' },
      ].map((record) => expect.objectContaining(record)),
    );
    await replay(home, lenient(), 1, 3);
    expect(await runOf(home, 3)).toMatchObject({
      parameters: { replayOf: id(2) },
      counts: { received: 2, written: 2 },
    });
    expect(records(home)).toEqual(await cleanRun(lenient()));
    for (const [flow, reason] of [
      [half, `run ${id(1)} has been replayed with this flow already, by run ${id(2)}`],
      [lenient(), `run ${id(2)} has been replayed with this flow already, by run ${id(3)}`],
      [strict(), `run ${id(3)} has no records in quarantine`],
    ] as const)
      expect(await replay(home, flow, 1, 4)).toEqual({ output: { next: 'skip', reason } });
  });

  it('that fails is tried again by the next', async () => {
    const home = await poisoned();
    await home.run(strict(), { name: id(1) });
    home.hook = (call) => {
      if (call === 'signer.sign') throw new TributaryError('AccessDenied', 'no key');
    };
    expect(await replay(home, lenient(), 1, 2)).toMatchObject({ error: 'AccessDenied' });
    home.hook = () => undefined;
    expect(records(home)).toHaveLength(396);
    await replay(home, lenient(), 1, 3);
    expect(records(home)).toHaveLength(400);
  });

  it('that is dry counts, and does not take its place', async () => {
    const home = await poisoned();
    await home.run(strict(), { name: id(1) });
    await replay(home, lenient(), 1, 2, { dryRun: true });
    expect((await runOf(home, 2))?.counts).toMatchObject({ received: 4, written: 4 });
    expect(records(home)).toHaveLength(396);
    await replay(home, lenient(), 1, 3);
    expect(records(home)).toHaveLength(400);
  });

  it('leaves the watermark, the failure count and the latest table alone', async () => {
    const scheduled = {
      scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' },
      more: {
        metadataCatalogConfig: {
          glueDataCatalog: {
            roleArn: 'arn:aws:iam::123456789012:role/catalog',
            databaseName: 'lake',
            tablePrefix: 'raw',
          },
        },
      },
    };
    const home = await poisoned();
    home.clock.advance(3_600_000);
    await home.run(strict(singleFile, scheduled), { name: id(1), input: { trigger: 'Scheduled' } });
    const watermark = async () =>
      (await home.state.get<FlowState>(flowKey('orders'), 'STATE'))?.data.watermark;
    const before = await watermark();
    const table = (name: string) => home.catalog.tables.get(`raw_appflow_orders_${name}`);
    const latest = structuredClone(table('latest'));
    expect(latest).toBeDefined();
    home.clock.advance(3_600_000);
    await replay(home, strict(singleFile, { ...scheduled, tasks: [map('amount', 'double')] }), 1, 2);
    expect(await runOf(home, 2)).toMatchObject({ status: 'Successful', window: { end: expect.any(Number) } });
    expect((await runOf(home, 2))?.window).not.toHaveProperty('start');
    expect(before).toBeDefined();
    expect(await watermark()).toBe(before);
    expect(table('latest')).toEqual(latest);
    expect(table('sv2')?.table.parameters).toMatchObject({ 'tributary-execution': id(2) });
  });
});

describe('a replay that is disturbed at any moment', () => {
  const seen = (home: MemoryHome): object => ({
    objects: home.objects.keys('lake').map((key) => [key, text(home, 'lake', key)]),
    quarantine: quarantine(home, 2),
    replays: Object.entries(home.state.contents()).filter(([key]) => key.endsWith(' REPLAY')),
    certificate: JSON.parse(text(home, stateBucket, `runs/orders/${id(2)}/certificate.json`)).certificate,
    leftovers: leftovers(home),
  });
  /** Accepts one of the invalid records, so that the replay has a quarantine of its own. */
  const half = strict({}, { tasks: [map('amount', 'integer')], partition: ['rating'] });

  async function disturbed(moment: number): Promise<{ home: MemoryHome; moments: number }> {
    const home = await poisoned();
    await home.run(strict({}, { partition: ['rating'] }), { name: id(1) });
    let moments = 0;
    home.hook = () => {
      if (++moments === moment) throw Object.assign(new Error('killed'), { name: 'Lambda.Unknown' });
    };
    expect(await replay(home, half, 1, 2), `at moment ${moment}`).toHaveProperty('output');
    home.hook = () => undefined;
    return { home, moments };
  }

  it('gives the bytes of an undisturbed one, and is done once', async () => {
    const { home, moments } = await disturbed(0);
    const expected = seen(home);
    expect(expected).toMatchObject({ replays: [[expect.any(String), { executionId: id(2) }]] });
    expect(moments).toBeGreaterThan(50);
    for (let moment = 1; moment <= moments; moment++) {
      const other = await disturbed(moment);
      expect(seen(other.home), `at moment ${moment}`).toEqual(expected);
      expect(await replay(other.home, half, 1, 3), `at moment ${moment}`).toMatchObject({
        output: { next: 'skip' },
      });
    }
  });
});

describe('a replay is refused', () => {
  it.each([
    ['from', { from: 0 }],
    ['full', { full: true }],
    ['limit', { limit: 1 }],
  ])('with %s', async (_, parameter) => {
    const home = await poisoned();
    await home.run(strict(), { name: id(1) });
    expect(await replay(home, lenient(), 1, 2, parameter)).toMatchObject({
      error: 'InvalidArgument',
      cause: expect.stringContaining('replayOf goes with dryRun alone'),
    });
  });

  it('of what is no committed run of the flow', async () => {
    const home = await poisoned();
    expect(await replay(home, lenient(), 1, 2)).toMatchObject({
      error: 'ResourceNotFoundError',
      cause: expect.stringContaining('there is no such run'),
    });
    await home.run(strict(), { name: id(1), input: { parameters: { dryRun: true } } });
    expect(await replay(home, lenient(), 1, 3)).toMatchObject({
      error: 'InvalidArgument',
      cause: expect.stringContaining('got a dry run'),
    });
    await home.run(strict({}, { name: 'others' }), { name: id(4) });
    expect(await replay(home, lenient(), 4, 5)).toMatchObject({
      error: 'InvalidArgument',
      cause: expect.stringContaining('got a run of flow others'),
    });
    expect(await replay(home, lenient(), 3, 6)).toMatchObject({
      error: 'InvalidArgument',
      cause: expect.stringContaining('got Error; expected a run that was committed'),
    });
  });

  it('with a field that the run has not read', async () => {
    const home = await poisoned();
    await home.objects.put('inbox', 'in/2.csv', 'id,rating,amount,extra\n1,,1,x\n');
    await home.objects.delete('inbox', ['in/0.csv', 'in/1.csv']);
    await home.run(strict(), { name: id(1) });
    const more = lenient({}, { fields: { id: 'id', rating: 'rating', extra: 'extra' } });
    expect(await replay(home, more, 1, 2)).toMatchObject({
      error: 'NotRunnable',
      cause: expect.stringMatching(/the quarantine has only the fields that its run read; got extra;/),
    });
  });

  it('with other request parameters of the vendor', async () => {
    const open = (value: string) => ({
      taskType: 'Filter',
      sourceFields: ['state'],
      connectorOperator: { S3: 'EQUAL_TO' },
      taskProperties: { DATA_TYPE: 'string', VALUE: value },
    });
    const vendor: Source = {
      describe: async ({ filters }) => ({
        fields: [{ name: 'amount', type: 'String' }],
        parameters: [{ name: 'state', type: 'String' }],
        splits: [{}],
        appliedFilters: filters.map((_, index) => index),
        appliesWindow: true,
      }),
      open: async () => ({
        read: async () => ({ rows: [['1'], ['2.5']], bytes: 6 }),
        close: async () => undefined,
      }),
      listEntities: async () => [],
      testConnection: async () => undefined,
    };
    const home = memoryHome({ buckets: ['lake'], sources: { S3: vendor } });
    const flow = (type: string, state: string) =>
      s3Flow({ fields: {}, tasks: [open(state), map('amount', type)] });
    await home.run(flow('integer', 'open'), { name: id(1) });
    expect(await replay(home, flow('double', 'closed'), 1, 2)).toMatchObject({
      error: 'NotRunnable',
      cause: expect.stringContaining(
        'without the Filter of state (tasks[1]), which only the vendor can apply',
      ),
    });
    expect(await replay(home, flow('double', 'open'), 1, 3)).toHaveProperty('output');
    expect(records(home)).toEqual(['{"amount":1}', '{"amount":2.5}']);
  });

  it('when the quarantine was edited, or is gone', async () => {
    const home = await poisoned();
    await home.run(strict(), { name: id(1) });
    const key = `runs/orders/${id(1)}/errors-1.json`;
    const written = text(home, stateBucket, key);
    await home.objects.put(stateBucket, key, written.replace('"50.5"', '"60.5"'));
    expect(await replay(home, lenient(), 1, 2)).toMatchObject({
      error: 'SourceDataInvalid',
      cause: expect.stringContaining('the quarantine is not what its run has written'),
    });
    await home.objects.delete(stateBucket, [key]);
    expect(await replay(home, lenient(), 1, 3)).toMatchObject({
      error: 'ResourceNotFoundError',
      cause: expect.stringContaining('the quarantine of the run is gone'),
    });
    await home.objects.delete(stateBucket, [`runs/orders/${id(1)}/plan.json`]);
    expect(await replay(home, lenient(), 1, 4)).toMatchObject({
      error: 'ResourceNotFoundError',
      cause: expect.stringContaining('the papers of the run are kept no longer'),
    });
  });
});

describe('masked fields', () => {
  const mask = (field: string, length = '1') => ({
    taskType: 'Mask',
    sourceFields: [field],
    connectorOperator: { S3: 'MASK_FIRST_N' },
    taskProperties: { MASK_VALUE: '*', MASK_LENGTH: length },
  });
  const truncate = {
    taskType: 'Truncate',
    sourceFields: ['rating'],
    connectorOperator: { S3: 'NO_OP' },
    taskProperties: { TRUNCATE_LENGTH: '3' },
  };
  const run = async (...tasks: object[]) => {
    const home = await poisoned();
    await home.run(strict({}, { tasks: [map('amount', 'integer'), ...tasks] }), { name: id(1) });
    return home;
  };
  const mended = (...tasks: object[]) => lenient({}, { tasks: [map('amount', 'double'), ...tasks] });

  it('are masked in the quarantine as in the output, and replayed as a clean run masks them', async () => {
    const home = await run(truncate, mask('rating'));
    expect(quarantine(home, 1).map(({ record }) => record)).toEqual([
      expect.objectContaining({ rating: '*ot', amount: '50.5' }),
      expect.objectContaining({ rating: '*ot', amount: '250.5' }),
    ]);
    await replay(home, mended(truncate, mask('rating')), 1, 2);
    expect(records(home)).toEqual(await cleanRun(mended(truncate, mask('rating'))));
  });

  it.each([
    [
      'are masked otherwise',
      [mask('rating', '2')],
      'the one Mask task, and the Truncate tasks, that rating had',
    ],
    ['are masked no more', [], 'the one Mask task'],
    [
      'are looked at as they were',
      [
        mask('rating'),
        {
          taskType: 'Filter',
          sourceFields: ['rating'],
          connectorOperator: { S3: 'EQUAL_TO' },
          taskProperties: { DATA_TYPE: 'string', VALUE: 'Hot' },
        },
      ],
      'no Filter task (tasks[3]) of its raw value',
    ],
  ])('make a replay impossible when they %s', async (_, tasks, expected) => {
    const home = await run(mask('rating'));
    expect(await replay(home, mended(...tasks), 1, 2)).toMatchObject({
      error: 'NotRunnable',
      cause: expect.stringContaining(expected),
    });
  });

  it('that are made of others hide these altogether', async () => {
    const merge = {
      taskType: 'Merge',
      sourceFields: ['id', 'rating'],
      connectorOperator: { S3: 'NO_OP' },
      destinationField: 'id,rating',
      taskProperties: { CONCAT_FORMAT: '${id} ${rating}' },
    };
    const both = { ...map('id,rating'), destinationField: 'both' };
    const tasks = [map('amount', 'integer'), merge, mask('id,rating', '9'), both];
    const home = await poisoned();
    await home.run(strict({}, { fields: {}, tasks }), { name: id(1) });
    expect(quarantine(home, 1).map(({ record }) => record)).toEqual([
      { amount: '50.5' },
      { amount: '250.5' },
    ]);
    const flow = lenient({}, { fields: {}, tasks: [map('amount', 'double'), ...tasks.slice(1)] });
    expect(await replay(home, flow, 1, 2)).toMatchObject({
      error: 'NotRunnable',
      cause: expect.stringContaining('it does not show id, rating, of which a masked field is made'),
    });
  });
});

describe('values', () => {
  const types: readonly SourceField[] = [
    { name: 'long', type: 'Long' },
    { name: 'big', type: 'BigInteger' },
    { name: 'double', type: 'Double' },
    { name: 'decimal', type: 'BigDecimal', precision: 38, scale: 9 },
    { name: 'text', type: 'String' },
    { name: 'bytes', type: 'ByteArray' },
    { name: 'at', type: 'DateTime' },
    { name: 'flag', type: 'Boolean' },
    { name: 'struct', type: 'Struct' },
    { name: 'list', type: 'List' },
    { name: 'poison', type: 'String' },
  ];
  const values: Row[] = [
    [
      2n ** 62n,
      10n ** 30n,
      Number.NaN,
      '0.000000001',
      '\ud800 "x"\n',
      Buffer.from([0, 255]),
      '2026-01-01T00:00:00.123Z',
      true,
      { a: { b: 2n ** 60n } },
      [1, 'x', null],
      'x',
    ],
    [
      -1,
      1,
      -0,
      '12345678901234567890.123456789',
      '',
      Buffer.alloc(0),
      '2026-01-01T00:00:00+02:00',
      false,
      {},
      [],
      'y',
    ],
    [null, null, 12345678901234567000, null, null, null, null, null, null, null, 'z'],
    [0, 0, Number.NEGATIVE_INFINITY, '-1', 'NaN', null, null, null, { 'a.b': 1 }, [[1]], 'w'],
  ];
  const vouchedFor: Source = {
    describe: async () => ({ fields: types, splits: [{}], appliedFilters: [], appliesWindow: true }),
    open: async ({ fields }) => ({
      read: async () => ({
        rows: values.map((row) =>
          fields.map((name) => row[types.findIndex((field) => field.name === name)] ?? null),
        ),
        bytes: 1,
      }),
      close: async () => undefined,
    }),
    listEntities: async () => [],
    testConnection: async () => undefined,
  };

  it('come through the quarantine as they were', async () => {
    const fields = Object.fromEntries(
      types.filter(({ name }) => name !== 'poison').map(({ name }) => [name, name]),
    );
    const output = { fileType: 'PARQUET' as const, preserveSourceDataTyping: true, ...singleFile };
    const flow = (type: string) => s3Flow({ fields, output, tasks: [map('poison', type)] });
    const bodies = (home: MemoryHome) =>
      home.objects.keys('lake').map((key) => home.objects.stored('lake', key)?.body.toString('base64'));

    const home = memoryHome({ buckets: ['lake'], sources: { S3: vouchedFor } });
    await home.run(flow('integer'), { name: id(1) });
    expect((await runOf(home, 1))?.counts).toMatchObject({ received: 4, rejected: 4 });
    expect(await replay(home, flow('string'), 1, 2)).toHaveProperty('output');

    const clean = memoryHome({ buckets: ['lake'], sources: { S3: vouchedFor } });
    await clean.run(flow('string'), { name: id(2) });
    expect((await runOf(clean, 2))?.counts).toMatchObject({ received: 4, written: 4 });
    expect(bodies(clean)).toHaveLength(1);
    expect(bodies(home)).toEqual(bodies(clean));
  });
});
