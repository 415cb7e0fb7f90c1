import { boolean, dateTime, entity, list, long, offset, single, string, struct } from '#core';
import { docsOf } from './pages.ts';

export const auditRecords = entity({
  label: 'Audit Record',
  docs: docsOf('audit-records', 'auditing-record'),
  path: '/rest/api/3/auditing/record',
  records: 'records',
  pagination: offset({ param: 'offset', size: { limit: 1000 }, total: 'total' }),
  primaryKey: ['id'],
  mayRepeat: true,
  incremental: {
    field: 'created',
    from: 'from',
    to: { param: 'to', operator: 'LESS_THAN_OR_EQUAL_TO' },
    sees: 'inserts',
  },
  parameters: {
    filter: string({
      label: 'Filter',
      description: 'Words that a record must contain.',
      filters: { EQUAL_TO: 'filter' },
    }),
  },
  fields: {
    id: long(),
    summary: string(),
    category: string(),
    created: dateTime(),
    description: string(),
    eventSource: string(),
    remoteAddress: string(),
    authorKey: string(),
    authorAccountId: string(),
    objectItem: struct(),
    associatedItems: list(),
    changedValues: list(),
  },
});

const property = {
  id: string(),
  key: string(),
  name: string(),
  desc: string(),
  type: string(),
  value: string(),
  defaultValue: string(),
  example: string(),
  allowedValues: list(),
};

export const applicationProperties = entity({
  label: 'Jira Settings',
  docs: docsOf('jira-settings', 'application-properties'),
  path: '/rest/api/3/application-properties',
  primaryKey: ['id'],
  fields: property,
});

export const advancedSettings = entity({
  label: 'Jira Settings Advanced',
  docs: docsOf('jira-settings', 'application-properties-advanced-settings'),
  path: '/rest/api/3/application-properties/advanced-settings',
  primaryKey: ['id'],
  fields: property,
});

export const configuration = entity({
  label: 'Jira Settings Global',
  docs: docsOf('jira-settings', 'configuration'),
  path: '/rest/api/3/configuration',
  records: single(),
  primaryKey: [],
  fields: {
    votingEnabled: boolean(),
    watchingEnabled: boolean(),
    unassignedIssuesAllowed: boolean(),
    subTasksEnabled: boolean(),
    issueLinkingEnabled: boolean(),
    timeTrackingEnabled: boolean(),
    attachmentsEnabled: boolean(),
    timeTrackingConfiguration: struct(),
  },
});

export const serverInfo = entity({
  label: 'Server Info',
  docs: docsOf('server-info', 'serverinfo'),
  path: '/rest/api/3/serverInfo',
  records: single(),
  primaryKey: ['baseUrl'],
  fields: {
    baseUrl: string(),
    displayUrl: string(),
    displayUrlConfluence: string(),
    displayUrlServicedeskHelpCenter: string(),
    version: string(),
    versionNumbers: list(),
    deploymentType: string(),
    buildNumber: long(),
    buildDate: dateTime(),
    serverTime: dateTime(),
    serverTimeZone: string(),
    scmInfo: string(),
    serverTitle: string(),
    defaultLocale: struct(),
  },
});
