import { byteWriter } from './byte-writer.ts';

/**
 * Parquet's RLE and bit-packing hybrid (https://parquet.apache.org/docs/file-format/data-pages/encodings/): runs of
 * eight and more equal values are counted, the others packed in groups of eight.
 *
 * @param width bits per value, 1 to 16
 */
export function hybrid(values: Uint8Array | Uint16Array, count: number, width: number): Uint8Array {
  const out = byteWriter(16 + Math.ceil((count * width) / 8));

  function pack(start: number, end: number): void {
    if (start === end) return;
    const groups = Math.ceil((end - start) / 8);
    out.varint(2 * groups + 1);
    let bits = 0;
    let held = 0;
    for (let at = start; at < start + 8 * groups; at++) {
      bits |= (at < end ? (values[at] ?? 0) : 0) << held;
      for (held += width; held >= 8; held -= 8) {
        out.byte(bits & 255);
        bits >>>= 8;
      }
    }
  }

  let unpacked = 0;
  let at = 0;
  while (at < count) {
    const value = values[at] ?? 0;
    let end = at + 1;
    while (end < count && values[end] === value) end++;
    if (end - at >= 8 || end === count) {
      pack(unpacked, at);
      out.varint(2 * (end - at));
      out.byte(value & 255);
      if (width > 8) out.byte(value >> 8);
      unpacked = end;
      at = end;
    } else at += 8; // Only the last group may be incomplete, so runs begin at whole groups.
  }
  pack(unpacked, count);
  return out.written();
}

/** A single run. */
export function run(value: 0 | 1, count: number): Uint8Array {
  const out = byteWriter(8);
  out.varint(2 * count);
  out.byte(value);
  return out.written();
}
