import type { EnginePorts } from '../ports.ts';
import { closeRun } from '../run/close.ts';
import { foundRun, type RunReference, readRunAndFlow } from '../run/run.ts';

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
  const flow = await ports.loadFlow();
  const found = await readRunAndFlow(ports.state, reference.executionId, flow.flowName);
  const item = foundRun(found.run, reference.executionId);
  const run = await closeRun(ports, flow, item, { status: 'Successful' }, found);
  const next = reference.executionId === executionId ? 'done' : 'start';
  return { next, executionId: run.executionId, status: run.status };
}
