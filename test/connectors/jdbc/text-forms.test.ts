import { describe, expect, test } from 'vitest';
import { dateText, dateTimeText } from '../../../connectors/jdbc/dates.ts';
import { parseJson } from '../../../connectors/jdbc/json.ts';

describe('dates', () => {
  test.each([
    ['2024-02-29', '2024-02-29'],
    ['0044-03-15 BC', '-000043-03-15'],
    ['0001-12-31 BC', '0000-12-31'],
    ['10000-01-01', '+010000-01-01'],
    ['infinity', 'infinity'],
    ['-infinity', '-infinity'],
  ])('the date %s', (text, expected) => expect(dateText(text)).toBe(expected));

  test.each([
    ['2024-02-29 12:34:56', '2024-02-29T12:34:56Z'],
    ['2024-02-29 12:34:56.789012+00', '2024-02-29T12:34:56.789012Z'],
    ['0044-03-15 12:00:00.5+00 BC', '-000043-03-15T12:00:00.5Z'],
    ['0044-03-15 12:00:00 BC', '-000043-03-15T12:00:00Z'],
    ['294276-12-31 23:59:59.999999', '+294276-12-31T23:59:59.999999Z'],
    ['infinity', 'infinity'],
  ])('the moment %s', (text, expected) => expect(dateTimeText(text)).toBe(expected));
});

describe('JSON', () => {
  test.each([
    ['{"a": 9007199254740991}', { a: 9007199254740991 }],
    ['{"a": 9007199254740993}', { a: 9007199254740993n }],
    ['[0.1, 1e2]', [0.1, 100]],
    ['[0.12345678901234567890]', ['0.12345678901234567890']],
    ['[1e400]', ['1e400']],
    ['{"a": 1, "a": 1234567890123456}', { a: 1234567890123456 }],
    ['"1234567890123456789"', '1234567890123456789'],
    ['null', null],
  ])('%s', (text, expected) => expect(parseJson(text)).toEqual(expected));
});
