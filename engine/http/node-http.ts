import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { type Duplex, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  gunzipSync,
  inflateRawSync,
  inflateSync,
} from 'node:zlib';
import { type ErrorCode, TributaryError } from '../../core/errors.ts';
import { recordLimit, roomFor, waitingMemory } from '../../core/flow/function-memory.ts';
import type { DownloadedFile, Http, HttpDownload, HttpRequest, HttpResponse } from '../../core/ports.ts';

/** Milliseconds. */
const defaultTimeout = 60_000;
/** Bytes of a body, compressed or not. */
const defaultLimit = recordLimit(waitingMemory);

const unreachable = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPROTO',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * The Http port on Node's own client with kept-alive connections. Bodies are decompressed (gzip, br, deflate), and read
 * whole, or written to a file of the system's temporary folder. Throws as the port says, and ConnectorProtocol for a body
 * beyond the limit or of an unknown encoding.
 */
export function nodeHttp(): Http & { close(): void } {
  const agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }),
  };

  function send(sent: HttpRequest): Promise<HttpResponse> {
    const { limit = defaultLimit } = sent;
    return exchange(sent, async (response, at) => {
      const received = await bodyOf(response, limit, at);
      const { encoding, headers } = headersOf(response);
      return { status: response.statusCode ?? 0, headers, body: decode(received, encoding, limit, at) };
    });
  }

  function download(sent: HttpRequest): Promise<HttpDownload> {
    const { limit = defaultLimit } = sent;
    const asked = { 'accept-encoding': 'gzip, br', ...sent.headers };
    return exchange({ ...sent, headers: asked }, async (response, at, isAlive) => {
      const status = response.statusCode ?? 0;
      const { encoding, headers } = headersOf(response);
      if (status < 200 || status >= 300) {
        return { status, headers, body: decode(await bodyOf(response, limit, at), encoding, limit, at) };
      }
      return { status, headers, body: new Uint8Array(), file: await saved(response, encoding, at, isAlive) };
    });
  }

  /** @param take reads the answer; may say that it still comes, which puts off the timeout */
  async function exchange<T>(
    { method, url, headers, body, timeout = defaultTimeout }: HttpRequest,
    take: (response: http.IncomingMessage, at: string, isAlive: () => void) => Promise<T>,
  ): Promise<T> {
    const target = new URL(url);
    // No query: its values may be private.
    const at = target.host + target.pathname;
    const { request, agent } =
      target.protocol === 'https:'
        ? { request: https.request, agent: agents['https:'] }
        : { request: http.request, agent: agents['http:'] };
    const outgoing = request(target, {
      method,
      agent,
      headers: {
        'accept-encoding': 'gzip, br, deflate',
        ...headers,
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      },
    });
    // After the answer has begun, a failure shows on the body; the request's own event must not end the process.
    outgoing.on('error', () => {});
    let late: TributaryError | undefined;
    const timer = setTimeout(() => {
      late = timedOut(at, timeout);
      outgoing.destroy(late);
    }, timeout);
    try {
      const answered = once(outgoing, 'response') as Promise<[http.IncomingMessage]>;
      outgoing.end(body);
      const [response] = await answered;
      return await take(response, at, () => timer.refresh());
    } catch (error) {
      // Within a body, the destroyed request shows as a broken connection.
      throw late ?? mapped(error, at);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    send,
    download,
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

async function bodyOf(response: http.IncomingMessage, limit: number, at: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const told = Number(response.headers['content-length'] ?? 0);
  if (told > limit) {
    response.destroy();
    throw tooLarge(at, limit, told);
  }
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(at, limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Writes the decompressed body to a file of its own. */
async function saved(
  response: http.IncomingMessage,
  encoding: string,
  at: string,
  isAlive: () => void,
): Promise<DownloadedFile> {
  const decoder = decoders[encoding.toLowerCase()];
  if (decoder === undefined) {
    response.destroy();
    throw unknownEncoding(at, encoding);
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tributary-download-'));
  const file = path.join(folder, 'body');
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const watched = new Transform({
      transform(chunk, _, done) {
        isAlive();
        done(null, chunk);
      },
    });
    await pipeline([response, watched, ...decoder(), createWriteStream(file)]);
    const { size } = await stat(file);
    return { size, read: ({ start, end }) => readRange(file, start, end), remove };
  } catch (error) {
    await remove();
    if (codeOf(error) === 'ENOSPC') {
      throw new TributaryError('ConnectorProtocol', 'the answer is larger than the room on this disk', {
        at,
        fix: 'ask for less at a time, or give it more room',
      });
    }
    if (codeOf(error).startsWith('Z_')) {
      throw new TributaryError('ServerError', "the answer's compressed body is broken", { at, cause: error });
    }
    throw error;
  }
}

const decoders: Readonly<Record<string, () => Duplex[]>> = {
  identity: () => [],
  gzip: () => [createGunzip()],
  'x-gzip': () => [createGunzip()],
  br: () => [createBrotliDecompress()],
};

function readRange(file: string, start: number, end: number): Readable {
  // The end that a stream is given is included.
  return end > start ? createReadStream(file, { start, end: end - 1 }) : Readable.from([]);
}

function decode(body: Buffer, encoding: string, limit: number, at: string): Uint8Array {
  if (body.length === 0) return body;
  const options = { maxOutputLength: limit };
  try {
    switch (encoding.toLowerCase()) {
      case 'identity':
        return body;
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, options);
      case 'br':
        return brotliDecompressSync(body, options);
      case 'deflate':
        // Some servers send the bare stream without zlib's header, whose low four bits of the first byte are 8.
        return ((body[0] ?? 0) & 0x0f) === 8 ? inflateSync(body, options) : inflateRawSync(body, options);
    }
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(at, limit);
    throw new TributaryError('ServerError', "the answer's compressed body is broken", { at, cause: error });
  }
  throw unknownEncoding(at, encoding);
}

function unknownEncoding(at: string, encoding: string): TributaryError {
  return new TributaryError('ConnectorProtocol', 'the answer has an unknown content encoding', {
    at,
    got: encoding,
    expected: 'gzip, br or deflate',
  });
}

function headersOf(response: http.IncomingMessage): { encoding: string; headers: Record<string, string> } {
  const { 'content-encoding': encoding = 'identity', ...headers } = plainHeaders(response);
  return { encoding, headers };
}

function plainHeaders({ headers }: http.IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

function timedOut(at: string, timeout: number): TributaryError {
  return new TributaryError('RequestTimeout', `no complete answer within ${timeout / 1000} s`, { at });
}

/** @param size bytes, if the answer tells them */
function tooLarge(at: string, limit: number, size?: number): TributaryError {
  return new TributaryError('ConnectorProtocol', 'the answer is too large', {
    at,
    got: size === undefined ? `more than ${limit} bytes` : `${size} bytes`,
    expected: `at most ${limit}`,
    fix: `ask for smaller pages, or ${roomFor(size ?? limit + 1, size !== undefined)}`,
  });
}

function mapped(error: unknown, at: string): unknown {
  if (error instanceof TributaryError) return error;
  const code = codeOf(error);
  const summary: [ErrorCode, string] =
    unreachable.has(code) || code.startsWith('ERR_TLS')
      ? ['ConnectorUnreachable', 'the host cannot be reached']
      : ['ServerError', 'the connection broke'];
  return new TributaryError(...summary, { at, got: code, cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
