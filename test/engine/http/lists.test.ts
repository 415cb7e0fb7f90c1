/** What a declaration can say of a list, each by a small vendor of its own: the requests that come of it, and the rows. */

import { describe, expect, test } from 'vitest';
import {
  apiKey,
  by,
  type Connector,
  cursor,
  dateTime,
  type Entity,
  type FilterCondition,
  fieldList,
  headedRows,
  keyset,
  listOrNone,
  long,
  members,
  ndjson,
  nextLink,
  offset,
  type PageToken,
  pageNumber,
  type Search,
  type SourceRequest,
  string,
  struct,
} from '#core';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { allRows, type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const docs = 'https://example.com/docs';
const base = 'https://api.example.com';
const start = Date.UTC(2024, 4, 1);
const end = Date.UTC(2024, 4, 2);
const day = 86_400_000;

const things: Entity = { docs, path: '/things', primaryKey: ['id'], fields: { id: long() } };

function connectorOf(
  entities: Readonly<Record<string, Entity>>,
  changes: Partial<Connector> = {},
): Connector {
  return {
    label: 'X',
    docs,
    baseUrl: base,
    auth: [apiKey({ label: 'Key' })],
    validateCredentials: 'GET /me',
    settings: { shop: { label: 'Shop' } },
    entities,
    ...changes,
  };
}

interface Pull {
  readonly request?: Partial<SourceRequest>;
  readonly connector?: Partial<Connector>;
  readonly others?: Readonly<Record<string, Entity>>;
  /** A new session for every page. */
  readonly killed?: boolean;
}

/** Describes and reads all, by answers in the order of the requests. */
async function pull(
  entity: Entity,
  answers: readonly TestAnswer[],
  { request, connector, others, killed = false }: Pull = {},
) {
  const http = testHttp((_, index) => answers[index] ?? new Error('unexpected request'));
  const ports = testSourcePorts({ http, credentials: { apiKey: 'the-key' }, now: end });
  const source = declaredSource(connectorOf({ things: entity, ...others }, connector), { random: () => 0 });
  const asked: SourceRequest = {
    flowName: 'f',
    connector: 'X',
    properties: { entityName: 'things' },
    settings: { shop: 'acme' },
    fields: ['id'],
    filters: [],
    window: { end },
    ...request,
  };
  const description = await source.describe(asked, ports);
  const rows: unknown[] = [];
  for (const split of description.splits) {
    const open = () => source.open(asked, JSON.parse(JSON.stringify(split)), ports);
    let session = await open();
    if (!killed) rows.push(...(await allRows(session)));
    for (let token: PageToken | undefined, ended = !killed; !ended; session = await open()) {
      const page = await session.read(token);
      rows.push(...page.rows);
      token = page.next && JSON.parse(JSON.stringify(page.next));
      ended = token === undefined;
    }
  }
  const lines = http.requests.map(({ method, url, body }) =>
    [method, decodeURIComponent(url.replace(base, '')), body].filter(Boolean).join(' '),
  );
  return { rows, lines, requests: http.requests, description };
}

const is = (
  field: string,
  operator: FilterCondition['operator'],
  type: FilterCondition['type'],
  ...values: string[]
): FilterCondition => ({ field, operator, type, values });

const ids = (...numbers: number[]) => numbers.map((id) => ({ id }));

describe('pages', () => {
  test('by an address in the body', async () => {
    const { lines, rows } = await pull(
      { ...things, records: 'value', pagination: nextLink({ at: '@odata.nextLink' }) },
      [
        { body: { value: ids(1), '@odata.nextLink': `${base}/things?$skiptoken=7` } },
        { body: { value: ids(2), '@odata.nextLink': null } },
      ],
    );
    expect(lines).toEqual(['GET /things', 'GET /things?$skiptoken=7']);
    expect(rows).toEqual([[1], [2]]);
  });

  test('by an address elsewhere are refused', async () => {
    const answers = [{ body: { value: ids(1), next: 'https://evil.example/2' } }];
    await expect(
      pull({ ...things, records: 'value', pagination: nextLink({ at: 'next' }) }, answers),
    ).rejects.toThrow("X.things: the vendor's answer leads to another origin; got https://evil.example");
  });

  test('by a token that stands for where the window begins', async () => {
    const entity: Entity = {
      ...things,
      records: 'items',
      pagination: cursor({
        at: 'next',
        param: 'token',
        more: 'more',
        size: { limit: 2 },
        begin: { path: '/tokens', at: 'token' },
      }),
      parameters: { kind: string({ filters: { EQUAL_TO: 'kind' } }) },
      fields: { id: long(), at: dateTime() },
      incremental: { field: 'at', from: { param: 'since', operator: 'GREATER_THAN' }, reachDays: 2 },
    };
    const request = { filters: [is('kind', 'EQUAL_TO', 'String', 'a')] };
    const answers = [
      { body: { token: 't0' } },
      { body: { items: ids(1), next: 't1', more: true } },
      { body: { items: ids(2), next: 't2', more: false } },
    ];
    const { lines, rows } = await pull(entity, answers, { request });
    expect(lines).toEqual([
      'GET /tokens?since=2024-04-29T23:59:59Z',
      'GET /things?limit=2&kind=a&token=t0',
      'GET /things?limit=2&kind=a&token=t1',
    ]);
    expect(rows).toEqual([[1], [2]]);
    await expect(pull(entity, [{ body: {} }])).rejects.toThrow(
      "X.things: the answer has no page token at 'token'",
    );
  });

  test('by a token, in place of what only the first request has', async () => {
    const paging = cursor({
      at: 'after',
      param: 'cursor',
      end: 'done',
      drops: ['since'],
      size: { limit: 2 },
    });
    const entity: Entity = {
      ...things,
      records: 'items',
      pagination: paging,
      fields: { id: long(), at: dateTime() },
      incremental: { field: 'at', from: 'since' },
    };
    const { lines } = await pull(
      entity,
      [
        { body: { items: [], done: true } },
        { body: { items: ids(1), after: 'a b', done: false } },
        { body: { items: [], after: 'c', done: true } },
      ],
      { request: { window: { start, end } } },
    );
    expect(lines).toEqual([
      'GET /things?limit=1',
      'GET /things?limit=2&since=2024-05-01T00:00:00Z',
      'GET /things?limit=2&cursor=a b',
    ]);
  });

  test('by a token that is missing though there is more are refused', async () => {
    const entity = {
      ...things,
      records: 'items',
      pagination: cursor({ at: 'after', param: 'c', more: 'more' }),
    };
    await expect(pull(entity, [{ body: { items: [], more: true } }])).rejects.toThrow(
      'X.things: there are more pages, but no token for them',
    );
  });

  test('by a token of a header, and by one that comes again', async () => {
    const entity = { ...things, pagination: cursor({ at: { header: 'x-next' }, param: 'c' }) };
    const again = { headers: { 'x-next': '7' }, body: ids(1) };
    await expect(pull(entity, [again, again])).rejects.toThrow('the vendor gave the same page token twice');
  });

  test.each<[string, Entity['pagination'], TestAnswer[], string[]]>([
    [
      'a short page',
      offset({ param: 'skip', size: { top: 2 } }),
      [{ body: ids(1, 2) }, { body: ids(3) }],
      ['GET /things?top=2', 'GET /things?top=2&skip=2'],
    ],
    [
      'an empty page, as others may be short',
      offset({ param: 'skip', size: { top: 2 }, mayBeShort: true }),
      [{ body: ids(1) }, { body: ids(3) }, { body: [] }],
      ['GET /things?top=2', 'GET /things?top=2&skip=2', 'GET /things?top=2&skip=4'],
    ],
    [
      'the total, whatever the pages hold',
      offset({ param: 'skip', size: { top: 2 }, first: 1, total: { header: 'x-total' }, mayBeShort: true }),
      [
        { body: [], headers: { 'x-total': '3' } },
        { body: ids(3), headers: { 'x-total': '3' } },
      ],
      ['GET /things?top=2&skip=1', 'GET /things?top=2&skip=3'],
    ],
    [
      'the number of pages',
      pageNumber({ param: 'page', size: { per_page: 2 }, pages: { header: 'x-wp-totalpages' } }),
      [
        { body: ids(1), headers: { 'x-wp-totalpages': '2' } },
        { body: ids(2, 3), headers: { 'x-wp-totalpages': '2' } },
      ],
      ['GET /things?per_page=2', 'GET /things?per_page=2&page=2'],
    ],
    [
      'a page that is not full, counted from 0',
      pageNumber({ param: 'p', first: 0, size: { n: 1 } }),
      [{ body: ids(1) }, { body: [] }],
      ['GET /things?n=1&p=0', 'GET /things?n=1&p=1'],
    ],
  ])('by number end at %s', async (_, pagination, answers, requests) => {
    const { lines } = await pull({ ...things, ...(pagination ? { pagination } : {}) }, answers);
    expect(lines).toEqual(requests);
  });

  test('by number are full with as many records as the answer says', async () => {
    const pagination = pageNumber({ param: 'page', size: 3, fullAt: 'page_size' });
    const paged = { ...things, records: 'results', pagination };
    const { lines } = await pull(paged, [
      { body: { results: ids(1, 2), page_size: 2 } },
      { body: { results: ids(3), page_size: 2 } },
    ]);
    expect(lines).toEqual(['GET /things', 'GET /things?page=2']);
    await expect(pull(paged, [{ body: { results: ids(1) } }])).rejects.toThrow(
      "X.things: the answer has no count at 'page_size'",
    );
  });

  test('by number may need a token beside it', async () => {
    const session = { at: 'session_id', param: 'session_id' };
    const profiles: Entity = {
      ...things,
      method: 'POST',
      bodyFormat: 'form',
      records: 'results',
      pagination: pageNumber({ param: 'page', first: 0, size: 2, session }),
    };
    const full = { results: ids(1, 2), session_id: 's/1' };
    const { lines } = await pull(profiles, [{ body: full }, { body: { results: ids(3) } }]);
    expect(lines).toEqual(['POST /things page=0', 'POST /things page=1&session_id=s%2F1']);
    await expect(pull(profiles, [{ body: { results: ids(1, 2) } }])).rejects.toThrow(
      'X.things: there are more pages, but no token for them',
    );
  });

  describe('by offset that overlap', () => {
    const overlapping: Entity = {
      ...things,
      mayRepeat: true,
      pagination: offset({ param: 'skip', size: { top: 3 }, overlap: ['id'] }),
    };
    const page = (...numbers: number[]): TestAnswer => ({ body: ids(...numbers) });
    const at = (skip: number) => `GET /things?top=3&skip=${skip}`;

    test('begin with the last record of the page before', async () => {
      const { lines, rows } = await pull(overlapping, [page(1, 2, 3), page(3, 4, 5), page(5)]);
      expect(lines.slice(1)).toEqual([at(2), at(4)]);
      expect(rows.flat()).toEqual([1, 2, 3, 3, 4, 5, 5]);
    });

    test.each([false, true])(
      'are read again where they do not, killed between any two: %s',
      async (killed) => {
        // When two pages have been read, 1 goes, and when the second is read again, 2.
        const answers = [
          page(1, 2, 3),
          page(3, 4, 5),
          page(6, 7),
          page(4, 5, 6),
          page(7),
          page(5, 6, 7),
          page(7),
        ];
        const { lines, rows } = await pull(overlapping, answers, { killed });
        expect(lines.slice(1)).toEqual([at(2), at(4), at(2), at(4), at(2), at(4)]);
        expect(rows.flat()).toEqual([1, 2, 3, 3, 4, 5, 6, 7, 4, 5, 6, 7, 5, 6, 7, 7]);
      },
    );

    test('are read again where the list ends before them', async () => {
      const { lines, rows } = await pull(overlapping, [page(1, 2, 3), page(), page(3)]);
      expect(lines.slice(1)).toEqual([at(2), at(0)]);
      expect(rows.flat()).toEqual([1, 2, 3, 3]);
    });

    test('of one record have nothing to overlap with', async () => {
      const { lines } = await pull(overlapping, [page(1), page()], { request: { limit: 1 } });
      expect(lines).toEqual(['GET /things?top=1', 'GET /things?top=1&skip=1']);
    });

    test('are given up where the list has no order', async () => {
      const endless = Array.from({ length: 2_100 }, (_, index) => page(index, index + 1, index + 2));
      await expect(pull(overlapping, endless)).rejects.toThrow(
        'X.things: the list changes faster than it can be read; got 1000 pages that had to be read again',
      );
    });
  });

  describe('by number of a list that loses records', () => {
    const counted: Entity = {
      ...things,
      mayRepeat: true,
      pagination: pageNumber({
        param: 'page',
        size: { size: 2 },
        pages: { header: 'x-pages' },
        total: { header: 'x-total' },
      }),
    };
    const page = (total: number, ...numbers: number[]): TestAnswer => ({
      headers: { 'x-total': String(total), 'x-pages': String(Math.ceil(total / 2)) },
      body: ids(...numbers),
    });

    test.each([false, true])('are read again, killed between any two: %s', async (killed) => {
      // When two pages have been read, 1, 2 and 3 go: what stood on the third page moves to the first.
      const answers = [page(6, 1, 2), page(6, 3, 4), page(3), page(3, 4, 5), page(3, 6)];
      const { lines, rows } = await pull(counted, answers, { killed });
      expect(lines).toEqual([
        'GET /things?size=2',
        'GET /things?size=2&page=2',
        'GET /things?size=2&page=3',
        'GET /things?size=2&page=1',
        'GET /things?size=2&page=2',
      ]);
      expect(rows.flat()).toEqual([1, 2, 3, 4, 4, 5, 6]);
    });

    test('may come to the same place twice, as others are added', async () => {
      const answers = [page(4, 1, 2), page(3, 4), page(4, 2, 3), page(4, 4, 5)];
      const { lines, rows } = await pull(counted, answers);
      expect(lines.slice(1)).toEqual([
        'GET /things?size=2&page=2',
        'GET /things?size=2&page=1',
        'GET /things?size=2&page=2',
      ]);
      expect(rows.flat()).toEqual([1, 2, 4, 2, 3, 4, 5]);
    });

    test('may be the same once more', async () => {
      const { lines, rows } = await pull(counted, [page(3, 1, 2), page(2), page(2, 1, 2)]);
      expect(lines.at(-1)).toBe('GET /things?size=2&page=1');
      expect(rows.flat()).toEqual([1, 2, 1, 2]);
    });
  });

  test('by number whose number the vendor ignores are refused', async () => {
    const entity = { ...things, pagination: offset({ param: 'skip', size: { top: 1 } }) };
    await expect(pull(entity, [{ body: ids(1) }, { body: ids(1) }])).rejects.toThrow(
      'X.things: the vendor gave the same page twice',
    );
  });
});

const sql: Search = {
  param: 'q',
  condition: ({ path, operator, values: [value = ''] }) =>
    operator === 'CONTAINS'
      ? undefined
      : `${path} ${{ EQUAL_TO: '=', GREATER_THAN: '>', GREATER_THAN_OR_EQUAL_TO: '>=', LESS_THAN: '<' }[operator as 'EQUAL_TO'] ?? '?'} '${value.replaceAll("'", "\\'")}'`,
  expression: (conditions, { entityName, paths, start: from, size }) =>
    [
      `select ${paths.join(',')} from ${entityName}`,
      conditions.length > 0 && `where ${conditions.join(' and ')}`,
      from !== undefined && `start ${from}`,
      `max ${size}`,
    ]
      .filter(Boolean)
      .join(' '),
};

describe('a search', () => {
  const searched: Entity = {
    ...things,
    search: sql,
    pagination: offset({ first: 1, size: 2 }),
    fields: {
      id: long(),
      name: string({ at: 'info.name', filters: by(true, 'EQUAL_TO', 'CONTAINS') }),
      at: dateTime({ format: 'iso8601Seconds' }),
    },
    incremental: { field: 'at', from: true, to: true },
  };

  test('holds filters, window, wanted fields and position', async () => {
    const filters = [is('name', 'EQUAL_TO', 'String', "O'Neil"), is('name', 'CONTAINS', 'String', 'x')];
    const { lines, description } = await pull(
      searched,
      [{ body: ids(1) }, { body: ids(1, 2) }, { body: [] }],
      {
        request: { filters, window: { start, end }, fields: ['name', 'id'] },
      },
    );
    const where =
      "where info.name = 'O\\'Neil' and at >= '2024-05-01T00:00:00Z' and at < '2024-05-02T00:00:00Z'";
    expect(lines).toEqual([
      'GET /things?q=select id,at from things start 1 max 1',
      `GET /things?q=select info.name,id,at from things ${where} start 1 max 2`,
      `GET /things?q=select info.name,id,at from things ${where} start 3 max 2`,
    ]);
    // What the language cannot say is left to the engine.
    expect(description).toMatchObject({ appliedFilters: [0], appliesWindow: true });
  });

  test('goes on behind the last record', async () => {
    const { lines, rows } = await pull({ ...searched, pagination: keyset({ field: 'id', size: 2 }) }, [
      { body: ids(1, 2) },
      { body: ids(5) },
    ]);
    expect(lines).toEqual([
      'GET /things?q=select id,at from things max 2',
      "GET /things?q=select id,at from things where id > '2' max 2",
    ]);
    expect(rows).toEqual([[1], [2], [5]]);
  });
});

describe('a POST', () => {
  const posted: Entity = {
    docs,
    method: 'POST',
    path: '/search',
    body: { shop: '{shop}', paging: { order: 'asc' } },
    records: 'results',
    primaryKey: ['id'],
    pagination: cursor({ at: 'paging.next', param: 'paging.after', size: { limit: 100 } }),
    projection: (paths) => ({ properties: paths.map((path) => path.replace('properties.', '')) }),
    search: {
      param: 'filters',
      condition: ({ name, operator, values }) => ({ name, operator, values }),
      expression: (conditions) => (conditions.length > 0 ? conditions : undefined),
    },
    parameters: {
      archived: { type: 'Boolean', filters: { EQUAL_TO: 'archived' } },
      kinds: { type: 'List', filters: { EQUAL_TO: 'options.kinds' } },
    },
    fields: { id: long(), name: string({ at: 'properties.name', filters: { EQUAL_TO: true } }) },
  };

  test('has all in its body, with its types', async () => {
    const filters = [
      is('name', 'EQUAL_TO', 'String', 'a', 'b'),
      is('archived', 'EQUAL_TO', 'Boolean', 'true'),
      is('kinds', 'EQUAL_TO', 'String', 'x', 'y'),
    ];
    const { lines, requests, description } = await pull(
      posted,
      [{ body: { results: ids(1), paging: { next: 'n' } } }, { body: { results: [] } }],
      { request: { filters, fields: ['*'] } },
    );
    const body = {
      shop: 'acme',
      paging: { order: 'asc' },
      limit: 100,
      properties: ['id', 'name'],
      archived: true,
      options: { kinds: ['x', 'y'] },
      filters: [{ name: 'name', operator: 'EQUAL_TO', values: ['a', 'b'] }],
    };
    expect(lines).toEqual([
      `POST /search ${JSON.stringify(body)}`,
      `POST /search ${JSON.stringify({ ...body, paging: { order: 'asc', after: 'n' } })}`,
    ]);
    expect(requests[0]?.headers['content-type']).toBe('application/json');
    expect(description.appliedFilters).toEqual([0, 1, 2]);
  });

  test('may be a form, or keep its parameters in the query', async () => {
    const form: Entity = {
      ...posted,
      bodyFormat: 'form',
      body: { q: 'a b' },
      parametersIn: 'query',
      pagination: 'onePage',
    };
    const { lines, requests } = await pull(form, [{ body: { results: [] } }], {
      connector: { headers: { accept: 'x' } },
    });
    expect(lines).toEqual(['POST /search?properties=id q=a+b']);
    expect(requests[0]?.headers).toMatchObject({
      accept: 'x',
      'content-type': 'application/x-www-form-urlencoded',
    });
  });
});

describe('parameters', () => {
  const reported: Entity = {
    ...things,
    path: '/sites/{site}/report',
    parameters: {
      site: string(),
      type: string({ required: true, values: ['web', 'image'], filters: { EQUAL_TO: 'type' } }),
      ids: string({
        filters: { EQUAL_TO: { param: 'filter', render: (values) => `id in (${values.join(' ')})` } },
      }),
      range: dateTime({ format: 'date', filters: { BETWEEN: { from: 'startDate', to: 'endDate' } } }),
    },
  };

  test('fill a hole, and the vendor is told whatever they render', async () => {
    const filters = [
      is('site', 'EQUAL_TO', 'String', 'https://a.example/'),
      is('type', 'EQUAL_TO', 'String', 'web'),
      is('ids', 'EQUAL_TO', 'String', '1', '2'),
      is('range', 'BETWEEN', 'DateTime', '2024-05-01T00:00:00Z', '2024-05-03T12:00:00Z'),
    ];
    const { requests, description } = await pull(reported, [{ body: [] }], { request: { filters } });
    expect(requests[0]?.url).toBe(
      `${base}/sites/https%3A%2F%2Fa.example%2F/report?type=web&filter=id%20in%20%281%202%29&startDate=2024-05-01&endDate=2024-05-03`,
    );
    expect(description.appliedFilters).toEqual([0, 1, 2, 3]);
  });

  test('that the vendor needs are in the request for its clock, too', async () => {
    const entity: Entity = {
      ...reported,
      fields: { id: long(), at: dateTime() },
      incremental: { field: 'at', from: 'since' },
    };
    const filters = [
      is('site', 'EQUAL_TO', 'String', 'a'),
      is('type', 'EQUAL_TO', 'String', 'web'),
      is('ids', 'EQUAL_TO', 'String', '1'),
    ];
    const request = { filters, window: { start, end } };
    const { lines } = await pull(entity, [{ body: [] }, { body: [] }], { request });
    expect(lines).toEqual([
      'GET /sites/a/report?type=web',
      'GET /sites/a/report?type=web&filter=id in (1)&since=2024-05-01T00:00:00Z',
    ]);
  });

  test('that the vendor needs are asked for before any request', async () => {
    await expect(
      pull(reported, [], { request: { filters: [is('site', 'EQUAL_TO', 'String', 'a')] } }),
    ).rejects.toThrow(
      'X.things.type: the vendor needs this request parameter; add a Filter task that sets it',
    );
  });

  test('that the vendor needs for a list are not needed to tell its fields', async () => {
    const source = declaredSource(connectorOf({ things: reported }));
    const described = await source.describe(
      {
        flowName: 'f',
        connector: 'X',
        properties: { entityName: 'things' },
        settings: { shop: 'acme' },
        fields: [],
        filters: [],
        window: { end },
        fieldsOnly: true,
      },
      testSourcePorts({ http: testHttp(() => new Error('no request expected')) }),
    );
    expect(described.fields.map(({ name }) => name)).toEqual(Object.keys(reported.fields));
    expect(described.parameters?.map(({ name }) => name)).toEqual(Object.keys(reported.parameters ?? {}));
  });
});

describe('a window', () => {
  const sliced: Entity = {
    ...things,
    fields: { id: long(), at: dateTime({ format: 'iso8601Seconds' }) },
    parameters: { range: dateTime({ filters: { BETWEEN: true } }) },
    search: sql,
    incremental: {
      field: 'at',
      from: 'start',
      to: { param: 'end', operator: 'LESS_THAN_OR_EQUAL_TO' },
      sliceDays: 31,
      reachDays: 60,
      parameter: 'range',
      list: { path: '/windowed', query: { sort: 'at' }, search: { ...sql, expression: () => undefined } },
    },
  };

  test('longer than the vendor answers is asked for in parts', async () => {
    const { lines, rows } = await pull(sliced, [{ body: [] }, { body: ids(1) }, { body: ids(2) }], {
      request: { window: { start: end - 40 * day, end } },
    });
    expect(lines.slice(1)).toEqual([
      'GET /windowed?sort=at&start=2024-03-23T00:00:00Z&end=2024-04-22T23:59:59Z',
      'GET /windowed?sort=at&start=2024-04-23T00:00:00Z&end=2024-05-01T23:59:59Z',
    ]);
    expect(rows).toEqual([[1], [2]]);
  });

  test('that the list needs goes back as far as it reaches, or as the flow says', async () => {
    const { lines } = await pull(sliced, [{ body: [] }, { body: [] }]);
    expect(lines[0]).toBe('GET /windowed?sort=at&start=2024-03-03T00:00:00Z&end=2024-04-02T23:59:59Z');
    const filters = [is('range', 'BETWEEN', 'DateTime', '2024-01-01T00:00:00Z', '2024-01-01T00:00:09Z')];
    const set = await pull(sliced, [{ body: [] }], { request: { filters } });
    expect(set.lines).toEqual(['GET /windowed?sort=at&start=2024-01-01T00:00:00Z&end=2024-01-01T00:00:09Z']);
    expect(set.description.appliedFilters).toEqual([0]);
  });

  test('of a full pull may be on a stamp that never moves', async () => {
    const { incremental } = sliced;
    if (!incremental) throw new Error('it has one');
    const reach = { from: 'made_after', to: 'made_before' };
    const entity: Entity = { ...sliced, incremental: { ...incremental, reachDays: 1, reach } };
    const full = await pull(entity, [{ body: [] }]);
    expect(full.lines).toEqual([
      'GET /windowed?sort=at&made_after=2024-05-01T00:00:00Z&made_before=2024-05-02T00:00:00Z',
    ]);
    expect(full.description.incrementalField).toBe('at');
    const { lines } = await pull(entity, [{ body: [] }, { body: [] }], {
      request: { window: { start, end } },
    });
    expect(lines[1]).toBe('GET /windowed?sort=at&start=2024-05-01T00:00:00Z&end=2024-05-01T23:59:59Z');
  });

  test('of days is asked for by days', async () => {
    const entity: Entity = {
      ...things,
      fields: { id: long(), at: dateTime({ format: 'date' }) },
      incremental: { field: 'at', from: 'a', to: { param: 'b', operator: 'LESS_THAN_OR_EQUAL_TO' } },
    };
    const { lines } = await pull(entity, [{ body: [] }, { body: [] }], {
      request: { window: { start: start + 1, end: end + 1 } },
    });
    expect(lines[1]).toBe('GET /things?a=2024-05-01&b=2024-05-02');
  });

  test('is asked for at the time that the connector itself is asked for', async () => {
    const entity: Entity = {
      ...things,
      baseUrl: 'https://files.example.com',
      fields: { id: long(), at: dateTime() },
      incremental: { field: 'at', from: 'a' },
    };
    const { lines } = await pull(entity, [{ body: {} }, { body: [] }], {
      request: { window: { start, end } },
      connector: { clock: 'GET /time', hosts: ['api.example.com', 'files.example.com'] },
    });
    expect(lines).toEqual(['GET /time', 'GET https://files.example.com/things?a=2024-05-01T00:00:00Z']);
  });

  test('of days is cut between days, so that no day is asked for twice', async () => {
    const entity: Entity = {
      ...things,
      fields: { id: long(), at: dateTime() },
      incremental: {
        field: 'at',
        from: { param: 'a', format: 'date' },
        to: { param: 'b', operator: 'LESS_THAN_OR_EQUAL_TO', format: 'date' },
        sliceDays: 1,
      },
    };
    const request = { window: { start: start + day / 2, end: end + day / 2 } };
    const { lines } = await pull(entity, [{ body: [] }, { body: [] }, { body: [] }], { request });
    expect(lines.slice(1)).toEqual([
      'GET /things?a=2024-05-01&b=2024-05-01',
      'GET /things?a=2024-05-02&b=2024-05-02',
    ]);
  });

  test("asks another request for the vendor's time", async () => {
    const { lines } = await pull(sliced, [{}, { body: [] }], {
      request: { window: { start, end } },
      connector: { clock: 'GET /{shop}/time' },
    });
    expect(lines[0]).toBe('GET /acme/time');
  });

  describe('that holds more than the vendor gives', () => {
    const halved: Entity = {
      ...things,
      mayRepeat: true,
      fields: { id: long(), at: dateTime({ format: 'iso8601Seconds' }) },
      pagination: pageNumber({ param: 'page', size: { size: 2 } }),
      incremental: { field: 'at', from: 'from', to: 'to' },
    };
    const connector: Partial<Connector> = {
      clock: 'GET /time',
      errors: { vendorCode: 'code', rules: [{ vendorCode: 'TOO_MUCH', code: 'WindowTooLarge' }] },
    };
    const tooMuch: TestAnswer = { status: 400, body: { code: 'TOO_MUCH' } };
    const hour = 3_600_000;
    const asked = (from: string, to: string, page = '') =>
      `GET /things?size=2&from=2024-05-01T${from}Z&to=2024-05-01T${to}Z${page}`;

    test.each([false, true])(
      'is halved until it does not, killed between any two pages: %s',
      async (killed) => {
        const answers = [
          tooMuch,
          tooMuch,
          { body: ids(1, 2) },
          { body: ids(3) },
          tooMuch,
          { body: ids(4) },
          { body: [] },
          { body: ids(5) },
        ];
        const { lines, rows } = await pull(halved, [{}, ...answers], {
          connector,
          killed,
          request: { window: { start, end: start + 8 * hour } },
        });
        expect(lines.slice(1)).toEqual([
          asked('00:00:00', '08:00:00'),
          asked('00:00:00', '04:00:00'),
          asked('00:00:00', '02:00:00'),
          asked('00:00:00', '02:00:00', '&page=2'),
          asked('02:00:00', '04:00:00'),
          asked('02:00:00', '03:00:00'),
          asked('03:00:00', '04:00:00'),
          asked('04:00:00', '08:00:00'),
        ]);
        expect(rows).toEqual([[1], [2], [3], [4], [5]]);
      },
    );

    test('may be refused on a later page: the first half begins again, and what repeats is written once', async () => {
      const answers = [{ body: ids(1, 2) }, tooMuch, { body: ids(1) }, { body: ids(2) }];
      const { lines, rows, description } = await pull(halved, [{}, ...answers], {
        connector,
        request: { window: { start, end: start + 2 * hour } },
      });
      expect(lines.slice(1)).toEqual([
        asked('00:00:00', '02:00:00'),
        asked('00:00:00', '02:00:00', '&page=2'),
        asked('00:00:00', '01:00:00'),
        asked('01:00:00', '02:00:00'),
      ]);
      expect(rows).toEqual([[1], [2], [1], [2]]);
      expect(description.mayRepeat).toBe(true);
    });

    test('goes on from the last record where pages are asked for anew', async () => {
      const entity: Entity = {
        ...halved,
        pagination: pageNumber({ param: 'page', size: { size: 2 } }),
        incremental: { field: 'at', from: 'from', to: 'to', order: 'oldestFirst' },
      };
      const at = (id: number, time: string) => ({ id, at: `2024-05-01T${time}Z` });
      const answers = [
        { body: [at(1, '00:00:01'), at(2, '05:00:00')] },
        tooMuch,
        { body: [at(2, '05:00:00')] },
        { body: [at(3, '07:00:00')] },
      ];
      const { lines, rows } = await pull(entity, [{}, ...answers], {
        connector,
        request: { window: { start, end: start + 8 * hour } },
      });
      expect(lines.slice(1)).toEqual([
        asked('00:00:00', '08:00:00'),
        asked('05:00:00', '08:00:00'),
        asked('05:00:00', '06:00:00'),
        asked('06:00:00', '08:00:00'),
      ]);
      expect(rows).toEqual([[1], [2], [2], [3]]);
    });

    test('down to the shortest, which is named', async () => {
      const error = await pull(halved, [{}, tooMuch, tooMuch], {
        connector,
        request: { window: { start: start + 500, end: start + 2000 } },
      }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'WindowTooLarge',
        message:
          'X.things: the vendor refused the request (status 400, code TOO_MUCH); got 2024-05-01T00:00:00.500Z to ' +
          '2024-05-01T00:00:01.000Z, which is the shortest window; add a filter that the vendor applies',
      });
    });

    test('cannot be cut where there is none', async () => {
      await expect(pull(halved, [tooMuch], { connector })).rejects.toThrow(
        'X.things: the vendor refused the request (status 400, code TOO_MUCH); got a list without bounds that could be closer; ' +
          'pull the entity incrementally, or add a filter that the vendor applies',
      );
    });
  });
});

