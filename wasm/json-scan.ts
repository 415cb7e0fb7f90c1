/**
 * Scans JSON Lines, sixteen bytes at a time; core/decode/json-scanner.ts lays out the memory.
 *
 * It knows all of JSON's grammar, so nothing passes that `JSON.parse` would refuse. What it does not read (deep nesting,
 * long keys, keys with escapes) is left to that. Behind the bytes to be read there must be 16 zeroes, which end all loops.
 *
 * A *table* says which members of an object are wanted: the number of names, then 128 bytes for each of them (256 times its
 * slot plus its length, and its bytes), then 256 *leads* of 144 bytes. A name's slot is the cell that takes its value; a
 * negative one makes an object unreadable that has the name. A lead is what stood between two values of an earlier object,
 * `,"name":` with all its blanks (its length, the name's slot or {@link unwanted}, and at 16 the bytes), kept by position, as
 * most objects of a kind have the same keys.
 */

import {
  ascii,
  begin,
  cellBytes,
  delicateNested,
  delicateNumber,
  escaped,
  falseKind,
  nested,
  nullKind,
  passRecord,
  plainNumber,
  putCell,
  records,
  trueKind,
  utf8,
} from './cells';

const quote: u8 = 0x22;
const comma: u8 = 0x2c;
const colon: u8 = 0x3a;
const backslash: u8 = 0x5c;
const openBrace: u8 = 0x7b;
const closeBrace: u8 = 0x7d;
const openBracket: u8 = 0x5b;
const closeBracket: u8 = 0x5d;
const lineFeed: u8 = 0x0a;

const nameBytes: usize = 128;
const leads: i32 = 256;
const leadBytes: usize = 144;
const leadText: usize = 16;
const maxLead: usize = 128;
const maxDepth: i32 = 100;
/** Numbers of fewer characters, if they have no exponent, are doubles without loss. */
const delicateLength: usize = 16;
const unwanted: i32 = i32.MAX_VALUE;

export const powers = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
]);

/** Of the value passed last. */
let kind: i32 = 0;
let number: f64 = 0;
/** It is or holds a number that a double may not keep. */
let delicate: bool = false;
/** Whether line feeds are blanks; where each line is a text of its own they end it. */
let isOneText: bool = false;

export function beginText(oneText: bool): void {
  isOneText = oneText;
}

export function tableBytes(names: i32): usize {
  return 16 + <usize>names * nameBytes + <usize>leads * leadBytes;
}

/**
 * Reads the lines in [start, end) into `cells`, of a record those of the table's names, until `limit` records are read or
 * a line comes that has to be read in another way or is not complete. @returns where it stopped: at the beginning of a line
 */
export function scanJsonLines(table: usize, start: usize, end: usize, limit: i32, cells: usize): usize {
  const row = <usize>load<i32>(table) * cellBytes;
  let line = start;
  let to = cells;
  begin();
  beginText(false);
  while (line < end && records < limit) {
    let at = readObject(table, line, to);
    if (at === 0) return line;
    if (load<u8>(at) !== lineFeed) {
      at = spaceEnd(at);
      if (load<u8>(at) !== lineFeed) return line;
    }
    line = at + 1;
    to += row;
    passRecord(1);
  }
  return line;
}

/** @returns where the object ends that begins at `start`, or behind blanks; 0 if it cannot be read in this way */
export function readObject(table: usize, start: usize, cells: usize): usize {
  memory.fill(cells, 0, <usize>load<i32>(table) * cellBytes);
  return readMembers(table, start, cells);
}

