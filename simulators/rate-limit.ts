import type { Answer, Asked } from './exchange.ts';

export interface RateLimit {
  /** So many requests in so many seconds, counted from the first. */
  readonly requests: number;
  readonly seconds: number;
  /** Requests that this limit does not count. Default: all are counted. */
  readonly counts?: (asked: Asked) => boolean;
  /** Default the vendor's refusal with status 429. */
  readonly refuse?: (seconds: number) => Answer;
  /** What every answer says of it. */
  readonly headers?: (state: QuotaState) => Record<string, string>;
}

export interface QuotaState {
  readonly limit: number;
  readonly remaining: number;
  /** Epoch milliseconds. */
  readonly resetAt: number;
}

export interface Taken {
  readonly headers: Record<string, string>;
  /** Whether it took the last of a quota. */
  readonly isLast: boolean;
  /** Absent: it was there to take. */
  readonly refused?: { readonly seconds: number; readonly limit: RateLimit };
}

export interface Limiter {
  /** Takes one request out of the quota. */
  take(asked: Asked): Taken;
}

/** @param most requests of a window, where the vendor allows more: tests keep quotas small */
export function limiter(
  limits: readonly RateLimit[],
  now: () => number,
  most = Number.POSITIVE_INFINITY,
): Limiter {
  const windows = limits.map((limit) => ({
    limit,
    quota: Math.min(limit.requests, most),
    used: 0,
    resetAt: 0,
  }));
  return {
    take(asked) {
      const headers: Record<string, string> = {};
      let refused: Taken['refused'];
      let isLast = false;
      for (const window of windows) {
        const { limit, quota } = window;
        if (limit.counts?.(asked) === false) continue;
        if (now() >= window.resetAt) {
          window.used = 0;
          window.resetAt = now() + limit.seconds * 1000;
        }
        const seconds = Math.ceil((window.resetAt - now()) / 1000);
        if (window.used < quota) window.used++;
        else if (!refused || refused.seconds < seconds) refused = { seconds, limit };
        isLast ||= window.used === quota;
        const state = { limit: quota, remaining: quota - window.used, resetAt: window.resetAt };
        Object.assign(headers, limit.headers?.(state));
      }
      return { headers, isLast, ...(refused && { refused }) };
    },
  };
}
