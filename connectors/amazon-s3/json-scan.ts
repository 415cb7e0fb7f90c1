/**
 * Reads wanted members of a JSON object straight from its bytes, which is several times as fast as making the whole
 * object. It knows all of JSON's grammar, so nothing passes that `JSON.parse` would refuse.
 */

import type { Row, Value } from '../../core/records.ts';

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const lowerE = 0x65;
const lowerU = 0x75;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const literals: readonly { readonly bytes: Uint8Array; readonly value: Value }[] = [
  { bytes: Buffer.from('true'), value: true },
  { bytes: Buffer.from('false'), value: false },
  { bytes: Buffer.from('null'), value: null },
];
const escapes = Buffer.from('"\\/bfnrt');
/** Numbers of fewer characters, if they have no exponent, are doubles without loss. */
const delicateLength = 16;
/** Deeper ones are left to a parser that does not recur. */
const maxDepth = 100;

/** `undefined`: the line between the bytes is none that can be read in this way; it may be valid or not. */
export type RowScanner = (bytes: Buffer, start: number, end: number) => Row | undefined;

/** What stands between two values. */
interface Lead {
  /** From the `{` or the end of the value before to the beginning of the next: `,"name":` with all its blanks. */
  readonly bytes: Uint8Array;
  /** Where in the row that value goes; -1: nowhere. */
  readonly slot: number;
}

/** How a value passed over is to be read. */
type Kind = 'latin' | 'utf8' | 'number' | 'literal' | 'json';

/**
 * @param fields top-level keys, all different
 * @param parseExact reads JSON of which a number may be longer than a double is
 */
