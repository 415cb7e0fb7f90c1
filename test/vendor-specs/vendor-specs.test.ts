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
import { xmlSchema } from '../support/vendor-spec/xsd.ts';
import { recordSchemas, specifications, withoutSpecification } from './specifications.ts';

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
  const known = [specifications, recordSchemas, withoutSpecification].flatMap((some) => Object.keys(some));
  expect(known.sort()).toEqual(declared.map(({ name }) => name).sort());
});

interface Deviation {
  readonly entity: string;
  readonly what: string;
}

async function fromSpecification(connector: Connector, files: readonly string[]): Promise<Deviation[]> {
  const read = await Promise.all(files.map((file) => readSpecification(path.join(folder ?? '', file))));
  return [
    ...connectionDeviations(connector, read).map((what) => ({ entity: 'connection', what })),
    ...declaredEntities
      .filter((one) => one.connector === connector)
      .flatMap(({ entityName, entity, isDiscovered }) =>
        deviationsOf(connector, entity, read, isDiscovered).map((what) => ({ entity: entityName, what })),
      ),
  ];
}

function fromSchema({ entities }: Connector, { files, types }: (typeof recordSchemas)[string]): Deviation[] {
  const schema = xmlSchema(files.map((file) => readFileSync(path.join(folder ?? '', file), 'utf8')));
  return Object.entries(entities).flatMap(([entity, { fields }]) =>
    Object.entries(fields)
      .map(([name, { at = name }]) => at)
      .filter((at) => !schema.has(types[entity] ?? entity, at))
      .map((at) => ({ entity, what: `there is no field ${at}` })),
  );
}

const checked = declared.flatMap(({ name, connector }) => {
  const [files, schema] = [specifications[name], recordSchemas[name]];
  if (files) return [{ name, connector, read: () => fromSpecification(connector, files) }];
  return schema ? [{ name, connector, read: async () => fromSchema(connector, schema) }] : [];
});

describe.each(checked)('$name', async ({ connector, read }) => {
  const found = await read();
  const listed = listedOf(connector);
  const covers = (one: Listed, { entity, what }: Deviation) =>
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
