import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DestinationField, fieldTypes, type Row } from '../../../core/records.ts';
import { outputFormat } from '../../../engine/encode/output-format.ts';
import { bytesOf, encode, field, fragmentsOf } from './rows.ts';

function lines(fields: readonly DestinationField[], rows: Row[]): string {
  return encode(outputFormat({ fileType: 'JSON', fields }), [rows]).toString();
}

describe('JSON Lines', () => {
  it('writes the destination fields in their order, null where a value is missing', () => {
    const fields = [field('String', 'zeta'), field('Integer', 'al"pha'), field('Boolean', 'Mid dle')];
    expect(
      lines(fields, [
        ['x', 1, true],
        [null, null, null],
      ]),
    ).toBe('{"zeta":"x","al\\"pha":1,"Mid dle":true}\n{"zeta":null,"al\\"pha":null,"Mid dle":null}\n');
  });

  it('keeps every digit of a number', () => {
    const fields = [field('Long'), field('BigInteger'), field('BigDecimal'), field('Double')];
    expect(
      lines(fields, [
        [9223372036854775807n, 10n ** 30n, '123456789012345678901234567890.10', -0],
        [-1, 2, '+007.50', 1e21],
        [0, 0, '.5', 1.5e-7],
        [0, 0, '-5.', 0.1],
        [0, 0, '1E+3', 5e-324],
        [0, 0, 1.25, 1],
      ]),
    ).toBe(
      [
        '{"Long":9223372036854775807,"BigInteger":1000000000000000000000000000000,"BigDecimal":123456789012345678901234567890.10,"Double":-0}',
        '{"Long":-1,"BigInteger":2,"BigDecimal":7.50,"Double":1000000000000000000000}',
        '{"Long":0,"BigInteger":0,"BigDecimal":0.5,"Double":1.5e-7}',
        '{"Long":0,"BigInteger":0,"BigDecimal":-5,"Double":0.1}',
        '{"Long":0,"BigInteger":0,"BigDecimal":1E+3,"Double":5e-324}',
        '{"Long":0,"BigInteger":0,"BigDecimal":1.25,"Double":1}',
        '',
      ].join('\n'),
    );
  });

  it('escapes lone surrogates and leaves pairs alone', () => {
    expect(lines([field('String', 's')], [['\ud800'], ['😀\udc00'], ['\u2028\u007f']])).toBe(
      '{"s":"\\ud800"}\n{"s":"😀\\udc00"}\n{"s":"\u2028\u007f"}\n',
    );
  });

  it('writes bytes as base64, and base64 as it is', () => {
    const bytes = new Uint8Array([1, 2, 251, 255]).subarray(1);
    expect(lines([field('ByteArray', 'b')], [[bytes], ['Avv/']])).toBe('{"b":"Avv/"}\n{"b":"Avv/"}\n');
  });

  it('nests objects and lists, exact integers included', () => {
    const fields = [field('Struct', 's'), field('List', 'l')];
    expect(lines(fields, [[{ n: 12345678901234567890n, o: { x: [null, '\n'] } }, [1n, undefined]]])).toBe(
      '{"s":{"n":12345678901234567890,"o":{"x":[null,"\\n"]}},"l":[1,null]}\n',
    );
  });

  it('writes any JSON document into a Struct', () => {
    expect(lines([field('Struct', 's')], [['a "b"'], [1.5], [2n ** 64n], [false], [[1]], [null]])).toBe(
      '{"s":"a \\"b\\""}\n{"s":1.5}\n{"s":18446744073709551616}\n{"s":false}\n{"s":[1]}\n{"s":null}\n',
    );
  });

  it('writes the whole record for the single field *', () => {
    expect(lines([field('Map', '*')], [[{ a: 1, b: { c: null } }], [{}]])).toBe(
      '{"a":1,"b":{"c":null}}\n{}\n',
    );
    expect(() => lines([field('Map', '*')], [[null]])).toThrow(
      'field "*": got null; expected an object or a list',
    );
  });

  it.each([
    [
      'Double',
      Number.NaN,
      'field "f": got the number NaN; expected a finite number (this file type has no other)',
    ],
    [
      'Float',
      Infinity,
      'field "f": got the number Infinity; expected a finite number (this file type has no other)',
    ],
    ['String', 5, 'field "f": got the number 5; expected a string'],
    ['Boolean', 'true', 'field "f": got the string "true"; expected true or false'],
    ['Short', 32768, 'field "f": got the number 32768; expected an integer from -32768 to 32767'],
    [
      'Integer',
      2147483648,
      'field "f": got the number 2147483648; expected an integer from -2147483648 to 2147483647',
    ],
    ['Integer', 1.5, 'field "f": got the number 1.5; expected an integer from -2147483648 to 2147483647'],
    [
      'Long',
      2n ** 63n,
      'field "f": got the bigint 9223372036854775808; expected an integer from -2^63 to 2^63-1 (a bigint beyond 2^53-1)',
    ],
    [
      'Long',
      2 ** 53,
      'field "f": got the number 9007199254740992; expected an integer from -2^63 to 2^63-1 (a bigint beyond 2^53-1)',
    ],
    ['BigInteger', '1', 'field "f": got the string "1"; expected an integer (a bigint beyond 2^53-1)'],
    ['BigDecimal', 'NaN', 'field "f": got the string "NaN"; expected a decimal number'],
    ['BigDecimal', '.', 'field "f": got the string "."; expected a decimal number'],
    ['BigDecimal', '1e', 'field "f": got the string "1e"; expected a decimal number'],
    ['DateTime', 0, 'field "f": got the number 0; expected a string'],
    ['ByteArray', [1], 'field "f": got a list; expected bytes or a base64 string'],
    ['Map', '{}', 'field "f": got the string "{}"; expected an object or a list'],
    [
      'Struct',
      Number.NaN,
      'field "f": got the number NaN; expected a finite number (this file type has no other)',
    ],
    ['List', new Uint8Array(2), 'field "f": got 2 bytes; expected an object or a list'],
  ] as const)('refuses a %s of %s and keeps nothing of its row', (type, value, message) => {
    const encoder = outputFormat({
      fileType: 'JSON',
      fields: [field('Integer', 'n'), { name: 'f', type }],
    }).encoder();
    encoder.append([1, null]);
    const size = encoder.size;
    expect(() => encoder.append([2, value])).toThrow(message);
    expect([encoder.rows, encoder.size]).toEqual([1, size]);
    expect(bytesOf(encoder.finish()).toString()).toBe('{"n":1,"f":null}\n');
  });

  it('decodes to what was encoded, whatever the fragments', () => {
    const fields = fieldTypes.map((type) => field(type));
    const format = outputFormat({ fileType: 'JSON', fields });
    fc.assert(
      fc.property(fragmentsOf(fields), (parts) => {
        const decoded = encode(format, parts)
          .toString()
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line));
        const expected = parts.flat().map((row) =>
          Object.fromEntries(
            fields.map(({ name }, index) => {
              const value = row[index] ?? null;
              const isNumber = typeof value === 'bigint' || (name === 'BigDecimal' && value !== null);
              const plain = isNumber ? Number(value) : value;
              return [name, value instanceof Uint8Array ? Buffer.from(value).toString('base64') : plain];
            }),
          ),
        );
        expect(decoded).toEqual(expected);
      }),
    );
  });

  it('has no fragment without rows, begins a new one after finish, and knows its size', () => {
    const encoder = outputFormat({ fileType: 'JSON', fields: [field('String', 's')] }).encoder();
    expect([encoder.finish(), encoder.rows, encoder.size]).toEqual([undefined, 0, 0]);
    for (let n = 0; n < 120; n++) encoder.append(['x'.repeat(n)]);
    expect([encoder.rows, encoder.size]).toEqual([120, 120 * 9 + 7140]);
    expect(bytesOf(encoder.finish()).length).toBe(120 * 9 + 7140);
    expect([encoder.finish(), encoder.rows, encoder.size]).toEqual([undefined, 0, 0]);
    encoder.append(['y']);
    expect(bytesOf(encoder.finish()).toString()).toBe('{"s":"y"}\n');
  });

  it('holds lines of any length, and many of them', () => {
    const rows = Array.from({ length: 3000 }, (_, n) => [n % 1000 === 7 ? 'ü'.repeat(300_000) : `é${n}`]);
    const decoded = lines([field('String', 's')], rows)
      .trimEnd()
      .split('\n')
      .map((line) => [JSON.parse(line).s]);
    expect(decoded).toEqual(rows);
  });
});
