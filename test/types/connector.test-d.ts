/** What the compiler must refuse in a connector's declaration. Checked by `npm run typecheck`, never run. */

import {
  alike,
  apiKey,
  dateTime,
  defineConnector,
  entity,
  lastRecord,
  long,
  type RecordOf,
  string,
} from '#core';

const docs = 'https://example.com/docs';
const results = { written: { path: 'ok', is: [true] }, message: 'error' };
const fields = { id: long(), name: string(), updated_at: dateTime() };

export const good = defineConnector({
  label: 'Example',
  docs,
  baseUrl: 'https://api.example.com',
  auth: [apiKey({ label: 'Key' })],
  validateCredentials: 'GET /me',
  entities: {
    things: entity({
      docs,
      path: '/things',
      primaryKey: ['id'],
      incremental: { field: 'updated_at', from: 'since' },
      fields,
    }),
  },
});

type Thing = RecordOf<typeof good, 'things'>;
export const thing: Thing = { id: 1n, name: null, updated_at: '2024-05-01T00:00:00Z' };
// @ts-expect-error a String holds text
export const wrongThing: Thing = { id: 1, name: 7, updated_at: null };

export const refused = [
  entity({
    docs,
    path: '/things',
    primaryKey: ['id'],
    // @ts-expect-error misspelt; the message names the DateTime fields there are
    incremental: { field: 'updatd_at', from: 'since' },
    fields,
  }),
  entity({
    docs,
    path: '/things',
    primaryKey: ['id'],
    // @ts-expect-error not a DateTime
    incremental: { field: 'name', from: 'since' },
    fields,
  }),
  entity({
    docs,
    path: '/things',
    primaryKey: ['id'],
    // @ts-expect-error of fields that are alike, too, the DateTimes alone
    incremental: { field: 'name', from: 'since' },
    fields: { ...alike(string(), 'id', 'name'), ...alike(dateTime(), 'created', 'updated') },
  }),
  // @ts-expect-error no such field
  entity({ docs, path: '/things', primaryKey: ['ident'], fields }),
  // @ts-expect-error unknown key
  entity({ docs, path: '/things', primaryKey: ['id'], fields, pathh: '/things' }),
  // @ts-expect-error unknown filter operator
  string({ filters: { EQUALS: 'name' } }),
  // @ts-expect-error unknown write operation
  string({ write: ['REPLACE'] }),
  // @ts-expect-error unknown format
  dateTime({ format: 'epoch' }),
  entity({
    docs,
    path: '/things',
    primaryKey: ['id'],
    fields,
    // @ts-expect-error a write operation needs a verb that writes
    write: { INSERT: { request: 'GET /things', records: 1, results } },
  }),
  // @ts-expect-error the parameter that takes the value is missing
  lastRecord({ field: 'id', more: 'has_more' }),
  defineConnector({
    label: 'Example',
    docs,
    baseUrl: 'https://api.example.com',
    auth: [apiKey({ label: 'Key' })],
    validateCredentials: 'GET /me',
    // @ts-expect-error unknown error code
    errors: { rules: [{ status: [429], code: 'RateLimited' }] },
    entities: {},
  }),
  defineConnector({
    label: 'Example',
    docs,
    baseUrl: 'https://api.example.com',
    // @ts-expect-error at least one scheme
    auth: [],
    validateCredentials: 'GET /me',
    entities: {},
  }),
  defineConnector({
    label: 'Example',
    docs,
    baseUrl: 'https://api.example.com',
    auth: [apiKey({ label: 'Key' })],
    validateCredentials: 'GET /me',
    entities: {},
    // @ts-expect-error unknown key
    ratelimit: {},
  }),
];
