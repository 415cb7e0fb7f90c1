import { describe, expect, it } from 'vitest';
import type { DestinationField, Value } from '../../../../core/records.ts';
import { ColumnMemory, Region } from '../../../../engine/encode/parquet/column-memory.ts';
import { columnType } from '../../../../engine/encode/parquet/column-type.ts';
import { codecOf } from '../../../../engine/encode/parquet/compression.ts';
import { nestedType } from '../../../../engine/encode/parquet/nested-type.ts';

const codec = codecOf('SNAPPY');

/** Fields, and of each its nth value. */
const fields: readonly (readonly [DestinationField, (n: number) => Value])[] = [
  [{ name: 'few', type: 'String' }, (n) => `text ${n % 5}`],
  [{ name: 'many', type: 'String' }, (n) => `text ${n}`],
  [{ name: 'nulls', type: 'String' }, (n) => (n % 3 === 0 ? null : 'x')],
  [{ name: 'bytes', type: 'ByteArray' }, (n) => Buffer.alloc(n % 50)],
  [{ name: 'flag', type: 'Boolean' }, (n) => n % 2 === 0],
  [{ name: 'count', type: 'Long' }, (n) => n],
  [{ name: 'share', type: 'Double' }, (n) => n / 3],
];
const inner: DestinationField = {
  name: 'tags',
  type: 'List',
  inner: [{ name: 'element', type: 'String' }],
};

/** A row group. */
function encode(memory: ColumnMemory): void {
  memory.open();
  const columns = [...fields.map(([field]) => columnType(field)), nestedType(inner)].map((type) =>
    type.newColumn(codec, memory),
  );
  for (let n = 0; n < 3000; n++) {
    for (const [index, column] of columns.entries()) {
      column.stage(fields[index]?.[1](n) ?? (index < fields.length ? null : [`a ${n}`, 'b']));
      column.push();
    }
  }
  for (const column of columns) column.finish();
  memory.close();
}

describe('the memory of columns', () => {
  it('is given back by row groups that end while others go on', () => {
    const memory = new ColumnMemory();
    memory.open();
    encode(memory);
    const top = memory.room(0);
    for (let group = 0; group < 5; group++) encode(memory);
    expect(memory.room(0)).toBe(top);
    memory.close();
  });

  it('waits for the next format, with nothing in it', () => {
    const first = new ColumnMemory();
    first.open();
    const { kernels } = first;
    const top = first.room(0);
    new Region(first).reserve(100_000, 0);
    first.close();
    const next = new ColumnMemory();
    next.open();
    expect(next.kernels).toBe(kernels);
    expect(next.room(0)).toBe(top);
    next.close();
  });

  it('is another one for each format that has an encoder open', () => {
    const [one, other] = [new ColumnMemory(), new ColumnMemory()];
    one.open();
    other.open();
    expect(other.kernels).not.toBe(one.kernels);
    one.close();
    other.close();
    expect(() => one.bytes).toThrow('columns are only made while an encoder is open');
  });

  it('keeps what a region has when that grows, and moves no other', () => {
    const memory = new ColumnMemory();
    memory.open();
    const [one, other] = [new Region(memory), new Region(memory)];
    one.reserve(3, 0);
    other.reserve(3, 0);
    const before = other.start;
    memory.bytes.set([1, 2, 3], one.start);
    one.reserve(10_000_000, 3);
    expect([...memory.bytes.subarray(one.start, one.start + 3)]).toEqual([1, 2, 3]);
    expect(other.start).toBe(before);
    memory.close();
  });
});
