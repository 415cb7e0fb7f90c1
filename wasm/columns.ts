/**
 * Texts of a Parquet column, as engine/encode/parquet/byte-arrays.ts keeps them. A *packed* text stands behind its length, four
 * bytes. Numbers of different texts are those of the dictionary.
 *
 * Sixteen bytes are written, and eight read, at a time: behind all that lies here there must be room for that.
 */

import { copyText, hashOf, isEqual } from './texts';

// A column is a list of ints. Addresses of:
const entries: usize = 0; // Packed, the dictionary's texts.
const places: usize = 4; // By number: where its text begins among the entries, and its hash.
const slots: usize = 8; // By hash: a number + 1, or 0; not all are taken.
const indexes: usize = 12; // The page's values: two bytes, a number.
const plain: usize = 16; // Packed, the page's values where they are written out.
const next: usize = 20; // Packed, the texts to be added.
// And what they hold:
const entryBytes: usize = 24;
const size: usize = 28; // Entries.
const mask: usize = 32; // Slots - 1.
const count: usize = 36; // Indexes.
const indexBytes: usize = 40; // Of the indexes as they are written.
const plainBytes: usize = 44; // Of the indexes' texts, packed.
const plainLength: usize = 48;
const inUse: usize = 52; // 1: a page refers to the dictionary.
// The least text by bytes, and behind it the greatest: where it begins among the entries, among the plain ones. -1: there is none.
const leastEntry: usize = 56;
const leastPlain: usize = 64;

/** By how many bytes the last `addTexts` or `addPlain` has made the column grow. */
export let added: i32 = 0;

/** Makes the column refer to no texts. */
export function newTexts(column: usize): void {
  memory.fill(column, 0, 72);
  forget(column, leastEntry);
  forget(column, leastPlain);
}

function forget(column: usize, bound: usize): void {
  store<i32>(column + bound, -1);
  store<i32>(column + bound + 4, -1);
}

/**
 * Adds rows by the dictionary, until the page has grown by `room` bytes or a text is not in the dictionary, which can take no more.
 *
 * @param levels by row, 0 for one without a value; 0: all have one
 * @param mostEntries of a dictionary @param mostBytes of its packed texts
 * @param trial from so many entries on it must have been worth it so far
 * @returns the rows that were added
 */
export function addTexts(
  column: usize,
  levels: usize,
  rows: i32,
  room: i32,
  mostEntries: i32,
  mostBytes: i32,
  trial: i32,
): i32 {
  const texts = <usize>load<i32>(column, entries);
  const known = <usize>load<i32>(column, places);
  const table = <usize>load<i32>(column, slots);
  const bits = load<i32>(column, mask);
  const tried = load<i32>(column, inUse) !== 0;
  let text = <usize>load<i32>(column, next);
  let bytes = load<i32>(column, entryBytes);
  let number = load<i32>(column, size);
  let values = load<i32>(column, count);
  let written = load<i32>(column, indexBytes);
  let unpacked = load<i32>(column, plainBytes);
  let index = <usize>load<i32>(column, indexes) + ((<usize>values) << 1);
  added = 0;
  let row = 0;
  while (row < rows) {
    if (levels !== 0 && load<u8>(levels + <usize>row) === 0) {
      row++;
      continue;
    }
    const packed = 4 + load<i32>(text);
    const hash = hashOf(text + 4, packed - 4);
    let slot = table + ((<usize>(hash & bits)) << 2);
    let found = load<i32>(slot) - 1;
    while (found >= 0) {
      const place = known + ((<usize>found) << 3);
      if (load<i32>(place, 4) === hash && isEqual(texts + <usize>load<i32>(place), text, packed)) break;
      slot = slot + 4 > table + ((<usize>bits) << 2) ? table : slot + 4;
      found = load<i32>(slot) - 1;
    }
    if (found < 0) {
      if (number === mostEntries || bytes + packed > mostBytes) break;
      if (number >= trial && !tried && 5 * <i64>number > 2 * <i64>values) break;
      found = number++;
      store<i32>(slot, number);
      const place = known + ((<usize>found) << 3);
      store<i32>(place, bytes);
      store<i32>(place, hash, 4);
      copyText(text, packed, texts + <usize>bytes);
      bound(column, leastEntry, texts, bytes);
      bytes += packed;
      added += packed;
    }
    store<u16>(index, <u16>found);
    index += 2;
    unpacked += packed;
    text += packed;
    row++;
    // Eight values take as many bytes as one has bits.
    if ((values++ & 7) === 0) {
      const width = widthOf(number);
      written += width;
      added += width;
    }
    if (added >= room) break;
  }
  store<i32>(column, <i32>text, next);
  store<i32>(column, bytes, entryBytes);
  store<i32>(column, number, size);
  store<i32>(column, values, count);
  store<i32>(column, written, indexBytes);
  store<i32>(column, unpacked, plainBytes);
  return row;
}

