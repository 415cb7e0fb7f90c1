import { alike, entity, long, string, struct } from '#core';
import { user } from './fields.ts';

export const organizations = {
  organizations: entity({
    label: 'Organization',
    docs: 'https://docs.github.com/rest/orgs/orgs#list-organizations-for-the-authenticated-user',
    path: '/user/orgs',
    primaryKey: ['id'],
    mayRepeat: true,
    fields: {
      id: long(),
      ...alike(string(), 'avatar_url', 'description', 'events_url', 'hooks_url', 'issues_url', 'login'),
      ...alike(string(), 'members_url', 'node_id', 'public_members_url', 'repos_url', 'url'),
    },
  }),

  teams: entity({
    label: 'Team',
    docs: 'https://docs.github.com/rest/teams/teams#list-teams',
    path: '/orgs/{owner}/teams',
    primaryKey: ['id'],
    mayRepeat: true,
    fields: {
      id: long(),
      ...alike(string(), 'description', 'html_url', 'members_url', 'name', 'node_id', 'permission'),
      ...alike(string(), 'privacy', 'repositories_url', 'slug', 'url'),
      parent: struct(),
    },
  }),

  team_members: entity({
    label: 'Team Member',
    docs: 'https://docs.github.com/rest/teams/members#list-team-members',
    parent: 'teams',
    path: '/orgs/{owner}/teams/{teams.slug}/members',
    absent: [404],
    primaryKey: ['team_slug', 'id'],
    mayRepeat: true,
    fields: { team_slug: string({ hole: 'teams.slug' }), ...user },
  }),
};
