import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { HttpRequest, TributaryError } from '#core';
import { nodeHttp } from '../../../engine/http/node-http.ts';
import { startServer } from '../../support/http-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const clients: { close(): void }[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

async function ask(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  changes: Partial<HttpRequest> = {},
) {
  const server = await startServer(answer);
  onTestFinished(() => server.close());
  const client = nodeHttp();
  clients.push(client);
  return client.send({ method: 'GET', url: `${server.endpoint}/things?secret=1`, headers: {}, ...changes });
}

const text = 'héllo '.repeat(1000);

describe('a body', () => {
  test.each<[string, string | undefined, (body: string) => Uint8Array]>([
    ['plain', undefined, (body) => Buffer.from(body)],
    ['gzip', 'gzip', gzipSync],
    ['GZIP', 'GZIP', gzipSync],
    ['x-gzip', 'x-gzip', gzipSync],
    ['br', 'br', brotliCompressSync],
    ['deflate', 'deflate', deflateSync],
    ['raw deflate', 'deflate', deflateRawSync],
  ])('%s arrives as it was', async (_, encoding, compress) => {
    const response = await ask((request, answer) => {
      expect(request.headers['accept-encoding']).toBe('gzip, br, deflate');
      answer.writeHead(200, encoding === undefined ? {} : { 'Content-Encoding': encoding });
      answer.end(compress(text));
    });
    expect(Buffer.from(response.body).toString()).toBe(text);
  });

  test('of a 204 is empty, whatever its encoding', async () => {
    const response = await ask((_, answer) => answer.writeHead(204, { 'content-encoding': 'gzip' }).end());
    expect(response).toMatchObject({ status: 204, body: Buffer.alloc(0) });
  });

  const unknownSize = 'more than 1000000 bytes; expected at most 1000000; ask for smaller pages, or set';
  test.each<[string, string, (answer: ServerResponse) => void]>([
    [
      'as it comes',
      `${unknownSize} tributary.memorySize to 16 times its size in MiB`,
      (answer) => {
        answer.write(Buffer.alloc(1));
        answer.end(Buffer.alloc(1_000_000));
      },
    ],
    [
      'whose length is told',
      '20000000 bytes; expected at most 1000000; ask for smaller pages, or set tributary.memorySize to 306 or more',
      (answer) => answer.end(Buffer.alloc(20_000_000)),
    ],
    [
      'decompressed',
      `${unknownSize} tributary.memorySize to 16 times its size in MiB`,
      (answer) => answer.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(1_000_001))),
    ],
  ])('beyond the limit, %s, is refused', async (_, told, answer) => {
    const refused = ask((__, response) => answer(response), { limit: 1_000_000 });
    await expect(refused).rejects.toMatchObject({
      code: 'ConnectorProtocol',
      message: expect.stringMatching(`: the answer is too large; got ${told}$`),
    });
  });

  test('of as many bytes as the limit is read', async () => {
    const { body } = await ask((_, answer) => answer.end(Buffer.alloc(1000)), { limit: 1000 });
    expect(body.length).toBe(1000);
  });

  test('has 32 MiB unless a limit is given', async () => {
    const answered = (bytes: number) => ask((_, answer) => answer.end(Buffer.alloc(bytes)));
    expect((await answered(2 ** 25)).body.length).toBe(33_554_432);
    await expect(answered(2 ** 25 + 1)).rejects.toMatchObject({ code: 'ConnectorProtocol' });
  });

  test('whose compression is broken is a failure of the server', async () => {
    const half = gzipSync(text).subarray(0, 20);
    await expect(
      ask((_, answer) => answer.setHeader('content-encoding', 'gzip').end(half)),
    ).rejects.toMatchObject({
      code: 'ServerError',
      message: expect.stringContaining('compressed body is broken'),
    });
  });

  test('of an unknown encoding is refused', async () => {
    await expect(
      ask((_, answer) => answer.setHeader('content-encoding', 'zstd').end('x')),
    ).rejects.toMatchObject({
      code: 'ConnectorProtocol',
      message: expect.stringContaining('got zstd'),
    });
  });
});

test('status and headers are handed on, redirects included', async () => {
  const response = await ask((_, answer) =>
    answer.writeHead(302, { Location: '/elsewhere', 'X-Request-Id': '7', Link: ['<a>', '<b>'] }).end(),
  );
  expect(response).toMatchObject({
    status: 302,
    headers: { location: '/elsewhere', 'x-request-id': '7', link: '<a>, <b>' },
  });
});

test('a body is sent', async () => {
  const response = await ask(
    async (request, answer) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      answer.end(`${request.method} ${request.headers['content-length']} ${body}`);
    },
    { method: 'POST', body: 'wörd' },
  );
  expect(Buffer.from(response.body).toString()).toBe('POST 5 wörd');
});

test('connections are kept', async () => {
  const ports = new Set<number | undefined>();
  const server = await startServer((request, answer) => {
    ports.add(request.socket.remotePort);
    answer.end('x');
  });
  onTestFinished(() => server.close());
  const client = nodeHttp();
  clients.push(client);
  for (let index = 0; index < 3; index++)
    await client.send({ method: 'GET', url: server.endpoint, headers: {} });
  expect(ports.size).toBe(1);
});

