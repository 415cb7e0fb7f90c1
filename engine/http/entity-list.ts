import type { Connector, Entity } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import { holesOf } from '../../core/connector/holes.ts';
import type { Job } from '../../core/connector/job.ts';
import { own } from '../../core/connector/own.ts';
import type { Pagination } from '../../core/connector/pagination.ts';
import { windowFields } from '../../core/connector/window-fields.ts';
import { TributaryError } from '../../core/errors.ts';
import type { PullWindow, SourcePorts, SourceRequest } from '../../core/source.ts';
import { baseUrlOf, settingOf, settingsOf } from './hosts.ts';
import { type JobRequests, jobRequests } from './job-requests.ts';
import { listRequest, type Position, parametersOf } from './list-request.ts';
import { type PushDown, pushDown } from './push-down.ts';
import { needsExactDecimals, parseJson } from './read-records.ts';
import {
  type Answer,
  type VendorClient,
  type VendorClientOptions,
  type VendorRequest,
  vendorClient,
} from './vendor-client.ts';
import { slicesOf, windowQuery, windowUnitOf } from './window-parameters.ts';

export interface DeclaredSourceOptions {
  /** In [0, 1); spreads retries. Default Math.random. */
  readonly random?: () => number;
}

/** An entity of a connector, declared or discovered, and its name. */
export interface NamedEntity {
  readonly name: string;
  readonly entity: Entity;
}

/** How a run reads an entity: page by page as the vendor lists it, or by a job that the vendor works on in its own time. */
export type Transfer = 'list' | 'job';

/** One entity's list as one request of a run reads it. */
export interface EntityList {
  readonly name: string;
  readonly connector: Connector;
  readonly entity: Entity;
  readonly pagination: Pagination | undefined;
  readonly at: string;
  readonly client: VendorClient;
  readonly base: URL;
  readonly filters: PushDown;
  /** Whether the vendor keeps track of changes for this run, whatever the window. */
  readonly tracksChanges: boolean;
  /** Whether the vendor holds back all that lies outside the pull window, and nothing else. */
  readonly appliesWindow: boolean;
  /** The windows that are asked for one after the other; one `undefined` where the list has none. */
  readonly slices: readonly (PullWindow | undefined)[];
  /** Milliseconds between two neighbouring moments that the window's bounds can be. */
  readonly windowUnit: number;
  /**
   * The request for a page; of a job the one that makes it.
   *
   * @param size records a page, where the vendor lets us ask; default the declared page size
   */
  requestOf(position: Position, size?: number): VendorRequest;
  /** The request for the token of the first page, where a list needs one. */
  readonly begin?: (position: Position) => VendorRequest;
  /** Where the entity is read by a job. */
  readonly job?: JobRequests;
  /** JSON with the numbers that the entity needs. */
  parse(text: string): unknown;
  /** The vendor's records of an answer to the request. */
  recordsOf(answer: Answer, asked: VendorRequest): readonly object[];
}

/** Who asks for the fields alone sends no list, and so nothing that the vendor needs for one. */
function withoutNeeds({ parameters = {}, ...entity }: Entity): Entity {
  const optional = Object.entries(parameters).map(([name, { required: _, ...parameter }]) => [
    name,
    parameter,
  ]);
  return { ...entity, parameters: Object.fromEntries(optional) };
}

