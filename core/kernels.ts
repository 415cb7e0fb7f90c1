/** The loops over bytes that are WebAssembly (wasm/). Each user has an instance with a memory of its own and lays that out. */

import { kernelsWasm } from './kernels.wasm.ts';

export interface Kernels {
  readonly memory: WebAssembly.Memory;
  /** Of the last scan: whole records, and the line ends in them. */
  readonly records: WebAssembly.Global;
  readonly lines: WebAssembly.Global;
  readonly snappyTableBytes: WebAssembly.Global;
  /** Where the user's memory begins, a multiple of 16. */
  heapStart(): number;
  /** Of a table of member names. */
  tableBytes(names: number): number;
  scanJsonLines(table: number, start: number, end: number, limit: number, cells: number): number;
  readObject(table: number, start: number, cells: number): number;
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
  snappy(input: number, length: number, output: number, table: number): number;
}

let compiled: WebAssembly.Module | undefined;

export function newKernels(): Kernels {
  // Of some kilobytes; the same for all instances in the process.
  compiled ??= new WebAssembly.Module(Buffer.from(kernelsWasm, 'base64'));
  return new WebAssembly.Instance(compiled).exports as unknown as Kernels;
}

/** A view of the memory, which must be made anew after it has grown. Makes the memory hold `size` bytes at least. */
export function ensureMemory(memory: WebAssembly.Memory, size: number): boolean {
  const lacking = size - memory.buffer.byteLength;
  if (lacking <= 0) return false;
  memory.grow(Math.ceil(lacking / 2 ** 16));
  return true;
}
