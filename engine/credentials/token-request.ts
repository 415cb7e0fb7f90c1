import type { OAuth2Scheme } from '../../core/connector/auth.ts';
import { type ErrorCode, TributaryError } from '../../core/errors.ts';
import type { Clock, Http, HttpResponse } from '../../core/ports.ts';
import { dateOf } from '../http/moments.ts';
import { redact } from '../http/vendor-error.ts';
import { signedJwt } from './jwt.ts';

export type Credentials = Readonly<Record<string, string>>;

/** Milliseconds until a token endpoint must have answered. */
export const tokenTimeout = 20_000;
/** Milliseconds by which two clocks may differ before a vendor minds. */
const tolerableSkew = 60_000;
const shown = 300;
/** Members of a connection's secret that an error may name. */
const notSecret = new Set(['clientId', 'username', 'consentedAt']);

export interface TokenAnswer {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** As the vendor says, else as the connector declares; absent: nobody knows. */
  readonly expiresInSeconds?: number;
}

/** Refusals that only a person can mend, by consenting anew. */
const consentErrors = new Set([
  'invalid_grant',
  // https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
  'bad_refresh_token',
  // https://docs.slack.dev/reference/methods/oauth.v2.access
  'invalid_refresh_token',
  'token_revoked',
  // https://learn.microsoft.com/entra/identity-platform/reference-error-codes
  'interaction_required',
  'consent_required',
]);

/** Whether the refresh token is refused, not the request or the client. */
export function needsConsent(grant: OAuth2Scheme, error: unknown): error is TributaryError {
  return (
    grant.grant === 'authorizationCode' &&
    error instanceof TributaryError &&
    error.code === 'InvalidCredentials' &&
    consentErrors.has(error.context.vendorCode ?? '')
  );
}

/** What gets another token without a person: https://www.rfc-editor.org/rfc/rfc6749#section-4.4, #section-6, RFC 7523. */
export function renewalParameters(
  grant: OAuth2Scheme,
  credentials: Credentials,
  now: number,
): Record<string, string> {
  const scope = grant.scopes.length > 0 && { scope: grant.scopes.join(grant.scopeSeparator ?? ' ') };
  switch (grant.grant) {
    case 'authorizationCode':
      return { grant_type: 'refresh_token', refresh_token: credentials.refreshToken ?? '' };
    case 'clientCredentials':
      return { grant_type: 'client_credentials', ...scope };
    case 'jwtBearer':
      return {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: signedJwt(grant, credentials, now),
      };
  }
}

/**
 * One request to the token endpoint; redirects are not followed. Of a refusal only `error` and `error_description` are shown.
 *
 * @throws InvalidCredentials, AccessDenied, ClientError, RateLimitExceeded, ServerError, ServiceUnavailable, RequestTimeout,
 * ConnectorUnreachable, ConnectorProtocol
 */
export async function requestToken(
  grant: OAuth2Scheme,
  parameters: Readonly<Record<string, string>>,
  credentials: Credentials,
  { http, clock }: { readonly http: Http; readonly clock: Clock },
): Promise<TokenAnswer> {
  const { clientId = '', clientSecret } = credentials;
  const inHeader = grant.clientAuthentication === 'basic' && clientSecret !== undefined;
  // A signed assertion says who the client is.
  const client =
    inHeader || grant.grant === 'jwtBearer'
      ? {}
      : { client_id: clientId, ...(clientSecret && { client_secret: clientSecret }) };
  const members = { ...grant.tokenParameters, ...parameters, ...client };
  const isJson = grant.tokenBody === 'json';
  const response = await http.send({
    method: 'POST',
    url: grant.tokenUrl,
    headers: {
      accept: 'application/json',
      'content-type': isJson ? 'application/json' : 'application/x-www-form-urlencoded',
      'user-agent': 'tributary',
      ...(inHeader && { authorization: `Basic ${basicPair(clientId, clientSecret)}` }),
    },
    body: isJson ? JSON.stringify(members) : new URLSearchParams(members).toString(),
    timeout: tokenTimeout,
  });
  const answer = membersOf(response);
  const { access_token: accessToken, refresh_token: refreshToken } = answer;
  // Some vendors refuse with status 200.
  if (response.status !== 200 || answer.error || !accessToken)
    throw refusal(grant, response, answer, secretsOf(credentials, parameters), clock.now());
  const expiresInSeconds = Number(answer.expires_in ?? grant.expiresInSeconds);
  return {
    accessToken,
    ...(refreshToken && { refreshToken }),
    ...(expiresInSeconds > 0 && { expiresInSeconds }),
  };
}

function secretsOf(
  credentials: Credentials,
  { assertion = '', code = '', code_verifier: verifier = '' }: Readonly<Record<string, string>>,
): string[] {
  const kept = Object.entries(credentials).flatMap(([name, value]) => (notSecret.has(name) ? [] : [value]));
  return [...kept, assertion, code, verifier].filter((secret) => secret.length > 3);
}

/** Both are form-encoded first: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function basicPair(clientId: string, clientSecret: string): string {
  const encoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  return Buffer.from(`${encoded(clientId)}:${encoded(clientSecret)}`).toString('base64');
}

/** The answer's texts and numbers, from JSON or, as some old endpoints answer, from a form. */
function membersOf({ headers, body }: HttpResponse): Record<string, string> {
  const text = Buffer.from(body).toString();
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(text));
  try {
    const json: unknown = JSON.parse(text);
    return Object.fromEntries(
      Object.entries(json ?? {}).flatMap(([name, value]) =>
        typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [],
      ),
    );
  } catch {
    return {};
  }
}

function refusal(
  grant: OAuth2Scheme,
  { status, headers }: HttpResponse,
  { error, error_description: description }: Record<string, string>,
  secrets: readonly string[],
  now: number,
): TributaryError {
  const told = [error, description].filter(Boolean).join(': ');
  const skew = (dateOf(headers.date) ?? now) - now;
  const isLate = grant.grant === 'jwtBearer' && Math.abs(skew) > tolerableSkew;
  const wait = headers['retry-after'];
  const code = codeOf(status, error);
  return new TributaryError(
    code,
    told
      ? `the token endpoint says "${redact(told, secrets).slice(0, shown)}"`
      : 'the token endpoint gave no token',
    {
      at: new URL(grant.tokenUrl).host,
      status,
      ...(error && { vendorCode: redact(error, secrets).slice(0, 64) }),
      ...(isLate && {
        fix: `set this machine's clock: it is ${Math.abs(Math.round(skew / 1000))} s ${skew > 0 ? 'behind' : 'ahead of'} the vendor's`,
      }),
      ...(code === 'RateLimitExceeded' && {
        retryAfterSeconds: /^\d+$/.test(wait ?? '') ? Number(wait) : 60,
      }),
    },
  );
}

function codeOf(status: number, error = ''): ErrorCode {
  if (status === 429) return 'RateLimitExceeded';
  if (status === 503 || error === 'temporarily_unavailable') return 'ServiceUnavailable';
  if (status >= 500) return 'ServerError';
  // Of any status: Atlassian refuses a refresh token with 403.
  if (consentErrors.has(error)) return 'InvalidCredentials';
  if (error === 'invalid_scope' || error === 'access_denied' || status === 403) return 'AccessDenied';
  const wrongClient = error === 'invalid_client' || error === 'unauthorized_client';
  if (status === 401 || wrongClient) return 'InvalidCredentials';
  return error || (status >= 400 && status < 500) ? 'ClientError' : 'ConnectorProtocol';
}
