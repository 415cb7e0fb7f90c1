import { expect, test } from 'vitest';
import { ensureMemory, type KernelMemory } from '../../core/kernels.ts';

const pageBytes = 2 ** 16;

function memoryOf(pages: number) {
  const grown: number[] = [];
  let held = pages;
  const memory: KernelMemory = {
    get buffer() {
      return { byteLength: held * pageBytes } as ArrayBuffer;
    },
    grow(more) {
      grown.push(more);
      held += more;
      return held - more;
    },
  };
  return { memory, grown };
}

test('a memory that is asked for more and more grows seldom', () => {
  const { memory, grown } = memoryOf(1);
  for (let pages = 1; pages <= 1024; pages++) ensureMemory(memory, pages * pageBytes);
  // By half each time, and a MiB.
  expect(grown).toEqual([17, 25, 38, 57, 85, 128, 192, 288, 432]);
  expect(ensureMemory(memory, 1024 * pageBytes)).toBe(false);
});

test('a memory grows to what is asked for, and to no more than a memory may have', () => {
  const { memory, grown } = memoryOf(60_000);
  expect(ensureMemory(memory, 60_001 * pageBytes)).toBe(true);
  expect(grown).toEqual([5536]);
  const small = memoryOf(1);
  ensureMemory(small.memory, 5000 * pageBytes - 1);
  expect(small.grown).toEqual([4999]);
});