/** The same, but leaves the cells of members that are not there as they are. */
export function readMembers(table: usize, start: usize, cells: usize): usize {
  const names = load<i32>(table);
  let at = spaceEnd(start);
  if (load<u8>(at) !== openBrace) return 0;
  const first = spaceEnd(at + 1);
  if (load<u8>(first) === closeBrace) return first + 1;
  let lead = table + 16 + <usize>names * nameBytes;
  for (let position = 0; position < leads; position++) {
    let from = leadEnd(lead, at);
    if (from === 0) {
      from = learnLead(table, lead, at, position);
      if (from === 0) return 0;
    }
    // A lead that was learned of a line without blanks fits one with them.
    from = spaceEnd(from);
    delicate = false;
    const to = valueEnd(from, 1);
    if (to === 0) return 0;
    const slot = load<i32>(lead, 4);
    if (slot !== unwanted) {
      if (slot < 0) return 0;
      keep(cells + <usize>slot * cellBytes, from, to);
    }
    at = to;
    if (load<u8>(at) !== comma) {
      at = spaceEnd(at);
      if (load<u8>(at) === closeBrace) return at + 1;
    }
    lead += leadBytes;
  }
  return 0;
}

function keep(cell: usize, from: usize, to: usize): void {
  const quoted = kind === ascii || kind === utf8;
  const start = quoted ? from + 1 : from;
  const length = quoted ? to - from - 2 : to - from;
  const known = kind === nested && delicate ? delicateNested : kind;
  putCell(cell, start, length, known);
  store<f64>(cell, number, 8);
}

/** Where the value begins, if what stands at `at` is the lead; else 0. */
function leadEnd(lead: usize, at: usize): usize {
  const length = load<i32>(lead);
  if (length === 0) return 0;
  let left = length;
  let bytes = at;
  let text = lead + leadText;
  while (left > 16) {
    if (i8x16.bitmask(i8x16.eq(v128.load(bytes), v128.load(text))) !== 0xffff) return 0;
    left -= 16;
    bytes += 16;
    text += 16;
  }
  const wanted = (1 << left) - 1;
  const equal = i8x16.bitmask(i8x16.eq(v128.load(bytes), v128.load(text)));
  return (equal & wanted) === wanted ? at + length : 0;
}

/** Reads a key, keeps it as the lead of its position. @returns where the value begins, or 0 */
function learnLead(table: usize, lead: usize, start: usize, position: i32): usize {
  if (position > 0 && load<u8>(start) !== comma) return 0;
  const key = spaceEnd(start + 1) + 1;
  if (load<u8>(key - 1) !== quote) return 0;
  const keyEnd = stringEnd(key);
  if (keyEnd === 0 || kind === escaped) return 0;
  let at = spaceEnd(keyEnd);
  if (load<u8>(at) !== colon) return 0;
  at = spaceEnd(at + 1);
  if (at - start > maxLead) return 0;
  memory.copy(lead + leadText, start, at - start);
  store<i32>(lead, <i32>(at - start));
  store<i32>(lead, slotOf(table, key, <i32>(keyEnd - 1 - key)), 4);
  return at;
}

function slotOf(table: usize, key: usize, length: i32): i32 {
  const names = load<i32>(table);
  let name = table + 16;
  for (let left = names; left > 0; left--) {
    const known = load<i32>(name);
    if ((known & 0xff) === length && memory.compare(name + 4, key, length) === 0) return known >> 8;
    name += nameBytes;
  }
  return unwanted;
}

// These answer where what begins at `start` ends; 0 if it is no JSON. They set `kind`.

export function valueEnd(start: usize, depth: i32): usize {
  const first = load<u8>(start);
  if (first === quote) return stringEnd(start + 1);
  if (first === 0x2d || isDigit(first)) return numberEnd(start);
  if (first === openBrace || first === openBracket) return nestedEnd(start, depth);
  const word = load<u32>(start);
  if (word === 0x6c6c756e) {
    kind = nullKind;
    return start + 4;
  }
  if (word === 0x65757274) {
    kind = trueKind;
    return start + 4;
  }
  if (word === 0x736c6166 && load<u8>(start, 4) === 0x65) {
    kind = falseKind;
    return start + 5;
  }
  return 0;
}

