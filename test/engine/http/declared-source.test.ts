import { describe, expect, onTestFinished, test } from 'vitest';
import {
  apiKey,
  dateTime,
  defineConnector,
  entity,
  lastRecord,
  linkHeader,
  long,
  type PageToken,
  type SourceRequest,
  string,
} from '#core';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { nodeHttp } from '../../../engine/http/node-http.ts';
import { replayServer } from '../../support/http-server.ts';
import { type TestAnswer, type TestHttp, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const docs = 'https://example.com/docs';
const base = 'https://api.example.com';
const start = Date.UTC(2024, 4, 1);
const end = Date.UTC(2024, 4, 2);

const connector = defineConnector({
  label: 'Shop',
  docs,
  apiVersion: '2024-01',
  baseUrl: base,
  auth: [apiKey({ label: 'Key' })],
  validateCredentials: 'GET /shops/{shop}',
  settings: { shop: { label: 'Shop' } },
  pagination: linkHeader({ size: { size: 50 } }),
  settleSeconds: 30,
  entities: {
    orders: entity({
      label: 'Order',
      docs,
      path: '/{shop}/orders',
      query: { sort: 'new', of: '{shop}' },
      primaryKey: ['id'],
      incremental: { field: 'updated', from: 'since' },
      parameters: { tag: string({ filters: { EQUAL_TO: 'tag' } }) },
      fields: { id: long(), state: string({ filters: { EQUAL_TO: 'state' } }), updated: dateTime() },
    }),
    events: entity({
      docs,
      path: '/events',
      records: 'data.items',
      pagination: lastRecord({ field: 'id', param: 'after', more: 'more', size: { limit: 10 } }),
      skipIf: { present: 'test.mode' },
      primaryKey: ['id'],
      incremental: {
        field: 'at',
        from: 'from',
        to: { param: 'to', operator: 'LESS_THAN_OR_EQUAL_TO' },
        sees: 'inserts',
      },
      fields: { id: long(), at: dateTime({ format: 'epochSeconds' }) },
    }),
    visits: entity({
      docs,
      path: '/visits',
      primaryKey: ['id'],
      incremental: { field: 'at', order: 'newestFirst' },
      mayRepeat: true,
      fields: { id: long(), at: dateTime({ format: 'epochMilliseconds' }) },
    }),
    notes: entity({
      docs,
      path: '/notes',
      primaryKey: ['id'],
      incremental: { field: 'at', from: 'since', order: 'oldestFirst' },
      mayRepeat: true,
      fields: { id: long(), at: dateTime() },
    }),
    lines: entity({
      docs,
      path: '/{shop}/orders/{orders.id}/lines',
      parent: 'orders',
      absent: [410],
      primaryKey: ['id'],
      fields: { id: long() },
    }),
  },
});

function requestFor(entityName: string, changes: Partial<SourceRequest> = {}): SourceRequest {
  return {
    flowName: 'f',
    connector: 'Shop',
    properties: { entityName },
    settings: { shop: 'acme' },
    fields: ['id'],
    filters: [],
    window: { end },
    ...changes,
  };
}

const incremental = { window: { start, end } };

function setup(
  answer: (path: string, index: number) => TestAnswer | Error,
  now = end,
): {
  http: TestHttp;
  paths(): string[];
  ports: ReturnType<typeof testSourcePorts>;
} {
  const http = testHttp((request, index) => answer(request.url.replace(base, ''), index));
  return {
    http,
    paths: () => http.requests.map(({ url }) => url.replace(base, '')),
    ports: testSourcePorts({ http, credentials: { apiKey: 'the-key' }, now }),
  };
}

const source = declaredSource(connector, { random: () => 0 });

describe('describing', () => {
  test('gives fields, key, filters and window without a request for a full pull', async () => {
    const { ports, http } = setup(() => new Error('no request expected'));
    const filters = [
      { field: 'state', operator: 'EQUAL_TO', type: 'String', values: ['open'] },
      { field: 'id', operator: 'GREATER_THAN', type: 'Long', values: ['7'] },
    ] as const;
    expect(await source.describe(requestFor('orders', { filters }), ports)).toEqual({
      fields: [
        { name: 'id', type: 'Long' },
        { name: 'state', type: 'String' },
        { name: 'updated', type: 'DateTime' },
      ],
      parameters: [{ name: 'tag', type: 'String' }],
      splits: [{}],
      appliedFilters: [0],
      appliesWindow: false,
      incrementalField: 'updated',
      primaryKey: ['id'],
      mayRepeat: false,
    });
    expect(http.requests).toEqual([]);
  });

  test('asks the vendor what time it is for an incremental one, and lets records settle', async () => {
    const answer = { body: [], headers: { date: 'Wed, 01 May 2024 23:59:58 GMT' } };
    const behind = setup(() => answer);
    const described = await source.describe(requestFor('orders', incremental), behind.ports);
    expect(described.completeUntil).toBe(Date.UTC(2024, 4, 1, 23, 59, 28));
    expect(behind.paths()).toEqual(['/acme/orders?sort=new&of=acme&size=1']);

    const ahead = setup(() => answer, Date.UTC(2024, 4, 1, 23, 59, 50));
    expect(await source.describe(requestFor('orders', incremental), ahead.ports)).toMatchObject({
      completeUntil: Date.UTC(2024, 4, 1, 23, 59, 20),
      appliesWindow: false,
    });
  });

  test("tells which version of the vendor's API is asked", async () => {
    const { ports } = setup(() => new Error('no request expected'));
    await source.describe(requestFor('orders', { apiVersion: 'v9' }), ports);
    expect(ports.logged).toEqual([
      'source described {"at":"Shop.orders","apiVersion":"2024-01","named":"v9"}',
    ]);
  });

  test('says when the vendor applies both bounds exactly', async () => {
    const { ports } = setup(() => ({ body: {} }));
    expect(await source.describe(requestFor('events', incremental), ports)).toMatchObject({
      appliesWindow: true,
    });
  });

  test.each<[string, SourceRequest, string]>([
    [
      'an unknown entity',
      requestFor('toString'),
      'Shop: there is no such entity; got toString; expected one of orders, events, visits, notes, lines',
    ],
    ['no entity', requestFor('', { properties: {} }), 'Shop: there is no such entity; got undefined'],
    [
      'another incremental field',
      requestFor('orders', { incrementalField: 'id' }),
      'Shop.orders: the entity cannot be pulled incrementally by this field; got id; expected updated',
    ],
    [
      'an entity that has no window',
      requestFor('lines', { incrementalField: 'id' }),
      'got id; expected a full pull',
    ],
    ['a missing setting', requestFor('orders', { settings: {} }), "Shop: the setting 'shop' is missing"],
    [
      'a foreign endpoint',
      requestFor('orders', { endpoint: 'https://evil.example' }),
      'an endpoint may only be a server on this machine',
    ],
  ])('refuses %s before any request', async (_, request, message) => {
    const { ports, http } = setup(() => new Error('no request expected'));
    await expect(source.describe(request, ports)).rejects.toThrow(message);
    expect(http.requests).toEqual([]);
  });
});

describe('reading', () => {
  test('an unknown field is refused', async () => {
    const { ports } = setup(() => ({ body: [] }));
    await expect(source.open(requestFor('orders', { fields: ['nope'] }), {}, ports)).rejects.toMatchObject({
      code: 'SchemaChanged',
    });
  });

  test('sends window and filters, and gives rows in the order of the read set', async () => {
    const { ports, paths } = setup(() => ({
      body: [{ id: 1, updated: '2024-05-01T10:00:00Z', state: 'open' }],
    }));
    const filters = [{ field: 'state', operator: 'EQUAL_TO', type: 'String', values: ['open'] }] as const;
    const request = requestFor('orders', { ...incremental, filters, fields: ['updated', 'id'] });
    const page = await (await source.open(request, {}, ports)).read(undefined);
    expect(page).toEqual({ rows: [['2024-05-01T10:00:00Z', 1]], bytes: 58 });
    expect(paths()).toEqual([
      '/acme/orders?sort=new&of=acme&size=50&state=open&since=2024-05-01T00%3A00%3A00Z',
    ]);
  });

  test('follows the last record, counts what it skips and stops when there are no more', async () => {
    const pages: TestAnswer[] = [
      {
        body: {
          data: {
            items: [
              { id: 1, at: 1714557600 },
              { id: 2, test: { mode: true } },
            ],
          },
          more: true,
        },
      },
      { body: { data: { items: [{ id: 3, test: { mode: null } }] }, more: false } },
    ];
    const { ports, paths } = setup((_, index) => pages[index] ?? new Error('too many requests'));
    const session = await source.open(
      requestFor('events', { ...incremental, fields: ['id', 'at'] }),
      {},
      ports,
    );
    const first = await session.read(undefined);
    expect(first).toMatchObject({
      rows: [[1, '2024-05-01T10:00:00Z']],
      skipped: 1,
      next: { parent: 0, page: { after: 2 } },
    });
    expect(await session.read(first.next)).toEqual({ rows: [[3, null]], bytes: 63 });
    expect(paths()).toEqual([
      '/events?limit=10&from=1714521600&to=1714607999',
      '/events?limit=10&from=1714521600&to=1714607999&after=2',
    ]);
  });

  test('a limit asks for no larger page, unless something may be left out of it', async () => {
    const { ports, paths } = setup(() => ({ body: [] }));
    const limit = { limit: 5 };
    const filters = [{ field: 'id', operator: 'GREATER_THAN', type: 'Long', values: ['7'] }] as const;
    await (await source.open(requestFor('orders', limit), {}, ports)).read(undefined);
    await (await source.open(requestFor('orders', { ...limit, filters }), {}, ports)).read(undefined);
    await (await source.open(requestFor('orders', { limit: 1000 }), {}, ports)).read(undefined);
    expect(paths().map((path) => new URLSearchParams(path).get('size'))).toEqual(['5', '50', '50']);
  });

  test('a list that comes newest first ends where it reaches back beyond the window', async () => {
    const link = { link: `<${base}/visits?page=2>; rel="next"` };
    const pageAt = (...moments: number[]) => ({ body: moments.map((at, id) => ({ id, at })), headers: link });
    const read = async (answer: TestAnswer, request = requestFor('visits', incremental)) =>
      (await (await source.open(request, {}, setup(() => answer).ports)).read(undefined)).next;
    expect(await read(pageAt(end, start))).toEqual({ parent: 0, page: { url: `${base}/visits?page=2` } });
    expect(await read(pageAt(end, start - 1))).toBeUndefined();
    expect(await read(pageAt())).toBeDefined();
    expect(await read(pageAt(end, start - 1), requestFor('visits'))).toBeDefined();
  });

  test('a list that comes oldest first is asked for anew from the last record on', async () => {
    const second = (at: number) => ({ id: at, at: new Date(start + at * 1000).toISOString() });
    const next = (query: string) => ({ link: `<${base}/elsewhere?${query}>; rel="next"` });
    const answers: Record<string, TestAnswer> = {
      '/notes?size=50&since=2024-05-01T00%3A00%3A00Z': {
        body: [second(1), second(7)],
        headers: next('page=2'),
      },
      // Nothing but the same second again: here the vendor's own next page leads on.
      '/notes?size=50&since=2024-05-01T00%3A00%3A07Z': {
        body: [second(7), second(7)],
        headers: next('since=2024-05-01T00%3A00%3A07Z&page=2'),
      },
      '/elsewhere?since=2024-05-01T00%3A00%3A07Z&page=2': {
        body: [second(7), second(8)],
        headers: next('page=3'),
      },
      '/notes?size=50&since=2024-05-01T00%3A00%3A08Z': {
        body: [second(8), second(86_400)],
        headers: next('page=2'),
      },
    };
    const { ports, paths } = setup((path) => answers[path] ?? new Error(`unexpected ${path}`));
    const session = await source.open(requestFor('notes', incremental), {}, ports);
    const ids: unknown[] = [];
    let token: PageToken | undefined;
    do {
      const page = await session.read(token);
      ids.push(...page.rows.flat());
      token = page.next;
    } while (token !== undefined);
    expect(paths()).toEqual(Object.keys(answers));
    // The last page reaches the window's end, so nothing further is asked for.
    expect(ids).toEqual([1, 7, 7, 7, 7, 8, 8, 86_400]);
  });

  test('a page asked for anew that is the one before ends the run: its next page would lead past records', async () => {
    const second = (at: number) => ({ id: at, at: new Date(start + at * 1000).toISOString() });
    const { ports, paths } = setup(() => ({
      body: [second(1), second(7)],
      headers: { link: `<${base}/notes?page=2>; rel="next"` },
    }));
    const session = await source.open(requestFor('notes', incremental), {}, ports);
    const { next } = await session.read(undefined);
    await expect(session.read(next)).rejects.toThrow(
      'Shop.notes: the vendor gave a page again that came before; got records from before the time that the page was asked for',
    );
    expect(paths().at(-1)).toBe('/notes?size=50&since=2024-05-01T00%3A00%3A07Z');
  });

  test('a cycle of pages ends, and reading a page twice is none', async () => {
    const { ports } = setup((path) => ({
      body: [],
      headers: { link: `<${base}/visits?page=${path.endsWith('page=2') ? 3 : 2}>; rel="next"` },
    }));
    const session = await source.open(requestFor('visits'), {}, ports);
    const { next: two } = await session.read(undefined);
    expect((await session.read(undefined)).next).toEqual(two);
    const { next: three } = await session.read(two);
    expect((await session.read(two)).next).toEqual(three);
    expect((await session.read(undefined)).next).toEqual(two);
    expect((await session.read(two)).next).toEqual(three);
    await expect(session.read(three)).rejects.toThrow(
      'Shop.visits: the vendor gave the same page token twice',
    );
  });

  test('a token that leads elsewhere is refused, whoever wrote it', async () => {
    const { ports, http } = setup(() => ({ body: [] }));
    const session = await source.open(requestFor('visits'), {}, ports);
    const token: PageToken = { parent: 0, page: { url: 'https://evil.example/visits' } };
    await expect(session.read(token)).rejects.toMatchObject({ code: 'ConnectorProtocol' });
    expect(http.requests).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['no list', { items: [] }],
    ['a list of no objects', [1]],
    ['nothing', undefined],
  ])('%s where records should be breaks the contract', async (_, body) => {
    const { ports } = setup(() => ({ body }));
    const session = await source.open(requestFor('visits'), {}, ports);
    await expect(session.read(undefined)).rejects.toThrow('Shop.visits: the answer holds no list of records');
  });

  test('a 204 is an empty page', async () => {
    const { ports } = setup(() => ({ status: 204 }));
    expect(await (await source.open(requestFor('visits'), {}, ports)).read(undefined)).toEqual({
      rows: [],
      bytes: 0,
    });
  });

  test('numbers beyond 2^53 are exact', async () => {
    const { ports } = setup(() => ({ body: '[{"id":9007199254740993}]' }));
    const page = await (await source.open(requestFor('visits'), {}, ports)).read(undefined);
    expect(page.rows).toEqual([[9007199254740993n]]);
  });
});

describe('a child entity', () => {
  const many = Array.from({ length: 150 }, (_, index) => ({ id: index + 1 }));

  test('is read once for every record of its parent, a hundred a split', async () => {
    const link = { link: `<${base}/acme/orders?page=2>; rel="next"` };
    const { ports, paths } = setup((path) =>
      path.includes('page=2')
        ? // The list moved while it was read: the last one comes again.
          { body: many.slice(119) }
        : { body: many.slice(0, 120), headers: link },
    );
    const { splits } = await source.describe(requestFor('lines'), ports);
    expect(splits.map(({ parents }) => (parents as unknown[]).length)).toEqual([100, 50]);
    expect(splits[1]).toMatchObject({ parents: expect.arrayContaining([{ 'orders.id': '150' }]) });
    expect(paths()).toEqual(['/acme/orders?sort=new&of=acme&size=50', '/acme/orders?page=2']);
  });

  test('has no split when there is no parent', async () => {
    const { ports } = setup(() => ({ body: [] }));
    expect((await source.describe(requestFor('lines'), ports)).splits).toEqual([]);
  });

  test('needs parents that can be named', async () => {
    const { ports } = setup(() => ({ body: [{ id: 1 }, { id: null }] }));
    await expect(source.describe(requestFor('lines'), ports)).rejects.toThrow(
      "Shop.orders: a record cannot be asked for its children; expected a number or text in 'orders.id'",
    );
  });

  test('goes from parent to parent, and a parent that is gone has no children', async () => {
    const { ports, paths } = setup((path) => {
      if (path.includes('/2/')) return { status: 410, body: {} };
      if (path.includes('page=2')) return { body: [{ id: 12 }] };
      if (path.includes('/1/'))
        return { body: [{ id: 11 }], headers: { link: `<${base}/acme/orders/1/lines?page=2>; rel=next` } };
      return { body: [{ id: 31 }] };
    });
    const split = { parents: [{ 'orders.id': '1' }, { 'orders.id': '2' }, { 'orders.id': '3' }] };
    const session = await source.open(requestFor('lines'), split, ports);
    const ids: unknown[] = [];
    let token: PageToken | undefined;
    do {
      const page = await session.read(token);
      ids.push(...page.rows.flat());
      token = page.next;
    } while (token !== undefined);
    expect(ids).toEqual([11, 12, 31]);
    expect(paths()).toEqual([
      '/acme/orders/1/lines?size=50',
      '/acme/orders/1/lines?page=2',
      '/acme/orders/2/lines?size=50',
      '/acme/orders/3/lines?size=50',
    ]);
  });

  test('fails on another status than the declared one', async () => {
    const { ports } = setup(() => ({ status: 404, body: {} }));
    const session = await source.open(requestFor('lines'), { parents: [{ 'orders.id': '1' }] }, ports);
    await expect(session.read(undefined)).rejects.toMatchObject({ code: 'ResourceNotFoundError' });
  });
});

test('entities are listed without a request', async () => {
  const { ports, http } = setup(() => new Error('no request expected'));
  expect((await source.listEntities(requestFor(''), undefined, ports)).slice(0, 2)).toEqual([
    { name: 'orders', label: 'Order', hasNestedEntities: false },
    { name: 'events', label: 'events', hasNestedEntities: false },
  ]);
  expect(await source.listEntities(requestFor(''), 'orders', ports)).toEqual([]);
  expect(http.requests).toEqual([]);
});

test('a connection is tested by one request', async () => {
  const { ports, paths } = setup(() => ({ body: {} }));
  await source.testConnection(requestFor(''), ports);
  expect(paths()).toEqual(['/shops/acme']);
});

test('a run against a local server is the same as against the vendor', async () => {
  const exchanges = [
    {
      url: `${base}/visits?size=50`,
      headers: { link: `<${base}/visits?size=50&page=2>; rel="next"` },
      body: [{ id: 1 }],
    },
    { url: `${base}/visits?size=50&page=2`, body: [{ id: 2 }] },
  ];
  const server = await replayServer(base, exchanges);
  onTestFinished(() => server.close());
  const http = nodeHttp();
  onTestFinished(() => http.close());
  const ports = testSourcePorts({ http, credentials: { apiKey: 'the-key' } });
  const request = requestFor('visits', { endpoint: server.endpoint });
  const session = await source.open(request, {}, ports);
  const first = await session.read(undefined);
  const second = await session.read(first.next);
  expect([...first.rows, ...second.rows]).toEqual([[1], [2]]);
  expect(second.next).toBeUndefined();
  expect(server.requests).toEqual(['/visits?size=50', '/visits?size=50&page=2']);
});
