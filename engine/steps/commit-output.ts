import { TributaryError } from '../../core/errors.ts';
import { fingerprint, identityFingerprint } from '../../core/flow/fingerprint.ts';
import type { StateItem } from '../../core/ports.ts';
import { booksBalance, type RecordCounts } from '../../core/records.ts';
import type { EnginePorts } from '../ports.ts';
import { BreakdownCounter } from '../run/breakdown.ts';
import { writeCertificate } from '../run/certificate.ts';
import { initialState } from '../run/close.ts';
import type { LedgerPointer } from '../run/ledger.ts';
import { readLoaded } from '../run/load.ts';
import {
  type Manifest,
  type ManifestObject,
  makeManifest,
  quarantineManifest,
  readManifest,
  segmentsOfRecords,
  writeManifest,
} from '../run/manifest.ts';
import { abortUnrecordedUploads, abortUploads, isUploadedInParts, materialise } from '../run/materialise.ts';
import { type RunPlan, readPlan, storeSplitList } from '../run/plan.ts';
import { type Replay, replayKey } from '../run/replay.ts';
import {
  expected,
  type FlowState,
  flowKey,
  openRun,
  type Run,
  type RunReference,
  readRunAndFlow,
  type Slot,
} from '../run/run.ts';
import { type ReadSegment, segmentReader } from '../run/segment-reader.ts';
import { readSegments, type Transferred } from '../run/segment-record.ts';
import { iso } from '../run/window.ts';
import { ledgerStart, writeLedger } from '../run/write-ledger.ts';

export interface CommitOutputOutput {
  /** `load`: the records are ready for the application. */
  readonly next: 'more' | 'unfinished' | 'load' | 'catalog' | 'end';
  readonly run: RunReference;
  readonly splits: { readonly bucket: string; readonly key: string };
  /** Number of the next object to write, with `more`. */
  readonly object?: number;
}

/** Objects written at once. */
export const concurrency = 16;
/** Left for the invocation's end when the deadline nears. */
export const reserveMilliseconds = 30_000;

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
    const next = await writeObjects(objects, firstObject, plan, prepared?.read, ports);
    if (next < objects.length) return { ...base, next: 'more', object: next };
    if (objects.some(isUploadedInParts)) {
      await abortUploads(ports.objects, ports.state, executionId);
      await abortUnrecordedUploads(objects, ports.objects);
    }
  }
  await commit(plan, prepared?.item ?? item, { slot, state: found.state }, ports);
  return { ...base, next: after };
}

/**
 * The same for a run whose records go to an application. 1. The run becomes COMMITTING, and its records are sent
 * (LoadDestination). 2. Once all are acknowledged or refused, manifest and certificate are written, and the quarantine.
 * 3. The transaction.
 */
async function commitRecords(
  plan: RunPlan,
  reference: RunReference,
  { run: found, slot, state }: Open,
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
  const next = await writeObjects(manifest.objects, 0, plan, undefined, ports);
  if (next < manifest.objects.length) return { ...base, next: 'more', object: next };
  if (manifest.objects.some(isUploadedInParts)) {
    await abortUploads(ports.objects, ports.state, executionId);
    await abortUnrecordedUploads(manifest.objects, ports.objects);
  }
  const [quarantine] = manifest.objects;
  const done: Run = { ...item.data, counts, objectsWritten: 0, recordsQuarantined: quarantine?.rows ?? 0 };
  await commit(plan, { ...item, data: done }, { slot, state }, ports);
  return { ...base, next: 'end' };
}

/** The items of a run that goes on, and of its flow. */
interface Open {
  readonly run: StateItem<Run>;
  readonly slot: StateItem<Slot>;
  readonly state: StateItem<FlowState> | undefined;
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
    status: 'COMMITTING',
    window: plan.window,
    schemaVersion: plan.schemaVersion,
    counts,
    bytesProcessed: transferred.received,
    bytesWritten: 0,
    splitCount: plan.splitCount,
    ...(plan.movesWatermark && transferred.resume && { resume: transferred.resume }),
  };
  await ports.state.write([
    { pk: item.pk, sk: item.sk, expect: item.revision, set: run },
    { pk: slot.pk, sk: slot.sk, expect: slot.revision, set: 'check' },
  ]);
  const { flowName, executionId } = item.data;
  ports.log.info('run is committing', { flowName, executionId, records });
  return { ...item, revision: item.revision + 1, data: run };
}

function isUnfinished({ limit, splitCount }: RunPlan, { counts, splitsDone }: Transferred): boolean {
  const limitReached = limit !== undefined && counts.received >= limit;
  return splitsDone < splitCount && !limitReached;
}

/** @throws BooksUnbalanced */
function checkBooks(
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
  const { flowName, executionId } = item.data;
  const transferred = await readSegments(ports.state, executionId);
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
    status: 'COMMITTING',
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
  await ports.state.write([
    { pk: item.pk, sk: item.sk, expect: item.revision, set: run },
    { pk: slot.pk, sk: slot.sk, expect: slot.revision, set: 'check' },
  ]);
  ports.log.info('run is committing', { flowName, executionId, objects: manifest.objects.length });
  return { manifest: stored, read, item: { ...item, revision: item.revision + 1, data: run } };
}

/**
 * Writes objects from `first` on; answers the number of the first that is not written yet.
 *
 * @param read of the invocation that has made the manifest, which is the first to write any
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
async function commit(
  plan: RunPlan,
  item: StateItem<Run>,
  { slot, state }: { readonly slot: StateItem<Slot>; readonly state: StateItem<FlowState> | undefined },
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
