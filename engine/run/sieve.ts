/** What the engine holds back for a source that cannot: records outside the pull window, and repeated ones. */

import { createHash } from 'node:crypto';
import { compilePath } from '../../core/record-path.ts';
import type { Row, Value } from '../../core/records.ts';
import type { RunPlan } from './plan.ts';

export interface RecordSieve {
  sift(row: Row): 'keep' | 'outOfWindow' | 'duplicate';
  /** What the next segment's sieve has to know; undefined where nothing may repeat. */
  remembered(): readonly string[] | undefined;
}

/** @param seen of the segment before, oldest first. */
export function recordSieve(
  plan: Pick<RunPlan, 'request' | 'window' | 'windowField' | 'repeatKey' | 'sizes'>,
  seen: readonly string[],
): RecordSieve {
  const { fields } = plan.request;
  const inWindow =
    plan.windowField === undefined ? undefined : windowCheck(plan, getter(fields, plan.windowField));
  const key = plan.repeatKey?.map((field) => getter(fields, field));
  // A Set keeps insertion order: the oldest is forgotten first.
  const known = new Set(seen);
  return {
    sift(row) {
      if (inWindow && !inWindow(row)) return 'outOfWindow';
      if (!key) return 'keep';
      const hash = hashOf(key.map((get) => get(row)));
      if (known.has(hash)) return 'duplicate';
      known.add(hash);
      if (known.size > plan.sizes.rememberedRecords) {
        const [oldest] = known;
        if (oldest !== undefined) known.delete(oldest);
      }
      return 'keep';
    },
    remembered: () => (key ? [...known] : undefined),
  };
}

/** A record without a time is in no window: it can only be had by a full pull. */
function windowCheck(plan: Pick<RunPlan, 'window'>, get: (row: Row) => Value): (row: Row) => boolean {
  const { start = Number.NEGATIVE_INFINITY, end } = plan.window;
  return (row) => {
    const value = get(row);
    const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    return time >= start && time < end;
  };
}

/** A field of the read set, or of the record where rows hold the record as a whole. */
function getter(fields: readonly string[], name: string): (row: Row) => Value {
  const index = fields.indexOf(name);
  if (index >= 0) return (row) => row[index] ?? null;
  const path = compilePath(name);
  return (row) => {
    const [record] = row;
    return typeof record === 'object' && record !== null ? path(record) : null;
  };
}

function hashOf(values: readonly unknown[]): string {
  const text = JSON.stringify(values, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
