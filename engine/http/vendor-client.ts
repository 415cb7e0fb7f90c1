import { Readable } from 'node:stream';
import type { Connector } from '../../core/connector/connector.ts';
import type { WriteMethod } from '../../core/connector/write.ts';
import type { JsonList, JsonListReader } from '../../core/decode/json-list.ts';
import { type ErrorCode, TributaryError } from '../../core/errors.ts';
import type { RecordedExchange } from '../../core/exchange.ts';
import type { DownloadedFile, HttpRequest, HttpResponse } from '../../core/ports.ts';
import type { SourcePorts, SourceRequest } from '../../core/source.ts';
import { authorizer } from '../credentials/authorizer.ts';
import type { Authorization } from './authorize.ts';
import { takeOne } from './governor.ts';
import { headersOf } from './hosts.ts';
import { dateOf } from './moments.ts';
import { recordedExchange } from './recorded-exchange.ts';
import { isCutOff, refusedInBody, vendorError } from './vendor-error.ts';

/** Tries of one request, the first included. */
const attempts = 4;
/** Seconds. Longer waits go back to the state machine, which waits for free. */
const longestSleep = 20;
/** Seconds to wait when the vendor says "slow down" but not for how long, and the short waits were in vain. */
const unknownWait = 60;
const redirects = 3;
/** By one request of a token that was the newest: a new one may end, too, before the vendor has seen it. */
const mostRenewals = 3;
/** Milliseconds: a vendor may have much to gather before the first byte comes. */
const downloadTimeout = 5 * 60_000;

/** What may be kept of an answer: of its request as it was before credentials came to it. */
type Recorder = (response: HttpResponse) => RecordedExchange;
type Exchange<A> = (request: HttpRequest, recorded: Recorder) => Promise<A>;

/** Of a refusal, which nobody reads. */
const noFile: DownloadedFile = { size: 0, read: () => Readable.from([]), remove: async () => {} };

export interface Answer extends HttpResponse {
  /** The body's JSON, or what `decode` made of it; `undefined` for an empty body. */
  readonly json: unknown;
  /** The records that `scan` found in the body; `json` is then what is around them. */
  readonly list?: JsonList;
}

export interface AnswerWith<C> extends Answer {
  readonly content: C;
}

/** A question to the vendor, or records for it. */
export interface VendorRequest {
  /** Default GET. */
  readonly method?: 'GET' | WriteMethod;
  readonly url: URL;
  /** Over the connector's. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * Whether a failure that may pass is tried again here. Default true. `false`: who asked decides, as the vendor may have done
   * what it was asked to; only refusals that say so ("slow down", an old token) are.
   */
  readonly repeats?: false;
}

export interface VendorClient {
  get(url: URL): Promise<Answer>;
  /**
   * Asks with the connection's credentials. Waits out short rate limits and tries failures of the vendor again.
   *
   * @param scan reads the records of a JSON body where it can; the body is parsed as a whole where it cannot
   * @throws RateLimitExceeded (with `retryAfterSeconds`, if the wait is 20 s or more), InvalidCredentials, AccessDenied,
   * ResourceNotFoundError, ClientError, ServerError, ServiceUnavailable, RequestTimeout, ConnectorUnreachable, ConnectorProtocol
   */
  send(request: VendorRequest, scan?: JsonListReader): Promise<Answer>;
  /**
   * The same with what an answer holds.
   *
   * @param contentOf throws a ServerError for an answer that broke off: it is asked for again
   */
  read<C>(request: VendorRequest, contentOf: (answer: Answer) => C): Promise<AnswerWith<C>>;
  /**
   * The same for an answer that may be larger than memory. Who asked for the file removes it.
   *
   * @param check throws a ServerError for a file that broke off: it is asked for again
   */
  download(
    request: VendorRequest,
    check?: (file: DownloadedFile) => Promise<void>,
  ): Promise<Answer & { readonly file: DownloadedFile }>;
}

export interface VendorClientOptions {
  readonly connector: Connector;
  /** Says which settings and endpoint the connection has. */
  readonly request: SourceRequest;
  readonly ports: SourcePorts;
  /** Credentials go to this origin and no other. */
  readonly origin: string;
  /** For errors: `GitHub.issues`. */
  readonly at: string;
  readonly parse: (text: string) => unknown;
  /** Makes the answer of a body that is not one JSON text. */
  readonly decode?: ((body: Uint8Array, parse: (text: string) => unknown) => unknown) | undefined;
  /** Of the connection, for its budget. Default the origin. */
  readonly budgetKey?: string;
  /** In [0, 1); spreads the retries of concurrent runs. Default Math.random. */
  readonly random?: () => number;
}

