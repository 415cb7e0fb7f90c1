import { expect, it } from 'vitest';
import { csvFormat } from '../../../core/decode/csv.ts';

it('tells that the rows of a page of one file are gone once another file has been read', () => {
  const format = csvFormat(['a']);
  const decoderOf = (text: string) => {
    const bytes = Buffer.from(text);
    const prologue = format.begin(bytes, true, 'file');
    if (!prologue) throw new Error('a header was expected');
    return () => prologue.decode(bytes.subarray(prologue.used), true, 2, 10);
  };
  const first = decoderOf('a\none\n')();
  const second = decoderOf('a\ntwo\n')();
  expect(() => first.rows).toThrow('a page was left before its rows were asked for');
  expect(second.rows).toEqual([['two']]);
});
