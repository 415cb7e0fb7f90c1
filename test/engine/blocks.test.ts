import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvFormat } from '../../core/decode/csv.ts';
import { jsonScanner } from '../../core/decode/json-scanner.ts';
import { scanningDecoder } from '../../core/decode/record-scanner.ts';
import { type ScannedRecords, scannedRow } from '../../core/decode/scanned-records.ts';
import type { Task } from '../../core/flow/task.ts';
import type { Operator } from '../../core/operators.ts';
import type { SourceField } from '../../core/records.ts';
import { Block } from '../../engine/block.ts';
import type { Fragment, FragmentEncoder } from '../../engine/encode/format.ts';
import { outputFormat } from '../../engine/encode/output-format.ts';
import { RefusedValue } from '../../engine/encode/value-checks.ts';
import { partitioner } from '../../engine/run/output.ts';
import { blockPartitioner } from '../../engine/run/partition-groups.ts';
import { compileTasks } from '../../engine/tasks/compile.ts';
import { compileBlocks } from '../../engine/tasks/compile-blocks.ts';
import type { PlanOptions } from '../../engine/tasks/plan.ts';
import { bytesOf } from './encode/rows.ts';
import { csv, json, map, planned, task, typedParquet } from './tasks/run-tasks.ts';

const fields: readonly SourceField[] = [
  { name: 'a', type: 'String' },
  { name: 'b', type: 'Double' },
  { name: 'o', type: 'Struct' },
  { name: 't', type: 'DateTime' },
  { name: 'n', type: 'BigDecimal' },
  { name: 'd', type: 'BigDecimal', precision: 5, scale: 2 },
  { name: 'e', type: 'BigDecimal', precision: 38, scale: 10 },
];

/**
 * Maps and encodes the records as blocks and as rows.
 *
 * @param lengths of the blocks, over and over
 * @param decode all of them at once
 */
function bothWays(
  { count, decode }: { count: number; decode: (readFields: readonly string[]) => ScannedRecords },
  tasks: readonly Task[],
  options: PlanOptions,
  lengths: readonly number[],
) {
  const plan = planned(tasks, fields, options);
  const compile = { residualFilters: plan.filters.map((_, index) => index) };
  const mapper = compileTasks(plan, compile);
  const blockMapper = compileBlocks(plan, compile);
  if (!blockMapper) throw new Error('no blocks');
  const format = outputFormat({ fileType: options.fileType, fields: plan.destinationFields });
  const [byBlocks, byRows] = [format.encoder(), format.encoder()];
  const [partitioned, partition] = [blockPartitioner(plan), partitioner(plan)];
  /** By record, and of those that filters drop by task. */
  const newOutcomes = () => ({ records: new Map<number, unknown>(), dropped: new Map<number, number>() });
  const outcomes = { blocks: newOutcomes(), rows: newOutcomes() };
  const drop = ({ dropped }: ReturnType<typeof newOutcomes>, index: number, more: number) =>
    dropped.set(index, (dropped.get(index) ?? 0) + more);
  const filters = new Set<unknown>(plan.filterChecks.map((check) => check.task));
  const records = decode(plan.readFields);
  expect(records.count).toBe(count);
  let refused = 0;

  const attempt = (append: () => void) => {
    try {
      append();
      return 'written';
    } catch (error) {
      if (error instanceof RefusedValue) return error.field;
      throw error;
    }
  };
  const asRow = (record: number, encoder: FragmentEncoder): unknown => {
    const row = mapper.map(scannedRow(records, record));
    return Array.isArray(row) ? [partition(row), attempt(() => encoder.append(row))] : row;
  };

  for (let first = 0, turn = 0; first < count; turn++) {
    const end = Math.min(count, first + (lengths[turn % lengths.length] ?? 1));
    const block = new Block(records, first, end);
    blockMapper.check(block, (index, dropped) => drop(outcomes.blocks, index, dropped));
    blockMapper.map(block);
    format.prepare(block);
    const groupsOf = partitioned(block);
    let run: number[] = [];
    const flush = () => {
      if (run.length === 0) return;
      const list = block.positions(run);
      const before = byBlocks.size;
      const most = byBlocks.most(block, list, run.length);
      byBlocks.appendBlock(block, list, run.length);
      expect(byBlocks.size - before).toBeLessThanOrEqual(most);
      run = [];
    };
    for (let position = 0; position < block.count; position++) {
      const record = block.record(position);
      if (block.refused[position]) {
        flush();
        refused++;
        outcomes.blocks.records.set(record, asRow(record, byBlocks));
      } else {
        const [group] = groupsOf(position, position + 1);
        outcomes.blocks.records.set(record, [group?.partition, 'written']);
        run.push(position);
      }
    }
    flush();
    first = end;
  }
  for (let record = 0; record < count; record++) {
    const outcome = asRow(record, byRows);
    if (filters.has(outcome)) drop(outcomes.rows, Number(outcome), 1);
    else outcomes.rows.records.set(record, outcome);
  }
  expect(byBlocks.size).toBe(byRows.size);
  return { outcomes, blocks: byBlocks.finish(), rows: byRows.finish(), refused };
}

