import { expect, test } from 'vitest';
import type { FilterCondition } from '#core';
import { googleAnalytics4 } from '../../../connectors/google-analytics-4/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { testHttp, testSourcePorts } from '../../support/source-ports.ts';

const source = declaredSource(googleAnalytics4, { random: () => 0 });

/** A property of twelve dimensions and twelve metrics, and the request bodies of its reports. */
async function report(
  fields: readonly string[],
  filters: readonly FilterCondition[] = [],
  answer: object = {},
  entityName = 'core_report',
) {
  const numbers = Array.from({ length: 12 }, (_, index) => index);
  const http = testHttp(({ method }) => ({
    body:
      method === 'POST'
        ? answer
        : {
            dimensions: [{ apiName: 'date' }, ...numbers.map((n) => ({ apiName: `dimension${n}` }))],
            metrics: numbers.map((n) => ({ apiName: `metric${n}`, type: 'TYPE_INTEGER' })),
          },
  }));
  const ports = testSourcePorts({ http, credentials: { accessToken: 'the-token' } });
  const request = {
    flowName: 'f',
    connector: 'GoogleAnalytics4',
    properties: { entityName },
    settings: { propertyId: '1' },
    fields,
    filters,
    window: { end: Date.UTC(2024, 4, 2) },
  };
  const { splits, appliedFilters } = await source.describe(request, ports);
  const session = await source.open(request, splits[0] ?? {}, ports);
  const { rows } = await session.read(undefined);
  const bodies = http.requests.flatMap(({ body }) => (body === undefined ? [] : [JSON.parse(String(body))]));
  return { rows, appliedFilters, body: bodies[0] };
}

test('a report has what is read, and always the day', async () => {
  const { body } = await report(['metric3', 'dimension1']);
  expect(body).toMatchObject({
    dimensions: [{ name: 'dimension1' }, { name: 'date' }],
    metrics: [{ name: 'metric3' }],
    dateRanges: [{ startDate: '2014-05-05', endDate: '2014-06-03' }],
  });
  expect(body.dimensionFilter).toBeUndefined();
});

test.each([
  { of: 'dimension', count: 9 },
  { of: 'metric', count: 11 },
])('a report of too many $of fields is refused before Google is asked for it', async ({ of, count }) => {
  const fields = Array.from({ length: count }, (_, index) => `${of}${index}`);
  // The day is the tenth dimension.
  await expect(report(fields)).rejects.toMatchObject({
    code: 'InvalidArgument',
    context: { expected: 'at most 9 dimensions and 10 metrics, those of filters included' },
  });
  const fewer = await report(fields.slice(1));
  expect(fewer.rows).toEqual([]);
});

test('filters that Google can compare alike are left to it', async () => {
  const is = (operator: FilterCondition['operator'], ...values: string[]): FilterCondition => ({
    field: 'dimension0',
    operator,
    type: 'String',
    values,
  });
  const filter = (matchType: string, value: string) => ({
    filter: { fieldName: 'dimension0', stringFilter: { matchType, value, caseSensitive: true } },
  });
  const all = [is('EQUAL_TO', 'a', 'b'), is('NOT_EQUAL_TO', 'c', 'd'), is('CONTAINS', 'e')];
  const { body, appliedFilters } = await report(['metric0'], all);
  expect(body.dimensionFilter).toEqual({
    andGroup: {
      expressions: [
        { orGroup: { expressions: [filter('EXACT', 'a'), filter('EXACT', 'b')] } },
        filter('CONTAINS', 'e'),
      ],
    },
  });
  expect(appliedFilters).toEqual([0, 2]);
});

test('a real-time report that is cut short is an error', async () => {
  const row = { dimensionValues: [{ value: 'Osaka' }], metricValues: [{ value: '1' }] };
  const answer = {
    dimensionHeaders: [{ name: 'city' }],
    metricHeaders: [{ name: 'activeUsers' }],
    rows: [row],
  };
  const fields = ['city', 'activeUsers'];
  expect((await report(fields, [], { ...answer, rowCount: 1 }, 'realtime_report')).rows).toEqual([
    ['Osaka', '1'],
  ]);
  await expect(report(fields, [], { ...answer, rowCount: 2 }, 'realtime_report')).rejects.toMatchObject({
    code: 'ConnectorProtocol',
    context: { got: '2 rows' },
  });
});
