import { bearer, oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

/** Milliseconds that the search lags behind. */
const lag = 4000;
/** A search shows no more, however it is paged. */
const mostResults = 10_000;

/** Name → type and field type of the account's properties. */
const properties: Readonly<Record<string, readonly [string, string]>> = {
  hs_object_id: ['number', 'number'],
  createdate: ['datetime', 'date'],
  lastmodifieddate: ['datetime', 'date'],
  email: ['string', 'text'],
  firstname: ['string', 'text'],
  lastname: ['string', 'text'],
  lifecyclestage: ['enumeration', 'radio'],
  num_notes: ['number', 'number'],
  hs_email_optout: ['bool', 'booleancheckbox'],
};

/** Every property is text. */
function valuesOf(record: SimulatedRecord): Record<string, string | null> {
  const { number, version, createdAt, updatedAt } = record;
  return {
    hs_object_id: String(number),
    createdate: new Date(createdAt).toISOString(),
    lastmodifieddate: new Date(updatedAt).toISOString(),
    email: `contact-${number}@example.com`,
    firstname: record.pick(['Maria', 'Jörg', null]),
    lastname: `Contact ${number}, version ${version}`,
    lifecyclestage: record.pick(['lead', 'customer']),
    num_notes: record.pick(['0', '12.5', null]),
    hs_email_optout: record.pick(['true', 'false', null]),
  };
}

interface Filter {
  readonly propertyName: string;
  readonly operator: string;
  readonly value?: string;
  readonly highValue?: string;
  readonly values?: readonly string[];
}

/** Moments as epoch milliseconds or ISO, numbers as such, texts without regard to case. */
function holds(
  record: SimulatedRecord,
  { propertyName, operator, value, highValue, values }: Filter,
): boolean {
  const [type] = properties[propertyName] ?? ['string'];
  const comparable = (text: string): number | string => {
    if (type === 'datetime') return /^\d+$/.test(text) ? Number(text) : Date.parse(text);
    return type === 'number' ? Number(text) : text.toLowerCase();
  };
  const text = valuesOf(record)[propertyName] ?? null;
  if (operator === 'HAS_PROPERTY') return text !== null;
  if (operator === 'NOT_HAS_PROPERTY') return text === null;
  if (text === null) return false;
  const own = comparable(text);
  const given = comparable(value ?? '');
  switch (operator) {
    case 'EQ':
      return own === given;
    case 'NEQ':
      return own !== given;
    case 'GT':
      return own > given;
    case 'GTE':
      return own >= given;
    case 'LT':
      return own < given;
    case 'LTE':
      return own <= given;
    case 'BETWEEN':
      return own >= given && own <= comparable(highValue ?? '');
    case 'IN':
      return (values ?? []).some((one) => comparable(one) === own);
    default:
      return false;
  }
}

interface Search {
  readonly filterGroups?: readonly { readonly filters: readonly Filter[] }[];
  readonly sorts?: readonly (string | { readonly propertyName: string; readonly direction?: string })[];
  readonly properties?: readonly string[];
  readonly limit?: number;
  readonly after?: string | number;
}

function search({ json }: Asked, world: World): Answer {
  const {
    filterGroups = [],
    sorts = [],
    properties: wanted = ['email'],
    limit = 10,
    after = 0,
  } = (json ?? {}) as Search;
  const start = Number(after);
  const isFine =
    limit >= 1 &&
    limit <= 200 &&
    sorts.length <= 1 &&
    filterGroups.length <= 5 &&
    start + limit <= mostResults;
  if (!isFine || filterGroups.some(({ filters }) => filters.length > 6)) return refuse(400);
  const [sort = 'createdate'] = sorts;
  const { propertyName, direction = 'ASCENDING' } = typeof sort === 'string' ? { propertyName: sort } : sort;
  const rank = (record: SimulatedRecord): number =>
    propertyName === 'hs_object_id'
      ? record.number
      : propertyName === 'createdate'
        ? record.createdAt
        : record.updatedAt;
  const sign = direction === 'ASCENDING' ? 1 : -1;
  const found = world
    .collection('contacts')
    .live(world.now() - lag)
    .filter(
      (one) =>
        filterGroups.length === 0 ||
        filterGroups.some(({ filters }) => filters.every((filter) => holds(one, filter))),
    )
    .sort((a, b) => sign * (rank(a) - rank(b)) || a.number - b.number);
  const end = start + world.pageSize(limit);
  return {
    body: {
      total: found.length,
      results: found.slice(start, end).map((record) => shown(record, wanted)),
      ...(end < found.length && { paging: { next: { after: String(end) } } }),
    },
  };
}

function shown(record: SimulatedRecord, wanted: readonly string[]): object {
  const values = valuesOf(record);
  return {
    id: String(record.number),
    properties: Object.fromEntries(
      wanted.filter((name) => name in values).map((name) => [name, values[name]]),
    ),
    createdAt: values.createdate,
    updatedAt: values.lastmodifieddate,
    archived: false,
  };
}

/** The list, which begins after a record's id. */
function list({ query }: Asked, world: World): Answer {
  const limit = world.pageSize(Math.min(100, Number(query.get('limit') ?? 10)));
  const after = Number(query.get('after') ?? 0);
  const found = world
    .collection('contacts')
    .live()
    .filter(({ number }) => number >= after);
  const wanted = query.get('properties')?.split(',') ?? ['email'];
  const next = found[limit];
  return {
    body: {
      results: found.slice(0, limit).map((record) => shown(record, wanted)),
      ...(next && { paging: { next: { after: String(next.number), link: '' } } }),
    },
  };
}

const refusals: Record<number, readonly [string, string]> = {
  400: ['VALIDATION_ERROR', 'Invalid input JSON'],
  401: ['EXPIRED_AUTHENTICATION', 'The OAuth token used to make this call expired.'],
  404: ['OBJECT_NOT_FOUND', 'resource not found'],
  429: ['RATE_LIMITS', 'You have reached your secondly limit.'],
};

function refuse(status: number, retryAfterSeconds?: number): Answer {
  const [category, message] = refusals[status] ?? ['INTERNAL', 'internal error'];
  return {
    status,
    headers: retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {},
    body: {
      status: 'error',
      message,
      correlationId: '00000000-0000-4000-8000-000000000000',
      category,
      ...(status === 429 && { errorType: 'RATE_LIMIT', policyName: 'SECONDLY' }),
    },
  };
}

export const hubspot: Vendor = {
  connector: 'HubSpot',
  docs: [
    'https://developers.hubspot.com/docs/api-reference/crm-search-v3/guide',
    'https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide',
    'https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines',
    'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth',
    'https://developers.hubspot.com/changelog/v1-oauth-api-deprecation',
    'https://developers.hubspot.com/changelog/new-oauth-v3-api-endpoints-and-standardized-error-responses',
  ],
  settings: {},
  auth: [
    bearer('pat-eu1-simulated-3c5d', { name: 'apiKey' }),
    oauth2({
      grant: 'authorizationCode',
      tokenPath: '/oauth/2026-03/token',
      authorizePath: '/oauth/authorize',
      expiresIn: 1800,
      client: 'form',
      refusedRefresh: {
        status: 400,
        body: {
          error: 'invalid_grant',
          error_description: 'refresh token is invalid, expired or revoked',
          status: 'BAD_REFRESH_TOKEN',
          message: 'refresh token is invalid, expired or revoked',
        },
      },
    }),
  ],
  rateLimits: [
    // Refused without a word about when; answers of a search tell no quota.
    { requests: 5, seconds: 1, counts: ({ url }) => url.endsWith('/search'), refuse: () => refuse(429) },
    {
      requests: 110,
      seconds: 10,
      counts: ({ url }) => !url.endsWith('/search'),
      headers: ({ limit, remaining }) => ({
        'x-hubspot-ratelimit-max': String(limit),
        'x-hubspot-ratelimit-remaining': String(remaining),
        'x-hubspot-ratelimit-interval-milliseconds': '10000',
      }),
    },
  ],
  collections: { contacts: { precision: 1 } },
  routes: {
    'GET /account-info/v3/details': () => ({
      body: { portalId: 1, timeZone: 'Europe/Vienna', companyCurrency: 'EUR' },
    }),
    'GET /crm/v3/schemas': () => ({ body: { results: [] } }),
    'GET /crm/v3/properties/contacts': () => ({
      body: {
        results: Object.entries(properties).map(([name, [type, fieldType]]) => ({
          name,
          label: name,
          type,
          fieldType,
          description: '',
          groupName: 'contactinformation',
          options: [],
          hidden: false,
          archived: false,
        })),
      },
    }),
    'GET /crm/v3/objects/contacts': list,
    'POST /crm/v3/objects/contacts/search': search,
  },
  refuse,
  flows: [
    {
      entityName: 'contacts',
      collection: 'contacts',
      sees: 'changes',
      identify: ({ hs_object_id: id, lastname }) => numbered(id, lastname),
    },
  ],
};
