import fc from 'fast-check';
import { expect, it } from 'vitest';
import { linesOf } from '../../engine/lines.ts';

async function lines(...chunks: readonly Uint8Array[]): Promise<string[]> {
  async function* input() {
    yield* chunks;
  }
  const found: string[] = [];
  for await (const line of linesOf(input())) found.push(line);
  return found;
}

it('ends lines at line feeds, and at nothing else', async () => {
  expect(await lines(Buffer.from('a\u2028b\u2029c\rd\n\ne'))).toEqual(['a\u2028b\u2029c\rd', '', 'e']);
  expect(await lines(Buffer.from('a\n'))).toEqual(['a']);
  expect(await lines()).toEqual([]);
});

it('does not mind where the chunks end', async () => {
  const texts = fc.array(fc.string({ unit: 'binary' }).filter((text) => !text.includes('\n')));
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 5 }), async (expected, size) => {
      const bytes = Buffer.from(expected.map((text) => `${text}\n`).join(''));
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      // Lone surrogates have no UTF-8.
      expect(await lines(...chunks)).toEqual(expected.map((text) => Buffer.from(text).toString()));
    }),
  );
});
