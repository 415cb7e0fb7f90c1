/**
 * Gives up a run whose commit cannot be finished. A commit only rolls forward, whatever its run's functions do; this is the
 * one way back, for an operator who knows that it will never succeed.
 */

import { TributaryError } from '../../core/errors.ts';
import type { StateItem } from '../../core/ports.ts';
import type { EnginePorts } from '../ports.ts';
import { readLoaded } from './load.ts';
import { readManifest } from './manifest.ts';
import { abortUnrecordedUploads, abortUploads, isPresent } from './materialise.ts';
import { type RunPlan, readPlan } from './plan.ts';
import { type Run, readRun } from './run.ts';

/** Objects looked at at once. */
const concurrency = 16;

/**
 * Takes back what the commit has written into buckets and leaves the run to be closed as Canceled by its flow's next start, which is
 * then free to pull the same window again. Safe to repeat after any interruption.
 *
 * 1. `cancelRequested`: from here no execution goes on with the commit. 2. Its objects and uploads go. 3. The run is as one
 * that died before its commit.
 *
 * @returns how many objects were removed
 * @throws InvalidArgument unless the run is committing and its execution has ended
 */
export async function abandonCommit(
  item: StateItem<Run>,
  ports: Pick<EnginePorts, 'state' | 'objects' | 'home' | 'executions'>,
): Promise<number> {
  const { flowName, executionId, executionArn } = item.data;
  const refused = (got: string, fix: string): TributaryError =>
    new TributaryError('InvalidArgument', 'the commit of this run is not to be abandoned', {
      flowName,
      at: executionId,
      got,
      expected: 'a run that was left in the middle of its commit',
      fix,
    });
  if (item.data.status !== 'COMMITTING') throw refused(item.data.status, 'leave out --abandon');
  if (await ports.executions.isRunning(executionArn))
    throw refused('a run that is in progress', 'wait for its end, or stop its execution');
  if (!item.data.cancelRequested) {
    await ports.state.write([
      { pk: item.pk, sk: item.sk, expect: item.revision, set: { ...item.data, cancelRequested: true } },
    ]);
  }
  const plan = await readPlan(ports.objects, ports.home, flowName, executionId);
  // What an application has taken stays there; it is not known any more what was there before.
  const acknowledged = plan.destination && (await readLoaded(ports.state, executionId)).written;
  const removed = plan.destination ? 0 : await removeOutput(plan, ports);
  const { data, revision } = await readRun(ports.state, executionId);
  await ports.state.write([
    {
      pk: item.pk,
      sk: item.sk,
      expect: revision,
      set: {
        ...data,
        status: 'RUNNING',
        bytesWritten: 0,
        objectsWritten: 0,
        ...(acknowledged !== undefined && { recordsAcknowledged: acknowledged }),
      },
    },
  ]);
  return removed;
}

async function removeOutput(
  plan: RunPlan,
  { state, objects, home }: Pick<EnginePorts, 'state' | 'objects' | 'home'>,
): Promise<number> {
  const manifest = (await readManifest(objects, home, plan)).objects;
  let removed = 0;
  for (const bucket of new Set(manifest.map((object) => object.bucket))) {
    // What made the commit fail for good may be just that the bucket is gone, and all in it.
    if (!(await objects.bucketExists(bucket))) continue;
    const own = manifest.filter((object) => object.bucket === bucket);
    for (let from = 0; from < own.length; from += concurrency) {
      const some = own.slice(from, from + concurrency);
      const present = await Promise.all(some.map((object) => isPresent(object, objects)));
      const keys = some.flatMap(({ key }, index) => (present[index] ? [key] : []));
      if (keys.length > 0) await objects.delete(bucket, keys);
      removed += keys.length;
    }
    await abortUnrecordedUploads(own, objects);
  }
  await abortUploads(objects, state, plan.executionId);
  return removed;
}
