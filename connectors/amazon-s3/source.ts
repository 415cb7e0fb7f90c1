/**
 * Amazon S3 as a source: CSV or JSON Lines files, plain or gzip, in a folder of a bucket.
 *
 * The list of objects is frozen with ETags when the run begins; reads hold for those. A full pull reads all objects, an
 * incremental one those last modified in the window. README.md beside this file says what else is promised and what not.
 *
 * Settings and file types: AppFlow API Reference, S3SourceProperties and S3InputFormatConfig.
 */

import * as z from 'zod';
import { csvFormat, csvHeader } from '../../core/decode/csv.ts';
import type { InputFormat } from '../../core/decode/input-format.ts';
import { TributaryError } from '../../core/errors.ts';
import { recordLimit, waitingMemory } from '../../core/flow/function-memory.ts';
import type { ObjectInfo, ObjectStore } from '../../core/ports.ts';
import { type SourceField, wholeRecord } from '../../core/records.ts';
import type {
  EntityDescription,
  Page,
  Source,
  SourceDescription,
  SourcePorts,
  SourceRequest,
  SourceSession,
} from '../../core/source.ts';
import { fieldsOf } from './field-types.ts';
import { jsonLinesFormat } from './json-lines.ts';
import {
  completeUntil,
  folderPrefix,
  type Location,
  listObjects,
  nothingThere,
  spread,
  withinWindow,
} from './listing.ts';
import type { ListedObject } from './object-bytes.ts';
import { beginning, type ObjectReader, openObject, type PageSizes, readBeginning } from './object-reader.ts';

/** Of smaller pages each partition, and each block of wide records, has few records at once. */
const defaultPageBytes = 2 ** 20;

const maxSplits = 1000;
/** Bounds the memory of pages with very short records. */
const maxRowsPerPage = 50_000;
const sampledObjects = 5;
const sampledRecords = 1000;

const S3SourceProperties = z.object({
  bucketName: z.string().min(1),
  bucketPrefix: z.string().default(''),
  s3InputFormatConfig: z.object({ s3InputFileType: z.enum(['CSV', 'JSON']).default('CSV') }).default({
    s3InputFileType: 'CSV',
  }),
});

const S3Split = z.object({
  objects: z.array(z.object({ key: z.string(), size: z.number(), etag: z.string() })),
});

/** Where a page begins: the ordinal of its object in the split, the decompressed byte and the line in that. */
const S3PageToken = z.object({ object: z.number(), offset: z.number(), line: z.number() });

export const amazonS3: Source = createAmazonS3();

/** @param pageBytes of a page; default 1 MiB */
export function createAmazonS3({ pageBytes = defaultPageBytes } = {}): Source {
  const sizesOf = ({ recordLimit: recordBytes = recordLimit(waitingMemory) }: SourceRequest): PageSizes => ({
    pageBytes,
    recordBytes,
  });
  return {
    async describe(request, { objects, clock }): Promise<SourceDescription> {
      const sizes = sizesOf(request);
      const { location, fileType } = propertiesOf(request);
      const begun = clock.now();
      const listed = await listObjects(
        objects,
        location,
        request.fieldsOnly ? sampledObjects : Number.POSITIVE_INFINITY,
      );
      const complete = completeUntil(listed, begun);
      const { start, end } = request.window;
      if (listed.length === 0 && start === undefined) throw nothingThere(location);
      const window = { ...request.window, end: Math.min(end, complete) };
      const due = withinWindow(listed, window);
      // A run with nothing to read describes the newest object, so that the schema stays what it was.
      const samples = due.length > 0 ? due : newest(listed);
      return {
        fields: await (fileType === 'CSV' ? csvFields : jsonFields)(objects, location.bucket, samples, sizes),
        splits: spread(due, maxSplits).map((split) => ({ objects: split })),
        appliedFilters: [],
        appliesWindow: true,
        completeUntil: complete,
      };
    },

    async open(request, split, { objects }): Promise<SourceSession> {
      const { location, fileType } = propertiesOf(request);
      const format = (fileType === 'CSV' ? csvFormat : jsonLinesFormat)(request.fields);
      const maxRows = Math.max(1, Math.min(request.limit ?? maxRowsPerPage, maxRowsPerPage));
      return openSession(
        objects,
        location.bucket,
        S3Split.parse(split).objects,
        format,
        maxRows,
        sizesOf(request),
      );
    },

    listEntities,
    testConnection,
  };
}

