/** Snappy's raw format (https://github.com/google/snappy/blob/main/format_description.txt); engine/encode/parquet/snappy.ts. */

const blockBytes: usize = 1 << 16; // Offsets then fit the two bytes of the common copy element.
const tableBits: i32 = 14;
/** Of the table of earlier positions. */
export const snappyTableBytes: usize = 2 << tableBits;

let out: usize = 0;

/**
 * Compresses `length` bytes at `input`, behind which 16 more must be readable, to `output`. @returns the compressed length
 */
export function snappy(input: usize, length: usize, output: usize, table: usize): usize {
  out = output;
  let left = length;
  for (; left > 127; left >>>= 7) putByte((left & 127) | 128);
  putByte(left);
  const end = input + length;
  for (let start = input; start < end; start += blockBytes) {
    const blockEnd = min(start + blockBytes, end);
    // Small pages need, and clear, but a part of the table.
    const bits = min(tableBits, 32 - clz(<i32>(blockEnd - start)));
    memory.fill(table, 0, (<usize>2) << bits);
    compressBlock(start, blockEnd, table, bits);
  }
  return out - output;
}

function compressBlock(start: usize, end: usize, table: usize, bits: i32): void {
  let literal = start;
  let from = start + 1;
  let misses: usize = 0;
  while (from + 4 <= end) {
    const word = load<u32>(from);
    const slot = table + ((<usize>((word * 0x1e35a7bd) >>> (32 - bits))) << 1);
    const candidate = start + load<u16>(slot);
    store<u16>(slot, <u16>(from - start));
    if (load<u32>(candidate) !== word) {
      from += 1 + (misses++ >> 5); // Data that does not repeat is skipped faster and faster.
      continue;
    }
    misses = 0;
    const length = <usize>4 + equalBytes(candidate + 4, from + 4, end);
    putLiteral(literal, from);
    putCopies(from - candidate, length);
    from += length;
    literal = from;
  }
  putLiteral(literal, end);
}

/** How many bytes at `a` and `b` are equal; `b`, the later, ends at `end`. */
function equalBytes(a: usize, b: usize, end: usize): usize {
  let at = b;
  let other = a;
  while (at + 8 <= end) {
    const difference = load<u64>(at) ^ load<u64>(other);
    if (difference !== 0) return at - b + <usize>(ctz(difference) >> 3);
    at += 8;
    other += 8;
  }
  while (at < end && load<u8>(at) === load<u8>(other)) {
    at++;
    other++;
  }
  return at - b;
}

function putByte(value: usize): void {
  store<u8>(out++, <u8>value);
}

function putLiteral(start: usize, end: usize): void {
  if (start === end) return;
  const length = end - start;
  const last = length - 1;
  if (last < 60) putByte(last << 2);
  else if (last < 256) {
    putByte(60 << 2);
    putByte(last);
  } else {
    putByte(61 << 2);
    putByte(last);
    putByte(last >> 8);
  }
  // What is written too much is overwritten, or not read.
  if (length <= 16) v128.store(out, v128.load(start));
  else memory.copy(out, start, length);
  out += length;
}

/** Copies of at most 64 bytes each, from `offset` bytes back. */
function putCopies(offset: usize, length: usize): void {
  let rest = length;
  while (rest > 0) {
    const some = min(rest, <usize>64);
    if (some >= 4 && some < 12 && offset < 2048) {
      putByte(1 | ((some - 4) << 2) | ((offset >> 8) << 5));
      putByte(offset);
    } else {
      putByte(2 | ((some - 1) << 2));
      putByte(offset);
      putByte(offset >> 8);
    }
    rest -= some;
  }
}
