/**
 * What keeps a flow with a `lookback` from delivering a record twice: of every record in the last window's closing stretch its
 * time and a hash. Each segment has its own part of it; the commit makes one of them all, which the next run reads.
 *
 * Lines `<epoch milliseconds> <hash>`, newest first.
 */

import type { ObjectStore } from '../../core/ports.ts';

/** Where a flow's ledger lies, and what it knows. */
export interface LedgerPointer {
  readonly key: string;
  /** Every record that was read with a time in [since, until) is in it; epoch milliseconds. */
  readonly since: number;
  /** The end of the window with which it was written: the flow's watermark, unless somebody has set another. */
  readonly until: number;
}

/** Of a run's plan: how the run keeps its flow's ledger. */
export interface LedgerPlan {
  /** The field with a record's time. */
  readonly field: string;
  /** Epoch milliseconds: records before were in an earlier run's window, and are new only if the ledger does not know them. */
  readonly before: number;
  /** Epoch milliseconds: from here on records go into the next ledger. */
  readonly from: number;
  /** The object with the ledger of the run before, where the window reaches back. */
  readonly key?: string;
}

interface Entry {
  readonly time: number;
  readonly hash: string;
}

/** Collects entries within a bound: where there are more, the oldest go, and with them what the ledger knows of their time. */
export class LedgerWriter {
  private entries: Entry[] = [];
  private start: number;
  private readonly most: number;

  /**
   * @param since epoch milliseconds; what is older is not kept
   * @param most entries
   */
  constructor(since: number, most: number) {
    this.start = since;
    this.most = most;
  }

  /** From when on all that was added is kept. */
  get since(): number {
    return this.start;
  }

  add(time: number, hash: string): void {
    // Also of a record without a time.
    if (!(time >= this.start)) return;
    this.entries.push({ time, hash });
    if (this.entries.length >= 2 * this.most) this.sort();
  }

  /** What another one has written. */
  addText(text: string): void {
    for (const { time, hash } of entriesOf(text)) this.add(time, hash);
  }

  /** Nothing before this moment is known to be complete. */
  startAt(since: number): void {
    this.start = Math.max(this.start, since);
  }

  /** The lines of what is kept. Cuts, and so may raise `since`. */
  text(): string {
    this.sort();
    return this.entries.map(({ time, hash }) => `${time} ${hash}\n`).join('');
  }

  private sort(): void {
    const sorted = this.entries.sort((a, b) => b.time - a.time || compare(a.hash, b.hash));
    const dropped = sorted[this.most];
    // Records of the same moment stay together, or go together.
    if (dropped) this.startAt(dropped.time + 1);
    this.entries = sorted.filter(({ time }) => time >= this.start);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function* entriesOf(text: string): Iterable<Entry> {
  for (const line of text.split('\n')) {
    const [time, hash] = line.split(' ');
    if (hash !== undefined) yield { time: Number(time), hash };
  }
}

/** The hashes of the records that the flow's earlier runs have read. */
export async function readLedger(
  objects: Pick<ObjectStore, 'read'>,
  stateBucket: string,
  key: string,
): Promise<ReadonlySet<string>> {
  const text = Buffer.from(await objects.read(stateBucket, key)).toString();
  return new Set(Array.from(entriesOf(text), ({ hash }) => hash));
}

/** A segment's part of the ledger. */
export interface LedgerPart {
  readonly segment: string;
  /** Bytes [start, end) of the segment. */
  readonly start: number;
  readonly end: number;
  /** As {@link LedgerPointer}'s. */
  readonly since: number;
}
