/**
 * A process of its own for the tests of the state store.
 *
 * `state-worker.ts count HOME TIMES`: adds one to a counter so many times.
 * `state-worker.ts die HOME N`: writes two items at once, and is killed right before its Nth change of a file's name or its
 * removal.
 */

import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { systemClock } from '../../local/home.ts';
import { localStateStore } from '../../local/state-store.ts';

const [mode, home = '', number] = process.argv.slice(2);
const store = localStateStore(home, systemClock);

if (mode === 'count') {
  let left = Number(number);
  while (left > 0) {
    const item = await store.get<{ value: number }>('COUNT', 'ER');
    const write = { pk: 'COUNT', sk: 'ER', expect: item?.revision ?? ('absent' as const) };
    try {
      await store.write([
        { ...write, set: { value: (item?.data.value ?? 0) + 1 } },
        { pk: 'COUNT', sk: 'TWIN', set: { value: (item?.data.value ?? 0) + 1 } },
      ]);
      left--;
    } catch (error) {
      if (!(error instanceof Error && error.name === 'StateConflict')) throw error;
    }
  }
} else {
  let moments = 0;
  const dying =
    <A extends readonly unknown[]>(work: (...args: A) => Promise<void>) =>
    async (...args: A): Promise<void> => {
      if (++moments === Number(number)) process.kill(process.pid, 'SIGKILL');
      await work(...args);
    };
  fs.rename = dying(fs.rename);
  fs.rm = dying(fs.rm);
  syncBuiltinESMExports();
  await store.write([
    { pk: 'FLOW', sk: 'A', set: { value: 'new' } },
    { pk: 'FLOW', sk: 'B', set: 'delete' },
    { pk: 'FLOW', sk: 'C', expect: 'absent', set: { value: 'new' } },
  ]);
}
