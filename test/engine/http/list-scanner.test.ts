import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  apiKey,
  bigDecimal,
  boolean,
  type Connector,
  cursor,
  date,
  dateTime,
  double,
  type Entity,
  list,
  listOrNone,
  long,
  pageNumber,
  string,
  struct,
} from '#core';
import { compileFieldPath } from '../../../core/connector/field-path.ts';
import { listScanner } from '../../../engine/http/list-scanner.ts';
import { compileRow, parseJson } from '../../../engine/http/read-records.ts';

const docs = 'https://example.com/docs';
const at = 'X.things';

const entity: Entity = {
  docs,
  path: '/things',
  records: 'result.things',
  primaryKey: ['id'],
  parameters: { tag: string({ filters: { EQUAL_TO: 'tags' } }) },
  fields: {
    id: long(),
    name: string(),
    same: string({ at: 'name' }),
    open: boolean(),
    price: bigDecimal(),
    score: double(),
    stamped: dateTime(),
    made: dateTime({ format: 'epochSeconds' }),
    spaced: dateTime({ format: 'spaced' }),
    day: date(),
    tags: list(),
    user: struct(),
    login: string({ at: 'user.login' }),
    plan: string({ at: 'user.plan.name' }),
    score2: double({ at: 'metrics.score' }),
  },
};
const names = [...Object.keys(entity.fields), 'tag', 'user.login', 'user.plan.name', 'user.plan'];

const connector: Connector = {
  label: 'X',
  docs,
  baseUrl: 'https://api.example.com',
  auth: [apiKey({ label: 'Key' })],
  validateCredentials: 'GET /me',
  entities: { things: entity },
};
const parse = (text: string) => parseJson(text, true);

function scannerOf(
  changes: Partial<Entity> = {},
  fields: readonly string[] = names,
  more: Partial<Connector> = {},
) {
  const changed = { ...entity, ...changes };
  const pagination = changed.pagination === 'onePage' ? undefined : changed.pagination;
  return listScanner(
    { connector: { ...connector, ...more }, entity: changed, pagination, parse, at },
    fields,
  );
}

/** What the page is to those who parse it. */
function parsed(text: string) {
  const json = parse(text);
  const records = compileFieldPath('result.things')(json) as object[];
  const rowOf = compileRow(entity, names, at);
  return { json, records, rows: records.map((record) => rowOf(record)) };
}

const key = fc.constantFrom(
  ...['id', 'name', 'open', 'price', 'score', 'stamped', 'made', 'spaced', 'day', 'tags', 'user', 'login'],
  ...[
    'plan',
    'metrics',
    'user.login',
    'plan.name',
    'user.plan.name',
    'é',
    'a"b',
    '__proto__',
    'x'.repeat(200),
  ],
);
const scalar = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, '', 'Z', 'plain', 'é', '\ud800', '"\\\n', -0, 0.000001),
  fc.constantFrom('2024-05-01T10:00:00Z', '2024-05-01T10:00:00+0000', '2024-05-01T12:00:00.5+02:00'),
  fc.constantFrom('2024-05-01 10:00:00', '2024-05-01', 1714557600, '1714557600'),
  // Of those with an exponent the parser makes one thing or another, by what other numbers the page has.
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !String(number).includes('e')),
  fc.maxSafeInteger(),
  fc.string({ unit: 'binary' }),
);
const { record } = fc.letrec<{ record: object; value: unknown }>((tie) => ({
  record: fc.dictionary(key, tie('value'), { maxKeys: 8, noNullPrototype: true }),
  value: fc.oneof({ maxDepth: 4 }, scalar, tie('record'), fc.array(tie('value'), { maxLength: 3 })),
}));

