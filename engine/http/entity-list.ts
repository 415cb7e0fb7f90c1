import type { Connector, Entity } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import { fillHoles, holesOf } from '../../core/connector/holes.ts';
import { own } from '../../core/connector/own.ts';
import type { Pagination } from '../../core/connector/pagination.ts';
import { TributaryError } from '../../core/errors.ts';
import type { SourcePorts, SourceRequest } from '../../core/source.ts';
import { baseUrlOf, settingOf, settingsOf, urlOf } from './hosts.ts';
import { type PushDown, pushDown } from './push-down.ts';
import { needsExactDecimals, parseJson } from './read-records.ts';
import { type Answer, type VendorClient, vendorClient } from './vendor-client.ts';
import { type WindowParameters, windowParameters } from './window-parameters.ts';

export interface DeclaredSourceOptions {
  /** In [0, 1); spreads retries. Default Math.random. */
  readonly random?: () => number;
}

/** The values of a parent's record that a child's path names, by hole: `{ 'pull_requests.number': '7' }`. */
export type Parent = Readonly<Record<string, string>>;

/** One entity's list as one request of a run reads it. */
export interface EntityList {
  readonly entity: Entity;
  readonly pagination: Pagination | undefined;
  readonly at: string;
  readonly client: VendorClient;
  readonly base: URL;
  readonly filters: PushDown;
  /** Absent for a full pull. */
  readonly window: WindowParameters | undefined;
  /** @param size records a page, where the vendor lets us ask; default the declared page size */
  urlOf(parent: Parent, size?: number): URL;
  /** The vendor's records of an answer. */
  recordsOf(answer: Answer): readonly object[];
}

/** @throws ResourceNotFoundError, InvalidArgument, ConnectionInvalid: all before any request leaves */
export function listOf(
  connector: Connector,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): EntityList {
  const [name, entity] = entityOf(connector, request);
  const at = `${connector.label}.${name}`;
  const base = baseUrlOf(connector, request);
  const settings = settingsOf(connector, request);
  const setting = (hole: string) => settingOf(settings, hole, connector);
  // Missing settings are named now, not when the first address is made of them.
  const templates = [entity.path, ...Object.values(entity.query ?? {})];
  for (const hole of templates.flatMap(holesOf)) if (!hole.includes('.')) setting(hole);

  const window = windowOf(entity, request, at);
  const filters = pushDown(entity, request.filters, new Set(window?.query.keys()), at);
  const path = entity.records ?? connector.records;
  const listAt = path === undefined ? (json: unknown) => json : compileFieldPath(path);
  const pagination = entity.pagination ?? connector.pagination;
  const exactDecimals = needsExactDecimals(entity);
  return {
    entity,
    pagination,
    at,
    base,
    filters,
    window,
    client: vendorClient({
      connector,
      ports,
      origin: base.origin,
      at,
      parse: (text) => parseJson(text, exactDecimals),
      ...options,
    }),
    urlOf(parent, size) {
      const url = urlOf(base, entity.path, (hole) => parent[hole] ?? setting(hole), at);
      const declared = pagination?.size ?? {};
      const query = [
        ...Object.entries({ ...entity.query, ...(window && entity.incremental?.query) }).map(
          ([key, value]) => [key, fillHoles(value, setting)] as const,
        ),
        ...Object.entries(declared).map(
          ([key, most]) => [key, String(Math.min(most, size ?? most))] as const,
        ),
        ...filters.query,
        ...(window?.query ?? []),
      ];
      for (const [key, value] of query) url.searchParams.set(key, value);
      return url;
    },
    recordsOf({ json, status }) {
      if (status === 204) return [];
      const records = listAt(json);
      if (
        !Array.isArray(records) ||
        !records.every((record) => typeof record === 'object' && record !== null)
      ) {
        throw new TributaryError('ConnectorProtocol', 'the answer holds no list of records', {
          at,
          expected: path === undefined ? 'a list of objects' : `a list of objects at '${path}'`,
        });
      }
      return records;
    },
  };
}

export function entityOf(connector: Connector, { properties }: SourceRequest): [string, Entity] {
  const name = properties.entityName ?? properties.object;
  const entity = typeof name === 'string' ? own(connector.entities, name) : undefined;
  if (typeof name === 'string' && entity) return [name, entity];
  throw new TributaryError('ResourceNotFoundError', 'there is no such entity', {
    at: connector.label,
    got: String(name),
    expected: `one of ${Object.keys(connector.entities).join(', ')}`,
  });
}

/** A full pull has no window: nothing would fetch later what its end cuts off. */
function windowOf(entity: Entity, request: SourceRequest, at: string): WindowParameters | undefined {
  const { incrementalField, window } = request;
  const { incremental } = entity;
  if (incrementalField !== undefined && incrementalField !== incremental?.field) {
    throw new TributaryError('InvalidArgument', 'the entity cannot be pulled incrementally by this field', {
      at,
      got: incrementalField,
      expected: incremental?.field ?? 'a full pull',
    });
  }
  if (!incremental || window.start === undefined) return undefined;
  return windowParameters(incremental, entity.fields[incremental.field]?.format ?? 'iso8601', window);
}
