import type { DestinationSession, WriteResult, WrittenRecord } from '../../core/destination.ts';
import { TributaryError } from '../../core/errors.ts';
import { turnsPerLoop } from '../../core/flow/state-machine.ts';
import { jsonText } from '../encode/value-checks.ts';
import type { EnginePorts } from '../ports.ts';
import { BatchReader, type LoadBatch } from '../run/batch-reader.ts';
import { BreakdownCounter } from '../run/breakdown.ts';
import {
  type Loaded,
  type LoadRecord,
  loadKey,
  type RefusedRecord,
  readLoaded,
  refusalCode,
  withBatch,
} from '../run/load.ts';
import type { RunPlan } from '../run/plan.ts';
import { readPlan, segmentFolder } from '../run/plan.ts';
import { type RunReference, readOpenRun, runKey, workingItemSeconds } from '../run/run.ts';
import { sha256 } from '../run/segment.ts';
import { readSegments } from '../run/segment-record.ts';
import { sourcePorts } from './describe-source.ts';
import { rateLimitWait, sleptSeconds } from './rate-limit.ts';

export interface LoadDestinationOutput {
  readonly next: 'more' | 'wait' | 'done';
  readonly run: RunReference;
  /** Invocations so far. */
  readonly loadTurns: number;
  /** With `wait`. */
  readonly waitSeconds?: number;
}

/** Left for a batch that is under way when the deadline nears. */
const reserveMilliseconds = 120_000;
/** Characters of a refusal that an error shows. */
const shown = 200;

/**
 * Writes a committing run's records into the application, batch after batch, each behind the one before, until all are
 * acknowledged, the application says "slow down" or the deadline nears.
 *
 * @param turns after {@link turnsPerLoop} the step fails with what the application says; the flow's next start goes on
 * @throws RecordRejected where the flow ends with the first refusal
 */
export async function loadDestination(
  reference: RunReference,
  turns: number,
  ports: EnginePorts,
): Promise<LoadDestinationOutput> {
  const { data: run } = await readOpenRun(ports.state, reference);
  const plan = await readPlan(ports.objects, ports.home, run.flowName, run.executionId);
  const load = new Load(plan, reference, ports);
  const base = { run: reference, loadTurns: turns + 1 };
  try {
    return { ...base, ...(await load.drain(turns < turnsPerLoop)) };
  } finally {
    await load.close();
  }
}

type Outcome = { next: 'more' | 'done' } | { next: 'wait'; waitSeconds: number };

class Load {
  private readonly plan: RunPlan;
  private readonly reference: RunReference;
  private readonly ports: EnginePorts;
  private session: DestinationSession | undefined;

  constructor(plan: RunPlan, reference: RunReference, ports: EnginePorts) {
    this.plan = plan;
    this.reference = reference;
    this.ports = ports;
  }

  async close(): Promise<void> {
    await this.session?.close();
  }

  async drain(mayWait: boolean): Promise<Outcome> {
    const { ports, plan } = this;
    const { executionId, destination } = plan;
    const { segments } = await readSegments(ports.state, executionId);
    const read = (key: string, start: number, end: number) =>
      ports.objects.read(ports.home.stateBucket, key, { range: { start, end } });
    const reader = new BatchReader(segments, destination?.batchSize ?? 1, read);
    let loaded = await readLoaded(ports.state, executionId);
    for (let sent = 0; ; sent++) {
      this.refuseRefusals(loaded);
      const batch = await reader.batchAt(loaded.next);
      if (!batch) return { next: 'done' };
      if (sent > 0 && ports.clock.now() > ports.deadline - reserveMilliseconds) return { next: 'more' };
      await this.checkStillWanted();
      const results = await this.write(batch.records, mayWait);
      if ('next' in results) return results;
      loaded = await this.acknowledge(loaded, batch, results);
      ports.onProgress?.({ phase: 'load', records: batch.records.length, bytes: 0 });
    }
  }

