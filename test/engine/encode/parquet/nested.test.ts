import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { readParquet } from 'parquet-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseNestedType } from '../../../../core/hive-type.ts';
import type { DestinationField, FieldType, Row, Value } from '../../../../core/records.ts';
import { outputFormat } from '../../../../engine/encode/output-format.ts';
import { RefusedValue } from '../../../../engine/encode/value-checks.ts';
import { collectGarbage, usedMemory } from '../../../support/memory.ts';
import { appendAsBlock, bytesOf, encode, field, fragments, text as texts, values } from '../rows.ts';
import { signed128 } from './readers.ts';

let folder: string;
/** Never one twice: DuckDB keeps parts of what it has read. */
const newPath = (): string => join(folder, `${randomUUID()}.parquet`);
let duckdb: DuckDBConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nested-'));
  duckdb = await (await DuckDBInstance.create()).connect();
  await duckdb.run("SET TimeZone = 'UTC'");
});
afterAll(async () => {
  duckdb.closeSync();
  await rm(folder, { recursive: true });
});

// ---- nested types, and values of them ----

const simpleTypes = [
  'String',
  'Boolean',
  'Integer',
  'Long',
  'Double',
  'BigDecimal',
  'Date',
  'DateTime',
  'ByteArray',
] as const satisfies FieldType[];

const simple = fc.constantFrom(...simpleTypes).map((type) => field(type));
/** Nested at most so many deep. */
function fieldOf(depth: number): fc.Arbitrary<DestinationField> {
  return depth === 0
    ? simple
    : fc.oneof({ weight: 1, arbitrary: simple }, { weight: 2, arbitrary: nestedField(depth) });
}
function nestedField(depth: number): fc.Arbitrary<DestinationField> {
  const inner = fieldOf(depth - 1);
  return fc.oneof(
    inner.map((one): DestinationField => ({ name: 'f', type: 'List', inner: [{ ...one, name: 'element' }] })),
    inner.map((one): DestinationField => ({ name: 'f', type: 'Map', inner: [{ ...one, name: 'value' }] })),
    fc.array(inner, { minLength: 1, maxLength: 3 }).map(
      (some): DestinationField => ({
        name: 'f',
        type: 'Struct',
        inner: some.map((one, n) => ({ ...one, name: `m${n}` })),
      }),
    ),
  );
}

function valuesOf({ type, inner = [] }: DestinationField): fc.Arbitrary<Value> {
  const [first] = inner;
  const present =
    type === 'Struct'
      ? fc.record(Object.fromEntries(inner.map((member) => [member.name, valuesOf(member)])))
      : type === 'List' && first
        ? fc.array(valuesOf(first), { maxLength: 4 })
        : type === 'Map' && first
          ? fc.dictionary(texts, valuesOf(first), { maxKeys: 3 })
          : values[type];
  return fc.option(present, { freq: 4, nil: null });
}

// ---- three readers, and the one form that all is compared in ----

/** How a reader shows what it has read. */
interface Shown {
  entries(map: unknown): Iterable<readonly [string, unknown]>;
  /** Of a value without parts. */
  simple(value: unknown, of: DestinationField): unknown;
}