describe('a full pull of a list that is read oldest first', () => {
  const at = (id: number) => ({ id, at: `2024-05-01T00:00:0${id}Z` });
  const entity: Entity = {
    ...things,
    query: { sort: 'at' },
    pagination: pageNumber({ param: 'page', size: { size: 2 } }),
    mayRepeat: true,
    incremental: { field: 'at', from: 'from', to: 'to', order: 'oldestFirst' },
    parameters: { sorted: string({ filters: { EQUAL_TO: 'sort' } }) },
    fields: { id: long(), at: dateTime() },
  };

  test('asks anew from the last stamp on', async () => {
    const { lines, rows } = await pull(entity, [{ body: [at(1), at(2)] }, { body: [at(2)] }], {});
    expect(lines).toEqual([
      'GET /things?sort=at&size=2',
      'GET /things?sort=at&size=2&from=2024-05-01T00:00:02Z',
    ]);
    expect(rows).toEqual([[1], [2], [2]]);
  });

  test('reads a page of one moment again that has lost records, and only then asks anew', async () => {
    const counted = {
      ...entity,
      pagination: pageNumber({ param: 'page', size: { size: 2 }, total: { header: 'x-total' } }),
    };
    const of = (id: number, second: number) => ({ ...at(second), id });
    const page = (total: number, ...body: object[]) => ({ headers: { 'x-total': String(total) }, body });
    // 3 goes from the second page before the third is read: 5 moves onto the page before.
    const answers = [
      page(7, of(1, 0), of(2, 1)),
      page(6, of(2, 1), of(3, 1)),
      page(6, of(4, 1), of(5, 1)),
      page(5, of(6, 1), of(7, 2)),
      page(5, of(5, 1), of(6, 1)),
      page(5, of(7, 2)),
    ];
    const { lines, rows } = await pull(counted, answers, {});
    const anew = 'GET /things?sort=at&size=2&from=2024-05-01T00:00:01Z';
    expect(lines.slice(1)).toEqual([
      anew,
      `${anew}&page=2`,
      `${anew}&page=3`,
      `${anew}&page=2`,
      `${anew}&page=3`,
    ]);
    expect(rows.flat()).toEqual([1, 2, 2, 3, 4, 5, 6, 7, 5, 6, 7]);
  });

  test('counts pages where the flow sorts otherwise', async () => {
    const filters = [is('sorted', 'EQUAL_TO', 'String', 'id')];
    const { lines, rows } = await pull(entity, [{ body: [at(3), at(2)] }, { body: [at(1)] }], {
      request: { filters },
    });
    expect(lines).toEqual(['GET /things?size=2&sort=id', 'GET /things?size=2&sort=id&page=2']);
    expect(rows).toEqual([[3], [2], [1]]);
  });

  test('of a window keeps its order, and refuses another one', async () => {
    const filters = [is('sorted', 'EQUAL_TO', 'String', 'id')];
    const request = { filters, incrementalField: 'at', window: { start, end } };
    await expect(pull(entity, [], { request })).rejects.toThrow(
      "X.things: the request parameter 'sort' can be set only once",
    );
  });
});

