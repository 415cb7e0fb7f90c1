import { expect, test } from 'vitest';
import type { FilterCondition } from '#core';
import { hubSpot } from '../../../connectors/hubspot/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { allRows, testHttp, testSourcePorts } from '../../support/source-ports.ts';

/** As many records as one search would never give. */
const total = 10_450;

/** An account whose searches end at 10,000 results, as HubSpot's do. */
function setup() {
  const http = testHttp(({ url, body }) => {
    if (url.includes('/properties/')) {
      return {
        body: {
          results: [
            { name: 'email', label: 'Email', type: 'string' },
            { name: 'amount', label: 'Amount', type: 'number' },
            { name: 'closed', label: 'Closed', type: 'datetime' },
          ],
        },
      };
    }
    if (url.endsWith('/schemas')) {
      return { body: { results: [{ fullyQualifiedName: 'p1_car', labels: { singular: 'Car' } }] } };
    }
    const { filterGroups = [], limit } = JSON.parse(String(body));
    const last = Number(
      filterGroups[0]?.filters.find((one: { operator: string }) => one.operator === 'GT')?.value ?? 0,
    );
    const ids = Array.from({ length: Math.min(limit, total - last) }, (_, index) => String(last + index + 1));
    return { body: { results: ids.map((id) => ({ id, properties: {} })) } };
  });
  return { http, ports: testSourcePorts({ http, credentials: { apiKey: 'the-token' } }) };
}

const source = declaredSource(hubSpot);
const request = (filters: readonly FilterCondition[] = []) => ({
  flowName: 'f',
  connector: 'HubSpot',
  properties: { entityName: 'deals' },
  settings: {},
  fields: ['id'],
  filters,
  window: { end: 0 },
});

test('a full pull goes on where a search would end', async () => {
  const { ports, http } = setup();
  const { splits } = await source.describe(request(), ports);
  const session = await source.open(request(), splits[0] ?? {}, ports);
  const ids = (await allRows(session)).flat();
  expect(ids).toEqual(Array.from({ length: total }, (_, index) => String(index + 1)));
  expect(JSON.parse(String(http.requests[2]?.body))).toEqual({
    sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
    limit: 200,
    properties: [],
    filterGroups: [{ filters: [{ propertyName: 'hs_object_id', operator: 'GT', value: '200' }] }],
  });
  // Four requests a second.
  expect(ports.clock.slept.every((wait) => wait === 250)).toBe(true);
});

test.each<[FilterCondition, unknown, number[]]>([
  [
    { field: 'amount', operator: 'GREATER_THAN_OR_EQUAL_TO', type: 'BigDecimal', values: ['12.5'] },
    { propertyName: 'amount', operator: 'GTE', value: '12.5' },
    [0],
  ],
  [
    { field: 'closed', operator: 'LESS_THAN', type: 'DateTime', values: ['2024-05-01T10:00:00Z'] },
    { propertyName: 'closed', operator: 'LT', value: '1714557600000' },
    [0],
  ],
  [
    { field: 'email', operator: 'EQUAL_TO', type: 'String', values: ['Ann@example.com', 'bob@example.com'] },
    { propertyName: 'email', operator: 'IN', values: ['ann@example.com', 'bob@example.com'] },
    [],
  ],
])('%o is a filter of the search', async (filter, sent, applied) => {
  const { ports, http } = setup();
  const { splits, appliedFilters } = await source.describe(request([filter]), ports);
  await (await source.open(request([filter]), splits[0] ?? {}, ports)).read(undefined);
  expect(JSON.parse(String(http.requests.at(-1)?.body)).filterGroups).toEqual([{ filters: [sent] }]);
  expect(appliedFilters).toEqual(applied);
});

test('custom objects are listed beside the standard ones', async () => {
  const { ports } = setup();
  const listed = await source.listEntities(request(), undefined, ports);
  expect(listed.find(({ name }) => name === 'p1_car')?.label).toBe('Car');
  expect(listed.find(({ name }) => name === 'postal_mail')?.label).toBe('Postal Mail');
  expect(listed.find(({ name }) => name === 'owners')?.label).toBe('Owner');
});

test.each(['../owners', 'a b', '{x}'])("'%s' is no object, and not asked for", async (entityName) => {
  const { ports, http } = setup();
  await expect(source.describe({ ...request(), properties: { entityName } }, ports)).rejects.toMatchObject({
    code: 'ResourceNotFoundError',
  });
  expect(http.requests).toEqual([]);
});
