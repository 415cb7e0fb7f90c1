/** Filter tasks and pull windows in the filter language of the connector protocol. */

import type { FilterOperator } from '../../core/operators.ts';
import type { FieldType } from '../../core/records.ts';
import type { FilterCondition, PullWindow } from '../../core/source.ts';
import { parseMoment } from '../http/moments.ts';
import type { EntityField } from './answers.ts';

/**
 * What the connector is asked to hold back; the engine compares again, since how exactly a connector compares (letter case,
 * the bounds of a range) is its own affair. `undefined`: nothing.
 *
 * Simple connectors paste the expression into a query of their own. So a value that could end its quotes is not sent.
 *
 * @param fields by name
 * @param windowField that `window` is on
 */
export function filterExpression(
  filters: readonly FilterCondition[],
  fields: ReadonlyMap<string, EntityField>,
  window: PullWindow | undefined,
  windowField: string | undefined,
): string | undefined {
  const parts = filters.flatMap((filter) => {
    const field = fields.get(filter.field);
    return (field && condition(filter, field)) ?? [];
  });
  const stamp = windowField === undefined ? undefined : fields.get(windowField);
  if (window?.start !== undefined && stamp?.dataType === 'DateTime' && isSayable(stamp)) {
    const { fieldName } = stamp;
    const bounds = [
      operatorsOf(stamp).includes('GREATER_THAN_OR_EQUAL_TO') ? `${fieldName} >= ${iso(window.start)}` : '',
      operatorsOf(stamp).includes('LESS_THAN') ? `${fieldName} < ${iso(window.end)}` : '',
    ].filter(Boolean);
    if (bounds.length > 0) parts.push(allOf(bounds));
  }
  return parts.length === 0 ? undefined : parts.join(' and ');
}

/** Whether the connector is asked to compare by this filter. */
export function isPushed(filter: FilterCondition, field: EntityField): boolean {
  return condition(filter, field) !== undefined;
}

const symbols: Partial<Record<FilterOperator, string>> = {
  EQUAL_TO: '=',
  LESS_THAN: '<',
  LESS_THAN_OR_EQUAL_TO: '<=',
  GREATER_THAN: '>',
  GREATER_THAN_OR_EQUAL_TO: '>=',
};

function condition({ operator, type, values }: FilterCondition, field: EntityField): string | undefined {
  if (!isSayable(field) || !compares(field, operator) || kindOf(type) !== kindOf(field.dataType))
    return undefined;
  const { fieldName, readProperties } = field;
  const literals = values.map((value) => literal(value, field));
  const [first, second] = literals;
  if (first === undefined || literals.includes(undefined)) return undefined;
  if (operator === 'BETWEEN') return `(${fieldName} >= ${first} and ${fieldName} <= ${second})`;
  if (operator === 'CONTAINS') {
    // Connectors make a pattern of it, in which these have a meaning.
    if (field.dataType !== 'String' || values.some((value) => /[%_]/.test(value))) return undefined;
    return anyOf(literals.map((value) => `${fieldName} contains ${value}`));
  }
  if (operator === 'NOT_EQUAL_TO') {
    // The engine lets records without a value pass; a query language does not.
    if (readProperties?.isNullable !== false && readProperties?.isRetrievable !== false) return undefined;
    return allOf(literals.map((value) => `${fieldName} != ${value}`));
  }
  const symbol = symbols[operator];
  if (symbol === undefined) return undefined;
  return anyOf(literals.map((value) => `${fieldName} ${symbol} ${value}`));
}

/** A range is written as two comparisons: connectors differ on whether the bounds of theirs are included. */
function compares(field: EntityField, operator: FilterOperator): boolean {
  const offered = operatorsOf(field);
  return operator === 'BETWEEN'
    ? offered.includes('GREATER_THAN_OR_EQUAL_TO') && offered.includes('LESS_THAN_OR_EQUAL_TO')
    : offered.includes(operator);
}

const anyOf = (comparisons: readonly string[]) => joined(comparisons, ' or ');
const allOf = (comparisons: readonly string[]) => joined(comparisons, ' and ');

function joined(comparisons: readonly string[], by: string): string {
  return comparisons.length === 1 ? comparisons.join() : `(${comparisons.join(by)})`;
}

function kindOf(type: FieldType): string {
  return numbers.includes(type) ? 'number' : type;
}

const keywords = new Set(['and', 'or', 'not', 'in', 'between', 'contains', 'limit', 'true', 'false', 'null']);

/** The language drops the first letter of `_id` without a word, and has no way to quote a name. */
function isSayable({ fieldName, readProperties }: EntityField): boolean {
  return (
    readProperties?.isQueryable !== false &&
    /^[A-Za-z][A-Za-z0-9_.-]*$/.test(fieldName) &&
    !keywords.has(fieldName.toLowerCase())
  );
}

const numbers: readonly FieldType[] = [
  'Integer',
  'Float',
  'Double',
  'Long',
  'Short',
  'BigInteger',
  'BigDecimal',
];
const ordered = [
  'EQUAL_TO',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL_TO',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL_TO',
];

/** As the connector says, else the defaults of the protocol. */
function operatorsOf({ filterOperators, dataType }: EntityField): readonly string[] {
  if (filterOperators) return filterOperators;
  if (numbers.includes(dataType)) return [...ordered, 'NOT_EQUAL_TO'];
  switch (dataType) {
    case 'Date':
    case 'DateTime':
      return [...ordered, 'BETWEEN'];
    case 'String':
      return ['CONTAINS', 'EQUAL_TO', 'NOT_EQUAL_TO'];
    case 'Boolean':
      return ['EQUAL_TO', 'NOT_EQUAL_TO'];
    default:
      return [];
  }
}

/** `undefined`: the language, or a connector behind it, could read it as something else. */
function literal(value: string, { dataType }: EntityField): string | undefined {
  if (numbers.includes(dataType)) return /^-?\d+(\.\d+)?$/.test(value) ? value : undefined;
  switch (dataType) {
    case 'Boolean':
      return value === 'true' || value === 'false' ? value : undefined;
    case 'Date':
      return /^\d{4}-\d\d-\d\d$/.test(value) ? value : undefined;
    case 'DateTime': {
      const moment = parseMoment(/^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value);
      return moment === undefined ? undefined : iso(moment);
    }
    case 'String':
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
      return value === '' || /["'\\\u0000-\u001f]/.test(value) ? undefined : `"${value}"`;
    default:
      return undefined;
  }
}

function iso(moment: number): string {
  return new Date(moment).toISOString();
}