export function rowScanner(fields: readonly string[], parseExact: (text: string) => Value): RowScanner {
  const slots = new Map(fields.map((field, slot) => [field, slot]));
  const empty: Row = fields.map(() => null);
  /** Those of earlier lines by their position, as most lines have the same keys. */
  const leads: Lead[] = [];
  /** Of the value passed over last. */
  let kind: Kind = 'json';
  let literal: Value = null;
  /** It is or holds a number that a double may not keep. */
  let delicate = false;

  function leadAt(bytes: Buffer, start: number, position: number): Lead | undefined {
    const guess = leads[position];
    if (guess && hasAt(bytes, start, guess.bytes)) return guess;
    if (position > 0 && bytes[start] !== comma) return undefined;
    const key = spaceEnd(bytes, start + 1);
    if (bytes[key] !== quote) return undefined;
    const keyEnd = stringEnd(bytes, key);
    if (keyEnd < 0 || kind === 'json') return undefined;
    const slot = slots.get(bytes.toString('utf8', key + 1, keyEnd - 1)) ?? -1;
    const valueStart = colonEnd(bytes, keyEnd);
    if (valueStart < 0) return undefined;
    const lead = { bytes: Uint8Array.prototype.slice.call(bytes, start, valueStart), slot };
    leads[position] = lead;
    return lead;
  }

  // These answer where what begins at `at` ends; -1 if it is no JSON.

  function valueEnd(bytes: Buffer, at: number, depth: number): number {
    const first = bytes[at] as number;
    if (first === quote) return stringEnd(bytes, at);
    if (first === minus || isDigit(first)) return numberEnd(bytes, at);
    if (first === openBrace || first === openBracket) return nestedEnd(bytes, at, depth);
    for (const { bytes: word, value } of literals) {
      if (!hasAt(bytes, at, word)) continue;
      kind = 'literal';
      literal = value;
      return at + word.length;
    }
    return -1;
  }

  function stringEnd(bytes: Buffer, start: number): number {
    let bits = 0;
    let escaped = false;
    for (let at = start + 1; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === quote) {
        kind = escaped ? 'json' : bits < 0x80 ? 'latin' : 'utf8';
        return at + 1;
      }
      if (byte === backslash) {
        const last = escapeEnd(bytes, at + 1) - 1;
        if (last < 0) return -1;
        escaped = true;
        at = last;
      } else if (byte < 0x20) return -1;
      bits |= byte;
    }
    return -1;
  }

  function numberEnd(bytes: Buffer, start: number): number {
    const whole = bytes[start] === minus ? start + 1 : start;
    let at = bytes[whole] === zero ? whole + 1 : digitsEnd(bytes, whole);
    if (at === whole) return -1;
    if (bytes[at] === dot) {
      const fraction = at + 1;
      at = digitsEnd(bytes, fraction);
      if (at === fraction) return -1;
    }
    kind = 'number';
    if (at - start >= delicateLength) delicate = true;
    if (((bytes[at] as number) | 0x20) === lowerE) {
      const sign = bytes[at + 1];
      const exponent = sign === minus || sign === 0x2b ? at + 2 : at + 1;
      at = digitsEnd(bytes, exponent);
      if (at === exponent) return -1;
      delicate = true;
    }
    return at;
  }

  function nestedEnd(bytes: Buffer, start: number, depth: number): number {
    if (depth > maxDepth) return -1;
    const keyed = bytes[start] === openBrace;
    const close = keyed ? closeBrace : closeBracket;
    let at = spaceEnd(bytes, start + 1);
    while (bytes[at] !== close) {
      if (keyed) {
        if (bytes[at] !== quote) return -1;
        at = stringEnd(bytes, at);
        if (at < 0) return -1;
        at = colonEnd(bytes, at);
        if (at < 0) return -1;
      }
      at = valueEnd(bytes, at, depth + 1);
      if (at < 0) return -1;
      at = nextMember(bytes, at, close);
      if (at < 0) return -1;
    }
    kind = 'json';
    return at + 1;
  }

  /** @param text all of the line as Latin-1, of which values are slices */
  function value(bytes: Buffer, text: string, start: number, from: number, to: number): Value {
    switch (kind) {
      case 'latin':
        return text.slice(from + 1 - start, to - 1 - start);
      case 'utf8':
        return bytes.toString('utf8', from + 1, to - 1);
      case 'number':
        return delicate
          ? parseExact(bytes.toString('latin1', from, to))
          : Number(text.slice(from - start, to - start));
      case 'literal':
        return literal;
      case 'json':
        return (delicate ? parseExact : JSON.parse)(bytes.toString('utf8', from, to));
    }
  }

  return (bytes, start, end) => {
    let at = spaceEnd(bytes, start);
    if (bytes[at] !== openBrace) return undefined;
    const text = bytes.toString('latin1', start, end);
    const row = empty.slice();
    const first = spaceEnd(bytes, at + 1);
    if (bytes[first] === closeBrace) at = first;
    for (let position = 0; bytes[at] !== closeBrace; position++) {
      const lead = leadAt(bytes, at, position);
      if (!lead) return undefined;
      const from = at + lead.bytes.length;
      delicate = false;
      const to = valueEnd(bytes, from, 1);
      if (to < 0) return undefined;
      if (lead.slot >= 0) row[lead.slot] = value(bytes, text, start, from, to);
      at = spaceEnd(bytes, to);
    }
    return spaceEnd(bytes, at + 1) === end ? row : undefined;
  };
}

function hasAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[at + index] !== wanted[index]) return false;
  }
  return true;
}

/** From the end of a key to its value; -1 if there is no colon. */
function colonEnd(bytes: Uint8Array, keyEnd: number): number {
  const at = spaceEnd(bytes, keyEnd);
  return bytes[at] === colon ? spaceEnd(bytes, at + 1) : -1;
}

/** From the end of a member to the next one or to `close`; -1 if neither follows. */
function nextMember(bytes: Uint8Array, end: number, close: number): number {
  const at = spaceEnd(bytes, end);
  if (bytes[at] === close) return at;
  if (bytes[at] !== comma) return -1;
  const next = spaceEnd(bytes, at + 1);
  return bytes[next] === close ? -1 : next;
}

/** Blanks, tabs and carriage returns; a line feed ends the line. */
function spaceEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d) at++;
  return at;
}

/** Of what follows a backslash; -1 if it is no escape. */
function escapeEnd(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== lowerU) return escapes.includes(bytes[start] as number) ? start + 1 : -1;
  for (let at = start + 1; at < start + 5; at++) if (!isHex(bytes[at] as number)) return -1;
  return start + 5;
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at] as number)) at++;
  return at;
}

const isDigit = (byte: number): boolean => byte >= zero && byte < zero + 10;
const isHex = (byte: number): boolean => isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
