import {
  basic,
  type DiscoveredEntity,
  defineConnector,
  type Entity,
  type EntityUse,
  type Field,
  fieldList,
  isODataSortable,
  type MetadataReader,
  nextLink,
  type ODataVersion,
  oauth2,
  odataFilters,
  odataKeyset,
  odataSearch,
  offset,
  TributaryError,
} from '#core';
import { type EntitySet, readMetadata, type ServiceMetadata } from './edmx.ts';

const gateway =
  'https://help.sap.com/docs/SAP_NETWEAVER_750/68bf513362174d54b58cddec28794093/48cae5c9356c3254e10000000a42189b.html';
const catalog =
  'https://help.sap.com/doc/saphelp_nw75/7.5.5/en-US/7c/a326519eff236ee10000000a445394/content.htm';
const odp =
  'https://help.sap.com/saphelp_snc700_ehp04/helpdata/en/50/f4ee6253134d3cafa25b9444f0c5a9/content.htm';

/** Records on a page where the flow names no size: AppFlow's bounds, https://docs.aws.amazon.com/appflow/1.0/APIReference/API_SAPODataPaginationConfig.html */
const pageSizes = { records: 3000, operational: 10_000 };
/** Names of more fields would make the address too long. */
const mostSelected = 100;

/** Where a flow's objectPath leads: `/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder`. */
const objectPath = /^(?<service>(?:\/[\w.;=,~!-]+)+)\/(?<set>\w+)$/;

async function metadataOf(service: string, reader: MetadataReader): Promise<ServiceMetadata> {
  return readMetadata(await reader.xml(`${service}/$metadata`));
}

/** Services of the catalogue that the connection names; of a connection that names one service its entity sets. */
async function listServices(reader: MetadataReader) {
  const path = `/${reader.setting('applicationServicePath').replace(/^\/+|\/+$/g, '')}`;
  if (/\/catalogservice\b/i.test(path)) {
    const services = await reader.list({
      path: `${path}/ServiceCollection`,
      query: { $select: 'ID,Title,Description,ServiceUrl' },
      records: 'd.results',
      pagination: nextLink({ at: 'd.__next' }),
    });
    return (services as readonly Service[]).map(serviceName);
  }
  if (/\/odata4\/iwfnd\/config\//i.test(path)) {
    const groups = await reader.list({
      path: `${path}/ServiceGroups`,
      query: { $expand: 'DefaultSystem($expand=Services)' },
      records: 'value',
      pagination: nextLink({ at: '@odata.nextLink' }),
    });
    return (groups as readonly ServiceGroup[]).flatMap(({ DefaultSystem }) =>
      (DefaultSystem?.Services ?? []).map(serviceName),
    );
  }
  return listEntitySets(path, reader);
}

interface Service {
  readonly Title?: string;
  readonly Description?: string;
  readonly ServiceAlias?: string;
  /** An address of OData 2, a path of OData 4. */
  readonly ServiceUrl: string;
}

interface ServiceGroup {
  readonly DefaultSystem?: { readonly Services?: readonly Service[] };
}

function serviceName({ Title, Description, ServiceAlias, ServiceUrl }: Service) {
  const name = new URL(ServiceUrl, 'https://service').pathname.replace(/\/$/, '');
  return { name, label: Title || Description || ServiceAlias || name, hasNestedEntities: true };
}

async function listEntitySets(service: string, reader: MetadataReader) {
  const { entitySets } = await metadataOf(service, reader);
  return entitySets.map(({ name, label }) => ({ name: `${service}/${name}`, label }));
}

async function describeEntitySet(
  path: string,
  reader: MetadataReader,
): Promise<DiscoveredEntity | undefined> {
  const { service, set } = objectPath.exec(path)?.groups ?? {};
  if (service === undefined || path.split('/').includes('..')) return undefined;
  const { version, entitySets } = await metadataOf(service, reader);
  const found = entitySets.find(({ name }) => name === set);
  return found && { name: path, label: found.label, fields: found.fields, facts: factsOf(found, version) };
}

function factsOf({ key, pageable, tracksChanges }: EntitySet, version: ODataVersion) {
  return {
    version: String(version),
    key: key.join(','),
    ...(pageable ? {} : { pageable: 'false' }),
    ...(tracksChanges ? { tracksChanges: 'true' } : {}),
  };
}

function entityOf({ name, label, fields, facts = {} }: DiscoveredEntity, use: EntityUse): Entity {
  const version = facts.version === '4' ? 4 : 2;
  const types = Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [key, field.facts?.type ?? '']),
  );
  const key = facts.key?.split(',').filter(Boolean) ?? [];
  const common = {
    label,
    path: name,
    records: version === 2 ? 'd.results' : 'value',
    // OData 2 writes numbers as texts, and so may servers of OData 4.
    textValues: true,
    primaryKey: key,
    search: odataSearch(version, types),
    projection: (paths: readonly string[]) =>
      paths.length > mostSelected ? {} : fieldList('$select')(paths),
    fields: Object.fromEntries(
      Object.entries(fields).map(([property, { facts: _, ...field }]): [string, Field] => [
        property,
        { ...field, filters: odataFilters(types[property] ?? '') },
      ]),
    ),
  };
  if (facts.tracksChanges === 'true') return operationalEntity(common, use);
  return {
    ...common,
    docs: gateway,
    ...pagesOf(version, key, types, facts.pageable !== 'false'),
    ...windowOf(use, fields),
  };
}

