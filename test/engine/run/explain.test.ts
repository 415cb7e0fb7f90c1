import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Http, TributaryError } from '#core';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { noRecords } from '../../../core/records.ts';
import { nodeHttp } from '../../../engine/http/node-http.ts';
import { requestCancel } from '../../../engine/run/close.ts';
import { explainRun } from '../../../engine/run/explain.ts';
import { type FlowState, flowKey, type Run, readRun, type Slot } from '../../../engine/run/run.ts';
import { ExecutionFailed } from '../../../local/interpreter.ts';
import {
  dying,
  executionId,
  explained,
  failing,
  ofAws,
  type ShopOptions,
  shop,
  shopFlow,
  shopHome,
} from '../../support/faults.ts';
import { s3Flow } from '../../support/flows.ts';
import { type LocalServer, startServer } from '../../support/http-server.ts';
import { type MemoryHome, memoryHome, type RunOptions } from '../../support/memory-home.ts';
import { scriptedDestination } from '../../support/scripted-destination.ts';

const nothingWritten = 'nothing was written';

interface Fault {
  readonly what: string;
  /** code, cause, advice and the step that failed. */
  readonly is: readonly [
    code: string,
    cause: string,
    retry: 'now' | 'later' | 'afterFix',
    step: string | null,
  ];
  readonly flow?: FlowDefinition;
  /** Objects of s3://inbox/in. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly home?: () => MemoryHome;
  readonly run?: (home: MemoryHome, flow: FlowDefinition) => RunOptions | Promise<RunOptions>;
  /** Default {@link nothingWritten}. */
  readonly data?: string;
}

const fields = { id: 'id', name: 'name' };
const csv = s3Flow({ fields });
const jsonLines = s3Flow({ fields, input: 'JSON' });
const catalogued = s3Flow({
  fields,
  more: {
    metadataCatalogConfig: {
      glueDataCatalog: {
        databaseName: 'db',
        roleArn: 'arn:aws:iam::123456789012:role/glue',
        tablePrefix: 'orders',
      },
    },
  },
});
const good = { 'a.csv': 'id,name\n1,a\n2,b\n' };
const s3Home = (): MemoryHome => memoryHome({ buckets: ['inbox', 'lake'] });

async function explanationOf(fault: Fault) {
  const { flow = csv, files = good, home = s3Home, run = () => ({}) } = fault;
  const at = home();
  for (const [key, body] of Object.entries(files)) {
    if (await at.objects.bucketExists('inbox')) await at.objects.put('inbox', `in/${key}`, body);
  }
  await at.run(flow, await run(at, flow));
  return explained(at, flow, flow === shopFlow ? shop : undefined);
}

async function expectCause(fault: Fault): Promise<void> {
  const told = await explanationOf(fault);
  const { failed, cause, retry } = told;
  expect([failed?.code, cause?.name, retry?.advice, failed?.step]).toEqual(fault.is);
  expect(told.data).toBe(fault.data ?? nothingWritten);
  expect(told.fix ?? '').not.toBe('');
  expect(`${cause?.text} ${told.fix}`).not.toMatch(/[{}]|undefined/);
}

const validation = {
  taskType: 'Validate',
  sourceFields: ['name'],
  connectorOperator: { S3: 'VALIDATE_NON_NULL' },
  taskProperties: { VALIDATION_ACTION: 'TerminateFlow' },
};

