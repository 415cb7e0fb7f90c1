import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DestinationField } from '../../../core/records.ts';
import { csv } from '../../../engine/encode/csv.ts';
import {
  csvCounter,
  jsonLinesCounter,
  type RecordCounter,
} from '../../../engine/verify/count-text-records.ts';
import { encode, text } from '../encode/rows.ts';

function count(counter: RecordCounter, ...chunks: readonly (string | Uint8Array)[]): number {
  for (const chunk of chunks) counter.push(Buffer.from(chunk));
  return counter.end();
}

describe('records of JSON Lines', () => {
  it('are counted across chunks', () => {
    expect(count(jsonLinesCounter(), '{"a":1}\n{"a"', ':2}', '\n', '{"b":"x\\n"}\n')).toBe(3);
    expect(count(jsonLinesCounter())).toBe(0);
  });

  it.each([
    ['{"a":1}\n{"a":2', 'line 2 breaks off'],
    ['{"a":1}\n\n', 'line 2 is no JSON object'],
    ['[1]\n', 'line 1 is no JSON object'],
    ['{"a":1}{"a":2}\n', 'line 1 is no JSON object'],
  ])('%j: %s', (file, message) => {
    expect(() => count(jsonLinesCounter(), file)).toThrow(message);
  });
});

describe('records of CSV', () => {
  it('are counted without the header, line breaks in quotes being data', () => {
    expect(count(csvCounter(), 'a,b\n1,"x\n""y"",\n', 'z"\n2,\n')).toBe(2);
    expect(count(csvCounter(), 'a\n')).toBe(0);
  });

  it.each([
    ['', 'there is no header'],
    ['a,b\n1,2', 'record 1 breaks off'],
    ['a,b\n1,"2\n', 'record 1 breaks off'],
    ['a,b\n1\n', 'record 1 has 1 cells, the header 2'],
  ])('%j: %s', (file, message) => {
    expect(() => count(csvCounter(), file)).toThrow(message);
  });

  it('are as many as were written, whatever they hold and however the file is read', () => {
    const fields: DestinationField[] = [
      { name: 'a,"\n', type: 'String' },
      { name: 'b', type: 'String' },
    ];
    const rows = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rows, fc.nat(), (written, at) => {
        const file = encode(csv(fields), [written]);
        const cut = at % file.length;
        expect(count(csvCounter(), file.subarray(0, cut), file.subarray(cut))).toBe(written.length);
      }),
    );
  });
});