describe('a failure', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['before the answer', (response) => response.socket?.destroy()],
    [
      'within the body',
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.socket?.destroy());
      },
    ],
  ])('of the connection %s is a ServerError', async (_, fail) => {
    const error = await ask((__, response) => fail(response)).catch((reason: TributaryError) => reason);
    expect(error).toMatchObject({
      code: 'ServerError',
      message: expect.stringContaining('the connection broke'),
    });
    expect(String(error)).not.toContain('secret');
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['silent', () => {}],
    [
      'dripping',
      (response) => {
        response.writeHead(200);
        response.write('x');
      },
    ],
  ])('of a %s server is a RequestTimeout', async (_, drip) => {
    await expect(ask((__, response) => drip(response), { timeout: 50 })).rejects.toMatchObject({
      code: 'RequestTimeout',
      message: expect.stringContaining('no complete answer within 0.05 s'),
    });
  });

  test('of what speaks no HTTP is a ServerError', async () => {
    const server = net.createServer((socket) => socket.end('SSH-2.0\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const client = nodeHttp();
    clients.push(client);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await expect(client.send({ method: 'GET', url, headers: {} })).rejects.toMatchObject({
      code: 'ServerError',
    });
  });

  test('of a host that is not there is ConnectorUnreachable', async () => {
    const server = await startServer(() => {});
    await server.close();
    const client = nodeHttp();
    clients.push(client);
    await expect(client.send({ method: 'GET', url: server.endpoint, headers: {} })).rejects.toMatchObject({
      code: 'ConnectorUnreachable',
      message: expect.stringContaining('got ECONNREFUSED'),
    });
    await expect(
      client.send({ method: 'GET', url: 'http://nowhere.invalid/', headers: {} }),
    ).rejects.toMatchObject({
      code: 'ConnectorUnreachable',
    });
  });

  test('of TLS is ConnectorUnreachable', async () => {
    const server = await startServer((_, answer) => answer.end('x'));
    onTestFinished(() => server.close());
    const client = nodeHttp();
    clients.push(client);
    const url = server.endpoint.replace('http:', 'https:');
    await expect(client.send({ method: 'GET', url, headers: {} })).rejects.toMatchObject({
      code: 'ConnectorUnreachable',
    });
  });
});

describe('a download', () => {
  async function download(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    changes: Partial<HttpRequest> = {},
  ) {
    const server = await startServer(answer);
    onTestFinished(() => server.close());
    const client = nodeHttp();
    clients.push(client);
    const url = `${server.endpoint}/file`;
    return client.download({ method: 'GET', url, headers: {}, limit: 1000, ...changes });
  }
  let temporary = '';
  beforeEach(() => {
    temporary = temporaryFolder();
    vi.stubEnv('TMPDIR', temporary);
  });
  afterEach(() => vi.unstubAllEnvs());
  const left = () => readdirSync(temporary).length;

  test.each<[string, string | undefined, (body: string) => Uint8Array]>([
    ['plain', undefined, (body) => Buffer.from(body)],
    ['gzip', 'gzip', gzipSync],
    ['br', 'br', brotliCompressSync],
  ])('%s is a file, larger than a body may be, until it is removed', async (_, encoding, compress) => {
    const { status, body, file } = await download((request, response) => {
      expect(request.headers['accept-encoding']).toBe('gzip, br');
      response.writeHead(200, encoding === undefined ? {} : { 'Content-Encoding': encoding });
      response.end(compress(text));
    });
    expect({ status, body, size: file?.size }).toEqual({ status: 200, body: new Uint8Array(), size: 7000 });
    const read = async (start: number, end: number) =>
      Buffer.concat((await file?.read({ start, end }).toArray()) ?? []).toString();
    expect(await read(0, 7000)).toBe(text);
    expect(await read(7, 10)).toBe('hé');
    expect(await read(7, 7)).toBe('');
    expect(left()).toBe(1);
    await file?.remove();
    expect(left()).toBe(0);
  });

  test('of a refusal is a body', async () => {
    const { file, body, status } = await download((_, response) => response.writeHead(404).end('none'));
    expect({ status, file, body: Buffer.from(body).toString() }).toEqual({ status: 404, body: 'none' });
    expect(left()).toBe(0);
  });

  test.each<[string, string, (response: ServerResponse) => void]>([
    [
      'that is cut short',
      'ServerError',
      (response) => response.writeHead(200, { 'content-length': '100' }).write('x', () => response.destroy()),
    ],
    [
      'whose compression is broken',
      'ServerError',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'),
    ],
    [
      'of an unknown encoding',
      'ConnectorProtocol',
      (response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end('x'),
    ],
    ['that stops coming', 'RequestTimeout', (response) => response.writeHead(200).write('x')],
  ])('%s is an error and leaves no file', async (_, code, answer) => {
    const failed = download((__, response) => answer(response), { timeout: 100 });
    await expect(failed).rejects.toMatchObject({ code });
    expect(left()).toBe(0);
  });

  test('may take longer than the timeout as long as it comes', async () => {
    const { file } = await download(
      (_, response) => {
        let sent = 0;
        const timer = setInterval(() => {
          sent += 1;
          response.write('x');
          if (sent < 8) return;
          clearInterval(timer);
          response.end();
        }, 50);
      },
      { timeout: 250 },
    );
    expect(file?.size).toBe(8);
    await file?.remove();
  });
});
