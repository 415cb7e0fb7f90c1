/**
 * Snappy's raw format, by wasm/snappy.ts.
 *
 * Our own, because the bytes must depend on the input alone: a run that is killed and repeated gives the same file
 * again. Ready-made compressors keep their table of earlier positions between calls, so their output depends on what
 * the process has compressed before.
 */

import type { ColumnMemory } from './column-memory.ts';

/** What may be read, and written, behind what is asked for. */
const slack = 16;

/** Of bytes [start, end) of the memory, which may be those that `ColumnMemory.room` has given last. */
export function snappy(memory: ColumnMemory, start: number, end: number): Uint8Array {
  const length = end - start;
  // What repeats nowhere becomes a little longer: literals of 64 KiB at most, each behind its length.
  const most = 32 + length + Math.ceil(length / 6) + slack;
  const output = Math.max(memory.room(length + slack + most), end + slack);
  const { kernels, snappyTable } = memory;
  const outputEnd = output + kernels.snappy(start, length, output, snappyTable);
  return Uint8Array.prototype.slice.call(memory.bytes, output, outputEnd);
}
