/** docs/writing-a-connector.md: its TypeScript compiles, and its connector reads a vendor that answers as it says. */

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type Connector, checkConnector, type PageToken, type Row } from '#core';
import { readConnection } from '../core/connection.ts';
import { declaredSource } from '../engine/http/declared-source.ts';
import { compiled, snippetsOf } from './support/snippets.ts';
import { testHttp, testSourcePorts } from './support/source-ports.ts';

const page = await readFile('docs/writing-a-connector.md', 'utf8');
const inLanguage = (wanted: string): string[] =>
  snippetsOf(page).flatMap(({ language, text }) => (language === wanted ? [text] : []));

test('the connection is one', () => {
  const [connection = '', ...others] = inLanguage('yaml');
  expect(others).toEqual([]);
  expect(readConnection(connection, 'docs/writing-a-connector.md').connectorProfileName).toBe('desk');
});

test('all TypeScript compiles, and its connector works', async () => {
  const texts = inLanguage('ts');
  expect(texts.length).toBeGreaterThan(1);
  await compiled(texts, async ([first = '']) => {
    const { desk }: { desk: Connector } = await import(first);
    checkConnector(desk);
    const ticket = { id: 1, subject: 'Hello', open: true, requester: { email: 'a@example.com' } };
    const pages = [
      { data: [{ ...ticket, updated_at: '2024-05-01T10:00:00Z' }], meta: { after: 'p2', has_more: true } },
      { data: [{ ...ticket, id: 2, updated_at: '2024-05-01T11:00:00Z' }], meta: { has_more: false } },
    ];
    const http = testHttp((_, index) => ({ body: pages[index] }));
    const ports = testSourcePorts({ http, credentials: { apiKey: 'x' } });
    const session = await declaredSource(desk).open(
      {
        flowName: 'f',
        connector: 'Desk',
        properties: { entityName: 'tickets' },
        settings: { instanceUrl: 'https://acme.desk.example' },
        fields: ['id', 'requester', 'updated_at'],
        filters: [{ field: 'open', operator: 'EQUAL_TO', type: 'Boolean', values: ['true'] }],
        incrementalField: 'updated_at',
        window: { start: Date.UTC(2024, 4, 1), end: Date.UTC(2024, 4, 2) },
      },
      {},
      ports,
    );
    const rows: Row[] = [];
    let token: PageToken | undefined;
    do {
      const read = await session.read(token);
      rows.push(...read.rows);
      token = read.next;
    } while (token !== undefined);
    expect(rows).toEqual([
      [1, 'a@example.com', '2024-05-01T10:00:00Z'],
      [2, 'a@example.com', '2024-05-01T11:00:00Z'],
    ]);
    const list =
      'https://acme.desk.example/api/v2/tickets?limit=100&open=true&updated_since=2024-05-01T00:00:00Z';
    expect(http.requests.map(({ url }) => decodeURIComponent(url))).toEqual([list, `${list}&after=p2`]);
  });
}, 60_000);
