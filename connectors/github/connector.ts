import { apiKey, defineConnector, linkHeader, oauth2 } from '#core';
import { issues } from './entities/issues.ts';
import { organizations } from './entities/organizations.ts';
import { pulls } from './entities/pulls.ts';
import { repositories } from './entities/repositories.ts';

export const github = defineConnector({
  label: 'GitHub',
  docs: 'https://docs.github.com/rest',
  apiVersion: '2022-11-28',
  baseUrl: 'https://api.github.com',
  headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
  auth: [
    oauth2({
      authorizeUrl: 'https://github.com/login/oauth/authorize',
      tokenUrl: 'https://github.com/login/oauth/access_token',
      scopes: ['repo', 'read:org'],
    }),
    apiKey({ label: 'Personal access token', scheme: 'Bearer' }),
  ],
  validateCredentials: 'GET /user',
  settings: {
    owner: {
      label: 'Owner',
      description: 'The user or organization that the repository belongs to.',
    },
    repo: { label: 'Repository', description: 'Its name, without the owner and without .git.' },
  },
  pagination: linkHeader({ size: { per_page: 100 } }),
  // https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: without a header, at least a minute.
  rateLimit: {
    remaining: 'x-ratelimit-remaining',
    resetAt: 'x-ratelimit-reset',
    retryAfter: 'retry-after',
    otherwiseSeconds: 60,
  },
  errors: {
    message: 'message',
    requestId: 'x-github-request-id',
    // 403 means "slow down" as well as "not allowed"; the status alone cannot tell them apart.
    rules: [
      { status: [403, 429], header: { 'x-ratelimit-remaining': '0' }, code: 'RateLimitExceeded' },
      { status: [403, 429], header: { 'retry-after': true }, code: 'RateLimitExceeded' },
      { status: [403], message: 'secondary rate limit', code: 'RateLimitExceeded' },
    ],
  },
  // Lists may lag behind writes; the vendor names no bound.
  settleSeconds: 30,
  entities: { ...issues, ...pulls, ...repositories, ...organizations },
});
