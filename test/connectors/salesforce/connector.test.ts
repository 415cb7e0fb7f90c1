import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { FilterCondition, JsonObject, SourceRequest } from '#core';
import { loadConnector } from '../../../connectors/registry.ts';
import { salesforce } from '../../../connectors/salesforce/connector.ts';
import { readFlow } from '../../../core/flow/read.ts';
import { grantOf, schemeOf } from '../../../engine/credentials/grant.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { localHome } from '../../../local/home.ts';
import { runFlow } from '../../../local/run-flow.ts';
import { fixtureOf, recordsOf } from '../../support/connector-fixtures.ts';
import { startServer } from '../../support/http-server.ts';
import {
  allRows,
  type TestAnswer,
  testClock,
  testHttp,
  testSourcePorts,
} from '../../support/source-ports.ts';

const base = 'https://acme.my.salesforce.com';
const source = declaredSource(salesforce, { random: () => 0 });

/** Query of an address, or what else is asked for. */
function lineOf(method: string, url: string, body: unknown): string {
  const { pathname, search } = new URL(url);
  const query = search ? ` ${decodeURIComponent(search.slice(1))}` : '';
  return `${method} ${pathname.replace('/services/data/v58.0', '')}${query}${body ? ` ${body}` : ''}`;
}

function setup(answer: (line: string) => TestAnswer | undefined, described: object = account) {
  const lines: string[] = [];
  const http = testHttp(({ method, url, body }) => {
    const line = lineOf(method, url, body);
    lines.push(line);
    if (line.includes('/describe')) return { body: described };
    return answer(line) ?? new Error(`unexpected: ${line}`);
  });
  return { lines, ports: testSourcePorts({ http, credentials: { accessToken: 'token' } }) };
}

const request = (properties: JsonObject, more: Partial<SourceRequest> = {}): SourceRequest => ({
  flowName: 'f',
  connector: 'Salesforce',
  properties: { object: 'Account', ...properties },
  settings: { instanceUrl: base },
  fields: ['Id'],
  filters: [],
  window: { end: 0 },
  ...more,
});

async function rowsOf(asked: SourceRequest, ports: ReturnType<typeof setup>['ports']) {
  const { splits } = await source.describe(asked, ports);
  const rows: unknown[] = [];
  for (const split of splits) {
    const session = await source.open(asked, split, ports);
    rows.push(...(await allRows(session)));
  }
  return rows;
}

const field = (name: string, type: string, more: object = {}) => ({
  name,
  label: name,
  type,
  filterable: true,
  deprecatedAndHidden: false,
  ...more,
});
const account = {
  name: 'Account',
  label: 'Account',
  queryable: true,
  fields: [
    field('Id', 'id'),
    field('Name', 'string'),
    field('OwnerId', 'reference'),
    field('Tags__c', 'multipicklist'),
    field('Amount', 'currency'),
    field('Closed', 'date'),
    field('Active', 'boolean'),
    field('Notes', 'textarea', { filterable: false }),
    field('Body', 'base64'),
    field('Gone__c', 'string', { deprecatedAndHidden: true }),
    field('Site__c', 'location'),
    field('Site__Latitude__s', 'double', { compoundFieldName: 'Site__c' }),
    field('Site__Longitude__s', 'double', { compoundFieldName: 'Site__c' }),
    field('CreatedDate', 'datetime'),
    field('LastModifiedDate', 'datetime'),
    field('SystemModstamp', 'datetime'),
  ],
};

const none: TestAnswer = { body: { totalSize: 0, done: true, records: [] } };
const csv = (text: string, locator = 'null'): TestAnswer => ({
  headers: { 'content-type': 'text/csv', 'sforce-locator': locator },
  body: text,
});
const job = { id: '750R0000000zlh9IAA', state: 'UploadComplete' };

