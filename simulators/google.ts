/** What Google's simulated applications have in common. */

import { type Auth, oauth2 } from './auth.ts';
import type { Answer } from './exchange.ts';

/**
 * A person's consent; a refresh gives an access token and no new refresh token.
 * https://developers.google.com/identity/protocols/oauth2/web-server#offline
 */
export function googleAuth(): Auth {
  return oauth2({
    grant: 'authorizationCode',
    tokenPath: '/token',
    authorizePath: '/o/oauth2/v2/auth',
    expiresIn: 3599,
    client: 'form',
    shape: ({ refresh_token, ...standard }, grant) =>
      grant === 'refresh_token' ? standard : { ...standard, refresh_token },
  });
}

const statuses: Readonly<Record<number, readonly [string, string]>> = {
  400: ['INVALID_ARGUMENT', 'badRequest'],
  401: ['UNAUTHENTICATED', 'authError'],
  403: ['PERMISSION_DENIED', 'forbidden'],
  404: ['NOT_FOUND', 'notFound'],
  429: ['RESOURCE_EXHAUSTED', 'rateLimitExceeded'],
  500: ['INTERNAL', 'backendError'],
  503: ['UNAVAILABLE', 'backendError'],
};

/** https://cloud.google.com/apis/design/errors#error_model; older applications have `errors`, too. */
export function googleRefusal(
  code: number,
  retryAfterSeconds?: number,
  told: { readonly message?: string; readonly reason?: string } = {},
): Answer {
  const [status = '', usual = ''] = statuses[code] ?? [];
  const { message = `refused with ${code}`, reason = usual } = told;
  const domain = reason === 'quotaExceeded' ? 'usageLimits' : 'global';
  return {
    status: code,
    headers: retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {},
    body: { error: { code, message, errors: [{ message, domain, reason }], status } },
  };
}

/** Epoch milliseconds → `2026-03-02` in a time zone. */
export function dayIn(timeZone: string): (time: number) => string {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone });
  const known = new Map<number, string>();
  return (time) => {
    // No zone changes its day but at a quarter of an hour.
    const quarter = Math.floor(time / 900_000);
    const day = known.get(quarter) ?? format.format(quarter * 900_000);
    known.set(quarter, day);
    return day;
  };
}
