/** What every declared connector must hold to. A connector brings fixtures (see connector-fixtures.ts), not test code. */

import { describe, expect, test } from 'vitest';
import {
  type Connector,
  credentialNames,
  type PageToken,
  type Row,
  type SourceRequest,
  type Split,
  TributaryError,
} from '#core';
import { declaredSource } from '../../engine/http/declared-source.ts';
import {
  declarations,
  declared,
  declaredEntities,
  type Fixture,
  fixtureOf,
  fixtureText,
  recordsOf,
} from '../support/connector-fixtures.ts';
import type { Exchange } from '../support/http-server.ts';
import { type TestAnswer, type TestHttp, testHttp, testSourcePorts } from '../support/source-ports.ts';

const secret = 's3cr3t-value-of-the-connection';
function requestOf(fixture: Fixture, name: string, entityName: string): SourceRequest {
  const { incrementalField, window = { end: Date.UTC(2024, 4, 2) }, filters = [] } = fixture.request;
  return {
    flowName: 'contract',
    connector: name,
    properties: { entityName },
    settings: fixture.settings,
    fields: [],
    filters,
    window,
    ...(incrementalField === undefined ? {} : { incrementalField }),
  };
}

function credentialsOf(connector: Connector): Record<string, string> {
  return Object.fromEntries(credentialNames(connector.auth[0]).map((name) => [name, secret]));
}

/** Describes, opens every split and reads it to its end. */
async function pull(
  connector: Connector,
  request: SourceRequest,
  http: TestHttp,
): Promise<{ rows: Row[]; ports: ReturnType<typeof testSourcePorts> }> {
  const ports = testSourcePorts({ http, credentials: credentialsOf(connector) });
  const source = declaredSource(connector, { random: () => 0 });
  const { splits } = await source.describe(request, ports);
  const rows: Row[] = [];
  for (const split of splits) rows.push(...(await readAll(connector, request, split, ports)));
  return { rows, ports };
}

async function readAll(
  connector: Connector,
  request: SourceRequest,
  split: Split,
  ports: ReturnType<typeof testSourcePorts>,
): Promise<Row[]> {
  const source = declaredSource(connector, { random: () => 0 });
  const session = await source.open({ ...request, fields: ['*'] }, split, ports);
  const rows: Row[] = [];
  let token: PageToken | undefined;
  do {
    const page = await session.read(token);
    rows.push(...page.rows);
    token = page.next;
  } while (token !== undefined);
  await session.close();
  return rows;
}