/** @param start behind the opening quote */
function stringEnd(start: usize): usize {
  const quotes = i8x16.splat(quote);
  const backslashes = i8x16.splat(backslash);
  const blanks = i8x16.splat(0x20);
  let at = start;
  let high = 0;
  let escapes = false;
  while (at !== 0) {
    const bytes = v128.load(at);
    const special = i8x16.bitmask(
      v128.or(v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes)), i8x16.lt_u(bytes, blanks)),
    );
    // The highest bits of the bytes.
    const beyondAscii = i8x16.bitmask(bytes);
    if (special === 0) {
      high |= beyondAscii;
      at += 16;
      continue;
    }
    const before = ctz(special);
    high |= beyondAscii & ((1 << before) - 1);
    at += before;
    const byte = load<u8>(at);
    if (byte === quote) {
      kind = escapes ? escaped : high !== 0 ? utf8 : ascii;
      return at + 1;
    }
    if (byte !== backslash) return 0;
    escapes = true;
    at = escapeEnd(at + 1);
  }
  return 0;
}

/** Of what follows a backslash. */
function escapeEnd(start: usize): usize {
  const byte = load<u8>(start);
  if (byte === 0x75) {
    for (let at: usize = 1; at < 5; at++) if (!isHex(load<u8>(start + at))) return 0;
    return start + 5;
  }
  const known =
    byte === quote ||
    byte === backslash ||
    byte === 0x2f ||
    byte === 0x62 ||
    byte === 0x66 ||
    byte === 0x6e ||
    byte === 0x72 ||
    byte === 0x74;
  return known ? start + 1 : 0;
}

function numberEnd(start: usize): usize {
  let at = start;
  let byte = load<u8>(at);
  const negative = byte === 0x2d;
  if (negative) byte = load<u8>(++at);
  const whole = at;
  let digits: i64 = 0;
  let fractionDigits: usize = 0;
  if (byte === 0x30) byte = load<u8>(++at);
  else {
    for (; isDigit(byte); byte = load<u8>(++at)) digits = digits * 10 + (byte - 0x30);
    if (at === whole) return 0;
  }
  if (byte === 0x2e) {
    const fraction = ++at;
    for (byte = load<u8>(at); isDigit(byte); byte = load<u8>(++at)) digits = digits * 10 + (byte - 0x30);
    fractionDigits = at - fraction;
    if (fractionDigits === 0) return 0;
  }
  kind = plainNumber;
  if (at - start >= delicateLength) kind = delicateNumber;
  else {
    // Both are doubles without loss, so the quotient is rounded once, as the text would be.
    number = <f64>digits / load<f64>(powers + (fractionDigits << 3));
    if (negative) number = -number;
  }
  if ((byte | 0x20) === 0x65) {
    byte = load<u8>(++at);
    if (byte === 0x2b || byte === 0x2d) byte = load<u8>(++at);
    const exponent = at;
    while (isDigit(byte)) byte = load<u8>(++at);
    if (at === exponent) return 0;
    kind = delicateNumber;
  }
  if (kind === delicateNumber) delicate = true;
  return at;
}

function nestedEnd(start: usize, depth: i32): usize {
  if (depth > maxDepth) return 0;
  const keyed = load<u8>(start) === openBrace;
  const close = keyed ? closeBrace : closeBracket;
  let at = spaceEnd(start + 1);
  if (load<u8>(at) !== close) {
    while (true) {
      if (keyed) {
        if (load<u8>(at) !== quote) return 0;
        at = stringEnd(at + 1);
        if (at === 0) return 0;
        at = spaceEnd(at);
        if (load<u8>(at) !== colon) return 0;
        at = spaceEnd(at + 1);
      }
      at = valueEnd(at, depth + 1);
      if (at === 0) return 0;
      at = spaceEnd(at);
      const byte = load<u8>(at);
      if (byte === close) break;
      if (byte !== comma) return 0;
      at = spaceEnd(at + 1);
    }
  }
  kind = nested;
  return at + 1;
}

export function spaceEnd(start: usize): usize {
  let at = start;
  let byte = load<u8>(at);
  while (
    byte <= 0x20 &&
    (byte === 0x20 || byte === 0x09 || byte === 0x0d || (byte === lineFeed && isOneText))
  ) {
    byte = load<u8>(++at);
  }
  return at;
}

function isDigit(byte: u8): bool {
  return byte - 0x30 < 10;
}

function isHex(byte: u8): bool {
  return isDigit(byte) || (byte | 0x20) - 0x61 < 6;
}
