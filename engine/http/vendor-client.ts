import type { Connector } from '../../core/connector/connector.ts';
import { type ErrorCode, TributaryError } from '../../core/errors.ts';
import type { HttpResponse } from '../../core/ports.ts';
import type { SourcePorts } from '../../core/source.ts';
import { type Authorization, authorize } from './authorize.ts';
import { vendorError } from './vendor-error.ts';

/** Tries of one request, the first included. */
const attempts = 4;
/** Seconds. Longer waits go back to the state machine, which waits for free. */
const longestSleep = 20;
/** Seconds to wait when the vendor says "slow down" but not for how long, and the short waits were in vain. */
const unknownWait = 60;
const redirects = 3;

export interface Answer extends HttpResponse {
  /** The body's JSON; `undefined` for an empty body. */
  readonly json: unknown;
}

export interface VendorClient {
  /**
   * GETs with the connection's credentials. Waits out short rate limits and tries failures of the vendor again.
   *
   * @throws RateLimitExceeded (with `retryAfterSeconds`, if the wait is 20 s or more), InvalidCredentials, AccessDenied,
   * ResourceNotFoundError, ClientError, ServerError, ServiceUnavailable, RequestTimeout, ConnectorUnreachable, ConnectorProtocol
   */
  get(url: URL): Promise<Answer>;
}

export interface VendorClientOptions {
  readonly connector: Connector;
  readonly ports: SourcePorts;
  /** Credentials go to this origin and no other. */
  readonly origin: string;
  /** For errors: `GitHub.issues`. */
  readonly at: string;
  readonly parse: (text: string) => unknown;
  /** In [0, 1); spreads the retries of concurrent runs. Default Math.random. */
  readonly random?: () => number;
}

export function vendorClient({
  connector,
  ports,
  origin,
  at,
  parse,
  random = Math.random,
}: VendorClientOptions): VendorClient {
  const { clock, http, log } = ports;
  const limits = { retryAfter: 'retry-after', ...connector.rateLimit };
  let authorization: Promise<Authorization> | undefined;
  /** Epoch milliseconds before which the vendor wants no request. */
  let notBefore = 0;

  async function get(url: URL): Promise<Answer> {
    authorization ??= ports.credentials().then((credentials) => authorize(connector, credentials));
    const { headers, secrets } = await authorization;
    for (let attempt = 1; ; attempt++) {
      await waitForQuota();
      try {
        return await once(url, { 'user-agent': 'tributary', ...connector.headers, ...headers }, secrets);
      } catch (error) {
        if (!(error instanceof TributaryError) || !isPassing(error)) throw error;
        const told = error.context.retryAfterSeconds;
        const wait = told ?? (0.5 + random() / 2) * 2 ** (attempt - 1);
        if (attempt === attempts || wait >= longestSleep) throw finalError(error, at);
        log.warn('request is tried again', { at, attempt, code: error.code, seconds: wait });
        await clock.sleep(wait * 1000);
      }
    }
  }

  async function once(
    first: URL,
    headers: Readonly<Record<string, string>>,
    secrets: readonly string[],
  ): Promise<Answer> {
    let url = first;
    for (let hop = 0; hop <= redirects; hop++) {
      checkOrigin(url, origin, at);
      const response = await http.send({ method: 'GET', url: url.href, headers }).catch((error: unknown) => {
        if (!(error instanceof TributaryError)) throw error;
        throw new TributaryError(error.code, error.message, { at, cause: error });
      });
      const { status, headers: got } = response;
      const resetSeconds = secondsUntilReset(response);
      if (resetSeconds !== undefined) notBefore = clock.now() + resetSeconds * 1000;
      if (status >= 200 && status < 300) return { ...response, json: jsonOf(response) };
      if (![301, 302, 307, 308].includes(status) || got.location === undefined) {
        throw vendorError(connector, at, response, secrets, (code) => waitOf(code, response, resetSeconds));
      }
      url = new URL(got.location, url);
    }
    throw new TributaryError('ConnectorProtocol', 'the vendor redirects in circles', { at });
  }

  /** A quota that the last answer reported as used up. */
  async function waitForQuota(): Promise<void> {
    const seconds = Math.ceil((notBefore - clock.now()) / 1000);
    if (seconds <= 0) return;
    if (seconds >= longestSleep) {
      throw new TributaryError('RateLimitExceeded', "the vendor's request quota is used up", {
        at,
        retryAfterSeconds: seconds,
      });
    }
    log.info('waiting for the request quota', { at, seconds });
    await clock.sleep(seconds * 1000);
  }

  function secondsUntilReset({ headers }: HttpResponse): number | undefined {
    const remaining = limits.remaining && headers[limits.remaining];
    const resetAt = Number((limits.resetAt && headers[limits.resetAt]) || Number.NaN);
    if (remaining !== '0' || Number.isNaN(resetAt)) return undefined;
    // By the vendor's clock, which set the moment; one second more, as both are whole seconds.
    const now = dateOf(headers.date) ?? clock.now();
    return Math.max(0, Math.ceil(resetAt - now / 1000) + 1);
  }

  function waitOf(
    code: ErrorCode,
    { headers }: HttpResponse,
    resetSeconds: number | undefined,
  ): number | undefined {
    const text = headers[limits.retryAfter];
    if (text !== undefined && /^\d+$/.test(text)) return Number(text);
    const date = dateOf(text);
    if (date !== undefined) {
      return Math.max(0, Math.ceil((date - (dateOf(headers.date) ?? clock.now())) / 1000));
    }
    return code === 'RateLimitExceeded' ? (resetSeconds ?? limits.otherwiseSeconds) : undefined;
  }

  function jsonOf({ headers, body, status }: HttpResponse): unknown {
    if (body.length === 0) return undefined;
    const type = headers['content-type'];
    if (type !== undefined && !/[/+]json\b/.test(type)) {
      throw new TributaryError('ConnectorProtocol', 'the answer is not JSON', { at, status, got: type });
    }
    try {
      return parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
    } catch {
      // Most likely cut short on its way. The parser's own message quotes the data.
      throw new TributaryError('ServerError', "the answer's JSON is broken", { at, status });
    }
  }

  return { get };
}

/** @throws ConnectorProtocol: the credentials would go to a stranger */
export function checkOrigin(url: URL, origin: string, at: string): void {
  if (url.origin === origin && !url.username && !url.password) return;
  throw new TributaryError('ConnectorProtocol', "the vendor's answer leads to another origin", {
    at,
    got: url.origin,
    expected: origin,
  });
}

/** Epoch milliseconds of an HTTP date. */
export function dateOf(text: string | undefined): number | undefined {
  const date = text === undefined || /^\d+$/.test(text) ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : date;
}

/** Worth another try within seconds; an unreachable host is left to the state machine. */
function isPassing(error: TributaryError): boolean {
  return error.retried && error.code !== 'ConnectorUnreachable';
}

/** The engine must not come back at once to a vendor that asks to slow down. */
function finalError(error: TributaryError, at: string): TributaryError {
  if (error.code !== 'RateLimitExceeded' || error.context.retryAfterSeconds !== undefined) return error;
  return new TributaryError('RateLimitExceeded', 'the vendor keeps asking to slow down', {
    at,
    retryAfterSeconds: unknownWait,
    cause: error,
  });
}
