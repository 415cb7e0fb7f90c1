import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAmazonS3 } from '../../../connectors/amazon-s3/source.ts';
import { bucket, filesIn, portsOver, readAll, readSplit, request, rowsOf } from './helpers.ts';

const fields = ['a', 'b'];

describe('values', () => {
  test('come in read-set order, whatever the order of the columns', async () => {
    expect(await rowsOf('x,b,a\n1,2,3\n', { fields: ['a', 'b'] })).toEqual([['3', '2']]);
  });

  test('are null when empty, the empty string when quoted, else untouched strings', async () => {
    expect(await rowsOf('a,b\n,""\n" x "," y "\n007,1e3\n', { fields })).toEqual([
      [null, ''],
      [' x ', ' y '],
      ['007', '1e3'],
    ]);
  });

  test('keep commas, doubled quotes and line ends in quotes', async () => {
    expect(await rowsOf('a,b\n"1,5","say ""hi"""\n"two\r\nlines\n",""""\n', { fields })).toEqual([
      ['1,5', 'say "hi"'],
      ['two\r\nlines\n', '"'],
    ]);
  });

  test('take a quote inside an unquoted field as it is', async () => {
    expect(await rowsOf('a,b\n5" pipe,x"y"\n', { fields })).toEqual([['5" pipe', 'x"y"']]);
  });

  test('are UTF-8, in a record of ASCII and other fields', async () => {
    expect(await rowsOf('name,größe\n"Zoë ""Z""",10\nplain,東京🗼\n', { fields: ['größe', 'name'] })).toEqual(
      [
        ['10', 'Zoë "Z"'],
        ['東京🗼', 'plain'],
      ],
    );
  });

  test('the whole record is an object of all columns, and names are only names', async () => {
    const [[record] = []] = await rowsOf('a,__proto__,constructor\n1,2,\n', { fields: ['*'] });
    expect(Object.entries(record as object)).toEqual([
      ['a', '1'],
      ['__proto__', '2'],
      ['constructor', null],
    ]);
  });

  test('a column name with dots is a name, not a path', async () => {
    expect(await rowsOf('a.b,a\n1,2\n', { fields: ['a.b'] })).toEqual([['1']]);
  });
});

