import { type ErrorCode, TributaryError } from '../../core/errors.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { identityFingerprint } from '../../core/flow/fingerprint.ts';
import { checkIdentity } from '../../core/flow/identity.ts';
import { scheduleAllows } from '../../core/flow/schedule.ts';
import type { StateItem, StateWrite } from '../../core/ports.ts';
import type { EnginePorts } from '../ports.ts';
import { closeRun, initialState } from '../run/close.ts';
import { abortUploads } from '../run/materialise.ts';
import { findReplay } from '../run/replay.ts';
import { reportStart } from '../run/reports.ts';
import {
  expected,
  flowKey,
  historyKey,
  isClosed,
  type Run,
  type RunParameters,
  type RunReference,
  readFlowItems,
  readRunAndFlow,
  runKey,
  type Slot,
  type TriggerKind,
} from '../run/run.ts';
import { readSegments } from '../run/segment-record.ts';
import { isIncremental, iso, pullWindow } from '../run/window.ts';

export interface StartRunInput {
  readonly executionId: string;
  readonly executionArn: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly trigger: TriggerKind;
  readonly parameters: RunParameters;
  /** Epoch milliseconds for which the scheduler meant the run; deliveries come late. Default: startedAt. */
  readonly scheduledTime?: number;
  /** Only settle this run; begin none. */
  readonly settle?: Settlement;
}

