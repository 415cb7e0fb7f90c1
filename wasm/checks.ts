/** Which records of a block go on: a *flag* is a byte for each of its positions, 0 for a record that fails. */

import { ascii, cellBytes, falseKind, nullKind, plainNumber, trueKind, utf8 } from './cells';
import { textNumber } from './numbers';
import { timeNumber } from './times';

// How a value relates to a bound.
const unknown: i32 = 0;
const below: i32 = 1;
const equal: i32 = 2;
const above: i32 = 4;
/** Null; and an empty text where something else than texts is compared. */
const missing: i32 = 8;

// What is compared, as the vectors' types.
const texts: i32 = 0;
const booleans: i32 = 1;
const times: i32 = 4;

/** Writes `count` numbers from `first` on. */
export function putRange(to: usize, first: i32, count: i32): void {
  for (let index = 0; index < count; index++) store<i32>(to + ((<usize>index) << 2), first + index);
}

/**
 * Flags the cells whose relation to a bound is one of those in `passing`, a sum. The positions of those of which it cannot be told
 * are written to `list`.
 *
 * @param text where a bound that is a text lies, which has to be ASCII: then bytes are in the order of UTF-16 units
 * @returns how many these are
 */
export function compare(
  vector: usize,
  count: i32,
  type: i32,
  bound: f64,
  text: usize,
  length: i32,
  passing: i32,
  flags: usize,
  list: usize,
): i32 {
  let others = 0;
  for (let index = 0; index < count; index++, vector += cellBytes) {
    const relation =
      type === texts ? textRelation(vector, text, length) : numberRelation(vector, type, bound);
    store<u8>(flags + <usize>index, (relation & passing) === 0 ? 0 : 1);
    if (relation !== unknown) continue;
    store<i32>(list + ((<usize>others) << 2), index);
    others++;
  }
  return others;
}

function textRelation(cell: usize, bound: usize, boundLength: i32): i32 {
  const place = load<i32>(cell, 4);
  const kind = place & 15;
  if (kind === nullKind) return missing;
  // No text of another value is empty.
  if (kind !== ascii && kind !== utf8) return boundLength === 0 && kind <= plainNumber ? above : unknown;
  const start = <usize>load<i32>(cell);
  const length = place >>> 4;
  const common = <usize>min(length, boundLength);
  for (let at: usize = 0; at < common; at++) {
    const difference = <i32>load<u8>(start + at) - <i32>load<u8>(bound + at);
    if (difference !== 0) return difference < 0 ? below : above;
  }
  return length === boundLength ? equal : length < boundLength ? below : above;
}

function numberRelation(cell: usize, type: i32, bound: f64): i32 {
  const place = load<i32>(cell, 4);
  const kind = place & 15;
  const length = place >>> 4;
  if (kind === nullKind || ((kind === ascii || kind === utf8) && length === 0)) return missing;
  let number: f64 = NaN;
  if (type === booleans) {
    if (kind === trueKind) number = 1;
    else if (kind === falseKind) number = 0;
  } else if (type === times) {
    // Without digits beyond milliseconds.
    if (kind === ascii && length <= 24) number = timeNumber(load<i32>(cell), length, 1000);
  } else if (kind === plainNumber) number = load<f64>(cell, 8);
  else if (kind === ascii) number = textNumber(load<i32>(cell), length);
  if (!isFinite(number)) return unknown;
  return number < bound ? below : number > bound ? above : equal;
}

/** Leaves the flagged ones of a list. @returns how many they are */
export function keep(list: usize, count: i32, flags: usize): i32 {
  let kept = list;
  for (let index = 0; index < count; index++) {
    store<i32>(kept, load<i32>(list + ((<usize>index) << 2)));
    if (load<u8>(flags + <usize>index) !== 0) kept += 4;
  }
  return <i32>(kept - list) >> 2;
}
