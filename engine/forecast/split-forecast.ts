/** What the transfer of one split does: TransferBatch's loop, in stretches of pages instead of records. */

import { nextLookSeconds } from '../http/job-session.ts';
import type { Sizes } from '../run/sizes.ts';
import { splitBytesInPlan } from '../steps/describe-source.ts';
import { sleptSeconds } from '../steps/rate-limit.ts';
import { reserveMilliseconds } from '../steps/transfer-batch.ts';
import type { Latencies } from './latencies.ts';
import { type RunSize, splitBytes } from './run-size.ts';
import { mostInvocationSeconds } from './service-limits.ts';

export interface SegmentForecast {
  readonly records: number;
  readonly pages: number;
}

/** Whether the plan holds the splits' descriptions itself. */
export function splitsFitIntoPlan(splits: number): boolean {
  return splits * splitBytes <= splitBytesInPlan;
}

/** After so many seconds an invocation asks for no further page, less what a page takes. */
export const pagingSeconds = mostInvocationSeconds - reserveMilliseconds / 1000;

/** Seconds: a run of 48 hours is refused long before, so what comes after 30 days need not be foreseen. */
const longestForecast = 30 * 86_400;

export class SplitForecast {
  /** Invocations of TransferBatch. */
  turns = 0;
  waits = 0;
  /** Billed. */
  seconds = 0;
  /** From the beginning to the end, waits and the service's own time included. */
  elapsed = 0;
  requests = 0;
  /** The answer that makes a job is one, too. */
  readonly pages: number;
  readonly segments: SegmentForecast[] = [];
  s3Reads = 0;
  s3Writes = 0;
  stateReads = 0;
  stateWrites = 0;

  private readonly size: RunSize;
  private readonly latencies: Latencies;
  private readonly splitsInPlan: boolean;
  private readonly mostPages: number;
  /** That hold as many bytes as a segment may. */
  private readonly pagesInSegment: number;
  private pagesLeft: number;
  private recordsLeft: number;
  /** Requests until the source refuses one. */
  private granted: number;
  private job: 'none' | 'unmade' | { readonly doneAt: number };
  /** When the present invocation began, and what it has waited for one answer at most. */
  private begun = 0;
  private slowest = 0;

  /** @param records of this split */
  constructor(records: number, size: RunSize, sizes: Sizes, latencies: Latencies) {
    this.size = size;
    this.latencies = latencies;
    this.splitsInPlan = splitsFitIntoPlan(size.splits);
    this.pagesLeft = Math.max(1, Math.ceil(records / size.pageRecords));
    this.pages = this.pagesLeft + (size.job ? 1 : 0);
    this.recordsLeft = records;
    this.granted = size.pause?.requests ?? Number.POSITIVE_INFINITY;
    this.job = size.job ? 'unmade' : 'none';
    const pagesFor = (bytes: number, recordBytes: number): number =>
      Math.max(1, Math.ceil(bytes / (size.pageRecords * recordBytes)));
    this.mostPages = sizes.segmentPages;
    this.pagesInSegment = Math.min(
      pagesFor(sizes.segmentBytes, size.outputRecordBytes),
      pagesFor(sizes.segmentReceivedBytes, size.recordBytes),
    );
    while (this.pagesLeft > 0 && this.elapsed < longestForecast) this.invoke();
  }

  private invoke(): void {
    this.turns++;
    this.elapsed += this.latencies.step;
    this.begun = this.elapsed;
    this.slowest = 0;
    // The run, the segment to write, the one before; then the plan.
    this.transact(this.segments.length > 0 ? 3 : 2);
    this.readObject();
    const wait = this.drain();
    this.seconds += this.elapsed - this.begun;
    if (wait === undefined) return;
    this.waits++;
    this.elapsed += Math.ceil(wait);
  }

  /** @returns seconds that the source asks for, if that is why the invocation ends */
  private drain(): number | undefined {
    let looks: number | undefined = this.job === 'unmade' ? 0 : undefined;
    for (let written = 0; this.pagesLeft > 0; written++) {
      if (written > 0 && this.isLate()) return undefined;
      if (written === 0 && !this.splitsInPlan) this.readObject();
      let requests = 0;
      let pages = 0;
      while (true) {
        const asked = this.elapsed;
        const refusal = this.refusal(looks);
        this.slowest = Math.max(this.slowest, this.elapsed - asked);
        if (refusal !== undefined) {
          if (looks !== undefined) looks++;
          if (refusal <= sleptSeconds && !this.isLate()) {
            this.elapsed += refusal;
            continue;
          }
          if (requests > 0) this.store(pages);
          return refusal;
        }
        this.slowest = Math.max(this.slowest, this.elapsed - asked + this.size.pageSeconds);
        if (this.job === 'unmade') {
          this.ask(1);
          requests++;
          this.job = { doneAt: this.elapsed + (this.size.job?.seconds ?? 0) };
        } else {
          const stretch = this.stretch(requests, pages);
          this.ask(stretch);
          this.granted -= stretch;
          requests += stretch;
          pages += stretch;
        }
        if (pages === this.pagesLeft || pages >= this.pagesInSegment || requests >= this.mostPages) break;
        if (!this.isLate()) continue;
        // Only an invocation's first segment may end for want of time; what was read of another is read again.
        if (written > 0) return undefined;
        break;
      }
      this.store(pages);
      // Whether the next one is recorded already.
      if (this.pagesLeft > 0) this.read(1);
    }
    return undefined;
  }

  /** Asks the source where it may refuse. @returns the seconds after which to ask again */
  private refusal(looks: number | undefined): number | undefined {
    const { pause, job } = this.size;
    if (typeof this.job === 'object') {
      this.ask(1);
      if (this.elapsed < this.job.doneAt) return nextLookSeconds(looks, job?.everySeconds);
      this.job = 'none';
    }
    if (this.granted > 0 || !pause) return undefined;
    this.ask(1);
    this.granted = pause.requests;
    return pause.seconds;
  }

  /** Pages that can be asked for before anything else has to be decided. */
  private stretch(requests: number, pages: number): number {
    const room = this.begun + pagingSeconds - this.slowest - this.elapsed;
    const inTime = Math.floor(room / this.size.pageSeconds) + 1;
    const toEnd = Math.min(this.pagesLeft, this.pagesInSegment) - pages;
    return Math.max(1, Math.min(toEnd, this.mostPages - requests, this.granted, inTime));
  }

  private isLate(): boolean {
    return this.elapsed - this.begun + this.slowest > pagingSeconds;
  }

  private ask(requests: number): void {
    this.requests += requests;
    this.elapsed += requests * this.size.pageSeconds;
  }

  private read(items: number): void {
    this.stateReads += items;
    this.elapsed += items * this.latencies.state;
  }

  private transact(items: number): void {
    this.stateReads += 2 * items;
    this.elapsed += this.latencies.state;
  }

  private readObject(): void {
    this.s3Reads++;
    this.elapsed += this.latencies.s3Read;
  }

  private store(pages: number): void {
    const records = Math.min(this.recordsLeft, pages * this.size.pageRecords);
    this.recordsLeft -= records;
    this.pagesLeft -= pages;
    this.segments.push({ records, pages });
    if (records > 0) {
      this.s3Writes++;
      this.elapsed += this.latencies.s3Write;
    }
    this.stateWrites++;
    this.read(1);
    this.elapsed += this.latencies.state;
  }
}
