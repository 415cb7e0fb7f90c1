import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteSet } from '../../engine/byte-set.ts';

test('each content has the index of its first coming', () => {
  const bytes = fc.array(fc.uint8Array({ maxLength: 60, max: 3 }), { maxLength: 300 });
  fc.assert(
    fc.property(bytes, (values) => {
      const set = byteSet();
      const known: string[] = [];
      for (const value of values) {
        const hex = Buffer.from(value).toString('hex');
        // Not at the beginning of the buffer it lies in.
        const within = Buffer.concat([Buffer.of(9), value, Buffer.of(9)]);
        const index = set.find(within, 1, within.length - 1);
        expect(index).toBe(known.indexOf(hex));
        if (index < 0) expect(set.add(within, 1, within.length - 1)).toBe(known.push(hex) - 1);
      }
      const stored = known.map((_, index) =>
        Buffer.from(set.bytes.subarray(set.startOf(index), set.endOf(index))).toString('hex'),
      );
      expect(stored).toEqual(known);
      expect([set.size, set.length]).toEqual([known.length, known.join('').length / 2]);
    }),
  );
});
