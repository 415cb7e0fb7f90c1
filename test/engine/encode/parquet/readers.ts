/** Parquet files as three implementations read them that have no code in common: DuckDB's, hyparquet's, and Arrow's in Rust. */

import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type DataType, Type, tableFromIPC, type Vector } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { readParquet } from 'parquet-wasm';
import type { DestinationField, FieldType, Value } from '../../../../core/records.ts';

export interface ParquetReader {
  rows(file: Uint8Array, fields: readonly DestinationField[]): Promise<unknown[][]>;
  /** What `rows` has where this value was written. */
  form(value: Value, field: DestinationField): unknown;
  /** Types of which it says exactly what is in the file. Default: all. */
  readonly exact?: (type: FieldType) => boolean;
}

/** Of whole numbers, times and dates their text, of decimals too. @param folder where it may put the file */
export function duckdbReader(duckdb: DuckDBConnection, folder: string): ParquetReader {
  return {
    async rows(file, fields) {
      // Never a path twice: DuckDB keeps parts of files, and was seen to take those of a file that had been written over.
      const path = join(folder, `${randomUUID()}.parquet`);
      await writeFile(path, file);
      const sql = `SELECT ${fields.map(expression).join(', ')} FROM '${path}'`;
      const rows = (await duckdb.runAndReadAll(sql)).getRowsJson();
      await rm(path);
      return rows;
    },
    form(value, { type }) {
      if (value === null || typeof value === 'string')
        return type === 'DateTime' && value ? `${Date.parse(value)}` : value;
      if (value instanceof Uint8Array) return Buffer.from(value).toString('hex').toUpperCase();
      if (typeof value === 'object') return JSON.stringify(value);
      return typeof value === 'number' && isReal(type) && Number.isFinite(value) ? value : String(value);
    },
  };
}

const isReal = (type: FieldType): boolean => type === 'Double' || type === 'Float';

function expression({ name, type }: DestinationField): string {
  const column = `"${name.replaceAll('"', '""')}"`;
  if (type === 'DateTime') return `epoch_ms(${column})::VARCHAR`;
  if (type === 'ByteArray') return `hex(${column})`;
  return isReal(type) ? column : `${column}::VARCHAR`;
}

/** Dates and times as `Date`. It reads decimals as doubles, and bytes as text. */
export const hyparquetReader: ParquetReader = {
  async rows(file, fields) {
    const records = await parquetReadObjects({
      file: new Uint8Array(file).buffer,
      compressors: { GZIP: (input) => zlib.gunzipSync(input) },
    });
    return records.map((record) => fields.map(({ name }) => record[name] ?? null));
  },
  form(value, { type }) {
    if (value === null) return null;
    if (type === 'Long') return BigInt(value as number | bigint);
    if (type === 'Date' || type === 'DateTime') return new Date(String(value));
    return typeof value === 'object' ? JSON.stringify(value) : value;
  },
  exact: (type) => !['BigDecimal', 'BigInteger', 'ByteArray'].includes(type),
};

/** Dates, times and decimals as the integers that they are stored as. */
export const arrowReader: ParquetReader = {
  async rows(file, fields) {
    const table = tableFromIPC(readParquet(file).intoIPCStream());
    const columns = fields.map(({ name }) => {
      const column = table.getChild(name);
      if (column === null) throw new Error(`no column ${name}`);
      return arrowValues(column);
    });
    return Array.from({ length: table.numRows }, (_, row) => columns.map((column) => column[row]));
  },
  form(value, { type, scale, fractionDigits = 3 }) {
    if (value === null) return null;
    switch (type) {
      case 'Long':
        return BigInt(value as number | bigint);
      case 'BigInteger':
      case 'BigDecimal':
        return BigInt(Number(scale) > 0 ? String(value).replace('.', '') : String(value));
      case 'Date':
        return Date.parse(String(value)) / 86_400_000;
      case 'DateTime':
        return BigInt(Date.parse(String(value))) * 10n ** BigInt(fractionDigits - 3);
      default:
        return value instanceof Uint8Array || typeof value !== 'object' ? value : JSON.stringify(value);
    }
  },
};

function arrowValues(column: Vector<DataType>): unknown[] {
  const { typeId } = column.type;
  if (typeId === Type.Timestamp || typeId === Type.Date) {
    // `get` makes doubles of them, which hold microseconds no further than the year 2255.
    return column.data.flatMap((data) =>
      Array.from(data.values as ArrayLike<unknown>, (value, index) => (data.getValid(index) ? value : null)),
    );
  }
  return Array.from({ length: column.length }, (_, index) => {
    const value: unknown = column.get(index);
    return typeId === Type.Decimal && value ? signed128(value as Uint32Array) : value;
  });
}

/** @param words four, the least first */
export function signed128(words: Uint32Array): bigint {
  return BigInt.asIntN(
    128,
    words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n),
  );
}
