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
import type { ObjectInfo, ObjectStore, PutOptions, UploadedPart, UploadTarget } from '../core/ports.ts';
import { type FileRange, readBytes, transientStream, writeBody, writeRanges } from './file-bytes.ts';
import { errnoOf, etagOf, explained, fileError, readJson, writeWhole } from './files.ts';
import { isAlive, ownProcessId } from './processes.ts';
import { copyPart, partNumbers, storedPart, storePart } from './upload-parts.ts';

const smallestPart = 5 * 2 ** 20;

export interface LocalObjectStoreOptions {
  /** Holds `s3/` and `s3-metadata/`. */
  readonly home: string;
  /** Bucket name → folder. */
  readonly mounts?: Readonly<Record<string, string>>;
}

interface Metadata {
  /** Of the object that it belongs to: another one of the same key has none. */
  readonly etag?: string;
  readonly contentType?: string;
  readonly metadata: Record<string, string>;
}

/** A bucket is one folder, never a path to somewhere else. */
export function isBucketName(bucket: string): boolean {
  return bucket !== '' && bucket !== '.' && bucket !== '..' && !/[/\\\0]/.test(bucket);
}

/** @throws InvalidArgument for what is no name of a bucket */
export function bucketFolder(home: string, mounts: Readonly<Record<string, string>>, bucket: string): string {
  const mounted = Object.hasOwn(mounts, bucket) ? mounts[bucket] : undefined;
  if (mounted !== undefined) return mounted;
  if (isBucketName(bucket)) return path.join(home, 's3', bucket);
  throw new TributaryError('InvalidArgument', 'no name of a bucket', {
    got: JSON.stringify(bucket),
    expected: 'a name without slashes',
  });
}

