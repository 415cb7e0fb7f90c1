/** Where a declaration and the vendor's own specification differ, in words. */

import type {
  Asked,
  Connector,
  Entity,
  Field,
  FilterParameter,
  Incremental,
  Job,
  Json,
  Pagination,
  WindowBound,
} from '#core';
import { compileFieldPath } from '../../../core/connector/field-path.ts';
import { madeBy, windowed, withDefaults } from '../../../engine/http/entity-list.ts';
import { parametersInBody } from '../../../engine/http/window-parameters.ts';
import { anyText, sampleOf } from './sample.ts';
import type { Operation, Specification } from './specification.ts';

/**
 * @param specifications of which one must have each request
 * @param discovered its fields are those of an account, of which no specification knows
 */
export function deviationsOf(
  connector: Connector,
  entity: Entity,
  specifications: readonly Specification[],
  discovered = false,
): string[] {
  const whole = withDefaults(connector, entity);
  const { incremental, job } = entity;
  const ask: Ask = (method, path, look) => {
    const base = pathOf(entity.baseUrl ?? connector.baseUrl);
    const operation = find(specifications, method, base + path);
    return operation ? look(operation) : [missing(method, path)];
  };
  const list = (one: Entity, pulled?: Incremental) => listDeviations(ask, one, pulled, discovered);
  // Without a request of its own that makes it, the job is all that the entity has.
  const isListed = !job || job.create !== undefined;
  const found = [
    ...(isListed ? list(whole) : []),
    ...(isListed && incremental ? list(windowed(whole, { end: 0 }), incremental) : []),
    ...(job ? jobDeviations(ask, job, madeBy(job, whole)) : []),
  ];
  return [...new Set(found)].sort();
}

/** The request that tells good credentials, and the one that tells the vendor's time. */
export function connectionDeviations(
  connector: Connector,
  specifications: readonly Specification[],
): string[] {
  const requests = new Set([connector.validateCredentials, connector.clock ?? []].flat());
  return [...requests].flatMap((request) => {
    const [method = '', path = ''] = request.split(' ');
    const [plain = ''] = path.split('?');
    return find(specifications, method, pathOf(connector.baseUrl) + plain) ? [] : [missing(method, plain)];
  });
}

/** What `look` finds in the operation, or that there is none. */
type Ask = (method: string, path: string, look: (operation: Operation) => string[]) => string[];

function listDeviations(
  ask: Ask,
  entity: Entity,
  incremental: Incremental | undefined,
  discovered: boolean,
): string[] {
  const { method = 'GET', path, pagination } = entity;
  const [[hole, values] = ['', ['']]] = Object.entries(entity.each ?? {});
  // The window of a list that begins with a token goes into the request for that.
  const begin = typeof pagination === 'object' && 'begin' in pagination ? pagination.begin : undefined;
  const first = begin
    ? ask('GET', begin.path, (operation) => [
        ...unknown(incremental ? boundNames(incremental) : [], operation),
        ...lacking(operation.answer, begin.at),
      ])
    : [];
  const lists = values.flatMap((value) =>
    ask(method, path.replace(`{${hole}}`, value), (operation) => [
      ...requestDeviations(entity, operation, begin ? undefined : incremental),
      ...answerDeviations(entity, operation, discovered),
    ]),
  );
  return [...first, ...lists];
}

/** The request that makes a job, those that ask after it, and that for its results. */
function jobDeviations(ask: Ask, { id, status, results }: Job, made: Entity): string[] {
  const { start, at, message } = status;
  const { pagination } = results;
  const pages = pagination?.kind === 'byteRanges' ? [] : pageParametersOf(pagination);
  return [
    ...ask(made.method ?? 'GET', made.path, (operation) => [
      ...requestDeviations(made, operation, made.incremental),
      ...lacking(operation.answer, id),
    ]),
    ...ask('GET', status.path, ({ answer }) => [
      ...lacking(answer, at),
      ...(message ? lacking(answer, message) : []),
    ]),
    ...(start ? ask('POST', start.path, () => []) : []),
    ...ask('GET', results.path, (operation) =>
      unknown([...Object.keys(results.query ?? {}), ...pages], operation),
    ),
  ];
}

