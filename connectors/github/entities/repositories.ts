import { alike, boolean, dateTime, entity, list, long, string, struct } from '#core';
import { byUpdate, commit, repository, updatedAt, user } from './fields.ts';

export const repositories = {
  repositories: entity({
    label: 'Repository',
    docs: 'https://docs.github.com/rest/repos/repos#list-repositories-for-the-authenticated-user',
    path: '/user/repos',
    query: { sort: 'updated', direction: 'asc' },
    primaryKey: ['id'],
    mayRepeat: true,
    incremental: byUpdate,
    parameters: {
      type: string({
        label: 'Type',
        values: ['all', 'owner', 'public', 'private', 'member'],
        filters: { EQUAL_TO: 'type' },
      }),
    },
    fields: {
      ...repository,
      updated_at: updatedAt,
      ...alike(boolean(), 'allow_auto_merge', 'allow_merge_commit', 'allow_rebase_merge'),
      ...alike(boolean(), 'allow_squash_merge', 'allow_update_branch', 'delete_branch_on_merge'),
      ...alike(long(), 'network_count', 'subscribers_count'),
      temp_clone_token: string(),
    },
  }),

  forks: entity({
    label: 'Fork',
    docs: 'https://docs.github.com/rest/repos/forks#list-forks',
    path: '/repos/{owner}/{repo}/forks',
    query: { sort: 'oldest' },
    primaryKey: ['id'],
    fields: repository,
  }),

  branches: entity({
    label: 'Branch',
    docs: 'https://docs.github.com/rest/branches/branches#list-branches',
    path: '/repos/{owner}/{repo}/branches',
    primaryKey: ['name'],
    mayRepeat: true,
    fields: {
      ...alike(string(), 'name', 'protection_url'),
      ...alike(struct(), 'commit', 'protection'),
      protected: boolean({ filters: { EQUAL_TO: 'protected' } }),
    },
  }),

  // Not incremental: commits are stamped when they are made and come to a branch when they are pushed or merged.
  commits: entity({
    label: 'Commit',
    docs: 'https://docs.github.com/rest/commits/commits#list-commits',
    path: '/repos/{owner}/{repo}/commits',
    absent: [409], // a repository without commits
    primaryKey: ['sha'],
    mayRepeat: true,
    parameters: {
      since: dateTime({ label: 'Updated since', filters: { EQUAL_TO: 'since' } }),
      branch: string({
        label: 'Branch',
        description: 'A branch, or a SHA, whose history is listed. Default: the default branch.',
        filters: { EQUAL_TO: 'sha' },
      }),
    },
    fields: {
      ...commit,
      commit_author_name: string({ at: 'commit.author.name' }),
      authored_at: dateTime({ at: 'commit.author.date' }),
      committed_at: dateTime({ at: 'commit.committer.date' }),
    },
  }),

  commit_comments: entity({
    label: 'Commit Comment',
    docs: 'https://docs.github.com/rest/commits/comments#list-commit-comments-for-a-repository',
    path: '/repos/{owner}/{repo}/comments',
    primaryKey: ['id'],
    fields: {
      ...alike(long(), 'id', 'line', 'position'),
      ...alike(string(), 'author_association', 'body', 'commit_id', 'html_url', 'node_id', 'path', 'url'),
      ...alike(dateTime(), 'created_at', 'updated_at'),
      ...alike(struct(), 'reactions', 'user'),
    },
  }),

  releases: entity({
    label: 'Release',
    docs: 'https://docs.github.com/rest/releases/releases#list-releases',
    path: '/repos/{owner}/{repo}/releases',
    primaryKey: ['id'],
    mayRepeat: true,
    fields: {
      id: long(),
      ...alike(string(), 'assets_url', 'body', 'html_url', 'name', 'node_id', 'tag_name', 'tarball_url'),
      ...alike(string(), 'target_commitish', 'upload_url', 'url', 'zipball_url'),
      ...alike(boolean(), 'draft', 'prerelease'),
      ...alike(dateTime(), 'created_at', 'published_at'),
      author: struct(),
      assets: list(),
    },
  }),

  deployments: entity({
    label: 'Deployment',
    docs: 'https://docs.github.com/rest/deployments/deployments#list-deployments',
    path: '/repos/{owner}/{repo}/deployments',
    primaryKey: ['id'],
    mayRepeat: true,
    fields: {
      id: long(),
      ...alike(string(), 'description', 'node_id', 'original_environment', 'repository_url', 'statuses_url'),
      url: string(),
      payload: string({ description: 'Text, or an object as JSON.' }),
      ...alike(boolean(), 'production_environment', 'transient_environment'),
      ...alike(dateTime(), 'created_at', 'updated_at'),
      ...alike(struct(), 'creator', 'performed_via_github_app'),
      environment: string({ filters: { EQUAL_TO: 'environment' } }),
      sha: string({ filters: { EQUAL_TO: 'sha' } }),
      task: string({ filters: { EQUAL_TO: 'task' } }),
      // The parameter may be a SHA, too.
      ref: string({ filters: { EQUAL_TO: { param: 'ref', exact: false } } }),
    },
  }),

  deployment_statuses: entity({
    label: 'Deployment Status',
    docs: 'https://docs.github.com/rest/deployments/statuses#list-deployment-statuses',
    parent: 'deployments',
    path: '/repos/{owner}/{repo}/deployments/{deployments.id}/statuses',
    absent: [404],
    primaryKey: ['id'],
    mayRepeat: true,
    fields: {
      id: long(),
      ...alike(string(), 'deployment_url', 'description', 'environment', 'environment_url', 'log_url'),
      ...alike(string(), 'node_id', 'repository_url', 'state', 'target_url', 'url'),
      ...alike(dateTime(), 'created_at', 'updated_at'),
      ...alike(struct(), 'creator', 'performed_via_github_app'),
    },
  }),

  stargazers: entity({
    label: 'Stargazer',
    docs: 'https://docs.github.com/rest/activity/starring#list-stargazers',
    path: '/repos/{owner}/{repo}/stargazers',
    primaryKey: ['id'],
    mayRepeat: true,
    fields: user,
  }),

  watchers: entity({
    label: 'Watcher',
    docs: 'https://docs.github.com/rest/activity/watching#list-watchers',
    path: '/repos/{owner}/{repo}/subscribers',
    primaryKey: ['id'],
    mayRepeat: true,
    fields: user,
  }),
};
