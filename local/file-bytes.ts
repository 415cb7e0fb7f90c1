/**
 * Bytes to and from files, through buffers that are used again: V8 collects as often as memory outside its heap is asked
 * for.
 */

import * as fs from 'node:fs/promises';
import { Readable } from 'node:stream';
import { TributaryError } from '../core/errors.ts';
import type { ByteRange, ObjectBody } from '../core/ports.ts';

/** How much of a file a reader gets at once. */
export const readBytes = 2 ** 20;
/** What `FileHandle.writeFile` gives to the system at once. */
const copiedBytes = 2 ** 19;
/** What is written together of small pieces. */
const joinedBytes = 2 ** 17;

/** Makes a file, or replaces what is in it. */
export async function writeBody(file: string, body: ObjectBody): Promise<void> {
  if (typeof body === 'string' || body instanceof Uint8Array) return fs.writeFile(file, body);
  const size = body.reduce((sum, { length }) => sum + length, 0);
  const buffer = Buffer.allocUnsafeSlow(Math.min(joinedBytes, size));
  await written(file, async (to) => {
    let used = 0;
    // Small pieces go together. Not by `writev`: with it Linux took two to four times as long to copy the same bytes.
    for (const piece of body) {
      if (used + piece.length > buffer.length) {
        await to.writeFile(buffer.subarray(0, used));
        used = 0;
      }
      if (piece.length > buffer.length) await to.writeFile(piece);
      else {
        buffer.set(piece, used);
        used += piece.length;
      }
    }
    await to.writeFile(buffer.subarray(0, used));
  });
}

export interface FileRange {
  readonly file: string;
  readonly range: ByteRange;
}

/**
 * Makes a file of ranges of others, or replaces what is in it.
 *
 * @throws StorageUnavailable if one of them ends before its range
 */
export async function writeRanges(file: string, ranges: readonly FileRange[]): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(copiedBytes);
  await written(file, async (to) => {
    for (const { file, range } of ranges) {
      const from = await fs.open(file);
      try {
        await copyRange(from, range, to, buffer, file);
      } finally {
        await from.close();
      }
    }
  });
}

async function copyRange(
  from: fs.FileHandle,
  { start, end }: ByteRange,
  to: fs.FileHandle,
  buffer: Buffer,
  at: string,
): Promise<void> {
  for (let position = start; position < end; ) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, end - position), position);
    if (bytesRead === 0) {
      throw new TributaryError('StorageUnavailable', 'the file ended early', {
        at,
        got: `${position} bytes`,
        expected: `${end}`,
      });
    }
    await to.writeFile(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

async function written(file: string, write: (handle: fs.FileHandle) => Promise<void>): Promise<void> {
  const handle = await fs.open(file, 'w');
  try {
    await write(handle);
  } finally {
    await handle.close();
  }
}

/**
 * A file's bytes from `start` on, of `size` that it has. Each chunk is valid until the next is asked for. Closes the file
 * at its end.
 */
export function transientStream(file: fs.FileHandle, start: number, size: number): Readable {
  // Three take turns: one is with the reader, one waits for it, one is being read.
  const length = Math.min(readBytes, Math.max(0, size - start));
  const buffers = [0, 1, 2].map(() => Buffer.allocUnsafeSlow(length));
  let position = start;
  return new Readable({
    highWaterMark: 1,
    read() {
      const buffer = buffers.shift() ?? Buffer.allocUnsafeSlow(length);
      buffers.push(buffer);
      file.read(buffer, 0, length, position).then(
        ({ bytesRead }) => {
          position += bytesRead;
          this.push(bytesRead === 0 ? null : buffer.subarray(0, bytesRead));
        },
        (error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      file.close().then(
        () => done(error),
        (failed) => done(error ?? failed),
      );
    },
  });
}
