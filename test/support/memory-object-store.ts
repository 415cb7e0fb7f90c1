/**
 * Amazon S3 in memory: what the product relies on of its semantics, refusals included, so that a test over it fails
 * where the real service would.
 *
 * Sources: Amazon S3 API Reference (GetObject, PutObject, ListObjectsV2, UploadPart, UploadPartCopy,
 * CompleteMultipartUpload) and User Guide ("Amazon S3 multipart upload limits", "Working with object metadata":
 * Last-Modified of a multipart object is the time at which its upload was initiated).
 */

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  type ByteRange,
  type Encryption,
  type ErrorCode,
  type ObjectBody,
  type ObjectInfo,
  type ObjectStore,
  type PutOptions,
  TributaryError,
  type UploadTarget,
} from '#core';

const MIB = 1024 * 1024;
const minPartBytes = 5 * MIB;
const maxParts = 10_000;
const maxKeyBytes = 1024;
const maxMetadataBytes = 2048;
const listPage = 1000;
const streamChunk = 64 * 1024;

export interface StoredObject extends ObjectInfo {
  readonly body: Buffer;
  readonly contentType: string;
  readonly encryption: Encryption | undefined;
  /** Lower-case names, as S3 stores them. */
  readonly metadata: Record<string, string>;
}

export interface MemoryObjectStore extends ObjectStore {
  createBucket(bucket: string): void;
  /** What lies there, for assertions; `undefined` if nothing does. */
  stored(bucket: string, key: string): StoredObject | undefined;
  /** All keys of a bucket in ascending order. */
  keys(bucket: string): string[];
  /** Uploads that were neither completed nor aborted. */
  pendingUploads(): UploadTarget[];
}

interface Upload extends UploadTarget {
  readonly options: PutOptions;
  readonly initiated: number;
  readonly parts: Map<number, Buffer>;
}

/**
 * @param options.buckets those that exist from the beginning.
 * @param options.now epoch milliseconds; default the system clock. LastModified has whole seconds, as S3's has.
 */