/** @throws InvalidArgument, ConnectionInvalid: all before any request leaves */
export function listOf(
  connector: Connector,
  { name, entity: declared }: NamedEntity,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
  transfer: Transfer = 'list',
): EntityList {
  const at = `${connector.label}.${name}`;
  const settings = settingsOf(connector, request);
  const setting = (hole: string) => settingOf(settings, hole, connector);

  const job = transfer === 'job' ? declared.job : undefined;
  const known = request.fieldsOnly ? withoutNeeds(declared) : declared;
  const listed = reached(pulledBy(request.incrementalField, withDefaults(connector, known)), request);
  const whole = job ? madeBy(job, listed) : listed;
  const pulled = windowOf(whole, request, at);
  const asked = pushDown(windowed(whole, pulled), request.filters, new Set(), at);
  const window = pulled ?? asked.window;
  const listing = windowed(whole, window);
  const base = baseUrlOf(connector, request, listing.baseUrl);
  const first = window && windowQuery(listing, window);
  // What a windowed list sends of its own, its order above all, is what its paging rests on.
  const { list, order } = whole.incremental ?? {};
  const ownQuery = Object.keys({ ...list?.query, ...(order && listing.query) });
  const taken = window ? [...(first?.query.keys() ?? []), ...ownQuery] : [];
  const filters = pushDown(listing, request.filters, new Set(taken), at);
  const entity = ownQuery.some((param) => filters.query.has(param)) ? unordered(listing) : listing;
  // Missing settings are named now, not when the first address is made of them.
  for (const hole of [entity.path, ...Object.values(entity.query ?? {})].flatMap(holesOf)) {
    const isParameter = request.fieldsOnly && own(entity.parameters, hole) !== undefined;
    const isFilled =
      isParameter || hole.includes('.') || own(filters.holes, hole) !== undefined || own(entity.each, hole);
    if (!isFilled) setting(hole);
  }
  const pagination = sized(entity.pagination === 'onePage' ? undefined : entity.pagination, request, at);
  const exactDecimals = needsExactDecimals(entity);
  const tracksChanges = trackingOf(entity, request, at);
  const prefer = tracksChanges ? entity.changes?.prefer : undefined;
  const { fields, limit } = request;
  const build = listRequest({ name, entity, pagination, base, filters, at, fields, limit, prefer, setting });
  const bare = { docs: '', primaryKey: [], ...(entity.incremental && { incremental: entity.incremental }) };
  const client = (more: Pick<VendorClientOptions, 'parse' | 'decode'>) =>
    vendorClient({
      connector,
      request,
      ports,
      origin: base.origin,
      at,
      budgetKey: `${connector.label} ${request.connectorProfileName ?? base.origin}`,
      ...more,
      ...options,
    });
  const parse = (text: string) => parseJson(text, exactDecimals);
  return {
    name,
    connector,
    entity,
    pagination,
    at,
    base,
    filters,
    tracksChanges,
    appliesWindow: tracksChanges || (request.window.start !== undefined && (first?.exact ?? false)),
    slices: window ? slicesOf(entity, window) : [undefined],
    windowUnit: windowUnitOf(entity),
    client: client({ parse, decode: entity.decode }),
    parse,
    requestOf: build,
    ...(pagination?.kind === 'cursor' &&
      pagination.begin && {
        begin: listRequest({
          name,
          entity: { ...bare, path: pagination.begin.path, fields: entity.fields },
          pagination: undefined,
          base,
          filters: { ...filters, query: new Map(), comparisons: [] },
          at,
          fields: [],
          setting,
        }),
      }),
    ...(job && {
      job: jobRequests(job, { name, base, filters, at, setting }, client({ parse: String, decode: asBytes })),
    }),
    recordsOf: (answer, asked) => recordsOf(entity, answer, asked, at),
  };
}

/** The entity with its window on the field that the flow names, if that is one of those that it may name. */
function pulledBy(field: string | undefined, entity: Entity): Entity {
  const { incremental } = entity;
  if (!incremental || field === undefined || !incremental.others?.includes(field)) return entity;
  return { ...entity, incremental: { ...incremental, field } };
}

/** The entity as a full pull bounds its window. */
function reached(entity: Entity, { window }: SourceRequest): Entity {
  const { incremental } = entity;
  return incremental?.reach && window.start === undefined
    ? { ...entity, incremental: { ...incremental, ...incremental.reach } }
    : entity;
}

/** The entity as the request that makes the job asks for it: whatever order and pages its list has, a job has none. */
export function madeBy({ create = {} }: Job, { incremental, ...entity }: Entity): Entity {
  const { order: _, list: __, ...window } = incremental ?? {};
  return {
    ...entity,
    ...(incremental && { incremental: { ...window, field: incremental.field } }),
    ...create,
    ...((entity.query || create.query) && { query: { ...entity.query, ...create.query } }),
    pagination: 'onePage',
  };
}

