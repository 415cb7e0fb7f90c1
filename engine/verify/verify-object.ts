/** Is an object what the manifest says? */

import { createHash } from 'node:crypto';
import type { ObjectInfo, ObjectStore } from '../../core/ports.ts';
import type { ManifestObject } from '../run/manifest.ts';
import { sha256 } from '../run/segment.ts';
import { countParquetRecords } from './count-parquet-records.ts';
import { csvCounter, jsonLinesCounter, type RecordCounter, Undecodable } from './count-text-records.ts';

/** Where what is there first differs from what was certified. */
export interface Difference {
  /** `s3://bucket/key` */
  readonly at: string;
  readonly expected: string;
  readonly got: string;
}

export const uriOf = ({ bucket, key }: { bucket: string; key: string }): string => `s3://${bucket}/${key}`;

/** Reads all of the object: its size, the SHA-256 of each of its stretches, and its records, decoded. */
export async function verifyObject(
  object: ManifestObject,
  fileType: 'CSV' | 'JSON' | 'PARQUET',
  objects: ObjectStore,
): Promise<Difference | undefined> {
  const expected = shown(object.rows, object.size);
  const present = await objects.head(object.bucket, object.key);
  if (!present) return { at: uriOf(object), expected, got: 'no such object' };
  const counter = counterOf(object, fileType);
  const reading = new Reading(stretchesOf(object), counter);
  const stream = await objects.stream(object.bucket, object.key, { ifMatch: present.etag });
  for await (const chunk of stream) reading.push(chunk as Buffer);
  const { wrong, size } = reading.end();
  const records = counter ? reading.records() : await parquetRecords(present, objects);
  if (size === object.size && !wrong && records === object.rows) return undefined;
  const hash = (which: 'expected' | 'got'): string =>
    wrong ? `, SHA-256 ${wrong[which]} of bytes ${wrong.start} to ${wrong.end}` : '';
  return {
    at: uriOf(object),
    expected: expected + hash('expected'),
    got: shown(records, size) + hash('got'),
  };
}

function shown(records: number | string, size: number): string {
  const counted =
    typeof records === 'string' ? `records that cannot be decoded (${records})` : `${records} records`;
  return `${counted}, ${size} bytes`;
}

/** Of Parquet none: its footer is read first. */
function counterOf(object: ManifestObject, fileType: 'CSV' | 'JSON' | 'PARQUET'): RecordCounter | undefined {
  // The quarantine is JSON Lines, whatever the output is.
  if (object.partition === null || fileType === 'JSON') return jsonLinesCounter();
  return fileType === 'CSV' ? csvCounter() : undefined;
}

async function parquetRecords(
  { bucket, key, size, etag }: ObjectInfo,
  objects: ObjectStore,
): Promise<number | string> {
  try {
    return await countParquetRecords(size, (start, end) =>
      objects.read(bucket, key, { range: { start, end }, ifMatch: etag }),
    );
  } catch (error) {
    return undecodable(error);
  }
}

function undecodable(error: unknown): string {
  if (error instanceof Undecodable) return error.message;
  throw error;
}

interface Stretch {
  readonly length: number;
  readonly sha256: string;
}

/** Head, fragments and tail: each was hashed when it was encoded, before it was ever stored. */
function stretchesOf(object: ManifestObject): Stretch[] {
  const around = (base64: string): Stretch[] => {
    const bytes = Buffer.from(base64, 'base64');
    return bytes.length === 0 ? [] : [{ length: bytes.length, sha256: sha256(bytes) }];
  };
  return [
    ...around(object.head),
    ...object.parts.map(({ start, end, sha256 }) => ({ length: end - start, sha256 })),
    ...around(object.tail),
  ];
}

interface WrongStretch {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly expected: string;
  readonly got: string;
}

class Reading {
  private readonly stretches: readonly Stretch[];
  private readonly counter: RecordCounter | undefined;
  private failure: string | undefined;
  private index = 0;
  private hash = createHash('sha256');
  /** Where the present stretch begins, and how much of it has been read. */
  private start = 0;
  private length = 0;
  private size = 0;
  private wrong: WrongStretch | undefined;

  constructor(stretches: readonly Stretch[], counter: RecordCounter | undefined) {
    this.stretches = stretches;
    this.counter = counter;
  }

  push(chunk: Uint8Array): void {
    this.size += chunk.length;
    this.count(() => this.counter?.push(chunk));
    let rest = chunk;
    while (rest.length > 0) {
      const stretch = this.stretches[this.index];
      // What lies behind the last stretch shows in the size.
      if (!stretch) return;
      const some = rest.subarray(0, stretch.length - this.length);
      this.hash.update(some);
      this.length += some.length;
      rest = rest.subarray(some.length);
      if (this.length === stretch.length) this.finish(stretch);
    }
  }

  end(): { wrong: WrongStretch | undefined; size: number } {
    const stretch = this.stretches[this.index];
    if (stretch) this.finish(stretch);
    return { wrong: this.wrong, size: this.size };
  }

  records(): number | string {
    let records = 0;
    this.count(() => {
      records = this.counter?.end() ?? 0;
    });
    return this.failure ?? records;
  }

  private finish({ sha256, length }: Stretch): void {
    const got = this.hash.digest('hex');
    const { start } = this;
    if (got !== sha256) this.wrong ??= { start, end: start + length, expected: sha256, got };
    this.index++;
    this.hash = createHash('sha256');
    this.start += length;
    this.length = 0;
  }

  /** What follows the first record that cannot be decoded is only hashed. */
  private count(work: () => void): void {
    if (this.failure !== undefined) return;
    try {
      work();
    } catch (error) {
      this.failure = undecodable(error);
    }
  }
}
