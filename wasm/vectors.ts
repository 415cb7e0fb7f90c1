/**
 * Values by columns. A *vector* has a cell for each record of a block; engine/block.ts lays out the memory. What is not told
 * from bytes here becomes a cell of kind {@link open}, and JavaScript makes its value.
 *
 * Sixteen bytes are read and written at a time, also beyond an end: behind what is written there must be room for that.
 */

import {
  ascii,
  cellBytes,
  escaped,
  falseKind,
  nested,
  nullKind,
  plainNumber,
  putCell,
  trueKind,
  utf8,
} from './cells';
import { putDecimal } from './decimals';
import { readObject } from './json-scan';
import { copyText } from './texts';
import { dayNumber, timeNumber } from './times';

const open: i32 = 14;
const quote: u8 = 0x22;
const backslash: u8 = 0x5c;
const maxSafe: f64 = 9007199254740991;

// What a vector's values become (`convert`), or have to be (`check`).
const texts: i32 = 0;
const booleans: i32 = 1;
const integers: i32 = 2;
const reals: i32 = 3;
const times: i32 = 4;
const dates: i32 = 5;
const singles: i32 = 6;
/** Numbers and booleans whose bytes are how JavaScript writes them. */
const spelledNumbers: i32 = 7;
const spelledIntegers: i32 = 8;
const spelledBooleans: i32 = 9;
const none: i32 = 10;
const microTimes: i32 = 11;
/** Spelled numbers, and texts that are numbers of JSON. */
const spelledDecimals: i32 = 12;
const decimals: i32 = 13;

/** Where the texts end that were made last. */
export let textEnd: usize = 0;

/** How many of the first records have no more than `most` bytes in all their cells together. */
export function recordsWithin(cells: usize, fields: i32, count: i32, most: i32): i32 {
  let bytes = 0;
  let cell = cells;
  for (let record = 0; record < count; record++) {
    for (let field = 0; field < fields; field++) {
      bytes += load<i32>(cell, 4) >>> 4;
      cell += cellBytes;
    }
    if (bytes > most) return record;
  }
  return count;
}

/**
 * The values of one field, of the records whose numbers `selection` has. Texts with escapes are written to `room`.
 *
 * @param cells the first record's cell of the field @param doubled whether a text's escapes are quotes that are written twice
 */
export function gather(
  cells: usize,
  fields: i32,
  selection: usize,
  count: i32,
  to: usize,
  room: usize,
  doubled: bool,
): void {
  textEnd = room;
  for (let index = 0; index < count; index++) {
    const cell = selected(cells, fields, selection, index);
    settle(cell, to, doubled);
    to += cellBytes;
  }
}

/** The same of a member of that field's objects. @param table that of the member's name alone */
export function gatherMembers(
  cells: usize,
  fields: i32,
  selection: usize,
  count: i32,
  to: usize,
  room: usize,
  table: usize,
): void {
  textEnd = room;
  for (let index = 0; index < count; index++) {
    const cell = selected(cells, fields, selection, index);
    const kind = load<i32>(cell, 4) & 15;
    if (kind === nullKind) putCell(to, 0, 0, nullKind);
    else if ((kind === nested || kind === nested + 1) && readObject(table, load<i32>(cell), to) !== 0)
      settle(to, to, false);
    else putCell(to, 0, 0, open);
    to += cellBytes;
  }
}

function selected(cells: usize, fields: i32, selection: usize, index: i32): usize {
  return cells + <usize>load<i32>(selection + ((<usize>index) << 2)) * <usize>fields * cellBytes;
}

/** Writes what is known of a cell's value. */
function settle(cell: usize, to: usize, doubled: bool): void {
  const place = load<i32>(cell, 4);
  const kind = place & 15;
  if (kind <= plainNumber) {
    v128.store(to, v128.load(cell));
    return;
  }
  if (kind === escaped) {
    const start = <usize>load<i32>(cell);
    const end = start + <usize>(place >>> 4);
    // Of JSON the quotes are among the bytes.
    const known = doubled ? undouble(start, end) : readEscapes(start + 1, end - 1);
    if (known !== 0) {
      const length = written - textEnd;
      putCell(to, textEnd, length, known);
      textEnd = written;
      return;
    }
  }
  putCell(to, 0, 0, open);
}

/** Where the text ends that is being written. */
let written: usize = 0;

/** Writes a CSV field without its doubled quotes. @returns its kind */
function undouble(start: usize, end: usize): i32 {
  written = textEnd;
  let high = 0;
  let at = start;
  while (at < end) {
    const byte = load<u8>(at++);
    high |= byte;
    store<u8>(written++, byte);
    if (byte === quote) at++;
  }
  return high < 0x80 ? ascii : utf8;
}

