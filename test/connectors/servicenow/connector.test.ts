import { expect, test } from 'vitest';
import type { FilterCondition } from '#core';
import { serviceNow } from '../../../connectors/servicenow/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { testHttp, testSourcePorts } from '../../support/source-ports.ts';

const table = (name: string, extended = '') => ({
  name,
  label: name.toUpperCase(),
  'super_class.name': extended,
});
const column = (name: string, element: string, type: string, label = element) => ({
  name,
  element,
  column_label: label,
  internal_type: type,
});

/** An instance with `incident`, which extends `task`. */
function setup() {
  const http = testHttp(({ url }) => {
    const { pathname, searchParams } = new URL(url);
    const query = searchParams.get('sysparm_query') ?? '';
    const answer = (result: unknown[]) => ({
      headers: { 'x-total-count': String(result.length) },
      body: { result },
    });
    if (pathname.endsWith('/sys_dictionary')) {
      return answer([
        column('incident', 'state', 'integer', 'Incident state'),
        column('task', 'sys_id', 'GUID'),
        column('task', 'state', 'string', 'State'),
        column('task', 'made', 'glide_date_time'),
        column('task', 'open', 'boolean'),
      ]);
    }
    if (query === 'name=incident') return answer([table('incident', 'task')]);
    if (query === 'name=task') return answer([table('task')]);
    if (query === 'ORDERBYname') return answer([table('incident'), table('task'), table('x/../y')]);
    return answer([]);
  });
  const credentials = { username: 'ann', password: 'password' };
  return { http, ports: testSourcePorts({ http, credentials }) };
}

const request = (name: string, filters: readonly FilterCondition[] = []) => ({
  flowName: 'f',
  connector: 'ServiceNow',
  properties: { object: name },
  settings: { instanceUrl: 'https://acme.service-now.com/' },
  fields: ['sys_id'],
  filters,
  window: { end: 0 },
});
const source = declaredSource(serviceNow);
const is = (
  field: string,
  operator: FilterCondition['operator'],
  type: FilterCondition['type'],
  ...values: string[]
): FilterCondition => ({ field, operator, type, values });

test('a table has its own columns and those that it inherits, its own word first', async () => {
  const { ports } = setup();
  const { fields } = await source.describe(request('incident'), ports);
  expect(fields).toEqual([
    { name: 'sys_id', type: 'String', label: 'sys_id' },
    { name: 'state', type: 'Integer', label: 'Incident state' },
    { name: 'made', type: 'DateTime', label: 'made' },
    { name: 'open', type: 'Boolean', label: 'open' },
  ]);
});

test('all tables are listed whose names are names', async () => {
  const { ports } = setup();
  const listed = await source.listEntities(request(''), undefined, ports);
  expect(listed.map(({ name }) => name)).toEqual(['incident', 'task']);
});

test.each(['nope', 'a^NQactive=true', '../sys_user'])("there is no table '%s'", async (name) => {
  const { ports, http } = setup();
  await expect(source.describe(request(name), ports)).rejects.toMatchObject({
    code: 'ResourceNotFoundError',
  });
  expect(http.requests.length).toBeLessThanOrEqual(1);
});

test.each<[FilterCondition, string, number[]]>([
  [is('state', 'EQUAL_TO', 'Integer', '1', '2'), 'state=1^ORstate=2^ORDERBYsys_id', [0]],
  [is('open', 'EQUAL_TO', 'Boolean', 'true'), 'open=true^ORDERBYsys_id', [0]],
  [
    is('made', 'LESS_THAN', 'DateTime', '2024-05-01T10:00:00Z'),
    'made<2024-05-01 10:00:00^ORDERBYsys_id',
    [0],
  ],
  [is('sys_id', 'CONTAINS', 'String', 'a^NQb'), 'sys_idLIKEa^^NQb^ORDERBYsys_id', []],
  [is('sys_id', 'EQUAL_TO', 'String', ' JavaScript:gs.now()'), 'ORDERBYsys_id', []],
  [is('state', 'NOT_EQUAL_TO', 'Integer', '1'), 'ORDERBYsys_id', []],
])('%o is asked for as %s', async (filter, query, applied) => {
  const { ports, http } = setup();
  const { splits, appliedFilters } = await source.describe(request('incident', [filter]), ports);
  await (await source.open(request('incident', [filter]), splits[0] ?? {}, ports)).read(undefined);
  expect(new URL(http.requests.at(-1)?.url ?? '').searchParams.get('sysparm_query')).toBe(query);
  expect(appliedFilters).toEqual(applied);
});
