import {
  by,
  cursor,
  type DiscoveredEntity,
  type DiscoveredField,
  type Entity,
  type Field,
  type MetadataReader,
  type Search,
  string,
} from '#core';

const docs =
  'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/#api-rest-api-3-search-jql-post';

const minute = 60_000;
/** Operators widened to whole minutes, which is as fine as the vendor's pages say that it compares. */
const operators: Readonly<
  Record<string, { readonly word: string; readonly round: (minutes: number) => number }>
> = {
  GREATER_THAN: { word: '>=', round: Math.floor },
  GREATER_THAN_OR_EQUAL_TO: { word: '>=', round: Math.floor },
  LESS_THAN: { word: '<=', round: Math.ceil },
  LESS_THAN_OR_EQUAL_TO: { word: '<=', round: Math.ceil },
};

const quoted = (value: string) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** JQL: https://support.atlassian.com/jira-software-cloud/docs/jql-fields/ */
const searchBy = (order: string): Search => ({
  param: 'jql',
  condition({ name, field, operator, values }) {
    if (name === 'jql') return values.map((value) => `(${value})`).join(' OR ');
    if (name === 'projectKey') return `project IN (${values.map(quoted).join(', ')})`;
    const { word, round } = operators[operator] ?? {};
    const [value = ''] = values;
    if (!word || !round || values.length !== 1) return undefined;
    if (field.type === 'Date') return `${name} ${word} ${quoted(value)}`;
    // A text is read by the clock of whoever asks; a number without quotes is epoch milliseconds, the same for all.
    return `${name} ${word} ${round(Date.parse(value) / minute) * minute}`;
  },
  // A search without any restriction is refused.
  expression: (conditions) =>
    `${conditions.length > 0 ? conditions.map((one) => `(${one})`).join(' AND ') : 'created IS NOT EMPTY'} ORDER BY ${order} ASC`,
});

const compared = by(
  { exact: false },
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL_TO',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL_TO',
);
const filters: Readonly<Record<string, Field['filters']>> = {
  created: compared,
  duedate: compared,
  resolutiondate: compared,
  updated: compared,
};

/** A field's schema: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-fields/#api-rest-api-3-field-get */
interface IssueField {
  readonly id: string;
  readonly name: string;
  readonly schema?: { readonly type: string; readonly system?: string; readonly custom?: string };
}

const types: Readonly<Record<string, DiscoveredField['type']>> = {
  array: 'List',
  date: 'Date',
  datetime: 'DateTime',
  number: 'Double',
};
/** Types of values that are objects; of any other, an object becomes JSON text. */
const objects = new Set([
  'comments-page',
  'group',
  'issuelink',
  'issuetype',
  'option',
  'option-with-child',
  'priority',
  'progress',
  'project',
  'resolution',
  'securitylevel',
  'status',
  'statusCategory',
  'team',
  'timetracking',
  'user',
  'version',
  'votes',
  'watches',
]);

function typeOf({ type, system, custom }: NonNullable<IssueField['schema']>): DiscoveredField['type'] {
  // Rich text is a document, though its schema says string.
  const isDocument = system === 'description' || system === 'environment' || custom?.endsWith(':textarea');
  return isDocument || objects.has(type) ? 'Struct' : (types[type] ?? 'String');
}

/** What all issues have beside their fields. */
const own: Readonly<Record<string, DiscoveredField>> = {
  id: { type: 'String', label: 'ID' },
  key: { type: 'String', label: 'Key' },
  self: { type: 'String', label: 'Self' },
};

/** System fields and those that the site defines, by their IDs. */
export async function describeIssues(reader: MetadataReader): Promise<DiscoveredEntity> {
  const fields = (await reader.get('/rest/api/3/field')) as readonly IssueField[];
  return {
    name: 'issues',
    label: 'Issue',
    fields: {
      ...own,
      ...Object.fromEntries(
        fields.flatMap(({ id, name, schema }) =>
          schema ? [[id, { type: typeOf(schema), label: name, at: `fields.${id}` }] as const] : [],
        ),
      ),
    },
  };
}

export function issues({ label, fields }: DiscoveredEntity): Entity {
  return {
    label,
    docs,
    path: '/rest/api/3/search/jql',
    method: 'POST',
    records: 'issues',
    // The last page has no token.
    pagination: cursor({ at: 'nextPageToken', param: 'nextPageToken', size: { maxResults: 100 } }),
    search: searchBy('created'),
    projection: (paths) => ({
      fields: paths.flatMap((path) => (path.startsWith('fields.') ? [path.slice('fields.'.length)] : [])),
    }),
    primaryKey: ['id'],
    mayRepeat: true,
    incremental: { field: 'updated', from: true, to: true, list: { search: searchBy('updated') } },
    parameters: {
      jql: string({
        label: 'JQL',
        description: 'Only issues that this search finds; without ORDER BY.',
        filters: { EQUAL_TO: true },
      }),
      projectKey: string({
        label: 'Project key',
        description: 'Only issues of these projects.',
        filters: { EQUAL_TO: true },
      }),
    },
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        filters[name] ? { ...field, filters: filters[name] } : field,
      ]),
    ),
  };
}
