import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../local/home.ts';
import { ownProcessId } from '../../local/processes.ts';
import { localStateStore } from '../../local/state-store.ts';
import { fakeClock } from '../support/memory-home.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const worker = path.join(import.meta.dirname, 'state-worker.ts');

/** Runs the worker to its end; answers its exit code, or the signal that killed it. */
async function work(...args: readonly string[]): Promise<number | string> {
  const child = spawn(process.execPath, ['--import', 'tsx', worker, ...args], { stdio: 'inherit' });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? code ?? '';
}

function prepared() {
  const home = temporaryFolder();
  return { home, store: localStateStore(home, systemClock) };
}

test('keeps items, with a revision that rises', async () => {
  const { home, store } = prepared();
  expect(await store.get('FLOW#a', 'STATE')).toBeUndefined();
  await store.write([{ pk: 'FLOW#a', sk: 'STATE', expect: 'absent', set: { n: 1, list: [null, 'ä'] } }]);
  const expected = { pk: 'FLOW#a', sk: 'STATE', revision: 1, data: { n: 1, list: [null, 'ä'] } };
  expect(await store.get('FLOW#a', 'STATE')).toEqual(expected);
  await store.write([{ pk: 'FLOW#a', sk: 'STATE', expect: 1, set: { n: 2 } }]);
  await store.write([{ pk: 'FLOW#a', sk: 'STATE', set: { n: 3 } }]);
  expect(await localStateStore(home, systemClock).get('FLOW#a', 'STATE')).toMatchObject({
    revision: 3,
    data: { n: 3 },
  });
  await store.write([{ pk: 'FLOW#a', sk: 'STATE', set: 'delete' }]);
  expect(await store.get('FLOW#a', 'STATE')).toBeUndefined();
});

test('reads several items in the order of their keys', async () => {
  const { store } = prepared();
  await store.write([{ pk: 'FLOW#a', sk: 'STATE', set: { n: 1 } }]);
  const keys = [
    { pk: 'FLOW#a', sk: 'SLOT' },
    { pk: 'FLOW#a', sk: 'STATE' },
  ] as const;
  expect(await store.getAll<[object, object]>(keys)).toEqual([
    undefined,
    { pk: 'FLOW#a', sk: 'STATE', revision: 1, data: { n: 1 } },
  ]);
});

test('writes all or nothing, as the conditions hold or not', async () => {
  const { store } = prepared();
  await store.write([{ pk: 'P', sk: 'a', set: { v: 1 } }]);
  const lost: Parameters<typeof store.write>[0][] = [
    [
      { pk: 'P', sk: 'new', set: { v: 1 } },
      { pk: 'P', sk: 'a', expect: 2, set: { v: 2 } },
    ],
    [
      { pk: 'P', sk: 'new', set: { v: 1 } },
      { pk: 'P', sk: 'a', expect: 'absent', set: 'check' },
    ],
    [
      { pk: 'P', sk: 'a', set: 'delete' },
      { pk: 'P', sk: 'missing', expect: 1, set: 'check' },
    ],
  ];
  for (const writes of lost)
    await expect(store.write(writes)).rejects.toMatchObject({ code: 'StateConflict', retried: true });
  expect(await store.get('P', 'new')).toBeUndefined();
  expect(await store.get('P', 'a')).toMatchObject({ revision: 1, data: { v: 1 } });
  await store.write([
    { pk: 'P', sk: 'new', expect: 'absent', set: { v: 1 } },
    { pk: 'P', sk: 'a', expect: 1, set: 'check' },
  ]);
  expect(await store.get('P', 'new')).toMatchObject({ revision: 1 });
  expect(await store.get('P', 'a')).toMatchObject({ revision: 1 });
});

test('lists a partition by prefix, either way, from anywhere', async () => {
  const { store } = prepared();
  const history = ['HISTORY#2026-01-02T00:00:00.000Z#b', 'HISTORY#2026-01-01T00:00:00.000Z#a', 'STATE'];
  for (const sk of history) await store.write([{ pk: 'FLOW#f', sk, set: {} }]);
  await store.write([{ pk: 'FLOW#f2', sk: 'HISTORY#x', set: {} }]);
  const list = async (prefix: string, options?: object) => {
    const found: string[] = [];
    for await (const { sk } of store.list('FLOW#f', prefix, options)) found.push(sk);
    return found;
  };
  const [second, first] = history;
  expect(await list('HISTORY#')).toEqual([first, second]);
  expect(await list('HISTORY#', { descending: true })).toEqual([second, first]);
  expect(await list('HISTORY#', { descending: true, limit: 1 })).toEqual([second]);
  expect(await list('HISTORY#', { after: first })).toEqual([second]);
  expect(await list('HISTORY#', { after: second, descending: true })).toEqual([first]);
  expect(await list('')).toEqual([first, second, 'STATE']);
  expect(await list('NONE')).toEqual([]);
});

