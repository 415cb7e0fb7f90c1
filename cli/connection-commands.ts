import { connectorNames } from '../connectors/registry.ts';
import type { ConnectionDefinition } from '../core/connection.ts';
import { TributaryError } from '../core/errors.ts';
import { didYouMean } from '../core/flow/finding.ts';
import type { JsonObject } from '../core/ports.ts';
import type { Source, SourcePorts, SourceRequest } from '../core/source.ts';
import { clockSkew, type LastAnswer } from '../engine/credentials/diagnose.ts';
import { patience } from '../engine/patience.ts';
import { sourceOf } from '../engine/source-of.ts';
import { sourcePorts } from '../engine/steps/describe-source.ts';
import { findConnection } from '../local/home.ts';
import { diagnosed, observed } from './connection-diagnosis.ts';
import { type CommonOptions, connectionFolders, connectorLoader, openHome } from './context.ts';
import { json, table } from './output.ts';
import type { Shell } from './shell.ts';

interface LocalOptions extends CommonOptions {
  readonly aws?: boolean;
}

function refuseAws(command: string, { aws }: LocalOptions): void {
  if (!aws) return;
  throw new TributaryError('InvalidArgument', `${command} works from this machine only`, {
    got: '--aws',
    fix: 'leave out --aws, and set the environment variables that the connection file names; the secret in AWS is for the functions of flows alone',
  });
}

interface Opened {
  readonly source: Source;
  readonly request: SourceRequest;
  readonly around: SourcePorts;
}

async function open(
  name: string,
  options: CommonOptions,
  { terminal, ...around }: Shell,
  entity?: string,
): Promise<Opened & { lastAnswer(): LastAnswer | undefined }> {
  const connection = await findConnection(name, connectionFolders(options));
  const { ports: home, lastAnswer } = observed(
    openHome(options, around, (text) => terminal.err(`${text}\n`)),
  );
  const connector = connectorOf(connection);
  const load = connectorLoader(connectionFolders(options), around);
  const loaded = await load(connector);
  if (!loaded) {
    throw new TributaryError('NotRunnable', 'this version has no such connector', {
      at: `connection ${name}`,
      got: connector,
      expected: `one of ${connectorNames.join(', ')}`,
      fix: didYouMean(connector, connectorNames) ?? 'mend connectorType or connectorLabel',
    });
  }
  return {
    source: await sourceOf(loaded),
    around: sourcePorts(
      { ...home, deadline: Number.POSITIVE_INFINITY, attemptId: '', loadFlow: noFlow },
      name,
    ),
    request: connectionRequest(connection, home.clock.now(), entity),
    lastAnswer,
  };
}

/** A request that looks at a connection, or at an entity of it. */
export function connectionRequest(
  connection: ConnectionDefinition,
  now: number,
  entity?: string,
): SourceRequest {
  return {
    flowName: '',
    connector: connectorOf(connection),
    connectorProfileName: connection.connectorProfileName,
    properties: (entity === undefined ? {} : { entityName: entity, object: entity }) as JsonObject,
    settings: Object.fromEntries(
      Object.entries(connection.connectorProfileProperties ?? {}).map(([key, value]) => [key, String(value)]),
    ),
    ...(connection.endpoint && { endpoint: connection.endpoint }),
    fields: [],
    filters: [],
    window: { end: now },
    fieldsOnly: true,
  };
}

function noFlow(): never {
  throw new Error('a connection is looked at without a flow');
}

export function connectorOf(connection: ConnectionDefinition): string {
  return connection.connectorType === 'CustomConnector'
    ? (connection.connectorLabel ?? connection.connectorType)
    : connection.connectorType;
}

/** `tributary discover CONNECTION [ENTITY]`: entities, and the fields of one. */
export async function discoverCommand(
  name: string,
  entity: string | undefined,
  options: LocalOptions & { readonly json?: boolean },
  shell: Shell,
): Promise<number> {
  refuseAws('discover', options);
  const { terminal } = shell;
  const { source, request, around } = await open(name, options, shell, entity);
  const patiently = patience(around.clock);
  const entities = await patiently(() => source.listEntities(request, entity, around));
  // What has entities below it (a schema) lists them; else the entity's fields are asked for.
  const fields =
    entity !== undefined && entities.length === 0
      ? (await patiently(() => source.describe(request, around))).fields
      : [];
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

/** `tributary connection test NAME`: what fails it is led by what is most likely wrong. */
export async function testConnectionCommand(
  name: string,
  options: LocalOptions,
  shell: Shell,
): Promise<number> {
  refuseAws('connection test', options);
  const { source, request, around, lastAnswer } = await open(name, options, shell);
  try {
    await source.testConnection(request, around);
  } catch (error) {
    throw diagnosed(error, name, lastAnswer());
  }
  shell.terminal.out(`${name}: works`);
  const last = lastAnswer();
  const skew = last && clockSkew(last);
  if (skew) shell.terminal.err(`warning: this machine's clock is ${skew}\n`);
  return 0;
}
