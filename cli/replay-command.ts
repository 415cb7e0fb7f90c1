import { TributaryError } from '../core/errors.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { readPlan } from '../engine/run/plan.ts';
import { checkReplayable } from '../engine/run/replay.ts';
import type { Run } from '../engine/run/run.ts';
import type { Backend } from './backend.ts';
import { readFlowFile } from './context.ts';
import { findRun } from './find-run.ts';
import { type BackendOptions, openBackend } from './open-backend.ts';
import { progressLine } from './progress.ts';
import { runHere, runInAws, tell } from './run-command.ts';
import type { Shell } from './shell.ts';

export interface ReplayOptions extends BackendOptions {
  /** The mended flow. */
  readonly flow?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/**
 * `tributary replay RUN`: sends the quarantine of a run through its flow again: here through the mended definition (else the
 * one that the run had), in AWS through the one that is deployed. @returns the exit code
 */
export async function replayCommand(
  executionId: string,
  options: ReplayOptions,
  shell: Shell,
): Promise<number> {
  if (options.aws && options.flow !== undefined) {
    throw new TributaryError('InvalidArgument', '--flow is for runs on this machine', {
      fix: 'deploy the mended flow, then leave out --flow: a replay in AWS runs the flow that is deployed',
    });
  }
  const line = progressLine(shell.terminal, shell.clock.now);
  const parameters = { replayOf: executionId, ...(options.dryRun && { dryRun: true as const }) };
  if (options.aws) {
    const backend = await shell.openAws(options.region);
    const { data: run } = await findRun(executionId, backend);
    const { flowName } = run;
    // Before an execution is started, to fail and raise an alarm.
    checkReplayable(run, flowName);
    return tell(await runInAws(flowName, parameters, backend, shell, line), options, shell);
  }
  const backend = await openBackend(options, shell);
  const { data: run } = await findRun(executionId, backend);
  // Before the plan is looked for, which such a run may not have.
  checkReplayable(run, run.flowName);
  const flow = options.flow === undefined ? await planned(run, backend) : await readFlowFile(options.flow);
  checkReplayable(run, flow.flowName);
  return tell(await runHere(flow, options.flow, parameters, options, shell, line), options, shell);
}

/** The definition that the run had. */
async function planned(
  { flowName, executionId }: Pick<Run, 'flowName' | 'executionId'>,
  { objects, home }: Backend,
): Promise<FlowDefinition> {
  return (await readPlan(objects, home, flowName, executionId)).flow;
}
