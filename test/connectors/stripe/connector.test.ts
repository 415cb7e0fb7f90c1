import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FilterCondition, SourceRequest } from '#core';
import { stripe } from '../../../connectors/stripe/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { allRows, testHttp, testSourcePorts } from '../../support/source-ports.ts';

test("names and addresses are Stripe's", () => {
  expect(stripe.label).toBe('Stripe');
  expect(stripe.baseUrl).toBe('https://api.stripe.com');
  expect(stripe.headers).toEqual({ accept: 'application/json', 'stripe-version': '2020-08-27' });
  expect(Object.values(stripe.entities).map(({ path }) => path.replace('/v1/', ''))).toEqual([
    'charges',
    'disputes',
    'radar/early_fraud_warnings',
    'payment_intents',
    'refunds',
    'checkout/sessions',
    'setup_intents',
    'credit_notes',
    'customers',
    'invoices',
    'invoiceitems',
    'quotes',
    'subscriptions',
    'subscription_items',
    'subscription_schedules',
    'coupons',
    'plans',
    'prices',
    'products',
    'promotion_codes',
    'shipping_rates',
    'tax_codes',
    'tax_rates',
    'balance',
    'balance_transactions',
    'payouts',
    'accounts',
    'application_fees',
    'country_specs',
    'transfers',
    'file_links',
    'reporting/report_types',
  ]);
});

const start = Date.UTC(2024, 4, 1);
const end = start + 60_000;

function requestFor(changes: Partial<SourceRequest>): SourceRequest {
  return {
    flowName: 'f',
    connector: 'Stripe',
    properties: { entityName: 'charges' },
    settings: {},
    fields: ['id', 'created'],
    filters: [],
    window: { start, end },
    ...changes,
  };
}

async function pull(request: SourceRequest, http: ReturnType<typeof testHttp>): Promise<unknown[][]> {
  const ports = testSourcePorts({ http, credentials: { apiKey: 'x' } });
  const session = await declaredSource(stripe).open(request, {}, ports);
  const rows = await allRows(session);
  return rows;
}

test('filters on times and ids go to the vendor', async () => {
  const at = '2024-05-01T00:00:00Z';
  const filters: FilterCondition[] = [
    { field: 'created', operator: 'GREATER_THAN_OR_EQUAL_TO', type: 'DateTime', values: [at] },
    { field: 'created', operator: 'LESS_THAN', type: 'DateTime', values: ['2024-05-02T00:00:00Z'] },
    { field: 'customer', operator: 'EQUAL_TO', type: 'String', values: ['cus_1'] },
    { field: 'disputed', operator: 'EQUAL_TO', type: 'Boolean', values: ['true'] },
  ];
  const http = testHttp(() => ({ body: { data: [], has_more: false } }));
  const ports = testSourcePorts({ http, credentials: { apiKey: 'x' } });
  const request = requestFor({ filters, window: { end } });
  expect(await declaredSource(stripe).describe(request, ports)).toMatchObject({ appliedFilters: [0, 1, 2] });
  await pull(request, http);
  expect(http.requests.map(({ url }) => decodeURIComponent(url))).toEqual([
    'https://api.stripe.com/v1/charges?limit=100&created[gte]=1714521600&created[lt]=1714608000&customer=cus_1',
  ]);
});

test('subscriptions come in every status, or in the one that a filter names', async () => {
  const properties = { entityName: 'subscriptions' };
  const http = testHttp(() => ({ body: { data: [], has_more: false } }));
  const canceled: FilterCondition = {
    field: 'status',
    operator: 'EQUAL_TO',
    type: 'String',
    values: ['canceled'],
  };
  await pull(requestFor({ properties, window: { end } }), http);
  await pull(requestFor({ properties, window: { end }, filters: [canceled] }), http);
  expect(http.requests.map(({ url }) => url)).toEqual([
    'https://api.stripe.com/v1/subscriptions?status=all&limit=100',
    'https://api.stripe.com/v1/subscriptions?limit=100&status=canceled',
  ]);
});

test.each(['charges', 'quotes'])(
  '%s made while they are read neither hide nor repeat others',
  async (entityName) => {
    const record = fc.integer({ min: -5, max: 65 }).map((second) => start / 1000 + second);
    const isInside = (created: number) => created * 1000 >= start && created * 1000 < end;
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 30 }),
        fc.array(fc.nat(3), { maxLength: 10 }),
        async (moments, made) => {
          let serial = 0;
          let records = moments.toSorted().map((created) => ({ id: `id_${serial++}`, created }));
          const inside = records.filter(({ created }) => isInside(created));
          const http = testHttp(({ url }, index) => {
            const { searchParams: query } = new URL(url);
            const from = Number(query.get('created[gte]') ?? 0);
            const to = Number(query.get('created[lt]') ?? Number.POSITIVE_INFINITY);
            const found = records.toReversed().filter(({ created }) => created >= from && created < to);
            const first = found.findIndex(({ id }) => id === query.get('starting_after')) + 1;
            const added = Array.from({ length: made[index] ?? 0 }, () => ({
              id: `id_${serial++}`,
              created: end / 1000,
            }));
            records = [...records, ...added];
            return { body: { data: found.slice(first, first + 3), has_more: found.length > first + 3 } };
          });
          const request = requestFor({ properties: { entityName }, incrementalField: 'created' });
          const rows = await pull(request, http);
          // What lies outside, of a list that knows no times, the engine drops.
          const read = rows.filter(([, created]) => isInside(Date.parse(String(created)) / 1000));
          expect(read.map(([id]) => String(id)).toSorted()).toEqual(inside.map(({ id }) => id).toSorted());
        },
      ),
      { numRuns: 200 },
    );
  },
);
