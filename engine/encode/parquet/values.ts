/** The non-null values of a column's current page and how they are encoded; one class for each way of storing. */

import type { Kernels } from '../../../core/kernels.ts';
import type { Block } from '../../block.ts';
import { type ColumnMemory, Region } from './column-memory.ts';

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

/** What values have to know of their column's current page. */
export interface PageOfValues {
  /** Ends it: takes its values. */
  end(): void;
  /** Of the run's rows that no page has yet: where a byte for each lies, 0 for null. 0: they have no null. */
  readonly levels: number;
  /** Those rows; or the one that is added. */
  readonly rowsLeft: number;
  /** Rows that the page has room for. */
  readonly rowsFree: number;
  /** Bytes that it has room for. */
  readonly bytesFree: number;
}

export interface Values<T> {
  /**
   * Takes those of a block's cells that are not null, for `addRun`.
   *
   * @param positions where the list of cells lies
   */
  beginRun?(block: Block, vector: number, positions: number, count: number): void;
  /** Adds them, row by row, until the page is full. @returns how many rows; `added` has by how much the pages grow */
  addRun?(): number;
  /** The bytes that the last `addRun` has added to the pages; a rough figure, negative when a dictionary is given up. */
  readonly added: number;
  /** By how many bytes the pages may grow at most beside what is added: so many rows of so many bytes. */
  pending(rows: number, bytes: number): number;
  /** Bytes of the value if it is written out, roughly. */
  sizeOf(value: T): number;
  /** @returns as `added` */
  add(value: T): number;
  /** Before `take`: how many bytes that writes at most. */
  settle(): number;
  /** Writes the current page's values, of which none are left then, into the memory. @returns where they end */
  take(to: number): number;
  /** Of the page that was taken last. */
  readonly encoding: number;
  /** Plain encoded, of all values so far. `undefined` if there are none, or if they are too long to be of use. */
  bounds(): Bounds | undefined;
  /** What the pages taken with `rleDictionary` refer to, plain encoded, in the memory. */
  dictionary(): { readonly count: number; readonly start: number; readonly end: number } | undefined;
  /** Gives back what they hold of the memory. */
  release(): void;
}

/** How many of a run's rows, and of their values, the page takes: it ends behind the value that fills it. */
export function fitting(
  { levels, rowsLeft, rowsFree, bytesFree }: PageOfValues,
  memory: ColumnMemory,
  valuesLeft: number,
  bytesOf: (values: number) => number,
): { rows: number; values: number } {
  if (rowsLeft <= rowsFree && bytesOf(valuesLeft) < bytesFree) return { rows: rowsLeft, values: valuesLeft };
  let rows = 0;
  let values = 0;
  while (rows < rowsLeft && rows < rowsFree) {
    if (levels === 0 || memory.bytes[levels + rows] !== 0) values++;
    rows++;
    if (bytesOf(values) >= bytesFree) break;
  }
  return { rows, values };
}

// ---- values of one size ----

interface FixedSize<T> {
  /** Bytes. */
  readonly size: number;
  put(view: DataView, at: number, value: T): void;
  /** Writes those of the cells that are not null. @returns where they end */
  pack(kernels: Kernels, vector: number, positions: number, count: number, to: number): number;
  /** Of those packed last, the least and the greatest; not in order if there is none. NaN is none. */
  packedBounds(kernels: Kernels): readonly [T, T];
}

/** @param type the way of wasm/outputs.ts to store numbers */
const packed = (type: number) => ({
  pack: (kernels: Kernels, vector: number, positions: number, count: number, to: number) =>
    kernels.packNumbers(vector, positions, count, type, to),
  packedBounds: ({ least, greatest }: Kernels) => [least.value, greatest.value] as const,
});

const int32: FixedSize<number> = {
  size: 4,
  put: (view, at, value) => view.setInt32(at, value, true),
  ...packed(0),
};
const float: FixedSize<number> = {
  size: 4,
  put: (view, at, value) => view.setFloat32(at, value, true),
  ...packed(2),
};
const double: FixedSize<number> = {
  size: 8,
  put: (view, at, value) => view.setFloat64(at, value, true),
  ...packed(3),
};

const int64: FixedSize<number | bigint> = {
  size: 8,
  put(view, at, value) {
    if (typeof value === 'bigint') view.setBigInt64(at, value, true);
    else {
      // Much faster than making a bigint.
      view.setInt32(at, value, true);
      view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
    }
  },
  ...packed(1),
};

export const decimalBytes = 16;

/** Big endian two's complement. */
const decimal: FixedSize<bigint> = {
  size: decimalBytes,
  put(view, at, value) {
    view.setBigInt64(at, value >> 64n);
    view.setBigUint64(at + 8, BigInt.asUintN(64, value));
  },
  pack: (kernels, vector, positions, count, to) => kernels.packDecimals(vector, positions, count, to),
  packedBounds: ({ leastDecimal, greatestDecimal }) => [leastDecimal.value, greatestDecimal.value],
};

class FixedSizeValues<T extends number | bigint> implements Values<T> {
  added = 0;
  readonly encoding = plain;
  private readonly form: FixedSize<T>;
  private readonly memory: ColumnMemory;
  private readonly page: PageOfValues;
  private readonly region: Region;
  /** Bytes of the page. */
  private length = 0;
  /** Values of the run behind them. */
  private left = 0;
  private min: T | undefined;
  private max: T | undefined;

  constructor(form: FixedSize<T>, memory: ColumnMemory, page: PageOfValues) {
    this.form = form;
    this.memory = memory;
    this.page = page;
    this.region = new Region(memory);
  }

