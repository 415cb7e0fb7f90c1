import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HttpRequest, SourceRequest } from '#core';
import { github } from '../../../connectors/github/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { allRows, type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';

test("names and addresses are GitHub's", () => {
  expect(github.label).toBe('GitHub');
  expect(github.baseUrl).toBe('https://api.github.com');
  expect(github.headers).toEqual({
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
  });
  expect(github.rateLimit).toEqual({
    remaining: 'x-ratelimit-remaining',
    resetAt: 'x-ratelimit-reset',
    retryAfter: 'retry-after',
    otherwiseSeconds: 60,
  });
});

describe('"slow down" comes as 403 as well as 429', () => {
  const reset = {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Date.UTC(2024, 4, 2, 0, 30) / 1000),
  };
  test.each<[string, TestAnswer, string, number | undefined]>([
    ['primary limit', { status: 403, headers: reset }, 'RateLimitExceeded', 1801],
    ['primary limit, as 429', { status: 429, headers: reset }, 'RateLimitExceeded', 1801],
    [
      'secondary limit with a time',
      { status: 403, headers: { 'retry-after': '45' } },
      'RateLimitExceeded',
      45,
    ],
    [
      'secondary limit without one',
      { status: 403, body: { message: 'You have exceeded a secondary rate limit. Please wait.' } },
      'RateLimitExceeded',
      60,
    ],
    [
      'not allowed',
      {
        status: 403,
        headers: { 'x-ratelimit-remaining': '4999' },
        body: { message: 'Resource not accessible' },
      },
      'AccessDenied',
      undefined,
    ],
  ])('%s', async (_, answer, code, retryAfterSeconds) => {
    const ports = testSourcePorts({ http: testHttp(() => answer), credentials: { apiKey: 'x' } });
    const session = await declaredSource(github).open(requestFor('issues'), {}, ports);
    await expect(session.read(undefined)).rejects.toMatchObject({ code });
    const error = await session.read(undefined).catch((reason) => reason);
    expect(error.context.retryAfterSeconds).toBe(retryAfterSeconds);
  });
});

test('a repository without commits has none, and no pull requests of commits', async () => {
  const empty = () => ({ status: 409, body: { message: 'Git Repository is empty.' } });
  const ports = testSourcePorts({ http: testHttp(empty), credentials: { apiKey: 'x' } });
  const { incrementalField: _, ...request } = { ...requestFor('commits'), window: { end } };
  const source = declaredSource(github);
  const page = await (await source.open({ ...request, fields: ['sha'] }, {}, ports)).read(undefined);
  expect(page.rows).toEqual([]);
  expect(page.next).toBeUndefined();
  const child = { ...request, properties: { entityName: 'commit_pull_requests' } };
  expect((await source.describe(child, ports)).splits).toEqual([]);
});

test('commits are listed from a branch and since a time that filters name', async () => {
  const http = testHttp(() => ({ body: [] }));
  const ports = testSourcePorts({ http, credentials: { apiKey: 'x' } });
  const { incrementalField: _, ...request } = requestFor('commits');
  const session = await declaredSource(github).open(
    {
      ...request,
      fields: ['sha'],
      window: { end },
      filters: [
        { field: 'branch', operator: 'EQUAL_TO', type: 'String', values: ['release/1.0'] },
        { field: 'since', operator: 'EQUAL_TO', type: 'DateTime', values: ['2024-05-01T00:00:00Z'] },
      ],
    },
    {},
    ports,
  );
  await session.read(undefined);
  expect(http.requests.map(({ url }) => decodeURIComponent(url))).toEqual([
    'https://api.github.com/repos/octocat/Hello-World/commits?per_page=100&sha=release/1.0&since=2024-05-01T00:00:00Z',
  ]);
});

const start = Date.UTC(2024, 4, 1);
const end = start + 60_000;

function requestFor(entityName: string): SourceRequest {
  return {
    flowName: 'f',
    connector: 'GitHub',
    properties: { entityName },
    settings: { owner: 'octocat', repo: 'Hello-World' },
    fields: ['id', 'updated_at'],
    filters: [],
    incrementalField: 'updated_at',
    window: { start, end },
  };
}

