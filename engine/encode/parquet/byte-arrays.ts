/** Strings and bytes: values of any length, each behind its length in four bytes. */

import type { Block } from '../../block.ts';
import { byteSet } from '../../byte-set.ts';
import { copyBytes } from '../../copy-bytes.ts';
import { hybrid } from './hybrid.ts';
import { type Bounds, pageBytes, plain, rleDictionary, type Values } from './values.ts';

const maxDictionaryEntries = 1 << 16; // What two bytes an index can tell apart.
/** From this many entries on, a dictionary must have been worth it so far. */
const trialEntries = 1024;
/** Longer bounds make footers big and prune nothing. */
const maxBoundBytes = 64;

const empty = Buffer.alloc(0);
/** What the kernel that tells equal texts needs. */
const distinctTableBytes = 4096;

/** Plain encoded values, one after the other. */
interface PlainBuffer {
  readonly length: number;
  /** Adds the value in bytes [start, end). @returns the encoded value's bytes */
  add(value: Uint8Array, start: number, end: number): number;
  /** Adds those of a block's cells that are not null. @returns their bytes, encoded */
  addCells(block: Block, vector: number, positions: number, count: number): number;
  /** The encoded bytes; valid until the next `add`. */
  written(): Buffer;
  /** The values of all that was added, without their lengths. */
  bounds(): Bounds | undefined;
  clear(): void;
}

function plainBuffer(): PlainBuffer {
  let bytes = empty;
  let length = 0;
  // Bounds are in the order of bytes, not of UTF-16; in this page they are places of values, of earlier ones copies.
  let minAt = -1;
  let minSize = 0;
  let maxAt = -1;
  let maxSize = 0;
  let earlier: Bounds | undefined;

  function reserve(more: number): void {
    if (length + more <= bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(length + more, 2 * bytes.length, 32));
    bytes.copy(grown, 0, 0, length);
    bytes = grown;
  }

  /** The order of two values by their bytes, of the first that differ or else their lengths. */
  function compare(a: number, aLength: number, b: number, bLength: number): number {
    const buffer = bytes;
    const common = Math.min(aLength, bLength);
    for (let at = 0; at < common; at++) {
      const difference = (buffer[a + at] ?? 0) - (buffer[b + at] ?? 0);
      if (difference !== 0) return difference;
    }
    return aLength - bLength;
  }

  /** Takes a value of the page into account. */
  function bound(start: number, size: number): void {
    const first = minAt < 0;
    if (first || compare(start, size, minAt, minSize) < 0) {
      minAt = start;
      minSize = size;
    }
    if (first || compare(start, size, maxAt, maxSize) > 0) {
      maxAt = start;
      maxSize = size;
    }
  }

  function valueAt(start: number, size: number): Uint8Array {
    return Uint8Array.prototype.slice.call(bytes, start, start + size);
  }

  function bounds(): Bounds | undefined {
    return minAt < 0
      ? earlier
      : extremes(earlier, { min: valueAt(minAt, minSize), max: valueAt(maxAt, maxSize) });
  }

  return {
    get length() {
      return length;
    },
    add(value, from, to) {
      const size = to - from;
      reserve(4 + size);
      bytes[length] = size;
      bytes[length + 1] = size >>> 8;
      bytes[length + 2] = size >>> 16;
      bytes[length + 3] = size >>> 24;
      const start = length + 4;
      length = copyBytes(value, from, to, bytes, start);
      bound(start, size);
      return size + 4;
    },
    addCells(block, vector, positions, count) {
      const start = block.beginRoom(block.textBytes(vector, positions, count) + 4 * count);
      const { kernels, memory } = block.records;
      const added = kernels.packTexts(vector, positions, count, start) - start;
      reserve(added);
      const from = length - start;
      length = copyBytes(memory.bytes, start, start + added, bytes, length);
      const { leastText, greatestText } = kernels;
      if (leastText.value > 0) {
        bound(from + leastText.value, bytes.readInt32LE(from + leastText.value - 4));
        bound(from + greatestText.value, bytes.readInt32LE(from + greatestText.value - 4));
      }
      return added;
    },
    written: () => bytes.subarray(0, length),
    bounds,
    clear() {
      earlier = bounds();
      minAt = maxAt = -1;
      length = 0;
    },
  };
}

