/** A vendor that keeps track of changes: the first pull reads all, later ones what has changed since. */

import { describe, expect, test } from 'vitest';
import {
  apiKey,
  type Connector,
  type Entity,
  long,
  nextLink,
  type Page,
  type PageToken,
  type Row,
  type SourceRequest,
} from '#core';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const base = 'https://api.example.com';
const orders: Entity = {
  docs: 'https://example.com/orders',
  path: '/orders',
  records: 'd.results',
  pagination: nextLink({ at: 'd.__next', size: { 'odata.maxpagesize': 500 }, sizeIn: 'prefer' }),
  changes: { prefer: 'odata.track-changes', at: 'd.__delta', marker: 'deltatoken=' },
  primaryKey: ['id'],
  fields: { id: long() },
};
const connector: Connector = {
  label: 'X',
  docs: 'https://example.com',
  baseUrl: base,
  auth: [apiKey({ label: 'Key' })],
  validateCredentials: 'GET /me',
  entities: { orders },
};

async function pull(answers: readonly TestAnswer[], request: Partial<SourceRequest>) {
  const http = testHttp((_, index) => answers[index] ?? new Error('unexpected request'));
  const ports = testSourcePorts({ http, credentials: { apiKey: 'k' } });
  const source = declaredSource(connector, { random: () => 0 });
  const asked: SourceRequest = {
    flowName: 'f',
    connector: 'X',
    properties: { entityName: 'orders' },
    settings: {},
    fields: ['id'],
    filters: [],
    window: { start: 0, end: 1 },
    ...request,
  };
  const description = await source.describe(asked, ports);
  const pages: Page[] = [];
  const rows: Row[] = [];
  for (const split of description.splits) {
    const session = await source.open(asked, split, ports);
    let token: PageToken | undefined;
    do {
      const page = await session.read(token && JSON.parse(JSON.stringify(token)));
      pages.push(page);
      rows.push(...page.rows);
      token = page.next;
    } while (token !== undefined);
  }
  const sent = http.requests.map(({ url, headers = {} }) => [url.replace(base, ''), headers.prefer]);
  return { sent, rows, pages, description };
}

const results = (ids: readonly number[], links: object = {}) => ({
  body: { d: { results: ids.map((id) => ({ id })), ...links } },
});

describe('a pull of changes', () => {
  test('begins with all, and leaves the address of what changes afterwards', async () => {
    const { sent, rows, pages, description } = await pull(
      [
        results([1, 2], { __next: `${base}/orders?$skiptoken=2` }),
        results([3], { __delta: "orders?!deltatoken='D1'" }),
      ],
      { changes: {} },
    );
    expect(sent).toEqual([
      ['/orders', 'odata.track-changes, odata.maxpagesize=500'],
      ['/orders?$skiptoken=2', 'odata.track-changes, odata.maxpagesize=500'],
    ]);
    expect(rows).toEqual([[1], [2], [3]]);
    expect(pages.map(({ resume }) => resume)).toEqual([
      undefined,
      { url: `${base}/orders?!deltatoken=%27D1%27` },
    ]);
    // The vendor's own order of events, not the window's.
    expect(description).toMatchObject({ appliesWindow: true, splits: [{}] });
    expect(description.completeUntil).toBeUndefined();
  });

  test('goes on where the last one ended', async () => {
    const { sent, rows, pages } = await pull([results([7], { __delta: '/orders?!deltatoken=D2' })], {
      changes: { since: { url: `${base}/orders?!deltatoken=D1` } },
    });
    expect(sent).toEqual([['/orders?!deltatoken=D1', 'odata.track-changes, odata.maxpagesize=500']]);
    expect(rows).toEqual([[7]]);
    expect(pages.at(-1)?.resume).toEqual({ url: `${base}/orders?!deltatoken=D2` });
  });

  test('takes an address of changes for no next page', async () => {
    const { sent, pages } = await pull([results([1], { __next: `${base}/orders?!deltatoken=D3` })], {
      changes: {},
    });
    expect(sent).toHaveLength(1);
    expect(pages.map(({ resume }) => resume)).toEqual([{ url: `${base}/orders?!deltatoken=D3` }]);
  });

  test('fails where the vendor does not say how to go on', async () => {
    await expect(pull([results([1])], { changes: {} })).rejects.toMatchObject({
      code: 'ConnectorProtocol',
      message: expect.stringContaining('the last page does not say where later changes are told'),
    });
  });

  test('goes to no other origin, in this run or the next', async () => {
    const foreign = { __delta: 'https://evil.example/orders?!deltatoken=D1' };
    await expect(pull([results([1], foreign)], { changes: {} })).rejects.toMatchObject({
      code: 'ConnectorProtocol',
      message: expect.stringContaining('https://evil.example'),
    });
    const since = { url: 'https://evil.example/orders?!deltatoken=D1' };
    await expect(pull([], { changes: { since } })).rejects.toMatchObject({ code: 'ConnectorProtocol' });
  });
});

test('a full pull neither asks for changes nor leaves anything', async () => {
  const { sent, pages } = await pull([results([1], { __delta: '/orders?!deltatoken=D1' })], {
    window: { end: 1 },
  });
  expect(sent).toEqual([['/orders', 'odata.maxpagesize=500']]);
  expect(pages.map(({ resume }) => resume)).toEqual([undefined]);
});

test('a window of the run parameters is refused: the vendor knows none', async () => {
  await expect(pull([], {})).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: expect.stringContaining('not those of a window'),
  });
});
