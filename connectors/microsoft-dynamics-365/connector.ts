import {
  clientCredentials,
  type DiscoveredField,
  defineConnector,
  type Field,
  type FieldType,
  fieldList,
  nextLink,
  oauth2,
  odataFilters,
  odataSearch,
} from '#core';

const metadata =
  'https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/query-metadata-web-api';
const pages =
  'https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/query/page-results';
const tokens = 'https://login.microsoftonline.com/{tenantId}/oauth2/v2.0';
const api = '/api/data/v9.2';

interface Label {
  readonly UserLocalizedLabel?: { readonly Label: string } | null;
}

interface Table {
  readonly LogicalName: string;
  readonly EntitySetName: string | null;
  readonly DisplayName?: Label;
  readonly DisplayCollectionName?: Label;
  readonly PrimaryIdAttribute?: string;
}

interface Column {
  readonly LogicalName: string;
  readonly AttributeType: string;
  readonly DisplayName?: Label;
  readonly IsValidForRead: boolean;
  readonly IsValidODataAttribute: boolean;
}

interface DateColumn {
  readonly LogicalName: string;
  readonly DateTimeBehavior?: { readonly Value: string } | null;
}

/**
 * AttributeTypeCode → the property's type in the Web API; all others are texts:
 * https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/reference/attributetypecode
 */
const columnTypes: Readonly<Record<string, { readonly type: FieldType; readonly edm: string }>> = {
  BigInt: { type: 'Long', edm: 'Edm.Int64' },
  Boolean: { type: 'Boolean', edm: 'Edm.Boolean' },
  Customer: { type: 'String', edm: 'Edm.Guid' },
  DateTime: { type: 'DateTime', edm: 'Edm.DateTimeOffset' },
  Decimal: { type: 'BigDecimal', edm: 'Edm.Decimal' },
  Double: { type: 'Double', edm: 'Edm.Double' },
  Integer: { type: 'Integer', edm: 'Edm.Int32' },
  Lookup: { type: 'String', edm: 'Edm.Guid' },
  ManagedProperty: { type: 'Struct', edm: '' },
  Money: { type: 'BigDecimal', edm: 'Edm.Decimal' },
  Owner: { type: 'String', edm: 'Edm.Guid' },
  Picklist: { type: 'Integer', edm: 'Edm.Int32' },
  State: { type: 'Integer', edm: 'Edm.Int32' },
  Status: { type: 'Integer', edm: 'Edm.Int32' },
  Uniqueidentifier: { type: 'String', edm: 'Edm.Guid' },
  // Lists of choices, which come as one text, images and the like: they cannot be compared as others are.
  Virtual: { type: 'String', edm: '' },
};
const text = { type: 'String', edm: 'Edm.String' } as const;
/** What refers to another record, or to several: the record's id, under a name of its own, or nothing at all. */
const lookups = new Set(['Customer', 'Lookup', 'Owner']);
const absent = new Set(['CalendarRules', 'PartyList']);

function fieldOf({ LogicalName, AttributeType, DisplayName }: Column, days: ReadonlySet<string>) {
  const isDay = days.has(LogicalName);
  const { type, edm } = isDay
    ? { type: 'Date' as const, edm: 'Edm.Date' }
    : (columnTypes[AttributeType] ?? text);
  const label = textOf(DisplayName);
  const name = lookups.has(AttributeType) ? `_${LogicalName}_value` : LogicalName;
  const field: DiscoveredField = { type, ...(label ? { label } : {}), facts: { edm } };
  return [name, field] as const;
}

function textOf(label: Label | undefined): string | undefined {
  return label?.UserLocalizedLabel?.Label;
}

