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
}

export function byteWindow(chunks: Chunks): ByteWindow {
  let buffer = Buffer.alloc(0);
  // The window is buffer[from..to).
  let from = 0;
  let to = 0;
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
    if (to + bytes.length > buffer.length) {
      const length = to - from;
      const needed = length + bytes.length;
      const roomy = Math.max(needed, Math.min(limit, 2 * buffer.length));
      const target = needed > buffer.length ? Buffer.allocUnsafe(roomy) : buffer;
      buffer.copy(target, 0, from, to);
      buffer = target;
      from = 0;
      to = length;
    }
    buffer.set(bytes, to);
    to += bytes.length;
  }

  function drop(count: number): void {
    from += count;
  }

  return {
    get bytes() {
      return buffer.subarray(from, to);
    },
    get ended() {
      return ended;
    },
    async fill(wanted) {
      await readAhead();
      while (to - from < wanted && ahead.length > 0) {
        const count = Math.min(wanted - (to - from), ahead.length);
        append(ahead.subarray(0, count), wanted);
        ahead = ahead.subarray(count);
        await readAhead();
      }
    },
    drop,
    async skip(count) {
      let left = count - Math.min(count, to - from);
      drop(count - left);
      for (await readAhead(); left > 0 && ahead.length > 0; await readAhead()) {
        const skipped = Math.min(left, ahead.length);
        ahead = ahead.subarray(skipped);
        left -= skipped;
      }
    },
  };
}
