import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonScanner } from '../../core/decode/json-scanner.ts';
import { scanningDecoder } from '../../core/decode/record-scanner.ts';
import { scannedRow } from '../../core/decode/scanned-records.ts';
import type { Task } from '../../core/flow/task.ts';
import type { SourceField } from '../../core/records.ts';
import { isPlainlySpelled, newCell } from '../../engine/cell.ts';
import { outputFormat } from '../../engine/encode/output-format.ts';
import { RefusedValue } from '../../engine/encode/value-checks.ts';
import { cellPartitioner, partitioner } from '../../engine/run/output.ts';
import { compileTasks } from '../../engine/tasks/compile.ts';
import { compileCells } from '../../engine/tasks/compile-cells.ts';
import type { PlanOptions } from '../../engine/tasks/plan.ts';
import { csv, json, map, planned, task, typedParquet } from './tasks/run-tasks.ts';

const fields: readonly SourceField[] = [
  { name: 'a', type: 'String' },
  { name: 'b', type: 'Double' },
  { name: 'o', type: 'Struct' },
  { name: 't', type: 'DateTime' },
];

/** Maps and encodes the lines as cells and as rows. */
function bothWays(lines: readonly string[], tasks: readonly Task[], options: PlanOptions) {
  const plan = planned(tasks, fields, options);
  const compile = { residualFilters: plan.filters.map((_, index) => index) };
  const mapper = compileTasks(plan, compile);
  const cellMapper = compileCells(plan, compile);
  const scanner = jsonScanner(plan.readFields, (text) => JSON.parse(text));
  if (!cellMapper || !scanner) throw new Error('no cells');
  const format = outputFormat({ fileType: options.fileType, fields: plan.destinationFields });
  const [byCells, byRows] = [format.encoder(), format.encoder()];
  const [cellPartition, partition] = [cellPartitioner(plan), partitioner(plan)];
  const outcomes = { cells: [] as unknown[], rows: [] as unknown[] };
  let asCells = 0;
  const attempt = (append: () => void) => {
    try {
      append();
      return 'written';
    } catch (error) {
      if (error instanceof RefusedValue) return error.field;
      throw error;
    }
  };
  const decode = scanningDecoder(scanner, 'file', () => undefined);
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const { scanned: records } = decode(bytes, true, 1, 1000);
  if (!records) throw new Error('nothing scanned');
  for (let record = 0; record < records.count; record++) {
    const row = mapper.map(scannedRow(records, record));
    const mapped = cellMapper.map(records, record);
    // Only as a row: nothing to compare.
    if (mapped === undefined) continue;
    asCells++;
    if (mapped === true) {
      outcomes.cells.push([
        cellPartition(cellMapper.cells),
        attempt(() => byCells.appendCells(cellMapper.cells)),
      ]);
    } else outcomes.cells.push(mapped);
    outcomes.rows.push(Array.isArray(row) ? [partition(row), attempt(() => byRows.append(row))] : row);
  }
  const [cells, rows] = [byCells.finish(), byRows.finish()];
  return { outcomes, cells, rows, asCells };
}

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
const scalar = fc.oneof(
  { weight: 4, arbitrary: text.map((value) => JSON.stringify(value)) },
  number,
  fc.constantFrom('null', 'true', 'false'),
);
const line = fc
  .record(
    {
      a: scalar,
      b: fc.oneof({ weight: 4, arbitrary: number }, scalar),
      t: scalar,
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

describe.each(Object.entries(tasks))('%s', (_name, list) => {
  test.each<[string, PlanOptions]>([
    ['JSON', json],
    ['CSV', csv],
    ['Parquet', typedParquet],
  ])('give the same %s of cells as of rows', (_type, options) => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const { outcomes, cells, rows } = bothWays(lines, list, options);
        expect(outcomes.cells).toEqual(outcomes.rows);
        expect(cells && { ...cells, bytes: Buffer.from(cells.bytes) }).toEqual(
          rows && { ...rows, bytes: Buffer.from(rows.bytes) },
        );
      }),
      { numRuns: 50 },
    );
  });
});

test('the usual record is not made a row', () => {
  const usual = '{"a":"Ada","b":12.5,"o":{"p":"x","q":{"r":"y"}},"t":"2026-02-03T04:05:06.789Z"}';
  for (const list of Object.values(tasks))
    if (list !== tasks.times && list !== tasks.booleans && list !== tasks.conversions)
      expect(bothWays([usual], list, json).asCells).toBe(1);
});

test('a number is plainly spelled only if JavaScript spells it so', () => {
  const spelled = (digits: string) => {
    const bytes = Buffer.from(` ${digits} `);
    return isPlainlySpelled({ ...newCell(), bytes, start: 1, end: bytes.length - 1 });
  };
  fc.assert(
    fc.property(fc.stringMatching(/^-?(0|[1-9]\d{0,14})(\.\d{1,13})?$/), (digits) => {
      if (spelled(digits)) expect(String(Number(digits))).toBe(digits);
    }),
    { numRuns: 2000 },
  );
  expect(['0', '7', '-7', '100', '0.5', '-0.25', '0.000001', '12345678.90123'].map(spelled)).toEqual(
    Array(8).fill(true),
  );
  expect(['-0', '1.0', '0.0', '10.50', '0.0000001', '1234567890.12345'].map(spelled)).toEqual(
    Array(6).fill(false),
  );
});