  /** A late twin of this step must not go on writing when its run has been taken over or given up. */
  private async checkStillWanted(): Promise<void> {
    const { data: run } = await readOpenRun(this.ports.state, this.reference);
    if (run.status === 'COMMITTING' && !run.cancelRequested) return;
    throw new TributaryError('FencedOut', `the run is ${run.status} and writes no more`, {
      flowName: run.flowName,
      at: run.executionId,
    });
  }

  private async write(
    records: readonly WrittenRecord[],
    mayWait: boolean,
  ): Promise<readonly WriteResult[] | { next: 'wait'; waitSeconds: number }> {
    const { clock } = this.ports;
    while (true) {
      try {
        return await (await this.openSession()).write(records);
      } catch (error) {
        const wait = rateLimitWait(error);
        if (wait === undefined || !mayWait) throw error;
        if (wait > sleptSeconds) return { next: 'wait', waitSeconds: Math.ceil(wait) };
        await clock.sleep(wait * 1000);
      }
    }
  }

  private async openSession(): Promise<DestinationSession> {
    if (!this.session) {
      const { plan, ports } = this;
      if (!plan.destination)
        throw new Error('only runs into an application come here: the commit sees to that');
      const { request, kept } = plan.destination;
      const destination = await ports.loadDestination(request.connector);
      this.session = await destination.open(request, kept, sourcePorts(ports, request.connectorProfileName));
    }
    return this.session;
  }

  /** Puts what became of a batch into the ledger. */
  private async acknowledge(
    before: Loaded,
    { records, next }: LoadBatch,
    results: readonly WriteResult[],
  ): Promise<Loaded> {
    const { plan, ports } = this;
    const { executionId, startedAt } = plan;
    const { stateBucket } = ports.home;
    const timestamp = new Date(startedAt).toISOString();
    const reasons = new BreakdownCounter();
    const lines: string[] = [];
    let firstRefusal: string | undefined;
    for (const [position, result] of results.entries()) {
      if (result.kind === 'written') continue;
      const errorCode = refusalCode(result);
      reasons.rejected(errorCode);
      firstRefusal ??= `${errorCode}: ${result.message.slice(0, shown)}`;
      const line: RefusedRecord = {
        record: records[position] ?? {},
        errorCode,
        errorMessage: result.message,
        timestamp,
        batch: before.batches,
        position,
      };
      lines.push(`${jsonText(line)}\n`);
    }
    const body = Buffer.from(lines.join(''));
    const key = `${segmentFolder(plan.flow.flowName, executionId)}load-${before.batches}-${ports.attemptId}`;
    if (lines.length > 0) await ports.objects.put(stateBucket, key, body);
    const record: LoadRecord = {
      written: records.length - lines.length,
      rejectedByReason: reasons.rejectedByReason,
      ...(lines.length > 0 && {
        rejected: { segment: key, start: 0, end: body.length, sha256: sha256(body), rows: lines.length },
      }),
      ...(firstRefusal !== undefined && { firstRefusal }),
      next,
    };
    const expiresAt = Math.floor(startedAt / 1000) + workingItemSeconds;
    try {
      await ports.state.write([
        { pk: runKey(executionId), sk: loadKey(before.batches), expect: 'absent', set: record, expiresAt },
      ]);
    } catch (error) {
      if (!(error instanceof TributaryError && error.code === 'StateConflict')) throw error;
      // A twin of this step wrote the same batch: its answer counts.
      const winner = await readLoaded(ports.state, executionId);
      if (winner.batches <= before.batches) throw error;
      if (lines.length > 0 && !winner.rejectedParts.some(({ segment }) => segment === key))
        await ports.objects.delete(stateBucket, [key]);
      return winner;
    }
    return withBatch(before, record);
  }

  private refuseRefusals({ written, rejected, firstRefusal }: Loaded): void {
    const { request } = this.plan.destination ?? {};
    if (rejected === 0 || !request?.failOnFirstError) return;
    throw new TributaryError('RecordRejected', `the application refused a record: ${firstRefusal}`, {
      flowName: request.flowName,
      at: `${request.connector}.${request.entityName}`,
      got: `${rejected} refused, ${written} written before it ended`,
      fix: 'mend the record or the mapping; what was written stays',
    });
  }
}
