/**
 * The commit manifest: the objects of a run and what each is made of, written once, before the first of them appears.
 * JSON Lines: a header, then a line for each object in the order in which they are written.
 */

import { createHash } from 'node:crypto';
import { TributaryError } from '../../core/errors.ts';
import { errorHandlingOf } from '../../core/flow/record-destination.ts';
import type { ObjectStore } from '../../core/ports.ts';
import type { OutputFormat, PlacedFragment } from '../encode/format.ts';
import type { Home } from '../ports.ts';
import { fileName, type Layout, normalisePrefix, runOutputFolder } from './layout.ts';
import type { LedgerPart } from './ledger.ts';
import { aggregationOf, layoutOf, outputFormatOf } from './output.ts';
import { manifestKey, type RunPlan, runFolder } from './plan.ts';
import { type SegmentEntry, type SegmentIndex, sha256 } from './segment.ts';
import type { ReadSegment } from './segment-reader.ts';
import type { SegmentRecord } from './segment-record.ts';

/** A byte range of a segment that goes into an object. */
export interface Part {
  readonly segment: string;
  readonly start: number;
  readonly end: number;
  readonly sha256: string;
}

export interface ManifestObject {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly rows: number;
  readonly size: number;
  /** Folder below the run's output folder; null for the quarantine. */
  readonly partition: string | null;
  /** base64; what stands before and behind the parts. */
  readonly head: string;
  readonly tail: string;
  readonly parts: readonly Part[];
  /** Over head, the parts' hashes and tail: what the object's metadata carries. */
  readonly hash: string;
}

export interface Manifest {
  readonly objects: readonly ManifestObject[];
  readonly bytes: number;
}

/**
 * What one commit can hold in the memory of its function (1 GB): measured, 100,000 objects take 350 MB, and 80 MB of
 * indexes 150 MB more.
 */
export const mostObjects = 100_000;
export const mostIndexBytes = 100 * 2 ** 20;

/**
 * Groups the segments' fragments into objects: by unit, by size or into one, and by partition.
 * `lineBreaks`: a CSV value holds one. `ledgerParts`: where the segments' parts of the flow's ledger lie.
 *
 * @throws NotRunnable if the run would make more objects, or objects of more pieces, than one commit can hold
 */
export async function makeManifest(
  plan: RunPlan,
  segments: readonly SegmentRecord[],
  home: Home,
  read: ReadSegment,
): Promise<Manifest & { readonly lineBreaks: boolean; readonly ledgerParts: readonly LedgerPart[] }> {
  const layout = layoutOf(plan);
  const format = outputFormatOf(plan);
  const aggregation = aggregationOf(plan.flow);
  const indexBytes = segments.reduce((sum, { size, indexStart }) => sum + size - indexStart, 0);
  if (indexBytes > mostIndexBytes) throw tooMuch(plan, `${indexBytes} bytes of indexes`, `${mostIndexBytes}`);
  const groups = new Map<string, Group>();
  const quarantined: (Part & { rows: number })[] = [];
  const ledgerParts: LedgerPart[] = [];
  let lineBreaks = false;
  for await (const { record, index } of readIndexes(segments, read)) {
    const split = splitOf(record.key);
    for (const entry of index.entries) {
      const unit = aggregation.natural ? `${split} ${String(entry.unit).padStart(12, '0')}` : '';
      const name = `${entry.partition}\0${unit}`;
      let group = groups.get(name);
      if (!group) {
        group = { partition: entry.partition, unit, fragments: [] };
        groups.set(name, group);
      }
      group.fragments.push({ ...entry, segment: record.key });
      lineBreaks ||= entry.meta?.lineBreaks === true;
    }
    if (index.quarantined) quarantined.push({ segment: record.key, ...index.quarantined });
    if (index.ledger) ledgerParts.push({ segment: record.key, ...index.ledger });
  }
  const sorted = [...groups.values()].sort(byPartitionThenUnit);
  const files = sorted.flatMap((group) => bySize(group, aggregation.targetBytes, format.head().length));
  if (files.length > mostObjects) throw tooMuch(plan, `${files.length} objects`, `${mostObjects}`);
  const made = files.map((group, index) => outputObject(layout, format, group, index + 1));
  const quarantine = quarantineObject(plan, quarantined, home);
  const all = quarantine ? [...made, quarantine] : made;
  return { objects: all, bytes: made.reduce((sum, object) => sum + object.size, 0), lineBreaks, ledgerParts };
}

