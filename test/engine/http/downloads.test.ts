/** Answers that are files: cut into pages, read on by another session, refused where they changed or are broken. */

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  apiKey,
  type Connector,
  dateTime,
  type Entity,
  type FileFormat,
  long,
  type PageToken,
  type SourceRequest,
  string,
} from '#core';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { allRows, type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';
import { zipOf } from '../../support/zip.ts';

const base = 'https://api.example.com';
const day = 86_400_000;
const start = Date.UTC(2024, 4, 1);

function vendor(
  file: FileFormat,
  answer: (line: string, index: number) => TestAnswer | Error,
  {
    entity = {},
    request = {},
    errors,
  }: { entity?: Partial<Entity>; request?: Partial<SourceRequest>; errors?: Connector['errors'] } = {},
) {
  const connector: Connector = {
    label: 'X',
    docs: base,
    baseUrl: base,
    auth: [apiKey({ label: 'Key' })],
    validateCredentials: 'GET /me',
    clock: 'GET /me',
    ...(errors && { errors }),
    entities: {
      things: {
        docs: base,
        path: '/export',
        file,
        primaryKey: ['id'],
        fields: { id: long(), name: string({ at: 'who.name' }) },
        ...entity,
      },
    },
  };
  const http = testHttp(({ url }, index) => answer(url.replace(base, ''), index));
  const ports = testSourcePorts({ http, credentials: { apiKey: 'the-key' }, now: start + 2 * day });
  const source = declaredSource(connector, { random: () => 0 });
  const asked: SourceRequest = {
    flowName: 'f',
    connector: 'X',
    properties: { entityName: 'things' },
    settings: {},
    fields: ['id'],
    filters: [],
    window: { end: start + 2 * day },
    ...request,
  };
  return {
    http,
    ports,
    open: (split = {}) => source.open(asked, split, ports),
    describe: () => source.describe(asked, ports),
  };
}

type Vendor = ReturnType<typeof vendor>;

/** @param killed a new session for every page */
async function readAll(one: Vendor, killed = false) {
  const pages: unknown[][] = [];
  const tokens: (PageToken | undefined)[] = [];
  let session = await one.open();
  let token: PageToken | undefined;
  do {
    tokens.push(token);
    const page = await session.read(token);
    pages.push(page.rows.map(([id]) => id));
    token = page.next && JSON.parse(JSON.stringify(page.next));
    if (killed) {
      await session.close();
      session = await one.open();
    }
  } while (token !== undefined);
  await session.close();
  return { pages, rows: pages.flat(), tokens };
}

const lines = (...ids: (number | string)[]) => ids.map((id) => `{"id":${id}}\n`).join('');
const asText = (body: string | Uint8Array): TestAnswer => ({
  headers: { 'content-type': 'text/plain' },
  body,
});

describe('JSON Lines', () => {
  test('are records, with exact numbers and without blank lines', async () => {
    const body = '{"id":9007199254740993,"who":{"name":"é"}}\r\n\n  \n{"id":2}';
    const one = vendor('jsonLines', () => asText(body), { request: { fields: ['id', 'name'] } });
    const page = await (await one.open()).read(undefined);
    expect(page).toEqual({
      rows: [
        [9007199254740993n, 'é'],
        [2, null],
      ],
      bytes: 54,
    });
  });

  test.each([
    ['{"id":1}\n{"id":\n', 'X.things line 2: the line is no JSON object'],
    ['[1]\n', 'X.things line 1: the line is no JSON object'],
  ])('that are broken are named: %j', async (body, message) => {
    const one = vendor('jsonLines', () => asText(body));
    await expect(readAll(one)).rejects.toMatchObject({ code: 'SourceDataInvalid', message });
  });

  test('leave out what the entity skips', async () => {
    const entity = { skipIf: { present: 'gone' } };
    const one = vendor('jsonLines', () => asText('{"id":1,"gone":true}\n{"id":2}\n'), { entity });
    expect(await (await one.open()).read(undefined)).toMatchObject({ rows: [[2]], skipped: 1 });
  });

  test('are cut into pages, by one download', async () => {
    const ids = Array.from({ length: 25_000 }, (_, index) => index);
    const one = vendor('jsonLines', () => asText(lines(...ids)));
    const { pages, rows } = await readAll(one);
    expect(pages.map((page) => page.length)).toEqual([10_000, 10_000, 5000]);
    expect(rows).toEqual(ids);
    expect(one.http.requests).toHaveLength(1);
    expect(one.http.files.size).toBe(0);
  });

  test('are cut by their size, too, and where fewer are wanted', async () => {
    const long = `{"id":1,"x":"${'x'.repeat(3_000_000)}"}\n`;
    const heavy = vendor('jsonLines', () => asText(long.repeat(3)));
    expect((await readAll(heavy)).pages).toEqual([[1, 1], [1]]);
    const few = vendor('jsonLines', () => asText(lines(1, 2, 3)), { request: { limit: 2 } });
    expect((await readAll(few)).pages).toEqual([[1, 2], [3]]);
  });

  test('are read on by another session, which downloads them again', async () => {
    const body = lines(...Array.from({ length: 25_000 }, (_, index) => index));
    const whole = await readAll(vendor('jsonLines', () => asText(body)));
    const one = vendor('jsonLines', () => asText(body));
    const { rows, tokens } = await readAll(one, true);
    expect(rows).toEqual(whole.rows);
    expect(tokens).toEqual(whole.tokens);
    expect(one.http.requests).toHaveLength(3);
    expect(one.http.files.size).toBe(0);
  });

  test.each([
    ['another record', lines(1, 7, 3)],
    ['fewer', lines(1)],
    ['none', ''],
  ])('that begin with %s when they are read on are refused', async (_, changed) => {
    const one = vendor('jsonLines', (__, index) => asText(index === 0 ? lines(1, 2, 3) : changed), {
      request: { limit: 2 },
    });
    await expect(readAll(one, true)).rejects.toMatchObject({
      code: 'SourceDataInvalid',
      message: "X.things: the vendor's file changed while it was being read; run the flow again",
    });
  });

  test('that have grown are read to their end', async () => {
    const one = vendor('jsonLines', (_, index) => asText(lines(1, 2, ...(index === 0 ? [] : [3]))), {
      request: { limit: 2 },
    });
    expect((await readAll(one, true)).rows).toEqual([1, 2, 3]);
  });

  test('of an endless line are refused', async () => {
    const one = vendor('jsonLines', () => asText(Buffer.alloc(33 * 1024 * 1024, 'x')));
    await expect(readAll(one)).rejects.toMatchObject({
      code: 'SourceDataInvalid',
      context: { at: 'X.things line 1', expected: 'at most 33554432' },
    });
  });
});

describe('a zip archive', () => {
  const zipped = (...files: (readonly [string, Uint8Array])[]): TestAnswer => ({ body: zipOf(files) });

  test('is read in the order of its names, however it was packed', async () => {
    const one = vendor('zippedJsonLines', () =>
      zipped(
        ['p/', Buffer.alloc(0)],
        ['p/11#1.json.gz', gzipSync(lines(3))],
        ['p/11#0.json.gz', Buffer.concat([gzipSync(lines(1)), gzipSync(lines(2))])],
        ['p/12.json', Buffer.from(lines(4))],
      ),
    );
    expect((await readAll(one)).rows).toEqual([1, 2, 3, 4]);
  });

  test('names the file of a broken line', async () => {
    const one = vendor('zippedJsonLines', () => zipped(['p/11#0.json.gz', gzipSync('{"id":1}\nx\n')]));
    await expect(readAll(one)).rejects.toThrow('X.things 11#0.json.gz line 2: the line is no JSON object');
  });

  test('without files, or of no bytes, has no records', async () => {
    expect((await readAll(vendor('zippedJsonLines', () => zipped()))).rows).toEqual([]);
    expect((await readAll(vendor('zippedJsonLines', () => ({})))).rows).toEqual([]);
  });

  test('that broke off is asked for again', async () => {
    const whole = zipOf([['a.json', Buffer.from(lines(1))]]);
    const one = vendor('zippedJsonLines', (_, index) => ({
      body: index === 0 ? whole.subarray(0, 40) : whole,
    }));
    expect((await readAll(one)).rows).toEqual([1]);
    expect(one.http.requests).toHaveLength(2);
  });

  test.each<[string, Buffer]>([
    ['cut short', zipOf([['a.json', Buffer.from(lines(1))]]).subarray(0, 40)],
    ['no archive', Buffer.from('<html>busy</html>')],
    ['one of broken files', zipOf([['a.json.gz', gzipSync(lines(1, 2, 3)).subarray(0, 20)]])],
  ])('that is %s is tried again by the run', async (_, body) => {
    await expect(readAll(vendor('zippedJsonLines', () => ({ body })))).rejects.toMatchObject({
      code: 'ServerError',
      summary: "the answer's archive is broken",
      retried: true,
    });
  });
});

describe('a window', () => {
  const entity: Partial<Entity> = {
    absent: [404],
    incremental: {
      field: 'at',
      from: { param: 'from', format: 'basicHour' },
      to: { param: 'to', operator: 'LESS_THAN_OR_EQUAL_TO', format: 'basicHour' },
      sliceDays: 1 / 24,
    },
    fields: { id: long(), at: dateTime({ format: 'spaced' }) },
  };
  const request = { incrementalField: 'at', window: { start, end: start + 3 * 3_600_000 } };

  test('is downloaded hour by hour, and an hour without a file is none', async () => {
    const one = vendor(
      'jsonLines',
      (_, index) => (index === 1 ? { status: 404 } : asText(`{"id":${index},"at":"2024-05-01 00:00:00.25"}`)),
      { entity, request: { ...request, fields: ['id', 'at'] } },
    );
    const session = await one.open();
    const rows = await allRows(session);
    expect(rows).toEqual([
      [0, '2024-05-01T00:00:00.25Z'],
      [2, '2024-05-01T00:00:00.25Z'],
    ]);
    expect(one.http.requests.map(({ url }) => url.replace(base, ''))).toEqual([
      '/export?from=20240501T00&to=20240501T00',
      '/export?from=20240501T01&to=20240501T01',
      '/export?from=20240501T02&to=20240501T02',
    ]);
  });

  test('is halved where its file is larger than the vendor gives', async () => {
    const { incremental } = entity;
    if (!incremental) throw new Error('it has one');
    const one = vendor(
      'jsonLines',
      (_, index) => (index < 2 ? { status: 413 } : asText(`{"id":${index},"at":"2024-05-01 00:00:00"}`)),
      {
        entity: { ...entity, incremental: { ...incremental, sliceDays: 1 } },
        request: { ...request, window: { start, end: start + 4 * 3_600_000 } },
        errors: { rules: [{ status: [413], code: 'WindowTooLarge' }] },
      },
    );
    expect((await readAll(one, true)).pages).toEqual([[2], [3], [4]]);
    expect(one.http.requests.map(({ url }) => url.replace(base, ''))).toEqual([
      '/export?from=20240501T00&to=20240501T03',
      '/export?from=20240501T00&to=20240501T01',
      '/export?from=20240501T00&to=20240501T00',
      '/export?from=20240501T01&to=20240501T01',
      '/export?from=20240501T02&to=20240501T03',
    ]);
  });

  test('asks the connector for the time, not for a file', async () => {
    const one = vendor('jsonLines', () => ({ body: {} }), { entity, request });
    await one.describe();
    expect(one.http.requests.map(({ url }) => url)).toEqual([`${base}/me`]);
    expect(one.http.files.size).toBe(0);
  });
});

test('a refusal is tried again, and then told like any other', async () => {
  const soon = vendor('jsonLines', (_, index) => (index === 0 ? { status: 503 } : asText(lines(1))));
  expect((await readAll(soon)).rows).toEqual([1]);
  expect(soon.ports.clock.slept).toEqual([500]);
  const never = vendor('jsonLines', () => ({ status: 400, body: { message: 'too much' } }));
  await expect(readAll(never)).rejects.toMatchObject({ code: 'ClientError', context: { at: 'X.things' } });
});
