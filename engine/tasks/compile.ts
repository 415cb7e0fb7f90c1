/** The tasks of a run as functions, made once per run. Per record nothing is looked up by name or decided anew. */

import { TributaryError } from '../../core/errors.ts';
import { compilePath, isStruct } from '../../core/record-path.ts';
import type { FieldType, Row, Value } from '../../core/records.ts';
import { type Bound, filterBounds, validationBounds } from './bounds.ts';
import { type Converter, converter, textOf, valueText } from './convert.ts';
import { nestedConverter } from './convert-nested.ts';
import { calculate, type Decimal, decimalOf, decimalText } from './decimal.ts';
import { compileEdits, compilePartEdits } from './edit.ts';
import { compileFilter } from './filter.ts';
import type { Column, Expression, Place, TaskPlan, Validation, WholeRecord } from './task-plan.ts';

/** A record that cannot be written: a value that its field's type cannot hold. */
export interface Rejection {
  /** The destination field. */
  readonly field: string;
  /** Safe to log: tells types, no values. */
  readonly reason: string;
}

export interface RecordMapper {
  /**
   * @param row values of `plan.readFields`; not changed
   * @returns a new row: the values of `plan.destinationFields`, then those of partition fields that are no column (see
   *   `plan.partitionIndexes`); or the index, in the flow's tasks, of the Filter or Validate task that dropped the
   *   record; or why it is rejected
   * @throws TributaryError ValidationTerminated, if a validation says so
   */
  map(row: Row): Row | number | Rejection;
}

export interface CompileOptions {
  /** Indexes into `plan.filters` of the conditions that the source has not applied. */
  readonly residualFilters: readonly number[];
}

type Getter = (row: Row) => Value;
/** `undefined` for a value that cannot be converted. */
type ColumnGetter = (row: Row) => Value | undefined;

/** A Filter or Validate task. */
export interface Check {
  readonly task: number;
  /** Of the value that `get` reads. */
  readonly at: Place;
  readonly get: Getter;
  passes(value: Value): boolean;
  /** The same as `passes`, if it is known: all of them have to be met. */
  readonly bounds: readonly Bound[] | undefined;
  readonly validation: Validation | undefined;
}

export function compileChecks(plan: TaskPlan, options: CompileOptions): Check[] {
  return [
    ...plan.filterChecks.flatMap(({ task, at }, i) => {
      const filter = plan.filters[i];
      return filter !== undefined && options.residualFilters.includes(i)
        ? [
            {
              task,
              at,
              get: compilePlace(at),
              passes: compileFilter(filter),
              bounds: filterBounds(filter),
              validation: undefined,
            },
          ]
        : [];
    }),
    ...plan.validations.map((validation) => ({
      task: validation.task,
      at: validation.at,
      get: compilePlace(validation.at),
      passes: validators[validation.operator],
      bounds: [validationBounds[validation.operator]],
      validation,
    })),
  ];
}

export function compileTasks(plan: TaskPlan, options: CompileOptions): RecordMapper {
  const checks = compileChecks(plan, options);
  const columns = plan.columns.map((column) => ({ column, get: compileColumn(column) }));

  return {
    map(row) {
      for (const { task, get, passes, validation } of checks) {
        const value = get(row);
        if (passes(value)) continue;
        if (validation?.terminates) throw terminated(validation, value);
        return task;
      }
      const mapped = new Array<Value>(columns.length);
      let i = 0;
      for (const { column, get } of columns) {
        const value = get(row);
        if (value === undefined) return rejection(column, row);
        mapped[i++] = value;
      }
      return mapped;
    },
  };
}

function compilePlace({ index, path }: Place): Getter {
  if (path === undefined) return (row) => row[index] ?? null;
  const read = compilePath(path);
  return (row) => {
    const parent = row[index];
    return isStruct(parent) ? read(parent) : null;
  };
}

// ---- columns ----

export function compileColumn({ name, value, convert }: Column): ColumnGetter {
  if (value.kind === 'record') return compileRecord(value);
  const get = compileExpression(value);
  if (convert === undefined) return get;
  const { from, to } = convert;
  const change: Converter = to.inner
    ? nestedConverter({ name, type: to.type, inner: to.inner })
    : converter(from, to);
  return (row) => change(get(row));
}

function compileExpression(expression: Expression): Getter {
  switch (expression.kind) {
    case 'field':
      return edited(changedParts(compilePlace(expression.at), expression.parts), expression);
    case 'arithmetic':
      return edited(compileArithmetic(expression), {
        edits: expression.edits,
        from: { type: expression.type },
      });
    case 'merge':
      return edited(compileMerge(expression.parts), { edits: expression.edits, from: { type: 'String' } });
  }
}

