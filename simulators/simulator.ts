/** A vendor on a port of this machine: real sockets, so that breaks, cuts and drips are real. */

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { type Collection, collection } from './collection.ts';
import type { Answer, Asked, Handler, World } from './exchange.ts';
import { type FaultKind, type FaultPlan, faults } from './faults.ts';
import { seededRandom } from './random.ts';
import { limiter } from './rate-limit.ts';
import type { Vendor } from './vendor.ts';

export interface SimulatorOptions {
  /** Default a free one. */
  readonly port?: number;
  /** Of each collection at first. Default 2,000. */
  readonly records?: number;
  readonly seed?: number;
  /** Records that change after every answer to a list. Default 3. */
  readonly changes?: number;
  /** Records of a page at most, where the vendor's own pages may hold more. Default the vendor's. */
  readonly largestPage?: number;
  /** Epoch milliseconds. Default the machine's. */
  readonly now?: () => number;
  /** Called with every request, before it is answered: a clock of a test moves on. */
  readonly onRequest?: (asked: Asked) => void;
}

export interface Simulator {
  readonly vendor: Vendor;
  /** Of a connection: in place of the vendor's base URL. */
  readonly endpoint: string;
  collection(name: string): Collection;
  /** `GET /v1/customers?limit=100` of every request so far, with the status that it got; `-` where the connection broke. */
  readonly log: readonly string[];
  /** From now on. */
  inject(plan: Omit<FaultPlan, 'seed'>): void;
  /** Since the last `inject`. */
  injected(): ReadonlyMap<FaultKind, number>;
  /** Records that change after every answer from now on. */
  setChanges(count: number): void;
  /** From now on at most so many requests of each quota, and nothing used yet. Default the vendor's quotas. */
  capQuotas(most?: number): void;
  /** Takes back what a person has consented to. */
  revoke(): void;
  /** What the quotas have seen since then. */
  quotas(): {
    /** Requests that took the last of one, or came beyond it. */
    readonly usedUp: number;
    /** Requests beyond one that came before the time that the refusal before had told. */
    readonly early: number;
  };
  close(): Promise<void>;
}

/** Milliseconds after which a page is of another run. */
const memory = 60_000;
/** Pieces of a drip, and milliseconds between two. */
const drip = { pieces: 6, pause: 4 };

