/** One object read page by page. */

import type { DecodedRecords, InputFormat } from '../../core/decode/input-format.ts';
import { TributaryError } from '../../core/errors.ts';
import { roomFor } from '../../core/flow/function-memory.ts';
import type { ObjectStore } from '../../core/ports.ts';
import { type ByteWindow, byteWindow } from './byte-window.ts';
import { type ListedObject, objectBytes } from './object-bytes.ts';

export interface Position {
  /** In the decompressed bytes. */
  readonly offset: number;
  /** Line at that offset, counted from 1. */
  readonly line: number;
}

export const beginning: Position = { offset: 0, line: 1 };

export interface ObjectPage {
  readonly records: Pick<DecodedRecords, 'rows' | 'scanned'>;
  /** Decompressed bytes, those before the first record included. */
  readonly bytes: number;
  /** Where the next page begins; absent at the object's end. */
  readonly next?: Position;
}

export interface ObjectReader {
  /** Where the page that `read` gives begins. */
  readonly position: Position;
  read(maxRows: number): Promise<ObjectPage>;
  close(): void;
}

/** How much is read at a time. */
export interface PageSizes {
  /** Bytes that a page is decoded from, where they hold one whole record at least. */
  readonly pageBytes: number;
  /** Bytes that a single record may have. */
  readonly recordBytes: number;
}

/** Enough for most header lines. */
const beginningBytes = 64 * 1024;

/** Reads what `decode` makes of an object's beginning; it answers `undefined` as long as it needs more bytes. */
export async function readBeginning<T>(
  objects: ObjectStore,
  bucket: string,
  object: ListedObject,
  decode: (bytes: Buffer, ended: boolean, at: string) => T | undefined,
  sizes: PageSizes,
): Promise<T> {
  const at = `s3://${bucket}/${object.key}`;
  const stream = await objectBytes(objects, bucket, object);
  try {
    return await beginningOf(byteWindow(stream.chunks), decode, sizes, at);
  } finally {
    stream.close();
  }
}

function beginningOf<T>(
  window: ByteWindow,
  decode: (bytes: Buffer, ended: boolean, at: string) => T | undefined,
  { pageBytes, recordBytes }: PageSizes,
  at: string,
): Promise<T> {
  const sizes = { pageBytes: Math.min(pageBytes, beginningBytes), recordBytes };
  return attempt(window, sizes, at, 1, (bytes, ended) => decode(bytes, ended, at));
}

/**
 * Opens an object at `position`, which an earlier page gave, or at its beginning. What precedes the records is read
 * anyway. A page is what the next `pageBytes` bytes hold in whole records, so it depends on its position alone.
 *
 * @throws SourceDataInvalid, SchemaChanged, ResourceNotFoundError, StorageUnavailable; so does `read`
 */
export async function openObject(
  objects: ObjectStore,
  bucket: string,
  object: ListedObject,
  format: InputFormat,
  position: Position,
  sizes: PageSizes,
): Promise<ObjectReader> {
  const at = `s3://${bucket}/${object.key}`;
  let stream = await objectBytes(objects, bucket, object);
  let window = byteWindow(stream.chunks);
  try {
    const prologue = await beginningOf(window, format.begin, sizes, at);
    let { offset, line } = position;
    let before = 0;
    if (offset === 0) {
      offset = before = prologue.used;
      line += prologue.lines;
      window.drop(prologue.used);
    } else if (stream.gzip || offset <= window.bytes.length) {
      await window.skip(offset);
    } else {
      stream.close();
      stream = await objectBytes(objects, bucket, object, offset);
      window = byteWindow(stream.chunks);
    }
    return {
      get position() {
        return before > 0 ? beginning : { offset, line };
      },
      async read(maxRows) {
        const decoded = await attempt(window, sizes, at, line, (bytes, ended) => {
          const records = prologue.decode(bytes, ended, line, maxRows);
          return records.used > 0 || ended ? records : undefined;
        });
        const bytes = before + decoded.used;
        const ends = window.ended && decoded.used === window.bytes.length;
        window.drop(decoded.used);
        offset += decoded.used;
        line += decoded.lines;
        before = 0;
        return { records: decoded, bytes, ...(!ends && { next: { offset, line } }) };
      },
      close: () => stream.close(),
    };
  } catch (error) {
    stream.close();
    throw error;
  }
}

/** Decodes the next `pageBytes`, and twice as many as long as they are not enough. */
async function attempt<T>(
  window: ByteWindow,
  { pageBytes, recordBytes }: PageSizes,
  at: string,
  line: number,
  decode: (bytes: Buffer, ended: boolean) => T | undefined,
): Promise<T> {
  for (let length = pageBytes; ; length = Math.min(2 * length, recordBytes)) {
    await window.fill(length);
    // Never more than was asked for, whatever the window holds: the page must not depend on what was read before.
    const bytes = window.bytes.subarray(0, length);
    const decoded = decode(bytes, window.ended && bytes.length === window.bytes.length);
    if (decoded !== undefined) return decoded;
    if (length >= recordBytes) {
      throw new TributaryError('SourceDataInvalid', 'the record that begins here is too long', {
        at: `${at} line ${line}`,
        got: `more than ${recordBytes} bytes`,
        expected: `at most ${recordBytes}`,
        fix: `look for a quote that is not closed or a missing line end; if it is right, ${roomFor(recordBytes + 1, false)}`,
      });
    }
  }
}
