import { compileFieldPath } from '../../core/connector/field-path.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Row } from '../../core/records.ts';
import type { Page, PageToken, SourcePorts, SourceRequest, SourceSession, Split } from '../../core/source.ts';
import type { EntityList, Parent } from './entity-list.ts';
import { orderOf } from './list-order.ts';
import { type NextPage, nextPage } from './next-page.ts';
import { compileRow } from './read-records.ts';
import { type Answer, checkOrigin } from './vendor-client.ts';

/** Reads an entity's list page by page; of a child entity, the lists of the split's parents one after the other. */
export function sessionOf(
  list: EntityList,
  request: SourceRequest,
  split: Split,
  { log }: SourcePorts,
): SourceSession {
  const { entity, pagination, at, client } = list;
  const rowOf = compileRow(entity, request.fields, at);
  const skipped = entity.skipIf && compileFieldPath(entity.skipIf.present);
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
