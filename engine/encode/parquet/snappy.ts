/**
 * Snappy's raw format (https://github.com/google/snappy/blob/main/format_description.txt).
 *
 * Our own, because the bytes must depend on the input alone: a run that is killed and repeated gives the same file
 * again. Ready-made compressors keep their table of earlier positions between calls, so their output depends on what
 * the process has compressed before.
 */

const blockBytes = 1 << 16; // Offsets then fit the two bytes of the common copy element.
const tableBits = 14;

export function snappyCompressor(): (input: Uint8Array) => Uint8Array {
  const table = new Uint16Array(1 << tableBits);
  return (input) => {
    const view = new DataView(input.buffer, input.byteOffset, input.length);
    const out = Buffer.allocUnsafe(32 + input.length + Math.ceil(input.length / 6));
    let at = 0;
    let length = input.length;
    for (; length > 127; length >>>= 7) out[at++] = (length & 127) | 128;
    out[at++] = length;
    for (let start = 0; start < input.length; start += blockBytes) {
      const end = Math.min(start + blockBytes, input.length);
      // Small pages need, and clear, but a part of the table.
      const bits = Math.min(tableBits, 32 - Math.clz32(end - start));
      at = compressBlock(input, view, start, end, table.fill(0, 0, 1 << bits), bits, out, at);
    }
    return Uint8Array.prototype.slice.call(out, 0, at);
  };
}

/** Appends input[start, end) to `out` at `at`, and gives where it ended. */
function compressBlock(
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  table: Uint16Array,
  bits: number,
  out: Uint8Array,
  at: number,
): number {
  let to = at;
  let literal = start;
  let from = start + 1;
  let misses = 0;
  while (from + 4 <= end) {
    const word = view.getInt32(from, true);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - bits);
    const candidate = start + (table[slot] ?? 0);
    table[slot] = from - start;
    if (view.getInt32(candidate, true) !== word) {
      from += 1 + (misses++ >> 5); // Data that does not repeat is skipped faster and faster.
      continue;
    }
    misses = 0;
    let length = 4;
    while (from + length < end && input[candidate + length] === input[from + length]) length++;
    to = putLiteral(input, literal, from, out, to);
    to = putCopies(from - candidate, length, out, to);
    from += length;
    literal = from;
  }
  return putLiteral(input, literal, end, out, to);
}

function putLiteral(input: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  const last = end - start - 1;
  if (last < 0) return at;
  let to = at;
  if (last < 60) out[to++] = last << 2;
  else if (last < 256) {
    out[to++] = 60 << 2;
    out[to++] = last;
  } else {
    out[to++] = 61 << 2;
    out[to++] = last & 255;
    out[to++] = last >> 8;
  }
  if (last < 32) for (let from = start; from < end; from++) out[to++] = input[from] ?? 0;
  else {
    out.set(input.subarray(start, end), to);
    to += last + 1;
  }
  return to;
}

/** Copies of at most 64 bytes each, from `offset` bytes back. */
function putCopies(offset: number, length: number, out: Uint8Array, at: number): number {
  let to = at;
  let rest = length;
  while (rest > 0) {
    const some = Math.min(rest, 64);
    if (some >= 4 && some < 12 && offset < 2048) {
      out[to++] = 1 | ((some - 4) << 2) | ((offset >> 8) << 5);
      out[to++] = offset & 255;
    } else {
      out[to++] = 2 | ((some - 1) << 2);
      out[to++] = offset & 255;
      out[to++] = offset >> 8;
    }
    rest -= some;
  }
  return to;
}
