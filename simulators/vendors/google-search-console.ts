import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { dayIn, googleAuth, googleRefusal } from '../google.ts';
import type { Vendor } from '../vendor.ts';

const siteUrl = 'sc-domain:example.com';
const daySeconds = 24 * 3600;
/** "All dates in PT time". */
const dayOf = dayIn('America/Los_Angeles');

const dimensions = {
  date: ({ createdAt }: SimulatedRecord) => dayOf(createdAt),
  country: (record: SimulatedRecord) => record.pick(['aut', 'usa', 'jpn'], 1),
  device: (record: SimulatedRecord) => record.pick(['DESKTOP', 'MOBILE', 'TABLET'], 2),
  page: ({ number }: SimulatedRecord) => `https://www.example.com/item-${number}`,
  query: (record: SimulatedRecord) => record.pick(['lamp', 'desk lamp', 'chair', 'Graz'], 3),
};
type Dimension = keyof typeof dimensions;

/** A day is final two or three days after its end: "data is typically available after 2-3 days". Others are in no answer about final data. */
function isFinal(day: string, now: number): boolean {
  const days = Number(day.slice(-2)) % 2 === 0 ? 2 : 3;
  return day < dayOf(now - days * daySeconds * 1000);
}

interface Filter {
  readonly dimension: Dimension;
  readonly operator?: string;
  readonly expression: string;
}

interface Query {
  readonly startDate?: string;
  readonly endDate?: string;
  readonly dimensions?: readonly Dimension[];
  readonly dimensionFilterGroups?: readonly { readonly filters: readonly Filter[] }[];
  readonly dataState?: string;
  readonly rowLimit?: number;
  readonly startRow?: number;
}

function holds({ dimension, operator = 'equals', expression }: Filter, record: SimulatedRecord): boolean {
  const value = dimensions[dimension](record);
  switch (operator) {
    case 'equals':
      return value === expression;
    case 'notEquals':
      return value !== expression;
    case 'contains':
      return value.toLowerCase().includes(expression.toLowerCase());
    default:
      return !value.toLowerCase().includes(expression.toLowerCase());
  }
}

/** Rows of one and the same values of the dimensions, the most clicked first: at most 25,000, 1,000 unless told, and of a day 50,000. */
function query({ path, json }: Asked, world: World): Answer {
  if (path.site !== siteUrl) {
    return googleRefusal(403, undefined, {
      message: `User does not have sufficient permission for site '${path.site}'.`,
    });
  }
  const asked = json as Query | undefined;
  const { startDate = '', endDate = '', dataState = 'final', rowLimit = 1000, startRow = 0 } = asked ?? {};
  const { dimensions: names = [], dimensionFilterGroups = [] } = asked ?? {};
  const isDay = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text);
  const isRight = isDay(startDate) && isDay(endDate) && startDate <= endDate;
  if (!isRight) return googleRefusal(400, undefined, { message: 'startDate and endDate are required' });
  if (!(rowLimit >= 1 && rowLimit <= 25_000) || !(startRow >= 0)) {
    return googleRefusal(400, undefined, { message: `Invalid rowLimit ${rowLimit} or startRow ${startRow}` });
  }
  if (names.some((name) => !Object.hasOwn(dimensions, name))) {
    return googleRefusal(400, undefined, { message: `Invalid dimensions ${names}` });
  }
  const filters = dimensionFilterGroups.flatMap((group) => group.filters);
  const sums = new Map<string, { keys: string[]; clicks: number; impressions: number; first: number }>();
  for (const record of world.collection('rows').live()) {
    const day = dimensions.date(record);
    const isListed = dataState === 'all' || isFinal(day, world.now());
    if (day < startDate || day > endDate || !isListed) continue;
    if (!filters.every((filter) => holds(filter, record))) continue;
    const keys = names.map((name) => dimensions[name](record));
    const sum = sums.get(keys.join('\n')) ?? { keys, clicks: 0, impressions: 0, first: record.number };
    sum.clicks += record.pick([0, 1, 3, 17]);
    sum.impressions += record.pick([20, 35, 90]);
    sums.set(keys.join('\n'), sum);
  }
  const days = (Date.parse(endDate) - Date.parse(startDate)) / (daySeconds * 1000) + 1;
  const rows = [...sums.values()]
    .sort((a, b) => b.clicks - a.clicks || a.first - b.first)
    .slice(0, 50_000 * days)
    .slice(startRow, startRow + rowLimit)
    .map(({ keys, clicks, impressions }) => ({
      ...(names.length > 0 && { keys }),
      clicks,
      impressions,
      ctr: clicks / impressions,
      position: 4.5,
    }));
  const responseAggregationType = names.includes('page') ? 'byPage' : 'byProperty';
  // Of no rows nothing is said at all.
  return { body: { ...(rows.length > 0 && { rows }), responseAggregationType } };
}

export const googleSearchConsole: Vendor = {
  connector: 'GoogleSearchConsole',
  docs: [
    'https://developers.google.com/webmaster-tools/v1/searchanalytics/query',
    'https://developers.google.com/webmaster-tools/v1/how-tos/all-your-data',
    'https://developers.google.com/webmaster-tools/v1/sites/list',
    'https://developers.google.com/webmaster-tools/v1/errors',
    'https://developers.google.com/webmaster-tools/limits',
  ],
  settings: { siteUrl },
  basePath: '/webmasters/v3',
  auth: [googleAuth()],
  rateLimits: [
    {
      requests: 1200,
      seconds: 60,
      refuse: () => googleRefusal(403, undefined, { message: 'Quota exceeded', reason: 'quotaExceeded' }),
    },
  ],
  // What was searched for and clicked: no row ever changes, those of today become more.
  collections: { rows: { unchanging: true } },
  routes: {
    'POST /webmasters/v3/sites/{site}/searchAnalytics/query': query,
    'GET /webmasters/v3/sites': () => ({ body: { siteEntry: [{ siteUrl, permissionLevel: 'siteOwner' }] } }),
  },
  refuse: (status, retryAfterSeconds) => googleRefusal(status, retryAfterSeconds),
  flows: [
    {
      // Every row of a day that is final comes once; a page stands for its record.
      entityName: 'search_analytics',
      collection: 'rows',
      sees: 'inserts',
      settlesAfterSeconds: 4 * daySeconds,
      identify: ({ page }) => ({ number: Number(/\d+$/.exec(String(page))?.[0]), version: 1 }),
    },
  ],
};
