/** What the scanners of file formats have in common: a memory with a page and its cells, and what becomes of the values. */

import type { Kernels } from '../kernels.ts';
import type { Row, Value } from '../records.ts';
import type { DecodeRecords } from './input-format.ts';
import type { PageMemory } from './page-memory.ts';
import { cellKind, type ScannedRecords, scannedRow } from './scanned-records.ts';
import { checkUtf8 } from './utf8.ts';

export const cellBytes = 16;
/** Of a value that the scanner did not read: a place among `values`. */
const made = 15;
/** Zeroes that must stand behind what is read. */
export const sentinelBytes = 16;
const initialRecords = 1024;

/** The values of cells: where the page's bytes do not have them as they are, they are kept beside it. */
export interface CellValues {
  value(cell: number): Value;
  put(cell: number, value: Value): void;
  /** Forgets what was put. */
  clear(): void;
}

/** @param decode the value of a kind that only one format has, bytes [start, end) of the memory */
export function cellValues(
  memory: PageMemory,
  decode: (kind: number, start: number, end: number, cell: number) => Value,
): CellValues {
  let values: Value[] = [];
  return {
    value(cell) {
      const { bytes, places, numbers } = memory;
      const place = places[4 * cell + 1] ?? 0;
      const start = places[4 * cell] ?? 0;
      // A length may take all of the upper bits, the sign's too.
      const end = start + (place >>> 4);
      const kind = place & 15;
      switch (kind) {
        case cellKind.null:
          return null;
        case cellKind.true:
          return true;
        case cellKind.false:
          return false;
        case cellKind.ascii:
          return bytes.toString('latin1', start, end);
        case cellKind.utf8:
          return bytes.toString('utf8', start, end);
        case cellKind.number:
          return numbers[2 * cell + 1] ?? 0;
        case made:
          return values[start] ?? null;
        default:
          return decode(kind, start, end, cell);
      }
    },
    put(cell, value) {
      memory.places[4 * cell] = values.push(value) - 1;
      memory.places[4 * cell + 1] = made;
    },
    clear() {
      values = [];
    },
  };
}

export interface FormatScanner {
  readonly kernels: Kernels;
  readonly memory: PageMemory;
  /** Where the page's memory begins, behind what the format keeps. */
  readonly pageStart: number;
  /** Cells of a record. */
  readonly fields: number;
  readonly terminator: number;
  /** Scans what lies in [start, end). @returns where it stopped, at the beginning of a record */
  scan(start: number, end: number, limit: number, cells: number): number;
  /** The value of a kind that only this format has, bytes [start, end) of the memory. */
  decode(kind: number, start: number, end: number): Value;
  readonly escapes: ScannedRecords['escapes'];
  memberTable: ScannedRecords['memberTable'];
}

/** A record that the scanner does not read. */
export interface OtherRecord {
  /** Absent for what is no record, as a blank line. */
  readonly row?: Row | undefined;
  /** Where the next one begins, and the line ends before that. */
  readonly next: number;
  readonly lines: number;
}

/**
 * What is decoded is valid until more is decoded in the same memory, of this file or another: whoever wants rows asks for
 * them before.
 *
 * @param readOther reads, or refuses, the record at byte `start`, which lies on `line`; `undefined` if it is not complete
 */
export function scanningDecoder(
  format: FormatScanner,
  at: string,
  readOther: (bytes: Buffer, start: number, ended: boolean, line: number) => OtherRecord | undefined,
): DecodeRecords {
  const { kernels, memory, pageStart, fields, terminator } = format;
  /** With the records that were read in another way. */
  const { value, put, clear } = cellValues(memory, format.decode);

  return (bytes, ended, firstLine, maxRows) => {
    const pageEnd = pageStart + bytes.length;
    const cells = Math.ceil((pageEnd + sentinelBytes) / cellBytes) * cellBytes;
    const recordBytes = fields * cellBytes;
    let room = Math.min(initialRecords, maxRows);
    memory.ensure(cells + room * recordBytes);
    const generation = memory.nextGeneration();
    memory.bytes.set(bytes, pageStart);
    memory.bytes.fill(0, pageEnd, cells);
    clear();
    let count = 0;
    let used = 0;
    let line = firstLine;
    while (used < bytes.length && count < maxRows) {
      if (count === room) {
        room = Math.min(2 * room, maxRows);
        memory.ensure(cells + room * recordBytes);
      }
      used = format.scan(pageStart + used, pageEnd, room - count, cells + count * recordBytes) - pageStart;
      count += kernels.records.value;
      line += kernels.lines.value;
      if (used === bytes.length || count === room) continue;
      const other = readOther(bytes, used, ended, line);
      if (!other) break;
      if (other.row) {
        const first = cells / cellBytes + count++ * fields;
        for (let field = 0; field < fields; field++) put(first + field, other.row[field] ?? null);
      }
      used = other.next;
      line += other.lines;
    }
    checkUtf8(bytes.subarray(0, used), firstLine, terminator, at);
    const scanned: ScannedRecords = {
      count,
      fields,
      kernels,
      memory,
      firstCell: cells / cellBytes,
      end: cells + count * recordBytes,
      escapes: format.escapes,
      value,
      memberTable: format.memberTable,
    };
    let rows: readonly Row[] | undefined;
    return {
      get rows() {
        if (rows === undefined) {
          if (memory.generation !== generation)
            throw new Error('a page was left before its rows were asked for');
          rows = Array.from({ length: count }, (_, record) => scannedRow(scanned, record));
        }
        return rows;
      },
      scanned,
      used,
      lines: line - firstLine,
    };
  };
}
