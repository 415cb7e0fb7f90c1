import { oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, Handler, World } from '../exchange.ts';
import { ODataRefusal, type ODataRow, type ODataValue, odataRows, odataSelected } from '../odata.ts';
import { numbered, type Vendor } from '../vendor.ts';

const api = '/api/data/v9.2';
const idOf = (number: number): string =>
  `${number.toString(16).padStart(8, '0')}-5531-ed11-9db1-000d3a3b1c2d`;

/** Names of the columns, their types in the metadata, and, of dates, how they behave. */
const columns: readonly (readonly [string, string, string?])[] = [
  ['accountid', 'Uniqueidentifier'],
  ['name', 'String'],
  ['accountnumber', 'String'],
  ['description', 'Memo'],
  ['createdon', 'DateTime', 'UserLocal'],
  ['modifiedon', 'DateTime', 'UserLocal'],
  ['lastonholdtime', 'DateTime', 'DateOnly'],
  ['revenue', 'Money'],
  ['numberofemployees', 'Integer'],
  ['donotphone', 'Boolean'],
  ['statecode', 'State'],
  ['industrycode', 'Picklist'],
  ['primarycontactid', 'Lookup'],
  ['versionnumber', 'BigInt'],
];
const property = ([name, type]: readonly [string, string, string?]): string =>
  type === 'Lookup' ? `_${name}_value` : name;
const properties = columns.map(property);

function account(record: SimulatedRecord): ODataRow {
  const { number, version, createdAt, updatedAt } = record;
  return {
    accountid: idOf(number),
    name: `Account ${number}`,
    accountnumber: `A-${number}`,
    description: `version ${version}`,
    createdon: new Date(createdAt),
    modifiedon: new Date(updatedAt),
    lastonholdtime: null,
    revenue: record.pick([null, 80_000, 1234.5]),
    numberofemployees: record.pick([null, 12, 2700]),
    donotphone: record.pick([true, false]),
    statecode: record.pick([0, 0, 1]),
    industrycode: record.pick([null, 7]),
    _primarycontactid_value: record.pick([null, '49a0e5b9-88df-e311-b8e5-6c3be5a8b200']),
    versionnumber: 1_000_000 + number * 100 + version,
  };
}

function shown(value: ODataValue): string | number | boolean | null {
  return value instanceof Date ? value.toISOString().replace('.000Z', 'Z') : value;
}

/**
 * Pages of the preferred size, 5,000 at most. The link to the next one holds all options and a cookie with the last row's place, so
 * that it goes on behind that wherever rows come and go. There is no $skip.
 */
function accounts(asked: Asked, world: World): Answer {
  const { query, headers, url } = asked;
  if (query.has('$skip')) return refuse(400, undefined, 'Skip Clause is not supported in CRM');
  const preferred = Number(/odata\.maxpagesize=(\d+)/.exec(headers.prefer ?? '')?.[1] ?? 5000);
  const size = world.pageSize(Math.min(5000, preferred));
  const top = Number(query.get('$top') ?? Number.POSITIVE_INFINITY);
  const order = query.get('$orderby');
  if (order !== null && order !== 'accountid' && query.has('$skiptoken')) return refuse(400);
  const selected = odataSelected(query, properties);
  const rows = world.collection('accounts').live().map(account);
  const ordered = new URLSearchParams(query);
  // Rows of the same place are sorted by the primary key, which is the whole order where none is asked for.
  ordered.set('$orderby', order === null ? 'accountid' : `${order},accountid`);
  const cookie = query.get('$skiptoken');
  const [, last = ''] = /last="\{([^}]*)\}"/.exec(decodeURIComponent(cookie ?? '')) ?? [];
  if (cookie !== null && last === '') return refuse(400, undefined, 'Malformed XML in the Paging Cookie');
  const found = odataRows(rows, ordered, properties).filter(({ accountid }) => String(accountid) > last);
  const page = found.slice(0, Math.min(size, top));
  const pageNumber = Number(/pagenumber="(\d+)"/.exec(cookie ?? '')?.[1] ?? 1) + 1;
  const inner = encodeURIComponent(
    `<cookie page="1"><accountid last="{${page.at(-1)?.accountid}}" /></cookie>`,
  );
  const next = new URL(url, world.origin);
  next.searchParams.set(
    '$skiptoken',
    `<cookie pagenumber="${pageNumber}" pagingcookie="${inner}" istracking="False" />`,
  );
  return {
    headers: {
      'content-type': 'application/json; odata.metadata=minimal',
      'preference-applied': `odata.maxpagesize=${preferred}`,
    },
    body: {
      '@odata.context': `${world.origin}${api}/$metadata#accounts`,
      value: page.map((row) => ({
        '@odata.etag': `W/"${row.versionnumber}"`,
        // The primary key comes unasked.
        ...Object.fromEntries(
          [...new Set([...selected, 'accountid'])].map((name) => [name, shown(row[name] ?? null)]),
        ),
      })),
      ...(found.length > size && page.length < top && { '@odata.nextLink': next.href }),
    },
  };
}

