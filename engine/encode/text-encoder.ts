import type { JsonObject } from '../../core/ports.ts';
import type { Row } from '../../core/records.ts';
import { copyBytes } from '../copy-bytes.ts';
import type { BlockLines } from './block-lines.ts';
import type { Fragment, FragmentEncoder } from './format.ts';

const chunkBytes = 1 << 20;
const utf8BytesPerUnit = 3;
const empty = Buffer.alloc(0);

/** How a file type writes a record as a line. */
export interface LineFormat {
  /** With its line end. */
  row(row: Row): string;
  /** The same of blocks. Absent: their records are made rows. */
  readonly lines?: BlockLines;
}

/** Where lines are written whose length is not known before; the encoders of a format share it. */
export interface LineScratch {
  /** At least so many bytes; valid until the next call. */
  bytes(length: number): Buffer;
}

/** Kept up to the length of a chunk: a huge record's bytes are not held for good. */
export function lineScratch(): LineScratch {
  let kept = empty;
  return {
    bytes(length) {
      if (length <= kept.length) return kept;
      if (length > chunkBytes) return Buffer.allocUnsafeSlow(length);
      kept = Buffer.allocUnsafeSlow(Math.min(chunkBytes, 2 * length));
      return kept;
    },
  };
}

/**
 * Encodes rows as lines of UTF-8 (lone surrogates become U+FFFD). Nothing is allocated before there is something to hold.
 * Lines fill chunks to the last byte, and the last chunk is no longer than those before it (or than the rest of the line that
 * it was made for): what is held stays below twice `size`.
 *
 * Each row is written at once: to join some 50 of them for a write, and to count their bytes for `size` while they wait, was
 * measured to take as long.
 *
 * @param metaOf what is to be said of the fragment that ends
 */
export function textEncoder(
  line: LineFormat,
  scratch: LineScratch,
  metaOf: () => JsonObject | undefined = () => undefined,
): FragmentEncoder {
  let rows = 0;
  let full: Uint8Array[] = [];
  let fullBytes = 0;
  let chunk = empty;
  let used = 0;

  /** Appends bytes, in part to a new chunk if they are more than this one has room for. */
  function keep(bytes: Buffer, start: number, end: number): void {
    const fitting = Math.min(end - start, chunk.length - used);
    used = copyBytes(bytes, start, start + fitting, chunk, used);
    if (start + fitting === end) return;
    full.push(chunk);
    fullBytes += used;
    chunk = Buffer.allocUnsafeSlow(Math.max(end - start - fitting, Math.min(chunkBytes, fullBytes)));
    used = copyBytes(bytes, start + fitting, end, chunk, 0);
  }

  function append(row: Row): void {
    const text = line.row(row);
    const most = text.length * utf8BytesPerUnit;
    if (most <= chunk.length - used) used += chunk.write(text, used);
    else {
      const bytes = scratch.bytes(most);
      keep(bytes, 0, bytes.write(text));
    }
    rows++;
  }

  return {
    append,
    most: (block, positions, count) => line.lines?.most(block, positions, count) ?? Number.POSITIVE_INFINITY,
    appendBlock(block, positions, count): void {
      if (!line.lines) throw new Error('only blocks that have been prepared are appended');
      const start = block.beginRoom(line.lines.most(block, positions, count));
      keep(block.records.memory.bytes, start, line.lines.put(block, positions, count, start));
      rows += count;
    },
    get rows() {
      return rows;
    },
    get size() {
      return fullBytes + used;
    },
    finish(): Fragment | undefined {
      if (rows === 0) return undefined;
      const meta = metaOf();
      const fragment = {
        chunks: [...full, chunk.subarray(0, used)],
        rows,
        ...(meta && { meta }),
      };
      rows = 0;
      full = [];
      fullBytes = 0;
      chunk = empty;
      used = 0;
      return fragment;
    },
  };
}
