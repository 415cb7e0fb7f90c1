/** Runs a flow on this machine: the deployed state machine, interpreted, over local ports. */

import { randomUUID } from 'node:crypto';
import { executionIdOf } from '../core/execution/execution-id.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { type StepName, stateMachine } from '../core/flow/state-machine.ts';
import type { Progress } from '../engine/ports.ts';
import { requestCancel } from '../engine/run/close.ts';
import { type Run, runKey } from '../engine/run/run.ts';
import { type ExecutionEnd, endOf, executionResult, type RunResult } from '../engine/run/run-result.ts';
import { type ExecutionInput, runStep } from '../engine/steps/index.ts';
import { asExecution, localExecutionArn } from './executions.ts';
import type { LocalHome } from './home.ts';
import { ExecutionFailed, interpret } from './interpreter.ts';

export interface RunFlowOptions {
  readonly input?: ExecutionInput;
  readonly executionName?: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly onRetry?: (state: string, error: Error, seconds: number) => void;
  readonly onWait?: (state: string, seconds: number) => void;
  /** Aborted: the run is asked to stop, which it does between two segments; a wait between steps ends at once. */
  readonly signal?: AbortSignal;
  /** Stands between the interpreter and a step; tests kill there. */
  readonly aroundStep?: (step: StepName, run: () => Promise<object>) => Promise<object>;
  /** Splits at once. Default 2: the work is bound by this process's one core. */
  readonly maxConcurrency?: number;
}

/** @returns how the run ended; never throws for a run that failed */
export async function runFlow(
  flow: FlowDefinition,
  home: LocalHome,
  options: RunFlowOptions = {},
): Promise<RunResult> {
  const { aroundStep = (_step, run) => run(), signal } = options;
  const executionName = options.executionName ?? randomUUID();
  const executionId = executionIdOf(executionName);
  const executionArn = localExecutionArn(executionName);
  const stop = (): Promise<void> => (signal?.aborted ? askToStop(home, executionId) : Promise.resolve());
  // What goes wrong here shows again before the next step.
  const onAbort = (): void => void stop().catch(() => undefined);
  signal?.addEventListener('abort', onAbort);
  let end: ExecutionEnd;
  try {
    const execution = (): Promise<unknown> =>
      interpret(
        stateMachine({
          functions: { control: 'control', transfer: 'transfer' },
          maxConcurrency: options.maxConcurrency ?? 2,
        }),
        {
          Execution: {
            Id: executionArn,
            Name: executionName,
            StartTime: new Date(home.clock.now()).toISOString(),
            Input: options.input ?? {},
          },
        },
        {
          async invoke(_function, payload) {
            await stop();
            return aroundStep((payload as { step: StepName }).step, () =>
              runStep(payload, home.forStep(flow, options.onProgress)),
            );
          },
          readItems: async (bucket, key) => {
            const text = await home.objects.read(bucket, key);
            return JSON.parse(Buffer.from(text).toString()) as unknown[];
          },
          clock: { now: home.clock.now, sleep: (milliseconds) => home.clock.sleep(milliseconds, signal) },
          random: Math.random,
          ...(options.onRetry && { onRetry: options.onRetry }),
          ...(options.onWait && { onWait: options.onWait }),
        },
      );
    end = endOf(await asExecution(executionArn, execution));
  } catch (error) {
    if (!(error instanceof ExecutionFailed)) throw error;
    end = { failed: { code: error.error, message: error.failure } };
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  return executionResult(home, flow.flowName, executionId, end);
}

/** Once the run is open. */
async function askToStop(home: LocalHome, executionId: string): Promise<void> {
  const item = await home.state.get<Run>(runKey(executionId), 'RUN');
  if (item) await requestCancel(home, item);
}
