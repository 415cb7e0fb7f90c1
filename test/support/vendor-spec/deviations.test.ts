import { expect, test } from 'vitest';
import {
  apiKey,
  type Connector,
  cursor,
  dateTime,
  defineConnector,
  type Entity,
  entity,
  type Job,
  lastRecord,
  list,
  single,
  string,
} from '#core';
import { connectionDeviations, deviationsOf } from './deviations.ts';
import { specificationOf } from './specification.ts';

const query = (...names: readonly string[]) => names.map((name) => ({ name, in: 'query' }));
const answer = (schema: object) => ({ 200: { content: { 'application/json': { schema } } } });
const ticket = {
  properties: {
    id: { type: 'string' },
    by: { properties: { email: { type: 'string' } } },
    tags: { type: 'array', items: { properties: { name: { type: 'string' } } } },
    at: { type: 'string' },
  },
};

const specifications = [
  specificationOf({
    openapi: '3.0.3',
    servers: [{ url: 'https://api.desk.example/v1' }],
    paths: {
      '/me': { get: { responses: {} } },
      '/tickets': {
        get: {
          parameters: [
            ...query('limit', 'after', 'since', 'sort', 'state'),
            {
              name: 'created',
              in: 'query',
              style: 'deepObject',
              schema: { anyOf: [{ type: 'integer' }, { type: 'object', properties: { gte: {} } }] },
            },
            { name: 'expand', in: 'query', schema: { type: 'array' } },
          ],
          responses: answer({
            properties: {
              tickets: { type: 'array', items: ticket },
              one: ticket,
              meta: { properties: { after: { type: 'string' }, more: { type: 'boolean' } } },
            },
          }),
        },
      },
      '/changes': {
        get: {
          parameters: query('limit', 'after', 'since'),
          responses: answer({ items: ticket, type: 'array' }),
        },
      },
      '/changes/token': {
        get: {
          parameters: query('since'),
          responses: answer({ properties: { token: { type: 'string' } } }),
        },
      },
      '/exports': {
        post: {
          requestBody: {
            content: { 'application/json': { schema: { properties: { state: {}, since: {} } } } },
          },
          responses: answer({ properties: { id: { type: 'string' } } }),
        },
      },
      '/exports/{id}': {
        get: { responses: answer({ properties: { status: { type: 'string' }, error: { type: 'string' } } }) },
      },
      '/exports/{id}/start': { post: { responses: {} } },
      '/exports/{id}/rows': { get: { parameters: query('limit', 'after', 'format'), responses: {} } },
      '/boards/{board}': {
        get: { parameters: [{ name: 'view', in: 'query', required: true }], responses: {} },
      },
      '/search': {
        post: {
          requestBody: {
            content: {
              'application/json': {
                schema: {
                  properties: { filter: {}, paging: { properties: { size: {}, after: {} } }, sort: {} },
                },
              },
            },
          },
          responses: answer({ properties: { tickets: { type: 'array', items: ticket } } }),
        },
      },
    },
  }),
];

function desk(one: Entity, more: Partial<Connector> = {}): Connector {
  return {
    ...defineConnector({
      label: 'Desk',
      docs: 'https://desk.example',
      baseUrl: 'https://api.desk.example/v1',
      auth: [apiKey({ label: 'Key' })],
      validateCredentials: 'GET /me',
      records: 'tickets',
      pagination: cursor({ at: 'meta.after', more: 'meta.more', param: 'after', size: { limit: 100 } }),
      entities: { tickets: one },
    }),
    ...more,
  };
}

const fields = {
  id: string(),
  email: string({ at: 'by.email' }),
  names: list({ at: 'tags[*].name' }),
  at: dateTime(),
};
const tickets = entity({ docs: '', path: '/tickets', primaryKey: ['id'], fields });

/** Its list begins with a token, which another request gives; the window goes there. */
const changed = {
  field: 'at',
  from: 'since',
  list: {
    path: '/changes',
    records: (all: unknown) => all as object[],
    pagination: cursor({
      at: { header: 'x-next' },
      param: 'after',
      begin: { path: '/changes/token', at: 'token' },
    }),
  },
} as const;

const job = {
  create: { method: 'POST', path: '/exports', query: {}, body: { state: 'open' } },
  id: 'id',
  status: {
    path: '/exports/{job}',
    at: 'status',
    running: ['Queued'],
    done: ['Done'],
    failed: ['Failed'],
    start: { path: '/exports/{job}/start', states: ['Created'] },
    message: 'error',
  },
  results: {
    path: '/exports/{job}/rows',
    query: { format: 'csv' },
    pagination: cursor({ at: { header: 'x-next' }, param: 'after', size: { limit: 9 } }),
  },
} as const satisfies Job;

function found(one: Entity, more?: Partial<Connector>): string[] {
  return deviationsOf(desk(one, more), one, specifications);
}

test('finds nothing where all is as the vendor says', () => {
  expect(
    found({
      ...tickets,
      query: { sort: 'id', 'expand[]': 'by' },
      incremental: { field: 'at', from: { param: 'created[gte]' } },
      fields: { ...fields, state: string({ at: 'id', filters: { EQUAL_TO: 'state' } }) },
    }),
  ).toEqual([]);
});

