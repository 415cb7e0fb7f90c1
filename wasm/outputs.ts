/**
 * What vectors (vectors.ts) become in files. A list of *positions* says which of their cells, and in which order; they are not
 * open, and their kinds are those that the column wants.
 */

import { cellBytes, nullKind, trueKind } from './cells';
import { copyText } from './texts';

const quote: u8 = 0x22;
const comma: u8 = 0x2c;
const backslash: u8 = 0x5c;
const lineFeed: u8 = 0x0a;
const carriageReturn: u8 = 0x0d;

// How a column's numbers are stored.
const int32: i32 = 0;
const int64: i32 = 1;
const float: i32 = 2;

/** The least and the greatest value packed last; the least is the greater one if there was none. */
export let least: f64 = 0;
export let greatest: f64 = 0;
/** Whether a value in the last lines has a line feed. */
export let lineBreaks: bool = false;

function cellAt(vector: usize, positions: usize, index: i32): usize {
  return vector + <usize>load<i32>(positions + ((<usize>index) << 2)) * cellBytes;
}

/** Writes a byte for each cell, 0 for null and 1 for a value. @returns how many are null */
export function putLevels(vector: usize, positions: usize, count: i32, to: usize): i32 {
  let nulls = 0;
  for (let index = 0; index < count; index++) {
    const isNull = (load<i32>(cellAt(vector, positions, index), 4) & 15) === nullKind;
    store<u8>(to + <usize>index, isNull ? 0 : 1);
    if (isNull) nulls++;
  }
  return nulls;
}

/** @returns the bytes of their texts */
export function textBytes(vector: usize, positions: usize, count: i32): i32 {
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    const place = load<i32>(cellAt(vector, positions, index), 4);
    if ((place & 15) !== nullKind) bytes += place >>> 4;
  }
  return bytes;
}

/** Writes the numbers one after the other. @returns where they end */
export function packNumbers(vector: usize, positions: usize, count: i32, type: i32, to: usize): usize {
  least = Infinity;
  greatest = -Infinity;
  for (let index = 0; index < count; index++) {
    const cell = cellAt(vector, positions, index);
    if ((load<i32>(cell, 4) & 15) === nullKind) continue;
    let number = load<f64>(cell, 8);
    if (type === int32) {
      store<i32>(to, <i32>number);
      to += 4;
    } else if (type === int64) {
      store<i64>(to, <i64>number);
      to += 8;
    } else if (type === float) {
      store<f32>(to, <f32>number);
      number = <f64>(<f32>number);
      to += 4;
    } else {
      store<f64>(to, number);
      to += 8;
    }
    if (number < least) least = number;
    if (number > greatest) greatest = number;
  }
  return to;
}

/** Writes the texts one after the other, each behind its length. @returns where they end */
export function packTexts(vector: usize, positions: usize, count: i32, to: usize): usize {
  for (let index = 0; index < count; index++) {
    const cell = cellAt(vector, positions, index);
    const place = load<i32>(cell, 4);
    if ((place & 15) === nullKind) continue;
    const length = <usize>(place >>> 4);
    store<i32>(to, <i32>length);
    to = copyText(load<i32>(cell), length, to + 4);
  }
  return to;
}

/** Writes a byte for each value, 1 for true, and sets `least` and `greatest` to match. @returns where they end */
export function packBooleans(vector: usize, positions: usize, count: i32, to: usize): usize {
  least = Infinity;
  greatest = -Infinity;
  for (let index = 0; index < count; index++) {
    const kind = load<i32>(cellAt(vector, positions, index), 4) & 15;
    if (kind === nullKind) continue;
    const bit = kind === trueKind ? 1 : 0;
    store<u8>(to++, <u8>bit);
    if (<f64>bit < least) least = <f64>bit;
    if (<f64>bit > greatest) greatest = <f64>bit;
  }
  return to;
}

// Lines. A *line column* is 16 bytes: its vector, what stands before a value (where it lies, its length), and 1 if its texts are
// quoted.

