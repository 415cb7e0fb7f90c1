import { compileFieldPath } from '../../core/connector/field-path.ts';
import { csvFormat } from '../../core/decode/csv.ts';
import type { Prologue } from '../../core/decode/input-format.ts';
import { TributaryError } from '../../core/errors.ts';
import { type Row, wholeRecord } from '../../core/records.ts';
import type { Page, PageToken, SourcePorts, SourceRequest, SourceSession, Split } from '../../core/source.ts';
import type { EntityList } from './entity-list.ts';
import type { JobRequests } from './job-requests.ts';
import { keyReader } from './key-order.ts';
import { type Parent, pathsOf } from './list-request.ts';
import { type NextPage, nextPage } from './next-page.ts';
import { compileRow } from './read-records.ts';
import { type Answer, checkOrigin } from './vendor-client.ts';
import { type WindowPart, windowParts } from './window-parts.ts';

/** A place in the split: which parent's list, which part of the window, which job, and where in its results. */
interface Place extends WindowPart {
  readonly parent: number;
  /** The job's id; absent while there is none. */
  readonly job?: string;
  /** Of results that are pages. */
  readonly page?: NextPage;
  /** Of results that are one file: what has been read of it. */
  readonly file?: FilePlace;
}

interface FilePlace {
  /** Bytes. */
  readonly offset: number;
  /** Bytes before the first record. */
  readonly header: number;
  /** Of the next record, from 1. */
  readonly line: number;
}

const csv = csvFormat([wholeRecord]);
/** Seconds between the first looks at a job; a small one is soon done. */
const firstLooks = [2, 4, 8, 15];
const laterLooks = 60;

/**
 * Seconds until a job is looked at again.
 *
 * @param looks that this session has made; undefined for a job of an earlier session, which has had its short looks
 * @param everySeconds that the connector declares
 */
export function nextLookSeconds(looks: number | undefined, everySeconds: number | undefined): number {
  return everySeconds ?? (looks === undefined ? undefined : firstLooks[looks]) ?? laterLooks;
}

/**
 * Reads what a job of the vendor's prepares: makes the job, whose id the next token carries, then looks after it, then reads its
 * results. A job that is not done yet is a "slow down" that says when to look again. A run that was killed goes on with the
 * same job; only one that died between the vendor's answer and its first token makes another, and the first is never read.
 */
