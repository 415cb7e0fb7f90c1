import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Row, Value } from '../../../core/records.ts';
import { partitioner } from '../../../engine/run/output.ts';
import { blockPartitioner } from '../../../engine/run/partition-groups.ts';
import { blockOf } from '../encode/rows.ts';

/** Some have one folder though they differ. */
const value = fc.constantFrom<Value>(
  ...[null, '', 'null', 'NULL', true, false, 'true', 0, -0, '0', 1, 1.5, '1.5', 'x', 'xy', 'x/y', 'x%2Fy'],
  ...['é', '\ud800', '\ufffd', 'eight by', 'eight byte', 7n, 2n ** 64n, '7', { a: 1 }, '{"a":1}'],
);

function naively(rows: readonly Row[], partition: (row: Row) => string, first: number, end: number) {
  const groups = new Map<string, number[]>();
  for (const [position, row] of rows.entries()) {
    if (position < first || position >= end) continue;
    const group = groups.get(partition(row));
    if (group) group.push(position);
    else groups.set(partition(row), [position]);
  }
  return [...groups];
}

test.each([
  ['no column', [], []],
  ['a column', ['p'], [1]],
  ['two columns', ['p', 'q'], [2, 0]],
])(
  'records of a block by %s are those of their folders, in order',
  (_name, partitionFields, partitionIndexes) => {
    const tasks = { partitionFields, partitionIndexes };
    const [partitioned, partition] = [blockPartitioner(tasks), partitioner(tasks)];
    const row = fc.tuple(value, value, value);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 100 }), fc.nat(), fc.nat(), (rows, a, b) => {
        const block = blockOf(rows);
        const groupsOf = partitioned(block);
        const [first = 0, end = 0] = [a % (rows.length + 1), b % (rows.length + 1)].sort((x, y) => x - y);
        for (const [from, to] of [
          [0, rows.length],
          [first, end],
        ] as const) {
          const groups = groupsOf(from, to).filter(({ count }) => count > 0);
          const lists = groups.map(({ partition, list, count }) => [partition, block.listed(count, list)]);
          expect(lists).toEqual(naively(rows, partition, from, to));
        }
      }),
      { numRuns: 300 },
    );
  },
);

test('a block may have as many partitions as records', () => {
  const tasks = { partitionFields: ['p'], partitionIndexes: [0] };
  const rows = Array.from({ length: 1024 }, (_, index) => [index % 2 === 0 ? index : `text ${index}`]);
  const block = blockOf(rows);
  const groups = blockPartitioner(tasks)(block)(0, 1024);
  expect(groups.map(({ partition, list, count }) => [partition, block.listed(count, list)])).toEqual(
    rows.map(([name], position) => [`p=${name}/`, [position]]),
  );
});
