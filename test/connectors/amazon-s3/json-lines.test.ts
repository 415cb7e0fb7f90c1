import fc from 'fast-check';
import { stringify } from 'lossless-json';
import { describe, expect, test } from 'vitest';
import { createAmazonS3 } from '../../../connectors/amazon-s3/source.ts';
import { filesIn, portsOver, readSplit, request, rowsOf } from './helpers.ts';

const json = { fileType: 'JSON' } as const;

describe('values', () => {
  test('are those of the read set, in its order, null where missing', async () => {
    const text = '{"id":1,"tags":["x"],"owner":{"name":"Ada"}}\n{"id":null,"owner":"nobody"}\n';
    expect(await rowsOf(text, { ...json, fields: ['owner.name', 'id', 'tags'] })).toEqual([
      ['Ada', 1, ['x']],
      [null, null, null],
    ]);
  });

  test('a key with dots wins over the path', async () => {
    expect(await rowsOf('{"a.b":1,"a":{"b":2}}\n{"a":{"b":2}}\n', { ...json, fields: ['a.b'] })).toEqual([
      [1],
      [2],
    ]);
  });

  test('the whole record is the object', async () => {
    expect(await rowsOf('{"a":{"b":[1,null]}}\n', { ...json, fields: ['*'] })).toEqual([
      [{ a: { b: [1, null] } }],
    ]);
  });

  test.each<[string, unknown]>([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['123456789012345678901234567890', 123456789012345678901234567890n],
    ['0.1', 0.1],
    ['1234567890.1234567', 1234567890.1234567],
    ['0.1234567890123456', 0.1234567890123456],
    ['0.10000000000000000', 0.1],
    ['12345678901234567.89', '12345678901234567.89'],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['1e30', 1e30],
    ['1.7976931348623157e308', 1.7976931348623157e308],
    ['1e400', '1e400'],
    ['1e-400', '1e-400'],
    ['-0.5E+2', -50],
    ['"9007199254740993"', '9007199254740993'],
  ])('the number %s keeps its value', async (literal, value) => {
    const [row] = await rowsOf(`{"n":${literal},"in":[ ${literal}]}\n`, { ...json, fields: ['n', 'in'] });
    expect(row).toEqual([value, [value]]);
  });

  test('of a key given twice the last counts, whichever way the line is parsed', async () => {
    const text = '{"a":1,"a":2}\n{"a":1,"a":2,"n":9007199254740993}\n';
    expect(await rowsOf(text, { ...json, fields: ['a'] })).toEqual([[2], [2]]);
  });

  test('a key is only a key', async () => {
    const text = '{"__proto__":{"x":1}}\n{"__proto__":{"x":1},"n":9007199254740993}\n';
    expect(await rowsOf(text, { ...json, fields: ['x', 'toString', '__proto__'] })).toEqual([
      [null, null, { x: 1 }],
      [null, null, { x: 1 }],
    ]);
  });
});

test.each([
  ['LF', '{"a":1}\n{"a":2}\n'],
  ['CRLF', '{"a":1}\r\n{"a":2}\r\n'],
  ['no end at the last line', '{"a":1}\n{"a":2}'],
  ['a byte order mark', '\ufeff{"a":1}\n{"a":2}\n'],
  ['blank lines', '\n{"a":1}\n  \r\n\n{"a":2}\n\n'],
])('lines: %s', async (_name, text) => {
  expect(await rowsOf(text, { ...json, fields: ['a'] })).toEqual([[1], [2]]);
});

test.each<[string, string | Uint8Array, string]>([
  [
    'broken JSON, by place and without the data',
    '{"a":1}\n\n{"a":"secret" "b":2}\n',
    's3://lake/in/file line 3 column 15: the line is not valid JSON; expected one JSON object per line (JSON Lines)',
  ],
  [
    'a document over several lines',
    '{\n"a":1\n}\n',
    's3://lake/in/file line 1 column 2: the line is not valid JSON; expected one JSON object per line (JSON Lines)',
  ],
  [
    'an array',
    '{"a":1}\n[{"a":1}]\n',
    's3://lake/in/file line 2: the line holds no JSON object; got an array; expected one JSON object per line (JSON Lines)',
  ],
  [
    'a number',
    '12345\n',
    's3://lake/in/file line 1: the line holds no JSON object; got a number; expected one JSON object per line (JSON Lines)',
  ],
  [
    'null',
    'null\n',
    's3://lake/in/file line 1: the line holds no JSON object; got null; expected one JSON object per line (JSON Lines)',
  ],
  [
    'bytes that are not UTF-8',
    Buffer.from('{"a":1}\n{"a":"M\xfcller"}\n', 'latin1'),
    's3://lake/in/file line 2: the line is not valid UTF-8; convert the file, for example with iconv -f WINDOWS-1252 -t UTF-8',
  ],
])('what cannot be read: %s', async (_name, body, message) => {
  await expect(rowsOf(body, { ...json, fields: ['a'] })).rejects.toMatchObject({
    code: 'SourceDataInvalid',
    message,
  });
});

test('any records, cut into pages and resumed at each of them, come back', async () => {
  const record = fc.dictionary(
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.jsonValue({ maxDepth: 1, stringUnit: 'binary' }),
    {
      maxKeys: 4,
    },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 80 }),
      async (records, pageBytes) => {
        const text = records.map((value) => `${JSON.stringify(value)}\n`).join('');
        const store = await filesIn({ 'in/file': text });
        const source = createAmazonS3({ pageBytes, recordBytes: 1 << 20 });
        const ports = portsOver(store);
        const [split = {}] = (await source.describe(request(json), ports)).splits;
        const read = await readSplit(source, request(json), split, ports);
        expect(read.rows.map(([value]) => stringify(value))).toEqual(
          records.map((value) => JSON.stringify(value)),
        );
        expect(read.bytes).toBe(Buffer.byteLength(text));
        expect(await readSplit(source, request(json), split, ports, true)).toEqual(read);
      },
    ),
    { numRuns: 60 },
  );
});
