import { oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, Handler, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

const api = '/services/data/v58.0';
const idOf = (number: number): string => `001R000000${String(number).padStart(5, '0')}IAQ`;

type Value = string | number | boolean | null | Date | Readonly<Record<string, unknown>>;
type Row = Readonly<Record<string, Value>>;

/** Name, type and, of parts, the compound field: https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_account.htm */
const fields: readonly (readonly [string, string, string?])[] = [
  ['Id', 'id'],
  ['IsDeleted', 'boolean'],
  ['Name', 'string'],
  ['AccountNumber', 'string'],
  ['Description', 'textarea'],
  ['Type', 'picklist'],
  ['AnnualRevenue', 'currency'],
  ['NumberOfEmployees', 'int'],
  ['BillingStreet', 'textarea', 'BillingAddress'],
  ['BillingCity', 'string', 'BillingAddress'],
  ['BillingCountry', 'string', 'BillingAddress'],
  ['BillingAddress', 'address'],
  ['OwnerId', 'reference'],
  ['CreatedDate', 'datetime'],
  ['LastModifiedDate', 'datetime'],
  ['SystemModstamp', 'datetime'],
];
const names = fields.map(([name]) => name);

function account(record: SimulatedRecord): Row {
  const { number, version, createdAt, updatedAt, isDeleted } = record;
  const street = record.pick([null, 'Hauptplatz 1', 'Via "Roma", 7\nScala B']);
  const city = record.pick([null, 'Graz']);
  const country = street === null && city === null ? null : 'Austria';
  return {
    Id: idOf(number),
    IsDeleted: isDeleted,
    Name: `Account ${number}`,
    AccountNumber: `A-${number}`,
    Description: `version ${version}`,
    Type: record.pick([null, 'Customer', 'Prospect']),
    AnnualRevenue: record.pick([null, 350_000_000, 1234.5]),
    NumberOfEmployees: record.pick([null, 0, 9000]),
    BillingStreet: street,
    BillingCity: city,
    BillingCountry: country,
    BillingAddress:
      country === null
        ? null
        : {
            city,
            country,
            geocodeAccuracy: null,
            latitude: null,
            longitude: null,
            postalCode: null,
            state: null,
            street,
          },
    OwnerId: '005R0000000AbCdIAK',
    CreatedDate: new Date(createdAt),
    LastModifiedDate: new Date(updatedAt),
    SystemModstamp: new Date(updatedAt),
  };
}

interface Result {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly isCount: boolean;
}

const statement = /^SELECT\s+(.+?)\s+FROM\s+(\w+)(?:\s+WHERE\s+(.+?))?(?:\s+LIMIT\s+(\d+))?$/i;

/** SOQL as far as comparisons put together by AND, without an order. @returns a refusal for all else */
function queried(soql: string, isAll: boolean, world: World): Result | Answer {
  const [, selected = '', object, where, limit] = statement.exec(soql.trim()) ?? [];
  if (object === undefined) return refusal(400, 'MALFORMED_QUERY', `unexpected token: '${soql}'`);
  if (object !== 'Account') return refusal(400, 'INVALID_TYPE', `sObject type '${object}' is not supported.`);
  const isCount = /^count\(\)$/i.test(selected);
  const columns = isCount ? [] : selected.split(/\s*,\s*/);
  const conditions = (where?.split(/\s+AND\s+/i) ?? []).map(
    (one) => /^(\w+)\s*(>=|<=|!=|=|>|<)\s*(.+)$/.exec(one.trim()) ?? [],
  );
  if (conditions.some((one) => one.length === 0)) return refusal(400, 'MALFORMED_QUERY', `'${where}'`);
  const unknown = [...columns, ...conditions.map(([, name = '']) => name)].find(
    (name) => !names.includes(name),
  );
  if (unknown !== undefined) {
    return refusal(400, 'INVALID_FIELD', `No such column '${unknown}' on entity 'Account'.`);
  }
  const { all, live } = world.collection('accounts');
  const rows = (isAll ? all() : live())
    .map(account)
    .filter((row) =>
      conditions.every(([, name = '', operator = '', literal = '']) =>
        holds(row[name] ?? null, operator, literal),
      ),
    );
  return { columns, rows: rows.slice(0, limit === undefined ? undefined : Number(limit)), isCount };
}

function holds(value: Value, operator: string, literal: string): boolean {
  const [, text] = /^'(.*)'$/.exec(literal) ?? [];
  const than =
    text ?? (literal.includes('T') && literal.endsWith('Z') ? Date.parse(literal) : JSON.parse(literal));
  const one = value instanceof Date ? value.getTime() : value;
  if (one === null) return (operator === '=') === (than === null);
  switch (operator) {
    case '=':
      return one === than;
    case '!=':
      return one !== than;
    case '>':
      return one > than;
    case '>=':
      return one >= than;
    case '<':
      return one < than;
    default:
      return one <= than;
  }
}

const shown = (value: Value): Value =>
  value instanceof Date ? value.toISOString().replace('Z', '+0000') : value;

/** A query's rows stay in a cursor of the server's, 2,000 at a time; its locator ends in the number of those before. */
function query(isAll: boolean): Handler {
  return (asked, world) => {
    if (asked.url.length > 16_384) return { status: 414, body: 'URI Too Long' };
    const found = queried(asked.query.get('q') ?? '', isAll, world);
    if (!('rows' in found)) return found;
    if (found.isCount) return { body: { totalSize: found.rows.length, done: true, records: [] } };
    const locator = `01gR0000${String(world.memory.size).padStart(6, '0')}IAI`;
    world.memory.set(locator, found);
    return batch(found, locator, 0, world);
  };
}

function more({ path }: Asked, world: World): Answer {
  const [, locator = '', start = ''] = /^(\w+)-(\d+)$/.exec(path.locator ?? '') ?? [];
  const found = world.memory.get(locator) as Result | undefined;
  return found
    ? batch(found, locator, Number(start), world)
    : refusal(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
}

function batch({ columns, rows }: Result, locator: string, start: number, world: World): Answer {
  const end = start + world.pageSize(2000);
  const isDone = end >= rows.length;
  return {
    body: {
      totalSize: rows.length,
      done: isDone,
      ...(!isDone && { nextRecordsUrl: `${api}/query/${locator}-${end}` }),
      records: rows.slice(start, end).map((row) => ({
        attributes: { type: 'Account', url: `${api}/sobjects/Account/${row.Id}` },
        ...Object.fromEntries(columns.map((name) => [name, shown(row[name] ?? null)])),
      })),
    },
  };
}

interface BulkJob {
  readonly result: Result;
  readonly operation: string;
  looks: number;
}

/** Bulk API 2.0: a query becomes a job, which is done some looks later; its results are CSV files, each with a locator of the next. */
function createJob({ json }: Asked, world: World): Answer {
  const { operation = '', query: soql = '' } = (json ?? {}) as { operation?: string; query?: string };
  if (!['query', 'queryAll'].includes(operation))
    return refusal(400, 'INVALIDJOB', `operation: ${operation}`);
  const result = queried(soql, operation === 'queryAll', world);
  if (!('rows' in result)) return result;
  const compound = result.columns.find((name) =>
    fields.some(([field, type]) => field === name && type === 'address'),
  );
  if (compound) {
    return refusal(400, 'INVALIDENTITY', `Compound data not supported in Bulk Query: ${compound}`);
  }
  const id = `750R00000${String(world.memory.size).padStart(6, '0')}IAQ`;
  const job: BulkJob = { result, operation, looks: 0 };
  world.memory.set(id, job);
  return { body: shownJob(id, job, 'UploadComplete', world) };
}

function shownJob(id: string, { operation, result }: BulkJob, state: string, world: World): object {
  return {
    id,
    operation,
    object: 'Account',
    createdById: '005R0000000AbCdIAK',
    createdDate: shown(new Date(world.now())),
    systemModstamp: shown(new Date(world.now())),
    state,
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: 58,
    lineEnding: 'LF',
    columnDelimiter: 'COMMA',
    ...(state === 'JobComplete' && { numberRecordsProcessed: result.rows.length, retries: 0 }),
  };
}

function readJob({ path }: Asked, world: World): Answer {
  const id = path.job ?? '';
  const job = world.memory.get(id) as BulkJob | undefined;
  if (!job) return refuse(404);
  job.looks++;
  return { body: shownJob(id, job, ['UploadComplete', 'InProgress'][job.looks - 1] ?? 'JobComplete', world) };
}

function results({ path, query }: Asked, world: World): Answer {
  const job = world.memory.get(path.job ?? '') as BulkJob | undefined;
  if (!job || job.looks < 3) return refuse(404);
  const { columns, rows } = job.result;
  const start = Number(Buffer.from(query.get('locator') ?? '', 'base64').toString() || 0);
  const end = start + world.pageSize(Number(query.get('maxRecords') ?? 100_000));
  const page = rows.slice(start, end);
  const cell = (value: Value): string =>
    `"${String(value instanceof Date ? value.toISOString() : (value ?? '')).replaceAll('"', '""')}"`;
  const lines = [columns.map(cell), ...page.map((row) => columns.map((name) => cell(row[name] ?? null)))];
  return {
    headers: {
      'content-type': 'text/csv; charset=UTF-8',
      'sforce-locator': end < rows.length ? Buffer.from(String(end)).toString('base64') : 'null',
      'sforce-numberofrecords': String(page.length),
    },
    body: lines.map((line) => `${line.join(',')}\n`).join(''),
  };
}

const described = {
  name: 'Account',
  label: 'Account',
  labelPlural: 'Accounts',
  keyPrefix: '001',
  custom: false,
  queryable: true,
  retrieveable: true,
};

function refusal(status: number, errorCode: string, message: string): Answer {
  return { status, body: [{ message, errorCode }] };
}

/** Beyond the day's requests comes a 403, which names no wait. */
function refuse(status: number, retryAfterSeconds?: number): Answer {
  switch (status) {
    case 401:
      return refusal(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    case 404:
      return refusal(404, 'NOT_FOUND', 'The requested resource does not exist');
    case 429:
      return {
        ...refusal(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'),
        headers: retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {},
      };
    case 503:
      return refusal(503, 'SERVER_UNAVAILABLE', 'The server is unavailable');
    default:
      return refusal(status, 'UNKNOWN_EXCEPTION', 'An unexpected error occurred');
  }
}

const docs = 'https://developer.salesforce.com/docs';
const identify = ({ AccountNumber, Description }: Readonly<Record<string, unknown>>) =>
  numbered(AccountNumber, Description);

export const salesforce: Vendor = {
  connector: 'Salesforce',
  docs: [
    `${docs}/platform/api-rest/guide/resources-query.html`,
    `${docs}/platform/api-rest/guide/resources-query-more-results.html`,
    `${docs}/platform/api-rest/guide/resources-queryall-more-results.html`,
    `${docs}/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm`,
    `${docs}/atlas.en-us.api_asynch.meta/api_asynch/query_create_job.htm`,
    `${docs}/atlas.en-us.api_asynch.meta/api_asynch/query_get_job_results.htm`,
    `${docs}/platform/api-rest/guide/errorcodes.html`,
    'https://github.com/forcedotcom/postman-salesforce-apis',
  ],
  settings: { instanceUrl: 'https://acme.my.salesforce.com' },
  auth: [
    oauth2({
      grant: 'authorizationCode',
      tokenPath: '/services/oauth2/token',
      authorizePath: '/services/oauth2/authorize',
      expiresIn: 7200,
      rotates: true,
      // Salesforce does not tell when a token ends.
      shape: ({ expires_in: _, ...standard }) => ({
        ...standard,
        instance_url: 'https://acme.my.salesforce.com',
      }),
    }),
  ],
  // Of a day in truth, which would be longer than a run may take when it is used up more than twice.
  rateLimits: [{ requests: 100_000, seconds: 3600, refuse: () => refuse(429) }],
  collections: { accounts: {} },
  routes: {
    'GET /services/data': () => ({ body: [{ label: 'Summer ’23', url: api, version: '58.0' }] }),
    [`GET ${api}`]: () => ({ body: { query: `${api}/query`, sobjects: `${api}/sobjects` } }),
    [`GET ${api}/sobjects`]: () => ({
      body: {
        encoding: 'UTF-8',
        maxBatchSize: 200,
        sobjects: [described, { ...described, name: 'AccountChangeEvent', queryable: false }],
      },
    }),
    [`GET ${api}/sobjects/Account/describe`]: () => ({
      body: {
        ...described,
        fields: fields.map(([name, type, compoundFieldName = null]) => ({
          name,
          type,
          label: name,
          compoundFieldName,
          inlineHelpText: null,
          filterable: !['address', 'textarea'].includes(type),
          deprecatedAndHidden: false,
        })),
      },
    }),
    [`GET ${api}/query`]: query(false),
    [`GET ${api}/queryAll`]: query(true),
    [`GET ${api}/query/{locator}`]: more,
    [`GET ${api}/queryAll/{locator}`]: more,
    [`POST ${api}/jobs/query`]: createJob,
    [`GET ${api}/jobs/query/{job}`]: readJob,
    [`GET ${api}/jobs/query/{job}/results`]: results,
  },
  listOf({ url, query }) {
    if (url.includes('/results')) return 'results';
    const isList =
      /\/query(All)?\b/.test(url) && !url.includes('/jobs/') && !query.get('q')?.includes('COUNT()');
    return isList ? 'query' : undefined;
  },
  refuse,
  flows: [
    { entityName: 'Account', collection: 'accounts', sees: 'changes', identify },
    {
      entityName: 'Account',
      title: 'Account by jobs',
      collection: 'accounts',
      sees: 'deletions',
      identify,
      properties: {
        dataTransferApi: { Name: 'BULKV2', Type: 'ASYNC' },
        customProperties: { includeDeletedRecords: 'true' },
      },
    },
  ],
};
