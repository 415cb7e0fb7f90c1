/** Strings and bytes: values of any length, *packed*, each behind its length in four bytes. wasm/columns.ts adds them. */

import type { Block } from '../../block.ts';
import { type ColumnMemory, Region } from './column-memory.ts';
import { type Bounds, type PageOfValues, pageBytes, plain, rleDictionary, type Values } from './values.ts';

/** What two bytes can tell apart. */
const maxDictionaryEntries = 1 << 16;
/** From this many entries on, a dictionary must have been worth it so far: two in five values found in it. */
const trialEntries = 1024;
/** Longer bounds make footers big and prune nothing. */
const maxBoundBytes = 64;
/** Beyond any page. */
const unbounded = 2 ** 31 - 1;

/** The ints that a column of texts consists of, as wasm/columns.ts has them. */
const columnBytes = 72;
const at = {
  entries: 0,
  places: 1,
  slots: 2,
  indexes: 3,
  plain: 4,
  next: 5,
  entryBytes: 6,
  size: 7,
  mask: 8,
  count: 9,
  indexBytes: 10,
  plainBytes: 11,
  plainLength: 12,
  inUse: 13,
  leastEntry: 14,
  leastPlain: 16,
} as const;

/**
 * By a dictionary as long as that makes the column smaller; then, and bytes always, written out. A lone surrogate becomes U+FFFD.
 */
class ByteArrays<T extends string | Uint8Array> implements Values<T> {
  added = 0;
  encoding = plain;
  private readonly memory: ColumnMemory;
  private readonly page: PageOfValues;
  private readonly column: Region;
  private readonly plain: Region;
  /** As long as the column has a dictionary. */
  private parts: DictionaryParts | undefined;
  /** Whether values still go to it. */
  private byDictionary: boolean;
  private slots = 0;
  /** Packed bytes of the run that no page has yet. */
  private left = 0;
  private begun = false;
  /** Of the pages that were taken. */
  private earlier: Bounds | undefined;

  constructor(memory: ColumnMemory, page: PageOfValues, byDictionary: boolean) {
    this.memory = memory;
    this.page = page;
    this.column = new Region(memory);
    this.plain = new Region(memory);
    this.byDictionary = byDictionary;
  }

  beginRun(block: Block, vector: number, positions: number, count: number): void {
    const start = block.beginRoom(block.textBytes(vector, positions, count) + 4 * count);
    const { kernels, memory } = block.records;
    const length = kernels.packTexts(vector, positions, count, start) - start;
    const to = this.beginPacked(length, count);
    this.memory.bytes.set(memory.bytes.subarray(start, start + length), to);
  }

  /** @returns where the packed values of a run have to be put */
  private beginPacked(length: number, count: number): number {
    this.begin();
    this.left = length;
    if (!this.byDictionary) {
      const held = this.int(at.plainLength);
      this.plain.reserve(held + length, held);
      return this.plain.start + held;
    }
    this.reserveEntries(length, count);
    const { run } = this.memory;
    run.reserve(length, 0);
    this.setInt(at.next, run.start);
    return run.start;
  }

