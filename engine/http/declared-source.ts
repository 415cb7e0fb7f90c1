import type { Connector, Entity } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import type { Fields } from '../../core/connector/fields.ts';
import { fillHoles, holesOf } from '../../core/connector/holes.ts';
import { own } from '../../core/connector/own.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Row, SourceField, Value } from '../../core/records.ts';
import type {
  Page,
  PageToken,
  Source,
  SourceDescription,
  SourcePorts,
  SourceRequest,
  SourceSession,
  Split,
} from '../../core/source.ts';
import { baseUrlOf, settingOf, settingsOf, urlOf } from './hosts.ts';
import { parseMoment, readMoment } from './moments.ts';
import { type NextPage, nextPage } from './next-page.ts';
import { type PushDown, pushDown } from './push-down.ts';
import { compileRow, needsExactDecimals, parseJson } from './read-records.ts';
import { type Answer, checkOrigin, dateOf, type VendorClient, vendorClient } from './vendor-client.ts';
import { type WindowParameters, windowParameters } from './window-parameters.ts';

/** Lists of child records that one split reads, one after the other. */
const parentsPerSplit = 100;

/** The values of a parent's record that a child's path names, by hole: `{ 'pull_requests.number': '7' }`. */
type Parent = Readonly<Record<string, string>>;

export interface DeclaredSourceOptions {
  /** In [0, 1); spreads retries. Default Math.random. */
  readonly random?: () => number;
}

/** The engine's side of a declared connector: interprets the declaration; nothing here knows a vendor. */
export function declaredSource(connector: Connector, options: DeclaredSourceOptions = {}): Source {
  return {
    async describe(request, ports) {
      const list = listOf(connector, request, ports, options);
      const { entity } = list;
      const { incremental, parameters, primaryKey, mayRepeat = false } = entity;
      const told: SourceDescription = {
        fields: sourceFields(entity.fields),
        ...(parameters ? { parameters: sourceFields(parameters) } : {}),
        splits: [],
        appliedFilters: list.filters.applied,
        appliesWindow: list.window?.exact ?? false,
        ...(incremental ? { incrementalField: incremental.field } : {}),
        primaryKey,
        mayRepeat,
      };
      if (request.fieldsOnly) return told;
      const { apiVersion = connector.apiVersion } = request;
      if (apiVersion !== connector.apiVersion) {
        ports.log.warn('the flow names an API version that the connector does not speak', {
          at: list.at,
          named: apiVersion,
          used: connector.apiVersion,
        });
      }
      return {
        ...told,
        ...(list.window ? { completeUntil: await completeUntil(connector, request, ports, options) } : {}),
        splits: await splitsOf(connector, request, ports, options),
      };
    },

    async open(request, split, ports) {
      return sessionOf(listOf(connector, request, ports, options), request, split, ports);
    },

    async listEntities(_request, path) {
      if (path !== undefined) return [];
      return Object.entries(connector.entities).map(([name, { label = name }]) => ({
        name,
        label,
        hasNestedEntities: false,
      }));
    },

    async testConnection(request, ports) {
      const at = connector.label;
      const base = baseUrlOf(connector, request);
      const settings = settingsOf(connector, request);
      const client = vendorClient({
        connector,
        ports,
        origin: base.origin,
        at,
        parse: JSON.parse,
        ...options,
      });
      const path = connector.validateCredentials.replace('GET ', '');
      await client.get(urlOf(base, path, (name) => settingOf(settings, name, connector), at));
    },
  };
}

