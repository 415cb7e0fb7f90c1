/** A person's consent in the browser, answered to this machine: https://www.rfc-editor.org/rfc/rfc8252#section-7.3 */

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuthorizationCode } from '../core/connector/auth.ts';
import { TributaryError } from '../core/errors.ts';
import type { Clock, Http } from '../core/ports.ts';
import { type Consent, finishConsent, startConsent } from '../engine/credentials/consent.ts';
import type { Credentials, TokenAnswer } from '../engine/credentials/token-request.ts';
import type { Shell } from './shell.ts';

export interface ConsentOptions {
  /** That the vendor knows the redirect by. Default: a free one. */
  readonly port?: number;
  /** Default true. */
  readonly browser?: boolean;
}

/** Milliseconds that a person has. */
const patience = 10 * 60_000;
const path = '/callback';

/**
 * Shows the address to consent at (and opens it), waits for the vendor's answer, changes its code for tokens.
 *
 * @throws AccessDenied if the person declines, RequestTimeout after ten minutes, InvalidArgument if the port is taken
 */
export async function consentInBrowser(
  grant: AuthorizationCode,
  credentials: Credentials,
  { port = 0, browser = true }: ConsentOptions,
  shell: Pick<Shell, 'terminal' | 'openBrowser' | 'onInterrupt'>,
  ports: { readonly http: Http; readonly clock: Clock },
): Promise<TokenAnswer> {
  const server = http.createServer();
  const redirectUri = `http://127.0.0.1:${await listen(server, port)}${path}`;
  const consent = startConsent(grant, credentials.clientId ?? '', redirectUri);
  const stop = new AbortController();
  const release = shell.onInterrupt(() =>
    stop.abort(new TributaryError('ExecutionCanceled', 'cancelled; nothing was stored')),
  );
  const timer = setTimeout(
    () => stop.abort(new TributaryError('RequestTimeout', 'nobody has consented within ten minutes')),
    patience,
  );
  try {
    shell.terminal.err(
      `Consent in the browser; the vendor must know the redirect URI ${redirectUri}\n\n  ${consent.url}\n\n`,
    );
    const answered = codeOf(server, consent, stop.signal);
    if (browser) shell.openBrowser(consent.url);
    return await finishConsent(grant, consent, await answered, credentials, ports);
  } finally {
    clearTimeout(timer);
    release();
    server.close();
    server.closeAllConnections();
  }
}

async function listen(server: http.Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new TributaryError('InvalidArgument', 'the port cannot be listened on', {
      got: String(port),
      fix: 'name another one with --port',
      cause: error,
    });
  }
  return (server.address() as AddressInfo).port;
}

/** The code of the vendor's answer. Requests without our state are somebody else's, and change nothing. */
function codeOf(server: http.Server, { state, redirectUri }: Consent, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', redirectUri);
      const { searchParams: answer } = url;
      const code = answer.get('code');
      const error = answer.get('error');
      if (url.pathname !== path || answer.get('state') !== state || (!code && !error)) {
        say(response, 400, 'This is not the answer that the command waits for.');
        return;
      }
      if (code) {
        say(response, 200, 'Thank you. You may close this window and go back to the command.');
        resolve(code);
        return;
      }
      say(response, 200, 'The vendor gave no consent; the command says why.');
      const description = answer.get('error_description');
      reject(
        new TributaryError('AccessDenied', `there is no consent: the vendor says "${error}"`, {
          ...(description && { got: description.slice(0, 300) }),
        }),
      );
    });
  });
}

function say(response: http.ServerResponse, status: number, text: string): void {
  // The address holds the code: no page may learn it as the referrer, no cache keep it.
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  response.end(`${text}\n`);
}
