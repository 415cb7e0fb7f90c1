/**
 * Records as the bytes they came in, with the places of their values. Most values only pass from a source to a file: whoever
 * handles them as bytes needs no string for each.
 */

import type { Kernels } from '../kernels.ts';
import type { Row, Value } from '../records.ts';
import type { PageMemory } from './page-memory.ts';

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
  readonly kernels: Kernels;
  /**
   * Of cell c, its `places` have at 4c where the value's bytes begin, and at 4c + 1 16 times their length plus its kind;
   * `numbers` at 2c + 1 its number, if it is of that kind.
   */
  readonly memory: PageMemory;
  /** The value of record r and field f is that of cell `firstCell + r * fields + f`. */
  readonly firstCell: number;
  /** Where the memory is free. */
  readonly end: number;
  /** What a text has that is not what its bytes say: JSON's escapes, or quotes that CSV writes twice. */
  readonly escapes: 'json' | 'csv';
  value(cell: number): Value;
  /** For `Kernels.gatherMembers`: the table of the key alone, in which a dot means nothing. `undefined`: it cannot be had. */
  memberTable(key: string): number | undefined;
}

export function scannedRow(records: ScannedRecords, record: number): Row {
  const first = records.firstCell + record * records.fields;
  return Array.from({ length: records.fields }, (_, field) => records.value(first + field));
}
