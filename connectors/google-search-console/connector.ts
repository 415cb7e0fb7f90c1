import {
  alike,
  boolean,
  by,
  dateTime,
  defineConnector,
  double,
  entity,
  list,
  listOrNone,
  long,
  offset,
  type ReadRecords,
  type Search,
  string,
} from '#core';
import { googleAuth, olderGoogleErrors } from '../google.ts';

/** What a report can be grouped by, beside the day. */
const dimensions = ['country', 'device', 'page', 'query'];

const operators: Readonly<Record<string, string>> = {
  EQUAL_TO: 'equals',
  NOT_EQUAL_TO: 'notEquals',
  CONTAINS: 'contains',
};

const search: Search = {
  param: 'dimensionFilterGroups',
  condition: ({ name, operator, values: [expression = '', ...others] }) =>
    others.length === 0 ? { dimension: name, operator: operators[operator] ?? '', expression } : undefined,
  expression: (filters) => (filters.length === 0 ? undefined : [{ groupType: 'and', filters }]),
};

/** Every row is of one day: sums over days are easy to make, and impossible to take apart. */
const byDay = (others: readonly string[]) => ['date', ...others.filter((name) => name !== 'date')];

/** A row holds the values of the dimensions, in the order in which they were asked for, and not their names. */
const rows: ReadRecords = (answer, asked) => {
  const names = asked.dimensions as readonly string[];
  const found = (answer as { readonly rows?: readonly { readonly keys: readonly string[] }[] }).rows ?? [];
  return found.map((row) => ({
    ...row,
    ...Object.fromEntries(names.map((name, index) => [name, row.keys[index]])),
  }));
};

export const googleSearchConsole = defineConnector({
  label: 'Google Search Console',
  docs: 'https://developers.google.com/webmaster-tools/v1/api_reference_index',
  apiVersion: 'v1 (webmasters/v3)',
  baseUrl: 'https://searchconsole.googleapis.com/webmasters/v3',
  auth: googleAuth('webmasters.readonly'),
  validateCredentials: 'GET /sites',
  clock: 'GET /sites',
  settings: {
    siteUrl: {
      label: 'Site URL',
      description: 'As Search Console names the property: https://www.example.com/ or sc-domain:example.com.',
    },
  },
  // https://developers.google.com/webmaster-tools/limits: 1,200 queries a minute; after an exceeded quota "wait 15 minutes".
  rateLimit: { budget: { requests: 1000, seconds: 60 }, otherwiseSeconds: 900 },
  errors: olderGoogleErrors,
  // A day ends at 8:00 of the next one in UTC at the latest; its data come "after 2-3 days":
  // https://developers.google.com/webmaster-tools/v1/how-tos/all-your-data
  settleSeconds: (24 + 8 + 3 * 24) * 3600,
  entities: {
    search_analytics: entity({
      label: 'Search Analytic',
      docs: 'https://developers.google.com/webmaster-tools/v1/searchanalytics/query',
      method: 'POST',
      path: '/sites/{siteUrl}/searchAnalytics/query',
      records: rows,
      // Up to an empty page, says the guide to all of one's data.
      pagination: offset({ param: 'startRow', size: { rowLimit: 25_000 }, mayBeShort: true }),
      search,
      projection: (paths) => ({ dimensions: byDay(dimensions.filter((name) => paths.includes(name))) }),
      primaryKey: ['keys'],
      incremental: {
        field: 'date',
        from: 'startDate',
        to: { param: 'endDate', operator: 'LESS_THAN_OR_EQUAL_TO' },
        parameter: 'start_end_date',
        // No more than 50,000 rows come for a day; day by day all of them do.
        sliceDays: 1,
        reachDays: 487,
        sees: 'inserts',
      },
      parameters: {
        dimension: string({
          label: 'dimension',
          description: 'What to group by, in place of the dimensions that are mapped.',
          values: ['date', ...dimensions],
          filters: { EQUAL_TO: { param: 'dimensions', render: byDay } },
        }),
        search_type: string({
          label: 'search_type',
          values: ['web', 'image', 'video', 'news', 'discover', 'googleNews'],
          filters: { EQUAL_TO: 'type' },
        }),
        start_end_date: dateTime({
          label: 'start_end_date',
          format: 'date',
          filters: { BETWEEN: { from: 'startDate', to: 'endDate' } },
        }),
        aggregation_type: string({
          label: 'aggregation_type',
          values: ['auto', 'byNewsShowcasePanel', 'byPage', 'byProperty'],
          filters: { EQUAL_TO: 'aggregationType' },
        }),
        data_state: string({
          label: 'data_state',
          description: 'final (default), or all: with fresh data that may still change.',
          values: ['final', 'all'],
          filters: { EQUAL_TO: 'dataState' },
        }),
      },
      fields: {
        date: dateTime({ format: 'date' }),
        keys: list(),
        ...alike(string({ filters: by(true, 'EQUAL_TO', 'NOT_EQUAL_TO') }), 'country', 'device'),
        ...alike(string({ filters: by(true, 'EQUAL_TO', 'NOT_EQUAL_TO', 'CONTAINS') }), 'page', 'query'),
        ...alike(double(), 'clicks', 'ctr', 'impressions', 'position'),
      },
    }),

    sites: entity({
      label: 'Site',
      docs: 'https://developers.google.com/webmaster-tools/v1/sites/list',
      path: '/sites',
      records: listOrNone('siteEntry'),
      primaryKey: ['siteUrl'],
      fields: {
        permissionLevel: string({ label: 'permissionLevel' }),
        siteUrl: string({ label: 'siteUrl' }),
      },
    }),

    sitemaps: entity({
      label: 'Sitemap',
      docs: 'https://developers.google.com/webmaster-tools/v1/sitemaps/list',
      path: '/sites/{siteUrl}/sitemaps',
      records: listOrNone('sitemap'),
      // Counts are texts.
      textValues: true,
      primaryKey: ['path'],
      fields: {
        contents: list({ label: 'contents' }),
        errors: long({ label: 'errors' }),
        isPending: boolean({ label: 'isPending' }),
        isSitemapsIndex: boolean({ label: 'isSitemapsIndex' }),
        lastDownloaded: dateTime({ label: 'lastDownloaded' }),
        lastSubmitted: dateTime({ label: 'lastSubmitted' }),
        path: string({ label: 'path' }),
        type: string({ label: 'type' }),
        warnings: long({ label: 'warnings' }),
      },
    }),
  },
});
