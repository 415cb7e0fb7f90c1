/** A run's record as programs and people are shown it. */

import { exitCodeOfName, TributaryError } from '../../core/errors.ts';
import type { EnginePorts } from '../ports.ts';
import { readManifest } from './manifest.ts';
import { readPlan } from './plan.ts';
import { executionStatus, isClosed, isCommitted, type Run, runKey } from './run.ts';

/** What `tributary run --json` prints; `runs --json` the same without the objects' keys. */
export interface RunSummary {
  readonly executionId: string;
  readonly flowName: string;
  readonly status: ReturnType<typeof executionStatus> | 'Skipped';
  /** Read from the source. */
  readonly recordsProcessed: number;
  /** By filters and validations. */
  readonly recordsFiltered: number;
  readonly recordsRejected: number;
  /** Of a dry run: that would be. */
  readonly recordsWritten: number;
  readonly recordsOutOfWindow: number;
  readonly recordsDuplicate: number;
  readonly recordsSkipped: number;
  /** Refused and invalid ones: `tributary replay` reads them. */
  readonly recordsQuarantined: number;
  readonly bytesProcessed: number;
  readonly bytesWritten: number;
  readonly window: { readonly start: string | null; readonly end: string } | null;
  readonly schemaVersion: number | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly dryRun: boolean;
  /** The run whose quarantine it read. */
  readonly replayOf: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Why it was skipped, or what else is to be said about it. */
  readonly reason: string | null;
  /** Of a process that waited for it: 0 done, 1 the run failed, 2 bad input. */
  readonly exitCode: 0 | 1 | 2;
}

export interface RunResult extends RunSummary {
  /** `s3://bucket/key` of each object written. */
  readonly objects: readonly string[];
  /** `s3://bucket/key` of the refused and invalid records, with the reasons. */
  readonly rejectedObject: string | null;
}

export function runSummary(run: Run): RunSummary {
  const { counts } = run;
  const iso = (time: number | undefined): string | null =>
    time === undefined ? null : new Date(time).toISOString();
  return {
    executionId: run.executionId,
    flowName: run.flowName,
    status: executionStatus(run),
    recordsProcessed: counts?.received ?? 0,
    recordsFiltered: counts?.filtered ?? 0,
    recordsRejected: counts?.rejected ?? 0,
    // A run that failed before its commit has written nothing, whatever it had prepared; an application keeps what it took.
    recordsWritten: isCommitted(run) ? (counts?.written ?? 0) : (run.recordsAcknowledged ?? 0),
    recordsOutOfWindow: counts?.outOfWindow ?? 0,
    recordsDuplicate: counts?.duplicates ?? 0,
    recordsSkipped: counts?.skipped ?? 0,
    recordsQuarantined: isCommitted(run) ? (run.recordsQuarantined ?? 0) : 0,
    bytesProcessed: run.bytesProcessed ?? 0,
    bytesWritten: isCommitted(run) ? (run.bytesWritten ?? 0) : 0,
    window: { start: iso(run.window.start), end: new Date(run.window.end).toISOString() },
    schemaVersion: run.schemaVersion ?? null,
    startedAt: iso(run.startedAt),
    endedAt: iso(run.endedAt),
    dryRun: run.parameters.dryRun === true,
    replayOf: run.parameters.replayOf ?? null,
    error: run.errorCode ? { code: run.errorCode, message: run.errorMessage ?? '' } : null,
    reason: run.warnings?.join('; ') ?? null,
    exitCode: run.status === 'Successful' ? 0 : run.exitCode === 2 ? 2 : 1,
  };
}

export async function runResult(
  run: Run,
  { objects, home }: Pick<EnginePorts, 'objects' | 'home'>,
): Promise<RunResult> {
  const summary = runSummary(run);
  const none = { ...summary, objects: [], rejectedObject: null };
  if (summary.dryRun || !isCommitted(run)) return none;
  try {
    const plan = await readPlan(objects, home, run.flowName, run.executionId);
    const manifest = await readManifest(objects, home, plan);
    const uris = (quarantined: boolean): string[] =>
      manifest.objects
        .filter(({ partition }) => (partition === null) === quarantined)
        .map(({ bucket, key }) => `s3://${bucket}/${key}`);
    return { ...summary, objects: uris(false), rejectedObject: uris(true)[0] ?? null };
  } catch (error) {
    // A run's papers are kept for a while only; its record stays.
    if (error instanceof TributaryError && error.code === 'ResourceNotFoundError')
      return { ...none, reason: 'the list of its objects is kept no longer' };
    throw error;
  }
}

/** How an execution of the state machine ended. */
export interface ExecutionEnd {
  /** Why. */
  readonly skipped?: string | undefined;
  readonly failed?: { readonly code: string; readonly message: string } | undefined;
}

/** How an execution ended that did not fail, from its output: StartRun's, if it went no further. */
export function endOf(output: unknown): ExecutionEnd {
  const { next, reason } = output as { readonly next?: string; readonly reason?: string };
  return next === 'skip' ? { skipped: reason ?? '' } : {};
}

/** The result of an execution that has ended. */
export async function executionResult(
  ports: Pick<EnginePorts, 'state' | 'objects' | 'home'>,
  flowName: string,
  executionId: string,
  { skipped, failed }: ExecutionEnd,
): Promise<RunResult> {
  if (skipped !== undefined)
    return noRun(flowName, executionId, { status: 'Skipped', reason: skipped, exitCode: 0 });
  const told = failed && {
    error: failed,
    exitCode: exitCodeOfName(failed.code),
  };
  const run = await ports.state.get<Run>(runKey(executionId), 'RUN');
  if (!run) return noRun(flowName, executionId, { status: 'Error', exitCode: 1, ...told });
  const result = await runResult(run.data, ports);
  return isClosed(run.data) ? result : { ...result, ...told, reason: leftOpen };
}

/** Of an execution that opened no run: it was skipped, or refused before. */
function noRun(
  flowName: string,
  executionId: string,
  told: Pick<RunSummary, 'status' | 'exitCode'> & Partial<RunSummary>,
): RunResult {
  return {
    executionId,
    flowName,
    recordsProcessed: 0,
    recordsFiltered: 0,
    recordsRejected: 0,
    recordsWritten: 0,
    recordsOutOfWindow: 0,
    recordsDuplicate: 0,
    recordsSkipped: 0,
    recordsQuarantined: 0,
    bytesProcessed: 0,
    bytesWritten: 0,
    objects: [],
    rejectedObject: null,
    window: null,
    schemaVersion: null,
    startedAt: null,
    endedAt: null,
    dryRun: false,
    replayOf: null,
    error: null,
    reason: null,
    ...told,
  };
}

/** Of an execution that ended without closing its run. */
export const leftOpen = 'the run ended without being closed; the next run of the flow settles it first';