describe('lists of many', () => {
  test('are read for each value, which a field may take', async () => {
    const entity: Entity = {
      ...things,
      path: '/{kind}',
      each: { kind: ['deals', 'tickets'] },
      fields: { id: long(), kind: string({ hole: 'kind' }) },
    };
    const { rows, lines } = await pull(entity, [{ body: ids(1) }, { body: ids(2) }], {
      request: { fields: ['id', 'kind'] },
    });
    expect(lines).toEqual(['GET /deals', 'GET /tickets']);
    expect(rows).toEqual([
      [1, 'deals'],
      [2, 'tickets'],
    ]);
  });

  test("are read for each record of a parent's parent", async () => {
    const boards: Entity = { ...things, path: '/boards' };
    const lists: Entity = { ...things, path: '/boards/{boards.id}/lists', parent: 'boards' };
    const cards: Entity = {
      ...things,
      path: '/boards/{boards.id}/lists/{lists.id}/cards',
      parent: 'lists',
      fields: { id: long(), list: long({ hole: 'lists.id' }) },
    };
    const { rows, lines } = await pull(
      cards,
      [{ body: ids(1, 2) }, { body: ids(11) }, { body: ids(21) }, { body: ids(111) }, { body: ids(211) }],
      { others: { boards, lists }, request: { fields: ['id', 'list'] } },
    );
    expect(lines).toEqual([
      'GET /boards',
      'GET /boards/1/lists',
      'GET /boards/2/lists',
      'GET /boards/1/lists/11/cards',
      'GET /boards/2/lists/21/cards',
    ]);
    expect(rows).toEqual([
      [111, 11],
      [211, 21],
    ]);
  });
});