test.each<[string, Partial<Entity>, string[]]>([
  ['a path', { path: '/tickets/all' }, ['there is no GET /tickets/all']],
  ['a method', { method: 'POST' }, ['there is no POST /tickets']],
  ['a parameter of the query', { query: { order: 'id' } }, ['there is no parameter order']],
  [
    'a page size',
    { pagination: cursor({ at: 'meta.after', param: 'after', size: { per: 9 } }) },
    ['there is no parameter per'],
  ],
  [
    'a page token',
    { pagination: cursor({ at: 'meta.after', param: 'next' }) },
    ['there is no parameter next'],
  ],
  [
    "a filter's parameter",
    { fields: { ...fields, x: string({ at: 'id', filters: { EQUAL_TO: { param: 'x', exact: false } } }) } },
    ['there is no parameter x'],
  ],
  [
    "a range's parameters",
    { fields: { ...fields, x: string({ at: 'id', filters: { BETWEEN: { from: 'a', to: 'b' } } }) } },
    ['there is no parameter a', 'there is no parameter b'],
  ],
  [
    "a flow's own parameter",
    { parameters: { view: string({ filters: { EQUAL_TO: 'view' } }) } },
    ['there is no parameter view'],
  ],
  ['a bound of the window', { incremental: { field: 'at', from: 'from' } }, ['there is no parameter from']],
  [
    'a member of a parameter',
    { incremental: { field: 'at', from: 'created[gt]' } },
    ['there is no parameter created[gt]'],
  ],
  ['a projection', { projection: () => ({ only: 'id' }) }, ['there is no parameter only']],
  [
    'a search',
    { search: { param: 'q', condition: () => '', expression: () => '' } },
    ['there is no parameter q'],
  ],
  ['a field', { fields: { ...fields, title: string() } }, ['there is no field title']],
  [
    'a nested field',
    { fields: { ...fields, name: string({ at: 'by.name' }) } },
    ['there is no field name (by.name)'],
  ],
  ['what marks records to be left out', { skipIf: { present: 'draft' } }, ['records have no draft']],
  [
    'what the next page begins after',
    { pagination: lastRecord({ field: 'key', param: 'after' }) },
    ['records have no key'],
  ],
  [
    'where the token stands',
    { pagination: cursor({ at: 'meta.next', param: 'after' }) },
    ['the answer has no meta.next'],
  ],
  ['where the records stand', { records: 'items' }, ['there is no list of records at items']],
  ['a list of records', { records: () => [] }, ['there is no list of records']],
])('finds %s that is not there', (_, more, deviations) => {
  expect(found({ ...tickets, ...more })).toEqual(deviations);
});

test('looks at what a windowed list has of its own', () => {
  const incremental = {
    field: 'at',
    from: 'since',
    list: { path: '/changes', records: (all: unknown) => all as object[] },
  };
  expect(found({ ...tickets, incremental })).toEqual([
    'the answer has no meta.after',
    'the answer has no meta.more',
  ]);
  expect(found({ ...tickets, query: { sort: 'id' }, incremental })).toContain('there is no parameter sort');
});

test('looks for the window where a list gets the token that it begins with', () => {
  expect(found({ ...tickets, incremental: changed })).toEqual([]);
  const { list } = changed;
  const begin = (path: string, at: string) => ({
    ...changed,
    list: { ...list, pagination: { ...list.pagination, begin: { path, at } } },
  });
  expect(found({ ...tickets, incremental: begin('/changes/token', 'next') })).toEqual([
    'the answer has no next',
  ]);
  expect(found({ ...tickets, incremental: begin('/changes/first', 'token') })).toEqual([
    'there is no GET /changes/first',
  ]);
  expect(found({ ...tickets, incremental: { ...changed, from: 'until' } })).toEqual([
    'there is no parameter until',
  ]);
});

test('finds nothing where all requests of a job are as the vendor says', () => {
  expect(found({ ...tickets, job })).toEqual([]);
  expect(found({ ...tickets, incremental: { field: 'at', from: 'since' }, job })).toEqual([]);
});

test.each<[string, Job, string[]]>([
  [
    'the request that makes it',
    { ...job, create: { ...job.create, path: '/jobs' } },
    ['there is no POST /jobs'],
  ],
  [
    'a member of that request',
    { ...job, create: { ...job.create, body: { states: 'open' } } },
    ['the body has no member states'],
  ],
  ['where its id stands', { ...job, id: 'job.id' }, ['the answer has no job.id']],
  [
    'the request for its state',
    { ...job, status: { ...job.status, path: '/exports/{job}/state' } },
    ['there is no GET /exports/{job}/state'],
  ],
  ['where its state stands', { ...job, status: { ...job.status, at: 'state' } }, ['the answer has no state']],
  [
    'where a failure is explained',
    { ...job, status: { ...job.status, message: 'why' } },
    ['the answer has no why'],
  ],
  [
    'the request that starts it',
    { ...job, status: { ...job.status, start: { path: '/exports/{job}/run', states: [] } } },
    ['there is no POST /exports/{job}/run'],
  ],
  [
    'the request for its results',
    { ...job, results: { ...job.results, path: '/exports/{job}/file' } },
    ['there is no GET /exports/{job}/file'],
  ],
  [
    'a parameter of its results',
    { ...job, results: { ...job.results, query: { as: 'csv' } } },
    ['there is no parameter as'],
  ],
  [
    'what pages its results',
    {
      ...job,
      results: { ...job.results, pagination: cursor({ at: 'next', param: 'next', size: { per: 9 } }) },
    },
    ['there is no parameter next', 'there is no parameter per'],
  ],
])('finds of a job %s that is not there', (_, one, deviations) => {
  expect(found({ ...tickets, job: one })).toEqual(deviations);
});

