/** The rows of a page, from when they come until the page is read. */

import type { Page, Row } from '#core';
import { findValues } from './data-rows.ts';
import type { Connection, RawRow } from './dialect.ts';
import { rowScanner } from './scan-rows.ts';
import type { Selection, Statement } from './selection.ts';

export interface KeptRows {
  readonly count: number;
  /** Of their values. */
  readonly bytes: number;
  /** Whether the statement had further rows. */
  readonly more: boolean;
  /** Whether a row, the first further one as well, has the place of the one before; looked for where it was asked for. */
  readonly repeats: boolean;
  /** Of the last one, as `Selection.placeOf`. */
  lastPlace(): string[];
  /** Once, before another page is asked for; the records are valid until another page's are. */
  records(): Pick<Page, 'rows' | 'scanned'>;
}

/** What of a statement's rows is the page. */
export interface PageLimits {
  readonly rows: number;
  /** Of values: beyond, there is no further row. */
  readonly bytes: number;
  /** Whether to look for rows in the same place. */
  readonly checked: boolean;
}

/** @param at what errors name as their place */
export type RowKeeper = (statement: Statement, limits: PageLimits, at: string) => Promise<KeptRows>;

/** @param longest bytes that a row may have, where the connection can tell before it has come */
export function rowKeeper(connection: Connection, selection: Selection, longest: number): RowKeeper {
  const { queryWire } = connection;
  const { scannedFields, columns, placeOf } = selection;
  if (!queryWire || !scannedFields) return keeperOfTexts(connection, selection);
  const scan = rowScanner(columns.length, scannedFields);
  const begins = new Int32Array(columns.length);
  const lengths = new Int32Array(columns.length);

  function placeAt(bytes: Buffer, start: number): string[] {
    findValues(bytes, start, begins, lengths);
    const texts = columns.map((_, column) => {
      const [begin = 0, length = -1] = [begins[column], lengths[column]];
      return length < 0 ? null : bytes.toString('utf8', begin, begin + length);
    });
    return placeOf(texts);
  }

  function* places(bytes: Buffer, count: number): Generator<string[]> {
    for (let row = 0, at = 0; row < count; row++) {
      yield placeAt(bytes, at);
      at = findValues(bytes, at, begins, lengths);
    }
  }

  return async ({ sql, values }, { rows, bytes, checked }, at) => {
    const wanted = { columns: columns.length, rows, bytes, longest };
    const wire = await queryWire(sql, values, wanted, at);
    return {
      count: wire.count,
      bytes: wire.valueBytes,
      more: wire.more,
      repeats: checked && anyRepeats(places(wire.bytes, wire.count + Number(wire.more))),
      lastPlace: () => placeAt(wire.bytes, wire.last),
      records: () => scan(wire.bytes.subarray(0, wire.end), wire.count),
    };
  };
}

function anyRepeats(places: Iterable<readonly string[]>): boolean {
  let before: readonly string[] | undefined;
  for (const place of places) {
    if (before && samePlace(before, place)) return true;
    before = place;
  }
  return false;
}

const samePlace = (a: readonly string[], b: readonly string[]): boolean =>
  a.every((value, i) => value === b[i]);

function keeperOfTexts(connection: Connection, { toRow, placeOf }: Selection): RowKeeper {
  return async ({ sql, values }, limits, at) => {
    const rows: Row[] = [];
    let last: RawRow = [];
    let bytes = 0;
    let more = false;
    let repeats = false;
    await connection.query(
      sql,
      values,
      (raw) => {
        if (more) return;
        if (limits.checked && rows.length > 0) repeats ||= samePlace(placeOf(raw), placeOf(last));
        more = rows.length === limits.rows || bytes > limits.bytes;
        if (more) return;
        rows.push(toRow(raw));
        last = raw;
        bytes += bytesOf(raw);
      },
      at,
    );
    return {
      count: rows.length,
      bytes,
      more,
      repeats,
      lastPlace: () => placeOf(last),
      records: () => ({ rows }),
    };
  };
}

/** Numbers count as eight bytes. */
function bytesOf(raw: RawRow): number {
  let bytes = 0;
  for (const value of raw) bytes += typeof value === 'number' ? 8 : (value?.length ?? 0);
  return bytes;
}
