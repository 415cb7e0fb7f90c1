import { pageSizeOf } from '../../core/connector/pagination.ts';
import { TributaryError } from '../../core/errors.ts';
import type { SourceRequest, Split } from '../../core/source.ts';
import type { EntityList } from './entity-list.ts';
import { type KeyRange, keyReader } from './key-order.ts';
import { countAt } from './next-page.ts';
import type { VendorRequest } from './vendor-client.ts';

/**
 * Splits of one list for as many processes as the flow's `parallelismConfig` names, and as there are full pages: ranges of
 * the list's key.
 *
 * Ranges of positions would be simpler, but what is added or deleted while they are read moves all positions behind it, and
 * records would be passed over or read twice. A range of the key holds the same records wherever they stand: each is read
 * once, and those that come or go meanwhile concern nobody else.
 *
 * Each bound is asked for relative to the one before, so that bounds rise in the vendor's own order, which we need not know.
 *
 * @throws InvalidArgument if the list cannot be cut
 */
export async function keyRanges(list: EntityList, request: SourceRequest): Promise<Split[]> {
  const { maxParallelism = 1 } = (request.properties.parallelismConfig ?? {}) as {
    readonly maxParallelism?: number;
  };
  if (maxParallelism === 1 || request.limit !== undefined) return [{}];
  const { pagination, entity, client, at } = list;
  if (pagination?.kind !== 'keyset' || !pagination.ranges || list.slices.length > 1) {
    throw new TributaryError('InvalidArgument', 'this entity cannot be read by several processes', {
      at,
      got: `parallelismConfig.maxParallelism ${maxParallelism}`,
      fix: 'remove parallelismConfig',
    });
  }
  const { count, skip } = pagination.ranges;
  const keyOf = keyReader(entity, pagination, at);
  const questionOf = (parameters: Readonly<Record<string, string>>, range: KeyRange = {}) =>
    withQuery(list.requestOf({ parent: {}, window: list.slices[0], range }, 1), parameters);

  const records = countAt(await client.send(questionOf(count.query)), count.at, at);
  const processes = Math.min(maxParallelism, Math.ceil(records / (pageSizeOf(pagination) ?? 1)));
  const step = Math.ceil(records / processes);
  const bounds: (readonly string[])[] = [];
  while (bounds.length < processes - 1) {
    const from = bounds.at(-1);
    const question = questionOf({ [skip]: String(step) }, from && { from });
    const [record] = list.recordsOf(await client.send(question), question);
    if (!record) break;
    bounds.push(keyOf(record));
  }
  if (bounds.length === 0) return [{}];
  return [...bounds, undefined].map((to, index) => {
    const from = bounds[index - 1];
    return { range: { ...(from && { from }), ...(to && { to }) } };
  });
}

function withQuery(
  { url, ...question }: VendorRequest,
  parameters: Readonly<Record<string, string>>,
): VendorRequest {
  const asked = new URL(url);
  for (const [name, value] of Object.entries(parameters)) asked.searchParams.set(name, value);
  asked.search = asked.search.replaceAll('+', '%20');
  return { ...question, url: asked };
}
