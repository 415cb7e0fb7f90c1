/** Texts as bytes. Up to sixteen are read and written at a time, also beyond an end: there must be room for that. */

/** @returns where it ends */
export function copyText(from: usize, length: usize, to: usize): usize {
  for (let at: usize = 0; at < length; at += 16) v128.store(to + at, v128.load(from + at));
  return to + length;
}

/** Eight bytes, of which `left` are the text's: what is behind its end counts as zeroes. */
function wordAt(start: usize, left: i32): u64 {
  const word = load<u64>(start);
  return left >= 8 ? word : word & (((<u64>1) << ((<u64>left) << 3)) - 1);
}

// 64 bits of the golden ratio: odd, and its ones and zeroes are well mixed.
const multiplier: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;

export function hashOf(start: usize, length: i32): i32 {
  let hash = <u64>length * multiplier;
  for (let at = 0; at < length; at += 8) {
    hash = (hash ^ wordAt(start + <usize>at, length - at)) * multiplier;
    hash ^= hash >> 32;
  }
  return <i32>hash;
}

export function isEqual(a: usize, b: usize, length: i32): bool {
  for (let at = 0; at < length; at += 8) {
    if (wordAt(a + <usize>at, length - at) !== wordAt(b + <usize>at, length - at)) return false;
  }
  return true;
}
