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

type Compressor = (input: readonly Uint8Array[]) => Uint8Array;

let shared: Compressor | undefined;

/** Takes the input in pieces. One for the process, as it keeps nothing between calls but memory. */
export function snappyCompressor(): Compressor {
  shared ??= newCompressor();
  return shared;
}

function newCompressor(): Compressor {
  const kernels = newKernels();
  const table = kernels.heapStart();
  const start = table + Number(kernels.snappyTableBytes.value);
  return (input) => {
    const length = input.reduce((sum, piece) => sum + piece.length, 0);
    const output = start + length + slack;
    // What repeats nowhere becomes a little longer: literals of 64 KiB at most, each behind its length.
    ensureMemory(kernels.memory, output + 32 + length + Math.ceil(length / 6) + slack);
    const memory = new Uint8Array(kernels.memory.buffer);
    let at = start;
    for (const piece of input) {
      memory.set(piece, at);
      at += piece.length;
    }
    return memory.slice(output, output + kernels.snappy(start, length, output, table));
  };
}
