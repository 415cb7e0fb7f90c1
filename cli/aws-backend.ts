/** Runs of deployed flows, waited for. */

import { requestCancel } from '../engine/run/close.ts';
import { executionStatus, type Run, runKey } from '../engine/run/run.ts';
import { executionResult } from '../engine/run/run-result.ts';
import { readSegments } from '../engine/run/segment-record.ts';
import { type Clients, clients, deployedFlows } from '../lambdas/aws/deployed-flows.ts';
import { systemClock, type WakeableClock } from '../local/home.ts';
import type { AwsBackend } from './backend.ts';

/** Milliseconds between two looks at an execution. */
const pollInterval = 2_000;

/** @param region default: as the AWS SDK finds it (AWS_REGION, the profile) */
export function openAws(region: string | undefined): Promise<AwsBackend> {
  return awsBackend(clients(region), systemClock);
}

/** @throws ResourceNotFoundError if the platform is not deployed there */
export async function awsBackend(made: Clients, clock: WakeableClock): Promise<AwsBackend> {
  const flows = await deployedFlows(made);
  return {
    ...flows,
    async wait(flowName, executionId, { onProgress, onStatus, signal } = {}) {
      let told = { status: '', records: 0, bytes: 0 };
      while (true) {
        const end = await flows.endOf(flowName, executionId);
        if (end) return executionResult(flows, flowName, executionId, end);
        const run = await flows.state.get<Run>(runKey(executionId), 'RUN');
        if (run) {
          if (signal?.aborted) await requestCancel(flows, run);
          const { counts, received } = await readSegments(flows.state, executionId);
          onProgress?.({
            phase: 'transfer',
            records: counts.received - told.records,
            bytes: received - told.bytes,
          });
          const status = executionStatus(run.data);
          if (status !== told.status) onStatus?.(status);
          told = { status, records: counts.received, bytes: received };
        }
        // Once it is aborted, a signal would end every sleep at once.
        await clock.sleep(pollInterval, signal?.aborted ? undefined : signal);
      }
    },
  };
}
