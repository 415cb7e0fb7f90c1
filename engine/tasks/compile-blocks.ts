/**
 * The tasks of a run over blocks of records that are still bytes. Columns that only hand a value on, shorten or join texts, or
 * convert what needs no conversion are made by wasm/vectors.ts; the other values by the functions of `compile.ts`.
 */

import { cellBytes } from '../../core/decode/record-scanner.ts';
import { cellKind } from '../../core/decode/scanned-records.ts';
import type { FieldType, Row } from '../../core/records.ts';
import { type Block, cellType } from '../block.ts';
import type { Bound } from './bounds.ts';
import { type Check, type CompileOptions, compileChecks, compileColumn } from './compile.ts';
import type { Edit } from './edit.ts';
import type { Column, Expression, Place, TaskPlan } from './task-plan.ts';

export interface BlockMapper {
  /** Of the block's `vectors`: those of `RecordMapper.map`'s rows. */
  readonly columns: number;
  /**
   * Leaves out the records that Filter tasks drop, and refuses those that a Validate task does.
   * @param dropped told how many a task, of that index, drops
   */
  check(block: Block, dropped: (task: number, records: number) => void): void;
  /** Makes the block's vectors. A record whose value cannot be made is refused. */
  map(block: Block): void;
}

/** Fills a new vector; what it cannot make it leaves open. `undefined`: nothing of the column can be made */
type VectorMaker = (block: Block) => number | undefined;
type VectorChange = (block: Block, vector: number) => void;

/** `undefined` for tasks that need records as a whole. */
export function compileBlocks(plan: TaskPlan, options: CompileOptions): BlockMapper | undefined {
  if (plan.columns.some(({ value }) => value.kind === 'record')) return undefined;
  const row: Row = plan.readFields.map(() => null);
  const checks = compileChecks(plan, options).flatMap((check) => {
    const { task, validation, bounds = [undefined] } = check;
    return bounds.map((bound) => ({ task, validation, flag: flagger(check, bound, row) }));
  });
  const columns = plan.columns.map((column) => columnMaker(column, row));
  return {
    columns: columns.length,
    check(block, dropped) {
      for (const { task, validation, flag } of checks) {
        flag(block);
        if (validation) block.refuseUnflagged();
        else {
          const records = block.dropUnflagged();
          if (records > 0) dropped(task, records);
        }
      }
    },
    map(block) {
      for (const make of columns) {
        block.vectors.push(make(block));
        block.mixed.push(false);
      }
    },
  };
}

/** @param row used for what the functions of rows read */
function flagger({ at, get, passes }: Check, bound: Bound | undefined, row: Row): (block: Block) => void {
  const make = bound && placeMaker(at);
  return (block) => {
    const vector = make?.(block);
    const others =
      bound && vector !== undefined
        ? block.listed(compareCells(block, vector, bound))
        : block.listed(block.count, block.all);
    for (const position of others) {
      row[at.index] = block.records.value(block.firstCell(position) + at.index);
      block.flag(position, passes(get(row)));
    }
  };
}

/** @returns how many positions it has listed, of which it could not tell */
function compareCells(block: Block, vector: number, { type, bound, passing }: Bound): number {
  const { records, count, flags, list } = block;
  const text = typeof bound === 'string' ? block.write(bound) : undefined;
  const { start, length } = text ?? { start: 0, length: 0 };
  return records.kernels.compare(vector, count, type, Number(bound), start, length, passing, flags, list);
}