/** The entity's list in an order that the flow has chosen. */
function unordered({ incremental, ...entity }: Entity): Entity {
  const { order: _, ...window } = incremental ?? {};
  return { ...entity, ...(incremental && { incremental: { ...window, field: incremental.field } }) };
}

function asBytes(body: Uint8Array): unknown {
  return body;
}

/** @throws InvalidArgument for a window of a vendor that knows changes since the last run alone */
function trackingOf({ changes }: Entity, request: SourceRequest, at: string): boolean {
  if (!changes || request.window.start === undefined) return false;
  if (request.changes) return true;
  throw new TributaryError(
    'InvalidArgument',
    'the vendor tells changes since the last run, not those of a window',
    {
      at,
      fix: 'run the flow without run parameters, or with full',
    },
  );
}

/** The size of pages that the flow names in place of the declared one. */
function sized(
  pagination: Pagination | undefined,
  { properties }: SourceRequest,
  at: string,
): Pagination | undefined {
  const { maxPageSize } = (properties.paginationConfig ?? {}) as { readonly maxPageSize?: number };
  if (maxPageSize === undefined) return pagination;
  if (pagination?.size === undefined) {
    throw new TributaryError('InvalidArgument', 'the size of pages cannot be set for this entity', {
      at,
      got: `paginationConfig.maxPageSize ${maxPageSize}`,
      fix: 'remove paginationConfig',
    });
  }
  const { size } = pagination;
  const named =
    typeof size === 'number'
      ? maxPageSize
      : Object.fromEntries(Object.keys(size).map((param) => [param, maxPageSize]));
  return { ...pagination, size: named } as Pagination;
}

/** What the connector says for all entities is the entity's own. */
export function withDefaults(connector: Connector, entity: Entity): Entity {
  const { records, pagination, search, projection, textValues } = connector;
  return {
    ...(records === undefined ? {} : { records }),
    ...(pagination === undefined ? {} : { pagination }),
    ...(search === undefined ? {} : { search }),
    ...(projection === undefined ? {} : { projection }),
    ...(textValues === undefined ? {} : { textValues }),
    ...entity,
  };
}

/** The entity as its windowed list is. */
export function windowed(entity: Entity, window: PullWindow | undefined): Entity {
  const list = window && entity.incremental?.list;
  return list ? { ...entity, ...list, query: { ...entity.query, ...list.query } } : entity;
}

function recordsOf(
  { records: where }: Entity,
  { json, status }: Answer,
  asked: VendorRequest,
  at: string,
): readonly object[] {
  if (status === 204) return [];
  const read = typeof where === 'string' ? compileFieldPath(where) : where;
  const records: unknown = read ? read(json, parametersOf(asked)) : json;
  if (!Array.isArray(records) || !records.every((record) => typeof record === 'object' && record !== null)) {
    throw new TributaryError('ConnectorProtocol', 'the answer holds no list of records', {
      at,
      expected: typeof where === 'string' ? `a list of objects at '${where}'` : 'a list of objects',
    });
  }
  return records;
}

/**
 * The window that a list is asked with: of the run, or as far back as a list reaches that needs one. A full pull of any
 * other has none: nothing would fetch later what its end cuts off.
 */
function windowOf(entity: Entity, request: SourceRequest, at: string): PullWindow | undefined {
  const { incrementalField, window } = request;
  const { incremental, changes } = entity;
  const isNamed =
    incrementalField === incremental?.field || incremental?.insteadOf?.includes(incrementalField ?? '');
  if (incrementalField !== undefined && !isNamed) {
    throw new TributaryError('InvalidArgument', 'the entity cannot be pulled incrementally by this field', {
      at,
      got: incrementalField,
      expected: incremental
        ? windowFields(incremental).join(' or ')
        : changes
          ? 'none: the vendor keeps track of changes'
          : 'a full pull',
    });
  }
  if (!incremental) return undefined;
  if (window.start !== undefined) return window;
  if (request.filters.some(({ field }) => field === incremental.parameter)) return undefined;
  const { reachDays } = incremental;
  return reachDays === undefined
    ? undefined
    : { start: window.end - reachDays * 86_400_000, end: window.end };
}
