/**
 * Every declared connector and the fixtures in its folder: `fixtures/<entity>.exchanges.json` (settings, what the run asks
 * for, and every request with its answer, in order) and `<entity>.records.json` (the records that must come of it). An entity
 * with a fixture that is not declared is discovered, by requests at the fixture's beginning.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Connector, Entity, Pagination, SourceRequest } from '#core';
import { connectorNames, loadConnector } from '../../connectors/registry.ts';
import { entityOf } from '../../engine/http/discover.ts';
import { folderOf } from './declarations.ts';
import { type Fixture, fixtureFile } from './fixture.ts';
import { type Exchange, recordedBody, requestLine } from './http-server.ts';
import { type TestHttp, testHttp, testSourcePorts } from './source-ports.ts';

const home = new URL('../../connectors/', import.meta.url);

/** The declared connectors of the registry. */
export const declared = (
  await Promise.all(connectorNames.map(async (name) => ({ name, connector: await loadDeclared(name) })))
).flatMap(({ name, connector }) => (connector ? [{ name, connector }] : []));

async function loadDeclared(name: string): Promise<Connector | undefined> {
  const found = await loadConnector(name);
  return found?.kind === 'declared' ? found.connector : undefined;
}

export interface TestedEntity {
  readonly title: string;
  readonly name: string;
  readonly folder: string;
  readonly connector: Connector;
  readonly entityName: string;
  readonly entity: Entity;
  readonly isDiscovered: boolean;
  readonly pagination: Pagination | undefined;
}

/** All declared entities, and the discovered ones that have fixtures. */
export const declaredEntities: readonly TestedEntity[] = (
  await Promise.all(
    declared.map(async ({ name, connector }) => {
      const folder = folderOf(connector) ?? 'missing';
      const names = new Set([...Object.keys(connector.entities), ...fixtureNames(folder)]);
      return Promise.all([...names].map((entityName) => testedEntity(name, folder, connector, entityName)));
    }),
  )
).flat();

async function testedEntity(
  name: string,
  folder: string,
  connector: Connector,
  entityName: string,
): Promise<TestedEntity> {
  const known = connector.entities[entityName];
  const entity = known ?? (await discovered(connector, name, folder, entityName));
  const { incremental } = entity;
  const windowed = fixtureOf(folder, entityName).request.window ? incremental?.list?.pagination : undefined;
  const pagination = windowed ?? entity.pagination ?? connector.pagination;
  return {
    title: `${name}.${entityName}`,
    name,
    folder,
    connector,
    entityName,
    entity,
    isDiscovered: known === undefined,
    pagination: pagination === 'onePage' ? undefined : pagination,
  };
}

async function discovered(
  connector: Connector,
  name: string,
  folder: string,
  entityName: string,
): Promise<Entity> {
  const fixture = fixtureOf(folder, entityName);
  const credentials = new Proxy({}, { get: () => 'a-credential', has: () => true });
  const ports = testSourcePorts({ http: replay(fixture.exchanges), credentials });
  return (await entityOf(connector, requestOf(fixture, name, entityName), ports, {})).entity;
}

/** What a fixture's run asks of its source. */
export function requestOf(fixture: Fixture, name: string, entityName: string): SourceRequest {
  const { incrementalField, window = { end: Date.UTC(2024, 4, 2) }, filters = [] } = fixture.request;
  return {
    flowName: 'contract',
    connector: name,
    properties: { entityName },
    settings: fixture.settings,
    fields: [],
    filters,
    window,
    ...(incrementalField === undefined ? {} : { incrementalField }),
  };
}

/** Answers each recorded request, in whatever order and as often as it comes. */
export function replay(exchanges: readonly Exchange[]): TestHttp {
  const recorded = new Map(exchanges.map((exchange) => [requestLine(exchange), exchange]));
  return testHttp(({ url, method, body }) => {
    const line = requestLine({ url, method, ...(body === undefined ? {} : { sent: String(body) }) });
    return recorded.get(line) ?? new Error(`not recorded: ${line}`);
  });
}

export function fixtureText(folder: string, file: string): string {
  const at = new URL(`${folder}/fixtures/${file}`, home);
  if (!existsSync(at)) {
    throw new Error(
      `connectors/${folder}/fixtures/${file} is missing: docs/writing-a-connector.md, "Fixtures"`,
    );
  }
  return readFileSync(at, 'utf8');
}

export function fixtureOf(folder: string, entityName: string): Fixture {
  const fixture: Fixture = JSON.parse(fixtureText(folder, fixtureFile(entityName, 'exchanges')));
  const exchanges = fixture.exchanges.map((one) => ({ ...one, body: recordedBody(one.body) }));
  return { ...fixture, exchanges };
}

export function recordsOf(folder: string, entityName: string): Record<string, unknown>[] {
  return JSON.parse(fixtureText(folder, fixtureFile(entityName, 'records')));
}

function fixtureNames(folder: string): string[] {
  const at = new URL(`${folder}/fixtures/`, home);
  const ending = '.exchanges.json';
  const files = existsSync(at) ? readdirSync(at) : [];
  return files
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length).replaceAll('!', '/'));
}
