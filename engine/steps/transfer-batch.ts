import { type ScannedRecords, scannedRow } from '../../core/decode/scanned-records.ts';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { errorHandlingOf } from '../../core/flow/record-destination.ts';
import { turnsPerLoop } from '../../core/flow/state-machine.ts';
import type { JsonObject } from '../../core/ports.ts';
import { noRecords, type RecordCounts, type Row } from '../../core/records.ts';
import type { Page, PageToken, SourceSession } from '../../core/source.ts';
import { Block, blockLength } from '../block.ts';
import type { OutputFormat } from '../encode/format.ts';
import { RefusedValue } from '../encode/value-checks.ts';
import type { EnginePorts } from '../ports.ts';
import { BreakdownCounter } from '../run/breakdown.ts';
import { keyRoom } from '../run/layout.ts';
import { readLedger } from '../run/ledger.ts';
import { aggregationOf, layoutOf, outputFormatOf, partitioner } from '../run/output.ts';
import { blockPartitioner, type PartitionGroup, type PartitionGroups } from '../run/partition-groups.ts';
import {
  type RunPlan,
  readPlan,
  readSplit,
  readSplitPointers,
  type SplitPointer,
  segmentFolder,
  storeSplitList,
  type TransferState,
} from '../run/plan.ts';
import { type Cause, type Place, quarantineWriter, taskOfField } from '../run/quarantine-record.ts';
import {
  openRun,
  type Run,
  type RunReference,
  readOpenRun,
  runKey,
  segmentKey,
  workingItemSeconds,
} from '../run/run.ts';
import { runSource } from '../run/run-source.ts';
import { type SegmentIndex, SegmentWriter } from '../run/segment.ts';
import { readSegment, readSegments, type SegmentRecord } from '../run/segment-record.ts';
import { type RecordSieve, recordSieve } from '../run/sieve.ts';
import { compileTasks, type RecordMapper } from '../tasks/compile.ts';
import { type BlockMapper, compileBlocks } from '../tasks/compile-blocks.ts';
import type { Validation } from '../tasks/task-plan.ts';
import { sourcePorts } from './describe-source.ts';
import { rateLimitWait, sleptSeconds } from './rate-limit.ts';

export interface TransferBatchOutput {
  readonly next: 'more' | 'wait' | 'done' | 'unfinished';
  readonly run: RunReference;
  /** For the Map that goes on where this loop ends unfinished. */
  readonly splits: { readonly bucket: string; readonly key: string };
  readonly transfer: TransferState;
  /** With `wait`. */
  readonly waitSeconds?: number;
}

/** Left for writing the segment when the deadline nears. */
export const reserveMilliseconds = 45_000;

/**
 * Drains pages of one split into segments until the split is done, the source says "slow down" or the deadline nears.
 *
 * Where segments end is a function of the pages alone (see Sizes) or of the source's own "slow down"; the deadline only
 * decides how many segments this invocation writes. What it had begun of the next one is fetched again.
 */
export async function transferBatch(
  reference: RunReference,
  transfer: TransferState,
  ports: EnginePorts,
): Promise<TransferBatchOutput> {
  const pk = runKey(reference.executionId);
  const { split, segment } = transfer;
  const [found, recorded, previous] = await ports.state.getAll<
    [Run, SegmentRecord, ...(readonly SegmentRecord[])]
  >([
    { pk, sk: 'RUN' },
    { pk, sk: segmentKey(split, segment) },
    ...(segment === 0 ? [] : [{ pk, sk: segmentKey(split, segment - 1) }]),
  ]);
  const { data: run } = openRun(found, reference);
  refuseCanceled(run);
  const plan = await readPlan(ports.objects, ports.home, run.flowName, run.executionId);
  const batch = new Batch(plan, run, transfer, ports);
  try {
    const outcome = await batch.drain(previous?.data, recorded?.data);
    const state: TransferState = { ...batch.position, turns: transfer.turns + 1 };
    const base = {
      run: reference,
      splits: { bucket: ports.home.stateBucket, key: plan.splitListKey },
      transfer: state,
    };
    if (outcome.next !== 'done' && state.turns >= turnsPerLoop) {
      await storeSplitList(ports.objects, ports.home, plan);
      return { next: 'unfinished', ...base };
    }
    return { ...outcome, ...base };
  } finally {
    await batch.close();
  }
}

