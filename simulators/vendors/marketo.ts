import { oauth2 } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, Handler, World } from '../exchange.ts';
import { numbered, type Vendor } from '../vendor.ts';

const iso = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z');
const longestRange = 31 * 24 * 3600_000;

/** Names of the REST API and types of some standard fields: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/field-types */
const leadFields: Readonly<Record<string, string>> = {
  id: 'integer',
  firstName: 'string',
  lastName: 'string',
  email: 'email',
  company: 'string',
  notes: 'text',
  leadScore: 'score',
  unsubscribed: 'boolean',
  annualRevenue: 'currency',
  createdAt: 'datetime',
  updatedAt: 'datetime',
};

function lead(record: SimulatedRecord): Readonly<Record<string, string | number | boolean | null>> {
  const { number, version, createdAt, updatedAt } = record;
  return {
    id: number,
    firstName: record.pick(['Ana', 'Jürgen', null]),
    lastName: `Lead ${number}`,
    email: `lead-${number}@example.com`,
    company: record.pick(['Acme, Inc.', 'Say "Yes"\nand more', null]),
    notes: `version ${version}`,
    leadScore: record.pick([null, 0, 45]),
    unsubscribed: record.pick([true, false]),
    annualRevenue: record.pick([null, 1234.5]),
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  };
}

interface Export {
  readonly fields: readonly string[];
  readonly rows: readonly SimulatedRecord[];
  readonly createdAt: number;
  status: 'Created' | 'Queued' | 'Processing' | 'Completed';
  looks: number;
}

const jobs = ({ memory }: World): Map<string, Export> => {
  const known = (memory.get('exports') as Map<string, Export> | undefined) ?? new Map<string, Export>();
  memory.set('exports', known);
  return known;
};

/** A filter is needed, of one type alone; a range has 31 days at most, and both its ends belong to it. */
function create({ json }: Asked, world: World): Answer {
  const {
    fields = [],
    filter = {},
    format = 'CSV',
  } = (json ?? {}) as {
    fields?: readonly string[];
    filter?: Readonly<Record<string, { startAt?: string; endAt?: string }>>;
    format?: string;
  };
  const [[name, range] = ['', {}], ...others] = Object.entries(filter);
  if (others.length > 0 || !['createdAt', 'updatedAt'].includes(name))
    return failed('1003', 'Invalid filter');
  const unknown = fields.find((field) => !Object.hasOwn(leadFields, field));
  if (fields.length === 0 || unknown || format !== 'CSV') return failed('1003', `Invalid field ${unknown}`);
  const [start, end] = [Date.parse(range.startAt ?? ''), Date.parse(range.endAt ?? '')];
  if (!(end >= start && end - start <= longestRange)) return failed('1002', 'Invalid date range');
  const rows = world
    .collection('leads')
    .live()
    .filter((record) => {
      const at = name === 'createdAt' ? record.createdAt : record.updatedAt;
      return at >= start && at <= end;
    });
  const known = jobs(world);
  const id = `ce45a7a1-f19d-4ce2-882c-${String(known.size).padStart(12, '0')}`;
  const job: Export = { fields, rows, createdAt: world.now(), status: 'Created', looks: 0 };
  known.set(id, job);
  return result([shown(id, job)]);
}

function shown(exportId: string, job: Export): object {
  return {
    exportId,
    format: 'CSV',
    status: job.status,
    createdAt: iso(Math.floor(job.createdAt / 1000) * 1000),
    ...(job.status === 'Completed' && {
      numberOfRecords: job.rows.length,
      fileSize: Buffer.byteLength(fileOf(job)),
    }),
  };
}

