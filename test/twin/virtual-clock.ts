import type { Clock } from '#core';

/** A clock that moves to the next moment for which somebody sleeps, once nobody can go on without. */
export interface VirtualClock extends Clock {
  /** Moves the clock until the work is done. */
  run<T>(work: Promise<T>): Promise<T>;
}

interface Sleeper {
  readonly at: number;
  wake(): void;
}

export function virtualClock(start: number): VirtualClock {
  let now = start;
  /** By time, the next one last. */
  const sleepers: Sleeper[] = [];
  return {
    now: () => now,
    sleep: (milliseconds) =>
      new Promise((wake) => {
        const at = now + milliseconds;
        let place = sleepers.length;
        // Behind those of the same moment: who slept first wakes first.
        while (place > 0 && (sleepers[place - 1]?.at ?? 0) <= at) place--;
        sleepers.splice(place, 0, { at, wake });
      }),
    async run(work) {
      let isDone = false;
      const done = work.finally(() => {
        isDone = true;
      });
      // What it throws is thrown below.
      done.catch(() => undefined);
      while (!isDone) {
        // Every promise that can settle has settled by then: all ports are in memory.
        await new Promise((turn) => setImmediate(turn));
        if (isDone) break;
        const next = sleepers.pop();
        if (!next) continue;
        now = Math.max(now, next.at);
        next.wake();
      }
      return done;
    },
  };
}
