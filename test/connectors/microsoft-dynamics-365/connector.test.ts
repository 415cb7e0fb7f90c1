import { expect, test } from 'vitest';
import type { FilterCondition, SourceRequest } from '#core';
import { microsoftDynamics365 } from '../../../connectors/microsoft-dynamics-365/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const org = 'https://acme.crm.dynamics.com';
const label = (text: string | null) => ({ UserLocalizedLabel: text === null ? null : { Label: text } });
const column = (name: string, type: string, more: object = {}) => ({
  LogicalName: name,
  AttributeType: type,
  DisplayName: label(null),
  IsValidForRead: true,
  IsValidODataAttribute: true,
  ...more,
});

/** An environment with the table `order`. */
function setup(list: (url: URL) => TestAnswer = () => ({ body: { value: [] } })) {
  const http = testHttp(({ url }) => {
    const asked = new URL(url);
    const path = asked.pathname.replace('/api/data/v9.2/', '');
    if (path === 'EntityDefinitions') {
      const orders = {
        LogicalName: 'order',
        EntitySetName: 'orders',
        PrimaryIdAttribute: 'orderid',
        DisplayName: label('Order'),
        DisplayCollectionName: label('Orders'),
      };
      const none = { LogicalName: 'internal', EntitySetName: null, DisplayName: label(null) };
      const filter = asked.searchParams.get('$filter');
      if (filter === null) return { body: { value: [orders, none] } };
      return { body: { value: filter === "EntitySetName eq 'orders'" ? [orders] : [] } };
    }
    if (path.endsWith('/Attributes')) {
      return {
        body: {
          value: [
            column('orderid', 'Uniqueidentifier'),
            column('name', 'String', { DisplayName: label('Name') }),
            column('amount', 'Money'),
            column('size', 'BigInt'),
            column('kind', 'Picklist'),
            column('kinds', 'Virtual'),
            column('buyerid', 'Customer', { DisplayName: label('Buyer') }),
            column('buyeridname', 'String', { IsValidODataAttribute: false }),
            column('people', 'PartyList'),
            column('secret', 'String', { IsValidForRead: false }),
            column('due', 'DateTime'),
            column('modifiedon', 'DateTime'),
            column('createdon', 'DateTime'),
          ],
        },
      };
    }
    if (path.endsWith('DateTimeAttributeMetadata')) {
      const behaviors = { due: 'DateOnly', modifiedon: 'UserLocal', createdon: 'UserLocal' };
      const value = Object.entries(behaviors).map(([LogicalName, Value]) => ({
        LogicalName,
        DateTimeBehavior: { Value },
      }));
      return { body: { value } };
    }
    return list(asked);
  });
  const ports = testSourcePorts({ http, credentials: { accessToken: 'the-token' } });
  return { http, ports, source: declaredSource(microsoftDynamics365, { random: () => 0 }) };
}

const requestOf = (more: Partial<SourceRequest> = {}): SourceRequest => ({
  flowName: 'f',
  connector: 'MicrosoftDynamics365',
  properties: { entityName: 'orders' },
  settings: { instanceUrl: org },
  fields: ['name'],
  filters: [],
  window: { end: Date.UTC(2024, 4, 2) },
  ...more,
});

test('lists the tables that have an entity set, by their names for people', async () => {
  const { ports, source } = setup();
  expect(await source.listEntities(requestOf(), undefined, ports)).toEqual([
    { name: 'orders', label: 'Orders', hasNestedEntities: false },
  ]);
});

test('has the columns that the Web API has, lookups by the names that it gives them', async () => {
  const { ports, source } = setup();
  const { fields, primaryKey, incrementalField } = await source.describe(
    requestOf({ fieldsOnly: true }),
    ports,
  );
  expect(fields.map(({ name, type, label: text }) => [name, type, text])).toEqual([
    ['orderid', 'String', undefined],
    ['name', 'String', 'Name'],
    ['amount', 'BigDecimal', undefined],
    ['size', 'Long', undefined],
    ['kind', 'Integer', undefined],
    ['kinds', 'String', undefined],
    ['_buyerid_value', 'String', 'Buyer'],
    ['due', 'Date', undefined],
    ['modifiedon', 'DateTime', undefined],
    ['createdon', 'DateTime', undefined],
  ]);
  expect([primaryKey, incrementalField]).toEqual([['orderid'], 'modifiedon']);
});

