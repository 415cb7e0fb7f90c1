/** A contiguous view of a stream's next bytes. */

import type { Chunks } from './object-bytes.ts';

export interface ByteWindow {
  /** The stream's next bytes; valid until the next call. */
  readonly bytes: Buffer;
  /** Whether the stream ends with `bytes`. */
  readonly ended: boolean;
  /** Makes `bytes` be `length` long, or longer if they are already, or all that is left of the stream. */
  fill(length: number): Promise<void>;
  /** Drops the first `count` of `bytes`. */
  drop(count: number): void;
  /** Drops `count` bytes of the stream, or all if it has fewer. */
  skip(count: number): Promise<void>;
  close(): Promise<void>;
}

const initialBytes = 64 * 1024;

export function byteWindow(chunks: Chunks): ByteWindow {
  let buffer = Buffer.alloc(0);
  let length = 0;
  // What was received beyond the length asked for; read ahead, as only that tells whether the stream has ended.
  let ahead: Uint8Array = buffer;
  let ended = false;

  async function readAhead(): Promise<void> {
    while (!ended && ahead.length === 0) {
      const next = await chunks.next();
      if (next.done) ended = true;
      else ahead = next.value;
    }
  }

  function append(bytes: Uint8Array, limit: number): void {
    if (length + bytes.length > buffer.length) {
      const larger = Buffer.allocUnsafe(
        Math.max(length + bytes.length, Math.min(limit, Math.max(initialBytes, 2 * buffer.length))),
      );
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
    buffer.set(bytes, length);
    length += bytes.length;
  }

  function drop(count: number): void {
    buffer.copyWithin(0, count, length);
    length -= count;
  }

  return {
    get bytes() {
      return buffer.subarray(0, length);
    },
    get ended() {
      return ended && ahead.length === 0;
    },
    async fill(wanted) {
      await readAhead();
      while (length < wanted && ahead.length > 0) {
        const count = Math.min(wanted - length, ahead.length);
        append(ahead.subarray(0, count), wanted);
        ahead = ahead.subarray(count);
        await readAhead();
      }
    },
    drop,
    async skip(count) {
      let left = count - Math.min(count, length);
      drop(count - left);
      for (await readAhead(); left > 0 && ahead.length > 0; await readAhead()) {
        const skipped = Math.min(left, ahead.length);
        ahead = ahead.subarray(skipped);
        left -= skipped;
      }
    },
    async close() {
      await chunks.return();
    },
  };
}
