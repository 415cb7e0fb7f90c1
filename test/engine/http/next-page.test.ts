import { describe, expect, test } from 'vitest';
import { lastRecord, linkHeader } from '#core';
import { nextPage, type PageRead } from '../../../engine/http/next-page.ts';

const url = new URL('https://api.example.com/things?page=1');
const answer = (changes: { headers?: Record<string, string>; json?: unknown }) => ({
  status: 200,
  headers: {},
  body: new Uint8Array(),
  json: undefined,
  ...changes,
});

const read = (
  answered: ReturnType<typeof answer>,
  records: readonly object[] = [],
  more: Partial<PageRead> = {},
): PageRead => ({ answer: answered, records, url, keyOf: () => [], at: 'X.y', ...more });

describe('a Link header', () => {
  test.each<[string, string | undefined]>([
    ['<https://api.example.com/things?page=2>; rel="next"', 'https://api.example.com/things?page=2'],
    ['<https://a.example/1>; rel="prev", <https://a.example/3>; rel="next"', 'https://a.example/3'],
    ['<https://a.example/3>; title="a, b; rel=last"; rel=next', 'https://a.example/3'],
    ['<https://a.example/3?x=1,2;y>; rel="last next"', 'https://a.example/3?x=1,2;y'],
    ['<https://a.example/3>;REL="NEXT"', 'https://a.example/3'],
    ['</things?page=2>; rel="next"', 'https://api.example.com/things?page=2'],
    ['<https://a.example/3>; rel="nextish"', undefined],
    ['<https://a.example/3>; rel="prev"', undefined],
    ['', undefined],
  ])('%s', (link, next) => {
    const page = nextPage(linkHeader(), read(answer({ headers: { link } })));
    expect(page).toEqual(next === undefined ? undefined : { url: next });
  });

  test('is missing on the last page', () => {
    expect(nextPage(linkHeader(), read(answer({})))).toBeUndefined();
  });
});

describe('the last record', () => {
  const pagination = lastRecord({ field: 'id', param: 'after', more: 'meta.more' });
  const more = (value: unknown) => answer({ json: { meta: { more: value } } });

  test('says where the next page begins', () => {
    expect(nextPage(pagination, read(more(true), [{ id: 'a' }, { id: 'b' }]))).toEqual({ after: 'b' });
  });

  test('ends the list when there are no more', () => {
    expect(nextPage(pagination, read(more(false), [{ id: 'a' }]))).toBeUndefined();
  });

  test.each([
    [
      'there is no telling whether there are more',
      more(undefined),
      [{ id: 'a' }],
      "no boolean at 'meta.more'",
    ],
    ['a page that has a next one is empty', more(true), [], "expected a record with 'id'"],
    ['the record lacks the value', more(true), [{ id: null }], "expected a record with 'id'"],
  ])('breaks the contract if %s', (_, page, records, message) => {
    expect(() => nextPage(pagination, read(page, records))).toThrow(message);
  });
});

test('without pagination there is one page', () => {
  expect(
    nextPage(undefined, read(answer({ headers: { link: '<https://a.example>; rel="next"' } }))),
  ).toBeUndefined();
});
