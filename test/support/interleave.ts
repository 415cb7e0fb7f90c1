import type { PortHook } from './memory-home.ts';

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Lets several invocations run at once, one call of a port at a time, in an order drawn from the seed: each waits in its
 * hook until it is its turn.
 */
export async function interleaved<T>(
  random: () => number,
  invocations: readonly ((hook: PortHook) => Promise<T>)[],
): Promise<PromiseSettledResult<T>[]> {
  const waiting: (() => void)[] = [];
  const hook: PortHook = () => new Promise<void>((resolve) => waiting.push(resolve));
  let running = invocations.length;
  const ended = Promise.allSettled(invocations.map((invoke) => invoke(hook).finally(() => running--)));
  while (running > 0) {
    // All that can go on without a port does so first.
    await new Promise((resolve) => setImmediate(resolve));
    const [chosen] = waiting.splice(Math.floor(random() * waiting.length), 1);
    chosen?.();
  }
  return ended;
}