function widthOf(numbers: i32): i32 {
  return max(1, 32 - clz(numbers - 1));
}

/** Makes a larger table of slots, which is empty, the column's. */
export function fillSlots(column: usize): void {
  const known = <usize>load<i32>(column, places);
  const table = <usize>load<i32>(column, slots);
  const bits = load<i32>(column, mask);
  const numbers = load<i32>(column, size);
  memory.fill(table, 0, (<usize>bits + 1) << 2);
  for (let number = 0; number < numbers; number++) {
    let slot = load<i32>(known + ((<usize>number) << 3), 4) & bits;
    while (load<i32>(table + ((<usize>slot) << 2)) !== 0) slot = (slot + 1) & bits;
    store<i32>(table + ((<usize>slot) << 2), number + 1);
  }
}

/** As `addTexts`, of texts that lie behind the plain ones already. */
export function addPlain(column: usize, levels: usize, rows: i32, room: i32): i32 {
  const texts = <usize>load<i32>(column, plain);
  let at = load<i32>(column, plainLength);
  const start = at;
  let row = 0;
  while (row < rows) {
    if (levels === 0 || load<u8>(levels + <usize>row) !== 0) {
      bound(column, leastPlain, texts, at);
      at += 4 + load<i32>(texts + <usize>at);
      if (at - start >= room) {
        row++;
        break;
      }
    }
    row++;
  }
  added = at - start;
  store<i32>(column, at, plainLength);
  return row;
}

/** Writes the page's indexes out. */
export function addIndexed(column: usize): void {
  const texts = <usize>load<i32>(column, entries);
  const known = <usize>load<i32>(column, places);
  const to = <usize>load<i32>(column, plain);
  const values = load<i32>(column, count);
  let index = <usize>load<i32>(column, indexes);
  let at = load<i32>(column, plainLength);
  for (let left = values; left > 0; left--, index += 2) {
    const text = texts + <usize>load<i32>(known + ((<usize>load<u16>(index)) << 3));
    const packed = 4 + load<i32>(text);
    copyText(text, packed, to + <usize>at);
    bound(column, leastPlain, to, at);
    at += packed;
  }
  store<i32>(column, at, plainLength);
}

/** Takes a text into account, which begins `at` among the others. */
function bound(column: usize, least: usize, texts: usize, at: i32): void {
  const lowest = load<i32>(column + least);
  const highest = load<i32>(column + least, 4);
  const text = texts + <usize>at;
  if (lowest < 0 || isBelow(text, texts + <usize>lowest)) store<i32>(column + least, at);
  if (highest < 0 || isBelow(texts + <usize>highest, text)) store<i32>(column + least, at, 4);
}

/** Of packed texts, by their bytes. */
function isBelow(a: usize, b: usize): bool {
  const aLength = load<i32>(a);
  const bLength = load<i32>(b);
  const aHead = headOf(a + 4, aLength);
  const bHead = headOf(b + 4, bLength);
  if (aHead !== bHead) return aHead < bHead;
  const common = <usize>min(aLength, bLength);
  for (let at: usize = 4; at < common + 4; at++) {
    const difference = <i32>load<u8>(a + at) - <i32>load<u8>(b + at);
    if (difference !== 0) return difference < 0;
  }
  return aLength < bLength;
}

/** The first eight bytes as a number, with zeroes behind shorter texts. */
function headOf(start: usize, length: i32): u64 {
  const head = load<u64>(start);
  return bswap(length >= 8 ? head : head & (((<u64>1) << ((<u64>length) << 3)) - 1));
}

/** Adds a bit for each byte, 0 or 1, to `held` bits. */
export function addBits(bits: usize, held: i32, bytes: usize, length: i32): void {
  for (let index = 0; index < length; index++) {
    const bit = held + index;
    const byte = bits + <usize>(bit >> 3);
    const before = (bit & 7) === 0 ? 0 : <i32>load<u8>(byte);
    store<u8>(byte, <u8>(before | ((<i32>load<u8>(bytes + <usize>index)) << (bit & 7))));
  }
}
