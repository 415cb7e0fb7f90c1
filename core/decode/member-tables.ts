/** The tables of wasm/json-scan.ts, which say which members of an object are wanted. */

import type { Kernels } from '../kernels.ts';
import { cellBytes, type PageMemory } from './record-scanner.ts';
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

/** `ScannedRecords.member`, with a cell and tables of its own for keys that are asked for later. */
export function memberReader(
  kernels: Kernels,
  memory: PageMemory,
  start: number,
): { readonly member: ScannedRecords['member']; readonly end: number } {
  const memberTables = start + cellBytes;
  const tableBytes = kernels.tableBytes(1);
  const tableOf = new Map<string, number>();
  const end = memberTables + maxMemberTables * tableBytes;
  memory.ensure(end);

  function newTable(key: string): number {
    if (tableOf.size === maxMemberTables || !isTableName(key)) return -1;
    const table = memberTables + tableOf.size * tableBytes;
    putTable(memory, table, [{ name: key, slot: 0 }]);
    tableOf.set(key, table);
    return table;
  }

  return {
    end,
    member(cell, key) {
      const { places } = memory;
      const kind = (places[4 * cell + 1] ?? 0) & 15;
      if (kind !== jsonKind.nested && kind !== jsonKind.delicateNested) return -1;
      const table = tableOf.get(key) ?? newTable(key);
      const ended = table < 0 ? 0 : kernels.readObject(table, places[4 * cell] ?? 0, start);
      return ended === 0 ? -1 : start / cellBytes;
    },
  };
}
