/** Runs a flow on this machine: the deployed state machine, interpreted, over local ports. */

import { randomUUID } from 'node:crypto';
import { exitCodeOf, isErrorCode } from '../core/errors.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { type StepName, stateMachine } from '../core/flow/state-machine.ts';
import type { Progress } from '../engine/ports.ts';
import { readManifest } from '../engine/run/manifest.ts';
import { readPlan } from '../engine/run/plan.ts';
import { executionStatus, type Run, runKey } from '../engine/run/run.ts';
import { type ExecutionInput, runStep } from '../engine/steps/index.ts';
import { localExecutionArn } from './executions.ts';
import type { LocalHome } from './home.ts';
import { ExecutionFailed, interpret } from './interpreter.ts';

export interface RunFlowOptions {
  readonly input?: ExecutionInput;
  readonly executionName?: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly onRetry?: (state: string, error: Error, seconds: number) => void;
  /** Stands between the interpreter and a step; tests kill there. */
  readonly aroundStep?: (step: StepName, run: () => Promise<object>) => Promise<object>;
  /** Splits at once. Default 2: the work is bound by this process's one core. */
  readonly maxConcurrency?: number;
}

/** What `tributary run --json` prints. */
export interface RunResult {
  readonly executionId: string;
  readonly flowName: string;
  readonly status: 'Successful' | 'Error' | 'Canceled' | 'InProgress' | 'CancelStarted' | 'Skipped';
  /** Read from the source. */
  readonly recordsProcessed: number;
  /** By filters and validations. */
  readonly recordsFiltered: number;
  readonly recordsRejected: number;
  readonly recordsWritten: number;
  readonly recordsOutOfWindow: number;
  readonly recordsDuplicate: number;
  readonly recordsSkipped: number;
  readonly bytesProcessed: number;
  readonly bytesWritten: number;
  /** `s3://bucket/key` of each object written. */
  readonly objects: readonly string[];
  readonly window: { readonly start: string | null; readonly end: string } | null;
  readonly schemaVersion: number | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly dryRun: boolean;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Why it was skipped. */
  readonly reason: string | null;
  readonly exitCode: 0 | 1 | 2;
}

export async function runFlow(
  flow: FlowDefinition,
  home: LocalHome,
  options: RunFlowOptions = {},
): Promise<RunResult> {
  const executionName = options.executionName ?? randomUUID();
  const executionArn = localExecutionArn(executionName);
  const definition = stateMachine({
    functions: { control: 'control', transfer: 'transfer' },
    maxConcurrency: options.maxConcurrency ?? 2,
  });
  const around = options.aroundStep ?? ((_step, run) => run());
  home.running.add(executionName);
  try {
    const output = await interpret(
      definition,
      {
        Execution: {
          Id: executionArn,
          Name: executionName,
          StartTime: new Date(home.clock.now()).toISOString(),
          Input: options.input ?? {},
        },
      },
      {
        invoke: (_function, payload) =>
          around((payload as { step: StepName }).step, () =>
            runStep(payload, home.forStep(flow, options.onProgress)),
          ),
        readItems: async (bucket, key) => {
          const text = await home.objects.read(bucket, key);
          return JSON.parse(Buffer.from(text).toString()) as unknown[];
        },
        clock: home.clock,
        random: Math.random,
        onState: (name, retry) => {
          if (retry) options.onRetry?.(name, retry.error, retry.seconds);
        },
      },
    );
    const { next, reason } = output as { next: string; reason?: string };
    if (next === 'skip')
      return { ...nothingDone(flow, executionName), status: 'Skipped', reason: reason ?? null, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof ExecutionFailed)) throw error;
    const run = await home.state.get<Run>(runKey(executionName), 'RUN');
    if (!run) {
      const code = error.error;
      return {
        ...nothingDone(flow, executionName),
        status: 'Error',
        error: { code, message: error.failure },
        exitCode: isErrorCode(code) ? exitCodeOf({ name: code, message: '' } satisfies Error) : 1,
      };
    }
  } finally {
    home.running.delete(executionName);
  }
  const run = await home.state.get<Run>(runKey(executionName), 'RUN');
  return run ? runResult(run.data, home) : nothingDone(flow, executionName);
}

/** A run's record as programs and people are shown it. */
export async function runResult(run: Run, home: Pick<LocalHome, 'objects' | 'home'>): Promise<RunResult> {
  const { counts, parameters } = run;
  const iso = (time: number | undefined): string | null =>
    time === undefined ? null : new Date(time).toISOString();
  return {
    executionId: run.executionId,
    flowName: run.flowName,
    status: executionStatus(run),
    recordsProcessed: counts?.received ?? 0,
    recordsFiltered: counts?.filtered ?? 0,
    recordsRejected: counts?.rejected ?? 0,
    recordsWritten:
      run.status === 'Successful' || run.status === 'COMMITTED' || (run.objectsWritten ?? 0) > 0
        ? (counts?.written ?? 0)
        : 0,
    recordsOutOfWindow: counts?.outOfWindow ?? 0,
    recordsDuplicate: counts?.duplicates ?? 0,
    recordsSkipped: counts?.skipped ?? 0,
    bytesProcessed: run.bytesProcessed ?? 0,
    bytesWritten: run.bytesWritten ?? 0,
    objects: await writtenObjects(run, home),
    window: { start: iso(run.window.start), end: new Date(run.window.end).toISOString() },
    schemaVersion: run.schemaVersion ?? null,
    startedAt: iso(run.startedAt),
    endedAt: iso(run.endedAt),
    dryRun: parameters.dryRun === true,
    error: run.errorCode ? { code: run.errorCode, message: run.errorMessage ?? '' } : null,
    reason: null,
    exitCode: run.status === 'Successful' ? 0 : run.exitCode === 2 ? 2 : 1,
  };
}

async function writtenObjects(
  run: Run,
  { objects, home }: Pick<LocalHome, 'objects' | 'home'>,
): Promise<string[]> {
  if (!run.objectsWritten && !run.counts?.rejected) return [];
  if (run.parameters.dryRun || run.status === 'RUNNING' || run.status === 'COMMITTING') return [];
  const plan = await readPlan(objects, home, run.flowName, run.executionId);
  const manifest = await readManifest(objects, home, plan);
  return manifest.objects.map(({ bucket, key }) => `s3://${bucket}/${key}`);
}

function nothingDone(flow: FlowDefinition, executionId: string): RunResult {
  return {
    executionId,
    flowName: flow.flowName,
    status: 'Error',
    recordsProcessed: 0,
    recordsFiltered: 0,
    recordsRejected: 0,
    recordsWritten: 0,
    recordsOutOfWindow: 0,
    recordsDuplicate: 0,
    recordsSkipped: 0,
    bytesProcessed: 0,
    bytesWritten: 0,
    objects: [],
    window: null,
    schemaVersion: null,
    startedAt: null,
    endedAt: null,
    dryRun: false,
    error: null,
    reason: null,
    exitCode: 1,
  };
}