type Outcome = { next: 'done' } | { next: 'more' } | { next: 'wait'; waitSeconds: number };

function refuseCanceled({ cancelRequested, flowName, executionId }: Run): void {
  if (cancelRequested)
    throw new TributaryError('ExecutionCanceled', 'the run was cancelled', { flowName, at: executionId });
}

class Batch {
  private readonly plan: RunPlan;
  private readonly run: Run;
  private readonly ports: EnginePorts;
  private readonly mapper: RecordMapper;
  private readonly blockMapper: BlockMapper | undefined;
  private session: SourceSession | undefined;
  /** The flow's ledger, when it has been read. */
  private known: ReadonlySet<string> | undefined;
  private pointer: SplitPointer;
  private segment: number;
  /** Milliseconds that the source took at most to answer this invocation: the next time it may take as long. */
  private slowestPage = 0;
  /** Records that the run may still receive: its `limit` less what earlier segments received. */
  private budget = Number.POSITIVE_INFINITY;

  /** At the beginning of a split, in the first invocation of a loop. */
  private readonly startsAnew: boolean;

  constructor(plan: RunPlan, run: Run, transfer: TransferState, ports: EnginePorts) {
    const { segment, turns, ...pointer } = transfer;
    this.startsAnew = segment === 0 && turns === 0;
    this.plan = plan;
    this.run = run;
    this.ports = ports;
    this.pointer = pointer;
    this.segment = segment;
    const options = { residualFilters: plan.residualFilters };
    this.mapper = compileTasks(plan.tasks, options);
    this.blockMapper = compileBlocks(plan.tasks, options);
  }

  get position(): SplitPointer & { segment: number } {
    return { ...this.pointer, segment: this.segment };
  }

  async close(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    try {
      await session?.close();
    } catch (error) {
      // All that was read is stored, or an error is on its way already that says more.
      this.ports.log.warn('closing the source failed', { error: messageOf(error) });
    }
  }

  /**
   * @param last the record of the segment before the first one here
   * @param first the record of the first one, if an earlier attempt has left it
   */
  async drain(last: SegmentRecord | undefined, first: SegmentRecord | undefined): Promise<Outcome> {
    const { plan } = this;
    // A Map's child of a run whose splits are taken in turn: the first split's child takes them all.
    if (plan.serial && this.pointer.split > 0 && this.startsAnew) return { next: 'done' };
    let written = 0;
    let previous = last;
    let recorded = first;
    while (true) {
      if (previous && !previous.next) {
        if ((await this.spent()) || !(await this.nextSplit())) return { next: 'done' };
        previous = undefined;
        recorded = await this.read(this.segment);
      }
      // A segment that an earlier attempt recorded is adopted as it is.
      if (recorded) {
        previous = recorded;
        this.segment++;
        recorded = previous.next && (await this.read(this.segment));
        continue;
      }
      if (written > 0 && this.nearDeadline()) return { next: 'more' };
      await this.spent();
      const { record, waitSeconds } = await this.writeSegment(previous, written > 0);
      if (record) {
        previous = record;
        written++;
        this.segment++;
      }
      if (waitSeconds !== undefined) return { next: 'wait', waitSeconds: Math.ceil(waitSeconds) };
      if (!record) return { next: 'more' };
      recorded = record.next && (await this.read(this.segment));
    }
  }

