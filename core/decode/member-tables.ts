/** The tables of wasm/json-scan.ts, which say which members of an object are wanted. */

import type { Kernels } from '../kernels.ts';
import type { PageMemory } from './page-memory.ts';
import type { ScannedRecords } from './scanned-records.ts';

// Kinds of wasm/cells.ts that only JSON has.
export const jsonKind = { escaped: 6, delicateNumber: 7, nested: 8, delicateNested: 9 } as const;

const nameBytes = 128;
const maxNameBytes = nameBytes - 4;
const maxMemberTables = 32;
const headBytes = 16;

export interface WantedMember {
  readonly name: string;
  /** The cell that takes its value, counted from the record's first; negative: an object that has it is not read. */
  readonly slot: number;
}

export function isTableName(name: string): boolean {
  return Buffer.byteLength(name) <= maxNameBytes;
}

/** @param memory holds the table's bytes, all of them zero */
export function putTable({ bytes }: PageMemory, start: number, members: readonly WantedMember[]): void {
  bytes.writeInt32LE(members.length, start);
  members.forEach(({ name, slot }, index) => {
    const at = start + headBytes + index * nameBytes;
    bytes.writeInt32LE(bytes.write(name, at + 4) | (slot << 8), at);
  });
}

/** `ScannedRecords.memberTable`, with tables for keys that are asked for later. */
export function memberTables(
  kernels: Kernels,
  memory: PageMemory,
  start: number,
): { readonly memberTable: ScannedRecords['memberTable']; readonly end: number } {
  const tableBytes = kernels.tableBytes(1);
  const tableOf = new Map<string, number>();
  const end = start + maxMemberTables * tableBytes;
  memory.ensure(end);
  return {
    end,
    memberTable(key) {
      const known = tableOf.get(key);
      if (known !== undefined) return known;
      if (tableOf.size === maxMemberTables || !isTableName(key)) return undefined;
      const table = start + tableOf.size * tableBytes;
      putTable(memory, table, [{ name: key, slot: 0 }]);
      tableOf.set(key, table);
      return table;
    },
  };
}
