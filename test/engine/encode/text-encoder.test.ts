import { expect, onTestFinished, test, vi } from 'vitest';
import { outputFormat } from '../../../engine/encode/output-format.ts';
import { lineScratch } from '../../../engine/encode/text-encoder.ts';
import { appendAsBlock, bytesOf, field } from './rows.ts';

const fields = [field('String', 'a')];

/** Counts the bytes of all buffers that are made from now on: at least those that are held. */
function allocated(): () => number {
  const spy = vi.spyOn(Buffer, 'allocUnsafeSlow');
  onTestFinished(() => spy.mockRestore());
  return () => spy.mock.calls.reduce((sum, [length]) => sum + length, 0);
}

test.each([
  ['JSON', 10_090_000],
  ['CSV', 10_010_000],
] as const)('10,000 encoders of %s hold their lines and no more', (fileType, lines) => {
  const format = outputFormat({ fileType, fields });
  const text = 'x'.repeat(1000);
  // Makes the scratch that the encoders share, and compiles the kernels.
  format.encoder().append([text]);
  appendAsBlock(format, format.encoder(), [[text]]);
  const bytes = allocated();
  const encoders = Array.from({ length: 10_000 }, (_, index) => {
    const encoder = format.encoder();
    if (index % 2 === 0) appendAsBlock(format, encoder, [[text]]);
    else encoder.append([text]);
    return encoder;
  });
  expect(encoders.reduce((sum, { size }) => sum + size, 0)).toBe(lines);
  expect(bytes()).toBe(lines);
});

test.each([
  ['100 short lines', 100, 'a "quoted" text, 🦊'],
  ['7 long lines', 7, 'é'.repeat(80_000)],
  ['lines of many chunks', 20_000, 'x'.repeat(300)],
])('%s take less than twice their bytes', (_name, count, text) => {
  const format = outputFormat({ fileType: 'JSON', fields });
  appendAsBlock(format, format.encoder(), [[text]]);
  const bytes = allocated();
  const encoder = format.encoder();
  for (let line = 1; line <= count; line++) {
    if (line % 3 === 0) encoder.append([text]);
    else appendAsBlock(format, encoder, [[text]]);
  }
  const { size } = encoder;
  expect(bytes()).toBeGreaterThanOrEqual(size);
  expect(bytes()).toBeLessThan(2 * size);
  expect(bytesOf(encoder.finish()).equals(Buffer.from(`{"a":${JSON.stringify(text)}}\n`.repeat(count)))).toBe(
    true,
  );
});

test('the scratch of a huge line is not kept', () => {
  const scratch = lineScratch();
  expect(scratch.bytes(2 ** 24).length).toBe(2 ** 24);
  expect(scratch.bytes(10).length).toBeLessThanOrEqual(2 ** 20);
});