  /**
   * Whether the run's `limit` is used up. Counted anew each time: what this invocation remembers says nothing of the
   * segments that another one of the same step has stored meanwhile.
   */
  private async spent(): Promise<boolean> {
    const { plan, run, ports } = this;
    if (plan.limit === undefined) return false;
    const { counts } = await readSegments(ports.state, run.executionId);
    this.budget = Math.max(0, plan.limit - counts.received);
    return this.budget === 0;
  }

  /** A serial run takes the splits in turn. */
  private async nextSplit(): Promise<boolean> {
    const { plan, ports } = this;
    const split = this.pointer.split + 1;
    if (!plan.serial || split >= plan.splitCount) return false;
    const pointer = (await readSplitPointers(ports.objects, ports.home, plan))[split];
    if (!pointer) return false;
    await this.close();
    this.pointer = pointer;
    this.segment = 0;
    return true;
  }

  private read(segment: number): Promise<SegmentRecord | undefined> {
    return readSegment(this.ports.state, this.run.executionId, this.pointer.split, segment);
  }

  private async checkStillWanted(): Promise<void> {
    const { data: run } = await readOpenRun(this.ports.state, {
      executionId: this.run.executionId,
      fence: this.run.fence,
    });
    refuseCanceled(run);
  }

  /** @param asked when the source was asked for what it has now given or refused */
  private time(asked: number): void {
    this.slowestPage = Math.max(this.slowestPage, this.ports.clock.now() - asked);
  }

  private nearDeadline(): boolean {
    return this.ports.clock.now() + this.slowestPage > this.ports.deadline - reserveMilliseconds;
  }

  /**
   * Without a record: there is none, as the source gave no page yet or the deadline is near; what was fetched is fetched
   * again by the next invocation. `waitSeconds`: the source wants no request for so long, longer than is slept here.
   */
  private async writeSegment(
    previous: SegmentRecord | undefined,
    mayGiveUp: boolean,
  ): Promise<{ record?: SegmentRecord; waitSeconds?: number }> {
    const { plan, ports } = this;
    const { sizes } = plan;
    const content = new SegmentContent(
      plan,
      this.mapper,
      this.blockMapper,
      { split: this.pointer.split, units: previous?.units ?? 0, pages: previous?.pagesSoFar ?? 0 },
      await this.sieve(previous),
    );
    let token: PageToken | undefined = previous?.next;
    let waitSeconds: number | undefined;
    let resume: JsonObject | undefined;
    while (true) {
      let page: Page;
      const asked = ports.clock.now();
      try {
        page = await (await this.openSession()).read(token).finally(() => this.time(asked));
      } catch (error) {
        const wait = rateLimitWait(error);
        if (wait === undefined) throw error;
        if (wait <= sleptSeconds && !this.nearDeadline()) {
          await ports.clock.sleep(wait * 1000);
          continue;
        }
        // "Slow down" is an answer of the source: what came before it is kept, and the next try begins behind it.
        if (content.pages === 0) return { waitSeconds: wait };
        waitSeconds = wait;
        break;
      }
      content.add(page, this.budget - content.counts.received);
      token = content.counts.received >= this.budget ? undefined : page.next;
      resume = page.resume;
      ports.onProgress?.({
        phase: 'transfer',
        records: page.scanned?.count ?? page.rows.length,
        bytes: page.bytes,
      });
      if (
        !token ||
        content.writer.size >= sizes.segmentBytes ||
        content.received >= sizes.segmentReceivedBytes ||
        content.pages >= sizes.segmentPages
      ) {
        break;
      }
      if (this.nearDeadline()) {
        if (mayGiveUp) return {};
        // Not even one segment fits into an invocation: the source is that slow. End it here rather than never.
        break;
      }
    }
    const record = await this.store(content, token, resume);
    return { record, ...(waitSeconds !== undefined && { waitSeconds }) };
  }

