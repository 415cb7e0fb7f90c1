/** Levels as Parquet's pages have them (https://parquet.apache.org/docs/file-format/nestedencoding/). */

import type { ColumnMemory, Region } from './column-memory.ts';

export interface EncodedLevels {
  /** Bytes that `put` writes at most. */
  readonly most: number;
  /** Writes them into the memory. @returns where they end */
  put(to: number): number;
}

/**
 * In Parquet's RLE and bit-packing hybrid (https://parquet.apache.org/docs/file-format/data-pages/encodings/): runs of eight and
 * more equal values are counted, the others packed in groups of eight.
 *
 * @param bytes a byte for each @param width bits of each, 1 to 8
 */
export function encodedLevels(
  memory: ColumnMemory,
  bytes: Region,
  count: number,
  width: number,
): EncodedLevels {
  return {
    most: 32 + Math.ceil(count / 8) * (width + 1),
    put: (to) => memory.kernels.hybrid(bytes.start, 1, count, width, to),
  };
}

/** So many ones, of one bit: a single run. */
export function onlyOnes(memory: ColumnMemory, count: number): EncodedLevels {
  return {
    most: 8,
    put(to) {
      const { bytes } = memory;
      let at = to;
      let rest = 2 * count;
      for (; rest > 127; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) + 128;
      bytes[at++] = rest;
      bytes[at++] = 1;
      return at;
    },
  };
}