function jsonRecords(lines: readonly string[]) {
  return {
    count: lines.length,
    decode(readFields: readonly string[]) {
      const scanner = jsonScanner(readFields, (text) => JSON.parse(text));
      const decode = scanner && scanningDecoder(scanner, 'file', () => undefined);
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const scanned = decode?.(bytes, true, 1, lines.length).scanned;
      if (!scanned) throw new Error('nothing scanned');
      return scanned;
    },
  };
}

function csvRecords(cells: readonly (readonly [string, string])[]) {
  return {
    count: cells.length,
    decode(readFields: readonly string[]) {
      const text = cells.map((row) => `${row.map(csvCell).join(',')}\n`).join('');
      const bytes = Buffer.from(`a,t\n${text}`);
      const begun = csvFormat(readFields).begin(bytes, true, 'file');
      const scanned = begun?.decode(bytes.subarray(begun.used), true, 2, 1000).scanned;
      if (!scanned) throw new Error('nothing scanned');
      return scanned;
    },
  };
}

/** A fragment, its bytes as one. */
const contentOf = (fragment: Fragment | undefined) =>
  fragment && { ...fragment, chunks: [bytesOf(fragment)] };

const csvCell = (text: string): string => (/["\r\n,]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const tasks: Record<string, readonly Task[]> = {
  'fields as they are': [map('a', 'x'), map('b', 'y'), map('t', 'z'), map('o', 'w')],
  conversions: [
    map('a', 'text', { DESTINATION_DATA_TYPE: 'string' }),
    map('b', 'number text', { DESTINATION_DATA_TYPE: 'string' }),
    map('b', 'long', { DESTINATION_DATA_TYPE: 'long' }),
    map('b', 'short', { DESTINATION_DATA_TYPE: 'short' }),
    map('b', 'decimal', { DESTINATION_DATA_TYPE: 'decimal' }),
    map('a', 'double', { DESTINATION_DATA_TYPE: 'double' }),
  ],
  times: [
    map('a', 'x', { DESTINATION_DATA_TYPE: 'datetime' }),
    map('t', 'y', { DESTINATION_DATA_TYPE: 'datetime' }),
  ],
  booleans: [map('a', 'x', { DESTINATION_DATA_TYPE: 'boolean' })],
  decimals: [map('n', 'x'), map('d', 'y'), map('e', 'z')],
  'parts, joined and shortened': [
    task('Truncate', ['a'], { properties: { TRUNCATE_LENGTH: '3' } }),
    task('Merge', ['a', 'o.p'], { to: 'm', properties: { CONCAT_FORMAT: '${a} – ${o.p}' } }),
    task('Merge', ['a', 'b'], { to: 'n' }),
    map('o.p', 'p'),
    map('o.q.r', 'r'),
    map('m', 'm'),
    map('n', 'n'),
    map('a', 'x'),
  ],
  'a Struct and a DateTime, shortened': [
    task('Truncate', ['o'], { properties: { TRUNCATE_LENGTH: '3' } }),
    task('Truncate', ['t'], { properties: { TRUNCATE_LENGTH: '12' } }),
    map('o', 'x'),
    map('t', 'y'),
  ],
  'filtered and partitioned': [
    task('Filter', ['b'], { operator: 'GREATER_THAN', properties: { DATA_TYPE: 'double', VALUE: '0' } }),
    map('a', 'x'),
    map('b', 'y'),
    task('Partition', ['a']),
  ],
  masked: [
    task('Mask', ['a'], { operator: 'MASK_ALL', properties: { MASK_VALUE: '#' } }),
    map('a', 'x'),
    map('b', 'y'),
  ],
};

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '',
    'x',
    'é',
    '"',
    ',',
    '\r\n',
    '12',
    '2026-02-28T01:02:03.456Z',
    '2024-02-29T01:02:03.456Z',
    'true',
    '\ud800',
  ),
  fc
    .date({ noInvalidDate: true, min: new Date('0000-01-01T00:00Z'), max: new Date('9999-12-31T00:00Z') })
    .map((date) => date.toISOString()),
);
const number = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1.0',
    '1.50',
    '0.000001',
    '0.0000001',
    '-0.5',
    '32768',
    '9007199254740993',
    '1e3',
    '100',
    '1e400',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
);
/** Of which asDecimal leaves some as they are, writes some in another way, and refuses some. */
const decimalText = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '12.50',
    '-1234567890123456789.0',
    '1e5',
    '1.5E-07',
    '0.5e+3',
    '+1',
    '007',
    '.5',
    '5.',
  ),
  fc.constantFrom(
    '',
    '-',
    '.',
    '-.5',
    '1e',
    '1e+',
    '1.e5',
    '0x1',
    '1_0',
    '1,5',
    ' 1',
    '1 ',
    'NaN',
    '--1',
    '1/2',
    '1:',
  ),
  fc.string({ unit: fc.constantFrom(...'0123456789.-+eE'), maxLength: 8 }),
);
const scalar = fc.oneof(
  { weight: 4, arbitrary: text.map((value) => JSON.stringify(value)) },
  number,
  fc.constantFrom('null', 'true', 'false'),
);
const decimal = fc.oneof(
  { weight: 4, arbitrary: decimalText.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: number },
  scalar,
);
const line = fc
  .record(
    {
      a: scalar,
      b: fc.oneof({ weight: 4, arbitrary: number }, scalar),
      t: scalar,
      n: decimal,
      d: decimal,
      e: decimal,
      o: fc.oneof(
        {
          weight: 4,
          arbitrary: fc.tuple(scalar, scalar).map(([p, r]) => `{"x":[1,{}],"p":${p},"q":{"r":${r}}}`),
        },
        scalar,
        fc.constant('[{"p":1}]'),
      ),
    },
    { requiredKeys: [] },
  )
  .map(
    (members) =>
      `{${Object.entries(members)
        .map(([key, value]) => `"${key}":${value}`)
        .join(',')}}`,
  );

