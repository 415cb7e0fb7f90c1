import {
  boolean,
  cursor,
  dateTime,
  defineConnector,
  entity,
  integer,
  list,
  long,
  oauth2,
  string,
  struct,
  values,
} from '#core';

const kinds = ['public_channel', 'private_channel', 'mpim', 'im'];

/** What `conversations.list` and `users.conversations` tell of a conversation alike. */
const conversation = {
  id: string({ label: 'ID' }),
  name: string({ label: 'Name' }),
  name_normalized: string({ label: 'Name Normalized' }),
  created: dateTime({ label: 'Created', format: 'epochSeconds' }),
  creator: string({ label: 'Creator' }),
  is_archived: boolean({ label: 'Is Archived' }),
  is_channel: boolean({ label: 'Is Channel' }),
  is_group: boolean({ label: 'Is Group' }),
  is_im: boolean({ label: 'Is IM' }),
  is_mpim: boolean({ label: 'Is MPIM' }),
  is_private: boolean({ label: 'Is Private' }),
  is_general: boolean({ label: 'Is General' }),
  is_shared: boolean({ label: 'Is Shared' }),
  is_ext_shared: boolean({ label: 'Is Externally Shared' }),
  is_org_shared: boolean({ label: 'Is Organization Shared' }),
  is_pending_ext_shared: boolean({ label: 'Is Pending Externally Shared' }),
  is_user_deleted: boolean({ label: 'Is User Deleted' }),
  pending_shared: list({ label: 'Pending Shared' }),
  previous_names: list({ label: 'Previous Names' }),
  purpose: struct({ label: 'Purpose' }),
  topic: struct({ label: 'Topic' }),
  unlinked: integer({ label: 'Unlinked' }),
  user: string({ label: 'User', description: 'The other member of a direct message.' }),
};

const conversationParameters = {
  types: string({ label: 'Types', values: kinds, filters: { EQUAL_TO: 'types' } }),
  exclude_archived: boolean({ label: 'Exclude Archived', filters: { EQUAL_TO: 'exclude_archived' } }),
};

/** What a message in a conversation and a reply in a thread have alike. Slack's own time stamps are keys: text. */
const message = {
  channel: string({ label: 'Channel', hole: 'joined_conversations.id' }),
  ts: string({ label: 'Timestamp' }),
  posted_at: dateTime({
    at: 'ts',
    label: 'Posted at',
    format: 'epochDecimal',
    filters: {
      GREATER_THAN: { param: 'oldest', exact: false },
      GREATER_THAN_OR_EQUAL_TO: { param: 'oldest', exact: false },
      LESS_THAN: { param: 'latest', exact: false },
      LESS_THAN_OR_EQUAL_TO: { param: 'latest', exact: false },
      BETWEEN: { from: 'oldest', to: 'latest', exact: false },
    },
  }),
  type: string({ label: 'Type' }),
  subtype: string({ label: 'Subtype' }),
  user: string({ label: 'User' }),
  username: string({ label: 'User Name' }),
  bot_id: string({ label: 'Bot ID' }),
  app_id: string({ label: 'App ID' }),
  team: string({ label: 'Team' }),
  text: string({ label: 'Text' }),
  blocks: list({ label: 'Blocks' }),
  attachments: list({ label: 'Attachments' }),
  files: list({ label: 'Files' }),
  reactions: list({ label: 'Reactions' }),
  edited: struct({ label: 'Edited' }),
  client_msg_id: string({ label: 'Client Message ID' }),
  thread_ts: string({ label: 'Thread Timestamp' }),
};

const reply = {
  reply_count: integer({ label: 'Reply Count' }),
  reply_users: list({ label: 'Reply Users' }),
  reply_users_count: integer({ label: 'Reply Users Count' }),
  latest_reply: string({ label: 'Latest Reply' }),
};

/** A message keeps the time it was posted; Slack does not list what was edited later. `inclusive` goes with both bounds. */
const posted = {
  field: 'posted_at',
  from: 'oldest',
  to: { param: 'latest', operator: 'LESS_THAN_OR_EQUAL_TO' },
  sees: 'inserts',
} as const;

/** Messages that began a thread: only they are worth asking for replies. */
function withReplies(answer: unknown): readonly object[] {
  const { messages = [] } = answer as { readonly messages?: readonly { readonly reply_count?: number }[] };
  return messages.filter((one) => (one.reply_count ?? 0) > 0);
}

