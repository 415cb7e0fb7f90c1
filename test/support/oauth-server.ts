/**
 * A vendor with OAuth 2 (RFC 6749, RFC 7636, RFC 7523), written from the standards. Paths that end in `token` and `/authorize`
 * are its endpoints, all others are one resource that needs a token. It answers in
 * process through the Http port, or as a server for other processes.
 */

import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { Http, HttpRequest } from '#core';
import { startServer } from './http-server.ts';

export interface OAuthOptions {
  /** Epoch milliseconds. Default Date.now. */
  readonly now?: () => number;
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** A refresh gives a new refresh token and ends the old one. */
  readonly rotates?: boolean;
  /** With `rotates`: the token before the current one is good, too. */
  readonly grace?: boolean;
  /** Seconds that an access token is good for; it is said so. Default 3600. */
  readonly expiresIn?: number;
  /** PEM, for the JWT bearer grant. */
  readonly publicKey?: string;
  /** Milliseconds that the token endpoint takes. */
  readonly delay?: number;
}

export interface OAuthVendor {
  /** In process, for any host. */
  readonly http: Http;
  /** The forms that the token endpoint got. */
  readonly tokenRequests: Record<string, string>[];
  readonly authorizationHeaders: (string | undefined)[];
  /** What the token endpoint answers next, instead of what it should; an error is a broken connection. */
  readonly instead: (Answer | Error)[];
  /** Paths of requests that were answered with 200. */
  readonly served: string[];
  /** Every token, code and secret that was ever given or accepted. */
  readonly secrets: string[];
  /** A refresh token as if somebody had consented. */
  consent(): string;
  revoke(refreshToken: string): void;
  /** Ends all access tokens before their time. */
  endTokens(): void;
  isGood(refreshToken: string): boolean;
  listen(): Promise<{ readonly endpoint: string; close(): Promise<void> }>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export function oauthVendor(options: OAuthOptions = {}): OAuthVendor {
  const {
    now = Date.now,
    clientId = 'client-1',
    clientSecret = 'hush-hush-secret',
    expiresIn = 3600,
  } = options;
  const tokenRequests: Record<string, string>[] = [];
  const authorizationHeaders: (string | undefined)[] = [];
  const instead: (Answer | Error)[] = [];
  const served: string[] = [];
  const secrets: string[] = [clientSecret];
  const accessTokens = new Map<string, number>();
  const codes = new Map<string, { challenge: string | null; redirectUri: string }>();
  let refreshTokens: string[] = [];

  const secret = (kind: string): string => {
    const made = `${kind}-${randomUUID()}`;
    secrets.push(made);
    return made;
  };
  const json = (status: number, body: object): Answer => ({
    status,
    headers: { 'content-type': 'application/json', date: new Date(now()).toUTCString() },
    body: JSON.stringify(body),
  });

  function tokens(refreshToken?: string): Answer {
    const accessToken = secret('access');
    accessTokens.set(accessToken, now() + expiresIn * 1000);
    return json(200, {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
      ...(refreshToken && { refresh_token: refreshToken }),
    });
  }

  function token(form: URLSearchParams, authorization: string | undefined): Answer {
    tokenRequests.push(Object.fromEntries(form));
    authorizationHeaders.push(authorization);
    switch (form.get('grant_type')) {
      case 'refresh_token': {
        if (!isClient(form, authorization)) return json(401, { error: 'invalid_client' });
        const used = form.get('refresh_token') ?? '';
        if (!refreshTokens.includes(used))
          return json(400, { error: 'invalid_grant', error_description: `${used} is expired or revoked` });
        if (!options.rotates) return tokens();
        const next = secret('refresh');
        refreshTokens = options.grace ? [used, next] : [next];
        return tokens(next);
      }
      case 'authorization_code': {
        if (!isClient(form, authorization)) return json(401, { error: 'invalid_client' });
        const code = codes.get(form.get('code') ?? '');
        codes.delete(form.get('code') ?? '');
        const verifier = form.get('code_verifier');
        const challenge = verifier && createHash('sha256').update(verifier).digest('base64url');
        if (!code || code.redirectUri !== form.get('redirect_uri') || code.challenge !== challenge)
          return json(400, { error: 'invalid_grant' });
        const refreshToken = secret('refresh');
        refreshTokens.push(refreshToken);
        return tokens(refreshToken);
      }
      case 'client_credentials':
        return isClient(form, authorization) ? tokens() : json(401, { error: 'invalid_client' });
      case 'urn:ietf:params:oauth:grant-type:jwt-bearer':
        return isAssertion(form.get('assertion') ?? '') ? tokens() : json(400, { error: 'invalid_grant' });
      default:
        return json(400, { error: 'unsupported_grant_type' });
    }
  }

  function isClient(form: URLSearchParams, authorization: string | undefined): boolean {
    const [id, given] = authorization
      ? Buffer.from(authorization.replace('Basic ', ''), 'base64')
          .toString()
          .split(':')
          .map(decodeURIComponent)
      : [form.get('client_id'), form.get('client_secret')];
    return id === clientId && given === clientSecret;
  }

  function isAssertion(assertion: string): boolean {
    const [header = '', payload = '', signature = ''] = assertion.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number; iss: string };
    return (
      options.publicKey !== undefined &&
      claims.iss === clientId &&
      claims.exp * 1000 > now() &&
      verify(
        'sha256',
        Buffer.from(`${header}.${payload}`),
        createPublicKey(options.publicKey),
        Buffer.from(signature, 'base64url'),
      )
    );
  }

