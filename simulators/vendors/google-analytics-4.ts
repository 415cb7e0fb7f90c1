import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { dayIn, googleAuth, googleRefusal } from '../google.ts';
import type { Vendor } from '../vendor.ts';

const propertyId = '213025502';
/** A property has its own: this one's days end eight hours after those of UTC. */
const timeZone = 'America/Los_Angeles';
const dayOf = dayIn(timeZone);
const daySeconds = 24 * 3600;

/** A few of a property's many, so that a report of all of them is one that Google makes: 9 dimensions and 10 metrics at most. */
const dimensions: Readonly<Record<string, (record: SimulatedRecord) => string>> = {
  date: ({ createdAt }) => dayOf(createdAt).replaceAll('-', ''),
  pagePath: ({ number }) => `/item-${number}`,
  country: (record) => record.pick(['Austria', 'Japan', '(not set)'], 1),
  deviceCategory: (record) => record.pick(['desktop', 'mobile', 'tablet'], 2),
  'customEvent:level': (record) => record.pick(['gold', 'silver', ''], 3),
};

/** Rows are there at once; their numbers are not final until the day was over for 48 hours: "can take 24-48 hours". */
const metrics: Readonly<
  Record<string, { type: string; of(record: SimulatedRecord, isFinal: boolean): number }>
> = {
  sessions: { type: 'TYPE_INTEGER', of: (_, isFinal) => (isFinal ? 1 : 0) },
  screenPageViews: { type: 'TYPE_INTEGER', of: (record) => record.pick([1, 2, 7], 4) },
  totalRevenue: { type: 'TYPE_CURRENCY', of: (record) => record.pick([0, 12.5, 99], 5) },
};

interface Filter {
  readonly andGroup?: { readonly expressions: readonly Filter[] };
  readonly orGroup?: { readonly expressions: readonly Filter[] };
  readonly notExpression?: Filter;
  readonly filter?: {
    readonly fieldName: string;
    readonly stringFilter?: {
      readonly matchType?: string;
      readonly value: string;
      readonly caseSensitive?: boolean;
    };
  };
}

function holds({ andGroup, orGroup, notExpression, filter }: Filter, record: SimulatedRecord): boolean {
  if (andGroup) return andGroup.expressions.every((one) => holds(one, record));
  if (orGroup) return orGroup.expressions.some((one) => holds(one, record));
  if (notExpression) return !holds(notExpression, record);
  const { matchType = 'EXACT', value = '', caseSensitive = false } = filter?.stringFilter ?? {};
  const cased = (text: string): string => (caseSensitive ? text : text.toLowerCase());
  const found = cased(dimensions[filter?.fieldName ?? '']?.(record) ?? '');
  return matchType === 'CONTAINS' ? found.includes(cased(value)) : found === cased(value);
}

interface Report {
  readonly dimensions?: readonly { readonly name: string }[];
  readonly metrics?: readonly { readonly name: string }[];
  readonly dateRanges?: readonly { readonly startDate?: string; readonly endDate?: string }[];
  readonly dimensionFilter?: Filter;
  readonly orderBys?: readonly { readonly dimension?: { readonly dimensionName: string } }[];
  /** 64-bit numbers may come as texts. */
  readonly limit?: number | string;
  readonly offset?: number | string;
}

