import type { EnginePorts } from '../ports.ts';
import { closeRun } from '../run/close.ts';
import { abortUploads } from '../run/materialise.ts';
import { isClosed, type Run, runKey } from '../run/run.ts';
import { readSegments } from '../run/segment-record.ts';

export interface SettleRunInput {
  readonly executionId: string;
  /** Step Functions' word. */
  readonly status: 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

/** `resume`: the run died while committing; a new execution has to finish it. */
export type SettleRunOutput = 'settled' | 'nothingToDo' | 'resume';

/**
 * Settles a run whose execution ended without closing the record. Whatever it was doing, the record says how far it
 * came: before COMMITTING nothing is at the destination and the run failed; from then on it has to be finished.
 */
export async function settleRun(input: SettleRunInput, ports: EnginePorts): Promise<SettleRunOutput> {
  const item = await ports.state.get<Run>(runKey(input.executionId), 'RUN');
  if (!item || isClosed(item.data)) return 'nothingToDo';
  if (item.data.status !== 'RUNNING') return 'resume';
  const flow = await ports.loadFlow();
  const transferred = await readSegments(ports.state, input.executionId);
  await abortUploads(ports.objects, ports.state, input.executionId);
  const canceled = input.status === 'ABORTED';
  await closeRun(ports, flow, item, {
    status: canceled ? 'Canceled' : 'Error',
    errorCode: canceled ? 'ExecutionCanceled' : (input.error ?? input.status),
    errorMessage:
      input.cause ??
      (input.status === 'TIMED_OUT'
        ? 'the run took longer than 48 hours'
        : `the execution was ${input.status.toLowerCase()}`),
    counts: transferred.counts,
    bytesProcessed: transferred.received,
    bytesWritten: 0,
  });
  return 'settled';
}