/** What the segments of a run into an application hold: its records, which the load sends, and its quarantine. */
export interface SegmentsOfRecords {
  readonly records: number;
  readonly quarantined: readonly (Part & { readonly rows: number })[];
}

export async function segmentsOfRecords(
  segments: readonly SegmentRecord[],
  read: ReadSegment,
): Promise<SegmentsOfRecords> {
  let records = 0;
  const quarantined: (Part & { rows: number })[] = [];
  for await (const { record, index } of readIndexes(segments, read)) {
    for (const { rows } of index.entries) records += rows;
    if (index.quarantined) quarantined.push({ segment: record.key, ...index.quarantined });
  }
  return { records, quarantined };
}

/** Of a run into an application, which leaves but its quarantine as an object. */
export function quarantineManifest(
  plan: RunPlan,
  quarantined: readonly (Part & { readonly rows: number })[],
  home: Home,
): Manifest {
  const object = quarantineObject(plan, quarantined, home);
  return { objects: object ? [object] : [], bytes: 0 };
}

function tooMuch(plan: RunPlan, got: string, most: string): TributaryError {
  return new TributaryError('NotRunnable', 'the run makes more objects than one commit can hold', {
    flowName: plan.flow.flowName,
    at: plan.executionId,
    got,
    expected: `${most} at most`,
    fix: 'partition by a field of fewer values, or aggregate into larger files, or pull shorter windows; nothing was written',
  });
}

interface Fragment extends SegmentEntry {
  readonly segment: string;
}

interface Group {
  readonly partition: string;
  readonly unit: string;
  readonly fragments: Fragment[];
}

/** In order, some at once: one after the other, the indexes of thousands of segments would outlast the step. */
async function* readIndexes(
  segments: readonly SegmentRecord[],
  read: ReadSegment,
): AsyncGenerator<{ record: SegmentRecord; index: SegmentIndex }> {
  const atOnce = 32;
  for (let from = 0; from < segments.length; from += atOnce) {
    const some = segments.slice(from, from + atOnce);
    yield* await Promise.all(some.map(async (record) => ({ record, index: await readIndex(record, read) })));
  }
}

async function readIndex(record: SegmentRecord, read: ReadSegment): Promise<SegmentIndex> {
  const bytes = await read(record.key, record.indexStart, record.size);
  return JSON.parse(Buffer.from(bytes).toString()) as SegmentIndex;
}

/** Segments are named `<split>-<number>-<attempt>`. */
function splitOf(segmentName: string): string {
  return segmentName.slice(segmentName.lastIndexOf('/') + 1).split('-')[0] ?? '';
}

