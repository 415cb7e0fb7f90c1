import { basic, oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { type Predicate, predicate } from '../expression.ts';
import { numbered, type Vendor } from '../vendor.ts';

/** Milliseconds that searches lag behind. */
const lag = 10_000;
const stamp = (time: number): string => new Date(time).toISOString().replace('Z', '+0000');

/** Id → schema of the site's fields. */
const fields: Readonly<Record<string, object>> = {
  summary: { type: 'string', system: 'summary' },
  description: { type: 'doc', system: 'description' },
  created: { type: 'datetime', system: 'created' },
  updated: { type: 'datetime', system: 'updated' },
  duedate: { type: 'date', system: 'duedate' },
  labels: { type: 'array', items: 'string', system: 'labels' },
  status: { type: 'status', system: 'status' },
  priority: { type: 'priority', system: 'priority' },
  assignee: { type: 'user', system: 'assignee' },
  project: { type: 'project', system: 'project' },
  customfield_10016: {
    type: 'number',
    custom: 'com.atlassian.jira.plugin.system.customfieldtypes:float',
    customId: 10_016,
  },
};

function issue(record: SimulatedRecord, wanted: readonly string[]): object {
  const { number, version, createdAt, updatedAt } = record;
  const paragraph = {
    type: 'paragraph',
    content: [{ type: 'text', text: record.pick(['Broken.', 'Größe „L“']) }],
  };
  const values: Record<string, unknown> = {
    summary: `Issue ${number}, version ${version}`,
    description: record.pick([null, { type: 'doc', version: 1, content: [paragraph] }]),
    created: stamp(createdAt),
    updated: stamp(updatedAt),
    duedate: record.pick([null, '2026-04-01']),
    labels: record.pick([[], ['bug', 'ui']]),
    status: {
      self: 'https://acme.atlassian.net/rest/api/3/status/1',
      id: '1',
      name: record.pick(['Open', 'Done']),
    },
    priority: record.pick([null, { id: '3', name: 'Medium' }]),
    assignee: record.pick([null, { accountId: '5b10a2844c20165700ede21g', displayName: 'Mia Krystof' }]),
    project: { id: '10000', key: 'EX', name: 'Example' },
    customfield_10016: record.pick([null, 3, 0.5]),
  };
  const isWanted = (name: string) => wanted.includes(name) || wanted.includes('*all');
  return {
    expand: '',
    id: String(10_000 + number),
    self: `https://acme.atlassian.net/rest/api/3/issue/${10_000 + number}`,
    key: `EX-${number}`,
    fields: Object.fromEntries(Object.entries(values).filter(([name]) => isWanted(name))),
  };
}

const stamps = { created: 'createdAt', updated: 'updatedAt' } as const;
const isStamp = (name: string): name is keyof typeof stamps => name in stamps;

/** `updated >= 1772438400000`, `created < "2026-03-02 08:00"`, `created is not EMPTY` */
function comparison(text: string): Predicate<SimulatedRecord> | undefined {
  const [, name = '', operator = '', value = ''] = /^(\w+)\s*(>=|<=|>|<|=|is not)\s*(.+)$/i.exec(text) ?? [];
  const field = name.toLowerCase();
  if (!isStamp(field)) return undefined;
  if (operator.toLowerCase() === 'is not') return () => true;
  const quoted = value
    .replaceAll(/^["']|["']$/g, '')
    .replaceAll('/', '-')
    .replace(' ', 'T');
  const given = /^-?\d+$/.test(value) ? Number(value) : Date.parse(`${quoted}Z`);
  if (Number.isNaN(given)) return undefined;
  return (record) => {
    const own = record[stamps[field]];
    if (operator === '>=') return own >= given;
    if (operator === '>') return own > given;
    if (operator === '<=') return own <= given;
    return operator === '<' ? own < given : own === given;
  };
}

interface Search {
  readonly holds: Predicate<SimulatedRecord>;
  /** Of two records in the search's order. */
  order(a: Place, b: Place): number;
  placeOf(record: SimulatedRecord): Place;
}
/** The value that is sorted by, and the number. */
type Place = readonly [number, number];

/** @returns `undefined` for a search that is not understood, or not bounded by a restriction */
function search(jql: string): Search | undefined {
  const [where = '', order = ''] = jql.split(/\s*\border by\b\s*/i);
  const holds = predicate(where, comparison);
  if (!holds) return undefined;
  const [, name = 'created', direction = 'asc'] = /^(\w+)(?:\s+(asc|desc))?/i.exec(order) ?? [];
  const by = isStamp(name) ? stamps[name] : 'number';
  const sign = direction.toLowerCase() === 'desc' ? -1 : 1;
  return {
    holds,
    order: (a, b) => sign * (a[0] - b[0]) || a[1] - b[1],
    placeOf: (record) => [record[by], record.number],
  };
}

interface Wanted {
  readonly jql?: string;
  readonly fields?: readonly string[];
  readonly maxResults?: number;
  readonly nextPageToken?: string;
}
const known = [
  'jql',
  'fields',
  'maxResults',
  'nextPageToken',
  'expand',
  'fieldsByKeys',
  'properties',
  'reconcileIssues',
];

/** The token holds the values that the page's last issue is sorted by, as those that people have recorded show. */
function issues({ json }: Asked, world: World): Answer {
  const asked = (json ?? {}) as Wanted;
  const { jql = '', fields: wanted = ['id'], maxResults = 50, nextPageToken } = asked;
  const found = search(jql);
  if (!found || Object.keys(asked).some((name) => !known.includes(name))) return refuse(400);
  const { holds, order, placeOf } = found;
  const after = nextPageToken === undefined ? undefined : placeIn(nextPageToken);
  const rest = world
    .collection('issues')
    .live(world.now() - lag)
    .filter((record) => holds(record) && (after === undefined || order(placeOf(record), after) > 0))
    .sort((a, b) => order(placeOf(a), placeOf(b)));
  // Fewer where many fields are asked for.
  const page = rest.slice(0, world.pageSize(Math.min(100, maxResults)));
  const last = page.at(-1);
  const isLast = page.length === rest.length;
  return {
    body: {
      issues: page.map((record) => issue(record, wanted)),
      isLast,
      ...(last && !isLast && { nextPageToken: Buffer.from(placeOf(last).join('&')).toString('base64') }),
    },
  };
}

function placeIn(token: string): Place {
  const [value = 0, number = 0] = Buffer.from(token, 'base64').toString().split('&').map(Number);
  return [value, number];
}

function refuse(status: number, retryAfterSeconds?: number): Answer {
  const messages: Record<number, string> = {
    400: 'Error in the JQL Query',
    401: 'Client must be authenticated to access this resource.',
    429: 'Rate limit exceeded.',
  };
  return {
    status,
    headers: retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {},
    body: { errorMessages: [messages[status] ?? 'Something went wrong'], errors: {} },
  };
}

export const jiraCloud: Vendor = {
  connector: 'JiraCloud',
  docs: [
    'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/',
    'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-fields/',
    'https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/',
    'https://developer.atlassian.com/cloud/jira/platform/rate-limiting/',
    'https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/',
    'https://support.atlassian.com/jira-software-cloud/docs/jql-fields/',
  ],
  settings: { instanceUrl: 'https://acme.atlassian.net' },
  auth: [
    basic(
      { email: 'mia@example.com', apiToken: 'atatt-simulated-5d5d' },
      { name: 'basic', pair: ['mia@example.com', 'atatt-simulated-5d5d'] },
    ),
    oauth2({
      grant: 'authorizationCode',
      tokenPath: '/oauth/token',
      authorizePath: '/authorize',
      expiresIn: 3600,
      rotates: true,
      json: true,
      client: 'form',
      shape: ({ token_type: _, ...standard }) => ({ ...standard, scope: 'read:jira-work offline_access' }),
      refusedRefresh: {
        status: 403,
        body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' },
      },
    }),
  ],
  rateLimits: [{ requests: 100, seconds: 1 }],
  collections: { issues: { precision: 1 } },
  routes: {
    'GET /rest/api/3/myself': () => ({
      body: { accountId: '5b10a2844c20165700ede21g', displayName: 'Mia Krystof' },
    }),
    'GET /rest/api/3/serverInfo': (_, { now }) => ({
      body: { baseUrl: 'https://acme.atlassian.net', deploymentType: 'Cloud', serverTime: stamp(now()) },
    }),
    'GET /rest/api/3/field': () => ({
      body: Object.entries(fields).map(([id, schema]) => ({
        id,
        key: id,
        name: id,
        custom: id.startsWith('customfield_'),
        orderable: true,
        navigable: true,
        searchable: true,
        clauseNames: [id],
        schema,
      })),
    }),
    'POST /rest/api/3/search/jql': issues,
  },
  refuse,
  flows: [
    {
      entityName: 'issues',
      collection: 'issues',
      sees: 'changes',
      identify: ({ key, summary }) => numbered(key, summary),
    },
  ],
};