const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 });

describe.each(Object.entries(tasks))('%s', (_name, list) => {
  test.each<[string, PlanOptions]>([
    ['JSON', json],
    ['CSV', csv],
    ['Parquet', typedParquet],
  ])('give the same %s of blocks as of rows', (_type, options) => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), lengths, (lines, some) => {
        const { outcomes, blocks, rows } = bothWays(jsonRecords(lines), list, options, some);
        expect(outcomes.blocks).toEqual(outcomes.rows);
        expect(contentOf(blocks)).toEqual(contentOf(rows));
      }),
      { numRuns: 50 },
    );
  });
});

const validation = (operator: Operator, field: string) =>
  task('Validate', [field], { operator, properties: { VALIDATION_ACTION: 'DropRecord' } });

const comparisons: readonly Operator[] = [
  'EQUAL_TO',
  'NOT_EQUAL_TO',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL_TO',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL_TO',
];

/** Values of the types' conditions; the cells below have these and their like. */
const bounds: readonly (readonly [string, readonly string[]])[] = [
  ['double', ['0', '12', '1.5', '-0.5', '9007199254740993', '1234567890.12345', '1e3']],
  ['long', ['40', '-1', '123456789012345']],
  ['boolean', ['true', 'false']],
  ['datetime', ['2026-02-03T04:05:06Z', '2024-02-29T00:00:00.000Z', '2026-02-03T04:05:06.789123Z', '0']],
  ['date', ['2026-02-03']],
  ['string', ['', 'x', 'xy', '12', 'true', 'é', '\u{1f600}', '2026-02-03T04:05:06.789Z']],
];

