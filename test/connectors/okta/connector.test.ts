import { expect, test } from 'vitest';
import type { FilterCondition } from '#core';
import { okta } from '../../../connectors/okta/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { testHttp, testSourcePorts } from '../../support/source-ports.ts';

async function asked(entityName: string, filters: readonly FilterCondition[], domain = 'acme.okta.com') {
  const http = testHttp(() => ({ body: [] }));
  const ports = testSourcePorts({ http, credentials: { apiKey: 'the-token' } });
  const source = declaredSource(okta);
  const properties = { entityName };
  const request = {
    flowName: 'f',
    connector: 'Okta',
    properties,
    settings: { domain },
    fields: ['id'],
    filters,
  };
  const { appliedFilters, splits } = await source.describe({ ...request, window: { end: 0 } }, ports);
  await (await source.open({ ...request, window: { end: 0 } }, splits[0] ?? {}, ports)).read(undefined);
  const [first] = http.requests;
  return { url: new URL(first?.url ?? ''), headers: first?.headers, appliedFilters };
}

const is = (
  field: string,
  operator: FilterCondition['operator'],
  type: FilterCondition['type'],
  ...values: string[]
): FilterCondition => ({ field, operator, type, values });

test.each<[string, FilterCondition, string, number[]]>([
  ['users', is('city', 'EQUAL_TO', 'String', 'Say "hi"\\'), '(profile.city eq "Say \\"hi\\"\\\\")', []],
  ['users', is('city', 'EQUAL_TO', 'String', 'a', 'b'), '(profile.city eq "a" or profile.city eq "b")', []],
  ['devices', is('registered', 'EQUAL_TO', 'Boolean', 'true'), '(profile.registered eq true)', [0]],
  [
    'groups',
    is('created', 'NOT_EQUAL_TO', 'DateTime', '2024-05-01T00:00:00Z'),
    '(created lt "2024-05-01T00:00:00.000Z" or created gt "2024-05-01T00:00:00.000Z")',
    [0],
  ],
])('%s: %o is searched for', async (entity, filter, search, applied) => {
  const { url, appliedFilters } = await asked(entity, [filter]);
  expect(url.searchParams.get('search')).toBe(search);
  expect(appliedFilters).toEqual(applied);
});

test('applications are filtered by one property, the rest after the fetch', async () => {
  const filters = [
    is('group_id', 'EQUAL_TO', 'String', '00g1'),
    is('status', 'EQUAL_TO', 'String', 'ACTIVE'),
  ];
  const { url, appliedFilters } = await asked('apps', filters);
  expect(url.searchParams.get('filter')).toBe('group.id eq "00g1"');
  expect(appliedFilters).toEqual([0]);
});

test('a token goes as SSWS to Okta alone', async () => {
  const { url, headers } = await asked('user_types', []);
  expect(url.href).toBe('https://acme.okta.com/api/v1/meta/types/user');
  expect(headers?.authorization).toBe('SSWS the-token');
  for (const domain of ['acme.okta.com.evil.example', 'evil.example/okta.com', 'https://evil.example']) {
    await expect(asked('user_types', [], domain)).rejects.toMatchObject({ code: 'ConnectionInvalid' });
  }
});
