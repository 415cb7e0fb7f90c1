import { bearer } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

const seconds = (time: number): number => time / 1000;

/** The fields of the specification's `customer`, with the values of Stripe's own fixtures where nothing varies. */
function customer(record: SimulatedRecord): object {
  return {
    id: `cus_${String(record.number).padStart(14, '0')}`,
    object: 'customer',
    address: record.pick([
      null,
      { city: 'Graz', country: 'AT', line1: 'Hauptplatz 1', line2: null, postal_code: '8010', state: null },
    ]),
    balance: record.pick([0, -500, 1999]),
    created: seconds(record.createdAt),
    currency: record.pick(['usd', 'eur', null]),
    default_source: null,
    delinquent: record.pick([false, true]),
    description: `version ${record.version}`,
    discount: null,
    email: `customer-${record.number}@example.com`,
    invoice_prefix: `S${record.number}`,
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null },
    livemode: false,
    metadata: { order: String(record.number) },
    name: `Customer ${record.number}`,
    next_invoice_sequence: record.version,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: record.pick(['none', 'exempt', 'reverse']),
    test_clock: null,
  };
}

/** Newest first; pages of 1 to 100, 10 unless told; a page begins after a record that may be deleted by then. */
function customers({ query }: Asked, world: World): Answer {
  const limit = Number(query.get('limit') ?? 10);
  if (!(limit >= 1 && limit <= 100)) return refuse(400, undefined, `Invalid limit: ${query.get('limit')}`);
  const after = query.get('starting_after');
  const before = after === null ? Number.POSITIVE_INFINITY : Number(after.replace('cus_', ''));
  if (after !== null && !world.collection('customers').find(before)) {
    return refuse(400, undefined, `No such customer: '${after}'`);
  }
  const bounds: [string, (created: number, bound: number) => boolean][] = [
    ['created[gt]', (created, bound) => created > bound],
    ['created[gte]', (created, bound) => created >= bound],
    ['created[lt]', (created, bound) => created < bound],
    ['created[lte]', (created, bound) => created <= bound],
  ];
  const email = query.get('email');
  const found = world
    .collection('customers')
    .live()
    .toReversed()
    .filter((record) => {
      if (record.number >= before) return false;
      if (email !== null && email !== `customer-${record.number}@example.com`) return false;
      return bounds.every(([name, holds]) => {
        const bound = query.get(name);
        return bound === null || holds(seconds(record.createdAt), Number(bound));
      });
    });
  const data = found.slice(0, limit).map(customer);
  return { body: { object: 'list', url: '/v1/customers', has_more: found.length > limit, data } };
}

function refuse(status: number, retryAfterSeconds?: number, message = `refused with ${status}`): Answer {
  const types: Record<number, string> = { 429: 'rate_limit_error', 500: 'api_error', 503: 'api_error' };
  return {
    status,
    headers: {
      'request-id': 'req_simulated',
      ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: {
      error: {
        type: types[status] ?? 'invalid_request_error',
        ...(status === 429 && { code: 'rate_limit' }),
        message,
      },
    },
  };
}

export const stripe: Vendor = {
  connector: 'Stripe',
  docs: [
    'https://docs.stripe.com/api/customers/list',
    'https://docs.stripe.com/api/pagination',
    'https://docs.stripe.com/api/errors',
    'https://docs.stripe.com/rate-limits',
    'https://github.com/stripe/openapi',
  ],
  settings: {},
  auth: [bearer('sk_test_simulated_4f1c')],
  // Of a sandbox; refusals name no wait.
  rateLimits: [{ requests: 25, seconds: 1 }],
  collections: { customers: {} },
  routes: { 'GET /v1/customers': customers },
  refuse,
  flows: [
    {
      entityName: 'customers',
      collection: 'customers',
      sees: 'inserts',
      identify: ({ id, description }) => numbered(id, description),
    },
  ],
};
