import { compileFieldPath } from '../../core/connector/field-path.ts';
import type { Pagination } from '../../core/connector/pagination.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Answer } from './vendor-client.ts';

/** Where the next page of one list begins: plain data. */
export type NextPage = { readonly url: string } | { readonly after: string | number };

/**
 * @param url the address of the page just read
 * @param records the vendor's records on it
 * @returns `undefined` on the last page
 * @throws ConnectorProtocol if the answer lacks what the pagination needs
 */
export function nextPage(
  pagination: Pagination | undefined,
  { headers, json }: Answer,
  records: readonly object[],
  url: URL,
  at: string,
): NextPage | undefined {
  if (!pagination) return undefined;
  switch (pagination.kind) {
    case 'linkHeader': {
      const link = nextLink(headers.link ?? '');
      return link === undefined ? undefined : { url: new URL(link, url).href };
    }
    case 'lastRecord': {
      const more = compileFieldPath(pagination.more)(json);
      if (typeof more !== 'boolean') {
        throw new TributaryError('ConnectorProtocol', `the answer has no boolean at '${pagination.more}'`, {
          at,
        });
      }
      if (!more) return undefined;
      const after = compileFieldPath(pagination.field)(records.at(-1));
      if (typeof after !== 'string' && typeof after !== 'number') {
        throw new TributaryError(
          'ConnectorProtocol',
          'there are more pages, but no last record to ask from',
          {
            at,
            expected: `a record with '${pagination.field}'`,
          },
        );
      }
      return { after };
    }
  }
}

/** The target of rel="next" in a Link header (RFC 8288). */
function nextLink(header: string): string | undefined {
  for (const [, target, parameters = ''] of header.matchAll(/<([^>]*)>((?:\s*;[^,;"]*(?:"[^"]*")?)*)/g)) {
    for (const [, name, quoted, token] of parameters.matchAll(
      /;\s*([^\s=]+)\s*=\s*(?:"([^"]*)"|([^\s;"]*))/g,
    )) {
      if (name?.toLowerCase() !== 'rel') continue;
      if ((quoted ?? token ?? '').toLowerCase().split(/\s+/).includes('next')) return target;
    }
  }
  return undefined;
}
