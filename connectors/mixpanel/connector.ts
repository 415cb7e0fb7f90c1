import {
  basic,
  dateTime,
  defineConnector,
  double,
  entity,
  type Field,
  type FieldOptions,
  integer,
  list,
  long,
  members,
  pageNumber,
  type ReadRecords,
  string,
  struct,
  values,
} from '#core';

const docs = 'https://docs.mixpanel.com/reference';
const project = { project_id: '{projectId}' };

// Request parameters: AppFlow's guide calls them filters. Required is what the guide or Mixpanel's page requires.
const set = (param: string) => ({ EQUAL_TO: param }) as const;
const required = { required: true } as const;

const text = (name: string, options: FieldOptions = {}) =>
  string({ label: name, filters: set(name), ...options });
const number = (name: string, options: FieldOptions = {}) =>
  integer({ label: name, filters: set(name), ...options });

/** A JSON list; a flow gives it as it is, or as the filter's values. */
const textList = (name: string, options: FieldOptions = {}, param = name) =>
  string({
    label: name,
    filters: {
      EQUAL_TO: {
        param,
        render: ([one = '', ...others]) =>
          others.length === 0 && one.startsWith('[') ? one : JSON.stringify([one, ...others]),
      },
    },
    ...options,
  });

const days = {
  from_date: dateTime({ label: 'from_date', format: 'date', filters: set('from_date'), ...required }),
  to_date: dateTime({ label: 'to_date', format: 'date', filters: set('to_date'), ...required }),
};
const analysis = (options: FieldOptions = {}) =>
  text('type', { values: ['general', 'unique', 'average'], ...options });
const unit = (names: readonly string[], options: FieldOptions = {}) =>
  text('unit', { values: names, ...options });
const allUnits = ['minute', 'hour', 'day', 'week', 'month'];
const workspace = { workspace_id: number('workspace_id') };
const where = { where: text('where', { description: 'An expression that events must meet.' }) };

/** What segmentations have in common: one event, its days, perhaps an expression. */
const segmented = { event: text('event', required), ...days, ...where, ...workspace };

const date = string({
  label: 'date',
  description: 'As Mixpanel writes it; with the hour where the unit is one.',
});
const value = double({ label: 'value' });

/** `{ data: { values: { [name]: { [date]: value } } } }`: a record for every name and date. */
function series(name: string): ReadRecords {
  const byName = members('data.values', name);
  return (answer, asked) =>
    byName(answer, asked)?.flatMap((row) => {
      const { [name]: key, ...dates } = row as Record<string, unknown>;
      return Object.entries(dates).map(([day, one]) => ({ [name]: key, date: day, value: one }));
    });
}

const seriesOf = (name: string, options: FieldOptions): Readonly<Record<string, Field>> => ({
  [name]: string(options),
  date,
  value,
});

