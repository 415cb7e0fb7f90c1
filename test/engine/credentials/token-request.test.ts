import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { clientCredentials, jwtBearer, type OAuth2Scheme, oauth2, TributaryError } from '#core';
import { needsConsent, renewalParameters, requestToken } from '../../../engine/credentials/token-request.ts';
import { fakeClock } from '../../support/memory-home.ts';
import { oauthVendor } from '../../support/oauth-server.ts';
import { type TestAnswer, testHttp } from '../../support/source-ports.ts';

const tokenUrl = 'https://v.example/token';
const code = oauth2({ authorizeUrl: 'https://v.example/authorize', tokenUrl, scopes: ['a', 'b'] });
const client = clientCredentials({ tokenUrl, scopes: ['a', 'b'], scopeSeparator: ',' });
const credentials = { clientId: 'client-1', clientSecret: 'hush-hush-secret', refreshToken: 'refresh-me' };
const json = { 'content-type': 'application/json' };

async function ask(grant: OAuth2Scheme, answer: TestAnswer, given: Record<string, string> = credentials) {
  const clock = fakeClock();
  const http = testHttp(() => answer);
  const parameters = renewalParameters(grant, given, clock.now());
  const result = await requestToken(grant, parameters, given, { http, clock }).catch(
    (error: unknown) => error,
  );
  return { result, request: http.requests[0] };
}

const answered = { body: { access_token: 't-1', expires_in: 60 } };

describe('a request for a token', () => {
  it('refreshes with the refresh token, the client in the form', async () => {
    const { request, result } = await ask(code, answered);
    expect(request).toEqual({
      method: 'POST',
      url: 'https://v.example/token',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': 'tributary',
      },
      body: 'grant_type=refresh_token&refresh_token=refresh-me&client_id=client-1&client_secret=hush-hush-secret',
      timeout: 20_000,
    });
    expect(result).toEqual({ accessToken: 't-1', expiresInSeconds: 60 });
  });

  it('says who the client is by HTTP Basic, both form-encoded first', async () => {
    const grant = { ...code, clientAuthentication: 'basic' } as const;
    const { request } = await ask(grant, answered, {
      clientId: 'a b',
      clientSecret: 'c:d',
      refreshToken: 'r',
    });
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('a+b:c%3Ad').toString('base64')}`);
    expect(request?.body).toBe('grant_type=refresh_token&refresh_token=r');
  });

  it('of a public client names it without a secret', async () => {
    const { request } = await ask(code, answered, { clientId: 'app', refreshToken: 'r' });
    expect(request?.body).toBe('grant_type=refresh_token&refresh_token=r&client_id=app');
  });

  it('by client credentials asks for the scopes, with what the vendor wants beside them', async () => {
    const { request } = await ask({ ...client, tokenParameters: { audience: 'x' } }, answered);
    expect(request?.body).toBe(
      'audience=x&grant_type=client_credentials&scope=a%2Cb&client_id=client-1&client_secret=hush-hush-secret',
    );
  });

  it('is JSON where the vendor wants that', async () => {
    const { request } = await ask({ ...client, tokenBody: 'json' }, answered);
    expect(request?.headers['content-type']).toBe('application/json');
    expect(request?.body).toBe(
      '{"grant_type":"client_credentials","scope":"a,b","client_id":"client-1","client_secret":"hush-hush-secret"}',
    );
  });

  it('by JWT bearer shows an assertion that the vendor can verify', async () => {
    const clock = fakeClock();
    const keys = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const vendor = oauthVendor({ now: clock.now, publicKey: keys.publicKey });
    const grant = jwtBearer({ tokenUrl, scopes: [], audience: 'https://v.example' });
    const given = { clientId: 'client-1', privateKey: keys.privateKey };
    const parameters = renewalParameters(grant, given, clock.now());
    const answer = await requestToken(grant, parameters, given, { http: vendor.http, clock });
    expect(answer).toEqual({ accessToken: expect.stringMatching(/^access-/), expiresInSeconds: 3600 });
    expect(Object.keys(vendor.tokenRequests[0] ?? {})).toEqual(['grant_type', 'assertion']);
  });
});

describe('an answer', () => {
  it('may be a form', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const body = 'access_token=t-1&scope=repo&token_type=bearer';
    expect((await ask(code, { headers, body })).result).toEqual({ accessToken: 't-1' });
  });

  it('without a lifetime has the one that the connector declares', async () => {
    const { result } = await ask({ ...code, expiresInSeconds: 7200 }, { body: { access_token: 't-1' } });
    expect(result).toEqual({ accessToken: 't-1', expiresInSeconds: 7200 });
  });

  it.each([
    [400, { error: 'invalid_grant' }, 'InvalidCredentials', true],
    [200, { error: 'bad_refresh_token' }, 'InvalidCredentials', true],
    [401, { error: 'invalid_client' }, 'InvalidCredentials', false],
    [400, { error: 'unauthorized_client' }, 'InvalidCredentials', false],
    [401, {}, 'InvalidCredentials', false],
    [400, { error: 'invalid_scope' }, 'AccessDenied', false],
    [403, {}, 'AccessDenied', false],
    [403, { error: 'invalid_grant' }, 'InvalidCredentials', true],
    [400, { error: 'invalid_request' }, 'ClientError', false],
    [404, {}, 'ClientError', false],
    [500, { error: 'invalid_grant' }, 'ServerError', true],
    [503, {}, 'ServiceUnavailable', false],
    [302, {}, 'ConnectorProtocol', false],
    [200, {}, 'ConnectorProtocol', false],
  ] as const)('of status %s and %j is %s', async (status, body, expected, consent) => {
    const { result } = await ask(code, { status, body });
    expect(result).toMatchObject({ code: expected });
    expect(needsConsent(code, result)).toBe(consent && status < 500);
  });

  it('that asks to slow down says for how long', async () => {
    const { result } = await ask(code, { status: 429, headers: { 'retry-after': '17' } });
    expect(result).toMatchObject({ code: 'RateLimitExceeded', context: { retryAfterSeconds: 17 } });
  });

  it('that refuses a client of another grant is no matter of consent', async () => {
    const { result } = await ask(client, { status: 400, body: { error: 'invalid_grant' } });
    expect(needsConsent(client, result)).toBe(false);
  });

  it('shows error and description, without secrets and nothing else', async () => {
    const { result } = await ask(code, {
      status: 400,
      headers: json,
      body: {
        error: 'invalid_grant',
        error_description: 'refresh-me of client-1 is revoked',
        refresh_token: 'another-secret',
        trace: 'private',
      },
    });
    expect(result).toBeInstanceOf(TributaryError);
    expect((result as Error).message).toBe(
      'v.example: the token endpoint says "invalid_grant: *** of client-1 is revoked" (status 400, code invalid_grant)',
    );
    expect(JSON.stringify(result)).not.toMatch(/another-secret|private|hush|refresh-me/);
  });

  it('to an assertion names a clock that is wrong', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const grant = jwtBearer({ tokenUrl, scopes: [], audience: 'x' });
    const headers = { ...json, date: 'Tue, 03 Feb 2026 10:05:00 GMT' };
    const { result } = await ask(
      grant,
      { status: 400, headers, body: { error: 'invalid_grant' } },
      { clientId: 'c', privateKey },
    );
    expect(result).toMatchObject({
      context: { fix: "set this machine's clock: it is 600 s ahead of the vendor's" },
    });
  });
});
