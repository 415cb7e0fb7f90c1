/**
 * Every declared connector and the fixtures in its folder: `fixtures/<entity>.exchanges.json` (settings, what the run asks
 * for, and every request with its answer, in order) and `<entity>.records.json` (the records that must come of it).
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Connector, Entity, FilterCondition, Pagination, PullWindow } from '#core';
import { connectorNames, loadConnector } from '../../connectors/registry.ts';
import type { Exchange } from './http-server.ts';

export interface Fixture {
  readonly settings: Readonly<Record<string, string>>;
  readonly request: {
    readonly incrementalField?: string;
    readonly window?: PullWindow & { readonly start: number };
    readonly filters?: readonly FilterCondition[];
  };
  readonly exchanges: readonly Exchange[];
}

const home = new URL('../../connectors/', import.meta.url);

/** The folders with a declaration, and what their `connector.ts` exports. */
export const declarations = await Promise.all(
  readdirSync(home)
    .filter((folder) => existsSync(new URL(`${folder}/connector.ts`, home)))
    .map(async (folder) => ({
      folder,
      exports: Object.values(await import(`../../connectors/${folder}/connector.ts`)),
    })),
);

/** The declared connectors of the registry. */
export const declared = (
  await Promise.all(connectorNames.map(async (name) => ({ name, connector: await loadDeclared(name) })))
).flatMap(({ name, connector }) => (connector ? [{ name, connector }] : []));

async function loadDeclared(name: string): Promise<Connector | undefined> {
  const found = await loadConnector(name);
  return found?.kind === 'declared' ? found.connector : undefined;
}

export const declaredEntities = declared.flatMap(({ name, connector }) =>
  Object.entries(connector.entities).map(([entityName, entity]) => ({
    title: `${name}.${entityName}`,
    name,
    folder: declarations.find(({ exports }) => exports.includes(connector))?.folder ?? 'missing',
    connector,
    entityName,
    entity,
    pagination: paginationOf(entity.pagination ?? connector.pagination),
  })),
);

function paginationOf(pagination: Entity['pagination']): Pagination | undefined {
  return pagination === 'onePage' ? undefined : pagination;
}

export function fixtureText(folder: string, file: string): string {
  return readFileSync(new URL(`${folder}/fixtures/${file}`, home), 'utf8');
}

export function fixtureOf(folder: string, entityName: string): Fixture {
  return JSON.parse(fixtureText(folder, `${entityName}.exchanges.json`));
}

export function recordsOf(folder: string, entityName: string): Record<string, unknown>[] {
  return JSON.parse(fixtureText(folder, `${entityName}.records.json`));
}