describe('lines', () => {
  test.each([
    ['LF', 'a,b\n1,2\n3,4\n'],
    ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['CR alone', 'a,b\r1,2\r3,4\r'],
    ['no end at the last line', 'a,b\n1,2\n3,4'],
    ['CRLF and no end at the last line', 'a,b\r\n1,2\r\n3,4'],
    ['half a CRLF at the last line', 'a,b\r\n1,2\r\n3,4\r'],
    ['a byte order mark', '\ufeffa,b\n1,2\n3,4\n'],
    ['a byte order mark and a quoted name', '\ufeff"a",b\n1,2\n3,4\n'],
    ['blank lines', 'a,b\n\n1,2\n\r\n\n3,4\n\n'],
  ])('%s', async (_name, text) => {
    expect(await rowsOf(text, { fields })).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  test('a CR within a line that ends with LF is data, and so is LF where lines end with CR', async () => {
    expect(await rowsOf('a,b\nx\ry,2\n', { fields })).toEqual([['x\ry', '2']]);
    expect(await rowsOf('a,b\rx\ny,2\r', { fields })).toEqual([['x\ny', '2']]);
  });

  test('a blank line is a record where there is one column', async () => {
    expect(await rowsOf('a\n1\n\n2\n', { fields: ['a'] })).toEqual([['1'], [null], ['2']]);
  });

  test('a last field may be empty', async () => {
    expect(await rowsOf('a,b\n1,', { fields })).toEqual([['1', null]]);
    expect(await rowsOf('a,b\n1,""', { fields })).toEqual([['1', '']]);
  });

  test('a header alone is a file without records', async () => {
    expect(await rowsOf('a,b\n', { fields })).toEqual([]);
    expect(await rowsOf('a,b', { fields })).toEqual([]);
  });
});

describe('what cannot be read', () => {
  test.each<[string, string | Uint8Array, string]>([
    [
      'too few fields',
      'a,b\n"1\n\n",2\n3\n',
      's3://lake/in/file line 5: the record does not have one field for each column; got 1 field; expected 2; put fields that hold commas, quotes or line ends in quotes',
    ],
    [
      'too many fields, at the CRLF line where the record begins',
      'a,b\r\n1,2\r\n3,4,5\r\n',
      's3://lake/in/file line 3: the record does not have one field for each column; got 3 fields; expected 2; put fields that hold commas, quotes or line ends in quotes',
    ],
    [
      'blanks are no blank line',
      'a,b\n  \n',
      's3://lake/in/file line 2: the record does not have one field for each column; got 1 field; expected 2; put fields that hold commas, quotes or line ends in quotes',
    ],
    [
      'an unclosed quote, at the line where it opens',
      'a,b\n1,2\n"x\ny",\n3,"4\n5,6\n',
      's3://lake/in/file line 5: the quote that opens here is never closed',
    ],
    [
      'an unclosed quote in the header',
      'a,"b\n1,2\n',
      's3://lake/in/file line 1: the quote that opens here is never closed',
    ],
    [
      'text after a closing quote',
      'a,b\n1,"x\n"y"\n',
      's3://lake/in/file line 3: text follows a closing quote; expected a comma or the end of the line; double the quotes within a quoted field',
    ],
    [
      'a repeated name',
      'a,b,a\n',
      "s3://lake/in/file line 1: column 3 has no name of its own; got 'a' a second time; expected a header row that names each column differently",
    ],
    [
      'an empty name',
      'a,,b\n',
      's3://lake/in/file line 1: column 2 has no name of its own; got an empty name; expected a header row that names each column differently',
    ],
    [
      'bytes that are not UTF-8',
      Buffer.from('a,b\n1,2\n3,M\xfcller\n', 'latin1'),
      's3://lake/in/file line 3: the line is not valid UTF-8; convert the file, for example with iconv -f WINDOWS-1252 -t UTF-8',
    ],
    [
      'UTF-16',
      Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'),
      's3://lake/in/file: the file is encoded in UTF-16; expected UTF-8; convert it, for example with iconv -f UTF-16 -t UTF-8',
    ],
  ])('%s', async (_name, body, message) => {
    await expect(rowsOf(body, { fields })).rejects.toMatchObject({ code: 'SourceDataInvalid', message });
  });

  test('a column of the read set that a file does not have, with the one that was perhaps meant', async () => {
    const store = await filesIn({ 'in/1': 'Id,Email\n1,x\n', 'in/2': 'Id,email \n2,y\n' });
    await expect(readAll(store, request({ fields: ['Id', 'Email'] }))).rejects.toMatchObject({
      code: 'SchemaChanged',
      message: "s3://lake/in/2: the file has no column 'Email'; got 2 other columns; did you mean 'email '?",
    });
    await expect(readAll(store, request({ fields: ['Phone'] }))).rejects.toMatchObject({
      message:
        "s3://lake/in/1: the file has no column 'Phone'; got 2 other columns; mend the file's header row or the flow's tasks",
    });
  });

  test('a record beyond the limit, at the line where it begins', async () => {
    const store = await filesIn({ 'in/file': `a,b\n1,2\n"${'\n'.repeat(200)}",2\n` });
    const source = createAmazonS3({ pageBytes: 16 });
    const asked = request({ fields, recordLimit: 100 });
    await expect(readAll(store, asked, source)).rejects.toMatchObject({
      code: 'SourceDataInvalid',
      message:
        's3://lake/in/file line 3: the record that begins here is too long; got more than 100 bytes; expected at most 100; look for a quote that is not closed or a missing line end; if it is right, set tributary.memorySize to 16 times its size in MiB',
    });
  });

  test('a record of more than 32 MiB, unless another limit is given; one of just as many is read', async () => {
    const record = (bytes: number): string => `${'x'.repeat(bytes - 3)},2\n`;
    const asked = request({ fields: ['b'] });
    const right = await filesIn({ 'in/file': `a,b\n${record(2 ** 25)}` });
    expect(await readAll(right, asked)).toEqual([['2']]);
    const larger = await filesIn({ 'in/file': `a,b\n${record(2 ** 25 + 1)}` });
    await expect(readAll(larger, asked)).rejects.toMatchObject({
      context: { at: 's3://lake/in/file line 2', got: 'more than 33554432 bytes' },
    });
    expect(await readAll(larger, { ...asked, recordLimit: 2 ** 26 })).toEqual([['2']]);
  });

  test('the line is right in a page that was resumed', async () => {
    const store = await filesIn({ 'in/file': `a,b\r\n${'1,"x\r\ny"\r\n'.repeat(50)}3\r\n` });
    const source = createAmazonS3({ pageBytes: 40 });
    const ports = portsOver(store);
    const [split = {}] = (await source.describe(request({ fields }), ports)).splits;
    await expect(readSplit(source, request({ fields }), split, ports, true)).rejects.toMatchObject({
      context: { at: 's3://lake/in/file line 102' },
    });
  });
});

describe('any file', () => {
  const cell = fc.option(
    fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\n', '\r', 'é', '東', '🗼'), maxLength: 8 }),
    { nil: null },
  );
  const file = fc.record({
    columns: fc.integer({ min: 2, max: 4 }),
    newline: fc.constantFrom('\n', '\r\n'),
    lastNewline: fc.boolean(),
    bom: fc.boolean(),
    rows: fc.array(
      fc.record({ cells: fc.array(cell, { minLength: 4, maxLength: 4 }), quoted: fc.boolean() }),
      {
        maxLength: 12,
      },
    ),
    pageBytes: fc.integer({ min: 1, max: 80 }),
    gzip: fc.boolean(),
  });

  test('written, cut into pages and resumed at each of them, gives its rows', async () => {
    const { gzipSync } = await import('node:zlib');
    await fc.assert(
      fc.asyncProperty(file, async ({ columns, newline, lastNewline, bom, rows, pageBytes, gzip }) => {
        const names = ['a', 'b', 'c', 'd'].slice(0, columns);
        const expected = rows.map(({ cells }) => cells.slice(0, columns));
        const lines = rows.map(({ cells, quoted }) =>
          cells
            .slice(0, columns)
            .map((value) => {
              if (value === null) return '';
              return quoted || value === '' || /[",\r\n]/.test(value)
                ? `"${value.replaceAll('"', '""')}"`
                : value;
            })
            .join(','),
        );
        const text =
          (bom ? '\ufeff' : '') + [names.join(','), ...lines].join(newline) + (lastNewline ? newline : '');
        const body = gzip ? gzipSync(text) : Buffer.from(text);
        const store = await filesIn({ 'in/file': body });
        const source = createAmazonS3({ pageBytes });
        const asked = request({ fields: names });
        const split = {
          objects: [{ key: 'in/file', size: body.length, etag: store.stored(bucket, 'in/file')?.etag }],
        };
        const read = await readSplit(source, asked, split, portsOver(store));
        expect(read.rows).toEqual(expected);
        expect(read.bytes).toBe(Buffer.byteLength(text));
        expect(await readSplit(source, asked, split, portsOver(store), true)).toEqual(read);
      }),
      { numRuns: 300 },
    );
  });
});
