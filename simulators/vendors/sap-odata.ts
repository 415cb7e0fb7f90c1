import { basic, oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, Handler, World } from '../exchange.ts';
import { ODataRefusal, type ODataRow, type ODataValue, odataRows, odataSelected } from '../odata.ts';
import { numbered, type Vendor } from '../vendor.ts';

const catalog = '/sap/opu/odata/iwfnd/catalogservice;v=2';
const orders2 = '/sap/opu/odata/sap/API_SALES_ORDER_SRV';
const orders4 = '/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001';
const operational = '/sap/opu/odata/sap/ZSALES_ITEMS_SRV';

/** Properties of a sales order and their types in OData 2; the first one is the key. */
const properties: Readonly<Record<string, string>> = {
  SalesOrder: 'Edm.String',
  SalesOrderType: 'Edm.String',
  SoldToParty: 'Edm.String',
  PurchaseOrderByCustomer: 'Edm.String',
  CreationDate: 'Edm.DateTime',
  LastChangeDateTime: 'Edm.DateTimeOffset',
  TotalNetAmount: 'Edm.Decimal',
  TransactionCurrency: 'Edm.String',
};
const names = Object.keys(properties);

/** What a record of operational data has beside its own: what has become of it, and of how many of the source's records it tells. */
const changeProperties = { ODQ_CHANGEMODE: 'Edm.String', ODQ_ENTITYCNTR: 'Edm.Decimal' };

function order(record: SimulatedRecord): ODataRow {
  const { number, version, createdAt, updatedAt } = record;
  return {
    SalesOrder: String(number).padStart(10, '0'),
    SalesOrderType: record.pick(['OR', 'TA']),
    SoldToParty: record.pick(['17100001', '17100003']),
    PurchaseOrderByCustomer: `version ${version}`,
    CreationDate: new Date(Math.floor(createdAt / 86_400_000) * 86_400_000),
    LastChangeDateTime: new Date(updatedAt),
    TotalNetAmount: record.pick([52.65, 1753, 0]),
    TransactionCurrency: 'USD',
  };
}

/** https://www.odata.org/documentation/odata-version-2-0/json-format/: numbers that JSON cannot hold are texts. */
function shown2(name: string, value: ODataValue): ODataValue {
  if (value instanceof Date) {
    return properties[name] === 'Edm.DateTime'
      ? `/Date(${value.getTime()})/`
      : `/Date(${value.getTime()}+0000)/`;
  }
  return typeof value === 'number' ? value.toFixed(3) : value;
}

function shown4(name: string, value: ODataValue): ODataValue {
  if (!(value instanceof Date)) return value;
  return name === 'CreationDate'
    ? value.toISOString().slice(0, 10)
    : value.toISOString().replace('.000Z', 'Z');
}

function metadata2(set: string, more: readonly string[] = [], added: object = {}): Answer {
  const described = Object.entries({ ...properties, ...added }).map(([name, type]) => {
    const isDay = type === 'Edm.DateTime';
    return `<Property Name="${name}" Type="${type}"${isDay ? ' sap:display-format="Date"' : ''} Nullable="${name !== 'SalesOrder'}" sap:label="${name}"/>`;
  });
  const sets = [set, ...more].map(
    (name) => `<EntitySet Name="${name}" EntityType="S.${name}Type" sap:content-version="1"/>`,
  );
  const types = [set, ...more].map((name) =>
    name === set
      ? `<EntityType Name="${name}Type" sap:label="Sales Order"><Key><PropertyRef Name="SalesOrder"/></Key>${described.join('')}</EntityType>`
      : `<EntityType Name="${name}Type"><Key><PropertyRef Name="DeltaToken"/></Key><Property Name="DeltaToken" Type="Edm.String" Nullable="false"/></EntityType>`,
  );
  return {
    headers: { 'content-type': 'application/xml', dataserviceversion: '2.0' },
    body: `<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" xmlns:sap="http://www.sap.com/Protocols/SAPData"><edmx:DataServices m:DataServiceVersion="2.0"><Schema Namespace="S" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">${types.join('')}<EntityContainer Name="S_Entities" m:IsDefaultEntityContainer="true">${sets.join('')}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>`,
  };
}

