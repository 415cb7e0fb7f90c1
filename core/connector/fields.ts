/** Field builders: what an entity's fields are called, where their values sit in a vendor's record, how they filter. */

import type { FilterOperator } from '../operators.ts';
import type { Json } from '../ports.ts';
import type { FieldType } from '../records.ts';

/** What a destination does with a record; AppFlow's WriteOperationType. */
export const writeOperations = ['INSERT', 'UPDATE', 'UPSERT', 'DELETE'] as const;
export type WriteOperation = (typeof writeOperations)[number];

/**
 * How a moment is written, in records and in parameters alike. The format fixes the precision.
 *
 * | format | example | precision of a parameter |
 * |---|---|---|
 * | `iso8601` (default) | `2024-05-01T10:00:00Z`; records may have fractions | whole seconds, so never exact |
 * | `iso8601Seconds` | `2024-05-01T10:00:00Z`; records never have fractions | seconds, exact |
 * | `iso8601Milliseconds` | `2024-05-01T10:00:00.000Z` | milliseconds, exact |
 * | `epochSeconds` | `1714557600` | seconds, exact |
 * | `epochMilliseconds` | `1714557600000` | milliseconds, exact |
 * | `epochDecimal` | `1714557600.000200`, as text | milliseconds, never exact |
 * | `spaced` | `2024-05-01 10:00:00.123456`, in UTC; records may have fractions | whole seconds, so never exact |
 * | `spacedSeconds` | `2024-05-01 10:00:00`, in UTC | seconds, exact |
 * | `utcSeconds` | `2024-05-01T10:00:00`, in UTC | seconds, exact |
 * | `basicHour` | `20240501T10`, in UTC | hours; the vendor compares hours |
 * | `date` | `2024-05-01` | days; the vendor compares days |
 * | `basicDate` | `20240501` | days; the vendor compares days |
 * | `odataV2` | `/Date(1714557600000)/` in records, `2024-05-01T10:00:00.000Z` in comparisons | milliseconds, exact |
 */
export type DateTimeFormat =
  | 'iso8601'
  | 'iso8601Seconds'
  | 'iso8601Milliseconds'
  | 'epochSeconds'
  | 'epochMilliseconds'
  | 'epochDecimal'
  | 'spaced'
  | 'spacedSeconds'
  | 'utcSeconds'
  | 'basicHour'
  | 'date'
  | 'basicDate'
  | 'odataV2';

/**
 * What makes the vendor apply a filter operator: the name of a parameter, or `true` for a comparison in the entity's
 * `search`. Either promises that the vendor compares exactly as AppFlow does. With `exact: false` the vendor only narrows (it
 * ignores case, or its documentation leaves open whether the bound is included): it is asked, and the engine compares again.
 */
export type FilterParameter =
  | string
  | true
  | {
      /** Default: the entity's `search`. */
      readonly param?: string;
      readonly exact?: false;
      /** The parameter's value, made of the filter's values. Pure. Default: the one value; several cannot be said. */
      readonly render?: (values: readonly string[]) => Json;
    }
  /** Of BETWEEN: two parameters, both bounds included. */
  | { readonly from: string; readonly to: string; readonly exact?: false };

export type FieldFilters = { readonly [O in FilterOperator]?: FilterParameter };

export interface FieldOptions {
  /** Where the value sits in the vendor's record: `user.login`, `labels[*].name` (a list). Default: the field's name. */
  readonly at?: string;
  /** The console's name of the field. Default: the name. */
  readonly label?: string;
  readonly description?: string;
  /** The value is what stands in this hole of the entity's path: a child's parent, `issues.number`. */
  readonly hole?: string;
  /**
   * Of a Struct: other fields of the entity that it is made of, by the member's name. For vendors some of whose ways to read
   * have no such object. Null where they all are.
   */
  readonly parts?: Readonly<Record<string, string>>;
  /** Of a request parameter: without a filter that sets it nothing is asked. */
  readonly required?: true;
  /** All values that the field can have; a filter for another one is not sent to the vendor. */
  readonly values?: readonly string[];
  /** Operators that the vendor applies. All others work too: the engine applies them after the fetch. */
  readonly filters?: FieldFilters;
  /** Write operations that accept the field. Default: none. */
  readonly write?: readonly WriteOperation[];
  /** Write operations whose `idFieldNames` may name it. Default: none. */
  readonly identifies?: readonly WriteOperation[];
}

export interface Field<T extends FieldType = FieldType> extends FieldOptions {
  readonly type: T;
  /** Of a DateTime; of a Date and a Time only `odataV2` (`/Date(…)/`, `PT13H20M00S`). */
  readonly format?: DateTimeFormat;
  /** Decimal digits of a BigDecimal. */
  readonly precision?: number;
  readonly scale?: number;
}

export type Fields = Readonly<Record<string, Field>>;

function builder<T extends FieldType>(type: T): (options?: FieldOptions) => Field<T> {
  return (options = {}) => ({ type, ...options });
}

export const string = builder('String');
export const boolean = builder('Boolean');
export const integer = builder('Integer');
export const long = builder('Long');
export const bigInteger = builder('BigInteger');
export const double = builder('Double');
export const date = builder('Date');
export const time = builder('Time');
export const struct = builder('Struct');
export const list = builder('List');
export const map = builder('Map');

/** `precision` and `scale`: the decimal digits in all and after the point, where the vendor fixes them. */
export function bigDecimal(
  options: FieldOptions & { readonly precision?: number; readonly scale?: number } = {},
): Field<'BigDecimal'> {
  return { type: 'BigDecimal', ...options };
}

/** @example dateTime({ format: 'epochSeconds' }) */
export function dateTime(
  options: FieldOptions & { readonly format?: DateTimeFormat } = {},
): Field<'DateTime'> {
  return { type: 'DateTime', ...options };
}

/** The same operators, each with the same parameter. @example filters: by(true, 'EQUAL_TO', 'NOT_EQUAL_TO') */
export function by(parameter: FilterParameter, ...operators: readonly FilterOperator[]): FieldFilters {
  return Object.fromEntries(operators.map((operator) => [operator, parameter]));
}

/** Fields that differ in nothing but their names. @example ...alike(string(), 'id', 'currency', 'description') */
export function alike<const N extends string, F extends Field>(
  field: F,
  ...names: readonly N[]
): Readonly<Record<N, F>> {
  return Object.fromEntries(names.map((name) => [name, field])) as Record<N, F>;
}
