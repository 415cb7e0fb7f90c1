/** A WebAssembly memory with a page of records in it, and what is known of them. */

import { ensureMemory, type Kernels } from '../kernels.ts';

export interface PageMemory {
  /** Anew after the memory has grown, as the other two. */
  readonly bytes: Buffer;
  readonly places: Int32Array;
  readonly numbers: Float64Array;
  /** Of the page that lies in it: how many have lain there, whatever decoder put them there. */
  readonly generation: number;
  /** Makes the memory hold so many bytes. */
  ensure(size: number): void;
  /** The page in it is about to be written over. @returns the next one's generation */
  nextGeneration(): number;
}

export function pageMemory({ memory }: Pick<Kernels, 'memory'>): PageMemory {
  const views = () => ({
    bytes: Buffer.from(memory.buffer),
    places: new Int32Array(memory.buffer),
    numbers: new Float64Array(memory.buffer),
  });
  let current = views();
  let generation = 0;
  return {
    get bytes() {
      return current.bytes;
    },
    get places() {
      return current.places;
    },
    get numbers() {
      return current.numbers;
    },
    get generation() {
      return generation;
    },
    ensure(size) {
      if (ensureMemory(memory, size)) current = views();
    },
    nextGeneration: () => ++generation,
  };
}
