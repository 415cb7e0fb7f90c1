/**
 * Amazon S3 over HTTP, as far as a flow's transfer function uses it: the objects of a folder, and one object of any size whose
 * bytes are made when they are asked for.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type ByteRange, type ObjectStore, TributaryError } from '#core';

/** The one object of a bucket: `block` again and again. */
export interface MadeObject {
  readonly bucket: string;
  readonly key: string;
  /** Bytes: a multiple of the block's, so that the last record is whole. */
  readonly size: number;
  readonly block: Buffer;
}

export interface S3Server {
  readonly endpoint: string;
  close(): void;
}

const etag = '"made"';
const chunkBytes = 256 * 1024;

export async function serveS3(objects: ObjectStore, made: MadeObject | undefined): Promise<S3Server> {
  const server = createServer((request, response) => {
    answer(request, response, objects, made).catch((error: unknown) => {
      // The client went away, or an answer of S3 is not played here.
      if (response.headersSent) response.destroy();
      else response.writeHead(...statusOf(error)).end(String(error));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function statusOf(error: unknown): [number] {
  if (!(error instanceof TributaryError)) return [501];
  return [{ ResourceNotFoundError: 404, StateConflict: 412 }[error.code as string] ?? 501];
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  objects: ObjectStore,
  made: MadeObject | undefined,
): Promise<void> {
  const { method, headers } = request;
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  const [, bucket = '', ...levels] = decodeURIComponent(pathname).split('/');
  const key = levels.join('/');
  const isMade = made?.bucket === bucket;
  if (method === 'HEAD' && key === '') {
    response.writeHead(isMade || (await objects.bucketExists(bucket)) ? 200 : 404).end();
  } else if (method === 'GET' && searchParams.get('list-type') === '2' && isMade) {
    response.writeHead(200, { 'content-type': 'application/xml' }).end(listOf(made));
  } else if (method === 'GET' && isMade && key === made.key) {
    const { start, end } = rangeOf(headers.range, made.size);
    response.writeHead(start > 0 ? 206 : 200, { etag, 'content-length': end - start });
    await pipeline(Readable.from(bytesOf(made, start, end)), response);
  } else if (method === 'GET') {
    const { size = 0, etag = '' } = (await objects.head(bucket, key)) ?? {};
    const range = rangeOf(headers.range, size);
    const body = await objects.read(bucket, key, { range });
    response.writeHead(headers.range ? 206 : 200, { etag, 'content-length': body.length }).end(body);
  } else if (method === 'PUT') {
    const ifAbsent = headers['if-none-match'] === '*';
    const stored = await objects.put(bucket, key, await buffer(request), { ifAbsent });
    response.writeHead(200, { etag: stored.etag }).end();
  } else {
    throw new Error(`not played here: ${method} ${request.url}`);
  }
}

function listOf({ key, size }: MadeObject): string {
  const object = `<Key>${key}</Key><Size>${size}</Size><ETag>${etag}</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified>`;
  return `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><Contents>${object}</Contents></ListBucketResult>`;
}

function rangeOf(header: string | undefined, size: number): ByteRange {
  const [, start = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? [];
  return { start: Number(start), end: last === '' ? size : Number(last) + 1 };
}

/** A function of the place alone. */
function* bytesOf({ block }: MadeObject, start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end; ) {
    const from = at % block.length;
    const chunk = block.subarray(from, Math.min(from + chunkBytes, block.length, from + end - at));
    yield chunk;
    at += chunk.length;
  }
}
