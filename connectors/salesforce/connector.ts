import { clientCredentials, cursor, defineConnector, jwtBearer, nextLink, oauth2 } from '#core';
import { type DescribedObject, discoveredEntity } from './describe.ts';
import { soql } from './soql.ts';
import { writesOf } from './writes.ts';

const rest = 'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest';
const objectName = /^[A-Za-z]\w*$/;
/** What a window may be on where a flow names nothing: the first moves with every change, also of what code changes. */
const stamps = ['SystemModstamp', 'LastModifiedDate', 'CreatedDate'];

export const salesforce = defineConnector({
  label: 'Salesforce',
  docs: `${rest}/resources_list.htm`,
  apiVersion: '58.0',
  baseUrl: '{instanceUrl}',
  hosts: ['*.salesforce.com'],
  headers: { accept: 'application/json' },
  auth: [
    oauth2({
      authorizeUrl: '{instanceUrl}/services/oauth2/authorize',
      tokenUrl: '{instanceUrl}/services/oauth2/token',
      scopes: ['api', 'refresh_token'],
      pkce: true,
      rotatesRefreshToken: true,
    }),
    jwtBearer({ tokenUrl: '{instanceUrl}/services/oauth2/token', audience: '{audience}', scopes: [] }),
    clientCredentials({ tokenUrl: '{instanceUrl}/services/oauth2/token', scopes: [] }),
  ],
  validateCredentials: 'GET /services/data/v58.0',
  // Not counted as a request: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
  clock: 'GET /services/data',
  settings: {
    instanceUrl: { label: 'Instance URL', description: 'https://acme.my.salesforce.com' },
    audience: {
      label: 'Audience of the JWT',
      description: 'https://test.salesforce.com for a sandbox.',
      default: 'https://login.salesforce.com',
      values: ['https://login.salesforce.com', 'https://test.salesforce.com'],
    },
    includeDeletedRecords: {
      label: 'Include deleted records',
      description: 'Deleted and archived ones, too.',
      default: 'false',
      values: ['true', 'false'],
    },
  },
  records: 'records',
  pagination: nextLink({ at: 'nextRecordsUrl', end: 'done' }),
  search: soql('q'),
  rateLimit: { usage: 'sforce-limit-info', otherwiseSeconds: 300 },
  errors: {
    message: '0.message',
    vendorCode: '0.errorCode',
    // https://developer.salesforce.com/docs/platform/api-rest/guide/errorcodes.html
    rules: [
      { vendorCode: 'REQUEST_LIMIT_EXCEEDED', code: 'RateLimitExceeded' },
      { vendorCode: 'INVALID_SESSION_ID', code: 'InvalidCredentials' },
      { vendorCode: 'QUERY_TIMEOUT', code: 'RequestTimeout' },
      { vendorCode: 'SERVER_UNAVAILABLE', code: 'ServiceUnavailable' },
      { vendorCode: 'INVALID_TYPE', code: 'ResourceNotFoundError' },
      { vendorCode: 'INVALID_FIELD', code: 'SchemaChanged' },
      { vendorCode: 'API_CURRENTLY_DISABLED', code: 'AccessDenied' },
      { vendorCode: 'API_DISABLED_FOR_ORG', code: 'AccessDenied' },
    ],
  },
  // A record is stamped in a transaction that may go on for ten minutes before others see it:
  // https://developer.salesforce.com/docs/atlas.en-us.apexcode.meta/apexcode/apex_gov_limits.htm
  settleSeconds: 600,
  entities: {},
  discovery: {
    docs: `${rest}/resources_sobject_describe.htm`,
    async list(reader) {
      const { sobjects } = (await reader.get('/services/data/v58.0/sobjects')) as {
        readonly sobjects: readonly Omit<DescribedObject, 'fields'>[];
      };
      return sobjects.filter(({ queryable }) => queryable).map(({ name, label }) => ({ name, label }));
    },
    async describe(name, reader) {
      if (!objectName.test(name)) return undefined;
      const described = (await reader.get(
        `/services/data/v58.0/sobjects/${name}/describe`,
      )) as DescribedObject;
      return described.queryable ? discoveredEntity(described) : undefined;
    },
    entity({ name, label, fields }, { setting }) {
      const operation = setting('includeDeletedRecords') === 'true' ? 'queryAll' : 'query';
      const moments = Object.keys(fields).filter(
        (name) => fields[name]?.type === 'DateTime' && fields[name]?.filters,
      );
      const field = stamps.find((stamp) => moments.includes(stamp));
      return {
        label,
        docs: `${rest}/resources_query.htm`,
        path: `/services/data/v58.0/${operation}`,
        job: {
          create: {
            method: 'POST',
            path: '/services/data/v58.0/jobs/query',
            body: { operation },
            search: soql('query'),
          },
          id: 'id',
          // https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_one_job.htm
          status: {
            path: '/services/data/v58.0/jobs/query/{job}',
            at: 'state',
            running: ['UploadComplete', 'InProgress'],
            done: ['JobComplete'],
            failed: ['Failed', 'Aborted'],
            message: 'errorMessage',
          },
          // https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_job_results.htm
          results: {
            path: '/services/data/v58.0/jobs/query/{job}/results',
            nothing: '',
            count: 'sforce-numberofrecords',
            pagination: cursor({
              at: { header: 'sforce-locator' },
              param: 'locator',
              none: 'null',
              size: { maxRecords: 5000 },
            }),
          },
          // Addresses and headers have 16,384 bytes: https://help.salesforce.com/s/articleView?id=000386264&type=1
          automatic: { count: 'totalSize', from: 1_000_000, longestAddress: 10_000 },
        },
        write: writesOf(name),
        primaryKey: ['Id'],
        ...(field !== undefined && { incremental: { field, others: moments, from: true, to: true } }),
        fields,
      };
    },
  },
});