const dataFaults: readonly Fault[] = [
  {
    what: 'a ragged CSV record',
    files: { 'a.csv': 'id,name\n1,a\n2\n' },
    is: ['SourceDataInvalid', 'raggedRecord', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'a quote that is never closed',
    files: { 'a.csv': 'id,name\n1,"a\n2,b\n' },
    is: ['SourceDataInvalid', 'quoteOpen', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'two columns of one name',
    files: { 'a.csv': 'id,id\n1,a\n' },
    is: ['SourceDataInvalid', 'headerWrong', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'Latin-1',
    files: { 'a.csv': Buffer.from('id,name\n1,\xe9\n', 'latin1') },
    is: ['SourceDataInvalid', 'notUtf8', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'UTF-16',
    files: { 'a.csv': Buffer.from('\ufeffid,name\n1,a\n', 'utf16le') },
    is: ['SourceDataInvalid', 'notUtf8', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'a JSON line that is cut off',
    flow: jsonLines,
    files: { 'a.json': '{"id":1,"name":"a"}\n{"id":2,"na' },
    is: ['SourceDataInvalid', 'jsonBroken', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'one array of all records',
    flow: jsonLines,
    files: { 'a.json': '[{"id":1,"name":"a"}]\n' },
    is: ['SourceDataInvalid', 'jsonBroken', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'a gzip file that is cut off',
    files: { 'a.csv.gz': gzipSync('id,name\n1,a\n2,b\n').subarray(0, -9) },
    is: ['SourceDataInvalid', 'gzipBroken', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'a record that is too long',
    flow: { ...csv, tributary: { memorySize: 128 } },
    files: { 'a.csv': `id,name\n1,${'x'.repeat(2 ** 23)}\n` },
    is: ['SourceDataInvalid', 'recordTooLong', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'a field that is gone',
    files: { 'a.csv': 'id,title\n1,a\n' },
    is: ['SchemaChanged', 'fieldGone', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'a file that is replaced while it is read',
    run: (home) => ({
      aroundStep: async (step, run) => {
        if (step === 'TransferBatch') await home.objects.put('inbox', 'in/a.csv', 'id,name\n3,c\n');
        return run();
      },
    }),
    is: ['SourceDataInvalid', 'changedWhileRead', 'now', 'TransferBatch'],
  },
  {
    what: 'a record that fails a validation',
    flow: s3Flow({ fields, tasks: [validation] }),
    files: { 'a.csv': 'id,name\n1,a\n2,\n' },
    is: ['ValidationTerminated', 'validationFailed', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'no file at all',
    files: {},
    is: ['ResourceNotFoundError', 'sourceEmpty', 'afterFix', 'DescribeSource'],
  },
];

const flowFaults: readonly Fault[] = [
  {
    what: 'an incremental pull without a field for its window',
    flow: {
      ...shopFlow,
      triggerConfig: {
        triggerType: 'Scheduled',
        triggerProperties: {
          Scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' },
        },
      },
    },
    home: () => shopHome(vendor({ body: { orders: [] } })),
    is: ['FlowInvalid', 'definitionInvalid', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'a flow that has moved',
    flow: s3Flow({ fields }),
    run: async (home) => {
      const before = s3Flow({ fields, more: {} });
      const elsewhere = structuredClone(before) as {
        destinationFlowConfigList: { destinationConnectorProperties: { S3?: { bucketPrefix?: string } } }[];
      };
      const s3 = elsewhere.destinationFlowConfigList[0]?.destinationConnectorProperties.S3;
      if (s3) s3.bucketPrefix = 'elsewhere';
      await home.run(elsewhere as FlowDefinition, { name: '99999999-2222-4333-8444-555555555555' });
      return {};
    },
    is: ['FlowInvalid', 'flowMoved', 'afterFix', 'StartRun'],
  },
  {
    what: 'an input that is none of a run',
    run: () => ({ input: { limit: 3 } as never }),
    is: ['InvalidArgument', 'inputInvalid', 'afterFix', 'StartRun'],
  },
  {
    what: 'a window that ends before it begins',
    run: () => ({ input: { parameters: { from: 2_000, to: 1_000 } } }),
    is: ['InvalidArgument', 'windowEmpty', 'afterFix', 'StartRun'],
  },
];

const inS3 = 's3://inbox/in/a.csv';
const awsFaults: readonly Fault[] = [
  {
    what: 'no source bucket',
    home: () => memoryHome({ buckets: ['lake'] }),
    is: ['ResourceNotFoundError', 'bucketMissing', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'no destination bucket',
    home: () => memoryHome({ buckets: ['inbox'] }),
    is: ['ResourceNotFoundError', 'destinationBucketMissing', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'a source that may not be read',
    run: () => failing('TransferBatch', 'objects.stream', ofAws('AccessDenied', 's3:GetObject', inS3)),
    is: ['AccessDenied', 'sourceBucketDenied', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'state that may not be written',
    run: () =>
      failing(
        'TransferBatch',
        'objects.put',
        ofAws('AccessDenied', 's3:PutObject', 's3://tributary-state/segments/x'),
      ),
    is: ['AccessDenied', 'stateBucketDenied', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'a state table that may not be written',
    run: () =>
      failing(
        'TransferBatch',
        'state.write',
        ofAws('AccessDeniedException', 'dynamodb:TransactWriteItems', 'tributary-state'),
      ),
    is: ['AccessDenied', 'stateTableDenied', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'a bucket whose key may not be used',
    run: () =>
      failing(
        'TransferBatch',
        'objects.stream',
        ofAws(
          'AccessDenied',
          's3:GetObject',
          inS3,
          'User is not authorized to perform: kms:Decrypt on this resource',
        ),
      ),
    is: ['AccessDenied', 'keyDenied', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'a key that is about to be deleted',
    run: () =>
      failing('TransferBatch', 'objects.stream', ofAws('KMS.KMSInvalidStateException', 's3:GetObject', inS3)),
    is: ['AccessDenied', 'keyDenied', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'a signing key that may not be used',
    run: () =>
      failing(
        'CommitOutput',
        'signer.sign',
        ofAws('AccessDeniedException', 'kms:Sign', 'alias/tributary-signing'),
      ),
    is: ['AccessDenied', 'keyDenied', 'afterFix', 'CommitOutput'],
  },
  {
    what: 'a session of AWS that has ended',
    run: () =>
      failing('DescribeSource', 'objects.list', ofAws('ExpiredToken', 's3:ListBucket', 's3://inbox')),
    is: ['InvalidCredentials', 'awsCredentialsExpired', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'a clock that AWS does not believe',
    run: () =>
      failing('DescribeSource', 'objects.list', ofAws('RequestTimeTooSkewed', 's3:ListBucket', 's3://inbox')),
    is: ['InvalidCredentials', 'clockWrong', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'a bucket of another region',
    run: () =>
      failing(
        'DescribeSource',
        'objects.list',
        new TributaryError('ClientError', 's3:ListBucket failed: use the specified endpoint', {
          at: 's3://inbox',
          status: 301,
          vendorCode: 'PermanentRedirect',
        }),
      ),
    is: ['ClientError', 'wrongRegion', 'afterFix', 'DescribeSource'],
  },
  {
    what: 'S3 that throttles without an end',
    run: () =>
      failing('TransferBatch', 'objects.put', ofAws('SlowDown', 's3:PutObject', 's3://tributary-state/x')),
    is: ['StorageUnavailable', 'awsUnavailable', 'later', 'TransferBatch'],
  },
  {
    what: 'a full disk',
    run: () =>
      failing(
        'TransferBatch',
        'objects.put',
        new TributaryError('StorageUnavailable', 'the file system refused', {
          at: '/home/eva/.tributary',
          got: 'ENOSPC',
          fix: 'make room on the disk',
        }),
      ),
    is: ['StorageUnavailable', 'diskFull', 'afterFix', 'TransferBatch'],
  },
  {
    what: 'a destination that may not be written',
    run: ({ objects }) => {
      const put = objects.put.bind(objects);
      objects.put = async (bucket, ...more) => {
        if (bucket === 'lake') throw ofAws('AccessDenied', 's3:PutObject', 's3://lake/out/x');
        return put(bucket, ...more);
      };
      return {};
    },
    is: ['AccessDenied', 'destinationBucketDenied', 'afterFix', 'CommitOutput'],
    data: 'a part of the objects may be there; the next start of the flow, or the settlement, finishes the commit with the same bytes',
  },
  {
    what: 'a catalog that may not be changed',
    flow: catalogued,
    run: () =>
      failing(
        'CatalogOutput',
        'catalog.putTable',
        ofAws('AccessDeniedException', 'glue:CreateTable', 'db.orders'),
      ),
    is: ['AccessDenied', 'catalogDenied', 'afterFix', 'CatalogOutput'],
    data: '2 records in 1 object written; the catalog is behind, the next run registers what is missing before its own',
  },
  {
    what: 'no such Glue database',
    flow: catalogued,
    run: () =>
      failing(
        'CatalogOutput',
        'catalog.putTable',
        ofAws('EntityNotFoundException', 'glue:CreateTable', 'db.orders', 'Database db not found'),
      ),
    is: ['ResourceNotFoundError', 'catalogDatabaseMissing', 'afterFix', 'CatalogOutput'],
    data: '2 records in 1 object written; the catalog is behind, the next run registers what is missing before its own',
  },
  {
    what: 'more tables than the account may have',
    flow: catalogued,
    run: () =>
      failing(
        'CatalogOutput',
        'catalog.putTable',
        ofAws('ResourceNumberLimitExceededException', 'glue:CreateTable', 'db.orders'),
      ),
    is: ['ClientError', 'awsQuota', 'afterFix', 'CatalogOutput'],
    data: '2 records in 1 object written; the catalog is behind, the next run registers what is missing before its own',
  },
];

type Answer = Partial<Omit<Awaited<ReturnType<Http['send']>>, 'body'>> & { readonly body?: unknown };
const jsonType = { 'content-type': 'application/json' };

/** The token endpoint gives a token unless told otherwise; all other addresses answer alike. */
function vendor(
  api: Answer,
  token: Answer = { body: { access_token: 't', expires_in: 3600 } },
): Http['send'] {
  return async ({ url }) => {
    const {
      status = 200,
      headers = jsonType,
      body,
    } = new URL(url).host === 'login.shop.example' ? token : api;
    return { status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
  };
}

const byVendor = (
  what: string,
  is: Fault['is'],
  api: Answer,
  token?: Answer,
  options?: ShopOptions,
): Fault => ({
  what,
  is,
  flow: shopFlow,
  home: () => shopHome(vendor(api, token), options),
});

const consented = { credentials: { clientId: 'c', clientSecret: 's', refreshToken: 'refresh' } };
const page = { orders: [{ id: 1, name: 'a' }], next: 'p2' };

const vendorFaults: readonly Fault[] = [
  byVendor(
    'a key that is revoked',
    ['InvalidCredentials', 'credentialsRefused', 'afterFix', 'TransferBatch'],
    {
      status: 401,
      body: { message: 'key revoked' },
    },
  ),
  byVendor(
    'a grant that is revoked',
    ['InvalidCredentials', 'consentNeeded', 'afterFix', 'TransferBatch'],
    {},
    {
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
    },
    consented,
  ),
  byVendor(
    'a client that is gone',
    ['InvalidCredentials', 'clientWrong', 'afterFix', 'TransferBatch'],
    {},
    {
      status: 401,
      body: { error: 'invalid_client' },
    },
    consented,
  ),
  byVendor(
    'a scope that the client may not have',
    ['AccessDenied', 'scopeMissing', 'afterFix', 'TransferBatch'],
    {},
    {
      status: 400,
      body: { error: 'invalid_scope' },
    },
    consented,
  ),
  byVendor('a scope that is missing', ['AccessDenied', 'scopeMissing', 'afterFix', 'TransferBatch'], {
    status: 403,
    body: { message: 'The token lacks the scope orders.read' },
  }),
  byVendor('a user who may not see it', ['AccessDenied', 'permissionMissing', 'afterFix', 'TransferBatch'], {
    status: 403,
    body: { message: 'forbidden' },
  }),
  byVendor(
    'no credentials',
    ['InvalidCredentials', 'credentialsMissing', 'afterFix', 'TransferBatch'],
    {},
    {},
    {
      credentials: { note: 'none' },
    },
  ),
  byVendor(
    "a host that is not the vendor's",
    ['ConnectionInvalid', 'hostRefused', 'afterFix', 'DescribeSource'],
    {},
    {},
    {
      instance: 'eu.shop.example.evil.example',
    },
  ),
  byVendor(
    'a setting that is empty',
    ['ConnectionInvalid', 'settingWrong', 'afterFix', 'DescribeSource'],
    {},
    {},
    {
      instance: '',
    },
  ),
  {
    what: 'a connection that is gone',
    flow: shopFlow,
    home: () => memoryHome({ buckets: ['lake'] }),
    is: ['ConnectionInvalid', 'connectionMissing', 'afterFix', 'DescribeSource'],
  },
  byVendor(
    'an address that is gone',
    ['ResourceNotFoundError', 'entityMissing', 'afterFix', 'TransferBatch'],
    {
      status: 410,
      body: {},
    },
  ),
  byVendor('a request that means nothing', ['ClientError', 'requestRefused', 'afterFix', 'TransferBatch'], {
    status: 400,
    body: { message: 'unknown parameter' },
  }),
  byVendor('more than the vendor gives', ['WindowTooLarge', 'windowTooLarge', 'afterFix', 'TransferBatch'], {
    status: 400,
    body: { code: 'TOO_MUCH' },
  }),
  byVendor('maintenance', ['ServiceUnavailable', 'vendorDown', 'later', 'TransferBatch'], {
    status: 503,
    body: {},
  }),
  byVendor('a defect of the vendor', ['ServerError', 'vendorFailed', 'later', 'TransferBatch'], {
    status: 500,
    body: {},
  }),
  byVendor('JSON that is cut off', ['ServerError', 'answerCutOff', 'later', 'TransferBatch'], {
    body: '{"orders":[{',
  }),
  byVendor('a login page', ['ConnectorProtocol', 'notTheApi', 'later', 'TransferBatch'], {
    headers: { 'content-type': 'text/html' },
    body: '<html>',
  }),
  byVendor('pages in circles', ['ConnectorProtocol', 'pagesRepeat', 'later', 'TransferBatch'], {
    body: page,
  }),
  byVendor('another form of answer', ['ConnectorProtocol', 'contractBroken', 'later', 'TransferBatch'], {
    body: { data: [] },
  }),
  byVendor('a redirect to elsewhere', ['ConnectorProtocol', 'otherOrigin', 'afterFix', 'TransferBatch'], {
    status: 301,
    headers: { location: 'https://us.shop.example/orders' },
    body: '',
  }),
];

const processFaults: readonly Fault[] = [
  {
    what: 'a function out of memory',
    run: () =>
      dying(
        'TransferBatch',
        'Runtime.ExitError',
        'RequestId: 1 Error: Runtime exited with error: signal: killed',
      ),
    is: ['Runtime.ExitError', 'outOfMemory', 'afterFix', null],
  },
  {
    what: 'a function that exits',
    run: () =>
      dying(
        'TransferBatch',
        'Runtime.ExitError',
        'RequestId: 1 Error: Runtime exited with error: exit status 1',
      ),
    is: ['Runtime.ExitError', 'functionDied', 'now', null],
  },
  {
    what: 'a function out of time',
    run: () =>
      dying('TransferBatch', 'Sandbox.Timedout', 'RequestId: 1 Error: Task timed out after 900.00 seconds'),
    is: ['Sandbox.Timedout', 'functionTimedOut', 'now', null],
  },
  {
    what: 'too many functions at once',
    run: () => dying('TransferBatch', 'Lambda.TooManyRequestsException', 'Rate Exceeded.'),
    is: ['Lambda.TooManyRequestsException', 'lambdaThrottled', 'later', null],
  },
  {
    what: 'a defect of ours',
    run: () => failing('TransferBatch', 'objects.put', new TypeError('x is not a function')),
    is: ['TypeError', 'unforeseen', 'now', 'TransferBatch'],
  },
  {
    what: 'a person who cancels',
    run: (home, flow) => ({
      aroundStep: async (step, run) => {
        if (step === 'TransferBatch')
          await requestCancel(home.ports(flow), await readRun(home.state, executionId));
        return run();
      },
    }),
    is: ['ExecutionCanceled', 'canceled', 'now', 'TransferBatch'],
  },
  {
    what: 'a slot that another execution took',
    run: (home, flow) => ({
      aroundStep: async (step, run) => {
        const slot = await home.state.get<Slot>(flowKey(flow.flowName), 'SLOT');
        if (step === 'CommitOutput' && slot)
          await home.state.write([
            { pk: slot.pk, sk: slot.sk, set: { ...slot.data, fence: slot.data.fence + 1 } },
          ]);
        return run();
      },
    }),
    is: ['FencedOut', 'slotLost', 'now', 'CommitOutput'],
  },
];

describe.each([
  ['data', dataFaults],
  ['the definition and the run', flowFaults],
  ['AWS and the machine', awsFaults],
  ['the vendor', vendorFaults],
  ['the execution', processFaults],
])('a fault of %s', (_, faults) => {
  test.each(faults)('$what', expectCause);
});

describe('a fault of the network', () => {
  let server: LocalServer;
  const http = nodeHttp();
  beforeAll(async () => {
    server = await startServer((request, response) => {
      if (request.url?.startsWith('/reset')) request.socket.destroy();
      if (!request.url?.startsWith('/short')) return;
      response.writeHead(200, { ...jsonType, 'content-length': '100' });
      response.write('{"orders":[');
      setTimeout(() => request.socket.destroy(), 20);
    });
  });
  afterAll(async () => {
    http.close();
    await server.close();
  });

  /** The shop's requests go elsewhere, by the network as it is. */
  const through = (what: string, is: Fault['is'], url: () => string): Fault => ({
    what,
    is,
    flow: shopFlow,
    home: () => shopHome((request) => http.send({ ...request, url: url(), timeout: 150 })),
  });

  test.each([
    through(
      'an unknown host',
      ['ConnectorUnreachable', 'hostUnknown', 'afterFix', 'TransferBatch'],
      () => 'https://shop.invalid/',
    ),
    through(
      'a port where nothing listens',
      ['ConnectorUnreachable', 'connectionRefused', 'later', 'TransferBatch'],
      () => 'http://127.0.0.1:1/',
    ),
    through(
      'a server without TLS',
      ['ConnectorUnreachable', 'tlsFailed', 'afterFix', 'TransferBatch'],
      () => `${server.endpoint.replace('http', 'https')}/`,
    ),
    through(
      'no answer',
      ['RequestTimeout', 'noAnswerInTime', 'later', 'TransferBatch'],
      () => `${server.endpoint}/silent`,
    ),
    through(
      'a connection that is reset',
      ['ServerError', 'connectionBroke', 'later', 'TransferBatch'],
      () => `${server.endpoint}/reset`,
    ),
    through(
      'a body that ends early',
      ['ServerError', 'connectionBroke', 'later', 'TransferBatch'],
      () => `${server.endpoint}/short`,
    ),
  ])('$what', expectCause);
});

const failedRun = (more: Partial<Run>): Run => ({
  executionId,
  executionArn: 'arn',
  flowName: 'shop-orders',
  status: 'Error',
  fence: 1,
  trigger: 'Scheduled',
  parameters: {},
  startedAt: Date.parse('2026-02-03T10:15:00Z'),
  endedAt: Date.parse('2026-02-03T10:20:00Z'),
  window: { start: Date.parse('2026-02-03T09:15:00Z'), end: Date.parse('2026-02-03T10:15:00Z') },
  ...more,
});
const around = { now: Date.parse('2026-02-03T10:30:00Z'), isRunning: false, stateBucket: 'state' };
/** Until when the flow has pulled: where the run's window begins. */
const state: FlowState = {
  status: 'Active',
  watermark: Date.parse('2026-02-03T09:15:00Z'),
  schemaVersion: 1,
  failureCount: 1,
};

describe('whether to try again', () => {
  const slowedDown = failedRun({
    errorCode: 'RateLimitExceeded',
    errorMessage: 'Shop.orders: the vendor refused the request',
    failure: { step: 'DescribeSource', status: 429, retryAfterSeconds: 3600 },
  });

  test('is told with the moment that the vendor names', () => {
    const { cause, retry } = explainRun(slowedDown, around);
    expect(cause?.name).toBe('quotaUsedUp');
    expect(retry).toEqual({
      advice: 'later',
      at: '2026-02-03T11:20:00.000Z',
      text: 'helps from 2026-02-03T11:20:00.000Z on, as the vendor says',
    });
  });

  test('changes when that moment has passed', () => {
    const { retry } = explainRun(slowedDown, { ...around, now: Date.parse('2026-02-03T12:00:00Z') });
    expect(retry).toEqual({
      advice: 'now',
      at: '2026-02-03T11:20:00.000Z',
      text: 'helps now: the vendor asked to wait until 2026-02-03T11:20:00.000Z',
    });
  });
});

describe('what became of an execution that said nothing', () => {
  const died = async (home: MemoryHome): Promise<void> => {
    await home.objects.put('inbox', 'in/a.csv', 'id,name\n1,a\n');
    const gone = { aroundStep: () => Promise.reject(new ExecutionFailed('Gone', '')) };
    await home.run(csv, {
      ...gone,
      aroundStep: (step, run) => (step === 'TransferBatch' || step === 'FailRun' ? gone.aroundStep() : run()),
    });
  };

  test('before it is settled', async () => {
    const home = s3Home();
    await died(home);
    const told = await explained(home, csv);
    expect(told).toMatchObject({
      status: 'InProgress',
      outcome: 'The run ended without being closed.',
      failed: null,
      data: 'nothing has been written yet',
    });
  });

  test.each([
    ['by the next start', undefined, ['ExecutionDied', 'executionDied', 'now', null]],
    ['as one that took 48 hours', 'TIMED_OUT', ['ExecutionTimedOut', 'ranTooLong', 'afterFix', null]],
    ['as one that was stopped', 'ABORTED', ['ExecutionCanceled', 'canceled', 'now', null]],
  ] as const)('%s', async (_, status, is) => {
    const home = s3Home();
    await died(home);
    await home.run(csv, {
      name: '99999999-2222-4333-8444-555555555555',
      ...(status && { input: { settle: { executionId, status } } }),
    });
    const { failed, cause, retry, data } = await explained(home, csv);
    expect([failed?.code, cause?.name, retry?.advice, failed?.step]).toEqual(is);
    expect(data).toBe('nothing was written');
  });
});

/** From `s3://inbox/in` into the shop's orders. */
const intoShop = s3Flow({
  name: 'to-shop',
  fields,
  more: {
    destinationFlowConfigList: [
      {
        connectorType: 'CustomConnector',
        connectorProfileName: 'my-shop',
        apiVersion: 'v1',
        destinationConnectorProperties: {
          CustomConnector: {
            entityName: 'orders',
            writeOperationType: 'INSERT',
            errorHandlingConfig: { bucketName: 'errors' },
          },
        },
      },
    ],
  },
});

describe('a failure of a run into an application', () => {
  const forbidden = { errorCode: 'AccessDenied', errorMessage: 'forbidden' };
  const ofShop =
    'grant the scopes that Shop asks for (orders.read) and consent anew with `tributary connection edit my-shop`; see https://docs.shop.example/api/orders';

  test.each<[string, Run['failure'], string | null, string]>([
    [
      'in a load is of the application',
      { step: 'LoadDestination', status: 403, summary: 'lacks the scope' },
      'orders',
      ofShop,
    ],
    [
      'in a commit is of the application',
      { step: 'CommitOutput', status: 403, summary: 'lacks the scope' },
      'orders',
      ofShop,
    ],
    [
      'is of the application where the error says so',
      { step: 'DescribeSource', side: 'destination', status: 403, summary: 'lacks the scope' },
      'orders',
      ofShop,
    ],
    [
      'is of the source else',
      { step: 'DescribeSource', status: 403, summary: 'lacks the scope' },
      'in',
      'grant the scopes that the vendor asks for and consent anew with `tributary connection edit NAME`',
    ],
  ])('%s', (_, failure, entity, fix) => {
    const run = failedRun({ ...forbidden, ...(failure && { failure }) });
    const told = explainRun(run, { ...around, flow: intoShop, destinationConnector: shop });
    expect([told.failed?.entity, told.fix]).toEqual([entity, fix]);
  });

  test('knows the bucket of refused records', () => {
    const summary = 's3:PutObject failed: not authorized to perform kms:GenerateDataKey';
    const failure = { step: 'CommitOutput' as const, at: 's3://errors/x', summary };
    const run = failedRun({ errorCode: 'AccessDenied', errorMessage: summary, failure });
    expect(explainRun(run, { ...around, flow: intoShop }).cause?.text).toBe(
      'The KMS key that the error bucket is encrypted with does not let the function use it, or is disabled.',
    );
  });

  test('that does not take a field says which side it is of', async () => {
    const flow = structuredClone(intoShop) as { tasks: { destinationField?: string }[] };
    for (const task of flow.tasks) if (task.destinationField === 'name') task.destinationField = 'surname';
    const at = memoryHome({
      buckets: ['inbox', 'errors'],
      destinations: { Shop: scriptedDestination() },
      connections: {
        'my-shop': {
          connectorProfileName: 'my-shop',
          connectorType: 'CustomConnector',
          connectorLabel: 'Shop',
        },
      },
    });
    await at.objects.put('inbox', 'in/a.csv', 'id,name\n1,a\n');
    await at.run(flow as FlowDefinition);
    const { failed, cause } = await explained(at, flow as FlowDefinition);
    expect([failed?.step, failed?.entity]).toEqual(['DescribeSource', 'orders']);
    expect(cause?.text).toBe('The definition does not go together with what the destination offers.');
  });
});

test('of a commit that was left open it is told where, and from when on a retry helps', async () => {
  const home = s3Home();
  await home.objects.put('inbox', 'in/a.csv', 'id,name\n1,a\n');
  const put = home.objects.put.bind(home.objects);
  home.objects.put = async (bucket, ...more) => {
    if (bucket === 'lake')
      throw new TributaryError('RateLimitExceeded', 'slow down', { retryAfterSeconds: 3600 });
    return put(bucket, ...more);
  };
  await home.run(csv);
  const ended = home.clock.now();
  const at = new Date(ended + 3_600_000).toISOString();
  const { outcome, failed, retry } = await explained(home, csv);
  expect(outcome).toBe('The run ended in CommitOutput without being closed.');
  expect([failed?.code, failed?.step]).toEqual(['RateLimitExceeded', 'CommitOutput']);
  expect(retry).toEqual({ advice: 'later', at, text: `helps from ${at} on, as the vendor says` });
});

describe('commands for a deployed flow say so', () => {
  test.each([
    ['FlowInvalid', 'not the one that this flow has run with', '`tributary reset shop-orders --aws`'],
    ['FencedOut', 'gone', '`tributary runs shop-orders --aws`'],
    ['StateConflict', 'changed', '`tributary runs shop-orders --aws`'],
    ['InvalidArgument', 'the execution input is wrong', '`tributary start FLOW --aws`'],
    ['TypeError', 'x', `\`tributary explain ${executionId} --aws --bundle DIR\``],
  ])('%s', (errorCode, errorMessage, line) => {
    const run = failedRun({ errorCode, errorMessage });
    expect(explainRun(run, { ...around, aws: true }).fix).toContain(line);
    expect(explainRun(run, around).fix).toContain(line.replace(' --aws', ''));
  });

  test('a suspended one', () => {
    const run = failedRun({ errorCode: 'ServerError', errorMessage: 'down', deactivated: '5 failed runs' });
    expect(explainRun(run, { ...around, aws: true }).notes).toEqual([
      'the flow was suspended (5 failed runs): mend the cause, then make it active with `tributary start FLOW --aws`, FLOW being its file',
    ]);
  });
});

describe('the watermark', () => {
  const fault = { errorCode: 'ServerError', errorMessage: 'down' };

  test('stays where a run failed', () => {
    expect(explainRun(failedRun(fault), { ...around, state }).watermark).toBe(
      'stays at 2026-02-03T09:15:00.000Z: the next run pulls the same window, and what has come since',
    );
  });

  test('has moved since', () => {
    const later = { ...state, watermark: Date.parse('2026-02-03T11:15:00Z') };
    expect(explainRun(failedRun(fault), { ...around, state: later }).watermark).toBe(
      'not moved by this run; a later run has moved it to 2026-02-03T11:15:00.000Z, and has pulled this window too',
    );
  });

  test('is moved by a run whose catalog failed', () => {
    const run = failedRun({ ...fault, objectsWritten: 1 });
    const moved = { ...state, watermark: run.window.end };
    expect(explainRun(run, { ...around, state: moved }).watermark).toBe('moved to 2026-02-03T10:15:00.000Z');
  });

  test('is left alone by a run with parameters', () => {
    const run = failedRun({ ...fault, parameters: { from: 1 } });
    expect(explainRun(run, { ...around, state }).watermark).toBe(
      'left alone by a run with parameters: 2026-02-03T09:15:00.000Z',
    );
  });
});

test('what the error itself advises is kept, with the action that AWS refused', async () => {
  const told = await explanationOf({
    what: '',
    is: ['', '', 'now', null],
    run: () => failing('TransferBatch', 'objects.stream', ofAws('AccessDenied', 's3:GetObject', inS3)),
  });
  expect(told).toMatchObject({
    outcome: 'The run failed in TransferBatch, split 0.',
    failed: { at: inS3, status: 403, vendorCode: 'AccessDenied', requestId: 'aws-1', split: 0, entity: 'in' },
    cause: {
      text: "The function's role may not read the source bucket, or the bucket's own policy denies it.",
    },
    fix: "allow s3:GetObject to the role of this function, and look for a deny in the resource's own policy or its KMS key's",
    watermark: 'none: each run pulls everything',
  });
});

test('scopes, the connection and the page of the vendor are named', async () => {
  const { fix } = await explanationOf({
    what: '',
    is: ['', '', 'now', null],
    flow: shopFlow,
    home: () => shopHome(vendor({ status: 403, body: { message: 'missing scope' } })),
  });
  expect(fix).toBe(
    'grant the scopes that Shop asks for (orders.read) and consent anew with `tributary connection edit my-shop`; see https://docs.shop.example/api/orders',
  );
});

test('a record that ended the run is named by its page and place', async () => {
  const { failed } = await explanationOf({
    what: '',
    is: ['', '', 'now', null],
    flow: s3Flow({ fields, tasks: [validation] }),
    files: { 'a.csv': 'id,name\n1,a\n2,\n' },
  });
  expect(failed).toMatchObject({ split: 0, page: 0, position: 1, at: 'tasks[1] (Validate)' });
});

test('of a run that succeeded nothing has failed; its quarantine is told', () => {
  const told = explainRun(
    failedRun({
      status: 'Successful',
      counts: { ...noRecords(), received: 5, written: 3, rejected: 2 },
      objectsWritten: 1,
      recordsQuarantined: 2,
    }),
    around,
  );
  expect(told).toMatchObject({
    outcome: 'The run succeeded: 5 records read, 3 written.',
    failed: null,
    cause: null,
    fix: null,
    retry: null,
    data: '3 records in 1 object written',
    notes: [
      `in the quarantine: 2 records, refused or invalid; mend the flow, then \`tributary replay ${executionId}\``,
    ],
  });
});

test('of a run that is going on nothing has failed', () => {
  const { endedAt: _, ...open } = failedRun({ status: 'RUNNING' });
  expect(explainRun(open, { ...around, isRunning: true })).toMatchObject({
    outcome: 'The run is going on.',
    failed: null,
    data: 'nothing has been written yet',
  });
});
