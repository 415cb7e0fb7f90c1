import { createReadStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import type { Spill } from '../engine/compare/compare-outputs.ts';
import { linesOf } from '../engine/lines.ts';

/** Bytes of one partition that wait for its file. */
const buffered = 64 * 1024;

/**
 * Lines in one file a partition, of a folder that is there.
 *
 * @param name of the files, before the partition's number
 */
export function spillFolder(folder: string, name: string): Spill {
  const waiting = new Map<number, string>();
  const written = new Set<number>();
  const file = (partition: number): string => path.join(folder, `${name}-${partition}`);
  const flush = async (partition: number): Promise<void> => {
    const text = waiting.get(partition);
    waiting.delete(partition);
    if (text === undefined) return;
    written.add(partition);
    await fs.appendFile(file(partition), text);
  };
  return {
    async add(partition, line) {
      const text = `${waiting.get(partition) ?? ''}${line}\n`;
      waiting.set(partition, text);
      if (text.length >= buffered) await flush(partition);
    },
    async *read(partition) {
      await flush(partition);
      if (!written.has(partition)) return;
      yield* linesOf(createReadStream(file(partition)));
    },
  };
}
