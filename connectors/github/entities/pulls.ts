import { alike, dateTime, entity, long, string, struct } from '#core';
import { byUpdate, commit, openOrClosed, pullRequest, updatedAt } from './fields.ts';

export const pulls = {
  pull_requests: entity({
    label: 'Pull Request',
    docs: 'https://docs.github.com/rest/pulls/pulls#list-pull-requests',
    path: '/repos/{owner}/{repo}/pulls',
    query: { state: 'all', sort: 'created', direction: 'asc' },
    primaryKey: ['id'],
    mayRepeat: true,
    // There is no `since`. Newest first is safe, as pull requests cannot be deleted.
    incremental: {
      field: 'updated_at',
      order: 'newestFirst',
      list: { query: { sort: 'updated', direction: 'desc' } },
    },
    fields: {
      ...pullRequest,
      state: openOrClosed,
      base_ref: string({ at: 'base.ref', label: 'Pull Request Base', filters: { EQUAL_TO: 'base' } }),
      head_label: string({
        at: 'head.label',
        label: 'Pull Request Head Label',
        description: 'owner:branch',
        filters: { EQUAL_TO: 'head' },
      }),
    },
  }),

  pull_request_commits: entity({
    label: 'Pull Request Commit',
    docs: 'https://docs.github.com/rest/pulls/pulls#list-commits-on-a-pull-request',
    parent: 'pull_requests',
    path: '/repos/{owner}/{repo}/pulls/{pull_requests.number}/commits',
    absent: [404],
    primaryKey: ['pull_request_number', 'sha'],
    mayRepeat: true,
    fields: { pull_request_number: long({ hole: 'pull_requests.number' }), ...commit },
  }),

  pull_request_reviews: entity({
    label: 'Pull Request Review',
    docs: 'https://docs.github.com/rest/pulls/reviews#list-reviews-for-a-pull-request',
    parent: 'pull_requests',
    path: '/repos/{owner}/{repo}/pulls/{pull_requests.number}/reviews',
    absent: [404],
    primaryKey: ['id'],
    fields: {
      id: long(),
      ...alike(string(), 'author_association', 'body', 'commit_id', 'html_url', 'node_id'),
      ...alike(string(), 'pull_request_url', 'state'),
      submitted_at: dateTime(),
      ...alike(struct(), 'user', '_links'),
    },
  }),

  review_comments: entity({
    label: 'Review Comment',
    docs: 'https://docs.github.com/rest/pulls/comments#list-review-comments-in-a-repository',
    path: '/repos/{owner}/{repo}/pulls/comments',
    query: { sort: 'updated', direction: 'asc' },
    primaryKey: ['id'],
    mayRepeat: true,
    incremental: byUpdate,
    fields: {
      ...alike(long(), 'id', 'in_reply_to_id', 'original_position', 'position', 'pull_request_review_id'),
      ...alike(long(), 'line', 'original_line', 'original_start_line', 'start_line'),
      ...alike(string(), 'author_association', 'body', 'commit_id', 'diff_hunk', 'html_url', 'node_id'),
      ...alike(string(), 'original_commit_id', 'path', 'pull_request_url', 'side', 'start_side', 'url'),
      created_at: dateTime(),
      updated_at: updatedAt,
      ...alike(struct(), 'user', '_links'),
    },
  }),

  commit_pull_requests: entity({
    label: 'Commit Pull Request',
    docs: 'https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit',
    parent: 'commits',
    path: '/repos/{owner}/{repo}/commits/{commits.sha}/pulls',
    absent: [404],
    primaryKey: ['commit_sha', 'id'],
    fields: { commit_sha: string({ hole: 'commits.sha' }), ...pullRequest },
  }),
};