const filter = (operator: Operator, properties: Task['taskProperties']) =>
  task('Filter', ['a'], { operator, properties });

const checks: readonly (readonly [string, readonly Task[]])[] = [
  ...bounds.map(([DATA_TYPE, values]): [string, Task[]] => [
    `comparisons of ${DATA_TYPE}`,
    values.flatMap((VALUE) => [
      ...comparisons.map((operator) => filter(operator, { DATA_TYPE, VALUE })),
      ...values.map((LOWER_BOUND) => filter('BETWEEN', { DATA_TYPE, LOWER_BOUND, UPPER_BOUND: VALUE })),
    ]),
  ]),
  [
    'comparisons with several values, and parts of texts',
    [
      filter('EQUAL_TO', { DATA_TYPE: 'double', VALUES: '0,12,1.5' }),
      filter('NOT_EQUAL_TO', { DATA_TYPE: 'double', VALUES: '0,12,1.5' }),
      filter('NOT_EQUAL_TO', { VALUES: 'x,é,12' }),
      filter('NOT_EQUAL_TO', { VALUES: 'x,12' }),
      filter('CONTAINS', { VALUE: '2' }),
    ],
  ],
  [
    'validations',
    (['VALIDATE_NON_NULL', 'VALIDATE_NON_ZERO', 'VALIDATE_NON_NEGATIVE', 'VALIDATE_NUMERIC'] as const).map(
      (operator) => validation(operator, 'a'),
    ),
  ],
];

const compared = fc.constantFrom(
  ...bounds.flatMap(([, values]) => values),
  ...[
    '-0',
    '0.0',
    '+12',
    '12.',
    '.5',
    '-',
    '.',
    '1..2',
    '1.2.3',
    ' 12',
    '12a',
    '-12',
    '123456789012345',
    '1234567890123456',
  ],
  ...[
    '0.1234567890123',
    '1e400',
    '-1e400',
    '1E3',
    'TRUE',
    '1',
    'xx',
    'X',
    'xé',
    'a\\b',
    '"',
    '\ud800',
    '\uffff',
  ],
  ...[
    '2026-02-03',
    '2026-02-03T04:05:06.7Z',
    '2026-02-03T04:05:06.7891Z',
    '2026-02-03T05:05:06+01:00',
    '2026-02-30T00:00:00Z',
  ],
);
const comparedJson = fc.oneof(
  compared.map((value) => JSON.stringify(value)),
  number,
  fc.constantFrom(
    'null',
    'true',
    'false',
    '{}',
    '[1]',
    '{"p":"x"}',
    '1e3',
    '9007199254740993',
    '1769904000000',
  ),
);

describe.each(checks)('%s', (_name, list) => {
  const chosen = fc.constantFrom(...list);

  test('pass the same records of JSON', () => {
    fc.assert(
      fc.property(chosen, fc.array(comparedJson, { maxLength: 60 }), lengths, (check, values, some) => {
        const lines = values.map((value) => `{"a":${value}}`);
        const { outcomes } = bothWays(jsonRecords(lines), [check, map('a', 'x')], json, some);
        expect(outcomes.blocks).toEqual(outcomes.rows);
      }),
      { numRuns: 300 },
    );
  });

  test('pass the same records of CSV', () => {
    fc.assert(
      fc.property(chosen, fc.array(compared, { maxLength: 60 }), lengths, (check, values, some) => {
        const cells = values.map((value) => [value, 'x'] as const);
        const { outcomes } = bothWays(csvRecords(cells), [check, map('a', 'x')], csv, some);
        expect(outcomes.blocks).toEqual(outcomes.rows);
      }),
      { numRuns: 300 },
    );
  });
});

