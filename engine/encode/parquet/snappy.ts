/**
 * Snappy's raw format, by wasm/snappy.ts.
 *
 * Our own, because the bytes must depend on the input alone: a run that is killed and repeated gives the same file
 * again. Ready-made compressors keep their table of earlier positions between calls, so their output depends on what
 * the process has compressed before.
 */

import { ensureMemory, newKernels } from '../../../core/kernels.ts';

/** What may be read, and written, behind what is asked for. */
const slack = 16;

let shared: ((input: Uint8Array) => Uint8Array) | undefined;

/** One for the process, as it keeps nothing between calls but memory. */
export function snappyCompressor(): (input: Uint8Array) => Uint8Array {
  shared ??= newCompressor();
  return shared;
}

function newCompressor(): (input: Uint8Array) => Uint8Array {
  const kernels = newKernels();
  const table = kernels.heapStart();
  const start = table + Number(kernels.snappyTableBytes.value);
  return (input) => {
    const output = start + input.length + slack;
    // What repeats nowhere becomes a little longer: literals of 64 KiB at most, each behind its length.
    ensureMemory(kernels.memory, output + 32 + input.length + Math.ceil(input.length / 6) + slack);
    const memory = new Uint8Array(kernels.memory.buffer);
    memory.set(input, start);
    return memory.slice(output, output + kernels.snappy(start, input.length, output, table));
  };
}
