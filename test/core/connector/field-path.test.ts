import { expect, test } from 'vitest';
import { compileFieldPath, isFieldPath } from '../../../core/connector/field-path.ts';

const record = {
  id: 7,
  user: { login: 'octocat', plan: null },
  labels: [{ name: 'bug', tags: [1, 2] }, { name: 'ui' }, 'plain', null],
  empty: [],
};

test.each<[string, unknown]>([
  ['id', 7],
  ['user.login', 'octocat'],
  ['user.plan', null],
  ['user.plan.name', undefined],
  ['missing', undefined],
  ['id.length', undefined],
  ['toString', undefined],
  ['labels[*].name', ['bug', 'ui', null, null]],
  ['labels[*].tags[*]', [[1, 2], null, null, null]],
  ['labels[*]', [{ name: 'bug', tags: [1, 2] }, { name: 'ui' }, 'plain', null]],
  ['user[*].login', undefined],
  ['empty[*].name', []],
])('%s', (path, value) => {
  expect(compileFieldPath(path)(record)).toEqual(value);
});

test('what is no record holds nothing', () => {
  expect(compileFieldPath('id')(undefined)).toBeUndefined();
  expect(compileFieldPath('length')('text')).toBeUndefined();
});

test.each<[string, boolean]>([
  ['a', true],
  ['a.b[*].c', true],
  ['a[*]', true],
  ['', false],
  ['a.', false],
  ['a[]', false],
  ['a[0]', false],
  ['[*].a', false],
])('%s is a path: %s', (path, is) => {
  expect(isFieldPath(path)).toBe(is);
});
