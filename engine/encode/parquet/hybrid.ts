import { ensureMemory, type Kernels, newKernels } from '../../../core/kernels.ts';
import { byteWriter } from './byte-writer.ts';

let shared: Kernels | undefined;

/**
 * Parquet's RLE and bit-packing hybrid (https://parquet.apache.org/docs/file-format/data-pages/encodings/): runs of
 * eight and more equal values are counted, the others packed in groups of eight.
 *
 * @param width bits per value, 1 to 16
 */
export function hybrid(values: Uint8Array | Uint16Array, count: number, width: number): Uint8Array {
  // One for the process, as it keeps nothing between calls but memory.
  shared ??= newKernels();
  const { memory } = shared;
  const start = shared.heapStart();
  const output = start + 2 * count + 16;
  ensureMemory(memory, output + 32 + Math.ceil((count * width) / 8) + Math.ceil(count / 8));
  new Uint16Array(memory.buffer, start, count).set(values.subarray(0, count));
  return new Uint8Array(memory.buffer).slice(output, shared.hybrid(start, count, width, output));
}

/** A single run. */
export function run(value: 0 | 1, count: number): Uint8Array {
  const out = byteWriter(8);
  out.varint(2 * count);
  out.byte(value);
  return out.written();
}