describe('one output', () => {
  test('comes of the REST API and of the Bulk API', async () => {
    const { exchanges } = fixtureOf('salesforce', 'Account');
    const rest = exchanges.filter(({ url }) => /v58.0\/query/.test(url) && !url.includes('COUNT'));
    const [described] = exchanges;
    // The vendor's forms of CSV: everything in quotes, nothing as "", moments in Zulu time, doubles with a point or an exponent.
    const head =
      '"Id","IsDeleted","Name","Type","BillingStreet","BillingCity","BillingPostalCode","BillingCountry","BillingLatitude","BillingLongitude","AnnualRevenue","NumberOfEmployees","Description","SLAExpirationDate__c","SupportFrom__c","CreatedDate","SystemModstamp"\n';
    const parts = [
      `${head}"001D000000IRFmaIAH","false","Burlington Textiles","Customer - Direct","525 S. Lexington Ave","Burlington","27215","USA","36.0957","-79.4378","3.5E8","9000","Fabric, ""yarn""\nand thread","2024-06-30","08:30:00.000Z","2024-04-30T09:00:00.000Z","2024-05-01T10:11:12.000Z"\n"001D000000IomazIAB","false","Edge Communications","Customer - Channel","312 Constitution Place","Austin","","USA","","","1.390000005E8","1000","","","","2024-04-30T09:00:00.000Z","2024-05-01T10:11:13.000Z"\n`,
      `${head}"001D000000JoHnAIAV","false","Pyramid Construction Inc.","","","","","","","","","","","","","2024-04-30T09:00:00.000Z","2024-05-01T20:00:00.000Z"\n`,
    ];
    const read = async (dataTransferApi: string) => {
      let page = 0;
      const answer = (line: string): TestAnswer | undefined => {
        if (line.startsWith('GET /query')) return rest[page++];
        if (line.startsWith('POST /jobs/query ')) return { body: job };
        if (line.endsWith('9IAA')) return { body: { ...job, state: 'JobComplete' } };
        return line.endsWith('locator=Mg') ? csv(parts[1] ?? '') : csv(parts[0] ?? '', 'Mg');
      };
      const { ports, lines } = setup(answer, described?.body as object);
      return { rows: await rowsOf(request({ dataTransferApi }, { fields: ['*'] }), ports), lines };
    };
    const [byRest, byBulk] = [await read('REST_SYNC'), await read('BULKV2')];
    expect(byRest.lines.some((line) => line.includes('/jobs/'))).toBe(false);
    expect(byBulk.lines.slice(2)).toEqual([
      'GET /jobs/query/750R0000000zlh9IAA',
      'GET /jobs/query/750R0000000zlh9IAA/results maxRecords=5000',
      'GET /jobs/query/750R0000000zlh9IAA/results maxRecords=5000&locator=Mg',
    ]);
    expect(byBulk.rows).toEqual(byRest.rows);
    expect(byBulk.rows.flat()).toEqual(recordsOf('salesforce', 'Account'));
  });
});

test('any record is the same by either API', async () => {
  const described = {
    ...account,
    fields: [
      'Id id',
      'Text string',
      'Amount double',
      'Count int',
      'Flag boolean',
      'Day date',
      'At datetime',
      'Hour time',
    ].map((text) => field(...(text.split(' ') as [string, string]))),
  };
  const names = described.fields.map(({ name }) => name);
  // Salesforce keeps no empty text: it is null.
  const text = fc.string({ unit: 'grapheme', minLength: 1 });
  const moment = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
  const record = fc.record({
    Text: maybe(text),
    Amount: maybe(fc.double({ noNaN: true, noDefaultInfinity: true })),
    Count: maybe(fc.integer()),
    Flag: fc.boolean(),
    at: maybe(moment),
  });
  const read = (dataTransferApi: string, listed: TestAnswer) => {
    const { ports } = setup((line) => {
      if (line.startsWith('POST')) return { body: job };
      return line.endsWith('9IAA') ? { body: { ...job, state: 'JobComplete' } } : listed;
    }, described);
    return rowsOf(request({ dataTransferApi }, { fields: names }), ports);
  };
  await fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1 }), async (all) => {
      const forms = all.map(({ at, ...rest }, index) => {
        const iso = at?.toISOString() ?? null;
        const same = {
          Id: `00${index}`,
          ...rest,
          Day: iso?.slice(0, 10) ?? null,
          Hour: iso?.slice(11) ?? null,
        };
        return { rest: { ...same, At: iso?.replace('Z', '+0000') ?? null }, bulk: { ...same, At: iso } };
      });
      const lines = forms.map(({ bulk }) =>
        names
          .map((name) => `"${String(bulk[name as keyof typeof bulk] ?? '').replaceAll('"', '""')}"`)
          .join(),
      );
      const records = forms.map(({ rest }) => rest);
      const byRest = await read('REST_SYNC', { body: { totalSize: all.length, done: true, records } });
      expect(byRest).toHaveLength(all.length);
      expect(
        await read('BULKV2', csv(`${[names.map((name) => `"${name}"`).join(), ...lines].join('\n')}\n`)),
      ).toEqual(byRest);
    }),
  );
});