/** A value without parts as itself, a struct as its members' values, a map as its entries, sorted. */
function form(value: unknown, of: DestinationField, shown: Shown): unknown {
  if (value === null || value === undefined) return null;
  const { type, inner } = of;
  const [first] = inner ?? [];
  if (!inner || !first) return shown.simple(value, of);
  if (type === 'List') return [...(value as Iterable<unknown>)].map((item) => form(item, first, shown));
  if (type === 'Struct') {
    const members = value as Record<string, unknown>;
    return inner.map((one) => form(members[one.name], one, shown));
  }
  return [...shown.entries(value)]
    .map(([key, item]) => [key, form(item, first, shown)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

const written: Shown = {
  entries: (map) => Object.entries(map as object),
  simple(value, { type }) {
    if (type === 'DateTime') return new Date(String(value)).toISOString();
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    if (type === 'Double') return Number(value) + 0;
    return type === 'Boolean' ? value : String(value);
  },
};

interface NestedReader extends Shown {
  rows(file: Uint8Array, fields: readonly DestinationField[]): Promise<unknown[][]>;
  /** Types of which it does not show exactly what is in the file; they are looked at elsewhere. */
  readonly inexact?: readonly FieldType[];
}

const readers: Readonly<Record<string, NestedReader>> = {
  DuckDB: {
    async rows(file, fields) {
      const path = newPath();
      await writeFile(path, file);
      const names = fields.map(({ name }) => `"${name}"`);
      return (await duckdb.runAndReadAll(`SELECT ${names.join(', ')} FROM '${path}'`)).getRowsJson();
    },
    entries: (map) => (map as { key: string; value: unknown }[]).map(({ key, value }) => [key, value]),
    simple(value, of) {
      const text = String(value);
      if (of.type === 'DateTime') return new Date(text.replace(' ', 'T').replace('+00', 'Z')).toISOString();
      if (of.type !== 'ByteArray') return written.simple(value, of);
      const byte = (_: string, hex: string): string => String.fromCharCode(Number.parseInt(hex, 16));
      return Buffer.from(text.replace(/\\x(..)/g, byte), 'latin1').toString('hex');
    },
  },
  hyparquet: {
    async rows(file, fields) {
      const records = await parquetReadObjects({ file: new Uint8Array(file).buffer });
      return records.map((record) => fields.map(({ name }) => record[name]));
    },
    entries: (map) => Object.entries(map as object),
    simple(value, of) {
      return of.type === 'Date' ? (value as Date).toISOString().slice(0, 10) : dateTimeOr(value, of);
    },
    inexact: ['BigDecimal', 'ByteArray'],
  },
  'Arrow in Rust': {
    async rows(file, fields) {
      const table = tableFromIPC(readParquet(file).intoIPCStream());
      const columns = fields.map(({ name }) => table.getChild(name));
      return Array.from({ length: table.numRows }, (_, row) => columns.map((column) => column?.get(row)));
    },
    entries: (map) => map as Iterable<[string, unknown]>,
    simple(value, of) {
      if (of.type === 'Date') return new Date(Number(value)).toISOString().slice(0, 10);
      if (of.type !== 'BigDecimal') return dateTimeOr(value, of);
      const digits = signed128(value as Uint32Array);
      const text = String(digits < 0n ? -digits : digits).padStart(10, '0');
      return `${digits < 0n ? '-' : ''}${text.slice(0, -9)}.${text.slice(-9)}`;
    },
  },
};

function dateTimeOr(value: unknown, of: DestinationField): unknown {
  return of.type === 'DateTime' ? new Date(value as Date | number).toISOString() : written.simple(value, of);
}

/** Of those types only whether there is a value. */
function without(types: readonly FieldType[] = [], shown: Shown): Shown {
  return {
    ...shown,
    simple: (value, of) => (types.includes(of.type) ? 'some' : shown.simple(value, of)),
  };
}

async function expectRead(
  { rows, inexact, ...shown }: NestedReader,
  fields: readonly DestinationField[],
  parts: readonly Row[][],
): Promise<void> {
  const file = encode(outputFormat({ fileType: 'PARQUET', fields }), parts);
  const forms = (some: readonly (readonly unknown[])[], how: Shown): unknown[][] =>
    some.map((row) => fields.map((one, index) => form(row[index], one, without(inexact, how))));
  expect(forms(await rows(file, fields), shown)).toEqual(forms(parts.flat(), written));
}

describe.each(Object.entries(readers))('%s reads', (_, reader) => {
  it('any values of any nested types, in any number of row groups', async () => {
    const table = fc.array(nestedField(4), { minLength: 1, maxLength: 2 }).chain((some) => {
      const fields = some.map((one, n) => ({ ...one, name: `f${n}` }));
      const row = fc.tuple(...fields.map(valuesOf));
      const parts = fc.array(fc.array(row, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 3 });
      return parts.map((rows) => ({ fields, rows }));
    });
    await fc.assert(
      fc.asyncProperty(table, ({ fields, rows }) => expectRead(reader, fields, rows)),
      { numRuns: 150 },
    );
  });

  it('what is missing at each level, apart from what is empty', async () => {
    const fields = [
      parseNestedType(
        'tree',
        'struct<list:array<struct<n:bigint,tags:array<string>>>,map:map<string,array<int>>>',
      ),
      field('Long', 'flat'),
    ];
    const trees: Value[] = [
      null,
      { list: null, map: null },
      { list: [], map: {} },
      { list: [null], map: { a: null } },
      { list: [{ n: null, tags: null }], map: { '': [] } },
      { list: [{ n: 1, tags: [] }, null, { n: 2, tags: [null] }], map: { a: [null], b: [] } },
      { list: [{ n: 3, tags: ['', 'x', null, 'y'] }], map: { a: [1, 2], b: null, c: [3] } },
    ];
    const rows = trees.map((tree, n): Row => [tree, n]);
    await expectRead(reader, fields, [rows]);
    await expectRead(reader, fields, [[[null, 1]], rows.slice(1), rows.slice(0, 1)]);
  });

  it('lists of several pages, and a dictionary that is given up within one', async () => {
    await expectRead(reader, [longLists], [longRows]);
  });
});

const longLists = parseNestedType('f', 'array<struct<n:bigint,s:string>>');
/** Words that are worth a dictionary of theirs, until there are too many. */
const longList = (length: number): Value =>
  Array.from({ length }, (_, n) => ({ n: n % 7 === 0 ? null : n, s: `value ${n < 90_000 ? n % 1000 : n}` }));
const longRows: Row[] = [
  [longList(3)],
  [longList(150_000)],
  [null],
  [longList(100_000)],
  [[]],
  [longList(5)],
];

/** The first repetition level of each page of a column chunk that is not compressed. */
function firstRepetitions(file: Uint8Array, start: number, length: number): number[] {
  const bytes = new Uint8Array(file).buffer;
  const found: number[] = [];
  for (let at = start; at < start + length; ) {
    const reader = { view: new DataView(bytes, at), offset: 0 };
    const header = deserializeTCompactProtocol(reader);
    // Behind the levels' length a run: its kind and length as a varint, then its value or, in the lowest bit, its first.
    let level = reader.offset + 4;
    while (reader.view.getUint8(level++) > 127);
    if (header.field_1 === 0) found.push(reader.view.getUint8(level) & 1);
    at += reader.offset + header.field_3;
  }
  return found;
}

describe('nested fields', () => {
  const order = parseNestedType(
    'order',
    'struct<id:bigint,lines:array<struct<price:decimal(6,2),sku:string>>,extra:map<string,date>>',
  );

  it('are groups as LogicalTypes.md has them', async () => {
    const path = newPath();
    await writeFile(path, encode(outputFormat({ fileType: 'PARQUET', fields: [order] }), [[[null]]]));
    const sql = `SELECT name, repetition_type, num_children::INT, type, converted_type, logical_type FROM parquet_schema('${path}')`;
    const [, ...schema] = (await duckdb.runAndReadAll(sql)).getRowsJson();
    const string = ['BYTE_ARRAY', 'UTF8', 'StringType()'];
    expect(schema).toEqual([
      ['order', 'OPTIONAL', 3, null, null, null],
      ['id', 'OPTIONAL', null, 'INT64', null, null],
      ['lines', 'OPTIONAL', 1, null, 'LIST', 'ListType()'],
      ['list', 'REPEATED', 1, null, null, null],
      ['element', 'OPTIONAL', 2, null, null, null],
      ['price', 'OPTIONAL', null, 'FIXED_LEN_BYTE_ARRAY', 'DECIMAL', 'DecimalType(scale=2, precision=6)'],
      ['sku', 'OPTIONAL', null, ...string],
      ['extra', 'OPTIONAL', 1, null, 'MAP', 'MapType()'],
      ['key_value', 'REPEATED', 2, null, null, null],
      ['key', 'REQUIRED', null, ...string],
      ['value', 'OPTIONAL', null, 'INT32', 'DATE', 'DateType()'],
    ]);
  });

  it('have pages that begin with rows', () => {
    const format = outputFormat({ fileType: 'PARQUET', fields: [longLists], compression: 'UNCOMPRESSED' });
    const file = encode(format, [longRows]);
    const chunks = parquetMetadata(new Uint8Array(file).buffer).row_groups.flatMap(({ columns }) => columns);
    const pages = chunks.map(({ meta_data: chunk }) =>
      firstRepetitions(
        file,
        Number(chunk?.dictionary_page_offset ?? chunk?.data_page_offset),
        Number(chunk?.total_compressed_size),
      ),
    );
    expect(pages).toEqual([
      [0, 0],
      [0, 0, 0],
    ]);
  });

  it('have bounds, counts of values and dictionaries for each part', () => {
    const skus = Array.from({ length: 200 }, (_, n) => `a stock keeping unit ${n % 3}`);
    const rows: Row[] = [
      ...skus.map(
        (sku, n): Row => [
          { id: n, lines: [{ price: (10 - n / 100).toFixed(2), sku }, { sku }], extra: null },
        ],
      ),
      [null],
    ];
    const file = encode(outputFormat({ fileType: 'PARQUET', fields: [order] }), [rows]);
    const [group] = parquetMetadata(new Uint8Array(file).buffer).row_groups;
    expect(
      group?.columns.map(({ meta_data: meta }) => [
        meta?.path_in_schema.join('.'),
        meta?.num_values,
        meta?.statistics?.null_count,
        meta?.statistics?.min_value,
        meta?.statistics?.max_value,
        meta?.dictionary_page_offset !== undefined,
      ]),
    ).toEqual([
      ['order.id', 201n, 1n, 0n, 199n, false],
      ['order.lines.list.element.price', 401n, 201n, 8.01, 10, false],
      ['order.lines.list.element.sku', 401n, 1n, 'a stock keeping unit 0', 'a stock keeping unit 2', true],
      ['order.extra.key_value.key', 201n, 201n, undefined, undefined, false],
      ['order.extra.key_value.value', 201n, 201n, undefined, undefined, false],
    ]);
  });

  it.each([
    [
      { id: 'x' },
      'the string "x"; expected an integer from -2^63 to 2^63-1 (a bigint beyond 2^53-1) in order.id',
    ],
    [{ lines: { a: 1 } }, 'an object; expected a list in order.lines'],
    [{ lines: [{}, 7] }, 'the number 7; expected an object in order.lines[]'],
    [
      { lines: [{ price: '12345.6' }] },
      'the string "12345.6"; expected a number of 6 digits, 2 of them fraction digits, at most in order.lines[].price',
    ],
    [{ extra: ['a'] }, 'a list; expected an object in order.extra'],
    [
      { extra: { a: '2026-02-30' } },
      'the string "2026-02-30"; expected a date as YYYY-MM-DD in order.extra.*',
    ],
    ['{}', 'the string "{}"; expected an object in order'],
  ] as const)('refuse %j, by the place in it', (value, message) => {
    const { append } = outputFormat({ fileType: 'PARQUET', fields: [order] }).encoder();
    expect(() => append([value])).toThrow(`field "order": got ${message}`);
    expect(() => append([value])).toThrow(RefusedValue);
  });

  it('keep nothing of a refused row', () => {
    const fields = [order, field('Long', 'n')];
    const format = outputFormat({ fileType: 'PARQUET', fields });
    const good: Row[] = Array.from({ length: 40 }, (_, id) => [
      { id, lines: [{ sku: `s${id}` }], extra: {} },
      id,
    ]);
    const encoder = format.encoder();
    for (const row of good) {
      expect(() => encoder.append([{ id: 1, lines: [{ sku: 'bad' }, 5] }, 1])).toThrow(RefusedValue);
      expect(() => encoder.append([{ id: 1, lines: [{ sku: 'bad' }] }, 'x'])).toThrow(RefusedValue);
      encoder.append(row);
    }
    expect(encoder.finish()).toEqual(fragments(format, [good])[0]);
  });

  it('are the same as blocks and as rows', () => {
    const format = outputFormat({ fileType: 'PARQUET', fields: [order, field('String', 's')] });
    const encoder = format.encoder();
    const rows: Row[] = Array.from({ length: 50 }, (_, id) => [
      id % 3 === 0 ? null : { id, lines: [] },
      `s${id}`,
    ]);
    appendAsBlock(format, encoder, rows.slice(0, 20));
    appendAsBlock(format, encoder, rows.slice(20));
    expect(encoder.finish()).toEqual(fragments(format, [rows])[0]);
  });

  it('count in a fragment’s size as they are written, and their parts as columns', () => {
    const [tags] = [parseNestedType('tags', 'struct<list:array<string>,ids:array<bigint>>')];
    const encoder = outputFormat({
      fileType: 'PARQUET',
      fields: [tags],
      compression: 'UNCOMPRESSED',
    }).encoder();
    encoder.append([null]);
    expect(encoder.size).toBe(2 * 400 + 2);
    for (let n = 0; n < 40_000; n++) {
      const list =
        n % 5 === 0 ? null : Array.from({ length: n % 4 }, (_, i) => `value ${(n * 7919 + i) % 1_000_003}`);
      encoder.append([{ list, ids: n % 3 === 0 ? [] : [n, null, n] }]);
    }
    const { size } = encoder;
    const actual = bytesOf(encoder.finish()).length;
    expect(Math.abs(size / actual - 1)).toBeLessThan(0.03);
  });

  it('keep nothing of a long list beside the row while a fragment has few', () => {
    const list = Array.from({ length: 1_000_000 }, (_, n) => n % 10);
    const encoder = outputFormat({
      fileType: 'PARQUET',
      fields: [parseNestedType('f', 'array<int>')],
    }).encoder();
    collectGarbage();
    const before = usedMemory();
    encoder.append([list]);
    collectGarbage();
    // Levels take a byte each of a list's.
    expect(usedMemory() - before).toBeLessThan(4_000_000);
    expect(encoder.rows).toBe(1);
  });

  it('take members by their own names alone', async () => {
    const own = parseNestedType('f', 'struct<toString:string,__proto__:string>');
    const row: Row = [JSON.parse('{"__proto__":"p"}')];
    const file = encode(outputFormat({ fileType: 'PARQUET', fields: [own] }), [[row, [{}]]]);
    const path = newPath();
    await writeFile(path, file);
    const sql = `SELECT f.tostring, f.__proto__ FROM '${path}'`;
    expect((await duckdb.runAndReadAll(sql)).getRowsJson()).toEqual([
      [null, 'p'],
      [null, null],
    ]);
  });
});