function metadata4(): Answer {
  const typeOf = (name: string) => (name === 'CreationDate' ? 'Edm.Date' : properties[name]);
  const described = names.map(
    (name) => `<Property Name="${name}" Type="${typeOf(name)}" Nullable="${name !== 'SalesOrder'}"/>`,
  );
  return {
    headers: { 'content-type': 'application/xml', 'odata-version': '4.0' },
    body: `<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices><Schema Namespace="S" xmlns="http://docs.oasis-open.org/odata/ns/edm"><EntityType Name="SalesOrderType"><Key><PropertyRef Name="SalesOrder"/></Key>${described.join('')}</EntityType><EntityContainer Name="Container"><EntitySet Name="SalesOrder" EntityType="S.SalesOrderType"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>`,
  };
}

/** What a list's options choose, and from which place its next page goes on: the server bounds its pages. */
function chosen({ query }: Asked, world: World) {
  const found = odataRows(world.collection('orders').live().map(order), query, names);
  const skip = Number(query.get('$skip') ?? 0) + Number(query.get('$skiptoken') ?? 0);
  const top = Number(query.get('$top') ?? Number.POSITIVE_INFINITY);
  const rest = found.slice(skip, skip + top);
  const page = rest.slice(0, world.pageSize(5000));
  return {
    selected: odataSelected(query, names),
    count: found.length,
    page,
    next: page.length < rest.length ? skip + page.length : undefined,
  };
}

function nextLink({ url }: Asked, world: World, skip: number): string {
  const next = new URL(url, world.origin);
  next.searchParams.delete('$skip');
  next.searchParams.set('$skiptoken', String(skip));
  return next.href;
}

/** @see https://www.odata.org/documentation/odata-version-2-0/uri-conventions/ */
function list2(asked: Asked, world: World): Answer {
  const { selected, count, page, next } = chosen(asked, world);
  return {
    headers: { dataserviceversion: '2.0' },
    body: {
      d: {
        ...(asked.query.get('$inlinecount') === 'allpages' && { __count: String(count) }),
        results: page.map((row) => entry2(row, selected, `${world.origin}${orders2}/A_SalesOrder`)),
        ...(next !== undefined && { __next: nextLink(asked, world, next) }),
      },
    },
  };
}

function entry2(row: ODataRow, selected: readonly string[], set: string): object {
  const uri = `${set}('${row.SalesOrder}')`;
  return {
    __metadata: { id: uri, uri, type: 'S.SalesOrderType' },
    ...Object.fromEntries(selected.map((name) => [name, shown2(name, row[name] ?? null)])),
  };
}

/** @see https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html */
function list4(asked: Asked, world: World): Answer {
  const { selected, count, page, next } = chosen(asked, world);
  return {
    headers: { 'odata-version': '4.0' },
    body: {
      '@odata.context': '$metadata#SalesOrder',
      ...(asked.query.get('$count') === 'true' && { '@odata.count': count }),
      value: page.map((row) =>
        Object.fromEntries(selected.map((name) => [name, shown4(name, row[name] ?? null)])),
      ),
      ...(next !== undefined && { '@odata.nextLink': nextLink(asked, world, next) }),
    },
  };
}

/** Record number → the version that a subscriber has been told. */
type Told = ReadonlyMap<number, number>;

interface Extraction {
  readonly rows: readonly object[];
  /** Where the next delta begins; absent for a list without change tracking. */
  readonly token?: string;
}

/**
 * One version as a delta tells it, or as it is when a subscription begins: that is no change. Of a changed record only the state
 * after comes, one of the delta procedures; of a deleted one its last.
 */
