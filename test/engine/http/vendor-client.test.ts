import { describe, expect, test } from 'vitest';
import { apiKey, basic, type Connector, custom, type SourceRequest, TributaryError } from '#core';
import { vendorClient } from '../../../engine/http/vendor-client.ts';
import { type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const now = Date.UTC(2024, 4, 2);
const origin = 'https://api.example.com';
const url = new URL(`${origin}/things`);
const connector: Connector = {
  label: 'X',
  docs: 'https://example.com',
  baseUrl: origin,
  headers: { 'x-version': '7' },
  auth: [apiKey({ label: 'Key', scheme: 'Bearer' }), basic({ label: 'User' })],
  validateCredentials: 'GET /me',
  rateLimit: { remaining: 'x-remaining', resetAt: 'x-reset' },
  errors: {
    message: ['error.message.value', 'error.message'],
    vendorCode: 'error.code',
    rules: [
      { status: [403], header: { 'x-remaining': '0' }, code: 'RateLimitExceeded' },
      { status: [403], message: 'SLOW down', code: 'RateLimitExceeded' },
      { status: [400], vendorCode: 'no_such_repo', code: 'ResourceNotFoundError' },
    ],
  },
  entities: {},
};

const request: SourceRequest = {
  flowName: 'things',
  connector: 'X',
  properties: {},
  settings: {},
  fields: [],
  filters: [],
  window: { end: now },
};

function setup(
  answers: readonly (TestAnswer | Error)[],
  options: { connector?: Connector; credentials?: Record<string, string>; random?: () => number } = {},
) {
  const http = testHttp((_, index) => answers[Math.min(index, answers.length - 1)] ?? {});
  const { credentials = { apiKey: 'the-key' } } = options;
  const ports = testSourcePorts({ http, now, credentials });
  const client = vendorClient({
    connector: options.connector ?? connector,
    request,
    ports,
    origin,
    at: 'X.things',
    parse: JSON.parse,
    random: options.random ?? (() => 1),
  });
  return { client, http, slept: ports.clock.slept, logged: ports.logged };
}

async function failureOf(promise: Promise<unknown>): Promise<TributaryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TributaryError)) throw new Error(`expected a TributaryError, got ${error}`);
  return error;
}

const ok = { body: { fine: true } };
const reset = new TributaryError('ServerError', 'the connection broke');

describe('a request', () => {
  test('carries headers and credentials', async () => {
    const { client, http } = setup([ok]);
    expect((await client.get(url)).json).toEqual({ fine: true });
    expect(http.requests).toEqual([
      {
        method: 'GET',
        url: 'https://api.example.com/things',
        headers: { 'user-agent': 'tributary', 'x-version': '7', authorization: 'Bearer the-key' },
      },
    ]);
  });

  test('falls back to the next scheme', async () => {
    const { client, http } = setup([ok], { credentials: { username: 'ann', password: 'pass:word' } });
    await client.get(url);
    expect(http.requests[0]?.headers.authorization).toBe('Basic YW5uOnBhc3M6d29yZA==');
  });

  test('goes to no other origin', async () => {
    const { client, http } = setup([ok]);
    const error = await failureOf(client.get(new URL('https://api.example.com:444/things')));
    expect(error.code).toBe('ConnectorProtocol');
    expect(http.requests).toEqual([]);
  });
});

describe('a redirect', () => {
  const to = (location: string, status = 301) => ({ status, headers: { location } });

  test('within the origin is followed', async () => {
    const { client, http } = setup([to('/renamed'), ok]);
    await client.get(url);
    expect(http.requests.map((request) => request.url)).toEqual([`${origin}/things`, `${origin}/renamed`]);
  });

  test('to another origin is refused', async () => {
    const { client, http } = setup([to('https://evil.example/things', 307), ok]);
    expect((await failureOf(client.get(url))).message).toBe(
      "X.things: the vendor's answer leads to another origin; got https://evil.example; expected https://api.example.com",
    );
    expect(http.requests).toHaveLength(1);
  });

  test('in circles ends', async () => {
    const { client, http } = setup([to('/things')]);
    expect((await failureOf(client.get(url))).message).toContain('redirects in circles');
    expect(http.requests).toHaveLength(4);
  });
});