test('a body may have a list, whose members are set by number', async () => {
  const ranged: Entity = {
    ...things,
    method: 'POST',
    body: { ranges: [{ zone: 'UTC' }] },
    incremental: {
      field: 'at',
      from: 'ranges.0.from',
      to: 'ranges.0.to',
    },
    fields: { id: long(), at: dateTime({ format: 'epochSeconds' }) },
  };
  const { lines } = await pull(ranged, [{ body: [] }, { body: [] }], {
    request: { window: { start, end }, incrementalField: 'at' },
    connector: { clock: 'GET /time' },
  });
  const range = { zone: 'UTC', from: start / 1000, to: end / 1000 };
  expect(lines).toEqual(['GET /time', `POST /things ${JSON.stringify({ ranges: [range] })}`]);
});

describe('answers', () => {
  test('of lines, of members, of rows under headers', async () => {
    const lines: TestAnswer = {
      headers: { 'content-type': 'text/plain' },
      body: '{"id":9007199254740993}\n\n{"id":2}\n',
    };
    expect((await pull({ ...things, decode: ndjson }, [lines])).rows).toEqual([[9007199254740993n], [2]]);
    const object = { body: { all: { a: { id: 1 }, b: 2 } } };
    const named: Entity = {
      ...things,
      records: members('all', 'key'),
      fields: { id: long(), key: string(), value: long() },
    };
    expect((await pull(named, [object], { request: { fields: ['key', 'id', 'value'] } })).rows).toEqual([
      ['a', 1, null],
      ['b', null, 2],
    ]);
    const sheet = { body: { values: [['id', 'name'], [1], [2, 'b']] } };
    const rows: Entity = { ...things, records: headedRows('values'), fields: { id: long(), name: string() } };
    expect((await pull(rows, [sheet], { request: { fields: ['id', 'name'] } })).rows).toEqual([
      [1, null],
      [2, 'b'],
    ]);
  });

  test('that leave out an empty list, or name nothing of what was asked', async () => {
    const sparse: Entity = { ...things, records: listOrNone('found.rows') };
    expect((await pull(sparse, [{ body: { found: {} } }])).rows).toEqual([]);
    expect((await pull(sparse, [{ body: { found: { rows: ids(1) } } }])).rows).toEqual([[1]]);
    expect((await pull({ ...things, records: listOrNone('rows') }, [{ body: {} }])).rows).toEqual([]);
    for (const body of [{}, { found: null }, { found: { rows: 'none' } }, []]) {
      await expect(pull(sparse, [{ body }])).rejects.toMatchObject({ code: 'ConnectorProtocol' });
    }

    const unnamed: Entity = {
      ...things,
      method: 'POST',
      query: { kind: 'b' },
      projection: (columns) => ({ columns }),
      records: (answer, { columns, kind }) =>
        (answer as number[][]).map((cells) => ({
          ...Object.fromEntries(cells.map((cell, index) => [(columns as string[])[index], cell])),
          kind,
        })),
      fields: { id: long(), size: long(), kind: string() },
    };
    const fields = ['size', 'kind', 'id'];
    expect((await pull(unnamed, [{ body: [[7, 'x', 1]] }], { request: { fields } })).rows).toEqual([
      [7, 'b', 1],
    ]);
    const form = { ...unnamed, bodyFormat: 'form', body: { shop: 'a b' } } as const;
    const asked: unknown[] = [];
    const records = (_: unknown, parameters: unknown) => {
      asked.push(parameters);
      return [];
    };
    await pull({ ...form, records }, [{ body: {} }]);
    expect(asked).toEqual([{ kind: 'b', shop: 'a b', columns: 'id' }]);
  });

  test('that write everything as text', async () => {
    const entity: Entity = {
      ...things,
      textValues: true,
      fields: {
        id: long(),
        on: { type: 'Boolean' },
        score: { type: 'Double' },
        at: dateTime({ format: 'spacedSeconds' }),
        ref: struct(),
        name: string(),
      },
    };
    const fields = Object.keys(entity.fields);
    const body = [
      { id: '7', on: 'true', score: '1.5', at: '2024-05-01 10:00:00', ref: '', name: '' },
      { id: 'x', on: 'yes', score: '', at: '', ref: { id: 1 }, name: '12' },
      { id: '9007199254740993', on: false, score: 2, at: null, ref: '{"a":1}', name: '{}' },
      { id: 1, on: null, score: 'high', at: 'soon', ref: '{broken', name: null },
    ];
    expect((await pull(entity, [{ body }], { request: { fields } })).rows).toEqual([
      [7, true, 1.5, '2024-05-01T10:00:00Z', null, ''],
      ['x', 'yes', null, null, { id: 1 }, '12'],
      [9007199254740993n, false, 2, null, { a: 1 }, '{}'],
      [1, null, 'high', 'soon', '{broken', null],
    ]);
  });

  test('of files, which may be a refusal in JSON', async () => {
    const connector: Partial<Connector> = {
      errors: { inBody: { path: 'success', is: false }, message: 'why' },
    };
    const lined: Entity = { ...things, decode: ndjson };
    const refused = { body: { success: false, why: 'no such file' } };
    await expect(pull(lined, [refused], { connector })).rejects.toMatchObject({
      code: 'ClientError',
      message: expect.stringContaining('no such file'),
    });
    const rows = { body: '{"id":1}\n{"id":2}\n' };
    expect((await pull(lined, [rows], { connector })).rows).toEqual([[1], [2]]);
  });

  test('that refuse for longer than others', async () => {
    const connector: Partial<Connector> = {
      rateLimit: { otherwiseSeconds: 30 },
      errors: {
        vendorCode: 'code',
        rules: [
          { vendorCode: 'day', code: 'RateLimitExceeded', retryAfterSeconds: 900 },
          { vendorCode: 'now', code: 'RateLimitExceeded' },
        ],
      },
    };
    const waitOf = async (answer: TestAnswer) =>
      pull(things, [answer], { connector }).catch(({ context }) => context.retryAfterSeconds);
    expect(await waitOf({ status: 400, body: { code: 'day' } })).toBe(900);
    expect(await waitOf({ status: 400, body: { code: 'now' } })).toBe(30);
    expect(await waitOf({ status: 400, headers: { 'retry-after': '60' }, body: { code: 'day' } })).toBe(60);
  });

  test('of 200 that refuse', async () => {
    const connector: Partial<Connector> = {
      errors: {
        inBody: { path: 'ok', is: false },
        message: 'error',
        vendorCode: 'error',
        rules: [{ status: [200], vendorCode: 'ratelimited', code: 'RateLimitExceeded' }],
      },
    };
    const entity = { ...things, records: 'items' };
    const refused = { body: { ok: false, error: 'no_such_channel' } };
    await expect(pull(entity, [refused], { connector })).rejects.toMatchObject({
      code: 'ClientError',
      context: { status: 200, vendorCode: 'no_such_channel' },
    });
    const slow = { headers: { 'retry-after': '60' }, body: { ok: false, error: 'ratelimited' } };
    await expect(pull(entity, [slow], { connector })).rejects.toMatchObject({
      code: 'RateLimitExceeded',
      context: { retryAfterSeconds: 60 },
    });
    expect((await pull(entity, [{ body: { ok: true, items: [] } }], { connector })).rows).toEqual([]);
  });
});