test('looks at no list of an entity that its job alone reads', () => {
  const { create, ...alone } = job;
  const exported = { ...tickets, ...create, pagination: 'onePage' } as const;
  expect(found({ ...exported, job: alone })).toEqual([]);
  expect(found(exported)).toContain('there is no list of records at tickets');
});

test('knows no fields of a discovered entity, but its request, its records and its pages', () => {
  const own = { ...tickets, fields: { id: string(), made_up__c: string() } };
  const discovered = (one: Entity) => deviationsOf(desk(one), one, specifications, true);
  expect(deviationsOf(desk(own), own, specifications, false)).toEqual(['there is no field made_up__c']);
  expect(discovered(own)).toEqual([]);
  expect(discovered({ ...own, query: { order: 'id' } })).toEqual(['there is no parameter order']);
  expect(discovered({ ...own, records: 'items' })).toEqual(['there is no list of records at items']);
  expect(discovered({ ...own, pagination: cursor({ at: 'meta.next', param: 'after' }) })).toEqual([
    'the answer has no meta.next',
  ]);
});

test('looks at a body, its fixed members and its parameters', () => {
  const search = { ...tickets, method: 'POST', path: '/search', pagination: 'onePage' } as const;
  expect(found({ ...search, body: { sort: 'id', paging: { size: 9 } } })).toEqual([]);
  expect(found({ ...search, body: { order: 'id', paging: { page: 9 } } })).toEqual([
    'the body has no member order',
    'the body has no member paging.page',
  ]);
  expect(found({ ...search, pagination: cursor({ at: 'meta.after', param: 'paging.next' }) })).toEqual([
    'the answer has no meta.after',
    'the body has no member paging.next',
  ]);
});

test('runs what makes records of an answer', () => {
  expect(found({ ...tickets, records: single('one') })).toEqual([]);
  expect(found({ ...tickets, records: single('meta') })).toContain('there is no field id');
});

test('takes a name that the answer itself gives for any name', () => {
  const named = (answer: unknown) => {
    const { tickets } = answer as { tickets: { id: string }[] };
    return tickets.map(({ id }) => ({ cells: { [id]: 1 } }));
  };
  const table = { ...tickets, records: named };
  expect(found({ ...table, fields: { id: string({ at: 'cells.whatever' }) } })).toEqual([]);
  expect(found({ ...table, fields: { id: string({ at: 'cell.whatever' }) } })).toEqual([
    'there is no field id (cell.whatever)',
  ]);
});

test('asks for each field by itself, and hands all of them to what makes records', () => {
  const projection = (paths: readonly string[]) => {
    if (paths.length > 1) throw new Error('too many');
    return { sort: paths };
  };
  const asked = (_: unknown, { sort }: { readonly sort?: unknown }) => [
    Object.fromEntries((sort as string[]).map((name) => [name, 1])),
  ];
  const one = { id: string(), other: string() };
  expect(found({ ...tickets, fields: one, projection, records: asked })).toEqual([]);
});

test('leaves out what no answer holds: the value of a hole, a comparison of the search, a header', () => {
  expect(
    found({
      ...tickets,
      pagination: cursor({ at: { header: 'x-next' }, param: 'after' }),
      fields: { ...fields, board: string({ hole: 'boards.id', filters: { CONTAINS: true } }) },
    }),
  ).toEqual([]);
});

test('names what the vendor needs and what it says nothing of', () => {
  const board = { ...tickets, path: '/boards/{board}', pagination: 'onePage' } as const;
  expect(found(board)).toEqual(['nothing is said of the answer', 'the parameter view is required']);
  expect(found({ ...board, query: { view: 'all' } })).toEqual(['nothing is said of the answer']);
});

test('tries each value of a hole', () => {
  const each = { each: { list: ['tickets', 'searches'] }, path: '/{list}' };
  expect(found({ ...tickets, ...each })).toEqual(['there is no GET /searches']);
});

test('looks at the requests that belong to no entity', () => {
  expect(connectionDeviations(desk(tickets), specifications)).toEqual([]);
  const more = { validateCredentials: 'GET /whoami?x=1', clock: 'GET /time' } as const;
  expect(connectionDeviations(desk(tickets, more), specifications)).toEqual([
    'there is no GET /whoami',
    'there is no GET /time',
  ]);
});
