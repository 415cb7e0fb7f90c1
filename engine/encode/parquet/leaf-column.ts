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
  const repetitions = levels(max.repetition);
  const definitions = levels(max.definition);
  const entryBits = repetitions.width + definitions.width;
  let staged: { value?: T; repetition: number; definition: number }[] = [];
  let withinRow = false;
  let pageEntries = 0;
  let entries = 0;
  let nulls = 0;
  let bytes = 0;

  const levelBytes = (): number => Math.ceil((staged.length * entryBits) / 8);

  function endPage(): void {
    if (pageEntries === 0) return;
    const encoded = [repetitions, definitions].filter(({ width }) => width > 0).map((each) => each.take());
    chunk.endPage(pageEntries, ...encoded);
    pageEntries = 0;
    bytes = 0;
  }

  return {
    clear() {
      staged = [];
    },
    stage(value, repetition) {
      staged.push({ value: convert(value, field), repetition, definition: max.definition });
    },
    stageMissing(repetition, definition) {
      staged.push({ repetition, definition });
    },
    stagedSize: () =>
      staged.reduce(
        (sum, { value }) => (value === undefined ? sum : sum + values.sizeOf(value)),
        levelBytes(),
      ),
    push() {
      let added = 0;
      for (const { value, repetition, definition } of staged) {
        if (value === undefined) nulls++;
        else added += values.add(value);
        withinRow = true;
        repetitions.add(repetition);
        definitions.add(definition);
      }
      withinRow = false;
      entries += staged.length;
      pageEntries += staged.length;
      bytes += added;
      if (bytes >= pageBytes || pageEntries >= pageRows) endPage();
      return added + levelBytes();
    },
    finish() {
      endPage();
      const { pages, meta } = chunk.finish(nulls);
      return { pages, meta: { ...meta, entries } };
    },
  };
}

/** The levels of a page, a byte each. */
function levels(max: number) {
  const width = 32 - Math.clz32(max);
  let held = new Uint8Array(8);
  let count = 0;
  return {
    /** Bits of a level. */
    width,
    add(level: number): void {
      if (count === held.length) {
        const grown = new Uint8Array(2 * count);
        grown.set(held);
        held = grown;
      }
      held[count++] = level;
    },
    /** Encoded; none are left then. */
    take(): Uint8Array {
      const encoded = hybrid(held, count, width);
      count = 0;
      return encoded;
    },
  };
}
