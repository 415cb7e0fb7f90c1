import type { RateLimit } from '../../core/connector/connector.ts';
import type { Clock } from '../../core/ports.ts';

/** Per clock, as each process has one: what each connection has spent. */
const spent = new WeakMap<Clock, Map<string, number>>();

/**
 * Takes one request out of a connection's declared budget, which all runs of this process share. Requests are spread evenly
 * (the generic cell rate algorithm): a burst of a tenth of the budget, then one at a time.
 *
 * @param key of the connection
 * @param longest milliseconds; for a longer wait nothing is taken
 * @returns milliseconds to wait before the request
 */
export function takeOne({ budget }: RateLimit, key: string, clock: Clock, longest: number): number {
  if (!budget) return 0;
  const interval = (budget.seconds * 1000) / budget.requests;
  const burst = Math.max(1, Math.floor(budget.requests / 10));
  const now = clock.now();
  const times = spent.get(clock) ?? new Map<string, number>();
  spent.set(clock, times);
  const due = Math.max(times.get(key) ?? 0, now);
  const wait = Math.max(0, Math.ceil(due - (burst - 1) * interval - now));
  if (wait < longest) times.set(key, due + interval);
  return wait;
}
