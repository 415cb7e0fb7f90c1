/** The non-null values of a column's current page and how they are encoded; one function for each way of storing. */

import { cellKind } from '../../../core/decode/scanned-records.ts';
import type { Block } from '../../block.ts';

/** Parquet's Encoding. */
export const plain = 0;
export const rle = 3;
export const rleDictionary = 8;

/** A page's values ends at about this many bytes, before compression. */
export const pageBytes = 1 << 20;
/** A page's rows, so that what is held of a page (a byte or two a row beside the values) stays small as well. */
export const pageRows = 1 << 17;

export interface Bounds {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
}

export interface Values<T> {
  /**
   * Adds those of a block's cells that are not null.
   *
   * @param positions where the list of cells lies
   * @param room of the current page
   * @returns as `add`; `undefined` if there may be too little room: then nothing is added
   */
  addCells?(block: Block, vector: number, positions: number, count: number, room: number): number | undefined;
  /** `add` of a text in UTF-8, bytes [start, end). */
  addText?(bytes: Buffer, start: number, end: number): number;
  /** By how many bytes the pages may grow at most beside what is added. */
  readonly pending: number;
  /** Bytes of the value if it is written out, roughly. */
  sizeOf(value: T): number;
  /** @returns the bytes that the value adds to the pages; a rough figure, negative when a dictionary is given up */
  add(value: T): number;
  /** The current page's values, of which none are left then. Copied or used up by the caller before the next `add`. */
  take(): { readonly encoding: number; readonly bytes: readonly Uint8Array[] };
  /** Plain encoded, of all values so far. `undefined` if there are none, or if they are too long to be of use. */
  bounds(): Bounds | undefined;
  /** What the pages taken with `rleDictionary` refer to. */
  dictionary(): { readonly count: number; readonly bytes: Uint8Array } | undefined;
}

// ---- values of one size ----

interface FixedSize<T> {
  /** Bytes. */
  readonly size: number;
  /** The way of wasm/outputs.ts to store numbers. */
  readonly packed?: number;
  put(view: DataView, at: number, value: T): void;
}

const int32: FixedSize<number> = {
  size: 4,
  packed: 0,
  put: (view, at, value) => view.setInt32(at, value, true),
};
const float: FixedSize<number> = {
  size: 4,
  packed: 2,
  put: (view, at, value) => view.setFloat32(at, value, true),
};
const double: FixedSize<number> = {
  size: 8,
  packed: 3,
  put: (view, at, value) => view.setFloat64(at, value, true),
};

const int64: FixedSize<number | bigint> = {
  size: 8,
  packed: 1,
  put(view, at, value) {
    if (typeof value === 'bigint') view.setBigInt64(at, value, true);
    else {
      // Much faster than making a bigint.
      view.setInt32(at, value, true);
      view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
    }
  },
};

export const decimalBytes = 16;

/** Big endian two's complement. */
const decimal: FixedSize<bigint> = {
  size: decimalBytes,
  put(view, at, value) {
    view.setBigInt64(at, value >> 64n);
    view.setBigUint64(at + 8, BigInt.asUintN(64, value));
  },
};

function fixedSizeValues<T extends number | bigint>({ size, packed, put }: FixedSize<T>): Values<T> {
  let view = new DataView(new ArrayBuffer(4 * size));
  let length = 0;
  let min: T | undefined;
  let max: T | undefined;

  function reserve(bytes: number): void {
    if (length + bytes <= view.byteLength) return;
    const grown = new Uint8Array(Math.max(length + bytes, 2 * view.byteLength));
    grown.set(new Uint8Array(view.buffer, 0, length));
    view = new DataView(grown.buffer);
  }

  function bound(value: T): void {
    if (min === undefined || max === undefined) {
      if (!Number.isNaN(value)) min = max = value;
    } else if (value < min) min = value;
    else if (value > max) max = value;
  }

  function encoded(value: T): Uint8Array {
    const bytes = new Uint8Array(size);
    put(new DataView(bytes.buffer), 0, value);
    return bytes;
  }

  return {
    pending: 0,
    sizeOf: () => size,
    add(value) {
      reserve(size);
      put(view, length, value);
      length += size;
      bound(value);
      return size;
    },
    ...(packed !== undefined && {
      addCells(block: Block, vector: number, positions: number, count: number, room: number) {
        if (size * count >= room) return undefined;
        const start = block.beginRoom(size * count);
        const { kernels, memory } = block.records;
        const added = kernels.packNumbers(vector, positions, count, packed, start) - start;
        reserve(added);
        new Uint8Array(view.buffer).set(memory.bytes.subarray(start, start + added), length);
        length += added;
        const { least, greatest } = kernels;
        // Neither is there if there is no number; a value of NaN is no bound.
        if (least.value <= greatest.value) {
          bound(least.value as T);
          bound(greatest.value as T);
        }
        return added;
      },
    }),
    take() {
      const bytes = new Uint8Array(view.buffer, 0, length);
      length = 0;
      return { encoding: plain, bytes: [bytes] };
    },
    bounds() {
      if (min === undefined || max === undefined) return undefined;
      // Readers differ in whether -0 equals +0: the format wants zero bounds to include both. (Integers have but one.)
      return { min: encoded(min === 0 ? (-0 as T) : min), max: encoded(max === 0 ? (0 as T) : max) };
    },
    dictionary: () => undefined,
  };
}

export const int32Values = (): Values<number> => fixedSizeValues(int32);
export const int64Values = (): Values<number | bigint> => fixedSizeValues(int64);
export const floatValues = (): Values<number> => fixedSizeValues(float);
export const doubleValues = (): Values<number> => fixedSizeValues(double);
export const decimalValues = (): Values<bigint> => fixedSizeValues(decimal);

export function booleanValues(): Values<boolean> {
  let bits = new Uint8Array(1);
  let count = 0;
  const seen = { true: false, false: false };
  function add(value: boolean): number {
    const index = count >> 3;
    if (index === bits.length) {
      const grown = new Uint8Array(2 * bits.length);
      grown.set(bits);
      bits = grown;
    }
    if (value) bits[index] = (bits[index] ?? 0) | (1 << (count & 7));
    if (value) seen.true = true;
    else seen.false = true;
    return (count++ & 7) === 0 ? 1 : 0;
  }

  return {
    pending: 1,
    sizeOf: () => 1,
    add,
    addCells(block, vector, positions, count, room) {
      if (count >= room) return undefined;
      const { places } = block.records.memory;
      let added = 0;
      for (let index = 0; index < count; index++) {
        const kind = (places[vector / 4 + 4 * (places[positions / 4 + index] ?? 0) + 1] ?? 0) & 15;
        if (kind !== cellKind.null) added += add(kind === cellKind.true);
      }
      return added;
    },
    take() {
      const bytes = bits.subarray(0, Math.ceil(count / 8));
      bits = new Uint8Array(1);
      count = 0;
      return { encoding: plain, bytes: [bytes] };
    },
    bounds() {
      if (!seen.true && !seen.false) return undefined;
      return { min: Uint8Array.of(seen.false ? 0 : 1), max: Uint8Array.of(seen.true ? 1 : 0) };
    },
    dictionary: () => undefined,
  };
}
