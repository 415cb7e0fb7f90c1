/** Which records of a block have the same values, and so belong together. */

import { ascii, cellBytes, falseKind, plainNumber, utf8 } from './cells';
import { hashOf, isEqual } from './texts';

/**
 * Numbers the different combinations of values that the columns have, and writes that number as an int for each position; and for each
 * number the first position that has it. What is not told from bytes is different from all others.
 *
 * @param columns addresses of vectors, an int each @param table room of 16 bytes for each position, and 64 more
 * @returns how many there are
 */
export function numberGroups(
  columns: usize,
  columnCount: i32,
  count: i32,
  table: usize,
  numbers: usize,
  firsts: usize,
): i32 {
  let slots = 16;
  while (slots < 2 * count) slots <<= 1;
  memory.fill(table, 0, (<usize>slots) << 2);
  let known = 0;
  for (let position = 0; position < count; position++) {
    const hash = combinedHash(columns, columnCount, position);
    let slot = hash & (slots - 1);
    let group = -1;
    while (true) {
      group = load<i32>(intAt(table, slot)) - 1;
      if (group < 0 || isSame(columns, columnCount, load<i32>(intAt(firsts, group)), position)) break;
      slot = (slot + 1) & (slots - 1);
    }
    if (group < 0) {
      group = known++;
      store<i32>(intAt(table, slot), known);
      store<i32>(intAt(firsts, group), position);
    }
    store<i32>(intAt(numbers, position), group);
  }
  return known;
}

/**
 * Writes the positions [first, end) so that those of a group follow each other. Of each group that is among them it writes three
 * ints, in the order in which they come first: its number, where its positions are, and how many.
 *
 * @param counts room of an int for each number @returns how many groups there are
 */
export function listGroups(
  numbers: usize,
  first: i32,
  end: i32,
  counts: usize,
  to: usize,
  groups: usize,
): i32 {
  for (let position = first; position < end; position++) store<i32>(countOf(numbers, position, counts), 0);
  let found = 0;
  for (let position = first; position < end; position++) {
    const at = countOf(numbers, position, counts);
    const before = load<i32>(at);
    if (before === 0) store<i32>(intAt(groups, 3 * found++), load<i32>(intAt(numbers, position)));
    store<i32>(at, before + 1);
  }
  for (let index = 0; index < found; index++) {
    const group = intAt(groups, 3 * index);
    const at = intAt(counts, load<i32>(group));
    const count = load<i32>(at);
    store<i32>(group, <i32>to, 4);
    store<i32>(group, count, 8);
    // From here on where the group's next position goes.
    store<i32>(at, <i32>to);
    to = intAt(to, count);
  }
  for (let position = first; position < end; position++) {
    const at = countOf(numbers, position, counts);
    const next = <usize>load<i32>(at);
    store<i32>(next, position);
    store<i32>(at, <i32>next + 4);
  }
  return found;
}

function intAt(list: usize, index: i32): usize {
  return list + ((<usize>index) << 2);
}

function countOf(numbers: usize, position: i32, counts: usize): usize {
  return intAt(counts, load<i32>(intAt(numbers, position)));
}

function cellOf(columns: usize, column: i32, position: i32): usize {
  return <usize>load<i32>(intAt(columns, column)) + <usize>position * cellBytes;
}

function combinedHash(columns: usize, columnCount: i32, position: i32): i32 {
  let hash = 0;
  for (let column = 0; column < columnCount; column++) {
    const cell = cellOf(columns, column, position);
    const place = load<i32>(cell, 4);
    const kind = place & 15;
    let own = kind;
    if (kind === ascii || kind === utf8) own = hashOf(load<i32>(cell), place >>> 4);
    else if (kind === plainNumber) own = hashOf(cell + 8, 8);
    else if (kind > falseKind) own = position;
    hash = 31 * hash + own;
  }
  return hash;
}

function isSame(columns: usize, columnCount: i32, a: i32, b: i32): bool {
  for (let column = 0; column < columnCount; column++) {
    const one = cellOf(columns, column, a);
    const other = cellOf(columns, column, b);
    const place = load<i32>(one, 4);
    const kind = place & 15;
    if (kind !== (load<i32>(other, 4) & 15)) return false;
    if (kind === ascii || kind === utf8) {
      const length = place >>> 4;
      if (length !== load<i32>(other, 4) >>> 4 || !isEqual(load<i32>(one), load<i32>(other), length))
        return false;
    } else if (kind === plainNumber) {
      if (load<u64>(one, 8) !== load<u64>(other, 8)) return false;
    } else if (kind > falseKind) return false;
  }
  return true;
}
