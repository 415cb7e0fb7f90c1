import { gzipSync } from 'node:zlib';
import { basic } from '../auth.ts';
import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { hashed } from '../random.ts';
import { numbered, type Vendor } from '../vendor.ts';
import { zip } from '../zip.ts';

const project = 168_342;
const hour = 3600 * 1000;
/** Milliseconds after an hour's end until it can be exported. */
const lag = 2 * hour;
/** Events of a file: busy hours have several. */
const fileSize = 40;
const names: readonly [string, ...string[]] = [
  'session_start',
  'Größe „L“ bought',
  ...Array.from({ length: 28 }, (_, index) => `Screen ${index + 1} opened`),
];

const stamp = (time: number): string => new Date(time).toISOString().replace('T', ' ').replace('Z', '000');

/** The fields of the export's page. A device may have kept an event for days before it came. */
function event(record: SimulatedRecord): object {
  const { number, createdAt } = record;
  const happened = createdAt - hashed(3 * 24 * hour, number);
  return {
    $insert_id: `insert-${number}`,
    $schema: null,
    amplitude_id: 900_000_000_000 + hashed(90, number),
    app: project,
    city: record.pick(['Graz', 'São Paulo', null]),
    client_event_time: stamp(happened),
    client_upload_time: stamp(createdAt),
    data: {},
    device_id: `device-${hashed(90, number)}`,
    event_id: number,
    event_properties: record.pick([{}, { song: 'Ode', seconds: 12.5 }]),
    event_time: stamp(happened),
    event_type: record.pick(names),
    groups: {},
    library: 'amplitude-ts/2.7.2',
    location_lat: record.pick([null, 47.07]),
    paying: record.pick([null, 'true']),
    platform: 'Web',
    processed_time: stamp(createdAt + 900),
    server_received_time: stamp(createdAt),
    server_upload_time: stamp(createdAt),
    session_id: record.pick([-1, happened]),
    user_id: `user-${hashed(90, number)}@example.com`,
    user_properties: { plan: record.pick(['free', 'team']) },
    uuid: `5b1f4a2c-0000-4000-8000-${String(number).padStart(12, '0')}`,
    version_name: null,
  };
}

/** All that came in whole hours of UTC, both included: a zip archive of gzipped JSON Lines; 404 where nothing came. */
function exported({ query }: Asked, world: World): Answer {
  const from = hourOf(query.get('start'));
  const to = hourOf(query.get('end'));
  if (from === undefined || to === undefined || to < from || to - from > 365 * 24 * hour) return refuse(400);
  const hours = new Map<number, SimulatedRecord[]>();
  for (const record of world.collection('events').live()) {
    const began = Math.floor(record.createdAt / hour) * hour;
    if (began < from || began > to || began + hour + lag > world.now()) continue;
    hours.set(began, [...(hours.get(began) ?? []), record]);
  }
  if (hours.size === 0) return { status: 404, body: 'Raw data files were not found.' };
  const entries = [...hours].flatMap(([began, records]) =>
    Array.from({ length: Math.ceil(records.length / fileSize) }, (_, index) => {
      const events = records.slice(index * fileSize, (index + 1) * fileSize).map(event);
      const [date = '', time = ''] = new Date(began).toISOString().split('T');
      return {
        name: `${project}/${project}_${date}_${Number(time.slice(0, 2))}#${index}.json.gz`,
        bytes: gzipSync(events.map((one) => `${JSON.stringify(one)}\n`).join('')),
      };
    }),
  );
  return { headers: { 'content-type': 'application/zip' }, body: zip(entries) };
}

/** How often each came in the last 30 days. */
function eventTypes(_: Asked, world: World): Answer {
  const totals = new Map(names.map((name) => [name, 0]));
  for (const record of world.collection('events').live()) {
    const name = record.pick(names);
    totals.set(name, (totals.get(name) ?? 0) + 1);
  }
  const data = [...totals].map(([name, count], id) => ({
    id,
    name,
    value: name,
    display: name,
    totals: count,
    totals_delta: 0,
    hidden: false,
    deleted: false,
    non_active: count === 0,
  }));
  return { body: { data } };
}

/** `20260302T08` */
function hourOf(text: string | null): number | undefined {
  const [, year, month, day, of] = /^(\d{4})(\d\d)(\d\d)T(\d\d)$/.exec(text ?? '') ?? [];
  return year === undefined ? undefined : Date.parse(`${year}-${month}-${day}T${of}:00:00Z`);
}

function refuse(status: number, retryAfterSeconds?: number): Answer {
  const messages: Record<number, string> = {
    400: 'Bad Request',
    401: 'Unauthorized',
    404: 'Not Found',
    429: 'Too Many Requests',
  };
  return {
    status,
    headers: {
      'content-type': 'text/plain',
      ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: messages[status] ?? 'Internal Server Error',
  };
}

const isExport = ({ url }: Asked): boolean => url.startsWith('/api/2/export');

export const amplitude: Vendor = {
  connector: 'Amplitude',
  docs: [
    'https://amplitude.com/docs/apis/analytics/export',
    'https://amplitude.com/docs/apis/analytics/dashboard-rest',
  ],
  settings: {},
  auth: [
    basic(
      { apiKey: 'simulated-key-4f1c', secretKey: 'simulated-secret-77ab' },
      { pair: ['simulated-key-4f1c', 'simulated-secret-77ab'] },
    ),
  ],
  rateLimits: [
    { requests: 360, seconds: 3600, counts: (asked) => !isExport(asked), refuse: () => refuse(429) },
    // The page names none for exports: more than the hours of a year.
    { requests: 10_000, seconds: 3600, counts: isExport, refuse: () => refuse(429) },
  ],
  // What happened has happened. A request is for an hour: those of a day are enough.
  collections: { events: { precision: 1, creates: 100, deletes: 0, unchanging: true, days: 1 } },
  routes: {
    'GET /api/2/events/list': eventTypes,
    'GET /api/2/export': exported,
  },
  refuse,
  flows: [
    {
      entityName: 'events',
      collection: 'events',
      sees: 'inserts',
      range: 'date_range',
      onePage: 'an answer is the file of an hour',
      settlesAfterSeconds: (hour + lag) / 1000,
      identify: ({ uuid }) => numbered(uuid, 1),
    },
  ],
};
