import { describe, expect, it } from 'vitest';
import type { FieldType, Value } from '../../../core/records.ts';
import { converter, textOf, valueText } from '../../../engine/tasks/convert.ts';

describe('valueText', () => {
  it.each<[Value, string | null]>([
    ['', ''],
    ['Ada', 'Ada'],
    [3, '3'],
    [100, '100'],
    [0.1, '0.1'],
    [-0, '0'],
    [1e21, '1000000000000000000000'],
    [1.5e-7, '0.00000015'],
    [Number.NaN, 'NaN'],
    [9007199254740993n, '9007199254740993'],
    [true, 'true'],
    [null, null],
    [new Uint8Array([1, 2, 255]), 'AQL/'],
    [{ a: [1, null, 'x'] }, '{"a":[1,null,"x"]}'],
    [{ id: 9007199254740993n }, '{"id":9007199254740993}'],
    [['a', 'b'], '["a","b"]'],
  ])('of %o', (value, text) => {
    expect(valueText(value)).toBe(text);
  });
});

describe('textOf', () => {
  it('brings a DateTime to UTC with the digits its field keeps', () => {
    expect(textOf({ type: 'DateTime' })('2026-02-03T12:15:00+02:00')).toBe('2026-02-03T10:15:00.000Z');
    expect(textOf({ type: 'DateTime', fractionDigits: 6 })('2026-02-03T10:15:00.123456Z')).toBe(
      '2026-02-03T10:15:00.123456Z',
    );
    expect(textOf({ type: 'DateTime' })(null)).toBe(null);
  });

  it('leaves what it does not understand, and text that merely looks like a date', () => {
    expect(textOf({ type: 'DateTime' })('infinity')).toBe('infinity');
    expect(textOf({ type: 'Struct' })('a "b"')).toBe('"a \\"b\\""');
    expect(textOf({ type: 'Struct' })({ a: 1 })).toBe('{"a":1}');
    expect(textOf({ type: 'Struct' })(null)).toBe(null);
    expect(textOf({ type: 'String' })('2026-02-03T12:15:00+02:00')).toBe('2026-02-03T12:15:00+02:00');
  });
});

describe('converter', () => {
  it.each<[FieldType, Value, Value]>([
    ['Boolean', 'TRUE', true],
    ['Boolean', '0', false],
    ['Boolean', 1, true],
    ['Short', '32767', 32767],
    ['Short', -32768, -32768],
    ['Long', '9223372036854775807', 9223372036854775807n],
    ['Long', '+0012', 12],
    ['Long', '-0', 0],
    ['Integer', -0, 0],
    ['DateTime', '2026-02-03T10:15:00.123456Z', '2026-02-03T10:15:00.123456Z'],
    ['Struct', '{"id":9007199254740993,"x":1.5}', { id: 9007199254740993n, x: 1.5 }],
    ['BigDecimal', '007.50', '7.50'],
    ['Integer', '42', 42],
    ['Integer', '3.00', 3],
    ['Integer', ' 7 ', 7],
    ['Integer', true, 1],
    ['Integer', -2147483648, -2147483648],
    ['Long', '9007199254740993', 9007199254740993n],
    ['Long', '-9223372036854775808', -9223372036854775808n],
    ['Long', 5n, 5],
    ['BigInteger', '123456789012345678901234567890', 123456789012345678901234567890n],
    ['Double', '1e3', 1000],
    ['Double', '0.1', 0.1],
    ['Double', 7n, 7],
    ['Float', '2.5', 2.5],
    ['BigDecimal', '100.00', '100.00'],
    ['BigDecimal', '1e2', '100'],
    ['BigDecimal', 0.1, 0.1],
    ['BigDecimal', 12n, '12'],
    ['Date', '2026-02-03T23:30:00-02:00', '2026-02-04'],
    ['DateTime', '2026-02-03', '2026-02-03T00:00:00.000Z'],
    ['DateTime', 1769904000000, '2026-02-01T00:00:00.000Z'],
    ['Time', '10:15:00', '10:15:00'],
    ['Struct', '{"a":1}', { a: 1 }],
    ['Map', '{"a":1}', { a: 1 }],
    ['List', '[1,2]', [1, 2]],
    ['String', 12.5, '12.5'],
    ['String', { a: 1 }, '{"a":1}'],
    ['String', '', ''],
  ])('to %s: %o gives %o', (type, value, expected) => {
    expect(converter({}, { type })(value)).toEqual(expected);
  });

  it('takes base64 text for bytes', () => {
    expect(converter({}, { type: 'ByteArray' })('AQL/')).toEqual(Buffer.from([1, 2, 255]));
    expect(converter({}, { type: 'ByteArray' })('AQL')).toBe(undefined);
  });

  it.each<[FieldType, Value]>([
    ['Boolean', 'yes'],
    ['Boolean', 2],
    ['Boolean', []],
    ['Integer', []],
    ['Double', []],
    ['Short', 40000],
    ['Integer', 'abc'],
    ['Integer', '3.5'],
    ['Integer', 3.5],
    ['Integer', 2147483648],
    ['Integer', '0x10'],
    ['Long', '9223372036854775808'],
    ['Long', '-9223372036854775809'],
    ['Short', 32768],
    ['Short', '-32769'],
    ['Integer', ' '],
    ['Double', ' '],
    ['Double', '.'],
    ['BigDecimal', '1,5'],
    ['Double', '1e400'],
    ['Double', 'NaN'],
    ['Double', Number.NaN],
    ['Double', { a: 1 }],
    ['BigDecimal', 'abc'],
    ['Date', '2026-02-30'],
    ['Date', 'tomorrow'],
    ['DateTime', '1769904000000'],
    ['Time', '25:00:00'],
    ['Struct', '[1]'],
    ['Struct', '{"a":'],
    ['Struct', 5],
    ['List', '{"a":1}'],
    ['List', { a: 1 }],
  ])('to %s: %o cannot be converted', (type, value) => {
    expect(converter({}, { type })(value)).toBe(undefined);
  });

  it('gives null for null, and for empty text unless text is asked for', () => {
    expect(converter({}, { type: 'Integer' })(null)).toBe(null);
    expect(converter({}, { type: 'Integer' })('')).toBe(null);
    expect(converter({}, { type: 'Struct' })('')).toBe(null);
    expect(converter({}, { type: 'String' })(null)).toBe(null);
  });
});
