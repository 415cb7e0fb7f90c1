import { bearer } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

/** Every seventh issue is a pull request. */
const isPull = (number: number): boolean => number % 7 === 0;
/** A review belongs to one of the first pull requests. */
const pullOf = ({ number }: SimulatedRecord): number => ((number % 12) + 1) * 7;

const iso = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z');
const repository = 'https://api.github.com/repos/octocat/Hello-World';
const user = (login: string): object => ({
  login,
  id: 1,
  node_id: 'MDQ6VXNlcjE=',
  type: 'User',
  site_admin: false,
});

/** What the specification's `issue` requires, and a little more. */
function issue(record: SimulatedRecord): object {
  const { number, version, createdAt, updatedAt } = record;
  const url = `${repository}/issues/${number}`;
  const state = record.pick(['open', 'open', 'closed']);
  return {
    id: 100_000 + number,
    node_id: `I_${number}`,
    url,
    repository_url: repository,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: `https://github.com/octocat/Hello-World/issues/${number}`,
    number,
    state,
    state_reason: state === 'closed' ? 'completed' : null,
    title: `Issue ${number}, version ${version}`,
    body: record.pick(['It does not work.', null, 'Zeile 1\nZeile 2 “ä”']),
    user: user('octocat'),
    labels: record.pick([[], [{ id: 1, name: 'bug', color: 'f29513', default: true }]]),
    assignee: null,
    assignees: [],
    milestone: null,
    locked: false,
    active_lock_reason: null,
    comments: record.pick([0, 3]),
    ...(isPull(number) && { pull_request: { url: `${repository}/pulls/${number}` } }),
    closed_at: state === 'closed' ? iso(updatedAt) : null,
    created_at: iso(createdAt),
    updated_at: iso(updatedAt),
    author_association: 'CONTRIBUTOR',
  };
}

function comment({ number, version, createdAt, updatedAt, pick }: SimulatedRecord): object {
  const url = `${repository}/issues/comments/${number}`;
  return {
    id: number,
    node_id: `IC_${number}`,
    url,
    html_url: `https://github.com/octocat/Hello-World/issues/1#issuecomment-${number}`,
    issue_url: `${repository}/issues/1`,
    body: `Version ${version}`,
    user: user(pick(['octocat', 'hubot'])),
    author_association: 'MEMBER',
    created_at: iso(createdAt),
    updated_at: iso(updatedAt),
  };
}

function review(record: SimulatedRecord): object {
  const { number, version, updatedAt } = record;
  return {
    id: number,
    node_id: `PRR_${number}`,
    user: user('octocat'),
    body: `Version ${version}`,
    state: record.pick(['APPROVED', 'COMMENTED']),
    html_url: `https://github.com/octocat/Hello-World/pull/${pullOf(record)}#review-${number}`,
    pull_request_url: `${repository}/pulls/${pullOf(record)}`,
    submitted_at: iso(updatedAt),
    commit_id: '6dcb09b5b57875f334f61aebed695e2e4193db5e',
    author_association: 'OWNER',
  };
}

/** Numbered pages over the list as it is now; the links name the repository by its number. */
function paged(asked: Asked, { origin }: World, rest: string, records: readonly object[]): Answer {
  const size = Math.min(100, Number(asked.query.get('per_page') ?? 30));
  const page = Number(asked.query.get('page') ?? 1);
  const link = (to: number, relation: string): string => {
    const query = new URLSearchParams(asked.query);
    query.set('page', String(to));
    return `<${origin}/repositories/1296269/${rest}?${query}>; rel="${relation}"`;
  };
  const last = Math.max(1, Math.ceil(records.length / size));
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
    ...(page > 1 ? [link(1, 'first')] : []),
  ];
  return {
    headers: links.length > 0 ? { link: links.join(', ') } : {},
    body: records.slice((page - 1) * size, page * size),
  };
}

/** @param byDefault of `direction` */
function sorted({ query }: Asked, records: SimulatedRecord[], byDefault: 'asc' | 'desc'): SimulatedRecord[] {
  const since = query.get('since');
  const stamp = query.get('sort') === 'updated' ? 'updatedAt' : 'createdAt';
  const sign = (query.get('direction') ?? byDefault) === 'asc' ? 1 : -1;
  return records
    .filter(({ updatedAt }) => since === null || updatedAt >= Date.parse(since))
    .sort((a, b) => sign * (a[stamp] - b[stamp] || a.number - b.number));
}