/** @param row used for what the functions of rows read */
function columnMaker(column: Column, row: Row): (block: Block) => number {
  const { value, convert } = column;
  const indexes = value.kind === 'record' ? [] : [...new Set(indexesOf(value))];
  const get = compileColumn(column);
  const make = value.kind === 'record' ? undefined : expressionMaker(value);
  const change = convert === undefined ? () => {} : converter(convert);

  function makeOne(block: Block, vector: number, position: number): void {
    const first = block.firstCell(position);
    for (const index of indexes) row[index] = block.records.value(first + index);
    const made = get(row);
    if (made === undefined) block.refused[position] = 1;
    block.put(vector, position, made ?? null);
  }

  return (block) => {
    const made = make && change && make(block);
    if (made === undefined) {
      const vector = block.newVector();
      for (let position = 0; position < block.count; position++) makeOne(block, vector, position);
      return vector;
    }
    change?.(block, made);
    const open = block.records.kernels.openCells(made, block.count, block.list);
    for (const position of block.listed(open)) makeOne(block, made, position);
    return made;
  };
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

function expressionMaker(expression: Expression): VectorMaker | undefined {
  if (expression.kind === 'arithmetic') return undefined;
  const { edits } = expression;
  if (edits.length > 0 && expression.kind === 'field' && !isOwnText(expression.from.type)) return undefined;
  const make = expression.kind === 'field' ? fieldMaker(expression) : mergeMaker(expression.parts);
  const changes = edits.map(vectorEdit);
  if (!make || changes.includes(undefined)) return undefined;
  return (block) => {
    const vector = make(block);
    if (vector !== undefined) for (const change of changes) change?.(block, vector);
    return vector;
  };
}

function fieldMaker({ at, parts }: Extract<Expression, { kind: 'field' }>): VectorMaker | undefined {
  return parts.length > 0 ? undefined : placeMaker(at);
}

function placeMaker({ index, path }: Place): VectorMaker | undefined {
  if (path?.includes('.')) return undefined;
  return (block) => {
    const { records, count, selection } = block;
    const { kernels, fields, escapes } = records;
    const table = path === undefined ? 0 : records.memberTable(path);
    if (table === undefined) return undefined;
    const vector = block.newVector();
    const room = block.beginRoom();
    const cells = cellBytes * (records.firstCell + index);
    if (path === undefined)
      kernels.gather(cells, fields, selection, count, vector, room, Number(escapes === 'csv'));
    else kernels.gatherMembers(cells, fields, selection, count, vector, room, table);
    block.endRoom(kernels.textEnd.value);
    return vector;
  };
}

function mergeMaker(parts: Extract<Expression, { kind: 'merge' }>['parts']): VectorMaker | undefined {
  const made = parts.map((part) => {
    if (typeof part === 'string') return { text: part, make: undefined };
    const isText = part.kind === 'field' && isOwnText(part.from.type);
    return { text: undefined, make: isText ? expressionMaker(part) : undefined };
  });
  if (made.some(({ text, make }) => text === undefined && make === undefined)) return undefined;
  return (block) => {
    const places: number[] = [];
    let most = 0;
    for (const { text, make } of made) {
      if (make) {
        const vector = make(block);
        if (vector === undefined) return undefined;
        places.push(vector, 0);
        most += block.textBytes(vector);
      } else if (text) {
        const written = block.write(text);
        if (!written) return undefined;
        const kind = written.length === text.length ? cellKind.ascii : cellKind.utf8;
        places.push(written.start, 16 * written.length + kind);
        most += written.length * block.count;
      }
    }
    const list = block.positions(places);
    const vector = block.newVector();
    const { kernels } = block.records;
    const room = block.beginRoom(most);
    kernels.join(list, places.length / 2, block.count, vector, room);
    block.endRoom(kernels.textEnd.value);
    return vector;
  };
}

function vectorEdit(edit: Edit): VectorChange | undefined {
  if (edit.kind !== 'truncate') return undefined;
  return ({ records, count }, vector) => records.kernels.truncate(vector, count, edit.length);
}

/** As `converter` does it, for what can be told from bytes. */
function converter({ from, to }: NonNullable<Column['convert']>): VectorChange | undefined {
  const known = knownType(from.type, to.type, to.fractionDigits);
  return (
    known && (({ records, count }, vector) => records.kernels.convert(vector, count, known.type, known.limit))
  );
}

function knownType(
  from: FieldType | undefined,
  to: FieldType,
  fractionDigits: 3 | 6 | undefined,
): { type: number; limit: number } | undefined {
  const known = (type: number, limit = 0) => ({ type, limit });
  switch (to) {
    case 'String':
      return isOwnText(from) ? known(cellType.text) : undefined;
    case 'Boolean':
      return known(cellType.boolean);
    case 'Short':
      return known(cellType.integer, 2 ** 15);
    case 'Integer':
      return known(cellType.integer, 2 ** 31);
    case 'Long':
    case 'BigInteger':
      return known(cellType.integer, 2 ** 53);
    case 'Float':
    case 'Double':
    case 'BigDecimal':
      return known(cellType.real);
    case 'DateTime':
      return fractionDigits === 6 ? undefined : known(cellType.time);
    default:
      return undefined;
  }
}

/** Whether `textOf` gives a text of this type as it is. */
function isOwnText(type: FieldType | undefined): boolean {
  return type !== 'Struct' && type !== 'DateTime';
}
