import {
  by,
  type DiscoveredField,
  dateTime,
  defineConnector,
  entity,
  type Field,
  type FieldFilters,
  type Json,
  list,
  offset,
  type ReadRecords,
  type Search,
  string,
  struct,
  TributaryError,
} from '#core';
import { googleAuth, googleErrors } from '../google.ts';

const docs = 'https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/properties';

/** A report's rows are read as `{ dimensions: { city }, metrics: { sessions }, keys, metadata }`. */
const [dimension, metric] = ['dimensions.', 'metrics.'];
// https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/Dimension and …/Metric
const most = { dimensions: 9, metrics: 10 };

/** What a run reads is what the report has: a property's dimensions and metrics are far more than one may ask for. */
function projection(paths: readonly string[]): Record<string, Json> {
  const names = (prefix: string) =>
    paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  const [dimensions, metrics] = [names(dimension), names(metric)];
  if (dimensions.length > most.dimensions || metrics.length > most.metrics) {
    throw new TributaryError('InvalidArgument', 'a report cannot have so many dimensions and metrics', {
      at: 'Google Analytics 4',
      got: `${dimensions.length} dimensions, ${metrics.length} metrics`,
      expected: `at most ${most.dimensions} dimensions and ${most.metrics} metrics, those of filters included`,
      fix: 'list the wanted fields with Map tasks',
    });
  }
  return {
    dimensions: dimensions.map((name) => ({ name })),
    metrics: metrics.map((name) => ({ name })),
    // Pages are asked for by number: in the order of all dimensions no row changes its place.
    orderBys: dimensions.map((dimensionName) => ({ dimension: { dimensionName } })),
  };
}

interface Report {
  readonly dimensionHeaders?: readonly { readonly name: string }[];
  readonly metricHeaders?: readonly { readonly name: string }[];
  readonly rows?: readonly {
    readonly dimensionValues?: readonly { readonly value: string }[];
    readonly metricValues?: readonly { readonly value: string }[];
  }[];
  readonly rowCount?: number;
  readonly metadata?: object;
}

const records: ReadRecords = (answer) => {
  const { dimensionHeaders, metricHeaders, rows = [], metadata } = answer as Report;
  return rows.map(({ dimensionValues = [], metricValues = [] }) => ({
    dimensions: named(dimensionHeaders, dimensionValues),
    metrics: named(metricHeaders, metricValues),
    keys: dimensionValues.map(({ value }) => value),
    metadata,
  }));
};

function named(
  headers: readonly { readonly name: string }[] = [],
  cells: readonly { readonly value: string }[],
): object {
  return Object.fromEntries(headers.map(({ name }, index) => [name, cells[index]?.value]));
}

/** @throws ConnectorProtocol: such a report has no second page */
const wholeReport: ReadRecords = (answer, asked) => {
  const { rows = [], rowCount = 0 } = answer as Report;
  if (rowCount > rows.length) {
    throw new TributaryError('ConnectorProtocol', 'the report has more rows than one answer can hold', {
      at: 'Google Analytics 4',
      got: `${rowCount} rows`,
      fix: 'map fewer dimensions, or filter',
    });
  }
  return records(answer, asked);
};

/** A FilterExpression of dimensions; upper and lower case count, as in AppFlow. */
const search: Search = {
  param: 'dimensionFilter',
  condition({ path, operator, values }) {
    const fieldName = path.slice(dimension.length);
    const texts = (matchType: string) =>
      values.map(
        (value): Json => ({
          filter: { fieldName, stringFilter: { matchType, value, caseSensitive: true } },
        }),
      );
    const [one, ...others] = texts(operator === 'CONTAINS' ? 'CONTAINS' : 'EXACT');
    if (one === undefined) return undefined;
    const either = others.length === 0 ? one : { orGroup: { expressions: [one, ...others] } };
    if (operator !== 'NOT_EQUAL_TO') return either;
    return others.length === 0 ? { notExpression: one } : undefined;
  },
  expression: (conditions) =>
    conditions.length === 0 ? undefined : { andGroup: { expressions: conditions } },
};

const filters: FieldFilters = by(true, 'EQUAL_TO', 'NOT_EQUAL_TO', 'CONTAINS');
const realtimeDimension = (name: string) =>
  string({ label: `Dimension:${name}`, at: `${dimension}${name}`, filters });
const realtimeMetric = (name: string, label = name) =>
  string({ label: `Metrics:${label}`, at: `${metric}${name}` });

/** Of every report. */
const more = {
  keys: list({ description: "The dimensions' values in the order of the report: a record's key." }),
  metadata: struct({
    description: 'What Google says of the report: data loss, sampling, thresholds, time zone.',
  }),
};

interface Described {
  readonly apiName: string;
  readonly uiName?: string;
  readonly type?: string;
}