describe('the flow says', () => {
  const query = (select: string, operation = 'query') => `GET /${operation} q=SELECT ${select} FROM Account`;

  test.each([
    [{ dataTransferApi: 'REST_SYNC' }, query('Id, SystemModstamp')],
    [{ dataTransferApi: 'REST_SYNC', includeDeletedRecords: false }, query('Id, SystemModstamp')],
    [{ dataTransferApi: 'REST_SYNC', includeDeletedRecords: true }, query('Id, SystemModstamp', 'queryAll')],
    [
      { dataTransferApi: 'BULKV2', includeDeletedRecords: true },
      'POST /jobs/query {"operation":"queryAll","query":"SELECT Id, SystemModstamp FROM Account"}',
    ],
    [
      { customProperties: { includeDeletedRecords: 'true' }, dataTransferApi: { Type: 'SYNC' } },
      query('Id, SystemModstamp', 'queryAll'),
    ],
  ])('how to read: %j', async (properties, line) => {
    const { lines, ports } = setup((asked) => {
      if (asked.startsWith('POST')) return { body: job };
      if (asked.endsWith('9IAA')) return { body: { ...job, state: 'JobComplete' } };
      return asked.includes('/results') ? csv('"Id","SystemModstamp"\n') : none;
    });
    await rowsOf(request(properties), ports);
    expect(lines[1]).toBe(line);
  });

  test.each([
    [999_999, 'GET /query q=SELECT Id, SystemModstamp FROM Account'],
    [1_000_000, 'POST /jobs/query {"operation":"query","query":"SELECT Id, SystemModstamp FROM Account"}'],
  ])('nothing: %i records decide', async (totalSize, line) => {
    const { lines, ports } = setup((asked) => {
      if (asked.includes('COUNT()')) return { body: { totalSize, done: true, records: [] } };
      if (asked.startsWith('POST')) return { body: job };
      if (asked.endsWith('9IAA')) return { body: { ...job, state: 'JobComplete' } };
      return asked.includes('/results') ? csv('"Id","SystemModstamp"\n') : none;
    });
    await rowsOf(request({}), ports);
    expect(lines.slice(1, 3)).toEqual(['GET /query q=SELECT COUNT() FROM Account', line]);
  });

  test('nothing: more fields than an address holds are read by a job', async () => {
    const wide = { ...account, fields: [field('Id', 'id')] };
    for (let n = 0; n < 400; n++) wide.fields.push(field(`A_rather_long_name_of_a_field_${n}__c`, 'string'));
    const { lines, ports } = setup((line) => (line.includes('COUNT()') ? none : { body: job }), wide);
    // As in a run: the fields are known when the list is opened.
    const [split = {}] = (await source.describe(request({}), ports)).splits;
    await (await source.open(request({}, { fields: ['*'] }), split, ports)).read(undefined);
    expect(lines.at(-1)).toMatch(/^POST \/jobs\/query .*A_rather_long_name_of_a_field_399__c FROM Account"/);
    await (await source.open(request({}, { fields: ['Id'] }), split, ports)).read(undefined).catch(() => {});
    expect(lines.at(-1)).toBe('GET /query q=SELECT Id FROM Account');
  });

  test('which stamp the window is on', async () => {
    const window = { start: Date.UTC(2024, 4, 1, 0, 0, 0, 500), end: Date.UTC(2024, 4, 2) };
    const { lines, ports } = setup(() => none);
    const asked = { window, incrementalField: 'LastModifiedDate' };
    const description = await source.describe(request({ dataTransferApi: 'REST_SYNC' }, asked), ports);
    expect(description).toMatchObject({ incrementalField: 'LastModifiedDate', appliesWindow: false });
    await rowsOf(request({ dataTransferApi: 'REST_SYNC' }, asked), ports);
    // Whole seconds are all that a query can name: the engine drops what is too much.
    expect(lines.at(-1)).toBe(
      'GET /query q=SELECT Id, LastModifiedDate FROM Account WHERE LastModifiedDate >= 2024-05-01T00:00:00Z AND LastModifiedDate < 2024-05-02T00:00:00Z',
    );
    const wrong = request({ dataTransferApi: 'REST_SYNC' }, { window, incrementalField: 'Closed' });
    await expect(source.describe(wrong, ports)).rejects.toThrow(
      'got Closed; expected SystemModstamp or CreatedDate or LastModifiedDate',
    );
  });

  test('waits for transactions that may still be open', async () => {
    const window = { start: 0, end: Date.UTC(2024, 4, 2) };
    const { ports } = setup((line) =>
      line === 'GET /services/data' ? { headers: { date: 'Wed, 01 May 2024 23:50:00 GMT' }, body: [] } : none,
    );
    const { completeUntil } = await source.describe(request({}, { window }), ports);
    expect(completeUntil).toBe(Date.UTC(2024, 4, 1, 23, 40));
  });
});

const is = (
  name: string,
  operator: FilterCondition['operator'],
  type: FilterCondition['type'],
  ...values: string[]
): FilterCondition => ({ field: name, operator, type, values });

test('filters are pushed down where SOQL compares as AppFlow does, or narrows', async () => {
  const { lines, ports } = setup(() => none);
  const filters = [
    is('Amount', 'GREATER_THAN', 'Double', '5.5'),
    is('Closed', 'BETWEEN', 'Date', '2024-01-01', '2024-12-31'),
    is('Active', 'NOT_EQUAL_TO', 'Boolean', 'true'),
    is('Name', 'EQUAL_TO', 'String', "Bob's", 'Ann'),
    is('Tags__c', 'EQUAL_TO', 'String', 'A;B'),
    is('CreatedDate', 'LESS_THAN', 'DateTime', '2024-05-01T10:00:00.500Z'),
    // The engine's: without regard to case, less would come; and what cannot be asked for.
    is('Name', 'NOT_EQUAL_TO', 'String', 'x'),
    is('OwnerId', 'CONTAINS', 'String', '005'),
    is('Tags__c', 'CONTAINS', 'String', 'A'),
    is('Notes', 'CONTAINS', 'String', 'a'),
    is('Name', 'GREATER_THAN', 'String', 'a'),
  ];
  const asked = request({ dataTransferApi: 'REST_SYNC' }, { filters });
  expect((await source.describe(asked, ports)).appliedFilters).toEqual([0, 1, 2]);
  await rowsOf(asked, ports);
  expect(lines.at(-1)).toBe(
    [
      'GET /query q=SELECT Id, SystemModstamp FROM Account WHERE Amount > 5.5',
      'Closed >= 2024-01-01 AND Closed <= 2024-12-31',
      'Active != true',
      String.raw`Name IN ('Bob\'s', 'Ann')`,
      "Tags__c = 'A;B'",
      'CreatedDate < 2024-05-01T10:00:01Z',
    ].join(' AND '),
  );
});

test('an object is described with what both APIs can read, compound fields by their parts', async () => {
  const { ports } = setup(() => none);
  const { fields, primaryKey, incrementalField } = await source.describe(
    request({}, { fieldsOnly: true }),
    ports,
  );
  expect(fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'Id String',
    'Name String',
    'OwnerId String',
    'Tags__c String',
    'Amount Double',
    'Closed Date',
    'Active Boolean',
    'Notes String',
    'Site__c Struct',
    'Site__Latitude__s Double',
    'Site__Longitude__s Double',
    'CreatedDate DateTime',
    'LastModifiedDate DateTime',
    'SystemModstamp DateTime',
  ]);
  expect(primaryKey).toEqual(['Id']);
  expect(incrementalField).toBe('SystemModstamp');

  const record = { Id: '1', Site__Latitude__s: 1.5, Site__Longitude__s: -2 };
  const at = setup(() => ({ body: { totalSize: 1, done: true, records: [record] } }));
  const asked = request({ dataTransferApi: 'REST_SYNC' }, { fields: ['Site__c', 'Site__c.latitude'] });
  expect(await rowsOf(asked, at.ports)).toEqual([[{ latitude: 1.5, longitude: -2 }, 1.5]]);
  expect(at.lines.at(-1)).toBe(
    'GET /query q=SELECT Site__Latitude__s, Site__Longitude__s, Id, SystemModstamp FROM Account',
  );
});

