import type { DestinationField, Value } from '../../../core/records.ts';
import type { Storage } from './column.ts';
import { type ColumnChunk, chunkWriter } from './column-chunk.ts';
import { type ColumnMemory, Region } from './column-memory.ts';
import type { Codec } from './compression.ts';
import { type EncodedLevels, encodedLevels } from './levels.ts';
import { pageBytes, pageRows } from './values.ts';

/** Parquet's levels of a value that is there (https://parquet.apache.org/docs/file-format/nestedencoding/). */
export interface MaxLevels {
  readonly repetition: number;
  /** Up to 255. */
  readonly definition: number;
}

/** The values of one part of a nested field in one row group: any number of entries a row, at least one. */
export interface LeafColumn {
  /** Begins a row anew. */
  clear(): void;
  /** @throws RefusedValue if the value, which is not null, is not of the part's type */
  stage(value: Value, repetition: number): void;
  /** An entry without a value. @param definition how much of the way to the part is there */
  stageMissing(repetition: number, definition: number): void;
  /** Bytes of the staged entries if they are written out, roughly. */
  stagedSize(): number;
  /** Adds the staged entries. @returns the bytes that takes, roughly and before compression */
  push(): number;
  finish(): ColumnChunk;
}

export function leafColumn<T>(
  { convert, newValues }: Storage<T>,
  field: DestinationField,
  max: MaxLevels,
  codec: Codec,
  memory: ColumnMemory,
): LeafColumn {
  // Pages begin with rows, as readers like it: within one, a dictionary that is given up is written out instead.
  const page = {
    end() {
      if (!withinRow) endPage();
    },
    levels: 0,
    rowsLeft: 1,
    rowsFree: 1,
    bytesFree: pageBytes,
  };
  const values = newValues(memory, page);
  const chunk = chunkWriter(values, codec, memory);
  // Levels of staged entries stand behind those of the page.
  const repetitions = levels(max.repetition, memory);
  const definitions = levels(max.definition, memory);
  let staged: T[] = [];
  let withinRow = false;
  let pageEntries = 0;
  let entries = 0;
  let nulls = 0;
  let bytes = 0;

  const stagedEntries = (): number => definitions.count - pageEntries;
  const stagedLevelBytes = (): number =>
    Math.ceil((stagedEntries() * (repetitions.width + definitions.width)) / 8);

  function endPage(): void {
    if (pageEntries === 0) return;
    const encoded = [repetitions, definitions].filter(({ width }) => width > 0);
    chunk.endPage(
      pageEntries,
      encoded.map((each) => each.encoded(pageEntries)),
    );
    for (const each of encoded) each.drop(pageEntries);
    pageEntries = 0;
    bytes = 0;
  }

  function addLevels(repetition: number, definition: number): void {
    repetitions.add(repetition);
    definitions.add(definition);
  }

  return {
    clear() {
      staged = [];
      repetitions.truncate(pageEntries);
      definitions.truncate(pageEntries);
    },
    stage(value, repetition) {
      staged.push(convert(value, field));
      addLevels(repetition, max.definition);
    },
    stageMissing: addLevels,
    stagedSize: () => staged.reduce((sum, value) => sum + values.sizeOf(value), stagedLevelBytes()),
    push() {
      const rowEntries = stagedEntries();
      const levelBytes = stagedLevelBytes();
      let added = 0;
      for (const value of staged) {
        added += values.add(value);
        withinRow = true;
      }
      withinRow = false;
      entries += rowEntries;
      nulls += rowEntries - staged.length;
      pageEntries += rowEntries;
      bytes += added;
      staged = [];
      if (bytes >= pageBytes || pageEntries >= pageRows) endPage();
      return added + levelBytes;
    },
    finish() {
      endPage();
      const { pages, meta } = chunk.finish(nulls);
      for (const part of [values, repetitions, definitions]) part.release();
      return { pages, meta: { ...meta, entries } };
    },
  };
}

/** Levels, a byte each. They are staged before the memory is open. */
function levels(max: number, memory: ColumnMemory) {
  const region = new Region(memory);
  let held = new Uint8Array(8);
  let count = 0;
  const width = 32 - Math.clz32(max);
  return {
    /** Bits of a level. */
    width,
    get count() {
      return count;
    },
    add(level: number): void {
      if (width === 0) return;
      if (count === held.length) {
        const grown = new Uint8Array(2 * count);
        grown.set(held);
        held = grown;
      }
      held[count++] = level;
    },
    truncate(to: number): void {
      count = Math.min(count, to);
    },
    /** The first so many. */
    encoded(first: number): EncodedLevels {
      region.reserve(first, 0);
      memory.bytes.set(held.subarray(0, first), region.start);
      return encodedLevels(memory, region, first, width);
    },
    drop(first: number): void {
      held.copyWithin(0, first, count);
      count -= first;
    },
    release: () => region.release(),
  };
}
