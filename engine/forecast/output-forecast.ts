/** Which objects the commit makes of a run's segments. */

import type { FlowDefinition } from '../../core/flow/definition.ts';
import { cutBySize } from '../run/manifest.ts';
import { planParts, putWhole } from '../run/materialise.ts';
import { aggregationOf, s3Output } from '../run/output.ts';
import { room, small } from '../run/segment-reader.ts';
import type { Sizes } from '../run/sizes.ts';
import type { RunSize } from './run-size.ts';
import type { SegmentForecast } from './split-forecast.ts';

/** Bytes of a fragment in a segment's index, and of each column where the fragment is a row group. */
const entryBytes = 150;
const columnBytes = 95;
/** Where the definition does not tell them: Map_all. */
const usualColumns = 30;

export interface OutputForecast {
  /** Bytes of the segments' indexes together, which the commit holds in memory. */
  readonly indexBytes: number;
  /** In the order of the manifest. Each stands for `count` alike that follow each other. */
  readonly objects: readonly { readonly count: number; readonly object: ObjectForecast }[];
}

export interface ObjectForecast {
  readonly bytes: number;
  /** Of its upload; 0 where it is put whole. */
  readonly parts: number;
  /** Parts among them that S3 copies. */
  readonly copies: number;
  /** Ranges of segments that are read for it; on average over alike objects. */
  readonly reads: number;
}

/** A stretch of records in one segment, or a range of it in an object. */
interface Stretch {
  readonly records: number;
  /** How much of it has to be read for the object: 0 where the commit keeps the segment in memory. */
  readonly read: number;
}

/** @param splits the segments of each split, and how many splits are like it */
export function forecastOutput(
  flow: FlowDefinition,
  size: RunSize,
  sizes: Sizes,
  splits: readonly { readonly count: number; readonly segments: readonly SegmentForecast[] }[],
): OutputForecast {
  const { natural, targetBytes } = aggregationOf(flow);
  const headBytes = headOf(flow);
  const fragmentBytes = Math.min(targetBytes ?? Number.POSITIVE_INFINITY, sizes.segmentBytes);
  const fragmentRecords = Math.min(sizes.fragmentRows, Math.ceil(fragmentBytes / size.outputRecordBytes));
  const byPage = natural && size.unit === 'page';
  const ofEntry = entryBytesOf(flow);
  const read = readShares(size, byPage, ofEntry, splits);
  const made: { count: number; object: ObjectForecast }[] = [];
  let fragments = 0;
  const add = (count: number, files: readonly (readonly Stretch[])[]): void => {
    for (const file of files) {
      made.push({ count, object: objectOf(file, size.outputRecordBytes, headBytes) });
      fragments += count * file.length;
    }
  };
  if (byPage) {
    for (const [index, { count, segments }] of splits.entries()) {
      for (const [n, { records }] of segments.entries()) {
        const share = read[index]?.[n] ?? 1;
        const fullPages = Math.floor(records / size.pageRecords);
        const rest = records - fullPages * size.pageRecords;
        for (const [pages, ofPage] of [
          [fullPages, size.pageRecords],
          [1, rest],
        ] as const) {
          const some = Math.min(size.partitions, ofPage);
          if (pages * some === 0) continue;
          add(count * pages * some, [cut({ records: ofPage / some, read: share }, fragmentRecords)]);
        }
      }
    }
    return { objects: made, indexBytes: fragments * ofEntry };
  }
  const stretches = splits.map(({ count, segments }, index) => ({
    count,
    stretches: segments.map(({ records }, n): Stretch => ({ records, read: read[index]?.[n] ?? 1 })),
  }));
  const groups = natural
    ? stretches
    : [
        {
          count: 1,
          stretches: stretches.flatMap(({ count, stretches: ofSplit }) =>
            Array.from({ length: count }, () => ofSplit).flat(),
          ),
        },
      ];
  for (const { count, stretches: all } of groups) {
    const total = all.reduce((sum, { records }) => sum + records, 0);
    const partitions = Math.min(size.partitions, total);
    if (partitions === 0) continue;
    const { ofAll, rest, share } = fragmentsOf(all, partitions, fragmentRecords);
    const files = (ofPartition: readonly Stretch[]) =>
      targetBytes === undefined
        ? [ofPartition]
        : cutBySize(placed(ofPartition, size.outputRecordBytes), targetBytes, headBytes);
    const some = rest ? Math.round(partitions * share) : 0;
    if (rest && some > 0) add(count * some, files([...ofAll, rest]));
    if (some < partitions && ofAll.length > 0) add(count * (partitions - some), files(ofAll));
  }
  return { objects: made, indexBytes: fragments * ofEntry };
}