  /** Consents at once, as a person would after some thought. */
  function authorizationPage({ searchParams }: URL): Answer {
    const code = secret('code');
    const redirectUri = searchParams.get('redirect_uri') ?? '';
    codes.set(code, { challenge: searchParams.get('code_challenge'), redirectUri });
    const location = new URL(redirectUri);
    location.searchParams.set('code', code);
    location.searchParams.set('state', searchParams.get('state') ?? '');
    return { status: 302, headers: { location: location.href }, body: '' };
  }

  async function answer({ method, url, headers, body = '' }: HttpRequest): Promise<Answer> {
    const target = new URL(url);
    if (method === 'POST' && /token$/.test(target.pathname)) {
      const next = instead.shift();
      if (next instanceof Error) throw next;
      return next ?? token(new URLSearchParams(String(body)), headers.authorization);
    }
    if (target.pathname.endsWith('/authorize')) return authorizationPage(target);
    const given = headers.authorization?.replace('Bearer ', '') ?? '';
    if ((accessTokens.get(given) ?? 0) <= now()) return json(401, { message: `token ${given} is no good` });
    served.push(target.pathname);
    return json(200, { login: 'eva' });
  }

  return {
    tokenRequests,
    authorizationHeaders,
    instead,
    served,
    secrets,
    http: {
      async send(request) {
        const { status, headers = {}, body } = await answer(request);
        return { status, headers, body: Buffer.from(body) };
      },
      async download() {
        throw new Error('nothing is downloaded here');
      },
    },
    consent() {
      const refreshToken = secret('refresh');
      refreshTokens.push(refreshToken);
      return refreshToken;
    },
    revoke(refreshToken) {
      refreshTokens = refreshTokens.filter((known) => known !== refreshToken);
    },
    endTokens: () => accessTokens.clear(),
    isGood: (refreshToken) => refreshTokens.includes(refreshToken),
    listen: () =>
      startServer((request, response) => {
        void text(request).then(async (body) => {
          if (request.method === 'POST' && options.delay)
            await new Promise((done) => setTimeout(done, options.delay));
          const { authorization } = request.headers;
          const given = await answer({
            method: request.method ?? 'GET',
            url: `http://127.0.0.1${request.url}`,
            headers: authorization ? { authorization } : {},
            body,
          });
          response.writeHead(given.status, given.headers).end(given.body);
        });
      }),
  };
}
