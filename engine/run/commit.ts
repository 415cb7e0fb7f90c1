/** What the commits of objects and of records have in common. */

import { TributaryError } from '../../core/errors.ts';
import { fingerprint, identityFingerprint } from '../../core/flow/fingerprint.ts';
import type { StateItem } from '../../core/ports.ts';
import { booksBalance } from '../../core/records.ts';
import type { EnginePorts } from '../ports.ts';
import { initialState } from './close.ts';
import type { ManifestObject } from './manifest.ts';
import { abortUnrecordedUploads, abortUploads, isUploadedInParts, materialise } from './materialise.ts';
import type { RunPlan } from './plan.ts';
import { type Replay, replayKey } from './replay.ts';
import { expected, type FlowState, flowKey, type Run, type RunReference, type Slot } from './run.ts';
import { type ReadSegment, segmentReader } from './segment-reader.ts';
import type { Transferred } from './segment-record.ts';
import { slots } from './slots.ts';

export interface CommitOutputOutput {
  /** `load`: the records are ready for the application. */
  readonly next: 'more' | 'unfinished' | 'load' | 'catalog' | 'end';
  readonly run: RunReference;
  readonly splits: { readonly bucket: string; readonly key: string };
  /** Number of the next object to write, with `more`. */
  readonly object?: number;
}

/** Objects written at once, and parts that S3 copies. */
export const concurrency = 16;
/** Parts joined here at once: each takes 5 MiB and more, twice. */
export const joinedAtOnce = 4;
/** Left for the invocation's end when the deadline nears. */
export const reserveMilliseconds = 30_000;

/** The items of a run that goes on, and of its flow. */
export interface OpenItems {
  readonly run: StateItem<Run>;
  readonly slot: StateItem<Slot>;
  readonly state: StateItem<FlowState> | undefined;
}

export function isUnfinished({ limit, splitCount }: RunPlan, { counts, splitsDone }: Transferred): boolean {
  const limitReached = limit !== undefined && counts.received >= limit;
  return splitsDone < splitCount && !limitReached;
}

/** @throws BooksUnbalanced */
export function checkBooks(
  plan: RunPlan,
  { counts, breakdown }: Transferred,
  { inObjects, inQuarantine }: { readonly inObjects: number; readonly inQuarantine: number },
): void {
  const invalid = plan.tasks.validations.reduce(
    (sum, { task }) => sum + (breakdown.filteredByTask[task] ?? 0),
    0,
  );
  if (booksBalance(counts) && inObjects === counts.written && inQuarantine === counts.rejected + invalid)
    return;
  throw new TributaryError('BooksUnbalanced', 'the books of the run do not balance', {
    flowName: plan.flow.flowName,
    at: plan.executionId,
    got: JSON.stringify({ ...counts, invalid, inObjects, inQuarantine }),
    expected:
      'received = written + filtered + rejected + outOfWindow + duplicates + skipped, written = rows of the objects, rejected + invalid = rows of the quarantine',
    fix: 'report this as a defect; nothing was written',
  });
}

/** Sets the point from which the run only rolls forward. @returns the run's record as it is now */
export async function beginCommit(
  run: Run,
  { pk, sk, revision }: StateItem<Run>,
  slot: StateItem<Slot>,
  ports: EnginePorts,
): Promise<StateItem<Run>> {
  const data: Run = { ...run, status: 'COMMITTING' };
  await ports.state.write([
    { pk, sk, expect: revision, set: data },
    { pk: slot.pk, sk: slot.sk, expect: slot.revision, set: 'check' },
  ]);
  const { flowName, executionId } = run;
  ports.log.info('run is committing', { flowName, executionId, records: run.counts?.written });
  return { pk, sk, revision: revision + 1, data };
}

/**
 * Writes objects from `first` on, and takes away what uploads of them have been left unfinished.
 *
 * @param read of the invocation that has made the manifest, which is the first to write any
 * @returns the number of the first that is not written yet; undefined: all are
 */
export async function writeOutput(
  objects: readonly ManifestObject[],
  first: number,
  plan: RunPlan,
  read: ReadSegment | undefined,
  ports: EnginePorts,
): Promise<number | undefined> {
  const next = await writeObjects(objects, first, plan, read, ports);
  if (next < objects.length) return next;
  if (objects.some(isUploadedInParts)) {
    await abortUploads(ports.objects, ports.state, plan.executionId);
    await abortUnrecordedUploads(objects, ports.objects);
  }
  return undefined;
}

/**
 * Writes objects from `first` on; answers the number of the first that is not written yet.
 */
async function writeObjects(
  objects: readonly ManifestObject[],
  first: number,
  plan: RunPlan,
  read: ReadSegment | undefined,
  ports: EnginePorts,
): Promise<number> {
  const { executionId, flow } = plan;
  const around = {
    objects: ports.objects,
    state: ports.state,
    home: ports.home,
    executionId,
    fresh: read !== undefined,
    readSegment: read ?? segmentReader(ports.objects, ports.home.stateBucket, []),
    encryption: flow.kmsArn ? { kmsKeyArn: flow.kmsArn } : undefined,
    copies: slots(concurrency),
    joins: slots(joinedAtOnce),
    nearDeadline: () => ports.clock.now() > ports.deadline - reserveMilliseconds,
  };
  for (let from = first; from < objects.length; from += concurrency) {
    if (from > first && around.nearDeadline()) return from;
    const group = objects.slice(from, from + concurrency);
    const made = await Promise.all(group.map((object, index) => materialise(object, from + index, around)));
    if (made.includes('unfinished')) return from;
    for (const object of group)
      ports.onProgress?.({ phase: 'commit', records: object.rows, bytes: object.size });
  }
  return objects.length;
}

/** The transaction that makes the run count. */
export async function commit(
  plan: RunPlan,
  item: StateItem<Run>,
  { slot, state }: Omit<OpenItems, 'run'>,
  ports: EnginePorts,
): Promise<void> {
  const { flow } = plan;
  const known = state?.data ?? initialState(flow);
  const { resume: _, ledger: __, ...others } = known;
  const moved = { ...others, watermark: plan.window.end, ...leftBy(item.data) };
  const next = plan.dryRun
    ? known
    : {
        ...(plan.movesWatermark ? moved : known),
        schemaVersion: plan.schemaVersion,
        schemaFingerprint: plan.schemaFingerprint,
        identity: identityFingerprint(flow),
      };
  const replay: Replay = { executionId: plan.executionId, flowFingerprint: fingerprint(flow) };
  await ports.state.write([
    { pk: item.pk, sk: item.sk, expect: item.revision, set: { ...item.data, status: 'COMMITTED' } },
    { pk: slot.pk, sk: slot.sk, expect: slot.revision, set: 'check' },
    { pk: flowKey(flow.flowName), sk: 'STATE', expect: expected(state), set: next },
    ...(plan.replayOf !== undefined && !plan.dryRun
      ? [{ ...replayKey(plan.replayOf), expect: 'absent' as const, set: replay }]
      : []),
  ]);
}

/** What the next run begins with. */
function leftBy({ resume, ledger }: Run): Pick<FlowState, 'resume' | 'ledger'> {
  return { ...(resume && { resume }), ...(ledger && { ledger }) };
}
