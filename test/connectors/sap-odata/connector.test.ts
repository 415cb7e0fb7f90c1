import { describe, expect, test } from 'vitest';
import type { FilterCondition, Page, PageToken, SourceRequest } from '#core';
import { sapOData } from '../../../connectors/sap-odata/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const host = 'https://s4.example.com:44300';
const settings = {
  applicationHostUrl: 'https://s4.example.com',
  applicationServicePath: '/sap/opu/odata/iwfnd/catalogservice;v=2',
  portNumber: '44300',
  clientNumber: '100',
  logonLanguage: 'EN',
};
const service = '/sap/opu/odata/sap/Z_ORDERS_SRV';

/** A service of OData 2 with these entity types, each with an entity set of its own name. */
function metadata(types: readonly string[], sets: readonly string[]): TestAnswer {
  const body = `<edmx:Edmx Version="1.0" xmlns:edmx="e" xmlns:sap="s"><edmx:DataServices><Schema Namespace="Z">
    ${types.join('')}<EntityContainer>${sets.join('')}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>`;
  return { headers: { 'content-type': 'application/xml' }, body };
}

const type = (name: string, key: string, properties: string) =>
  `<EntityType Name="${name}"><Key><PropertyRef Name="${key}"/></Key>${properties}</EntityType>`;
const set = (name: string, more = '') => `<EntitySet Name="${name}" EntityType="Z.${name}" ${more}/>`;
const id = '<Property Name="Id" Type="Edm.String"/>';
const stamps =
  '<Property Name="Changed" Type="Edm.DateTime"/><Property Name="Day" Type="Edm.DateTime" sap:display-format="Date"/>';

const orders = metadata(
  [
    type('Orders', 'Id', id + stamps),
    type('Flags', 'On', '<Property Name="On" Type="Edm.Boolean"/>'),
    type('Hidden', 'Id', '<Property Name="Id" Type="Edm.String" sap:sortable="false"/>'),
    '<EntityType Name="Loose"><Property Name="Id" Type="Edm.String"/></EntityType>',
    type('Queue', 'Id', id + stamps),
    type('DeltaLinksOfQueue', 'DeltaToken', '<Property Name="DeltaToken" Type="Edm.String"/>'),
  ],
  [
    set('Orders', 'sap:label="All orders"'),
    set('Flags'),
    set('Hidden'),
    set('Loose'),
    set('Queue'),
    set('DeltaLinksOfQueue'),
    `<EntitySet Name="Whole" EntityType="Z.Orders" sap:pageable="false"/>`,
    `<EntitySet Name="Inner" EntityType="Z.Orders" sap:addressable="false"/>`,
  ],
);

function setup(answer: (url: URL) => TestAnswer) {
  const http = testHttp(({ url }) => {
    const asked = new URL(url);
    return asked.pathname === `${service}/$metadata` ? orders : answer(asked);
  });
  const ports = testSourcePorts({ http, credentials: { username: 'ann', password: 'password' } });
  return { http, ports, source: declaredSource(sapOData, { random: () => 0 }) };
}

const requestOf = (set: string, more: Partial<SourceRequest> = {}): SourceRequest => ({
  flowName: 'f',
  connector: 'SAPOData',
  properties: { objectPath: `${service}/${set}` },
  settings,
  fields: ['Id'],
  filters: [],
  window: { end: Date.UTC(2024, 4, 2) },
  ...more,
});

/** Reads an entity set; the queries of the list's requests, decoded. */
async function pull(set: string, answers: readonly object[][], more: Partial<SourceRequest> = {}) {
  let next = 0;
  const { http, ports, source } = setup(() => ({
    body: { d: { results: answers[next++] ?? [], __count: '7' } },
  }));
  const request = requestOf(set, more);
  const description = await source.describe(request, ports);
  const pages: Page[] = [];
  for (const split of description.splits) {
    const session = await source.open(request, split, ports);
    let token: PageToken | undefined;
    do {
      const page = await session.read(token);
      pages.push(page);
      token = page.next;
    } while (token !== undefined);
  }
  const queries = http.requests.slice(1).map(({ url }) => decodeURIComponent(new URL(url).search));
  return { queries, description, http, rows: pages.flatMap(({ rows }) => rows) };
}