export const mixpanel = defineConnector({
  label: 'Mixpanel',
  docs,
  apiVersion: 'Query API, Raw Event Export API 2.0',
  baseUrl: '{instanceUrl}',
  hosts: [
    'mixpanel.com',
    'eu.mixpanel.com',
    'in.mixpanel.com',
    'data.mixpanel.com',
    'data-eu.mixpanel.com',
    'data-in.mixpanel.com',
  ],
  auth: [basic({ label: 'Service account' })],
  validateCredentials: 'GET /api/app/me',
  clock: 'GET /api/app/me',
  settings: {
    projectId: { label: 'Project ID', pattern: { source: '\\d+', example: '2195193' } },
    instanceUrl: {
      label: 'Mixpanel instance URL',
      description: 'Where the project is: US, EU or India.',
      default: 'https://mixpanel.com',
      values: ['https://mixpanel.com', 'https://eu.mixpanel.com', 'https://in.mixpanel.com'],
    },
    exportUrl: {
      label: 'Export URL',
      description: 'Of the raw events, at the same place.',
      default: 'https://data.mixpanel.com',
      values: ['https://data.mixpanel.com', 'https://data-eu.mixpanel.com', 'https://data-in.mixpanel.com'],
    },
  },
  // 60 queries an hour, and 60 exports, of which three a second; what is left of them no header tells:
  // https://docs.mixpanel.com/reference/rate-limits
  rateLimit: { budget: { requests: 2, seconds: 1 }, otherwiseSeconds: 300 },
  errors: { message: 'error' },
  // Times of older projects are those of a clock in the project's zone, up to twelve hours behind UTC.
  settleSeconds: 24 * 3600,
  entities: {
    annotations: entity({
      label: 'Annotations',
      docs: `${docs}/list-all-annotations-for-project`,
      path: '/api/app/projects/{projectId}/annotations',
      records: 'results',
      primaryKey: ['id'],
      parameters: {
        from_date: dateTime({ label: 'from_date', format: 'date', filters: set('fromDate') }),
        to_date: dateTime({ label: 'to_date', format: 'date', filters: set('toDate') }),
      },
      fields: {
        date: string({ label: 'date' }),
        description: string({ label: 'description' }),
        id: long({ label: 'id' }),
        tags: list({ label: 'tags' }),
        user: struct({ label: 'user' }),
      },
    }),

    cohorts: entity({
      label: 'Cohorts',
      docs: `${docs}/cohorts-list`,
      method: 'POST',
      path: '/api/query/cohorts/list',
      query: project,
      parametersIn: 'query',
      primaryKey: ['id'],
      parameters: workspace,
      fields: {
        count: long({ label: 'count' }),
        created: string({ label: 'created' }),
        description: string({ label: 'description' }),
        id: long({ label: 'id' }),
        is_visible: integer({ label: 'is_visible' }),
        name: string({ label: 'name' }),
        project_id: long({ label: 'project_id' }),
      },
    }),

    engage: entity({
      label: 'Engage',
      docs: `${docs}/engage-query`,
      method: 'POST',
      bodyFormat: 'form',
      path: '/api/query/engage',
      query: project,
      records: 'results',
      pagination: pageNumber({
        param: 'page',
        first: 0,
        size: 1000,
        fullAt: 'page_size',
        session: { at: 'session_id', param: 'session_id' },
      }),
      primaryKey: ['$distinct_id'],
      parameters: {
        filter_by_cohort: text('filter_by_cohort', { description: '{"id":12345}' }),
        where: text('where', { description: 'An expression that profiles must meet.' }),
      },
      fields: {
        $distinct_id: string({ label: '$distinct_id' }),
        $properties: struct({ label: '$properties' }),
      },
    }),

    events: entity({
      label: 'Events',
      docs: `${docs}/list-recent-events`,
      path: '/api/query/events',
      query: project,
      records: series('event_name'),
      primaryKey: ['event_name', 'date'],
      parameters: {
        event: textList('event', required),
        ...days,
        interval: number('interval'),
        type: analysis(required),
        unit: unit(allUnits, required),
        ...workspace,
      },
      fields: seriesOf('event_name', { label: 'event name' }),
    }),

    events_names: entity({
      label: 'Events Names',
      docs: `${docs}/query-months-top-event-names`,
      path: '/api/query/events/names',
      query: project,
      records: values('', 'event_name'),
      primaryKey: ['event_name'],
      parameters: { limit: number('limit'), type: analysis(required), ...workspace },
      fields: { event_name: string({ label: 'event name' }) },
    }),

    events_properties: entity({
      label: 'Events Properties',
      docs: `${docs}/query-event-properties`,
      path: '/api/query/events/properties',
      query: project,
      records: series('property_value'),
      primaryKey: ['property_value', 'date'],
      parameters: {
        event: text('event', required),
        ...days,
        interval: number('interval'),
        limit: number('limit'),
        name: text('name', required),
        type: analysis(required),
        unit: unit(allUnits, required),
        values: textList('values'),
        ...workspace,
      },
      fields: seriesOf('property_value', { label: 'property value' }),
    }),

    events_properties_top: entity({
      label: 'Events Properties Top',
      docs: `${docs}/query-events-top-properties`,
      path: '/api/query/events/properties/top',
      query: project,
      records: members('', 'property_name'),
      primaryKey: ['property_name'],
      parameters: { event: text('event', required), limit: number('limit'), ...workspace },
      fields: {
        count: long({ label: 'count' }),
        property_name: string({ label: 'property name' }),
      },
    }),

    events_properties_values: entity({
      label: 'Events Properties Values',
      docs: `${docs}/query-events-top-property-values`,
      path: '/api/query/events/properties/values',
      query: project,
      records: values('', 'property_value'),
      primaryKey: ['property_value'],
      parameters: {
        event: text('event', required),
        limit: number('limit'),
        name: text('name', required),
        ...workspace,
      },
      fields: { property_value: string({ label: 'property value' }) },
    }),

    events_top: entity({
      label: 'Events Top',
      docs: `${docs}/query-top-events`,
      path: '/api/query/events/top',
      query: project,
      records: 'events',
      primaryKey: ['event_name'],
      parameters: { limit: number('limit'), type: analysis(required), ...workspace },
      fields: {
        amount: double({ label: 'amount' }),
        event_name: string({ label: 'event name', at: 'event' }),
        percent_change: double({ label: 'percent change' }),
      },
    }),

    funnels: entity({
      label: 'Funnels',
      docs: `${docs}/funnels-query`,
      path: '/api/query/funnels',
      query: project,
      records: members('data', 'date'),
      primaryKey: ['date'],
      parameters: {
        ...days,
        funnel_id: number('funnel_id', required),
        interval: number('interval'),
        length: number('length'),
        length_unit: text('length_unit', { values: ['day', 'hour', 'minute', 'second'] }),
        limit: number('limit'),
        unit: unit(['day', 'week', 'month'], required),
        ...where,
        ...workspace,
      },
      fields: {
        analysis: struct({ label: 'analysis' }),
        date,
        steps: list({ label: 'steps' }),
      },
    }),

    profile_event_activity: entity({
      label: 'Profile Event Activity',
      docs: `${docs}/activity-stream-query`,
      path: '/api/query/stream/query',
      query: project,
      records: 'results.events',
      primaryKey: ['event', 'time', 'properties'],
      parameters: { ...days, distinct_ids: textList('distinct_ids', required), ...workspace },
      fields: {
        event: string({ label: 'event' }),
        properties: struct({ label: 'properties' }),
        time: dateTime({ label: 'time', at: 'properties.time', format: 'epochSeconds' }),
      },
    }),

    retention: entity({
      label: 'Retention',
      docs: `${docs}/retention-frequency-query`,
      path: '/api/query/retention/addiction',
      query: project,
      records: members('data', 'date', 'counts'),
      primaryKey: ['date'],
      parameters: {
        addiction_unit: text('addiction_unit', { values: ['hour', 'day'], ...required }),
        event: text('event'),
        ...days,
        limit: number('limit'),
        unit: unit(['day', 'week', 'month'], required),
        ...where,
        ...workspace,
      },
      fields: { counts: list({ label: 'counts' }), date },
    }),

    segmentation: entity({
      label: 'Segmentation',
      docs: `${docs}/segmentation-query`,
      path: '/api/query/segmentation',
      query: project,
      records: series('segment'),
      primaryKey: ['segment', 'date'],
      parameters: {
        ...segmented,
        interval: number('interval'),
        limit: number('limit'),
        on: text('on'),
        type: analysis(),
        unit: unit(['minute', 'hour', 'day', 'month']),
      },
      fields: seriesOf('segment', {
        label: 'segment',
        description: "The event's name, or with 'on' the value of its expression.",
      }),
    }),

    segmentation_average: entity({
      label: 'Segmentation Average',
      docs: `${docs}/segmentation-query-average`,
      path: '/api/query/segmentation/average',
      query: project,
      records: members('results', 'date'),
      primaryKey: ['date'],
      parameters: { ...segmented, on: text('on', required), unit: unit(['hour', 'day']) },
      fields: { date, value },
    }),

    segmentation_numeric: entity({
      label: 'Segmentation Numeric',
      docs: `${docs}/segmentation-numeric-query`,
      path: '/api/query/segmentation/numeric',
      query: project,
      records: series('segment'),
      primaryKey: ['segment', 'date'],
      parameters: {
        ...segmented,
        on: text('on', required),
        type: analysis(),
        unit: unit(['hour', 'day']),
      },
      fields: seriesOf('segment', { label: 'segment', description: 'A range of numbers: 2,000 - 2,100.' }),
    }),

    segmentation_sum: entity({
      label: 'Segmentation Sum',
      docs: `${docs}/segmentation-sum-query`,
      path: '/api/query/segmentation/sum',
      query: project,
      records: members('results', 'date'),
      primaryKey: ['date'],
      parameters: { ...segmented, on: text('on', required), unit: unit(['hour', 'day']) },
      fields: { date, value },
    }),

    export: entity({
      label: 'Export',
      docs: `${docs}/raw-event-export`,
      baseUrl: '{exportUrl}',
      path: '/api/2.0/export',
      query: { ...project, time_in_ms: 'true' },
      headers: { accept: 'text/plain' },
      file: 'jsonLines',
      // What Mixpanel itself tells copies of an event by.
      primaryKey: ['event', 'time', 'distinct_id', '$insert_id'],
      incremental: {
        field: 'time',
        from: { param: 'from_date', format: 'date' },
        to: { param: 'to_date', operator: 'LESS_THAN_OR_EQUAL_TO', format: 'date' },
        parameter: 'date_range',
        sliceDays: 1,
        reachDays: 365,
        sees: 'inserts',
      },
      parameters: {
        date_range: dateTime({
          label: 'Date Range',
          format: 'date',
          filters: { BETWEEN: { from: 'from_date', to: 'to_date' } },
        }),
        event_names: textList('event_names', {}, 'event'),
        ...where,
      },
      fields: {
        $insert_id: string({ label: '$insert_id', at: 'properties.$insert_id' }),
        distinct_id: string({ label: 'distinct_id', at: 'properties.distinct_id' }),
        event: string({ label: 'event name' }),
        properties: struct({ label: 'properties' }),
        time: dateTime({ label: 'time', at: 'properties.time', format: 'epochMilliseconds' }),
      },
    }),
  },
});
