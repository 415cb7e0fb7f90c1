/** A growing buffer. */
export interface ByteWriter {
  readonly length: number;
  byte(value: number): void;
  bytes(value: Uint8Array): void;
  /** A non-negative safe integer, seven bits per byte, the lowest first (LEB128). */
  varint(value: number): void;
  /** What was written; valid until the next write. */
  written(): Uint8Array;
}

export function byteWriter(capacity = 64): ByteWriter {
  let buffer = Buffer.allocUnsafe(capacity);
  let length = 0;

  function reserve(more: number): void {
    if (length + more <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(length + more, 2 * buffer.length));
    grown.set(buffer.subarray(0, length));
    buffer = grown;
  }

  return {
    get length() {
      return length;
    },
    byte(value) {
      reserve(1);
      buffer[length++] = value;
    },
    bytes(value) {
      reserve(value.length);
      buffer.set(value, length);
      length += value.length;
    },
    varint(value) {
      reserve(8);
      let rest = value;
      while (rest > 127) {
        buffer[length++] = (rest % 128) | 128;
        rest = Math.floor(rest / 128);
      }
      buffer[length++] = rest;
    },
    written: () => buffer.subarray(0, length),
  };
}
