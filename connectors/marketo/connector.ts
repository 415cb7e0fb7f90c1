import { clientCredentials, defineConnector } from '#core';
import { activities, activityTypes, deletedLeads, leadChanges } from './entities/activities.ts';
import { emails, programs, smartCampaigns, smartLists, staticLists } from './entities/assets.ts';
import { describeLeads, leads } from './entities/leads.ts';
import { leadPartitions, listMembers } from './entities/lists.ts';

export const marketo = defineConnector({
  label: 'Marketo',
  docs: 'https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/rest-api',
  apiVersion: 'v1',
  baseUrl: '{instanceUrl}',
  hosts: ['*.mktorest.com'],
  headers: { accept: 'application/json' },
  auth: [
    // https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/authentication
    clientCredentials({ tokenUrl: '{instanceUrl}/identity/oauth/token', scopes: [] }),
  ],
  validateCredentials: 'GET /rest/v1/stats/usage.json',
  clock: 'GET /rest/v1/stats/usage.json',
  settings: {
    instanceUrl: {
      label: 'Account/Munchkin ID',
      description: 'The address with it, without /rest: https://123-ABC-456.mktorest.com.',
    },
  },
  // Half of the limit, as advised: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/marketo-integration-best-practices
  rateLimit: { budget: { requests: 50, seconds: 20 }, otherwiseSeconds: 20 },
  // https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/error-codes: refusals come with 200.
  errors: {
    inBody: { path: 'success', is: false },
    message: 'errors[*].message',
    vendorCode: 'errors[*].code',
    rules: [
      { vendorCode: '601', code: 'InvalidCredentials' },
      { vendorCode: '602', code: 'InvalidCredentials' },
      { vendorCode: '603', code: 'AccessDenied' },
      { vendorCode: '604', code: 'RequestTimeout' },
      { vendorCode: '606', code: 'RateLimitExceeded' },
      // The day's requests, and the day's megabytes below: until midnight, Central Time.
      { vendorCode: '607', code: 'RateLimitExceeded', retryAfterSeconds: 900 },
      { vendorCode: '615', code: 'RateLimitExceeded', retryAfterSeconds: 5 },
      { vendorCode: '610', code: 'ResourceNotFoundError' },
      { vendorCode: '1013', code: 'ResourceNotFoundError' },
      { vendorCode: '1029', message: 'already queued', code: 'RateLimitExceeded', retryAfterSeconds: 60 },
      { vendorCode: '1029', message: 'quota', code: 'RateLimitExceeded', retryAfterSeconds: 900 },
      { vendorCode: '1029', code: 'RateLimitExceeded', retryAfterSeconds: 120 },
      { vendorCode: '608', code: 'ServiceUnavailable' },
      { vendorCode: '614', code: 'ServiceUnavailable' },
      { vendorCode: '713', code: 'ServiceUnavailable' },
      { vendorCode: '500', code: 'ServerError' },
      { vendorCode: '502', code: 'ServerError' },
      { vendorCode: '611', code: 'ServerError' },
    ],
  },
  // The vendor names no delay, but that activities come in late: windows leave it some minutes.
  settleSeconds: 300,
  entities: {
    activities,
    activity_types: activityTypes,
    deleted_leads: deletedLeads,
    emails,
    lead_changes: leadChanges,
    lead_partitions: leadPartitions,
    list_members: listMembers,
    programs,
    smart_campaigns: smartCampaigns,
    smart_lists: smartLists,
    static_lists: staticLists,
  },
  // Leads have fields that the account defines.
  discovery: {
    docs: 'https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/leads#describe',
    list: async () => [{ name: 'leads', label: 'Lead' }],
    describe: async (name, reader) => (name === 'leads' ? describeLeads(reader) : undefined),
    entity: leads,
  },
});