function missing(method: string, path: string): string {
  return `there is no ${method} ${path}`;
}

function unknown(parameters: readonly string[], operation: Operation): string[] {
  return parameters
    .filter((name) => !isDeclared(name, operation))
    .map((name) => `there is no parameter ${name}`);
}

function lacking(answer: unknown, path: string): string[] {
  return leadsSomewhere(answer, path) ? [] : [`the answer has no ${path}`];
}

function find(specifications: readonly Specification[], method: string, path: string): Operation | undefined {
  for (const specification of specifications) {
    const found = specification.find(method, path);
    if (found) return found;
  }
  return undefined;
}

/** The path of an address, whose host may be a setting: `{instanceUrl}`. */
function pathOf(baseUrl: string): string {
  return baseUrl.replace(/^(https?:\/\/[^/]*|\{[^{}]*\})/, '');
}

function requestDeviations(
  entity: Entity,
  operation: Operation,
  incremental: Incremental | undefined,
): string[] {
  const sent = parametersOf(entity, incremental);
  const inBody = parametersInBody(entity);
  const query = [...Object.keys(entity.query ?? {}), ...(inBody ? [] : sent)];
  const body = [...pathsIn(entity.body ?? {}), ...(inBody ? sent : [])];
  const set = Object.values(entity.parameters ?? {}).flatMap(({ filters }) => Object.values(filters ?? {}));
  const known = [...query, ...set.flatMap(namesOf)];
  return [
    ...unknown(query, operation),
    ...body
      .filter((path) => !leadsSomewhere(operation.body, path))
      .map((path) => `the body has no member ${path}`),
    ...operation.required
      .filter((name) => !known.includes(name))
      .map((name) => `the parameter ${name} is required`),
  ];
}

/** Names of all parameters that a request may carry, beside those that it always does. */
function parametersOf(entity: Entity, incremental: Incremental | undefined): string[] {
  const { fields, parameters, pagination, search } = entity;
  const all: Field[] = [...Object.values(fields), ...Object.values(parameters ?? {})];
  const filters = all.flatMap((field) => Object.values(field.filters ?? {}));
  return [
    ...filters.flatMap(namesOf),
    ...(incremental ? boundNames(incremental) : []),
    ...pageParametersOf(pagination),
    ...(search ? [search.param] : []),
    ...Object.keys(projectionOf(entity)),
  ];
}

function namesOf(filter: FilterParameter): string[] {
  if (typeof filter === 'string') return [filter];
  if (filter === true) return [];
  return 'from' in filter ? [filter.from, filter.to] : filter.param === undefined ? [] : [filter.param];
}

function boundNames({ from, to, reach }: Incremental): string[] {
  return [from, to, reach?.from, reach?.to].flatMap(boundNameOf);
}

function boundNameOf(bound: WindowBound<string> | undefined): string[] {
  if (typeof bound === 'string') return [bound];
  return bound === undefined || bound === true || bound.param === undefined ? [] : [bound.param];
}

function pageParametersOf(pagination: Pagination | 'onePage' | undefined): string[] {
  if (pagination === undefined || pagination === 'onePage') return [];
  const { size } = pagination;
  const isHeader = 'sizeIn' in pagination && pagination.sizeIn === 'prefer';
  const sizes = typeof size === 'number' || isHeader ? [] : Object.keys(size ?? {});
  return 'param' in pagination && pagination.param !== undefined ? [...sizes, pagination.param] : sizes;
}

