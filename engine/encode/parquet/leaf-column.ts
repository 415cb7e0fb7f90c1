import type { DestinationField, Value } from '../../../core/records.ts';
import type { Storage } from './column.ts';
import { type ColumnChunk, chunkWriter } from './column-chunk.ts';
import type { Codec } from './compression.ts';
import { hybrid } from './hybrid.ts';
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
): LeafColumn {
  // Pages begin with rows, as readers like it: within one, a dictionary that is given up is written out instead.
  const values = newValues(() => {
    if (!withinRow) endPage();
  });
  const chunk = chunkWriter(values, codec);
  // Levels of staged entries stand behind those of the page.
  const repetitions = levels(max.repetition);
  const definitions = levels(max.definition);
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
    chunk.endPage(pageEntries, ...encoded.map((each) => each.take(pageEntries)));
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
      return { pages, meta: { ...meta, entries } };
    },
  };
}

/** Levels, a byte each. */
function levels(max: number) {
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
    /** The first so many, encoded; the others remain. */
    take(first: number): Uint8Array {
      const encoded = hybrid(held, first, width);
      held.copyWithin(0, first, count);
      count -= first;
      return encoded;
    },
  };
}
