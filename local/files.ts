import { createHash, randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { type ErrorCode, TributaryError } from '../core/errors.ts';

/** `ENOENT` and the like; undefined for other errors. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Changes with every write: size, time of change, and the file itself (a rename brings another inode). */
export function etagOf({ ino, size, mtimeMs }: Stats): string {
  return createHash('md5').update(`${ino} ${size} ${mtimeMs}`).digest('hex');
}

/**
 * Replaces a file whole: a reader finds the old content or the new.
 *
 * @param temporary where it is written first. Default: a name that nobody else uses; who writes alone names one, and
 * what a killed process has left there is overwritten.
 */
export async function writeWhole(
  file: string,
  text: string,
  temporary = `${file}.${randomUUID()}.tmp`,
): Promise<void> {
  await fs.mkdir(path.dirname(file), { recursive: true });
  await fs.writeFile(temporary, text);
  await fs.rename(temporary, file);
}

export async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await fs.readFile(file, 'utf8')) as T;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const reasons: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EACCES: ['AccessDenied', 'let this user read and write there'],
  EPERM: ['AccessDenied', 'let this user read and write there'],
  EROFS: ['AccessDenied', 'the file system is read-only: use another folder'],
  ENAMETOOLONG: ['InvalidArgument', 'the name is too long for a file of this machine'],
  EEXIST: ['InvalidArgument', 'a folder is needed where a file is'],
  ENOTDIR: ['InvalidArgument', 'a folder is needed where a file is'],
  EISDIR: ['InvalidArgument', 'a file is needed where a folder is'],
  ENOSPC: ['StorageUnavailable', 'make room on the disk'],
  EDQUOT: ['StorageUnavailable', 'make room on the disk'],
  EMFILE: ['StorageUnavailable', 'let a process have more open files'],
  EIO: ['StorageUnavailable', 'look after the disk'],
};

/**
 * Does work on files; what the operating system refuses is thrown in the words of the taxonomy.
 *
 * @param at what was worked on, where the system does not name the file
 */
export async function explained<T>(at: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, at);
  }
}

export function fileError(error: unknown, at: string): unknown {
  const errno = errnoOf(error);
  const reason = errno === undefined ? undefined : reasons[errno];
  if (!reason || !(error instanceof Error)) return error;
  const { dest, path: file = at } = error as { readonly dest?: string; readonly path?: string };
  return new TributaryError(reason[0], 'the file system refused', {
    // What was to be the result of a rename says more than the temporary file.
    at: dest ?? file,
    got: errno ?? '',
    fix: reason[1],
    cause: error,
  });
}
