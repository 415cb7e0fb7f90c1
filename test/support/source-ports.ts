import { Readable } from 'node:stream';
import type {
  Clock,
  DownloadedFile,
  Http,
  HttpRequest,
  HttpResponse,
  LogFields,
  PageToken,
  Row,
  SourcePorts,
  SourceSession,
} from '#core';
import { memoryObjectStore } from './memory-object-store.ts';

export interface TestClock extends Clock {
  /** Milliseconds of every sleep so far. */
  readonly slept: number[];
}

/** Stands still but for the sleeps. */
export function testClock(start: number): TestClock {
  let now = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    async sleep(milliseconds) {
      slept.push(milliseconds);
      now += milliseconds;
    },
  };
}

export interface TestSourcePorts extends SourcePorts {
  readonly clock: TestClock;
  /** Everything logged, as text. */
  readonly logged: string[];
}

export function testSourcePorts(options: {
  readonly http: Http;
  readonly credentials?: Readonly<Record<string, string>>;
  readonly accessToken?: SourcePorts['accessToken'];
  /** Epoch milliseconds. Default 2024-05-02T00:00:00Z. */
  readonly now?: number;
}): TestSourcePorts {
  const { http, credentials = {}, now = Date.UTC(2024, 4, 2) } = options;
  const logged: string[] = [];
  const write = (message: string, fields?: LogFields) => {
    logged.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  return {
    http,
    clock: testClock(now),
    log: { info: write, warn: write, error: write },
    logged,
    objects: memoryObjectStore(),
    credentials: async () => credentials,
    accessToken: options.accessToken ?? (async () => ({ token: '', isNew: false })),
  };
}

export interface TestAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes and text as they are, anything else as JSON. Default: no body. */
  readonly body?: unknown;
}

export interface TestHttp extends Http {
  readonly requests: HttpRequest[];
  /** Downloaded files that nobody has removed yet. */
  readonly files: ReadonlySet<DownloadedFile>;
}

/** Answers by a function of the request and its ordinal; an error that it gives is thrown. */
export function testHttp(answer: (request: HttpRequest, index: number) => TestAnswer | Error): TestHttp {
  const requests: HttpRequest[] = [];
  const files = new Set<DownloadedFile>();
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    const got = answer(request, requests.length);
    requests.push(request);
    if (got instanceof Error) throw got;
    return responseOf(got);
  };
  return {
    requests,
    files,
    send,
    async download(request) {
      const { body, ...response } = await send(request);
      if (response.status >= 300) return { ...response, body };
      const file: DownloadedFile = {
        size: body.length,
        read: ({ start, end }) => Readable.from([Buffer.from(body.subarray(start, end))]),
        remove: async () => void files.delete(file),
      };
      files.add(file);
      return { ...response, body: new Uint8Array(), file };
    },
  };
}

function responseOf({ status = 200, headers = {}, body }: TestAnswer): HttpResponse {
  if (body === undefined) return { status, headers, body: new Uint8Array() };
  if (body instanceof Uint8Array) return { status, headers, body };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(text) };
}

/** The rows of all pages; tokens go through JSON, as they do between two steps. */
export async function allRows(session: SourceSession): Promise<Row[]> {
  const rows: Row[] = [];
  let token: PageToken | undefined;
  do {
    const page = await session.read(token);
    rows.push(...page.rows);
    token = page.next && (JSON.parse(JSON.stringify(page.next)) as PageToken);
  } while (token !== undefined);
  return rows;
}
