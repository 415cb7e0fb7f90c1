import { describe, expect, it } from 'vitest';
import { apiKey, type Connector, clientCredentials, jwtBearer, oauth2, type SourceRequest } from '#core';
import { grantOf, schemeOf } from '../../../engine/credentials/grant.ts';
import { vendorClient } from '../../../engine/http/vendor-client.ts';
import { testHttp, testSourcePorts } from '../../support/source-ports.ts';

const code = oauth2({
  authorizeUrl: 'https://{tenant}.v.example/authorize',
  tokenUrl: 'https://{tenant}.v.example/{tenant}/token',
  scopes: [],
});
const client = clientCredentials({ tokenUrl: 'https://v.example/token', scopes: [] });
const jwt = jwtBearer({
  tokenUrl: 'https://v.example/token',
  audience: 'https://{tenant}.v.example',
  scopes: [],
});
const connector: Connector = {
  label: 'V',
  docs: 'https://v.example/docs',
  baseUrl: 'https://{tenant}.v.example',
  hosts: ['*.v.example'],
  auth: [client, code, jwt, apiKey({ label: 'Key' })],
  validateCredentials: 'GET /me',
  settings: { tenant: { label: 'Tenant' } },
  entities: {},
};
const request: SourceRequest = {
  flowName: '',
  connector: 'V',
  properties: {},
  settings: { tenant: 'acme' },
  fields: [],
  filters: [],
  window: { end: 0 },
};

describe('the scheme of a connection', () => {
  it.each([
    [{ clientId: 'c', clientSecret: 's', refreshToken: 'r' }, code],
    [{ clientId: 'c', refreshToken: 'r' }, code],
    [{ clientId: 'c', clientSecret: 's' }, client],
    [{ clientId: 'c', privateKey: 'k' }, jwt],
    [{ clientId: 'c', clientSecret: 's', privateKey: 'k' }, jwt],
    [{ apiKey: 'k' }, connector.auth[3]],
    [{ accessToken: 't' }, client],
  ])('with %j is the one that they are for', (credentials, scheme) => {
    expect(schemeOf(connector, credentials)).toBe(scheme);
  });

  it('cannot be told of too few', () => {
    expect(() => schemeOf(connector, { clientId: 'c' })).toThrow(
      'V: the connection holds no usable credentials; got clientId; expected clientId and clientSecret, or accessToken, or clientId and refreshToken, or clientId and privateKey, or apiKey',
    );
  });
});

describe("a connection's grant", () => {
  it('has settings in its holes', () => {
    expect(grantOf(connector, code, request)).toMatchObject({
      authorizeUrl: 'https://acme.v.example/authorize',
      tokenUrl: 'https://acme.v.example/acme/token',
    });
    expect(grantOf(connector, jwt, request).audience).toBe('https://acme.v.example');
  });

  it('has settings in its scopes and in what it asks the browser for', () => {
    const scoped = {
      ...code,
      scopes: ['https://{tenant}.v.example/read', 'offline'],
      authorizeParameters: { hint: '{tenant}' },
    };
    expect(grantOf(connector, scoped, request)).toMatchObject({
      scopes: ['https://acme.v.example/read', 'offline'],
      authorizeParameters: { hint: 'acme' },
    });
  });

  it.each(['evil.example/', 'evil.example#', 'evil.example?', 'user:pw@evil.example/x'])(
    'never leads to a host that a setting smuggles in: %s',
    (tenant) => {
      expect(() => grantOf(connector, code, { ...request, settings: { tenant } })).toThrow(
        "the settings lead to a host that is not the vendor's",
      );
    },
  );

  it('keeps a setting to one segment of the path', () => {
    const grant = { ...client, tokenUrl: 'https://v.example/{tenant}/token' };
    expect(grantOf(connector, grant, { ...request, settings: { tenant: 'a/../b' } }).tokenUrl).toBe(
      'https://v.example/a%2F..%2Fb/token',
    );
  });

  it('asks the endpoint of a test for tokens, too, and no other', () => {
    const local = { ...request, endpoint: 'http://127.0.0.1:8080' };
    expect(grantOf(connector, code, local)).toMatchObject({
      authorizeUrl: 'http://127.0.0.1:8080/authorize',
      tokenUrl: 'http://127.0.0.1:8080/acme/token',
    });
    // The path stands for that of the base URL, which the addresses of the grant do not have.
    const below = { ...request, endpoint: 'http://127.0.0.1:8080/api' };
    expect(grantOf(connector, client, below).tokenUrl).toBe('http://127.0.0.1:8080/token');
    const whole = { ...client, tokenUrl: '{tokenUrl}' };
    const settings = { ...local.settings, tokenUrl: 'https://login.acme.example/oauth/token' };
    expect(grantOf(connector, whole, { ...below, settings }).tokenUrl).toBe(
      'http://127.0.0.1:8080/oauth/token',
    );
    expect(() => grantOf(connector, client, { ...request, endpoint: 'http://evil.example' })).toThrow(
      'an endpoint may only be a server on this machine',
    );
  });
});

