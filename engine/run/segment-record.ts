import type { JsonObject, StateStore } from '../../core/ports.ts';
import { addCounts, noRecords, type RecordCounts } from '../../core/records.ts';
import { type Breakdown, BreakdownCounter, unknownBreakdown } from './breakdown.ts';
import { runKey, segmentKey } from './run.ts';

/** The winner of (split, n). Pointers, hashes and counts; the segment's index lies in the segment itself. */
export interface SegmentRecord {
  readonly key: string;
  /** Bytes of the object; 0 if the segment wrote nothing (then there is no object). */
  readonly size: number;
  /** Where the index begins. */
  readonly indexStart: number;
  /** Of the index, which has those of all bytes before it; empty if there is no object. */
  readonly sha256: string;
  readonly counts: RecordCounts;
  /** Absent in what an earlier version wrote. */
  readonly breakdown?: Breakdown;
  /** Bytes received from the source. */
  readonly received: number;
  readonly pages: number;
  /** Of the split, up to this segment's end. */
  readonly pagesSoFar: number;
  /** Units of output begun before this segment's end (aggregation None). */
  readonly units: number;
  /** Page token of the next segment; absent: the split is done. */
  readonly next?: JsonObject;
  /** Of a split's last segment: where the next run begins. */
  readonly resume?: JsonObject;
}

export async function readSegment(
  state: StateStore,
  executionId: string,
  split: number,
  segment: number,
): Promise<SegmentRecord | undefined> {
  return (await state.get<SegmentRecord>(runKey(executionId), segmentKey(split, segment)))?.data;
}

export interface Transferred {
  readonly counts: RecordCounts;
  readonly breakdown: Breakdown;
  readonly received: number;
  readonly pages: number;
  /** In order of split and number, without those that wrote nothing. */
  readonly segments: readonly SegmentRecord[];
  /** Splits whose last segment is there. */
  readonly splitsDone: number;
  /** Where the source lets the next run begin. */
  readonly resume?: JsonObject;
}

/** Sums up a run's segment records. */
export async function readSegments(state: StateStore, executionId: string): Promise<Transferred> {
  const counts = noRecords();
  const breakdown = new BreakdownCounter();
  const segments: SegmentRecord[] = [];
  let received = 0;
  let pages = 0;
  let splitsDone = 0;
  let resume: JsonObject | undefined;
  for await (const { data } of state.list<SegmentRecord>(runKey(executionId), 'SEGMENT#')) {
    addCounts(counts, data.counts);
    breakdown.add(data.breakdown ?? unknownBreakdown(data.counts));
    received += data.received;
    pages += data.pages;
    if (data.size > 0) segments.push(data);
    if (!data.next) splitsDone++;
    if (data.resume) resume = data.resume;
  }
  return { counts, breakdown, received, pages, segments, splitsDone, ...(resume && { resume }) };
}
