import type { Connector } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import { type Field, writeOperations } from '../../core/connector/fields.ts';
import type { WriteRequest, WriteResults } from '../../core/connector/write.ts';
import type {
  DestinationRequest,
  RecordDestination,
  WritableField,
  WriteResult,
  WrittenRecord,
} from '../../core/destination.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/ports.ts';
import type { SourceRequest } from '../../core/source.ts';
import { jsonText } from '../encode/value-checks.ts';
import { describedField } from './described-field.ts';
import { entityOf } from './discover.ts';
import type { DeclaredSourceOptions } from './entity-list.ts';
import { baseUrlOf, settingOf, settingsOf, urlOf } from './hosts.ts';
import { vendorClient } from './vendor-client.ts';

/** The engine's side of a declared connector's `write`: nothing here knows a vendor. */
export function declaredDestination(
  connector: Connector,
  options: DeclaredSourceOptions = {},
): RecordDestination {
  return {
    async describe(request, ports) {
      const { entity, discovered } = await entityOf(connector, questionOf(request), ports, options);
      const { write = {}, fields } = entity;
      return {
        fields: Object.entries(fields).map(writableField),
        operations: writeOperations.filter((operation) => write[operation] !== undefined),
        batchSize: write[request.operation]?.records ?? 1,
        ...(discovered && { kept: { discovered: discovered as unknown as JsonObject } }),
      };
    },

    async open(request, kept = {}, ports) {
      const asked = questionOf(request);
      const { name, entity } = await entityOf(connector, asked, ports, options, kept);
      const at = `${connector.label}.${name}`;
      const write = entity.write?.[request.operation];
      if (!write) {
        throw new TributaryError('NotRunnable', `there is no write operation ${request.operation}`, { at });
      }
      const base = baseUrlOf(connector, asked);
      const shared = { connector, request: asked, ports, origin: base.origin, at, ...options };
      const client = vendorClient({ ...shared, parse: JSON.parse });
      const settings = settingsOf(connector, asked);
      const [method, path] = addressOf(write);
      const url = urlOf(
        base,
        path,
        (hole) =>
          hole === 'idField' ? (request.idFieldNames[0] ?? '') : settingOf(settings, hole, connector),
        at,
      );
      const readResults = resultReader(write.results, at);
      return {
        async write(records) {
          const { json } = await client.send({
            method,
            url: withQuery(url, write, records),
            ...bodyOf(write, records),
            repeats: false,
          });
          return readResults(json, records.length);
        },
        close: async () => {},
      };
    },
  };
}

/** What discovery and credentials are asked with. */
function questionOf({ properties, ...request }: DestinationRequest): SourceRequest {
  return {
    flowName: request.flowName,
    connector: request.connector,
    ...(request.connectorProfileName && { connectorProfileName: request.connectorProfileName }),
    ...(request.apiVersion && { apiVersion: request.apiVersion }),
    ...(request.endpoint && { endpoint: request.endpoint }),
    settings: request.settings,
    properties: { ...properties, entityName: request.entityName },
    fields: [],
    filters: [],
    window: { end: 0 },
  };
}

function writableField([name, field]: [string, Field]): WritableField {
  const { write = [], identifies = [] } = field;
  return { ...describedField(name, field), operations: write, identifies };
}

type Method = Parameters<ReturnType<typeof vendorClient>['send']>[0]['method'];

function addressOf({ request }: WriteRequest): [NonNullable<Method>, string] {
  const space = request.indexOf(' ');
  return [request.slice(0, space) as NonNullable<Method>, request.slice(space + 1)];
}

function withQuery(url: URL, { query }: WriteRequest, records: readonly WrittenRecord[]): URL {
  if (!query) return url;
  const asked = new URL(url);
  for (const [name, value] of Object.entries(query(records))) asked.searchParams.set(name, value);
  return asked;
}

function bodyOf({ body }: WriteRequest, records: readonly WrittenRecord[]) {
  return body && { headers: { 'content-type': 'application/json' }, body: jsonText(body(records)) };
}

/** @throws ConnectorProtocol where the answer does not tell of each record what became of it */
function resultReader(
  { at: listPath, written, code, message }: WriteResults,
  at: string,
): (answer: unknown, count: number) => WriteResult[] {
  const listAt = listPath === undefined ? (answer: unknown) => answer : compileFieldPath(listPath);
  const [writtenAt, codeAt, messageAt] = [written.path, code, message].map((path) =>
    path === undefined ? () => undefined : compileFieldPath(path),
  ) as [(result: unknown) => unknown, (result: unknown) => unknown, (result: unknown) => unknown];
  return (answer, count) => {
    const results = listAt(answer);
    if (!Array.isArray(results) || results.length !== count) {
      throw new TributaryError('ConnectorProtocol', 'the answer does not tell what became of each record', {
        at,
        got: Array.isArray(results) ? `${results.length} results` : 'no list of results',
        expected: `${count} results`,
      });
    }
    return results.map((result): WriteResult => {
      if (written.is.includes(writtenAt(result) as Json)) return { kind: 'written' };
      const refusedAs = textOf(codeAt(result));
      return {
        kind: 'refused',
        ...(refusedAs !== undefined && { code: refusedAs }),
        message: textOf(messageAt(result)) ?? 'the vendor gives no reason',
      };
    });
  };
}

function textOf(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' || typeof first === 'number' ? String(first) : undefined;
}
