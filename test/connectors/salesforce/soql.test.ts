import { describe, expect, test } from 'vitest';
import type { Field, FilterOperator } from '#core';
import { soql } from '../../../connectors/salesforce/soql.ts';

const { condition, expression } = soql('q');

function compared(type: Field['type'], operator: FilterOperator, ...values: string[]) {
  return condition({ name: 'F', path: 'F', field: { type }, operator, values });
}

describe('a comparison', () => {
  test.each([
    ['String', 'EQUAL_TO', ['Bob'], "F = 'Bob'"],
    ['String', 'EQUAL_TO', ['a', 'b'], "F IN ('a', 'b')"],
    ['String', 'CONTAINS', ['a'], "(F LIKE '%a%')"],
    ['String', 'CONTAINS', ['a', 'b'], "(F LIKE '%a%' OR F LIKE '%b%')"],
    ['Double', 'NOT_EQUAL_TO', ['1.5'], '(F != 1.5 OR F = null)'],
    ['Integer', 'NOT_EQUAL_TO', ['1', '2'], '(F NOT IN (1, 2) OR F = null)'],
    ['Boolean', 'NOT_EQUAL_TO', ['true'], 'F != true'],
    ['Boolean', 'EQUAL_TO', ['false'], 'F = false'],
    ['Integer', 'LESS_THAN', ['-3'], 'F < -3'],
    ['Integer', 'LESS_THAN_OR_EQUAL_TO', ['3'], 'F <= 3'],
    ['Date', 'GREATER_THAN', ['2024-05-01'], 'F > 2024-05-01'],
    ['DateTime', 'GREATER_THAN_OR_EQUAL_TO', ['2024-05-01T10:00:00Z'], 'F >= 2024-05-01T10:00:00Z'],
    ['Date', 'BETWEEN', ['2024-05-01', '2024-05-31'], 'F >= 2024-05-01 AND F <= 2024-05-31'],
  ] as const)('%s %s %j', (type, operator, values, text) => {
    expect(compared(type, operator, ...values)).toBe(text);
  });

  test.each([
    ["Bob's", String.raw`F = 'Bob\'s'`],
    [String.raw`a\b`, String.raw`F = 'a\\b'`],
    ['say "hi"', String.raw`F = 'say \"hi\"'`],
    ['two\r\nlines\t', String.raw`F = 'two\r\nlines\t'`],
    ['100%_', "F = '100%_'"],
    ["' OR Name != '", String.raw`F = '\' OR Name != \''`],
    [String.raw`\' OR Name != ''`, String.raw`F = '\\\' OR Name != \'\''`],
  ])('escapes %j', (value, text) => {
    expect(compared('String', 'EQUAL_TO', value)).toBe(text);
  });

  test.each([
    ['100%', String.raw`(F LIKE '%100\%%')`],
    ['a_b', String.raw`(F LIKE '%a\_b%')`],
    [String.raw`\_'`, String.raw`(F LIKE '%\\\_\'%')`],
  ])('contains %j, not the pattern', (value, text) => {
    expect(compared('String', 'CONTAINS', value)).toBe(text);
  });

  test.each([
    ['Double', '1e3'],
    ['Integer', '1 OR Id != null'],
    ['Date', "2024-05-01'"],
    ['String', 'x'.repeat(4000)],
  ] as const)('of %s is left to the engine where SOQL has no such value', (type, value) => {
    expect(compared(type, 'EQUAL_TO', value)).toBeUndefined();
  });
});

test('a query asks for the wanted fields, for their number, or for a few records', () => {
  const context = { entityName: 'Account', paths: ['Id', 'Name'], setting: () => '' };
  expect(expression([], context)).toBe('SELECT Id, Name FROM Account');
  expect(expression(["Name = 'a'", 'Age > 3'], context)).toBe(
    "SELECT Id, Name FROM Account WHERE Name = 'a' AND Age > 3",
  );
  expect(expression([], { ...context, limit: 10 })).toBe('SELECT Id, Name FROM Account LIMIT 10');
  expect(expression(['Age > 3'], { ...context, counts: true, limit: 10 })).toBe(
    'SELECT COUNT() FROM Account WHERE Age > 3',
  );
});
