import { describe, expect, it } from 'vitest';
import { unscaled } from '../../../../engine/encode/parquet/decimal.ts';

describe('unscaled', () => {
  it.each([
    ['12.5', 10, 2, 1250n],
    ['-0.01', 10, 2, -1n],
    ['7', 1, 0, 7n],
    ['1.500', 3, 1, 15n],
    ['99999999999999999999999999999999999999', 38, 0, 10n ** 38n - 1n],
    ['1.5e3', 10, 2, 150_000n],
    ['1200e-2', 10, 0, 12n],
    ['1.23E-7', 38, 9, 123n],
    ['0e999999999', 3, 1, 0n],
    ['-0', 3, 1, 0n],
    ['0.000', 3, 1, 0n],
    ['0.00000000000000000000000000000000000000000012e40', 38, 4, 12n],
  ])('%s as DECIMAL(%i, %i) is %s', (digits, precision, scale, integer) => {
    expect(unscaled(digits, precision, scale)).toBe(integer);
  });

  it.each([
    ['12.345', 10, 2],
    ['100', 2, 0],
    ['10.0', 2, 1],
    ['1e999999999', 38, 9],
    ['1e-999999999', 38, 9],
    ['100000000000000000000000000000000000000', 38, 0],
  ])('%s does not fit DECIMAL(%i, %i)', (digits, precision, scale) => {
    expect(unscaled(digits, precision, scale)).toBeUndefined();
  });
});