  private async store(
    content: SegmentContent,
    next: PageToken | undefined,
    resume: JsonObject | undefined,
  ): Promise<SegmentRecord> {
    const { plan, ports } = this;
    const { stateBucket } = ports.home;
    const finished = content.writer.finishSegment(content.sieve?.remembered(), content.sieve?.ledger());
    const name = `${segmentKey(this.pointer.split, this.segment).slice('SEGMENT#'.length).replace('#', '-')}-${ports.attemptId}`;
    const key = `${segmentFolder(plan.flow.flowName, plan.executionId)}${name}`;
    if (finished) await ports.objects.put(stateBucket, key, finished.body);
    const record: SegmentRecord = {
      key,
      size: finished?.size ?? 0,
      indexStart: finished?.indexStart ?? 0,
      sha256: finished?.sha256 ?? '',
      counts: content.counts,
      breakdown: content.breakdown,
      received: content.received,
      pages: content.pages,
      pagesSoFar: content.pagesSoFar,
      units: content.units,
      ...(next && { next }),
      ...(resume && { resume }),
    };
    const sk = segmentKey(this.pointer.split, this.segment);
    try {
      const expiresAt = Math.floor(plan.startedAt / 1000) + workingItemSeconds;
      await ports.state.write([
        { pk: runKey(plan.executionId), sk, expect: 'absent', set: record, expiresAt },
      ]);
    } catch (error) {
      if (!(error instanceof TributaryError && error.code === 'StateConflict')) throw error;
      // Another attempt was first: its segment counts, this one goes.
      const winner = await this.read(this.segment);
      if (!winner) throw error;
      if (finished && winner.key !== key) await ports.objects.delete(stateBucket, [key]);
      await this.close();
      return winner;
    }
    try {
      await this.checkStillWanted();
    } catch (error) {
      // The run ended while this was being written, and its segments may have been removed just before.
      if (finished && error instanceof TributaryError && error.code === 'FencedOut')
        await ports.objects.delete(stateBucket, [key]);
      throw error;
    }
    return record;
  }

  private async openSession(): Promise<SourceSession> {
    if (!this.session) {
      const { plan, ports } = this;
      const { connector, connectorProfileName } = plan.request;
      const { source } = await runSource(plan.flow.flowName, connector, plan.replayOf, ports);
      const split = await readSplit(ports.objects, ports.home, plan, this.pointer);
      this.session = await source.open(plan.request, split, sourcePorts(ports, connectorProfileName));
    }
    return this.session;
  }

  private async sieve(previous: SegmentRecord | undefined): Promise<RecordSieve | undefined> {
    const { plan, ports } = this;
    if (!plan.windowField && !plan.repeatKey && !plan.ledger) return undefined;
    let seen: readonly string[] = [];
    if (plan.repeatKey && previous && previous.size > 0) {
      const bytes = await ports.objects.read(ports.home.stateBucket, previous.key, {
        range: { start: previous.indexStart, end: previous.size },
      });
      seen = (JSON.parse(Buffer.from(bytes).toString()) as SegmentIndex).seen ?? [];
    }
    if (plan.ledger?.key !== undefined)
      this.known ??= await readLedger(ports.objects, ports.home.stateBucket, plan.ledger.key);
    return recordSieve(plan, seen, this.known ?? new Set());
  }
}

/** So many records of a block are not worth being halved. */
const fewRecords = 16;

/** What the pages of a segment became. */
class SegmentContent {
  readonly counts: RecordCounts = noRecords();
  readonly breakdown = new BreakdownCounter();
  readonly writer: SegmentWriter;
  readonly sieve: RecordSieve | undefined;
  received = 0;
  pages = 0;
  /** Units begun so far in the split. */
  units: number;
  private readonly plan: RunPlan;
  private readonly mapper: RecordMapper;
  private readonly blockMapper: BlockMapper | undefined;
  private readonly partition: (row: Row) => string;
  private readonly partitioned: (block: Block) => PartitionGroups;
  private readonly format: OutputFormat;
  private readonly fits: (partition: string) => boolean;
  private readonly quarantineLine: (row: Row, cause: Cause, place: Place) => string;
  private readonly validations: ReadonlyMap<number, Validation>;
  private readonly split: number;
  private readonly pagesBefore: number;

