import { createHash } from 'node:crypto';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import type { FileFormat } from '../../core/connector/list-request.ts';
import { TributaryError } from '../../core/errors.ts';
import { recordLimit, waitingMemory } from '../../core/flow/function-memory.ts';
import type { DownloadedFile } from '../../core/ports.ts';
import type { Row } from '../../core/records.ts';
import type { Page, PageToken, SourcePorts, SourceRequest, SourceSession, Split } from '../../core/source.ts';
import { checkWhole, type Line, linesOf } from './downloaded-lines.ts';
import type { EntityList } from './entity-list.ts';
import type { Parent } from './list-request.ts';
import { compileRow } from './read-records.ts';
import { type WindowPart, windowParts } from './window-parts.ts';

/** A place in the split: which parent's list, which part of the window, how much of its file has been read. */
interface Place extends WindowPart {
  readonly parent: number;
  readonly read?: {
    readonly records: number;
    /** Of the records so far: another download of the file must begin with the same ones. */
    readonly hash: string;
  };
}

/** A file that is being read. */
interface Open {
  readonly of: string;
  readonly file: DownloadedFile;
  readonly lines: AsyncGenerator<Line>;
  readonly hash: ReturnType<typeof createHash>;
  records: number;
}

/** What a page holds, whichever is reached first. */
const pageRecords = 10_000;
const pageBytes = 4 * 1024 * 1024;

/**
 * Reads answers that are files, which may be larger than memory: each is downloaded once and read page by page. A run that goes
 * on elsewhere downloads the file again, and refuses one that does not begin with what has been read of it.
 */
export function downloadSession(
  list: EntityList,
  format: FileFormat,
  request: SourceRequest,
  split: Split,
  { log }: SourcePorts,
): SourceSession {
  const { entity, at, client } = list;
  const parts = windowParts(list);
  const rowOf = compileRow(entity, request.fields, at);
  const skipped = entity.skipIf && compileFieldPath(entity.skipIf.present);
  const parents = (split.parents as readonly Parent[] | undefined) ?? [{}];
  const longestLine = request.recordLimit ?? recordLimit(waitingMemory);
  const most = Math.min(pageRecords, request.limit ?? pageRecords);
  let open: Open | undefined;

  async function read(token: PageToken | undefined): Promise<Page> {
    const { place, source } = await begin((token ?? { parent: 0 }) as unknown as Place);
    const { parent } = place;
    const rows: Row[] = [];
    let bytes = 0;
    let records = 0;
    let ended = source === undefined;
    while (source && records < most && bytes < pageBytes) {
      const { value: line } = await source.lines.next();
      if (!line) {
        ended = true;
        break;
      }
      const record = recordOf(line);
      take(source, line);
      records += 1;
      bytes += line.bytes.length + 1;
      if (skipped && (skipped(record) ?? null) !== null) continue;
      rows.push(rowOf(record, parents[parent] ?? {}));
    }
    if (ended) await close();
    const next: Place | undefined =
      ended || !source
        ? following(place)
        : { parent, ...partOf(place), read: { records: source.records, hash: hashOf(source) } };
    log.info('page fetched', { at, records, bytes });
    return {
      rows,
      bytes,
      ...(rows.length < records ? { skipped: records - rows.length } : {}),
      ...(next ? { next: next as unknown as PageToken } : {}),
    };
  }

  /** Of the part, or of one that is shorter where the vendor gives no file as large as that. */
  async function begin(place: Place): Promise<{ readonly place: Place; readonly source: Open | undefined }> {
    for (let asked = place; ; ) {
      try {
        return { place: asked, source: await openAt(asked) };
      } catch (error) {
        if (asked.read) throw error;
        asked = { parent: asked.parent, ...parts.shorter(partOf(asked), error) };
      }
    }
  }

  /** `undefined`: this parent, or this part of the window, has no such file. */
  async function openAt(place: Place): Promise<Open | undefined> {
    const { parent, read: done } = place;
    const of = JSON.stringify([parent, partOf(place)]);
    if (open?.of === of && open.records === (done?.records ?? 0)) return open;
    await close();
    const asked = list.requestOf({ parent: parents[parent] ?? {}, window: parts.windowOf(place) });
    const check = (file: DownloadedFile) => checkWhole(file, format, at);
    const answer = await client.download(asked, check).catch((error: unknown) => {
      const { status } = error instanceof TributaryError ? error.context : {};
      if (entity.absent?.some((absent) => absent === status)) return undefined;
      throw error;
    });
    if (!answer) return undefined;
    const { file } = answer;
    log.info('file downloaded', { at, bytes: file.size });
    open = {
      of,
      file,
      lines: linesOf(file, format, at, longestLine),
      hash: createHash('sha256'),
      records: 0,
    };
    while (done && open.records < done.records) {
      const { value: line } = await open.lines.next();
      if (!line) break;
      take(open, line);
    }
    if (done && (open.records !== done.records || hashOf(open) !== done.hash)) {
      throw new TributaryError('SourceDataInvalid', "the vendor's file changed while it was being read", {
        at,
        fix: 'run the flow again',
      });
    }
    return open;
  }

  function recordOf({ bytes, place }: Line): object {
    let record: unknown;
    try {
      record = list.parse(bytes.toString());
    } catch {
      // The parser's own message quotes the data.
    }
    if (typeof record === 'object' && record !== null && !Array.isArray(record)) return record;
    throw new TributaryError('SourceDataInvalid', 'the line is no JSON object', { at: `${at} ${place}` });
  }

  function following(place: Place): Place | undefined {
    const { parent } = place;
    const part = parts.following(place);
    if (part) return { parent, ...part };
    return parent + 1 < parents.length ? { parent: parent + 1 } : undefined;
  }

  async function close(): Promise<void> {
    const { file, lines } = open ?? {};
    open = undefined;
    await lines?.return(undefined);
    await file?.remove();
  }

  return { read, close };
}

function partOf({ parent: _, read: __, ...part }: Place): WindowPart {
  return part;
}

function take(open: Open, { bytes }: Line): void {
  open.hash.update(bytes).update('\n');
  open.records += 1;
}

function hashOf({ hash }: Open): string {
  return hash.copy().digest('base64url').slice(0, 22);
}
