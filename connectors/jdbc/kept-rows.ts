/** The rows of a page, from when they come until the page is read. */

import type { Page, Row } from '#core';
import { findValues, valueBytesOf } from './data-rows.ts';
import type { Connection, RawRow, WireRow } from './dialect.ts';
import { rowScanner } from './scan-rows.ts';
import type { Selection, Statement } from './selection.ts';

export interface KeptRows {
  readonly count: number;
  /** Of their values. */
  readonly bytes: number;
  /** Of the last one, as `Selection.placeOf`. */
  lastPlace(): string[];
  /** Once; the records are valid until another page's are asked for. */
  records(): Pick<Page, 'rows' | 'scanned'>;
}

/** Of a row that comes: whether it is the page's. */
export type Admits = (kept: KeptRows, place: () => string[]) => boolean;

/** @param at what errors name as their place */
export type RowKeeper = (statement: Statement, admits: Admits, at: string) => Promise<KeptRows>;

/** @param longest bytes that a row may have, where the connection can tell before it has come */
export function rowKeeper(connection: Connection, selection: Selection, longest: number): RowKeeper {
  const { queryWire } = connection;
  const { scannedFields, columns, placeOf } = selection;
  if (!queryWire || !scannedFields) return keeperOfTexts(connection, selection);
  const scan = rowScanner(columns.length, scannedFields);
  const begins = new Int32Array(columns.length);
  const lengths = new Int32Array(columns.length);
  /** The next page's memory: when a page is scanned, its rows are copied from it. */
  let spare: Buffer = Buffer.alloc(2 ** 16);

  function placeAt(bytes: Buffer, start: number): string[] {
    findValues(bytes, start, begins, lengths);
    const texts = columns.map((_, column) => {
      const [begin = 0, length = -1] = [begins[column], lengths[column]];
      return length < 0 ? null : bytes.toString('utf8', begin, begin + length);
    });
    return placeOf(texts);
  }

  return async ({ sql, values }, admits, at) => {
    let memory = spare;
    spare = Buffer.alloc(0);
    let length = 0;
    /** The rows kept last, which came together: they are copied together. */
    let run = { bytes: memory, start: 0, end: 0 };
    let last = 0;
    let coming: WireRow = run;
    const place = () => placeAt(coming.bytes, coming.start);

    function copyRun(): void {
      const end = length + run.end - run.start;
      if (end > memory.length) {
        const grown = Buffer.allocUnsafe(Math.max(2 * memory.length, end));
        memory.copy(grown, 0, 0, length);
        memory = grown;
      }
      run.bytes.copy(memory, length, run.start, run.end);
      length = end;
      run.start = run.end;
    }

    const kept = {
      count: 0,
      bytes: 0,
      lastPlace: () => placeAt(run.bytes, last),
      records() {
        copyRun();
        const page = scan(memory.subarray(0, length), kept.count);
        spare = memory;
        return page;
      },
    };
    await queryWire(
      sql,
      values,
      (row) => {
        coming = row;
        if (!admits(kept, place)) return;
        const { bytes, start, end } = row;
        if (bytes !== run.bytes || start !== run.end) {
          copyRun();
          run = { bytes, start, end };
        }
        run.end = end;
        last = start;
        kept.count++;
        kept.bytes += valueBytesOf(row, columns.length);
      },
      at,
      longest,
    );
    return kept;
  };
}

function keeperOfTexts(connection: Connection, { toRow, placeOf }: Selection): RowKeeper {
  return async ({ sql, values }, admits, at) => {
    const rows: Row[] = [];
    let last: RawRow = [];
    const kept = { count: 0, bytes: 0, lastPlace: () => placeOf(last), records: () => ({ rows }) };
    await connection.query(
      sql,
      values,
      (raw) => {
        if (!admits(kept, () => placeOf(raw))) return;
        rows.push(toRow(raw));
        last = raw;
        kept.count++;
        kept.bytes += bytesOf(raw);
      },
      at,
    );
    return kept;
  };
}

/** Numbers count as eight bytes. */
function bytesOf(raw: RawRow): number {
  let bytes = 0;
  for (const value of raw) bytes += typeof value === 'number' ? 8 : (value?.length ?? 0);
  return bytes;
}