function edited(
  get: Getter,
  { edits, from }: Pick<Extract<Expression, { kind: 'field' }>, 'edits' | 'from'>,
): Getter {
  if (edits.length === 0) return get;
  const edit = compileEdits(edits, from);
  return (row) => edit(get(row));
}

function changedParts(get: Getter, parts: Extract<Expression, { kind: 'field' }>['parts']): Getter {
  if (parts.length === 0) return get;
  const change = compilePartEdits(parts);
  const changeEach = (value: Value): Value =>
    Array.isArray(value) ? value.map(changeEach) : isStruct(value) ? change(value) : value;
  return (row) => changeEach(get(row));
}

/** Null as soon as an operand is no number, for a division by zero and for a result that its type cannot hold. */
function compileArithmetic({
  operator,
  operands,
  type,
}: Extract<Expression, { kind: 'arithmetic' }>): Getter {
  const getters = operands.map(compileExpression);
  const toType = resultOf(type);
  return (row) => {
    const decimals: Decimal[] = [];
    for (const get of getters) {
      const decimal = decimalOf(get(row));
      if (decimal === undefined) return null;
      decimals.push(decimal);
    }
    const result = calculate(operator, decimals);
    return result === undefined ? null : (toType(decimalText(result)) ?? null);
  };
}

function resultOf(type: FieldType): Converter {
  return type === 'BigDecimal' ? (text) => text : converter({ type: 'String' }, { type });
}

function compileMerge(parts: Extract<Expression, { kind: 'merge' }>['parts']): Getter {
  const getters = parts.map((part): ((row: Row) => string) => {
    if (typeof part === 'string') return () => part;
    const get = compileExpression(part);
    const text = part.kind === 'field' && part.edits.length === 0 ? textOf(part.from) : valueText;
    return (row) => text(get(row)) ?? '';
  });
  return (row) => {
    let merged = '';
    for (const get of getters) merged += get(row);
    return merged;
  };
}

function compileRecord({ parts, set }: WholeRecord): ColumnGetter {
  const change = compilePartEdits(parts);
  const columns = set.map((column) => ({ name: column.name, get: compileColumn(column) }));
  return (row) => {
    const [record] = row;
    const copy = change(isStruct(record) ? record : {});
    for (const { name, get } of columns) {
      const value = get(row);
      if (value === undefined) return undefined;
      copy[name] = value;
    }
    return copy;
  };
}

// ---- dropping and rejecting ----

const isMissing = (value: Value) => value === null || value === '';

/** Whether a value is good. Missing values pass all but VALIDATE_NON_NULL. */
const validators: Readonly<Record<Validation['operator'], (value: Value) => boolean>> = {
  VALIDATE_NON_NULL: (value) => !isMissing(value),
  VALIDATE_NON_ZERO: (value) => isMissing(value) || decimalOf(value)?.digits !== 0n,
  VALIDATE_NON_NEGATIVE: (value) => {
    if (isMissing(value)) return true;
    const decimal = decimalOf(value);
    return decimal !== undefined && decimal.digits >= 0n;
  },
  VALIDATE_NUMERIC: (value) => isMissing(value) || decimalOf(value) !== undefined,
};

/** Tells what kind of value it was, not the value: the message goes to logs and events, which must hold no records. */
function terminated({ task, operator, field }: Validation, value: Value): TributaryError {
  return new TributaryError('ValidationTerminated', `a record fails ${operator} of field '${field}'`, {
    at: `tasks[${task}] (Validate)`,
    got: kindOf(value),
    fix: 'mend the record at the source, or drop such records with VALIDATION_ACTION DropRecord',
  });
}

function rejection({ name, value, convert }: Column, row: Row): Rejection {
  if (value.kind === 'record') {
    const failed = value.set.find((column) => compileColumn(column)(row) === undefined);
    if (failed !== undefined) return rejection(failed, row);
  }
  const got = value.kind === 'record' ? null : compileExpression(value)(row);
  const { type, inner } = convert?.to ?? {};
  let reason = `${kindOf(got)} that cannot be converted to ${type}`;
  if (type && inner) {
    nestedConverter({ name, type, inner }, (place, part, of) => {
      reason = `${kindOf(part)} in ${place} that cannot be converted to ${of}`;
    })(got);
  }
  return { field: name, reason };
}

function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return 'bytes';
  if (Array.isArray(value)) return 'a list';
  const kinds: Partial<Record<string, string>> = {
    object: 'an object',
    string: 'a text',
    bigint: 'a number',
  };
  return kinds[typeof value] ?? `a ${typeof value}`;
}
