/**
 * A *cell* of 16 bytes says where a wanted value lies: where its bytes begin, 16 × their length + its kind, and the double
 * that it is, if it is a plain number. The kinds are those of core/decode/scanned-records.ts and record-scanner.ts.
 */

export const cellBytes: usize = 16;

export const nullKind: i32 = 0;
export const trueKind: i32 = 1;
export const falseKind: i32 = 2;
export const ascii: i32 = 3;
export const utf8: i32 = 4;
export const plainNumber: i32 = 5;
export const escaped: i32 = 6;
export const delicateNumber: i32 = 7;
export const nested: i32 = 8;
export const delicateNested: i32 = 9;

/** Of the last scan: whole records, and the line ends in them. */
export let records: i32 = 0;
export let lines: i32 = 0;

export function begin(): void {
  records = 0;
  lines = 0;
}

export function passRecord(lineEnds: i32): void {
  records++;
  lines += lineEnds;
}

export function putCell(cell: usize, start: usize, length: usize, kind: i32): void {
  store<i32>(cell, <i32>start);
  store<i32>(cell, ((<i32>length) << 4) | kind, 4);
}