test('only what is read is asked for', async () => {
  const entity: Entity = {
    ...things,
    projection: fieldList('fields'),
    skipIf: { present: 'meta.hidden' },
    fields: { id: long(), owner: string({ at: 'owner.login' }), tags: struct(), other: string() },
  };
  const { lines } = await pull(entity, [{ body: [] }], { request: { fields: ['tags.a', 'owner'] } });
  expect(lines).toEqual(['GET /things?fields=tags,owner,id,meta']);
});

test('of a struct that other fields make, those are asked for', async () => {
  const entity: Entity = {
    ...things,
    projection: fieldList('fields'),
    fields: {
      id: long(),
      lat: long(),
      lon: long({ at: 'long' }),
      place: struct({ parts: { a: 'lat', b: 'lon' } }),
    },
  };
  const { lines } = await pull(entity, [{ body: [] }], { request: { fields: ['place.a', 'lat'] } });
  expect(lines).toEqual(['GET /things?fields=lat,long,id']);
});

test('a window is on the field that the flow names, if it may', async () => {
  const entity: Entity = {
    ...things,
    fields: { id: long(), made: dateTime(), changed: dateTime() },
    incremental: { field: 'changed', others: ['made'], from: 'since' },
  };
  const window = { start, end };
  const asked = (incrementalField: string) =>
    pull(entity, [{ body: [] }, { body: [] }], { request: { window, incrementalField } });
  expect((await asked('made')).description.incrementalField).toBe('made');
  expect((await asked('changed')).description.incrementalField).toBe('changed');
  await expect(asked('id')).rejects.toThrow('got id; expected changed or made');
});

