import type { StateItem } from '../../core/ports.ts';
import type { RecordCounts } from '../../core/records.ts';
import type { EnginePorts } from '../ports.ts';
import { BreakdownCounter } from '../run/breakdown.ts';
import { writeCertificate } from '../run/certificate.ts';
import {
  beginCommit,
  type CommitOutputOutput,
  checkBooks,
  commit,
  isUnfinished,
  type OpenItems,
  writeOutput,
} from '../run/commit.ts';
import { readLoaded } from '../run/load.ts';
import { quarantineManifest, segmentsOfRecords, writeManifest } from '../run/manifest.ts';
import { type RunPlan, storeSplitList } from '../run/plan.ts';
import type { Run, RunReference, Slot } from '../run/run.ts';
import { segmentReader } from '../run/segment-reader.ts';
import { readSegments, type Transferred } from '../run/segment-record.ts';

/**
 * The commit of a run whose records go to an application. 1. The run becomes COMMITTING, and its records are sent
 * (LoadDestination). 2. Once all are acknowledged or refused, manifest and certificate are written, and the quarantine.
 * 3. The transaction.
 */
export async function commitRecords(
  plan: RunPlan,
  reference: RunReference,
  { run: found, slot, state }: OpenItems,
  ports: EnginePorts,
): Promise<CommitOutputOutput> {
  const { executionId } = plan;
  const base = { run: reference, splits: { bucket: ports.home.stateBucket, key: plan.splitListKey } };
  const transferred = await readSegments(ports.state, executionId);
  const item =
    found.data.status === 'RUNNING' ? await prepareRecords(plan, found, slot, transferred, ports) : found;
  if (item === 'unfinished') {
    await storeSplitList(ports.objects, ports.home, plan);
    return { ...base, next: 'unfinished' };
  }
  if (plan.dryRun) {
    await commit(plan, item, { slot, state }, ports);
    return { ...base, next: 'end' };
  }
  const loaded = await readLoaded(ports.state, executionId);
  // The load also fails a run that may have no refusals, however often it is begun anew.
  const mustFail = plan.destination?.request.failOnFirstError && loaded.rejected > 0;
  const isLoaded = loaded.written + loaded.rejected === transferred.counts.written;
  if (!isLoaded || mustFail) return { ...base, next: 'load' };

  const read = segmentReader(ports.objects, ports.home.stateBucket, transferred.segments);
  const { quarantined } = await segmentsOfRecords(transferred.segments, read);
  const manifest = await writeManifest(
    ports.objects,
    ports.home,
    plan,
    quarantineManifest(plan, [...quarantined, ...loaded.rejectedParts], ports.home),
  );
  const breakdown = new BreakdownCounter();
  breakdown.add(transferred.breakdown);
  breakdown.add({ filteredByTask: {}, rejectedByReason: loaded.rejectedByReason });
  const { received, filtered, rejected, outOfWindow, duplicates, skipped } = transferred.counts;
  const counts: RecordCounts = {
    received,
    written: loaded.written,
    filtered,
    rejected: rejected + loaded.rejected,
    outOfWindow,
    duplicates,
    skipped,
  };
  await writeCertificate(plan, { ...transferred, counts, breakdown }, manifest, ports);
  // What is known of a quarantine that an earlier invocation has begun to write is looked up.
  const next = await writeOutput(manifest.objects, 0, plan, undefined, ports);
  if (next !== undefined) return { ...base, next: 'more', object: next };
  const [quarantine] = manifest.objects;
  const done: Run = { ...item.data, counts, objectsWritten: 0, recordsQuarantined: quarantine?.rows ?? 0 };
  await commit(plan, { ...item, data: done }, { slot, state }, ports);
  return { ...base, next: 'end' };
}

/** Checks the books of what was transferred, makes the run COMMITTING. */
async function prepareRecords(
  plan: RunPlan,
  item: StateItem<Run>,
  slot: StateItem<Slot>,
  transferred: Transferred,
  ports: EnginePorts,
): Promise<'unfinished' | StateItem<Run>> {
  const { counts } = transferred;
  if (isUnfinished(plan, transferred)) return 'unfinished';
  const read = segmentReader(ports.objects, ports.home.stateBucket, transferred.segments);
  const { records, quarantined } = await segmentsOfRecords(transferred.segments, read);
  const inQuarantine = quarantined.reduce((sum, { rows }) => sum + rows, 0);
  checkBooks(plan, transferred, { inObjects: records, inQuarantine });
  const run: Run = {
    ...item.data,
    window: plan.window,
    schemaVersion: plan.schemaVersion,
    counts,
    bytesProcessed: transferred.received,
    bytesWritten: 0,
    splitCount: plan.splitCount,
    ...(plan.movesWatermark && transferred.resume && { resume: transferred.resume }),
  };
  return beginCommit(run, item, slot, ports);
}
