import { alike, boolean, dateTime, list, long, string, struct } from '#core';

// `since` is documented as "after the given time": whether that moment itself is included is left open.
const since = { param: 'since', operator: 'GREATER_THAN' } as const;

/** Records that change, or go, are read oldest first, each page anew from the time of the last record. */
export const byUpdate = { field: 'updated_at', from: since, order: 'oldestFirst' } as const;

export const updatedAt = dateTime({ filters: { GREATER_THAN: { param: 'since', exact: false } } });

export const openOrClosed = string({ values: ['open', 'closed'], filters: { EQUAL_TO: 'state' } });

/** A user, as GitHub lists users. */
export const user = {
  id: long(),
  ...alike(string(), 'login', 'type', 'node_id', 'gravatar_id', 'avatar_url', 'events_url', 'followers_url'),
  ...alike(string(), 'following_url', 'gists_url', 'html_url', 'organizations_url', 'received_events_url'),
  ...alike(string(), 'repos_url', 'starred_url', 'subscriptions_url', 'url'),
  site_admin: boolean(),
};

/** What issues and pull requests have in common. */
const issueOrPull = {
  ...alike(long(), 'id', 'number'),
  ...alike(string(), 'active_lock_reason', 'author_association', 'body', 'node_id', 'state', 'title'),
  ...alike(string(), 'comments_url', 'html_url', 'url'),
  locked: boolean(),
  ...alike(dateTime(), 'closed_at', 'created_at', 'updated_at'),
  ...alike(struct(), 'assignee', 'milestone', 'user'),
  ...alike(list(), 'assignees', 'labels'),
};

export const issue = {
  ...issueOrPull,
  comments: long(),
  ...alike(string(), 'events_url', 'labels_url', 'repository_url', 'timeline_url', 'state_reason'),
  ...alike(struct(), 'closed_by', 'performed_via_github_app', 'reactions', 'type'),
  label_names: list({ at: 'labels[*].name' }),
  state: openOrClosed,
  updated_at: updatedAt,
};

export const pullRequest = {
  ...issueOrPull,
  ...alike(string(), 'commits_url', 'diff_url', 'issue_url', 'patch_url', 'review_comment_url'),
  ...alike(string(), 'review_comments_url', 'statuses_url', 'merge_commit_sha'),
  draft: boolean(),
  merged_at: dateTime(),
  ...alike(struct(), 'auto_merge', 'base', 'head', '_links'),
  ...alike(list(), 'requested_reviewers', 'requested_teams'),
};

export const commit = {
  ...alike(string(), 'sha', 'node_id', 'comments_url', 'html_url', 'url'),
  ...alike(struct(), 'author', 'commit', 'committer'),
  parents: list(),
};

/** A repository, as GitHub lists repositories. */
export const repository = {
  id: long(),
  ...alike(long(), 'forks', 'forks_count', 'open_issues', 'open_issues_count', 'size', 'stargazers_count'),
  ...alike(long(), 'watchers', 'watchers_count'),
  ...alike(string(), 'name', 'full_name', 'node_id', 'description', 'default_branch', 'homepage'),
  ...alike(string(), 'language', 'visibility', 'archive_url', 'assignees_url', 'blobs_url', 'branches_url'),
  ...alike(string(), 'clone_url', 'collaborators_url', 'comments_url', 'commits_url', 'compare_url'),
  ...alike(string(), 'contents_url', 'contributors_url', 'deployments_url', 'downloads_url', 'events_url'),
  ...alike(string(), 'forks_url', 'git_commits_url', 'git_refs_url', 'git_tags_url', 'git_url', 'hooks_url'),
  ...alike(string(), 'html_url', 'issue_comment_url', 'issue_events_url', 'issues_url', 'keys_url'),
  ...alike(string(), 'labels_url', 'languages_url', 'merges_url', 'milestones_url', 'mirror_url'),
  ...alike(string(), 'notifications_url', 'pulls_url', 'releases_url', 'ssh_url', 'stargazers_url'),
  ...alike(string(), 'statuses_url', 'subscribers_url', 'subscription_url', 'svn_url', 'tags_url'),
  ...alike(string(), 'teams_url', 'trees_url', 'url'),
  ...alike(boolean(), 'allow_forking', 'archived', 'disabled', 'fork', 'has_downloads', 'has_issues'),
  ...alike(boolean(), 'has_pages', 'has_projects', 'has_wiki', 'is_template', 'private'),
  ...alike(dateTime(), 'created_at', 'pushed_at', 'updated_at'),
  ...alike(struct(), 'license', 'owner', 'permissions'),
  topics: list(),
};