function issues(asked: Asked, world: World): Answer {
  const wanted = asked.query.get('state') ?? 'open';
  const found = sorted(asked, world.collection('issues').live(), 'desc').map(issue);
  return paged(
    asked,
    world,
    'issues',
    found.filter((one) => wanted === 'all' || (one as { state: string }).state === wanted),
  );
}

function comments(asked: Asked, world: World): Answer {
  // Without `sort`, the direction is ignored.
  const direction = asked.query.has('sort') ? 'desc' : 'asc';
  return paged(
    asked,
    world,
    'issues/comments',
    sorted(asked, world.collection('comments').live(), direction).map(comment),
  );
}

function pulls(asked: Asked, world: World): Answer {
  const found = sorted(
    asked,
    world
      .collection('issues')
      .live()
      .filter(({ number }) => isPull(number)),
    'desc',
  ).map(issue);
  return paged(asked, world, 'pulls', found);
}

function reviews(asked: Asked, world: World): Answer {
  const pull = Number(asked.path.pull);
  const found = world
    .collection('reviews')
    .live()
    .filter((one) => pullOf(one) === pull);
  return paged(asked, world, `pulls/${pull}/reviews`, found.map(review));
}

const refusals: Record<number, string> = {
  401: 'Bad credentials',
  404: 'Not Found',
  429: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
};

function refuse(status: number, retryAfterSeconds?: number): Answer {
  return {
    // Slow down is said by 403, too.
    status: status === 429 ? 403 : status,
    headers: {
      'x-github-request-id': 'SIMU:LATED',
      ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: { message: refusals[status] ?? 'Server Error', documentation_url: 'https://docs.github.com/rest' },
  };
}

const named = { repos: 'GET /repos/{owner}/{repo}', repositories: 'GET /repositories/{id}' };

export const github: Vendor = {
  connector: 'GitHub',
  docs: [
    'https://docs.github.com/en/rest/issues/issues#list-repository-issues',
    'https://docs.github.com/en/rest/issues/comments#list-issue-comments-for-a-repository',
    'https://docs.github.com/en/rest/pulls/reviews#list-reviews-for-a-pull-request',
    'https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api',
    'https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api',
    'https://github.com/octokit/openapi',
  ],
  settings: { owner: 'octocat', repo: 'Hello-World' },
  auth: [bearer('ghp_simulated_91ab', { name: 'apiKey' })],
  rateLimits: [
    {
      requests: 5000,
      seconds: 3600,
      headers: ({ limit, remaining, resetAt }) => ({
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': String(remaining),
        'x-ratelimit-reset': String(Math.ceil(resetAt / 1000)),
      }),
      // Without Retry-After: the headers above say when.
      refuse: () => ({
        status: 403,
        body: {
          message: 'API rate limit exceeded for user ID 1.',
          documentation_url: 'https://docs.github.com/rest',
        },
      }),
    },
  ],
  collections: {
    // More than a page of one second is the limit that the connector's README tells.
    issues: { keeps: isPull, burst: 80 },
    comments: { burst: 80 },
    // "Submitted reviews cannot be deleted": https://docs.github.com/en/rest/pulls/reviews#delete-a-pending-review-for-a-pull-request
    reviews: { records: (count) => Math.ceil(count / 4), deletes: 0 },
  },
  routes: {
    'GET /user': () => ({ body: user('octocat') }),
    ...Object.fromEntries(
      Object.values(named).flatMap((at) => [
        [`${at}/issues`, issues],
        [`${at}/issues/comments`, comments],
        [`${at}/pulls`, pulls],
        [`${at}/pulls/{pull}/reviews`, reviews],
      ]),
    ),
  },
  refuse,
  flows: [
    {
      entityName: 'issues',
      collection: 'issues',
      sees: 'changes',
      has: ({ number }) => !isPull(number),
      identify: ({ number, title }) => numbered(number, title),
    },
    {
      entityName: 'issue_comments',
      collection: 'comments',
      sees: 'changes',
      identify: ({ id, body }) => numbered(id, body),
    },
    {
      entityName: 'pull_request_reviews',
      collection: 'reviews',
      sees: 'all',
      identify: ({ id, body }) => numbered(id, body),
    },
  ],
};
