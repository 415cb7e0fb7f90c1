/** A declaration is read more often than written: an entity fits on a screen. */

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const home = new URL('../../connectors/', import.meta.url).pathname;

const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /^[^/]+\/(connector|entities\/[^/]+)\.ts$/.test(file),
);
/** Lines of each `name: entity({ … })` and `name = entity({ … })`, as Biome formats them. */
const entities = files.flatMap((file) => {
  const lines = readFileSync(home + file, 'utf8').split('\n');
  return lines.flatMap((line, first) => {
    const [, indent, name] = /^( *)(?:export const )?(\w+)(?::| =) entity\(/.exec(line) ?? [];
    if (indent === undefined) return [];
    const last = lines.findIndex(
      (end, index) => index >= first && /^ *\}\)[,;]$/.test(end) && end.search(/\S/) === indent.length,
    );
    return [{ name: `${file}: ${name}`, lines: last < first ? Number.NaN : last - first + 1 }];
  });
});

test('finds where entities end', () => {
  expect(entities.length).toBeGreaterThan(180);
  expect(entities.filter(({ lines }) => Number.isNaN(lines))).toEqual([]);
});

test('a declared entity takes at most 60 lines', () => {
  expect(entities.filter(({ lines }) => lines > 60)).toEqual([]);
});
