import { describe, expect, test } from 'vitest';
import { type Field, isODataSortable, odataFilters, odataKeyset, odataLiteral, odataSearch } from '#core';

describe('a literal of OData', () => {
  test.each<[string, string, string | undefined, string | undefined]>([
    ['Edm.String', "O'Neil & Sons", "'O''Neil & Sons'", "'O''Neil & Sons'"],
    ['Edm.Boolean', 'true', 'true', 'true'],
    ['Edm.Boolean', 'yes', undefined, undefined],
    [
      'Edm.Guid',
      '005056a5-09b3-1ee1-bee5-8ce5a1c90db0',
      "guid'005056a5-09b3-1ee1-bee5-8ce5a1c90db0'",
      '005056a5-09b3-1ee1-bee5-8ce5a1c90db0',
    ],
    ['Edm.Guid', "1' or 1 eq 1", undefined, undefined],
    ['Edm.Int32', '-12', '-12', '-12'],
    ['Edm.Int32', '1.5', undefined, undefined],
    ['Edm.Int64', '9007199254740993', '9007199254740993L', '9007199254740993'],
    ['Edm.Decimal', '12.50', '12.50M', '12.50'],
    ['Edm.Decimal', '1e3', undefined, undefined],
    ['Edm.Double', '1.5', '1.5d', '1.5'],
    ['Edm.Single', '1.5', '1.5f', '1.5'],
    [
      'Edm.DateTime',
      '2024-05-01T10:00:00.123Z',
      "datetime'2024-05-01T10:00:00.123'",
      "datetime'2024-05-01T10:00:00.123'",
    ],
    ['Edm.DateTime', '2024-05-01', "datetime'2024-05-01T00:00:00'", "datetime'2024-05-01T00:00:00'"],
    ['Edm.DateTime', '2024-05-01T10:00:00+02:00', undefined, undefined],
    [
      'Edm.DateTimeOffset',
      '2024-05-01T10:00:00Z',
      "datetimeoffset'2024-05-01T10:00:00Z'",
      '2024-05-01T10:00:00Z',
    ],
    ['Edm.DateTimeOffset', "2024-05-01T10:00:00Z' or", undefined, undefined],
    ['Edm.Date', '2024-05-01', '2024-05-01', '2024-05-01'],
    ['Edm.Time', '13:20:05', "time'PT13H20M05S'", "time'PT13H20M05S'"],
    ['Edm.TimeOfDay', '13:20:05.5', '13:20:05.5', '13:20:05.5'],
    ['Edm.Binary', 'AAAA', undefined, undefined],
    ['', 'x', undefined, undefined],
  ])('%s %s', (type, value, second, fourth) => {
    expect(odataLiteral(2, type, value)).toBe(second);
    expect(odataLiteral(4, type, value)).toBe(fourth);
  });
});

describe('$filter', () => {
  const types = { Name: 'Edm.String', Count: 'Edm.Int32', Blob: 'Edm.Binary' };
  const field: Field = { type: 'String' };
  const rendered = (
    version: 2 | 4,
    name: string,
    operator: Parameters<ReturnType<typeof odataSearch>['condition']>[0]['operator'],
    ...values: string[]
  ) => odataSearch(version, types).condition({ name, path: name, field, operator, values });

  test('compares, finds, and joins several values by or', () => {
    expect(rendered(4, 'Count', 'GREATER_THAN_OR_EQUAL_TO', '5')).toBe('Count ge 5');
    expect(rendered(4, 'Name', 'EQUAL_TO', 'a', 'b')).toBe("(Name eq 'a' or Name eq 'b')");
    expect(rendered(2, 'Count', 'BETWEEN', '5', '9')).toBe('(Count ge 5 and Count le 9)');
    expect(rendered(4, 'Name', 'CONTAINS', 'x')).toBe("contains(Name,'x')");
    expect(rendered(2, 'Name', 'CONTAINS', 'x')).toBe("substringof('x',Name)");
  });

  test('leaves to the engine what it cannot say', () => {
    expect(rendered(4, 'Name', 'NOT_EQUAL_TO', 'a')).toBeUndefined();
    expect(rendered(4, 'Blob', 'EQUAL_TO', 'a')).toBeUndefined();
    expect(rendered(4, 'Unknown', 'EQUAL_TO', 'a')).toBeUndefined();
    expect(rendered(4, 'Count', 'EQUAL_TO', '1', 'x')).toBeUndefined();
    // No server takes an address without end.
    expect(
      rendered(4, 'Name', 'EQUAL_TO', ...Array.from({ length: 200 }, (_, n) => `value${n}`)),
    ).toBeUndefined();
  });

  test('joins comparisons by and, alternatives by or', () => {
    const { expression, either } = odataSearch(4, types);
    const context = { entityName: 'x', paths: [], setting: () => '' };
    expect(expression([], context)).toBeUndefined();
    expect(expression(['a eq 1', '(b eq 2 or b eq 3)'], context)).toBe('a eq 1 and (b eq 2 or b eq 3)');
    expect(either?.([['a gt 1'], ['a eq 1', 'b gt 2']])).toBe('((a gt 1) or (a eq 1 and b gt 2))');
  });
});

test('texts, moments and floating numbers are compared again; whole numbers are not', () => {
  expect(odataFilters('Edm.String')).toEqual({ EQUAL_TO: { exact: false }, CONTAINS: { exact: false } });
  expect(odataFilters('Edm.DateTimeOffset').BETWEEN).toEqual({ exact: false });
  expect(odataFilters('Edm.Double').LESS_THAN).toEqual({ exact: false });
  expect(odataFilters('Edm.Int32').EQUAL_TO).toBe(true);
  expect(odataFilters('Edm.Binary')).toEqual({});
});

test('a key can be sorted by if all its types can', () => {
  expect(isODataSortable(['Edm.String', 'Edm.Guid'])).toBe(true);
  expect(isODataSortable(['Edm.String', 'Edm.Boolean'])).toBe(false);
  expect(isODataSortable([])).toBe(false);
});

test('the number of all records is asked for in the words of each version', () => {
  const ranges = (version: 2 | 4) => {
    const pagination = odataKeyset(version, ['a', 'b'], 100);
    return pagination.kind === 'keyset' ? pagination.ranges : undefined;
  };
  expect(ranges(2)).toEqual({
    count: { query: { $inlinecount: 'allpages' }, at: 'd.__count' },
    skip: '$skip',
  });
  expect(ranges(4)).toEqual({ count: { query: { $count: 'true' }, at: '@odata.count' }, skip: '$skip' });
});