/** Writes what a JSON string means. @returns its kind; 0 if it has a lone surrogate, for which UTF-8 has no bytes */
function readEscapes(start: usize, end: usize): i32 {
  written = textEnd;
  let high = 0;
  let at = start;
  while (at < end) {
    const byte = load<u8>(at++);
    if (byte !== backslash) {
      high |= byte;
      store<u8>(written++, byte);
      continue;
    }
    const letter = load<u8>(at++);
    if (letter !== 0x75) {
      store<u8>(written++, meaning(letter));
      continue;
    }
    let code = hexAt(at);
    at += 4;
    if (code >= 0xd800 && code < 0xe000) {
      if (code >= 0xdc00 || at + 6 > end || load<u16>(at) !== 0x755c) return 0;
      const low = hexAt(at + 2);
      if (low < 0xdc00 || low >= 0xe000) return 0;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      at += 6;
    }
    if (code >= 0x80) high = 0x80;
    putCode(code);
  }
  return high < 0x80 ? ascii : utf8;
}

function meaning(letter: u8): u8 {
  if (letter === 0x6e) return 0x0a;
  if (letter === 0x74) return 0x09;
  if (letter === 0x72) return 0x0d;
  if (letter === 0x62) return 0x08;
  return letter === 0x66 ? 0x0c : letter;
}