  /** @param before where the split's earlier segments have left off */
  constructor(
    plan: RunPlan,
    mapper: RecordMapper,
    blockMapper: BlockMapper | undefined,
    before: { split: number; units: number; pages: number },
    sieve: RecordSieve | undefined,
  ) {
    this.plan = plan;
    this.mapper = mapper;
    this.blockMapper = blockMapper;
    this.split = before.split;
    this.units = before.units;
    this.pagesBefore = before.pages;
    this.sieve = sieve;
    this.partition = partitioner(plan.tasks);
    this.partitioned = blockPartitioner(plan.tasks);
    this.fits = plan.destination ? () => true : keyRoom(layoutOf(plan));
    this.quarantineLine = quarantineWriter(plan);
    this.validations = new Map(plan.tasks.validations.map((validation) => [validation.task, validation]));
    const { targetBytes } = aggregationOf(plan.flow);
    this.format = outputFormatOf(plan);
    this.writer = new SegmentWriter(this.format, {
      fragmentRows: plan.sizes.fragmentRows,
      // A file of a target size is made of whole fragments.
      fragmentBytes: Math.min(targetBytes ?? Number.POSITIVE_INFINITY, plan.sizes.segmentBytes),
    });
  }

  get pagesSoFar(): number {
    return this.pagesBefore + this.pages;
  }

  add(page: Page, budget: number): void {
    const { counts, writer } = this;
    this.pages++;
    this.received += page.bytes;
    const { scanned } = page;
    // What lies beyond the run's limit is not received: nobody has looked at it.
    const count = Math.min(budget, scanned?.count ?? page.rows.length);
    counts.received += count + (page.skipped ?? 0);
    counts.skipped += page.skipped ?? 0;
    if (aggregationOf(this.plan.flow).natural) {
      const unit = page.unit ?? this.units;
      writer.beginUnit(unit);
      this.units = unit + 1;
    }
    const { blockMapper, sieve } = this;
    const sifted = sieve ? sieve.reads : [];
    if (scanned && blockMapper && sifted) {
      for (let first = 0; first < count; ) {
        const end = first + blockLength(scanned, first, count, blockMapper.columns);
        if (end > first) this.addBlock(new Block(scanned, first, end), blockMapper, sifted);
        else if (this.isKept(scanned, first, sifted)) this.addRow(scannedRow(scanned, first), first);
        first = Math.max(end, first + 1);
      }
      return;
    }
    const { rows } = page;
    for (let position = 0; position < count; position++) {
      const row = rows[position];
      if (row && this.isSifted(row)) this.addRow(row, position);
    }
  }

  /** @param sifted the fields that the sieve reads */
  private addBlock(block: Block, mapper: BlockMapper, sifted: readonly number[]): void {
    const { counts, breakdown } = this;
    if (this.sieve) {
      for (let position = 0; position < block.count; position++)
        block.flag(position, this.isKept(block.records, block.record(position), sifted));
      block.dropUnflagged();
    }
    mapper.check(block, (task, records) => {
      counts.filtered += records;
      breakdown.filtered(task, records);
    });
    if (block.count === 0) return;
    mapper.map(block);
    this.format.prepare(block);
    const groupsOf = this.partitioned(block);
    for (const { partition, list, count } of groupsOf(0, block.count)) {
      if (this.fits(partition)) continue;
      for (const position of block.listed(count, list)) block.refused[position] = 1;
    }
    for (let first = 0; first < block.count; ) {
      const refused = block.refused.indexOf(1, first);
      const end = refused < 0 ? block.count : refused;
      if (end > first) for (const group of groupsOf(first, end)) this.addGroup(block, group);
      if (end < block.count) this.addSelected(block, end);
      first = end + 1;
    }
  }

