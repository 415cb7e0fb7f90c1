import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Exchange {
  /** The whole address of the vendor that is asked for. */
  readonly url: string;
  /** Default GET. */
  readonly method?: string;
  /** The JSON that a POST sends, or the text of a form. */
  readonly sent?: unknown;
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; text and bytes are answered as they are. */
  readonly body: unknown;
}

/** A body as a fixture holds it: `{ base64 }` are bytes. */
export function recordedBody(body: unknown): unknown {
  const isBytes = typeof body === 'object' && body !== null && 'base64' in body;
  return isBytes ? Buffer.from(String(body.base64), 'base64') : body;
}

/** What tells requests apart: method (but for GET), address and body. */
export function requestLine({
  url,
  method = 'GET',
  sent,
}: Pick<Exchange, 'url' | 'method' | 'sent'>): string {
  const body = sent === undefined ? '' : ` ${typeof sent === 'string' ? sent : JSON.stringify(sent)}`;
  return `${method === 'GET' ? '' : `${method} `}${url}${body}`;
}

export interface LocalServer {
  /** `http://127.0.0.1:<port>`: the `endpoint` of a connection. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** A server on a free port of this machine only. */
export async function startServer(listener: http.RequestListener): Promise<LocalServer> {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface ReplayServer extends LocalServer {
  /** Every request so far, as `requestLine` writes it with path and query for the address. */
  readonly requests: string[];
}

/**
 * Plays a vendor: answers each recorded request, in any order and as often as asked, with the vendor's base URL replaced
 * by the server's own in links. What was not recorded gets a 400 that says so.
 *
 * @param baseUrl the vendor's, as the recorded addresses begin
 */
export async function replayServer(baseUrl: string, exchanges: readonly Exchange[]): Promise<ReplayServer> {
  const here = (text: string) => text.replaceAll(baseUrl, server.endpoint);
  const recorded = new Map(
    exchanges.map((exchange) => [
      requestLine({ ...exchange, url: exchange.url.replace(baseUrl, '') }),
      exchange,
    ]),
  );
  const requests: string[] = [];
  const server = await startServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const sent = Buffer.concat(chunks).toString();
    const { method = 'GET', url = '' } = request;
    const line = requestLine({ method, url, ...(sent === '' ? {} : { sent }) });
    requests.push(line);
    const {
      status = 200,
      headers = {},
      body,
    } = recorded.get(line) ?? { status: 400, body: { message: `not recorded: ${line}` } };
    response.writeHead(
      status,
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, here(value)])),
    );
    if (body instanceof Uint8Array) response.end(body);
    else response.end(here(typeof body === 'string' ? body : JSON.stringify(body)));
  });
  return { ...server, requests };
}
