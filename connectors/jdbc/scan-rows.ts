/** Makes scanned records of rows as PostgreSQL sends them: of most values only the place is noted. */

import { pageMemory } from '../../core/decode/page-memory.ts';
import { cellBytes, cellValues, sentinelBytes } from '../../core/decode/record-scanner.ts';
import { cellKind, type ScannedRecords, scannedRow } from '../../core/decode/scanned-records.ts';
import { newKernels } from '../../core/kernels.ts';
import type { Row, Value } from '../../core/records.ts';
import { findValues } from './data-rows.ts';
import type { TextForm } from './dialect.ts';

/** How a value of the read set comes of the text of a column. */
export interface ScannedField {
  /** The column's place in the rows. */
  readonly column: number;
  /** Absent: only `convert` tells. */
  readonly form: TextForm | undefined;
  convert(text: string): Value;
}

/** Valid until the next rows are scanned. */
export interface ScannedRows {
  readonly scanned: ScannedRecords;
  readonly rows: readonly Row[];
}

/** @param bytes that many rows, one after the other */
export type RowScanner = (bytes: Buffer, count: number) => ScannedRows;

/** Of a value that `convert` makes of its text when it is asked for. */
const later = 7;
/** What a cell can say of a length. */
const maxLength = 2 ** 27;
const booleans = Buffer.from('truefalse');
const blank = 0x20;
const plus = 0x2b;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const capitalC = 0x43;
const capitalT = 0x54;
const capitalZ = 0x5a;
const letterT = 0x74;

export function rowScanner(columns: number, fields: readonly ScannedField[]): RowScanner {
  const kernels = newKernels();
  const memory = pageMemory(kernels);
  const booleansAt = kernels.heapStart();
  const pageStart = booleansAt + cellBytes;
  const begins = new Int32Array(columns);
  const lengths = new Int32Array(columns);
  let firstCell = 0;
  const { value, put, clear } = cellValues(memory, (_kind, start, end, cell) => {
    const field = fields[(cell - firstCell) % fields.length];
    return field ? field.convert(memory.bytes.toString('utf8', start, end)) : null;
  });

  /** @param at where the rows begin in the memory, which has room for the cells */
  function scan(count: number, at: number): void {
    const { bytes, places, numbers } = memory;
    let cell = firstCell;
    for (let row = 0; row < count; row++) {
      at = findValues(bytes, at, begins, lengths);
      for (const { column, form, convert } of fields) {
        let start = begins[column] ?? 0;
        let length = lengths[column] ?? -1;
        let kind: number = later;
        if (length < 0) {
          kind = cellKind.null;
          length = 0;
        } else if (length >= maxLength) {
          put(cell++, convert(bytes.toString('utf8', start, start + length)));
          continue;
        } else if (form === 'text') kind = cellKind.utf8;
        else if (form === 'ascii') kind = cellKind.ascii;
        else if (form === 'integer' || form === 'real') {
          const number =
            form === 'integer' ? integerAt(bytes, start, length) : decimalAt(bytes, start, length);
          if (!Number.isNaN(number)) {
            kind = cellKind.number;
            numbers[2 * cell + 1] = number;
          }
        } else if (form === 'boolean') {
          const isTrue = bytes[start] === letterT;
          kind = isTrue ? cellKind.true : cellKind.false;
          start = isTrue ? booleansAt : booleansAt + 4;
          length = isTrue ? 4 : 5;
        } else if (form === 'date') {
          if (length === 10) kind = cellKind.ascii;
        } else if (form === 'dateTime') {
          const zoneLength = usualZoneLength(bytes, start, length);
          if (zoneLength >= 0) {
            kind = cellKind.ascii;
            bytes[start + 10] = capitalT;
            if (zoneLength === 0) {
              // There is no room for the `Z` behind it, but the byte before it, of its length, has been read.
              bytes.copyWithin(start - 1, start, start + length);
              start--;
            }
            length -= zoneLength;
            bytes[start + length++] = capitalZ;
          }
        }
        places[4 * cell] = start;
        places[4 * cell + 1] = 16 * length + kind;
        cell++;
      }
    }
  }

  return (page, count) => {
    const cells = Math.ceil((pageStart + page.length + sentinelBytes) / cellBytes) * cellBytes;
    memory.ensure(cells + count * fields.length * cellBytes);
    const generation = memory.nextGeneration();
    memory.bytes.set(booleans, booleansAt);
    memory.bytes.set(page, pageStart);
    clear();
    firstCell = cells / cellBytes;
    scan(count, pageStart);
    const scanned: ScannedRecords = {
      count,
      fields: fields.length,
      kernels,
      memory,
      firstCell,
      end: cells + count * fields.length * cellBytes,
      escapes: 'json',
      value,
      memberTable: () => undefined,
    };
    let rows: readonly Row[] | undefined;
    return {
      scanned,
      get rows() {
        if (rows === undefined) {
          if (memory.generation !== generation)
            throw new Error('a page was left before its rows were asked for');
          rows = Array.from({ length: count }, (_, row) => scannedRow(scanned, row));
        }
        return rows;
      },
    };
  };
}

/** NaN where it is no safe integer. */
function integerAt(bytes: Buffer, start: number, length: number): number {
  const isNegative = bytes[start] === minus;
  const end = start + length;
  let number = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++)
    number = 10 * number + ((bytes[at] ?? 0) - zero);
  if (number > Number.MAX_SAFE_INTEGER) return Number.NaN;
  return isNegative ? 0 - number : number;
}

/** NaN where there is more than a sign, a point and what makes 15: such a quotient of two exact doubles is the nearest double. */
function decimalAt(bytes: Buffer, start: number, length: number): number {
  if (length > 15) return Number.NaN;
  const isNegative = bytes[start] === minus;
  const end = start + length;
  let number = 0;
  let divisor = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === point) divisor = 1;
    else if (byte >= zero && byte <= nine) {
      number = 10 * number + (byte - zero);
      divisor *= 10;
    } else return Number.NaN;
  }
  if (divisor > 0) number /= divisor;
  return isNegative ? -number : number;
}

/** Of `YYYY-MM-DD hh:mm:ss[.ffffff][+00]` the length of the zone; -1 for any other text, which dates.ts knows. */
function usualZoneLength(bytes: Buffer, start: number, length: number): number {
  const end = start + length;
  if (length < 19 || bytes[start + 10] !== blank || bytes[end - 1] === capitalC) return -1;
  return bytes[end - 3] === plus && bytes[end - 2] === zero && bytes[end - 1] === zero ? 3 : 0;
}
