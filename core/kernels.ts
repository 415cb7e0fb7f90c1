/** The loops over bytes that are WebAssembly (wasm/). Each user has an instance with a memory of its own and lays that out. */

import { kernelsWasm } from './kernels.wasm.ts';

/** What is used of a WebAssembly.Memory. TypeScript has these types in its library of browsers alone. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer;
  /** @param pages of 64 KiB */
  grow(pages: number): number;
}

interface KernelGlobal {
  readonly value: number;
}

interface KernelInteger {
  readonly value: bigint;
}

interface Api {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}

export interface Kernels {
  readonly memory: KernelMemory;
  /** Of the last scan: whole records, and the line ends in them. */
  readonly records: KernelGlobal;
  readonly lines: KernelGlobal;
  readonly snappyTableBytes: KernelGlobal;
  /** Where the user's memory begins, a multiple of 16. */
  heapStart(): number;
  /** Of a table of member names. */
  tableBytes(names: number): number;
  scanJsonLines(table: number, start: number, end: number, limit: number, cells: number): number;
  /** Where the last record begins that the last scan of a list has read. */
  readonly lastRecord: KernelGlobal;
  scanJsonList(
    plan: number,
    start: number,
    limit: number,
    cells: number,
    fields: number,
    room: number,
  ): number;
  nextItem(end: number): number;
  passValue(start: number): number;
  passBlanks(start: number): number;
  scanCsv(
    slots: number,
    columns: number,
    recordCells: number,
    terminator: number,
    start: number,
    end: number,
    limit: number,
    cells: number,
  ): number;
  // PostgreSQL's rows (wasm/row-scan.ts).
  readonly passedRows: KernelGlobal;
  readonly passedBytes: KernelGlobal;
  readonly lastRow: KernelGlobal;
  passRows(
    start: number,
    end: number,
    count: number,
    most: number,
    overhead: number,
    longest: number,
  ): number;
  /** Of the last scan of rows: values too long for a cell. */
  readonly longValues: KernelGlobal;
  scanRows(
    start: number,
    count: number,
    columns: number,
    fields: number,
    fieldCount: number,
    words: number,
    places: number,
    cells: number,
  ): void;
  // Vectors (wasm/vectors.ts, wasm/checks.ts, wasm/groups.ts, wasm/outputs.ts); a flag is 0 or 1.
  putRange(to: number, first: number, count: number): void;
  compare(
    vector: number,
    count: number,
    type: number,
    bound: number,
    text: number,
    length: number,
    passing: number,
    flags: number,
    list: number,
  ): number;
  keep(list: number, count: number, flags: number): number;
  numberGroups(
    columns: number,
    columnCount: number,
    count: number,
    table: number,
    numbers: number,
    firsts: number,
  ): number;
  listGroups(numbers: number, first: number, end: number, counts: number, to: number, groups: number): number;
  recordsWithin(cells: number, fields: number, count: number, most: number): number;
  readonly textEnd: KernelGlobal;
  gather(
    cells: number,
    fields: number,
    selection: number,
    count: number,
    to: number,
    room: number,
    doubled: number,
  ): void;
  gatherMembers(
    cells: number,
    fields: number,
    selection: number,
    count: number,
    to: number,
    room: number,
    table: number,
  ): void;
  truncate(vector: number, count: number, length: number): void;
  join(parts: number, partCount: number, count: number, to: number, room: number): void;
  convert(vector: number, count: number, type: number, limit: number): void;
  openCells(vector: number, count: number, list: number): number;
  check(vector: number, count: number, wanted: number, limit: number, list: number): number;
  putLevels(vector: number, positions: number, count: number, to: number): number;
  textBytes(vector: number, positions: number, count: number): number;
  packNumbers(vector: number, positions: number, count: number, type: number, to: number): number;
  readonly least: KernelGlobal;
  readonly greatest: KernelGlobal;
  /** Of the last decimals; the least is the greater one if there was none. */
  readonly leastDecimal: KernelInteger;
  readonly greatestDecimal: KernelInteger;
  packDecimals(vector: number, positions: number, count: number, to: number): number;
  packTexts(vector: number, positions: number, count: number, to: number): number;
  packBooleans(vector: number, positions: number, count: number, to: number): number;
  readonly lineBreaks: KernelGlobal;
  putJsonLines(columns: number, columnCount: number, positions: number, count: number, to: number): number;
  putCsvLines(columns: number, columnCount: number, positions: number, count: number, to: number): number;
  // Columns of Parquet (wasm/columns.ts, wasm/hybrid.ts).
  readonly added: KernelGlobal;
  newTexts(column: number): void;
  addTexts(
    column: number,
    levels: number,
    rows: number,
    room: number,
    mostEntries: number,
    mostBytes: number,
    trial: number,
  ): number;
  fillSlots(column: number): void;
  addPlain(column: number, levels: number, rows: number, room: number): number;
  addIndexed(column: number): void;
  addBits(bits: number, held: number, bytes: number, length: number): void;
  hybrid(values: number, valueBytes: number, count: number, width: number, to: number): number;
  snappy(input: number, length: number, output: number, table: number): number;
}

const pageBytes = 2 ** 16;
let compiled: object | undefined;

export function newKernels(): Kernels {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Api }).WebAssembly;
  // Of some kilobytes; the same for all instances in the process.
  compiled ??= new Module(Buffer.from(kernelsWasm, 'base64'));
  return new Instance(compiled).exports as unknown as Kernels;
}

/** A memory has 4 GiB at most. */
const maxPages = 2 ** 16;

/**
 * Makes the memory hold `size` bytes at least; more than that, as V8 takes each growth for so much memory asked for anew and
 * collects, while room that is never touched costs nothing.
 *
 * @returns whether it has grown: views of it must then be made anew
 */
export function ensureMemory(memory: KernelMemory, size: number): boolean {
  const held = memory.buffer.byteLength / pageBytes;
  const wanted = Math.ceil(size / pageBytes);
  if (wanted <= held) return false;
  memory.grow(Math.max(wanted, Math.min(maxPages, Math.ceil(1.5 * held) + 16)) - held);
  return true;
}
