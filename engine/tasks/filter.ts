/** Filter tasks: their conditions as plain data for the source, and as predicates for what the source does not filter. */

import { TributaryError } from '../../core/errors.ts';
import { pathText, shorten } from '../../core/flow/finding.ts';
import { operatorOf, type Task, type TaskPropertyKey } from '../../core/flow/task.ts';
import { type FilterOperator, filterOperators } from '../../core/operators.ts';
import type { FieldType, Value } from '../../core/records.ts';
import type { FilterCondition } from '../../core/source.ts';
import { booleanOf, converter, valueText } from './convert.ts';
import { dateText, dateTimeText, instantKey, isCanonicalDateTime } from './date-time.ts';
import { compareDecimals, decimalOf } from './decimal.ts';
import { fieldTypeOf, isNumeric } from './field-type.ts';

/** A condition with its task and that task's index in the flow. */
export interface FilterTask {
  readonly index: number;
  readonly task: Task;
  readonly condition: FilterCondition;
}

/** The comparisons among a flow's tasks, in their order; projections are no comparisons. Throws as {@link filterConditions} does. */
export function filterTasks(tasks: readonly Task[]): FilterTask[] {
  return tasks.flatMap((task, index) => {
    if (task.taskType !== 'Filter') return [];
    const operator = filterOperators.find((known) => known === operatorOf(task));
    return operator ? [{ index, task, condition: condition(task, index, operator) }] : [];
  });
}

/**
 * The conditions that a flow's Filter tasks make, in their order. The type is DATA_TYPE's (an unknown name: String);
 * values are VALUE and the members of VALUES, or LOWER_BOUND and UPPER_BOUND. Epoch milliseconds and ISO 8601 are
 * taken for dates and times, and given as `YYYY-MM-DD` or ISO 8601 in UTC.
 *
 * @throws TributaryError FlowInvalid for a missing or unusable value, or an ordering without DATA_TYPE
 */
export function filterConditions(tasks: readonly Task[]): FilterCondition[] {
  return filterTasks(tasks).map(({ condition }) => condition);
}

const equalities: ReadonlySet<FilterOperator> = new Set(['EQUAL_TO', 'NOT_EQUAL_TO', 'CONTAINS']);

function condition(task: Task, index: number, operator: FilterOperator): FilterCondition {
  const properties = task.taskProperties ?? {};
  const at = (key: TaskPropertyKey) => pathText(['tasks', index, 'taskProperties', key]);
  const [field] = task.sourceFields;
  if (field === undefined) {
    throw new TributaryError('FlowInvalid', 'a filter needs a source field', {
      at: pathText(['tasks', index, 'sourceFields']),
    });
  }
  if (properties.DATA_TYPE === undefined && !equalities.has(operator)) {
    throw new TributaryError('FlowInvalid', `${operator} needs to know what it compares`, {
      at: at('DATA_TYPE'),
      got: 'nothing',
      fix: "set DATA_TYPE to the field's type, e.g. datetime or double",
    });
  }
  // CONTAINS is about text, whatever the field's type is called.
  const type = operator === 'CONTAINS' ? 'String' : (fieldTypeOf(properties.DATA_TYPE) ?? 'String');
  const keys: TaskPropertyKey[] =
    operator === 'BETWEEN' ? ['LOWER_BOUND', 'UPPER_BOUND'] : ['VALUE', 'VALUES'];
  const values = keys.flatMap((key) => {
    const text = properties[key];
    if (text === undefined) return [];
    return (key === 'VALUES' ? text.split(',') : [text]).map((value) => canonical(value, type, at(key)));
  });
  const distinct = operator === 'BETWEEN' ? values : [...new Set(values)];
  const [least, most] = operator === 'BETWEEN' ? [2, 2] : [1, equalities.has(operator) ? Infinity : 1];
  if (distinct.length < least || distinct.length > most) {
    throw new TributaryError('FlowInvalid', `${operator} has ${distinct.length} values to compare with`, {
      at: pathText(['tasks', index, 'taskProperties']),
      expected:
        operator === 'BETWEEN' ? 'LOWER_BOUND and UPPER_BOUND' : most === 1 ? 'one VALUE' : 'VALUE or VALUES',
    });
  }
  return { field, operator, type, values: distinct };
}

const epochMilliseconds = /^\s*-?\d+\s*$/;