export function vendorClient({
  connector,
  request: asked,
  ports,
  origin,
  at,
  parse,
  decode,
  budgetKey = origin,
  random = Math.random,
}: VendorClientOptions): VendorClient {
  const { clock, http, log } = ports;
  const held = asked.recordLimit === undefined ? {} : { limit: asked.recordLimit };
  const limits = { retryAfter: 'retry-after', ...connector.rateLimit };
  const authorization = authorizer(connector, asked, ports);
  const own = headersOf(connector, asked);
  /** Epoch milliseconds before which the vendor wants no request. */
  let notBefore = 0;
  let usageIsTold = false;

  const exchanged =
    (scan?: JsonListReader): Exchange<Answer> =>
    async (request, recorded) => {
      const response = await http.send({ ...request, ...held });
      const { status } = response;
      if (status < 200 || status >= 300) return { ...response, json: undefined };
      return { ...response, ...jsonOf(response, recorded, scan) };
    };

  const send = (request: VendorRequest, scan?: JsonListReader) =>
    tried(request, exchanged(scan), (answer) => answer);

  const read = <C>(request: VendorRequest, contentOf: (answer: Answer) => C) =>
    tried(request, exchanged(), (answer) => ({ ...answer, content: contentOf(answer) }));

  const download = (request: VendorRequest, check?: (file: DownloadedFile) => Promise<void>) =>
    tried(
      request,
      async (sent) => {
        const { file = noFile, ...response } = await http.download({
          ...sent,
          ...held,
          timeout: downloadTimeout,
        });
        await check?.(file).catch(async (error: unknown) => {
          await file.remove();
          throw error;
        });
        return { ...response, json: undefined, file };
      },
      (answer) => answer,
    );

  async function tried<A extends Answer, R>(
    request: VendorRequest,
    exchange: Exchange<A>,
    resultOf: (answer: A) => R,
  ): Promise<R> {
    /** Renewals that this request has caused. What others have got meanwhile is theirs to count: somebody's always ends. */
    let renewals = 0;
    /** A request with a token that is refused is nobody's, and takes nothing of the connection's budget. */
    let hasTurn = false;
    for (let attempt = 1; ; attempt++) {
      await waitForQuota(hasTurn);
      hasTurn = false;
      const authorized = await authorization.current();
      try {
        return resultOf(await once(request, authorized, exchange));
      } catch (error) {
        const renewal =
          isRefusal(error) && renewals < mostRenewals ? await authorization.renew(authorized) : undefined;
        if (renewal) {
          if (renewal === 'renewed') renewals++;
          hasTurn = true;
          continue;
        }
        if (!(error instanceof TributaryError) || !isPassing(error)) throw error;
        if (request.repeats === false && error.code !== 'RateLimitExceeded') throw finalError(error, at);
        const told = error.context.retryAfterSeconds;
        const wait = told ?? (0.5 + random() / 2) * 2 ** (attempt - 1);
        if (attempt === attempts || wait >= longestSleep) throw finalError(error, at);
        log.warn('request is tried again', { at, attempt, code: error.code, seconds: wait });
        await clock.sleep(wait * 1000);
      }
    }
  }

  async function once<A extends Answer>(
    request: VendorRequest,
    authorized: Authorization,
    exchange: Exchange<A>,
  ): Promise<A> {
    const { method = 'GET', body } = request;
    const { secrets } = authorized;
    const more = { 'user-agent': 'tributary', ...own, ...request.headers };
    let { url } = request;
    for (let hop = 0; hop <= redirects; hop++) {
      checkOrigin(url, origin, at);
      const asked = withQuery(url, authorized.query);
      const signed = { method, url: asked, headers: more, ...(body === undefined ? {} : { body }) };
      const headers = { ...more, ...authorized.headers, ...authorized.sign?.(signed, clock.now()) };
      const from = { method, url };
      const recorded: Recorder = (answer) => recordedExchange(connector, from, answer, secrets);
      const response = await exchange({ ...signed, url: asked.href, headers }, recorded).catch(
        (error: unknown) => {
          if (!(error instanceof TributaryError) || error.context.at === at) throw error;
          const { at: address, ...context } = error.context;
          const summary = address ? `${address}: ${error.summary}` : error.summary;
          throw new TributaryError(error.code, summary, { ...context, at, cause: error });
        },
      );
      const { status, headers: got, json } = response;
      const resetSeconds = secondsUntilReset(response);
      if (resetSeconds !== undefined) notBefore = clock.now() + resetSeconds * 1000;
      tellUsage(response);
      const isAnswer =
        status >= 200 && status < 300 && !refusedInBody(connector, decode ? refusalOf(response) : json);
      if (isAnswer) return response;
      if (isCutOff(connector, response)) {
        const exchange = recordedExchange(connector, { method, url }, response, secrets);
        throw new TributaryError('ServerError', "the refusal's JSON is broken", { at, status, exchange });
      }
      if (![301, 302, 307, 308].includes(status) || got.location === undefined) {
        throw vendorError(
          connector,
          at,
          response,
          secrets,
          (code, ofRule) => waitOf(code, response, resetSeconds, ofRule),
          recorded(response),
        );
      }
      url = new URL(got.location, url);
    }
    throw new TributaryError('ConnectorProtocol', 'the vendor redirects in circles', { at });
  }

  /**
   * A quota that the last answer reported as used up, then the declared budget.
   *
   * @param hasTurn in that budget already
   */
  async function waitForQuota(hasTurn: boolean): Promise<void> {
    const reported = Math.ceil((notBefore - clock.now()) / 1000);
    const budgeted = () => (hasTurn ? 0 : takeOne(limits, budgetKey, clock, longestSleep * 1000) / 1000);
    const seconds = reported > 0 ? reported : budgeted();
    if (seconds <= 0) return;
    if (seconds >= longestSleep) {
      throw new TributaryError('RateLimitExceeded', "the vendor's request quota is used up", {
        at,
        retryAfterSeconds: Math.ceil(seconds),
      });
    }
    log.info('waiting for the request quota', { at, seconds });
    await clock.sleep(seconds * 1000);
  }

  function secondsUntilReset({ headers }: HttpResponse): number | undefined {
    const remaining = limits.remaining && headers[limits.remaining];
    if (remaining !== '0') return undefined;
    const after = Number((limits.resetAfter && headers[limits.resetAfter]) || Number.NaN);
    if (!Number.isNaN(after)) return Math.ceil(after) + 1;
    const resetAt = Number((limits.resetAt && headers[limits.resetAt]) || Number.NaN);
    if (Number.isNaN(resetAt)) return undefined;
    // By the vendor's clock, which set the moment; one second more, as both are whole seconds.
    const now = dateOf(headers.date) ?? clock.now();
    return Math.max(0, Math.ceil(resetAt - now / 1000) + 1);
  }

  function tellUsage({ headers }: HttpResponse): void {
    const [, used, allowed] = /(\d+)\/(\d+)/.exec((limits.usage && headers[limits.usage]) || '') ?? [];
    if (usageIsTold || Number(used) < 0.9 * Number(allowed) || used === undefined) return;
    usageIsTold = true;
    log.warn("the vendor's request allocation is nearly used up", {
      at,
      used: Number(used),
      allowed: Number(allowed),
    });
  }

  function waitOf(
    code: ErrorCode,
    { headers }: HttpResponse,
    resetSeconds: number | undefined,
    ofRule: number | undefined,
  ): number | undefined {
    const text = headers[limits.retryAfter];
    if (text !== undefined && /^\d+$/.test(text)) return Number(text);
    const date = dateOf(text);
    if (date !== undefined) {
      return Math.max(0, Math.ceil((date - (dateOf(headers.date) ?? clock.now())) / 1000));
    }
    if (code !== 'RateLimitExceeded') return ofRule;
    return resetSeconds ?? ofRule ?? limits.otherwiseSeconds;
  }

  /** What is no JSON if it is the answer may still be refused in JSON: a file. */
  function refusalOf({ headers, body }: HttpResponse): unknown {
    if (!connector.errors?.inBody || !/[/+]json\b/.test(headers['content-type'] ?? '')) return undefined;
    try {
      return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
    } catch {
      return undefined;
    }
  }

  function jsonOf(
    response: HttpResponse,
    recorded: Recorder,
    scan: JsonListReader | undefined,
  ): Pick<Answer, 'json' | 'list'> {
    const { headers, body, status } = response;
    if (body.length === 0) return { json: undefined };
    const type = headers['content-type'];
    if (!decode && type !== undefined && !/[/+]json\b/.test(type)) {
      throw new TributaryError('ConnectorProtocol', 'the answer is not JSON', {
        at,
        status,
        got: type,
        exchange: recorded(response),
      });
    }
    try {
      if (decode) return { json: decode(body, parse) };
      const list = scan?.(body);
      if (list) return { json: list.around, list };
      return { json: parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()) };
    } catch {
      // Most likely cut short on its way. The parser's own message quotes the data.
      throw new TributaryError('ServerError', "the answer's JSON is broken", {
        at,
        status,
        exchange: recorded(response),
      });
    }
  }

  return { get: (url) => send({ url }), send, read, download };
}

function withQuery(url: URL, query: Readonly<Record<string, string>> = {}): URL {
  if (Object.keys(query).length === 0) return url;
  const asked = new URL(url);
  for (const [name, value] of Object.entries(query)) asked.searchParams.set(name, value);
  return asked;
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

/** The vendor does not take the credentials, which may be a token that has ended early. */
function isRefusal(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'InvalidCredentials';
}

/** Worth another try within seconds; an unreachable host is left to the state machine. */
function isPassing(error: TributaryError): boolean {
  return error.retried && error.code !== 'ConnectorUnreachable';
}

/** The engine must not come back at once to a vendor that asks to slow down. */
function finalError(error: TributaryError, at: string): TributaryError {
  if (error.code !== 'RateLimitExceeded' || error.context.retryAfterSeconds !== undefined) return error;
  return new TributaryError('RateLimitExceeded', 'the vendor keeps asking to slow down', {
    ...error.context,
    at,
    retryAfterSeconds: unknownWait,
    cause: error,
  });
}
