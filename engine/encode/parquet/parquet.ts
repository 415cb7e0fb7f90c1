import type { DestinationField, Row } from '../../../core/records.ts';
import type { Cell } from '../../cell.ts';
import type { Fragment, FragmentEncoder, OutputFormat } from '../format.ts';
import type { Column } from './column.ts';
import { columnType } from './column-type.ts';
import type { Codec } from './compression.ts';
import { footer, magic, type ParquetColumn, type RowGroupMeta } from './footer.ts';

/** A page's header, what the footer says of a column, and some of the 2 KB of memory that a hardly used one takes. */
const columnOverhead = 400;

/**
 * Parquet (https://parquet.apache.org/docs/file-format/), a row group per fragment, all columns optional and flat;
 * `columnType` says how each field is stored. `size` is the size before compression, so that no boundary depends on the compressor.
 */
export function parquet(fields: readonly DestinationField[], codec: Codec): OutputFormat {
  const columns = fields.map((field) => ({ field, type: columnType(field) }));
  return {
    fileType: 'PARQUET',
    contentType: 'application/vnd.apache.parquet',
    head: () => magic,
    encoder: () => rowGroupEncoder(columns, codec),
    tail: (fragments) => footer(columns, codec, fragments),
  };
}

function rowGroupEncoder(types: readonly ParquetColumn[], codec: Codec): FragmentEncoder {
  let columns: Column[] | undefined;
  let rows = 0;
  let size = 0;
  const begun = (): Column[] => {
    columns ??= types.map(({ type }) => type.newColumn(codec));
    return columns;
  };
  const push = (staged: readonly Column[]): void => {
    for (const column of staged) size += column.push();
    if (rows++ === 0) size += columnOverhead * staged.length;
  };
  return {
    append(row: Row): void {
      const columns = begun();
      let index = 0;
      for (const column of columns) column.stage(row[index++] ?? null);
      push(columns);
    },
    appendCells(cells: readonly Cell[]): void {
      const columns = begun();
      let index = 0;
      for (const column of columns) {
        const cell = cells[index++];
        if (cell) column.stageCell(cell);
      }
      push(columns);
    },
    get rows() {
      return rows;
    },
    get size() {
      return size;
    },
    finish(): Fragment | undefined {
      if (columns === undefined || rows === 0) return undefined;
      const chunks = columns.map((column) => column.finish());
      const meta: RowGroupMeta = { columns: chunks.map((chunk) => chunk.meta) };
      const fragment = { bytes: Buffer.concat(chunks.flatMap(({ pages }) => pages)), rows, meta };
      columns = undefined;
      rows = 0;
      size = 0;
      return fragment;
    },
  };
}