function fileOf({ fields, rows }: Export): string {
  const cell = (value: unknown): string => {
    const text = value === null ? 'null' : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [fields, ...rows.map((row) => fields.map((field) => cell(lead(row)[field] ?? null)))];
  return lines.map((line) => `${line.join(',')}\n`).join('');
}

/** A job waits until it is put into the queue; then it is done some looks later. */
const onJob =
  (act: (job: Export, id: string, asked: Asked) => Answer): Handler =>
  (asked, world) => {
    const id = asked.path.job ?? '';
    const job = jobs(world).get(id);
    return job ? act(job, id, asked) : failed('1013', 'Export job not found');
  };

const enqueue = onJob((job, id) => {
  if (job.status !== 'Created') return failed('1029', 'Export job already queued');
  job.status = 'Queued';
  return result([shown(id, job)]);
});

const status = onJob((job, id) => {
  if (job.status !== 'Created') {
    job.looks++;
    job.status = job.looks > 2 ? 'Completed' : job.looks > 1 ? 'Processing' : 'Queued';
  }
  return result([shown(id, job)]);
});

/** The file, or the range of its bytes that is asked for. */
const file = onJob((job, _, { headers }) => {
  if (job.status !== 'Completed') return failed('1029', 'Export job is not completed');
  const whole = Buffer.from(fileOf(job));
  const type = { 'content-type': 'text/csv;charset=UTF-8' };
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (from === undefined) return { headers: type, body: whole };
  const end = Math.min(whole.length, to ? Number(to) + 1 : whole.length);
  return {
    status: 206,
    headers: { ...type, 'content-range': `bytes ${from}-${end - 1}/${whole.length}` },
    body: whole.subarray(Number(from), end),
  };
});

/** An activity is never changed. */
function change({ number, createdAt }: SimulatedRecord): object {
  return {
    id: number,
    marketoGUID: String(100_000 + number),
    leadId: number,
    activityDate: iso(createdAt),
    activityTypeId: 13,
    fields: [{ id: 48, name: 'firstName', newValue: 'Ana', oldValue: null }],
    attributes: [{ name: 'Reason', value: 'Web service API' }],
  };
}

const activityTypes = Array.from({ length: 46 }, (_, index) => ({
  id: index + 1,
  name: `Activity ${index + 1}`,
  description: 'Something that a lead does',
  primaryAttribute: { name: 'Webpage ID', dataType: 'integer' },
  attributes: [{ name: 'Client IP Address', dataType: 'string' }],
}));

/** A token is a place in the log of activities. */
const tokenOf = (place: number): string => `${Buffer.from(String(place)).toString('base64')}====`;

function pagingToken({ query }: Asked, world: World): Answer {
  const since = Date.parse(query.get('sinceDatetime') ?? '');
  if (Number.isNaN(since)) return failed('1003', 'sinceDatetime');
  const after = world
    .collection('changes')
    .live()
    .findLast(({ createdAt }) => createdAt < since);
  return answered({ nextPageToken: tokenOf(after?.number ?? 0) });
}

/** Pages of 300 at most; more pages can follow an empty one. */
function leadChanges({ query }: Asked, world: World): Answer {
  const token = query.get('nextPageToken');
  if (token === null || !query.has('fields')) return failed('1006', 'nextPageToken and fields are required');
  const size = world.pageSize(Math.min(300, Number(query.get('batchSize') ?? 300)));
  const place = Number(Buffer.from(token, 'base64').toString());
  const found = world
    .collection('changes')
    .live()
    .filter(({ number }) => number > place);
  const page = found.slice(0, size);
  return answered({
    ...(page.length > 0 && { result: page.map(change) }),
    nextPageToken: tokenOf(page.at(-1)?.number ?? place),
    moreResult: found.length > size,
  });
}

/** Assets write their moments with the offset beside the zone. */
const assetTime = (time: number): string => `${iso(time)}+0000`;

/** Members of the specification's `BrowseAllPrograms`. */
function program({ number, version, createdAt, updatedAt, pick }: SimulatedRecord): object {
  return {
    id: number,
    name: `Program ${number}`,
    description: `version ${version}`,
    createdAt: assetTime(createdAt),
    updatedAt: assetTime(updatedAt),
    url: `https://app-simulated.marketo.com/#PG${number}A1`,
    type: pick(['Default', 'Event', 'Engagement']),
    channel: pick(['Email Send', 'Online Advertising']),
    folder: { type: 'Folder', value: 1910, folderName: 'Campaigns' },
    status: '',
    workspace: 'Default',
    headStart: false,
  };
}

/** 20 a page unless told, 200 at most, passed over by their number; both ends of the range belong to it. The order is nowhere named. */
function programs({ query }: Asked, world: World): Answer {
  const size = Number(query.get('maxReturn') ?? 20);
  const offset = Number(query.get('offset') ?? 0);
  if (!(size >= 1 && size <= 200 && offset >= 0)) return failed('1003', 'Invalid maxReturn or offset');
  const [earliest, latest] = ['earliestUpdatedAt', 'latestUpdatedAt'].map((name) => {
    const value = query.get(name);
    return value === null ? undefined : Date.parse(value);
  });
  if (Number.isNaN(earliest) || Number.isNaN(latest)) return failed('701', 'Invalid date');
  const found = world
    .collection('programs')
    .live()
    .filter(({ updatedAt: at }) => at >= (earliest ?? at) && at <= (latest ?? at));
  const page = found.slice(offset, offset + size);
  if (page.length === 0) return answered({ warnings: ['No assets found for the given search criteria.'] });
  return result(page.map(program));
}

const answered = (more: object): Answer => ({
  body: { requestId: '14b0b#simulated', success: true, ...more },
});
const result = (rows: readonly object[]): Answer => answered({ result: rows });

function failed(code: string, message: string): Answer {
  return { body: { requestId: '14b0b#simulated', success: false, errors: [{ code, message }] } };
}

/** A refusal comes with status 200: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/error-codes */
function refuse(status: number, retryAfterSeconds?: number): Answer {
  switch (status) {
    case 401:
      return failed('602', 'Access token expired');
    case 404:
      return failed('610', 'Requested resource not found');
    case 429:
      return {
        ...failed('606', "Max rate limit '100' exceeded with in '20' secs"),
        headers: retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {},
      };
    case 503:
      return failed('608', 'API Temporarily Unavailable');
    default:
      return failed('611', 'System error');
  }
}

const home = 'https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest';

export const marketo: Vendor = {
  connector: 'Marketo',
  docs: [
    `${home}/bulk-extract/bulk-extract`,
    `${home}/bulk-extract/bulk-lead-extract`,
    `${home}/paging-tokens`,
    `${home}/lead-database/activities`,
    `${home}/assets/programs`,
    `${home}/authentication`,
    `${home}/error-codes`,
    'https://github.com/AdobeDocs/marketo-apis',
  ],
  settings: { instanceUrl: 'https://123-ABC-456.mktorest.com' },
  auth: [
    oauth2({
      grant: 'clientCredentials',
      tokenPath: '/identity/oauth/token',
      expiresIn: 3599,
      byQuery: true,
      client: 'form',
    }),
  ],
  rateLimits: [{ requests: 100, seconds: 20, refuse: () => refuse(429) }],
  collections: {
    leads: {},
    // The log of activities: nothing in it changes.
    changes: { creates: 100, deletes: 0, unchanging: true },
    // Mostly made anew for each campaign.
    programs: { records: (count) => Math.ceil(count / 2), creates: 80, deletes: 5 },
  },
  routes: {
    'GET /rest/v1/stats/usage.json': (_, world) =>
      result([{ date: iso(world.now()).slice(0, 10), total: 1, users: [] }]),
    'GET /rest/v1/leads/describe.json': () =>
      result(
        Object.entries(leadFields).map(([name, dataType], index) => ({
          id: index + 1,
          displayName: name,
          dataType,
          rest: { name, readOnly: name === 'id' },
        })),
      ),
    'POST /bulk/v1/leads/export/create.json': create,
    'POST /bulk/v1/leads/export/{job}/enqueue.json': enqueue,
    'GET /bulk/v1/leads/export/{job}/status.json': status,
    'GET /bulk/v1/leads/export/{job}/file.json': file,
    'GET /rest/asset/v1/programs.json': programs,
    'GET /rest/v1/activities/types.json': () => result(activityTypes),
    'GET /rest/v1/activities/pagingtoken.json': pagingToken,
    'GET /rest/v1/activities/leadchanges.json': leadChanges,
  },
  listOf: ({ url }) => /^\/rest\/(v1\/activities\/leadchanges|asset\/v1\/programs)\b/.exec(url)?.[1],
  refuse,
  flows: [
    {
      entityName: 'lead_changes',
      collection: 'changes',
      sees: 'inserts',
      identify: ({ id }) => numbered(id, 1),
      tasks: [
        {
          taskType: 'Filter',
          sourceFields: ['changedFields'],
          connectorOperator: { CustomConnector: 'EQUAL_TO' },
          taskProperties: { VALUE: 'firstName', DATA_TYPE: 'string' },
        },
      ],
    },
    {
      entityName: 'leads',
      collection: 'leads',
      sees: 'changes',
      identify: ({ lastName, notes }) => numbered(lastName, notes),
      repeats: 'what was changed in the second where two ranges meet comes in both',
    },
    {
      entityName: 'programs',
      collection: 'programs',
      sees: 'changes',
      identify: ({ name, description }) => numbered(name, description),
    },
  ],
};
