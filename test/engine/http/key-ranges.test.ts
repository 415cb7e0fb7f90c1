/** Lists that are paged, and cut into ranges, by their key: a vendor of records that come and go while it is read. */

import { describe, expect, test } from 'vitest';
import {
  apiKey,
  type Connector,
  type Entity,
  keyset,
  long,
  type Pagination,
  type Search,
  type SourceRequest,
  string,
} from '#core';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { allRows, testHttp, testSourcePorts } from '../../support/source-ports.ts';

interface Part {
  readonly order: string;
  readonly item: number;
}

const words: Readonly<Record<string, string>> = {
  EQUAL_TO: '=',
  GREATER_THAN: '>',
  GREATER_THAN_OR_EQUAL_TO: '>=',
  LESS_THAN: '<',
};

const search: Search = {
  param: 'filter',
  condition: ({ path, operator, values: [value = ''] }) =>
    words[operator] && `${path} ${words[operator]} ${value}`,
  expression: (conditions) => (conditions.length > 0 ? conditions.join(' and ') : undefined),
  either: (alternatives) => `(${alternatives.map((all) => all.join(' and ')).join(' or ')})`,
};

const parts: Entity = {
  docs: 'https://example.com/parts',
  path: '/parts',
  records: 'value',
  search,
  pagination: keyset({
    field: ['order', 'item'],
    size: { top: 3 },
    mayBeShort: true,
    ranges: { count: { query: { count: 'true' }, at: 'count' }, skip: 'skip' },
  }),
  primaryKey: ['order', 'item'],
  fields: { order: string(), item: long() },
};

function connectorOf(entity: Entity): Connector {
  return {
    label: 'X',
    docs: 'https://example.com',
    baseUrl: 'https://api.example.com',
    auth: [apiKey({ label: 'Key' })],
    validateCredentials: 'GET /me',
    entities: { parts: entity },
  };
}

/** Sorted by the key; compares as the filters of `search` say. */
class Vendor {
  parts: Part[];
  readonly asked: string[] = [];
  /** Records on a page, whatever is asked for. */
  mostOnPage = Number.POSITIVE_INFINITY;
  beforeAnswer: () => void = () => {};

  constructor(listed: readonly Part[]) {
    this.parts = [...listed];
  }

  answer(url: URL): unknown {
    this.beforeAnswer();
    this.asked.push(decodeURIComponent(url.search));
    const { searchParams: query } = url;
    const found = this.parts.toSorted(compare).filter((part) => holds(query.get('filter'), part));
    const skip = Number(query.get('skip') ?? 0);
    const top = Math.min(Number(query.get('top')), this.mostOnPage);
    return { value: found.slice(skip, skip + top), ...(query.has('count') && { count: found.length }) };
  }
}

function compare(a: Part, b: Part): number {
  return a.order < b.order ? -1 : a.order > b.order ? 1 : a.item - b.item;
}

/** `(order > b or order = b and item >= 2) and (…)` */
function holds(filter: string | null, part: Part): boolean {
  if (filter === null) return true;
  const groups = [...filter.matchAll(/\(([^()]*)\)/g)].map(([, group = '']) => group);
  return groups.every((group) =>
    group.split(' or ').some((all) => all.split(' and ').every((one) => isTrue(one, part))),
  );
}

function isTrue(comparison: string, part: Part): boolean {
  const [name, word, text = ''] = comparison.split(' ');
  const [left, right] = name === 'item' ? [part.item, Number(text)] : [part.order, text];
  switch (word) {
    case '=':
      return left === right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '<':
      return left < right;
    default:
      throw new Error(`not a comparison: ${comparison}`);
  }
}

/** Describes and reads all splits; `rows` by split. */
async function pull(vendor: Vendor, properties: SourceRequest['properties'], entity = parts) {
  const http = testHttp(({ url }) => ({ body: vendor.answer(new URL(url)) }));
  const ports = testSourcePorts({ http, credentials: { apiKey: 'k' } });
  const source = declaredSource(connectorOf(entity));
  const asked: SourceRequest = {
    flowName: 'f',
    connector: 'X',
    properties: { entityName: 'parts', ...properties },
    settings: {},
    fields: ['order', 'item'],
    filters: [],
    window: { end: 0 },
  };
  const { splits } = await source.describe(asked, ports);
  const rows: unknown[][] = [];
  for (const split of splits) {
    const session = await source.open(asked, JSON.parse(JSON.stringify(split)), ports);
    const read = await allRows(session);
    rows.push(read);
  }
  return { rows, splits };
}

const all = (count: number): Part[] =>
  Array.from({ length: count }, (_, index) => ({
    order: `o${String(Math.floor(index / 4)).padStart(3, '0')}`,
    item: index % 4,
  }));
const rowsOf = (listed: readonly Part[]) => listed.map(({ order, item }) => [order, item]);

