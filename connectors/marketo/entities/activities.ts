import { cursor, dateTime, entity, list, listOrNone, long, string, struct } from '#core';
import { exportOf, longestRange, rangeOf } from './bulk.ts';

const docs =
  'https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/activities';

/** Longer than activities are kept. */
const reachDays = 37 * 31;

export const activities = entity({
  label: 'Activity',
  docs: 'https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-extract/bulk-activity-extract',
  path: '/bulk/v1/activities/export/create.json',
  method: 'POST',
  body: { format: 'CSV' },
  projection: (paths) => ({ fields: paths }),
  job: exportOf('activities'),
  primaryKey: ['marketoGUID'],
  mayRepeat: true,
  incremental: {
    field: 'activityDate',
    ...rangeOf('createdAt'),
    sliceDays: longestRange,
    reachDays,
    parameter: 'createdRange',
    sees: 'inserts',
  },
  parameters: {
    activityTypeIds: string({
      label: 'Activity types',
      description: 'IDs of activity_types.',
      filters: { EQUAL_TO: { param: 'filter.activityTypeIds', render: (values) => values.map(Number) } },
    }),
    createdRange: dateTime({ label: 'Created between', filters: { BETWEEN: rangeOf('createdAt') } }),
  },
  fields: {
    marketoGUID: string(),
    leadId: long(),
    // Records are those that the vendor finds in the window: it may count from when an activity came in.
    activityDate: dateTime({ format: 'iso8601Seconds' }),
    activityTypeId: long(),
    campaignId: long(),
    primaryAttributeValueId: long(),
    primaryAttributeValue: string(),
    attributes: struct(),
    actionResult: string(),
  },
});

/** https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/paging-tokens */
const sinceToken = cursor({
  at: 'nextPageToken',
  param: 'nextPageToken',
  more: 'moreResult',
  size: { batchSize: 300 },
  begin: { path: '/rest/v1/activities/pagingtoken.json', at: 'nextPageToken' },
});
const sinceMoment = {
  field: 'activityDate',
  from: { param: 'sinceDatetime', operator: 'GREATER_THAN' },
  reachDays,
  sees: 'inserts',
} as const;

const activity = {
  id: long(),
  marketoGUID: string(),
  leadId: long(),
  activityDate: dateTime(),
  activityTypeId: long(),
  attributes: list(),
};

export const deletedLeads = entity({
  label: 'Deleted Lead',
  docs: `${docs}#deleted-leads`,
  path: '/rest/v1/activities/deletedleads.json',
  records: listOrNone('result'),
  pagination: sinceToken,
  primaryKey: ['marketoGUID'],
  mayRepeat: true,
  incremental: sinceMoment,
  fields: { ...activity, primaryAttributeValueId: long(), primaryAttributeValue: string() },
});

export const leadChanges = entity({
  label: 'Lead Change',
  docs: `${docs}#data-value-changes`,
  path: '/rest/v1/activities/leadchanges.json',
  records: listOrNone('result'),
  pagination: sinceToken,
  primaryKey: ['marketoGUID'],
  mayRepeat: true,
  incremental: sinceMoment,
  parameters: {
    changedFields: string({
      label: 'Changed fields',
      description: 'Changes of which fields of leads, by API name.',
      required: true,
      filters: { EQUAL_TO: 'fields' },
    }),
  },
  fields: { ...activity, campaignId: long(), fields: list() },
});

export const activityTypes = entity({
  label: 'Activity Type',
  docs: `${docs}#describe`,
  path: '/rest/v1/activities/types.json',
  records: listOrNone('result'),
  pagination: 'onePage',
  primaryKey: ['id'],
  fields: {
    id: long(),
    name: string(),
    description: string(),
    apiName: string(),
    primaryAttribute: struct(),
    attributes: list(),
  },
});