test('several checks in turn, one of a part, drop the same records, and each counts its own', () => {
  const list = [
    task('Filter', ['b'], { operator: 'GREATER_THAN', properties: { DATA_TYPE: 'double', VALUE: '0' } }),
    filter('NOT_EQUAL_TO', { VALUE: 'x' }),
    task('Filter', ['o.p'], { operator: 'LESS_THAN', properties: { DATA_TYPE: 'string', VALUE: 'x' } }),
    validation('VALIDATE_NON_NULL', 'b'),
    validation('VALIDATE_NUMERIC', 'a'),
    map('a', 'x'),
    map('b', 'y'),
  ];
  const cell = fc.tuple(comparedJson, number, comparedJson);
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 60 }), lengths, (cells, some) => {
      const lines = cells.map(([a, b, p]) => `{"a":${a},"b":${b},"o":{"p":${p}}}`);
      const { outcomes, blocks, rows } = bothWays(jsonRecords(lines), list, json, some);
      expect(outcomes.blocks).toEqual(outcomes.rows);
      expect(contentOf(blocks)).toEqual(contentOf(rows));
    }),
  );
});

test.each([
  ['JSON', ['42', '42.5', 'null'], filter('GREATER_THAN', { DATA_TYPE: 'double', VALUE: '42' }), 1],
  ['JSON', ['true', 'false'], filter('EQUAL_TO', { DATA_TYPE: 'boolean', VALUE: 'false' }), 1],
  ['JSON', ['"Ada"', '"É"', '""', 'null'], filter('NOT_EQUAL_TO', { VALUE: 'Ada' }), 3],
  [
    'JSON',
    ['"2026-02-03T04:05:06.789Z"', '"2024-02-29T00:00:00Z"'],
    filter('LESS_THAN', { DATA_TYPE: 'datetime', VALUE: '2026-02-03T04:05:06.789Z' }),
    1,
  ],
  ['JSON', ['"x"', '7', 'true', 'null', '""'], validation('VALIDATE_NON_NULL', 'a'), 3],
  ['CSV', ['42', '-1.50', ''], filter('LESS_THAN_OR_EQUAL_TO', { DATA_TYPE: 'long', VALUE: '42' }), 2],
] as const)('bytes of %s alone, %j, tell whether they pass', (type, values, check, passing) => {
  const plan = planned([check, map('a', 'x')], fields, json);
  const mapper = compileBlocks(plan, { residualFilters: [0] });
  const { decode } =
    type === 'CSV'
      ? csvRecords(values.map((value) => [value, 'x']))
      : jsonRecords(values.map((value) => `{"a":${value}}`));
  const value = () => {
    throw new Error('a value was made');
  };
  const block = new Block({ ...decode(plan.readFields), value }, 0, values.length);
  mapper?.check(block, () => {});
  const refused = block.refused.subarray(0, block.count).filter(Boolean).length;
  expect(block.count - refused).toBe(passing);
});

