import { expect, test } from 'vitest';
import { rowScanner } from '../../../connectors/amazon-s3/json-scan.ts';

const scanned = (line: string) => {
  const bytes = Buffer.from(`before\n${line}\nafter`);
  return rowScanner(['a', 'b'], () => 'exact')(bytes, 7, bytes.length - 6);
};

// What these read must be right is shown with the format's tests; here, that they are read at all.
test.each<[string, unknown[] | undefined]>([
  ['{}', [null, null]],
  ['{"x":{"y":[1,"]"]},"a":"é","b":-12.5}', [`é`, -12.5]],
  ['{ "b" : {"c":[true,null]} , "a" : "\\n" }\r', ['\n', { c: [true, null] }]],
  ['{"a":1e3,"b":[1234567890123456]}', ['exact', 'exact']],
  ['', undefined],
  ['[1]', undefined],
  ['{"a":1', undefined],
  ['{"\\u0061":1}', undefined],
])('%s', (line, row) => {
  expect(scanned(line)).toEqual(row);
});

test('keys may differ from line to line', () => {
  const bytes = Buffer.from('{"a":1,"b":2}\n{"b":3}\n{"a":4,"b":5}\n');
  const scan = rowScanner(['a', 'b'], () => null);
  expect([scan(bytes, 0, 13), scan(bytes, 14, 21), scan(bytes, 22, 35)]).toEqual([
    [1, 2],
    [null, 3],
    [4, 5],
  ]);
});