interface Listed {
  readonly id: number;
  readonly updated: number;
}

/** The vendor's list requests as documented, over a set that may change; ids rise with creation. */
function listAnswer(
  set: readonly Listed[],
  { url }: HttpRequest,
  sinceIncludes: boolean,
  pageSize: number,
): TestAnswer {
  const { searchParams: query } = new URL(url);
  const since = Date.parse(query.get('since') ?? '1970-01-01T00:00:00Z');
  const page = Number(query.get('page') ?? 1);
  const sign = query.get('direction') === 'asc' ? 1 : -1;
  const found = set
    .filter(({ updated }) => (sinceIncludes ? updated >= since : updated > since))
    .toSorted(
      (a, b) => sign * ((query.get('sort') === 'updated' ? a.updated - b.updated : 0) || a.id - b.id),
    );
  const next = new URL(url);
  next.searchParams.set('page', String(page + 1));
  return {
    headers: found.length > page * pageSize ? { link: `<${next.href}>; rel="next"` } : {},
    body: found
      .slice((page - 1) * pageSize, page * pageSize)
      .map(({ id, updated }) => ({ id, updated_at: new Date(updated).toISOString().replace('.000Z', 'Z') })),
  };
}

async function pull(
  request: SourceRequest,
  answer: (request: HttpRequest, index: number) => TestAnswer,
): Promise<unknown[][]> {
  const ports = testSourcePorts({ http: testHttp(answer), credentials: { apiKey: 'x' } });
  const session = await declaredSource(github).open(request, {}, ports);
  const rows = await allRows(session);
  return rows;
}

/**
 * One record a second at most: of more than a page of one moment, a deletion can still hide one (see the README).
 * Around the window, in whole seconds.
 */
const listOf = fc
  .uniqueArray(fc.integer({ min: -5, max: 70 }), { minLength: 1, maxLength: 40 })
  .chain((seconds) =>
    fc
      .shuffledSubarray(
        seconds.map((_, index) => index),
        { minLength: seconds.length },
      )
      .map((ids) =>
        seconds.map((second, index) => ({ id: (ids[index] ?? 0) + 1, updated: start + second * 1000 })),
      ),
  );

const change = (deletes: boolean) =>
  fc.record({ index: fc.nat(), to: fc.constantFrom(...(deletes ? ['deleted', 'updated'] : ['updated'])) });

describe.each([
  { entityName: 'issues', deletes: true },
  { entityName: 'issue_comments', deletes: true },
  { entityName: 'review_comments', deletes: true },
  { entityName: 'user_issues', deletes: true },
  { entityName: 'repositories', deletes: true },
  { entityName: 'pull_requests', deletes: false },
])('$entityName that change while they are read', ({ entityName, deletes }) => {
  test.each([
    {
      mode: 'incremental',
      request: requestFor(entityName),
      expected: ({ updated }: Listed, to: string | undefined) => updated >= start && updated < end && !to,
    },
    {
      mode: 'full',
      request: { ...requestFor(entityName), window: { end } },
      expected: (_: Listed, to: string | undefined) => to !== 'deleted',
    },
  ])('none that a $mode pull must give is missed', async ({ request, expected }) => {
    await fc.assert(
      fc.asyncProperty(
        listOf,
        fc.array(change(deletes), { maxLength: 10 }),
        fc.boolean(),
        async (list, changes, includes) => {
          let set: readonly Listed[] = list;
          const changed = new Map<number, string>();
          const rows = await pull(request, (asked, index) => {
            const answer = listAnswer(set, asked, includes, 3);
            const { index: at = 0, to } = changes[index] ?? {};
            const record = set[at % Math.max(set.length, 1)];
            if (to && record) {
              changed.set(record.id, to);
              set = set.filter((other) => other !== record);
              // What changes during a run is stamped after the window, which ended before the first request.
              if (to === 'updated') set = [...set, { id: record.id, updated: end + 20_000 + index * 1000 }];
            }
            return answer;
          });
          const got = new Set(rows.map(([id]) => id));
          expect(
            list.filter((record) => expected(record, changed.get(record.id)) && !got.has(record.id)),
          ).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
