/**
 * Folders that look like Amazon S3: `<home>/s3/<bucket>/<key>`, or any folder mounted as a bucket. An object's content
 * type, metadata and encryption lie beside the bucket in `<home>/s3-metadata`, so that a mounted folder stays clean.
 */

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { TributaryError } from '../core/errors.ts';
import type {
  ByteRange,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  UploadedPart,
  UploadTarget,
} from '../core/ports.ts';
import { errnoOf } from './files.ts';

const smallestPart = 5 * 2 ** 20;

export interface LocalObjectStoreOptions {
  /** Holds `s3/` and `s3-metadata/`. */
  readonly home: string;
  /** Bucket name → folder. */
  readonly mounts?: Readonly<Record<string, string>>;
}

interface Metadata {
  readonly contentType?: string;
  readonly metadata: Record<string, string>;
}

export function localObjectStore(options: LocalObjectStoreOptions): ObjectStore {
  const { home, mounts = {} } = options;
  const bucketFolder = (bucket: string): string => mounts[bucket] ?? path.join(home, 's3', bucket);
  const uploadFolder = ({ bucket, uploadId }: { bucket: string; uploadId: string }): string =>
    path.join(home, 's3-uploads', bucket, path.basename(uploadId));
  const metadataFile = (bucket: string, key: string): string =>
    path.join(home, 's3-metadata', bucket, `${createHash('sha256').update(key).digest('hex')}.json`);

  /** A key must stay inside its bucket and be one that a folder can hold. */
  const fileOf = (bucket: string, key: string): string => {
    const levels = key.split('/');
    if (
      key === '' ||
      levels.some((level) => level === '' || level === '.' || level === '..' || level.includes('\0'))
    ) {
      throw new TributaryError('InvalidArgument', 'an object key that a folder cannot hold', {
        at: `s3://${bucket}`,
        got: JSON.stringify(key),
        expected: 'levels that are neither empty nor dots',
      });
    }
    return path.join(bucketFolder(bucket), ...levels);
  };
  const missing = (bucket: string, key?: string): TributaryError =>
    new TributaryError(
      'ResourceNotFoundError',
      key === undefined ? 'the bucket does not exist' : 'the object does not exist',
      {
        at: `s3://${bucket}${key === undefined ? '' : `/${key}`}`,
        ...(key === undefined && {
          fix: `create the folder ${bucketFolder(bucket)}, or mount one with --mount ${bucket}=FOLDER`,
        }),
      },
    );
  const bucketExists = async (bucket: string): Promise<boolean> => {
    const stats = await statOf(bucketFolder(bucket));
    return stats?.isDirectory() ?? false;
  };
  const existing = async (bucket: string, key: string): Promise<{ file: string; stats: Stats }> => {
    const file = fileOf(bucket, key);
    const stats = await statOf(file);
    if (stats?.isFile()) return { file, stats };
    throw (await bucketExists(bucket)) ? missing(bucket, key) : missing(bucket);
  };
  const checkEtag = (stats: Stats, ifMatch: string | undefined, bucket: string, key: string): void => {
    if (ifMatch === undefined || ifMatch === etagOf(stats)) return;
    throw new TributaryError('SourceDataInvalid', 'the object changed while it was being read', {
      at: `s3://${bucket}/${key}`,
      got: `ETag ${etagOf(stats)}`,
      expected: `ETag ${ifMatch}`,
      fix: 'start the run again',
    });
  };
  const readMetadata = async (bucket: string, key: string): Promise<Metadata> => {
    try {
      return JSON.parse(await fs.readFile(metadataFile(bucket, key), 'utf8')) as Metadata;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return { metadata: {} };
      throw error;
    }
  };

  /** Puts a finished file in its place: whole or not at all. */
  const place = async (
    temporary: string,
    bucket: string,
    key: string,
    put: PutOptions | undefined,
  ): Promise<void> => {
    const file = fileOf(bucket, key);
    await fs.mkdir(path.dirname(file), { recursive: true });
    if (put?.metadata || put?.contentType) {
      const metadata = metadataFile(bucket, key);
      await fs.mkdir(path.dirname(metadata), { recursive: true });
      const content: Metadata = {
        metadata: { ...put.metadata },
        ...(put.contentType && { contentType: put.contentType }),
      };
      await fs.writeFile(metadata, JSON.stringify(content));
    }
    if (!put?.ifAbsent) {
      await fs.rename(temporary, file);
      return;
    }
    try {
      // A link fails where a rename would replace.
      await fs.link(temporary, file);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      throw new TributaryError('StateConflict', 'the object exists already', { at: `s3://${bucket}/${key}` });
    } finally {
      await fs.rm(temporary, { force: true });
    }
  };
  const temporaryFile = async (bucket: string): Promise<string> => {
    if (!(await bucketExists(bucket))) throw missing(bucket);
    const folder = path.join(home, 's3-uploads');
    await fs.mkdir(folder, { recursive: true });
    return path.join(folder, randomUUID());
  };

  return {
    bucketExists,

    async read(bucket, key, { range, ifMatch } = {}) {
      const { file, stats } = await existing(bucket, key);
      checkEtag(stats, ifMatch, bucket, key);
      if (!range) return fs.readFile(file);
      const handle = await fs.open(file);
      try {
        const length = Math.max(0, Math.min(range.end, stats.size) - range.start);
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, range.start);
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },

    async stream(bucket, key, { start = 0, ifMatch } = {}): Promise<Readable> {
      const { file, stats } = await existing(bucket, key);
      checkEtag(stats, ifMatch, bucket, key);
      return createReadStream(file, { start, highWaterMark: 2 ** 20 });
    },

    async head(bucket, key) {
      const file = fileOf(bucket, key);
      const stats = await statOf(file);
      if (!stats?.isFile()) {
        if (await bucketExists(bucket)) return undefined;
        throw missing(bucket);
      }
      const { metadata } = await readMetadata(bucket, key);
      return { ...infoOf(bucket, key, stats), metadata };
    },

    async *list(bucket, prefix) {
      if (!(await bucketExists(bucket))) throw missing(bucket);
      yield* walk(bucket, bucketFolder(bucket), '', prefix);
    },

    async put(bucket, key, body, put) {
      const temporary = await temporaryFile(bucket);
      await fs.writeFile(temporary, body);
      const stats = await fs.stat(temporary);
      await place(temporary, bucket, key, put);
      return { etag: etagOf(stats) };
    },

    async delete(bucket, keys) {
      for (const key of keys) {
        await fs.rm(fileOf(bucket, key), { force: true });
        await fs.rm(metadataFile(bucket, key), { force: true });
        await removeEmptyFolders(path.dirname(fileOf(bucket, key)), bucketFolder(bucket));
      }
    },

    async startUpload(bucket, key, put) {
      if (!(await bucketExists(bucket))) throw missing(bucket);
      fileOf(bucket, key);
      const uploadId = randomUUID();
      const folder = uploadFolder({ bucket, uploadId });
      await fs.mkdir(folder, { recursive: true });
      await fs.writeFile(path.join(folder, 'upload.json'), JSON.stringify({ key, put: put ?? {} }));
      return uploadId;
    },

    async uploadPart(upload, part, body) {
      const file = partFile(uploadFolder(upload), part);
      // Under its final name last: a part that was cut short is never listed.
      const temporary = `${file}.${randomUUID()}`;
      await fs.writeFile(temporary, body).catch((error: unknown) => {
        throw errnoOf(error) === 'ENOENT' ? noUpload(upload) : error;
      });
      await fs.rename(temporary, file);
      return uploadedPart(file, part);
    },

    async copyPart(upload, part, source) {
      const { file: from } = await existing(source.bucket, source.key);
      const file = partFile(uploadFolder(upload), part);
      const temporary = `${file}.${randomUUID()}`;
      await copyRange(from, source.range, temporary).catch((error: unknown) => {
        throw errnoOf(error) === 'ENOENT' ? noUpload(upload) : error;
      });
      await fs.rename(temporary, file);
      return uploadedPart(file, part);
    },

    async listParts(upload) {
      const folder = uploadFolder(upload);
      let names: string[];
      try {
        names = await fs.readdir(folder);
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      }
      const numbers = names.filter((name) => /^\d+$/.test(name)).map(Number);
      return Promise.all(
        numbers.sort((a, b) => a - b).map((part) => uploadedPart(partFile(folder, part), part)),
      );
    },

    async completeUpload(upload, parts) {
      const folder = uploadFolder(upload);
      const { key, put } = JSON.parse(
        await fs.readFile(path.join(folder, 'upload.json'), 'utf8').catch((error: unknown) => {
          throw errnoOf(error) === 'ENOENT' ? noUpload(upload) : error;
        }),
      ) as { key: string; put: PutOptions };
      const temporary = await temporaryFile(upload.bucket);
      const handle = await fs.open(temporary, 'w');
      try {
        for (const [index, { part, size }] of parts.entries()) {
          if (index < parts.length - 1 && size < smallestPart) {
            throw new TributaryError('InvalidArgument', 'a part but the last is smaller than 5 MiB', {
              at: `s3://${upload.bucket}/${key}, part ${part}`,
              got: `${size} bytes`,
            });
          }
          await handle.writeFile(createReadStream(partFile(folder, part), { highWaterMark: 2 ** 20 }));
        }
      } finally {
        await handle.close();
      }
      await place(temporary, upload.bucket, key, put);
      await fs.rm(folder, { recursive: true, force: true });
    },

    async abortUpload(upload) {
      await fs.rm(uploadFolder(upload), { recursive: true, force: true });
    },
  };
}

