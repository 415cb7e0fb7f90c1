import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/ports.ts';

export const systemClock: Clock = { now: Date.now, sleep: (milliseconds) => sleep(milliseconds) };

/** Not console.log: its prefix would make a line of JSON no JSON. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