const is = (
  field: string,
  operator: FilterCondition['operator'],
  type: FilterCondition['type'],
  ...values: string[]
): FilterCondition => ({ field, operator, type, values });

describe('discover', () => {
  const listed = async (path: string | undefined, answer: (url: URL) => TestAnswer, servicePath?: string) => {
    const { http, ports, source } = setup(answer);
    const request = requestOf('', {
      settings: { ...settings, ...(servicePath && { applicationServicePath: servicePath }) },
    });
    const entities = await source.listEntities(request, path, ports);
    return { entities, asked: http.requests.map(({ url }) => decodeURIComponent(url.replace(host, ''))) };
  };

  test("lists the catalogue's services of OData 2", async () => {
    const { entities, asked } = await listed(undefined, () => ({
      body: { d: { results: [{ ID: 'Z', Title: 'Orders', ServiceUrl: `${host}${service}` }] } },
    }));
    expect(asked).toEqual([
      '/sap/opu/odata/iwfnd/catalogservice;v=2/ServiceCollection?$select=ID,Title,Description,ServiceUrl',
    ]);
    expect(entities).toEqual([{ name: service, label: 'Orders', hasNestedEntities: true }]);
  });

  test("lists the catalogue's services of OData 4", async () => {
    const path = '/sap/opu/odata4/sap/api/srvd_a2x/sap/orders/0001';
    const services = [{ ServiceId: 'ORDERS', ServiceAlias: 'orders', ServiceUrl: `${path}/?sap-client=100` }];
    const { entities, asked } = await listed(
      undefined,
      () => ({ body: { value: [{ DefaultSystem: { Services: services } }, { DefaultSystem: null }] } }),
      '/sap/opu/odata4/iwfnd/config/default/iwfnd/catalog/0002/',
    );
    expect(asked).toEqual([
      '/sap/opu/odata4/iwfnd/config/default/iwfnd/catalog/0002/ServiceGroups?$expand=DefaultSystem($expand=Services)',
    ]);
    expect(entities).toEqual([{ name: path, label: 'orders', hasNestedEntities: true }]);
  });

  test('lists the entity sets of a service that can be read', async () => {
    const { entities } = await listed(service, () => ({ status: 404 }));
    expect(entities.map(({ name, label }) => [name.slice(service.length), label])).toEqual([
      ['/Orders', 'All orders'],
      ['/Flags', 'Flags'],
      ['/Hidden', 'Hidden'],
      ['/Loose', 'Loose'],
      ['/Queue', 'Queue'],
      ['/Whole', 'Whole'],
    ]);
    expect((await listed(undefined, () => ({ status: 404 }), service)).entities).toHaveLength(6);
  });

  test('finds nothing below an entity set', async () => {
    expect((await listed(`${service}/Orders`, () => ({ status: 404, body: {} }))).entities).toEqual([]);
  });

  test('says of a service what the server says', async () => {
    await expect(listed(`${service}/Orders`, () => ({ status: 403, body: {} }))).rejects.toMatchObject({
      code: 'AccessDenied',
    });
  });
});

test('every request carries the client and the language; the language may be missing', async () => {
  const { http } = await pull('Orders', []);
  for (const { headers } of http.requests) {
    expect(headers).toMatchObject({ 'sap-client': '100', 'sap-language': 'EN' });
  }
  const { logonLanguage: _, ...without } = settings;
  const { http: other } = await pull('Orders', [], { settings: without });
  expect(other.requests[0]?.headers).not.toHaveProperty('sap-language');
  const { clientNumber: __, ...neither } = settings;
  await expect(pull('Orders', [], { settings: neither })).rejects.toThrow(
    "the setting 'clientNumber' is missing",
  );
});

