/** Scans CSV, sixteen bytes at a time, as core/decode/csv.ts describes it; core/decode/csv-scanner.ts lays out the memory. */

import { ascii, begin, cellBytes, escaped, nullKind, passRecord, putCell, records, utf8 } from './cells';

const quote: u8 = 0x22;
const comma: u8 = 0x2c;
const lineFeed: u8 = 0x0a;
const carriageReturn: u8 = 0x0d;

/** Of the bytes passed last: whether one is beyond ASCII, line ends among them, a quote that stands for itself. */
let high: i32 = 0;
let lineEnds: i32 = 0;
let doubled: bool = false;

/**
 * Reads the records in [start, end), of each the columns that `slots` (an int for each of `columns`) gives a place among
 * the record's `cells`, until `limit` records are read or one comes that is broken, has other columns or is not complete.
 *
 * @param terminator the last byte of a line's end
 * @returns where it stopped: at the beginning of a record
 */
export function scanCsv(
  slots: usize,
  columns: i32,
  recordCells: i32,
  terminator: i32,
  start: usize,
  end: usize,
  limit: i32,
  cells: usize,
): usize {
  let record = start;
  let to = cells;
  begin();
  while (record < end && records < limit) {
    const next = readRecord(slots, columns, <u8>terminator, record, end, to);
    if (next === 0) return record;
    record = next;
    to += <usize>recordCells * cellBytes;
    passRecord(lineEnds);
  }
  return record;
}

/** @returns where the next record begins, or 0 */
function readRecord(
  slots: usize,
  columns: i32,
  terminator: u8,
  start: usize,
  end: usize,
  cells: usize,
): usize {
  let at = start;
  lineEnds = 0;
  for (let column = 0; column < columns; column++) {
    const quoted = load<u8>(at) === quote;
    const from = quoted ? at + 1 : at;
    high = 0;
    doubled = false;
    let to = quoted ? quotedEnd(from, end, terminator) : plainEnd(from, end, terminator);
    if (to >= end) return 0;
    at = quoted ? to + 1 : to;
    if (terminator === lineFeed) {
      if (quoted) {
        if (load<u8>(at) === carriageReturn && load<u8>(at + 1) === lineFeed) at++;
      } else if (load<u8>(at) === lineFeed && to > from && load<u8>(to - 1) === carriageReturn) to--;
    }
    if (at >= end) return 0;
    const follows = load<u8>(at++);
    if (follows !== (column + 1 < columns ? comma : terminator)) return 0;
    const slot = load<i32>(slots + ((<usize>column) << 2));
    if (slot >= 0) {
      const known = from === to && !quoted ? nullKind : doubled ? escaped : high !== 0 ? utf8 : ascii;
      putCell(cells + <usize>slot * cellBytes, from, to - from, known);
    }
  }
  lineEnds++;
  return at;
}

/** Where the field that begins at `start` meets a comma or the line's end; `end` or beyond if it does not. */
function plainEnd(start: usize, end: usize, terminator: u8): usize {
  const commas = i8x16.splat(comma);
  const terminators = i8x16.splat(terminator);
  for (let at = start; at < end; at += 16) {
    const bytes = v128.load(at);
    const ends = i8x16.bitmask(v128.or(i8x16.eq(bytes, commas), i8x16.eq(bytes, terminators)));
    const beyondAscii = i8x16.bitmask(bytes);
    if (ends !== 0) {
      high |= beyondAscii & ((ends & -ends) - 1);
      return at + ctz(ends);
    }
    high |= beyondAscii;
  }
  return end;
}

/** Where the quote is that closes a field whose content begins at `start`; `end` or beyond if there is none. */
function quotedEnd(start: usize, end: usize, terminator: u8): usize {
  const quotes = i8x16.splat(quote);
  const terminators = i8x16.splat(terminator);
  let at = start;
  while (at < end) {
    const bytes = v128.load(at);
    const ends = i8x16.bitmask(i8x16.eq(bytes, quotes));
    const before = ends === 0 ? 0xffff : (ends & -ends) - 1;
    high |= i8x16.bitmask(bytes) & before;
    lineEnds += popcnt(i8x16.bitmask(i8x16.eq(bytes, terminators)) & before);
    if (ends === 0) {
      at += 16;
      continue;
    }
    at += ctz(ends);
    if (load<u8>(at + 1) !== quote) return at;
    doubled = true;
    at += 2;
  }
  return end;
}