export function jobSession(
  list: EntityList & { readonly job: JobRequests },
  request: SourceRequest,
  split: Split,
  { log }: SourcePorts,
): SourceSession {
  const { entity, at, client, job } = list;
  const parts = windowParts(list);
  const { status, results, id: idPath } = job.declared;
  const idOf = firstAt(idPath);
  const stateOf = firstAt(status.at);
  const messageOf = firstAt(status.message ?? '');
  const rowOf = compileRow({ ...entity, textValues: true }, request.fields, at);
  const columns = pathsOf(entity, request.fields).map((path) => ({ path, valueAt: compileFieldPath(path) }));
  const skipped = entity.skipIf && compileFieldPath(entity.skipIf.present);
  const parents = (split.parents as readonly Parent[] | undefined) ?? [{}];
  const ranges = results.pagination?.kind === 'byteRanges' ? results.pagination : undefined;
  const pages = results.pagination?.kind === 'byteRanges' ? undefined : results.pagination;
  const keyOf = keyReader(list.entity, pages, at);
  /** Jobs that this session made, and how often it has looked at each. */
  const looks = new Map<string, number>();
  /** Places of the chain being read: one that comes again would never end. */
  const seen = new Set<string>();
  let expected = '';
  /** The job that is known to be done, and how its file is decoded. */
  let done: string | undefined;
  let prologue: Prologue | undefined;

  async function read(token: PageToken | undefined): Promise<Page> {
    const place = (token ?? { parent: 0 }) as unknown as Place;
    if (JSON.stringify(place) !== expected) seen.clear();
    if (place.job === undefined) return make(place);
    const { job: id } = place;
    const position = { parent: { ...parents[place.parent], job: id }, page: place.page };
    const isBegun = place.page !== undefined || place.file !== undefined;
    const page = async () => {
      if (!isBegun && done !== id) await look(id, position);
      return ranges ? readPart(place, position, ranges.size) : readPage(place, position);
    };
    return page().catch((error: unknown) => {
      if (!(error instanceof TributaryError && error.code === 'ResourceNotFoundError')) throw error;
      throw new TributaryError(error.code, `the job is gone: ${error.summary}`, {
        ...error.context,
        got: `job ${id}`,
        fix: 'run the flow again: it makes another job',
      });
    });
  }

  async function make(place: Place): Promise<Page> {
    const window = parts.windowOf(place);
    const parent = parents[place.parent] ?? {};
    const answer = await client.send(list.requestOf({ parent, window })).catch((error: unknown) => {
      const { parent: number, ...part } = place;
      return { shorter: { parent: number, ...parts.shorter(part, error) } };
    });
    if ('shorter' in answer) return make(answer.shorter);
    const id = idOf(answer.json);
    if (typeof id !== 'string' && typeof id !== 'number') {
      throw new TributaryError('ConnectorProtocol', `the answer has no id of a job at '${idPath}'`, { at });
    }
    looks.set(String(id), 0);
    log.info('job made', { at, job: String(id) });
    return {
      rows: [],
      bytes: answer.body.length,
      next: { ...place, job: String(id) } as unknown as PageToken,
    };
  }

  /** @throws RateLimitExceeded while the job is not done */
  async function look(id: string, position: { readonly parent: Parent }): Promise<void> {
    const { json } = await client.send(job.status(position));
    const state = String(stateOf(json));
    if (status.done.includes(state)) {
      done = id;
      return;
    }
    if (status.failed.includes(state)) {
      const said = status.message === undefined ? undefined : messageOf(json);
      throw new TributaryError(
        'ClientError',
        typeof said === 'string' && said !== ''
          ? `the vendor's job failed: "${said.slice(0, 200)}"`
          : "the vendor's job failed",
        { at, got: `job ${id} in state ${state}`, fix: 'mend what it names, and run the flow again' },
      );
    }
    const starts = status.start?.states.includes(state) ?? false;
    if (!starts && !status.running.includes(state)) {
      throw new TributaryError('ConnectorProtocol', 'the job is in a state that nobody knows', {
        at,
        got: `${state} (job ${id})`,
        expected: [...status.running, ...status.done, ...status.failed].join(', '),
      });
    }
    if (starts) await client.send(job.start(position));
    const count = looks.get(id);
    if (count !== undefined) looks.set(id, count + 1);
    const seconds = nextLookSeconds(count, status.everySeconds);
    log.info('the job is not done yet', { at, job: id, state, seconds });
    throw new TributaryError('RateLimitExceeded', "the vendor's job is not done yet", {
      at,
      got: `${state} (job ${id})`,
      retryAfterSeconds: seconds,
    });
  }

  /** A page of the results is a file of its own. */
  async function readPage(place: Place, position: { readonly parent: Parent; page: NextPage | undefined }) {
    const asked = job.results(position);
    if (place.page && 'url' in place.page) checkOrigin(asked.url, list.base.origin, at);
    const answer = await job.files.read(asked, (given) => whole(given, place.job));
    const records = answer.content;
    const page = nextPage(pages, { answer, records, url: asked.url, page: place.page, keyOf, at });
    if (page && 'url' in page) checkOrigin(new URL(page.url), list.base.origin, at);
    return pageOf(place, records, bytesOf(answer).length, page && { ...place, page });
  }

  /**
   * The records of a file of its own.
   *
   * @throws ServerError if they are not as many as the vendor tells, or the file breaks off within one: it is asked for again
   */
  function whole(answer: Answer, id: string | undefined): readonly Record<string, unknown>[] {
    const told = results.count === undefined ? undefined : answer.headers[results.count];
    const bytes = bytesOf(answer);
    try {
      const from = csv.begin(bytes, true, `${at} job ${id}`);
      const body = from ? bytes.subarray(from.used) : bytes;
      const { rows } = from?.decode(body, true, 1 + from.lines, Number.POSITIVE_INFINITY) ?? { rows: [] };
      const records = recordsOf(rows);
      if (told === undefined || Number(told) === records.length) return records;
      throw new TributaryError('ServerError', 'the vendor gave another number of records than it tells', {
        at,
        got: `${records.length} (job ${id})`,
        expected: told,
      });
    } catch (error) {
      const isBroken = error instanceof TributaryError && error.code === 'SourceDataInvalid';
      if (told === undefined || !isBroken) throw error;
      throw new TributaryError('ServerError', 'the vendor gave a file that breaks off', {
        at,
        got: error.message,
        expected: `${told} whole records`,
      });
    }
  }

  /** A part of the one file: the whole records in a range of its bytes. */
  async function readPart(place: Place, position: { readonly parent: Parent }, size: number) {
    const { offset, header, line } = place.file ?? { offset: 0, header: 0, line: 1 };
    if (offset === 0) prologue = undefined;
    // Read on by another session: what the header says is needed again.
    else prologue ??= begin(place.job, (await part(position, 0, header)).bytes, true);
    const { bytes, total } = await part(position, offset, size);
    const ended = offset + bytes.length >= total;
    let skip = 0;
    if (!prologue) {
      prologue = begin(place.job, bytes, ended);
      skip = prologue.used;
    }
    const first = offset === 0 ? line + prologue.lines : line;
    const decoded = prologue.decode(bytes.subarray(skip), ended, first, Number.POSITIVE_INFINITY);
    if (skip + decoded.used === 0 && !ended) throw tooLong(size);
    const records = recordsOf(decoded.rows);
    const file: FilePlace = {
      offset: offset + skip + decoded.used,
      header: offset === 0 ? skip : header,
      line: first + decoded.lines,
    };
    return pageOf(place, records, bytes.length, ended ? undefined : { ...place, file });
  }

  function begin(id: string | undefined, bytes: Buffer, ended: boolean): Prologue {
    const begun = csv.begin(bytes, ended, `${at} job ${id}`);
    if (!begun) throw tooLong(bytes.length);
    return begun;
  }

  async function part(position: { readonly parent: Parent }, from: number, size: number) {
    const asked = job.results(position);
    // Ranges count the bytes of what is sent: compressed, they would be others.
    const range = { range: `bytes=${from}-${from + size - 1}`, 'accept-encoding': 'identity' };
    const answer = await job.files.read({ ...asked, headers: { ...asked.headers, ...range } }, wholePart);
    const bytes = answer.content;
    if (answer.status !== 206) {
      if (from === 0) return { bytes, total: bytes.length };
      throw new TributaryError('ConnectorProtocol', 'the vendor gave a whole file for a part of it', { at });
    }
    const [, begins, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers['content-range'] ?? '') ?? [];
    if (Number(begins) !== from || total === undefined || bytes.length === 0) {
      throw new TributaryError('ConnectorProtocol', 'the vendor gave another part of the file', {
        at,
        got: answer.headers['content-range'] ?? 'no content-range',
        expected: `bytes ${from}-…/…`,
      });
    }
    return { bytes, total: Number(total) };
  }

  /**
   * The bytes of a part.
   *
   * @throws ServerError if they are not as many as it says of itself: it is asked for again
   */
  function wholePart(answer: Answer): Buffer {
    const [, first, last] = /^bytes (\d+)-(\d+)\//.exec(answer.headers['content-range'] ?? '') ?? [];
    const told = Number(last) - Number(first) + 1;
    const bytes = bytesOf(answer);
    if (answer.status !== 206 || first === undefined || bytes.length === told) return bytes;
    throw new TributaryError('ServerError', 'the vendor gave a part of the file that breaks off', {
      at,
      got: `${bytes.length} bytes`,
      expected: `${told} bytes`,
    });
  }

  function tooLong(size: number): TributaryError {
    return new TributaryError('ConnectorProtocol', 'a record is longer than a part of the file', {
      at,
      expected: `at most ${size} bytes`,
    });
  }

  /** The file's records, with null for what stands for it. A file without its header row, or of other columns, is refused. */
  function recordsOf(rows: readonly Row[]): readonly Record<string, unknown>[] {
    const { nothing } = results;
    const first = rows[0]?.[0];
    const missing =
      first === undefined ? undefined : columns.find(({ valueAt }) => valueAt(first) === undefined);
    if (missing) {
      throw new TributaryError('ConnectorProtocol', 'the results lack a column that was asked for', {
        at,
        expected: missing.path,
      });
    }
    return rows.map(([record]) => {
      const members = record as Record<string, unknown>;
      if (nothing === undefined) return members;
      for (const name of Object.keys(members)) if (members[name] === nothing) members[name] = null;
      return members;
    });
  }

  function pageOf(place: Place, records: readonly object[], bytes: number, within: Place | undefined): Page {
    const parent = parents[place.parent] ?? {};
    const kept = skipped ? records.filter((record) => (skipped(record) ?? null) === null) : records;
    seen.add(JSON.stringify(place));
    const next = within ?? following(place);
    expected = JSON.stringify(next ?? {});
    if (next && seen.has(expected)) {
      throw new TributaryError('ConnectorProtocol', 'the vendor gave the same page token twice', { at });
    }
    log.info('page fetched', { at, records: records.length, bytes });
    return {
      rows: kept.map((record) => rowOf(record, parent)),
      bytes,
      ...(kept.length < records.length ? { skipped: records.length - kept.length } : {}),
      ...(next ? { next: next as unknown as PageToken } : {}),
    };
  }

  function following(place: Place): Place | undefined {
    const { parent } = place;
    const part = parts.following(place);
    if (part) return { parent, ...part };
    return parent + 1 < parents.length ? { parent: parent + 1 } : undefined;
  }

  return { read, close: async () => {} };
}

/** The value at a path; of a list its first. */
function firstAt(path: string): (answer: unknown) => unknown {
  const valueAt = compileFieldPath(path);
  return (answer) => {
    const value = valueAt(answer);
    return Array.isArray(value) ? value[0] : value;
  };
}

function bytesOf({ json }: Answer): Buffer {
  const bytes = (json ?? new Uint8Array()) as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
