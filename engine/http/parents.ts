import type { Connector } from '../../core/connector/connector.ts';
import { holesOf } from '../../core/connector/holes.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Value } from '../../core/records.ts';
import type { PageToken, SourcePorts, SourceRequest, Split } from '../../core/source.ts';
import { type DeclaredSourceOptions, entityOf, listOf, type Parent } from './entity-list.ts';
import { sessionOf } from './list-session.ts';

/** Lists of child records that one split reads, one after the other. */
const parentsPerSplit = 100;

/** One split, or one for every hundred records of the parent entity. */
export async function splitsOf(
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
  let token: PageToken | undefined;
  do {
    const page = await session.read(token);
    for (const row of page.rows) {
      const named = Object.fromEntries(holes.map((hole, index) => [hole, keyOf(row[index], hole, parentAt)]));
      found.set(JSON.stringify(named), named);
    }
    token = page.next;
  } while (token !== undefined);
  const parents = [...found.values()];
  const splits: Split[] = [];
  for (let from = 0; from < parents.length; from += parentsPerSplit) {
    splits.push({ parents: parents.slice(from, from + parentsPerSplit) });
  }
  return splits;
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
  const { incrementalField: _, limit: __, window, ...rest } = request;
  return { ...rest, filters: [], window: { end: window.end } };
}
