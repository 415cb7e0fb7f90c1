import { oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

const companyId = '4620816365012345678';
/** Moments are written with the company's own offset. */
const local = (time: number): string =>
  new Date(time - 8 * 3600_000).toISOString().replace('.000Z', '-08:00');

/** Members of the schema's `Customer`. A customer is never deleted: it becomes inactive. */
function customer(record: SimulatedRecord) {
  const { number, version, createdAt, updatedAt, isDeleted } = record;
  return {
    Id: String(number),
    SyncToken: String(version - 1),
    domain: 'QBO',
    sparse: false,
    MetaData: { CreateTime: local(createdAt), LastUpdatedTime: local(updatedAt) },
    DisplayName: `Customer ${number}`,
    FullyQualifiedName: `Customer ${number}`,
    Notes: `version ${version}`,
    Active: !isDeleted,
    Job: false,
    Taxable: record.pick([true, false]),
    Balance: record.pick([0, 85.5, 1200]),
    BalanceWithJobs: record.pick([0, 85.5, 1200]),
    CurrencyRef: { value: 'USD', name: 'United States Dollar' },
    PreferredDeliveryMethod: 'Print',
    ...record.pick([{}, { PrimaryEmailAddr: { Address: `customer-${number}@example.com` } }]),
  };
}

/** Members of the schema's `Invoice`. A deleted one is in no list. */
function invoice(record: SimulatedRecord) {
  const { number, version, createdAt, updatedAt } = record;
  return {
    Id: String(number),
    SyncToken: String(version - 1),
    domain: 'QBO',
    sparse: false,
    MetaData: { CreateTime: local(createdAt), LastUpdatedTime: local(updatedAt) },
    DocNumber: String(1000 + number),
    TxnDate: local(createdAt).slice(0, 10),
    PrivateNote: `version ${version}`,
    CurrencyRef: { value: 'USD' },
    CustomerRef: { value: '1', name: 'Customer 1' },
    Line: [
      {
        Id: '1',
        LineNum: 1,
        Amount: 150,
        DetailType: 'SalesItemLineDetail',
        SalesItemLineDetail: { ItemRef: { value: '1', name: 'Services' } },
      },
    ],
    TotalAmt: record.pick([150, 362.07]),
    Balance: record.pick([0, 150]),
    DueDate: local(createdAt + 30 * 24 * 3600_000).slice(0, 10),
  };
}

type Row = ReturnType<typeof customer> | ReturnType<typeof invoice>;

/** Rows of an entity. Without a word of `Active` a query finds active ones alone. */
function rowsOf(entity: string, names: readonly string[], world: World): Row[] | undefined {
  if (entity === 'Invoice') return world.collection('invoices').live().map(invoice);
  if (entity !== 'Customer') return undefined;
  const { all, live } = world.collection('customers');
  return (names.includes('Active') ? all() : live()).map(customer);
}

const statement =
  /^select\s+(\*|count\(\*\))\s+from\s+(\w+)(?:\s+where\s+(.+?))?(?:\s+order\s?by\s+([\w.]+)(?:\s+(asc|desc))?)?(?:\s+startposition\s+(\d+))?(?:\s+maxresults\s+(\d+))?\s*$/i;
const condition = /^([\w.]+)\s*(>=|<=|=|>|<|in|like)\s*(.+)$/i;

function valueAt(row: Row, path: string): string | number | boolean | undefined {
  const found = path
    .split('.')
    .reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>> | undefined)?.[name], row);
  const isMoment = typeof found === 'string' && /^\d{4}-\d\d-\d\dT/.test(found);
  return isMoment ? Date.parse(found) : (found as string | number | boolean | undefined);
}

function literalOf(text: string): string | number | boolean {
  const [, quoted] = /^'(.*)'$/.exec(text) ?? [];
  if (quoted === undefined) return text === 'true' ? true : text === 'false' ? false : Number(text);
  return /^\d{4}-\d\d-\d\dT/.test(quoted) ? Date.parse(quoted) : quoted.replaceAll("\\'", "'");
}

function holds(row: Row, [, path = '', operator = '', operand = '']: readonly string[]): boolean {
  const value = valueAt(row, path);
  if (value === undefined) return false;
  if (/^in$/i.test(operator)) {
    return operand
      .slice(1, -1)
      .split(/\s*,\s*/)
      .map(literalOf)
      .includes(value);
  }
  const literal = literalOf(operand);
  switch (operator) {
    case '=':
      return value === literal;
    case '>':
      return value > literal;
    case '>=':
      return value >= literal;
    case '<':
      return value < literal;
    case '<=':
      return value <= literal;
    default:
      return false;
  }
}

