/** What columns do with the values of a block one by one. */

import type { Block } from '../../block.ts';
import { RefusedValue } from '../value-checks.ts';
import type { Column } from './column.ts';

type StagingColumn = Pick<Column, 'stage' | 'stagedSize' | 'push'>;

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
