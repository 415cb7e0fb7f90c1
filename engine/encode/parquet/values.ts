/** The non-null values of a column's current page and how they are encoded; one function for each way of storing. */

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
  /** @returns the bytes that the value adds to the pages; a rough figure, negative when a dictionary is given up */
  add(value: T): number;
  /** The current page's values, of which none are left then. Copied or used up by the caller before the next `add`. */
  take(): { readonly encoding: number; readonly bytes: Uint8Array };
  /** Plain encoded, of all values so far. `undefined` if there are none, or if they are too long to be of use. */
  bounds(): Bounds | undefined;
  /** What the pages taken with `rleDictionary` refer to. */
  dictionary(): { readonly count: number; readonly bytes: Uint8Array } | undefined;
}

// ---- values of one size ----

interface Slots<T> {
  readonly bytes: Uint8Array;
  set(index: number, value: T): void;
}
type NewSlots<T> = (capacity: number) => Slots<T>;

// Typed arrays are little endian, as Parquet is, on every machine that Node.js supports for Lambda and desktops.
const int32Slots: NewSlots<number> = (capacity) => {
  const array = new Int32Array(capacity);
  return {
    bytes: new Uint8Array(array.buffer),
    set: (index, value) => {
      array[index] = value;
    },
  };
};

const floatSlots: NewSlots<number> = (capacity) => {
  const array = new Float32Array(capacity);
  return {
    bytes: new Uint8Array(array.buffer),
    set: (index, value) => {
      array[index] = value;
    },
  };
};

const doubleSlots: NewSlots<number> = (capacity) => {
  const array = new Float64Array(capacity);
  return {
    bytes: new Uint8Array(array.buffer),
    set: (index, value) => {
      array[index] = value;
    },
  };
};

const int64Slots: NewSlots<number | bigint> = (capacity) => {
  const halves = new Int32Array(2 * capacity);
  const wholes = new BigInt64Array(halves.buffer);
  return {
    bytes: new Uint8Array(halves.buffer),
    set(index, value) {
      if (typeof value === 'bigint') wholes[index] = value;
      else {
        // Three times as fast as making a bigint.
        halves[2 * index] = value;
        halves[2 * index + 1] = Math.floor(value / 2 ** 32);
      }
    },
  };
};

export const decimalBytes = 16;

/** Big endian two's complement. */
const decimalSlots: NewSlots<bigint> = (capacity) => {
  const bytes = new Uint8Array(decimalBytes * capacity);
  const view = new DataView(bytes.buffer);
  return {
    bytes,
    set(index, value) {
      view.setBigInt64(decimalBytes * index, value >> 64n);
      view.setBigUint64(decimalBytes * index + 8, BigInt.asUintN(64, value));
    },
  };
};

function fixedSizeValues<T extends number | bigint>(newSlots: NewSlots<T>): Values<T> {
  let capacity = 8;
  let slots = newSlots(capacity);
  const size = slots.bytes.length / capacity;
  let count = 0;
  let min: T | undefined;
  let max: T | undefined;

  function encoded(value: T): Uint8Array {
    const one = newSlots(1);
    one.set(0, value);
    return one.bytes;
  }

  return {
    add(value) {
      if (count === capacity) {
        const grown = newSlots(2 * capacity);
        grown.bytes.set(slots.bytes);
        capacity *= 2;
        slots = grown;
      }
      slots.set(count++, value);
      if (min === undefined || max === undefined) {
        if (!Number.isNaN(value)) min = max = value;
      } else if (value < min) min = value;
      else if (value > max) max = value;
      return size;
    },
    take() {
      const bytes = slots.bytes.subarray(0, count * size);
      count = 0;
      return { encoding: plain, bytes };
    },
    bounds() {
      if (min === undefined || max === undefined) return undefined;
      // Readers differ in whether -0 equals +0: the format wants zero bounds to include both. (Integers have but one.)
      return { min: encoded(min === 0 ? (-0 as T) : min), max: encoded(max === 0 ? (0 as T) : max) };
    },
    dictionary: () => undefined,
  };
}

export const int32Values = (): Values<number> => fixedSizeValues(int32Slots);
export const int64Values = (): Values<number | bigint> => fixedSizeValues(int64Slots);
export const decimalValues = (): Values<bigint> => fixedSizeValues(decimalSlots);
export const floatValues = (): Values<number> => fixedSizeValues(floatSlots);
export const doubleValues = (): Values<number> => fixedSizeValues(doubleSlots);

export function booleanValues(): Values<boolean> {
  let bits = new Uint8Array(1);
  let count = 0;
  const seen = { true: false, false: false };
  return {
    add(value) {
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
    },
    take() {
      const bytes = bits.subarray(0, Math.ceil(count / 8));
      bits = new Uint8Array(1);
      count = 0;
      return { encoding: plain, bytes };
    },
    bounds() {
      if (!seen.true && !seen.false) return undefined;
      return { min: Uint8Array.of(seen.false ? 0 : 1), max: Uint8Array.of(seen.true ? 1 : 0) };
    },
    dictionary: () => undefined,
  };
}