describe('pages', () => {
  test('go on behind the key, up to an empty one', async () => {
    const { queries, rows } = await pull('Orders', [[{ Id: 'a' }, { Id: "b'c" }], [{ Id: 'd' }]]);
    expect(queries).toEqual([
      '?$orderby=Id&$top=3000&$select=Id',
      "?$orderby=Id&$top=3000&$select=Id&$filter=Id gt 'b''c'",
      "?$orderby=Id&$top=3000&$select=Id&$filter=Id gt 'd'",
    ]);
    expect(rows).toEqual([['a'], ["b'c"], ['d']]);
  });

  test.each(['Flags', 'Hidden'])('of %s are asked for by position: its key has no order', async (set) => {
    const field = set === 'Flags' ? 'On' : 'Id';
    const { queries, description } = await pull(set, [[{ [field]: 'true' }]], { fields: [field] });
    expect(queries).toEqual([`?$top=3000&$select=${field}`, `?$top=3000&$select=${field}&$skip=3000`]);
    expect(description.mayRepeat).toBe(true);
  });

  test('of records without a key may repeat: nothing tells', async () => {
    expect((await pull('Loose', [[{ Id: 'a' }]])).description.mayRepeat).toBe(false);
  });

  test('of a set that takes no $top are one', async () => {
    expect((await pull('Whole', [[{ Id: 'a' }]])).queries).toEqual(['?$select=Id']);
  });

  test('are cut into ranges of the key for several processes', async () => {
    const properties = {
      objectPath: `${service}/Orders`,
      parallelismConfig: { maxParallelism: 2 },
      paginationConfig: { maxPageSize: 4 },
    };
    const { queries } = await pull('Orders', [[{ Id: 'a' }], [{ Id: 'm' }]], { properties });
    expect(queries.slice(0, 2)).toEqual([
      '?$orderby=Id&$top=1&$select=Id&$inlinecount=allpages',
      '?$orderby=Id&$top=1&$select=Id&$skip=4',
    ]);
    expect(queries.slice(2)).toEqual([
      "?$orderby=Id&$top=4&$select=Id&$filter=Id lt 'm'",
      "?$orderby=Id&$top=4&$select=Id&$filter=Id ge 'm'",
    ]);
  });
});

describe('an incremental pull', () => {
  const window = { start: Date.UTC(2024, 4, 1, 10, 0, 0, 250), end: Date.UTC(2024, 4, 1, 11) };

  test('compares the named field in whole seconds, and leaves a minute to what is not yet seen', async () => {
    const { queries, description } = await pull('Orders', [], { incrementalField: 'Changed', window });
    expect(queries.at(-1)).toBe(
      "?$orderby=Id&$top=3000&$select=Id,Changed&$filter=Changed ge datetime'2024-05-01T10:00:00' and Changed lt datetime'2024-05-01T11:00:00'",
    );
    expect(description).toMatchObject({
      appliesWindow: false,
      incrementalField: 'Changed',
      completeUntil: Date.UTC(2024, 4, 1, 23, 59),
    });
  });

  test.each(['Day', 'Id', 'Nothing'])('by %s is refused', async (incrementalField) => {
    await expect(pull('Orders', [], { incrementalField, window })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(`got ${incrementalField}`),
    });
  });
});

test('the server filters what it compares alike; texts are compared again', async () => {
  const filters = [
    is('Id', 'EQUAL_TO', 'String', 'a', 'b'),
    is('Day', 'LESS_THAN', 'Date', '2024-05-01'),
    is('Id', 'NOT_EQUAL_TO', 'String', 'x'),
  ];
  const { queries, description } = await pull('Orders', [], { filters });
  expect(queries).toEqual([
    "?$orderby=Id&$top=3000&$select=Id&$filter=(Id eq 'a' or Id eq 'b') and Day lt datetime'2024-05-01T00:00:00'",
  ]);
  expect(description.appliedFilters).toEqual([]);
});