test.each(["orders' or 1 eq 1", 'nothing', 'a/b'])('%s is no entity', async (entityName) => {
  const { ports, source } = setup();
  await expect(source.describe(requestOf({ properties: { entityName } }), ports)).rejects.toMatchObject({
    code: 'ResourceNotFoundError',
  });
});

test('reads pages by the link as it is given, of the preferred size', async () => {
  const link = `${org}/api/data/v9.2/orders?$skiptoken=%3Ccookie%20a=%22b%22%20/%3E`;
  const { http, ports, source } = setup((url) => ({
    body: {
      value: [{ orderid: url.searchParams.has('$skiptoken') ? '2' : '1', name: 'x' }],
      ...(url.searchParams.has('$skiptoken') ? {} : { '@odata.nextLink': link }),
    },
  }));
  const filters: FilterCondition[] = [
    { field: 'name', operator: 'CONTAINS', type: 'String', values: ["O'Neil"] },
    {
      field: '_buyerid_value',
      operator: 'EQUAL_TO',
      type: 'String',
      values: ['7fa2a9f5-bf5d-ed11-9562-000d3a9933c9'],
    },
    { field: 'amount', operator: 'GREATER_THAN', type: 'BigDecimal', values: ['5'] },
  ];
  const request = requestOf({ filters });
  const { splits, appliedFilters } = await source.describe(request, ports);
  const session = await source.open(request, splits[0] ?? {}, ports);
  const first = await session.read(undefined);
  expect(first.rows).toEqual([['x']]);
  const second = await session.read(first.next);
  expect([second.rows, second.next]).toEqual([[['x']], undefined]);
  // Dataverse compares texts without regard to case.
  expect(appliedFilters).toEqual([2]);
  const pages = http.requests.slice(3);
  expect(decodeURIComponent(pages[0]?.url ?? '')).toBe(
    `${org}/api/data/v9.2/orders?$orderby=orderid&$select=name,orderid,modifiedon&$filter=contains(name,'O''Neil') and _buyerid_value eq 7fa2a9f5-bf5d-ed11-9562-000d3a9933c9 and amount gt 5`,
  );
  expect(pages[1]?.url).toBe(link);
  expect(pages.map(({ headers }) => headers?.prefer)).toEqual([
    'odata.maxpagesize=5000',
    'odata.maxpagesize=5000',
  ]);
});

test.each([
  { field: undefined, name: 'modifiedon' },
  { field: 'createdon', name: 'createdon' },
])('pulls by $name where the flow names $field', async ({ field, name }) => {
  const { http, ports, source } = setup();
  const request = requestOf({
    window: { start: Date.UTC(2024, 4, 1), end: Date.UTC(2024, 4, 2) },
    ...(field && { incrementalField: field }),
  });
  const { splits } = await source.describe(request, ports);
  const session = await source.open(request, splits[0] ?? {}, ports);
  await session.read(undefined);
  expect(decodeURIComponent(http.requests.at(-1)?.url ?? '')).toContain(
    `&$filter=${name} ge 2024-05-01T00:00:00Z and ${name} lt 2024-05-02T00:00:00Z`,
  );
});

test('a day is no moment to pull by', async () => {
  const { ports, source } = setup();
  await expect(
    source.describe(requestOf({ incrementalField: 'due', window: { start: 0, end: 1 } }), ports),
  ).rejects.toMatchObject({ code: 'InvalidArgument' });
});

test.each([
  'http://acme.crm.dynamics.com',
  'https://acme.crm.dynamics.com/',
  'https://dynamics.com.evil.example',
])('no token goes to %s', async (instanceUrl) => {
  const { http, ports, source } = setup();
  await expect(source.testConnection(requestOf({ settings: { instanceUrl } }), ports)).rejects.toMatchObject({
    code: 'ConnectionInvalid',
  });
  expect(http.requests).toEqual([]);
});
