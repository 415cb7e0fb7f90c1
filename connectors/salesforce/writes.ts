import type { Entity, WrittenRecord } from '#core';

const collections = '/services/data/v58.0/composite/sobjects';
/** https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections-create.html */
const records = 200;
const results = {
  written: { path: 'success', is: [true] },
  code: 'errors[*].statusCode',
  message: 'errors[*].message',
};

/**
 * Records of one object, many a request, each on its own: one that is refused keeps no other back. A Salesforce id is told
 * as `id`, whatever the case that its field is named in.
 */
export function writesOf(type: string): NonNullable<Entity['write']> {
  const body = (written: readonly WrittenRecord[]) => ({
    allOrNone: false,
    records: written.map(({ Id, ...fields }) => ({
      attributes: { type },
      ...(Id !== undefined && { id: Id }),
      ...fields,
    })),
  });
  return {
    INSERT: { request: `POST ${collections}`, records, body, results },
    UPDATE: { request: `PATCH ${collections}`, records, body, results },
    UPSERT: { request: `PATCH ${collections}/${type}/{idField}`, records, body, results },
    DELETE: {
      request: `DELETE ${collections}`,
      records,
      query: (written) => ({ ids: written.map(({ Id }) => String(Id)).join(','), allOrNone: 'false' }),
      results,
    },
  };
}