  /** Where a fragment may end among the records, by halves, and few as rows. */
  private addGroup(block: Block, { partition, list, count }: PartitionGroup): void {
    const { writer, counts } = this;
    if (writer.hasRoom(partition, block, list, count)) {
      writer.appendBlock(partition, block, list, count);
      counts.written += count;
    } else if (count <= fewRecords) {
      for (const position of block.listed(count, list)) this.addSelected(block, position);
    } else {
      const half = count >> 1;
      this.addGroup(block, { partition, list, count: half });
      this.addGroup(block, { partition, list: list + 4 * half, count: count - half });
    }
  }

  private addSelected(block: Block, position: number): void {
    const record = block.record(position);
    this.addRow(scannedRow(block.records, record), record);
  }

  private isKept(records: ScannedRecords, record: number, sifted: readonly number[]): boolean {
    return !this.sieve || this.isSifted(partOfRow(records, record, sifted));
  }

  private isSifted(row: Row): boolean {
    const { counts, sieve } = this;
    const sifted = sieve?.sift(row) ?? 'keep';
    if (sifted === 'outOfWindow') counts.outOfWindow++;
    if (sifted === 'duplicate') counts.duplicates++;
    return sifted === 'keep';
  }

  private addRow(row: Row, position: number): void {
    try {
      this.takeRow(row, position);
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error;
      const place = { page: this.pagesSoFar - 1, position };
      throw new TributaryError(error.code, error.summary, { ...error.context, ...place, cause: error.cause });
    }
  }

  private takeRow(row: Row, position: number): void {
    const { counts, breakdown, mapper, plan, writer } = this;
    const { tasks } = plan.flow;
    const mapped = mapper.map(row);
    if (typeof mapped === 'number') {
      counts.filtered++;
      breakdown.filtered(mapped);
      const validation = this.validations.get(mapped);
      if (validation) {
        const { field, operator, task } = validation;
        this.quarantine(row, { field, reason: `fails ${operator}`, task }, position);
      }
      return;
    }
    if (!Array.isArray(mapped)) {
      this.reject(row, { ...mapped, task: taskOfField(tasks, mapped.field) }, position);
      return;
    }
    const partition = this.partition(mapped);
    if (!this.fits(partition)) {
      const cause: Cause = {
        field: plan.tasks.partitionFields.join(', '),
        reason: 'the partition folders would be too long: 255 bytes each, 1,024 for the whole object key',
        task: tasks.findIndex(({ taskType }) => taskType === 'Partition'),
      };
      this.reject(row, cause, position);
      return;
    }
    try {
      writer.append(partition, mapped);
    } catch (error) {
      // Values that the source vouches for were not converted, and are looked at here for the first time.
      if (!(error instanceof RefusedValue)) throw error;
      const { field, reason } = error;
      this.reject(row, { field, reason, task: taskOfField(tasks, field) }, position);
      return;
    }
    counts.written++;
  }

  private reject(row: Row, cause: Cause, position: number): void {
    const { counts, breakdown, plan } = this;
    const { field, reason } = cause;
    if (errorHandlingOf(plan.flow)?.failOnFirstDestinationError) {
      throw new TributaryError('RecordRejected', `a record cannot be written: ${reason}`, {
        flowName: plan.flow.flowName,
        at: field,
      });
    }
    counts.rejected++;
    breakdown.rejected(`${field}: ${reason}`);
    this.quarantine(row, cause, position);
  }

  private quarantine(row: Row, cause: Cause, position: number): void {
    const place: Place = { split: this.split, page: this.pagesSoFar - 1, position };
    this.writer.quarantine(this.quarantineLine(row, cause, place));
  }
}

/** The row with the values of these fields alone. */
function partOfRow(records: ScannedRecords, record: number, fields: readonly number[]): Row {
  const first = records.firstCell + record * records.fields;
  const row: Row = new Array(records.fields).fill(null);
  for (const field of fields) row[field] = records.value(first + field);
  return row;
}
