/** Parquet's RLE and bit-packing hybrid, as engine/encode/parquet/hybrid.ts describes it. */

/** Where the next byte is written. */
let out: usize = 0;

/** @param values of two bytes each; behind them must be room for seven more @returns where the output ends */
export function hybrid(values: usize, count: i32, width: i32, to: usize): usize {
  out = to;
  let unpacked = 0;
  let at = 0;
  while (at < count) {
    const value = valueAt(values, at);
    let end = at + 1;
    while (end < count && valueAt(values, end) === value) end++;
    if (end - at >= 8 || end === count) {
      pack(values, unpacked, at, width);
      putVarint((end - at) << 1);
      store<u8>(out++, value);
      if (width > 8) store<u8>(out++, value >> 8);
      unpacked = end;
      at = end;
    } else at += 8; // Only the last group may be incomplete, so runs begin at whole groups.
  }
  pack(values, unpacked, min(at, count), width);
  return out;
}

function valueAt(values: usize, index: i32): u16 {
  return load<u16>(values + ((<usize>index) << 1));
}

/** Groups of eight, the last one filled with zeroes. */
function pack(values: usize, start: i32, end: i32, width: i32): void {
  if (start === end) return;
  const groups = (end - start + 7) >> 3;
  putVarint((groups << 1) | 1);
  // No run begins within a group, so what lies behind an incomplete one is behind all values.
  for (let at = end; at < start + 8 * groups; at++) store<u16>(values + ((<usize>at) << 1), 0);
  let bits: u64 = 0;
  let held = 0;
  for (let at = start; at < start + 8 * groups; at++) {
    bits |= (<u64>valueAt(values, at)) << held;
    for (held += width; held >= 8; held -= 8) {
      store<u8>(out++, bits);
      bits >>= 8;
    }
  }
}

function putVarint(value: i32): void {
  let rest = <u32>value;
  while (rest > 127) {
    store<u8>(out++, (rest & 127) | 128);
    rest >>= 7;
  }
  store<u8>(out++, rest);
}