test('takes the longest names that flows may have, and keeps them apart', async () => {
  const { store } = prepared();
  const long = `FLOW#${'!@#.-'.repeat(51)}`;
  await store.write([{ pk: `${long}a`, sk: 'STATE', set: { of: 'a' } }]);
  await store.write([{ pk: `${long}b`, sk: 'STATE', set: { of: 'b' } }]);
  expect(await store.get(`${long}a`, 'STATE')).toMatchObject({ data: { of: 'a' } });
  for await (const { data } of store.list(`${long}b`, '')) expect(data).toEqual({ of: 'b' });
});

test('of many writers in this process none is lost', async () => {
  const { home, store } = prepared();
  const other = localStateStore(home, systemClock);
  const increment = async (on: typeof store): Promise<void> => {
    const item = await on.get<{ n: number }>('P', 'n');
    try {
      const n = (item?.data.n ?? 0) + 1;
      await on.write([{ pk: 'P', sk: 'n', expect: item?.revision ?? 'absent', set: { n } }]);
    } catch {
      await increment(on);
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, i) => increment(i % 2 ? store : other)));
  expect(await store.get('P', 'n')).toMatchObject({ revision: 20, data: { n: 20 } });
});

test('of three processes that count at once, no step is lost', async () => {
  const { home, store } = prepared();
  expect(await Promise.all([1, 2, 3].map(() => work('count', home, '40')))).toEqual([0, 0, 0]);
  expect(await store.get('COUNT', 'ER')).toMatchObject({ revision: 120, data: { value: 120 } });
  expect(await store.get('COUNT', 'TWIN')).toMatchObject({ data: { value: 120 } });
  expect(readdirSync(path.join(home, 'state'))).toEqual(['COUNT']);
}, 60_000);

describe('a process killed in the middle of a write leaves all of it or nothing', () => {
  // The journal's name, two renames and a removal of items, the journal's removal, the lock's.
  test.each(['1', '2', '3', '4', '5', '6'])('before change %s of the folder', async (moment) => {
    const { home, store } = prepared();
    await store.write([{ pk: 'FLOW', sk: 'A', set: { value: 'old' } }]);
    await store.write([{ pk: 'FLOW', sk: 'B', set: { value: 'old' } }]);
    expect(await work('die', home, moment)).toBe('SIGKILL');
    const after = localStateStore(home, systemClock);
    const found = {
      A: (await after.get<{ value: string }>('FLOW', 'A'))?.data.value,
      B: (await after.get<{ value: string }>('FLOW', 'B'))?.data.value,
      C: (await after.get<{ value: string }>('FLOW', 'C'))?.data.value,
    };
    const nothing = { A: 'old', B: 'old', C: undefined };
    const all = { A: 'new', B: undefined, C: 'new' };
    expect(found).toEqual(moment === '1' ? nothing : all);
    await after.write(['A', 'C'].map((sk) => ({ pk: 'FLOW', sk, set: { value: 'newer' } })));
    expect(await after.get('FLOW', 'C')).toMatchObject({ data: { value: 'newer' } });
    expect(readdirSync(path.join(home, 'state'))).toEqual(['FLOW']);
    const left = readdirSync(path.join(home, 'state/FLOW'));
    expect(left.filter((name) => !name.endsWith('.json'))).toEqual([]);
  });
}, 60_000);

test('waits for a process that holds the lock, then says which file to look at', async () => {
  const home = temporaryFolder();
  mkdirSync(path.join(home, 'state'));
  symlinkSync(ownProcessId(), path.join(home, 'state/.lock'));
  const clock = fakeClock();
  const started = clock.now();
  clock.sleep = async (milliseconds) => clock.advance(milliseconds * 500);
  await expect(localStateStore(home, clock).write([{ pk: 'P', sk: 'a', set: {} }])).rejects.toMatchObject({
    code: 'StorageUnavailable',
    context: { at: path.join(home, 'state/.lock'), got: `process ${ownProcessId()}` },
  });
  expect(clock.now() - started).toBeGreaterThan(30_000);
});

test('breaks the lock of a process that is gone, even if its number was given again', async () => {
  for (const gone of ['4194304999-1', `${process.pid}-1`]) {
    const home = temporaryFolder();
    mkdirSync(path.join(home, 'state'));
    symlinkSync(gone, path.join(home, 'state/.lock'));
    const store = localStateStore(home, systemClock);
    await store.write([{ pk: 'P', sk: 'a', set: {} }]);
    expect(await store.get('P', 'a')).toMatchObject({ revision: 1 });
  }
});
