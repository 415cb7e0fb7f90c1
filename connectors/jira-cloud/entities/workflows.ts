import { boolean, entity, list, long, string, struct } from '#core';
import { docsOf, pages } from './pages.ts';

export const workflows = entity({
  label: 'Workflow',
  docs: docsOf('workflows', 'workflows-search'),
  path: '/rest/api/3/workflows/search',
  records: 'values',
  pagination: pages,
  primaryKey: ['id'],
  mayRepeat: true,
  fields: {
    id: string(),
    name: string(),
    description: string(),
    isEditable: boolean(),
    // The page says of these two that they are texts, and no more.
    created: string(),
    updated: string(),
    scope: struct(),
    statuses: list(),
    transitions: list(),
    version: struct(),
    startPointLayout: struct(),
    loopedTransitionContainerLayout: struct(),
    taskId: string(),
  },
});

export const workflowSchemes = entity({
  label: 'Workflow Scheme',
  docs: docsOf('workflow-schemes', 'workflowscheme'),
  path: '/rest/api/3/workflowscheme',
  records: 'values',
  pagination: pages,
  primaryKey: ['id'],
  mayRepeat: true,
  fields: {
    id: long(),
    name: string(),
    description: string(),
    defaultWorkflow: string(),
    issueTypeMappings: struct(),
    self: string(),
  },
});

export const workflowSchemeProjects = entity({
  label: 'Workflow Scheme Project Association',
  docs: docsOf('workflow-scheme-project-associations', 'workflowscheme-project'),
  path: '/rest/api/3/workflowscheme/project',
  query: { projectId: '{projects.id}' },
  parent: 'projects',
  records: 'values',
  primaryKey: ['project_id'],
  fields: { project_id: string({ hole: 'projects.id' }), projectIds: list(), workflowScheme: struct() },
});

export const statuses = entity({
  label: 'Workflow Status',
  docs: docsOf('workflow-statuses', 'status'),
  path: '/rest/api/3/status',
  primaryKey: ['id'],
  fields: {
    id: string(),
    name: string(),
    description: string(),
    iconUrl: string(),
    statusCategory: struct(),
    scope: struct(),
    self: string(),
  },
});

export const statusCategories = entity({
  label: 'Workflow Status Category',
  docs: docsOf('workflow-status-categories', 'statuscategory'),
  path: '/rest/api/3/statuscategory',
  primaryKey: ['id'],
  fields: { id: long(), key: string(), name: string(), colorName: string(), self: string() },
});