function openSession(
  objects: ObjectStore,
  bucket: string,
  split: readonly ListedObject[],
  format: InputFormat,
  maxRows: number,
  sizes: PageSizes,
): SourceSession {
  let current: { object: number; reader: ObjectReader } | undefined;

  function close(): void {
    current?.reader.close();
    current = undefined;
  }

  async function readerAt(object: number, position: { offset: number; line: number }): Promise<ObjectReader> {
    if (current?.object === object && current.reader.position.offset === position.offset)
      return current.reader;
    close();
    const listed = split[object];
    if (listed === undefined) {
      throw new TributaryError('InvalidArgument', `the split has no object ${object}`, {
        at: `s3://${bucket}`,
        expected: `0 to ${split.length - 1}`,
      });
    }
    const reader = await openObject(objects, bucket, listed, format, position, sizes);
    current = { object, reader };
    return reader;
  }

  return {
    async read(token): Promise<Page> {
      const { object, ...position } = token ? S3PageToken.parse(token) : { object: 0, ...beginning };
      try {
        const reader = await readerAt(object, position);
        const { records, bytes, next } = await reader.read(maxRows);
        if (!next) close();
        const last = object + 1 >= split.length;
        const following = next
          ? { object, ...next }
          : last
            ? undefined
            : { object: object + 1, ...beginning };
        return {
          get rows() {
            return records.rows;
          },
          ...(records.scanned && { scanned: records.scanned }),
          bytes,
          unit: object,
          ...(following && { next: following }),
        };
      } catch (error) {
        // The stream's place is unknown after an error; a retry re-positions.
        close();
        throw error;
      }
    },
    close: async () => close(),
  };
}

function propertiesOf(request: SourceRequest): { location: Location; fileType: 'CSV' | 'JSON' } {
  const parsed = S3SourceProperties.safeParse(request.properties);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    throw new TributaryError('FlowInvalid', wrong, {
      flowName: request.flowName,
      at: 'sourceConnectorProperties.S3',
    });
  }
  const { bucketName, bucketPrefix, s3InputFormatConfig } = parsed.data;
  return {
    location: { bucket: bucketName, folder: bucketPrefix.replace(/^\/+|\/+$/g, '') },
    fileType: s3InputFormatConfig.s3InputFileType,
  };
}

function newest(listed: readonly ObjectInfo[]): ObjectInfo[] {
  return listed.length === 0 ? [] : [listed.reduce((a, b) => (b.lastModified >= a.lastModified ? b : a))];
}

/** The header of the first file that has one; every file's own is checked when it is read. */
async function csvFields(
  objects: ObjectStore,
  bucket: string,
  samples: readonly ListedObject[],
  sizes: PageSizes,
): Promise<SourceField[]> {
  for (const object of samples) {
    const { columns } = await readBeginning(objects, bucket, object, csvHeader, sizes);
    if (columns.length > 0) return columns.map((name) => ({ name, type: 'String' }));
  }
  return [];
}

async function jsonFields(
  objects: ObjectStore,
  bucket: string,
  samples: readonly ListedObject[],
  sizes: PageSizes,
): Promise<SourceField[]> {
  const count = Math.min(sampledObjects, samples.length);
  const format = jsonLinesFormat([wholeRecord]);
  const records: object[] = [];
  for (let index = 0; index < count; index += 1) {
    // Evenly over the list, as keys often rise with time and fields come with time.
    const object = samples[Math.floor((index * samples.length) / count)] as ListedObject;
    const reader = await openObject(objects, bucket, object, format, beginning, sizes);
    try {
      let left = Math.floor(sampledRecords / count);
      for (let more = true; more && left > 0; ) {
        const { records: page, next } = await reader.read(left);
        for (const [record] of page.rows) records.push(record as object);
        left -= page.rows.length;
        more = next !== undefined;
      }
    } finally {
      reader.close();
    }
  }
  return fieldsOf(records);
}

/** The folders directly below `path`, a key prefix; default the flow's folder. Lists all keys below it. */
async function listEntities(
  request: SourceRequest,
  path: string | undefined,
  { objects }: SourcePorts,
): Promise<readonly EntityDescription[]> {
  const { location } = propertiesOf(request);
  const prefix = folderPrefix(path?.replace(/^\/+|\/+$/g, '') ?? location.folder);
  const folders = new Map<string, boolean>();
  for await (const { key } of objects.list(location.bucket, prefix)) {
    const [folder, ...below] = key.slice(prefix.length).split('/');
    if (folder === undefined || below.length === 0) continue;
    folders.set(folder, (folders.get(folder) ?? false) || below.length > 1);
  }
  return [...folders].map(([folder, nested]) => ({
    name: `${prefix}${folder}`,
    label: folder,
    hasNestedEntities: nested,
  }));
}

async function testConnection(request: SourceRequest, { objects }: SourcePorts): Promise<void> {
  const { location } = propertiesOf(request);
  if (await objects.bucketExists(location.bucket)) return;
  throw new TributaryError('ResourceNotFoundError', 'the bucket does not exist or may not be used', {
    at: `s3://${location.bucket}`,
    fix: 'create it, mend bucketName or allow s3:ListBucket',
  });
}
