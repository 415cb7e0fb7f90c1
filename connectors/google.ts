/** What the connectors of Google's applications have in common. */

import { type AuthScheme, type ErrorAnswers, jwtBearer, oauth2 } from '#core';

const tokenUrl = 'https://oauth2.googleapis.com/token';

/**
 * A person's consent, or a service account's key (`clientId`: its email address, `privateKey`).
 *
 * `access_type=offline` asks for a refresh token; Google gives one at the first consent only, unless `prompt` asks again:
 * https://developers.google.com/identity/protocols/oauth2/web-server#creatingclient
 * https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
export function googleAuth(...scopes: readonly string[]): [AuthScheme, AuthScheme] {
  return [
    oauth2({
      authorizeUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
      tokenUrl,
      scopes: scopes.map(scopeUrl),
      pkce: true,
      authorizeParameters: { access_type: 'offline', prompt: 'consent' },
    }),
    jwtBearer({ tokenUrl, audience: tokenUrl, scopes: scopes.map(scopeUrl) }),
  ];
}

function scopeUrl(name: string): string {
  return `https://www.googleapis.com/auth/${name}`;
}

/** Of newer APIs: a used-up quota is a 429. https://cloud.google.com/apis/design/errors#error_model */
export const googleErrors: ErrorAnswers = { message: 'error.message', vendorCode: 'error.status' };

/** Of older ones, where a 403 may mean that a quota is used up, too. */
export const olderGoogleErrors: ErrorAnswers = {
  message: 'error.message',
  vendorCode: 'error.errors[*].reason',
  rules: ['quotaExceeded', 'rateLimitExceeded', 'userRateLimitExceeded', 'dailyLimitExceeded'].map(
    (vendorCode) => ({ status: [403], vendorCode, code: 'RateLimitExceeded' }),
  ),
};
