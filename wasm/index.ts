/**
 * AssemblyScript (https://www.assemblyscript.org): the loops over bytes that JavaScript is too slow for. `npm run build:wasm`
 * makes core/kernels.wasm.ts of it; core/kernels.ts has its types.
 */

export { lines, records } from './cells';
export { compare, keep, putRange } from './checks';
export { addBits, added, addIndexed, addPlain, addTexts, fillSlots, newTexts } from './columns';
export { scanCsv } from './csv-scan';
export { greatestDecimal, leastDecimal, packDecimals } from './decimals';
export { listGroups, numberGroups } from './groups';
export { hybrid } from './hybrid';
export { lastRecord, nextItem, passBlanks, passValue, scanJsonList } from './json-list';
export { scanJsonLines, tableBytes } from './json-scan';
export {
  greatest,
  least,
  lineBreaks,
  packBooleans,
  packNumbers,
  packTexts,
  putCsvLines,
  putJsonLines,
  putLevels,
  textBytes,
} from './outputs';
export { lastRow, longValues, passedBytes, passedRows, passRows, scanRows } from './row-scan';
export { snappy, snappyTableBytes } from './snappy';
export {
  check,
  convert,
  gather,
  gatherMembers,
  join,
  openCells,
  recordsWithin,
  textEnd,
  truncate,
} from './vectors';

/** Where the caller's memory begins. */
export function heapStart(): usize {
  return (__heap_base + 15) & ~15;
}
