import {
  alike,
  basic,
  boolean,
  dateTime,
  defineConnector,
  double,
  entity,
  type FieldOptions,
  list,
  long,
  string,
  struct,
} from '#core';

/** In UTC. */
const moment = (options: FieldOptions = {}) => dateTime({ format: 'spaced', ...options });

export const amplitude = defineConnector({
  label: 'Amplitude',
  docs: 'https://amplitude.com/docs/apis/analytics',
  apiVersion: 'Export and Dashboard REST API 2, Behavioral Cohorts API 3',
  baseUrl: '{instanceUrl}',
  hosts: ['amplitude.com', 'analytics.eu.amplitude.com'],
  auth: [basic({ label: 'API key and secret key', username: '{apiKey}', password: '{secretKey}' })],
  validateCredentials: 'GET /api/2/events/list',
  clock: 'GET /api/2/events/list',
  settings: {
    instanceUrl: {
      label: 'Instance URL',
      description: 'Where the project is: US or EU.',
      default: 'https://amplitude.com',
      values: ['https://amplitude.com', 'https://analytics.eu.amplitude.com'],
    },
  },
  rateLimit: { otherwiseSeconds: 60 },
  // What came between 8 and 9 can be exported at 11: https://amplitude.com/docs/apis/analytics/export
  settleSeconds: 3 * 3600,
  entities: {
    events: entity({
      label: 'Events',
      docs: 'https://amplitude.com/docs/apis/analytics/export',
      path: '/api/2/export',
      file: 'zippedJsonLines',
      // Some values come as text, `paying` for one.
      textValues: true,
      // No events came in that hour.
      absent: [404],
      primaryKey: ['uuid'],
      incremental: {
        field: 'server_upload_time',
        from: { param: 'start', format: 'basicHour' },
        to: { param: 'end', operator: 'LESS_THAN_OR_EQUAL_TO', format: 'basicHour' },
        parameter: 'date_range',
        // An archive may have 4 GB: no shorter time can be asked for than an hour.
        sliceDays: 1 / 24,
        reachDays: 365,
        sees: 'inserts',
      },
      parameters: {
        date_range: dateTime({
          label: 'Date Range',
          description: 'Of the upload, by hours.',
          format: 'basicHour',
          filters: { BETWEEN: { from: 'start', to: 'end' } },
        }),
      },
      fields: {
        ...alike(string(), '$insert_id', '$insert_key', '$schema', 'adid', 'amplitude_attribution_ids'),
        ...alike(string(), 'amplitude_event_type', 'city', 'country', 'data_type', 'device_brand'),
        ...alike(string(), 'device_carrier', 'device_family', 'device_id', 'device_manufacturer'),
        ...alike(string(), 'device_model', 'device_type', 'dma', 'event_type', 'idfa', 'ip_address'),
        ...alike(string(), 'language', 'library', 'os_name', 'os_version', 'partner_id', 'platform'),
        ...alike(string(), 'region', 'sample_rate', 'source_id', 'start_version', 'user_id', 'uuid'),
        version_name: string(),
        ...alike(long(), 'amplitude_id', 'app', 'event_id', 'session_id'),
        ...alike(double(), 'location_lat', 'location_lng'),
        ...alike(boolean(), 'is_attribution_event', 'paying'),
        ...alike(moment(), 'client_event_time', 'client_upload_time', 'event_time', 'processed_time'),
        ...alike(moment(), 'server_received_time', 'server_upload_time', 'user_creation_time'),
        ...alike(struct(), 'data', 'event_properties', 'global_user_properties', 'group_properties'),
        ...alike(struct(), 'groups', 'plan', 'user_properties'),
      },
    }),

    event_types: entity({
      label: 'Event Types',
      docs: 'https://amplitude.com/docs/apis/analytics/dashboard-rest#get-events-list',
      path: '/api/2/events/list',
      records: 'data',
      primaryKey: ['name'],
      fields: {
        ...alike(string(), 'display', 'name', 'value'),
        ...alike(long(), 'id', 'totals'),
        totals_delta: double(),
        ...alike(boolean(), 'autohidden', 'clusters_hidden', 'deleted', 'flow_hidden', 'hidden'),
        ...alike(boolean(), 'in_waitroom', 'non_active', 'timeline_hidden'),
      },
    }),

    cohorts: entity({
      label: 'Cohorts',
      docs: 'https://amplitude.com/docs/apis/analytics/behavioral-cohorts#get-all-cohorts',
      path: '/api/3/cohorts',
      records: 'cohorts',
      primaryKey: ['id'],
      fields: {
        ...alike(string(), 'appId', 'description', 'id', 'name', 'type'),
        ...alike(long(), 'lastComputed', 'lastMod', 'size'),
        ...alike(boolean(), 'archived', 'published'),
        owners: list(),
        definition: struct(),
      },
    }),
  },
});