function operationalEntry(record: SimulatedRecord, isChange: boolean, set: string): object {
  const mode = record.isDeleted ? 'D' : record.version === 1 ? 'C' : 'U';
  return {
    ...entry2(order(record), names, set),
    ODQ_CHANGEMODE: isChange ? mode : '',
    ODQ_ENTITYCNTR: record.isDeleted ? '-1' : '1',
  };
}

/**
 * Operational data: with the preference a subscription begins, with all there is; the last page tells where the changes after it
 * are. A delta has every version since, and ends with the address of the next one.
 */
function extracted(asked: Asked, world: World): Answer {
  const { query, headers } = asked;
  const { memory } = world;
  const set = `${world.origin}${operational}/FactsOf0SD_C03`;
  const [, id = '', start = '0'] = /^'?(\w+)-(\d+)'?$/.exec(query.get('$skiptoken') ?? '') ?? [];
  let extraction = memory.get(id) as Extraction | undefined;
  if (query.has('$skiptoken') && !extraction)
    return refuse(410, undefined, 'The skip token is no longer valid');
  let name = id;
  if (!extraction) {
    const [, since] = /^'(\w+)'$/.exec(query.get('!deltatoken') ?? '') ?? [];
    const told = since === undefined ? undefined : (memory.get(since) as Told | undefined);
    if (since !== undefined && !told) return refuse(410, undefined, `Delta token ${since} is unknown`);
    const { all, live, versions } = world.collection('items');
    const changed = (since: Told) =>
      all().flatMap(({ number }) => versions(number).filter((one) => one.version > (since.get(number) ?? 0)));
    const rows = (told ? changed(told) : live()).map((record) =>
      operationalEntry(record, told !== undefined, set),
    );
    const tracks = told !== undefined || /odata\.track-changes/.test(headers.prefer ?? '');
    const token = `D20260302080000_${String(memory.size).padStart(9, '0')}`;
    extraction = { rows, ...(tracks && { token }) };
    if (tracks) memory.set(token, new Map(all().map((record) => [record.number, record.version])));
    name = `E${memory.size}`;
    memory.set(name, extraction);
  }
  const preferred = Number(/odata\.maxpagesize=(\d+)/.exec(headers.prefer ?? '')?.[1] ?? 10_000);
  const end = Number(start) + world.pageSize(preferred);
  const isLast = end >= extraction.rows.length;
  return {
    headers: {
      dataserviceversion: '2.0',
      ...(extraction.token && { 'preference-applied': 'odata.track-changes' }),
    },
    body: {
      d: {
        results: extraction.rows.slice(Number(start), end),
        ...(!isLast && { __next: `${set}?$skiptoken='${name}-${end}'` }),
        ...(isLast && extraction.token && { __delta: `${set}?!deltatoken='${extraction.token}'` }),
      },
    },
  };
}

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

const refusals: Readonly<Record<number, string>> = {
  404: "Resource not found for segment ''",
  429: 'Too many requests',
  503: 'Service Unavailable',
};

/** The logon's refusal is a page of HTML; the gateway's own are JSON. */
function refuse(status: number, retryAfterSeconds?: number, told?: string): Answer {
  if (status === 401) {
    return {
      status,
      headers: {
        'content-type': 'text/html',
        'www-authenticate': 'Basic realm="SAP NetWeaver Application Server"',
      },
      body: '<html><head><title>Logon Error Message</title></head><body>Logon failed</body></html>',
    };
  }
  const value = told ?? refusals[status] ?? 'An application exception has occurred';
  return {
    status,
    headers: retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {},
    body: { error: { code: '005056A509B11EE1B9A8FEC11C21578E', message: { lang: 'en', value } } },
  };
}

const host = 'https://s4.acme.example';
const identify = ({ SalesOrder, PurchaseOrderByCustomer }: Readonly<Record<string, unknown>>) =>
  numbered(SalesOrder, PurchaseOrderByCustomer);

