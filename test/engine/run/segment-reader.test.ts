import { expect, it } from 'vitest';
import { segmentReader } from '../../../engine/run/segment-reader.ts';

function prepared(sizes: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  const objects = {
    async read(_: string, key: string, options?: { range?: { start: number; end: number } }) {
      const { start, end } = options?.range ?? { start: 0, end: sizes[key] ?? 0 };
      asked.push(options?.range ? `${key} ${start}-${end}` : key);
      return Uint8Array.from({ length: end - start }, (_byte, i) => (start + i) % 251);
    },
  };
  const segments = Object.entries(sizes).map(([key, size]) => ({ key, size }));
  return { asked, read: segmentReader(objects, 'state', segments) };
}

it('reads a small segment once, whole, and a large one in ranges', async () => {
  const { asked, read } = prepared({ small: 262_144, large: 262_145 });
  expect(await read('small', 262_142, 262_144)).toEqual(Uint8Array.of(262_142 % 251, 262_143 % 251));
  expect(await read('small', 3, 5)).toEqual(Uint8Array.of(3, 4));
  expect(await read('large', 3, 5)).toEqual(Uint8Array.of(3, 4));
  expect(await read('large', 5, 6)).toEqual(Uint8Array.of(5));
  expect(asked).toEqual(['small', 'large 3-5', 'large 5-6']);
});

it('keeps 8 MiB at most', async () => {
  const { asked, read } = prepared(
    Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`s${i}`, 262_144])),
  );
  for (const key of ['s0', 's31', 's32', 's0']) await read(key, 0, 1);
  expect(asked).toEqual(['s0', 's31', 's32 0-1']);
});