test.each<[string, PlanOptions]>([
  ['JSON', json],
  ['CSV', csv],
  ['Parquet', typedParquet],
])('fields of CSV give the same %s of blocks as of rows', (_type, options) => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.constantFrom('', '"', '""', 'a "b", c', '"\n"', 'é"', '2024-02-29T00:00:00.000Z'),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 60 }), lengths, (cells, some) => {
      const list = [
        task('Truncate', ['a'], { properties: { TRUNCATE_LENGTH: '5' } }),
        map('a', 'x'),
        map('t', 'y'),
        task('Merge', ['a', 't'], { to: 'n' }),
        map('n', 'n'),
      ];
      const { outcomes, blocks, rows, refused } = bothWays(csvRecords(cells), list, options, some);
      expect(outcomes.blocks).toEqual(outcomes.rows);
      expect(contentOf(blocks)).toEqual(contentOf(rows));
      if (options !== typedParquet) expect(refused).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test.each([
  ['few', 30, ''],
  ['some', 300, ''],
  ['as many as records', 5000, ''],
  // Of several pages, which end within blocks.
  ['as many as records, long ones', 5000, 'x'.repeat(900)],
])(
  'different texts, %s of them, and nulls give the same Parquet of blocks as of rows',
  (_name, different, more) => {
    const lines = Array.from({ length: 5000 }, (_, i) =>
      JSON.stringify({
        a: i % 3 === 0 ? null : `text ${(i * 7919) % different}${more}`,
        b: i % 5 === 0 ? null : i / 4,
      }),
    );
    const list = [map('a', 'x'), map('b', 'y')];
    const { blocks, rows, refused } = bothWays(jsonRecords(lines), list, typedParquet, [400, 33, 7]);
    expect(refused).toBe(0);
    expect(blocks?.meta).toEqual(rows?.meta);
    expect(bytesOf(blocks).equals(bytesOf(rows))).toBe(true);
  },
);

test('numbers, booleans and nulls of more than a page give the same Parquet of blocks as of rows', () => {
  const lines = Array.from({ length: 140_000 }, (_, i) =>
    JSON.stringify({ a: i % 3 === 0 ? null : i % 5 === 0, b: i % 7 === 0 ? null : i }),
  );
  const list = [
    map('a', 'x', { DESTINATION_DATA_TYPE: 'boolean' }),
    map('b', 'y', { DESTINATION_DATA_TYPE: 'long' }),
  ];
  const { blocks, rows, refused } = bothWays(jsonRecords(lines), list, typedParquet, [1000, 24]);
  expect(refused).toBe(0);
  expect(rows?.rows).toBe(140_000);
  expect(blocks?.meta).toEqual(rows?.meta);
  expect(bytesOf(blocks).equals(bytesOf(rows))).toBe(true);
});

test('the usual record is not made a row', () => {
  const usual = '{"a":"Ada","b":12.5,"o":{"p":"x","q":{"r":"y"}},"t":"2026-02-03T04:05:06.789Z"}';
  for (const list of Object.values(tasks))
    if (list !== tasks.times && list !== tasks.booleans && list !== tasks.conversions)
      expect(bothWays(jsonRecords([usual]), list, json, [1]).refused).toBe(0);
});

test('decimals of declared digits give the same Parquet of blocks as of rows', () => {
  const digits = fc
    .tuple(
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
      fc.nat(20),
      fc.option(fc.stringMatching(/^\d{1,11}$/)),
    )
    .map(
      ([whole, shift, fraction]) =>
        `${whole / 10n ** BigInt(shift)}${fraction === null ? '' : `.${fraction}`}`,
    );
  const list = [map('d', 'x'), map('e', 'y')];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.option(digits), fc.option(digits)), { maxLength: 60 }),
      lengths,
      (pairs, some) => {
        const lines = pairs.map(([d, e]) => JSON.stringify({ d, e }));
        const { outcomes, blocks, rows } = bothWays(jsonRecords(lines), list, typedParquet, some);
        expect(outcomes.blocks).toEqual(outcomes.rows);
        expect(contentOf(blocks)).toEqual(contentOf(rows));
      },
    ),
    { numRuns: 100 },
  );
});

test.each([
  ['n', ['0', '-0', '10.50', '-1234567890123456789.25', '1.5e-07', '2E+10']],
  ['d', ['0', '-0.00', '10.5', '999.99', '-999.99', '007.1']],
  ['e', ['0', '99999999.9999999999', '-0.0000000001', '-12345678']],
])('decimal numbers that are texts go from the page into the file: %s', (field, texts) => {
  const records = jsonRecords(texts.map((text) => JSON.stringify({ [field]: text }))).decode([field]);
  const plan = planned([map(field, 'x')], fields, typedParquet);
  const block = new Block(records, 0, texts.length);
  compileBlocks(plan, { residualFilters: [] })?.map(block);
  outputFormat({ fileType: 'PARQUET', fields: plan.destinationFields }).prepare(block);
  expect(block.mixed).toEqual([false]);
  expect([...block.refused]).toEqual(texts.map(() => 0));
  expect(texts.map((_, position) => block.row(position))).toEqual(texts.map((text) => [text]));
});
