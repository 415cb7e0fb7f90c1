/**
 * Every entity of every declared connector against the vendor's own specification: paths and methods are there, so is every
 * parameter that may be sent, every field and whatever paging reads of an answer. What differs for a reason stands in the
 * connector's `deviations.json`, `[{ entity, what, reason, docs? }]`, and goes from there when it differs no more.
 * `entity` is `*` for what all that differ have in common, and `connection` for the requests of no entity.
 */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Connector } from '#core';
import { declared, declaredEntities } from '../support/connector-fixtures.ts';
import { folderOf } from '../support/declarations.ts';
import { connectionDeviations, deviationsOf } from '../support/vendor-spec/deviations.ts';
import { readSpecification } from '../support/vendor-spec/specification.ts';
import { specifications, withoutSpecification } from './specifications.ts';

interface Listed {
  readonly entity: string;
  readonly what: string;
  readonly reason: string;
  readonly docs?: string;
}

const folder = process.env.TRIBUTARY_VENDOR_SPECS;
if (!folder || !existsSync(folder)) {
  throw new Error(
    `TRIBUTARY_VENDOR_SPECS: expected the folder of the vendors' specifications, got ${folder}`,
  );
}

function listedOf(connector: Connector): readonly Listed[] {
  const home = folderOf(connector);
  const file = new URL(`../../connectors/${home}/deviations.json`, import.meta.url);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

test('each declared connector has a specification, or a reason why not', () => {
  const known = [...Object.keys(specifications), ...Object.keys(withoutSpecification)];
  expect(known.sort()).toEqual(declared.map(({ name }) => name).sort());
});

const checked = declared.flatMap(({ name, connector }) => {
  const files = specifications[name];
  return files ? [{ name, connector, files }] : [];
});

describe.each(checked)('$name', async ({ connector, files }) => {
  const read = await Promise.all(files.map((file) => readSpecification(path.join(folder, file))));
  const found = [
    ...connectionDeviations(connector, read).map((what) => ({ entity: 'connection', what })),
    ...declaredEntities
      .filter((one) => one.connector === connector)
      .flatMap(({ entityName, entity, isDiscovered }) =>
        deviationsOf(connector, entity, read, isDiscovered).map((what) => ({ entity: entityName, what })),
      ),
  ];
  const listed = listedOf(connector);
  const covers = (one: Listed, { entity, what }: { readonly entity: string; readonly what: string }) =>
    one.what === what && (one.entity === '*' || one.entity === entity);

  test('differs from the specification in nothing but what is listed', () => {
    const unlisted = found.filter((one) => !listed.some((known) => covers(known, one)));
    expect(unlisted.map(({ entity, what }) => `${entity}: ${what}`)).toEqual([]);
  });

  test('lists what differs, once each and with a reason', () => {
    expect(listed.filter((known) => !found.some((one) => covers(known, one)))).toEqual([]);
    for (const one of found) {
      expect(listed.filter((known) => covers(known, one)).length, `${one.entity}: ${one.what}`).toBeLessThan(
        2,
      );
    }
    for (const { entity, what, reason } of listed) expect(reason, `${entity}: ${what}`).toMatch(/\w \w/);
  });
});
