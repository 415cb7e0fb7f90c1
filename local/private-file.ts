/** Files that only their owner may read: they have mode 0600, their folder 0700. */

import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { errnoOf, explained } from './files.ts';

/** @throws AccessDenied if others may read it; `undefined`: there is none */
export async function readPrivate(file: string): Promise<Buffer | undefined> {
  return explained(file, async () => {
    try {
      const { mode } = await fs.stat(file);
      // Windows knows no such modes.
      if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
        throw new TributaryError('AccessDenied', 'others may read this secret', {
          at: file,
          got: `mode ${(mode & 0o777).toString(8).padStart(4, '0')}`,
          expected: 'mode 0600',
          fix: `chmod 600 ${file}`,
        });
      }
      return await fs.readFile(file);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** Whole or not at all, and on the disk before anything goes on: a refresh token may be the only one that is good. */
export async function writePrivate(
  file: string,
  content: string | Uint8Array,
  { ifAbsent = false }: { ifAbsent?: boolean } = {},
): Promise<void> {
  await explained(file, async () => {
    await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${randomUUID()}.tmp`;
    try {
      const handle = await fs.open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (!ifAbsent) return await fs.rename(temporary, file);
      await fs.link(temporary, file).catch((error: unknown) => {
        if (errnoOf(error) !== 'EEXIST') throw error;
      });
    } finally {
      await fs.rm(temporary, { force: true });
    }
  });
}
