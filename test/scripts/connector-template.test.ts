import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Connector, checkConnector } from '#core';
import { declaredSource } from '../../engine/http/declared-source.ts';
import { newConnector } from '../../scripts/connector-template.ts';
import { replay, requestOf } from '../support/connector-fixtures.ts';
import { testSourcePorts } from '../support/source-ports.ts';

const registry = `const loaders = {
  GitHub: async () => declared((await import('./github/connector.ts')).github),
  JDBC: async () => ({
    kind: 'coded',
  }),
  Zendesk: async () => declared((await import('./zendesk/connector.ts')).zendesk),
};
`;

/** Below the repository: a declaration imports #core. */
let folder: string;
let root: URL;

beforeEach(() => {
  folder = mkdtempSync(path.join(process.cwd(), 'test/.new-connector-'));
  root = pathToFileURL(`${folder}/`);
  mkdirSync(path.join(folder, 'connectors'));
  writeFileSync(path.join(folder, 'connectors/registry.ts'), registry);
});

afterEach(() => rmSync(folder, { recursive: true }));

const registered = () => readFileSync(path.join(folder, 'connectors/registry.ts'), 'utf8');

describe('a new connector', () => {
  test('has a declaration that loads, and fixtures that it gives', async () => {
    expect(newConnector('my-desk', root)).toEqual({ folder: 'my-desk', name: 'MyDesk', label: 'My Desk' });
    const home = path.join(folder, 'connectors/my-desk');
    expect(readdirSync(home)).toEqual(['README.md', 'connector.ts', 'fixtures']);
    const { myDesk }: { myDesk: Connector } = await import(path.join(home, 'connector.ts'));
    expect(() => checkConnector(myDesk)).not.toThrow();

    const fixture = JSON.parse(readFileSync(path.join(home, 'fixtures/things.exchanges.json'), 'utf8'));
    const http = replay(fixture.exchanges);
    const ports = testSourcePorts({ http, credentials: { apiKey: 'x' } });
    const source = declaredSource(myDesk);
    const request = requestOf(fixture, 'MyDesk', 'things');
    await source.describe(request, ports);
    const session = await source.open({ ...request, fields: ['*'] }, {}, ports);
    const first = await session.read(undefined);
    const last = await session.read(first.next);
    expect(last.next).toBeUndefined();
    expect(http.requests).toHaveLength(fixture.exchanges.length);
    expect([...first.rows, ...last.rows].flat()).toEqual(
      JSON.parse(readFileSync(path.join(home, 'fixtures/things.records.json'), 'utf8')),
    );
  });

  test.each([
    ['desk', "  Desk: async () => declared((await import('./desk/connector.ts')).desk),\n", '  GitHub'],
    [
      'my-desk',
      "  MyDesk: async () => declared((await import('./my-desk/connector.ts')).myDesk),\n",
      '  Zendesk',
    ],
    ['Zoom', "  Zoom: async () => declared((await import('./zoom/connector.ts')).zoom),\n", '};'],
  ])('%s is in the registry, in the order of the alphabet', (given, line, next) => {
    newConnector(given, root);
    expect(registered()).toBe(registry.replace(next, line + next));
  });

  test.each(['', 'my desk', '9lives', '../up', 'desk-'])('is not called %j', (given) => {
    expect(() => newConnector(given, root)).toThrow('is no name; write letters, digits and dashes');
    expect(registered()).toBe(registry);
  });

  test('takes the place of none', () => {
    expect(() => newConnector('zendesk', root)).toThrow('Zendesk is in the registry already');
    newConnector('my-desk', root);
    expect(() => newConnector('My-Desk', root)).toThrow('connectors/my-desk exists already');
    expect(registered().match(/MyDesk/g)).toHaveLength(1);
  });
});
