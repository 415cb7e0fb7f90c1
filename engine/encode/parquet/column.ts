import { cellKind } from '../../../core/decode/scanned-records.ts';
import type { DestinationField, Value } from '../../../core/records.ts';
import { type Cell, cellValue } from '../../cell.ts';
import { type ColumnChunk, chunkWriter } from './column-chunk.ts';
import type { Codec } from './compression.ts';
import { hybrid, run } from './hybrid.ts';
import { pageBytes, pageRows, type Values } from './values.ts';

/** A column of one row group. A row is staged in all columns before it is pushed to any, so that a row is kept whole. */
export interface Column {
  /** @throws RefusedValue if the value is not of the field's type */
  stage(value: Value): void;
  /** `stage` of a cell, which must not change before it is pushed. */
  stageCell(cell: Cell): void;
  /** Bytes of the staged value if it is written out, roughly. */
  stagedSize(): number;
  /** Adds the staged value. @returns the bytes that takes, roughly and before compression */
  push(): number;
  /** One chunk, or those of the parts of a nested field. */
  finish(): readonly ColumnChunk[];
}

/** How the values of a column are held. */
export interface Storage<T> {
  /** A non-null value as the pages hold it. @throws RefusedValue if it is not of the field's type */
  convert(value: Value, field: DestinationField): T;
  /** The same of a cell that is not null, if that can be told from its bytes. */
  fromCell?(cell: Cell): T | undefined;
  /** @param endPage may be called before a value is added */
  newValues(endPage: () => void): Values<T>;
}

export function column<T>(
  { convert, fromCell, newValues }: Storage<T>,
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

  return {
    stage(value) {
      staged = value === null ? undefined : convert(value, field);
    },
    stageCell(cell) {
      staged =
        cell.kind === cellKind.null ? undefined : (fromCell?.(cell) ?? convert(cellValue(cell), field));
    },
    stagedSize: () => (staged === undefined ? 0 : values.sizeOf(staged)),
    push() {
      let added = 0;
      if (staged === undefined) {
        nulls++;
        addLevel(0);
      } else {
        added = values.add(staged);
        addLevel(1);
        bytes += added;
      }
      if (bytes >= pageBytes || rows === pageRows) endPage();
      return added;
    },
    finish() {
      endPage();
      return [chunk.finish(nulls)];
    },
  };
}
