import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { dateText, dateTimeText } from '../../../connectors/jdbc/dates.ts';
import type { TextForm } from '../../../connectors/jdbc/dialect.ts';
import { rowScanner, type ScannedField } from '../../../connectors/jdbc/scan-rows.ts';
import { cellKind } from '../../../core/decode/scanned-records.ts';
import type { Value } from '../../../core/records.ts';
import { dataRow } from './wire.ts';

const made = (text: string): Value => `made of ${text}`;
const field = (form: TextForm | undefined, convert = made, column = 0): ScannedField => ({
  column,
  form,
  convert,
});

function scan(
  columns: number,
  fields: readonly ScannedField[],
  rows: readonly (readonly (string | null)[])[],
) {
  return rowScanner(columns, fields)(Buffer.concat(rows.map(dataRow)), rows.length);
}

/** The one value: its kind and its bytes in the page, and itself. */
function scanned(form: TextForm | undefined, text: string | null, convert = made) {
  const { scanned, rows } = scan(1, [field(form, convert)], [[text]]);
  const { firstCell } = scanned;
  const { bytes, places } = scanned.memory;
  const start = places[4 * firstCell] ?? 0;
  const place = places[4 * firstCell + 1] ?? 0;
  return [place & 15, bytes.toString('utf8', start, start + (place >> 4)), rows[0]?.[0]];
}

describe('what stays bytes', () => {
  test.each<[TextForm, string, number, string, Value]>([
    ['text', 'héllo', cellKind.utf8, 'héllo', 'héllo'],
    ['text', '', cellKind.utf8, '', ''],
    [
      'ascii',
      '12345678901234567890.10',
      cellKind.ascii,
      '12345678901234567890.10',
      '12345678901234567890.10',
    ],
    // A boolean's and a number's bytes are its JSON.
    ['boolean', 't', cellKind.true, 'true', true],
    ['boolean', 'f', cellKind.false, 'false', false],
    ['integer', '0', cellKind.number, '0', 0],
    ['integer', '-2147483648', cellKind.number, '-2147483648', -2147483648],
    ['integer', '9007199254740991', cellKind.number, '9007199254740991', 9007199254740991],
    ['integer', '-9007199254740991', cellKind.number, '-9007199254740991', -9007199254740991],
    ['real', '0.1', cellKind.number, '0.1', 0.1],
    ['real', '-0', cellKind.number, '-0', -0],
    ['real', '-123456789.1234', cellKind.number, '-123456789.1234', -123456789.1234],
    ['date', '2024-02-29', cellKind.ascii, '2024-02-29', '2024-02-29'],
    ['dateTime', '2024-02-29 12:34:56', cellKind.ascii, '2024-02-29T12:34:56Z', '2024-02-29T12:34:56Z'],
    [
      'dateTime',
      '2024-02-29 12:34:56.789+00',
      cellKind.ascii,
      '2024-02-29T12:34:56.789Z',
      '2024-02-29T12:34:56.789Z',
    ],
  ])('%s %s', (form, text, kind, bytes, value) => {
    expect(scanned(form, text)).toEqual([kind, bytes, value]);
  });

  test.each(['text', 'integer', 'dateTime', undefined] as const)('null as %s', (form) => {
    expect(scanned(form, null)).toEqual([cellKind.null, '', null]);
  });
});

describe('what is made of its text', () => {
  test.each<[TextForm | undefined, string]>([
    [undefined, '{"a": 1}'],
    ['integer', '9007199254740992'],
    ['integer', '-9223372036854775808'],
    ['real', '0.12345678901234'],
    ['real', '1e-07'],
    ['real', 'NaN'],
    ['real', '-Infinity'],
    ['date', 'infinity'],
    ['date', '0044-03-15 BC'],
    ['dateTime', 'infinity'],
    ['dateTime', '10000-01-01 00:00:00+00'],
    ['dateTime', '0044-03-15 12:00:00.5+00 BC'],
  ])('%s %s', (form, text) => {
    expect(scanned(form, text)[2]).toBe(`made of ${text}`);
  });

  test('a text that is longer than a cell can say', () => {
    const length = 2 ** 27;
    const row = Buffer.alloc(dataRow(['']).length + length, 'x');
    dataRow(['']).copy(row);
    row.writeInt32BE(length, 7);
    const scan = rowScanner(1, [field('text', (text) => text.length)]);
    expect(scan(row, 1).rows).toEqual([[length]]);
  });
});

test('values beside one another do not touch one another', () => {
  const times = ['2024-01-01 00:00:00', '2024-01-02 00:00:00', '0001-01-01 00:00:00 BC'];
  const fields = [2, 0, 3, 1].map((column) =>
    column === 3 ? field('text', made, 3) : field('dateTime', dateTimeText, column),
  );
  const rows = [
    [...times, 'a'],
    [times[1] ?? '', null, times[0] ?? '', 'é'],
  ];
  expect(scan(4, fields, rows).rows).toEqual([
    ['0000-01-01T00:00:00Z', '2024-01-01T00:00:00Z', 'a', '2024-01-02T00:00:00Z'],
    ['2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z', 'é', null],
  ]);
});

test('two fields of one column, and a column of none', () => {
  const fields = [field('date', dateText, 1), field(undefined, (text) => text.length, 1)];
  expect(scan(2, fields, [['unread', '2024-02-29']]).rows).toEqual([['2024-02-29', 10]]);
});

test('rows are those of their page, or none', () => {
  const scan = rowScanner(1, [field('text')]);
  const first = scan(dataRow(['a']), 1);
  const second = scan(dataRow(['b']), 1);
  expect(() => first.rows).toThrow('a page was left before its rows were asked for');
  expect(second.rows).toEqual([['b']]);
});