describe('a failure of the vendor', () => {
  test.each<[string, TestAnswer | Error]>([
    ['a 500', { status: 500 }],
    ['a 503', { status: 503 }],
    ['a reset connection', reset],
    ['a timeout', new TributaryError('RequestTimeout', 'no answer')],
    ['broken JSON', { body: '{"fine":' }],
    [
      'half of a refusal that its body tells apart',
      { status: 400, headers: { 'content-type': 'application/json' }, body: '{"error":{"code":"no_su' },
    ],
  ])('%s is tried again', async (_, failure) => {
    const { client, slept } = setup([failure, failure, failure, ok]);
    expect((await client.get(url)).json).toEqual({ fine: true });
    expect(slept).toEqual([1000, 2000, 4000]);
  });

  test.each<[string, TestAnswer | Error]>([
    ['a 500', { status: 500 }],
    ['a 503', { status: 503, headers: { 'retry-after': '1' } }],
    ['a reset connection', reset],
    ['a timeout', new TributaryError('RequestTimeout', 'no answer')],
    ['broken JSON', { body: '{"fine":' }],
  ])('%s is left to who asks, if it may have been done', async (_, failure) => {
    const { client, http, slept } = setup([failure, ok]);
    await failureOf(client.send({ method: 'POST', url, body: '{}', repeats: false }));
    expect(http.requests).toHaveLength(1);
    expect(slept).toEqual([]);
  });

  test('"slow down" is waited out all the same', async () => {
    const { client, http } = setup([{ status: 429, headers: { 'retry-after': '2' } }, ok]);
    await client.send({ method: 'POST', url, body: '{}', repeats: false });
    expect(http.requests).toHaveLength(2);
  });

  test('is given up after four tries', async () => {
    const { client, http } = setup([reset]);
    const error = await failureOf(client.get(url));
    expect(error).toMatchObject({ code: 'ServerError', message: 'X.things: the connection broke' });
    expect(http.requests).toHaveLength(4);
  });

  test('spreads its retries', async () => {
    const { client, slept } = setup([reset, reset, ok], { random: () => 0 });
    await client.get(url);
    expect(slept).toEqual([500, 1000]);
  });

  test('an unreachable host is left to the state machine', async () => {
    const { client, http } = setup([
      new TributaryError('ConnectorUnreachable', 'the host cannot be reached'),
    ]);
    expect((await failureOf(client.get(url))).code).toBe('ConnectorUnreachable');
    expect(http.requests).toHaveLength(1);
  });

  test('an error of our own is no failure of the vendor', async () => {
    const { client, http } = setup([new TypeError('bug')]);
    await expect(client.get(url)).rejects.toThrow(TypeError);
    expect(http.requests).toHaveLength(1);
  });
});

describe('"slow down"', () => {
  const slow = (headers: Record<string, string>, status = 429) => ({ status, headers, body: {} });

  test('for less than 20 s is slept through', async () => {
    const { client, slept } = setup([slow({ 'retry-after': '19' }), ok]);
    await client.get(url);
    expect(slept).toEqual([19_000]);
  });

  test.each([20, 3600])('for %i s goes back to the engine', async (seconds) => {
    const { client, slept, http } = setup([slow({ 'retry-after': String(seconds) }), ok]);
    const error = await failureOf(client.get(url));
    expect(error).toMatchObject({ code: 'RateLimitExceeded', context: { retryAfterSeconds: seconds } });
    expect(slept).toEqual([]);
    expect(http.requests).toHaveLength(1);
  });

  test("as a date is measured by the vendor's clock", async () => {
    const headers = { 'retry-after': 'Thu, 02 May 2024 01:01:00 GMT', date: 'Thu, 02 May 2024 01:00:00 GMT' };
    const { client } = setup([slow(headers)]);
    expect((await failureOf(client.get(url))).context.retryAfterSeconds).toBe(60);
  });

  test('by an error rule uses the end of the quota', async () => {
    const headers = {
      'x-remaining': '0',
      'x-reset': String(Date.UTC(2024, 4, 2, 1, 1) / 1000),
      date: 'Thu, 02 May 2024 01:00:00 GMT',
    };
    const { client } = setup([slow(headers, 403)]);
    expect(await failureOf(client.get(url))).toMatchObject({
      code: 'RateLimitExceeded',
      context: { status: 403, retryAfterSeconds: 61 },
    });
  });

  test('without a time is tried a few times, then a minute is asked for', async () => {
    const { client, slept, http } = setup([slow({})]);
    const error = await failureOf(client.get(url));
    expect(error).toMatchObject({ code: 'RateLimitExceeded', context: { retryAfterSeconds: 60 } });
    expect(slept).toEqual([1000, 2000, 4000]);
    expect(http.requests).toHaveLength(4);
  });

  test('used up to nine tenths is told once, and not waited for', async () => {
    const declared = { ...connector, rateLimit: { usage: 'x-usage' } };
    const used = (text: string): TestAnswer => ({ headers: { 'x-usage': text }, body: {} });
    const answers = [
      used('api-usage=89/100; bursts=9/9'),
      used('nothing'),
      used('api-usage=110/100'),
      used('api-usage=111/100'),
    ];
    const { client, logged, slept } = setup(answers, { connector: declared });
    for (const _ of answers) await client.get(url);
    expect(logged).toEqual([
      'the vendor\'s request allocation is nearly used up {"at":"X.things","used":110,"allowed":100}',
    ]);
    expect(slept).toEqual([]);
  });

  test('without a time waits as declared', async () => {
    const declared = { ...connector, rateLimit: { otherwiseSeconds: 90 } };
    const { client, http } = setup([slow({})], { connector: declared });
    expect((await failureOf(client.get(url))).context.retryAfterSeconds).toBe(90);
    expect(http.requests).toHaveLength(1);
  });

  test('of a 503 is heeded too', async () => {
    const { client, slept } = setup([{ status: 503, headers: { 'retry-after': '7' } }, ok]);
    await client.get(url);
    expect(slept).toEqual([7000]);
  });
});

