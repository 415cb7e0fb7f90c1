/** Which records of a block go into which output partition. */

import type { Row } from '../../core/records.ts';
import type { Block } from '../block.ts';
import type { TaskPlan } from '../tasks/plan.ts';
import { partitioner } from './output.ts';

/** Records of one partition, in their order. */
export interface PartitionGroup {
  readonly partition: string;
  /** Where their positions lie. */
  readonly list: number;
  readonly count: number;
}

/** The groups of the positions [first, end), in the order in which they come first; their lists are valid until the next call. */
export type PartitionGroups = (first: number, end: number) => readonly PartitionGroup[];

/** {@link partitioner} for the records of a block whose vectors are made: a folder is made once for all that have the same values. */
export function blockPartitioner(
  tasks: Pick<TaskPlan, 'partitionFields' | 'partitionIndexes'>,
): (block: Block) => PartitionGroups {
  const { partitionIndexes: indexes } = tasks;
  if (indexes.length === 0)
    return (block) => (first, end) => [{ partition: '', list: block.all + 4 * first, count: end - first }];
  const partition = partitioner(tasks);
  const row: Row = new Array(Math.max(...indexes) + 1).fill(null);
  return (block) => {
    const { count, records } = block;
    const { kernels, memory } = records;
    const columns = block.positions(indexes.map((index) => block.vectors[index] ?? 0));
    const table = block.reserve(16 * count + 64);
    const numbers = block.reserve(4 * count);
    const firsts = block.reserve(4 * count);
    const counts = block.reserve(4 * count);
    const list = block.reserve(4 * count);
    const groups = block.reserve(12 * count);
    const known = kernels.numberGroups(columns, indexes.length, count, table, numbers, firsts);
    const folders = block.listed(known, firsts).map((position) => {
      for (const index of indexes) row[index] = block.value(block.vectors[index] ?? 0, position);
      return partition(row);
    });
    joinEqual(block, numbers, folders);
    return (first, end) => {
      const found = kernels.listGroups(numbers, first, end, counts, list, groups);
      const { places } = memory;
      return Array.from({ length: found }, (_, index) => {
        const at = groups / 4 + 3 * index;
        return {
          partition: folders[places[at] ?? 0] ?? '',
          list: places[at + 1] ?? 0,
          count: places[at + 2] ?? 0,
        };
      });
    };
  };
}

/** Different values may have one folder, as null and the text `null` do. */
function joinEqual(block: Block, numbers: number, folders: readonly string[]): void {
  const firsts = new Map<string, number>();
  const joined = folders.map((folder, number) => {
    const first = firsts.get(folder) ?? number;
    firsts.set(folder, first);
    return first;
  });
  if (firsts.size === folders.length) return;
  const { places } = block.records.memory;
  for (let at = numbers / 4; at < numbers / 4 + block.count; at++) places[at] = joined[places[at] ?? 0] ?? 0;
}
