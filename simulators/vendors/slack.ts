import { oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

/** The conversations that the token's user is a member of; a message is in one of them. */
const joined = ['C061FAKE0', 'C061FAKE1', 'C061FAKE2'] as const;
const channelOf = ({ number }: SimulatedRecord): string | undefined => joined[number % joined.length];
/** The id of a message in its channel: its time, and a counter. It never changes. */
const tsOf = ({ number, createdAt }: SimulatedRecord): string =>
  `${createdAt / 1000}.${String(number % 1_000_000).padStart(6, '0')}`;

function message(record: SimulatedRecord): object {
  return {
    type: 'message',
    user: record.pick(['U012AB3CDE', 'U061F7AUR']),
    text: `Message ${record.number}, version ${record.version} :tada: <https://example.com|“link”>`,
    ts: tsOf(record),
    team: 'T061EG9R6',
    ...(record.version > 1 && { edited: { user: 'U061F7AUR', ts: `${record.updatedAt / 1000}.000000` } }),
  };
}

function conversation(id: string, name: string, createdAt: number): object {
  return {
    id,
    name,
    name_normalized: name,
    created: createdAt / 1000,
    creator: 'U061F7AUR',
    is_archived: false,
    is_channel: true,
    is_general: false,
    is_group: false,
    is_im: false,
    is_mpim: false,
    is_private: false,
    is_shared: false,
    is_ext_shared: false,
    is_org_shared: false,
    is_pending_ext_shared: false,
    pending_shared: [],
    previous_names: [],
    purpose: { creator: '', last_set: 0, value: 'Work' },
    topic: { creator: '', last_set: 0, value: '' },
    unlinked: 0,
  };
}

const argumentsOf = ({ query, text, headers }: Asked): URLSearchParams =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded')
    ? new URLSearchParams(text)
    : query;

const cursorOf = (word: string, place: string | number): string =>
  Buffer.from(`${word}:${place}`).toString('base64');
const placeOf = (cursor: string): string => Buffer.from(cursor, 'base64').toString().split(':')[1] ?? '';

/** Newest first, between two bounds that are left out unless `inclusive`; a cursor is the time of the next message. */
function history(asked: Asked, world: World): Answer {
  const given = argumentsOf(asked);
  const channel = given.get('channel') ?? '';
  if (!joined.some((one) => one === channel)) return refused('channel_not_found');
  const limit = world.pageSize(Math.min(999, Number(given.get('limit') ?? 100)));
  const isInclusive = /^(1|true)$/.test(given.get('inclusive') ?? '');
  const bound = (name: string): number | undefined => (given.has(name) ? Number(given.get(name)) : undefined);
  const [oldest, latest] = [bound('oldest'), bound('latest')];
  const cursor = given.get('cursor');
  const from = cursor ? Number(placeOf(cursor)) : Number.POSITIVE_INFINITY;
  const found = world
    .collection('messages')
    .live()
    .filter((record) => {
      const ts = Number(tsOf(record));
      if (channelOf(record) !== channel || ts > from) return false;
      if (isInclusive && (ts === oldest || ts === latest)) return true;
      return (oldest === undefined || ts > oldest) && (latest === undefined || ts < latest);
    })
    .sort((a, b) => Number(tsOf(b)) - Number(tsOf(a)));
  const next = found[limit];
  return {
    body: {
      ok: true,
      messages: found.slice(0, limit).map(message),
      has_more: next !== undefined,
      pin_count: 0,
      channel_actions_ts: null,
      channel_actions_count: 0,
      ...(next && { response_metadata: { next_cursor: cursorOf('next_ts', tsOf(next)) } }),
    },
  };
}

/** In the order of ids; the last page has an empty cursor. */
function conversations(asked: Asked, world: World): Answer {
  const given = argumentsOf(asked);
  const limit = world.pageSize(Math.min(1000, Number(given.get('limit') ?? 100)));
  const cursor = given.get('cursor');
  const from = cursor ? Number(placeOf(cursor)) : 0;
  const found = world
    .collection('channels')
    .live()
    .filter(({ number }) => number >= from);
  const next = found[limit];
  return {
    body: {
      ok: true,
      channels: found
        .slice(0, limit)
        .map(({ number, version, createdAt }) =>
          conversation(`C${number}`, `channel-${number}-v${version}`, createdAt),
        ),
      response_metadata: { next_cursor: next ? cursorOf('team', next.number) : '' },
    },
  };
}

function ofUser(_: Asked, world: World): Answer {
  const channels = joined.map((id) => conversation(id, id.toLowerCase(), world.now()));
  return { body: { ok: true, channels, response_metadata: { next_cursor: '' } } };
}

const refused = (error: string): Answer => ({ body: { ok: false, error } });

/** Most refusals come with status 200. */
function refuse(status: number, retryAfterSeconds?: number): Answer {
  if (status === 401) return refused('token_expired');
  if (status === 404) return refused('unknown_method');
  return {
    status,
    headers: retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {},
    body: {
      ok: false,
      error: status === 429 ? 'ratelimited' : status === 503 ? 'service_unavailable' : 'internal_error',
    },
  };
}

const isMethod =
  (name: string) =>
  ({ url }: Asked) =>
    url.startsWith(`/api/${name}`);

export const slack: Vendor = {
  connector: 'Slack',
  docs: [
    'https://docs.slack.dev/reference/methods/conversations.history',
    'https://docs.slack.dev/reference/methods/conversations.list',
    'https://docs.slack.dev/reference/methods/users.conversations',
    'https://docs.slack.dev/apis/web-api/pagination',
    'https://docs.slack.dev/apis/web-api/rate-limits',
    'https://docs.slack.dev/reference/methods/oauth.v2.user.access',
    'https://docs.slack.dev/authentication/using-token-rotation',
    'https://github.com/slackapi/slack-api-specs',
  ],
  settings: {},
  basePath: '/api',
  auth: [
    oauth2({
      grant: 'authorizationCode',
      tokenPath: '/api/oauth.v2.user.access',
      authorizePath: '/oauth/v2_user/authorize',
      expiresIn: 43_200,
      rotates: true,
      shape: (standard) => ({
        ok: true,
        ...standard,
        token_type: 'user',
        authed_user: { id: 'U061F7AUR', scope: 'channels:history,channels:read' },
        team: { id: 'T061FAKE' },
      }),
      refusedRefresh: { body: { ok: false, error: 'invalid_refresh_token' } },
    }),
  ],
  rateLimits: [
    { requests: 50, seconds: 60, counts: isMethod('conversations.history') },
    { requests: 20, seconds: 60, counts: isMethod('conversations.list') },
    { requests: 50, seconds: 60, counts: isMethod('users.conversations') },
  ],
  collections: { messages: {}, channels: { records: (count) => Math.ceil(count / 2) } },
  routes: Object.fromEntries(
    Object.entries({
      'api.test': () => ({ body: { ok: true, args: {} } }),
      'auth.test': () => ({ body: { ok: true, url: 'https://simulated.slack.com/', user_id: 'U061F7AUR' } }),
      'conversations.history': history,
      'conversations.list': conversations,
      'users.conversations': ofUser,
    }).flatMap(([name, handler]) => [
      [`GET /api/${name}`, handler],
      [`POST /api/${name}`, handler],
    ]),
  ),
  refuse,
  flows: [
    {
      entityName: 'messages',
      collection: 'messages',
      sees: 'inserts',
      identify: ({ text }) => {
        const [, number, version] = /^Message (\d+), version (\d+)/.exec(String(text)) ?? [];
        return numbered(number, version);
      },
    },
    {
      entityName: 'conversations',
      collection: 'channels',
      sees: 'all',
      identify: ({ id, name }) => numbered(id, name),
    },
  ],
};
