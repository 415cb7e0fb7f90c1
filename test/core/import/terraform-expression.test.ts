import { getExpressionAst } from '@cdktn/hcl2json';
import { describe, expect, it } from 'vitest';
import { evaluateValue, memberAt, type Scope } from '../../../core/import/terraform-expression.ts';
import { Unresolved } from '../../../core/import/unresolved.ts';

describe('an expression', () => {
  const scope: Scope = {
    reference: async ([kind, ...path], text) =>
      kind === 'var'
        ? memberAt({ list: ['b', 'a'], map: { x: { y: 1 } }, text: 'T', yes: true, none: null }, path, text)
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
    ['${var.list[*]}', ['b', 'a']],
    ['${var.map.x[*].y}', [1]],
    ['${var.none[*]}', []],
    ['${[{ a = 1 }, { a = 2 }].*.a}', [1, 2]],
    ['${var.map[var.map.x.y == 1 ? "x" : "z"].y}', 1],
    ['${try(var.map.z.y, var.list[9], "else")}', 'else'],
    ['${try(lower(var.map.z), 7)}', 7],
    ['${[can(var.map.x), can(var.map.z)]}', [true, false]],
    ['${{ for v in ["ab", "ac", "b"] : substr(v, 0, 1) => v... }}', { a: ['ab', 'ac'], b: ['b'] }],
    ['${[for k, v in { b = 1, a = 2 } : "${k}${v}"]}', ['a2', 'b1']],
    ['${[7 / 2, 7 % 4, 2 > 1, 2 >= 3, 1 < 1, 1 <= 1]}', [3.5, 3, true, false, false, true]],
    ['${format("%s-%03d-%v-%q-100%%", "a", 7, true, "b")}', 'a-007-true-"b"-100%'],
    ['${replace("a-b-c", "-", "_")}', 'a_b_c'],
    ['${[startswith("abc", "ab"), endswith("abc", "ab")]}', [true, false]],
    ['${[trimprefix("abc", "ab"), trimsuffix("abc", "bc"), title("a b")]}', ['c', 'a', 'A B']],
    ['${[element(var.list, 3), one(["x"]), one([])]}', ['a', 'x', null]],
    ['${setunion(var.list, ["c", "a"])}', ['a', 'b', 'c']],
    ['${setsubtract(var.list, ["a"])}', ['b']],
    ['${range(3)}', [0, 1, 2]],
    ['${zipmap(["a", "b"], [1, 2])}', { a: 1, b: 2 }],
    ['${jsonencode({ b = "<&>", a = [1, null] })}', '{"a":[1,null],"b":"\\u003c\\u0026\\u003e"}'],
    ['${jsondecode("{\\"a\\":[1]}").a}', [1]],
    ['${coalescelist([], ["x"])}', ['x']],
  ])('%s', async (text, expected) => {
    expect(await value(text)).toEqual(expected);
  });

  it.each([
    ['${other.thing}', 'other.thing', 'why'],
    ['a-${join(",", [other.thing])}', 'other.thing', 'why'],
    ['${var.list[7]}', 'var.list[7]', 'there is no 7'],
    ['${timestamp()}', 'timestamp()', 'the function timestamp is not evaluated'],
    ['%{ if var.yes }a%{ endif }', '%{ if var.yes }a%{ endif }', 'template directives are not read'],
    ['${try(other.thing, "x")}', 'other.thing', 'why'],
    ['${try(var.map.z, var.list[9])}', 'try(var.map.z, var.list[9])', 'none of its arguments is there'],
    ['${replace("ab", "/a+/", "x")}', 'replace("ab", "/a+/", "x")', 'its arguments are not what it takes'],
    ['${format("%s")}', 'format("%s")', 'its arguments are not what it takes'],
    ['${{ for v in var.list : other.thing => v }}', 'other.thing', 'why'],
    ['x${var.list}', 'x${var.list}', 'a text cannot hold a list or a map'],
  ])('%s has no value', async (text, what, why) => {
    const unknown = await value(text);
    if (!(unknown instanceof Unresolved)) throw new Error(`${text} has a value`);
    expect(unknown.what).toBe(what);
    expect(unknown.why).toMatch(why);
  });
});