function replay(exchanges: readonly Exchange[]): TestHttp {
  return testHttp((request, index) => exchanges[index] ?? new Error(`unexpected request ${request.url}`));
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
function refusal(path: string | undefined, text: string): unknown {
  return (path ?? '')
    .split('.')
    .reduceRight<unknown>((inner, key) => (key === '' ? {} : { [key]: inner }), text);
}

/** The first list request of a split of this entity, and its answer. */
function firstPage({ exchanges }: Fixture, entityName: string, connector: Connector) {
  const { parent, incremental } = connector.entities[entityName] ?? {};
  const at = parent !== undefined || incremental ? 1 : 0;
  const exchange = exchanges[at];
  if (!exchange) throw new Error('the fixture has too few exchanges');
  return { before: exchanges.slice(0, at), exchange };
}

describe.each(declaredEntities)('$title', ({ name, folder, connector, entityName, entity, pagination }) => {
  const fixture = fixtureOf(folder, entityName);
  const request = requestOf(fixture, name, entityName);
  const { before, exchange } = firstPage(fixture, entityName, connector);

  test('asks for what was recorded, in that order, and for nothing else', async () => {
    const http = replay(fixture.exchanges);
    await pull(connector, request, http);
    expect(http.requests.map(({ url }) => url)).toEqual(fixture.exchanges.map(({ url }) => url));
    expect(new Set(http.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
  });

  test('gives the recorded records, each field of which is somewhere filled and each key once', async () => {
    const { rows } = await pull(connector, request, replay(fixture.exchanges));
    const records = rows.map(([record]) => record as Record<string, unknown>);
    expect(records).toEqual(recordsOf(folder, entityName));
    const empty = Object.keys(entity.fields).filter((field) =>
      records.every((record) => record[field] === null),
    );
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

  test('tells the fields alone without any request', async () => {
    const http = replay([]);
    const ports = testSourcePorts({ http });
    const description = await declaredSource(connector).describe({ ...request, fieldsOnly: true }, ports);
    expect(description.fields.length).toBeGreaterThan(0);
    expect(http.requests).toEqual([]);
  });

  test('resumes from any page token as if it had never stopped', async () => {
    const ports = testSourcePorts({ http: replay(fixture.exchanges), credentials: credentialsOf(connector) });
    const source = declaredSource(connector);
    const { splits } = await source.describe(request, ports);
    const rows: Row[] = [];
    for (const split of splits) {
      let token: PageToken | undefined;
      do {
        const session = await source.open({ ...request, fields: ['*'] }, split, ports);
        const page = await session.read(token);
        rows.push(...page.rows);
        token = page.next && JSON.parse(JSON.stringify(page.next));
      } while (token !== undefined);
    }
    expect(rows.map(([record]) => record)).toEqual(recordsOf(folder, entityName));
  });

  if (pagination?.kind === 'linkHeader') {
    test('never sends credentials where a foreign next link leads', async () => {
      const link = '<https://api.attacker.example/next>; rel="next"';
      const http = replay([...before, { ...exchange, headers: { ...exchange.headers, link } }]);
      const error = await failureOf(pull(connector, request, http));
      expect(error.code).toBe('ConnectorProtocol');
      expect(error.message).toContain('https://api.attacker.example');
      expect(http.requests).toHaveLength(before.length + 1);
    });
  }

  test('ends when the vendor gives the same page again and again', async () => {
    const again: TestAnswer =
      pagination?.kind === 'linkHeader'
        ? { ...exchange, headers: { ...exchange.headers, link: `<${exchange.url}&page=2>; rel="next"` } }
        : exchange;
    const http = testHttp((_, index) => before[index] ?? again);
    const error = await failureOf(pull(connector, request, http));
    expect(error.code).toBe('ConnectorProtocol');
    expect(http.requests.length).toBeLessThanOrEqual(before.length + 3);
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
    const error = await failureOf(pull(connector, request, http));
    expect(error.code).toBe(code);
    expect(error.context).toMatchObject({ at: `${name}.${entityName}`, status });
    if (connector.errors?.requestId) expect(error.context.requestId).toBe('request-7');
    if (connector.errors?.message) expect(error.message).toContain('no: *** is not for you');
    if (code === 'RateLimitExceeded') expect(error.context.retryAfterSeconds).toBe(120);
    expect(http.requests).toHaveLength(before.length + tries);
  });

  test('shows no secret in logs or errors', async () => {
    const { ports } = await pull(connector, request, replay(fixture.exchanges));
    expect(ports.logged.length).toBeGreaterThan(0);
    expect(ports.logged.join('\n')).not.toContain(secret);
    const leaky = refusal(connector.errors?.message, `key ${secret}`);
    const http = testHttp(() => ({ status: 401, body: leaky }));
    const error = await failureOf(pull(connector, request, http));
    expect(JSON.stringify([error.message, error.context, error.stack])).not.toContain(secret);
  });

  test('has small and scrubbed fixtures', () => {
    for (const file of [`${entityName}.exchanges.json`, `${entityName}.records.json`]) {
      const text = fixtureText(folder, file);
      expect(text.length, file).toBeLessThanOrEqual(10 * 1024);
      const addresses = text.match(/[\w.+-]+@[\w-]+(\.[\w-]+)+/g) ?? [];
      expect(addresses.filter((address) => !/@example\.(com|org|net)$/.test(address))).toEqual([]);
      expect(text).not.toMatch(
        /\b(sk|rk|pk)_(live|test)_|\bgh[opsur]_\w{16}|\bgithub_pat_|\beyJ[\w-]{10,}\.|\bBearer /,
      );
    }
    const lists = fixture.exchanges.map(({ body }) => body);
    const longest = Math.max(...lists.map((body) => listLength(body)));
    expect(longest).toBeLessThanOrEqual(3);
    expect(lists.length).toBeLessThanOrEqual(5);
  });
});

function listLength(body: unknown): number {
  const list = Array.isArray(body) ? body : Object.values(body as object).find(Array.isArray);
  return list?.length ?? 0;
}

test('every declaration is in the registry', () => {
  const registered = declaredEntities.map(({ folder }) => folder);
  expect(new Set(registered)).toEqual(new Set(declarations.map(({ folder }) => folder)));
});

describe.each(declared)('$name', ({ name, connector }) => {
  const request: SourceRequest = {
    flowName: 'contract',
    connector: name,
    properties: {},
    settings: {},
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
        new URL(connector.baseUrl).origin,
      ]);
      const sent = Object.values(http.requests[0]?.headers ?? {}).join('\n');
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
