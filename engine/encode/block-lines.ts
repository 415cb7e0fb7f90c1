/** Lines of text made of blocks: what CSV and JSON Lines have in common. */

import type { Kernels } from '../../core/kernels.ts';
import type { Block } from '../block.ts';
import { RefusedValue } from './value-checks.ts';
import type { ValueText } from './value-text.ts';

export interface BlockLines {
  /** Gives every cell the bytes that are written of it. A record with a value that cannot be written is refused. */
  prepare(block: Block): void;
  /** Bytes that `put` takes at most. */
  most(block: Block, positions: number, count: number): number;
  /** Writes lines at `to`. @returns where they end */
  put(block: Block, positions: number, count: number, to: number): number;
}

/** How a field's values are written. */
export interface LineColumn {
  /** What stands before each. */
  readonly lead: string;
  /** Whether their texts are quoted, or escaped. */
  readonly quoted: boolean;
  readonly text: ValueText;
}

type PutLines = (
  columns: number,
  columnCount: number,
  positions: number,
  count: number,
  to: number,
) => number;

/** An escape of JSON is up to six bytes for one. */
const growth = 6;
/** `null`, quotes and a comma; and of a line its end. */
const most = 12;
const columnBytes = 16;

/** @param putLines the kernel that writes the lines */
export function blockLines(
  columns: readonly LineColumn[],
  putLines: (kernels: Kernels) => PutLines,
): BlockLines {
  const leads = columns.map(({ lead }) => Buffer.from(lead));
  const extra = leads.reduce((sum, lead) => sum + lead.length + most, most);
  return {
    prepare(block) {
      columns.forEach(({ text }, index) => {
        spell(block, block.vectors[index] ?? 0, text);
      });
      const { memory } = block.records;
      const starts = leads.map((lead) => block.reserve(lead.length));
      leads.forEach((lead, index) => {
        memory.bytes.set(lead, starts[index]);
      });
      const table = block.reserve(columnBytes * columns.length);
      columns.forEach(({ quoted }, index) => {
        const entry = [
          block.vectors[index] ?? 0,
          starts[index] ?? 0,
          leads[index]?.length ?? 0,
          Number(quoted),
        ];
        memory.places.set(entry, (table + columnBytes * index) / 4);
      });
      block.prepared = table;
    },
    most(block, positions, count) {
      let bytes = 0;
      for (let index = 0; index < columns.length; index++)
        bytes += block.textBytes(block.vectors[index] ?? 0, positions, count);
      return growth * bytes + extra * count;
    },
    put: (block, positions, count, to) =>
      putLines(block.records.kernels)(block.prepared, columns.length, positions, count, to),
  };
}

function spell(block: Block, vector: number, { text, cells }: ValueText): void {
  const { kernels } = block.records;
  const { type, limit } = cells;
  const others = kernels.check(vector, block.count, type, limit, block.list);
  for (const position of block.listed(others)) {
    if (block.refused[position]) continue;
    try {
      const value = block.value(vector, position);
      if (value !== null && block.spell(vector, position, text(value))) continue;
    } catch (error) {
      if (!(error instanceof RefusedValue)) throw error;
    }
    block.refused[position] = 1;
  }
}
