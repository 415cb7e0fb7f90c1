import { expect, test } from 'vitest';
import {
  apiKey,
  basic,
  boolean,
  cursor,
  dateTime,
  defineConnector,
  describeConnector,
  entity,
  list,
  long,
  oauth2,
  type Source,
  string,
} from '#core';

const results = { written: { path: 'ok', is: [true] }, message: 'error' };

const desk = defineConnector({
  label: 'Desk',
  docs: 'https://developer.desk.example',
  apiVersion: 'v2',
  baseUrl: 'https://api.desk.example',
  auth: [
    oauth2({ authorizeUrl: 'https://desk.example/a', tokenUrl: 'https://desk.example/t', scopes: ['read'] }),
    apiKey({ label: 'API token' }),
  ],
  validateCredentials: 'GET /me',
  settings: { board: { label: 'Board', values: ['a', 'b'], default: 'a' } },
  pagination: cursor({ at: 'next', param: 'after', size: { limit: 50 } }),
  rateLimit: { retryAfter: 'x-wait', budget: { requests: 10, seconds: 60 } },
  entities: {
    tickets: entity({
      label: 'Ticket',
      docs: 'https://developer.desk.example/tickets',
      path: '/boards/{board}/tickets',
      primaryKey: ['id'],
      incremental: { field: 'updated_at', from: 'since' },
      parameters: { view: string({ required: true }), states: list({ filters: { EQUAL_TO: 'state' } }) },
      write: {
        INSERT: { request: 'POST /tickets', records: 10, results },
        UPSERT: { request: 'PUT /tickets/{idField}', records: 10, results },
      },
      fields: {
        id: long({ label: 'ID' }),
        subject: string({ filters: { EQUAL_TO: 'q', NOT_EQUAL_TO: { param: 'not', exact: false } } }),
        open: boolean(),
        tags: list({ filters: { BETWEEN: { from: 'a', to: 'b' } } }),
        updated_at: dateTime(),
      },
    }),
    comments: entity({
      docs: 'https://developer.desk.example/comments',
      parent: 'tickets',
      path: '/tickets/{tickets.id}/comments',
      pagination: 'onePage',
      primaryKey: ['at'],
      incremental: { field: 'at', sees: 'inserts' },
      fields: { at: dateTime() },
    }),
  },
});

const ordered = [
  'EQUAL_TO',
  'NOT_EQUAL_TO',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL_TO',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL_TO',
  'BETWEEN',
];

test('a declaration is told as plain data', () => {
  const described = describeConnector('DeskPlus', { kind: 'declared', label: 'Desk', connector: desk });
  expect(JSON.parse(JSON.stringify(described))).toEqual(described);
  expect(described).toEqual({
    name: 'DeskPlus',
    label: 'Desk',
    docs: 'https://developer.desk.example',
    apiVersion: 'v2',
    auth: [
      { scheme: 'authorizationCode', label: 'OAuth 2, consent in the browser', scopes: ['read'] },
      { scheme: 'apiKey', label: 'API token' },
    ],
    settings: [{ name: 'board', label: 'Board', values: ['a', 'b'], default: 'a' }],
    rateLimit: { retryAfter: 'x-wait', budget: { requests: 10, seconds: 60 } },
    discovery: false,
    entities: [
      {
        name: 'tickets',
        label: 'Ticket',
        docs: 'https://developer.desk.example/tickets',
        primaryKey: ['id'],
        pagination: { kind: 'cursor', size: 50 },
        incremental: { field: 'updated_at', sees: 'changes' },
        writes: ['INSERT', 'UPSERT'],
        fields: [
          { name: 'id', label: 'ID', type: 'Long', filters: ordered, pushedDown: [] },
          {
            name: 'subject',
            label: 'subject',
            type: 'String',
            filters: [...ordered, 'CONTAINS'],
            pushedDown: ['EQUAL_TO', 'NOT_EQUAL_TO'],
          },
          {
            name: 'open',
            label: 'open',
            type: 'Boolean',
            filters: ['EQUAL_TO', 'NOT_EQUAL_TO'],
            pushedDown: [],
          },
          {
            name: 'tags',
            label: 'tags',
            type: 'List',
            filters: ['EQUAL_TO', 'NOT_EQUAL_TO', 'BETWEEN', 'CONTAINS'],
            pushedDown: ['BETWEEN'],
          },
          { name: 'updated_at', label: 'updated_at', type: 'DateTime', filters: ordered, pushedDown: [] },
        ],
        parameters: [
          { name: 'view', label: 'view', type: 'String', filters: ['EQUAL_TO'], required: true },
          { name: 'states', label: 'states', type: 'List', filters: ['EQUAL_TO'], required: false },
        ],
      },
      {
        name: 'comments',
        label: 'comments',
        docs: 'https://developer.desk.example/comments',
        primaryKey: ['at'],
        parent: 'tickets',
        pagination: { kind: 'onePage' },
        incremental: { field: 'at', sees: 'inserts' },
        writes: [],
        fields: [{ name: 'at', label: 'at', type: 'DateTime', filters: ordered, pushedDown: [] }],
        parameters: [],
      },
    ],
  });
});

test('of a source in code the connection is told: only it knows the entities', () => {
  const loaded = {
    kind: 'coded',
    label: 'Database',
    source: {} as Source,
    connection: {
      settings: { host: { label: 'Host', description: 'Its name.' } },
      required: ['host'],
      auth: [basic({ label: 'User' })],
    },
  } as const;
  expect(describeConnector('JDBC', loaded)).toEqual({
    name: 'JDBC',
    label: 'Database',
    auth: [{ scheme: 'basic', label: 'User' }],
    settings: [{ name: 'host', label: 'Host', description: 'Its name.' }],
    discovery: true,
    entities: [],
  });
  expect(describeConnector('S3', { kind: 'coded', label: 'Amazon S3', source: {} as Source })).toMatchObject({
    auth: [],
    settings: [],
  });
});

test('a list that jobs alone make has no pages', () => {
  const status = { path: '/jobs/{job}', at: 'state', running: [], done: ['Done'], failed: [] };
  const job = { id: 'id', status, results: { path: '/jobs/{job}/file' } };
  const pagesOf = (more: object) => {
    const tickets = { ...desk.entities.tickets, job: { ...job, ...more } };
    const connector = { ...desk, entities: { tickets } };
    return describeConnector('Desk', { kind: 'declared', label: 'Desk', connector }).entities[0]?.pagination;
  };
  expect(pagesOf({})).toEqual({ kind: 'job' });
  expect(pagesOf({ create: { path: '/jobs' } })).toEqual({ kind: 'cursor', size: 50 });
});
