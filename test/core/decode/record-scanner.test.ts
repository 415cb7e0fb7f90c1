import { expect, test } from 'vitest';
import { csvFormat } from '../../../core/decode/csv.ts';
import type { InputFormat } from '../../../core/decode/input-format.ts';
import { cellValues } from '../../../core/decode/record-scanner.ts';
import { cellKind } from '../../../core/decode/scanned-records.ts';

function decoded(format: InputFormat, text: string) {
  const bytes = Buffer.from(text);
  const prologue = format.begin(bytes, true, 'file');
  if (!prologue) throw new Error('no prologue');
  return prologue.decode(bytes.subarray(prologue.used), true, prologue.lines + 1, 100);
}

test('rows are not made of another file’s page', () => {
  const format = csvFormat(['a']);
  const first = decoded(format, 'a\n1\n');
  const second = decoded(format, 'a\n2\n');
  expect(() => first.rows).toThrow('a page was left before its rows were asked for');
  expect(second.rows).toEqual([['2']]);
});

test('rows that were asked for in time stay', () => {
  const format = csvFormat(['a']);
  const first = decoded(format, 'a\n1\n');
  expect(first.rows).toEqual([['1']]);
  decoded(format, 'a\n2\n');
  expect(first.rows).toEqual([['1']]);
});

test('a text of 128 MiB and more is the whole text', () => {
  const length = 2 ** 27 + 1;
  const memory = {
    bytes: Buffer.alloc(length, 'x'),
    places: Int32Array.of(0, length * 16 + cellKind.ascii, 0, 0),
    numbers: new Float64Array(2),
    generation: 1,
    ensure: () => undefined,
    nextGeneration: () => 2,
  };
  const { value } = cellValues(memory, () => null);
  expect(String(value(0)).length).toBe(134_217_729);
});