function byPartitionThenUnit(a: Group, b: Group): number {
  return compare(a.partition, b.partition) || compare(a.unit, b.unit);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Cuts a group where a file has reached its target size. */
function bySize(group: Group, targetBytes: number | undefined, headBytes: number): Group[] {
  if (targetBytes === undefined) return [group];
  return cutBySize(group.fragments, targetBytes, headBytes).map((fragments) => ({ ...group, fragments }));
}

/** The fragments of each file: as many as come nearest to its target size. */
export function cutBySize<F extends { readonly start: number; readonly end: number }>(
  all: readonly F[],
  targetBytes: number,
  headBytes: number,
): F[][] {
  const files: F[][] = [];
  let fragments: F[] = [];
  let size = headBytes;
  for (const fragment of all) {
    const length = fragment.end - fragment.start;
    // Nearer to the target without it than with it.
    if (fragments.length > 0 && size + length / 2 > targetBytes) {
      files.push(fragments);
      fragments = [];
      size = headBytes;
    }
    fragments.push(fragment);
    size += length;
  }
  if (fragments.length > 0) files.push(fragments);
  return files;
}

function outputObject(layout: Layout, format: OutputFormat, group: Group, sequence: number): ManifestObject {
  const head = format.head();
  let offset = head.length;
  const placed: PlacedFragment[] = [];
  for (const { start, end, rows, meta } of group.fragments) {
    placed.push({ offset, length: end - start, rows, ...(meta && { meta }) });
    offset += end - start;
  }
  const tail = format.tail(placed);
  return finished({
    bucket: layout.bucket,
    key: `${runOutputFolder(layout)}${group.partition}${fileName(layout, sequence)}`,
    contentType: format.contentType,
    rows: group.fragments.reduce((sum, fragment) => sum + fragment.rows, 0),
    size: offset + tail.length,
    partition: group.partition,
    head: base64(head),
    tail: base64(tail),
    parts: group.fragments.map(({ segment, start, end, sha256 }) => ({ segment, start, end, sha256 })),
  });
}

/** What is quarantined goes to the error bucket, or else stays beside the run's plan, so that none is lost. */
function quarantineObject(
  plan: RunPlan,
  quarantined: readonly (Part & { rows: number })[],
  home: Home,
): ManifestObject | undefined {
  if (quarantined.length === 0) return undefined;
  const { bucketName, bucketPrefix } = errorHandlingOf(plan.flow) ?? {};
  const { flowName } = plan.flow;
  const folder = [normalisePrefix(bucketPrefix), flowName, plan.executionId].filter(Boolean).join('/');
  return finished({
    bucket: bucketName ?? home.stateBucket,
    key:
      bucketName === undefined
        ? `${runFolder(flowName, plan.executionId)}/errors-1.json`
        : `${folder}/errors-1.json`,
    contentType: 'application/x-ndjson',
    rows: quarantined.reduce((sum, part) => sum + part.rows, 0),
    size: quarantined.reduce((sum, part) => sum + part.end - part.start, 0),
    partition: null,
    head: '',
    tail: '',
    parts: quarantined.map(({ segment, start, end, sha256 }) => ({ segment, start, end, sha256 })),
  });
}

function finished(object: Omit<ManifestObject, 'hash'>): ManifestObject {
  return { ...object, hash: objectHash(object) };
}

/** SHA-256 over what stands before and behind the parts, and over the parts' own. */
export function objectHash({ head, parts, tail }: Pick<ManifestObject, 'head' | 'parts' | 'tail'>): string {
  return sha256([head, ...parts.map((part) => part.sha256), tail].join('\n'));
}

/** SHA-256 over what the manifest says of its objects' content; not of the segments, whose names tell attempts apart. */
export class ManifestHash {
  private readonly hash = createHash('sha256');

  add({ bucket, key, partition, rows, size, hash }: ManifestObject): void {
    this.hash.update(`${JSON.stringify([bucket, key, partition, rows, size, hash])}\n`);
  }

  hex(): string {
    return this.hash.digest('hex');
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** @returns the manifest that is stored, however often this is repeated */
export async function writeManifest(
  objects: ObjectStore,
  home: Home,
  plan: RunPlan,
  manifest: Manifest,
): Promise<Manifest> {
  const header = JSON.stringify({
    executionId: plan.executionId,
    objects: manifest.objects.length,
    bytes: manifest.bytes,
  });
  const text = [header, ...manifest.objects.map((object) => JSON.stringify(object)), ''].join('\n');
  try {
    await objects.put(home.stateBucket, manifestKey(plan.flow.flowName, plan.executionId), text, {
      ifAbsent: true,
    });
    return manifest;
  } catch (error) {
    if (!(error instanceof TributaryError && error.code === 'StateConflict')) throw error;
    // Another attempt's. Both follow from the same segment records; but it may be an older version's.
    return readManifest(objects, home, plan);
  }
}

export async function readManifest(objects: ObjectStore, home: Home, plan: RunPlan): Promise<Manifest> {
  const bytes = await objects.read(home.stateBucket, manifestKey(plan.flow.flowName, plan.executionId));
  const [header, ...lines] = Buffer.from(bytes).toString().split('\n').filter(Boolean);
  const { bytes: total } = JSON.parse(header ?? '{}') as { bytes: number };
  return { bytes: total, objects: lines.map((line) => JSON.parse(line) as ManifestObject) };
}
