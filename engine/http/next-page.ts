import { isDeepStrictEqual } from 'node:util';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import { type AnswerPlace, type Pagination, pageSizeOf } from '../../core/connector/pagination.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Answer } from './vendor-client.ts';

/** Where the next page of one list begins: plain data. */
export type NextPage =
  | { readonly url: string }
  | {
      readonly after: string | number;
      readonly session?: string | number;
      /** Key of the record that the page begins with, if the list has lost none. */
      readonly last?: readonly string[];
      /** Records in all of the list, as the page before told. */
      readonly total?: number;
      /** How often pages have been read again so far: a list that shrinks and grows comes by the same place twice. */
      readonly again?: number;
    }
  /** Values of the key that the page begins behind. */
  | { readonly key: readonly string[] };

/** The vendor's records on a page, of which only the first and the last are looked at. */
export interface ListedRecords {
  readonly length: number;
  at(index: 0 | -1): object | undefined;
}

/** The page just read. */
export interface PageRead {
  readonly answer: Answer;
  readonly records: ListedRecords;
  /** Its address. */
  readonly url: URL;
  /** Where it began. */
  readonly page?: NextPage | undefined;
  /** Records asked for; default the declared page size. */
  readonly size?: number | undefined;
  /** What the address of later changes contains, which is no page of this list. */
  readonly marker?: string | undefined;
  /** A record's key. */
  readonly keyOf: (record: object) => readonly string[];
  readonly at: string;
}

/** Pages of one list that are read again: a vendor without any order of its records would never end. */
const mostAgain = 1_000;

/**
 * The page to be read again, of a list that has lost records since the page before: what stood behind that page may stand on it
 * now, or on one before it.
 *
 * @returns `undefined` if nothing moved, or nobody can tell
 * @throws ConnectorProtocol if the answer has no count, or there is no end to it
 */
export function pageAgain(
  pagination: Pagination | undefined,
  { answer, records, page, size: asked = Number.POSITIVE_INFINITY, keyOf, at }: PageRead,
): NextPage | undefined {
  if (!page || !('after' in page)) return undefined;
  const again = (page.again ?? 0) + 1;
  if (again > mostAgain) {
    throw new TributaryError('ConnectorProtocol', 'the list changes faster than it can be read', {
      at,
      got: `${mostAgain} pages that had to be read again`,
    });
  }
  if (pagination?.kind === 'offset' && page.last !== undefined) {
    const { first = 0 } = pagination;
    const found = records.at(0);
    const isWhole = found !== undefined && isDeepStrictEqual(keyOf(found), page.last);
    const after = Math.max(first, numberOf(pagination, page) - stepOf(pagination, asked));
    return isWhole ? undefined : { after, again };
  }
  if (pagination?.kind !== 'page' || pagination.total === undefined) return undefined;
  const { first = 1 } = pagination;
  const size = Math.min(pageSizeOf(pagination) ?? 1, asked);
  const total = countAt(answer, pagination.total, at);
  const lost = (page.total ?? 0) - total;
  const number = numberOf(pagination, page);
  const back = Math.max(first, number - Math.ceil(lost / size));
  return lost > 0 && back < number ? { after: back, total, again } : undefined;
}

/**
 * @returns `undefined` on the last page
 * @throws ConnectorProtocol if the answer lacks what the pagination needs
 */
