/** Decimal numbers as texts, and as the integers that Parquet stores of them: 12.5 at scale 2 is 1250. */

import { cellBytes, nullKind } from './cells';

/** So many digits fit into 64 bits. */
const mostDigits: i32 = 18;
const powers = memory.data<i64>([
  1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
  100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
  10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000,
]);

/** Of the last `packDecimals`; the least is the greater one if there was none. */
export let leastDecimal: i64 = 0;
export let greatestDecimal: i64 = 0;

function power(exponent: i32): i64 {
  return load<i64>(powers + ((<usize>exponent) << 3));
}

/**
 * Puts the integer of a cell's text into the cell.
 *
 * @returns whether that is all of its digits, a point and a sign among them, and no more than there may be
 */
export function putDecimal(cell: usize, start: usize, length: i32, precision: i32, scale: i32): bool {
  const isNegative = length > 0 && load<u8>(start) === 0x2d;
  const end = start + <usize>length;
  let at = isNegative ? start + 1 : start;
  const first = at;
  let number: i64 = 0;
  let digits = 0;
  let fraction = -1;
  for (; at < end; at++) {
    const digit = <i32>load<u8>(at) - 0x30;
    if (digit >= 0 && digit < 10) {
      if (++digits > mostDigits) return false;
      if (fraction >= 0) fraction++;
      number = 10 * number + <i64>digit;
    } else if (load<u8>(at) === 0x2e && fraction < 0 && at > first) fraction = 0;
    else return false;
  }
  if (digits === 0 || fraction === 0) return false;
  const missing = scale - max(fraction, 0);
  if (missing < 0 || digits + missing > mostDigits) return false;
  number *= power(missing);
  if (precision < mostDigits && number >= power(precision)) return false;
  store<i64>(cell, isNegative ? -number : number, 8);
  return true;
}

/** Writes the integers one after the other, of 128 bits, the highest first. @returns where they end */
export function packDecimals(vector: usize, positions: usize, count: i32, to: usize): usize {
  leastDecimal = i64.MAX_VALUE;
  greatestDecimal = i64.MIN_VALUE;
  for (let index = 0; index < count; index++) {
    const cell = vector + <usize>load<i32>(positions + ((<usize>index) << 2)) * cellBytes;
    if ((load<i32>(cell, 4) & 15) === nullKind) continue;
    const number = load<i64>(cell, 8);
    store<i64>(to, number >> 63);
    store<i64>(to, bswap(number), 8);
    to += 16;
    if (number < leastDecimal) leastDecimal = number;
    if (number > greatestDecimal) greatestDecimal = number;
  }
  return to;
}