test('a window stays on the field that the vendor looks for changes by, though a flow names another', async () => {
  const entity: Entity = {
    ...things,
    fields: { id: long(), touched: dateTime({ format: 'epochSeconds' }), changed: dateTime() },
    incremental: { field: 'touched', insteadOf: ['changed'], from: 'since' },
  };
  const window = { start, end };
  const asked = (incrementalField: string) =>
    pull(entity, [{ body: [] }, { body: [] }], { request: { window, incrementalField } });
  const { description, lines } = await asked('changed');
  expect(description.incrementalField).toBe('touched');
  expect(lines.at(-1)).toBe(`GET /things?since=${start / 1000}`);
  await expect(asked('id')).rejects.toThrow('got id; expected touched or changed');
});

test('a budget is shared by all sessions of a process', async () => {
  const http = testHttp(() => ({ body: [] }));
  const ports = testSourcePorts({ http, credentials: { apiKey: 'the-key' }, now: end });
  const connector = connectorOf({ things }, { rateLimit: { budget: { requests: 20, seconds: 20 } } });
  const request = { flowName: 'f', connector: 'X', properties: { entityName: 'things' }, settings: {} };
  const read = async (connectorProfileName: string) => {
    const asked = { ...request, connectorProfileName, fields: ['id'], filters: [], window: { end } };
    await (await declaredSource(connector).open(asked, {}, ports)).read(undefined);
  };
  for (let count = 0; count < 4; count++) await read('one');
  // Two at once, then one a second; another connection has a budget of its own.
  expect(ports.clock.slept).toEqual([1000, 1000]);
  await read('two');
  expect(ports.clock.slept).toEqual([1000, 1000]);
});

