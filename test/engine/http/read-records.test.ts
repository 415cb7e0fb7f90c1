import { describe, expect, test } from 'vitest';
import { bigDecimal, dateTime, double, type Entity, list, long, string, struct, time } from '#core';
import { compileRow, needsExactDecimals, parseJson } from '../../../engine/http/read-records.ts';

const entity: Entity = {
  docs: 'https://example.com',
  path: '/things',
  primaryKey: ['id'],
  parameters: { tag: string({ filters: { EQUAL_TO: 'tags' } }) },
  fields: {
    id: long(),
    name: string(),
    author: string({ at: 'user.login' }),
    labels: list({ at: 'labels[*].name' }),
    user: struct(),
    made: dateTime({ format: 'epochSeconds' }),
    changed: dateTime({ format: 'epochMilliseconds' }),
    stamped: dateTime(),
    old: dateTime({ format: 'odataV2' }),
    day: { type: 'Date', format: 'odataV2' },
    time: { type: 'Time', format: 'odataV2' },
    price: bigDecimal(),
    score: double(),
  },
};

function valueIn(name: string, json: string): unknown {
  const record = parseJson(json, needsExactDecimals(entity)) as object;
  return compileRow(entity, [name], 'X.things')(record)[0];
}

describe('a value', () => {
  test.each<[string, string, unknown]>([
    ['id', '{"id":9007199254740993}', 9007199254740993n],
    ['id', '{"id":-9007199254740993,"x":1}', -9007199254740993n],
    ['id', '{"id":9007199254740991,"long":1234567890123456}', 9007199254740991],
    ['id', '{}', null],
    ['name', '{"name":12}', '12'],
    ['name', '{"name":false}', 'false'],
    ['name', '{"name":{"id":9007199254740993}}', '{"id":9007199254740993}'],
    ['author', '{"user":{"login":"octocat"}}', 'octocat'],
    ['author', '{"user":null}', null],
    ['labels', '{"labels":[{"name":"bug"},{}]}', ['bug', null]],
    ['user.login', '{"user":{"login":"octocat"}}', 'octocat'],
    ['user.plan.name', '{"user":{"plan":{"name":"free"}}}', 'free'],
    ['user.plan.name', '{"user":{"plan.name":"literal"}}', 'literal'],
    ['user.login', '{"user":"text"}', null],
    ['made', '{"made":1714557600}', '2024-05-01T10:00:00Z'],
    ['made', '{"made":1714557600.5}', '2024-05-01T10:00:00.500Z'],
    ['made', '{"made":"soon"}', 'soon'],
    ['made', '{"made":1e300}', 1e300],
    ['changed', '{"changed":1714557600123}', '2024-05-01T10:00:00.123Z'],
    ['stamped', '{"stamped":"2024-05-01T10:00:00+02:00"}', '2024-05-01T10:00:00+02:00'],
    ['old', '{"old":"/Date(1714557600000)/"}', '2024-05-01T10:00:00Z'],
    ['old', '{"old":"/Date(1714557600123+0120)/"}', '2024-05-01T10:00:00.123Z'],
    ['old', '{"old":"/Date(-62135596800000)/"}', '0001-01-01T00:00:00Z'],
    ['old', '{"old":"/Date(soon)/"}', '/Date(soon)/'],
    ['day', '{"day":"/Date(1714521600000)/"}', '2024-05-01'],
    ['day', '{"day":"/Date(1714521600001)/"}', '2024-05-01T00:00:00.001Z'],
    ['time', '{"time":"PT13H20M05S"}', '13:20:05'],
    ['time', '{"time":"PT20M"}', '00:20:00'],
    ['time', '{"time":"PT1H2M3.5S"}', '01:02:03.5'],
    ['time', '{"time":"PT"}', 'PT'],
    ['stamped', '{"stamped":"2024-05-01T10:00:00.000+0200"}', '2024-05-01T10:00:00.000+02:00'],
    ['stamped', '{"stamped":"2024-05-01T10:00:00.000+0000"}', '2024-05-01T10:00:00.000Z'],
    ['stamped', '{"stamped":"2024-05-01T10:00:00-00:00"}', '2024-05-01T10:00:00Z'],
    ['price', '{"price":0.12345678901234567890}', '0.12345678901234567890'],
    ['price', '{"price":0.5}', 0.5],
    ['score', '{"score":9007199254740993}', 9007199254740992],
    ['tag', '{"tag":"x"}', null],
  ])('%s of %s', (name, json, value) => {
    expect(valueIn(name, json)).toEqual(value);
  });

  test('of a decimal is a number where no field asks for its digits', () => {
    expect(parseJson('{"score":0.12345678901234567890}', false)).toEqual({ score: 0.12345678901234568 });
  });
});

test('the whole record has every declared field, and nothing else', () => {
  expect(valueIn('*', '{"id":1,"user":{"login":"octocat"},"secret":"x","made":0}')).toEqual({
    id: 1,
    name: null,
    author: 'octocat',
    labels: null,
    old: null,
    day: null,
    time: null,
    user: { login: 'octocat' },
    made: '1970-01-01T00:00:00Z',
    changed: null,
    stamped: null,
    price: null,
    score: null,
  });
});

test('a struct may be made of other fields, read as they are, and is null where all are', () => {
  const point: Entity = {
    ...entity,
    textValues: true,
    fields: {
      x: double({ at: 'at.x' }),
      y: double(),
      seen: time(),
      point: struct({ parts: { x: 'x', y: 'y' } }),
    },
  };
  const read = compileRow(point, ['point', 'point.x', 'seen'], 'X.things');
  expect(read({ at: { x: '1.50' }, y: '', seen: '08:30:00.000Z' })).toEqual([
    { x: 1.5, y: null },
    1.5,
    '08:30:00.000',
  ]);
  expect(read({ at: {}, y: '' })).toEqual([null, null, null]);
});

test('rows hold the read set in its order', () => {
  expect(compileRow(entity, ['name', 'id'], 'X.things')({ id: 1, name: 'a' })).toEqual(['a', 1]);
});

test.each(['nam', 'nope.login', 'toString'])('%s is no field', (name) => {
  expect(() => compileRow(entity, [name], 'X.things')).toThrow(
    `X.things: there is no field '${name}'; expected one of id, name`,
  );
});