export const microsoftDynamics365 = defineConnector({
  label: 'Microsoft Dynamics 365',
  docs: 'https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/overview',
  apiVersion: 'v9.2',
  baseUrl: '{instanceUrl}',
  hosts: ['*.dynamics.com'],
  headers: { accept: 'application/json', 'odata-version': '4.0', 'odata-maxversion': '4.0' },
  auth: [
    oauth2({
      authorizeUrl: `${tokens}/authorize`,
      tokenUrl: `${tokens}/token`,
      scopes: ['{instanceUrl}/user_impersonation', 'offline_access'],
      pkce: true,
      rotatesRefreshToken: true,
    }),
    clientCredentials({ tokenUrl: `${tokens}/token`, scopes: ['{instanceUrl}/.default'] }),
  ],
  validateCredentials: `GET ${api}/WhoAmI`,
  settings: {
    instanceUrl: {
      label: 'Instance URL',
      description: 'scheme and host of the service root URL',
      pattern: { source: 'https://[\\w.-]+', example: 'https://acme.api.crm.dynamics.com' },
    },
    tenantId: {
      label: 'Directory (tenant) ID',
      description: "the tenant's id or domain; client credentials need it",
      default: 'organizations',
    },
  },
  records: 'value',
  rateLimit: { otherwiseSeconds: 60 },
  errors: { message: 'error.message', vendorCode: 'error.code', requestId: 'x-ms-service-request-id' },
  entities: {},
  discovery: {
    docs: metadata,
    async list(reader) {
      const tables = await reader.list({
        path: `${api}/EntityDefinitions`,
        query: { $select: 'LogicalName,EntitySetName,DisplayName,DisplayCollectionName' },
        pagination: 'onePage',
      });
      return (tables as readonly Table[]).flatMap(
        ({ EntitySetName: name, LogicalName, DisplayCollectionName, DisplayName }) =>
          name ? [{ name, label: textOf(DisplayCollectionName) ?? textOf(DisplayName) ?? LogicalName }] : [],
      );
    },
    async describe(name, reader) {
      if (!/^\w+$/.test(name)) return undefined;
      const found = await reader.list({
        path: `${api}/EntityDefinitions`,
        query: {
          $select: 'LogicalName,EntitySetName,DisplayName,DisplayCollectionName,PrimaryIdAttribute',
          $filter: `EntitySetName eq '${name}'`,
        },
        pagination: 'onePage',
      });
      const [table] = found as readonly Table[];
      if (!table) return undefined;
      const at = `${api}/EntityDefinitions(LogicalName='${table.LogicalName}')/Attributes`;
      const listed = await reader.list({
        path: at,
        query: { $select: 'LogicalName,AttributeType,DisplayName,IsValidForRead,IsValidODataAttribute' },
        pagination: 'onePage',
      });
      const dated = await reader.list({
        path: `${at}/Microsoft.Dynamics.CRM.DateTimeAttributeMetadata`,
        query: { $select: 'LogicalName,DateTimeBehavior' },
        pagination: 'onePage',
      });
      const days = new Set(
        (dated as readonly DateColumn[])
          .filter(({ DateTimeBehavior }) => DateTimeBehavior?.Value === 'DateOnly')
          .map(({ LogicalName }) => LogicalName),
      );
      const columns = (listed as readonly Column[]).filter(
        ({ AttributeType, IsValidForRead, IsValidODataAttribute }) =>
          IsValidForRead && IsValidODataAttribute && !absent.has(AttributeType),
      );
      return {
        name,
        label: textOf(table.DisplayCollectionName) ?? textOf(table.DisplayName) ?? table.LogicalName,
        fields: Object.fromEntries(columns.map((column) => fieldOf(column, days))),
        facts: { key: table.PrimaryIdAttribute ?? '' },
      };
    },
    entity({ name, label, fields, facts = {} }, { incrementalField = 'modifiedon' }) {
      const { key = '' } = facts;
      const types = Object.fromEntries(
        Object.entries(fields).map(([field, { facts: own }]) => [field, own?.edm ?? '']),
      );
      return {
        label,
        docs: pages,
        path: `${api}/${name}`,
        // The pages' link holds the key of the last record: it goes on behind it whatever the table does meanwhile.
        ...(key && { query: { $orderby: key } }),
        pagination: nextLink({
          at: '@odata.nextLink',
          size: { 'odata.maxpagesize': 5000 },
          sizeIn: 'prefer',
        }),
        search: odataSearch(4, types),
        // Wide tables would make the address too long.
        projection: (paths) => (paths.length > 100 ? {} : fieldList('$select')(paths)),
        primaryKey: key ? [key] : [],
        ...(fields[incrementalField]?.type === 'DateTime' && {
          incremental: { field: incrementalField, from: true, to: true },
        }),
        fields: Object.fromEntries(
          Object.entries(fields).map(([field, { facts: _, ...rest }]): [string, Field] => [
            field,
            { ...rest, filters: odataFilters(types[field] ?? '') },
          ]),
        ),
      };
    },
  },
});
