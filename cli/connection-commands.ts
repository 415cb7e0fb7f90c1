import type { ConnectionDefinition } from '../core/connection.ts';
import type { JsonObject } from '../core/ports.ts';
import type { Source, SourcePorts, SourceRequest } from '../core/source.ts';
import { sourcePorts } from '../engine/steps/describe-source.ts';
import { findConnection } from '../local/home.ts';
import { type CommonOptions, connectionFolders, openHome } from './context.ts';
import { json, type Terminal, table } from './output.ts';

interface Opened {
  readonly source: Source;
  readonly request: SourceRequest;
  readonly around: SourcePorts;
}

async function open(name: string, options: CommonOptions, entity?: string): Promise<Opened> {
  const connection = await findConnection(name, connectionFolders(options));
  const home = openHome(options);
  const connector = connectorOf(connection);
  return {
    source: await home.loadSource(connector),
    around: sourcePorts(
      { ...home, deadline: Number.POSITIVE_INFINITY, attemptId: '', loadFlow: noFlow },
      name,
    ),
    request: {
      flowName: '',
      connector,
      connectorProfileName: name,
      properties: (entity === undefined ? {} : { entityName: entity, object: entity }) as JsonObject,
      settings: Object.fromEntries(
        Object.entries(connection.connectorProfileProperties ?? {}).map(([key, value]) => [
          key,
          String(value),
        ]),
      ),
      ...(connection.endpoint && { endpoint: connection.endpoint }),
      fields: [],
      filters: [],
      window: { end: home.clock.now() },
    },
  };
}

function noFlow(): never {
  throw new Error('a connection is looked at without a flow');
}

function connectorOf(connection: ConnectionDefinition): string {
  return connection.connectorType === 'CustomConnector'
    ? (connection.connectorLabel ?? connection.connectorType)
    : connection.connectorType;
}

/** `tributary discover CONNECTION [ENTITY]`: entities, and the fields of one. */
export async function discoverCommand(
  name: string,
  entity: string | undefined,
  options: CommonOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  const { source, request, around } = await open(name, options, entity);
  const entities = await source.listEntities(request, entity, around);
  // What has entities below it (a schema) lists them; else the entity's fields are asked for.
  const fields =
    entity !== undefined && entities.length === 0 ? (await source.describe(request, around)).fields : [];
  if (options.json) {
    terminal.out(json(fields.length > 0 ? { entity, fields } : { entities }, 2));
  } else if (fields.length > 0) {
    terminal.out(
      table(
        fields.map((field) => [
          field.name,
          field.type,
          field.label === field.name ? '' : (field.label ?? ''),
        ]),
      ),
    );
  } else {
    terminal.out(
      table(
        entities.map((found) => [
          found.name,
          found.hasNestedEntities ? '…' : '',
          found.label === found.name ? '' : found.label,
        ]),
      ),
    );
  }
  return 0;
}

/** `tributary connection test NAME` */
export async function testConnectionCommand(
  name: string,
  options: CommonOptions,
  terminal: Terminal,
): Promise<number> {
  const { source, request, around } = await open(name, options);
  await source.testConnection(request, around);
  terminal.out(`${name}: works`);
  return 0;
}
