import { oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

const [minute, day] = [60_000, 24 * 3600_000];
const written = (time: number): string => new Date(time).toISOString().replace('.000Z', '+0000');

/** An ID may stand twice: for what moves the balance, and for what does not. */
const isMemo = (number: number): boolean => number % 7 === 0;

/** Members of the specification's `transaction_detail`. */
function detail({ query }: Asked, record: SimulatedRecord): object {
  const { number, version, createdAt, updatedAt } = record;
  const money = (value: string) => ({ currency_code: record.pick(['USD', 'EUR'], 1), value });
  const transaction = {
    paypal_account_id: '6STWC2LSUYYYE',
    transaction_id: `T${String(isMemo(number) ? number - 1 : number).padStart(16, '0')}`,
    transaction_event_code: isMemo(number) ? 'T1300' : 'T0006',
    transaction_initiation_date: written(createdAt),
    transaction_updated_date: written(updatedAt),
    transaction_amount: money(record.pick(['465.00', '12.50', '-78.00'])),
    fee_amount: money('-13.79'),
    transaction_status: record.pick(['S', 'P', 'V'], 2),
    invoice_id: `Invoice-${number}`,
    custom_field: `version ${version}`,
    protection_eligibility: '01',
  };
  if (query.get('fields') !== 'all') return { transaction_info: transaction };
  return {
    transaction_info: transaction,
    payer_info: { account_id: `PAYER${number}`, payer_status: 'Y', country_code: 'US' },
    shipping_info: { name: 'Sherlock Holmes' },
    cart_info: { item_details: [{ item_name: 'Lamp', item_quantity: '1' }] },
    store_info: {},
    auction_info: {},
    incentive_info: {},
  };
}

/**
 * What is listed is what the last refresh found, up to three hours after it happened: "it takes a maximum of three hours".
 * The answer tells when that was; that the refreshes are a quarter of an hour apart is a guess.
 */
function listed(world: World): { readonly refreshedAt: number; readonly records: SimulatedRecord[] } {
  const refreshedAt = Math.floor(world.now() / (15 * minute)) * 15 * minute;
  const { all, versions } = world.collection('transactions');
  const isListed = (record: SimulatedRecord): boolean =>
    record.updatedAt + record.pick([0, 20, 90, 165], 3) * minute <= refreshedAt;
  return {
    refreshedAt,
    records: all().flatMap(({ number }) => versions(number).findLast(isListed) ?? []),
  };
}

const moment =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** A range of update times, both ends included, of 31 days at most; 10,000 transactions at most on all pages. */
function transactions(asked: Asked, world: World): Answer {
  const { query } = asked;
  const [start = '', end = ''] = ['start_date', 'end_date'].map((name) => query.get(name) ?? '');
  const [page, size] = [Number(query.get('page') ?? 1), Number(query.get('page_size') ?? 100)];
  if (!moment.test(start) || !moment.test(end)) return invalid('start_date', 'INVALID_PARAMETER_VALUE');
  const [from, to] = [Date.parse(start), Date.parse(end)];
  if (from > to || to - from > 31 * day) {
    return invalid('end_date', 'Date range is greater than 31 days');
  }
  if (!(page >= 1) || !(size >= 1 && size <= 500)) return invalid('page_size', 'INVALID_PARAMETER_VALUE');
  const isWanted = query.get('balance_affecting_records_only') === 'N' ? () => true : isBalanceMoved;
  const { refreshedAt, records } = listed(world);
  const found = records
    .filter((one) => one.updatedAt >= from && one.updatedAt <= to && isWanted(one))
    .sort((a, b) => a.updatedAt - b.updatedAt || a.number - b.number);
  if (found.length > 10_000) {
    const message =
      'Result set size is greater than the maximum limit. Change the filter criteria and try again.';
    return { status: 400, body: { name: 'RESULTSET_TOO_LARGE', message, debug_id: '90957fca61718' } };
  }
  const most = world.pageSize(size);
  return {
    headers: { 'paypal-debug-id': '90957fca61718' },
    body: {
      transaction_details: found.slice((page - 1) * most, page * most).map((one) => detail(asked, one)),
      account_number: 'XZXSPECPDZHZU',
      start_date: written(from),
      end_date: written(to),
      last_refreshed_datetime: written(refreshedAt),
      page,
      total_items: found.length,
      total_pages: Math.ceil(found.length / most),
    },
  };
}

function isBalanceMoved({ number }: SimulatedRecord): boolean {
  return !isMemo(number);
}

function balances(_: Asked, world: World): Answer {
  const time = written(Math.floor(world.now() / 1000) * 1000);
  return { body: { balances: [], account_id: '6STWC2LSUYYYE', as_of_time: time, last_refresh_time: time } };
}

function invalid(field: string, issue: string): Answer {
  const refused = refuse(400);
  return {
    ...refused,
    body: { ...(refused.body as object), details: [{ field, location: 'query', issue }] },
  };
}

const refusals: Readonly<Record<number, readonly [string, string]>> = {
  400: ['INVALID_REQUEST', 'Request is not well-formed, syntactically incorrect, or violates schema.'],
  401: [
    'AUTHENTICATION_FAILURE',
    'Authentication failed due to missing authorization header, or invalid authentication credentials.',
  ],
  404: ['RESOURCE_NOT_FOUND', 'The specified resource does not exist.'],
  429: ['RATE_LIMIT_REACHED', 'Too many requests. Blocked due to rate limiting.'],
  500: ['INTERNAL_SERVER_ERROR', 'An internal server error occurred.'],
  503: ['SERVICE_UNAVAILABLE', 'Service Unavailable.'],
};

function refuse(status: number, retryAfterSeconds?: number): Answer {
  const [name, message] = refusals[status] ?? ['', ''];
  return {
    status,
    headers: {
      'paypal-debug-id': '90957fca61718',
      ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: { name, message, debug_id: '90957fca61718', links: [] },
  };
}

const settlesAfterSeconds = 3 * 3600;

export const paypal: Vendor = {
  connector: 'PayPal',
  docs: [
    'https://developer.paypal.com/docs/api/transaction-search/v1/',
    'https://developer.paypal.com/docs/transaction-search/',
    'https://github.com/paypal/paypal-rest-api-specifications/blob/main/openapi/reporting_transactions_v1.json',
    'https://developer.paypal.com/api/rest/authentication/',
    'https://developer.paypal.com/api/rest/reference/rate-limiting/',
    'https://docs.paypal.ai/growth/reports/troubleshooting',
  ],
  settings: {},
  auth: [
    oauth2({
      grant: 'clientCredentials',
      tokenPath: '/v1/oauth2/token',
      expiresIn: 32_400,
      client: 'basic',
      shape: (standard) => ({
        scope: 'https://uri.paypal.com/services/reporting/search/read',
        ...standard,
        app_id: 'APP-80W284485P519543T',
        nonce: '2026-03-02T08:00:00Zsimulated',
      }),
    }),
  ],
  // PayPal publishes no numbers: these are a guess. A refusal names no wait.
  rateLimits: [{ requests: 600, seconds: 60, refuse: () => refuse(429) }],
  // What was paid is never deleted. Pages are as large as they are asked for.
  collections: { transactions: { records: (count) => count * 3, deletes: 0 } },
  routes: { 'GET /v1/reporting/transactions': transactions, 'GET /v1/reporting/balances': balances },
  refuse,
  flows: [
    {
      entityName: 'transactions',
      collection: 'transactions',
      sees: 'changes',
      settlesAfterSeconds,
      has: isBalanceMoved,
      identify: ({ transaction_info }) => identified(transaction_info),
    },
    {
      entityName: 'transactions',
      title: 'all transactions',
      collection: 'transactions',
      sees: 'changes',
      settlesAfterSeconds,
      tasks: [
        {
          taskType: 'Filter',
          sourceFields: ['balance_affecting_records_only'],
          connectorOperator: { CustomConnector: 'EQUAL_TO' },
          taskProperties: { DATA_TYPE: 'string', VALUE: 'N' },
        },
      ],
      identify: ({ transaction_info }) => identified(transaction_info),
    },
  ],
};

function identified(info: unknown): { number: number; version: number } {
  const { invoice_id, custom_field } = info as Readonly<Record<string, unknown>>;
  return numbered(invoice_id, custom_field);
}
