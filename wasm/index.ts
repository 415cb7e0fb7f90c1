/**
 * AssemblyScript (https://www.assemblyscript.org): the loops over bytes that JavaScript is too slow for. `npm run build:wasm`
 * makes core/kernels.wasm.ts of it; core/kernels.ts has its types.
 */

export { lines, records } from './cells';
export { scanCsv } from './csv-scan';
export { lastRecord, nextItem, passBlanks, passValue, scanJsonList } from './json-list';
export { readObject, scanJsonLines, tableBytes } from './json-scan';
export { snappy, snappyTableBytes } from './snappy';

/** Where the caller's memory begins. */
export function heapStart(): usize {
  return (__heap_base + 15) & ~15;
}
