/**
 * Reads wanted members of JSON objects, one on each line, straight from their bytes (wasm/json-scan.ts): some ten times as
 * fast as making the objects.
 */

import { newKernels } from '../kernels.ts';
import type { Value } from '../records.ts';
import { cellBytes, type FormatScanner, pageMemory } from './record-scanner.ts';

// Kinds of wasm/cells.ts that only JSON has.
const delicateNumber = 7;
const nested = 8;
const delicateNested = 9;

const nameBytes = 128;
const maxNameBytes = nameBytes - 4;
const maxMemberTables = 32;

/**
 * @param fields top-level keys, all different
 * @param parseExact reads JSON of which a number may be longer than a double is
 * @returns `undefined` if a key is too long
 */
export function jsonScanner(
  fields: readonly string[],
  parseExact: (text: string) => Value,
): FormatScanner | undefined {
  if (fields.some((name) => Buffer.byteLength(name) > maxNameBytes)) return undefined;
  const kernels = newKernels();
  const memory = pageMemory(kernels);

  // What lies in the memory before the page: the table, a cell and tables for members of members.
  const table = kernels.heapStart();
  const memberCell = table + kernels.tableBytes(fields.length);
  const memberTables = memberCell + cellBytes;
  const pageStart = memberTables + maxMemberTables * kernels.tableBytes(1);
  const memberTableOf = new Map<string, number>();
  memory.ensure(pageStart);
  putTable(table, fields);

  function putTable(start: number, names: readonly string[]): void {
    const { bytes } = memory;
    bytes.writeInt32LE(names.length, start);
    names.forEach((name, index) => {
      const at = start + cellBytes + index * nameBytes;
      bytes.writeInt32LE(bytes.write(name, at + 4), at);
    });
  }

  function newMemberTable(key: string): number {
    const count = memberTableOf.size;
    if (count === maxMemberTables || Buffer.byteLength(key) > maxNameBytes) return -1;
    const start = memberTables + count * kernels.tableBytes(1);
    putTable(start, [key]);
    memberTableOf.set(key, start);
    return start;
  }

  return {
    kernels,
    memory,
    pageStart,
    fields: fields.length,
    terminator: 0x0a,
    scan: (start, end, limit, cells) => kernels.scanJsonLines(table, start, end, limit, cells),
    decode(kind, start, end) {
      const text = memory.bytes.toString('utf8', start, end);
      return kind === delicateNumber || kind === delicateNested
        ? parseExact(text)
        : (JSON.parse(text) as Value);
    },
    member(cell, key) {
      const { places } = memory;
      const kind = (places[4 * cell + 1] ?? 0) & 15;
      if (kind !== nested && kind !== delicateNested) return -1;
      const members = memberTableOf.get(key) ?? newMemberTable(key);
      const end = members < 0 ? 0 : kernels.readObject(members, places[4 * cell] ?? 0, memberCell);
      return end === 0 ? -1 : memberCell / cellBytes;
    },
  };
}
