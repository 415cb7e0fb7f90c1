import type { ChangeTracking } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import type { JsonList, JsonListReader } from '../../core/decode/json-list.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Row } from '../../core/records.ts';
import type {
  Page,
  PageToken,
  PullWindow,
  SourcePorts,
  SourceRequest,
  SourceSession,
  Split,
} from '../../core/source.ts';
import type { EntityList } from './entity-list.ts';
import { type KeyRange, keyReader } from './key-order.ts';
import { orderOf } from './list-order.ts';
import type { Parent } from './list-request.ts';
import { type ListedRecords, type NextPage, nextPage, numberOf, pageAgain } from './next-page.ts';
import { compileRow } from './read-records.ts';
import { type Answer, checkOrigin } from './vendor-client.ts';
import { type WindowPart, windowParts } from './window-parts.ts';

/** A page's place in the split: which parent's list, which part of the window (asked anew since when), which page. */
interface Place extends WindowPart {
  readonly parent: number;
  readonly page?: NextPage;
}

/**
 * Reads an entity's list page by page; of a child entity, the lists of the split's parents one after the other.
 *
 * @param scan reads pages as bytes. Without it every page has its rows, and of every page all records are looked at
 */
export function sessionOf(
  list: EntityList,
  request: SourceRequest,
  split: Split,
  { log }: SourcePorts,
  scan?: JsonListReader,
): SourceSession {
  const { entity, pagination, at, client } = list;
  const parts = windowParts(list);
  const rowOf = compileRow(entity, request.fields, at);
  const skipped = entity.skipIf && compileFieldPath(entity.skipIf.present);
  const parents = (split.parents as readonly Parent[] | undefined) ?? [{}];
  const range = split.range as KeyRange | undefined;
  const keyOf = keyReader(entity, pagination, at);
  const tracking = list.tracksChanges ? entity.changes : undefined;
  const since = tracking && (request.changes?.since as { readonly url: string } | undefined);
  const order = orderOf(entity);
  // With a filter or skipped records, small pages would only mean more of them.
  const size = request.filters.length > 0 || skipped ? undefined : request.limit;
  /** Tokens of the chain being read: one that comes again would never end. */
  const seen = new Set<string>();
  let expected = '';
  /** Of the page before, where pages are asked for by number: a vendor that ignores the number never ends. */
  let previous: { readonly body: Uint8Array; readonly number: number } | undefined;

  async function read(token: PageToken | undefined): Promise<Page> {
    for (let place = placeOf(token, since); ; ) {
      try {
        return await readAt(place);
      } catch (error) {
        // From its first page on, whichever was refused: what repeats is written once.
        place = { parent: place.parent, ...parts.shorter(partOf(place), error) };
        log.info('the vendor gives less at a time', { at, ...partOf(place) });
      }
    }
  }

  async function readAt(place: Place): Promise<Page> {
    const key = JSON.stringify(place);
    if (key !== expected) seen.clear();
    seen.add(key);

    const parent = parents[place.parent] ?? {};
    const window = parts.windowOf(place);
    const page = place.page ?? (await begin(parent, window));
    const asked = list.requestOf({ parent, window, page, range }, size);
    if (place.page && 'url' in place.page) checkOrigin(asked.url, list.base.origin, at);
    const answer = await client.send(asked, scan).catch((error: unknown) => {
      const { status } = error instanceof TributaryError ? error.context : {};
      if (entity.absent?.some((absent) => absent === status)) return undefined;
      throw error;
    });
    const scanned = answer?.status === 204 ? undefined : answer?.list;
    const objects = answer && !scanned ? list.recordsOf(answer, asked) : [];
    const records: ListedRecords = scanned ?? objects;
    if ((pagination?.kind === 'offset' || pagination?.kind === 'page') && answer && records.length > 0) {
      const { body } = answer;
      const number = numberOf(pagination, place.page);
      if (previous && number !== previous.number && Buffer.compare(body, previous.body) === 0) {
        throw new TributaryError('ConnectorProtocol', 'the vendor gave the same page twice', { at });
      }
      previous = { body, number };
    }
    if (place.since !== undefined && order.repeats(records, place.since)) {
      throw new TributaryError('ConnectorProtocol', 'the vendor gave a page again that came before', {
        at,
        got: 'records from before the time that the page was asked for',
      });
    }
    const rows: Row[] = [];
    for (const record of objects) {
      if (skipped && !isNothing(skipped(record))) continue;
      rows.push(rowOf(record, parent));
    }
    const next = nextPlace(place, answer && within(place, answer, records, asked.url, window));
    expected = JSON.stringify(next ?? {});
    if (next && seen.has(expected)) {
      throw new TributaryError('ConnectorProtocol', 'the vendor gave the same page token twice', { at });
    }
    const bytes = answer?.body.length ?? 0;
    log.info('page fetched', { at, records: records.length, bytes });
    const told = {
      bytes,
      ...(next ? { next: next as unknown as PageToken } : {}),
      ...(tracking && answer && !next ? { resume: { url: changesAfter(answer, asked.url, tracking) } } : {}),
    };
    if (scanned) return scannedPage(told, scanned);
    return {
      ...told,
      rows,
      ...(rows.length < objects.length ? { skipped: objects.length - rows.length } : {}),
    };
  }

  /** The address of what changes from now on. */
  function changesAfter({ json }: Answer, url: URL, { at: place, marker }: ChangeTracking): string {
    const next = pagination?.kind === 'nextLink' ? compileFieldPath(pagination.at)(json) : undefined;
    const told = [compileFieldPath(place)(json), next].find(
      (link) => typeof link === 'string' && link.includes(marker),
    );
    if (told === undefined) {
      throw new TributaryError(
        'ConnectorProtocol',
        'the last page does not say where later changes are told',
        {
          at,
          expected: `an address at '${place}'`,
          fix: "end the vendor's earlier subscriptions for this entity, and run the flow again",
        },
      );
    }
    const address = new URL(String(told), url);
    checkOrigin(address, list.base.origin, at);
    return address.href;
  }

  /** The token that the first page of a list needs. */
  async function begin(parent: Parent, window: PullWindow | undefined): Promise<NextPage | undefined> {
    if (!list.begin || pagination?.kind !== 'cursor' || !pagination.begin) return undefined;
    const { json } = await client.send(list.begin({ parent, window }));
    const after = compileFieldPath(pagination.begin.at)(json);
    if (typeof after === 'string' && after !== '') return { after };
    throw new TributaryError(
      'ConnectorProtocol',
      `the answer has no page token at '${pagination.begin.at}'`,
      {
        at,
      },
    );
  }

  /** The next page of the same list; `undefined` at its end. */
  function within(
    place: Place,
    answer: Answer,
    records: ListedRecords,
    url: URL,
    window: PullWindow | undefined,
  ): Place | undefined {
    const { page, parent } = place;
    const part = partOf(place);
    const marker = entity.changes?.marker;
    const asked = { answer, records, url, page, size, marker, keyOf, at };
    // Before all that leads on: what has moved to a page before stands behind none of the next.
    const again = pageAgain(pagination, asked);
    if (again) return { parent, ...part, page: again };
    if (order.endsWith(records, window)) return undefined;
    const next = nextPage(pagination, asked);
    if (!next) return undefined;
    if ('url' in next) checkOrigin(new URL(next.url), list.base.origin, at);
    const anew = order.anew(records, window);
    return anew === undefined ? { parent, ...part, page: next } : { parent, ...part, since: anew };
  }

  function nextPlace(place: Place, next: Place | undefined): Place | undefined {
    if (next) return next;
    const { parent } = place;
    const part = parts.following(place);
    if (part) return { parent, ...part };
    return parent + 1 < parents.length ? { parent: parent + 1 } : undefined;
  }

  return { read, close: async () => {} };
}

function partOf({ parent: _, page: __, ...part }: Place): WindowPart {
  return part;
}

/** @param since where a pull of changes begins */
function placeOf(token: PageToken | undefined, since: NextPage | undefined): Place {
  return (token ?? { parent: 0, ...(since && { page: since }) }) as unknown as Place;
}

/** The rows are made for who asks for them. */
function scannedPage(page: Omit<Page, 'rows' | 'scanned'>, list: JsonList): Page {
  return {
    ...page,
    scanned: list.records,
    get rows() {
      return list.rows;
    },
  };
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}
