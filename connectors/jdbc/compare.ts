/** Filters and windows as SQL that means exactly what the engine means by them. */

import type { FieldType, FilterCondition, FilterOperator, SourceField } from '#core';

/** How one dialect writes the comparison of a column. */
export interface Comparison {
  /** The column, in the form that is compared. */
  readonly left: string;
  /** A value of the condition as a bound expression. */
  readonly right: (value: string) => string;
  /** Left out: `left = right`. */
  readonly equals?: (value: string) => string;
  /** Left out: CONTAINS is not offered. */
  readonly contains?: (value: string) => string;
  /** Holds for the values that the engine can order; NaN and infinity are beyond every bound in SQL, and no match here. */
  readonly ordered?: string;
}

const symbols = {
  LESS_THAN: '<',
  LESS_THAN_OR_EQUAL_TO: '<=',
  GREATER_THAN: '>',
  GREATER_THAN_OR_EQUAL_TO: '>=',
} as const;

/** Null matches nothing but NOT_EQUAL_TO. Several values are alternatives; NOT_EQUAL_TO excludes each of them. */
export function comparisonSql(condition: FilterCondition, comparison: Comparison): string | undefined {
  const { operator, values } = condition;
  const { left, right, equals, contains, ordered } = comparison;
  const anyOf = (test: (value: string) => string) => `(${values.map(test).join(' OR ')})`;
  const and = (test: string) => (ordered ? `(${test} AND ${ordered})` : test);
  switch (operator) {
    case 'EQUAL_TO':
      return anyOf(equals ?? ((value) => `${left} = ${right(value)}`));
    case 'NOT_EQUAL_TO':
      return `(${left} IS NULL OR (${values.map((value) => `${left} <> ${right(value)}`).join(' AND ')}))`;
    case 'CONTAINS':
      return contains && anyOf(contains);
    case 'BETWEEN': {
      const [lower, upper] = values;
      if (lower === undefined || upper === undefined) return undefined;
      return and(`${left} >= ${right(lower)} AND ${left} <= ${right(upper)}`);
    }
    default:
      return and(anyOf((value) => `${left} ${symbols[operator]} ${right(value)}`));
  }
}

export type ComparisonKind = 'text' | 'integer' | 'decimal' | 'double' | 'moment' | 'date' | 'boolean';

const integers: readonly FieldType[] = ['Short', 'Integer', 'Long', 'BigInteger'];
const numbers: readonly FieldType[] = [...integers, 'Float', 'Double', 'BigDecimal'];
const orders = (operator: FilterOperator) => operator.includes('_THAN') || operator === 'BETWEEN';

/**
 * The kind of comparison that the engine would make of column and condition, or undefined where SQL has none of the same
 * meaning (the engine converts between types; what it would convert it compares itself).
 */
export function comparisonKind(field: SourceField, condition: FilterCondition): ComparisonKind | undefined {
  const { type, operator, values } = condition;
  const all = (pattern: RegExp) => values.every((value) => pattern.test(value));
  if (field.type === 'String' && type === 'String') {
    // Neither is text to a database: NUL and halves of a surrogate pair.
    if (values.some((value) => /[\0\p{Surrogate}]/u.test(value))) return undefined;
    // JavaScript orders by UTF-16 units, databases by code points: they part ways above U+D7FF.
    return orders(operator) && values.some((value) => /[\ud800-\uffff]/.test(value)) ? undefined : 'text';
  }
  if (operator === 'CONTAINS') return undefined;
  if (field.type === 'Boolean' && type === 'Boolean') return orders(operator) ? undefined : 'boolean';
  if (field.type === 'Date' && type === 'Date') return 'date';
  if (field.type === 'DateTime' && type === 'DateTime') return 'moment';
  if (integers.includes(field.type)) {
    if (all(/^(0|-?[1-9]\d{0,17})$/) && (numbers.includes(type) || (type === 'String' && !orders(operator))))
      return 'integer';
    return numbers.includes(type) && all(plainNumber) ? 'decimal' : undefined;
  }
  if (!numbers.includes(type) || !all(plainNumber)) return undefined;
  if (field.type === 'BigDecimal') return 'decimal';
  // A longer bound would be rounded to a double that some value equals.
  return field.type === 'Double' && all(/^-?[\d.]{1,16}$/) ? 'double' : undefined;
}

const plainNumber = /^-?\d{1,30}(\.\d{1,30})?$/;