  private begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.column.reserve(columnBytes, 0);
    this.memory.kernels.newTexts(this.column.start);
    if (this.byDictionary) this.parts = new DictionaryParts(this.memory);
  }

  private reserveEntries(length: number, count: number): void {
    const { parts } = this;
    if (!parts) return;
    const size = this.int(at.size);
    const values = this.int(at.count);
    // As many as there may be, and one that is not added any more.
    const most = Math.min(size + count, maxDictionaryEntries);
    const bytes = this.int(at.entryBytes);
    parts.entries.reserve(Math.min(bytes + length, pageBytes), bytes);
    parts.places.reserve(8 * most, 8 * size);
    parts.indexes.reserve(2 * (values + count), 2 * values);
    if (2 * most > this.slots) {
      this.slots = Math.max(16, 2 ** (32 - Math.clz32(2 * most - 1)));
      parts.slots.reserve(4 * this.slots, 0);
      this.point();
      this.setInt(at.mask, this.slots - 1);
      this.memory.kernels.fillSlots(this.column.start);
    }
  }

  /** Tells the kernels where everything lies. */
  private point(): void {
    const { parts } = this;
    if (parts) {
      this.setInt(at.entries, parts.entries.start);
      this.setInt(at.places, parts.places.start);
      this.setInt(at.slots, parts.slots.start);
      this.setInt(at.indexes, parts.indexes.start);
    }
    this.setInt(at.plain, this.plain.start);
  }

  private int(member: number): number {
    return this.memory.places[this.column.start / 4 + member] ?? 0;
  }

  private setInt(member: number, value: number): void {
    this.memory.places[this.column.start / 4 + member] = value;
  }

  addRun(): number {
    const { levels, rowsLeft, rowsFree, bytesFree } = this.page;
    return this.addRows(levels, Math.min(rowsLeft, rowsFree), bytesFree);
  }

  private addRows(levels: number, rows: number, room: number): number {
    this.point();
    const { kernels } = this.memory;
    const column = this.column.start;
    if (!this.byDictionary) {
      const done = kernels.addPlain(column, levels, rows, room);
      this.added = kernels.added.value;
      this.left -= this.added;
      return done;
    }
    const before = this.int(at.next);
    const done = kernels.addTexts(column, levels, rows, room, maxDictionaryEntries, pageBytes, trialEntries);
    this.added = kernels.added.value;
    this.left -= this.int(at.next) - before;
    return done > 0 ? done : this.addWithout();
  }

  /** Goes on without the dictionary, at a row with a text that it does not take. */
  private addWithout(): number {
    // A large page by index is well worth it and is ended as such; a small one is written out.
    if (this.int(at.plainBytes) > pageBytes) this.page.end();
    const more = this.giveUp();
    const { levels, rowsLeft, rowsFree, bytesFree } = this.page;
    const done = this.addRows(levels, Math.min(rowsLeft, rowsFree), bytesFree - more);
    this.added += more;
    return done;
  }

  /** From here on values are written out. @returns the bytes that the current page grows by */
  private giveUp(): number {
    const { memory, plain } = this;
    const values = this.int(at.plainBytes);
    const used = this.int(at.inUse) !== 0;
    const more = values - this.int(at.indexBytes) - (used ? 0 : this.int(at.entryBytes));
    plain.reserve(values + this.left, 0);
    this.point();
    memory.kernels.addIndexed(this.column.start);
    const next = this.int(at.next);
    memory.bytes.copyWithin(plain.start + values, next, next + this.left);
    this.byDictionary = false;
    if (!used) {
      this.parts?.release();
      this.parts = undefined;
    }
    this.clearPage();
    return more;
  }

  private clearPage(): void {
    for (const member of [at.count, at.indexBytes, at.plainBytes]) this.setInt(member, 0);
  }

  pending(rows: number, bytes: number): number {
    if (!this.begun || !this.byDictionary) return 0;
    const size = this.int(at.size) + rows;
    const isTaken =
      size <= maxDictionaryEntries &&
      this.int(at.entryBytes) + bytes <= pageBytes &&
      (size <= trialEntries || this.int(at.inUse) !== 0 || 5 * size <= 2 * this.int(at.count));
    return isTaken ? 0 : this.int(at.plainBytes);
  }

  sizeOf(value: T): number {
    return 4 + (typeof value === 'string' ? Buffer.byteLength(value) : value.length);
  }

  add(value: T): number {
    const start = this.beginPacked(4 + mostBytes(value), 1);
    const { bytes } = this.memory;
    let length = value.length;
    if (typeof value === 'string') length = putString(bytes, value, start + 4);
    else bytes.set(value, start + 4);
    bytes.writeInt32LE(length, start);
    this.left = 4 + length;
    this.addRows(0, 1, unbounded);
    return this.added;
  }

  settle(): number {
    if (!this.begun) return 0;
    const count = this.int(at.count);
    if (count === 0) return this.int(at.plainLength);
    const pays =
      this.int(at.inUse) !== 0 || this.int(at.entryBytes) + this.int(at.indexBytes) < this.int(at.plainBytes);
    if (pays) return 16 + 3 * count;
    this.giveUp();
    return this.int(at.plainLength);
  }

  take(to: number): number {
    const { memory } = this;
    const { bytes, kernels } = memory;
    const count = this.int(at.count);
    if (count > 0) {
      const width = Math.max(1, 32 - Math.clz32(this.int(at.size) - 1));
      bytes[to] = width;
      const end = kernels.hybrid(this.parts?.indexes.start ?? 0, 2, count, width, to + 1);
      this.encoding = rleDictionary;
      this.setInt(at.inUse, 1);
      this.clearPage();
      return end;
    }
    this.encoding = plain;
    if (!this.begun) return to;
    const length = this.int(at.plainLength);
    const { start } = this.plain;
    bytes.copyWithin(to, start, start + length);
    this.earlier = extremes(this.earlier, this.boundsAt(at.leastPlain, start));
    this.setInt(at.leastPlain, -1);
    this.setInt(at.leastPlain + 1, -1);
    this.setInt(at.plainLength, 0);
    // The rest of a run that goes on in the next page.
    bytes.copyWithin(start, start + length, start + length + this.left);
    return to + length;
  }

  bounds(): Bounds | undefined {
    if (!this.begun) return undefined;
    const { parts } = this;
    const bounds = extremes(this.earlier, parts && this.boundsAt(at.leastEntry, parts.entries.start));
    return bounds && bounds.min.length <= maxBoundBytes && bounds.max.length <= maxBoundBytes
      ? bounds
      : undefined;
  }

  private boundsAt(least: number, texts: number): Bounds | undefined {
    const [min, max] = [this.int(least), this.int(least + 1)];
    return min < 0 ? undefined : { min: this.textAt(texts + min), max: this.textAt(texts + max) };
  }

  private textAt(start: number): Uint8Array {
    const { bytes } = this.memory;
    return Uint8Array.prototype.slice.call(bytes, start + 4, start + 4 + bytes.readInt32LE(start));
  }

  dictionary(): { count: number; start: number; end: number } | undefined {
    const { parts } = this;
    if (!parts || this.int(at.inUse) === 0) return undefined;
    const { start } = parts.entries;
    return { count: this.int(at.size), start, end: start + this.int(at.entryBytes) };
  }

  release(): void {
    this.column.release();
    this.plain.release();
    this.parts?.release();
  }
}

