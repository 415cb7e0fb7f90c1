import type { Connector, Entity } from '../../core/connector/connector.ts';
import { holesOf, textsIn } from '../../core/connector/holes.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Value } from '../../core/records.ts';
import type { PageToken, SourcePorts, SourceRequest, Split } from '../../core/source.ts';
import { type DeclaredSourceOptions, listOf, type NamedEntity } from './entity-list.ts';
import { keyRanges } from './key-ranges.ts';
import type { Parent } from './list-request.ts';
import { sessionOf } from './list-session.ts';

/** Lists that one split reads, one after the other. */
const listsPerSplit = 100;

/**
 * One split, or one for every hundred lists: a list for each record of the parent entity, or for each declared value. Of a
 * single list one for each range of its key, where the flow names a `parallelismConfig`.
 */
export async function splitsOf(
  connector: Connector,
  named: NamedEntity,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): Promise<Split[]> {
  const lists = await listsOf(connector, named.entity, request, ports, options);
  if (!lists) {
    return keyRanges(listOf(connector, named, { ...request, fields: [] }, ports, options), request);
  }
  const splits: Split[] = [];
  for (let from = 0; from < lists.length; from += listsPerSplit) {
    splits.push({ parents: lists.slice(from, from + listsPerSplit) });
  }
  return splits;
}

/** `undefined`: there is one list. */
async function listsOf(
  connector: Connector,
  entity: Entity,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): Promise<Parent[] | undefined> {
  const each = Object.entries(entity.each ?? {}).flatMap(([hole, values]) =>
    values.map((value): Parent => ({ [hole]: value })),
  );
  const parents =
    entity.parent === undefined ? undefined : await parentsOf(connector, entity, request, ports, options);
  if (!parents) return entity.each ? each : undefined;
  return entity.each ? parents.flatMap((parent) => each.map((one) => ({ ...parent, ...one }))) : parents;
}

/** What the records of the parent entity, and of its own parents, put into the holes of a child's path. */
async function parentsOf(
  connector: Connector,
  child: Entity,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): Promise<Parent[]> {
  const name = child.parent ?? '';
  const entity = connector.entities[name];
  if (!entity) return [];
  const holes = holesNaming(name, child);
  const parentRequest = {
    ...parentOf(request, name),
    fields: holes.map((hole) => hole.slice(name.length + 1)),
  };
  const list = listOf(connector, { name, entity }, parentRequest, ports, options);
  const above = await listsOf(connector, entity, request, ports, options);
  const session = sessionOf(list, parentRequest, above ? { parents: above } : {}, ports);
  // By content: a list that moves while it is read may show a record twice.
  const found = new Map<string, Parent>();
  let token: PageToken | undefined;
  do {
    const from = above?.[Number(token?.parent ?? 0)] ?? {};
    const page = await session.read(token);
    for (const row of page.rows) {
      const named = Object.fromEntries(holes.map((hole, index) => [hole, keyOf(row[index], hole, list.at)]));
      found.set(JSON.stringify([from, named]), { ...from, ...named });
    }
    token = page.next;
  } while (token !== undefined);
  return [...found.values()];
}

/** Holes of the child's request, and fields of its records, that name the parent. */
function holesNaming(parent: string, { path, query, body, fields }: Entity): string[] {
  const templates = [path, ...Object.values(query ?? {}), ...textsIn(body)];
  const named = [
    ...templates.flatMap(holesOf),
    ...Object.values(fields).flatMap(({ hole }) => (hole === undefined ? [] : [hole])),
  ];
  return [...new Set(named)].filter((hole) => hole.startsWith(`${parent}.`));
}

function keyOf(value: Value | undefined, hole: string, at: string): string {
  if (['string', 'number', 'bigint'].includes(typeof value)) return String(value);
  throw new TributaryError('ConnectorProtocol', 'a record cannot be asked for its children', {
    at,
    expected: `a number or text in '${hole}'`,
  });
}

/** The request for all of the parent's records: a child of an old parent can be new. */
export function parentOf(request: SourceRequest, parent: string): SourceRequest {
  return { ...allOf(request), properties: { ...request.properties, entityName: parent } };
}

export function allOf(request: SourceRequest): SourceRequest {
  const { incrementalField: _, limit: __, changes: ___, window, ...rest } = request;
  return { ...rest, filters: [], window: { end: window.end } };
}
