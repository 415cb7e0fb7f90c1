/**
 * What every connector that takes records must do, held against its fixtures `<entity>.<operation>.writes.json`: the requests
 * that discover the entity, records, the one request that they are sent in, its answer, and what that says of each record.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Connector,
  type DestinationRequest,
  TributaryError,
  type WriteOperation,
  type WriteResult,
  type WrittenRecord,
} from '#core';
import { destinationConnectors } from '../../connectors/registry.ts';
import { declaredDestination } from '../../engine/http/declared-destination.ts';
import { declared } from '../support/connector-fixtures.ts';
import { folderOf } from '../support/declarations.ts';
import { type Exchange, requestLine } from '../support/http-server.ts';
import { type TestAnswer, testHttp, testSourcePorts } from '../support/source-ports.ts';

interface WriteFixture {
  readonly settings: Readonly<Record<string, string>>;
  readonly idFieldNames: readonly string[];
  /** Requests that discover the entity. Default: none. */
  readonly describe?: readonly Exchange[];
  /** Names of the fields that the operation takes. */
  readonly fields: readonly string[];
  readonly records: readonly WrittenRecord[];
  readonly exchange: Exchange;
  readonly results: readonly WriteResult[];
}

const home = new URL('../../connectors/', import.meta.url);
const credentials = { accessToken: 'a-secret-token' };

const cases = declared
  .filter(({ name }) => destinationConnectors.includes(name))
  .flatMap(({ name, connector }) => {
    const folder = folderOf(connector) ?? 'missing';
    return readdirSync(new URL(`${folder}/fixtures/`, home)).flatMap((file) => {
      const [, entityName, operation] = /^(.+)\.([A-Z]+)\.writes\.json$/.exec(file) ?? [];
      if (entityName === undefined || operation === undefined) return [];
      const text = readFileSync(new URL(`${folder}/fixtures/${file}`, home), 'utf8');
      const fixture = JSON.parse(text) as WriteFixture;
      return [
        { title: `${name} ${entityName} ${operation}`, name, connector, entityName, operation, fixture },
      ];
    });
  });

function requestOf(
  name: string,
  entityName: string,
  operation: string,
  fixture: WriteFixture,
): DestinationRequest {
  return {
    flowName: 'test',
    connector: name,
    properties: {},
    settings: fixture.settings,
    entityName,
    operation: operation as WriteOperation,
    idFieldNames: fixture.idFieldNames,
    failOnFirstError: false,
  };
}

/** Answers the fixture's requests, the one that writes with `answer`. */
function vendorOf(fixture: WriteFixture, answer: TestAnswer = fixture.exchange) {
  const described = new Map((fixture.describe ?? []).map((exchange) => [requestLine(exchange), exchange]));
  const sent: string[] = [];
  const http = testHttp((request) => {
    const line = requestLine({
      url: request.url,
      method: request.method,
      ...(request.body !== undefined && { sent: String(request.body) }),
    });
    const known = described.get(line);
    if (known) return known;
    sent.push(line);
    expect(request.headers.authorization).toBe('Bearer a-secret-token');
    return answer;
  });
  const ports = testSourcePorts({ http, credentials });
  return { ports, sent };
}

async function writeWith(
  connector: Connector,
  request: DestinationRequest,
  { ports }: ReturnType<typeof vendorOf>,
  records: readonly WrittenRecord[],
): Promise<readonly WriteResult[]> {
  const destination = declaredDestination(connector, { random: () => 0 });
  const { kept } = await destination.describe(request, ports);
  const session = await destination.open(request, kept && JSON.parse(JSON.stringify(kept)), ports);
  return session.write(records);
}

it('every operation of every connector that takes records has a fixture', async () => {
  const missing: string[] = [];
  for (const { name, connector, entityName, operation, fixture } of cases) {
    const { ports } = vendorOf(fixture);
    const request = requestOf(name, entityName, operation, fixture);
    const { operations } = await declaredDestination(connector).describe(request, ports);
    for (const one of operations) {
      if (
        !cases.some(
          (tested) => tested.name === name && tested.entityName === entityName && tested.operation === one,
        )
      )
        missing.push(`${name} ${entityName} ${one}`);
    }
  }
  expect(missing).toEqual([]);
  expect(destinationConnectors.filter((name) => !cases.some((tested) => tested.name === name))).toEqual([]);
});

describe.each(cases)('$title', ({ name, connector, entityName, operation, fixture }) => {
  const request = requestOf(name, entityName, operation, fixture);

  it('sends its records in one request, and reads what became of each', async () => {
    const vendor = vendorOf(fixture);
    expect(await writeWith(connector, request, vendor, fixture.records)).toEqual(fixture.results);
    expect(vendor.sent).toEqual([requestLine(fixture.exchange)]);
    expect(vendor.ports.logged.join('\n')).not.toContain('a-secret-token');
  });

  it('says which fields it takes, and which identify a record', async () => {
    const { ports } = vendorOf(fixture);
    const { fields, batchSize } = await declaredDestination(connector).describe(request, ports);
    const taken = fields.filter(({ operations }) => operations.includes(operation as WriteOperation));
    expect(taken.map((field) => field.name)).toEqual(fixture.fields);
    expect(fixture.fields).toEqual(expect.arrayContaining([...fixture.idFieldNames]));
    for (const id of fixture.idFieldNames) {
      expect(fields.find((field) => field.name === id)?.identifies).toContain(operation);
    }
    expect(batchSize).toBeGreaterThan(0);
  });

  it.each([
    [401, 'InvalidCredentials'],
    [403, 'AccessDenied'],
    [404, 'ResourceNotFoundError'],
    [400, 'ClientError'],
    [500, 'ServerError'],
  ])('takes %i for %s', async (status, code) => {
    const vendor = vendorOf(fixture, { status, body: { message: 'no' } });
    await expect(writeWith(connector, request, vendor, fixture.records)).rejects.toMatchObject({ code });
  });

  it('hands on a rate limit with its time', async () => {
    const vendor = vendorOf(fixture, { status: 429, headers: { 'retry-after': '90' } });
    const refused = writeWith(connector, request, vendor, fixture.records);
    await expect(refused).rejects.toMatchObject({
      code: 'RateLimitExceeded',
      context: { retryAfterSeconds: 90 },
    });
  });

  it('refuses an answer that does not tell of each record', async () => {
    const vendor = vendorOf({ ...fixture, records: [] });
    const refused = writeWith(connector, request, vendor, [...fixture.records, ...fixture.records]);
    await expect(refused).rejects.toThrow(TributaryError);
    await expect(refused).rejects.toMatchObject({ code: 'ConnectorProtocol' });
  });
});
