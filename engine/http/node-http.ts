import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { type ErrorCode, TributaryError } from '../../core/errors.ts';
import type { Http, HttpRequest, HttpResponse } from '../../core/ports.ts';

/** Milliseconds. */
const defaultTimeout = 60_000;
/** Bytes of a body, compressed or not: what a page may take of a small Lambda's memory. */
const defaultLimit = 64 * 1024 * 1024;

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

export interface NodeHttpOptions {
  /** Bytes; a larger body is refused. Default 64 MiB. */
  readonly limit?: number;
}

/**
 * The Http port on Node's own client with kept-alive connections. Bodies are read whole and decompressed (gzip, br,
 * deflate). Throws as the port says, and ConnectorProtocol for a body beyond the limit or of an unknown encoding.
 */
export function nodeHttp({ limit = defaultLimit }: NodeHttpOptions = {}): Http & { close(): void } {
  const agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }),
  };

  async function send({
    method,
    url,
    headers,
    body,
    timeout = defaultTimeout,
  }: HttpRequest): Promise<HttpResponse> {
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
      const received = await bodyOf(response, limit, at);
      const { 'content-encoding': encoding = 'identity', ...rest } = plainHeaders(response);
      return { status: response.statusCode ?? 0, headers: rest, body: decode(received, encoding, limit, at) };
    } catch (error) {
      // Within a body, the destroyed request shows as a broken connection.
      throw late ?? mapped(error, at);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    send,
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

async function bodyOf(response: http.IncomingMessage, limit: number, at: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(at, limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
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
  throw new TributaryError('ConnectorProtocol', 'the answer has an unknown content encoding', {
    at,
    got: encoding,
    expected: 'gzip, br or deflate',
  });
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

function tooLarge(at: string, limit: number): TributaryError {
  return new TributaryError('ConnectorProtocol', 'the answer is too large', {
    at,
    expected: `at most ${limit / 1024 / 1024} MiB`,
    fix: 'ask for smaller pages',
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
