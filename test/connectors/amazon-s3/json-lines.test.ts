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
        const source = createAmazonS3({ pageBytes });
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

describe('a line of which only members are read', () => {
  // A dotted field has each line parsed as a whole: the same values or the same error must come out.
  const bothWays = async (line: string, fields: readonly string[]) => {
    const outcome = (readSet: readonly string[]) =>
      rowsOf(`${line}\n`, { ...json, fields: readSet }).catch((error: Error) => error.message);
    const parsed = await outcome([...fields, 'no.path']);
    return {
      scanned: await outcome(fields),
      parsed: typeof parsed === 'string' ? parsed : parsed.map((row) => row.slice(0, -1)),
    };
  };

  test.each([
    ' {\t"b" : [ ] , "a" : "x" } \r',
    '{"a":"\\u00e9\\"\\\\\\/\\n","b":"é\u2028\ud83d\ude00"}',
    '{"\\u0061":1,"b":2}',
    '{"a":-0,"b":0.5}',
    '{"a":12345678901234567,"b":1E+2}',
    '{"a":{"n":[0.12345678901234567890,{"":null}]},"b":[true,false,null]}',
    `{"c":${'['.repeat(500)}${']'.repeat(500)},"a":1}`,
    '{"b":1,"a":2}\n{"a":3,"b":4}\n{"a":5}\n{"ab":6,"a":7}\n{}',
  ])('has their values: %j', async (line) => {
    const { scanned, parsed } = await bothWays(line, ['a', 'b']);
    expect(scanned).toEqual(parsed);
    expect(typeof scanned).toBe('object');
  });

  test.each([
    '{"c":01,"a":1}',
    '{"c":1.,"a":1}',
    '{"c":.5,"a":1}',
    '{"c":-,"a":1}',
    '{"c":1e,"a":1}',
    '{"c":+1,"a":1}',
    '{"c":tru,"a":1}',
    '{"c":nullx,"a":1}',
    '{"c":"\t","a":1}',
    '{"c":"\\x","a":1}',
    '{"c":"\\u12g4","a":1}',
    '{"c":"\\u12',
    '{"c":"',
    '{"c":[1,],"a":1}',
    '{"c":[1 2],"a":1}',
    '{"c":{"d"},"a":1}',
    '{"c":{"d":1,},"a":1}',
    '{"c":{d:1},"a":1}',
    '{"c":[1},"a":1}',
    '{"a":1,}',
    '{,"a":1}',
    '{"a" 1}',
    '{"a":1 "b":2}',
    '{a:1}',
    '{"a":1}}',
    '{"a":1',
    '{"a":1},',
    '\u00a0{"a":1}',
  ])('is refused whichever member is wrong: %j', async (line) => {
    const { scanned, parsed } = await bothWays(line, ['a']);
    expect(scanned).toEqual(parsed);
    expect(scanned).toMatch(/^s3:\/\/lake\/in\/file line 1.*: the line is not valid JSON/);
  });

  test('is read as JSON.parse reads it, or refused as that refuses it', async () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }).map((one) => JSON.stringify(one)),
      fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/),
    );
    const members = fc.array(fc.tuple(fc.constantFrom('"a"', '"b"', '"c"', '"\\u0061"'), value), {
      maxLength: 4,
    });
    const blank = fc.constantFrom('', ' ', '\t ');
    const change = fc.record({
      at: fc.nat(),
      remove: fc.integer({ min: 0, max: 1 }),
      insert: fc.constantFrom('', '"', '\\', ',', ':', '0', '-', '.', 'e', '[', '}', ' ', '\u0001'),
    });
    await fc.assert(
      fc.asyncProperty(members, blank, fc.option(change), async (pairs, space, edit) => {
        const object = `{${pairs.map(([key, text]) => `${key}${space}:${space}${text}`).join(`${space},`)}}`;
        const at = edit ? edit.at % object.length : 0;
        const line = edit ? object.slice(0, at) + edit.insert + object.slice(at + edit.remove) : object;
        const { scanned, parsed } = await bothWays(line, ['b', 'a']);
        expect(scanned).toEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });
});
