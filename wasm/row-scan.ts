/** PostgreSQL's rows as they are sent (connectors/jdbc): where they end, and their cells. */

import { ascii, cellBytes, falseKind, nullKind, plainNumber, putCell, trueKind, utf8 } from './cells';
import { textNumber } from './numbers';

/** Of a value that JavaScript makes of its text when it is asked for. */
const later: i32 = 7;
/** Of a value too long for a cell to say: its length is the cell's number. */
const long: i32 = 12;
const maxLength: i32 = 1 << 27;
const maxSafe: f64 = 9007199254740991;

// What a column's texts are; -1: only JavaScript knows.
const texts: i32 = 1;
const integers: i32 = 2;
const reals: i32 = 3;
const booleans: i32 = 4;
const dates: i32 = 5;
const dateTimes: i32 = 6;

const dataRow: u8 = 0x44;
/** Of a message: its type, its length, the count of its values. */
const headBytes: usize = 7;

/** Of the last pass: rows, the bytes of their values, and where the last one begins. */
export let passedRows: i32 = 0;
export let passedBytes: i32 = 0;
export let lastRow: usize = 0;

/** Of the last scan: values too long for a cell. */
export let longValues: i32 = 0;

/**
 * Passes over whole rows, until there are so many or their values have more than `most` bytes.
 *
 * @param overhead bytes of a row beside its values
 * @param longest bytes that a row may have
 * @returns the place of what it does not pass: of anything else, or of a row that is longer or not complete
 */
export function passRows(
  start: usize,
  end: usize,
  count: i32,
  most: i32,
  overhead: i32,
  longest: u32,
): usize {
  passedRows = 0;
  passedBytes = 0;
  let at = start;
  while (passedRows < count && passedBytes <= most && at + 5 <= end && load<u8>(at) === dataRow) {
    const size = bswap(load<u32>(at, 1)) + 1;
    if (size > longest || at + <usize>size > end) break;
    lastRow = at;
    passedRows++;
    passedBytes += <i32>size - overhead;
    at += <usize>size;
  }
  return at;
}

/**
 * Dates with a time become ISO 8601 where they lie; one may take the byte behind it, which is no more needed.
 *
 * @param start where the rows begin, one after the other
 * @param fields eight bytes each: the column, what its texts are
 * @param words where `truefalse` lies
 * @param places room of eight bytes for each column
 */
export function scanRows(
  start: usize,
  count: i32,
  columns: i32,
  fields: usize,
  fieldCount: i32,
  words: usize,
  places: usize,
  cells: usize,
): void {
  longValues = 0;
  let at = start;
  let cell = cells;
  const fieldsEnd = fields + ((<usize>fieldCount) << 3);
  const placesEnd = places + ((<usize>columns) << 3);
  for (let row = 0; row < count; row++) {
    at += headBytes;
    for (let place = places; place < placesEnd; place += 8) {
      const length = bswap(load<i32>(at));
      at += 4;
      store<i32>(place, <i32>at);
      store<i32>(place, length, 4);
      if (length > 0) at += <usize>length;
    }
    for (let field = fields; field < fieldsEnd; field += 8) {
      const place = places + ((<usize>load<i32>(field)) << 3);
      putValue(cell, load<i32>(place), load<i32>(place, 4), load<i32>(field, 4), words);
      cell += cellBytes;
    }
  }
}

function putValue(cell: usize, start: usize, length: i32, form: i32, words: usize): void {
  if (length < 0) {
    putCell(cell, 0, 0, nullKind);
    return;
  }
  if (length >= maxLength) {
    longValues++;
    putCell(cell, start, 0, long);
    store<f64>(cell, <f64>length, 8);
    return;
  }
  let kind = later;
  if (form === 0) kind = ascii;
  else if (form === texts) kind = utf8;
  else if (form === integers || form === reals) {
    const number = form === integers ? integerAt(start, length) : textNumber(start, length);
    if (!isNaN(number)) {
      kind = plainNumber;
      store<f64>(cell, number, 8);
    }
  } else if (form === booleans) {
    const isTrue = load<u8>(start) === 0x74;
    kind = isTrue ? trueKind : falseKind;
    start = isTrue ? words : words + 4;
    length = isTrue ? 4 : 5;
  } else if (form === dates) {
    if (length === 10) kind = ascii;
  } else if (form === dateTimes) {
    const zone = usualZoneLength(start, length);
    if (zone >= 0) {
      kind = ascii;
      store<u8>(start, 0x54, 10);
      length -= zone;
      store<u8>(start + <usize>length, 0x5a);
      length++;
    }
  }
  putCell(cell, start, length, kind);
}

/** NaN where it is no safe integer. */
function integerAt(start: usize, length: i32): f64 {
  const isNegative = load<u8>(start) === 0x2d;
  const end = start + <usize>length;
  let number: f64 = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++)
    number = 10 * number + <f64>(<i32>load<u8>(at) - 0x30);
  if (number > maxSafe) return NaN;
  return isNegative ? 0 - number : number;
}

/** Of `YYYY-MM-DD hh:mm:ss[.ffffff][+00]` the length of the zone; -1 for any other text, which dates.ts knows. */
function usualZoneLength(start: usize, length: i32): i32 {
  // `BC` may stand at the end.
  const end = start + <usize>length;
  if (length < 19 || load<u8>(start, 10) !== 0x20 || load<u8>(end - 1) === 0x43) return -1;
  return load<u8>(end - 3) === 0x2b && load<u16>(end - 2) === 0x3030 ? 3 : 0;
}
