/**
 * OData's query options, for connectors whose vendor speaks it. The two versions differ in how values are written:
 * https://www.odata.org/documentation/odata-version-2-0/overview/ (section 6, primitive data types) and
 * https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html (section 5.1.1.14, literals).
 */

import type { FilterOperator } from '../operators.ts';
import { by, type FieldFilters } from './fields.ts';
import type { Search, SearchCondition } from './list-request.ts';
import { keyset, type Pagination } from './pagination.ts';

export type ODataVersion = 2 | 4;

const words: Partial<Record<FilterOperator, string>> = {
  EQUAL_TO: 'eq',
  GREATER_THAN: 'gt',
  GREATER_THAN_OR_EQUAL_TO: 'ge',
  LESS_THAN: 'lt',
  LESS_THAN_OR_EQUAL_TO: 'le',
};

/** Longer conditions are left to the engine: servers and proxies bound the length of addresses. */
const longestCondition = 1500;

/** `$filter`. @param types the fields' own types by name: `Edm.Guid`; a field without one is never compared */
export function odataSearch(version: ODataVersion, types: Readonly<Record<string, string>>): Search {
  return {
    param: '$filter',
    condition: (condition) => comparison(version, types[condition.name] ?? '', condition),
    expression: (conditions) => (conditions.length > 0 ? conditions.join(' and ') : undefined),
    either: (alternatives) => `(${alternatives.map((all) => `(${all.join(' and ')})`).join(' or ')})`,
  };
}

function comparison(
  version: ODataVersion,
  type: string,
  { path, operator, values }: SearchCondition,
): string | undefined {
  const literals = values.map((value) => odataLiteral(version, type, value));
  if (!literals.every((literal) => literal !== undefined)) return undefined;
  const condition = compared(version, path, operator, literals);
  return condition !== undefined && condition.length <= longestCondition ? condition : undefined;
}

function compared(
  version: ODataVersion,
  path: string,
  operator: FilterOperator,
  literals: readonly string[],
): string | undefined {
  if (operator === 'BETWEEN') {
    const [lower, upper] = literals;
    return `(${path} ge ${lower} and ${path} le ${upper})`;
  }
  const contains = (literal: string) =>
    version === 2 ? `substringof(${literal},${path})` : `contains(${path},${literal})`;
  const word = words[operator];
  if (word === undefined && operator !== 'CONTAINS') return undefined;
  const each = literals.map((literal) => (word ? `${path} ${word} ${literal}` : contains(literal)));
  return each.length === 1 ? each[0] : `(${each.join(' or ')})`;
}

/**
 * A value as it stands in a filter.
 *
 * @param value as AppFlow compares it: see `Row`
 * @returns `undefined` for a type without a literal, and for a value that is none of its type: the server would refuse it
 */
export function odataLiteral(version: ODataVersion, type: string, value: string): string | undefined {
  const isOld = version === 2;
  const matching = (pattern: RegExp, literal = value) => (pattern.test(value) ? literal : undefined);
  switch (type) {
    case 'Edm.String':
      return `'${value.replaceAll("'", "''")}'`;
    case 'Edm.Boolean':
      return matching(/^(true|false)$/);
    case 'Edm.Guid':
      return matching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i, isOld ? `guid'${value}'` : value);
    case 'Edm.Byte':
    case 'Edm.SByte':
    case 'Edm.Int16':
    case 'Edm.Int32':
      return matching(/^-?\d{1,10}$/);
    case 'Edm.Int64':
      return matching(/^-?\d{1,19}$/, isOld ? `${value}L` : value);
    case 'Edm.Decimal':
      return matching(/^-?\d+(\.\d+)?$/, isOld ? `${value}M` : value);
    case 'Edm.Double':
    case 'Edm.Single':
      return matching(/^-?\d+(\.\d+)?$/, isOld ? `${value}${type === 'Edm.Double' ? 'd' : 'f'}` : value);
    case 'Edm.DateTime':
      return dateTimeLiteral(value);
    case 'Edm.DateTimeOffset':
      return matching(moment, isOld ? `datetimeoffset'${value}'` : value);
    case 'Edm.Date':
      return matching(/^\d{4}-\d\d-\d\d$/);
    case 'Edm.Time':
      return timeLiteral(value);
    case 'Edm.TimeOfDay':
      return matching(/^\d\d:\d\d:\d\d(\.\d+)?$/);
    default:
      return undefined;
  }
}

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Without a zone; ours is UTC, as the records' are taken to be. */
function dateTimeLiteral(value: string): string | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return `datetime'${value}T00:00:00'`;
  return moment.test(value) && value.endsWith('Z') ? `datetime'${value.slice(0, -1)}'` : undefined;
}

function timeLiteral(value: string): string | undefined {
  const [, hours, minutes, seconds] = /^(\d\d):(\d\d):(\d\d(?:\.\d+)?)$/.exec(value) ?? [];
  return hours === undefined ? undefined : `time'PT${hours}H${minutes}M${seconds}S'`;
}

const ordered: readonly FilterOperator[] = [
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL_TO',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL_TO',
  'BETWEEN',
];

/** What a server can be asked to compare for a field of a type, and where its answer has to be compared again. */
export function odataFilters(type: string): FieldFilters {
  switch (type) {
    // Servers differ in case, in blanks and in what they make of a key's leading zeros.
    case 'Edm.String':
      return by({ exact: false }, 'EQUAL_TO', 'CONTAINS');
    case 'Edm.Guid':
      return by({ exact: false }, 'EQUAL_TO');
    case 'Edm.Boolean':
      return by(true, 'EQUAL_TO');
    case 'Edm.Byte':
    case 'Edm.SByte':
    case 'Edm.Int16':
    case 'Edm.Int32':
    case 'Edm.Int64':
    case 'Edm.Decimal':
      return by(true, 'EQUAL_TO', ...ordered);
    // Bounds may be rounded, outwards, to what a server takes and keeps.
    case 'Edm.Double':
    case 'Edm.Single':
    case 'Edm.DateTime':
    case 'Edm.DateTimeOffset':
    case 'Edm.Date':
      return by({ exact: false }, 'EQUAL_TO', ...ordered);
    default:
      return {};
  }
}

/** Types whose values every server can sort by and compare. */
const sortable = new Set([
  'Edm.String',
  'Edm.Guid',
  'Edm.Byte',
  'Edm.SByte',
  'Edm.Int16',
  'Edm.Int32',
  'Edm.Int64',
  'Edm.Decimal',
  'Edm.DateTime',
  'Edm.DateTimeOffset',
  'Edm.Date',
  'Edm.Time',
  'Edm.TimeOfDay',
]);

/** Whether a list can be sorted by a key of these types, and asked for what lies behind a value of it. */
export function isODataSortable(types: readonly string[]): boolean {
  return types.length > 0 && types.every((type) => sortable.has(type));
}

/**
 * Pages by the key, in ranges of it where a flow wants several processes. Needs `$orderby` by the same fields. Positions
 * (`$skip`) would pass over records where others leave the list meanwhile.
 *
 * @param key names of the fields that make it
 */
export function odataKeyset(version: ODataVersion, key: readonly string[], pageSize: number): Pagination {
  return keyset({
    field: key,
    size: { $top: pageSize },
    // Servers bound the size of pages, and do not always say so.
    mayBeShort: true,
    ranges: {
      count:
        version === 2
          ? { query: { $inlinecount: 'allpages' }, at: 'd.__count' }
          : { query: { $count: 'true' }, at: '@odata.count' },
      skip: '$skip',
    },
  });
}
