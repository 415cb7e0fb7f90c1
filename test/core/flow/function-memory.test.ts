import { describe, expect, test } from 'vitest';
import { recordLimit, roomFor, transferMemory } from '../../../core/flow/function-memory.ts';

describe('a record', () => {
  test.each([
    [128, 8 * 2 ** 20],
    [512, 32 * 2 ** 20],
    [1769, 115_933_184],
    [4096, 256 * 2 ** 20],
    [10_240, 256 * 2 ** 20],
  ])('may have, with %d MB, %d bytes', (memory, bytes) => {
    expect(recordLimit(memory)).toBe(bytes);
  });

  test('of 50 MB passes in the function of files and databases, and not in that of an API', () => {
    expect(recordLimit(transferMemory({}, true))).toBeGreaterThan(50_000_000);
    expect(recordLimit(transferMemory({}, false))).toBeLessThan(50_000_000);
    expect(roomFor(50_000_000, true)).toBe('set tributary.memorySize to 763 or more');
    expect(recordLimit(763)).toBeGreaterThanOrEqual(50_000_000);
    expect(recordLimit(762)).toBeLessThan(50_000_000);
  });

  test('of an unknown size, or of one that no memory is enough for, is told what helps', () => {
    expect(roomFor(33_554_433, false)).toBe('set tributary.memorySize to 16 times its size in MiB');
    expect(roomFor(268_435_456, true)).toBe('set tributary.memorySize to 4096 or more');
    expect(roomFor(268_435_457, true)).toBe('make it smaller: no flow reads more than 256 MiB at once');
  });
});
