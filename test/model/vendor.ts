/** A vendor whose records change while they are read: what it answers follows from a list of changes and from the time alone. */

import {
  apiKey,
  type Connector,
  cursor,
  dateTime,
  defineConnector,
  entity,
  type Http,
  type HttpRequest,
  type HttpResponse,
  long,
  nextLink,
  offset,
  pageNumber,
  string,
  TributaryError,
} from '#core';
import type { FakeClock } from '../support/memory-home.ts';

export interface Change {
  /** Seconds from the beginning. */
  readonly at: number;
  readonly key: string;
  readonly kind: 'write' | 'delete';
  /** Seconds from the change until lists show it. */
  readonly late: number;
}

/**
 * How the vendor lists, and what a connector may declare of it. Numbered pages of a list that records leave would lose some:
 * those vendors keep what they have. Behind a link there is what has changed since the link was given; a later link that is
 * used confirms what came before it, and the earlier ones are gone.
 */
export const lists = {
  'by id, behind a token': { order: 'id', pages: 'token', loses: true },
  'by id, by offset': { order: 'id', pages: 'offset', loses: false },
  'oldest first, by page': { order: 'oldest', pages: 'page', loses: true },
  'newest first, behind a token': { order: 'newest', pages: 'token', loses: true },
  'newest first, by offset': { order: 'newest', pages: 'offset', loses: false },
  'changes, behind a link': { order: 'id', pages: 'link', loses: true },
} as const;
export type ListName = keyof typeof lists;

export interface VendorTraits {
  readonly list: ListName;
  readonly pageSize: number;
  /** Seconds that it takes to answer: the longer, the more happens between two pages. */
  readonly delay: number;
  /** Seconds that the vendor's clock is ahead of ours. */
  readonly skew: number;
  /** Whether `since` is compared in whole seconds. */
  readonly coarse: boolean;
  /** Declared: how long a change may be missing from lists. */
  readonly settleSeconds: number;
}

/** What goes wrong at the n-th request from now on. */
export interface Fault {
  readonly request: number;
  readonly kind: 'error' | 'slow down' | 'reset' | 'truncated' | 'twice refused';
}

export interface Vendor extends Pick<Http, 'send'> {
  readonly versions: readonly Version[];
  fault: Fault | 'down' | undefined;
}

export interface Version {
  readonly key: string;
  readonly version: number;
  /** By the vendor's clock, epoch milliseconds. */
  readonly stamp: number;
  readonly late: number;
  readonly kind: Change['kind'];
  /** By ours. */
  readonly visible: number;
}

/** Versions count over all records, in the order of the changes; two changes of one second have one stamp. */
export function versionsOf(changes: readonly Change[], begin: number, skew: number): Version[] {
  return [...changes]
    .sort((a, b) => a.at - b.at)
    .map(({ at, key, kind, late }, version) => ({
      key,
      kind,
      late,
      version,
      stamp: begin + (at + skew) * 1000,
      visible: begin + (at + late) * 1000,
    }));
}

