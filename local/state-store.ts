/**
 * The state table as a folder: `<home>/state/<pk>/<sk>.json`, names percent-encoded. Several processes may use it at
 * once: writes happen under a lock file. A write of several items is first noted whole in a journal, so that a process
 * killed in the middle leaves all of it or nothing: whoever takes the lock next finishes it.
 */

import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { TributaryError } from '../core/errors.ts';
import type { Clock, StateItem, StateKey, StateStore, StateWrite } from '../core/ports.ts';
import { errnoOf, explained, readJson, writeWhole } from './files.ts';
import { isAlive, ownProcessId } from './processes.ts';

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

const encode = (key: string): string => encodeURIComponent(key).replaceAll('*', '%2A');
const decode = (name: string): string => decodeURIComponent(name);

/** A folder's name has 255 bytes at most; a flow's name may have more, and is never read back from it. */
function folderName(pk: string): string {
  const name = encode(pk);
  if (name.length <= 200) return name;
  return `${name.slice(0, 150)}~${createHash('sha256').update(pk).digest('hex').slice(0, 32)}`;
}

const lockPatience = 30_000;

export function localStateStore(home: string, clock: Clock): StateStore {
  const folder = path.join(home, 'state');
  const lockFile = path.join(folder, '.lock');
  const journal = path.join(folder, '.journal.json');
  const fileOf = (pk: string, sk: string): string => path.join(folder, folderName(pk), `${encode(sk)}.json`);
  // Writers of this process queue here; the lock file is for other processes.
  let queue: Promise<unknown> = Promise.resolve();

  const apply = async (changes: readonly Change[]): Promise<void> => {
    for (const { pk, sk, item } of changes) {
      const file = fileOf(pk, sk);
      if (item) await writeWhole(file, JSON.stringify(item), `${file}.tmp`);
      else await fs.rm(file, { force: true });
    }
  };

  const finishJournal = async (): Promise<void> => {
    const unfinished = await readJson<Change[]>(journal);
    if (!unfinished) return;
    await apply(unfinished);
    await fs.rm(journal);
  };

  const locked = async <T>(work: () => Promise<T>): Promise<T> => {
    await takeLock(folder, lockFile, clock);
    try {
      await finishJournal();
      return await work();
    } finally {
      await fs.rm(lockFile, { force: true });
    }
  };

  const turn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = queue.then(() => explained(folder, () => locked(work)));
    queue = done.catch(() => undefined);
    return done;
  };

  /** What a killed process has left half written is finished before anything is read. */
  let recovered: Promise<void> | undefined;
  const recover = (): Promise<void> => {
    recovered ??= fs.access(journal).then(
      () => turn(async () => undefined),
      () => undefined,
    );
    return recovered;
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
    if (changes.length > 1) await writeWhole(journal, JSON.stringify(changes), `${journal}.tmp`);
    await apply(changes);
    if (changes.length > 1) await fs.rm(journal);
  };

  const read = async <T extends object>(pk: string, sk: string): Promise<StateItem<T> | undefined> => {
    const stored = await readJson<Stored>(fileOf(pk, sk));
    return stored && { pk, sk, revision: stored.revision, data: stored.data as T };
  };

  return {
    async get<T extends object>(pk: string, sk: string) {
      await recover();
      return read<T>(pk, sk);
    },

    // Under the lock, so that no write comes between two of the items.
    getAll: <T extends readonly object[]>(keys: { readonly [K in keyof T]: StateKey }) =>
      turn(
        async () =>
          (await Promise.all(keys.map(({ pk, sk }) => read(pk, sk)))) as {
            [K in keyof T]: StateItem<T[K]> | undefined;
          },
      ),

    write: (writes) => turn(() => writeLocked(writes)),

    async *list<T extends object>(
      pk: string,
      prefix: string,
      options: { descending?: boolean; limit?: number; after?: string } = {},
    ): AsyncIterable<StateItem<T>> {
      await recover();
      const names = await fs.readdir(path.join(folder, folderName(pk))).catch((error: unknown) => {
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

/** Takes the lock, or breaks one whose process is gone. The lock is a link to nowhere: made and named in one instruction. */
async function takeLock(folder: string, lockFile: string, clock: Clock): Promise<void> {
  await fs.mkdir(folder, { recursive: true });
  const patient = clock.now() + lockPatience;
  while (true) {
    try {
      await fs.symlink(ownProcessId(), lockFile);
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const holder = await holderOf(lockFile);
    if (holder && !isAlive(holder)) await breakLock(lockFile, holder);
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

/** Under a lock of its own: of two that find the holder dead, the slower one must not remove the lock of the faster. */
async function breakLock(lockFile: string, deadHolder: string): Promise<void> {
  const guard = `${lockFile}-breaking`;
  try {
    await fs.symlink(ownProcessId(), guard);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    throw error;
  }
  try {
    if ((await holderOf(lockFile)) === deadHolder) await fs.rm(lockFile, { force: true });
  } finally {
    await fs.rm(guard, { force: true });
  }
}

/** Undefined: the lock is free (again). */
async function holderOf(lockFile: string): Promise<string | undefined> {
  return fs.readlink(lockFile).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
}
