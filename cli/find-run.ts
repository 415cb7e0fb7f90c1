import { TributaryError } from '../core/errors.ts';
import type { StateItem } from '../core/ports.ts';
import { type Run, runKey } from '../engine/run/run.ts';
import type { Backend } from './backend.ts';

/** @throws ResourceNotFoundError with what to do */
export async function findRun(
  executionId: string,
  { state, place }: Pick<Backend, 'state' | 'place'>,
): Promise<StateItem<Run>> {
  const item = await state.get<Run>(runKey(executionId), 'RUN');
  if (item) return item;
  throw new TributaryError('ResourceNotFoundError', 'there is no such run', {
    at: place,
    got: executionId,
    fix: 'list the runs of a flow with `tributary runs FLOW`; say where they are with --home DIR or --aws. A start that was skipped leaves no run',
  });
}
