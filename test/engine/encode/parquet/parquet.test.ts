import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DestinationField, Row } from '../../../../core/records.ts';
import { fieldTypes } from '../../../../core/records.ts';
import { outputFormat } from '../../../../engine/encode/output-format.ts';
import { RefusedValue } from '../../../../engine/encode/value-checks.ts';
import packageJson from '../../../../package.json' with { type: 'json' };
import { collectGarbage, usedMemory } from '../../../support/memory.ts';
import { bytesOf, encode, field, fragments, fragmentsOf, object } from '../rows.ts';
import { arrowReader, duckdbReader, hyparquetReader } from './readers.ts';

let folder: string;
/** Of the test's file, which is no other test's: DuckDB keeps parts of what it has read. */
let path: string;
let duckdb: DuckDBConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquet-'));
  duckdb = await (await DuckDBInstance.create()).connect();
});
beforeEach(() => {
  path = join(folder, `${randomUUID()}.parquet`);
});
afterAll(async () => {
  duckdb.closeSync();
  await rm(folder, { recursive: true });
});

type Format = ReturnType<typeof outputFormat>;

function parquet(
  fields: readonly DestinationField[],
  compression?: 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP' | 'ZSTD',
): Format {
  return outputFormat({ fileType: 'PARQUET', fields, ...(compression && { compression }) });
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  return (await duckdb.runAndReadAll(sql.replaceAll('FILE', `'${path}'`))).getRowObjectsJson();
}

/** The number of data pages of each column chunk, by following the page headers. */
function dataPages(file: Uint8Array): number[] {
  const bytes = new Uint8Array(file).buffer;
  const chunks = parquetMetadata(bytes).row_groups.flatMap(({ columns }) => columns);
  return chunks.map(({ meta_data: chunk }) => {
    if (chunk === undefined) throw new Error('no metadata');
    const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
    const end = start + Number(chunk.total_compressed_size);
    let pages = 0;
    for (let at = start; at < end; ) {
      const reader = { view: new DataView(bytes, at), offset: 0 };
      const header = deserializeTCompactProtocol(reader);
      if (header.field_1 === 0) pages++;
      at += reader.offset + header.field_3;
    }
    return pages;
  });
}