/** Writes the records as lines of JSON. @returns where they end */
export function putJsonLines(
  columns: usize,
  columnCount: i32,
  positions: usize,
  count: i32,
  to: usize,
): usize {
  for (let index = 0; index < count; index++) {
    const offset = <usize>load<i32>(positions + ((<usize>index) << 2)) * cellBytes;
    let column = columns;
    for (let left = columnCount; left > 0; left--, column += 16) {
      const cell = <usize>load<i32>(column) + offset;
      to = copyText(load<i32>(column, 4), load<i32>(column, 8), to);
      const place = load<i32>(cell, 4);
      if ((place & 15) === nullKind) {
        store<u32>(to, 0x6c6c756e);
        to += 4;
        continue;
      }
      const start = <usize>load<i32>(cell);
      const length = <usize>(place >>> 4);
      if (load<i32>(column, 12) === 0) to = copyText(start, length, to);
      else {
        store<u8>(to++, quote);
        to = putEscaped(start, start + length, to);
        store<u8>(to++, quote);
      }
    }
    store<u16>(to, 0x0a7d);
    to += 2;
  }
  return to;
}

function putEscaped(start: usize, end: usize, to: usize): usize {
  const quotes = i8x16.splat(quote);
  const backslashes = i8x16.splat(backslash);
  const blanks = i8x16.splat(0x20);
  let at = start;
  while (at < end) {
    const bytes = v128.load(at);
    v128.store(to, bytes);
    const special = i8x16.bitmask(
      v128.or(v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes)), i8x16.lt_u(bytes, blanks)),
    );
    const plain = min<usize>(special === 0 ? 16 : ctz(special), end - at);
    at += plain;
    to += plain;
    if (at < end && special !== 0) to = putEscape(load<u8>(at++), to);
  }
  return to;
}

/** As JSON.stringify writes it. */
function putEscape(byte: u8, to: usize): usize {
  store<u8>(to, backslash);
  let letter: u8 = 0;
  if (byte === quote || byte === backslash) letter = byte;
  else if (byte === 0x0a) letter = 0x6e;
  else if (byte === 0x0d) letter = 0x72;
  else if (byte === 0x09) letter = 0x74;
  else if (byte === 0x08) letter = 0x62;
  else if (byte === 0x0c) letter = 0x66;
  if (letter !== 0) {
    store<u8>(to, letter, 1);
    return to + 2;
  }
  // u00
  store<u8>(to, 0x75, 1);
  store<u16>(to, 0x3030, 2);
  const low = byte & 15;
  store<u8>(to, byte >> 4, 4);
  store<u8>(to, load<u8>(to, 4) + 0x30, 4);
  store<u8>(to, low < 10 ? low + 0x30 : low + 0x57, 5);
  return to + 6;
}

/** Writes the records as lines of CSV. @returns where they end */
export function putCsvLines(
  columns: usize,
  columnCount: i32,
  positions: usize,
  count: i32,
  to: usize,
): usize {
  lineBreaks = false;
  for (let index = 0; index < count; index++) {
    const offset = <usize>load<i32>(positions + ((<usize>index) << 2)) * cellBytes;
    const line = to;
    let column = columns;
    for (let left = columnCount; left > 0; left--, column += 16) {
      if (column !== columns) store<u8>(to++, comma);
      const cell = <usize>load<i32>(column) + offset;
      const place = load<i32>(cell, 4);
      if ((place & 15) === nullKind) continue;
      const start = <usize>load<i32>(cell);
      const length = <usize>(place >>> 4);
      to = load<i32>(column, 12) === 0 ? copyText(start, length, to) : putQuoted(start, start + length, to);
    }
    if (to === line) {
      store<u16>(to, 0x2222);
      to += 2;
    }
    store<u8>(to++, lineFeed);
  }
  return to;
}

/** Within quotes if it needs them. */
function putQuoted(start: usize, end: usize, to: usize): usize {
  const quotes = i8x16.splat(quote);
  const commas = i8x16.splat(comma);
  const feeds = i8x16.splat(lineFeed);
  const returns = i8x16.splat(carriageReturn);
  const length = end - start;
  for (let at: usize = 0; at < length; at += 16) {
    const bytes = v128.load(start + at);
    v128.store(to + at, bytes);
    let special = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, commas)),
        v128.or(i8x16.eq(bytes, feeds), i8x16.eq(bytes, returns)),
      ),
    );
    if (length - at < 16) special &= (1 << (<i32>(length - at))) - 1;
    if (special === 0) continue;
    store<u8>(to++, quote);
    for (let from = start; from < end; from++) {
      const byte = load<u8>(from);
      if (byte === quote) store<u8>(to++, quote);
      else if (byte === lineFeed) lineBreaks = true;
      store<u8>(to++, byte);
    }
    store<u8>(to, quote);
    return to + 1;
  }
  return to + length;
}
