import { boolean, dateTime, entity, list, listOrNone, long, offset, string, struct } from '#core';

const home = 'https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest';

/** A list tells neither its order nor how many records it has; an asset that is changed leaves the window. */
const pages = (...overlap: string[]) => offset({ param: 'offset', size: { maxReturn: 200 }, overlap });
const records = listOrNone('result');
const changed = { field: 'updatedAt', from: 'earliestUpdatedAt', to: 'latestUpdatedAt' } as const;

const asset = {
  id: long(),
  name: string(),
  description: string(),
  createdAt: dateTime(),
  updatedAt: dateTime(),
  folder: struct(),
};

export const emails = entity({
  label: 'Email',
  docs: `${home}/assets/emails#browse`,
  path: '/rest/asset/v1/emails.json',
  records,
  pagination: pages('id', 'status'),
  primaryKey: ['id', 'status'],
  mayRepeat: true,
  incremental: changed,
  fields: {
    ...asset,
    // Without a filter a list may have both versions of an email.
    status: string({
      values: ['approved', 'draft'],
      filters: { EQUAL_TO: { param: 'status', exact: false } },
    }),
    subject: struct(),
    fromName: struct(),
    fromEmail: struct(),
    replyEmail: struct(),
    ccFields: list(),
    preHeader: string(),
    template: long(),
    operational: boolean(),
    textOnly: boolean(),
    autoCopyToText: boolean(),
    publishToMSI: boolean(),
    webView: boolean(),
    version: long(),
    url: string(),
    workspace: string(),
  },
});

export const programs = entity({
  label: 'Program',
  docs: `${home}/assets/programs#browse`,
  path: '/rest/asset/v1/programs.json',
  records,
  pagination: pages('id'),
  primaryKey: ['id'],
  mayRepeat: true,
  incremental: changed,
  fields: {
    ...asset,
    type: string(),
    channel: string(),
    status: string(),
    startDate: dateTime(),
    endDate: dateTime(),
    sfdcId: string(),
    sfdcName: string(),
    headStart: boolean(),
    url: string(),
    workspace: string(),
  },
});

export const smartCampaigns = entity({
  label: 'Smart Campaign',
  docs: `${home}/assets/smart-campaigns#browse`,
  path: '/rest/asset/v1/smartCampaigns.json',
  records,
  pagination: pages('id'),
  primaryKey: ['id'],
  mayRepeat: true,
  incremental: changed,
  fields: {
    ...asset,
    type: string(),
    status: string(),
    isSystem: boolean(),
    isActive: boolean(),
    isRequestable: boolean(),
    isCommunicationLimitEnabled: boolean(),
    recurrence: struct(),
    qualificationRuleType: string(),
    qualificationRuleInterval: long(),
    qualificationRuleUnit: string(),
    maxMembers: long(),
    smartListId: long(),
    flowId: long(),
    parentProgramId: long(),
    computedUrl: string(),
    workspace: string(),
  },
});

export const smartLists = entity({
  label: 'Smart List',
  docs: `${home}/assets/smart-lists#browse`,
  path: '/rest/asset/v1/smartLists.json',
  records,
  pagination: pages('id'),
  primaryKey: ['id'],
  mayRepeat: true,
  incremental: changed,
  fields: { ...asset, url: string(), workspace: string() },
});

export const staticLists = entity({
  label: 'Static List',
  docs: `${home}/assets/static-lists#browse`,
  path: '/rest/asset/v1/staticLists.json',
  records,
  pagination: pages('id'),
  primaryKey: ['id'],
  mayRepeat: true,
  incremental: changed,
  fields: { ...asset, computedUrl: string() },
});
