/**
 * Records as the bytes they came in, with the places of their values. Most values only pass from a source to a file: whoever
 * handles them as bytes needs no string for each.
 */

import type { Row, Value } from '../records.ts';

/** What is known of a value without looking at its bytes. Further kinds mean something to the scanner alone. */
export const cellKind = {
  null: 0,
  true: 1,
  false: 2,
  /** Text whose bytes are ASCII: a byte is a character. */
  ascii: 3,
  utf8: 4,
  /** A number that its double holds without loss. */
  number: 5,
} as const;

/** Valid until the next page is read. */
export interface ScannedRecords {
  readonly count: number;
  /** Values of a record: the read set. */
  readonly fields: number;
  readonly bytes: Buffer;
  /** The value of record r and field f is that of cell `firstCell + r * fields + f`. */
  readonly firstCell: number;
  /** Of cell c at 4c where its bytes begin, and at 4c + 1 16 times their length plus its kind. */
  readonly places: Int32Array;
  /** Of cell c, if it is of kind number, at 2c + 1. */
  readonly numbers: Float64Array;
  value(cell: number): Value;
  /**
   * Finds the member `key`, in which a dot means nothing, of the object that a cell is.
   *
   * @returns the member's cell, valid until the next call; -1 if it cannot be had in this way or the cell is no object
   */
  member(cell: number, key: string): number;
}

export function scannedRow(records: ScannedRecords, record: number): Row {
  const first = records.firstCell + record * records.fields;
  return Array.from({ length: records.fields }, (_, field) => records.value(first + field));
}