export function nextPage(pagination: Pagination | undefined, read: PageRead): NextPage | undefined {
  if (!pagination) return undefined;
  const { answer, records, url, page, keyOf, at } = read;
  const size = Math.min(pageSizeOf(pagination) ?? 1, read.size ?? Number.POSITIVE_INFINITY);
  switch (pagination.kind) {
    case 'linkHeader': {
      const link = nextLink(answer.headers.link ?? '');
      return link === undefined ? undefined : { url: new URL(link, url).href };
    }
    case 'nextLink': {
      if (pagination.end !== undefined && booleanAt(answer, pagination.end, at)) return undefined;
      const link = tokenAt(answer, pagination.at, at);
      const ends = link === undefined || (read.marker !== undefined && String(link).includes(read.marker));
      return ends ? undefined : { url: new URL(String(link), url).href };
    }
    case 'cursor': {
      if (pagination.more !== undefined && !booleanAt(answer, pagination.more, at)) return undefined;
      if (pagination.end !== undefined && booleanAt(answer, pagination.end, at)) return undefined;
      const token = tokenAt(answer, pagination.at, at);
      const after = token === pagination.none ? undefined : token;
      if (after === undefined && (pagination.more ?? pagination.end) !== undefined) {
        throw new TributaryError('ConnectorProtocol', 'there are more pages, but no token for them', { at });
      }
      return after === undefined ? undefined : { after };
    }
    case 'offset': {
      const { first = 0, total, overlap, mayBeShort } = pagination;
      const step = stepOf(pagination, size);
      const after = numberOf(pagination, page) + step;
      const all = total === undefined ? undefined : countAt(answer, total, at);
      const ends =
        all === undefined
          ? records.length === 0 || (!mayBeShort && records.length < size)
          : after - first >= all;
      if (ends || overlap === undefined || step === size) return ends ? undefined : { after };
      const again = page && 'after' in page ? page.again : undefined;
      const last = keyOf(records.at(-1) ?? {});
      return { after, last, ...(again !== undefined && { again }) };
    }
    case 'page': {
      const { first = 1, pages, total, fullAt, mayBeShort, session } = pagination;
      const number = numberOf(pagination, page);
      const again = page && 'after' in page ? page.again : undefined;
      const counted = {
        ...(total !== undefined && { total: countAt(answer, total, at) }),
        ...(again !== undefined && { again }),
      };
      const all = pages === undefined ? undefined : countAt(answer, pages, at);
      const full = fullAt === undefined ? size : countAt(answer, fullAt, at);
      const ends =
        all === undefined
          ? records.length === 0 || (!mayBeShort && records.length < full)
          : number - first + 1 >= all;
      if (ends) return undefined;
      if (!session) return { after: number + 1, ...counted };
      const token = tokenAt(answer, session.at, at);
      if (token !== undefined) return { after: number + 1, session: token, ...counted };
      throw new TributaryError('ConnectorProtocol', 'there are more pages, but no token for them', { at });
    }
    case 'lastRecord': {
      const { more, field } = pagination;
      const ends = more === undefined ? records.length < size : !booleanAt(answer, more, at);
      return ends ? undefined : { after: lastOf(records, field, at) };
    }
    case 'keyset': {
      const last = records.at(-1);
      const ends = pagination.mayBeShort ? !last : records.length < size;
      return ends || !last ? undefined : { key: keyOf(last) };
    }
  }
}

/** Of a page's first record, or of the page. */
export function numberOf(
  { kind, first = kind === 'page' ? 1 : 0 }: Extract<Pagination, { kind: 'offset' | 'page' }>,
  page: NextPage | undefined,
): number {
  return page && 'after' in page ? Number(page.after) : first;
}

/** Records from a page's beginning to the next one's. A page of one record, as previews ask for, overlaps with none. */
function stepOf(pagination: Extract<Pagination, { kind: 'offset' }>, asked: number): number {
  const size = Math.min(pageSizeOf(pagination) ?? 1, asked);
  return pagination.overlap === undefined || size === 1 ? size : size - 1;
}

function lastOf(records: ListedRecords, field: string, at: string): string | number {
  const after = compileFieldPath(field)(records.at(-1));
  if (typeof after === 'string' || typeof after === 'number') return after;
  if (typeof after === 'bigint') return String(after);
  throw new TributaryError('ConnectorProtocol', 'there are more pages, but no last record to ask from', {
    at,
    expected: `a record with '${field}'`,
  });
}

function valueAt({ headers, json }: Answer, place: AnswerPlace): unknown {
  return typeof place === 'string' ? compileFieldPath(place)(json) : headers[place.header];
}

function tokenAt(answer: Answer, place: AnswerPlace, at: string): string | number | undefined {
  const value = valueAt(answer, place);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return String(value);
  throw new TributaryError('ConnectorProtocol', `the answer has no page token ${nameOf(place)}`, {
    at,
    got: typeof value,
  });
}

export function countAt(answer: Answer, place: AnswerPlace, at: string): number {
  const value = valueAt(answer, place);
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof count === 'number') return count;
  throw new TributaryError('ConnectorProtocol', `the answer has no count ${nameOf(place)}`, { at });
}

function booleanAt(answer: Answer, path: string, at: string): boolean {
  const value = valueAt(answer, path);
  if (typeof value === 'boolean') return value;
  throw new TributaryError('ConnectorProtocol', `the answer has no boolean at '${path}'`, { at });
}

function nameOf(place: AnswerPlace): string {
  return typeof place === 'string' ? `at '${place}'` : `in the header ${place.header}`;
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