export async function startSimulator(vendor: Vendor, options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, records = 2_000, seed = 1, largestPage = Number.POSITIVE_INFINITY } = options;
  const { now = Date.now } = options;
  let changes = options.changes ?? 3;
  const collections = new Map<string, Collection>(
    Object.entries(vendor.collections).map(([name, plan], index) => [
      name,
      collection(plan, { records, now, random: seededRandom(seed + index) }),
    ]),
  );
  const log: string[] = [];
  /** The last page of each list, for the fault that sends it again. */
  const pages = new Map<string, { readonly asked: Asked; readonly answer: Answer; readonly at: number }>();
  let layer = faults({ kinds: [], seed });
  let limits = limiter(vendor.rateLimits, now);
  let quotas = { usedUp: 0, early: 0 };
  /** Epoch milliseconds that the last refusal told. */
  let notBefore = 0;

  const open = compile(Object.assign({}, ...vendor.auth.map(({ routes }) => routes ?? {})));
  const guarded = compile(vendor.routes);
  const server = http.createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const endpoint = origin + (vendor.basePath ?? '');

  const found = (name: string): Collection => {
    const one = collections.get(name);
    if (!one) throw new Error(`${vendor.connector} has no collection ${name}`);
    return one;
  };
  const world: World = {
    origin,
    now,
    collection: found,
    pageSize: (asked) => Math.min(asked, largestPage),
    memory: new Map(),
  };

  async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const sent = await text(request);
    const { method = 'GET', url = '/' } = request;
    const { pathname, searchParams } = new URL(url, origin);
    const asked: Asked = {
      method,
      path: {},
      url,
      query: searchParams,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      text: sent,
      json: jsonOf(sent),
    };
    options.onRequest?.(asked);
    const { answer: given, fault } = judged(asked, pathname);
    log.push(`${method} ${url} ${fault === 'reset' ? '-' : (given.status ?? 200)}`);
    await send(request, response, given, fault);
  }

  function judged(asked: Asked, pathname: string): { answer: Answer; fault?: FaultKind } {
    const anybody = open(asked.method, pathname);
    if (anybody) return { answer: anybody.handler({ ...asked, path: anybody.path }, world) };
    const isAccepted = vendor.auth.some((auth) => auth.accepts(asked, world));
    if (!isAccepted) return { answer: vendor.refuse(401) };
    const quota = limits.take(asked);
    const withQuota = (one: Answer): Answer => ({ ...one, headers: { ...quota.headers, ...one.headers } });
    if (quota.isLast) quotas = { ...quotas, usedUp: quotas.usedUp + 1 };
    if (quota.refused) {
      const { seconds, limit } = quota.refused;
      const refusal = withQuota(limit.refuse?.(seconds) ?? vendor.refuse(429, seconds));
      if (now() < notBefore) quotas = { ...quotas, early: quotas.early + 1 };
      const tells = refusal.headers?.['retry-after'] ?? Object.keys(quota.headers)[0];
      if (tells !== undefined) notBefore = now() + seconds * 1000;
      return { answer: refusal };
    }
    const route = guarded(asked.method, pathname);
    if (!route) return { answer: vendor.refuse(404) };
    const whole = { ...asked, path: route.path };
    const listed = vendor.listOf ? vendor.listOf(asked) : pathname;
    const page = listed === undefined ? undefined : pages.get(listed);
    const fault = layer.next(
      (kind) =>
        kind !== 'duplicate' ||
        (page !== undefined &&
          now() < page.at + memory &&
          (vendor.listOf ? isOther(page.asked, asked) : isNext(page.asked, asked))),
    );
    switch (fault) {
      case '429':
        return { answer: withQuota(vendor.refuse(429)) };
      case '429-retry-after':
        return { answer: withQuota(vendor.refuse(429, 2)) };
      case '500':
        return { answer: withQuota(vendor.refuse(500)) };
      case '503':
        return { answer: withQuota(vendor.refuse(503)) };
      case 'expired':
        endTokens(asked);
        return { answer: vendor.refuse(401) };
      case 'duplicate':
        if (page) return { answer: withQuota(page.answer) };
    }
    const answer = route.handler(whole, world);
    if (listed !== undefined && (answer.status ?? 200) < 300) pages.set(listed, { asked, answer, at: now() });
    for (const one of collections.values()) one.change(changes);
    return { answer: withQuota(answer), ...(fault && { fault }) };
  }

  /** Of the way in that this request used. */
  function endTokens(asked: Asked): void {
    for (const auth of vendor.auth) if (auth.accepts(asked, world)) auth.endTokens?.(world);
  }

  async function send(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    { status = 200, headers = {}, body }: Answer,
    fault: FaultKind | undefined,
  ): Promise<void> {
    if (fault === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    const isText = typeof body === 'string' || body instanceof Uint8Array;
    const whole = Buffer.from(body === undefined ? '' : isText ? body : JSON.stringify(body));
    const isCut = fault === 'truncated';
    // Every other time as by a proxy that gives up: a correct answer of half a body.
    const isQuiet = isCut && (layer.injected.get('truncated') ?? 0) % 2 === 0;
    const bytes = isQuiet ? whole.subarray(0, whole.length / 2) : whole;
    response.writeHead(status, {
      date: new Date(now()).toUTCString(),
      ...(body === undefined || isText ? {} : { 'content-type': 'application/json' }),
      ...headers,
      ...(fault === 'drip' ? {} : { 'content-length': bytes.length }),
    });
    if (isCut && !isQuiet) {
      response.write(bytes.subarray(0, bytes.length / 2), () => request.socket.destroy());
      return;
    }
    if (fault === 'drip') {
      const size = Math.ceil(bytes.length / drip.pieces) || 1;
      for (let start = 0; start < bytes.length; start += size) {
        response.write(bytes.subarray(start, start + size));
        await setTimeout(drip.pause);
      }
      response.end();
      return;
    }
    response.end(bytes);
  }

  return {
    vendor,
    endpoint,
    collection: found,
    log,
    inject(plan) {
      layer = faults({ ...plan, seed });
    },
    injected: () => layer.injected,
    setChanges(count) {
      changes = count;
    },
    capQuotas(most) {
      limits = limiter(vendor.rateLimits, now, most);
      quotas = { usedUp: 0, early: 0 };
      notBefore = 0;
    },
    revoke() {
      for (const auth of vendor.auth) auth.revoke?.(world);
    },
    quotas: () => quotas,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Route {
  readonly handler: Handler;
  readonly path: Readonly<Record<string, string>>;
}

/** @returns the route of a request, the first that fits */
function compile(
  routes: Readonly<Record<string, Handler>>,
): (method: string, pathname: string) => Route | undefined {
  const compiled = Object.entries(routes).map(([route, handler]) => {
    const [method = '', path = ''] = route.split(' ');
    const holes: string[] = [];
    const pattern = path.replace(
      /\{(\+?)(\w+)\}|[^{}]+/g,
      (literal, many: string | undefined, hole?: string) => {
        if (hole === undefined) return literal.replace(/[.*+?^$()[\]\\|]/g, '\\$&');
        holes.push(hole);
        return many ? '(.+)' : '([^/]+)';
      },
    );
    return { method, pattern: new RegExp(`^${pattern}$`), holes, handler };
  });
  return (method, pathname) => {
    for (const route of compiled) {
      const match = route.method === method ? route.pattern.exec(pathname) : null;
      if (!match) continue;
      const values = match.slice(1).map(decodeURIComponent);
      return {
        handler: route.handler,
        path: Object.fromEntries(route.holes.map((hole, index) => [hole, values[index] ?? ''])),
      };
    }
    return undefined;
  };
}

function isOther(before: Asked, asked: Asked): boolean {
  return before.url !== asked.url || before.text !== asked.text;
}

/** Parameters that say where a page begins: what else differs makes it another list. */
const places =
  /after|before|cursor|page|start|offset|skip|since|from|token|position|filter|search|query|^q$|jql/i;

/** Whether a request is for the page after: of the same list, with one more or one other parameter that says where it begins. */
function isNext(before: Asked, asked: Asked): boolean {
  const known = membersOf(before);
  const other = [...membersOf(asked)].filter(([name, value]) => known.get(name) !== value);
  const [name = ''] = other[0] ?? [];
  return other.length === 1 && places.test(name) && !/size|limit/i.test(name);
}

function membersOf({ query, json, text }: Asked): Map<string, string> {
  const isObject = typeof json === 'object' && json !== null;
  const sent: [string, unknown][] = isObject ? Object.entries(json) : [...new URLSearchParams(text)];
  return new Map([...query, ...sent.map(([name, value]): [string, string] => [name, JSON.stringify(value)])]);
}

function jsonOf(sent: string): unknown {
  try {
    return JSON.parse(sent);
  } catch {
    return undefined;
  }
}
