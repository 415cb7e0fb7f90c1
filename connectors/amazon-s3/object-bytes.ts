/** An object's bytes as a stream, decompressed if they are gzip, which the first two bytes tell and no name can. */

import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TributaryError } from '../../core/errors.ts';
import type { ObjectStore } from '../../core/ports.ts';

/** A listed object, frozen for the run: reads hold for this ETag only. Plain data. */
export type ListedObject = {
  readonly key: string;
  /** Bytes as stored. */
  readonly size: number;
  readonly etag: string;
};

export type Chunks = AsyncGenerator<Uint8Array, void, undefined>;

const decompressedChunk = 256 * 1024;

/**
 * @param start only for plain objects: the byte to begin at, below the object's size.
 * @returns chunks that throw SourceDataInvalid for a broken gzip file and StorageUnavailable for a broken connection;
 * `return` closes the connection.
 */
export async function objectBytes(
  objects: ObjectStore,
  bucket: string,
  object: ListedObject,
  start = 0,
): Promise<{ gzip: boolean; chunks: Chunks }> {
  const at = `s3://${bucket}/${object.key}`;
  const stored = storedBytes(objects, bucket, object, start, at);
  if (start > 0) return { gzip: false, chunks: stored };
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < 2) {
    const { value, done } = await stored.next();
    if (done) break;
    head.push(value);
    length += value.length;
  }
  const [first, second] = Buffer.concat(head);
  const gzip = first === 0x1f && second === 0x8b;
  const all = rejoined(head, stored);
  return { gzip, chunks: gzip ? gunzipped(all, at) : all };
}

async function* storedBytes(
  objects: ObjectStore,
  bucket: string,
  { key, size, etag }: ListedObject,
  start: number,
  at: string,
): Chunks {
  const body = await objects.stream(bucket, key, { ifMatch: etag, ...(start > 0 && { start }) });
  let received = start;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      received += chunk.length;
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof TributaryError) throw cause;
    throw new TributaryError('StorageUnavailable', 'the connection broke while reading', { at, cause });
  }
  // Without this a connection that ends early would look like a short file.
  if (received !== size) {
    throw new TributaryError('StorageUnavailable', 'the object ended early', {
      at,
      got: `${received} bytes`,
      expected: `${size}`,
    });
  }
}

async function* rejoined(head: readonly Uint8Array[], rest: Chunks): Chunks {
  try {
    yield* head;
    yield* rest;
  } finally {
    await rest.return();
  }
}

/** Several gzip members in a row are one stream, as RFC 1952 section 2.2 has it. */
async function* gunzipped(stored: Chunks, at: string): Chunks {
  const gunzip = createGunzip({ chunkSize: decompressedChunk });
  // The iteration below sees every error of the pipeline; the callback only keeps it from being unhandled.
  pipeline(stored, gunzip, () => {});
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (cause) {
    if (cause instanceof TributaryError) throw cause;
    throw new TributaryError('SourceDataInvalid', 'the gzip file is broken or cut off', { at, cause });
  }
}
