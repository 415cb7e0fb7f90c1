import { boolean, entity, list, long, offset, string, struct, values } from '#core';
import { docsOf, pages } from './pages.ts';

export const events = entity({
  label: 'Issue Events',
  docs: docsOf('issues', 'events'),
  path: '/rest/api/3/events',
  primaryKey: ['id'],
  fields: { id: long(), name: string() },
});

export const fields = entity({
  label: 'Issue Fields',
  docs: docsOf('issue-fields', 'field'),
  path: '/rest/api/3/field',
  primaryKey: ['id'],
  fields: {
    id: string(),
    key: string(),
    name: string(),
    custom: boolean(),
    orderable: boolean(),
    navigable: boolean(),
    searchable: boolean(),
    clauseNames: list(),
    scope: struct(),
    schema: struct(),
  },
});

export const fieldConfigurations = entity({
  label: 'Issue Field Configurations',
  docs: docsOf('issue-field-configurations', 'fieldconfiguration'),
  path: '/rest/api/3/fieldconfiguration',
  records: 'values',
  pagination: pages,
  primaryKey: ['id'],
  mayRepeat: true,
  fields: { id: long(), name: string(), description: string(), isDefault: boolean() },
});

export const issueLinkTypes = entity({
  label: 'Issue Link Type',
  docs: docsOf('issue-link-types', 'issuelinktype'),
  path: '/rest/api/3/issueLinkType',
  records: 'issueLinkTypes',
  primaryKey: ['id'],
  fields: { id: string(), name: string(), inward: string(), outward: string(), self: string() },
});

export const notificationSchemes = entity({
  label: 'Issue Notification Schemes',
  docs: docsOf('issue-notification-schemes', 'notificationscheme'),
  path: '/rest/api/3/notificationscheme',
  query: { expand: 'all' },
  records: 'values',
  pagination: pages,
  primaryKey: ['id'],
  mayRepeat: true,
  fields: {
    id: long(),
    name: string(),
    description: string(),
    self: string(),
    expand: string(),
    notificationSchemeEvents: list(),
    projects: list(),
    scope: struct(),
  },
});

export const priorities = entity({
  label: 'Issue Priority',
  docs: docsOf('issue-priorities', 'priority-search'),
  path: '/rest/api/3/priority/search',
  query: { expand: 'schemes' },
  records: 'values',
  pagination: pages,
  primaryKey: ['id'],
  mayRepeat: true,
  fields: {
    id: string(),
    name: string(),
    description: string(),
    isDefault: boolean(),
    iconUrl: string(),
    statusColor: string(),
    schemes: struct(),
    self: string(),
  },
});

export const resolutions = entity({
  label: 'Issue Resolution',
  docs: docsOf('issue-resolutions', 'resolution-search'),
  path: '/rest/api/3/resolution/search',
  records: 'values',
  pagination: pages,
  primaryKey: ['id'],
  mayRepeat: true,
  fields: { id: string(), name: string(), description: string(), isDefault: boolean(), self: string() },
});

export const issueSecuritySchemes = entity({
  label: 'Issue Security Scheme',
  docs: docsOf('issue-security-schemes', 'issuesecurityschemes'),
  path: '/rest/api/3/issuesecurityschemes',
  records: 'issueSecuritySchemes',
  primaryKey: ['id'],
  fields: {
    id: long(),
    name: string(),
    description: string(),
    defaultSecurityLevelId: long(),
    levels: list(),
    self: string(),
  },
});

export const issueTypes = entity({
  label: 'Issue Type',
  docs: docsOf('issue-types', 'issuetype'),
  path: '/rest/api/3/issuetype',
  primaryKey: ['id'],
  fields: {
    id: string(),
    name: string(),
    description: string(),
    subtask: boolean(),
    hierarchyLevel: long(),
    avatarId: long(),
    iconUrl: string(),
    entityId: string(),
    scope: struct(),
    self: string(),
  },
});

export const issueTypeSchemes = entity({
  label: 'Issue Type Scheme',
  docs: docsOf('issue-type-schemes', 'issuetypescheme'),
  path: '/rest/api/3/issuetypescheme',
  query: { expand: 'projects,issueTypes' },
  records: 'values',
  pagination: pages,
  primaryKey: ['id'],
  mayRepeat: true,
  fields: {
    id: string(),
    name: string(),
    description: string(),
    defaultIssueTypeId: string(),
    isDefault: boolean(),
    issueTypes: struct(),
    projects: struct(),
  },
});

export const issueTypeScreenSchemes = entity({
  label: 'Issue Type Screen Scheme',
  docs: docsOf('issue-type-screen-schemes', 'issuetypescreenscheme'),
  path: '/rest/api/3/issuetypescreenscheme',
  query: { expand: 'projects' },
  records: 'values',
  pagination: pages,
  primaryKey: ['id'],
  mayRepeat: true,
  fields: { id: string(), name: string(), description: string(), projects: struct() },
});

export const labels = entity({
  label: 'Label',
  docs: docsOf('labels', 'label'),
  path: '/rest/api/3/label',
  records: values('values', 'label'),
  pagination: offset({ param: 'startAt', size: { maxResults: 1000 }, total: 'total' }),
  primaryKey: ['label'],
  mayRepeat: true,
  fields: { label: string() },
});
