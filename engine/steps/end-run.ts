import type { EnginePorts } from '../ports.ts';
import { closeRun } from '../run/close.ts';
import { type RunReference, readRun } from '../run/run.ts';

export interface EndRunOutput {
  readonly next: 'done' | 'start';
  readonly executionId: string;
  readonly status: string;
}

/** Closes a committed run. `start`: it was a predecessor's, and this execution has its own still to begin. */
export async function endRun(
  reference: RunReference,
  executionId: string,
  ports: EnginePorts,
): Promise<EndRunOutput> {
  const item = await readRun(ports.state, reference.executionId);
  const flow = await ports.loadFlow();
  const run = await closeRun(ports, flow, item, { status: 'Successful' });
  const next = reference.executionId === executionId ? 'done' : 'start';
  return { next, executionId: run.executionId, status: run.status };
}
