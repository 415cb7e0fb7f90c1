/**
 * Writing a run's records into an application: what was read of the segments, and the ledger of what the application has
 * acknowledged.
 *
 * `RUN#<executionId>` `LOAD#<n>` is the nth batch. It is written once, behind the answer: a run that is killed goes on with
 * the first batch that is not in the ledger, so that no other is sent twice.
 */

import type { WriteResult, WrittenRecord } from '../../core/destination.ts';
import type { StateStore } from '../../core/ports.ts';
import { BreakdownCounter } from './breakdown.ts';
import type { Part } from './manifest.ts';
import { runKey } from './run.ts';

/** Where a batch begins: in which of the run's segments, and at which byte of it. */
export interface LoadPosition {
  readonly segment: number;
  readonly byte: number;
}

export interface LoadRecord {
  readonly written: number;
  /** Why others were refused: the vendor's codes. */
  readonly rejectedByReason: Readonly<Record<string, number>>;
  /** The refused records, as the error bucket gets them: an object among the segments. */
  readonly rejected?: Part & { readonly rows: number };
  /** Of the first one, shortened: what the run fails with where it may have none. */
  readonly firstRefusal?: string;
  /** Where the next batch begins. */
  readonly next: LoadPosition;
}

export const loadKey = (batch: number): string => `LOAD#${String(batch).padStart(8, '0')}`;

export interface Loaded {
  /** Batches in the ledger: the number of the next one. */
  readonly batches: number;
  readonly written: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  readonly rejectedParts: readonly NonNullable<LoadRecord['rejected']>[];
  readonly firstRefusal?: string;
  readonly next: LoadPosition;
}

const nothingYet: Loaded = {
  batches: 0,
  written: 0,
  rejected: 0,
  rejectedByReason: {},
  rejectedParts: [],
  next: { segment: 0, byte: 0 },
};

/** Sums up the ledger. */
export async function readLoaded(state: StateStore, executionId: string): Promise<Loaded> {
  let loaded = nothingYet;
  for await (const { data } of state.list<LoadRecord>(runKey(executionId), 'LOAD#'))
    loaded = withBatch(loaded, data);
  return loaded;
}

/** With one more batch. */
export function withBatch(before: Loaded, record: LoadRecord): Loaded {
  const reasons = new BreakdownCounter();
  for (const { rejectedByReason } of [before, record]) reasons.add({ filteredByTask: {}, rejectedByReason });
  const firstRefusal = before.firstRefusal ?? record.firstRefusal;
  return {
    batches: before.batches + 1,
    written: before.written + record.written,
    rejected: before.rejected + (record.rejected?.rows ?? 0),
    rejectedByReason: reasons.rejectedByReason,
    rejectedParts: record.rejected ? [...before.rejectedParts, record.rejected] : before.rejectedParts,
    ...(firstRefusal !== undefined && { firstRefusal }),
    next: record.next,
  };
}

/** A record that the application refused, as the error bucket gets it. */
export interface RefusedRecord {
  /** As it was sent, after the tasks. */
  readonly record: WrittenRecord;
  /** The vendor's. */
  readonly errorCode: string;
  readonly errorMessage: string;
  /** Of the run's start. */
  readonly timestamp: string;
  /** Of the load, from 0. */
  readonly batch: number;
  /** In the batch, from 0. */
  readonly position: number;
}

export const refusalCode = (result: WriteResult & { readonly kind: 'refused' }): string =>
  result.code ?? 'refused';