test('objects that cannot be queried are no entities', async () => {
  const sobjects = [
    { name: 'Account', label: 'Account', queryable: true },
    { name: 'AccountChangeEvent', label: 'Account Change Event', queryable: false },
  ];
  const { ports } = setup(() => ({ body: { sobjects } }), { ...account, queryable: false });
  expect(await source.listEntities(request({}), undefined, ports)).toEqual([
    { name: 'Account', label: 'Account', hasNestedEntities: false },
  ]);
  await expect(source.describe(request({ object: 'AccountChangeEvent' }), ports)).rejects.toThrow(
    'there is no such entity; got AccountChangeEvent',
  );
  await expect(source.describe(request({ object: '../limits' }), ports)).rejects.toThrow(
    'there is no such entity',
  );
});

test.each([
  [403, 'REQUEST_LIMIT_EXCEEDED', 'RateLimitExceeded', 300],
  [401, 'INVALID_SESSION_ID', 'InvalidCredentials', undefined],
  [403, 'API_DISABLED_FOR_ORG', 'AccessDenied', undefined],
  [403, 'INSUFFICIENT_ACCESS', 'AccessDenied', undefined],
  [400, 'INVALID_FIELD', 'SchemaChanged', undefined],
  [400, 'INVALID_TYPE', 'ResourceNotFoundError', undefined],
  [404, 'NOT_FOUND', 'ResourceNotFoundError', undefined],
  [400, 'MALFORMED_QUERY', 'ClientError', undefined],
  [400, 'INVALID_QUERY_LOCATOR', 'ClientError', undefined],
  [400, 'QUERY_TIMEOUT', 'RequestTimeout', undefined],
  [503, 'SERVER_UNAVAILABLE', 'ServiceUnavailable', undefined],
])('%i %s is %s', async (status, errorCode, code, retryAfterSeconds) => {
  const { ports } = setup(() => ({ status, body: [{ message: 'so it is', errorCode }] }));
  const failure = await rowsOf(request({ dataTransferApi: 'REST_SYNC' }), ports).catch((error) => error);
  expect(failure).toMatchObject({ code, context: { status, vendorCode: errorCode } });
  expect(failure.message).toContain('so it is');
  expect(failure.context.retryAfterSeconds).toBe(retryAfterSeconds);
});

