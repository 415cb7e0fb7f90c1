/**
 * A run's record and a flow's state, as the state table holds them.
 *
 * | pk | sk | content |
 * |---|---|---|
 * | `FLOW#<flowName>` | `STATE` | {@link FlowState}: what belongs to the flow's name, not to its definition |
 * | `FLOW#<flowName>` | `SLOT` | {@link Slot}: which run may go on |
 * | `FLOW#<flowName>` | `HISTORY#<startedAt>#<executionId>` | nothing more: the run list's order |
 * | `RUN#<executionId>` | `RUN` | {@link Run} |
 * | `RUN#<executionId>` | `SEGMENT#<split>#<n>` | {@link SegmentRecord}: who wins (split, n) is decided by the condition on this item |
 * | `RUN#<executionId>` | `UPLOAD#<object>` | a multipart upload that is under way |
 * | `RUN#<executionId>` | `ERROR` | the first error of a split |
 * | `RUN#<executionId>` | `LEFT` | {@link LeftError}: the latest error with which its commit was left unfinished |
 * | `RUN#<executionId>` | `REPLAY` | which run has replayed its quarantine |
 */

import { TributaryError } from '../../core/errors.ts';
import type { JsonObject, StateItem, StateKey, StateStore } from '../../core/ports.ts';
import type { RecordCounts } from '../../core/records.ts';
import type { Failure } from './failure.ts';
import type { LedgerPointer } from './ledger.ts';

/**
 * After so many seconds the table may drop what only a run's own steps read. A run lasts 48 hours; one that died in its
 * commit is finished from its manifest, which is kept no longer.
 */
export const workingItemSeconds = 90 * 24 * 3600;

export const flowKey = (flowName: string): string => `FLOW#${flowName}`;
export const runKey = (executionId: string): string => `RUN#${executionId}`;
export const segmentKey = (split: number, segment: number): string =>
  `SEGMENT#${String(split).padStart(6, '0')}#${String(segment).padStart(8, '0')}`;

export const leftKey = (executionId: string): { pk: string; sk: 'LEFT' } => ({
  pk: runKey(executionId),
  sk: 'LEFT',
});

/** What belongs to the flow's name and outlives every edit of its definition. */
export interface FlowState {
  readonly status: 'Active' | 'Suspended';
  /** Why it is suspended; shown beside the status. */
  readonly statusMessage?: string;
  /** End of the last committed pull window, epoch milliseconds. */
  readonly watermark?: number;
  /** What the source left on the last committed run's last page, to begin the next one with (`Page.resume`). */
  readonly resume?: JsonObject;
  /** Of a flow that looks back: what the last committed run's window had. */
  readonly ledger?: LedgerPointer;
  readonly schemaVersion: number;
  /** Of the schema that `schemaVersion` numbers; absent before the first commit. */
  readonly schemaFingerprint?: string;
  /** Of source and destination: a flow of the same name that reads or writes elsewhere is another flow. */
  readonly identity?: string;
  /** Consecutive failed scheduled runs. */
  readonly failureCount: number;
  /** Epoch milliseconds for which the latest scheduled run was due: a delivery that is repeated starts nothing. */
  readonly scheduledTime?: number;
  /** Epoch seconds in the name of the `_latest` table, reserved before the table is created. */
  readonly catalogEpoch?: number;
}

/** The run slot: one run of a flow at a time. */
export interface Slot {
  /** Absent: free. */
  readonly executionId?: string;
  readonly executionArn?: string;
  /** Rises with every taker; a run whose fence is not the slot's must not commit. */
  readonly fence: number;
}

/** What one run overrides; nothing of it outlives the run. */
export interface RunParameters {
  /** Epoch milliseconds. */
  readonly from?: number;
  readonly to?: number;
  readonly full?: boolean;
  readonly limit?: number;
  readonly dryRun?: boolean;
  /** Reads the quarantine of this run instead of the source. */
  readonly replayOf?: string;
}

export type TriggerKind = 'OnDemand' | 'Scheduled' | 'Event';

/**
 * RUNNING → COMMITTING → COMMITTED → Successful, or RUNNING → Error | Canceled, or COMMITTED → Error (the catalog failed).
 * From COMMITTING on a run only rolls forward, unless an operator abandons its commit: with `cancelRequested` it is on its
 * way back to RUNNING, to be closed as Canceled.
 */
export type RunStatus = 'RUNNING' | 'COMMITTING' | 'COMMITTED' | 'Successful' | 'Error' | 'Canceled';

