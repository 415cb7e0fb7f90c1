import { boolean, entity, members, offset, single, string, struct } from '#core';
import { docsOf, pages } from './pages.ts';

export const groups = entity({
  label: 'Groups',
  docs: docsOf('groups', 'group-bulk'),
  path: '/rest/api/3/group/bulk',
  records: 'values',
  pagination: pages,
  primaryKey: ['groupId'],
  mayRepeat: true,
  fields: { groupId: string(), name: string() },
});

const person = {
  accountId: string(),
  accountType: string(),
  active: boolean(),
  displayName: string(),
  emailAddress: string(),
  locale: string(),
  timeZone: string(),
  avatarUrls: struct(),
  self: string(),
};

export const users = entity({
  label: 'User',
  docs: docsOf('users', 'users-search'),
  path: '/rest/api/3/users/search',
  // Users whom one may not see are left out of a page, which may then be short and not be the last.
  pagination: offset({ param: 'startAt', size: { maxResults: 1000 }, mayBeShort: true }),
  primaryKey: ['accountId'],
  mayRepeat: true,
  fields: person,
});

export const myself = entity({
  label: 'Myself',
  docs: docsOf('myself', 'myself'),
  path: '/rest/api/3/myself',
  query: { expand: 'groups,applicationRoles' },
  records: single(),
  primaryKey: ['accountId'],
  fields: { ...person, groups: struct(), applicationRoles: struct(), expand: string() },
});

export const permissions = entity({
  label: 'Permission',
  docs: docsOf('permissions', 'mypermissions'),
  path: '/rest/api/3/mypermissions',
  records: members('permissions', 'key'),
  primaryKey: ['key'],
  parameters: {
    permissions: string({
      label: 'Permissions',
      description: 'Which ones, by key: BROWSE_PROJECTS, EDIT_ISSUES.',
      required: true,
      filters: { EQUAL_TO: 'permissions' },
    }),
    projectKey: string({ label: 'Project key', filters: { EQUAL_TO: 'projectKey' } }),
    issueKey: string({ label: 'Issue key', filters: { EQUAL_TO: 'issueKey' } }),
  },
  fields: {
    id: string(),
    key: string(),
    name: string(),
    type: string(),
    description: string(),
    havePermission: boolean(),
  },
});
