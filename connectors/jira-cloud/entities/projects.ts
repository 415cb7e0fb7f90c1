import { boolean, entity, list, string, struct } from '#core';
import { docsOf, pages } from './pages.ts';

export const projects = entity({
  label: 'Project',
  docs: docsOf('projects', 'project-search'),
  path: '/rest/api/3/project/search',
  query: { expand: 'description,lead,issueTypes,url,projectKeys,insight', orderBy: 'key' },
  records: 'values',
  pagination: pages,
  primaryKey: ['id'],
  mayRepeat: true,
  fields: {
    id: string(),
    key: string(),
    name: string(),
    description: string(),
    lead: struct(),
    url: string(),
    projectTypeKey: string(),
    style: string(),
    simplified: boolean(),
    isPrivate: boolean(),
    projectCategory: struct(),
    projectKeys: list(),
    issueTypes: list(),
    insight: struct(),
    properties: struct(),
    avatarUrls: struct(),
    uuid: string(),
    expand: string(),
    self: string(),
  },
});

export const projectCategories = entity({
  label: 'Project Category',
  docs: docsOf('project-categories', 'projectcategory'),
  path: '/rest/api/3/projectCategory',
  primaryKey: ['id'],
  fields: { id: string(), name: string(), description: string(), self: string() },
});

export const projectTypes = entity({
  label: 'Project Type',
  docs: docsOf('project-types', 'project-type'),
  path: '/rest/api/3/project/type',
  primaryKey: ['key'],
  fields: {
    key: string(),
    formattedKey: string(),
    descriptionI18nKey: string(),
    color: string(),
    icon: string(),
  },
});