describe('a page read as bytes', () => {
  test('holds what it holds when it is parsed', () => {
    const scan = scannerOf();
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 12 }),
        fc.constantFrom(undefined, 1, '\t'),
        fc.record({ before: fc.constantFrom(0, '"', [1, { things: [] }], { a: 2.5 }), next: fc.string() }),
        (things, space, { before, next }) => {
          const text = JSON.stringify({ before, result: { count: 1, things, next }, next }, null, space);
          const expected = parsed(text);
          const page = scannerOf()?.(Buffer.from(text));
          expect(page?.rows).toEqual(expected.rows);
          expect(page?.at(0)).toEqual(expected.records[0]);
          expect(page?.at(-1)).toEqual(expected.records.at(-1));
          expect(page?.around).toMatchObject({ before, result: { count: 1, next }, next });
          // A reader that has read other pages before reads this one no other way, if it still reads any.
          const again = scan?.(Buffer.from(text));
          if (again) expect(again.rows).toEqual(expected.rows);
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each<[string, string, unknown]>([
    ['id', '"id":9007199254740993', 9007199254740993n],
    ['price', '"price":0.12345678901234567890', '0.12345678901234567890'],
    ['score', '"score":9007199254740993', 9007199254740992],
    ['name', '"name":{"id":9007199254740993}', '{"id":9007199254740993}'],
    ['user', '"user":{"id":9007199254740993}', { id: 9007199254740993n }],
    ['user.login', '"user":{"id":9007199254740993,"login":"octocat"}', 'octocat'],
    ['name', '"name":"first","name":"last"', 'last'],
    ['name', '"name":1.50', '1.5'],
    ['login', '"user":{"login":"nested"},"user.login":"literal"', 'literal'],
    ['login', '"user":{"login":"nested"},"user.login":null', null],
    ['login', '"user":[{"login":"octocat"}]', null],
    ['plan', '"user":{"plan":{"name":"free"}}', 'free'],
    ['name', '"n\\u0061me":"escaped"', 'escaped'],
    ['tag', '"tag":"no data"', null],
  ])('%s of {%s}', (name, members, value) => {
    const page = scannerOf({}, [name])?.(Buffer.from(`{"result":{"things":[{"x":0}, {${members}}]}}`));
    expect(page?.rows.map((row) => row[0])).toEqual([null, value]);
  });

  test('of many records, more than the memory began with', () => {
    const things = Array.from({ length: 3000 }, (_, id) => ({ id, user: { login: `u${id}` } }));
    const page = scannerOf({}, ['login', 'id'])?.(Buffer.from(JSON.stringify({ result: { things } })));
    expect(page?.rows).toEqual(things.map(({ id }) => [`u${id}`, id]));
    expect(page?.length).toBe(3000);
  });

  test('may be the list itself', () => {
    const page = scannerOf({ records: undefined } as unknown as Entity, ['id'])?.(
      Buffer.from(' [{"id":1}]\n'),
    );
    expect(page?.rows).toEqual([[1]]);
  });
});

test.each([
  ['{"result":{"things":[{"id":1},]}}', 'is no JSON within the list'],
  ['{"result":{"things":[{"id":1} {"id":2}]}}', 'lacks a comma'],
  ['{"result":{"things":[{"id":01}]}}', 'is no JSON within a record'],
  ['{"result":{"things":[{"id":1}', 'is cut off in the list'],
  ['{"result":{"things":[{"id":1},2]}}', 'has something else than records'],
  ['{"result":{"things":null}}', 'has no list'],
  ['{"result":{}}', 'has nothing there'],
  ['[]', 'is a list itself'],
  ['{"result":{"things":[{"id":1}]},"result.things":[]}', 'has a key that is the whole path'],
  ['{"result":{"things":[{"id":1}],"things":[]}}', 'has the list twice'],
  ['{"result":{"things":[{"id":1}]},"result":{"things":[]}}', 'has its parent twice'],
])('%s, which %s, is left to be parsed as a whole', (text) => {
  expect(scannerOf()?.(Buffer.from(text)) === undefined).toBe(true);
});

test('what is cut off behind the list is refused', () => {
  expect(() => scannerOf()?.(Buffer.from('{"result":{"things":[{"id":1}]}'))).toThrow(SyntaxError);
});

test('bytes that are no UTF-8 are left to be parsed as a whole', () => {
  const text = Buffer.from('{"result":{"things":[{"name":"\u00e9"}]}}', 'latin1');
  expect(scannerOf()?.(text)).toBeUndefined();
});

test('a nested object with numbers too long for a double and the same key twice is refused, as the parser refuses it', () => {
  const text = '{"result":{"things":[{"user":{"a":12345678901234567,"b":1,"b":2}}]}}';
  expect(() => parse(text)).toThrow(SyntaxError);
  expect(() => scannerOf()?.(Buffer.from(text))).toThrow(SyntaxError);
});

test('pages whose records are mostly read one by one are parsed as a whole from then on', () => {
  const scan = scannerOf({}, ['login']);
  const text = Buffer.from('{"result":{"things":[{"user.login":"literal"}]}}');
  expect(scan?.(text)?.rows).toEqual([['literal']]);
  expect(scan?.(text)).toBeUndefined();
});

test.each<[string, Partial<Entity>, readonly string[], Partial<Connector>?]>([
  ['whole records', {}, ['*']],
  ['a list of members', { fields: { labels: list({ at: 'labels[*].name' }) } }, ['labels']],
  ['a value of the parent', { fields: { repo: string({ hole: 'repo' }) } }, ['repo']],
  ['parts', { fields: { a: string(), all: struct({ parts: { a: 'a' } }) } }, ['all']],
  ['values as text', { textValues: true }, ['id']],
  ['records that are left out', { skipIf: { present: 'pull_request' } }, ['id']],
  ['code that looks for the list', { records: listOrNone('things') }, ['id']],
  ['a token in the list', { pagination: cursor({ at: 'result.things.next', param: 'c' }) }, ['id']],
  [
    'a page token in the list',
    {
      pagination: pageNumber({ param: 'p', size: { n: 2 }, session: { at: 'result.things', param: 's' } }),
    },
    ['id'],
  ],
  ['refusals in the list', {}, ['id'], { errors: { inBody: { path: 'result.things' } } }],
])('%s needs objects', (_, changes, fields, more) => {
  expect(scannerOf(changes, fields, more)).toBeUndefined();
});
