/** The records of output files, whoever wrote them: columns as JSON text. */

import type { Readable } from 'node:stream';
import { isLosslessNumber, parse, stringify } from 'lossless-json';
import { csvFormat } from '../../core/decode/csv.ts';
import { TributaryError } from '../../core/errors.ts';
import { linesOf } from '../lines.ts';
import { decodeSegment } from '../run/layout.ts';
import { compressors, parquetBuffer } from '../verify/count-parquet-records.ts';

export interface OutputFile {
  /** With its folders, whose `Field=value` are columns, too. */
  readonly name: string;
  readonly size: number;
  stream(): Promise<Readable>;
  /** Bytes [start, end). */
  read(start: number, end: number): Promise<Uint8Array>;
}

export type OutputRecord = Readonly<Record<string, string>>;

export interface OutputKind {
  readonly fileType: 'CSV' | 'JSON' | 'PARQUET';
  /** Fields of the folders; files may lack them. */
  readonly partitionFields: readonly string[];
}

/** @throws SourceDataInvalid for a file that is none of the type */
export async function* readRecords(file: OutputFile, kind: OutputKind): AsyncGenerator<OutputRecord> {
  const inFolders = folderValues(file.name, kind.partitionFields);
  const readers = { CSV: csvRecords, JSON: jsonRecords, PARQUET: parquetRecords };
  for await (const record of readers[kind.fileType](file)) yield { ...inFolders, ...record };
}

function folderValues(name: string, fields: readonly string[]): OutputRecord {
  const pairs = name.split('/').flatMap((folder) => {
    const at = folder.indexOf('=');
    const field = decodeSegment(folder.slice(0, at));
    if (at < 0 || !fields.includes(field)) return [];
    const value = decodeSegment(folder.slice(at + 1));
    return [[field, value === 'null' ? 'null' : JSON.stringify(value)]];
  });
  return Object.fromEntries(pairs);
}

async function* jsonRecords(file: OutputFile): AsyncGenerator<OutputRecord> {
  let number = 0;
  for await (const line of linesOf(await file.stream())) {
    number += 1;
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      // Digits as they are: a double would hide the difference of two long numbers.
      value = parse(line);
    } catch {
      value = undefined;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value) || isLosslessNumber(value)) {
      throw new TributaryError('SourceDataInvalid', 'not a line of JSON Lines', {
        at: `${file.name} line ${number}`,
      });
    }
    yield Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, stringify(member) ?? 'null']),
    );
  }
}

async function* csvRecords(file: OutputFile): AsyncGenerator<OutputRecord> {
  const format = csvFormat(['*']);
  let bytes = Buffer.alloc(0);
  let decode: NonNullable<ReturnType<typeof format.begin>>['decode'] | undefined;
  let line = 1;
  async function* chunks(): AsyncGenerator<{ chunk: Buffer; ended: boolean }> {
    for await (const chunk of await file.stream())
      yield { chunk: Buffer.from(chunk as Uint8Array), ended: false };
    yield { chunk: Buffer.alloc(0), ended: true };
  }
  for await (const { chunk, ended } of chunks()) {
    bytes = Buffer.concat([bytes, chunk]);
    if (!decode) {
      const prologue = format.begin(bytes, ended, file.name);
      if (!prologue) continue;
      decode = prologue.decode;
      line += prologue.lines;
      bytes = bytes.subarray(prologue.used);
    }
    const { rows, used, lines } = decode(bytes, ended, line, Number.POSITIVE_INFINITY);
    line += lines;
    bytes = bytes.subarray(used);
    for (const [record] of rows) {
      yield Object.fromEntries(
        Object.entries(record as Record<string, string | null>).map(([name, value]) => [
          name,
          JSON.stringify(value),
        ]),
      );
    }
  }
}

/** A row group at a time. */
async function* parquetRecords(file: OutputFile): AsyncGenerator<OutputRecord> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const buffer = parquetBuffer(file.size, (start, end) => file.read(start, end));
  const metadata = await parquetMetadataAsync(buffer).catch((cause: unknown) => {
    throw new TributaryError('SourceDataInvalid', 'not a Parquet file', { at: file.name, cause });
  });
  let rowStart = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const rowEnd = rowStart + Number(count);
    const rows = await parquetReadObjects({ file: buffer, metadata, compressors, parsers, rowStart, rowEnd });
    for (const row of rows) {
      yield Object.fromEntries(Object.entries(row).map(([name, value]) => [name, parquetText(value)]));
    }
    rowStart = rowEnd;
  }
}

/** Times as text to the microsecond, which a Date has not. */
const parsers = {
  timestampFromMicroseconds(micros: bigint): string {
    const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
    const seconds = new Date(Number((micros - fraction) / 1000n)).toISOString().slice(0, 19);
    return `${seconds}.${String(fraction).padStart(6, '0')}Z`;
  },
  dateFromDays: (days: number): string => new Date(days * 86_400_000).toISOString().slice(0, 10),
};

function parquetText(value: unknown): string {
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  return stringify(value ?? null) ?? 'null';
}