function extremes(...some: readonly (Bounds | undefined)[]): Bounds | undefined {
  const all = some.flatMap((bounds) => (bounds ? [bounds.min, bounds.max] : [])).sort(Buffer.compare);
  const [min] = all;
  const max = all.at(-1);
  return min && max && { min, max };
}

function shortBounds(bounds: Bounds | undefined): Bounds | undefined {
  return bounds && bounds.min.length <= maxBoundBytes && bounds.max.length <= maxBoundBytes
    ? bounds
    : undefined;
}

export function binaryValues(): Values<Uint8Array> {
  const values = plainBuffer();
  return {
    pending: 0,
    sizeOf: (value) => value.length + 4,
    add: (value) => values.add(value, 0, value.length),
    take() {
      const bytes = values.written();
      values.clear();
      return { encoding: plain, bytes: [bytes] };
    },
    bounds: () => shortBounds(values.bounds()),
    dictionary: () => undefined,
  };
}

/**
 * Strings, by a dictionary as long as that makes the column smaller. A lone surrogate is written as U+FFFD.
 * @param endPage takes the values of the current page
 */
export function stringValues(endPage: () => void): Values<string> {
  let entries = byteSet();
  /** They as they are written, if that has been asked for since the last was added. */
  let encodedEntries: PlainBuffer | undefined;
  /** What is written out; most columns never need it. */
  let values: PlainBuffer | undefined;
  let page = new Uint16Array(8);
  let count = 0;
  let width = 1;
  /** Of the current page: by index, and if each value were written out. */
  let indexBytes = 0;
  let plainBytes = 0;
  /** Whether a page refers to the dictionary. */
  let inUse = false;
  let scratch = empty;

  /** The dictionary's as it is written. */
  const entriesLength = (): number => entries.length + 4 * entries.size;
  const pays = (): boolean => inUse || entriesLength() + indexBytes < plainBytes;

  function isFull(length: number): boolean {
    const { size } = entries;
    if (size === maxDictionaryEntries || entriesLength() + length > pageBytes) return true;
    return size >= trialEntries && size > 0.4 * count && !inUse;
  }

  /** From here on values are written out. @returns the bytes that the current page grows by */
  function giveUp(): number {
    const more = plainBytes - indexBytes - (inUse ? 0 : entriesLength());
    values ??= plainBuffer();
    for (let at = 0; at < count; at++) addEntry(values, page[at] ?? 0);
    if (!inUse) {
      entries = byteSet();
      encodedEntries = undefined;
    }
    count = indexBytes = plainBytes = 0;
    return more;
  }

  function addEntry(to: PlainBuffer, index: number): void {
    to.add(entries.bytes, entries.startOf(index), entries.endOf(index));
  }

  function add(bytes: Uint8Array, start: number, end: number): number {
    if (values !== undefined) return values.add(bytes, start, end);
    const index = entries.find(bytes, start, end);
    if (index >= 0) return addIndex(index, end - start);
    if (isFull(end - start)) {
      // A large page by index is well worth it and is ended as such; a small one is written out.
      if (plainBytes > pageBytes) endPage();
      const more = giveUp();
      return more + (values ?? plainBuffer()).add(bytes, start, end);
    }
    return addNew(bytes, start, end);
  }

  /** What the last `find` has not found. */
  function addNew(bytes: Uint8Array, start: number, end: number): number {
    const index = entries.add(bytes, start, end);
    encodedEntries = undefined;
    width = Math.max(1, 32 - Math.clz32(index));
    return end - start + 4 + addIndex(index, end - start);
  }

  function addIndex(index: number, length: number): number {
    if (count === page.length) {
      const grown = new Uint16Array(2 * count);
      grown.set(page);
      page = grown;
    }
    plainBytes += length + 4;
    page[count] = index;
    // Eight values take `width` bytes. (Whole numbers throughout: V8 allocates each fraction that a closure keeps.)
    if ((count++ & 7) !== 0) return 0;
    indexBytes += width;
    return width;
  }

  /** Adds cells by the dictionary, if that surely has room for those that are new. */
  function addDistinct(block: Block, vector: number, positions: number, cells: number): number | undefined {
    const most = inUse ? maxDictionaryEntries : trialEntries - 1;
    if (entries.size >= most) return undefined;
    const table = block.beginRoom(distinctTableBytes + 8 * cells);
    const [ordinals, firsts] = [table + distinctTableBytes, table + distinctTableBytes + 4 * cells];
    const { kernels, memory } = block.records;
    const distinct = kernels.distinctTexts(vector, positions, cells, table, ordinals, firsts);
    if (distinct < 0 || entries.size + distinct > most) return undefined;
    const { places, bytes } = memory;
    const indexes = new Int32Array(distinct).fill(-1);
    let added = 0;
    for (let cell = 0; cell < cells; cell++) {
      const ordinal = places[ordinals / 4 + cell] ?? -1;
      if (ordinal < 0) continue;
      const at = vector / 4 + 4 * (places[firsts / 4 + ordinal] ?? 0);
      const length = (places[at + 1] ?? 0) >>> 4;
      let index = indexes[ordinal] ?? -1;
      if (index < 0) {
        const start = places[at] ?? 0;
        index = entries.find(bytes, start, start + length);
        if (index < 0) {
          added += addNew(bytes, start, start + length);
          indexes[ordinal] = entries.size - 1;
          continue;
        }
        indexes[ordinal] = index;
      }
      added += addIndex(index, length);
    }
    return added;
  }

  function dictionary(): PlainBuffer {
    if (encodedEntries === undefined) {
      encodedEntries = plainBuffer();
      for (let index = 0; index < entries.size; index++) addEntry(encodedEntries, index);
    }
    return encodedEntries;
  }

  return {
    get pending() {
      return plainBytes;
    },
    sizeOf: (value) => 4 + Buffer.byteLength(value),
    addText: add,
    addCells(block, vector, positions, cells, room) {
      const bytes = block.textBytes(vector, positions, cells) + 4 * cells;
      if (values) return bytes < room ? values.addCells(block, vector, positions, cells) : undefined;
      if (bytes + 2 * cells + 16 >= room || entriesLength() + bytes > pageBytes) return undefined;
      return addDistinct(block, vector, positions, cells);
    },
    add(value) {
      if (scratch.length < 3 * value.length) scratch = Buffer.allocUnsafeSlow(6 * value.length);
      return add(scratch, 0, putString(scratch, value));
    },
    take() {
      if (count > 0 && !pays()) giveUp();
      if (count > 0) {
        const bytes = [Uint8Array.of(width), hybrid(page, count, width)];
        inUse = true;
        count = indexBytes = plainBytes = 0;
        return { encoding: rleDictionary, bytes };
      }
      const bytes = values?.written() ?? empty;
      values?.clear();
      return { encoding: plain, bytes: [bytes] };
    },
    bounds: () => shortBounds(extremes(dictionary().bounds(), values?.bounds())),
    dictionary: () => (inUse ? { count: entries.size, bytes: dictionary().written() } : undefined),
  };
}

/** UTF-8 at the beginning of `bytes`, a lone surrogate as U+FFFD. @returns its length */
function putString(bytes: Buffer, value: string): number {
  // A loop beats the native call for short ASCII.
  if (value.length > 24) return bytes.write(value);
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    if (unit > 127) return bytes.write(value);
    bytes[index] = unit;
  }
  return value.length;
}
