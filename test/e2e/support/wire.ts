/** A wire to the emulated cloud that can be cut in the middle of an invocation: a function that is killed calls nobody any more. */

import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Wire {
  /** What AWS_ENDPOINT_URL has to be for clients that go by this wire. */
  readonly endpoint: string;
  /** Requests since the last {@link Wire.arm}. */
  requests(): number;
  /**
   * Counts from here on, and cuts at the nth request of those that `counts` says: it takes effect, its answer is lost, and no
   * later one gets through.
   *
   * @param n from 1; 0 for never
   */
  arm(n: number, counts?: (method: string, path: string) => boolean): void;
  isCut(): boolean;
  /** The next invocation has a wire again. */
  mend(): void;
  close(): Promise<void>;
}

/** @param upstream where the cloud listens */
export async function startWire(upstream: string): Promise<Wire> {
  const { hostname, port } = new URL(upstream);
  const agent = new http.Agent({ keepAlive: true });
  let requests = 0;
  let cutAt = 0;
  let counts: (method: string, path: string) => boolean = () => true;
  let isCut = false;

  const server = http.createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    // What the client does not try again.
    const refuse = () => {
      if (headers['x-amz-target'] === undefined)
        response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>cut off</Message></Error>');
      else response.writeHead(400).end('{"__type":"AccessDeniedException","message":"cut off"}');
    };
    if (isCut) {
      request.resume().once('end', refuse);
      return;
    }
    const isLast = counts(method, url) && ++requests === cutAt;
    // At once, so that what is under way beside it takes no effect behind it.
    if (isLast) isCut = true;
    const forwarded = http.request({ hostname, port, method, path: url, headers, agent }, (answer) => {
      if (isLast) {
        answer.resume().once('end', refuse);
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
      answer.pipe(response);
    });
    forwarded.once('error', () => response.destroy());
    request.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    arm(n, which = () => true) {
      requests = 0;
      cutAt = n;
      counts = which;
    },
    isCut: () => isCut,
    mend() {
      isCut = false;
    },
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
