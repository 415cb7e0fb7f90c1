import type { Entity } from '../../core/connector/connector.ts';
import { fillHoles, holesOf } from '../../core/connector/holes.ts';
import type { Asked, Search } from '../../core/connector/list-request.ts';
import { own } from '../../core/connector/own.ts';
import { type Pagination, pageSizeOf } from '../../core/connector/pagination.ts';
import type { FilterOperator } from '../../core/operators.ts';
import type { Json, JsonObject } from '../../core/ports.ts';
import { wholeRecord } from '../../core/records.ts';
import type { PullWindow } from '../../core/source.ts';
import { urlOf } from './hosts.ts';
import { compareKey, type KeyRange, keyFields } from './key-order.ts';
import type { NextPage } from './next-page.ts';
import type { PushDown } from './push-down.ts';
import type { VendorRequest } from './vendor-client.ts';
import { parametersInBody, windowQuery } from './window-parameters.ts';

const formType = 'application/x-www-form-urlencoded';

/** What fills the holes of a list's path beside settings, by hole: `{ 'pull_requests.number': '7' }`. */
export type Parent = Readonly<Record<string, string>>;

/** A page of a list. */
export interface Position {
  readonly parent: Parent;
  /** The part of the window that is read; none for a list without one. */
  readonly window?: PullWindow | undefined;
  readonly page?: NextPage | undefined;
  /** Only the number of records is wanted. */
  readonly counts?: true;
  /** The part of a key's values that is read. */
  readonly range?: KeyRange | undefined;
}

export interface ListRequestOptions {
  readonly name: string;
  /** As the run lists it. */
  readonly entity: Entity;
  readonly pagination: Pagination | undefined;
  readonly base: URL;
  readonly filters: PushDown;
  readonly at: string;
  /** The read set. */
  readonly fields: readonly string[];
  /** Of records, for searches that can say it. */
  readonly limit?: number | undefined;
  /** A preference beside the declared ones. */
  readonly prefer?: string | undefined;
  readonly setting: (name: string) => string;
}

/** Makes the request for a page: the address, and the body of a POST. */
export function listRequest(
  options: ListRequestOptions,
): (position: Position, size?: number) => VendorRequest {
  const { name, entity, pagination, base, filters, at, limit, setting } = options;
  const { search, projection, method = 'GET' } = entity;
  const inBody = parametersInBody(entity);
  const begin = pagination?.kind === 'cursor' ? pagination.begin : undefined;
  const paths = projection || search ? pathsOf(entity, options.fields, pagination) : [];
  const declaredHeaders = Object.fromEntries(
    Object.entries(entity.headers ?? {}).map(([key, value]) => [key, fillHoles(value, setting)]),
  );
  const prefersSize = pagination?.kind === 'nextLink' && pagination.sizeIn === 'prefer';

  return ({ parent, window, page, counts, range }, size) => {
    const fill = (hole: string) => parent[hole] ?? own(filters.holes, hole) ?? setting(hole);
    const windowed = window && windowQuery(entity, window);
    const sizes = sizeOf(pagination, size);
    const preferred = [
      declaredHeaders.prefer,
      options.prefer,
      ...(prefersSize ? sizes.map(([name, most]) => `${name}=${most}`) : []),
    ].filter((one) => one !== undefined);
    const headed = { ...declaredHeaders, ...(preferred.length > 0 && { prefer: preferred.join(', ') }) };
    const headers = Object.keys(headed).length > 0 ? { headers: headed } : {};
    const parameters = new Map<string, Json>([
      ...(prefersSize ? [] : sizes),
      ...Object.entries(projection?.(paths) ?? {}),
      ...filters.query,
      ...(begin ? [] : (windowed?.query ?? [])),
    ]);
    const after = page && 'after' in page ? page.after : undefined;
    const comparisons = [...filters.comparisons];
    for (const { operator, value } of windowed?.comparisons ?? []) {
      compare(search, entity.incremental?.field ?? '', operator, value, comparisons);
    }
    if (pagination?.kind === 'keyset') {
      const key = page && 'key' in page ? page.key : undefined;
      if (key) comparisons.push(compareKey(entity, pagination, 'GREATER_THAN', key, at));
      else if (range?.from) {
        comparisons.push(compareKey(entity, pagination, 'GREATER_THAN_OR_EQUAL_TO', range.from, at));
      }
      if (range?.to) comparisons.push(compareKey(entity, pagination, 'LESS_THAN', range.to, at));
    } else if (pagination?.kind === 'cursor' && after !== undefined) {
      for (const param of pagination.drops ?? []) parameters.delete(param);
      parameters.set(pagination.param, after);
    } else if (pagination && 'param' in pagination && pagination.param !== undefined) {
      const begin = after ?? firstOf(pagination);
      if (begin !== undefined) parameters.set(pagination.param, begin);
      const session = page && 'after' in page ? page.session : undefined;
      if ('session' in pagination && session !== undefined) parameters.set(pagination.session.param, session);
    }
    if (search) {
      const most = pagination && pageSizeOf(pagination);
      const start = pagination?.kind === 'offset' ? Number(after ?? pagination.first ?? 0) : undefined;
      const expression = search.expression(comparisons, {
        entityName: name,
        paths,
        setting,
        ...(start === undefined ? {} : { start }),
        ...(most === undefined ? {} : { size: Math.min(most, size ?? most) }),
        ...(counts && { counts }),
        ...(limit === undefined ? {} : { limit }),
      });
      if (expression !== undefined) parameters.set(search.param, expression);
    }

    const url = page && 'url' in page ? new URL(page.url) : urlOf(base, entity.path, fill, at);
    if (!(page && 'url' in page)) {
      for (const [key, value] of Object.entries(entity.query ?? {})) {
        url.searchParams.set(key, fillHoles(value, fill));
      }
      if (!inBody) setQuery(url, parameters);
      const drops = pagination?.kind === 'cursor' && after !== undefined ? pagination.drops : undefined;
      for (const param of drops ?? []) url.searchParams.delete(param);
      // Not every vendor reads a form's + as the blank that it stands for.
      url.search = url.search.replaceAll('+', '%20');
    }
    if (method === 'GET') return { url, ...headers };
    const body = filled(entity.body ?? {}, fill);
    if (inBody) for (const [path, value] of parameters) setAt(body, path.split('.'), value);
    return { method, url, ...bodyOf(entity, body, headed) };
  };

  function compare(
    language: Search | undefined,
    field: string,
    operator: FilterOperator,
    value: string,
    into: Json[],
  ): void {
    const declared = entity.fields[field];
    const comparison =
      declared &&
      language?.condition({
        name: field,
        path: declared.at ?? field,
        field: declared,
        operator,
        values: [value],
      });
    if (comparison !== undefined) into.push(comparison);
  }
}

