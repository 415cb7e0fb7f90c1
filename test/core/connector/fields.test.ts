import { expect, test } from 'vitest';
import { alike, by, string } from '#core';

test('fields that are alike have one declaration and a name each', () => {
  const currency = string({ values: ['eur', 'usd'] });
  expect(alike(currency, 'from', 'to')).toEqual({
    from: { type: 'String', values: ['eur', 'usd'] },
    to: { type: 'String', values: ['eur', 'usd'] },
  });
});

test('operators of one parameter are named at once', () => {
  expect(by('name', 'EQUAL_TO', 'CONTAINS')).toEqual({ EQUAL_TO: 'name', CONTAINS: 'name' });
});
