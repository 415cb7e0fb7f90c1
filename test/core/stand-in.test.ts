import { expect, test } from 'vitest';
import { jsonStandIn, standIn } from '../../core/stand-in.ts';

test('letters and digits of a text go, its form stays', () => {
  expect(standIn('1,"Ada, née Byron",ada@x.example\r\n')).toBe('1,"xxx, xxx xxxxx",xxx@x.xxxxxxx\r\n');
});

test.each([
  ['{"id":42,"ok":true,"none":null,"name":"Ada"}', '{"id":11,"ok":true,"none":null,"name":"xxx"}'],
  ['{"id":-4.2e10,"name":"a\\"b\\u00e9\\n"}', '{"id":-1.1e11,"name":"x\\"x\\u0078\\n"}'],
  ['{"id":1,"name":"Ad', '{"id":1,"name":"xx'],
  ['{id: Ada}', '{xx: xxx}'],
  ['[{"name":"Zoë"},', '[{"name":"xxx"},'],
])('JSON stays what it is, broken or whole: %s', (text, expected) => {
  expect(jsonStandIn(text, new Set(['id', 'ok', 'none', 'name']))).toBe(expected);
});

test('names of members that nobody named go too', () => {
  expect(jsonStandIn('{"ada@x.example":1}')).toBe('{"xxx@x.xxxxxxx":1}');
});