describe('operational data', () => {
  const window = { start: 0, end: 1 };

  test('is asked for its changes, unfiltered; a deleted record says so', async () => {
    const delta = `${host}${service}/Queue?!deltatoken=D2`;
    const { http, ports, source } = setup((url) =>
      url.search.includes('deltatoken')
        ? { body: { d: { results: [{ Id: 'b', ODQ_CHANGEMODE: 'D' }], __delta: "Queue?!deltatoken='D3'" } } }
        : { body: { d: { results: [{ Id: 'a' }], __delta: delta } } },
    );
    const filters = [is('Id', 'EQUAL_TO', 'String', 'a')];
    const read = async (changes: SourceRequest['changes']) => {
      const request = requestOf('Queue', { window, filters, ...(changes && { changes }) });
      const { splits, appliedFilters } = await source.describe(request, ports);
      expect(appliedFilters).toEqual([]);
      const session = await source.open(request, splits[0] ?? {}, ports);
      return session.read(undefined);
    };
    const first = await read({});
    expect(first.resume).toEqual({ url: delta });
    const second = await read({ since: first.resume ?? {} });
    expect(second.rows).toEqual([['b']]);
    expect(second.resume).toEqual({ url: `${host}${service}/Queue?!deltatoken=%27D3%27` });
    const lists = http.requests.filter(({ url }) => !url.endsWith('$metadata'));
    expect(lists.map(({ url, headers }) => [url.replace(host + service, ''), headers?.prefer])).toEqual([
      ['/Queue', 'odata.track-changes, odata.maxpagesize=10000'],
      ['/Queue?!deltatoken=D2', 'odata.track-changes, odata.maxpagesize=10000'],
    ]);
  });

  test('in full is filtered, and asks for no changes', async () => {
    const { queries, http } = await pull('Queue', [], { filters: [is('Id', 'EQUAL_TO', 'String', 'a')] });
    expect(queries).toEqual(["?$select=Id&$filter=Id eq 'a'"]);
    expect(http.requests.at(-1)?.headers?.prefer).toBe('odata.maxpagesize=10000');
  });

  test('takes no field for its changes, and no parallel reading', async () => {
    await expect(
      pull('Queue', [], { window, changes: {}, incrementalField: 'Changed' }),
    ).rejects.toMatchObject({ code: 'InvalidArgument' });
    const properties = { objectPath: `${service}/Queue`, parallelismConfig: { maxParallelism: 2 } };
    await expect(pull('Queue', [], { properties })).rejects.toThrow(
      'this entity cannot be read by several processes',
    );
  });
});

test.each([
  '/sap/opu/../../etc/passwd/Orders',
  '/sap/opu/{clientNumber}/Orders',
  `${service}/Orders?$filter=x`,
  'Orders',
  `${service}/Nothing`,
])('%s is no entity', async (objectPath) => {
  const { ports, source } = setup(() => ({ status: 500 }));
  await expect(source.describe(requestOf('', { properties: { objectPath } }), ports)).rejects.toMatchObject({
    code: 'ResourceNotFoundError',
  });
});

test.each([
  { applicationHostUrl: 'http://s4.example.com' },
  { applicationHostUrl: 'https://s4.example.com/' },
  { portNumber: '443/evil' },
  { clientNumber: '1' },
])('%j is refused before anything is sent', async (wrong) => {
  const { http, ports, source } = setup(() => ({ body: {} }));
  const request = requestOf('Orders', { settings: { ...settings, ...wrong } });
  await expect(source.testConnection(request, ports)).rejects.toMatchObject({ code: 'ConnectionInvalid' });
  expect(http.requests).toEqual([]);
});

test('OData 2 puts what it says one level deeper', async () => {
  const { ports, source } = setup(() => ({
    status: 400,
    body: { error: { code: 'SY/530', message: { lang: 'en', value: 'Property Foo not found' } } },
  }));
  const request = requestOf('Orders');
  const { splits } = await source.describe(request, ports);
  const session = await source.open(request, splits[0] ?? {}, ports);
  await expect(session.read(undefined)).rejects.toMatchObject({
    code: 'ClientError',
    message: expect.stringContaining('Property Foo not found'),
    context: { vendorCode: 'SY/530' },
  });
});