/** `created[gte]` is a member of the parameter `created`, `expand[]` an item of `expand`. */
function isDeclared(name: string, { query }: Operation): boolean {
  if (query.has(name)) return true;
  const [, outer = '', inner = ''] = /^([^[]+)\[([^\]]*)\]$/.exec(name) ?? [];
  if (inner === '') return query.has(outer);
  return query.has(outer) && leadsSomewhere(sampleOf(query.get(outer)), inner);
}

function answerDeviations(entity: Entity, { answer }: Operation, discovered: boolean): string[] {
  if (answer === undefined) return ['nothing is said of the answer'];
  const paging = answerPathsOf(entity.pagination).flatMap((path) => lacking(answer, path));
  const found = recordOf(entity, answer);
  if ('deviation' in found) return [...paging, found.deviation];
  if (discovered) return paging;
  const { record } = found;
  const read = Object.entries(entity.fields).filter(([, { hole }]) => hole === undefined);
  const fields = read.flatMap(([name, { at = name }]) =>
    leadsSomewhere(record, at) ? [] : [`there is no field ${at === name ? name : `${name} (${at})`}`],
  );
  const others = [
    entity.skipIf?.present,
    typeof entity.pagination === 'object' && entity.pagination.kind === 'lastRecord'
      ? entity.pagination.field
      : undefined,
  ].flatMap((path) =>
    path === undefined || leadsSomewhere(record, path) ? [] : [`records have no ${path}`],
  );
  return [...paging, ...fields, ...others];
}

/** A record with all that the vendor's may have. */
function recordOf(
  entity: Entity,
  answer: unknown,
): { readonly record: unknown } | { readonly deviation: string } {
  const { records, decode } = entity;
  // Lines of JSON are a text to most specifications.
  if (typeof answer === 'string') return { deviation: 'nothing is said of the records' };
  // What is decoded, line by line or otherwise, is described as one record.
  const given = decode && !Array.isArray(answer) ? [answer] : answer;
  const list =
    typeof records === 'function'
      ? records(given, askedOf(entity))
      : records === undefined
        ? given
        : compileFieldPath(records)(given);
  if (!Array.isArray(list) || list.length === 0) {
    return { deviation: `there is no list of records${typeof records === 'string' ? ` at ${records}` : ''}` };
  }
  return { record: list[0] };
}

/** What the answer answers to, as far as the declaration alone tells. */
function askedOf(entity: Entity): Asked {
  return { ...entity.query, ...entity.body, ...projectionOf(entity) };
}

/** Asks for one field at a time, since vendors limit how many one may ask for, and puts what comes of it together. */
function projectionOf({ projection, fields }: Entity): Record<string, Json> {
  const all: Record<string, Json> = {};
  for (const [name, { at = name }] of Object.entries(fields)) {
    for (const [key, value] of Object.entries(projection?.([at]) ?? {})) {
      const before = all[key];
      all[key] = isList(before) && isList(value) ? [...new Set([...before, ...value])] : value;
    }
  }
  return all;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Paths of the answer that tell where the next page is. */
function answerPathsOf(pagination: Pagination | 'onePage' | undefined): string[] {
  if (pagination === undefined || pagination === 'onePage') return [];
  const places = [
    'at' in pagination ? pagination.at : undefined,
    'more' in pagination ? pagination.more : undefined,
    'end' in pagination ? pagination.end : undefined,
    'total' in pagination ? pagination.total : undefined,
    'pages' in pagination ? pagination.pages : undefined,
  ];
  return places.filter((place) => typeof place === 'string');
}

function leadsSomewhere(value: unknown, path: string): boolean {
  const leads = (steps: readonly string[]) => compileFieldPath(steps.join('.'))(value) !== undefined;
  const steps = path.split('.');
  return leads(steps) || steps.some((_, index) => leads(steps.with(index, anyText)));
}

/** `paging.after` for each member of a body. */
function pathsIn(body: object): string[] {
  return Object.entries(body).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? pathsIn(value).map((path) => `${name}.${path}`)
      : [name],
  );
}
