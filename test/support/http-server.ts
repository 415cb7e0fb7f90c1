import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Exchange {
  /** The whole address of the vendor that is asked for. */
  readonly url: string;
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
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
  /** Path and query of every request so far. */
  readonly requests: string[];
}

/**
 * Plays a vendor: answers each recorded request, in any order and as often as asked, with the vendor's base URL replaced
 * by the server's own in links. What was not recorded gets a 400 that says so.
 *
 * @param baseUrl the vendor's, as the recorded addresses begin
 */
export async function replayServer(baseUrl: string, exchanges: readonly Exchange[]): Promise<ReplayServer> {
  const recorded = new Map(exchanges.map((exchange) => [exchange.url.replace(baseUrl, ''), exchange]));
  const requests: string[] = [];
  const server = await startServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const here = (text: string) => text.replaceAll(baseUrl, server.endpoint);
    const found = recorded.get(path);
    const {
      status = 200,
      headers = {},
      body,
    } = found ?? { status: 400, body: { message: `not recorded: ${path}` } };
    response.writeHead(
      status,
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, here(value)])),
    );
    response.end(here(JSON.stringify(body)));
  });
  return { ...server, requests };
}
