import { cellKind } from '../../../core/decode/scanned-records.ts';
import type { DestinationField, Value } from '../../../core/records.ts';
import { type Block, cellType } from '../../block.ts';
import { appendEach, mostOfEach, refuseOthers, type StagingColumn } from './block-values.ts';
import { type ColumnChunk, chunkWriter } from './column-chunk.ts';
import type { Codec } from './compression.ts';
import { hybrid, run } from './hybrid.ts';
import { pageBytes, pageRows, type Values } from './values.ts';

/** A column of one row group. A row is staged in all columns before it is pushed to any, so that a row is kept whole. */
export interface Column extends StagingColumn {
  /** Refuses the records of a block whose values are not of the field's type. @param index of the block's vector */
  prepare(block: Block, index: number): void;
  /** Bytes that `appendBlock` takes at most. */
  most(block: Block, index: number, positions: number, count: number): number;
  /** Adds the values at the positions in a list, of a block that was prepared. @returns as `push`, of all of them */
  appendBlock(block: Block, index: number, positions: number, count: number): number;
  /** One chunk, or those of the parts of a nested field. */
  finish(): readonly ColumnChunk[];
}

/** How the values of a column are held. */
export interface Storage<T> {
  /** A non-null value as the pages hold it. @throws RefusedValue if it is not of the field's type */
  convert(value: Value, field: DestinationField): T;
  /** Cells of this type are what `convert` makes of their values; integers below the limit, and not below its negative. */
  readonly cells?: { readonly type: number; readonly limit?: number };
  /** @param endPage may be called before a value is added */
  newValues(endPage: () => void): Values<T>;
}

export function column<T>(
  { convert, cells, newValues }: Storage<T>,
  field: DestinationField,
  codec: Codec,
): Column {
  const values = newValues(endPage);
  const chunk = chunkWriter(values, codec);
  let staged: T | undefined;
  let nulls = 0;
  let rows = 0;
  let bytes = 0;
  /** 1 for a value, 0 for none; not there while the page has no null. */
  let levels: Uint8Array | undefined;

  function addLevel(level: 0 | 1): void {
    if (levels === undefined) {
      if (level === 1) {
        rows++;
        return;
      }
      levels = new Uint8Array(Math.max(8, rows + 1)).fill(1, 0, rows);
    } else if (rows === levels.length) {
      const grown = new Uint8Array(2 * rows);
      grown.set(levels);
      levels = grown;
    }
    levels[rows++] = level;
  }

  function endPage(): void {
    if (rows === 0) return;
    chunk.endPage(rows, levels ? hybrid(levels, rows, 1) : run(1, rows));
    rows = 0;
    bytes = 0;
    levels = undefined;
  }

  function pushNull(): 0 {
    nulls++;
    addLevel(0);
    if (rows === pageRows) endPage();
    return 0;
  }

  function pushed(added: number): number {
    addLevel(1);
    bytes += added;
    if (bytes >= pageBytes || rows === pageRows) endPage();
    return added;
  }

  /** Levels of fewer rows than the page has room for. */
  function addLevels({ records }: Block, to: number, vector: number, positions: number, count: number): void {
    const missing = records.kernels.putLevels(vector, positions, count, to);
    nulls += missing;
    if (levels || missing > 0) {
      const known = levels ?? new Uint8Array(rows + count).fill(1, 0, rows);
      levels = known;
      if (rows + count > known.length) {
        levels = new Uint8Array(Math.max(rows + count, 2 * known.length));
        levels.set(known);
      }
      levels.set(records.memory.bytes.subarray(to, to + count), rows);
    }
    rows += count;
  }

  /** Values that have to be looked at one after the other, as a page may end or begin to be encoded in another way. */
  function appendTexts(
    { records }: Block,
    addText: (bytes: Buffer, start: number, end: number) => number,
    vector: number,
    positions: number,
    count: number,
  ): number {
    const { places, bytes: memory } = records.memory;
    let added = 0;
    for (let index = 0; index < count; index++) {
      const at = vector / 4 + 4 * (places[positions / 4 + index] ?? 0);
      const place = places[at + 1] ?? 0;
      const start = places[at] ?? 0;
      added +=
        (place & 15) === cellKind.null ? pushNull() : pushed(addText(memory, start, start + (place >>> 4)));
    }
    return added;
  }

  const self: Column = {
    stage(value) {
      staged = value === null ? undefined : convert(value, field);
    },
    stagedSize: () => (staged === undefined ? 0 : values.sizeOf(staged)),
    push: () => (staged === undefined ? pushNull() : pushed(values.add(staged))),
    prepare(block, index) {
      const { type, limit = 0 } = cells ?? { type: cellType.none };
      refuseOthers(self, block, index, type, limit);
    },
    most(block, index, positions, count) {
      return mostOfEach(self, block, index, positions, count) + values.pending;
    },
    appendBlock(block, index, positions, count) {
      if (block.mixed[index]) return appendEach(self, block, index, positions, count);
      const vector = block.vectors[index] ?? 0;
      if (values.addCells && rows + count < pageRows) {
        const added = values.addCells(block, vector, positions, count, pageBytes - bytes);
        if (added !== undefined) {
          bytes += added;
          addLevels(block, block.beginRoom(count), vector, positions, count);
          return added;
        }
      }
      const { addText } = values;
      return addText
        ? appendTexts(block, addText, vector, positions, count)
        : appendEach(self, block, index, positions, count);
    },
    finish() {
      endPage();
      return [chunk.finish(nulls)];
    },
  };
  return self;
}
