import fc from 'fast-check';
import { snappyUncompress } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { ColumnMemory, Region } from '../../../../engine/encode/parquet/column-memory.ts';
import { snappy } from '../../../../engine/encode/parquet/snappy.ts';

/** Each one uses another memory, as long as none is closed. */
function compressor(): (input: Uint8Array) => Uint8Array {
  const memory = new ColumnMemory();
  memory.open();
  const region = new Region(memory);
  return (input) => {
    region.reserve(input.length, 0);
    memory.bytes.set(input, region.start);
    return snappy(memory, region.start, region.start + input.length);
  };
}

const words = fc
  .array(
    fc.constantFrom(
      'New',
      'Working',
      'Qualified',
      '2026-01-0',
      'https://example.com/',
      '\u0000\u0000\u0000',
      'x',
    ),
    {
      maxLength: 4000,
    },
  )
  .map((parts) => Buffer.from(parts.join('')));

function uncompressed(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  snappyUncompress(input, output);
  return output;
}

describe('snappy', () => {
  it('gives back what was compressed', () => {
    const compress = compressor();
    fc.assert(
      fc.property(fc.oneof(words, fc.uint8Array({ maxLength: 2000 })), (input) => {
        expect(Buffer.compare(uncompressed(compress(input), input.length), input)).toBe(0);
      }),
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('a')],
    ['a block of one byte', Buffer.alloc(65_536, 1)],
    ['more than a block', Buffer.alloc(200_000, 'abcdefghijklmnopqrstuvwxyz')],
    [
      'bytes that do not repeat',
      Buffer.from(Array.from({ length: 70_000 }, (_, n) => (n * n * 31 + (n >> 8) * 7) & 255)),
    ],
    [
      'a far repetition',
      Buffer.concat([Buffer.from('needle12'), Buffer.alloc(60_000, 'ab'), Buffer.from('needle12')]),
    ],
  ])('handles %s', (_, input) => {
    expect(Buffer.compare(uncompressed(compressor()(input), input.length), input)).toBe(0);
  });

  it('writes the elements of the format', () => {
    const compress = compressor();
    // Length 10, a literal of one byte, a copy of 9 bytes from 1 back.
    expect(Buffer.from(compress(Buffer.from('aaaaaaaaaa'))).toString('hex')).toBe('0a0061' + '1501');
    expect(compress(Buffer.alloc(65_536, 1)).length).toBeLessThan(3200);
  });

  it('depends on its input alone, not on what it compressed before', () => {
    const used = compressor();
    // Few letters, seen before at other places: what a table of earlier positions would remember.
    const letters = fc
      .integer({ min: 2, max: 20 })
      .chain((max) => fc.uint8Array({ max, minLength: 200, maxLength: 3000, size: 'max' }));
    fc.assert(
      fc.property(letters, fc.nat(9), (input, shift) => {
        used(Buffer.concat([Buffer.from('zq'.repeat(shift)), input]));
        used(input.subarray(shift));
        expect(Buffer.compare(used(input), compressor()(input))).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
