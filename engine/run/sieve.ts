/** What the engine holds back for a source that cannot: records outside the pull window, repeated ones, and those of earlier runs. */

import { createHash } from 'node:crypto';
import { compilePath } from '../../core/record-path.ts';
import type { Row, Value } from '../../core/records.ts';
import { LedgerWriter } from './ledger.ts';
import type { RunPlan } from './plan.ts';

export interface RecordSieve {
  /** The only places of the row that `sift` looks at; undefined if it looks at all. */
  readonly reads: readonly number[] | undefined;
  sift(row: Row): 'keep' | 'outOfWindow' | 'duplicate';
  /** What the next segment's sieve has to know; undefined where nothing may repeat. */
  remembered(): readonly string[] | undefined;
  /** What the flow's next ledger has to know of these records; undefined for nothing. */
  ledger(): { readonly text: string; readonly since: number } | undefined;
}

/**
 * @param seen of the segment before, oldest first
 * @param known the flow's ledger
 */
export function recordSieve(
  plan: Pick<RunPlan, 'request' | 'windowField' | 'repeatKey' | 'ledger' | 'sizes'>,
  seen: readonly string[],
  known: ReadonlySet<string>,
): RecordSieve {
  const { fields } = plan.request;
  const inWindow =
    plan.windowField === undefined ? undefined : windowCheck(plan, getter(fields, plan.windowField));
  const key = plan.repeatKey?.map((field) => getter(fields, field));
  const timeOf = plan.ledger && getter(fields, plan.ledger.field);
  const ledger = plan.ledger && new LedgerWriter(plan.ledger.from, plan.sizes.ledgerRecords);
  // A Set keeps insertion order: the oldest is forgotten first.
  const repeats = new Set(seen);
  const names = [...(plan.windowField === undefined ? [] : [plan.windowField]), ...(plan.repeatKey ?? [])];
  const reads = [...new Set(names)].map((name) => fields.indexOf(name));
  return {
    reads: plan.ledger || reads.includes(-1) ? undefined : reads,
    sift(row) {
      if (inWindow && !inWindow(row)) return 'outOfWindow';
      if (key) {
        const hash = hashOf(key.map((get) => get(row)));
        if (repeats.has(hash)) return 'duplicate';
        repeats.add(hash);
        if (repeats.size > plan.sizes.rememberedRecords) {
          const [oldest] = repeats;
          if (oldest !== undefined) repeats.delete(oldest);
        }
      }
      if (timeOf && plan.ledger && ledger) {
        const time = millisecondsOf(timeOf(row));
        // Of the record as it was read, and not of key and time alone: what changes twice within one tick of the vendor's clock
        // and is shown late the second time would be taken for what was delivered.
        const hash = hashOf(row);
        if (time < plan.ledger.before && known.has(hash)) return 'duplicate';
        ledger.add(time, hash);
      }
      return 'keep';
    },
    remembered: () => (key ? [...repeats] : undefined),
    ledger() {
      if (!ledger || !plan.ledger) return undefined;
      const text = ledger.text();
      // Without text it may still have something to tell: that it had to let all go.
      return text || ledger.since > plan.ledger.from ? { text, since: ledger.since } : undefined;
    },
  };
}

/** A record without a time is in no window: it can only be had by a full pull. */
function windowCheck(plan: Pick<RunPlan, 'request'>, get: (row: Row) => Value): (row: Row) => boolean {
  const { start = Number.NEGATIVE_INFINITY, end } = plan.request.window;
  return (row) => {
    const time = millisecondsOf(get(row));
    return time >= start && time < end;
  };
}

/** NaN: it has no time. */
function millisecondsOf(value: Value): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
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
