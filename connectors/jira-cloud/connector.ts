import { basic, defineConnector, oauth2 } from '#core';
import {
  events,
  fieldConfigurations,
  fields,
  issueLinkTypes,
  issueSecuritySchemes,
  issueTypeSchemes,
  issueTypeScreenSchemes,
  issueTypes,
  labels,
  notificationSchemes,
  priorities,
  resolutions,
} from './entities/issue-settings.ts';
import { describeIssues, issues } from './entities/issues.ts';
import { groups, myself, permissions, users } from './entities/people.ts';
import { projectCategories, projects, projectTypes } from './entities/projects.ts';
import {
  advancedSettings,
  applicationProperties,
  auditRecords,
  configuration,
  serverInfo,
} from './entities/site.ts';
import {
  statusCategories,
  statuses,
  workflowSchemeProjects,
  workflowSchemes,
  workflows,
} from './entities/workflows.ts';

export const jiraCloud = defineConnector({
  label: 'Jira Cloud',
  docs: 'https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/',
  apiVersion: 'v3',
  baseUrl: '{instanceUrl}',
  hosts: ['*.atlassian.net', 'api.atlassian.com'],
  headers: { accept: 'application/json' },
  auth: [
    // https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
    oauth2({
      authorizeUrl: 'https://auth.atlassian.com/authorize',
      tokenUrl: 'https://auth.atlassian.com/oauth/token',
      scopes: [
        'read:jira-work',
        'read:jira-user',
        'manage:jira-configuration',
        'manage:jira-project',
        'offline_access',
      ],
      authorizeParameters: { audience: 'api.atlassian.com', prompt: 'consent' },
      tokenBody: 'json',
      rotatesRefreshToken: true,
    }),
    // https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/
    basic({ label: 'API token', username: '{email}', password: '{apiToken}' }),
  ],
  validateCredentials: 'GET /rest/api/3/myself',
  clock: 'GET /rest/api/3/serverInfo',
  settings: {
    instanceUrl: {
      label: 'Jira Cloud Domain URL',
      description:
        'With an API token https://acme.atlassian.net, with OAuth https://api.atlassian.com/ex/jira/<cloudid>.',
    },
  },
  // https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
  rateLimit: { otherwiseSeconds: 60 },
  errors: { message: 'errorMessages[*]', requestId: 'atl-traceid' },
  // https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile: a search lags by seconds, or minutes.
  settleSeconds: 300,
  entities: {
    advanced_settings: advancedSettings,
    application_properties: applicationProperties,
    audit_records: auditRecords,
    configuration,
    events,
    field_configurations: fieldConfigurations,
    fields,
    groups,
    issue_link_types: issueLinkTypes,
    issue_security_schemes: issueSecuritySchemes,
    issue_type_schemes: issueTypeSchemes,
    issue_type_screen_schemes: issueTypeScreenSchemes,
    issue_types: issueTypes,
    labels,
    myself,
    notification_schemes: notificationSchemes,
    permissions,
    priorities,
    project_categories: projectCategories,
    project_types: projectTypes,
    projects,
    resolutions,
    server_info: serverInfo,
    status_categories: statusCategories,
    statuses,
    users,
    workflow_scheme_projects: workflowSchemeProjects,
    workflow_schemes: workflowSchemes,
    workflows,
  },
  // Issues have fields that the site defines.
  discovery: {
    docs: 'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-fields/#api-rest-api-3-field-get',
    list: async () => [{ name: 'issues', label: 'Issue' }],
    describe: async (name, reader) => (name === 'issues' ? describeIssues(reader) : undefined),
    entity: issues,
  },
});