function hexAt(at: usize): i32 {
  let code = 0;
  for (let digit: usize = 0; digit < 4; digit++) {
    const byte = <i32>load<u8>(at + digit);
    code = (code << 4) | (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return code;
}

function putCode(code: i32): void {
  if (code < 0x80) {
    store<u8>(written++, code);
    return;
  }
  if (code < 0x800) store<u8>(written++, 0xc0 | (code >> 6));
  else {
    if (code < 0x10000) store<u8>(written++, 0xe0 | (code >> 12));
    else {
      store<u8>(written++, 0xf0 | (code >> 18));
      store<u8>(written++, 0x80 | ((code >> 12) & 63));
    }
    store<u8>(written++, 0x80 | ((code >> 6) & 63));
  }
  store<u8>(written++, 0x80 | (code & 63));
}

/** Shortens texts to so many code points. */
export function truncate(vector: usize, count: i32, length: i32): void {
  for (let index = 0; index < count; index++, vector += cellBytes) {
    const place = load<i32>(vector, 4);
    const kind = place & 15;
    if (kind === nullKind) continue;
    if (kind === ascii) {
      if (place >>> 4 > length) store<i32>(vector, (length << 4) | ascii, 4);
    } else if (kind === utf8) {
      const start = <usize>load<i32>(vector);
      const end = start + <usize>(place >>> 4);
      let at = start;
      for (let left = length; left > 0 && at < end; left--) {
        // The bytes of a code point behind its first begin with the bits 10.
        do at++;
        while (at < end && (load<u8>(at) & 0xc0) === 0x80);
      }
      putCell(vector, start, at - start, utf8);
    } else putCell(vector, 0, 0, open);
  }
}

/**
 * Joins texts; a null is none. A *part* is eight bytes: a vector and 0, or where a text lies and 16 times its length plus its kind.
 */
export function join(parts: usize, partCount: i32, count: i32, to: usize, room: usize): void {
  textEnd = room;
  for (let index = 0; index < count; index++) {
    const start = textEnd;
    let known = ascii;
    let part = parts;
    for (let left = partCount; left > 0; left--, part += 8) {
      let from = <usize>load<i32>(part);
      let place = load<i32>(part, 4);
      if (place === 0) {
        const cell = from + <usize>index * cellBytes;
        from = <usize>load<i32>(cell);
        place = load<i32>(cell, 4);
      }
      const kind = place & 15;
      if (kind === nullKind) continue;
      if (kind !== ascii && kind !== utf8) {
        known = open;
        break;
      }
      if (kind === utf8) known = utf8;
      textEnd = copyText(from, <usize>(place >>> 4), textEnd);
    }
    if (known === open) textEnd = start;
    putCell(to, start, textEnd - start, known);
    to += cellBytes;
  }
}

/** As engine/tasks/convert.ts does it, for what can be told from bytes. @param limit integers are below it, and not below its negative */
export function convert(vector: usize, count: i32, type: i32, limit: f64): void {
  for (let index = 0; index < count; index++, vector += cellBytes) {
    const place = load<i32>(vector, 4);
    const kind = place & 15;
    if (kind === nullKind || kind === open) continue;
    const isText = kind === ascii || kind === utf8;
    if (type === texts) {
      if (isText) continue;
      if (isSpelled(vector, place, kind)) store<i32>(vector, place - kind + ascii, 4);
      else putCell(vector, 0, 0, open);
      continue;
    }
    // No other type has an empty text.
    if (isText && place >>> 4 === 0) {
      putCell(vector, 0, 0, nullKind);
      continue;
    }
    let fits = false;
    if (type === booleans) fits = kind === trueKind || kind === falseKind;
    else if (type === times) {
      // The form that conversion gives.
      const isLong = kind === ascii && place >>> 4 === 24;
      fits = isLong && !isNaN(timeNumber(load<i32>(vector), 24, 1000));
    } else if (kind === plainNumber) {
      const number = load<f64>(vector, 8);
      if (type === integers) {
        fits = isInteger(number, limit);
        // No integer type has a negative zero: adding 0 takes the sign away.
        store<f64>(vector, number + 0, 8);
      } else fits = isFinite(number);
    }
    if (!fits) putCell(vector, 0, 0, open);
  }
}

function isInteger(number: f64, limit: f64): bool {
  return abs(number) <= maxSafe && trunc(number) === number && number >= -limit && number < limit;
}

function isSpelled(cell: usize, place: i32, kind: i32): bool {
  const length = place >>> 4;
  if (kind === trueKind || kind === falseKind) return length > 0;
  return kind === plainNumber && isPlainlySpelled(load<i32>(cell), length);
}

/**
 * Whether a number's JSON text is how JavaScript writes it, too: fewer than 16 characters without an exponent, no zeroes at
 * the end of a fraction, no `-0`, and at least 0.000001, below which JavaScript writes exponents.
 */
function isPlainlySpelled(start: usize, length: i32): bool {
  if (length === 0 || length > 15) return false;
  const end = start + <usize>length;
  const first = load<u8>(start) === 0x2d ? start + 1 : start;
  if (load<u8>(first) === 0x30) {
    // 0 itself, or 0.… with something else than a zero among the first six digits.
    if (first + 1 === end) return first === start;
    let at = first + 2;
    while (at < end && load<u8>(at) === 0x30) at++;
    return at - first - 2 < 6 && at < end && load<u8>(end - 1) !== 0x30;
  }
  if (load<u8>(end - 1) !== 0x30) return true;
  for (let at = first; at < end; at++) if (load<u8>(at) === 0x2e) return false;
  return true;
}

/** Writes the positions of the open cells to `list`. @returns how many they are */
export function openCells(vector: usize, count: i32, list: usize): i32 {
  let found = 0;
  for (let index = 0; index < count; index++, vector += cellBytes) {
    if ((load<i32>(vector, 4) & 15) !== open) continue;
    store<i32>(list + ((<usize>found) << 2), index);
    found++;
  }
  return found;
}

/**
 * Writes the positions of the cells that are neither null nor what is wanted to `list`. Times (in milliseconds or microseconds), dates (in
 * days since 1970) and decimals (an integer of 64 bits) put their number into the cell. @returns how many they are
 */
export function check(vector: usize, count: i32, wanted: i32, limit: f64, list: usize): i32 {
  let found = 0;
  for (let index = 0; index < count; index++, vector += cellBytes) {
    const place = load<i32>(vector, 4);
    const kind = place & 15;
    if (kind === nullKind || isWanted(vector, place, kind, wanted, limit)) continue;
    store<i32>(list + ((<usize>found) << 2), index);
    found++;
  }
  return found;
}

function isWanted(cell: usize, place: i32, kind: i32, wanted: i32, limit: f64): bool {
  if (wanted === texts) return kind === ascii || kind === utf8;
  if (wanted === booleans) return kind === trueKind || kind === falseKind;
  if (wanted === spelledBooleans) return (kind === trueKind || kind === falseKind) && place >>> 4 > 0;
  if (wanted === times || wanted === microTimes || wanted === dates) {
    if (kind !== ascii) return false;
    const start = <usize>load<i32>(cell);
    const length = place >>> 4;
    let number: f64 = 0;
    if (wanted === dates) number = dayNumber(start, length);
    else number = timeNumber(start, length, wanted === times ? 1000 : 1_000_000);
    store<f64>(cell, number, 8);
    return !isNaN(number);
  }
  if (wanted === decimals) {
    const digits = <i32>limit;
    return kind === ascii && putDecimal(cell, load<i32>(cell), place >>> 4, digits >> 6, digits & 63);
  }
  if (wanted === spelledDecimals && kind === ascii) return isJsonNumber(load<i32>(cell), place >>> 4);
  if (kind !== plainNumber || wanted === none) return false;
  const number = load<f64>(cell, 8);
  if (wanted === integers) return isInteger(number, limit);
  if (wanted === singles) return isFinite(<f64>(<f32>number)) || !isFinite(number);
  if (wanted === reals) return true;
  const fits = wanted === spelledIntegers ? isInteger(number, limit) : isFinite(number);
  return fits && isPlainlySpelled(load<i32>(cell), place >>> 4);
}

function isJsonNumber(start: usize, length: i32): bool {
  const end = start + <usize>length;
  let at = start < end && load<u8>(start) === 0x2d ? start + 1 : start;
  const whole = at;
  at = passDigits(at, end);
  if (at === whole || (load<u8>(whole) === 0x30 && at !== whole + 1)) return false;
  if (at < end && load<u8>(at) === 0x2e) {
    const fraction = at + 1;
    at = passDigits(fraction, end);
    if (at === fraction) return false;
  }
  if (at < end && (load<u8>(at) | 0x20) === 0x65) {
    at++;
    if (at < end && (load<u8>(at) === 0x2b || load<u8>(at) === 0x2d)) at++;
    const exponent = at;
    at = passDigits(exponent, end);
    if (at === exponent) return false;
  }
  return at === end;
}

function passDigits(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) - 0x30 < 10) at++;
  return at;
}
