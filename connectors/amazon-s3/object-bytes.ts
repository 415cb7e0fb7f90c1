/** An object's bytes as a stream, decompressed if they are gzip, which the first two bytes tell and no name can. */

import { pipeline, type Readable } from 'node:stream';
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

export type Chunks = AsyncIterator<Uint8Array, void, undefined>;

export interface ObjectBytes {
  readonly gzip: boolean;
  /** Throws SourceDataInvalid for a broken gzip file and StorageUnavailable for a broken connection. */
  readonly chunks: Chunks;
  /** Ends the connection, also while it is waited for. */
  close(): void;
}

const decompressedChunk = 256 * 1024;

/** @param start only for plain objects: the byte to begin at, below the object's size */
export async function objectBytes(
  objects: ObjectStore,
  bucket: string,
  { key, size, etag }: ListedObject,
  start = 0,
): Promise<ObjectBytes> {
  const at = `s3://${bucket}/${key}`;
  const body = await objects.stream(bucket, key, {
    ifMatch: etag,
    transient: true,
    ...(start > 0 && { start }),
  });
  const stored = storedBytes(body, start, size, at);
  const closeBody = () => {
    body.destroy();
  };
  if (start > 0) return { gzip: false, chunks: stored, close: closeBody };
  const head: Uint8Array[] = [];
  for (let length = 0; length < 2; ) {
    const { value, done } = await stored.next();
    if (done) break;
    // A chunk of one byte is kept while the next is asked for.
    head.push(value.length < 2 ? Buffer.from(value) : value);
    length += value.length;
  }
  const [first, second] = Buffer.concat(head, 2);
  const all = rejoined(head, stored);
  if (first !== 0x1f || second !== 0x8b) return { gzip: false, chunks: all, close: closeBody };
  const gunzip = createGunzip({ chunkSize: decompressedChunk });
  // Also an error here is for the iteration.
  pipeline(all, gunzip, () => {});
  return {
    gzip: true,
    chunks: gunzipped(gunzip, at),
    close() {
      closeBody();
      gunzip.destroy();
    },
  };
}

async function* storedBytes(body: Readable, start: number, size: number, at: string) {
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

async function* rejoined(head: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>) {
  yield* head;
  yield* rest;
}

/** Several gzip members in a row are one stream, as RFC 1952 section 2.2 has it. */
async function* gunzipped(gunzip: AsyncIterable<Uint8Array>, at: string) {
  try {
    yield* gunzip;
  } catch (cause) {
    if (cause instanceof TributaryError) throw cause;
    throw new TributaryError('SourceDataInvalid', 'the gzip file is broken or cut off', { at, cause });
  }
}
