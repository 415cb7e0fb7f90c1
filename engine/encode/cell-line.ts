/** Lines of text made of cells: what CSV and JSON Lines have in common. */

import { cellKind } from '../../core/decode/scanned-records.ts';
import type { Value } from '../../core/records.ts';
import { cellValue } from '../cell.ts';
import type { CellLine } from './text-encoder.ts';
import type { ValueText } from './value-text.ts';

/** Writes a field's values into `bytes` at `at`. @returns where it ends */
export interface CellWriter {
  /** Bytes before and around a value. */
  readonly extra: number;
  missing(bytes: Buffer, at: number): number;
  /** The value whose text is bytes [start, end) of `text`. */
  put(text: Buffer, start: number, end: number, bytes: Buffer, at: number): number;
  /** What `putMade` writes of a value. @throws RefusedValue */
  make(value: Value): string;
  putMade(made: Buffer, bytes: Buffer, at: number): number;
}

/** An escape of JSON is up to six bytes for one. */
const growth = 6;

/** @param end writes the line's end, where the line began at `start` */
export function cellLine(
  texts: readonly ValueText[],
  writers: readonly CellWriter[],
  end: (bytes: Buffer, start: number, at: number) => number,
): CellLine {
  const extra = writers.reduce((sum, writer) => sum + writer.extra, 8);
  /** By field, of cells whose bytes are not what is written. */
  const made: (Buffer | undefined)[] = texts.map(() => undefined);
  return {
    stage(cells) {
      let length = 0;
      let index = 0;
      for (const text of texts) {
        const cell = cells[index];
        let other: Buffer | undefined;
        if (cell && cell.kind !== cellKind.null) {
          if (text.isText(cell)) length += cell.end - cell.start;
          else {
            other = Buffer.from(writers[index]?.make(cellValue(cell)) ?? '');
            length += other.length;
          }
        }
        made[index++] = other;
      }
      return growth * length + extra;
    },
    put(cells, bytes, start) {
      let at = start;
      let index = 0;
      for (const writer of writers) {
        const cell = cells[index];
        const other = made[index++];
        if (other) at = writer.putMade(other, bytes, at);
        else if (!cell || cell.kind === cellKind.null) at = writer.missing(bytes, at);
        else at = writer.put(cell.bytes, cell.start, cell.end, bytes, at);
      }
      return end(bytes, start, at);
    },
  };
}