/** How an execution ended that did not close its run's record, as Step Functions tells it. */
export interface Settlement {
  readonly executionId: string;
  readonly status: 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

export type StartRunOutput =
  | { readonly next: 'describe'; readonly run: RunReference }
  /** The slot's holder died in the middle of its commit, which this execution now finishes. */
  | { readonly next: 'commit'; readonly run: RunReference }
  | { readonly next: 'skip'; readonly reason: string };

/** Takes the run slot and opens the run's record, or says why not. */
export async function startRun(input: StartRunInput, ports: EnginePorts): Promise<StartRunOutput> {
  const flow = await ports.loadFlow();
  const { flowName } = flow;
  const found = await readRunAndFlow(ports.state, input.executionId, flowName);
  if (found.run) return resumeOwn(ports, flow, found.run);

  const settled = await settleHolder(input, found.slot, ports, flow);
  if (typeof settled === 'object') return settled;
  if (input.settle !== undefined) return { next: 'skip', reason: `${input.settle.executionId} is settled` };

  // Settling has freed the slot and may have counted a failure. What follows is conditional on both items.
  const { slot, state: stateItem } =
    settled === 'settled' ? await readFlowItems(ports.state, flowName) : found;
  const state = stateItem?.data ?? initialState(flow);
  if (slot?.data.executionId !== undefined) {
    throw new TributaryError('StateConflict', 'another run has taken the run slot', {
      flowName,
      got: slot.data.executionId,
    });
  }
  // Whoever starts a run by hand means it; what starts runs by itself asks whether the flow is active.
  if (input.trigger !== 'OnDemand' && state.status !== 'Active') {
    return skip(ports, flow, `the flow is ${state.status}: ${state.statusMessage ?? 'deactivated'}`);
  }
  if (input.trigger === 'Scheduled') {
    const scheduled = flow.triggerConfig.triggerProperties?.Scheduled;
    const allowed = scheduled ? scheduleAllows(scheduled, input.scheduledTime ?? input.startedAt) : 'run';
    if (allowed !== 'run')
      return skip(ports, flow, `the schedule is ${allowed === 'over' ? 'over' : 'not yet due'}`);
  }
  const due = input.trigger === 'Scheduled' ? input.scheduledTime : undefined;
  if (due !== undefined && due <= (state.scheduledTime ?? Number.NEGATIVE_INFINITY)) {
    return skip(ports, flow, `the run due at ${iso(due)} has been started already`);
  }
  checkIdentity(flowName, state.identity, identityFingerprint(flow));

  const { replayOf: asked, ...others } = input.parameters;
  const replay = asked === undefined ? undefined : await findReplay(asked, flow, ports);
  if (replay && 'done' in replay) return skip(ports, flow, replay.done);
  const parameters: RunParameters = { ...others, ...replay };

  const fence = (slot?.data.fence ?? 0) + 1;
  const scheduled = flow.triggerConfig.triggerProperties?.Scheduled;
  const run: Run = {
    executionId: input.executionId,
    executionArn: input.executionArn,
    flowName,
    status: 'RUNNING',
    fence,
    trigger: input.trigger,
    parameters,
    startedAt: input.startedAt,
    window: pullWindow({
      incremental: isIncremental(flow),
      watermark: state.watermark,
      now: Math.min(input.startedAt, ports.clock.now()),
      scheduleOffset: scheduled?.scheduleOffset,
      firstExecutionFrom: scheduled?.firstExecutionFrom,
      parameters,
    }),
  };
  const writes: StateWrite[] = [
    { pk: flowKey(flowName), sk: 'SLOT', expect: expected(slot), set: holding(run, fence) },
    { pk: runKey(run.executionId), sk: 'RUN', expect: 'absent', set: run },
    { pk: flowKey(flowName), sk: historyKey(run), set: {} },
  ];
  if (!stateItem || due !== undefined) {
    writes.push({
      pk: flowKey(flowName),
      sk: 'STATE',
      expect: expected(stateItem),
      set: { ...state, ...(due !== undefined && { scheduledTime: due }) },
    });
  }
  await ports.state.write(writes);
  await reportStart(ports, flow, run);
  ports.log.info('run started', { flowName, executionId: run.executionId, trigger: run.trigger });
  return { next: 'describe', run: { executionId: run.executionId, fence } };
}

function holding(run: Pick<Run, 'executionId' | 'executionArn'>, fence: number): Slot {
  return { executionId: run.executionId, executionArn: run.executionArn, fence };
}

function skip(ports: EnginePorts, flow: FlowDefinition, reason: string): StartRunOutput {
  ports.log.warn('run skipped', { flowName: flow.flowName, reason });
  return { next: 'skip', reason };
}

/** A repeated StartRun of a run that is open already. */
async function resumeOwn(
  ports: EnginePorts,
  flow: FlowDefinition,
  own: StateItem<Run>,
): Promise<StartRunOutput> {
  const run = own.data;
  if (isClosed(run)) return skip(ports, flow, `the run ${run.executionId} has ended: ${run.status}`);
  const reference = { executionId: run.executionId, fence: run.fence };
  if (run.status !== 'RUNNING') return { next: 'commit', run: reference };
  await reportStart(ports, flow, run);
  return { next: 'describe', run: reference };
}

/**
 * What to do about the run that holds the slot: skip while it goes on; finish it if it died while committing (its
 * output must appear whole); close it as failed if it died before. Settlement events do the same earlier, but may be lost.
 *
 * @returns `free` if no other run held it; `settled` if that has changed the flow's items
 */
async function settleHolder(
  input: StartRunInput,
  slot: StateItem<Slot> | undefined,
  ports: EnginePorts,
  flow: FlowDefinition,
): Promise<StartRunOutput | 'free' | 'settled'> {
  const holder = slot?.data;
  if (!slot || !holder?.executionId || holder.executionId === input.executionId) return 'free';
  if (
    holder.executionArn &&
    holder.executionArn !== input.executionArn &&
    (await ports.executions.isRunning(holder.executionArn))
  ) {
    return skip(ports, flow, `run ${holder.executionId} is in progress`);
  }
  const item = await ports.state.get<Run>(runKey(holder.executionId), 'RUN');
  if (!item) {
    await ports.state.write([
      { pk: slot.pk, sk: slot.sk, expect: slot.revision, set: { fence: holder.fence } },
    ]);
    return 'settled';
  }
  if (isClosed(item.data)) {
    // It died between its last write and its reports.
    await closeRun(ports, flow, item, item.data);
    return 'settled';
  }
  if (item.data.status === 'RUNNING') {
    await abandon(
      ports,
      flow,
      item,
      input.settle?.executionId === holder.executionId ? input.settle : undefined,
    );
    return 'settled';
  }
  // An operator is taking back what the commit had written, or was interrupted in it.
  if (item.data.cancelRequested)
    return skip(
      ports,
      flow,
      `run ${holder.executionId} is being abandoned; if that was broken off, repeat it`,
    );
  const fence = holder.fence + 1;
  const run: Run = { ...item.data, fence, executionArn: input.executionArn };
  await ports.state.write([
    { pk: slot.pk, sk: slot.sk, expect: slot.revision, set: holding(run, fence) },
    { pk: item.pk, sk: item.sk, expect: item.revision, set: run },
  ]);
  ports.log.warn('finishing the commit of a dead run', {
    flowName: flow.flowName,
    executionId: run.executionId,
  });
  return { next: 'commit', run: { executionId: run.executionId, fence } };
}

/** Closes a run that died before its commit: nothing of it is at the destination. */
async function abandon(
  ports: EnginePorts,
  flow: FlowDefinition,
  item: StateItem<Run>,
  told: Settlement | undefined,
): Promise<void> {
  const { executionId, cancelRequested } = item.data;
  const transferred = await readSegments(ports.state, executionId);
  await abortUploads(ports.objects, ports.state, executionId);
  const canceled = cancelRequested || told?.status === 'ABORTED';
  await closeRun(ports, flow, item, {
    status: canceled ? 'Canceled' : 'Error',
    errorCode: canceled ? 'ExecutionCanceled' : codeOf(told),
    errorMessage: told
      ? endingText(told)
      : 'the execution ended without reporting; settled by the next start',
    counts: transferred.counts,
    bytesProcessed: transferred.received,
    bytesWritten: 0,
  });
}

function codeOf(told: Settlement | undefined): string {
  if (told?.status === 'TIMED_OUT') return 'ExecutionTimedOut';
  return told?.error ?? ('ExecutionDied' satisfies ErrorCode);
}

function endingText({ status, cause }: Settlement): string {
  if (status === 'ABORTED') return 'the execution was stopped';
  if (status === 'TIMED_OUT') return 'the run took longer than 48 hours';
  return cause ?? 'the execution failed without saying why';
}