/** A row for every combination of the dimensions' values: 10,000 unless told, 250,000 at most; `rowCount` counts all. */
function runReport({ path, json }: Asked, world: World): Answer {
  if (path.property !== propertyId) {
    const message = 'User does not have sufficient permissions for this property.';
    return googleRefusal(403, undefined, { message });
  }
  const asked = (json ?? {}) as Report;
  const [limit, offset] = [Number(asked.limit ?? 10_000), Number(asked.offset ?? 0)];
  const wanted = (asked.dimensions ?? []).map(({ name }) => name);
  const measured = (asked.metrics ?? []).map(({ name }) => name);
  const unknown =
    wanted.find((name) => !Object.hasOwn(dimensions, name)) ??
    measured.find((name) => !Object.hasOwn(metrics, name));
  const invalid = (message: string): Answer => googleRefusal(400, undefined, { message });
  if (unknown !== undefined) return invalid(`Field ${unknown} is not a valid dimension or metric.`);
  if (wanted.length > 9 || measured.length > 10)
    return invalid('Requests are limited to 9 dimensions and 10 metrics.');
  if (!(limit >= 1 && limit <= 250_000)) return invalid(`Limit ${limit} is not between 1 and 250000.`);
  const [{ startDate = '', endDate = '' } = {}, ...others] = asked.dateRanges ?? [];
  const isDay = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text);
  if (!isDay(startDate) || !isDay(endDate) || startDate > endDate || others.length > 0) {
    return invalid('A dateRange is required.');
  }
  const finalBefore = dayOf(world.now() - 2 * daySeconds * 1000);
  const sums = new Map<string, { values: string[]; numbers: number[] }>();
  for (const record of world.collection('visits').live()) {
    const day = dayOf(record.createdAt);
    if (day < startDate || day > endDate) continue;
    if (asked.dimensionFilter && !holds(asked.dimensionFilter, record)) continue;
    const values = wanted.map((name) => dimensions[name]?.(record) ?? '');
    const numbers = measured.map((name) => metrics[name]?.of(record, day < finalBefore) ?? 0);
    const sum = sums.get(values.join('\n'));
    for (const [index, number] of numbers.entries())
      if (sum) sum.numbers[index] = (sum.numbers[index] ?? 0) + number;
    if (!sum) sums.set(values.join('\n'), { values, numbers });
  }
  const order = (asked.orderBys ?? []).flatMap(({ dimension }) =>
    wanted.indexOf(dimension?.dimensionName ?? ''),
  );
  const rows = [...sums.values()].sort((a, b) => {
    const at = order.find((index) => a.values[index] !== b.values[index]);
    return at === undefined ? 0 : (a.values[at] ?? '') < (b.values[at] ?? '') ? -1 : 1;
  });
  // A page is full, but for the last one.
  const page = rows.slice(offset, offset + limit);
  return {
    body: {
      dimensionHeaders: wanted.map((name) => ({ name })),
      metricHeaders: measured.map((name) => ({ name, type: metrics[name]?.type })),
      // Of no rows nothing is said at all.
      ...(page.length > 0 && {
        rows: page.map(({ values, numbers }) => ({
          dimensionValues: values.map((value) => ({ value })),
          metricValues: numbers.map((number) => ({ value: String(number) })),
        })),
      }),
      ...(rows.length > 0 && { rowCount: rows.length }),
      metadata: { currencyCode: 'USD', timeZone },
      kind: 'analyticsData#runReport',
    },
  };
}

function metadata(): Answer {
  const named = (apiName: string) => ({
    apiName,
    uiName: apiName,
    description: apiName,
    category: 'Simulated',
    ...(apiName.includes(':') && { customDefinition: true }),
  });
  return {
    body: {
      name: `properties/${propertyId}/metadata`,
      dimensions: Object.keys(dimensions).map(named),
      metrics: Object.entries(metrics).map(([name, { type }]) => ({ ...named(name), type })),
    },
  };
}

const docs = 'https://developers.google.com/analytics/devguides/reporting/data/v1';

export const googleAnalytics4: Vendor = {
  connector: 'GoogleAnalytics4',
  docs: [
    `${docs}/rest/v1beta/properties/runReport`,
    `${docs}/rest/v1beta/properties/getMetadata`,
    `${docs}/rest/v1beta/FilterExpression`,
    `${docs}/quotas`,
    'https://support.google.com/analytics/answer/11198161',
  ],
  settings: { propertyId },
  basePath: '/v1beta',
  auth: [googleAuth()],
  // A project has 14,000 tokens an hour of a property; most reports cost fewer than 10.
  rateLimits: [
    {
      requests: 1400,
      seconds: 3600,
      counts: ({ url }) => url.includes(':runReport'),
      refuse: () => {
        const message = 'Exhausted property tokens for a project per hour.';
        return googleRefusal(429, undefined, { message });
      },
    },
  ],
  collections: { visits: { unchanging: true } },
  routes: {
    'POST /v1beta/properties/{property}:runReport': runReport,
    'GET /v1beta/properties/{property}/metadata': metadata,
  },
  refuse: (status, retryAfterSeconds) => googleRefusal(status, retryAfterSeconds),
  flows: [
    {
      // Every row comes once, and with its final numbers: a page stands for its record, and one that is not final yet has no session.
      entityName: 'core_report',
      collection: 'visits',
      sees: 'inserts',
      quota: 1,
      onePage: 'a page has as many rows as it is asked for: tens of thousands',
      settlesAfterSeconds: 4 * daySeconds,
      identify: ({ pagePath, sessions }) => ({
        number: Number(/\d+$/.exec(String(pagePath))?.[0]),
        version: Number(sessions),
      }),
    },
  ],
};
