import type { ObjectStore, PageToken, Row, Source, SourcePorts, SourceRequest, Split } from '#core';
import { createAmazonS3 } from '../../../connectors/amazon-s3/source.ts';
import { type MemoryObjectStore, memoryObjectStore } from '../../support/memory-object-store.ts';

export const bucket = 'lake';

export function request(options: Partial<SourceRequest> & { fileType?: 'CSV' | 'JSON' } = {}): SourceRequest {
  const { fileType, ...rest } = options;
  return {
    flowName: 'accounts',
    connector: 'S3',
    properties: {
      bucketName: bucket,
      bucketPrefix: 'in',
      ...(fileType && { s3InputFormatConfig: { s3InputFileType: fileType } }),
    },
    settings: {},
    fields: ['*'],
    filters: [],
    window: { end: Date.UTC(2026, 1, 3) },
    ...rest,
  };
}

const noNetwork = () => Promise.reject(new Error('no network here'));

export function portsOver(objects: ObjectStore, now: () => number = () => Date.UTC(2026, 1, 3)): SourcePorts {
  return {
    objects,
    http: { send: noNetwork, download: noNetwork },
    clock: { now, sleep: async () => {} },
    log: { info() {}, warn() {}, error() {} },
    credentials: async () => ({}),
    accessToken: async () => ({ token: '', isNew: false }),
  };
}

/** A bucket with the given files. */
export async function filesIn(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<MemoryObjectStore> {
  const store = memoryObjectStore({ buckets: [bucket], now: () => Date.UTC(2026, 1, 2) });
  for (const [key, body] of Object.entries(files)) await store.put(bucket, key, body);
  return store;
}

export interface ReadAll {
  rows: Row[];
  bytes: number;
  units: (number | undefined)[];
  tokens: (PageToken | undefined)[];
}

/** Reads a split to its end; with `resume` every page in a session of its own. */
export async function readSplit(
  source: Source,
  asked: SourceRequest,
  split: Split,
  ports: SourcePorts,
  resume = false,
): Promise<ReadAll> {
  const all: ReadAll = { rows: [], bytes: 0, units: [], tokens: [] };
  let session = await source.open(asked, split, ports);
  let token: PageToken | undefined;
  do {
    // Through JSON, as the state store takes it.
    const page = await session.read(token && JSON.parse(JSON.stringify(token)));
    for (const row of page.rows) all.rows.push([...row]);
    all.bytes += page.bytes;
    all.units.push(page.unit);
    token = page.next;
    all.tokens.push(token);
    if (resume) {
      await session.close();
      session = await source.open(asked, split, ports);
    }
  } while (token);
  await session.close();
  return all;
}

/** Describes and reads all splits one after another. */
export async function readAll(
  store: ObjectStore,
  asked: SourceRequest,
  source: Source = createAmazonS3(),
): Promise<Row[]> {
  const ports = portsOver(store);
  const { splits } = await source.describe(asked, ports);
  const rows: Row[] = [];
  for (const split of splits) rows.push(...(await readSplit(source, asked, split, ports)).rows);
  return rows;
}

/** The rows of one file. */
export async function rowsOf(
  body: string | Uint8Array,
  options: Parameters<typeof request>[0] = {},
): Promise<Row[]> {
  return readAll(await filesIn({ 'in/file': body }), request(options));
}
