/** Which objects the commit makes of a run's segments. */

import type { FlowDefinition } from '../../core/flow/definition.ts';
import { cutBySize } from '../run/manifest.ts';
import { planParts, putWhole } from '../run/materialise.ts';
import { aggregationOf, s3Output } from '../run/output.ts';
import type { Sizes } from '../run/sizes.ts';
import type { RunSize } from './run-size.ts';
import type { SegmentForecast } from './split-forecast.ts';

export interface OutputForecast {
  /** In the order of the manifest. Each stands for `count` alike that follow each other. */
  readonly objects: readonly { readonly count: number; readonly object: ObjectForecast }[];
  /** Ranges of segments that the objects are made of, over all of them. */
  readonly fragments: number;
}

export interface ObjectForecast {
  readonly bytes: number;
  /** Of its upload; 0 where it is put whole. */
  readonly parts: number;
  /** Parts among them that S3 copies. */
  readonly copies: number;
  /** Ranges that pass through the function. */
  readonly reads: number;
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
  const made: { count: number; object: ObjectForecast }[] = [];
  let fragments = 0;
  const add = (count: number, files: readonly (readonly number[])[]): void => {
    for (const file of files) {
      made.push({ count, object: objectOf(file, size.outputRecordBytes, headBytes) });
      fragments += count * file.length;
    }
  };
  if (natural && size.unit === 'page') {
    for (const { count, segments } of splits) {
      const records = segments.reduce((sum, segment) => sum + segment.records, 0);
      const fullPages = Math.floor(records / size.pageRecords);
      const rest = records - fullPages * size.pageRecords;
      for (const [pages, ofPage] of [
        [fullPages, size.pageRecords],
        [1, rest],
      ] as const) {
        const some = Math.min(size.partitions, ofPage);
        if (pages * some > 0) add(count * pages * some, [cut(ofPage / some, fragmentRecords)]);
      }
    }
    return { objects: made, fragments };
  }
  const recordsOf = (segments: readonly SegmentForecast[]) => segments.map(({ records }) => records);
  const groups = natural
    ? splits.map(({ count, segments }) => ({ count, records: recordsOf(segments) }))
    : [
        {
          count: 1,
          records: splits.flatMap(({ count, segments }) =>
            Array.from({ length: count }, () => recordsOf(segments)).flat(),
          ),
        },
      ];
  for (const { count, records } of groups) {
    const total = records.reduce((sum, each) => sum + each, 0);
    const partitions = Math.min(size.partitions, total);
    if (partitions === 0) continue;
    const ofPartition = fragmentsOf(records, partitions, fragmentRecords);
    const files =
      targetBytes === undefined
        ? [ofPartition]
        : cutBySize(placed(ofPartition, size.outputRecordBytes), targetBytes, headBytes).map((file) =>
            file.map(({ records: each }) => each),
          );
    add(count * partitions, files);
  }
  return { objects: made, fragments };
}

/** Records of each fragment of one partition, where the records of every segment are spread evenly over the partitions. */
function fragmentsOf(segments: readonly number[], partitions: number, fragmentRecords: number): number[] {
  const fragments: number[] = [];
  let records = 0;
  /** With fewer records than partitions, not every segment has one for each: it has this share of a fragment. */
  let share = 0;
  for (const ofSegment of segments) {
    records += ofSegment / partitions;
    share += Math.min(1, ofSegment / partitions);
    if (share < 1 - 1e-9) continue;
    fragments.push(...cut(records, fragmentRecords));
    records = 0;
    share -= 1;
  }
  // What is left over is a fragment for fewer than all partitions: for most of them, or for few.
  if (fragments.length === 0 || share >= 0.5) return records > 0 ? [...fragments, records] : fragments;
  return [...fragments.slice(0, -1), (fragments.at(-1) ?? 0) + records];
}

function cut(records: number, fragmentRecords: number): number[] {
  const full = Math.floor(records / fragmentRecords);
  const rest = records - full * fragmentRecords;
  return [...Array.from({ length: full }, () => fragmentRecords), ...(rest > 0 ? [rest] : [])];
}

function placed(fragments: readonly number[], recordBytes: number) {
  let position = 0;
  return fragments.map((records) => {
    const start = position;
    position += records * recordBytes;
    return { start, end: position, records };
  });
}

function objectOf(fragments: readonly number[], recordBytes: number, headBytes: number): ObjectForecast {
  const bytes = headBytes + fragments.reduce((sum, records) => sum + records * recordBytes, 0);
  if (bytes <= putWhole) return { bytes, parts: 0, copies: 0, reads: fragments.length };
  const segment = { key: '', start: 0 };
  const pieces = fragments.map((records) => ({ length: records * recordBytes, segment }));
  const parts = planParts(headBytes > 0 ? [{ length: headBytes }, ...pieces] : pieces, bytes);
  const joined = parts.flatMap((part) => ('join' in part ? part.join : []));
  return {
    bytes,
    parts: parts.length,
    copies: parts.filter((part) => 'copy' in part).length,
    reads: joined.filter(({ piece }) => piece.segment).length,
  };
}

/** Bytes before the records of a file: CSV's header, as far as the definition tells it. */
function headOf(flow: FlowDefinition): number {
  if (s3Output(flow).fileType !== 'CSV') return 0;
  const names = flow.tasks.flatMap(({ destinationField }) => destinationField ?? []);
  return names.length === 0 ? 0 : Buffer.byteLength(`${names.join(',')}\n`);
}
