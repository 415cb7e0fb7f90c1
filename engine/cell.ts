/** A value on its way from a page's bytes to a file: as bytes while that is all it takes, else as a value. */

import { cellKind, type ScannedRecords } from '../core/decode/scanned-records.ts';
import type { Value } from '../core/records.ts';

/** The kind of a cell that holds a value; the others are those of {@link cellKind}. */
export const valueKind = 15;

/** Used again for each record: whoever keeps something copies it. */
export interface Cell {
  kind: number;
  /** Text in UTF-8; of a number or a boolean its JSON text, or nothing. */
  bytes: Buffer;
  start: number;
  end: number;
  number: number;
  value: Value;
}

export function newCell(): Cell {
  return { kind: cellKind.null, bytes: Buffer.alloc(0), start: 0, end: 0, number: 0.5, value: null };
}

export const isTextCell = ({ kind }: Cell): boolean => kind === cellKind.ascii || kind === cellKind.utf8;

export function loadCell(cell: Cell, records: ScannedRecords, at: number): void {
  const place = records.places[4 * at + 1] ?? 0;
  const kind = place & 15;
  if (kind > cellKind.number) {
    putValue(cell, records.value(at));
    return;
  }
  const start = records.places[4 * at] ?? 0;
  cell.kind = kind;
  cell.bytes = records.bytes;
  cell.start = start;
  cell.end = start + (place >> 4);
  if (kind === cellKind.number) cell.number = records.numbers[2 * at + 1] ?? 0;
}

export function putValue(cell: Cell, value: Value): void {
  cell.start = cell.end = 0;
  if (value === null) cell.kind = cellKind.null;
  else if (typeof value === 'boolean') cell.kind = value ? cellKind.true : cellKind.false;
  else if (typeof value === 'number') {
    cell.kind = cellKind.number;
    cell.number = value;
  } else {
    cell.kind = valueKind;
    cell.value = value;
  }
}

export function cellValue(cell: Cell): Value {
  switch (cell.kind) {
    case cellKind.true:
      return true;
    case cellKind.false:
      return false;
    case cellKind.number:
      return cell.number;
    case cellKind.ascii:
      return cell.bytes.toString('latin1', cell.start, cell.end);
    case cellKind.utf8:
      return cell.bytes.toString('utf8', cell.start, cell.end);
    case valueKind:
      return cell.value;
    default:
      return null;
  }
}

/**
 * Whether a number's JSON text is how JavaScript writes it, too: fewer than 16 characters without an exponent, no zeroes at
 * the end of a fraction, no `-0`, and at least 0.000001, below which JavaScript writes exponents.
 */
export function isPlainlySpelled({ bytes, start, end }: Cell): boolean {
  const length = end - start;
  if (length === 0 || length > 15) return false;
  const first = bytes[start] === 0x2d ? start + 1 : start;
  if (bytes[first] === 0x30) {
    // 0 itself, or 0.… with something else than a zero among the first six digits.
    if (first + 1 === end) return first === start;
    let at = first + 2;
    while (bytes[at] === 0x30) at++;
    return at - first - 2 < 6 && at < end && bytes[end - 1] !== 0x30;
  }
  if (bytes[end - 1] !== 0x30) return true;
  for (let at = first; at < end; at++) if (bytes[at] === 0x2e) return false;
  return true;
}