function partFile(folder: string, part: number): string {
  return path.join(folder, String(part));
}

function noUpload({ bucket, key, uploadId }: UploadTarget): TributaryError {
  return new TributaryError('ResourceNotFoundError', 'there is no such multipart upload', {
    at: `s3://${bucket}/${key}`,
    got: uploadId,
  });
}

async function uploadedPart(file: string, part: number): Promise<UploadedPart> {
  const stats = await fs.stat(file);
  return { part, etag: etagOf(stats), size: stats.size };
}

async function copyRange(from: string, { start, end }: ByteRange, to: string): Promise<void> {
  const handle = await fs.open(to, 'w');
  try {
    if (end > start)
      await handle.writeFile(createReadStream(from, { start, end: end - 1, highWaterMark: 2 ** 20 }));
  } finally {
    await handle.close();
  }
}

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await fs.stat(file);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Changes with every write: size, time of change, and the file itself (a rename brings another inode). */
function etagOf(stats: Stats): string {
  return createHash('md5').update(`${stats.ino} ${stats.size} ${stats.mtimeMs}`).digest('hex');
}

function infoOf(bucket: string, key: string, stats: Stats): ObjectInfo {
  return { bucket, key, size: stats.size, etag: etagOf(stats), lastModified: Math.floor(stats.mtimeMs) };
}

/** Keys in the order of their bytes: a folder sorts as its name with a slash behind it. */
async function* walk(
  bucket: string,
  folder: string,
  keyPrefix: string,
  prefix: string,
): AsyncIterable<ObjectInfo> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  const names = entries
    .map((entry) => ({ entry, key: `${keyPrefix}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  for (const { entry, key } of names) {
    if (entry.isDirectory()) {
      if (key.startsWith(prefix) || prefix.startsWith(key))
        yield* walk(bucket, path.join(folder, entry.name), key, prefix);
    } else if (key.startsWith(prefix)) {
      const stats = await statOf(path.join(folder, entry.name));
      if (stats?.isFile()) yield infoOf(bucket, key, stats);
    }
  }
}

/** S3 has no folders: what is empty goes, up to the bucket itself. */
async function removeEmptyFolders(folder: string, bucketRoot: string): Promise<void> {
  let current = folder;
  while (current !== bucketRoot && current.startsWith(bucketRoot)) {
    try {
      await fs.rmdir(current);
    } catch {
      return;
    }
    current = path.dirname(current);
  }
}