function pagesOf(
  version: ODataVersion,
  key: readonly string[],
  types: Readonly<Record<string, string>>,
  isPageable: boolean,
): Partial<Entity> {
  if (!isPageable) return { pagination: 'onePage' };
  if (isODataSortable(key.map((name) => types[name] ?? ''))) {
    return {
      query: { $orderby: key.join(',') },
      pagination: odataKeyset(version, key, pageSizes.records),
    };
  }
  // By position: what moves meanwhile may be seen twice, which only a key tells.
  const pagination = offset({ param: '$skip', size: { $top: pageSizes.records }, mayBeShort: true });
  return { pagination, ...(key.length > 0 ? { mayRepeat: true } : {}) };
}

/** The window in whole seconds, rounded outwards: not every service takes, or keeps, more. */
function windowOf({ incrementalField }: EntityUse, fields: DiscoveredEntity['fields']): Partial<Entity> {
  if (incrementalField === undefined || fields[incrementalField]?.type !== 'DateTime') return {};
  const bound = { format: 'iso8601Seconds' } as const;
  return { incremental: { field: incrementalField, from: bound, to: bound } };
}

/**
 * An entity set of the operational data provisioning: it has neither positions nor an order. What it tells of changes depends on
 * the first request, so that one asks for all, and the engine filters.
 */
function operationalEntity(
  { search, projection, ...common }: Omit<Entity, 'docs'> & Pick<Entity, 'search' | 'projection'>,
  { isWindowed, incrementalField }: EntityUse,
): Entity {
  if (incrementalField !== undefined) {
    throw new TributaryError(
      'InvalidArgument',
      'the entity tells its changes itself, and takes no field for it',
      {
        at: common.path,
        got: incrementalField,
        fix: 'remove incrementalPullConfig',
      },
    );
  }
  const isFull = !isWindowed;
  return {
    ...common,
    docs: odp,
    pagination: nextLink({
      at: 'd.__next',
      size: { 'odata.maxpagesize': pageSizes.operational },
      sizeIn: 'prefer',
    }),
    changes: { prefer: 'odata.track-changes', at: 'd.__delta', marker: 'deltatoken=' },
    ...(isFull ? { search, projection } : {}),
  };
}

export const sapOData = defineConnector({
  label: 'SAP OData',
  docs: catalog,
  apiVersion: 'OData 2.0 and 4.0',
  baseUrl: '{applicationHostUrl}:{portNumber}',
  hosts: ['*'],
  headers: {
    accept: 'application/json',
    // Header fields of the logon: https://help.sap.com/saphelp_me60/helpdata/en/48/cae5cc356c3254e10000000a42189b/content.htm
    'sap-client': '{clientNumber}',
    'sap-language': '{logonLanguage}',
  },
  auth: [
    basic({ label: 'Basic Auth' }),
    oauth2({
      authorizeUrl: '{authCodeUrl}',
      tokenUrl: '{tokenUrl}',
      scopes: ['{oAuthScopes}'],
      clientAuthentication: 'basic',
    }),
  ],
  validateCredentials: 'GET /{+applicationServicePath}/',
  settings: {
    applicationHostUrl: {
      label: 'Application Host URL',
      pattern: { source: '(https://)?[\\w.-]+', example: 'https://s4.example.com' },
    },
    applicationServicePath: {
      label: 'Application Service Path',
      description: 'of the catalogue service, or of one service',
      pattern: { source: '(/[\\w.;=,~!-]+)+/?', example: '/sap/opu/odata/iwfnd/catalogservice;v=2' },
    },
    portNumber: { label: 'Port Number', default: '443', pattern: { source: '\\d{1,5}', example: '44300' } },
    clientNumber: { label: 'Client Number', pattern: { source: '\\d{3}', example: '010' } },
    logonLanguage: {
      label: 'Logon Language',
      optional: true,
      pattern: { source: '[A-Za-z0-9]{1,2}', example: 'EN' },
    },
    authCodeUrl: { label: 'Authorization Code URL' },
    tokenUrl: { label: 'Authorization Tokens URL' },
    oAuthScopes: { label: 'OAuth Scopes', description: 'separated by blanks' },
  },
  rateLimit: { otherwiseSeconds: 60 },
  errors: { message: ['error.message.value', 'error.message'], vendorCode: 'error.code' },
  // Stamps are set before the commit that shows them.
  settleSeconds: 60,
  entities: {},
  discovery: {
    docs: catalog,
    list: listServices,
    async nested(path, reader) {
      try {
        return await listEntitySets(path, reader);
      } catch (error) {
        // An entity set, which has nothing below it: describe tells its fields.
        const isNone = error instanceof TributaryError && [400, 404].includes(error.context.status ?? 0);
        if (isNone && objectPath.test(path)) return [];
        throw error;
      }
    },
    describe: describeEntitySet,
    entity: entityOf,
  },
});
