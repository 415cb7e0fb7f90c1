import type { Connector, Entity } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import { TributaryError } from '../../core/errors.ts';
import type { SourcePorts, SourceRequest, Split } from '../../core/source.ts';
import {
  type DeclaredSourceOptions,
  type EntityList,
  listOf,
  type NamedEntity,
  type Transfer,
} from './entity-list.ts';

/** AppFlow's words: of Salesforce, and of custom connectors. */
const words: Readonly<Record<string, Transfer>> = {
  REST_SYNC: 'list',
  SYNC: 'list',
  BULKV2: 'job',
  ASYNC: 'job',
};

/**
 * How a run reads an entity: what the flow's `dataTransferApi` says, else what the entity declares, which may take a request
 * that counts. Without reading the list (`fieldsOnly`) nothing is counted.
 *
 * @throws InvalidArgument if the entity cannot be read as the flow says
 */
export async function transferOf(
  connector: Connector,
  named: NamedEntity,
  request: SourceRequest,
  ports: SourcePorts,
  options: DeclaredSourceOptions,
): Promise<Transfer> {
  const { job } = named.entity;
  const asked = askedOf(request);
  const wanted = words[asked];
  const can: readonly Transfer[] = !job ? ['list'] : job.create ? ['list', 'job'] : ['job'];
  const [only = 'list', other] = can;
  if (wanted && !can.includes(wanted)) {
    throw new TributaryError('InvalidArgument', 'the entity cannot be read in this way', {
      at: `${connector.label}.${named.name}`,
      got: `dataTransferApi ${asked}`,
      expected: Object.keys(words)
        .filter((word) => words[word] === only)
        .join(' or '),
      fix: 'mend dataTransferApi, or leave it out',
    });
  }
  if (wanted) return wanted;
  if (!other) return only;
  const { automatic } = job ?? {};
  // A few records are soon listed, and a job may take minutes.
  if (!automatic || request.fieldsOnly || request.limit !== undefined) return 'list';
  const list = listOf(connector, named, request, ports, options);
  try {
    const counts = { parent: {}, window: list.slices[0], counts: true } as const;
    const { json } = await list.client.send(list.requestOf(counts, 1));
    const count = compileFieldPath(automatic.count)(json);
    if (typeof count !== 'number') {
      throw new TributaryError('ConnectorProtocol', `the answer has no count at '${automatic.count}'`, {
        at: list.at,
      });
    }
    ports.log.info('records counted', { at: list.at, count });
    return count >= automatic.from ? 'job' : 'list';
  } catch (error) {
    // So many that not even counting them comes to an end.
    if (error instanceof TributaryError && error.code === 'RequestTimeout') return 'job';
    throw error;
  }
}

/**
 * Whether a list may turn out to be read by a job when it is opened: only then the fields are known that its address names.
 */
export function mayTurn({ job }: Entity, request: SourceRequest): boolean {
  return job?.automatic?.longestAddress !== undefined && words[askedOf(request)] === undefined;
}

/** How a split is read: as its run began, but by a job where the list's address is too long. The same each time it is opened. */
export function transferAt(
  entity: Entity,
  request: SourceRequest,
  split: Split,
  listed: () => EntityList,
): Transfer {
  if (split.transfer === 'job') return 'job';
  if (!mayTurn(entity, request)) return 'list';
  const list = listed();
  const { length } = list.requestOf({ parent: {}, window: list.slices[0] }).url.href;
  return length > (entity.job?.automatic?.longestAddress ?? Number.POSITIVE_INFINITY) ? 'job' : 'list';
}

function askedOf({ properties: { dataTransferApi } }: SourceRequest): string {
  if (typeof dataTransferApi === 'string') return dataTransferApi;
  const type = (dataTransferApi as { readonly Type?: unknown } | null | undefined)?.Type;
  return typeof type === 'string' ? type : 'AUTOMATIC';
}
