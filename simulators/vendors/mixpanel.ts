import { gzipSync } from 'node:zlib';
import { basic } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { hashed } from '../random.ts';
import { numbered, type Vendor } from '../vendor.ts';

const projectId = '2195193';
const day = 24 * 3600 * 1000;
/** Milliseconds after which an event that was sent late is there, at most. */
const late = 600_000;

interface EngageSession {
  readonly where: string;
  readonly profiles: readonly object[];
}

function profile(record: SimulatedRecord): object {
  return {
    $distinct_id: `user-${record.number}`,
    $properties: {
      $created: new Date(record.createdAt).toISOString().slice(0, 19),
      $last_seen: new Date(record.updatedAt).toISOString().slice(0, 19),
      $email: `user-${record.number}@example.com`,
      $first_name: record.pick(['Mia', 'João', 'Zoë']),
      Plan: record.pick(['free', 'team', null]),
      Note: `version ${record.version}`,
    },
  };
}

/**
 * The first page begins a session, and the others are of what it has found: who changes meanwhile is seen by the next one.
 * A page is the last if it has fewer results than `page_size` says.
 */
function engage({ query, text }: Asked, world: World): Answer {
  if (query.get('project_id') !== projectId)
    return refuse(400, undefined, 'project_id is missing or invalid');
  const form = new URLSearchParams(text);
  const page = Number(form.get('page') ?? 0);
  const { where, sessionId } = { where: form.get('where') ?? '', sessionId: form.get('session_id') };
  if (where !== '') return refuse(400, undefined, `unable to parse selector: ${where}`);
  if (!(Number.isInteger(page) && page >= 0)) return refuse(400, undefined, 'page is no whole number');
  if (page > 0 && sessionId === null) return refuse(400, undefined, 'session_id is needed for pages above 0');
  const sessions = world.memory as Map<string, EngageSession>;
  const id = sessionId ?? `${Math.floor(world.now() / 1000)}-${sessions.size}`;
  const known = sessions.get(id);
  if (sessionId !== null && known?.where !== where) return refuse(400, undefined, 'no such session');
  const session = known ?? { where, profiles: world.collection('profiles').live().map(profile) };
  sessions.set(id, session);
  const size = world.pageSize(1000);
  const results = session.profiles.slice(page * size, (page + 1) * size);
  return {
    body: { page, page_size: size, session_id: id, status: 'ok', total: session.profiles.length, results },
  };
}

function event(record: SimulatedRecord, inMilliseconds: boolean): object {
  return {
    event: record.pick(['Signed up', 'Bought', '$mp_web_page_view']),
    properties: {
      time: inMilliseconds ? record.createdAt : Math.floor(record.createdAt / 1000),
      distinct_id: `user-${hashed(90, record.number)}`,
      $insert_id: `event-${record.number}`,
      $city: record.pick(['Graz', 'São Paulo', null]),
      mp_processing_time_ms: record.createdAt + delay(record),
      Amount: record.pick([0, 12.5, 1999]),
    },
  };
}

const delay = ({ number }: SimulatedRecord): number => hashed(late, number, 7);

/** JSON Lines of all events of whole days of UTC, both included; those of a user stand together. No events, no lines. */
function exported({ query, headers }: Asked, world: World): Answer {
  if (query.get('project_id') !== projectId)
    return refuse(400, undefined, 'project_id is missing or invalid');
  const from = dayOf(query.get('from_date'));
  const to = dayOf(query.get('to_date'));
  if (from === undefined || to === undefined)
    return refuse(400, undefined, 'from_date and to_date are required');
  if (from > world.now()) return refuse(400, undefined, 'from_date is later than today');
  if (query.has('where') || query.has('event')) return refuse(400, undefined, 'no such event');
  const user = ({ number }: SimulatedRecord): number => hashed(90, number);
  const lines = world
    .collection('events')
    .live()
    .filter((record) => record.createdAt >= from && record.createdAt < to + day)
    .filter((record) => record.createdAt + delay(record) <= world.now())
    .sort((a, b) => user(a) - user(b) || a.number - b.number)
    .map((record) => `${JSON.stringify(event(record, query.get('time_in_ms') === 'true'))}\n`)
    .join('');
  const isZipped = lines.length > 1400 && /\bgzip\b/.test(headers['accept-encoding'] ?? '');
  return {
    headers: { 'content-type': 'text/plain', ...(isZipped && { 'content-encoding': 'gzip' }) },
    body: isZipped ? gzipSync(lines) : lines,
  };
}

function dayOf(text: string | null): number | undefined {
  return /^\d{4}-\d\d-\d\d$/.test(text ?? '') ? Date.parse(`${text}T00:00:00Z`) : undefined;
}

/** No answer says how long to wait. */
function refuse(status: number, retryAfterSeconds?: number, error?: string): Answer {
  const messages: Record<number, string> = {
    401: 'Invalid service account credentials',
    404: 'Not found',
    429: 'Query rate limit exceeded',
    500: 'An internal error occurred',
    503: 'Service unavailable',
  };
  return {
    status,
    headers: retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {},
    body: { status: 'error', error: error ?? messages[status] ?? 'refused' },
  };
}

const isExport = ({ url }: Asked): boolean => url.startsWith('/api/2.0/export');
const isQuery = ({ url }: Asked): boolean => url.startsWith('/api/query/');

export const mixpanel: Vendor = {
  connector: 'Mixpanel',
  docs: [
    'https://docs.mixpanel.com/reference/engage-query',
    'https://docs.mixpanel.com/reference/raw-event-export',
    'https://docs.mixpanel.com/reference/rate-limits',
    'https://docs.mixpanel.com/reference/service-accounts',
    'https://docs.mixpanel.com/troubleshooting/errors/401-unauthorized',
    'https://github.com/mixpanel/docs/tree/main/openapi',
  ],
  settings: { projectId },
  auth: [basic({ username: 'reader.4f1c.mp-service-account', password: 'simulated-service-secret-77ab' })],
  rateLimits: [
    { requests: 60, seconds: 3600, counts: isQuery, refuse: () => refuse(429) },
    { requests: 60, seconds: 3600, counts: isExport, refuse: () => refuse(429) },
    { requests: 3, seconds: 1, counts: isExport, refuse: () => refuse(429) },
  ],
  collections: {
    profiles: {},
    // What happened has happened. Copies, which Mixpanel may show until it has found them, are for clients that send them.
    events: { precision: 1, creates: 100, deletes: 0, unchanging: true },
  },
  routes: {
    'GET /api/app/me': () => ({ body: { status: 'ok', results: { user_id: 4, user_name: 'reader' } } }),
    'POST /api/query/engage': engage,
    'GET /api/2.0/export': exported,
  },
  refuse,
  flows: [
    {
      entityName: 'engage',
      collection: 'profiles',
      sees: 'all',
      identify: ({ $distinct_id: id, $properties: properties }) =>
        numbered(id, (properties as { Note?: string }).Note),
    },
    {
      entityName: 'export',
      collection: 'events',
      sees: 'inserts',
      // Days are those of the project's zone, which may be as far behind.
      settlesAfterSeconds: 24 * 3600,
      identify: ({ $insert_id: id }) => numbered(id, 1),
    },
  ],
};
