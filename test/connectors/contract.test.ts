/** What every declared connector must hold to. A connector brings fixtures (see connector-fixtures.ts), not test code. */

import { describe, expect, test } from 'vitest';
import {
  type Connector,
  credentialNames,
  type Entity,
  type PageToken,
  type Pagination,
  type Row,
  type SourceRequest,
  type Split,
  TributaryError,
} from '#core';
import { declaredSource } from '../../engine/http/declared-source.ts';
import { baseUrlOf } from '../../engine/http/hosts.ts';
import {
  declared,
  declaredEntities,
  fixtureOf,
  fixtureText,
  recordsOf,
  replay,
  requestOf,
} from '../support/connector-fixtures.ts';
import { declarations } from '../support/declarations.ts';
import { type Fixture, fixtureFile, readSetOf, recordOf } from '../support/fixture.ts';
import { type Exchange, requestLine } from '../support/http-server.ts';
import {
  allRows,
  type TestAnswer,
  type TestHttp,
  testHttp,
  testSourcePorts,
} from '../support/source-ports.ts';

const secret = 's3cr3t-value-of-the-connection';
function credentialsOf(connector: Connector): Record<string, string> {
  return Object.fromEntries(credentialNames(connector.auth[0]).map((name) => [name, secret]));
}

/** Describes, opens every split and reads it to its end. */
async function pull(
  connector: Connector,
  request: SourceRequest,
  http: TestHttp,
  readSet: readonly string[],
): Promise<{ rows: Row[]; ports: ReturnType<typeof testSourcePorts> }> {
  const ports = testSourcePorts({ http, credentials: credentialsOf(connector) });
  const source = declaredSource(connector, { random: () => 0 });
  const { splits } = await source.describe(request, ports);
  const rows: Row[] = [];
  const reading = { ...request, fields: readSet };
  for (const split of splits) rows.push(...(await readAll(connector, reading, split, ports)));
  return { rows, ports };
}

async function readAll(
  connector: Connector,
  request: SourceRequest,
  split: Split,
  ports: ReturnType<typeof testSourcePorts>,
): Promise<Row[]> {
  const source = declaredSource(connector, { random: () => 0 });
  const session = await source.open(request, split, ports);
  const rows = await allRows(session);
  await session.close();
  return rows;
}

async function failureOf(promise: Promise<unknown>): Promise<TributaryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TributaryError)) throw new Error(`expected a TributaryError, got ${error}`);
  return error;
}

/** The body of a refusal with the vendor's text where the connector says it is. */
function refusal(paths: string | readonly string[] | undefined, text: string): unknown {
  const [path = ''] = [paths].flat();
  return path.split('.').reduceRight<unknown>((inner, key) => {
    if (key === '') return {};
    return key.endsWith('[*]') ? { [key.slice(0, -3)]: [inner] } : { [key]: inner };
  }, text);
}

/** The first request of the entity's list, its answer, and what comes before it. */
function firstPage({ exchanges, before }: Fixture, { parent, incremental }: Entity) {
  const at = before ?? (parent !== undefined || incremental ? 1 : 0);
  const exchange = exchanges[at];
  if (!exchange) throw new Error('the fixture has too few exchanges');
  return { before: exchanges.slice(0, at), exchange };
}

