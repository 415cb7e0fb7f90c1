import { expect, test } from 'vitest';
import type { FilterCondition } from '#core';
import { googleSearchConsole } from '../../../connectors/google-search-console/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { testHttp, testSourcePorts } from '../../support/source-ports.ts';

const source = declaredSource(googleSearchConsole, { random: () => 0 });

/** The first page of one day's report. */
async function report(fields: readonly string[], filters: readonly FilterCondition[] = []) {
  const http = testHttp(({ body }) => {
    const { dimensions } = JSON.parse(String(body));
    return { body: { rows: [{ keys: dimensions.map((name: string) => `the ${name}`), clicks: 1 }] } };
  });
  const ports = testSourcePorts({ http, credentials: { accessToken: 'the-token' } });
  const day: FilterCondition = {
    field: 'start_end_date',
    operator: 'BETWEEN',
    type: 'DateTime',
    values: ['2024-04-22', '2024-04-22'],
  };
  const request = {
    flowName: 'f',
    connector: 'GoogleSearchConsole',
    properties: { entityName: 'search_analytics' },
    settings: { siteUrl: 'sc-domain:example.com' },
    fields,
    filters: [day, ...filters],
    window: { end: Date.UTC(2024, 4, 2) },
  };
  const { splits, appliedFilters } = await source.describe(request, ports);
  const session = await source.open(request, splits[0] ?? {}, ports);
  const { rows } = await session.read(undefined);
  return {
    rows,
    appliedFilters,
    url: http.requests[0]?.url,
    body: JSON.parse(String(http.requests[0]?.body)),
  };
}

test('groups by the mapped dimensions and by the day', async () => {
  const { body, rows, url } = await report(['query', 'clicks', 'page']);
  expect(url).toBe(
    'https://searchconsole.googleapis.com/webmasters/v3/sites/sc-domain%3Aexample.com/searchAnalytics/query',
  );
  expect(body).toEqual({
    startDate: '2024-04-22',
    endDate: '2024-04-22',
    rowLimit: 25_000,
    dimensions: ['date', 'page', 'query'],
  });
  expect(rows).toEqual([['the query', 1, 'the page']]);
});

test('groups by what a filter on dimension says instead, in its order', async () => {
  const filters: FilterCondition[] = [
    { field: 'dimension', operator: 'EQUAL_TO', type: 'String', values: ['query', 'country', 'date'] },
    { field: 'device', operator: 'EQUAL_TO', type: 'String', values: ['MOBILE'] },
  ];
  const { body, rows, appliedFilters } = await report(['keys', 'country', 'page'], filters);
  expect(body).toMatchObject({
    dimensions: ['date', 'query', 'country'],
    dimensionFilterGroups: [
      { groupType: 'and', filters: [{ dimension: 'device', operator: 'equals', expression: 'MOBILE' }] },
    ],
  });
  expect(rows).toEqual([[['the date', 'the query', 'the country'], 'the country', null]]);
  expect(appliedFilters).toEqual([0, 1, 2]);
});

test('a filter of several values is left to the engine', async () => {
  const several = { field: 'country', operator: 'EQUAL_TO', type: 'String', values: ['usa', 'deu'] } as const;
  const { body, appliedFilters } = await report(['clicks', 'country'], [several]);
  expect(body.dimensionFilterGroups).toBeUndefined();
  expect(appliedFilters).toEqual([0]);
});