/** Paths in the vendor's records of what the run reads, and of what reading the list needs. */
export function pathsOf(entity: Entity, names: readonly string[], pagination?: Pagination): string[] {
  const { fields, primaryKey, incremental, skipIf } = entity;
  const wanted = names.includes(wholeRecord)
    ? Object.keys(fields)
    : names.map((name) => (own(fields, name) ? name : (name.split('.')[0] ?? name)));
  const needed = [...primaryKey, ...keyFields(pagination), ...(incremental ? [incremental.field] : [])];
  const whole = [...wanted, ...needed].flatMap((name) => Object.values(own(fields, name)?.parts ?? [name]));
  const known = [...new Set(whole)].filter((name) => own(fields, name));
  const paths = known.flatMap((name) => (fields[name]?.hole === undefined ? [fields[name]?.at ?? name] : []));
  const others = [skipIf?.present, pagination?.kind === 'lastRecord' ? pagination.field : undefined];
  return [...new Set([...paths, ...others.filter((path) => path !== undefined)])];
}

function sizeOf(pagination: Pagination | undefined, size: number | undefined): [string, number][] {
  if (!pagination?.size || typeof pagination.size === 'number') return [];
  return Object.entries(pagination.size).map(([key, most]) => [key, Math.min(most, size ?? most)]);
}

/** Vendors that count pages get the first one's number too where it is not what they begin with. */
function firstOf(pagination: Pagination): number | undefined {
  return pagination.kind === 'offset' || pagination.kind === 'page' ? pagination.first : undefined;
}

function setQuery(url: URL, parameters: ReadonlyMap<string, Json>): void {
  for (const [key, value] of parameters) {
    url.searchParams.delete(key);
    for (const one of Array.isArray(value) ? value : [value]) {
      url.searchParams.append(key, typeof one === 'object' ? JSON.stringify(one) : String(one));
    }
  }
}

function filled(body: JsonObject, fill: (hole: string) => string): Record<string, Json> {
  return JSON.parse(JSON.stringify(body), (_, value) =>
    typeof value === 'string' && holesOf(value).length > 0 ? fillHoles(value, fill) : value,
  );
}

function setAt(body: Record<string, Json>, [head = '', ...rest]: readonly string[], value: Json): void {
  if (rest.length === 0) {
    body[head] = value;
    return;
  }
  const inner = body[head];
  const next = Array.isArray(inner)
    ? [...inner]
    : typeof inner === 'object' && inner !== null
      ? { ...inner }
      : {};
  // A list's members are set by their number, like those of an object.
  setAt(next as Record<string, Json>, rest, value);
  body[head] = next as Json;
}

/** What a request asked for. */
export function parametersOf({ url, body, headers }: VendorRequest): Asked {
  const isForm = headers?.['content-type'] === formType;
  return {
    ...Object.fromEntries(url.searchParams),
    ...(body === undefined ? {} : isForm ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body)),
  };
}

function bodyOf(
  { bodyFormat = 'json' }: Entity,
  body: Readonly<Record<string, Json>>,
  headers: Readonly<Record<string, string>>,
): Pick<VendorRequest, 'headers' | 'body'> {
  if (bodyFormat === 'json') {
    return { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
  }
  const form = new URLSearchParams(
    Object.entries(body).map(([key, value]): [string, string] => [key, String(value)]),
  );
  return {
    headers: { 'content-type': formType, ...headers },
    body: form.toString(),
  };
}