describe('a used-up quota', () => {
  const last = (seconds: number) => ({
    ...ok,
    headers: {
      'x-remaining': '0',
      'x-reset': String(now / 1000 + seconds),
      date: new Date(now).toUTCString(),
    },
  });

  test('is waited for before the next request', async () => {
    const { client, slept, http } = setup([last(10), ok]);
    await client.get(url);
    expect(slept).toEqual([]);
    await client.get(url);
    expect(slept).toEqual([11_000]);
    expect(http.requests).toHaveLength(2);
  });

  test('for long goes back to the engine without a request', async () => {
    const { client, http } = setup([last(1800), ok]);
    await client.get(url);
    const error = await failureOf(client.get(url));
    expect(error).toMatchObject({ code: 'RateLimitExceeded', context: { retryAfterSeconds: 1801 } });
    expect(http.requests).toHaveLength(1);
  });

  test('is no matter while requests remain', async () => {
    const { client, slept } = setup([
      { ...last(10), headers: { ...last(10).headers, 'x-remaining': '1' } },
      ok,
    ]);
    await client.get(url);
    await client.get(url);
    expect(slept).toEqual([]);
  });
});

describe('a refusal', () => {
  test.each<[string, TestAnswer, string, string]>([
    [
      'by the message',
      { status: 403, body: { error: { message: { lang: 'en', value: 'Please slow DOWN' } } } },
      'RateLimitExceeded',
      'keeps asking',
    ],
    [
      'by the code',
      { status: 400, body: { error: { code: 'no_such_repo' } } },
      'ResourceNotFoundError',
      'status 400, code no_such_repo',
    ],
    [
      'by the status',
      { status: 409, body: 'conflict' },
      'ClientError',
      'X.things: the vendor refused the request (status 409)',
    ],
    ['of an odd kind', { status: 304 }, 'ConnectorProtocol', 'status 304'],
  ])('is told %s', async (_, answer, code, text) => {
    const error = await failureOf(setup([answer]).client.get(url));
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
  });

  test('is shortened and shows no credentials, in whatever form', async () => {
    const credentials = { username: 'ann', password: 'hunter22' };
    const said = `hunter22 and YW5uOmh1bnRlcjIy: ${'long '.repeat(100)}`;
    const { client, logged } = setup(
      [{ status: 400, body: { error: { message: said, code: 'hunter22' } } }],
      { credentials },
    );
    const error = await failureOf(client.get(url));
    expect(error.message).toContain('the vendor says "*** and ***: long');
    expect(error.message.length).toBeLessThan(400);
    expect(JSON.stringify([error.message, error.context, logged])).not.toMatch(/hunter22|YW5uOmh1bnRlcjIy/);
  });

  test('never looks at an answer that is 2xx', async () => {
    const rules = [{ status: [200], code: 'AccessDenied' as const }];
    const { client } = setup([ok], { connector: { ...connector, errors: { rules } } });
    expect((await client.get(url)).status).toBe(200);
  });
});

test('an answer that is no JSON is refused by its content type', async () => {
  const { client, http } = setup([{ headers: { 'content-type': 'text/html' }, body: '<html>' }]);
  expect((await failureOf(client.get(url))).message).toBe(
    'X.things: the answer is not JSON (status 200); got text/html',
  );
  expect(http.requests).toHaveLength(1);
});

describe('of an answer that cannot be read no credentials are kept', () => {
  const keyed: Connector = {
    ...connector,
    auth: [custom({ label: 'key', query: { api_key: '{apiKey}' } })],
    errors: { requestId: 'x-id' },
  };
  test.each<[string, string, string]>([
    ['no JSON', 'text/html', 'ConnectorProtocol'],
    ['broken JSON', 'application/json', 'ServerError'],
  ])('%s', async (_, type, code) => {
    const headers = { 'content-type': type, 'x-id': 'for the-key' };
    const { client, http } = setup([{ headers, body: '{"the-key' }], { connector: keyed });
    const error = await failureOf(client.get(new URL(`${origin}/things?page=1`)));
    expect(http.requests[0]?.url).toBe(`${origin}/things?page=1&api_key=the-key`);
    expect(error.code).toBe(code);
    expect(error.context.exchange).toEqual({
      method: 'GET',
      request: '/things?page',
      status: 200,
      headers: { 'content-type': type, 'x-id': 'for ***' },
      body: '{"***',
    });
  });
});

test('an empty answer has no JSON', async () => {
  expect((await setup([{ status: 204 }]).client.get(url)).json).toBeUndefined();
});

test('without usable credentials nothing is sent', async () => {
  const { client, http } = setup([ok], { credentials: {} });
  const error = await failureOf(client.get(url));
  expect(error.message).toBe(
    'X: the connection holds no usable credentials; got none; expected apiKey, or username and password',
  );
  expect(http.requests).toEqual([]);
});
