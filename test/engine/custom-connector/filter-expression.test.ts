import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FilterOperator } from '../../../core/operators.ts';
import type { FieldType } from '../../../core/records.ts';
import type { EntityField } from '../../../engine/custom-connector/answers.ts';
import { filterExpression } from '../../../engine/custom-connector/filter-expression.ts';

function field(fieldName: string, dataType: EntityField['dataType'], members: Partial<EntityField> = {}) {
  const unsaid = { label: undefined, description: undefined, isPrimaryKey: undefined };
  return {
    fieldName,
    dataType,
    ...unsaid,
    readProperties: undefined,
    writeProperties: undefined,
    filterOperators: undefined,
    ...members,
  };
}

const required = {
  isRetrievable: true,
  isNullable: false,
  isQueryable: true,
  isTimestampFieldForIncrementalQueries: undefined,
};
const all: EntityField[] = [
  field('name', 'String'),
  field('code', 'String', { readProperties: required }),
  field('total', 'Double'),
  field('count', 'Long'),
  field('active', 'Boolean'),
  field('born', 'Date'),
  field('changed', 'DateTime'),
  field('tags', 'List'),
  field('only', 'String', { filterOperators: ['EQUAL_TO'] }),
  field('hidden', 'String', { readProperties: { ...required, isQueryable: false } }),
  field('_id', 'String'),
  field('limit', 'Long'),
  field('2nd', 'String'),
];
const fields = new Map(all.map((each) => [each.fieldName, each]));

const expression = (name: string, operator: FilterOperator, type: FieldType, ...values: string[]) =>
  filterExpression([{ field: name, operator, type, values }], fields, undefined, undefined);

describe('a Filter task is written in the language of the protocol', () => {
  test.each<[string, FilterOperator, FieldType, string[], string]>([
    ['name', 'EQUAL_TO', 'String', ['a'], 'name = "a"'],
    ['name', 'EQUAL_TO', 'String', ['a', 'b'], '(name = "a" or name = "b")'],
    ['code', 'NOT_EQUAL_TO', 'String', ['a', 'b'], '(code != "a" and code != "b")'],
    ['name', 'CONTAINS', 'String', ['ea'], 'name contains "ea"'],
    ['total', 'GREATER_THAN_OR_EQUAL_TO', 'Double', ['10.5'], 'total >= 10.5'],
    ['total', 'BETWEEN', 'Double', ['-1', '2'], '(total >= -1 and total <= 2)'],
    ['count', 'LESS_THAN', 'Long', ['3'], 'count < 3'],
    ['active', 'EQUAL_TO', 'Boolean', ['true'], 'active = true'],
    ['born', 'GREATER_THAN', 'Date', ['2026-02-01'], 'born > 2026-02-01'],
    [
      'changed',
      'LESS_THAN_OR_EQUAL_TO',
      'DateTime',
      ['2026-02-01T01:00:00+01:00'],
      'changed <= 2026-02-01T00:00:00.000Z',
    ],
    ['only', 'EQUAL_TO', 'String', ['a'], 'only = "a"'],
  ])('%s %s %s %j', (name, operator, type, values, text) => {
    expect(expression(name, operator, type, ...values)).toBe(text);
  });
});

describe('what could be read as something else is left to the engine', () => {
  test.each<[string, string, FilterOperator, FieldType, string]>([
    ['a quote', 'name', 'EQUAL_TO', 'String', 'x" or 1=1'],
    ["a single quote: connectors' own queries have those", 'name', 'EQUAL_TO', 'String', "x' or '1'='1"],
    ['a backslash at the end', 'name', 'EQUAL_TO', 'String', 'x\\'],
    ['a line end', 'name', 'EQUAL_TO', 'String', 'a\nb'],
    ['nothing', 'name', 'EQUAL_TO', 'String', ''],
    ['a wildcard', 'name', 'CONTAINS', 'String', '50%'],
    ['an exponent', 'total', 'EQUAL_TO', 'Double', '1e3'],
    ['finer than milliseconds', 'changed', 'EQUAL_TO', 'DateTime', '2026-02-01T00:00:00.000001Z'],
    ['another type', 'total', 'EQUAL_TO', 'String', '10'],
    ['what may be null, which queries leave out', 'name', 'NOT_EQUAL_TO', 'String', 'a'],
    ['an operator that is not offered', 'only', 'NOT_EQUAL_TO', 'String', 'a'],
    ['an operator that no connector has by default', 'name', 'GREATER_THAN', 'String', 'a'],
    ['a field that is not queryable', 'hidden', 'EQUAL_TO', 'String', 'a'],
    ['a name whose first letter the language drops', '_id', 'EQUAL_TO', 'String', 'a'],
    ['a keyword', 'limit', 'EQUAL_TO', 'Long', '1'],
    ['a digit in front', '2nd', 'EQUAL_TO', 'String', 'a'],
    ['a list', 'tags', 'CONTAINS', 'String', 'a'],
    ['an unknown field', 'nobody', 'EQUAL_TO', 'String', 'a'],
  ])('%s', (_, name, operator, type, value) => {
    expect(expression(name, operator, type, value)).toBeUndefined();
  });

  test('no text ends its quotes, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const text = expression('name', 'EQUAL_TO', 'String', value);
        expect(text === undefined || /^name = "[^"\\]+"$/.test(text)).toBe(true);
      }),
    );
  });
});

test('several tasks and the window are one expression', () => {
  const filters = [
    { field: 'name', operator: 'EQUAL_TO', type: 'String', values: ['a'] },
    { field: 'name', operator: 'CONTAINS', type: 'String', values: ['"'] },
    { field: 'total', operator: 'GREATER_THAN', type: 'Double', values: ['1'] },
  ] as const;
  const window = { start: Date.UTC(2026, 1, 1), end: Date.UTC(2026, 1, 2) };
  expect(filterExpression(filters, fields, window, 'changed')).toBe(
    'name = "a" and total > 1 and (changed >= 2026-02-01T00:00:00.000Z and changed < 2026-02-02T00:00:00.000Z)',
  );
  // A full pull has no lower bound, and asks for nothing.
  expect(filterExpression([], fields, { end: window.end }, 'changed')).toBeUndefined();
});
