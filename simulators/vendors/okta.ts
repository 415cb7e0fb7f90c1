import { bearer, oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { type Predicate, predicate } from '../expression.ts';
import { numbered, type Vendor } from '../vendor.ts';

/** Milliseconds that the index of searches lags behind. */
const lag = 5000;
const iso = (time: number): string => new Date(time).toISOString();

function user(record: SimulatedRecord): Record<string, unknown> {
  const { number, version, createdAt, updatedAt } = record;
  const id = `00u${String(number).padStart(17, '0')}`;
  return {
    id,
    status: record.pick(['ACTIVE', 'SUSPENDED', 'DEPROVISIONED']),
    created: iso(createdAt),
    activated: record.pick([null, iso(createdAt)]),
    statusChanged: iso(updatedAt),
    lastLogin: null,
    lastUpdated: iso(updatedAt),
    passwordChanged: null,
    type: { id: 'otyfnjfba4ye7pgjB0g4' },
    profile: {
      login: `user-${number}@example.com`,
      email: `user-${number}@example.com`,
      firstName: record.pick(['Isaac', 'Çağla']),
      lastName: `User ${number}, version ${version}`,
      mobilePhone: null,
    },
    credentials: { provider: { type: 'OKTA', name: 'OKTA' } },
    _links: { self: { href: `https://acme.okta.com/api/v1/users/${id}` } },
  };
}

function group(record: SimulatedRecord): Record<string, unknown> {
  const { number, version, createdAt, updatedAt } = record;
  return {
    id: `00g${String(number).padStart(17, '0')}`,
    created: iso(createdAt),
    lastUpdated: iso(updatedAt),
    lastMembershipUpdated: iso(updatedAt),
    objectClass: ['okta:user_group'],
    type: 'OKTA_GROUP',
    profile: { name: `Group ${number}, version ${version}`, description: record.pick([null, 'All of them']) },
    _links: {},
  };
}

const compare: Record<string, (own: string, given: string) => boolean> = {
  eq: (own, given) => own.toLowerCase() === given.toLowerCase(),
  gt: (own, given) => own > given,
  ge: (own, given) => own >= given,
  lt: (own, given) => own < given,
  le: (own, given) => own <= given,
  sw: (own, given) => own.toLowerCase().startsWith(given.toLowerCase()),
};

/** `profile.login eq "ann@example.com"` */
function comparison(text: string): Predicate<Record<string, unknown>> | undefined {
  const [, path = '', operator = '', value = ''] = /^([\w.]+) (\w\w) "((?:[^"\\]|\\.)*)"$/.exec(text) ?? [];
  const holds = compare[operator];
  if (!holds) return undefined;
  return (record) => {
    const own = path
      .split('.')
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | null)?.[name], record);
    return own !== null && own !== undefined && holds(String(own), value);
  };
}

/** A search reads the index; the next page begins after a place in the order. */
function listed(name: string, show: (record: SimulatedRecord) => Record<string, unknown>) {
  return ({ query }: Asked, world: World): Answer => {
    const search = query.get('search');
    const matches = search === null ? () => true : predicate(search, comparison);
    if (!matches) return refuse(400);
    const limit = world.pageSize(Math.min(200, Number(query.get('limit') ?? 200)));
    const sortBy = query.get('sortBy') ?? 'id';
    const sign = query.get('sortOrder') === 'desc' ? -1 : 1;
    const placeOf = (record: Record<string, unknown>): string => `${record[sortBy]} ${record.id}`;
    const order = (a: string, b: string): number => sign * (a < b ? -1 : a > b ? 1 : 0);
    const after = query.get('after');
    const found = world
      .collection(name)
      .live(search === null ? undefined : world.now() - lag)
      .map(show)
      .filter((record) => matches(record) && (after === null || order(placeOf(record), decode(after)) > 0))
      .sort((a, b) => order(placeOf(a), placeOf(b)));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const link = (given: URLSearchParams, relation: string): string =>
      `<${world.origin}/api/v1/${name}?${given}>; rel="${relation}"`;
    const next = new URLSearchParams(query);
    if (last) next.set('after', encode(placeOf(last)));
    const links = [link(query, 'self'), ...(found.length > limit ? [link(next, 'next')] : [])];
    return { headers: { link: links.join(', ') }, body: page };
  };
}

const encode = (place: string): string => Buffer.from(place).toString('base64url');
const decode = (after: string): string => Buffer.from(after, 'base64url').toString();

const refusals: Record<number, readonly [string, string]> = {
  400: ['E0000031', 'Invalid search criteria.'],
  401: ['E0000011', 'Invalid token provided'],
  404: ['E0000007', 'Not found: Resource not found'],
  429: ['E0000047', 'API call exceeded rate limit due to too many requests.'],
};

function refuse(status: number, retryAfterSeconds?: number): Answer {
  const [errorCode, errorSummary] = refusals[status] ?? ['E0000009', 'Internal Server Error'];
  return {
    status,
    headers: {
      'x-okta-request-id': 'simulated',
      ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: { errorCode, errorSummary, errorLink: errorCode, errorId: 'simulated', errorCauses: [] },
  };
}

export const okta: Vendor = {
  connector: 'Okta',
  docs: [
    'https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/#tag/User/operation/listUsers',
    'https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Group/#tag/Group/operation/listGroups',
    'https://developer.okta.com/docs/api/#pagination',
    'https://developer.okta.com/docs/api/#filter',
    'https://developer.okta.com/docs/reference/rl-best-practices/',
    'https://developer.okta.com/docs/guides/refresh-tokens/main/',
  ],
  settings: { domain: 'acme.okta.com' },
  auth: [
    bearer('00-simulated-okta-8e8e', { scheme: 'SSWS', name: 'apiKey' }),
    oauth2({
      grant: 'authorizationCode',
      tokenPath: '/oauth2/v1/token',
      authorizePath: '/oauth2/v1/authorize',
      expiresIn: 3600,
    }),
  ],
  rateLimits: [
    {
      requests: 600,
      seconds: 60,
      headers: ({ limit, remaining, resetAt }) => ({
        'x-rate-limit-limit': String(limit),
        'x-rate-limit-remaining': String(remaining),
        'x-rate-limit-reset': String(Math.ceil(resetAt / 1000)),
      }),
      // Without Retry-After: the headers above say when.
      refuse: () => refuse(429),
    },
  ],
  collections: { users: { precision: 1000 }, groups: { records: (count) => Math.ceil(count / 2) } },
  routes: {
    'GET /api/v1/users/me': () => ({
      body: { id: '00u1', status: 'ACTIVE', profile: { login: 'me@example.com' } },
    }),
    'GET /api/v1/users': listed('users', user),
    'GET /api/v1/groups': listed('groups', group),
  },
  refuse,
  flows: [
    {
      entityName: 'users',
      collection: 'users',
      sees: 'changes',
      identify: (record) => identified('User', record),
    },
    {
      entityName: 'groups',
      collection: 'groups',
      sees: 'changes',
      identify: (record) => identified('Group', record),
    },
  ],
};

function identified(word: string, record: object): { number: number; version: number } {
  const [, number, version] = new RegExp(`${word} (\\d+), version (\\d+)`).exec(JSON.stringify(record)) ?? [];
  return numbered(number, version);
}
