import { TributaryError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';

/** Seconds that somebody who looks on waits in all. */
const longest = 600;

/**
 * Asks again after as long as a source says that asks to slow down, or whose job is not done yet: what the state machine does for a
 * run, for commands that somebody waits for. All waits of one patience together are ten minutes at most; what is refused beyond them, or
 * for another reason, is thrown.
 */
export function patience(clock: Clock): <T>(ask: () => Promise<T>) => Promise<T> {
  let waited = 0;
  return async (ask) => {
    while (true) {
      try {
        return await ask();
      } catch (error) {
        const wait = error instanceof TributaryError ? error.context.retryAfterSeconds : undefined;
        if (wait === undefined || waited + wait > longest) throw error;
        waited += wait;
        await clock.sleep(wait * 1000);
      }
    }
  };
}
