/**
 * Reads wanted members of JSON objects, one on each line, straight from their bytes: some ten times as fast as making the
 * objects. The scanner itself is WebAssembly (wasm/json-scan.ts); this is its memory, and what becomes of the values.
 */

import type { Value } from '../records.ts';
import { jsonScanWasm } from './json-scan.wasm.ts';
import { cellKind, type ScannedRecords } from './scanned-records.ts';

// Kinds of wasm/json-scan.ts beyond those that all know, and one of our own.
const escaped = 6;
const delicateNumber = 7;
const nested = 8;
const delicateNested = 9;
const parsed = 15;

const lf = 0x0a;
const cellBytes = 16;
const nameBytes = 128;
const maxNameBytes = nameBytes - 4;
/** Zeroes that must stand behind what is read. */
const sentinelBytes = 16;
const maxMemberTables = 32;
const initialRecords = 1024;

interface Scan {
  readonly memory: WebAssembly.Memory;
  readonly records: WebAssembly.Global;
  heapStart(): number;
  tableBytes(names: number): number;
  scan(table: number, start: number, end: number, limit: number, cells: number): number;
  readObject(table: number, start: number, cells: number): number;
}

export interface ScannedLines {
  readonly records: ScannedRecords;
  /** Bytes of whole lines, from the beginning. */
  readonly used: number;
  /** The line feeds among them. */
  readonly lines: number;
}

export interface JsonScanner {
  /**
   * Scans the lines that `bytes` begins with; what it gave before is no longer valid.
   *
   * @param ended whether the last line may lack its line feed
   * @param readLine the values of a line that has to be read in another way, bytes [start, end) with `line` line feeds
   *   before it; `undefined` if it holds no record
   */
  scan(
    bytes: Buffer,
    ended: boolean,
    maxRecords: number,
    readLine: (start: number, end: number, line: number) => readonly Value[] | undefined,
  ): ScannedLines;
}

/**
 * @param fields top-level keys, all different
 * @param parseExact reads JSON of which a number may be longer than a double is
 * @returns `undefined` if a key is too long
 */
export function jsonScanner(
  fields: readonly string[],
  parseExact: (text: string) => Value,
): JsonScanner | undefined {
  if (fields.some((name) => Buffer.byteLength(name) > maxNameBytes)) return undefined;
  const wasm = newScan();
  let memory = Buffer.from(wasm.memory.buffer);
  let places = new Int32Array(wasm.memory.buffer);
  let numbers = new Float64Array(wasm.memory.buffer);

  // What lies in the memory: the table, a cell and tables for members of members, a page, its cells.
  const table = wasm.heapStart();
  const memberCell = table + wasm.tableBytes(fields.length);
  const memberTables = memberCell + cellBytes;
  const page = memberTables + maxMemberTables * wasm.tableBytes(1);
  const memberTableOf = new Map<string, number>();
  ensure(page);
  putTable(table, fields);

  /** Values of lines that were read in another way. */
  let values: Value[] = [];

  function ensure(size: number): void {
    const lacking = size - memory.length;
    if (lacking <= 0) return;
    wasm.memory.grow(Math.ceil(lacking / 2 ** 16));
    memory = Buffer.from(wasm.memory.buffer);
    places = new Int32Array(wasm.memory.buffer);
    numbers = new Float64Array(wasm.memory.buffer);
  }

  function putTable(start: number, names: readonly string[]): void {
    memory.writeInt32LE(names.length, start);
    names.forEach((name, index) => {
      const at = start + cellBytes + index * nameBytes;
      memory.writeInt32LE(memory.write(name, at + 4), at);
    });
  }

  function value(cell: number): Value {
    const place = places[4 * cell + 1] ?? 0;
    const start = places[4 * cell] ?? 0;
    const end = start + (place >> 4);
    switch (place & 15) {
      case cellKind.true:
        return true;
      case cellKind.false:
        return false;
      case cellKind.ascii:
        return memory.toString('latin1', start, end);
      case cellKind.utf8:
        return memory.toString('utf8', start, end);
      case cellKind.number:
        return numbers[2 * cell + 1] ?? 0;
      case escaped:
      case nested:
        return JSON.parse(memory.toString('utf8', start, end)) as Value;
      case delicateNumber:
      case delicateNested:
        return parseExact(memory.toString('utf8', start, end));
      case parsed:
        return values[start] ?? null;
      default:
        return null;
    }
  }

  function member(cell: number, key: string): number {
    const kind = (places[4 * cell + 1] ?? 0) & 15;
    if (kind !== nested && kind !== delicateNested) return -1;
    const members = memberTableOf.get(key) ?? newMemberTable(key);
    const end = members < 0 ? 0 : wasm.readObject(members, places[4 * cell] ?? 0, memberCell);
    return end === 0 ? -1 : memberCell / cellBytes;
  }

  function newMemberTable(key: string): number {
    const count = memberTableOf.size;
    if (count === maxMemberTables || Buffer.byteLength(key) > maxNameBytes) return -1;
    const start = memberTables + count * wasm.tableBytes(1);
    putTable(start, [key]);
    memberTableOf.set(key, start);
    return start;
  }

  return {
    scan(bytes, ended, maxRecords, readLine) {
      const pageEnd = page + bytes.length;
      const cells = Math.ceil((pageEnd + sentinelBytes) / cellBytes) * cellBytes;
      const recordBytes = fields.length * cellBytes;
      let room = Math.min(initialRecords, maxRecords);
      ensure(cells + room * recordBytes);
      memory.set(bytes, page);
      memory.fill(0, pageEnd, cells);
      values = [];
      let count = 0;
      let used = 0;
      let lines = 0;
      while (used < bytes.length && count < maxRecords) {
        if (count === room) {
          room = Math.min(2 * room, maxRecords);
          ensure(cells + room * recordBytes);
        }
        used = wasm.scan(table, page + used, pageEnd, room - count, cells + count * recordBytes) - page;
        count += wasm.records.value;
        lines += wasm.records.value;
        if (used === bytes.length || count === room) continue;
        const terminator = bytes.indexOf(lf, used);
        if (terminator < 0 && !ended) break;
        const end = terminator < 0 ? bytes.length : terminator;
        const row = readLine(used, end, lines);
        if (row) {
          const first = cells / cellBytes + count++ * fields.length;
          for (let field = 0; field < fields.length; field++) {
            places[4 * (first + field)] = values.push(row[field] ?? null) - 1;
            places[4 * (first + field) + 1] = parsed;
          }
        }
        used = Math.min(end + 1, bytes.length);
        if (terminator >= 0) lines++;
      }
      const firstCell = cells / cellBytes;
      const records = {
        count,
        fields: fields.length,
        bytes: memory,
        firstCell,
        places,
        numbers,
        value,
        member,
      };
      return { records, used, lines };
    },
  };
}

let compiled: WebAssembly.Module | undefined;

function newScan(): Scan {
  // Of three kilobytes; the same for all scanners of the process.
  compiled ??= new WebAssembly.Module(Buffer.from(jsonScanWasm, 'base64'));
  return new WebAssembly.Instance(compiled).exports as unknown as Scan;
}
