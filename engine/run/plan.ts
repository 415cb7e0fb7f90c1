/** The run plan: everything that a run was begun with, written once by DescribeSource and never changed. */

import type { FlowDefinition } from '../../core/flow/definition.ts';
import type { JsonObject, ObjectStore } from '../../core/ports.ts';
import type { SourceField } from '../../core/records.ts';
import type { PullWindow, SourceRequest } from '../../core/source.ts';
import type { Home } from '../ports.ts';
import type { TaskPlan } from '../tasks/plan.ts';
import type { LedgerPlan } from './ledger.ts';
import type { PlannedDestination } from './plan-destination.ts';
import type { Sizes } from './sizes.ts';

export interface RunPlan {
  readonly executionId: string;
  readonly flow: FlowDefinition;
  readonly request: SourceRequest;
  /** Indexes into `request.filters` that the engine applies. */
  readonly residualFilters: readonly number[];
  readonly tasks: TaskPlan;
  /** Of a flow that writes records into an application. */
  readonly destination?: PlannedDestination;
  /** All that the source offers, as it described them: the types of what rows hold. */
  readonly sourceFields: readonly SourceField[];
  /** Of the vendor's request; no row holds them. */
  readonly sourceParameters?: readonly SourceField[];
  /** Windows tile time; with a lookback the request's window begins earlier than this one. */
  readonly window: PullWindow;
  /** The field that the engine checks against the window; absent: the source holds back what lies outside. */
  readonly windowField?: string;
  /** Set where pages may repeat records: the fields that make (key, version). */
  readonly repeatKey?: readonly string[];
  /** Set where the flow looks back, and the run moves its watermark. */
  readonly ledger?: LedgerPlan;
  readonly splitCount: number;
  /** The splits' descriptions, one JSON text a line, if they are small. */
  readonly splits?: string;
  /** The object of them otherwise; of the attempt that wrote this plan. */
  readonly splitsKey: string;
  /** The list of {@link SplitPointer}s that the Distributed Map reads; of the attempt that wrote this plan. */
  readonly splitListKey: string;
  /** Whether one loop takes the splits in turn (a `limit` counts over all of them). */
  readonly serial: boolean;
  readonly limit?: number;
  readonly dryRun: boolean;
  /** Whose quarantine is read instead of the source. */
  readonly replayOf?: string;
  readonly schemaVersion: number;
  readonly schemaFingerprint: string;
  /** Whether the commit moves the watermark to the window's end. */
  readonly movesWatermark: boolean;
  /** Epoch milliseconds of the run's start: its time in folders and names. */
  readonly startedAt: number;
  readonly sizes: Sizes;
}

/** Folder of a run in the state bucket. */
export function runFolder(flowName: string, executionId: string): string {
  return `runs/${flowName}/${executionId}`;
}

/** Where a split's description lies: a byte range of the splits' descriptions. Plain data, travels in the state machine. */
export interface SplitPointer {
  readonly split: number;
  readonly start: number;
  readonly end: number;
}

/** Where a split's transfer is; travels in the state machine. */
export interface TransferState extends SplitPointer {
  /** Number of the next segment. */
  readonly segment: number;
  /** Invocations so far in this loop. */
  readonly turns: number;
}

export const planKey = (flowName: string, executionId: string): string =>
  `${runFolder(flowName, executionId)}/plan.json`;
export const manifestKey = (flowName: string, executionId: string): string =>
  `${runFolder(flowName, executionId)}/manifest.jsonl`;
export const certificateKey = (flowName: string, executionId: string): string =>
  `${runFolder(flowName, executionId)}/certificate.json`;
export const segmentFolder = (flowName: string, executionId: string): string =>
  `segments/${flowName}/${executionId}/`;

export async function readPlan(
  objects: ObjectStore,
  home: Home,
  flowName: string,
  executionId: string,
): Promise<RunPlan> {
  const text = await objects.read(home.stateBucket, planKey(flowName, executionId));
  // Written by this program and never by anyone else: no need to be parsed by a schema.
  return JSON.parse(Buffer.from(text).toString()) as RunPlan;
}

/** One line a split, and where each lies. */
export function layOutSplits(splits: readonly JsonObject[]): { lines: string; pointers: SplitPointer[] } {
  const lines = splits.map((split) => `${JSON.stringify(split)}\n`);
  return { lines: lines.join(''), pointers: pointersOf(lines) };
}

function pointersOf(lines: readonly string[]): SplitPointer[] {
  let start = 0;
  return lines.map((line, split) => {
    const end = start + Buffer.byteLength(line);
    const pointer = { split, start, end };
    start = end;
    return pointer;
  });
}

/** Where the splits lie of a plan that has their descriptions. */
export function splitPointers(splits: string): SplitPointer[] {
  return pointersOf(splits.split(/(?<=\n)/));
}

/**
 * Stores the list that the Distributed Map reads. A run whose splits are few and taken in turn has none before its loop
 * has gone on for so long that a Map takes over.
 */
export async function storeSplitList(objects: ObjectStore, home: Home, plan: RunPlan): Promise<void> {
  if (plan.splits === undefined) return;
  await objects.put(home.stateBucket, plan.splitListKey, JSON.stringify(splitPointers(plan.splits)));
}

export async function readSplitPointers(
  objects: ObjectStore,
  home: Home,
  plan: RunPlan,
): Promise<SplitPointer[]> {
  if (plan.splits !== undefined) return splitPointers(plan.splits);
  const list = await objects.read(home.stateBucket, plan.splitListKey);
  return JSON.parse(Buffer.from(list).toString()) as SplitPointer[];
}

export async function readSplit(
  objects: ObjectStore,
  home: Home,
  plan: RunPlan,
  pointer: SplitPointer,
): Promise<JsonObject> {
  const { start, end } = pointer;
  const bytes =
    plan.splits === undefined
      ? await objects.read(home.stateBucket, plan.splitsKey, { range: { start, end } })
      : Buffer.from(plan.splits).subarray(start, end);
  return JSON.parse(Buffer.from(bytes).toString()) as JsonObject;
}
