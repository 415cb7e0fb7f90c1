import { describe, expect, test } from 'vitest';
import { googleSheets } from '../../../connectors/google-sheets/connector.ts';
import { columnName, fieldsOf, rangeOf, rowsOf } from '../../../connectors/google-sheets/sheet.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { testHttp, testSourcePorts } from '../../support/source-ports.ts';

test('columns have letters', () => {
  expect([0, 25, 26, 51, 52, 701, 702].map(columnName)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA']);
});

describe('headers', () => {
  const namesOf = (...headers: unknown[]) =>
    Object.entries(fieldsOf(headers, 'Google Sheets.x')).map(([name, { at }]) => `${name} = ${at}`);

  test('name the columns that have one', () => {
    expect(namesOf(' Order\nnumber ', '', 'Net. price', ' ', 7.5)).toEqual([
      'Order number = A',
      'Net. price = C',
      '7.5 = E',
    ]);
  });

  test('that are there twice are told apart by their letters, all of them', () => {
    expect(namesOf('a', 'b', 'a', 'rowNumber')).toEqual([
      'a (A) = A',
      'b = B',
      'a (C) = C',
      'rowNumber (D) = D',
    ]);
    expect(() => namesOf('a', 'a (C)', 'a')).toThrow(
      'Google Sheets.x: two columns of the sheet have one name; got a (C); give one of them another header',
    );
  });

  test('are needed', () => {
    expect(() => namesOf('', ' ')).toThrow('Google Sheets.x: the sheet has no headers');
    expect(() => namesOf()).toThrow('the sheet has no headers');
  });
});

test('rows of empty cells are none, and rows keep their numbers', () => {
  const values = [['x', '', 0], [], ['', ''], [false]];
  expect(rowsOf({ range: "'Q1!A9'!AB12:AD15", values }, {})).toEqual([
    { A: 'x', C: 0, rowNumber: 12 },
    { A: false, rowNumber: 15 },
  ]);
  expect(rowsOf({ range: 'Q1!A2:D9' }, {})).toEqual([]);
});

test('a title may have quotes', () => {
  expect(rangeOf("Anna's", 28, 2, 9)).toBe("'Anna''s'!A2:AB9");
});

function drive(rowCount: number, columnCount: number, title = 'A/B') {
  const headers = Array.from({ length: columnCount }, (_, index) => `h${index}`);
  const http = testHttp(({ url }) => {
    const { pathname, searchParams } = new URL(url);
    if (pathname === '/drive/v3/files') {
      const isSecond = searchParams.get('pageToken') === 'two';
      return {
        body: isSecond
          ? { files: [{ id: 'y', name: 'Y' }] }
          : { nextPageToken: 'two', files: [{ id: 'x', name: 'X' }] },
      };
    }
    if (pathname.includes('/values/')) return { body: { values: [headers] } };
    const properties = { title, sheetType: 'GRID', gridProperties: { rowCount, columnCount } };
    return { body: { sheets: [{ properties }, { properties: { title: 'Pie', sheetType: 'OBJECT' } }] } };
  });
  return { http, ports: testSourcePorts({ http, credentials: { accessToken: 'the-token' } }) };
}

const source = declaredSource(googleSheets, { random: () => 0 });
const request = (entityName: string) => ({
  flowName: 'f',
  connector: 'GoogleSheets',
  properties: { entityName },
  settings: {},
  fields: [],
  filters: [],
  window: { end: 0 },
});

test('spreadsheets are listed, and the sheets below one', async () => {
  const { ports } = drive(10, 2);
  expect(await source.listEntities(request(''), undefined, ports)).toEqual([
    { name: 'x', label: 'X', hasNestedEntities: true },
    { name: 'y', label: 'Y', hasNestedEntities: true },
  ]);
  expect(await source.listEntities(request(''), 'x', ports)).toEqual([
    { name: 'x/A/B', label: 'A/B', hasNestedEntities: false },
  ]);
  expect(await source.listEntities(request(''), 'x/A/B', ports)).toEqual([]);
});

test('a large sheet is asked for in ranges of about 50,000 cells, below its headers', async () => {
  const { ports } = drive(1200, 100);
  const { splits, fields } = await source.describe(request('x/A/B'), ports);
  expect(splits).toMatchObject([
    {
      parents: [{ range: "'A/B'!A2:CV501" }, { range: "'A/B'!A502:CV1001" }, { range: "'A/B'!A1002:CV1200" }],
    },
  ]);
  expect(fields).toHaveLength(101);
  const empty = await source.describe(request('x/A/B'), drive(1, 2).ports);
  expect(empty.splits).toEqual([]);
});

test.each(['x', 'x/Other', 'x/Pie'])('there is no sheet %s', async (name) => {
  await expect(source.describe(request(name), drive(10, 2).ports)).rejects.toMatchObject({
    code: 'ResourceNotFoundError',
  });
});

test('a title with blanks has a name without', async () => {
  const { http, ports } = drive(10, 2, 'Übersicht 50% of 2026');
  const name = 'x/Übersicht%2050%25%20of%202026';
  expect(await source.listEntities(request(''), 'x', ports)).toMatchObject([{ name }]);
  const { splits } = await source.describe(request(name), ports);
  expect(splits).toMatchObject([{ parents: [{ range: "'Übersicht 50% of 2026'!A2:B10" }] }]);
  expect(http.requests.at(-1)?.url).toContain(encodeURIComponent("'Übersicht 50% of 2026'!A1:B1"));
});

test('a title may have a percent sign that means itself', async () => {
  const { splits } = await source.describe(request('x/50%'), drive(3, 2, '50%').ports);
  expect(splits).toMatchObject([{ parents: [{ range: "'50%'!A2:B3" }] }]);
});
