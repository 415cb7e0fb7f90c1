/** Makes scanned records of rows as PostgreSQL sends them: of most values only the place is noted. */

import { pageMemory } from '../../core/decode/page-memory.ts';
import { cellBytes, cellValues, sentinelBytes } from '../../core/decode/record-scanner.ts';
import { type ScannedRecords, scannedRow } from '../../core/decode/scanned-records.ts';
import { newKernels } from '../../core/kernels.ts';
import type { Row, Value } from '../../core/records.ts';
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

/** Of a value that is too long for a cell to say where it ends: its length is the cell's number. */
const longKind = 12;
const booleans = Buffer.from('truefalse');
/** As wasm/row-scan.ts has them; -1: only `convert` tells. */
const forms: Readonly<Record<TextForm, number>> = {
  ascii: 0,
  text: 1,
  integer: 2,
  real: 3,
  boolean: 4,
  date: 5,
  dateTime: 6,
};

export function rowScanner(columns: number, fields: readonly ScannedField[]): RowScanner {
  const kernels = newKernels();
  const memory = pageMemory(kernels);
  const booleansAt = kernels.heapStart();
  const fieldsAt = booleansAt + cellBytes;
  const placesAt = fieldsAt + 8 * fields.length;
  const pageStart = placesAt + 8 * columns;
  memory.ensure(pageStart);
  memory.bytes.set(booleans, booleansAt);
  memory.places.set(
    fields.flatMap(({ column, form }) => [column, form ? forms[form] : -1]),
    fieldsAt / 4,
  );
  let firstCell = 0;
  const { value, put, clear } = cellValues(memory, (_kind, start, end, cell) => {
    const field = fields[(cell - firstCell) % fields.length];
    return field ? field.convert(memory.bytes.toString('utf8', start, end)) : null;
  });

  /** @param cells where they begin in the memory, which has room for them */
  function scan(count: number, cells: number): void {
    kernels.scanRows(pageStart, count, columns, fieldsAt, fields.length, booleansAt, placesAt, cells);
    if (kernels.longValues.value === 0) return;
    const { bytes, places, numbers } = memory;
    for (let cell = firstCell; cell < firstCell + count * fields.length; cell++) {
      if (places[4 * cell + 1] !== longKind) continue;
      const start = places[4 * cell] ?? 0;
      const text = bytes.toString('utf8', start, start + (numbers[2 * cell + 1] ?? 0));
      put(cell, fields[(cell - firstCell) % fields.length]?.convert(text) ?? null);
    }
  }

  return (page, count) => {
    const cells = Math.ceil((pageStart + page.length + sentinelBytes) / cellBytes) * cellBytes;
    memory.ensure(cells + count * fields.length * cellBytes);
    const generation = memory.nextGeneration();
    memory.bytes.set(page, pageStart);
    clear();
    firstCell = cells / cellBytes;
    scan(count, cells);
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
