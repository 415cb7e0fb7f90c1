/**
 * The state table as a folder: `<home>/state/<pk>/<sk>.json`, names percent-encoded. Several processes may use it at
 * once: writes happen under a lock file. A write of several items is first noted whole in a journal, so that a process
 * killed in the middle leaves all of it or nothing: whoever takes the lock next finishes it.
 */

import * as fs from 'node:fs/promises';
import path from 'node:path';
import { TributaryError } from '../core/errors.ts';
import type { Clock, StateItem, StateStore, StateWrite } from '../core/ports.ts';
import { errnoOf, readJson, writeWhole } from './files.ts';

interface Stored {
  readonly revision: number;
  readonly data: object;
}

interface Change {
  readonly pk: string;
  readonly sk: string;
  /** Absent: the item goes. */
  readonly item?: Stored;
}

/** A file name for any key; the order of encoded names is that of the keys, as far as list needs it. */
const encode = (key: string): string => encodeURIComponent(key).replaceAll('*', '%2A');
const decode = (name: string): string => decodeURIComponent(name);

const lockPatience = 30_000;

export function localStateStore(home: string, clock: Clock): StateStore {
  const folder = path.join(home, 'state');
  const lockFile = path.join(folder, '.lock');
  const journal = path.join(folder, '.journal.json');
  const fileOf = (pk: string, sk: string): string => path.join(folder, encode(pk), `${encode(sk)}.json`);
  // Writers of this process queue here; the lock file is for other processes.
  let queue: Promise<unknown> = Promise.resolve();

  const apply = async (changes: readonly Change[]): Promise<void> => {
    for (const { pk, sk, item } of changes) {
      if (item) await writeWhole(fileOf(pk, sk), JSON.stringify(item));
      else await fs.rm(fileOf(pk, sk), { force: true });
    }
  };

  const locked = async <T>(work: () => Promise<T>): Promise<T> => {
    await takeLock(folder, lockFile, clock);
    try {
      const unfinished = await readJson<Change[]>(journal);
      if (unfinished) {
        await apply(unfinished);
        await fs.rm(journal);
      }
      return await work();
    } finally {
      await fs.rm(lockFile, { force: true });
    }
  };

  const writeLocked = async (writes: readonly StateWrite[]): Promise<void> => {
    const changes: Change[] = [];
    for (const { pk, sk, expect, set } of writes) {
      const current = await readJson<Stored>(fileOf(pk, sk));
      if (
        expect !== undefined &&
        (expect === 'absent' ? current !== undefined : current?.revision !== expect)
      ) {
        throw new TributaryError('StateConflict', 'the item was changed by another writer', {
          at: `${pk}, ${sk}`,
          got: current ? `revision ${current.revision}` : 'no item',
          expected: expect === 'absent' ? 'no item' : `revision ${expect}`,
        });
      }
      if (set === 'check') continue;
      if (set === 'delete') changes.push({ pk, sk });
      else changes.push({ pk, sk, item: { revision: (current?.revision ?? 0) + 1, data: set } });
    }
    if (changes.length > 1) await writeWhole(journal, JSON.stringify(changes));
    await apply(changes);
    if (changes.length > 1) await fs.rm(journal);
  };

  return {
    async get<T extends object>(pk: string, sk: string): Promise<StateItem<T> | undefined> {
      const stored = await readJson<Stored>(fileOf(pk, sk));
      return stored && { pk, sk, revision: stored.revision, data: stored.data as T };
    },

    async write(writes) {
      const turn = queue.then(() => locked(() => writeLocked(writes)));
      queue = turn.catch(() => undefined);
      await turn;
    },

    async *list<T extends object>(
      pk: string,
      prefix: string,
      options: { descending?: boolean; limit?: number; after?: string } = {},
    ): AsyncIterable<StateItem<T>> {
      const names = await fs.readdir(path.join(folder, encode(pk))).catch((error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return [];
        throw error;
      });
      const { descending, after } = options;
      const keys = names
        .filter((name) => name.endsWith('.json'))
        .map((name) => decode(name.slice(0, -'.json'.length)))
        .filter((sk) => sk.startsWith(prefix))
        .filter((sk) => after === undefined || (descending ? sk < after : sk > after))
        .sort((a, b) => (a < b ? -1 : 1));
      if (descending) keys.reverse();
      for (const sk of keys.slice(0, options.limit)) {
        const stored = await readJson<Stored>(fileOf(pk, sk));
        if (stored) yield { pk, sk, revision: stored.revision, data: stored.data as T };
      }
    },
  };
}

/** Takes the lock, or breaks one whose process is gone. */
async function takeLock(folder: string, lockFile: string, clock: Clock): Promise<void> {
  await fs.mkdir(folder, { recursive: true });
  const patient = clock.now() + lockPatience;
  while (true) {
    try {
      await fs.writeFile(lockFile, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const holder = Number(await fs.readFile(lockFile, 'utf8').catch(() => ''));
    if (holder && holder !== process.pid && !isAlive(holder)) {
      await breakLock(lockFile, holder);
      continue;
    }
    if (clock.now() > patient) {
      throw new TributaryError('StorageUnavailable', 'the state folder is locked by another process', {
        at: lockFile,
        got: `process ${holder}`,
        fix: 'wait for that process to end; if there is none, remove the lock file',
      });
    }
    await clock.sleep(2);
  }
}

/** Of two that find the holder dead, the slower one may meet the new owner's lock: then it gives it back. */
async function breakLock(lockFile: string, deadHolder: number): Promise<void> {
  const broken = `${lockFile}.${process.pid}`;
  try {
    await fs.rename(lockFile, broken);
    if (Number(await fs.readFile(broken, 'utf8')) !== deadHolder) await fs.link(broken, lockFile);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    await fs.rm(broken, { force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
