import type { DestinationField, Value } from '../../../core/records.ts';
import { type Block, cellType } from '../../block.ts';
import { copyBytes } from '../../copy-bytes.ts';
import { appendEach, mostOfEach, refuseOthers, type StagingColumn } from './block-values.ts';
import { type ColumnChunk, chunkWriter } from './column-chunk.ts';
import { type ColumnMemory, Region } from './column-memory.ts';
import type { Codec } from './compression.ts';
import { encodedLevels, onlyOnes } from './levels.ts';
import { type NewValues, type PageOfValues, pageBytes, pageRows } from './values.ts';

/** A column of one row group. A row is staged in all columns before it is pushed to any, so that a row is kept whole. */
export interface Column extends StagingColumn {
  /** Refuses the records of a block whose values are not of the field's type. @param index of the block's vector */
  prepare(block: Block, index: number): void;
  /** Bytes that `appendBlock` takes at most. */
  most(block: Block, index: number, positions: number, count: number): number;
  /** Adds the values at the positions in a list, of a block that was prepared. @returns as `push`, of all of them */
  appendBlock(block: Block, index: number, positions: number, count: number): number;
  /** One chunk, or those of the parts of a nested field. The column is used up. */
  finish(): readonly ColumnChunk[];
}

/** How the values of a column are held. */
export interface Storage<T> {
  /** A non-null value as the pages hold it. @throws RefusedValue if it is not of the field's type */
  convert(value: Value, field: DestinationField): T;
  /** Cells of this type are what `convert` makes of their values; integers below the limit, and not below its negative; see `cellType.decimal`. */
  readonly cells?: { readonly type: number; readonly limit?: number };
  readonly newValues: NewValues<T>;
}

/** @param memory used once a value is pushed */
export function column<T>(
  { convert, cells, newValues }: Storage<T>,
  field: DestinationField,
  codec: Codec,
  memory: ColumnMemory,
): Column {
  let staged: T | undefined;
  let nulls = 0;
  /** Of the page: rows and bytes. */
  let rows = 0;
  let bytes = 0;
  /** Rows of a run that are not in a page yet. */
  let left = 0;
  /** A byte for each of the page's rows and those of the run: 0 for null. Not there while they have no null. */
  const levels = new Region(memory);
  let hasLevels = false;
  const page: PageOfValues = {
    end: endPage,
    get levels() {
      return hasLevels && left > 0 ? levels.start + rows : 0;
    },
    get rowsLeft() {
      return Math.max(1, left);
    },
    get rowsFree() {
      return pageRows - rows;
    },
    get bytesFree() {
      return pageBytes - bytes;
    },
  };
  const values = newValues(memory, page);
  const chunk = chunkWriter(values, codec, memory);

  function endPage(): void {
    if (rows === 0) return;
    chunk.endPage(rows, [hasLevels ? encodedLevels(memory, levels, rows, 1) : onlyOnes(memory, rows)]);
    if (hasLevels) memory.bytes.copyWithin(levels.start, levels.start + rows, levels.start + rows + left);
    rows = 0;
    bytes = 0;
  }

  /** @param level 1 for a value, 0 for none */
  function addLevel(level: 0 | 1): void {
    if (level === 0) beginLevels(1);
    if (hasLevels) {
      levels.reserve(rows + 1, rows);
      memory.bytes[levels.start + rows] = level;
    }
    rows++;
  }

  /** So many rows have a level of their own from here on. */
  function beginLevels(more: number): void {
    levels.reserve(rows + more, hasLevels ? rows : 0);
    if (!hasLevels) memory.bytes.fill(1, levels.start, levels.start + rows);
    hasLevels = true;
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

  /** Takes the levels of a run of rows. */
  function beginRun(
    { records }: Block,
    start: number,
    vector: number,
    positions: number,
    count: number,
  ): void {
    const missing = records.kernels.putLevels(vector, positions, count, start);
    nulls += missing;
    left = count;
    if (missing === 0 && !hasLevels) return;
    beginLevels(count);
    copyBytes(records.memory.bytes, start, start + count, memory.bytes, levels.start + rows);
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
      const most = mostOfEach(self, block, index, positions, count);
      return most + values.pending(count, most);
    },
    appendBlock(block, index, positions, count) {
      if (block.mixed[index] || !values.beginRun || !values.addRun)
        return appendEach(self, block, index, positions, count);
      const vector = block.vectors[index] ?? 0;
      beginRun(block, block.beginRoom(count), vector, positions, count);
      values.beginRun(block, vector, positions, count);
      let added = 0;
      while (left > 0) {
        const done = values.addRun();
        left -= done;
        rows += done;
        bytes += values.added;
        added += values.added;
        if (bytes >= pageBytes || rows === pageRows) endPage();
      }
      return added;
    },
    finish() {
      endPage();
      const finished = chunk.finish(nulls);
      values.release();
      levels.release();
      return [finished];
    },
  };
  return self;
}
