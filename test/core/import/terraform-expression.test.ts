import { getExpressionAst } from '@cdktn/hcl2json';
import { describe, expect, it } from 'vitest';
import { evaluateValue, memberAt, type Scope } from '../../../core/import/terraform-expression.ts';
import { Unresolved } from '../../../core/import/unresolved.ts';

describe('an expression', () => {
  const scope: Scope = {
    reference: async ([kind, ...path], text) =>
      kind === 'var'
        ? memberAt({ list: ['b', 'a'], map: { x: { y: 1 } }, text: 'T', yes: true }, path, text)
        : new Unresolved(text, 'why'),
  };
  const value = (text: string) =>
    evaluateValue(text, scope, (expression) => getExpressionAst('expression.tf', expression));

  it.each([
    ['plain', 'plain'],
    ['$${kept} %%{kept}', '${kept} %{kept}'],
    ['a-${var.text}-${1 + 2 * 3 - 1}', 'a-T-6'],
    ['${var.list[1]}', 'a'],
    ['${var.map["x"].y}', 1],
    ['${var.map[lower("X")].y}', 1],
    ['${{ "a b" = 1, (var.text) = [true, null, -1] }}', { 'a b': 1, T: [true, null, -1] }],
    ['${[for i, v in var.list : "${i}${upper(v)}" if v != "b"]}', ['1A']],
    ['${{ for v in var.list : v => length(v) }}', { b: 1, a: 1 }],
    ['${sort(distinct(concat(var.list, ["a"])))}', ['a', 'b']],
    ['${keys(merge(var.map, { w = 1 }))}', ['w', 'x']],
    ['${contains(var.list, "a") && !var.yes || false}', false],
    ['${var.yes ? "y\\"}" : other.thing}', 'y"}'],
    ['${lookup({}, "x", coalesce(null, "fallback"))}', 'fallback'],
    ['${split(",", join(",", var.list))}', ['b', 'a']],
  ])('%s', async (text, expected) => {
    expect(await value(text)).toEqual(expected);
  });

  it.each([
    ['${other.thing}', 'other.thing', 'why'],
    ['a-${join(",", [other.thing])}', 'other.thing', 'why'],
    ['${var.list[7]}', 'var.list[7]', 'there is no 7'],
    ['${timestamp()}', 'timestamp()', 'the function timestamp is not evaluated'],
    ['%{ if var.yes }a%{ endif }', '%{ if var.yes }a%{ endif }', 'template directives are not read'],
    ['${var.list[*]}', 'var.list[*]', 'such expressions are not evaluated'],
    ['x${var.list}', 'x${var.list}', 'a text cannot hold a list or a map'],
  ])('%s has no value', async (text, what, why) => {
    const unknown = await value(text);
    if (!(unknown instanceof Unresolved)) throw new Error(`${text} has a value`);
    expect(unknown.what).toBe(what);
    expect(unknown.why).toMatch(why);
  });
});
