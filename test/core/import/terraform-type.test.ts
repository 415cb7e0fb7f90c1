import { getExpressionAst } from '@cdktn/hcl2json';
import { expect, it } from 'vitest';
import { typed } from '../../../core/import/terraform-type.ts';
import { Unresolved } from '../../../core/import/unresolved.ts';

const parse = (text: string) => getExpressionAst('type.tf', text);

it.each([
  ['string', 5, '5'],
  ['number', '5', 5],
  ['bool', 'true', true],
  ['any', { a: 1 }, { a: 1 }],
  [undefined, '5', '5'],
  ['list(number)', ['1', 2], [1, 2]],
  ['set(string)', ['b', 'a', 'b'], ['a', 'b']],
  ['map(string)', { a: 1 }, { a: '1' }],
  ['object({ a = string })', { a: 1, other: 2 }, { a: '1' }],
  ['object({ a = optional(string), b = optional(number, 7) })', {}, { a: null, b: 7 }],
  ['object({ b = optional(number, 7) })', { b: null }, { b: 7 }],
  [
    'map(object({ a = optional(object({ b = optional(string, "x") }), {}) }))',
    { k: {} },
    { k: { a: { b: 'x' } } },
  ],
  ['string', null, null],
])('%s of %j', async (type, value, expected) => {
  expect(await typed(value, type && `\${${type}}`, parse)).toEqual(expected);
});

it('leaves what is not known', async () => {
  const unknown = new Unresolved('var.x', 'why');
  expect(await typed({ a: unknown }, '${object({ a = number, b = optional(string) })}', parse)).toEqual({
    a: unknown,
    b: null,
  });
});
