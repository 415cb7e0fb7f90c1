/**
 * Scans the objects of a list within a JSON text; core/decode/json-list.ts lays out the memory. Tables are those of
 * json-scan.ts.
 *
 * What lies deeper than an object's own members has tables of its own: a *plan* is their number, then of each the cell of the
 * object that its members are in, and where the table is. The first is the record's; an object comes before those in it.
 */

import { begin, cellBytes, nested, passRecord } from './cells';
import { beginText, readMembers, spaceEnd, valueEnd } from './json-scan';

const comma: u8 = 0x2c;
const openBrace: u8 = 0x7b;
const closeBracket: u8 = 0x5d;

/** Where the last record begins that the last scan has read. */
export let lastRecord: i32 = 0;

/**
 * Reads the objects of a list from the one at `start` on, until `limit` are read, the list ends, or one comes that has to be
 * read in another way. Of each it writes `room` cells, and the next record's overwrite those behind the first `fields`.
 *
 * @returns where it stopped: at the beginning of an object, or at the list's closing bracket; 0 if what follows an object is
 *   not what follows it in a list
 */
export function scanJsonList(
  plan: usize,
  start: usize,
  limit: i32,
  cells: usize,
  fields: i32,
  room: i32,
): usize {
  let record = start;
  let to = cells;
  let read = 0;
  begin();
  beginText(true);
  while (read < limit) {
    memory.fill(to, 0, <usize>room * cellBytes);
    const end = readTables(plan, record, to);
    if (end === 0) return record;
    lastRecord = <i32>record;
    passRecord(0);
    read++;
    to += <usize>fields * cellBytes;
    record = nextItem(end);
    if (record === 0 || load<u8>(record) === closeBracket) return record;
  }
  return record;
}

/** @param end of an item @returns where the next one begins, or the list's closing bracket; 0 if neither is there */
export function nextItem(end: usize): usize {
  beginText(true);
  const at = spaceEnd(end);
  const byte = load<u8>(at);
  if (byte === closeBracket) return at;
  if (byte !== comma) return 0;
  const next = spaceEnd(at + 1);
  return load<u8>(next) === closeBracket ? 0 : next;
}

/** @returns where the value ends that begins at `start`; 0 if it cannot be read in this way */
export function passValue(start: usize): usize {
  beginText(true);
  return valueEnd(start, 0);
}

/** @returns where the blanks end that begin at `start` */
export function passBlanks(start: usize): usize {
  beginText(true);
  return spaceEnd(start);
}

/** @returns where the record ends; 0 if it cannot be read in this way */
function readTables(plan: usize, record: usize, cells: usize): usize {
  const end = readMembers(load<i32>(plan, 8), record, cells);
  if (end === 0) return 0;
  let entry = plan + 4;
  for (let left = load<i32>(plan) - 1; left > 0; left--) {
    entry += 8;
    const parent = cells + <usize>load<i32>(entry) * cellBytes;
    const kind = load<i32>(parent, 4) & 15;
    // Nothing is in what is no object; lists have members, too, which nobody reads here.
    if (kind < nested) continue;
    const start = load<i32>(parent);
    if (load<u8>(start) !== openBrace) return 0;
    if (readMembers(load<i32>(entry, 4), start, cells) === 0) return 0;
  }
  return end;
}