/** One entity's list as one request of a run reads it. */
interface EntityList {
  readonly connector: Connector;
  readonly entity: Entity;
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
function listOf(
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
  for (const hole of holesOf(entity.path)) if (!hole.includes('.')) setting(hole);

  const window = windowOf(entity, request, at);
  const filters = pushDown(entity, request.filters, new Set(window?.query.keys()), at);
  const path = entity.records ?? connector.records;
  const listAt = path === undefined ? (json: unknown) => json : compileFieldPath(path);
  const exactDecimals = needsExactDecimals(entity);
  return {
    connector,
    entity,
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
      const declared = (entity.pagination ?? connector.pagination)?.size ?? {};
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

function entityOf(connector: Connector, { properties }: SourceRequest): [string, Entity] {
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

function sourceFields(fields: Fields): SourceField[] {
  return Object.entries(fields).map(([name, { type, label, description, precision, scale }]) => ({
    name,
    type,
    ...(label === undefined ? {} : { label }),
    ...(description === undefined ? {} : { description }),
    ...(precision === undefined ? {} : { precision }),
    ...(scale === undefined ? {} : { scale }),
  }));
}

/** One split, or one for every hundred records of the parent entity. */
async function splitsOf(
  connector: Connector,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): Promise<Split[]> {
  const [, { parent, path }] = entityOf(connector, request);
  if (parent === undefined) return [{}];
  const holes = holesOf(path).filter((hole) => hole.startsWith(`${parent}.`));
  const parentRequest = {
    ...parentOf(request, parent),
    fields: holes.map((hole) => hole.slice(parent.length + 1)),
  };
  const session = sessionOf(listOf(connector, parentRequest, ports, options), parentRequest, {}, ports);
  const parentAt = `${connector.label}.${parent}`;
  // By content: a list that moves while it is read may show a record twice.
  const found = new Map<string, Parent>();
  for (let token: PageToken | undefined, more = true; more; more = token !== undefined) {
    const page = await session.read(token);
    for (const row of page.rows) {
      const parent = Object.fromEntries(
        holes.map((hole, index) => [hole, keyOf(row[index], hole, parentAt)]),
      );
      found.set(JSON.stringify(parent), parent);
    }
    token = page.next;
  }
  const parents = [...found.values()];
  const splits: Split[] = [];
  for (let from = 0; from < parents.length; from += parentsPerSplit) {
    splits.push({ parents: parents.slice(from, from + parentsPerSplit) });
  }
  return splits;
}

function keyOf(value: Value | undefined, hole: string, at: string): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return String(value);
  throw new TributaryError('ConnectorProtocol', 'a record cannot be asked for its children', {
    at,
    expected: `a number or text in '${hole}'`,
  });
}

/** The request for all of the parent's records: a child of an old parent can be new. */
function parentOf(request: SourceRequest, parent: string): SourceRequest {
  return { ...allOf(request), properties: { ...request.properties, entityName: parent } };
}

function allOf(request: SourceRequest): SourceRequest {
  const { incrementalField: _, limit: __, window, ...rest } = request;
  return { ...rest, filters: [], window: { end: window.end } };
}

/** The vendor's clock or ours, whichever is behind, less the time that records take to settle. */
async function completeUntil(
  connector: Connector,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): Promise<number> {
  const [, entity] = entityOf(connector, request);
  const all = entity.parent === undefined ? allOf(request) : parentOf(request, entity.parent);
  // The cheapest request that the run's credentials must allow anyway.
  const list = listOf(connector, all, ports, options);
  const { headers } = await list.client.get(list.urlOf({}, 1));
  const now = ports.clock.now();
  return Math.min(now, dateOf(headers.date) ?? now) - (connector.settleSeconds ?? 0) * 1000;
}

function sessionOf(
  list: EntityList,
  request: SourceRequest,
  split: Split,
  { log }: SourcePorts,
): SourceSession {
  const { connector, entity, at, client } = list;
  const rowOf = compileRow(entity, request.fields, at);
  const skipped = entity.skipIf && compileFieldPath(entity.skipIf.present);
  const pagination = entity.pagination ?? connector.pagination;
  const parents = (split.parents as readonly Parent[] | undefined) ?? [{}];
  const order = orderOf(entity, request);
  // With a filter or skipped records, small pages would only mean more of them.
  const size = request.filters.length > 0 || skipped ? undefined : request.limit;
  /** Tokens of the chain being read: one that comes again would never end. */
  const seen = new Set<string>();
  let expected = '';

  async function read(token: PageToken | undefined): Promise<Page> {
    const { parent = 0, page } = tokenOf(token);
    const key = JSON.stringify(token ?? {});
    if (key !== expected) seen.clear();
    seen.add(key);

    const url = urlOfPage(parents[parent] ?? {}, page);
    const answer = await client.get(url).catch((error: unknown) => {
      if (
        error instanceof TributaryError &&
        entity.absent?.some((status) => status === error.context.status)
      ) {
        return undefined;
      }
      throw error;
    });
    const records = answer ? list.recordsOf(answer) : [];
    const rows: Row[] = [];
    for (const record of records) {
      if (skipped && !isNothing(skipped(record))) continue;
      rows.push(rowOf(record));
    }
    const nextOfList = answer && !order.endsWith(records) ? nextOf(answer, records, parent, url) : undefined;
    const next = nextToken(parent, nextOfList);
    expected = JSON.stringify(next ?? {});
    if (next && seen.has(expected)) {
      throw new TributaryError('ConnectorProtocol', 'the vendor gave the same page token twice', { at });
    }
    const bytes = answer?.body.length ?? 0;
    log.info('page fetched', { at, records: records.length, bytes });
    return {
      rows,
      bytes,
      ...(rows.length < records.length ? { skipped: records.length - rows.length } : {}),
      ...(next ? { next } : {}),
    };
  }

  function nextOf(
    answer: Answer,
    records: readonly object[],
    parent: number,
    url: URL,
  ): NextPage | undefined {
    const next = nextPage(pagination, answer, records, url, at);
    if (next && 'url' in next) checkOrigin(new URL(next.url), list.base.origin, at);
    const anew = next && order.anew(records, list.urlOf(parents[parent] ?? {}, size), url);
    return anew ? { url: anew.href } : next;
  }

  function urlOfPage(parent: Parent, page: NextPage | undefined): URL {
    if (page && 'url' in page) return new URL(page.url);
    const url = list.urlOf(parent, size);
    if (page && pagination?.kind === 'lastRecord') url.searchParams.set(pagination.param, String(page.after));
    return url;
  }

  function nextToken(parent: number, next: NextPage | undefined): PageToken | undefined {
    if (next) return { parent, page: next };
    return parent + 1 < parents.length ? { parent: parent + 1 } : undefined;
  }

  return { read, close: async () => {} };
}

function tokenOf(token: PageToken | undefined): { parent?: number; page?: NextPage } {
  return (token ?? {}) as { parent?: number; page?: NextPage };
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

/** What the order of a list by its incremental field allows, and asks for. */
interface ListOrder {
  /** Whether all that follows a page lies outside the window. */
  endsWith(records: readonly object[]): boolean;
  /** The next page's address asked for anew from the last record's time on; `undefined` if that would be no progress. */
  anew(records: readonly object[], first: URL, current: URL): URL | undefined;
}

function orderOf({ incremental, fields }: Entity, { window }: SourceRequest): ListOrder {
  const field = incremental && fields[incremental.field];
  const { order } = incremental ?? {};
  if (!field || !order) return { endsWith: () => false, anew: () => undefined };
  const format = field.format ?? 'iso8601';
  const fieldOf = compileFieldPath(field.at ?? incremental.field);
  const lastOf = (records: readonly object[]) =>
    parseMoment(String(readMoment(fieldOf(records.at(-1)), format)));
  return {
    endsWith(records) {
      const last = lastOf(records);
      if (last === undefined || window.start === undefined) return false;
      return order === 'newestFirst' ? last < window.start : last >= window.end;
    },
    anew(records, first, current) {
      const last = lastOf(records);
      if (last === undefined || order !== 'oldestFirst') return undefined;
      const { from } = incremental;
      const { query } = windowParameters({ ...(from ? { from } : {}) }, format, { start: last, end: last });
      const url = new URL(first);
      for (const [name, value] of query) {
        if (current.searchParams.get(name) === value) return undefined;
        url.searchParams.set(name, value);
      }
      return url;
    },
  };
}