export function localObjectStore(options: LocalObjectStoreOptions): ObjectStore {
  const { home, mounts = {} } = options;
  const folderOf = (bucket: string): string => bucketFolder(home, mounts, bucket);
  const uploadsOf = (bucket: string): string => path.join(home, 's3-uploads', bucket);
  const uploadFolder = ({ bucket, uploadId }: { bucket: string; uploadId: string }): string =>
    path.join(uploadsOf(bucket), path.basename(uploadId));
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
    return path.join(folderOf(bucket), ...levels);
  };
  const missing = (bucket: string, key?: string): TributaryError =>
    new TributaryError(
      'ResourceNotFoundError',
      key === undefined ? 'the bucket does not exist' : 'the object does not exist',
      {
        at: `s3://${bucket}${key === undefined ? '' : `/${key}`}`,
        ...(key === undefined && {
          fix: `create the folder ${folderOf(bucket)}, or mount one with --mount ${bucket}=FOLDER`,
        }),
      },
    );
  const bucketExists = async (bucket: string): Promise<boolean> => {
    const stats = await statOf(folderOf(bucket));
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
  const readMetadata = async (bucket: string, key: string, etag: string): Promise<Metadata> => {
    const stored = await readJson<Metadata>(metadataFile(bucket, key));
    return stored?.etag === etag ? stored : { metadata: {} };
  };

  /** Puts a finished file in its place, whole or not at all. Answers its ETag. */
  const place = async (
    temporary: string,
    bucket: string,
    key: string,
    put: PutOptions | undefined,
  ): Promise<string> => {
    const file = fileOf(bucket, key);
    try {
      await fs.mkdir(path.dirname(file), { recursive: true });
      const etag = await moveTo(file, temporary, put?.ifAbsent ? `s3://${bucket}/${key}` : undefined);
      if (!put?.metadata && !put?.contentType) return etag;
      const content: Metadata = {
        etag,
        // As S3 does.
        metadata: Object.fromEntries(
          Object.entries(put.metadata ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
        ),
        ...(put.contentType && { contentType: put.contentType }),
      };
      await writeWhole(metadataFile(bucket, key), JSON.stringify(content));
      return etag;
    } finally {
      await fs.rm(temporary, { force: true });
    }
  };
  const temporaries = path.join(home, 's3-uploads');
  let swept: Promise<void> | undefined;
  const temporaryFile = async (bucket: string): Promise<string> => {
    if (!(await bucketExists(bucket))) throw missing(bucket);
    await fs.mkdir(temporaries, { recursive: true });
    swept ??= sweep(temporaries);
    await swept;
    return path.join(temporaries, `${ownProcessId()}_${randomUUID()}`);
  };

  return inWordsOfTheTaxonomy({
    bucketExists,

    async read(bucket, key, { range, ifMatch } = {}) {
      const { file, stats } = await existing(bucket, key);
      checkEtag(stats, ifMatch, bucket, key);
      if (!range) return fs.readFile(file);
      if (range.end > range.start && range.start >= stats.size) {
        throw new TributaryError('InvalidArgument', 'the range begins behind the end of the object', {
          at: `s3://${bucket}/${key}`,
          got: `bytes ${range.start} to ${range.end} of ${stats.size}`,
        });
      }
      const handle = await fs.open(file);
      try {
        const length = Math.max(0, Math.min(range.end, stats.size) - range.start);
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, range.start);
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },

    async stream(bucket, key, { start = 0, ifMatch, transient } = {}): Promise<Readable> {
      const { file, stats } = await existing(bucket, key);
      checkEtag(stats, ifMatch, bucket, key);
      return transient
        ? transientStream(await fs.open(file), start, stats.size)
        : createReadStream(file, { start, highWaterMark: readBytes });
    },

    async head(bucket, key) {
      const file = fileOf(bucket, key);
      const stats = await statOf(file);
      if (!stats?.isFile()) {
        if (await bucketExists(bucket)) return undefined;
        throw missing(bucket);
      }
      const info = infoOf(bucket, key, stats);
      return { ...info, metadata: (await readMetadata(bucket, key, info.etag)).metadata };
    },

    async *list(bucket, prefix) {
      if (!(await bucketExists(bucket))) throw missing(bucket);
      yield* walk(bucket, folderOf(bucket), '', prefix);
    },

    async put(bucket, key, body, put) {
      const temporary = await temporaryFile(bucket);
      await writeBody(temporary, body);
      return { etag: await place(temporary, bucket, key, put) };
    },

    async delete(bucket, keys) {
      if (!(await bucketExists(bucket))) throw missing(bucket);
      for (const key of keys) {
        await fs.rm(fileOf(bucket, key), { force: true });
        await fs.rm(metadataFile(bucket, key), { force: true });
        await removeEmptyFolders(path.dirname(fileOf(bucket, key)), folderOf(bucket));
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
      return uploaded(await ofUpload(upload, storePart(uploadFolder(upload), part, body)));
    },

    async copyPart(upload, part, source) {
      const { file, stats } = await existing(source.bucket, source.key);
      if (source.range.end > stats.size) {
        throw new TributaryError('InvalidArgument', 'the range ends behind the object', {
          at: `s3://${source.bucket}/${source.key}`,
          got: `up to byte ${source.range.end} of ${stats.size}`,
        });
      }
      const bytes = { file, range: source.range };
      return uploaded(await ofUpload(upload, copyPart(uploadFolder(upload), part, bytes)));
    },

    async listParts(upload) {
      const folder = uploadFolder(upload);
      try {
        const parts = (await partNumbers(folder)).map((part) => storedPart(folder, part));
        return (await Promise.all(parts)).flatMap((part) => (part ? [uploaded(part)] : []));
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },

    async *listUploads(bucket, prefix) {
      if (!(await bucketExists(bucket))) throw missing(bucket);
      for (const uploadId of await fs.readdir(uploadsOf(bucket)).catch(() => [])) {
        const upload = await readJson<{ key: string }>(
          path.join(uploadFolder({ bucket, uploadId }), 'upload.json'),
        );
        if (upload?.key.startsWith(prefix)) yield { bucket, key: upload.key, uploadId };
      }
    },

    async completeUpload(upload, parts) {
      const folder = uploadFolder(upload);
      const { key, put } = JSON.parse(
        await ofUpload(upload, fs.readFile(path.join(folder, 'upload.json'), 'utf8')),
      ) as { key: string; put: PutOptions };
      const refused = (problem: string, part?: number): TributaryError =>
        new TributaryError('InvalidArgument', problem, {
          at: `s3://${upload.bucket}/${key}${part === undefined ? '' : `, part ${part}`}`,
        });
      if (parts.length === 0) throw refused('an upload is completed with one part at least');
      const ranges: FileRange[] = [];
      for (const [index, { part, etag }] of parts.entries()) {
        const stored = await storedPart(folder, part);
        if (stored?.etag !== etag) throw refused('the part was not uploaded so', part);
        if (part <= (parts[index - 1]?.part ?? 0))
          throw refused('the parts are not in ascending order', part);
        if (stored.size < smallestPart && index < parts.length - 1)
          throw refused('a part but the last is smaller than 5 MiB', part);
        ranges.push(stored.bytes);
      }
      const temporary = await temporaryFile(upload.bucket);
      await writeRanges(temporary, ranges);
      await place(temporary, upload.bucket, key, put);
      await fs.rm(folder, { recursive: true, force: true });
    },

    async abortUpload(upload) {
      await fs.rm(uploadFolder(upload), { recursive: true, force: true });
    },
  });
}

/** What the operating system refuses, any method throws as a TributaryError. */
function inWordsOfTheTaxonomy(store: ObjectStore): ObjectStore {
  const at = (bucket: string, key: string): string => `s3://${bucket}/${key}`;
  return {
    bucketExists: (bucket) => explained(at(bucket, ''), () => store.bucketExists(bucket)),
    read: (bucket, key, options) => explained(at(bucket, key), () => store.read(bucket, key, options)),
    stream: (bucket, key, options) => explained(at(bucket, key), () => store.stream(bucket, key, options)),
    head: (bucket, key) => explained(at(bucket, key), () => store.head(bucket, key)),
    async *list(bucket, prefix) {
      try {
        yield* store.list(bucket, prefix);
      } catch (error) {
        throw fileError(error, at(bucket, prefix));
      }
    },
    put: (bucket, key, body, options) =>
      explained(at(bucket, key), () => store.put(bucket, key, body, options)),
    delete: (bucket, keys) => explained(at(bucket, ''), () => store.delete(bucket, keys)),
    startUpload: (bucket, key, options) =>
      explained(at(bucket, key), () => store.startUpload(bucket, key, options)),
    uploadPart: (upload, part, body) =>
      explained(at(upload.bucket, upload.key), () => store.uploadPart(upload, part, body)),
    copyPart: (upload, part, source) =>
      explained(at(upload.bucket, upload.key), () => store.copyPart(upload, part, source)),
    listParts: (upload) => explained(at(upload.bucket, upload.key), () => store.listParts(upload)),
    async *listUploads(bucket, prefix) {
      try {
        yield* store.listUploads(bucket, prefix);
      } catch (error) {
        throw fileError(error, at(bucket, prefix));
      }
    },
    completeUpload: (upload, parts) =>
      explained(at(upload.bucket, upload.key), () => store.completeUpload(upload, parts)),
    abortUpload: (upload) => explained(at(upload.bucket, upload.key), () => store.abortUpload(upload)),
  };
}

const betweenDisks = '.tributary-tmp';

/**
 * @param ifAbsent where it goes, if it must not replace a file there
 * @returns its ETag, which no later file of that name has
 */
async function moveTo(file: string, temporary: string, ifAbsent: string | undefined): Promise<string> {
  try {
    const etag = etagOf(await fs.stat(temporary));
    // A link fails where a rename would replace.
    await (ifAbsent === undefined ? fs.rename(temporary, file) : fs.link(temporary, file));
    return etag;
  } catch (error) {
    if (ifAbsent !== undefined && errnoOf(error) === 'EEXIST')
      throw new TributaryError('StateConflict', 'the object exists already', { at: ifAbsent });
    if (errnoOf(error) !== 'EXDEV') throw error;
    // A mounted folder may be on another disk: there the file is made beside its place first.
    const beside = path.join(path.dirname(file), `.${randomUUID()}${betweenDisks}`);
    try {
      await fs.copyFile(temporary, beside);
      return await moveTo(file, beside, ifAbsent);
    } finally {
      await fs.rm(beside, { force: true });
    }
  }
}

/** Removes the temporary files of processes that are gone. */
async function sweep(folder: string): Promise<void> {
  for (const name of await fs.readdir(folder)) {
    const [owner = '', mark] = name.split('_');
    if (mark !== undefined && !isAlive(owner)) await fs.rm(path.join(folder, name), { force: true });
  }
}

function noUpload({ bucket, key, uploadId }: UploadTarget): TributaryError {
  return new TributaryError('ResourceNotFoundError', 'there is no such multipart upload', {
    at: `s3://${bucket}/${key}`,
    got: uploadId,
  });
}

/** @throws ResourceNotFoundError if the upload's folder is gone */
async function ofUpload<T>(upload: UploadTarget, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? noUpload(upload) : error;
  }
}

function uploaded({ part, etag, size }: UploadedPart): UploadedPart {
  return { part, etag, size };
}

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await fs.stat(file);
  } catch (error) {
    const code = errnoOf(error);
    // ELOOP: a link that leads to itself is as good as none.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}

function infoOf(bucket: string, key: string, stats: Stats): ObjectInfo {
  return { bucket, key, size: stats.size, etag: etagOf(stats), lastModified: Math.floor(stats.mtimeMs) };
}

/** Keys in the order of their bytes: a folder sorts as its name with a slash behind it. Links are followed. */
async function* walk(
  bucket: string,
  folder: string,
  keyPrefix: string,
  prefix: string,
  above: readonly string[] = [],
): AsyncIterable<ObjectInfo> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  const found: { key: string; file: string; isFolder: boolean }[] = [];
  for (const entry of entries) {
    if (entry.name.endsWith(betweenDisks)) continue;
    const file = path.join(folder, entry.name);
    const isFolder = entry.isSymbolicLink()
      ? ((await statOf(file))?.isDirectory() ?? false)
      : entry.isDirectory();
    found.push({ key: `${keyPrefix}${entry.name}${isFolder ? '/' : ''}`, file, isFolder });
  }
  found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  const chain = [...above, await fs.realpath(folder).catch(() => folder)];
  for (const { key, file, isFolder } of found) {
    if (isFolder) {
      if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue;
      // A link to a folder above would be walked for ever.
      if (chain.includes(await fs.realpath(file).catch(() => file))) continue;
      yield* walk(bucket, file, key, prefix, chain);
    } else if (key.startsWith(prefix)) {
      const stats = await statOf(file);
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