export interface Run {
  readonly executionId: string;
  readonly executionArn: string;
  readonly flowName: string;
  readonly status: RunStatus;
  readonly fence: number;
  readonly trigger: TriggerKind;
  readonly parameters: RunParameters;
  /** Epoch milliseconds; the run's time in folders, names and events. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly cancelRequested?: boolean;
  readonly window: { readonly start?: number; readonly end: number };
  readonly schemaVersion?: number;
  readonly counts?: RecordCounts;
  readonly bytesProcessed?: number;
  readonly bytesWritten?: number;
  readonly objectsWritten?: number;
  /** What an application has taken of a run that ended in the middle of writing to it. */
  readonly recordsAcknowledged?: number;
  /** Refused and invalid records, which a replay can read. */
  readonly recordsQuarantined?: number;
  readonly splitCount?: number;
  /** These become the flow's with the commit. */
  readonly resume?: JsonObject;
  readonly ledger?: LedgerPointer;
  readonly catalogTables?: readonly string[];
  /** What the user should know of a run that succeeded. */
  readonly warnings?: readonly string[];
  readonly errorCode?: string;
  readonly errorMessage?: string;
  /** Where it failed, and what else the error said. */
  readonly failure?: Failure;
  /** Why the flow was suspended with this run's failure. */
  readonly deactivated?: string;
  /** 1 or 2: what a CLI that waited for the run exits with. */
  readonly exitCode?: number;
}

/** Why a commit was left unfinished; it says nothing of a run that was finished since. */
export interface LeftError extends Pick<Run, 'errorCode' | 'errorMessage' | 'failure'> {
  /** Epoch milliseconds. */
  readonly at?: number;
}

/** AppFlow's ExecutionStatus of a run. */
export function executionStatus(
  run: Run,
): 'InProgress' | 'Successful' | 'Error' | 'CancelStarted' | 'Canceled' {
  switch (run.status) {
    case 'RUNNING':
      return run.cancelRequested ? 'CancelStarted' : 'InProgress';
    case 'COMMITTING':
    case 'COMMITTED':
      return 'InProgress';
    default:
      return run.status;
  }
}

export function isClosed(run: Run): boolean {
  return run.status === 'Successful' || run.status === 'Error' || run.status === 'Canceled';
}

/**
 * Whether its objects are at the destination: one that ended as Error may have failed behind its commit, in the catalog; one
 * that was cancelled has written nothing, or taken it back.
 */
export function isCommitted({ status, objectsWritten }: Run): boolean {
  return (
    status === 'COMMITTED' || status === 'Successful' || (status === 'Error' && objectsWritten !== undefined)
  );
}

/** What a step of the state machine is told about its run. */
export interface RunReference {
  readonly executionId: string;
  readonly fence: number;
}

export async function readRun(state: StateStore, executionId: string): Promise<StateItem<Run>> {
  return foundRun(await state.get<Run>(runKey(executionId), 'RUN'), executionId);
}

export function foundRun(item: StateItem<Run> | undefined, executionId: string): StateItem<Run> {
  if (!item) throw new TributaryError('ResourceNotFoundError', 'there is no such run', { at: executionId });
  return item;
}

/** The record of a run that may still go on. @throws FencedOut if it was closed or its slot taken over meanwhile. */
export async function readOpenRun(state: StateStore, reference: RunReference): Promise<StateItem<Run>> {
  return openRun(await state.get<Run>(runKey(reference.executionId), 'RUN'), reference);
}

/** The same of a record that was read with others. */
export function openRun(found: StateItem<Run> | undefined, reference: RunReference): StateItem<Run> {
  const item = foundRun(found, reference.executionId);
  if (isClosed(item.data) || item.data.fence !== reference.fence) {
    throw new TributaryError('FencedOut', `the run is ${item.data.status} and goes on no more`, {
      flowName: item.data.flowName,
      at: reference.executionId,
    });
  }
  return item;
}

/** Of the entry that puts a run into the order of its flow's runs. */
export function historyKey(run: Pick<Run, 'startedAt' | 'executionId'>): string {
  return `HISTORY#${new Date(run.startedAt).toISOString()}#${run.executionId}`;
}

export type FlowItems = {
  readonly state: StateItem<FlowState> | undefined;
  readonly slot: StateItem<Slot> | undefined;
};

export async function readFlowItems(state: StateStore, flowName: string): Promise<FlowItems> {
  const [slot, flowState] = await state.getAll<[Slot, FlowState]>(flowItemKeys(flowName));
  return { slot, state: flowState };
}

/** A run's record, if there is one, and its flow's items. */
export async function readRunAndFlow(
  state: StateStore,
  executionId: string,
  flowName: string,
): Promise<FlowItems & { readonly run: StateItem<Run> | undefined }> {
  const [slot, flowState, run] = await state.getAll<[Slot, FlowState, Run]>([
    ...flowItemKeys(flowName),
    { pk: runKey(executionId), sk: 'RUN' },
  ]);
  return { slot, state: flowState, run };
}

function flowItemKeys(flowName: string): [StateKey, StateKey] {
  const pk = flowKey(flowName);
  return [
    { pk, sk: 'SLOT' },
    { pk, sk: 'STATE' },
  ];
}

/** The `expect` of a write that follows a read. */
export function expected(item: { readonly revision: number } | undefined): 'absent' | number {
  return item ? item.revision : 'absent';
}