describe('an entity that the account defines', () => {
  const connector = connectorOf(
    { things },
    {
      discovery: {
        docs,
        list: async (reader) =>
          (
            await reader.list({
              path: '/tables',
              records: 'tables',
              pagination: cursor({ at: 'next', param: 'c' }),
            })
          ).map((table) => {
            const { name } = table as { name: string };
            return { name, label: name.toUpperCase() };
          }),
        describe: async (name, reader) => {
          const { columns } = (await reader.get('/columns', { table: name })) as { columns: string[] };
          if (columns.length === 0) return undefined;
          return {
            name,
            label: name,
            fields: Object.fromEntries(columns.map((column) => [column, { type: 'String' as const }])),
          };
        },
        entity: ({ name, fields }) => ({ docs, path: `/rows/${name}`, primaryKey: ['key'], fields }),
      },
    },
  );
  const asked: SourceRequest = {
    flowName: 'f',
    connector: 'X',
    properties: { entityName: 'own' },
    settings: {},
    fields: ['name'],
    filters: [],
    window: { end },
  };
  const setup = (answers: Readonly<Record<string, unknown>>) => {
    const http = testHttp(({ url }) => ({ body: answers[url.replace(base, '')] ?? { columns: [] } }));
    return { http, ports: testSourcePorts({ http, credentials: { apiKey: 'the-key' } }) };
  };

  test('is listed beside the declared ones', async () => {
    const { ports } = setup({
      '/tables': { tables: [{ name: 'own' }], next: '2' },
      '/tables?c=2': { tables: [{ name: 'things' }, { name: 'other' }] },
    });
    expect(await declaredSource(connector).listEntities(asked, undefined, ports)).toEqual([
      { name: 'things', label: 'things', hasNestedEntities: false },
      { name: 'own', label: 'OWN', hasNestedEntities: false },
      { name: 'other', label: 'OTHER', hasNestedEntities: false },
    ]);
  });

  test('is described once in a run', async () => {
    const { ports, http } = setup({
      '/columns?table=own': { columns: ['key', 'name'] },
      '/rows/own': [{ key: 'k', name: 'n' }],
    });
    const source = declaredSource(connector);
    const { fields, splits } = await source.describe(asked, ports);
    expect(fields.map(({ name }) => name)).toEqual(['key', 'name']);
    const split = JSON.parse(JSON.stringify(splits[0]));
    expect((await (await source.open(asked, split, ports)).read(undefined)).rows).toEqual([['n']]);
    expect(http.requests.map(({ url }) => url)).toEqual([`${base}/columns?table=own`, `${base}/rows/own`]);
  });

  test('may be read as a setting says', async () => {
    const { ports, http } = setup({ '/columns?table=own': { columns: ['key', 'name'] } });
    const { discovery } = connector;
    if (!discovery) throw new Error('no discovery');
    const entity: typeof discovery.entity = (found, use) => ({
      ...discovery.entity(found, use),
      path: `/${use.setting('shop')}/${found.name}`,
    });
    const source = declaredSource({ ...connector, discovery: { ...discovery, entity } });
    const request = { ...asked, settings: { shop: 'acme' } };
    const [split = {}] = (await source.describe(request, ports)).splits;
    await (await source.open(request, split, ports)).read(undefined).catch(() => undefined);
    expect(http.requests.at(-1)?.url).toBe(`${base}/acme/own`);
  });

  test('that is not there is named', async () => {
    const { ports } = setup({});
    await expect(declaredSource(connector).describe(asked, ports)).rejects.toThrow(
      'X: there is no such entity; got own; expected one of things, or one that discover lists',
    );
  });
});

