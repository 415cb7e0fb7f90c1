import { basic, oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, Handler, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

const minute = 60_000;
const iso = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z');

/** What the specification's `TicketObject` has and a ticket of the export shows. */
function ticket(record: SimulatedRecord): object {
  const { number, version, createdAt, updatedAt, touchedAt, isDeleted } = record;
  return {
    id: number,
    url: `https://acme.zendesk.com/api/v2/tickets/${number}.json`,
    external_id: null,
    via: { channel: record.pick(['web', 'email']), source: { from: {}, to: {}, rel: null } },
    created_at: iso(createdAt),
    updated_at: iso(updatedAt),
    generated_timestamp: touchedAt / 1000,
    type: record.pick([null, 'incident', 'question']),
    subject: `Ticket ${number}, version ${version}`,
    raw_subject: `Ticket ${number}, version ${version}`,
    description: record.pick(['The fire is very colourful.', 'Es brennt.\n„Schnell!“']),
    priority: record.pick(['low', 'high', null]),
    status: isDeleted ? 'deleted' : record.pick(['new', 'open', 'solved', 'closed']),
    recipient: null,
    requester_id: 20_978_392,
    submitter_id: 76_872,
    assignee_id: record.pick([235_323, null]),
    organization_id: null,
    group_id: 98_738,
    collaborator_ids: [],
    follower_ids: record.pick([[], [35_334, 234]]),
    email_cc_ids: [],
    forum_topic_id: null,
    problem_id: null,
    has_incidents: false,
    is_public: true,
    due_at: null,
    tags: record.pick([[], ['enterprise', 'other_tag']]),
    custom_fields: [{ id: 27_642, value: record.pick(['745', null]) }],
    satisfaction_rating: { score: 'unoffered' },
    sharing_agreement_ids: [],
    followup_ids: [],
    brand_id: 360_002,
    allow_channelback: false,
    allow_attachments: true,
    from_messaging_channel: false,
  };
}

function user(record: SimulatedRecord): object {
  const { number, version, createdAt, updatedAt } = record;
  return {
    id: number,
    url: `https://acme.zendesk.com/api/v2/users/${number}.json`,
    name: `User ${number}, version ${version}`,
    email: `user-${number}@example.com`,
    created_at: iso(createdAt),
    updated_at: iso(updatedAt),
    time_zone: 'Vienna',
    active: true,
    verified: record.pick([true, false]),
    shared: false,
    role: record.pick(['end-user', 'agent']),
    tags: [],
    suspended: false,
    user_fields: {},
  };
}

/** Sorted by the time of the last change of any kind; a cursor is a place in that order. The last minute is left out. */
function exported(
  name: string,
  collection: string,
  show: (record: SimulatedRecord) => object,
  all: boolean,
): Handler {
  return ({ query }: Asked, world: World): Answer => {
    const size = world.pageSize(Math.min(1000, Number(query.get('per_page') ?? 1000)));
    const cursor = query.get('cursor');
    const start = Number(query.get('start_time'));
    if (cursor === null && !(start > 0)) return refuse(400);
    if (cursor === null && start * 1000 > world.now() - minute) {
      const description = 'Too recent start_time. Use a start_time older than 60 seconds';
      return { status: 422, body: { error: 'StartTimeTooRecent', description } };
    }
    const [after = 0, afterNumber = 0] = cursor === null ? [] : decoded(cursor);
    const { live, all: withDeleted } = world.collection(collection);
    const found = (all ? withDeleted() : live())
      .filter(({ touchedAt, number }) => {
        if (touchedAt > world.now() - minute) return false;
        if (cursor === null) return touchedAt >= start * 1000;
        return touchedAt > after || (touchedAt === after && number > afterNumber);
      })
      .sort((a, b) => a.touchedAt - b.touchedAt || a.number - b.number);
    const page = found.slice(0, size);
    const last = page.at(-1);
    const next = last ? encoded(last.touchedAt, last.number) : cursor;
    return {
      body: {
        [name]: page.map(show),
        after_cursor: next,
        after_url: next && `${world.origin}/api/v2/incremental/${name}/cursor.json?cursor=${next}`,
        before_cursor: null,
        before_url: null,
        end_of_stream: found.length <= size,
      },
    };
  };
}

const encoded = (...numbers: number[]): string => Buffer.from(numbers.join('||')).toString('base64');
const decoded = (cursor: string): number[] =>
  Buffer.from(cursor, 'base64').toString().split('||').map(Number);

/** Cursor pages of `page[size]`, in the order of ids. */
function users({ query }: Asked, world: World): Answer {
  const size = Math.min(100, Number(query.get('page[size]') ?? 100));
  const [after = 0] = query.has('page[after]') ? decoded(query.get('page[after]') ?? '') : [];
  const found = world
    .collection('users')
    .live()
    .filter(({ number }) => number > after);
  const page = found.slice(0, size);
  const cursor = encoded(page.at(-1)?.number ?? after);
  return {
    body: {
      users: page.map(user),
      meta: { has_more: found.length > size, after_cursor: cursor, before_cursor: null },
      links: { next: `${world.origin}/api/v2/users.json?page[after]=${cursor}`, prev: null },
    },
  };
}

const refusals: Record<number, readonly [string, string]> = {
  401: ['Couldn’t authenticate you', ''],
  404: ['RecordNotFound', 'Not found'],
  429: ['APIRateLimitExceeded', 'Number of allowed API requests per minute exceeded'],
};

function refuse(status: number, retryAfterSeconds?: number): Answer {
  const [error, description] = refusals[status] ?? ['InternalError', 'Something went wrong'];
  return {
    status,
    headers: {
      'x-zendesk-request-id': 'simulated',
      ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: { error, ...(description && { description }) },
  };
}

const tickets = exported('tickets', 'tickets', ticket, true);
const changedUsers = exported('users', 'users', user, false);

export const zendesk: Vendor = {
  connector: 'Zendesk',
  docs: [
    'https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/',
    'https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api',
    'https://developer.zendesk.com/api-reference/introduction/pagination/',
    'https://developer.zendesk.com/api-reference/introduction/rate-limits/',
    'https://support.zendesk.com/hc/en-us/articles/9182123625370-Announcing-support-for-OAuth-refresh-token-grant-type-and-OAuth-access-and-refresh-token-expirations',
  ],
  settings: { instanceUrl: 'https://acme.zendesk.com' },
  auth: [
    basic(
      { email: 'agent@example.com', apiToken: 'zd-simulated-77aa' },
      { name: 'basic', pair: ['agent@example.com/token', 'zd-simulated-77aa'] },
    ),
    oauth2({
      grant: 'authorizationCode',
      tokenPath: '/oauth/tokens',
      authorizePath: '/oauth/authorizations/new',
      expiresIn: 1800,
      rotates: true,
    }),
  ],
  rateLimits: [
    { requests: 10, seconds: 60, counts: ({ url }) => url.startsWith('/api/v2/incremental/') },
    { requests: 700, seconds: 60 },
  ],
  collections: {
    // Triggers and automations touch tickets without an update that anybody would call one.
    tickets: { touches: 20 },
    users: {},
  },
  routes: {
    'GET /api/v2/users/me': () => ({ body: { user: { id: 1, name: 'Agent', role: 'admin' } } }),
    'GET /api/v2/users': users,
    'GET /api/v2/incremental/tickets/cursor': tickets,
    'GET /api/v2/incremental/tickets/cursor.json': tickets,
    'GET /api/v2/incremental/users/cursor': changedUsers,
    'GET /api/v2/incremental/users/cursor.json': changedUsers,
  },
  refuse,
  flows: [
    {
      entityName: 'tickets',
      collection: 'tickets',
      sees: 'deletions',
      settlesAfterSeconds: 60,
      identify: ({ id, subject }) => numbered(id, subject),
      repeats: 'a touch by the system brings the ticket again',
    },
    {
      entityName: 'users',
      collection: 'users',
      sees: 'changes',
      identify: ({ id, name }) => numbered(id, name),
    },
  ],
};