test('tokens come from the instance, by the grant whose credentials there are', () => {
  const grant = (credentials: Record<string, string>, settings: Record<string, string> = {}) => {
    const scheme = schemeOf(salesforce, { clientId: 'app', ...credentials });
    if (scheme.kind !== 'oauth2') throw new Error(scheme.kind);
    return grantOf(salesforce, scheme, request({}, { settings: { instanceUrl: base, ...settings } }));
  };
  expect(grant({ refreshToken: 'r' })).toMatchObject({
    grant: 'authorizationCode',
    authorizeUrl: `${base}/services/oauth2/authorize`,
    tokenUrl: `${base}/services/oauth2/token`,
  });
  expect(grant({ privateKey: 'k' })).toMatchObject({
    grant: 'jwtBearer',
    tokenUrl: `${base}/services/oauth2/token`,
    audience: 'https://login.salesforce.com',
  });
  const audience = 'https://test.salesforce.com';
  expect(grant({ privateKey: 'k' }, { audience })).toMatchObject({ audience });
  expect(grant({ clientSecret: 's' })).toMatchObject({ grant: 'clientCredentials' });
  expect(() => grant({ refreshToken: 'r' }, { instanceUrl: 'https://salesforce.example' })).toThrow(
    "the settings lead to a host that is not the vendor's; got salesforce.example",
  );
});

