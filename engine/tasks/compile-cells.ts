/**
 * The tasks of a run over records that are still bytes. Columns that only hand a value on, shorten or join texts, or
 * convert what needs no conversion stay bytes; others are made by the functions of `compile.ts` from the values they read.
 */

import { cellKind, type ScannedRecords } from '../../core/decode/scanned-records.ts';
import type { FieldType, Row } from '../../core/records.ts';
import { type Cell, isPlainlySpelled, isTextCell, loadCell, newCell, putValue } from '../cell.ts';
import { copyBytes } from '../copy-bytes.ts';
import { type CompileOptions, compileChecks, compileColumn } from './compile.ts';
import { isCanonicalDateTimeAt } from './date-time.ts';
import type { Edit } from './edit.ts';
import type { Column, Expression, Place, TaskPlan } from './task-plan.ts';

export interface CellMapper {
  /** What the last call of `map` made: the columns of `RecordMapper.map`. */
  readonly cells: readonly Cell[];
  /**
   * @returns true if `cells` hold the record; the index of the Filter task that dropped it; or `undefined` if the record
   *   has to be mapped as a row, which tells why it is dropped or rejected
   */
  map(records: ScannedRecords, record: number): true | number | undefined;
}

/** `first`: the cell of the record's first field. @returns whether the value could be made */
type CellMaker = (cell: Cell, records: ScannedRecords, first: number) => boolean;
/** @returns whether the cell is now of the type wanted; if not, nothing is known of it */
type CellConverter = (cell: Cell) => boolean;

/** `undefined` for tasks that need records as a whole. */
export function compileCells(plan: TaskPlan, options: CompileOptions): CellMapper | undefined {
  if (plan.columns.some(({ value }) => value.kind === 'record')) return undefined;
  const row: Row = plan.readFields.map(() => null);
  const checks = compileChecks(plan, options);
  const columns = plan.columns.map((column) => ({ cell: newCell(), make: cellMaker(column, row) }));
  return {
    cells: columns.map(({ cell }) => cell),
    map(records, record) {
      const first = records.firstCell + record * records.fields;
      for (const { task, index, get, passes, validation } of checks) {
        row[index] = records.value(first + index);
        if (passes(get(row))) continue;
        return validation ? undefined : task;
      }
      for (const { cell, make } of columns) if (!make(cell, records, first)) return undefined;
      return true;
    },
  };
}

/** @param row used for what the functions of rows read */
function cellMaker(column: Column, row: Row): CellMaker {
  const { value, convert } = column;
  const indexes = value.kind === 'record' ? [] : [...new Set(indexesOf(value))];
  const get = compileColumn(column);
  const fromRow: CellMaker = (cell, records, first) => {
    for (const index of indexes) row[index] = records.value(first + index);
    const made = get(row);
    if (made === undefined) return false;
    putValue(cell, made);
    return true;
  };
  const make = value.kind === 'record' ? undefined : expressionMaker(value);
  const change = convert === undefined ? () => true : cellConverter(convert);
  if (!make || !change) return fromRow;
  return (cell, records, first) =>
    (make(cell, records, first) && change(cell)) || fromRow(cell, records, first);
}

function indexesOf(expression: Expression): number[] {
  switch (expression.kind) {
    case 'field':
      return [expression.at.index];
    case 'arithmetic':
      return expression.operands.flatMap(indexesOf);
    case 'merge':
      return expression.parts.flatMap((part) => (typeof part === 'string' ? [] : indexesOf(part)));
  }
}

function expressionMaker(expression: Expression): CellMaker | undefined {
  if (expression.kind === 'arithmetic') return undefined;
  const { edits } = expression;
  if (edits.length > 0 && expression.kind === 'field' && !isOwnText(expression.from.type)) return undefined;
  const make = expression.kind === 'field' ? fieldMaker(expression) : mergeMaker(expression.parts);
  const changes = edits.map(cellEdit);
  if (!make || changes.includes(undefined)) return undefined;
  if (changes.length === 0) return make;
  return (cell, records, first) =>
    make(cell, records, first) && changes.every((change) => change?.(cell) ?? false);
}

function fieldMaker({ at, parts }: Extract<Expression, { kind: 'field' }>): CellMaker | undefined {
  return parts.length > 0 ? undefined : placeMaker(at);
}

function placeMaker({ index, path }: Place): CellMaker | undefined {
  if (path === undefined) {
    return (cell, records, first) => {
      loadCell(cell, records, first + index);
      return true;
    };
  }
  if (path.includes('.')) return undefined;
  return (cell, records, first) => {
    const parent = first + index;
    const isNull = ((records.places[4 * parent + 1] ?? 0) & 15) === cellKind.null;
    const member = isNull ? parent : records.member(parent, path);
    if (member < 0) return false;
    loadCell(cell, records, member);
    return true;
  };
}

