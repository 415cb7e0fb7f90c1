import type { DestinationField, Row, Value } from '../../../core/records.ts';
import type { Fragment, FragmentEncoder, OutputFormat } from '../format.ts';
import type { Column } from './column.ts';
import { ColumnMemory } from './column-memory.ts';
import { type ColumnType, columnType } from './column-type.ts';
import type { Codec } from './compression.ts';
import { footer, magic, type RowGroupMeta } from './footer.ts';
import { nestedType } from './nested-type.ts';

/** A page's header, what the footer says of a column, and the memory that a hardly used one takes. */
const columnOverhead = 400;
/** Rows that an encoder keeps as they are before it makes columns of them. */
const heldRows = 32;

/**
 * Parquet (https://parquet.apache.org/docs/file-format/), a row group per fragment, all columns optional;
 * `columnType` and `nestedType` say how each field is stored. `size` is the size before compression, so that no boundary depends on the compressor.
 */
export function parquet(fields: readonly DestinationField[], codec: Codec): OutputFormat {
  const types = fields.map((field) => (field.inner ? nestedType(field) : columnType(field)));
  const memory = new ColumnMemory();
  const newColumns = () => types.map((type) => type.newColumn(codec, memory));
  // What a row is checked by before there are columns for it.
  const checks = newColumns();
  return {
    fileType: 'PARQUET',
    contentType: 'application/vnd.apache.parquet',
    head: () => magic,
    encoder: () => rowGroupEncoder(types, newColumns, checks, memory),
    tail: (fragments) => footer(types, codec, fragments),
    prepare(block) {
      for (const [index, column] of checks.entries()) column.prepare(block, index);
    },
  };
}

function rowGroupEncoder(
  types: readonly ColumnType[],
  newColumns: () => Column[],
  checks: readonly Column[],
  memory: ColumnMemory,
): FragmentEncoder {
  const overhead = columnOverhead * types.reduce((sum, { leaves }) => sum + leaves.length, 0);
  /** The first rows. Of many partitions most may never have more, and columns take much memory each. */
  let held: Value[][] = [];
  let columns: Column[] | undefined;
  let rows = 0;
  let size = 0;

  function push(staged: readonly Column[]): void {
    for (const column of staged) size += column.push();
    rows++;
  }

  function hold(row: Value[]): void {
    if (rows++ === 0) size = overhead;
    for (const column of checks) size += column.stagedSize();
    held.push(row);
    if (held.length === heldRows) begin();
  }

  function begin(): Column[] {
    memory.open();
    const begun = newColumns();
    columns = begun;
    rows = 0;
    size = overhead;
    for (const row of held) {
      stage(begun, row);
      push(begun);
    }
    held = [];
    return begun;
  }

  function append(row: Row): void {
    stage(columns ?? checks, row);
    if (columns) push(columns);
    else hold(types.map((_, index) => row[index] ?? null));
  }

  return {
    append,
    most: (block, positions, count) =>
      (columns ?? checks).reduce(
        (sum, column, index) => sum + column.most(block, index, positions, count),
        rows === 0 ? overhead : 0,
      ),
    appendBlock(block, positions, count): void {
      if (!columns && rows + count < heldRows) {
        for (const position of block.listed(count, positions)) append(block.row(position));
        return;
      }
      const begun = columns ?? begin();
      for (const [index, column] of begun.entries())
        size += column.appendBlock(block, index, positions, count);
      rows += count;
    },
    get rows() {
      return rows;
    },
    get size() {
      return size;
    },
    finish(): Fragment | undefined {
      if (rows === 0) return undefined;
      const chunks = (columns ?? begin()).flatMap((column) => column.finish());
      memory.close();
      const meta: RowGroupMeta = { columns: chunks.map((chunk) => chunk.meta) };
      const fragment = { chunks: chunks.flatMap(({ pages }) => pages), rows, meta };
      columns = undefined;
      rows = 0;
      size = 0;
      return fragment;
    },
  };
}

function stage(columns: readonly Column[], row: Row): void {
  let index = 0;
  for (const column of columns) column.stage(row[index++] ?? null);
}
