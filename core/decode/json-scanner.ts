/**
 * Reads wanted members of JSON objects, one on each line, straight from their bytes (wasm/json-scan.ts): some ten times as
 * fast as making the objects.
 */

import { newKernels } from '../kernels.ts';
import type { Value } from '../records.ts';
import { isTableName, jsonKind, memberTables, putTable } from './member-tables.ts';
import { pageMemory } from './page-memory.ts';
import type { FormatScanner } from './record-scanner.ts';

/**
 * @param fields top-level keys, all different
 * @param parseExact reads JSON of which a number may be longer than a double is
 * @returns `undefined` if a key is too long
 */
export function jsonScanner(
  fields: readonly string[],
  parseExact: (text: string) => Value,
): FormatScanner | undefined {
  if (!fields.every(isTableName)) return undefined;
  const kernels = newKernels();
  const memory = pageMemory(kernels);

  // What lies in the memory before the page: the table, and what members of members need.
  const table = kernels.heapStart();
  const tableEnd = table + kernels.tableBytes(fields.length);
  const { memberTable, end: pageStart } = memberTables(kernels, memory, tableEnd);
  putTable(
    memory,
    table,
    fields.map((name, slot) => ({ name, slot })),
  );

  return {
    kernels,
    memory,
    pageStart,
    fields: fields.length,
    terminator: 0x0a,
    scan: (start, end, limit, cells) => kernels.scanJsonLines(table, start, end, limit, cells),
    decode(kind, start, end) {
      const text = memory.bytes.toString('utf8', start, end);
      return kind === jsonKind.delicateNumber || kind === jsonKind.delicateNested
        ? parseExact(text)
        : (JSON.parse(text) as Value);
    },
    escapes: 'json',
    memberTable,
  };
}
