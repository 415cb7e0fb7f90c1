import { TributaryError } from '../../core/errors.ts';

/** A wait up to this is slept in the step; a longer one goes back to the state machine, which waits for free. */
export const sleptSeconds = 20;

/** Seconds that the source asks to be left alone for; undefined if the error is none of this, or the source does not say for how long. */
export function rateLimitWait(error: unknown): number | undefined {
  if (!(error instanceof TributaryError) || error.code !== 'RateLimitExceeded') return undefined;
  return error.context.retryAfterSeconds;
}