describe('Parquet', () => {
  it.each(['UNCOMPRESSED', 'SNAPPY', 'GZIP'] as const)('gives back every row (%s)', async (compression) => {
    const fields = [
      ...fieldTypes.map((type) => field(type)),
      { name: 'micros', type: 'DateTime', fractionDigits: 6 } as const,
    ];
    const format = parquet(fields, compression);
    await fc.assert(
      fc.asyncProperty(fragmentsOf(fields), async (parts) => {
        const file = encode(format, parts);
        for (const { rows, form, exact = () => true } of [
          duckdbReader(duckdb, folder),
          hyparquetReader,
          arrowReader,
        ]) {
          const only = (row: readonly unknown[]): unknown[] =>
            row.filter((_, index) => exact(fields[index]?.type ?? 'String'));
          const given = parts.flat().map((row) => fields.map((one, index) => form(row[index] ?? null, one)));
          expect((await rows(file, fields)).map(only)).toEqual(given.map(only));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('keeps U+FEFF at the beginning of a text', async () => {
    await writeFile(path, encode(parquet([field('String', 's')]), [[['\ufeffa']]]));
    expect(await query('SELECT hex(encode(s)) AS s FROM FILE')).toEqual([{ s: 'EFBBBF61' }]);
  });

  it('says how each field is stored', async () => {
    const fields: DestinationField[] = [
      ...fieldTypes.map((type) => ({ name: type, type })),
      { name: 'money', type: 'BigDecimal', precision: 12, scale: 2 },
      { name: 'scaled', type: 'BigDecimal', scale: 4 },
      { name: 'huge', type: 'BigDecimal', precision: 39, scale: 2 },
      { name: 'unscaled', type: 'BigDecimal', precision: 5 },
      { name: 'count', type: 'BigInteger', precision: 20 },
      { name: 'micros', type: 'DateTime', fractionDigits: 6 },
    ];
    const format = parquet(fields);
    await writeFile(path, encode(format, [[fields.map(() => null)]]));
    const schema = await query(
      `SELECT name, type, type_length, repetition_type, converted_type, scale, "precision", logical_type
       FROM parquet_schema(FILE)`,
    );
    const stored = (name: string): unknown[] => {
      const element = schema.find((one) => one.name === name) ?? {};
      return ['type', 'type_length', 'converted_type', 'precision', 'scale', 'logical_type'].map(
        (key) => element[key],
      );
    };
    const text = ['BYTE_ARRAY', null, 'UTF8', null, null, 'StringType()'];
    const decimal = (precision: string, scale: string): unknown[] => [
      'FIXED_LEN_BYTE_ARRAY',
      '16',
      'DECIMAL',
      precision,
      scale,
      `DecimalType(scale=${scale}, precision=${precision})`,
    ];
    const bare = (type: string): unknown[] => [type, null, null, null, null, null];
    const timestamp = (unit: string): string =>
      `TimestampType(isAdjustedToUTC=1, unit=TimeUnit(MILLIS=${unit === 'MILLIS' ? 'MilliSeconds()' : '<null>'}, MICROS=${unit === 'MICROS' ? 'MicroSeconds()' : '<null>'}, NANOS=<null>))`;
    expect(Object.fromEntries(fields.map(({ name }) => [name, stored(name)]))).toEqual({
      String: text,
      Boolean: bare('BOOLEAN'),
      Short: bare('INT32'),
      Integer: bare('INT32'),
      Long: bare('INT64'),
      BigInteger: text,
      Float: bare('FLOAT'),
      Double: bare('DOUBLE'),
      BigDecimal: text,
      Date: ['INT32', null, 'DATE', null, null, 'DateType()'],
      DateTime: ['INT64', null, 'TIMESTAMP_MILLIS', null, null, timestamp('MILLIS')],
      Time: text,
      ByteArray: bare('BYTE_ARRAY'),
      Struct: text,
      List: text,
      Map: text,
      money: decimal('12', '2'),
      scaled: decimal('38', '4'),
      huge: text,
      unscaled: text,
      count: decimal('20', '0'),
      micros: ['INT64', null, 'TIMESTAMP_MICROS', null, null, timestamp('MICROS')],
    });
    expect(schema.slice(1).every((element) => element.repetition_type === 'OPTIONAL')).toBe(true);
  });

  it('keeps what other types would round', async () => {
    const fields: DestinationField[] = [
      { name: 'micros', type: 'DateTime', fractionDigits: 6 },
      { name: 'exact', type: 'BigDecimal' },
      { name: 'large', type: 'BigInteger' },
      { name: 'base64', type: 'ByteArray' },
      { name: 'nested', type: 'Struct' },
      { name: 'real', type: 'Double' },
      { name: 'single', type: 'Float' },
    ];
    const file = encode(parquet(fields), [
      [['9999-12-31T23:59:59.999999Z', '1.10', 10n ** 50n, '+/8', { n: 2n ** 64n }, Number.NaN, -Infinity]],
    ]);
    await writeFile(path, file);
    expect(
      await query(
        `SELECT epoch_us(micros) m, exact, large, hex(base64) b, nested, real::VARCHAR r, single::VARCHAR s FROM FILE`,
      ),
    ).toEqual([
      {
        m: '253402300799999999',
        exact: '1.10',
        large: '100000000000000000000000000000000000000000000000000',
        b: 'FBFF',
        nested: '{"n":18446744073709551616}',
        r: 'nan',
        s: '-inf',
      },
    ]);
  });

  it('writes exact bounds in the order of each type', async () => {
    const fields = [
      field('String', 's'),
      field('Long', 'l'),
      field('Double', 'd'),
      field('BigDecimal', 'b'),
      field('Boolean', 't'),
      field('Date', 'a'),
      field('String', 'long'),
      field('Integer', 'none'),
      field('Double', 'nan'),
    ];
    const long = 'x'.repeat(65);
    // 😀 comes after U+FFFD in UTF-8, before it in UTF-16.
    const rows: Row[] = [
      ['\ufffd', 5, Number.NaN, '-1.5', true, '1969-01-01', long, null, Number.NaN],
      ['😀', -(2n ** 63n), 0, '3', true, '2026-01-01', 'y', null, null],
      ['b', 2 ** 40, -2.5, '-20', true, '2000-01-01', 'z', null, null],
      [null, null, null, null, null, null, null, null, null],
    ];
    await writeFile(path, encode(parquet(fields), [rows]));
    const bounds = await query(
      `SELECT path_in_schema, stats_min_value, stats_max_value, stats_null_count::INT n FROM parquet_metadata(FILE)`,
    );
    expect(bounds.map(Object.values)).toEqual([
      ['s', 'b', '😀', 1],
      ['l', '-9223372036854775808', '1099511627776', 1],
      ['d', '-2.5', '0.0', 1],
      ['b', '-20.000000000', '3.000000000', 1],
      ['t', 'true', 'true', 1],
      ['a', '1969-01-01', '2026-01-01', 1],
      ['long', null, null, 1],
      ['none', null, null, 4],
      ['nan', null, null, 3],
    ]);
  });

  it('includes both zeroes in bounds of zero', () => {
    const bounds = (value: number): unknown => {
      const meta = parquetMetadata(new Uint8Array(encode(parquet([field('Double')]), [[[value]]])).buffer);
      const { min_value, max_value } = meta.row_groups[0]?.columns[0]?.meta_data?.statistics ?? {};
      return [min_value, max_value];
    };
    expect([bounds(0), bounds(-0), bounds(1)]).toEqual([
      [-0, 0],
      [-0, 0],
      [1, 1],
    ]);
  });

  it('uses a dictionary where it pays, and gives it up where it does not', async () => {
    const fields = ['few', 'many', 'turns', 'once'].map((name) => field('String', name));
    const word = 'a value of some length ';
    const rows = Array.from(
      { length: 30_000 },
      (_, n): Row => [
        word + (n % 300),
        word + n,
        // Worth a dictionary of a megabyte, until that is full.
        n < 20_000 ? word.repeat(30) + (n % 1000) : word.repeat(30) + n,
        n === 7 ? 'x' : null,
      ],
    );
    await writeFile(path, encode(parquet(fields), [rows]));
    const chunks = await query(
      `SELECT path_in_schema c, encodings, dictionary_page_offset IS NOT NULL d, stats_null_count::INT n,
         total_uncompressed_size::INT size FROM parquet_metadata(FILE)`,
    );
    const few = (30_000 * 9) / 8;
    expect(chunks).toMatchObject([
      { c: 'few', d: true, n: 0 },
      { c: 'many', d: false, n: 0 },
      { c: 'turns', d: true, n: 0 },
      { c: 'once', d: false, n: 29_999 },
    ]);
    const sizes = chunks.map(({ size }) => Number(size));
    expect(sizes[0]).toBeGreaterThan(few);
    expect(sizes[0]).toBeLessThan(few + 300 * 30 + 200);
    expect(sizes[1]).toBeGreaterThan(30_000 * (word.length + 8));
    expect(sizes[2]).toBeGreaterThan(10_000 * word.length * 30);
    expect(sizes[2]).toBeLessThan(12_000 * word.length * 31);
    expect(await duckdbReader(duckdb, folder).rows(encode(parquet(fields), [rows]), fields)).toEqual(rows);
  });

  it('splits large columns into pages', async () => {
    const fields = (['String', 'Long', 'Boolean', 'Integer', 'Time'] as const).map((type, n) =>
      field(type, 'slbit'[n]),
    );
    const rows = Array.from({ length: 300_000 }, (_, n): Row => {
      const unique = n % 7 === 0 ? null : `unique ${n * 7919}`;
      return [unique, n, n % 3 === 0, n < 299_999 ? null : 1, n < 200_000 ? null : '10:15:00'];
    });
    const format = parquet(fields);
    const encoder = format.encoder();
    for (const row of rows) encoder.append(row);
    const fragment = encoder.finish();
    if (fragment === undefined) throw new Error('no rows');
    await writeFile(path, object(format, [fragment]));
    const [sums] = await query(`SELECT count(*)::INT n, count(s)::INT s, sum(l)::BIGINT::VARCHAR l,
      count(*) FILTER (b)::INT b, sum(i)::INT i, count(t)::INT t, count(*) FILTER (s = 'unique ' || l * 7919)::INT same FROM FILE`);
    expect(sums).toEqual({
      n: 300_000,
      s: 257_142,
      l: '44999850000',
      b: 100_000,
      i: 1,
      t: 100_000,
      same: 257_142,
    });
    const read = await hyparquetReader.rows(object(format, [fragment]), fields);
    expect(read.slice(299_998)).toEqual([
      [`unique ${299_998 * 7919}`, 299_998n, false, null, '10:15:00'],
      [null, 299_999n, false, 1, '10:15:00'],
    ]);
    // A string's page is a megabyte of some 50,000 values; the other columns are cut after 131,072 rows.
    expect(dataPages(object(format, [fragment]))).toEqual([6, 3, 3, 3, 3]);
  });

  it('joins fragments of different processes into row groups', async () => {
    const format = parquet([field('String', 's')]);
    const parts = fragments(parquet([field('String', 's')]), [[['a'], [null]], [['b']], [[null]]]);
    await writeFile(path, object(format, parts));
    expect(await query('SELECT s FROM FILE')).toEqual([{ s: 'a' }, { s: null }, { s: 'b' }, { s: null }]);
    const groups = await query(
      `SELECT row_group_id::INT g, row_group_num_rows::INT n, stats_min_value mn, compression FROM parquet_metadata(FILE)`,
    );
    expect(groups).toEqual([
      { g: 0, n: 2, mn: 'a', compression: 'SNAPPY' },
      { g: 1, n: 1, mn: 'b', compression: 'SNAPPY' },
      { g: 2, n: 1, mn: null, compression: 'SNAPPY' },
    ]);
    const [created] = await query('SELECT created_by FROM parquet_file_metadata(FILE)');
    expect(created).toEqual({ created_by: `tributary version ${packageJson.version}` });
  });

  it.each([
    ['Date', '2026-02-30', 'a date as YYYY-MM-DD'],
    ['DateTime', '2026-02-03T10:15:00', 'an ISO 8601 date and time with Z or an offset'],
    ['ByteArray', 'not base64!', 'bytes or a base64 string'],
    ['BigDecimal', '0.0000000001', 'a number of 38 digits, 9 of them fraction digits, at most'],
  ] as const)('refuses a %s of %s', (type, value, expected) => {
    const message = `field "f": got the string "${value}"; expected ${expected}`;
    expect(() =>
      parquet([field(type, 'f')])
        .encoder()
        .append([value]),
    ).toThrow(message);
  });

  it('keeps nothing of a refused row', async () => {
    const fields = [field('String', 's'), field('Float', 'f')];
    const format = parquet(fields);
    const encoder = format.encoder();
    expect(() => encoder.append(['zzz', 1e39])).toThrow(
      'field "f": got the number 1e+39; expected a number of single precision, up to 3.4028235e38',
    );
    expect([encoder.rows, encoder.size, encoder.finish()]).toEqual([0, 0, undefined]);
    encoder.append(['b', 1]);
    const size = encoder.size;
    expect(() => encoder.append(['zzz', 'x'])).toThrow(RefusedValue);
    encoder.append(['a', null]);
    expect(encoder.size).toBe(size + 5 + 1 - 1);
    const fragment = encoder.finish();
    expect(fragment && object(format, [fragment])).toEqual(
      encode(format, [
        [
          ['b', 1],
          ['a', null],
        ],
      ]),
    );
  });

  it('gives the same bytes and sizes for the same rows, whatever came before', () => {
    const fields = fieldTypes.map((type) => field(type));
    const format = parquet(fields);
    const used = format.encoder();
    const trace = (encoder: typeof used, rows: readonly Row[]): unknown => {
      const sizes = rows.map((row) => {
        encoder.append(row);
        return encoder.size;
      });
      return { sizes, fragment: encoder.finish() };
    };
    fc.assert(
      fc.property(fragmentsOf(fields), (parts) => {
        for (const rows of parts) expect(trace(used, rows)).toEqual(trace(parquet(fields).encoder(), rows));
      }),
      { numRuns: 30 },
    );
  });

  it('takes little memory for partitions of few records', () => {
    const fields = Array.from({ length: 12 }, (_, index) => field('String', `s${index}`));
    const format = parquet(fields);
    collectGarbage();
    const before = usedMemory();
    const encoders = Array.from({ length: 2_000 }, () => format.encoder());
    for (const encoder of encoders) encoder.append(fields.map(({ name }) => `a value of ${name}`));
    collectGarbage();
    expect((usedMemory() - before) / encoders.length).toBeLessThan(12 * 400);
    expect(encoders.map(({ rows }) => rows)).toEqual(encoders.map(() => 1));
  });

  it('knows its size before compression', () => {
    const fields = [field('String', 's'), field('Long', 'l'), field('String', 'word')];
    const encoder = parquet(fields, 'UNCOMPRESSED').encoder();
    expect(encoder.size).toBe(0);
    for (let n = 0; n < 50_000; n++)
      encoder.append([`value ${n * 7919}`, n, ['New', 'Working', 'Old'][n % 3] ?? null]);
    const { size } = encoder;
    const actual = bytesOf(encoder.finish()).length;
    expect(Math.abs(size / actual - 1)).toBeLessThan(0.01);
    expect(encoder.size).toBe(0);
  });
});
