import { TributaryError } from '../../core/errors.ts';
import type { StateItem } from '../../core/ports.ts';
import type { EnginePorts } from '../ports.ts';
import { writeCertificate } from '../run/certificate.ts';
import {
  beginCommit,
  type CommitOutputOutput,
  checkBooks,
  commit,
  isUnfinished,
  writeOutput,
} from '../run/commit.ts';
import type { LedgerPointer } from '../run/ledger.ts';
import { type Manifest, makeManifest, readManifest, writeManifest } from '../run/manifest.ts';
import { type RunPlan, readPlan, storeSplitList } from '../run/plan.ts';
import { openRun, type Run, type RunReference, readRunAndFlow, type Slot } from '../run/run.ts';
import { type ReadSegment, segmentReader } from '../run/segment-reader.ts';
import { readSegments } from '../run/segment-record.ts';
import { iso } from '../run/window.ts';
import { ledgerStart, writeLedger } from '../run/write-ledger.ts';
import { commitRecords } from './commit-records.ts';

/**
 * Assembles the segments into output objects.
 *
 * 1. The manifest and the certificate are written. 2. The run becomes COMMITTING: from here it only rolls forward. 3. Each
 * object is brought into being. 4. In one transaction the run becomes COMMITTED and the flow gets its watermark and schema version.
 */
export async function commitOutput(
  reference: RunReference,
  firstObject: number,
  ports: EnginePorts,
): Promise<CommitOutputOutput> {
  const { flowName } = await ports.loadFlow();
  const { executionId } = reference;
  const found = await readRunAndFlow(ports.state, executionId, flowName);
  const item = openRun(found.run, reference);
  const slot = ownSlot(item.data, found.slot);
  const plan = await readPlan(ports.objects, ports.home, flowName, executionId);
  const base = { run: reference, splits: { bucket: ports.home.stateBucket, key: plan.splitListKey } };
  const after = plan.flow.metadataCatalogConfig?.glueDataCatalog && !plan.dryRun ? 'catalog' : 'end';
  if (item.data.status === 'COMMITTED') return { ...base, next: after };

  if (item.data.cancelRequested)
    throw new TributaryError('ExecutionCanceled', 'the run was cancelled', { flowName, at: executionId });
  if (plan.destination) return commitRecords(plan, reference, { ...found, run: item, slot }, ports);
  const prepared = item.data.status === 'RUNNING' ? await prepare(plan, item, slot, ports) : undefined;
  if (prepared === 'unfinished') {
    await storeSplitList(ports.objects, ports.home, plan);
    return { ...base, next: 'unfinished' };
  }
  if (!plan.dryRun) {
    const { objects } = prepared?.manifest ?? (await readManifest(ports.objects, ports.home, plan));
    const next = await writeOutput(objects, firstObject, plan, prepared?.read, ports);
    if (next !== undefined) return { ...base, next: 'more', object: next };
  }
  await commit(plan, prepared?.item ?? item, { slot, state: found.state }, ports);
  return { ...base, next: after };
}

/** What making a run COMMITTING has settled. */
interface Prepared {
  readonly manifest: Manifest;
  readonly read: ReadSegment;
  /** The run's record as it is now. */
  readonly item: StateItem<Run>;
}

const lineBreaksWarning =
  'CSV values hold line breaks, which the catalog’s CSV readers (Athena, Glue) take for the end of a record; write PARQUET or JSON';

function shortLedgerWarning({ since }: LedgerPointer, { sizes }: RunPlan): string {
  return `the lookback holds more than ${sizes.ledgerRecords} records: the next run looks back to ${iso(since)} at most`;
}

/** Sums up what was transferred, checks the books, writes manifest and certificate, makes the run COMMITTING. */
async function prepare(
  plan: RunPlan,
  item: StateItem<Run>,
  slot: StateItem<Slot>,
  ports: EnginePorts,
): Promise<'unfinished' | Prepared> {
  const transferred = await readSegments(ports.state, plan.executionId);
  const { counts } = transferred;
  if (isUnfinished(plan, transferred)) return 'unfinished';
  const read = segmentReader(ports.objects, ports.home.stateBucket, transferred.segments);
  const manifest = await makeManifest(plan, transferred.segments, ports.home, read);
  const rowsOf = (quarantined: boolean): number =>
    manifest.objects.reduce(
      (sum, object) => sum + ((object.partition === null) === quarantined ? object.rows : 0),
      0,
    );
  const [inObjects, inQuarantine] = [rowsOf(false), rowsOf(true)];
  checkBooks(plan, transferred, { inObjects, inQuarantine });
  const stored = await writeManifest(ports.objects, ports.home, plan, manifest);
  // Before COMMITTING: a key that cannot be used fails the run while nothing of it is visible yet.
  if (!plan.dryRun) await writeCertificate(plan, transferred, stored, ports);
  const ledger = plan.ledger && (await writeLedger(plan, plan.ledger, manifest.ledgerParts, read, ports));
  const warnings = [
    ...(manifest.lineBreaks && plan.flow.metadataCatalogConfig?.glueDataCatalog ? [lineBreaksWarning] : []),
    ...(ledger && plan.ledger && ledger.since > ledgerStart(plan, plan.ledger)
      ? [shortLedgerWarning(ledger, plan)]
      : []),
  ];
  const run: Run = {
    ...item.data,
    window: plan.window,
    schemaVersion: plan.schemaVersion,
    counts,
    bytesProcessed: transferred.received,
    bytesWritten: plan.dryRun ? 0 : manifest.bytes,
    objectsWritten: plan.dryRun ? 0 : manifest.objects.filter((object) => object.partition !== null).length,
    recordsQuarantined: plan.dryRun ? 0 : inQuarantine,
    splitCount: plan.splitCount,
    ...(plan.movesWatermark && transferred.resume && { resume: transferred.resume }),
    ...(ledger && { ledger }),
    ...(warnings.length > 0 && { warnings }),
  };
  return { manifest: stored, read, item: await beginCommit(run, item, slot, ports) };
}

/** @throws FencedOut if another execution has taken the slot. */
function ownSlot(run: Run, slot: StateItem<Slot> | undefined): StateItem<Slot> {
  if (slot?.data.executionId === run.executionId && slot.data.fence === run.fence) return slot;
  throw new TributaryError('FencedOut', 'another execution has taken the run slot', {
    flowName: run.flowName,
    at: run.executionId,
    got: `fence ${slot?.data.fence ?? 'none'}`,
    expected: `fence ${run.fence}`,
  });
}
