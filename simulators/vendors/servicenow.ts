import { basic, oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

type Row = Readonly<Record<string, string>>;

const spaced = (time: number): string => new Date(time).toISOString().slice(0, 19).replace('T', ' ');
const sysId = (number: number): string => number.toString(16).padStart(32, '0');

/** Tables, the one that each extends, and what each adds: the dictionary's elements and their types. */
const tables: Readonly<Record<string, { readonly label: string; readonly extends?: string; columns: Row }>> =
  {
    task: {
      label: 'Task',
      columns: {
        sys_id: 'GUID',
        sys_created_on: 'glide_date_time',
        sys_updated_on: 'glide_date_time',
        sys_mod_count: 'integer',
        number: 'string',
        short_description: 'string',
        active: 'boolean',
        assigned_to: 'reference',
        due_date: 'due_date',
        opened_at: 'glide_date_time',
      },
    },
    incident: {
      label: 'Incident',
      extends: 'task',
      columns: {
        caller_id: 'reference',
        reopen_count: 'integer',
        severity: 'integer',
        close_notes: 'string',
      },
    },
  };

/** Whom an access rule hides this row from: it is counted, and left out of its page. */
const isHidden = ({ number }: SimulatedRecord): boolean => number % 11 === 0;

/** Every value is text; '' is nothing. */
function incident(record: SimulatedRecord): Row {
  return {
    sys_id: sysId(record.number),
    sys_created_on: spaced(record.createdAt),
    sys_updated_on: spaced(record.updatedAt),
    sys_mod_count: String(record.version),
    number: `INC${String(record.number).padStart(7, '0')}`,
    short_description: record.pick(['Unable to connect to email', 'Drucker brennt: „sofort“', 'a ^ b, "c"']),
    active: record.pick(['true', 'false']),
    assigned_to: record.pick(['', '46d44a23a9fe19810012d100cca80666']),
    due_date: record.pick(['', '2026-04-01 00:00:00']),
    opened_at: spaced(record.createdAt),
    caller_id: '681ccaf9c0a8016400b98a06818d57c7',
    reopen_count: '0',
    severity: record.pick(['1', '2', '3']),
    close_notes: record.pick(['', 'Closed\nby the caller']),
  };
}

function rowsOf(table: string, world: World): readonly (Row & { readonly hidden?: string })[] | undefined {
  switch (table) {
    case 'sys_db_object':
      return Object.entries(tables).map(([name, { label, extends: parent = '' }]) => ({
        sys_id: sysId(name.length),
        name,
        label,
        'super_class.name': parent,
      }));
    case 'sys_dictionary':
      return Object.entries(tables).flatMap(([name, { label, columns }]) => [
        // The entry of the table itself has no element.
        { name, element: '', column_label: label, internal_type: 'collection' },
        ...Object.entries(columns).map(([element, type]) => ({
          name,
          element,
          column_label: element.replaceAll('_', ' '),
          internal_type: type,
        })),
      ]);
    case 'incident':
      return world
        .collection('incidents')
        .live()
        .map((record) => ({ ...incident(record), ...(isHidden(record) && { hidden: 'true' }) }));
    default:
      return undefined;
  }
}

const comparisons: Readonly<Record<string, (value: string, than: string) => boolean>> = {
  '>=': (value, than) => value >= than,
  '<=': (value, than) => value <= than,
  '!=': (value, than) => value.toLowerCase() !== than.toLowerCase(),
  '=': (value, than) => value.toLowerCase() === than.toLowerCase(),
  '>': (value, than) => value > than,
  '<': (value, than) => value < than,
  LIKE: (value, than) => value.toLowerCase().includes(than.toLowerCase()),
  IN: (value, than) => than.split(',').includes(value),
  ISNOTEMPTY: (value) => value !== '',
  ISEMPTY: (value) => value === '',
};

/** An encoded query: ^ is "and", ^OR binds closer, ^^ is the character itself. */
function queried(rows: readonly Row[], encoded: string): Row[] | undefined {
  const terms = encoded.split(/(?<!\^)\^(?!\^)/).filter((term) => term !== '');
  const groups: ((row: Row) => boolean)[][] = [];
  const order: string[] = [];
  for (const term of terms) {
    if (term.startsWith('ORDERBY')) {
      order.push(term.slice('ORDERBY'.length));
      continue;
    }
    const isOr = term.startsWith('OR');
    const [, field, operator = '', value = ''] =
      /^([a-z_.]+)(>=|<=|!=|=|>|<|LIKE|IN|ISNOTEMPTY|ISEMPTY)(.*)$/s.exec(isOr ? term.slice(2) : term) ?? [];
    const compare = comparisons[operator];
    if (field === undefined || !compare) return undefined;
    const holds = (row: Row): boolean => compare(row[field] ?? '', value.replaceAll('^^', '^'));
    if (isOr) groups.at(-1)?.push(holds);
    else groups.push([holds]);
  }
  const compared = (a: Row, b: Row, field: string): number => {
    const [one, other] = [a[field] ?? '', b[field] ?? ''];
    return one < other ? -1 : one > other ? 1 : 0;
  };
  return rows
    .filter((row) => groups.every((group) => group.some((holds) => holds(row))))
    .sort((a, b) => order.reduce((found, field) => found || compared(a, b, field), 0));
}

/** Pages by number of a list that moves; those of a table's rows that the user may not see are missing from them. */
function list({ path, query, url }: Asked, world: World): Answer {
  const rows = rowsOf(path.table ?? '', world);
  if (!rows) return refuse(400, undefined, 'Invalid table');
  const found = queried(rows, query.get('sysparm_query') ?? '');
  if (!found) return refuse(400, undefined, 'Invalid query');
  const offset = Number(query.get('sysparm_offset') ?? 0);
  const limit = Number(query.get('sysparm_limit') ?? 10_000);
  const fields = query.get('sysparm_fields')?.split(',');
  const isBare = query.get('sysparm_exclude_reference_link') === 'true';
  const types = Object.assign({}, ...Object.values(tables).map(({ columns }) => columns)) as Row;
  const shown = (name: string, value: string): unknown =>
    value !== '' && !isBare && (types[name] === 'reference' || name === 'internal_type')
      ? { link: `${world.origin}/api/now/table/sys_user/${value}`, value }
      : value;
  const next = new URL(url, world.origin);
  next.searchParams.set('sysparm_offset', String(offset + limit));
  return {
    headers: {
      'x-total-count': String(found.length),
      ...(offset + limit < found.length && { link: `<${next.href}>;rel="next"` }),
    },
    body: {
      result: found.slice(offset, offset + limit).flatMap(({ hidden, ...row }) => {
        const names = fields ?? Object.keys(row);
        return hidden ? [] : [Object.fromEntries(names.map((name) => [name, shown(name, row[name] ?? '')]))];
      }),
    },
  };
}

const refusals: Readonly<Record<number, readonly [string, string]>> = {
  401: ['User Not Authenticated', 'Required to provide Auth information'],
  404: ['No Record found', 'Record doesn’t exist or ACL restricts the record retrieval'],
  429: ['Rate limit exceeded', 'Request rate limit rule exceeded'],
};

function refuse(status: number, retryAfterSeconds?: number, told?: string): Answer {
  const [message, detail] = refusals[status] ?? [told ?? 'Transaction cancelled', ''];
  return {
    status,
    headers: retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {},
    body: { error: { message, detail }, status: 'failure' },
  };
}

export const servicenow: Vendor = {
  connector: 'Servicenow',
  docs: [
    'https://www.servicenow.com/docs/bundle/yokohama-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html',
    'https://www.servicenow.com/docs/r/yokohama/platform-user-interface/c_EncodedQueryStrings.html',
    'https://www.servicenow.com/docs/r/zurich/api-reference/rest-api-explorer/inbound-REST-API-rate-limiting.html',
  ],
  settings: { instanceUrl: 'https://acme.service-now.com' },
  auth: [
    basic({ username: 'integration', password: 'sn-simulated-3e1d' }, { name: 'basic' }),
    oauth2({
      grant: 'authorizationCode',
      tokenPath: '/oauth_token.do',
      authorizePath: '/oauth_auth.do',
      expiresIn: 1800,
    }),
  ],
  // A rule that an administrator wrote; there are none at first.
  rateLimits: [
    {
      requests: 10_000,
      seconds: 3600,
      headers: ({ limit, resetAt }) => ({
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-reset': String(Math.ceil(resetAt / 1000)),
        'x-ratelimit-rule': sysId(7),
      }),
    },
  ],
  // Pages are as large as they are asked for.
  collections: { incidents: { records: (count) => count * 3 } },
  routes: { 'GET /api/now/table/{table}': list },
  // A list of the window, and not that of one row which tells the time.
  listOf: ({ query }) => (query.get('sysparm_query')?.startsWith('sys_updated_on') ? 'incident' : undefined),
  refuse,
  flows: [
    {
      entityName: 'incident',
      quota: 5,
      collection: 'incidents',
      sees: 'changes',
      has: (record) => !isHidden(record),
      identify: ({ number, sys_mod_count }) => numbered(number, sys_mod_count),
    },
  ],
};
