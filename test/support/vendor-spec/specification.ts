/** A vendor's own description of its API, OpenAPI 2 or 3, as far as a list request needs it. */

import $RefParser from '@apidevtools/json-schema-ref-parser';
import { sampleOf } from './sample.ts';

export interface Operation {
  /** Schemas of the query's parameters, by name. */
  readonly query: ReadonlyMap<string, unknown>;
  /** Those without which the vendor refuses. */
  readonly required: readonly string[];
  /** A body with all that it may have; `undefined`: it has none. */
  readonly body: unknown;
  /** An answer with all that it may have; `undefined`: nothing is said of it. */
  readonly answer: unknown;
}

export interface Specification {
  /** @param path of an address, with holes for what varies: `/repos/{owner}/{repo}/issues` */
  find(method: string, path: string): Operation | undefined;
}

type Members = Readonly<Record<string, unknown>>;

/** @param file JSON or YAML; references to files beside it are followed */
export async function readSpecification(file: string): Promise<Specification> {
  return specificationOf(members(await $RefParser.dereference(file, { resolve: { http: false } })));
}

/** @param document without references */
export function specificationOf(document: Members): Specification {
  const bases = basesOf(document);
  const paths = Object.entries(members(document.paths)).flatMap(([path, item]) =>
    bases.map((base) => ({ segments: segmentsOf(base + path), item: members(item) })),
  );
  return {
    find(method, path) {
      const wanted = segmentsOf(path);
      const verb = method.toLowerCase();
      const [best] = paths
        .filter(({ item, segments }) => item[verb] !== undefined && fits(segments, wanted))
        .sort((a, b) => literals(b.segments) - literals(a.segments));
      return best && operationOf(best.item, members(best.item[verb]));
    },
  };
}

/** Addresses begin with a server's path, or where it says none (or the connector has it in a setting) with none. */
function basesOf({ servers, basePath }: Members): string[] {
  const urls = list(servers).map((server) => String(members(server).url ?? ''));
  const found = [...urls.map((url) => url.replace(/^[^/]*\/\/[^/]*/, '')), String(basePath ?? ''), ''];
  return [...new Set(found.map((base) => base.replace(/\/$/, '')))];
}

const hole = '{}';

function segmentsOf(path: string): string[] {
  return path
    .split('/')
    .filter(Boolean)
    .map((segment) => segment.replaceAll(/\{[^{}]*\}/g, hole));
}

/** A value may stand where the vendor's path has a hole; the reverse would be a guess. */
function fits(segments: readonly string[], wanted: readonly string[]): boolean {
  return (
    segments.length === wanted.length &&
    segments.every((segment, index) => segment === hole || segment === wanted[index])
  );
}

function literals(segments: readonly string[]): number {
  return segments.filter((segment) => segment !== hole).length;
}

function operationOf(item: Members, operation: Members): Operation {
  const parameters = [...list(item.parameters), ...list(operation.parameters)].map(members);
  const inQuery = parameters.filter((parameter) => parameter.in === 'query');
  return {
    // In OpenAPI 2 the parameter itself is the schema.
    query: new Map(inQuery.map((one) => [String(one.name), one.schema ?? one])),
    required: inQuery.filter((one) => one.required === true).map((one) => String(one.name)),
    body: bodyOf(members(operation.requestBody), parameters),
    answer: answerOf(members(operation.responses)),
  };
}

function bodyOf(requestBody: Members, parameters: readonly Members[]): unknown {
  const schemas = Object.values(members(requestBody.content)).map((media) => members(media).schema);
  // OpenAPI 2: one parameter that is the body, or one for each member of a form.
  const bodies = parameters.filter((one) => one.in === 'body').map((one) => one.schema);
  const form = parameters.filter((one) => one.in === 'formData');
  if (form.length > 0) bodies.push({ properties: Object.fromEntries(form.map((one) => [one.name, one])) });
  const all = [...schemas, ...bodies].filter((schema) => schema !== undefined);
  return all.length > 0 ? sampleOf(...all) : undefined;
}

function answerOf(responses: Members): unknown {
  const status = Object.keys(responses).find((one) => /^2(\d\d|XX)$/.test(one)) ?? 'default';
  const response = members(responses[status]);
  const contents = Object.entries(members(response.content));
  const isJson = ([type]: [string, unknown]) => /json|^\*\/\*$/.test(type);
  const [, media] = contents.find(isJson) ?? contents[0] ?? [];
  const schema = members(media).schema ?? response.schema;
  return schema === undefined ? undefined : sampleOf(schema);
}

function members(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
