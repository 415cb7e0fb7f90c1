import type { RecordCounts } from '../../core/records.ts';

/** Which task left records out, and why others were refused. Small however many records there are. */
export interface Breakdown {
  /** Index of a Filter or Validate task → records. */
  readonly filteredByTask: Readonly<Record<string, number>>;
  /** `field: reason` → records. Beyond {@link mostReasons} they are counted together. */
  readonly rejectedByReason: Readonly<Record<string, number>>;
}

/** A flow may map a thousand fields, each of which has a handful of reasons; an item of the state table holds 400 KB. */
const mostReasons = 100;
const otherReasons = 'other reasons';

/** Counts into a {@link Breakdown}; the same calls in the same order give the same result. */
export class BreakdownCounter implements Breakdown {
  readonly filteredByTask: Record<string, number> = {};
  readonly rejectedByReason: Record<string, number> = {};

  filtered(task: number | string, records = 1): void {
    this.filteredByTask[task] = (this.filteredByTask[task] ?? 0) + records;
  }

  rejected(reason: string, records = 1): void {
    const known = Object.hasOwn(this.rejectedByReason, reason);
    const key = known || Object.keys(this.rejectedByReason).length < mostReasons ? reason : otherReasons;
    this.rejectedByReason[key] = (this.rejectedByReason[key] ?? 0) + records;
  }

  add({ filteredByTask, rejectedByReason }: Breakdown): void {
    for (const [task, records] of Object.entries(filteredByTask)) this.filtered(task, records);
    for (const [reason, records] of Object.entries(rejectedByReason)) this.rejected(reason, records);
  }
}

/** Where only the sums are known. */
export function unknownBreakdown({ filtered, rejected }: RecordCounts): Breakdown {
  return {
    filteredByTask: filtered > 0 ? { unknown: filtered } : {},
    rejectedByReason: rejected > 0 ? { [otherReasons]: rejected } : {},
  };
}