export const slack = defineConnector({
  label: 'Slack',
  docs: 'https://docs.slack.dev/apis/web-api/',
  baseUrl: 'https://slack.com/api',
  auth: [
    oauth2({
      // https://docs.slack.dev/authentication/installing-with-oauth: user tokens alone, as AppFlow's scopes are those of users.
      authorizeUrl: 'https://slack.com/oauth/v2_user/authorize',
      tokenUrl: 'https://slack.com/api/oauth.v2.user.access',
      scopes: [
        'channels:history',
        'channels:read',
        'groups:history',
        'groups:read',
        'im:history',
        'im:read',
        'mpim:history',
        'mpim:read',
      ],
      scopeSeparator: ',',
      clientAuthentication: 'basic',
      // https://docs.slack.dev/authentication/using-token-rotation: where the app has it switched on.
      rotatesRefreshToken: true,
    }),
  ],
  validateCredentials: 'GET /auth.test',
  clock: 'GET /api.test',
  // https://docs.slack.dev/apis/web-api/pagination: no more than 200 at a time are advised; '' ends a list.
  pagination: cursor({ at: 'response_metadata.next_cursor', param: 'cursor', size: { limit: 200 } }),
  // https://docs.slack.dev/apis/web-api/rate-limits: tiers of each method, told by 429 with Retry-After.
  rateLimit: { retryAfter: 'retry-after', otherwiseSeconds: 60 },
  errors: {
    message: 'error',
    vendorCode: 'error',
    requestId: 'x-slack-req-id',
    inBody: { path: 'ok', is: false },
    // https://docs.slack.dev/reference/methods/conversations.history#errors
    rules: [
      { vendorCode: 'ratelimited', code: 'RateLimitExceeded' },
      { vendorCode: 'rate_limited', code: 'RateLimitExceeded' },
      { vendorCode: 'not_authed', code: 'InvalidCredentials' },
      { vendorCode: 'invalid_auth', code: 'InvalidCredentials' },
      { vendorCode: 'account_inactive', code: 'InvalidCredentials' },
      { vendorCode: 'token_expired', code: 'InvalidCredentials' },
      { vendorCode: 'token_revoked', code: 'InvalidCredentials' },
      { vendorCode: 'missing_scope', code: 'AccessDenied' },
      { vendorCode: 'no_permission', code: 'AccessDenied' },
      { vendorCode: 'access_denied', code: 'AccessDenied' },
      { vendorCode: 'not_in_channel', code: 'AccessDenied' },
      { vendorCode: 'not_allowed_token_type', code: 'AccessDenied' },
      { vendorCode: 'channel_not_found', code: 'ResourceNotFoundError' },
      { vendorCode: 'thread_not_found', code: 'ResourceNotFoundError' },
      { vendorCode: 'internal_error', code: 'ServerError' },
      { vendorCode: 'fatal_error', code: 'ServerError' },
      { vendorCode: 'request_timeout', code: 'RequestTimeout' },
      { vendorCode: 'service_unavailable', code: 'ServiceUnavailable' },
      { vendorCode: 'team_added_to_org', code: 'ServiceUnavailable' },
    ],
  },
  entities: {
    conversations: entity({
      label: 'Conversation',
      docs: 'https://docs.slack.dev/reference/methods/conversations.list',
      path: '/conversations.list',
      query: { types: kinds.join(',') },
      records: 'channels',
      primaryKey: ['id'],
      mayRepeat: true,
      parameters: conversationParameters,
      fields: {
        ...conversation,
        is_member: boolean({ label: 'Is Member' }),
        num_members: integer({ label: 'Number of Members' }),
        priority: long({ label: 'Priority' }),
      },
    }),

    joined_conversations: entity({
      label: 'Joined Conversation',
      docs: 'https://docs.slack.dev/reference/methods/users.conversations',
      path: '/users.conversations',
      query: { types: kinds.join(',') },
      records: 'channels',
      primaryKey: ['id'],
      mayRepeat: true,
      parameters: conversationParameters,
      fields: conversation,
    }),

    members: entity({
      label: 'Conversation Member',
      docs: 'https://docs.slack.dev/reference/methods/conversations.members',
      parent: 'joined_conversations',
      path: '/conversations.members',
      query: { channel: '{joined_conversations.id}' },
      records: values('members', 'user'),
      primaryKey: ['channel', 'user'],
      mayRepeat: true,
      fields: {
        channel: string({ label: 'Channel', hole: 'joined_conversations.id' }),
        user: string({ label: 'User' }),
      },
    }),

    messages: entity({
      label: 'Message',
      docs: 'https://docs.slack.dev/reference/methods/conversations.history',
      parent: 'joined_conversations',
      path: '/conversations.history',
      query: { channel: '{joined_conversations.id}', inclusive: 'true' },
      records: 'messages',
      primaryKey: ['channel', 'ts'],
      mayRepeat: true,
      incremental: posted,
      fields: { ...message, ...reply },
    }),

    threads: entity({
      label: 'Thread',
      docs: 'https://docs.slack.dev/reference/methods/conversations.history',
      parent: 'joined_conversations',
      path: '/conversations.history',
      query: { channel: '{joined_conversations.id}', inclusive: 'true' },
      records: withReplies,
      primaryKey: ['channel', 'ts'],
      mayRepeat: true,
      incremental: posted,
      fields: { ...message, ...reply },
    }),

    replies: entity({
      label: 'Thread Reply',
      docs: 'https://docs.slack.dev/reference/methods/conversations.replies',
      parent: 'threads',
      path: '/conversations.replies',
      query: { channel: '{joined_conversations.id}', ts: '{threads.ts}', inclusive: 'true' },
      records: 'messages',
      skipIf: { present: 'reply_count' }, // the thread's own first message comes with its replies
      primaryKey: ['channel', 'ts'],
      mayRepeat: true,
      incremental: posted,
      fields: { ...message, parent_user_id: string({ label: 'Parent User ID' }) },
    }),
  },
});