export function vendor(
  { list, pageSize, delay, skew }: VendorTraits,
  versions: readonly Version[],
  clock: FakeClock,
): Vendor {
  const { order, pages } = lists[list];
  const self: Vendor = { versions, fault: undefined, send };

  /** What lists show now. */
  function shown(at = clock.now()): Version[] {
    const last = new Map<string, Version>();
    for (const one of versions) if (one.visible <= at) last.set(one.key, one);
    return [...last.values()].filter(({ kind }) => kind === 'write').sort(compare);
  }

  function compare(a: Version, b: Version): number {
    const byKey = a.key < b.key ? -1 : Number(a.key > b.key);
    if (order === 'id') return byKey;
    return (order === 'oldest' ? a.stamp - b.stamp : b.stamp - a.stamp) || byKey;
  }

  /** Epoch milliseconds of the latest link that was used. */
  let confirmed = 0;

  async function send({ url, headers: { prefer } }: HttpRequest): Promise<HttpResponse> {
    // Between two requests the world goes on.
    clock.advance(delay * 1000);
    const { searchParams: asked } = new URL(url);
    if (pages === 'link') return sendChanges(asked, prefer !== undefined);
    const since = Date.parse(asked.get('since') ?? '') || Number.NEGATIVE_INFINITY;
    const size = Number(asked.get('size') ?? pageSize);
    const all = shown().filter(({ stamp }) => stamp >= since);
    const from =
      pages === 'token'
        ? placeBehind(all, asked.get('after'))
        : pages === 'page'
          ? (Number(asked.get('page') ?? 1) - 1) * size
          : Number(asked.get('offset') ?? 0);
    const page = all.slice(from, from + size);
    const lastOne = page.at(-1);
    const next = pages === 'token' && lastOne && from + size < all.length;
    return answer(page, next ? { next: tokenOf(lastOne) } : {});
  }

  /** All that is there, or what has changed since the link was given: the state of the moment at which the first page was asked for. */
  function sendChanges(asked: URLSearchParams, isTracked: boolean): HttpResponse {
    const since = Number(asked.get('deltatoken') ?? asked.get('from') ?? 0);
    if (since > 0 && since < confirmed) return { status: 404, headers: {}, body: Buffer.from('{}') };
    const until = Number(asked.get('until') ?? clock.now());
    const skip = Number(asked.get('skip') ?? 0);
    const before = new Set(shown(since));
    const all = shown(until).filter((one) => !before.has(one));
    const behind = skip + pageSize;
    const more =
      behind < all.length
        ? { next: linkOf({ from: since, until, skip: behind }) }
        : isTracked && { delta: linkOf({ deltatoken: until }) };
    const answered = answer(all.slice(skip, behind), more || {});
    if (answered.status === 200) confirmed = Math.max(confirmed, since);
    return answered;
  }

  function answer(page: readonly Version[], more: object): HttpResponse {
    const body = JSON.stringify({
      records: page.map(({ key, version, stamp }) => ({
        id: key,
        version,
        updated_at: new Date(stamp).toISOString(),
      })),
      ...more,
    });
    const headers = { date: new Date(clock.now() + skew * 1000).toUTCString() };
    return failing(body, headers) ?? { status: 200, headers, body: Buffer.from(body) };
  }

  function failing(body: string, headers: Record<string, string>): HttpResponse | undefined {
    const { fault } = self;
    if (fault === undefined) return undefined;
    const refusal = (status: number, more = {}) => ({
      status,
      headers: { ...headers, ...more },
      body: Buffer.from('{}'),
    });
    if (fault === 'down') return refusal(500);
    self.fault = { ...fault, request: fault.request - 1 };
    if (fault.request > 0) return undefined;
    self.fault = fault.kind === 'twice refused' ? { kind: 'error', request: 0 } : undefined;
    switch (fault.kind) {
      case 'error':
      case 'twice refused':
        return refusal(503);
      case 'slow down':
        return refusal(429, { 'retry-after': '45' });
      case 'reset':
        throw new TributaryError('ServerError', 'the connection was reset');
      case 'truncated':
        return { status: 200, headers, body: Buffer.from(body.slice(0, -3)) };
    }
  }

  return self;

  /** The place of a token does not move with the list: it names where in the order to go on. */
  function placeBehind(all: readonly Version[], token: string | null): number {
    if (token === null) return 0;
    const [stamp, key = ''] = token.split(' ');
    const behind = all.findIndex((one) => compare(one, { ...one, stamp: Number(stamp), key }) > 0);
    return behind < 0 ? all.length : behind;
  }
}

const tokenOf = ({ stamp, key }: Version) => `${stamp} ${key}`;

const linkOf = (parameters: Readonly<Record<string, number>>) =>
  `/records?${Object.entries(parameters)
    .map((parameter) => parameter.join('='))
    .join('&')}`;

export function connectorOf({ list, pageSize, coarse, settleSeconds }: VendorTraits): Connector {
  const { order, pages } = lists[list];
  const since = coarse ? { param: 'since', format: 'iso8601Seconds' as const } : 'since';
  const pagination = {
    token: cursor({ at: 'next', param: 'after' }),
    offset: offset({ param: 'offset', size: { size: pageSize } }),
    page: pageNumber({ param: 'page', size: { size: pageSize } }),
    link: nextLink({ at: 'next' }),
  }[pages];
  return defineConnector({
    label: 'Vendor',
    docs: 'https://vendor.example',
    apiVersion: '1',
    baseUrl: 'https://vendor.example',
    hosts: ['vendor.example'],
    auth: [apiKey({ label: 'Key', scheme: 'Bearer' })],
    validateCredentials: 'GET /me',
    settleSeconds,
    entities: {
      records: entity({
        docs: 'https://vendor.example/records',
        path: '/records',
        records: 'records',
        pagination,
        primaryKey: ['id'],
        // Lists that may show a record twice; one behind a token in the order of ids shows each once, and so do links.
        ...(order === 'id' && pages !== 'offset' ? {} : { mayRepeat: true as const }),
        ...(pages === 'link'
          ? { changes: { prefer: 'track-changes', at: 'delta', marker: 'deltatoken=' } }
          : {
              incremental: {
                field: 'updated_at',
                ...(order === 'newest' ? { order: 'newestFirst' as const } : { from: since }),
                ...(order === 'oldest' ? { order: 'oldestFirst' as const } : {}),
              },
            }),
        fields: {
          id: string(),
          version: long(),
          updated_at: dateTime(),
        },
      }),
    },
  });
}