const label = (text: string) => ({
  LocalizedLabels: [],
  UserLocalizedLabel: { Label: text, LanguageCode: 1033 },
});
const table = {
  LogicalName: 'account',
  EntitySetName: 'accounts',
  DisplayName: label('Account'),
  DisplayCollectionName: label('Accounts'),
  PrimaryIdAttribute: 'accountid',
  MetadataId: '70816501-edb9-4740-a16c-6a5efbc05d84',
};

/** Metadata has no pages; of it, too, only what is selected comes. */
function metadata(rows: readonly Readonly<Record<string, unknown>>[]): Handler {
  return ({ query }) => {
    const [, field, value] = /^(\w+) eq '([^']*)'$/.exec(query.get('$filter') ?? '') ?? [];
    const names = query.get('$select')?.split(',');
    const found = rows.filter((row) => field === undefined || row[field] === value);
    return {
      body: {
        value: found.map((row) =>
          names ? Object.fromEntries([...names, 'MetadataId'].map((name) => [name, row[name] ?? null])) : row,
        ),
      },
    };
  };
}

const attributes = columns.map(([name, type, behavior], index) => ({
  LogicalName: name,
  AttributeType: type,
  DisplayName: label(name),
  IsValidForRead: true,
  IsValidODataAttribute: true,
  MetadataId: idOf(index),
  ...(behavior && { DateTimeBehavior: { Value: behavior } }),
}));

/** Codes of the service protection: https://learn.microsoft.com/power-apps/developer/data-platform/api-limits */
function refuse(status: number, retryAfterSeconds?: number, told = 'Something went wrong'): Answer {
  const [code, message] =
    status === 429
      ? ['0x80072322', 'Number of requests exceeded the limit of 6000 over time window of 300 seconds.']
      : [status === 404 ? '0x80060888' : '0x80040216', told];
  if (status === 401) return { status, headers: { 'www-authenticate': 'Bearer' } };
  return {
    status,
    headers: {
      'x-ms-service-request-id': 'b8ab3b2c-1111-4aa3-8c60-0c8d0e5a2d11',
      ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: { error: { code, message } },
  };
}

/** A server's refusal of an option that it cannot read. */
const refusing =
  (handler: Handler): Handler =>
  (asked, world) => {
    try {
      return handler(asked, world);
    } catch (error) {
      if (error instanceof ODataRefusal) return refuse(400, undefined, error.message);
      throw error;
    }
  };

const learn = 'https://learn.microsoft.com/en-us/power-apps/developer/data-platform';

export const microsoftDynamics365: Vendor = {
  connector: 'MicrosoftDynamics365',
  docs: [
    `${learn}/webapi/query/page-results`,
    `${learn}/webapi/query/filter-rows`,
    `${learn}/webapi/query-metadata-web-api`,
    `${learn}/api-limits`,
    'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow',
    'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow',
  ],
  settings: { instanceUrl: 'https://acme.api.crm.dynamics.com', tenantId: 'acme.onmicrosoft.com' },
  auth: [
    oauth2({
      grant: 'clientCredentials',
      tokenPath: '/acme.onmicrosoft.com/oauth2/v2.0/token',
      expiresIn: 3599,
    }),
  ],
  rateLimits: [{ requests: 6000, seconds: 300 }],
  collections: { accounts: {} },
  routes: {
    [`GET ${api}/WhoAmI`]: () => ({
      body: { BusinessUnitId: idOf(1), UserId: idOf(2), OrganizationId: idOf(3) },
    }),
    [`GET ${api}/accounts`]: refusing(accounts),
    [`GET ${api}/EntityDefinitions`]: metadata([table]),
    [`GET ${api}/EntityDefinitions(LogicalName='account')/Attributes`]: metadata(attributes),
    [`GET ${api}/EntityDefinitions(LogicalName='account')/Attributes/Microsoft.Dynamics.CRM.DateTimeAttributeMetadata`]:
      metadata(attributes.filter(({ DateTimeBehavior }) => DateTimeBehavior !== undefined)),
  },
  refuse,
  flows: [
    {
      entityName: 'accounts',
      quota: 5,
      collection: 'accounts',
      sees: 'changes',
      identify: ({ name, description }) => numbered(name, description),
    },
  ],
};
