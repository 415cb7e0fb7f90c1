/** What columns do with the values of a block one by one. */

import type { Value } from '../../../core/records.ts';
import type { Block } from '../../block.ts';
import { RefusedValue } from '../value-checks.ts';

/** What a Column does with a single value. */
export interface StagingColumn {
  /** @throws RefusedValue if the value is not of the field's type */
  stage(value: Value): void;
  /** Bytes of the staged value if it is written out, roughly. */
  stagedSize(): number;
  /** Adds the staged value. @returns the bytes that takes, roughly and before compression */
  push(): number;
}

/** Looks at the values whose cells are not of the type: refuses their records, or makes the column a mixed one. */
export function refuseOthers(
  column: StagingColumn,
  block: Block,
  index: number,
  type: number,
  limit: number,
): void {
  const vector = block.vectors[index] ?? 0;
  const others = block.records.kernels.check(vector, block.count, type, limit, block.list);
  for (const position of block.listed(others)) {
    if (block.refused[position]) continue;
    try {
      column.stage(block.value(vector, position));
      block.mixed[index] = true;
    } catch (error) {
      if (!(error instanceof RefusedValue)) throw error;
      block.refused[position] = 1;
    }
  }
}

/** As values may come to lie in the dictionary as well as, when that is given up, in a page; and two bytes of an index each. */
export function mostOfEach(
  column: StagingColumn,
  block: Block,
  index: number,
  positions: number,
  count: number,
): number {
  const vector = block.vectors[index] ?? 0;
  if (!block.mixed[index]) return 2 * block.textBytes(vector, positions, count) + 20 * count;
  let bytes = 0;
  for (const position of block.listed(count, positions)) {
    column.stage(block.value(vector, position));
    bytes += column.stagedSize();
  }
  return 2 * bytes + 20 * count;
}

export function appendEach(
  column: StagingColumn,
  block: Block,
  index: number,
  positions: number,
  count: number,
): number {
  const vector = block.vectors[index] ?? 0;
  let added = 0;
  for (const position of block.listed(count, positions)) {
    column.stage(block.value(vector, position));
    added += column.push();
  }
  return added;
}
