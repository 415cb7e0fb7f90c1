/** Finds the wanted columns of CSV records in their bytes (wasm/csv-scan.ts). */

import { newKernels } from '../kernels.ts';
import { pageMemory } from './page-memory.ts';
import type { FormatScanner } from './record-scanner.ts';

/** Scanners that take turns in one memory: what one has scanned is valid until another scans. */
export interface CsvScanners {
  /**
   * @param slots for each column of the file its place among the `fields` of a record; -1: not wanted
   * @param terminator the last byte of a line's end
   */
  scannerOf(slots: readonly number[], fields: number, terminator: number): FormatScanner;
}

export function csvScanners(): CsvScanners {
  const kernels = newKernels();
  const memory = pageMemory(kernels);
  const table = kernels.heapStart();
  return {
    scannerOf(slots, fields, terminator) {
      const pageStart = Math.ceil((table + 4 * slots.length) / 16) * 16;
      memory.ensure(pageStart);
      return {
        kernels,
        memory,
        pageStart,
        fields,
        terminator,
        scan(start, end, limit, cells) {
          // Another file may have other columns.
          memory.places.set(slots, table / 4);
          return kernels.scanCsv(table, slots.length, fields, terminator, start, end, limit, cells);
        },
        // The one kind that only CSV has: a field with doubled quotes.
        decode: (_kind, start, end) => memory.bytes.toString('utf8', start, end).replaceAll('""', '"'),
        escapes: 'csv',
        memberTable: () => undefined,
      };
    },
  };
}