describe('requests with a token', () => {
  /** Asks V for `/me`. */
  function asker(ports: ReturnType<typeof testSourcePorts>, more: Partial<Connector> = {}) {
    const vendor = vendorClient({
      connector: { ...connector, ...more },
      request,
      ports,
      origin: 'https://acme.v.example',
      at: 'V.me',
      parse: JSON.parse,
    });
    return () => vendor.get(new URL('https://acme.v.example/me'));
  }

  function setup(good: string, credentials: Record<string, string>) {
    const asked: (string | undefined)[] = [];
    const http = testHttp(({ headers }) =>
      headers.authorization === `Bearer ${good}`
        ? { body: { ok: true } }
        : { status: 401, body: { message: `${headers.authorization} is no good` } },
    );
    const ports = testSourcePorts({
      http,
      credentials,
      accessToken: async (_, rejected) => {
        asked.push(rejected);
        const isFirst = rejected === undefined && asked.length === 1;
        return { token: isFirst ? 'token-1' : 'token-2', isNew: isFirst || asked.length === 2 };
      },
    });
    const get = asker(ports, { errors: { message: 'message' } });
    return { asked, http, get, ports };
  }

  it('renew it once when it is refused', async () => {
    const { asked, http, get } = setup('token-2', { clientId: 'c', refreshToken: 'refresh-me' });
    expect((await get()).json).toEqual({ ok: true });
    expect(asked).toEqual([undefined, 'token-1', undefined]);
    expect(http.requests).toHaveLength(2);
  });

  it('renew it again when the new one has ended before its turn, three times at most', async () => {
    const ask = async (good: string) => {
      let given = 1;
      const http = testHttp(({ headers }) =>
        headers.authorization === `Bearer ${good}` ? { body: {} } : { status: 401, body: {} },
      );
      const accessToken = async (_: unknown, rejected?: string) => {
        const isNew = rejected === `token-${given}`;
        if (isNew) given++;
        return { token: `token-${given}`, isNew };
      };
      const ports = testSourcePorts({ http, credentials: { clientId: 'c', refreshToken: 'r' }, accessToken });
      const outcome = await asker(ports)().catch((error: unknown) => error);
      return { outcome, requests: http.requests.length };
    };
    expect(await ask('token-4')).toMatchObject({ outcome: { status: 200 }, requests: 4 });
    expect(await ask('token-5')).toMatchObject({ outcome: { code: 'InvalidCredentials' }, requests: 4 });
  });

  it('count no renewal that another request has caused', async () => {
    let given = 1;
    const http = testHttp(({ headers }) =>
      headers.authorization === 'Bearer token-9' ? { body: {} } : { status: 401, body: {} },
    );
    const accessToken = async (_: unknown, rejected?: string) => {
      // Others are refused with the same token, and ask for another one before this request does.
      if (rejected === `token-${given}`) given++;
      return { token: `token-${given}`, isNew: false };
    };
    const ports = testSourcePorts({ http, credentials: { clientId: 'c', refreshToken: 'r' }, accessToken });
    expect(await asker(ports)()).toMatchObject({ status: 200 });
    expect(http.requests).toHaveLength(9);
  });

  it('keep their turn in the budget while it is renewed: a refused request counts for nobody', async () => {
    const http = testHttp(({ headers }) =>
      headers.authorization === 'Bearer new' ? { body: {} } : { status: 401 },
    );
    let token = 'old';
    const accessToken = async (_: unknown, rejected?: string) => {
      const isNew = rejected === token;
      if (isNew) token = 'new';
      return { token, isNew };
    };
    const ports = testSourcePorts({ http, credentials: { clientId: 'c', refreshToken: 'r' }, accessToken });
    const get = asker(ports, { rateLimit: { budget: { requests: 1, seconds: 2 } } });
    await get();
    expect([http.requests.length, ports.clock.slept]).toEqual([2, []]);
    await get();
    expect([http.requests.length, ports.clock.slept]).toEqual([3, [2_000]]);
  });

  it('end when the next is refused, too, without showing it', async () => {
    const { http, get, ports } = setup('none', { clientId: 'c', refreshToken: 'refresh-me' });
    const error = await get().catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'InvalidCredentials' });
    expect(http.requests).toHaveLength(2);
    expect(String(error) + JSON.stringify(error) + ports.logged.join()).not.toMatch(/token-[12]|refresh-me/);
  });

  it('use a token as such as it is, once', async () => {
    const { asked, http, get } = setup('none', { accessToken: 'token-1' });
    await expect(get()).rejects.toMatchObject({ code: 'InvalidCredentials' });
    expect(asked).toEqual([]);
    expect(http.requests).toHaveLength(1);
  });
});
