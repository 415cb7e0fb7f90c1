import { cursor, dateTime, entity, fieldList, listOrNone, long, string } from '#core';

const home = 'https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database';

/** A static list's leads; of a lead what names it. All its fields are those of `leads`. */
export const listMembers = entity({
  label: 'List Member',
  docs: `${home}/list-membership`,
  path: '/rest/v1/lists/{static_lists.id}/leads.json',
  parent: 'static_lists',
  absent: [404],
  records: listOrNone('result'),
  // The last page has no token.
  pagination: cursor({ at: 'nextPageToken', param: 'nextPageToken', size: { batchSize: 300 } }),
  projection: fieldList('fields'),
  primaryKey: ['list_id', 'id'],
  mayRepeat: true,
  fields: {
    list_id: string({ hole: 'static_lists.id' }),
    id: long(),
    email: string(),
    firstName: string(),
    lastName: string(),
    createdAt: dateTime(),
    updatedAt: dateTime(),
  },
});

export const leadPartitions = entity({
  label: 'Lead Partition',
  docs: 'https://developer.adobe.com/marketo-apis/api/mapi/#tag/Leads/operation/getLeadPartitionsUsingGET',
  path: '/rest/v1/leads/partitions.json',
  records: listOrNone('result'),
  pagination: 'onePage',
  primaryKey: ['id'],
  fields: { id: long(), name: string(), description: string() },
});
