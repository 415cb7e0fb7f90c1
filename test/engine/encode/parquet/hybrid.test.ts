import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ColumnMemory, Region } from '../../../../engine/encode/parquet/column-memory.ts';

const memory = new ColumnMemory();
memory.open();
const region = new Region(memory);

function hybrid(values: Uint8Array | Uint16Array, width: number): Uint8Array {
  region.reserve(values.byteLength, 0);
  memory.bytes.set(new Uint8Array(values.buffer), region.start);
  const start = memory.room(3 * values.length + 64);
  const end = memory.kernels.hybrid(region.start, values.BYTES_PER_ELEMENT, values.length, width, start);
  return Uint8Array.from(memory.bytes.subarray(start, end));
}

/** A decoder written from the format's page, not from the encoder. */
function decode(bytes: Uint8Array, width: number, count: number): number[] {
  const values: number[] = [];
  let at = 0;
  while (values.length < count) {
    let header = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = bytes[at++] ?? 0;
      header |= (byte & 127) << shift;
      more = byte > 127;
    }
    const size = header >> 1;
    if (header & 1) {
      for (let value = 0; value < size * 8; value++) {
        let bits = 0;
        for (let bit = 0; bit < width; bit++) {
          const position = value * width + bit;
          bits |= (((bytes[at + (position >> 3)] ?? 0) >> (position & 7)) & 1) << bit;
        }
        values.push(bits);
      }
      at += size * width;
    } else {
      const value = (bytes[at++] ?? 0) | (width > 8 ? (bytes[at++] ?? 0) << 8 : 0);
      for (let repeat = 0; repeat < size; repeat++) values.push(value);
    }
  }
  expect(at).toBe(bytes.length);
  return values.slice(0, count);
}

describe('hybrid', () => {
  it('packs and counts', () => {
    const values = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7, ...Array(20).fill(5), 1, 2]);
    // The first is the example of the format's page: one group of eight, 3 bits each.
    expect(Buffer.from(hybrid(values, 3)).toString('hex')).toBe('0388c6fa' + '2805' + '03110000');
  });

  it('gives back its values, of any width', () => {
    const runs = fc
      .tuple(
        fc.integer({ min: 1, max: 16 }),
        fc.array(fc.tuple(fc.nat(65_535), fc.integer({ min: 1, max: 40 }))),
      )
      .map(([width, parts]) => ({
        width,
        values: parts.flatMap(([value, repeat]) => Array(repeat).fill(value & (2 ** width - 1)) as number[]),
      }));
    fc.assert(
      fc.property(runs, ({ width, values }) => {
        expect(decode(hybrid(Uint16Array.from(values), width), width, values.length)).toEqual(values);
        if (width <= 8)
          expect(decode(hybrid(Uint8Array.from(values), width), width, values.length)).toEqual(values);
      }),
    );
  });

  it('depends on its input alone, not on what it encoded before', () => {
    const values = Uint16Array.of(1, 2, 3);
    const first = hybrid(values, 9);
    hybrid(new Uint16Array(64).fill(0x1ff), 9);
    expect(hybrid(values, 9)).toEqual(first);
  });
});
