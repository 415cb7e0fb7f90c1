/** Strings and bytes: values of any length, each behind its length in four bytes. */

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
  /** @returns the encoded value's bytes */
  add(value: string | Uint8Array): number;
  /** Adds values that are encoded already; they do not count for the bounds. */
  copy(encoded: Uint8Array): void;
  /** The encoded bytes [start, end); valid until the next `add`. */
  slice(start: number, end: number): Buffer;
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

  /** Closes the value that was put behind the last one, ending at `end`. */
  function addValue(end: number): number {
    const start = length + 4;
    const size = end - start;
    bytes[length] = size;
    bytes[length + 1] = size >>> 8;
    bytes[length + 2] = size >>> 16;
    bytes[length + 3] = size >>> 24;
    length = end;
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
    add(value) {
      if (typeof value === 'string') {
        reserve(4 + 3 * value.length);
        return addValue(putString(bytes, value, length + 4));
      }
      reserve(4 + value.length);
      bytes.set(value, length + 4);
      return addValue(length + 4 + value.length);
    },
    copy(encoded) {
      reserve(encoded.length);
      bytes.set(encoded, length);
      length += encoded.length;
    },
    slice: (start, end) => bytes.subarray(start, end),
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

/** UTF-8, a lone surrogate as U+FFFD. @returns where it ends */
function putString(bytes: Buffer, value: string, start: number): number {
  // A loop beats the native call for short ASCII.
  if (value.length > 24) return start + bytes.write(value, start);
  let at = start;
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    if (unit > 127) return start + bytes.write(value, start);
    bytes[at++] = unit;
  }
  return at;
}

function shortBounds(bounds: Bounds | undefined): Bounds | undefined {
  return bounds && bounds.min.length <= maxBoundBytes && bounds.max.length <= maxBoundBytes
    ? bounds
    : undefined;
}

export function binaryValues(): Values<Uint8Array> {
  const values = plainBuffer();
  return {
    add: (value) => values.add(value),
    take() {
      const bytes = values.slice(0, values.length);
      values.clear();
      return { encoding: plain, bytes };
    },
    bounds: () => shortBounds(values.bounds()),
    dictionary: () => undefined,
  };
}

/**
 * Strings, by a dictionary as long as that makes the column smaller.
 * @param endPage takes the values of the current page
 */
export function stringValues(endPage: () => void): Values<string> {
  const entries = plainBuffer();
  /** What is written out; most columns never need it. */
  let values: PlainBuffer | undefined;
  /** Where each entry ends. */
  const ends: number[] = [];
  const indexes = new Map<string, number>();
  let page = new Uint16Array(8);
  let count = 0;
  let width = 1;
  /** Of the current page: by index, and if each value were written out. */
  let indexBytes = 0;
  let plainBytes = 0;
  /** Whether a page refers to the dictionary. */
  let inUse = false;

  const startOf = (index: number): number => (index === 0 ? 0 : (ends[index - 1] ?? 0));
  const endOf = (index: number): number => ends[index] ?? 0;
  const pays = (): boolean => inUse || entries.length + indexBytes < plainBytes;

  function isFull(value: string): boolean {
    const size = ends.length;
    if (size === maxDictionaryEntries || entries.length + value.length > pageBytes) return true;
    return size >= trialEntries && size > 0.4 * count && !inUse;
  }

  /** From here on values are written out, `next` the first. @returns the bytes that the current page grows by */
  function giveUp(next?: string): number {
    const more = plainBytes - indexBytes - (inUse ? 0 : entries.length);
    values ??= plainBuffer();
    for (let at = 0; at < count; at++) {
      const index = page[at] ?? 0;
      values.copy(entries.slice(startOf(index), endOf(index)));
    }
    if (!inUse) entries.clear();
    indexes.clear();
    count = indexBytes = plainBytes = 0;
    return next === undefined ? more : more + values.add(next);
  }

  return {
    add(value) {
      if (values !== undefined) return values.add(value);
      let index = indexes.get(value);
      let size = 0;
      if (index === undefined) {
        if (isFull(value)) {
          // A large page by index is well worth it and is ended as such; a small one is written out.
          if (plainBytes > pageBytes) endPage();
          return giveUp(value);
        }
        size = entries.add(value);
        index = ends.length;
        width = Math.max(1, 32 - Math.clz32(index));
        ends.push(entries.length);
        // A copy: the value may be a slice that keeps all of the text it was read from in memory.
        indexes.set(entries.slice(startOf(index) + 4, endOf(index)).toString(), index);
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
      plainBytes += endOf(index) - startOf(index);
      return size;
    },
    take() {
      if (count > 0 && !pays()) giveUp();
      if (count > 0) {
        const bytes = Buffer.concat([Uint8Array.of(width), hybrid(page, count, width)]);
        inUse = true;
        count = indexBytes = plainBytes = 0;
        return { encoding: rleDictionary, bytes };
      }
      const bytes = values?.slice(0, values.length) ?? empty;
      values?.clear();
      return { encoding: plain, bytes };
    },
    bounds: () => shortBounds(extremes(entries.bounds(), values?.bounds())),
    dictionary: () => (inUse ? { count: ends.length, bytes: entries.slice(0, entries.length) } : undefined),
  };
}