export function memoryObjectStore(
  options: { buckets?: readonly string[]; now?: () => number } = {},
): MemoryObjectStore {
  const now = options.now ?? Date.now;
  const buckets = new Map<string, Map<string, StoredObject>>();
  const uploads = new Map<string, Upload>();
  for (const bucket of options.buckets ?? []) buckets.set(bucket, new Map());
  let uploadCount = 0;

  const objectsOf = (bucket: string) =>
    buckets.get(bucket) ??
    refuse('ResourceNotFoundError', 'the bucket does not exist', `s3://${bucket}`, 404, 'NoSuchBucket');

  const objectAt = (bucket: string, key: string) =>
    objectsOf(bucket).get(key) ??
    refuse('ResourceNotFoundError', 'the object does not exist', `s3://${bucket}/${key}`, 404, 'NoSuchKey');

  const sortedKeys = (bucket: string) =>
    [...objectsOf(bucket).keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

  const matching = (bucket: string, key: string, ifMatch: string | undefined) => {
    const object = objectAt(bucket, key);
    if (ifMatch === undefined || ifMatch === object.etag) return object;
    return refuse(
      'SourceDataInvalid',
      'the object changed while being read',
      `s3://${bucket}/${key}`,
      412,
      'PreconditionFailed',
    );
  };

  const uploadOf = ({ bucket, key, uploadId }: UploadTarget) => {
    objectsOf(bucket);
    const upload = uploads.get(uploadId);
    if (upload?.bucket === bucket && upload.key === key) return upload;
    return undefined;
  };

  const openUpload = (target: UploadTarget) =>
    uploadOf(target) ??
    refuse(
      'ResourceNotFoundError',
      'the upload does not exist',
      `s3://${target.bucket}/${target.key}`,
      404,
      'NoSuchUpload',
    );

  function store(bucket: string, key: string, body: Buffer, etag: string, modified: number, put: PutOptions) {
    const objects = objectsOf(bucket);
    const at = `s3://${bucket}/${key}`;
    if (put.ifAbsent && objects.has(key))
      refuse('StateConflict', 'an object of that key exists', at, 412, 'PreconditionFailed');
    objects.set(key, {
      bucket,
      key,
      size: body.length,
      etag,
      lastModified: Math.floor(modified / 1000) * 1000,
      body,
      contentType: put.contentType ?? 'application/octet-stream',
      encryption: put.encryption,
      metadata: lowerCased(put.metadata ?? {}, at),
    });
  }

  function addPart(target: UploadTarget, part: number, body: Buffer) {
    const upload = openUpload(target);
    if (!Number.isInteger(part) || part < 1 || part > maxParts)
      refuse(
        'InvalidArgument',
        `part number ${part} is not within 1..${maxParts}`,
        target.key,
        400,
        'InvalidArgument',
      );
    upload.parts.set(part, body);
    return { part, etag: md5(body), size: body.length };
  }

  return {
    createBucket(bucket) {
      if (!buckets.has(bucket)) buckets.set(bucket, new Map());
    },

    stored: (bucket, key) => objectsOf(bucket).get(key),

    keys: (bucket) => sortedKeys(bucket),

    pendingUploads: () =>
      [...uploads.values()].map(({ bucket, key, uploadId }) => ({ bucket, key, uploadId })),

    async read(bucket, key, { range, ifMatch } = {}) {
      const { body } = matching(bucket, key, ifMatch);
      return Buffer.from(range ? sliceOf(body, range, `s3://${bucket}/${key}`) : body);
    },

    async stream(bucket, key, { start, ifMatch, transient } = {}) {
      const { body } = matching(bucket, key, ifMatch);
      const rest = start ? sliceOf(body, { start, end: body.length }, `s3://${bucket}/${key}`) : body;
      const chunks = transient ? overwritten(chunksOf(rest)) : chunksOf(rest);
      return Readable.from(chunks, { objectMode: false });
    },

    async head(bucket, key) {
      const object = objectsOf(bucket).get(key);
      return object && { ...infoOf(object), metadata: { ...object.metadata } };
    },

    async *list(bucket, prefix) {
      // Each page is a consistent picture of its moment, as ListObjectsV2's are; the whole listing is not.
      for (let after: string | undefined; ; ) {
        const seen = after;
        const page = sortedKeys(bucket)
          .filter((key) => key.startsWith(prefix) && (seen === undefined || isAfter(key, seen)))
          .slice(0, listPage)
          .map((key) => infoOf(objectAt(bucket, key)));
        yield* page;
        if (page.length < listPage) return;
        after = page.at(-1)?.key;
      }
    },

    async put(bucket, key, content, put = {}) {
      checkKey(bucket, key);
      const body = copied(content);
      const etag = md5(body);
      store(bucket, key, body, etag, now(), put);
      return { etag };
    },

    async delete(bucket, keys) {
      const objects = objectsOf(bucket);
      for (const key of keys) objects.delete(key);
    },

    async startUpload(bucket, key, put = {}) {
      objectsOf(bucket);
      checkKey(bucket, key);
      uploadCount += 1;
      const uploadId = `upload-${uploadCount}`;
      uploads.set(uploadId, { bucket, key, uploadId, options: put, initiated: now(), parts: new Map() });
      return uploadId;
    },

    uploadPart: async (upload, part, body) => addPart(upload, part, copied(body)),

    async copyPart(upload, part, source) {
      const at = `s3://${source.bucket}/${source.key}`;
      const { body } = objectAt(source.bucket, source.key);
      if (body.length <= minPartBytes)
        refuse(
          'InvalidArgument',
          'a range can be copied only of an object above 5 MiB',
          at,
          400,
          'InvalidRequest',
        );
      if (source.range.end > body.length)
        refuse('InvalidArgument', 'the range ends behind the object', at, 400, 'InvalidArgument');
      return addPart(upload, part, Buffer.from(sliceOf(body, source.range, at)));
    },

    async listParts(target) {
      const parts = uploadOf(target)?.parts;
      return (
        parts &&
        [...parts]
          .sort(([a], [b]) => a - b)
          .map(([part, body]) => ({ part, etag: md5(body), size: body.length }))
      );
    },

    async *listUploads(bucket, prefix) {
      objectsOf(bucket);
      for (const { bucket: of, key, uploadId } of [...uploads.values()])
        if (of === bucket && key.startsWith(prefix)) yield { bucket, key, uploadId };
    },

    async completeUpload(target, parts) {
      const upload = openUpload(target);
      const at = `s3://${target.bucket}/${target.key}`;
      if (parts.length === 0)
        refuse('InvalidArgument', 'an upload is completed with one part at least', at, 400, 'MalformedXML');
      if (parts.some(({ part }, index) => part <= (parts[index - 1]?.part ?? 0)))
        refuse('InvalidArgument', 'the parts are not in ascending order', at, 400, 'InvalidPartOrder');
      const bodies = parts.map(({ part, etag }, index) => {
        const body = upload.parts.get(part);
        if (body === undefined || md5(body) !== etag)
          return refuse('InvalidArgument', `part ${part} was not uploaded so`, at, 400, 'InvalidPart');
        if (body.length < minPartBytes && index < parts.length - 1)
          refuse('InvalidArgument', `part ${part} has less than 5 MiB`, at, 400, 'EntityTooSmall');
        return body;
      });
      const digests = Buffer.concat(bodies.map((body) => createHash('md5').update(body).digest()));
      const etag = md5(digests).replace(/"$/, `-${parts.length}"`);
      store(target.bucket, target.key, Buffer.concat(bodies), etag, upload.initiated, upload.options);
      uploads.delete(target.uploadId);
    },

    async abortUpload(target) {
      if (buckets.has(target.bucket) && uploadOf(target)) uploads.delete(target.uploadId);
    },

    bucketExists: async (bucket) => buckets.has(bucket),
  };
}

function refuse(code: ErrorCode, summary: string, at: string, status: number, vendorCode: string): never {
  throw new TributaryError(code, summary, { at, status, vendorCode });
}

function infoOf({ bucket, key, size, etag, lastModified }: StoredObject): ObjectInfo {
  return { bucket, key, size, etag, lastModified };
}

/** With the quotes that S3 gives. */
function copied(body: ObjectBody): Buffer {
  return typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : Buffer.concat(body);
}

function md5(body: Uint8Array): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

function isAfter(key: string, other: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;
}

function checkKey(bucket: string, key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0) refuse('InvalidArgument', 'the key is empty', `s3://${bucket}`, 400, 'InvalidArgument');
  if (bytes > maxKeyBytes)
    refuse('InvalidArgument', `the key has ${bytes} bytes`, `s3://${bucket}/${key}`, 400, 'KeyTooLongError');
}

function lowerCased(metadata: Readonly<Record<string, string>>, at: string): Record<string, string> {
  const entries = Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value] as const);
  const bytes = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name + value), 0);
  if (bytes > maxMetadataBytes)
    refuse('InvalidArgument', `the metadata has ${bytes} bytes`, at, 400, 'MetadataTooLarge');
  return Object.fromEntries(entries);
}

/** As HTTP ranges have it: the end may lie behind the body's, the start may not. An empty range is never sent. */
function sliceOf(body: Buffer, { start, end }: ByteRange, at: string): Buffer {
  if (end <= start) return Buffer.alloc(0);
  if (start < 0 || start >= body.length)
    refuse(
      'InvalidArgument',
      `bytes ${start} to ${end} are no range of ${body.length} bytes`,
      at,
      416,
      'InvalidRange',
    );
  return body.subarray(start, end);
}

function* chunksOf(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += streamChunk)
    yield Buffer.from(body.subarray(at, at + streamChunk));
}

/** Writes over each chunk as soon as a reader may not look at it any more: one is with it, one waits, one is made. */
function* overwritten(chunks: Iterable<Buffer>): Generator<Buffer> {
  const last: Buffer[] = [];
  for (const chunk of chunks) {
    if (last.length === 3) last.shift()?.fill(0xff);
    last.push(chunk);
    yield chunk;
  }
}