function mergeMaker(parts: Extract<Expression, { kind: 'merge' }>['parts']): CellMaker | undefined {
  const made = parts.map((part) => {
    if (typeof part === 'string') return { text: wellFormed(part), make: undefined };
    const isText = part.kind === 'field' && isOwnText(part.from.type);
    return { text: undefined, make: isText ? expressionMaker(part) : undefined };
  });
  if (made.some(({ text, make }) => text === undefined && make === undefined)) return undefined;
  let merged = Buffer.alloc(64);
  let length = 0;
  const append = (bytes: Buffer, start: number, end: number): void => {
    if (length + end - start > merged.length) {
      const grown = Buffer.alloc(2 * (length + end - start));
      merged.copy(grown, 0, 0, length);
      merged = grown;
    }
    length = copyBytes(bytes, start, end, merged, length);
  };
  return (cell, records, first) => {
    length = 0;
    let kind: number = cellKind.ascii;
    for (const { text, make } of made) {
      if (text) {
        append(text.bytes, 0, text.bytes.length);
        if (text.kind === cellKind.utf8) kind = cellKind.utf8;
      } else {
        if (!make?.(cell, records, first)) return false;
        if (cell.kind === cellKind.null) continue;
        if (!isTextCell(cell)) return false;
        append(cell.bytes, cell.start, cell.end);
        if (cell.kind === cellKind.utf8) kind = cellKind.utf8;
      }
    }
    cell.kind = kind;
    cell.bytes = merged;
    cell.start = 0;
    cell.end = length;
    return true;
  };
}

/** `undefined` for a lone surrogate, which has no bytes in UTF-8. */
function wellFormed(text: string): { bytes: Buffer; kind: number } | undefined {
  const bytes = Buffer.from(text);
  if (bytes.toString() !== text) return undefined;
  return { bytes, kind: bytes.length === text.length ? cellKind.ascii : cellKind.utf8 };
}

function cellEdit(edit: Edit): CellConverter | undefined {
  if (edit.kind !== 'truncate') return undefined;
  return (cell) => {
    if (cell.kind === cellKind.null) return true;
    if (!isTextCell(cell)) return false;
    const { bytes, start, end } = cell;
    let at = start;
    for (let left = edit.length; left > 0 && at < end; left--) {
      // The bytes of a code point behind its first begin with the bits 10.
      do at++;
      while (at < end && ((bytes[at] ?? 0) & 0xc0) === 0x80);
    }
    cell.end = at;
    return true;
  };
}

/** As `converter` does it, for what can be told from bytes. */
function cellConverter({ from, to }: NonNullable<Column['convert']>): CellConverter | undefined {
  const known = knownCells(from.type, to.type, to.fractionDigits);
  return (
    known &&
    ((cell) => {
      if (cell.kind === cellKind.null) return true;
      if (to.type !== 'String' && isTextCell(cell) && cell.start === cell.end) {
        cell.kind = cellKind.null;
        return true;
      }
      return known(cell);
    })
  );
}

function knownCells(
  from: FieldType | undefined,
  to: FieldType,
  fractionDigits: 3 | 6 | undefined,
): CellConverter | undefined {
  switch (to) {
    case 'String':
      return isOwnText(from) ? toText : undefined;
    case 'Boolean':
      return ({ kind }) => kind === cellKind.true || kind === cellKind.false;
    case 'Short':
      return wholeBelow(2 ** 15);
    case 'Integer':
      return wholeBelow(2 ** 31);
    case 'Long':
    case 'BigInteger':
      return wholeBelow(2 ** 53);
    case 'Float':
    case 'Double':
    case 'BigDecimal':
      return ({ kind, number }) => kind === cellKind.number && Number.isFinite(number);
    case 'DateTime':
      return fractionDigits === 6 ? undefined : isCanonicalDateTimeAt;
    default:
      return undefined;
  }
}

/** Whether `textOf` gives a text of this type as it is. */
function isOwnText(type: FieldType | undefined): boolean {
  return type !== 'Struct' && type !== 'DateTime';
}

function toText(cell: Cell): boolean {
  if (isTextCell(cell)) return true;
  const spelled =
    cell.kind === cellKind.number
      ? isPlainlySpelled(cell)
      : cell.kind < cellKind.ascii && cell.end > cell.start;
  if (spelled) cell.kind = cellKind.ascii;
  return spelled;
}

function wholeBelow(limit: number): CellConverter {
  return (cell) => {
    if (cell.kind !== cellKind.number || !Number.isSafeInteger(cell.number)) return false;
    // No integer type has a negative zero: adding 0 takes the sign away.
    cell.number += 0;
    return cell.number >= -limit && cell.number < limit;
  };
}