const fieldOf = ({ apiName, uiName, type }: Described): [string, DiscoveredField] => {
  const description = uiName === undefined ? {} : { description: uiName };
  if (apiName === 'date') {
    const label = 'Dimension:date';
    return [
      apiName,
      { type: 'DateTime', format: 'basicDate', label, at: `${dimension}date`, ...description },
    ];
  }
  return type === undefined
    ? [apiName, { type: 'String', label: `Dimension:${apiName}`, at: dimension + apiName, ...description }]
    : [
        apiName,
        {
          type: type === 'TYPE_INTEGER' ? 'Long' : 'Double',
          label: `Metrics:${apiName}`,
          at: metric + apiName,
          ...description,
        },
      ];
};

const coreReport = { name: 'core_report', label: 'Core Report' };

export const googleAnalytics4 = defineConnector({
  label: 'Google Analytics 4',
  docs: 'https://developers.google.com/analytics/devguides/reporting/data/v1',
  apiVersion: 'v1beta',
  baseUrl: 'https://analyticsdata.googleapis.com/v1beta',
  auth: googleAuth('analytics.readonly'),
  validateCredentials: 'GET /properties/{propertyId}/metadata',
  clock: 'GET /properties/{propertyId}/metadata',
  settings: {
    propertyId: {
      label: 'Property ID',
      description:
        'The number in the Admin page of the property; not the measurement ID, which begins with G-.',
      pattern: { source: '\\d+', example: '213025502' },
    },
  },
  textValues: true,
  search,
  projection,
  // https://developers.google.com/analytics/devguides/reporting/data/v1/quotas: tokens are given by the hour and by the day.
  rateLimit: { otherwiseSeconds: 600 },
  errors: googleErrors,
  // A day ends twelve hours after UTC's at the latest; processing "can take 24-48 hours":
  // https://support.google.com/analytics/answer/11198161
  settleSeconds: (24 + 12 + 48) * 3600,
  discovery: {
    docs: `${docs}/getMetadata`,
    list: async () => [coreReport],
    async describe(name, reader) {
      if (name !== coreReport.name) return undefined;
      const { dimensions = [], metrics = [] } = (await reader.get(
        `/properties/${reader.setting('propertyId')}/metadata`,
      )) as { readonly dimensions?: readonly Described[]; readonly metrics?: readonly Described[] };
      return { ...coreReport, fields: Object.fromEntries([...dimensions, ...metrics].map(fieldOf)) };
    },
    entity: ({ label, fields }) => ({
      label,
      docs: `${docs}/runReport`,
      method: 'POST',
      path: '/properties/{propertyId}:runReport',
      query: { prettyPrint: 'false' },
      body: { dateRanges: [{}] },
      records,
      pagination: offset({ param: 'offset', size: { limit: 25_000 } }),
      primaryKey: ['keys'],
      incremental: {
        field: 'date',
        from: { param: 'dateRanges.0.startDate', format: 'date' },
        to: { param: 'dateRanges.0.endDate', operator: 'LESS_THAN_OR_EQUAL_TO', format: 'date' },
        parameter: 'date_range',
        // The longer the range, the sooner Google samples.
        sliceDays: 30,
        reachDays: 3650,
        sees: 'inserts',
      },
      parameters: {
        date_range: dateTime({
          label: 'Date Range',
          format: 'date',
          filters: { BETWEEN: { from: 'dateRanges.0.startDate', to: 'dateRanges.0.endDate' } },
        }),
      },
      fields: {
        ...Object.fromEntries(
          Object.entries(fields).map(([name, field]): [string, Field] => {
            const isText = field.type === 'String';
            return [name, isText ? { ...field, filters } : field];
          }),
        ),
        ...more,
      },
    }),
  },
  entities: {
    realtime_report: entity({
      label: 'Real-Time Report',
      docs: `${docs}/runRealtimeReport`,
      method: 'POST',
      path: '/properties/{propertyId}:runRealtimeReport',
      query: { prettyPrint: 'false' },
      body: { limit: 250_000 },
      records: wholeReport,
      primaryKey: ['keys'],
      fields: {
        appVersion: realtimeDimension('appVersion'),
        audienceId: realtimeDimension('audienceId'),
        audienceName: realtimeDimension('audienceName'),
        city: realtimeDimension('city'),
        cityId: realtimeDimension('cityId'),
        country: realtimeDimension('country'),
        countryId: realtimeDimension('countryId'),
        deviceCategory: realtimeDimension('deviceCategory'),
        eventName: realtimeDimension('eventName'),
        minutesAgo: realtimeDimension('minutesAgo'),
        platform: realtimeDimension('platform'),
        streamId: realtimeDimension('streamId'),
        streamName: realtimeDimension('streamName'),
        unifiedScreenName: realtimeDimension('unifiedScreenName'),
        activeUsers: realtimeMetric('activeUsers'),
        eventCount: realtimeMetric('eventCount'),
        // What Google called conversions until 2024.
        keyEvents: realtimeMetric('keyEvents', 'conversions'),
        screenPageViews: realtimeMetric('screenPageViews'),
        keys: more.keys,
      },
    }),
  },
});
