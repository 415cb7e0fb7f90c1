/**
 * A segment: what one stretch of pages became, for all partitions together, as one object. It ends with an index that
 * says which bytes are whose, so that the commit can assemble output objects from ranges of many segments.
 *
 * fragment bytes … | refused records | part of the ledger | index (JSON)
 */

import { createHash } from 'node:crypto';
import type { JsonObject } from '../../core/ports.ts';
import type { Row } from '../../core/records.ts';
import type { Block } from '../block.ts';
import type { FragmentEncoder, OutputFormat } from '../encode/format.ts';

export interface SegmentEntry {
  /** Folder below the run's output folder: `Rating=Warm/`, or empty. */
  readonly partition: string;
  /** Natural unit within the split (aggregation None), else 0. */
  readonly unit: number;
  /** Bytes [start, end) of the segment. */
  readonly start: number;
  readonly end: number;
  readonly rows: number;
  readonly sha256: string;
  readonly meta?: JsonObject;
}

export interface SegmentIndex {
  readonly entries: readonly SegmentEntry[];
  /** Refused and invalid records, JSON Lines: bytes [start, end). */
  readonly quarantined?: {
    readonly start: number;
    readonly end: number;
    readonly rows: number;
    readonly sha256: string;
  };
  /** The segment's part of the flow's ledger: bytes [start, end), complete from `since` on (epoch milliseconds). */
  readonly ledger?: {
    readonly start: number;
    readonly end: number;
    readonly since: number;
    readonly sha256: string;
  };
  /** Hashes of the latest (key, version) pairs, oldest first, for sources whose pages may repeat. */
  readonly seen?: readonly string[];
}

export interface FinishedSegment {
  /** Its bytes, in pieces that follow each other. */
  readonly body: readonly Uint8Array[];
  readonly size: number;
  /** Where the index begins. */
  readonly indexStart: number;
  /** Of the index, which has those of all bytes before it: they are hashed once. */
  readonly sha256: string;
}

/** Collects the encoded records of one segment. */
export class SegmentWriter {
  private readonly format: OutputFormat;
  private readonly encoders = new Map<string, FragmentEncoder>();
  private readonly fragmentRows: number;
  private readonly fragmentBytes: number;
  private chunks: Uint8Array[] = [];
  private entries: SegmentEntry[] = [];
  private quarantinedLines: string[] = [];
  /** Bytes of finished fragments: where the next one begins. */
  private position = 0;
  private quarantinedBytes = 0;
  private open = 0;
  private unit = 0;

  constructor(format: OutputFormat, limits: { fragmentRows: number; fragmentBytes: number }) {
    this.format = format;
    this.fragmentRows = limits.fragmentRows;
    this.fragmentBytes = limits.fragmentBytes;
  }

  /** Bytes held, roughly: what bounds the segment. */
  get size(): number {
    return this.position + this.open + this.quarantinedBytes;
  }

  /** Records that follow belong to this unit; those of the unit before are finished first. */
  beginUnit(unit: number): void {
    if (unit === this.unit) return;
    this.finishAll();
    this.unit = unit;
  }

  append(partition: string, row: Row): void {
    const encoder = this.encoderOf(partition);
    const before = encoder.size;
    encoder.append(row);
    this.appended(partition, encoder, before);
  }

  /** Whether `appendBlock` of these records ends no fragment, so that it is the same as `append` of each. */
  hasRoom(partition: string, block: Block, positions: number, count: number): boolean {
    const encoder = this.encoderOf(partition);
    return (
      encoder.rows + count < this.fragmentRows &&
      encoder.size + encoder.most(block, positions, count) < this.fragmentBytes
    );
  }

  /** @param positions where a list of them lies */
  appendBlock(partition: string, block: Block, positions: number, count: number): void {
    const encoder = this.encoderOf(partition);
    const before = encoder.size;
    encoder.appendBlock(block, positions, count);
    this.appended(partition, encoder, before);
  }

  private encoderOf(partition: string): FragmentEncoder {
    let encoder = this.encoders.get(partition);
    if (!encoder) {
      encoder = this.format.encoder();
      this.encoders.set(partition, encoder);
    }
    return encoder;
  }

  private appended(partition: string, encoder: FragmentEncoder, before: number): void {
    this.open += encoder.size - before;
    if (encoder.rows >= this.fragmentRows || encoder.size >= this.fragmentBytes)
      this.finish(partition, encoder);
  }

  quarantine(line: string): void {
    this.quarantinedLines.push(line);
    this.quarantinedBytes += line.length;
  }

  /** `undefined` if the segment is empty. The writer is then used up. */
  finishSegment(
    seen: readonly string[] | undefined,
    ledger?: { readonly text: string; readonly since: number },
  ): FinishedSegment | undefined {
    this.finishAll();
    let quarantined: SegmentIndex['quarantined'];
    if (this.quarantinedLines.length > 0) {
      const bytes = Buffer.from(this.quarantinedLines.join(''));
      const start = this.position;
      quarantined = {
        start,
        end: start + bytes.length,
        rows: this.quarantinedLines.length,
        sha256: sha256(bytes),
      };
      this.push(bytes);
    }
    let placed: SegmentIndex['ledger'];
    if (ledger) {
      const bytes = Buffer.from(ledger.text);
      const start = this.position;
      placed = { start, end: start + bytes.length, since: ledger.since, sha256: sha256(bytes) };
      this.push(bytes);
    }
    if (this.chunks.length === 0 && !seen?.length) return undefined;
    const indexStart = this.position;
    const index: SegmentIndex = {
      entries: this.entries,
      ...(quarantined && { quarantined }),
      ...(placed && { ledger: placed }),
      ...(seen && { seen }),
    };
    const bytes = Buffer.from(JSON.stringify(index));
    this.push(bytes);
    return { body: this.chunks, size: this.position, indexStart, sha256: sha256(bytes) };
  }

  private finishAll(): void {
    for (const [partition, encoder] of this.encoders) this.finish(partition, encoder);
    // A new unit or segment meets other partitions: do not keep an encoder for each one ever seen.
    this.encoders.clear();
  }

  private finish(partition: string, encoder: FragmentEncoder): void {
    this.open -= encoder.size;
    const fragment = encoder.finish();
    if (!fragment) return;
    const start = this.position;
    const { chunks, rows, meta } = fragment;
    const hash = createHash('sha256');
    for (const chunk of chunks) {
      hash.update(chunk);
      this.push(chunk);
    }
    this.entries.push({
      partition,
      unit: this.unit,
      start,
      end: this.position,
      rows,
      sha256: hash.digest('hex'),
      ...(meta && { meta }),
    });
  }

  private push(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.position += bytes.length;
  }
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
