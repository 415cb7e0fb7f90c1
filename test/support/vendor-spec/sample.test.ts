import { expect, test } from 'vitest';
import { compileFieldPath } from '../../../core/connector/field-path.ts';
import { anyText, sampleOf } from './sample.ts';

const at = (schema: unknown, path: string): unknown => compileFieldPath(path)(sampleOf(schema));
const leads = (schema: unknown, path: string): boolean => at(schema, path) !== undefined;

test('has the properties of all alternatives, and no others', () => {
  const schema = {
    allOf: [{ properties: { id: { type: 'integer' } } }],
    oneOf: [
      { properties: { name: { type: 'string' } } },
      { anyOf: [{ properties: { open: { type: 'boolean' } } }] },
    ],
    properties: { at: { type: 'string', format: 'date-time' }, none: { type: ['null'] } },
  };
  expect(sampleOf(schema)).toEqual({
    at: '2024-05-01T10:00:00Z',
    none: null,
    id: 1,
    name: anyText,
    open: true,
  });
  expect(leads(schema, 'ID')).toBe(false);
});

test('goes into a property as each alternative has it', () => {
  const schema = {
    anyOf: [
      { properties: { owner: { type: 'string' } } },
      { properties: { owner: { properties: { login: { type: 'string' } } } } },
    ],
  };
  expect(at(schema, 'owner.login')).toBe(anyText);
});

test('lists hold items, enough to be read by their number', () => {
  const schema = { type: 'array', items: { properties: { name: { type: 'string' } } } };
  expect((sampleOf(schema) as unknown[])[9]).toEqual({ name: anyText });
  expect(at({ properties: { all: schema } }, 'all[*].name')).toHaveLength(10);
  expect(at({ properties: { all: { type: 'array' } } }, 'all[*].whatever')).toHaveLength(1);
});

test("a list of items, of what is no array, is Slack's list of alternatives", () => {
  const alternatives = [{ properties: { id: {} } }, { type: 'null' }];
  expect(leads({ items: alternatives }, 'id')).toBe(true);
  expect(leads({ type: 'array', items: { items: alternatives } }, 'id')).toBe(false);
  expect(leads({ type: 'array', items: [{ type: 'string' }] }, 'id')).toBe(false);
});

test('any name is there where the schema has values under any, or says nothing', () => {
  const map = { type: 'object', additionalProperties: { properties: { value: {} } } };
  expect(leads(map, 'x.value')).toBe(true);
  expect(leads(map, 'x.y')).toBe(false);
  expect(Object.keys(sampleOf(map) as object)).toEqual([anyText]);
  expect(at({ patternProperties: { '^x': { type: 'string' } } }, 'x')).toBe(anyText);
  expect(leads({ type: 'object' }, 'x.y.z')).toBe(true);
  expect(leads({}, 'x[*].y')).toBe(true);
});

test('no name is there beside those that are named, whatever may be added', () => {
  const schema = { properties: { id: {} }, additionalProperties: { type: 'string' } };
  expect(leads(schema, 'id')).toBe(true);
  expect(leads(schema, 'x')).toBe(false);
});

test('a schema that contains itself is gone into as far as one asks', () => {
  const node: Record<string, unknown> = { properties: {} };
  node.properties = { parent: node, children: { type: 'array', items: node }, name: { type: 'string' } };
  node.allOf = [node];
  expect(at(node, 'parent.parent.parent.children')).toHaveLength(10);
  expect(leads(node, 'parent.parent.title')).toBe(false);
});
