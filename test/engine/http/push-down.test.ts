import { describe, expect, test } from 'vitest';
import { boolean, dateTime, type Entity, type FilterCondition, long, string } from '#core';
import { pushDown } from '../../../engine/http/push-down.ts';

const entity: Entity = {
  docs: 'https://example.com',
  path: '/things',
  primaryKey: ['id'],
  parameters: {
    tag: string({ values: ['a', 'b'], filters: { EQUAL_TO: 'tags' } }),
    day: dateTime({ format: 'date', filters: { EQUAL_TO: 'day' } }),
  },
  fields: {
    id: long({ filters: { EQUAL_TO: 'id', GREATER_THAN: 'min_id' } }),
    state: string({ values: ['open', 'closed'], filters: { EQUAL_TO: 'state' } }),
    creator: string({ filters: { EQUAL_TO: { param: 'creator', exact: false } } }),
    draft: boolean({ filters: { EQUAL_TO: 'draft' } }),
    created: dateTime({ format: 'epochSeconds', filters: { EQUAL_TO: 'at', LESS_THAN: 'before' } }),
    updated: dateTime({ filters: { GREATER_THAN: { param: 'since', exact: false }, LESS_THAN: 'until' } }),
    title: string(),
  },
};

function condition(
  field: string,
  operator: FilterCondition['operator'],
  type: FilterCondition['type'],
  ...values: string[]
): FilterCondition {
  return { field, operator, type, values };
}

function pushed(conditions: readonly FilterCondition[], taken: readonly string[] = []) {
  const { query, applied } = pushDown(entity, conditions, new Set(taken), 'X.things');
  return { query: Object.fromEntries(query), applied };
}

describe('a condition that the vendor compares as AppFlow does is sent and done with', () => {
  test.each<[FilterCondition, Record<string, string>]>([
    [condition('state', 'EQUAL_TO', 'String', 'open'), { state: 'open' }],
    [condition('id', 'GREATER_THAN', 'Integer', '9007199254740993'), { min_id: '9007199254740993' }],
    [condition('draft', 'EQUAL_TO', 'Boolean', 'true'), { draft: 'true' }],
    [condition('created', 'LESS_THAN', 'DateTime', '2024-05-01T00:00:00Z'), { before: '1714521600' }],
    [condition('created', 'EQUAL_TO', 'DateTime', '2024-05-01T02:00:00.000+02:00'), { at: '1714521600' }],
  ])('%o', (one, query) => {
    expect(pushed([one])).toEqual({ query, applied: [0] });
  });
});

describe('a condition that the vendor only narrows is sent and compared again', () => {
  test.each<[FilterCondition, Record<string, string>]>([
    [condition('creator', 'EQUAL_TO', 'String', 'octocat'), { creator: 'octocat' }],
    [
      condition('updated', 'GREATER_THAN', 'DateTime', '2024-05-01T00:00:00.900Z'),
      { since: '2024-05-01T00:00:00Z' },
    ],
  ])('%o', (one, query) => {
    expect(pushed([one])).toEqual({ query, applied: [] });
  });
});

describe('a condition is left to the engine', () => {
  test.each<[string, FilterCondition]>([
    ['without a parameter', condition('title', 'EQUAL_TO', 'String', 'x')],
    ['of an undeclared operator', condition('state', 'NOT_EQUAL_TO', 'String', 'open')],
    ['of an unknown field', condition('nope', 'EQUAL_TO', 'String', 'x')],
    ['with several values', condition('state', 'EQUAL_TO', 'String', 'open', 'closed')],
    ['with a value that the field never has', condition('state', 'EQUAL_TO', 'String', 'OPEN')],
    ['with an empty value', condition('creator', 'EQUAL_TO', 'String', '')],
    ['compared in another type', condition('id', 'EQUAL_TO', 'String', '7')],
    [
      'finer than the vendor can say',
      condition('created', 'LESS_THAN', 'DateTime', '2024-05-01T00:00:00.500Z'),
    ],
    [
      'finer than a millisecond',
      condition('created', 'LESS_THAN', 'DateTime', '2024-05-01T00:00:00.0000001Z'),
    ],
    ['whose format is not exact', condition('updated', 'LESS_THAN', 'DateTime', '2024-05-01T00:00:00Z')],
    ['on no moment', condition('created', 'LESS_THAN', 'DateTime', 'yesterday')],
  ])('%s', (_, one) => {
    expect(pushed([one])).toEqual({ query: {}, applied: [] });
  });

  test('if another took its parameter', () => {
    const open = condition('state', 'EQUAL_TO', 'String', 'open');
    const closed = condition('state', 'EQUAL_TO', 'String', 'closed');
    expect(pushed([open, closed])).toEqual({ query: { state: 'open' }, applied: [0] });
    expect(pushed([open], ['state'])).toEqual({ query: {}, applied: [] });
  });
});

describe('a request parameter of the vendor', () => {
  test('is set, with several values joined', () => {
    expect(pushed([condition('tag', 'EQUAL_TO', 'String', 'a', 'b')])).toEqual({
      query: { tags: 'a,b' },
      applied: [0],
    });
  });

  test.each(['Date', 'DateTime', 'String'] as const)('that is a day takes a %s', (type) => {
    expect(pushed([condition('day', 'EQUAL_TO', type, '2024-05-01T10:00:00Z')])).toEqual({
      query: { day: '2024-05-01' },
      applied: [0],
    });
  });

  test.each<[string, FilterCondition[], string]>([
    [
      'what is no moment',
      [condition('day', 'EQUAL_TO', 'String', 'yesterday')],
      'X.things.day: this is no moment; got yesterday; expected a date or a moment in ISO 8601',
    ],
    [
      'another operator',
      [condition('tag', 'CONTAINS', 'String', 'a')],
      'X.things.tag: a request parameter of the vendor can only be set; got CONTAINS; expected EQUAL_TO',
    ],
    [
      'an unknown value',
      [condition('tag', 'EQUAL_TO', 'String', 'c')],
      'X.things.tag: the vendor does not know this value; got c; expected one of a, b',
    ],
    [
      'a second setting',
      [condition('tag', 'EQUAL_TO', 'String', 'a'), condition('tag', 'EQUAL_TO', 'String', 'b')],
      "X.things: the request parameter 'tags' can be set only once",
    ],
  ])('refuses %s', (_, conditions, message) => {
    expect(() => pushed(conditions)).toThrow(message);
  });
});
