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

/** Members of the format's interfaces, by file, and the functions that a declaration is written with. */
async function words(): Promise<string[]> {
  const files = [
    'auth',
    'connector',
    'discovery',
    'fields',
    'job',
    'list-request',
    'odata',
    'pagination',
    'shapes',
    'write',
  ];
  const sources = await Promise.all(files.map((file) => readFile(`core/connector/${file}.ts`, 'utf8')));
  const interfaces = sources.flatMap((source) => [
    ...source.matchAll(/^(?:export )?interface (\w+)[^{]*\{\n(.*?)^\}/gms),
  ]);
  const members = interfaces
    // What a record's values are in TypeScript.
    .filter(([, name]) => name !== 'ValueOf')
    .flatMap(([, , body = '']) => [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)]);
  const functions = sources.flatMap((source) => [
    ...source.matchAll(/^export (?:function|const) (\w+)(?:<.*>)?(?:\(| = builder)/gm),
  ]);
  return [...new Set([...members, ...functions].map(([, word = '']) => word))];
}

test('names every word of the format', async () => {
  /** What the functions of a declaration set, and what the engine asks of one. */
  const within = [
    'grant',
    'schemeName',
    'schemeLabel',
    'credentialNames',
    'fillCredentials',
    'pageSizeOf',
    'topOf',
    'shown',
    'fixed',
  ];
  const known = await words();
  expect(within.filter((word) => !known.includes(word))).toEqual([]);
  expect(known).toEqual(
    expect.arrayContaining(['skipIf', 'sees', 'tokenUrl', 'lastRecord', 'dateTime', 'alike']),
  );
  const missing = known.filter((word) => !within.includes(word) && !new RegExp(`\\b${word}\\b`).test(page));
  expect(missing).toEqual([]);
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