function canonical(text: string, type: FieldType, at: string): string {
  const moment = epochMilliseconds.test(text) ? Number(text) : text.trim();
  let value: Value | undefined;
  let expected = `a value of type ${type}`;
  if (type === 'Date' || type === 'DateTime') {
    value = type === 'Date' ? dateText(moment) : dateTimeText(moment);
    expected = 'epoch milliseconds or ISO 8601, e.g. 1769904000000 or 2026-02-01T00:00:00Z';
  } else if (isNumeric(type) || type === 'Boolean' || type === 'Time') {
    value = converter({ type: 'String' }, { type })(text.trim());
  } else {
    value = text;
  }
  const result = value === undefined ? null : valueText(value);
  if (result !== null) return result;
  throw new TributaryError('FlowInvalid', 'the filter cannot compare with this', {
    at,
    got: shorten(text),
    expected,
  });
}

/**
 * The condition as a predicate. Null passes NOT_EQUAL_TO alone, and so does what is no value of the condition's type.
 * Text is compared by code units, numbers by value however they are written, dates and times as instants.
 */
export function compileFilter({ operator, type, values }: FilterCondition): (value: Value) => boolean {
  const [first, second] = values.map((value) => comparison(type, value));
  if (first === undefined) throw new RangeError(`${operator} without a value`);
  switch (operator) {
    case 'EQUAL_TO':
      return anyOf(type, values);
    case 'NOT_EQUAL_TO': {
      const equal = anyOf(type, values);
      return (value) => !equal(value);
    }
    case 'LESS_THAN':
      return (value) => first(value) < 0;
    case 'LESS_THAN_OR_EQUAL_TO':
      return (value) => first(value) <= 0;
    case 'GREATER_THAN':
      return (value) => first(value) > 0;
    case 'GREATER_THAN_OR_EQUAL_TO':
      return (value) => first(value) >= 0;
    case 'BETWEEN':
      return (value) => first(value) >= 0 && second !== undefined && second(value) <= 0;
    case 'CONTAINS':
      return (value) => {
        const text = valueText(value);
        return text !== null && values.some((part) => text.includes(part));
      };
  }
}

function anyOf(type: FieldType, values: readonly string[]): (value: Value) => boolean {
  const comparisons = values.map((value) => comparison(type, value));
  const [only] = comparisons;
  if (only !== undefined && comparisons.length === 1) return (value) => only(value) === 0;
  return (value) => comparisons.some((compare) => compare(value) === 0);
}

/** Negative, zero or positive as the value is below, at or above the bound; NaN if they cannot be compared. */
type Comparison = (value: Value) => number;

function comparison(type: FieldType, bound: string): Comparison {
  if (isNumeric(type)) return compareNumber(bound);
  switch (type) {
    case 'Boolean': {
      const wanted = Number(bound === 'true');
      return (value) => {
        const got = booleanOf(value);
        return got === undefined ? Number.NaN : Number(got) - wanted;
      };
    }
    case 'Date':
      return (value) => order(dateText(value), bound);
    case 'DateTime':
      return compareInstant(bound);
    default:
      return (value) => order(typeof value === 'string' ? value : (valueText(value) ?? undefined), bound);
  }
}

function order(value: string | undefined, bound: string): number {
  if (value === undefined) return Number.NaN;
  return value < bound ? -1 : value > bound ? 1 : 0;
}

function compareInstant(bound: string): Comparison {
  const key = instantKey(bound);
  if (key === undefined) return () => Number.NaN;
  // Texts of one form sort as they are: no instant need be reckoned for the usual record.
  const plain = bound === dateTimeText(bound, 3);
  return (value) =>
    plain && typeof value === 'string' && isCanonicalDateTime(value)
      ? order(value, bound)
      : order(instantKey(value), key);
}

/** Doubles tell numbers of up to 15 digits apart; longer ones are compared as decimals. */
export function shortNumber(text: string): number | undefined {
  return text.length <= 15 && plainNumber.test(text) ? Number(text) : undefined;
}

const plainNumber = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;

function compareNumber(bound: string): Comparison {
  const exact = decimalOf(bound);
  if (exact === undefined) return () => Number.NaN;
  const double = shortNumber(bound);
  return (value) => {
    if (double !== undefined) {
      const number = typeof value === 'string' ? shortNumber(value) : value;
      if (typeof number === 'number') {
        return number < double ? -1 : number > double ? 1 : number === double ? 0 : Number.NaN;
      }
    }
    const decimal = decimalOf(value);
    return decimal === undefined ? Number.NaN : compareDecimals(decimal, exact);
  };
}
