import {
  basic,
  by,
  clientCredentials,
  type DiscoveredField,
  defineConnector,
  type FieldFilters,
  type FieldType,
  fieldList,
  oauth2,
  offset,
  type Search,
} from '#core';

const table =
  'https://www.servicenow.com/docs/bundle/yokohama-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html';
const tableName = /^[A-Za-z0-9_]+$/;
// Rows that the user may not see are left out of a page, which may then be short, or empty, and not be the last.
const pages = offset({
  param: 'sysparm_offset',
  size: { sysparm_limit: 1000 },
  total: { header: 'x-total-count' },
  mayBeShort: true,
});

const operators: Readonly<Record<string, string>> = {
  EQUAL_TO: '=',
  GREATER_THAN: '>',
  GREATER_THAN_OR_EQUAL_TO: '>=',
  LESS_THAN: '<',
  LESS_THAN_OR_EQUAL_TO: '<=',
  CONTAINS: 'LIKE',
};

/** Encoded queries: https://www.servicenow.com/docs/r/yokohama/platform-user-interface/c_EncodedQueryStrings.html */
const searchBy = (order: string): Search => ({
  param: 'sysparm_query',
  condition({ path, operator, values }) {
    const word = operators[operator];
    // A value of that form would be run as a script on the server.
    if (!word || values.some((value) => /^\s*javascript:/i.test(value))) return undefined;
    // ^OR binds closer than ^.
    return values.map((value) => `${path}${word}${value.replaceAll('^', '^^')}`).join('^OR');
  },
  expression: (conditions) =>
    [...conditions, ...order.split(' ').map((field) => `ORDERBY${field}`)].join('^'),
});

const compared = by(
  true,
  'EQUAL_TO',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL_TO',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL_TO',
);
// Texts are compared without regard to case.
const narrowed = by({ exact: false }, 'EQUAL_TO', 'CONTAINS');

function filtersOf(type: FieldType): FieldFilters {
  if (type === 'Boolean') return { EQUAL_TO: true };
  return type === 'String' ? narrowed : type === 'Date' ? {} : compared;
}

/** The dictionary's `internal_type`; all others are texts. */
const types: Readonly<Record<string, DiscoveredField>> = {
  boolean: { type: 'Boolean' },
  integer: { type: 'Integer' },
  longint: { type: 'Long' },
  decimal: { type: 'BigDecimal' },
  float: { type: 'Double' },
  percent_complete: { type: 'Double' },
  glide_date: { type: 'Date' },
  glide_date_time: { type: 'DateTime', format: 'spacedSeconds' },
  due_date: { type: 'DateTime', format: 'spacedSeconds' },
};

interface TableRow {
  readonly name: string;
  readonly label: string;
  readonly 'super_class.name'?: string;
}

interface Column {
  readonly name: string;
  readonly element: string;
  readonly column_label: string;
  readonly internal_type: string;
}

export const serviceNow = defineConnector({
  label: 'ServiceNow',
  docs: table,
  apiVersion: 'Table API, latest',
  baseUrl: '{instanceUrl}',
  hosts: ['*.service-now.com', '*.servicenowservices.com'],
  headers: { accept: 'application/json' },
  auth: [
    basic({ label: 'Basic Auth' }),
    oauth2({
      authorizeUrl: '{instanceUrl}/oauth_auth.do',
      tokenUrl: '{instanceUrl}/oauth_token.do',
      scopes: ['useraccount'],
    }),
    clientCredentials({ tokenUrl: '{instanceUrl}/oauth_token.do', scopes: [] }),
  ],
  validateCredentials: 'GET /api/now/table/sys_db_object?sysparm_limit=1&sysparm_fields=name',
  settings: { instanceUrl: { label: 'Instance URL', description: 'https://acme.service-now.com' } },
  records: 'result',
  pagination: pages,
  textValues: true,
  // No header tells how many requests are left; a refusal names the wait:
  // https://www.servicenow.com/docs/r/zurich/api-reference/rest-api-explorer/inbound-REST-API-rate-limiting.html
  rateLimit: { otherwiseSeconds: 60 },
  errors: { message: 'error.message', requestId: 'x-transaction-id' },
  entities: {},
  discovery: {
    docs: table,
    async list(reader) {
      const rows = await reader.list({
        path: '/api/now/table/sys_db_object',
        query: { sysparm_fields: 'name,label', sysparm_query: 'ORDERBYname' },
      });
      return (rows as readonly TableRow[]).filter(({ name }) => tableName.test(name));
    },
    async describe(name, reader) {
      // A table has its own columns and those of the tables that it extends.
      const chain: TableRow[] = [];
      for (let next: string | undefined = name; next && tableName.test(next); ) {
        const rows: readonly object[] = await reader.list({
          path: '/api/now/table/sys_db_object',
          query: { sysparm_fields: 'name,label,super_class.name', sysparm_query: `name=${next}` },
        });
        const [row] = rows as readonly TableRow[];
        if (!row || chain.some((one) => one.name === row.name)) break;
        chain.push(row);
        next = row['super_class.name'];
      }
      const [own] = chain;
      if (!own) return undefined;
      const names = chain.map((row) => row.name);
      const columns = (await reader.list({
        path: '/api/now/table/sys_dictionary',
        query: {
          sysparm_fields: 'name,element,column_label,internal_type',
          sysparm_exclude_reference_link: 'true',
          sysparm_query: `nameIN${names.join(',')}^elementISNOTEMPTY^ORDERBYelement`,
        },
      })) as readonly Column[];
      // What a table says of a column goes before what it inherits.
      const ordered = columns.toSorted((a, b) => names.indexOf(b.name) - names.indexOf(a.name));
      return {
        name,
        label: own.label,
        fields: Object.fromEntries(
          ordered.map(({ element, column_label: label, internal_type: type }) => [
            element,
            { ...(types[type] ?? { type: 'String' as const }), label },
          ]),
        ),
      };
    },
    entity({ name, label, fields }) {
      const isStamped = Object.hasOwn(fields, 'sys_updated_on');
      return {
        label,
        docs: table,
        path: `/api/now/table/${name}`,
        query: { sysparm_exclude_reference_link: 'true' },
        search: searchBy(isStamped ? 'sys_updated_on sys_id' : 'sys_id'),
        // Wide tables would make the address too long.
        projection: (paths) => (paths.length > 100 ? {} : fieldList('sysparm_fields')(paths)),
        primaryKey: ['sys_id'],
        mayRepeat: true,
        // Sorted by its stamp, a changed row moves to the end of the list: nothing is passed over.
        ...(isStamped && {
          incremental: { field: 'sys_updated_on', from: true, to: true, order: 'oldestFirst' },
        }),
        fields: Object.fromEntries(
          Object.entries(fields).map(([key, field]) => [key, { ...field, filters: filtersOf(field.type) }]),
        ),
      };
    },
  },
});