test('what a windowed list sends of its own, no filter changes', async () => {
  const moved: Entity = {
    ...things,
    query: { sort: 'id' },
    incremental: { field: 'at', from: 'since', list: { query: { sort: 'at' } } },
    parameters: { sort: string({ filters: { EQUAL_TO: 'sort' } }) },
    fields: { id: long(), at: dateTime({ format: 'utcSeconds' }) },
  };
  const sort = is('sort', 'EQUAL_TO', 'String', 'name');
  const full = await pull(moved, [{ body: [] }], { request: { filters: [sort] } });
  expect(full.lines).toEqual(['GET /things?sort=name']);
  const windowed = { filters: [sort], incrementalField: 'at', window: { start, end } };
  await expect(pull(moved, [{ body: [] }], { request: windowed })).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: expect.stringContaining("'sort' can be set only once"),
  });
});

test('a moment with both offsets of UTC is one in UTC', async () => {
  const entity: Entity = { ...things, fields: { at: dateTime() } };
  const body = [{ at: '2015-05-21T22:45:13Z+0000' }, { at: '2015-05-21T22:45:13.5+0200' }];
  expect((await pull(entity, [{ body }], { request: { fields: ['at'] } })).rows).toEqual([
    ['2015-05-21T22:45:13Z'],
    ['2015-05-21T22:45:13.5+02:00'],
  ]);
});

test('a moment in UTC without an offset is asked for and read as such', async () => {
  const moved: Entity = {
    ...things,
    incremental: { field: 'at', from: { param: 'since', operator: 'GREATER_THAN' } },
    fields: { id: long(), at: dateTime({ format: 'utcSeconds' }) },
  };
  const request = { fields: ['at'], incrementalField: 'at', window: { start, end } };
  const answers = [{ body: [] }, { body: [{ id: 1, at: '2024-05-01T10:00:00' }] }];
  const { rows, lines } = await pull(moved, answers, { request });
  expect(lines.at(-1)).toBe('GET /things?since=2024-04-30T23:59:59');
  expect(rows).toEqual([['2024-05-01T10:00:00Z']]);
});
