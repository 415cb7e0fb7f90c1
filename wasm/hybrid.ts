/** Parquet's RLE and bit-packing hybrid, as engine/encode/parquet/hybrid.ts describes it. */

/** Where the next byte is written. */
let out: usize = 0;
/** A value's bytes are 2 to the power of this. */
let shift: usize = 0;

/** @param valueBytes of each value, 1 or 2 @returns where the output ends */
export function hybrid(values: usize, valueBytes: i32, count: i32, width: i32, to: usize): usize {
  out = to;
  shift = valueBytes - 1;
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
  const at = values + ((<usize>index) << shift);
  return shift === 0 ? load<u8>(at) : load<u16>(at);
}

/** Groups of eight, the last one filled with zeroes. */
function pack(values: usize, start: i32, end: i32, width: i32): void {
  if (start === end) return;
  const groups = (end - start + 7) >> 3;
  putVarint((groups << 1) | 1);
  let bits: u64 = 0;
  let held = 0;
  for (let at = start; at < start + 8 * groups; at++) {
    if (at < end) bits |= (<u64>valueAt(values, at)) << held;
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