describe('a run by the Bulk API', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tributary-salesforce-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, 's3', 'lake'), { recursive: true });

  test('waits for its job without holding a function, and goes on with it when it is killed', async () => {
    let looks = 0;
    const lines: string[] = [];
    const server = await startServer(async (incoming, response) => {
      let sent = '';
      for await (const chunk of incoming) sent += chunk;
      const line = lineOf(incoming.method ?? '', `http://x${incoming.url}`, sent);
      lines.push(line);
      const answer = (body: unknown, headers = {}) => {
        response.writeHead(200, headers);
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      };
      if (line.includes('/describe')) return answer(account);
      if (line.startsWith('POST')) return answer(job);
      if (line.endsWith('9IAA')) return answer({ ...job, state: ++looks > 7 ? 'JobComplete' : 'InProgress' });
      const first = !line.includes('locator');
      const head = '"Id","Name","SystemModstamp"\n';
      return answer(`${head}${first ? '"1","Ann",""\n"2","",""\n' : '"3","Bob",""\n'}`, {
        'content-type': 'text/csv',
        'sforce-locator': first ? 'Mg' : 'null',
      });
    });
    const connection = {
      connectorProfileName: 'sf',
      connectorType: 'Salesforce',
      connectorProfileProperties: { instanceUrl: base },
      endpoint: server.endpoint,
      credentials: { accessToken: '${env:TOKEN}' },
    };
    writeFileSync(path.join(folder, 'sf.json'), JSON.stringify(connection));
    const flow = {
      flowName: 'accounts',
      triggerConfig: { triggerType: 'OnDemand' },
      sourceFlowConfig: {
        connectorType: 'Salesforce',
        connectorProfileName: 'sf',
        sourceConnectorProperties: { Salesforce: { object: 'Account', dataTransferApi: 'BULKV2' } },
      },
      destinationFlowConfigList: [
        { connectorType: 'S3', destinationConnectorProperties: { S3: { bucketName: 'lake' } } },
      ],
      tasks: [
        {
          taskType: 'Filter',
          sourceFields: ['Id', 'Name'],
          connectorOperator: { Salesforce: 'PROJECTION' },
        },
        ...['Id', 'Name'].map((name) => ({
          taskType: 'Map',
          sourceFields: [name],
          destinationField: name.toLowerCase(),
          connectorOperator: { Salesforce: 'NO_OP' },
        })),
      ],
    };
    const home = localHome({
      home: folder,
      connectionFolders: [folder],
      env: { TOKEN: 'the-token' },
      clock: testClock(Date.UTC(2024, 4, 2)),
      loadConnector,
    });
    const waits: number[] = [];
    let killed = 0;
    try {
      const result = await runFlow(readFlow(JSON.stringify(flow), 'flow.json'), home, {
        onWait: (_, seconds) => waits.push(seconds),
        // Each TransferBatch dies once behind its work, before anybody hears of it.
        async aroundStep(step, run) {
          const done = await run();
          if (step !== 'TransferBatch' || killed++ % 2 === 1) return done;
          throw Object.assign(new Error('killed'), { name: 'Lambda.Unknown' });
        },
      });
      expect(result.error).toBeNull();
      const texts = await Promise.all(
        result.objects.map(async (object) => {
          const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(object) ?? [];
          return Buffer.from(await home.objects.read(bucket, key)).toString();
        }),
      );
      expect(texts.join('')).toBe(
        '{"id":"1","name":"Ann"}\n{"id":"2","name":null}\n{"id":"3","name":"Bob"}\n',
      );
    } finally {
      await server.close();
    }
    expect(killed).toBeGreaterThan(2);
    expect(waits.filter((seconds) => seconds === 60).length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.startsWith('POST'))).toEqual([
      'POST /jobs/query {"operation":"query","query":"SELECT Id, Name, SystemModstamp FROM Account"}',
    ]);
  });
});