class DictionaryParts {
  /** Packed. */
  readonly entries: Region;
  /** Of each entry two ints: where it begins, and its hash. */
  readonly places: Region;
  /** A hash table of ints. */
  readonly slots: Region;
  /** The page's values, two bytes each. */
  readonly indexes: Region;

  constructor(memory: ColumnMemory) {
    this.entries = new Region(memory);
    this.places = new Region(memory);
    this.slots = new Region(memory);
    this.indexes = new Region(memory);
  }

  release(): void {
    for (const region of [this.entries, this.places, this.slots, this.indexes]) region.release();
  }
}

function extremes(...some: readonly (Bounds | undefined)[]): Bounds | undefined {
  const all = some.flatMap((bounds) => (bounds ? [bounds.min, bounds.max] : [])).sort(Buffer.compare);
  const [min] = all;
  const max = all.at(-1);
  return min && max && { min, max };
}

function mostBytes(value: string | Uint8Array): number {
  if (typeof value !== 'string') return value.length;
  return value.length < 2 ** 12 ? 3 * value.length : Buffer.byteLength(value);
}

/** UTF-8 from `start` on, a lone surrogate as U+FFFD. @returns its length */
function putString(bytes: Buffer, value: string, start: number): number {
  // A loop beats the native call for short ASCII.
  if (value.length > 24) return bytes.write(value, start);
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index);
    if (unit > 127) return bytes.write(value, start);
    bytes[start + index] = unit;
  }
  return value.length;
}

export const stringValues = (memory: ColumnMemory, page: PageOfValues): Values<string> =>
  new ByteArrays(memory, page, true);

export const binaryValues = (memory: ColumnMemory, page: PageOfValues): Values<Uint8Array> =>
  new ByteArrays(memory, page, false);