export const sapOData: Vendor = {
  connector: 'SAPOData',
  docs: [
    'https://api.sap.com/api/API_SALES_ORDER_SRV/overview',
    'https://api.sap.com/api/CE_SALESORDER_0001/overview',
    'https://help.sap.com/doc/saphelp_nw75/7.5.5/en-US/7c/a326519eff236ee10000000a445394/content.htm',
    'https://help.sap.com/saphelp_snc700_ehp04/helpdata/en/50/f4ee6253134d3cafa25b9444f0c5a9/content.htm',
    // SAP's own words of its data elements.
    'https://www.sapdatasheet.org/abap/dtel/odq_changemode.html',
    'https://www.sapdatasheet.org/abap/dtel/odq_entitycntr.html',
    'https://www.odata.org/documentation/odata-version-2-0/uri-conventions/',
    'https://www.odata.org/documentation/odata-version-2-0/json-format/',
    'https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html',
  ],
  settings: {
    applicationHostUrl: host,
    applicationServicePath: catalog,
    portNumber: '44300',
    clientNumber: '100',
  },
  auth: [
    basic({ username: 'EXTRACTOR', password: 'sap-simulated-8c2e' }, { name: 'basic' }),
    oauth2({
      grant: 'authorizationCode',
      tokenPath: '/sap/bc/sec/oauth2/token',
      authorizePath: '/sap/bc/sec/oauth2/authorize',
      expiresIn: 3600,
      client: 'basic',
      settings: {
        authCodeUrl: `${host}:44300/sap/bc/sec/oauth2/authorize`,
        tokenUrl: `${host}:44300/sap/bc/sec/oauth2/token`,
        oAuthScopes: 'API_SALES_ORDER_SRV_0001',
      },
    }),
  ],
  // A system of one's own: SAP names no quota.
  rateLimits: [],
  collections: { orders: {}, items: {} },
  routes: {
    [`GET ${catalog}/`]: () => ({ body: { d: { EntitySets: ['ServiceCollection'] } } }),
    [`GET ${catalog}/ServiceCollection`]: () => ({
      body: {
        d: {
          results: [orders2, operational].map((path) => ({
            ID: path.slice(path.lastIndexOf('/') + 1),
            Title: path.slice(path.lastIndexOf('/') + 1),
            Description: 'Sales orders',
            ServiceUrl: `${host}:44300${path}`,
          })),
        },
      },
    }),
    [`GET ${orders2}/$metadata`]: () => metadata2('A_SalesOrder'),
    [`GET ${orders2}/A_SalesOrder`]: refusing(list2),
    [`GET ${orders4}/$metadata`]: metadata4,
    [`GET ${orders4}/SalesOrder`]: refusing(list4),
    [`GET ${operational}/$metadata`]: () =>
      metadata2('FactsOf0SD_C03', ['DeltaLinksOfFactsOf0SD_C03'], changeProperties),
    [`GET ${operational}/FactsOf0SD_C03`]: extracted,
  },
  // Pages go on behind a key. A list of one record tells the time.
  listOf: ({ url, query }) =>
    url.includes('$metadata') || query.get('$top') === '1' ? undefined : url.split('?')[0],
  refuse,
  flows: [
    {
      entityName: `${orders2}/A_SalesOrder`,
      title: 'OData 2',
      collection: 'orders',
      sees: 'changes',
      incrementalField: 'LastChangeDateTime',
      identify,
    },
    {
      entityName: `${orders4}/SalesOrder`,
      title: 'OData 4',
      collection: 'orders',
      sees: 'changes',
      incrementalField: 'LastChangeDateTime',
      identify,
    },
    {
      entityName: `${operational}/FactsOf0SD_C03`,
      title: 'operational data',
      collection: 'items',
      sees: 'later deletions',
      identify: (record) => ({ ...identify(record), isDeletion: record.ODQ_CHANGEMODE === 'D' }),
    },
  ],
};
