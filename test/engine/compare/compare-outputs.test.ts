import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Comparison,
  compareOutputs,
  isSame,
  type Spill,
} from '../../../engine/compare/compare-outputs.ts';
import type { OutputRecord } from '../../../engine/compare/read-records.ts';

function memorySpill(): Spill & { readonly lines: Map<number, string[]> } {
  const lines = new Map<number, string[]>();
  return {
    lines,
    async add(partition, line) {
      lines.set(partition, [...(lines.get(partition) ?? []), line]);
    },
    async *read(partition) {
      yield* lines.get(partition) ?? [];
    },
  };
}

async function* each(records: readonly object[]): AsyncGenerator<OutputRecord> {
  for (const record of records) {
    yield Object.fromEntries(Object.entries(record).map(([name, value]) => [name, JSON.stringify(value)]));
  }
}

const compare = (
  ours: readonly object[],
  theirs: readonly object[],
  key: readonly string[] = ['id'],
  partitions = 3,
): Promise<Comparison> =>
  compareOutputs({
    ours: each(ours),
    theirs: each(theirs),
    key,
    partitions,
    spills: { ours: memorySpill(), theirs: memorySpill() },
  });

describe('two outputs', () => {
  it('are compared by key, column by column; differences of form are named, not counted', async () => {
    const comparison = await compare(
      [
        { id: 1, name: 'a', total: 1.5, at: '2026-01-01T00:00:00.000Z', note: null },
        { id: 2, name: 'b', total: 2, at: '2026-01-02T00:00:00.000Z' },
        { id: 3, name: 'c', total: 3, at: '2026-01-03T00:00:00.000Z', own: 1 },
      ],
      [
        { id: '2', name: 'B', total: '2.00', at: '2026-01-02T00:00:00Z' },
        { id: '1', name: 'a', total: '1.5', at: '2026-01-01T00:00:00Z', note: '' },
        { id: '4', name: 'd', total: '4', at: '2026-01-04T00:00:00Z' },
      ],
    );
    expect({ ...comparison, differences: [] }).toEqual({
      records: { ours: 3, theirs: 3 },
      same: 1,
      different: 1,
      onlyOurs: { count: 1, examples: ['{"id":"3"}'] },
      onlyTheirs: { count: 1, examples: ['{"id":"4"}'] },
      columnsOnlyOurs: ['own'],
      columnsOnlyTheirs: [],
      differences: [],
    });
    const told = comparison.differences.map(({ column, kind, count }) => `${column} ${kind} ${count}`).sort();
    expect(told).toEqual([
      'at date form 2',
      'id type 2',
      'name value 1',
      'total number form 1',
      'total type 1',
    ]);
    const name = comparison.differences.find(({ column }) => column === 'name');
    expect(name?.example).toEqual({ key: '{"id":"2"}', ours: '"b"', theirs: '"B"' });
    expect(isSame(comparison)).toBe(false);
  });

  it('without a key are compared as wholes, whatever the order', async () => {
    const comparison = await compare(
      [{ a: 1 }, { a: 2, b: null }, { a: 2 }],
      [{ a: '2' }, { a: '2' }, { a: 1, b: '' }],
      [],
    );
    expect(comparison).toMatchObject({ same: 3, different: 0 });
    expect(isSame(comparison)).toBe(true);
    expect((await compare([{ a: 1 }], [{ a: 2 }], [])).onlyTheirs).toEqual({
      count: 1,
      examples: ['{"a":"2"}'],
    });
  });

  it('of which records lack the key are refused', async () => {
    await expect(compare([{ id: 1 }], [{ no: 1 }])).rejects.toThrow(
      '--key: a record of theirs has no such column; got id; expected no',
    );
  });

  it('pair each record once, the same ones first, however they are spread', async () => {
    const record = fc.record({ id: fc.nat(3), value: fc.constantFrom('x', 'y', 'z') });
    const outputs = fc.tuple(fc.array(record), fc.array(record), fc.integer({ min: 1, max: 4 }));
    await fc.assert(
      fc.asyncProperty(outputs, async ([ours, theirs, partitions]) => {
        const { same, different, onlyOurs, onlyTheirs } = await compare(ours, theirs, ['id'], partitions);
        const count = (of: readonly { id: number; value: string }[], id: number, value?: string) =>
          of.filter((one) => one.id === id && (value === undefined || one.value === value)).length;
        const ids = [0, 1, 2, 3];
        const paired = ids.map((id) => Math.min(count(ours, id), count(theirs, id)));
        const sum = (list: readonly number[]) => list.reduce((total, n) => total + n, 0);
        expect(same + different).toBe(sum(paired));
        expect(onlyOurs.count).toBe(ours.length - sum(paired));
        expect(onlyTheirs.count).toBe(theirs.length - sum(paired));
        if (JSON.stringify(ours) === JSON.stringify(theirs)) expect(different).toBe(0);
      }),
    );
    const shuffled = fc
      .array(record)
      .chain((list) =>
        fc.shuffledSubarray(list, { minLength: list.length }).map((other) => [list, other] as const),
      );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([list, other]) => {
        expect(isSame(await compare(list, other))).toBe(true);
      }),
    );
  });
});
