import type { JsonObject } from '../../core/ports.ts';
import type { Row } from '../../core/records.ts';
import { type Cell, cellValue } from '../cell.ts';
import type { Fragment, FragmentEncoder } from './format.ts';

// Measured: joining some 50 rows per write is twice as fast as either a write per row or 1,000 rows per write.
const rowsPerWrite = 50;
const charsPerWrite = 1 << 16;
const chunkBytes = 1 << 20;
const utf8BytesPerUnit = 3;
const empty = Buffer.alloc(0);

/** How a file type writes a record as a line. */
export interface LineFormat {
  /** With its line end. */
  row(row: Row): string;
  /** The same from cells, straight to bytes. Absent: cells are made a row. */
  readonly cells?: CellLine;
}

export interface CellLine {
  /** Looks at the cells. @returns the bytes that `put` takes at most @throws RefusedValue */
  stage(cells: readonly Cell[]): number;
  /** Writes what was staged, at `at`. @returns where it ends */
  put(cells: readonly Cell[], bytes: Buffer, at: number): number;
}

/**
 * Encodes rows as lines of UTF-8 (lone surrogates become U+FFFD). Nothing is allocated before there is something to
 * hold, and what is held stays below about twice `size`.
 *
 * @param metaOf what is to be said of the fragment that ends
 */
export function textEncoder(
  line: LineFormat,
  metaOf: () => JsonObject | undefined = () => undefined,
): FragmentEncoder {
  let rows = 0;
  let pending = '';
  let pendingRows = 0;
  let full: Uint8Array[] = [];
  let fullBytes = 0;
  let chunk = empty;
  let used = 0;

  function newChunk(needed: number): void {
    if (used > 0) full.push(chunk.subarray(0, used));
    fullBytes += used;
    chunk = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(chunkBytes, 2 * fullBytes)));
    used = 0;
  }

  function write(): void {
    if (chunk.length - used < pending.length * utf8BytesPerUnit) newChunk(Buffer.byteLength(pending));
    used += chunk.write(pending, used);
    pending = '';
    pendingRows = 0;
  }

  function append(row: Row): void {
    pending += line.row(row);
    rows++;
    if (++pendingRows === rowsPerWrite || pending.length >= charsPerWrite) write();
  }

  return {
    append,
    appendCells(cells): void {
      if (!line.cells) {
        append(cells.map(cellValue));
        return;
      }
      const needed = line.cells.stage(cells);
      if (pendingRows > 0) write();
      if (chunk.length - used < needed) newChunk(needed);
      used = line.cells.put(cells, chunk, used);
      rows++;
    },
    get rows() {
      return rows;
    },
    get size() {
      return fullBytes + used + pending.length;
    },
    finish(): Fragment | undefined {
      if (rows === 0) return undefined;
      write();
      const meta = metaOf();
      const fragment = {
        bytes: Buffer.concat([...full, chunk.subarray(0, used)]),
        rows,
        ...(meta && { meta }),
      };
      rows = 0;
      full = [];
      fullBytes = 0;
      chunk = empty;
      used = 0;
      return fragment;
    },
  };
}