describe.each(declaredEntities)('$title', (tested) => {
  const { name, folder, connector, entityName, entity, isDiscovered, pagination } = tested;
  const fixture = fixtureOf(folder, entityName);
  const request = requestOf(fixture, name, entityName);
  const { before, exchange } = firstPage(fixture, entity);
  const readSet = readSetOf(fixture);

  test('asks for what was recorded, in that order, and for nothing else', async () => {
    const http = replay(fixture.exchanges);
    await pull(connector, request, http, readSet);
    const asked = http.requests.map(({ url, method, body }) =>
      requestLine({ url, method, ...(body === undefined ? {} : { sent: String(body) }) }),
    );
    expect(asked).toEqual(fixture.exchanges.map(requestLine));
  });

  test('gives the recorded records, each field of which is somewhere filled and each key once', async () => {
    const { rows } = await pull(connector, request, replay(fixture.exchanges), readSet);
    const records = rows.map((row) => recordOf(fixture, row));
    expect(records).toEqual(recordsOf(folder, entityName));
    const read = fixture.request.fields ?? Object.keys(entity.fields);
    const empty = read.filter((field) => records.every((record) => record[field] === null));
    expect(empty).toEqual([]);
    const keys = records.map((record) => JSON.stringify(entity.primaryKey.map((field) => record[field])));
    expect(new Set(keys).size).toBe(records.length);
  });

  test('describes its fields, its key and its incremental field', async () => {
    const ports = testSourcePorts({ http: replay(fixture.exchanges), credentials: credentialsOf(connector) });
    const description = await declaredSource(connector).describe(request, ports);
    expect(description.fields.map((field) => field.name)).toEqual(Object.keys(entity.fields));
    expect(description.primaryKey).toEqual(entity.primaryKey);
    expect(description.incrementalField).toBe(entity.incremental?.field);
  });

  test('tells the fields alone without reading the list', async () => {
    const http = replay(isDiscovered ? before : []);
    const ports = testSourcePorts({ http, credentials: credentialsOf(connector) });
    const description = await declaredSource(connector).describe({ ...request, fieldsOnly: true }, ports);
    expect(description.fields.length).toBeGreaterThan(0);
    expect(http.requests.length).toBeLessThanOrEqual(isDiscovered ? before.length : 0);
  });

  test('resumes from any page token as if it had never stopped', async () => {
    const ports = testSourcePorts({ http: replay(fixture.exchanges), credentials: credentialsOf(connector) });
    const source = declaredSource(connector);
    const { splits } = await source.describe(request, ports);
    const rows: Row[] = [];
    for (const split of splits) {
      let token: PageToken | undefined;
      do {
        const session = await source.open({ ...request, fields: readSet }, split, ports);
        const page = await session.read(token);
        rows.push(...page.rows);
        token = page.next && JSON.parse(JSON.stringify(page.next));
      } while (token !== undefined);
    }
    expect(rows.map((row) => recordOf(fixture, row))).toEqual(recordsOf(folder, entityName));
  });

  if (pagination?.kind === 'linkHeader' || pagination?.kind === 'nextLink') {
    test('never sends credentials where a foreign next link leads', async () => {
      const http = replay([...before, withNext(exchange, pagination, 'https://api.attacker.example/next')]);
      const error = await failureOf(pull(connector, request, http, readSet));
      expect(error.code).toBe('ConnectorProtocol');
      expect(error.message).toContain('https://api.attacker.example');
      expect(http.requests).toHaveLength(before.length + 1);
    });
  }

  test('ends when the vendor gives the same page again and again', async () => {
    const next = `${exchange.url}${exchange.url.includes('?') ? '&' : '?'}page=2`;
    const again = withNext(exchange, pagination, next);
    const http = testHttp((_, index) => before[index] ?? again);
    const outcome = await pull(connector, request, http, readSet).catch((error: unknown) => error);
    const most = before.length + 3 * Math.max(1, listsOf(fixture, before.length));
    expect(http.requests.length).toBeLessThanOrEqual(most);
    // A job that is never done is waited for, to the end of the run.
    const waits = entity.job && !entity.job.create;
    if (outcome instanceof Error) {
      const code = waits
        ? expect.stringMatching(/^(ConnectorProtocol|RateLimitExceeded)$/)
        : 'ConnectorProtocol';
      expect(outcome).toMatchObject({ code });
    }
    // A list of one page, or one whose first page is full no more, may simply end.
    else expect(pagination === undefined || 'size' in pagination).toBe(true);
  });

  test.each([
    { status: 401, code: 'InvalidCredentials', tries: 1 },
    { status: 403, code: 'AccessDenied', tries: 1 },
    { status: 404, code: 'ResourceNotFoundError', tries: 1 },
    { status: 400, code: 'ClientError', tries: 1 },
    { status: 429, headers: { 'retry-after': '120' }, code: 'RateLimitExceeded', tries: 1 },
    { status: 500, code: 'ServerError', tries: 4 },
    { status: 503, code: 'ServiceUnavailable', tries: 4 },
  ])('a $status is $code', async ({ status, headers = {}, code, tries }) => {
    if (entity.absent?.some((absent) => absent === status)) {
      const { rows } = await pull(
        connector,
        request,
        testHttp((_, index) => before[index] ?? { status }),
        readSet,
      );
      expect(rows).toEqual([]);
      return;
    }
    const said = `no: ${secret} is not for you`;
    const body = refusal(connector.errors?.message, said);
    const idHeader = connector.errors?.requestId ?? 'x-none';
    const http = testHttp(
      (_, index) => before[index] ?? { status, headers: { ...headers, [idHeader]: 'request-7' }, body },
    );
    const error = await failureOf(pull(connector, request, http, readSet));
    expect(error.code).toBe(code);
    expect(error.context).toMatchObject({ at: `${connector.label}.${entityName}`, status });
    if (connector.errors?.requestId) expect(error.context.requestId).toBe('request-7');
    if (connector.errors?.message) expect(error.message).toContain('no: *** is not for you');
    if (code === 'RateLimitExceeded') expect(error.context.retryAfterSeconds).toBe(120);
    expect(http.requests).toHaveLength(before.length + tries);
  });

  const { from, to } = entity.incremental ?? {};
  const tooLarge = connector.errors?.rules?.find((rule) => rule.code === 'WindowTooLarge');
  if (tooLarge && from && to && fixture.request.window) {
    test('halves a window that the vendor finds too large', async () => {
      const refused: TestAnswer = {
        status: tooLarge.status?.[0] ?? 400,
        body: {
          ...(refusal(connector.errors?.vendorCode, tooLarge.vendorCode ?? '') as object),
          ...(refusal(connector.errors?.message, tooLarge.message ?? '') as object),
        },
      };
      const http = testHttp(
        (_, index) => before[index] ?? (index === before.length ? refused : { status: 404 }),
      );
      await failureOf(pull(connector, request, http, readSet));
      const [whole, half] = http.requests
        .slice(before.length)
        .map(({ url, body = '' }) => `${url} ${body}`.split(/[&? ]/));
      // The end alone is another.
      const others = whole?.filter((part, index) => half?.[index] !== part) ?? [];
      expect(others).toHaveLength(1);
      expect(half).toHaveLength(whole?.length ?? 0);
    });
  }

  test('shows no secret in logs or errors', async () => {
    const { ports } = await pull(connector, request, replay(fixture.exchanges), readSet);
    expect(ports.logged.length).toBeGreaterThan(0);
    expect(ports.logged.join('\n')).not.toContain(secret);
    const leaky = refusal(connector.errors?.message, `key ${secret}`);
    const http = testHttp(() => ({ status: 401, body: leaky }));
    const error = await failureOf(pull(connector, request, http, readSet));
    expect(JSON.stringify([error.message, error.context, error.stack])).not.toContain(secret);
  });

  test('has small and scrubbed fixtures', () => {
    for (const file of [fixtureFile(entityName, 'exchanges'), fixtureFile(entityName, 'records')]) {
      const text = fixtureText(folder, file);
      expect(text.length, file).toBeLessThanOrEqual(10 * 1024);
      const addresses = text.match(/[\w.+-]+@[\w-]+(\.[\w-]+)+/g) ?? [];
      expect(addresses.filter((address) => !/@example\.(com|org|net)$/.test(address))).toEqual([]);
      expect(text).not.toMatch(
        /\b(sk|rk|pk)_(live|test)_|\bgh[opsur]_\w{16}|\bgithub_pat_|\beyJ[\w-]{10,}\.|\bBearer /,
      );
    }
    const lists = fixture.exchanges.slice(before.length).map(({ body }) => body);
    const longest = Math.max(...lists.map((body) => listLength(body)));
    expect(longest).toBeLessThanOrEqual(3);
    expect(lists.length).toBeLessThanOrEqual(4);
  });
});

