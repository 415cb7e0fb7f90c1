/** The end of a run: its record, the slot, the flow's failure count, the reports, and what it leaves behind. */

import { TributaryError } from '../../core/errors.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import type { StateItem, StateWrite } from '../../core/ports.ts';
import type { EnginePorts } from '../ports.ts';
import { segmentFolder } from './plan.ts';
import { reportDeactivated, reportEnd } from './reports.ts';
import {
  expected,
  type FlowItems,
  type FlowState,
  flowKey,
  historyKey,
  isClosed,
  type Run,
  readFlowItems,
  readRun,
  type Slot,
} from './run.ts';

/** The revision of a run whose record has not been written: it failed before it was opened. */
export const unopened = 0;

/** How a run ends; members of the record that the closer knows. */
export type Ending = Pick<Run, 'status'> & Partial<Run>;

/**
 * Closes a run, counts the failure (and suspends the flow at its threshold), reports, cleans up and frees the slot. Safe
 * to repeat: a run that is closed already is only reported and cleaned again. The slot goes last, so that it is still
 * held where any of this was left undone, and the next start finds what to finish.
 *
 * @param read the flow's items, if they have been read already
 * @throws StateConflict if another step has changed the run or the flow's state meanwhile: then this has to be repeated
 */
export async function closeRun(
  ports: EnginePorts,
  flow: FlowDefinition,
  item: StateItem<Run>,
  ending: Ending,
  read?: FlowItems,
): Promise<Run> {
  let run = item.data;
  const { slot, state } = read ?? (await readFlowItems(ports.state, flow.flowName));
  if (!isClosed(run)) {
    // Two machines' clocks may differ by more than a short run takes.
    run = { ...run, ...ending, endedAt: Math.max(run.startedAt, ports.clock.now()) };
    const writes: StateWrite[] = [];
    const next = state && afterRun(flow, state.data, run);
    if (state && next) {
      writes.push({ pk: state.pk, sk: state.sk, expect: state.revision, set: next });
      if (next.status === 'Suspended' && state.data.status === 'Active' && next.statusMessage)
        run = { ...run, deactivated: next.statusMessage };
    }
    if (item.revision === unopened) {
      writes.push({ pk: item.pk, sk: item.sk, expect: 'absent', set: run });
      writes.push({ pk: flowKey(run.flowName), sk: historyKey(run), set: {} });
    } else writes.push({ pk: item.pk, sk: item.sk, expect: item.revision, set: run });
    await ports.state.write(writes);
    ports.log.info('run ended', {
      flowName: flow.flowName,
      executionId: run.executionId,
      status: run.status,
      recordsProcessed: run.counts?.received,
      recordsWritten: run.recordsAcknowledged ?? run.counts?.written,
    });
  }
  await reportEnd(ports, flow, run);
  if (run.deactivated) await reportDeactivated(ports, flow, run.deactivated, run.endedAt ?? 0);
  await removeSegments(ports, run);
  await freeSlot(ports, run, slot);
  return run;
}

async function freeSlot(ports: EnginePorts, run: Run, slot: StateItem<Slot> | undefined): Promise<void> {
  if (slot?.data.executionId !== run.executionId) return;
  const { pk, sk, revision, data } = slot;
  try {
    await ports.state.write([{ pk, sk, expect: revision, set: { fence: data.fence } }]);
  } catch (error) {
    if (!(error instanceof TributaryError && error.code === 'StateConflict')) throw error;
    const now = await ports.state.get<Slot>(pk, sk);
    // A twin of this step has freed it.
    if (now?.data.executionId === run.executionId) throw error;
  }
}

/** What a run's end changes in the flow's state: the count of consecutive failures of scheduled runs. */
function afterRun(flow: FlowDefinition, state: FlowState, run: Run): FlowState | undefined {
  if (run.trigger !== 'Scheduled') return undefined;
  if (run.status === 'Successful')
    return state.failureCount === 0 ? undefined : { ...state, failureCount: 0 };
  if (run.status !== 'Error') return undefined;
  const failureCount = state.failureCount + 1;
  const threshold = flow.triggerConfig.triggerProperties?.Scheduled?.flowErrorDeactivationThreshold;
  return threshold !== undefined && failureCount >= threshold
    ? { ...state, failureCount, status: 'Suspended', statusMessage: `${failureCount} consecutive failures` }
    : { ...state, failureCount };
}

/** Segments are of use only until the commit has assembled them. Refused records stay with the run's other papers. */
async function removeSegments(ports: EnginePorts, run: Run): Promise<void> {
  const { stateBucket } = ports.home;
  const keys: string[] = [];
  for await (const { key } of ports.objects.list(stateBucket, segmentFolder(run.flowName, run.executionId))) {
    keys.push(key);
  }
  if (keys.length > 0) await ports.objects.delete(stateBucket, keys);
}

/** Asks a run to stop; TransferBatch sees it between two segments. A run that is committing is not stopped. */
export async function requestCancel(
  ports: Pick<EnginePorts, 'state'>,
  item: StateItem<Run>,
): Promise<'cancelStarted' | 'tooLate'> {
  if (item.data.status !== 'RUNNING') return 'tooLate';
  if (item.data.cancelRequested) return 'cancelStarted';
  try {
    await ports.state.write([
      { pk: item.pk, sk: item.sk, expect: item.revision, set: { ...item.data, cancelRequested: true } },
    ]);
    return 'cancelStarted';
  } catch (error) {
    if (!(error instanceof TributaryError && error.code === 'StateConflict')) throw error;
    // The run went on meanwhile: what it is now decides.
    return requestCancel(ports, await readRun(ports.state, item.data.executionId));
  }
}

/** The flow's state when nothing has been written yet. */
export function initialState(flow: FlowDefinition): FlowState {
  return { status: flow.tributary?.flowStatus ?? 'Active', schemaVersion: 0, failureCount: 0 };
}

/** Sets Active or Suspended by hand; activating forgets the failures counted. */
export async function setFlowStatus(
  ports: Pick<EnginePorts, 'state'>,
  flow: FlowDefinition,
  status: 'Active' | 'Suspended',
): Promise<void> {
  const { state } = await readFlowItems(ports.state, flow.flowName);
  const { statusMessage: _, ...rest } = state?.data ?? initialState(flow);
  await ports.state.write([
    {
      pk: flowKey(flow.flowName),
      sk: 'STATE',
      expect: expected(state),
      set: { ...rest, status, failureCount: status === 'Active' ? 0 : rest.failureCount },
    },
  ]);
}