/** The query language has AND, no OR; positions are counted from 1, 100 rows come unless told, 1,000 at most. */
function query({ query }: Asked, world: World): Answer {
  const text = query.get('query') ?? '';
  const [, what, entity = '', where, order, direction, start = '1', most = '100'] =
    statement.exec(text) ?? [];
  if (!what) return fault(400, 'QueryParserError', `Encountered "${text}"`, '4000');
  if (Number(most) > 1000) return fault(400, 'QueryValidationError', 'value 1000 exceeded', '4001');
  const conditions = (where?.split(/\s+and\s+/i) ?? []).map((one) => condition.exec(one.trim()) ?? []);
  if (conditions.some((one) => one.length === 0)) {
    return fault(400, 'QueryParserError', `Encountered "${where}"`, '4000');
  }
  const rows = rowsOf(
    entity,
    conditions.map(([, path = '']) => path),
    world,
  );
  if (!rows) return fault(400, 'QueryValidationError', `No such entity ${entity}`, '4001');
  const found = rows.filter((row) => conditions.every((one) => holds(row, one)));
  if (order) {
    const sign = direction?.toLowerCase() === 'desc' ? -1 : 1;
    const keyed = found.map((row) => ({ row, key: valueAt(row, order) ?? '' }));
    keyed.sort((a, b) => sign * (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    found.splice(0, found.length, ...keyed.map(({ row }) => row));
  }
  const time = local(world.now());
  if (what !== '*') return { body: { QueryResponse: { totalCount: found.length }, time } };
  const page = found.slice(Number(start) - 1, Number(start) - 1 + Number(most));
  // Of no rows nothing is said at all.
  const response = { [entity]: page, startPosition: Number(start), maxResults: page.length };
  return { body: { QueryResponse: page.length > 0 ? response : {}, time } };
}

function fault(status: number, Message: string, Detail: string, code: string): Answer {
  return {
    status,
    headers: { intuit_tid: '1-simulated' },
    body: { Fault: { Error: [{ Message, Detail, code }], type: 'ValidationFault' } },
  };
}

function refuse(status: number, retryAfterSeconds?: number): Answer {
  if (status === 429) {
    const refused = fault(
      429,
      'message=ThrottleExceeded; errorCode=003001; statusCode=429',
      'Throttled',
      '3001',
    );
    return {
      ...refused,
      headers: { ...refused.headers, ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }) },
    };
  }
  if (status === 401) {
    const message = 'message=AuthenticationFailed; errorCode=003200; statusCode=401';
    return fault(401, message, 'Token expired', '3200');
  }
  return fault(status, 'An application error has occurred', 'System Failure Error', '10000');
}

const docs = 'https://developer.intuit.com/app/developer/qbo/docs';

export const quickBooksOnline: Vendor = {
  connector: 'QuickBooksOnline',
  docs: [
    `${docs}/learn/explore-the-quickbooks-online-api/data-queries`,
    `${docs}/api/accounting/all-entities/customer`,
    `${docs}/api/accounting/all-entities/invoice`,
    `${docs}/develop/authentication-and-authorization/oauth-2.0`,
    `${docs}/develop/troubleshooting/error-codes`,
    `${docs}/learn/limits-and-throttles`,
  ],
  settings: { companyId, instanceUrl: 'https://quickbooks.api.intuit.com' },
  auth: [
    oauth2({
      grant: 'authorizationCode',
      tokenPath: '/oauth2/v1/tokens/bearer',
      authorizePath: '/connect/oauth2',
      expiresIn: 3600,
      // In truth the new value comes once a day and the old one goes on for a while: this is the worst case.
      rotates: true,
      client: 'basic',
      shape: (standard) => ({ ...standard, x_refresh_token_expires_in: 8_726_400 }),
    }),
  ],
  // Per company; "wait 60 seconds" is all that the vendor says of a refusal.
  rateLimits: [{ requests: 500, seconds: 60, refuse: () => refuse(429) }],
  // Pages are as large as they are asked for.
  collections: { customers: { records: (count) => count * 3 }, invoices: { records: (count) => count * 3 } },
  routes: {
    'GET /v3/company/{company}/query': query,
    'GET /v3/company/{company}/companyinfo/{id}': (_, world) => ({
      body: { CompanyInfo: { Id: '1', CompanyName: 'Acme' }, time: local(world.now()) },
    }),
  },
  refuse,
  flows: [
    {
      entityName: 'Customer',
      collection: 'customers',
      sees: 'deletions',
      identify: ({ DisplayName, Notes }) => numbered(DisplayName, Notes),
    },
    {
      entityName: 'Invoice',
      collection: 'invoices',
      sees: 'changes',
      identify: ({ Id, PrivateNote }) => numbered(Id, PrivateNote),
    },
  ],
};