  beginRun(block: Block, vector: number, positions: number, count: number): void {
    const { size } = this.form;
    const start = block.beginRoom(size * count);
    const { kernels, memory } = block.records;
    const end = this.form.pack(kernels, vector, positions, count, start);
    this.region.reserve(this.length + end - start, this.length);
    this.memory.bytes.set(memory.bytes.subarray(start, end), this.region.start + this.length);
    this.left = (end - start) / size;
    const [least, greatest] = this.form.packedBounds(kernels);
    if (least <= greatest) {
      this.bound(least);
      this.bound(greatest);
    }
  }

  addRun(): number {
    const { size } = this.form;
    const { rows, values } = fitting(this.page, this.memory, this.left, (count) => size * count);
    this.added = size * values;
    this.length += this.added;
    this.left -= values;
    return rows;
  }

  pending(): number {
    return 0;
  }

  sizeOf(): number {
    return this.form.size;
  }

  add(value: T): number {
    const { size, put } = this.form;
    this.region.reserve(this.length + size, this.length);
    put(this.memory.data, this.region.start + this.length, value);
    this.length += size;
    this.bound(value);
    return size;
  }

  private bound(value: T): void {
    const { min, max } = this;
    if (min === undefined || max === undefined) {
      if (!Number.isNaN(value)) this.min = this.max = value;
    } else if (value < min) this.min = value;
    else if (value > max) this.max = value;
  }

  settle(): number {
    return this.length;
  }

  take(to: number): number {
    const { start } = this.region;
    const { bytes } = this.memory;
    const end = start + this.length;
    bytes.copyWithin(to, start, end);
    // The rest of a run that goes on in the next page.
    bytes.copyWithin(start, end, end + this.form.size * this.left);
    const taken = this.length;
    this.length = 0;
    return to + taken;
  }

  bounds(): Bounds | undefined {
    const { min, max } = this;
    if (min === undefined || max === undefined) return undefined;
    // Readers differ in whether -0 equals +0: the format wants zero bounds to include both. (Integers have but one.)
    return {
      min: this.encoded(min === 0 ? (-0 as T) : min),
      max: this.encoded(max === 0 ? (0 as T) : max),
    };
  }

  private encoded(value: T): Uint8Array {
    const bytes = new Uint8Array(this.form.size);
    this.form.put(new DataView(bytes.buffer), 0, value);
    return bytes;
  }

  dictionary(): undefined {
    return undefined;
  }

  release(): void {
    this.region.release();
  }
}

/** @param memory used once a value is added */
export type NewValues<T> = (memory: ColumnMemory, page: PageOfValues) => Values<T>;

const fixedSize =
  <T extends number | bigint>(form: FixedSize<T>): NewValues<T> =>
  (memory, page) =>
    new FixedSizeValues(form, memory, page);

export const int32Values = fixedSize(int32);
export const int64Values = fixedSize(int64);
export const floatValues = fixedSize(float);
export const doubleValues = fixedSize(double);
export const decimalValues = fixedSize(decimal);

// ---- booleans ----

class BooleanValues implements Values<boolean> {
  added = 0;
  readonly encoding = plain;
  private readonly memory: ColumnMemory;
  private readonly page: PageOfValues;
  private readonly bits: Region;
  private count = 0;
  /** Of the run: values, and how many of them are in pages. */
  private length = 0;
  private done = 0;
  private readonly seen = { true: false, false: false };

  constructor(memory: ColumnMemory, page: PageOfValues) {
    this.memory = memory;
    this.page = page;
    this.bits = new Region(memory);
  }

  beginRun(block: Block, vector: number, positions: number, count: number): void {
    const start = block.beginRoom(count);
    const { kernels, memory } = block.records;
    const end = kernels.packBooleans(vector, positions, count, start);
    this.length = end - start;
    this.done = 0;
    if (this.length === 0) return;
    const { run } = this.memory;
    run.reserve(this.length, 0);
    this.memory.bytes.set(memory.bytes.subarray(start, end), run.start);
    if (kernels.least.value === 0) this.seen.false = true;
    if (kernels.greatest.value === 1) this.seen.true = true;
  }

  addRun(): number {
    const before = this.settle();
    const { rows, values } = fitting(
      this.page,
      this.memory,
      this.length - this.done,
      (count) => bytesOf(this.count + count) - before,
    );
    this.put(this.memory.run.start + this.done, values);
    this.done += values;
    this.added = this.settle() - before;
    return rows;
  }

  private put(start: number, length: number): void {
    const { bits, count, memory } = this;
    bits.reserve(bytesOf(count + length), bytesOf(count));
    memory.kernels.addBits(bits.start, count, start, length);
    this.count += length;
  }

  pending(): number {
    return 1;
  }

  sizeOf(): number {
    return 1;
  }

  add(value: boolean): number {
    const { run } = this.memory;
    run.reserve(1, 0);
    this.memory.bytes[run.start] = Number(value);
    if (value) this.seen.true = true;
    else this.seen.false = true;
    const before = this.settle();
    this.put(run.start, 1);
    return this.settle() - before;
  }

  settle(): number {
    return bytesOf(this.count);
  }

  take(to: number): number {
    const length = bytesOf(this.count);
    this.memory.bytes.copyWithin(to, this.bits.start, this.bits.start + length);
    this.count = 0;
    return to + length;
  }

  bounds(): Bounds | undefined {
    const { seen } = this;
    if (!seen.true && !seen.false) return undefined;
    return { min: Uint8Array.of(seen.false ? 0 : 1), max: Uint8Array.of(seen.true ? 1 : 0) };
  }

  dictionary(): undefined {
    return undefined;
  }

  release(): void {
    this.bits.release();
  }
}

const bytesOf = (bits: number): number => Math.ceil(bits / 8);

export const booleanValues: NewValues<boolean> = (memory, page) => new BooleanValues(memory, page);
