import type { ObjectStore } from '../../core/ports.ts';
import type { Home } from '../ports.ts';
import { type LedgerPart, type LedgerPlan, type LedgerPointer, LedgerWriter } from './ledger.ts';
import { type RunPlan, runFolder } from './plan.ts';
import type { ReadSegment } from './segment-reader.ts';

/**
 * From when on the run's records are all in its ledger, if it holds them all: what lies before the window that is read is known
 * as little as what lies before the lookback. Epoch milliseconds.
 */
export function ledgerStart({ request }: Pick<RunPlan, 'request'>, { from }: LedgerPlan): number {
  return Math.max(from, request.window.start ?? Number.NEGATIVE_INFINITY);
}

/** Writes the ledger that the next run reads; any number of times the same. */
export async function writeLedger(
  plan: RunPlan,
  ledger: LedgerPlan,
  parts: readonly LedgerPart[],
  read: ReadSegment,
  { objects, home }: { readonly objects: ObjectStore; readonly home: Home },
): Promise<LedgerPointer> {
  const { window, sizes, executionId, flow } = plan;
  const next = new LedgerWriter(ledgerStart(plan, ledger), sizes.ledgerRecords);
  if (ledger.key !== undefined) {
    const before = await objects.read(home.stateBucket, ledger.key);
    next.addText(Buffer.from(before).toString());
  }
  for (const part of parts) {
    next.startAt(part.since);
    next.addText(Buffer.from(await read(part.segment, part.start, part.end)).toString());
  }
  const text = next.text();
  const key = `${runFolder(flow.flowName, executionId)}/ledger.txt`;
  await objects.put(home.stateBucket, key, text);
  return { key, since: next.since, until: window.end };
}