/** The exchange with another next link, where its connector pages by links. */
function withNext(exchange: Exchange, pagination: Pagination | undefined, url: string): Exchange {
  if (pagination?.kind === 'linkHeader') {
    return { ...exchange, headers: { ...exchange.headers, link: `<${url}>; rel="next"` } };
  }
  if (pagination?.kind !== 'nextLink') return exchange;
  const body = exchange.body as Record<string, unknown>;
  if (Object.hasOwn(body, pagination.at)) return { ...exchange, body: { ...body, [pagination.at]: url } };
  return { ...exchange, body: withAt(body, pagination.at.split('.'), url) };
}

/** The object with another value at this path. */
function withAt(object: object, [head = '', ...rest]: readonly string[], value: unknown): object {
  if (rest.length === 0) return { ...object, [head]: value };
  const inner: unknown = (object as Record<string, unknown>)[head];
  return { ...object, [head]: withAt(typeof inner === 'object' ? (inner ?? {}) : {}, rest, value) };
}

/** Lists that the fixture's run reads: of parents, of slices. */
function listsOf({ exchanges }: Fixture, before: number): number {
  return exchanges.length - before;
}

function listLength(body: unknown): number {
  if (typeof body !== 'object' || body === null) return 0;
  const list = Array.isArray(body) ? body : Object.values(body as object).find(Array.isArray);
  return list?.length ?? 0;
}

test('every declaration is in the registry', () => {
  const registered = declaredEntities.map(({ folder }) => folder);
  expect(new Set(registered)).toEqual(new Set(declarations.map(({ folder }) => folder)));
});

/** Of the first fixture. */
function settingsOf(name: string): Readonly<Record<string, string>> {
  const tested = declaredEntities.find((one) => one.name === name);
  return tested ? fixtureOf(tested.folder, tested.entityName).settings : {};
}

describe.each(declared)('$name', ({ name, connector }) => {
  const request: SourceRequest = {
    flowName: 'contract',
    connector: name,
    properties: {},
    settings: settingsOf(name),
    fields: [],
    filters: [],
    window: { end: 0 },
  };

  test.each(connector.auth.map((scheme) => ({ scheme })))(
    'is tried with $scheme.kind',
    async ({ scheme }) => {
      const credentials = Object.fromEntries(credentialNames(scheme).map((key) => [key, `${key}-${secret}`]));
      const http = testHttp(() => ({ body: {} }));
      await declaredSource(connector).testConnection(request, testSourcePorts({ http, credentials }));
      expect(http.requests.map(({ url }) => new URL(url).origin)).toEqual([
        baseUrlOf(connector, request).origin,
      ]);
      const sent = [...Object.values(http.requests[0]?.headers ?? {}), http.requests[0]?.url].join('\n');
      const basic = Buffer.from(sent.split('Basic ')[1] ?? '', 'base64').toString();
      expect(sent + basic).toContain(`-${secret}`);
    },
  );

  test('sends nothing without usable credentials', async () => {
    const http = testHttp(() => ({ body: {} }));
    const ports = testSourcePorts({ http, credentials: { other: 'x' } });
    const error = await failureOf(declaredSource(connector).testConnection(request, ports));
    expect(error.code).toBe('InvalidCredentials');
    expect(http.requests).toEqual([]);
  });
});
