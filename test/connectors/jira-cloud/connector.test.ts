import { expect, test } from 'vitest';
import type { FilterCondition, SourceRequest } from '#core';
import { jiraCloud } from '../../../connectors/jira-cloud/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { allRows, type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const is = (
  field: string,
  operator: FilterCondition['operator'],
  type: FilterCondition['type'],
  ...values: string[]
): FilterCondition => ({ field, operator, type, values });

const system = (id: string, type: string) => ({ id, name: id, schema: { type, system: id } });
const custom = (id: string, type: string, kind: string) => ({
  id,
  name: `My ${id}`,
  schema: { type, custom: kind },
});
const metadata = [
  system('created', 'datetime'),
  system('updated', 'datetime'),
  system('duedate', 'date'),
  system('description', 'string'),
  system('status', 'status'),
  system('watches', 'watches'),
  custom('customfield_1', 'number', 'types:float'),
  custom('customfield_2', 'string', 'types:textarea'),
  custom('customfield_3', 'option', 'types:select'),
  custom('customfield_4', 'any', 'types:rank'),
  custom('customfield_5', 'array', 'types:sprint'),
  { id: 'issuekey', name: 'Key' },
];

const source = declaredSource(jiraCloud, { random: () => 0 });

async function read(answers: readonly TestAnswer[], changes: Partial<SourceRequest> = {}) {
  const http = testHttp(({ url }, index) =>
    url.endsWith('/rest/api/3/field')
      ? { body: metadata }
      : (answers[index - 1] ?? new Error('unexpected request')),
  );
  const credentials = { email: 'ann@example.com', apiToken: 'a-token' };
  const ports = testSourcePorts({ http, credentials });
  const request: SourceRequest = {
    flowName: 'f',
    connector: 'JiraCloud',
    properties: { entityName: 'issues' },
    settings: { instanceUrl: 'acme.atlassian.net' },
    fields: ['id'],
    filters: [],
    window: { end: Date.UTC(2024, 4, 2) },
    ...changes,
  };
  const { fields, splits } = await source.describe(request, ports);
  const session = await source.open(request, splits[0] ?? {}, ports);
  const rows = await allRows(session);
  const bodies = http.requests.flatMap(({ body }) => (body === undefined ? [] : [JSON.parse(String(body))]));
  return { rows, bodies, fields };
}

const none: TestAnswer = { body: { issues: [], isLast: true } };

async function jqlOf(...filters: FilterCondition[]): Promise<string> {
  const { bodies } = await read([none], { filters });
  return bodies[0]?.jql;
}

test('an issue has the fields of its site, rich text as a document', async () => {
  const { fields } = await read([none]);
  expect(fields.map(({ name, type, label }) => [name, type, label])).toEqual([
    ['id', 'String', 'ID'],
    ['key', 'String', 'Key'],
    ['self', 'String', 'Self'],
    ['created', 'DateTime', 'created'],
    ['updated', 'DateTime', 'updated'],
    ['duedate', 'Date', 'duedate'],
    ['description', 'Struct', 'description'],
    ['status', 'Struct', 'status'],
    ['watches', 'Struct', 'watches'],
    ['customfield_1', 'Double', 'My customfield_1'],
    ['customfield_2', 'Struct', 'My customfield_2'],
    ['customfield_3', 'Struct', 'My customfield_3'],
    ['customfield_4', 'String', 'My customfield_4'],
    ['customfield_5', 'List', 'My customfield_5'],
  ]);
});

test('asks for what is read alone', async () => {
  const { bodies } = await read([none], { fields: ['key', 'status.name', 'customfield_1'] });
  expect(bodies).toEqual([
    {
      maxResults: 100,
      fields: ['status', 'customfield_1', 'updated'],
      jql: 'created IS NOT EMPTY ORDER BY created ASC',
    },
  ]);
});

test.each([
  ['EX', '(project IN ("EX")) ORDER BY created ASC'],
  ['a"b\\', '(project IN ("a\\"b\\\\")) ORDER BY created ASC'],
  ['x") OR (project = "SECRET', '(project IN ("x\\") OR (project = \\"SECRET")) ORDER BY created ASC'],
])('quotes the project key %s', async (key, jql) => {
  expect(await jqlOf(is('projectKey', 'EQUAL_TO', 'String', key))).toBe(jql);
});

test('takes a search of the flow, and several projects', async () => {
  expect(
    await jqlOf(
      is('jql', 'EQUAL_TO', 'String', 'priority = High OR labels = urgent'),
      is('projectKey', 'EQUAL_TO', 'String', 'A', 'B'),
    ),
  ).toBe('((priority = High OR labels = urgent)) AND (project IN ("A", "B")) ORDER BY created ASC');
});

test('compares moments by epoch milliseconds of whole minutes, outwards', async () => {
  const at = '2024-05-01T10:00:30.000Z';
  const [before, after] = [Date.UTC(2024, 4, 1, 10, 0), Date.UTC(2024, 4, 1, 10, 1)];
  expect(await jqlOf(is('created', 'GREATER_THAN', 'DateTime', at))).toContain(`(created >= ${before})`);
  expect(await jqlOf(is('created', 'LESS_THAN', 'DateTime', at))).toContain(`(created <= ${after})`);
  expect(await jqlOf(is('duedate', 'LESS_THAN', 'Date', '2024-05-01'))).toContain(
    '(duedate <= "2024-05-01")',
  );
});

test('a window is widened to whole minutes, and its list sorted by what it is on', async () => {
  const { bodies } = await read([{}, none], {
    incrementalField: 'updated',
    window: { start: Date.UTC(2024, 4, 1, 10, 0, 59), end: Date.UTC(2024, 4, 1, 11, 0, 1) },
  });
  const [start, end] = [Date.UTC(2024, 4, 1, 10, 0), Date.UTC(2024, 4, 1, 11, 1)];
  expect(bodies.map(({ jql }) => jql)).toEqual([
    `(updated >= ${start}) AND (updated <= ${end}) ORDER BY updated ASC`,
  ]);
});

test('follows tokens until there is none', async () => {
  const page = (id: string, nextPageToken?: string) => ({ body: { issues: [{ id }], nextPageToken } });
  const { rows, bodies } = await read([page('1', 't1'), page('2', 't2'), page('3')]);
  expect(rows).toEqual([['1'], ['2'], ['3']]);
  expect(bodies.map(({ nextPageToken }) => nextPageToken)).toEqual([undefined, 't1', 't2']);
});

test('a refused search says why', async () => {
  const body = { errorMessages: ["The value 'NOPE' does not exist for the field 'project'."], errors: {} };
  await expect(read([{ status: 400, headers: { 'atl-traceid': 'trace-1' }, body }])).rejects.toMatchObject({
    code: 'ClientError',
    message: expect.stringContaining("The value 'NOPE' does not exist for the field 'project'."),
    context: { requestId: 'trace-1' },
  });
});

test.each(['http://acme.atlassian.net', 'https://acme.example.com', 'https://atlassian.net.example.com'])(
  'sends nothing to %s',
  async (instanceUrl) => {
    await expect(read([none], { settings: { instanceUrl } })).rejects.toMatchObject({
      code: 'ConnectionInvalid',
    });
  },
);
