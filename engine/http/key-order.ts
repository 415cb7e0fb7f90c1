/** Lists that are sorted by a key and asked for by its values: the next page, or a range of the key. */

import type { Entity } from '../../core/connector/connector.ts';
import { own } from '../../core/connector/own.ts';
import type { Pagination } from '../../core/connector/pagination.ts';
import { TributaryError } from '../../core/errors.ts';
import type { FilterOperator } from '../../core/operators.ts';
import type { Json } from '../../core/ports.ts';
import { compileRow } from './read-records.ts';

type Keyset = Extract<Pagination, { kind: 'keyset' }>;

/** Half-open: from ≤ key < to. Each bound has a value for every field of the key. Plain data, kept in a split. */
export interface KeyRange {
  readonly from?: readonly string[];
  readonly to?: readonly string[];
}

/** Names of the fields that a list is paged by, or its pages are put together by; none of another kind of list. */
export function keyFields(pagination: Pagination | undefined): readonly string[] {
  if (pagination?.kind === 'offset') return pagination.overlap ?? [];
  return pagination?.kind === 'keyset' ? [pagination.field].flat() : [];
}

/** The key of a vendor's record, as filters would have its values. @throws ConnectorProtocol for a record without one */
export function keyReader(
  entity: Entity,
  pagination: Pagination | undefined,
  at: string,
): (record: object) => readonly string[] {
  const fields = keyFields(pagination);
  const rowOf = compileRow(entity, fields, at);
  return (record) =>
    rowOf(record).map((value, index) => {
      if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return String(value);
      throw new TributaryError('ConnectorProtocol', 'there are more pages, but no last record to ask from', {
        at,
        expected: `a record with '${fields[index]}'`,
      });
    });
}

/**
 * Compares the list's key with a given one; of several fields the first that differs decides.
 *
 * @throws ConnectorProtocol if the vendor's search cannot say it: to leave it out would read other records
 */
export function compareKey(
  entity: Entity,
  pagination: Keyset,
  operator: 'GREATER_THAN' | 'GREATER_THAN_OR_EQUAL_TO' | 'LESS_THAN',
  key: readonly string[],
  at: string,
): Json {
  const fields = keyFields(pagination);
  const compare = (index: number, by: FilterOperator): Json => {
    const name = fields[index] ?? '';
    const field = own(entity.fields, name);
    const comparison =
      field &&
      entity.search?.condition({
        name,
        path: field.at ?? name,
        field,
        operator: by,
        values: [key[index] ?? ''],
      });
    if (comparison !== undefined) return comparison;
    throw new TributaryError('ConnectorProtocol', 'the vendor cannot be asked for what follows a record', {
      at: `${at}.${name}`,
      got: `${by} ${key[index]}`,
    });
  };
  const last = fields.length - 1;
  if (last === 0) return compare(0, operator);
  // Before the last field only what is greater decides; what is equal leaves it to the next one.
  const strict = operator === 'LESS_THAN' ? 'LESS_THAN' : 'GREATER_THAN';
  const alternatives = fields.map((_, decides) => [
    ...fields.slice(0, decides).map((_, index) => compare(index, 'EQUAL_TO')),
    compare(decides, decides === last ? operator : strict),
  ]);
  if (entity.search?.either) return entity.search.either(alternatives);
  throw new TributaryError('ConnectorProtocol', 'the search cannot compare a key of several fields', { at });
}
