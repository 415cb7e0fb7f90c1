import { expect, it } from 'vitest';
import { count } from '../../cli/output.ts';

it.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1_234_567, '1,234,567'],
  [-1000, '-1,000'],
  [-100, '-100'],
  [12_345.6789, '12,345.679'],
  [0.0004, '0'],
])('writes %d as %s', (value, text) => {
  expect(count(value)).toBe(text);
});
