import type { WrittenRecord } from '../../core/destination.ts';
import { parseJson } from '../http/read-records.ts';
import type { LoadPosition } from './load.ts';
import type { SegmentIndex } from './segment.ts';
import type { SegmentRecord } from './segment-record.ts';

/** Bytes of a batch at most, unless one record has more: below what functions and most APIs take. */
const batchBytes = 4 * 2 ** 20;

export interface LoadBatch {
  readonly records: readonly WrittenRecord[];
  readonly next: LoadPosition;
}

/** Reads batches one after the other: where they end follows from the segments and `batchSize` alone. */
export class BatchReader {
  private readonly segments: readonly SegmentRecord[];
  private readonly batchSize: number;
  private readonly read: (key: string, start: number, end: number) => Promise<Uint8Array>;
  /** The stretch of records that is being read. */
  private held: { segment: number; start: number; bytes: Uint8Array } | undefined;

  constructor(
    segments: readonly SegmentRecord[],
    batchSize: number,
    read: (key: string, start: number, end: number) => Promise<Uint8Array>,
  ) {
    this.segments = segments;
    this.batchSize = batchSize;
    this.read = read;
  }

  /** @returns undefined behind the last record */
  async batchAt(position: LoadPosition): Promise<LoadBatch | undefined> {
    const records: WrittenRecord[] = [];
    let size = 0;
    let at = position;
    while (records.length < this.batchSize) {
      const stretch = await this.stretchAt(at);
      if (!stretch) break;
      const { bytes, segment, start } = stretch;
      at = { segment, byte: Math.max(at.segment === segment ? at.byte : 0, start) };
      let offset = at.byte - start;
      while (offset < bytes.length && records.length < this.batchSize) {
        const end = bytes.indexOf(newline, offset);
        const line = bytes.subarray(offset, end < 0 ? bytes.length : end);
        if (records.length > 0 && size + line.length > batchBytes) return { records, next: at };
        records.push(parseJson(Buffer.from(line).toString(), true) as WrittenRecord);
        size += line.length;
        offset += line.length + 1;
        at = { segment, byte: start + offset };
      }
    }
    return records.length > 0 ? { records, next: at } : undefined;
  }

  /** The records that lie at or behind a position. */
  private async stretchAt({ segment, byte }: LoadPosition): Promise<BatchReader['held']> {
    const { held } = this;
    if (held?.segment === segment && held.start <= byte && byte < held.start + held.bytes.length) return held;
    for (let index = segment; index < this.segments.length; index++) {
      const record = this.segments[index];
      if (!record) break;
      const from = index === segment ? byte : 0;
      const text = await this.read(record.key, record.indexStart, record.size);
      const { entries } = JSON.parse(Buffer.from(text).toString()) as SegmentIndex;
      const entry = entries.find(({ end }) => end > from);
      if (!entry) continue;
      const start = Math.max(entry.start, from);
      this.held = { segment: index, start, bytes: await this.read(record.key, start, entry.end) };
      return this.held;
    }
    return undefined;
  }
}

const newline = 10;
