import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DestinationField, Row, Value } from '../../../../core/records.ts';
import { fieldTypes } from '../../../../core/records.ts';
import { codecOf } from '../../../../engine/encode/parquet/compression.ts';
import { parquet } from '../../../../engine/encode/parquet/parquet.ts';
import { encode, field, object } from '../rows.ts';
import { arrowReader, duckdbReader, hyparquetReader, type ParquetReader } from './readers.ts';

let folder: string;
let duckdb: DuckDBConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquet-'));
  duckdb = await (await DuckDBInstance.create()).connect();
});
afterAll(async () => {
  duckdb.closeSync();
  await rm(folder, { recursive: true });
});

const readers: Record<string, () => ParquetReader> = {
  DuckDB: () => duckdbReader(duckdb, folder),
  hyparquet: () => hyparquetReader,
  'Arrow in Rust': () => arrowReader,
};

const uncompressed = codecOf('UNCOMPRESSED');

async function expectRead(
  { rows, form, exact = () => true }: ParquetReader,
  fields: readonly DestinationField[],
  parts: readonly Row[][],
  codec = codecOf('SNAPPY'),
): Promise<void> {
  const only = fields.map(({ type }) => exact(type));
  const kept = (row: readonly unknown[]): unknown[] => row.filter((_, index) => only[index]);
  const given = parts.flat().map((row) => fields.map((one, index) => form(row[index] ?? null, one)));
  const read = await rows(encode(parquet(fields, codec), parts), fields);
  expect(read.map(kept)).toEqual(given.map(kept));
}

describe.each(Object.entries(readers))('%s reads', (_, reader) => {
  it('a file without a row group', async () => {
    const fields = fieldTypes.map((type) => field(type));
    expect(await reader().rows(object(parquet(fields, uncompressed), []), fields)).toEqual([]);
  });

  it('one row, and row groups of nothing but nulls around it', async () => {
    const fields = fieldTypes.map((type) => field(type));
    const nulls = [fields.map((): Value => null)];
    const one: Row = [
      ['a', true, 1, 2, 3, 4n, 0.5, 0.25, '5.000000000', '2026-01-02', '2026-01-02T03:04:05Z', '06:07:08'],
      [Uint8Array.of(9), { a: 1 }, [1], { b: 2 }],
    ].flat(1) as Value[];
    await expectRead(reader(), fields, [[one]]);
    await expectRead(reader(), fields, [nulls, [one], [...nulls, ...nulls]]);
  });

  it('2,000 columns', async () => {
    const fields = Array.from({ length: 2000 }, (_, n) =>
      field(n % 2 === 0 ? 'String' : 'Double', `column ${n}`),
    );
    const rows = [0, 1, 2].map((row) =>
      fields.map((_, n): Value => (n % 5 === row ? null : n % 2 === 0 ? `v${n}` : n / 4)),
    );
    await expectRead(reader(), fields, [rows.slice(0, 2), rows.slice(2)]);
  });

  it('text of every Unicode plane, in values and in names', async () => {
    const planes = Array.from({ length: 17 }, (_, plane) => {
      // The surrogates, in plane 0, are no characters.
      const points = Array.from({ length: 256 }, (_, n) => plane * 0x10000 + n * 257).filter(
        (point) => point < 0xd800 || point > 0xdfff,
      );
      return String.fromCodePoint(...points);
    });
    const fields = [field('String', 'ключ 鍵 🔑'), field('String', 'b')];
    const rows = planes.map((text, n): Row => [text, planes[16 - n] ?? null]);
    await expectRead(reader(), fields, [rows, rows.slice(0, 1)]);
  });

  it('extreme numbers and times', async () => {
    const fields: DestinationField[] = [
      field('Short', 'short'),
      field('Integer', 'integer'),
      field('Long', 'long'),
      field('BigInteger', 'big'),
      field('BigDecimal', 'decimal'),
      field('Float', 'float'),
      field('Double', 'double'),
      field('Date', 'date'),
      field('DateTime', 'time'),
    ];
    const digits = (count: number): string => '9'.repeat(count);
    const least: Row = [
      ...[-32768, -2147483648, -(2n ** 63n), -(10n ** 38n) + 1n, `-${digits(29)}.${digits(9)}`],
      ...[-3.4028234663852886e38, -1.7976931348623157e308, '0001-01-01', '0001-01-01T00:00:00Z'],
    ];
    const most: Row = [
      ...[32767, 2147483647, 2n ** 63n - 1n, 10n ** 38n - 1n, `${digits(29)}.${digits(9)}`],
      ...[3.4028234663852886e38, 1.7976931348623157e308, '9999-12-31', '9999-12-31T23:59:59.999Z'],
    ];
    const small: Row = [
      ...[0, 0, 2n ** 53n + 1n, 0n, '-0.000000001', 1.401298464324817e-45, 5e-324],
      ...['1970-01-01', '1969-12-31T23:59:59.999Z'],
    ];
    const odd: Row = [
      ...[-1, -1, -1n, -1n, '0.000000001', Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
      ...['1969-12-31', '1970-01-01T00:00:00Z'],
    ];
    const none: Row = [null, null, null, null, null, Number.NaN, Number.NaN, null, null];
    await expectRead(reader(), fields, [[least, most], [small], [odd, none]]);
  });
});

describe('ZSTD', () => {
  const fields = [field('String', 's'), field('Long', 'n')];
  const rows: Row[] = [
    ['a', 1],
    [null, 2],
    ['😀'.repeat(40_000), null],
  ];

  it('is what Node.js has, where it has it', async () => {
    const pages: Uint8Array[] = [];
    const codec = codecOf('ZSTD', {
      zstdCompressSync(page) {
        pages.push(page);
        return storedFrame(page);
      },
    });
    await expectRead(readers.DuckDB?.() ?? arrowReader, fields, [rows], codec);
    await expectRead(arrowReader, fields, [rows], codec);
    expect(pages).not.toEqual([]);
  });

  it('is refused where Node.js does not have it', () => {
    expect(() => codecOf('ZSTD', {})).toThrow(
      `Parquet cannot be compressed with ZSTD here; got Node.js ${process.version}; expected Node.js 22.15 or later; use SNAPPY or GZIP, or a newer Node.js`,
    );
  });
});

/** A frame of blocks that are not compressed: https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1 */
function storedFrame(content: Uint8Array): Uint8Array {
  const longestBlock = 128 * 1024;
  const head = Buffer.alloc(9);
  head.writeUInt32LE(0xfd2fb528);
  head[4] = 0xa0; // One segment, its size in four bytes.
  head.writeUInt32LE(content.length, 5);
  const blocks = [];
  for (let start = 0; start === 0 || start < content.length; start += longestBlock) {
    const block = content.subarray(start, start + longestBlock);
    const last = start + longestBlock >= content.length;
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | (last ? 1 : 0), 0, 3);
    blocks.push(header, block);
  }
  return Buffer.concat([head, ...blocks]);
}
