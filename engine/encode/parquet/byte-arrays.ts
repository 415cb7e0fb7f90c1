/** Strings and bytes: values of any length, each behind its length in four bytes. */

import { byteSet } from '../../byte-set.ts';
import type { Cell } from '../../cell.ts';
import { copyBytes } from '../../copy-bytes.ts';
import { hybrid } from './hybrid.ts';
import { type Bounds, pageBytes, plain, rleDictionary, type Values } from './values.ts';

const maxDictionaryEntries = 1 << 16; // What two bytes an index can tell apart.
/** From this many entries on, a dictionary must have been worth it so far. */
const trialEntries = 1024;
/** Longer bounds make footers big and prune nothing. */
const maxBoundBytes = 64;

const empty = Buffer.alloc(0);

/** Plain encoded values, one after the other. */
interface PlainBuffer {
  readonly length: number;
  /** Adds the value in bytes [start, end). @returns the encoded value's bytes */
  add(value: Uint8Array, start: number, end: number): number;
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
      const first = minAt < 0;
      if (first || compare(start, size, minAt, minSize) < 0) {
        minAt = start;
        minSize = size;
      }
      if (first || compare(start, size, maxAt, maxSize) > 0) {
        maxAt = start;
        maxSize = size;
      }
      return size + 4;
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
    sizeOf: (value) => value.length + 4,
    add: (value) => values.add(value, 0, value.length),
    take() {
      const bytes = values.written();
      values.clear();
      return { encoding: plain, bytes };
    },
    bounds: () => shortBounds(values.bounds()),
    dictionary: () => undefined,
  };
}

/**
 * Strings, by a dictionary as long as that makes the column smaller. A lone surrogate is written as U+FFFD.
 * @param endPage takes the values of the current page
 */
export function stringValues(endPage: () => void): Values<string | Cell> {
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
    let index = entries.find(bytes, start, end);
    let size = 0;
    if (index < 0) {
      if (isFull(end - start)) {
        // A large page by index is well worth it and is ended as such; a small one is written out.
        if (plainBytes > pageBytes) endPage();
        const more = giveUp();
        return more + (values ?? plainBuffer()).add(bytes, start, end);
      }
      index = entries.add(bytes, start, end);
      encodedEntries = undefined;
      size = end - start + 4;
      width = Math.max(1, 32 - Math.clz32(index));
    }
    if (count === page.length) {
      const grown = new Uint16Array(2 * count);
      grown.set(page);
      page = grown;
    }
    // Eight values take `width` bytes. (Whole numbers throughout: V8 allocates each fraction that a closure keeps.)
    if ((count & 7) === 0) {
      indexBytes += width;
      size += width;
    }
    page[count++] = index;
    plainBytes += end - start + 4;
    return size;
  }

  function dictionary(): PlainBuffer {
    if (encodedEntries === undefined) {
      encodedEntries = plainBuffer();
      for (let index = 0; index < entries.size; index++) addEntry(encodedEntries, index);
    }
    return encodedEntries;
  }

  return {
    sizeOf: (value) => 4 + (typeof value === 'string' ? Buffer.byteLength(value) : value.end - value.start),
    add(value) {
      if (typeof value !== 'string') return add(value.bytes, value.start, value.end);
      if (scratch.length < 3 * value.length) scratch = Buffer.allocUnsafeSlow(6 * value.length);
      return add(scratch, 0, putString(scratch, value));
    },
    take() {
      if (count > 0 && !pays()) giveUp();
      if (count > 0) {
        const bytes = Buffer.concat([Uint8Array.of(width), hybrid(page, count, width)]);
        inUse = true;
        count = indexBytes = plainBytes = 0;
        return { encoding: rleDictionary, bytes };
      }
      const bytes = values?.written() ?? empty;
      values?.clear();
      return { encoding: plain, bytes };
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
