import { alike, boolean, dateTime, entity, long, string, struct } from '#core';
import { byUpdate, issue, openOrClosed, updatedAt, user } from './fields.ts';

/** Changes show in `updated_at`, which the list is sorted by. Issue lists have pull requests, too. */
const listed = {
  query: { state: 'all', sort: 'updated', direction: 'asc' },
  skipIf: { present: 'pull_request' },
  primaryKey: ['id'],
  mayRepeat: true,
  incremental: byUpdate,
} as const;

export const issues = {
  issues: entity({
    label: 'Repository Issue',
    docs: 'https://docs.github.com/rest/issues/issues#list-repository-issues',
    path: '/repos/{owner}/{repo}/issues',
    ...listed,
    parameters: {
      mentioned: string({ label: 'Mentioned', filters: { EQUAL_TO: 'mentioned' } }),
      labels_name: string({
        label: 'Repository Issue Labels Name',
        description: 'Names of labels that an issue has all of.',
        filters: { EQUAL_TO: 'labels' },
      }),
    },
    fields: {
      ...issue,
      // Logins are compared without regard to case, `*` and `none` have meanings, and `assignee` looks at all assignees.
      creator: string({ at: 'user.login', filters: { EQUAL_TO: { param: 'creator', exact: false } } }),
      assignee_login: string({
        at: 'assignee.login',
        label: 'Repository Issue Assignee Login',
        filters: { EQUAL_TO: { param: 'assignee', exact: false } },
      }),
      milestone_number: string({
        at: 'milestone.number',
        label: 'Repository Issue Milestone Number',
        filters: { EQUAL_TO: { param: 'milestone', exact: false } },
      }),
    },
  }),

  user_issues: entity({
    label: 'Issue',
    docs: 'https://docs.github.com/rest/issues/issues#list-issues-assigned-to-the-authenticated-user',
    path: '/issues',
    ...listed,
    parameters: {
      filter: string({
        label: 'Filter',
        description: "How the issues concern the token's owner. Default: assigned.",
        values: ['assigned', 'created', 'mentioned', 'subscribed', 'repos', 'all'],
        filters: { EQUAL_TO: 'filter' },
      }),
      labels_name: string({
        label: 'Issue Labels Name',
        description: 'Names of labels that an issue has all of.',
        filters: { EQUAL_TO: 'labels' },
      }),
    },
    fields: { ...issue, repository: struct() },
  }),

  issue_comments: entity({
    label: 'Issue Comment',
    docs: 'https://docs.github.com/rest/issues/comments#list-issue-comments-for-a-repository',
    path: '/repos/{owner}/{repo}/issues/comments',
    query: { sort: 'updated', direction: 'asc' },
    primaryKey: ['id'],
    mayRepeat: true,
    incremental: byUpdate,
    fields: {
      id: long(),
      ...alike(string(), 'author_association', 'body', 'html_url', 'issue_url', 'node_id', 'url'),
      created_at: dateTime(),
      updated_at: updatedAt,
      ...alike(struct(), 'performed_via_github_app', 'reactions', 'user'),
    },
  }),

  issue_events: entity({
    label: 'Issue Event',
    docs: 'https://docs.github.com/rest/issues/events#list-issue-events-for-a-repository',
    path: '/repos/{owner}/{repo}/issues/events',
    primaryKey: ['id'],
    mayRepeat: true,
    fields: {
      id: long(),
      issue_number: long({ at: 'issue.number' }),
      ...alike(string(), 'commit_id', 'commit_url', 'event', 'node_id', 'url'),
      created_at: dateTime(),
      ...alike(struct(), 'actor', 'assignee', 'assigner', 'label', 'milestone', 'rename'),
      performed_via_github_app: struct(),
    },
  }),

  issue_assignees: entity({
    label: 'Issue Assignee',
    docs: 'https://docs.github.com/rest/issues/assignees#list-assignees',
    path: '/repos/{owner}/{repo}/assignees',
    primaryKey: ['id'],
    mayRepeat: true,
    fields: user,
  }),

  labels: entity({
    label: 'Label',
    docs: 'https://docs.github.com/rest/issues/labels#list-labels-for-a-repository',
    path: '/repos/{owner}/{repo}/labels',
    primaryKey: ['id'],
    mayRepeat: true,
    fields: {
      id: long(),
      ...alike(string(), 'color', 'description', 'name', 'node_id', 'url'),
      default: boolean(),
    },
  }),

  milestones: entity({
    label: 'Milestone',
    docs: 'https://docs.github.com/rest/issues/milestones#list-milestones',
    path: '/repos/{owner}/{repo}/milestones',
    query: { state: 'all' },
    primaryKey: ['id'],
    mayRepeat: true,
    fields: {
      ...alike(long(), 'id', 'number', 'closed_issues', 'open_issues'),
      ...alike(string(), 'description', 'html_url', 'labels_url', 'node_id', 'title', 'url'),
      ...alike(dateTime(), 'closed_at', 'created_at', 'due_on', 'updated_at'),
      creator: struct(),
      state: openOrClosed,
    },
  }),
};