describe('pages by a key of two fields', () => {
  test('ask for what follows the last record, up to an empty page', async () => {
    const vendor = new Vendor(all(5));
    const { rows } = await pull(vendor, {});
    expect(rows).toEqual([rowsOf(all(5))]);
    expect(vendor.asked).toEqual([
      '?top=3',
      '?top=3&filter=(order > o000 or order = o000 and item > 2)',
      '?top=3&filter=(order > o001 or order = o001 and item > 0)',
    ]);
  });

  test('may be shorter than asked', async () => {
    const vendor = new Vendor(all(5));
    vendor.mostOnPage = 2;
    expect((await pull(vendor, {})).rows).toEqual([rowsOf(all(5))]);
  });

  test('are of the size that the flow names', async () => {
    const vendor = new Vendor(all(5));
    await pull(vendor, { paginationConfig: { maxPageSize: 10 } });
    expect(vendor.asked[0]).toBe('?top=10');
  });

  test('neither pass over nor repeat a record when others come and go', async () => {
    const stays = all(40);
    const vendor = new Vendor([...stays, ...stays.map(({ order }) => ({ order, item: 9 }))]);
    let turn = 0;
    vendor.beforeAnswer = () => {
      turn++;
      // What was read already leaves, which would pull the next page's records forward; new ones come in front.
      vendor.parts = vendor.parts.filter(
        ({ item, order }) => item !== 9 || order !== `o${String(turn).padStart(3, '0')}`,
      );
      vendor.parts.push({ order: `a${turn}`, item: 1 });
    };
    const { rows } = await pull(vendor, {});
    const read = (rows[0] ?? []).map((row) => JSON.stringify(row));
    expect(new Set(read).size).toBe(read.length);
    expect(read.filter((row) => !row.endsWith(',9]') && !row.startsWith('["a'))).toEqual(
      rowsOf(stays).map((row) => JSON.stringify(row)),
    );
  });

  test('end the run where the vendor ignores the comparison', async () => {
    const vendor = new Vendor(all(5));
    const ignores: Entity = { ...parts, search: { ...search, param: 'ignored' } };
    await expect(pull(vendor, {}, ignores)).rejects.toMatchObject({
      code: 'ConnectorProtocol',
      message: expect.stringContaining('the same page token twice'),
    });
  });

  test('need a search that has alternatives', async () => {
    const { either: _, ...plain } = search;
    await expect(pull(new Vendor(all(5)), {}, { ...parts, search: plain })).rejects.toThrow(
      'X.parts: the search cannot compare a key of several fields',
    );
  });
});

describe('ranges of the key', () => {
  const parallel = (maxParallelism: number) => ({ parallelismConfig: { maxParallelism } });

  test('are as many as the flow names, each bound asked for behind the one before', async () => {
    const vendor = new Vendor(all(14));
    const { rows, splits } = await pull(vendor, parallel(3));
    expect(splits).toEqual([
      { range: { to: ['o001', '1'] } },
      { range: { from: ['o001', '1'], to: ['o002', '2'] } },
      { range: { from: ['o002', '2'] } },
    ]);
    expect(vendor.asked.slice(0, 3)).toEqual([
      '?top=1&count=true',
      '?top=1&skip=5',
      '?top=1&filter=(order > o001 or order = o001 and item >= 1)&skip=5',
    ]);
    expect(rows).toEqual([
      rowsOf(all(14).slice(0, 5)),
      rowsOf(all(14).slice(5, 10)),
      rowsOf(all(14).slice(10)),
    ]);
  });

  test.each([
    { records: 0, processes: 1 },
    { records: 3, processes: 1 },
    { records: 7, processes: 3 },
    { records: 400, processes: 10 },
  ])('of $records records are $processes: none for less than a page', async ({ records, processes }) => {
    const { rows } = await pull(new Vendor(all(records)), parallel(10));
    expect(rows).toHaveLength(processes);
    expect(rows.flat()).toEqual(rowsOf(all(records)));
  });

  test('hold each record once when others come and go while they are fixed and read', async () => {
    const stays = all(60);
    const vendor = new Vendor([...stays, ...stays.map(({ order }) => ({ order, item: 9 }))]);
    let turn = 0;
    vendor.beforeAnswer = () => {
      turn++;
      vendor.parts = vendor.parts.filter(
        ({ item, order }) => item !== 9 || order !== `o${String(turn).padStart(3, '0')}`,
      );
      vendor.parts.push({ order: `a${turn}`, item: 1 });
    };
    const { rows } = await pull(vendor, parallel(4));
    expect(rows).toHaveLength(4);
    const read = rows.flat().map((row) => JSON.stringify(row));
    expect(new Set(read).size).toBe(read.length);
    expect(read.filter((row) => !row.endsWith(',9]') && !row.startsWith('["a'))).toEqual(
      rowsOf(stays).map((row) => JSON.stringify(row)),
    );
  });

  test('are refused for a list without them', async () => {
    const { ranges: _, ...whole } = parts.pagination as Extract<Pagination, { kind: 'keyset' }>;
    await expect(pull(new Vendor(all(9)), parallel(2), { ...parts, pagination: whole })).rejects.toThrow(
      'X.parts: this entity cannot be read by several processes; got parallelismConfig.maxParallelism 2; remove parallelismConfig',
    );
  });

  test('a size of pages is refused for a list of one page', async () => {
    await expect(
      pull(new Vendor(all(9)), { paginationConfig: { maxPageSize: 5 } }, { ...parts, pagination: 'onePage' }),
    ).rejects.toThrow('X.parts: the size of pages cannot be set for this entity');
  });
});