/** Of each segment of each split the share that is read for the objects; small ones are kept from when their index was read. */
function readShares(
  { outputRecordBytes, pageRecords, partitions }: RunSize,
  byPage: boolean,
  ofEntry: number,
  splits: readonly { readonly count: number; readonly segments: readonly SegmentForecast[] }[],
): number[][] {
  let left = room;
  return splits.map(({ count, segments }) =>
    segments.map(({ records }) => {
      const stretches = byPage ? Math.ceil(records / pageRecords) : 1;
      const entries = Math.min(records, stretches * partitions);
      const bytes = records * outputRecordBytes + entries * ofEntry;
      if (records === 0 || bytes > small) return 1;
      const kept = Math.min(count, Math.floor(left / bytes));
      left -= kept * bytes;
      return 1 - kept / count;
    }),
  );
}

/** Fragments of the partitions, where the records of every segment are spread evenly over them. */
interface Fragments {
  /** That each partition has. */
  readonly ofAll: readonly Stretch[];
  /** That only a share of the partitions has. */
  readonly rest?: Stretch;
  readonly share: number;
}

function fragmentsOf(segments: readonly Stretch[], partitions: number, fragmentRecords: number): Fragments {
  const ofAll: Stretch[] = [];
  let records = 0;
  let read = 1;
  /** With fewer records than partitions, a segment has a fragment for this share of them. */
  let share = 0;
  for (const segment of segments) {
    if (segment.records === 0) continue;
    records += segment.records / partitions;
    share += Math.min(1, segment.records / partitions);
    read = segment.read;
    if (share < 1 - 1e-9) continue;
    const over = Math.max(0, share - 1);
    // What is over is of the next fragment.
    const ofNext = over * Math.min(1, segment.records / partitions);
    ofAll.push(...cut({ records: records - ofNext, read }, fragmentRecords));
    records = ofNext;
    share = over;
  }
  if (share < 1e-9) return { ofAll, share: 0 };
  return { ofAll, rest: { records: records / share, read }, share };
}

function cut({ records, read }: Stretch, fragmentRecords: number): Stretch[] {
  const full = Math.floor(records / fragmentRecords);
  const rest = records - full * fragmentRecords;
  return [
    ...Array.from({ length: full }, () => ({ records: fragmentRecords, read })),
    ...(rest > 0 ? [{ records: rest, read }] : []),
  ];
}

function placed(fragments: readonly Stretch[], recordBytes: number) {
  let position = 0;
  return fragments.map((fragment) => {
    const start = position;
    position += fragment.records * recordBytes;
    return { ...fragment, start, end: position };
  });
}

function objectOf(fragments: readonly Stretch[], recordBytes: number, headBytes: number): ObjectForecast {
  const bytes = headBytes + fragments.reduce((sum, { records }) => sum + records * recordBytes, 0);
  if (bytes <= putWhole) {
    const reads = fragments.reduce((sum, { read }) => sum + read, 0);
    return { bytes, parts: 0, copies: 0, reads };
  }
  const segment = { key: '', start: 0 };
  const pieces = fragments.map(({ records, read: share }) => ({
    length: records * recordBytes,
    segment,
    share,
  }));
  const shares = new Map<object, number>(pieces.map((piece) => [piece, piece.share]));
  const parts = planParts(headBytes > 0 ? [{ length: headBytes }, ...pieces] : pieces, bytes);
  const joined = parts.flatMap((part) => ('join' in part ? part.join : []));
  return {
    bytes,
    parts: parts.length,
    copies: parts.filter((part) => 'copy' in part).length,
    reads: joined.reduce((sum, { piece }) => sum + (shares.get(piece) ?? 0), 0),
  };
}

function entryBytesOf(flow: FlowDefinition): number {
  if (s3Output(flow).fileType !== 'PARQUET') return entryBytes;
  const columns = flow.tasks.filter(({ destinationField }) => destinationField !== undefined).length;
  return entryBytes + columnBytes * (columns || usualColumns);
}

/** Bytes before the records of a file: CSV's header, as far as the definition tells it. */
function headOf(flow: FlowDefinition): number {
  if (s3Output(flow).fileType !== 'CSV') return 0;
  const names = flow.tasks.flatMap(({ destinationField }) => destinationField ?? []);
  return names.length === 0 ? 0 : Buffer.byteLength(`${names.join(',')}\n`);
}
