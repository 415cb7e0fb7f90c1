/** Lists that a vendor prepares by a job, each by a small vendor of its own: the requests that come of it, and the rows. */

import { describe, expect, test } from 'vitest';
import {
  apiKey,
  boolean,
  byteRanges,
  type Connector,
  checkConnector,
  cursor,
  dateTime,
  double,
  type Entity,
  type Job,
  long,
  type PageToken,
  type Search,
  type SourceRequest,
  type Split,
  string,
  TributaryError,
} from '#core';
import type { HttpRequest } from '../../../core/ports.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const docs = 'https://example.com/docs';
const base = 'https://api.example.com';
const end = Date.UTC(2024, 4, 2);
const day = 86_400_000;

const status: Job['status'] = {
  path: '/jobs/{job}',
  at: 'state',
  running: ['Queued', 'InProgress'],
  done: ['Done'],
  failed: ['Failed', 'Aborted'],
  message: 'why',
};
const pages = cursor({ at: { header: 'x-next' }, param: 'after', none: 'null', size: { most: 2 } });
const job: Job = {
  id: 'id',
  status,
  results: { path: '/jobs/{job}/results', nothing: '', count: 'x-count', pagination: pages },
};

const things: Entity = {
  docs,
  path: '/jobs',
  method: 'POST',
  body: { kind: 'export' },
  job,
  primaryKey: ['id'],
  fields: { id: long(), name: string(), open: boolean(), price: double() },
};

function connectorOf(entity: Entity, changes: Partial<Connector> = {}): Connector {
  return {
    label: 'X',
    docs,
    baseUrl: base,
    auth: [apiKey({ label: 'Key' })],
    validateCredentials: 'GET /me',
    settings: { shop: { label: 'Shop' } },
    entities: { things: entity },
    ...changes,
  };
}

const csv = (text: string, headers: Record<string, string> = {}, answerStatus = 200): TestAnswer => ({
  status: answerStatus,
  headers: { 'content-type': 'text/csv', ...headers },
  body: text,
});
/** As often as a request is tried. */
const fourTimes = (answer: TestAnswer): TestAnswer[] => [answer, answer, answer, answer];
const state = (name: string): TestAnswer => ({ body: { state: name } });

function vendor(
  entity: Entity,
  answers: readonly TestAnswer[] | ((line: string, request: HttpRequest) => TestAnswer | Error),
  request: Partial<SourceRequest> = {},
  changes: Partial<Connector> = {},
) {
  const lines: string[] = [];
  const http = testHttp((sent, index) => {
    const { method, url, body } = sent;
    const line = [method, decodeURIComponent(url.replace(base, '')), body].filter(Boolean).join(' ');
    lines.push(line);
    const answer = typeof answers === 'function' ? answers(line, sent) : answers[index];
    return answer ?? new Error(`unexpected request ${line}`);
  });
  const ports = testSourcePorts({ http, credentials: { apiKey: 'the-key' }, now: end });
  const source = declaredSource(connectorOf(entity, changes), { random: () => 0 });
  const asked: SourceRequest = {
    flowName: 'f',
    connector: 'X',
    properties: { entityName: 'things' },
    settings: { shop: 'acme' },
    fields: ['id'],
    filters: [],
    window: { end },
    ...request,
  };
  return {
    lines,
    http,
    ports,
    describe: () => source.describe(asked, ports),
    open: (split: Split) => source.open(asked, JSON.parse(JSON.stringify(split)), ports),
  };
}

type Vendor = ReturnType<typeof vendor>;

/** Reads all of the first split; "slow down" is waited out. @param killed a new session for every read */
async function readAll(one: Vendor, killed = false) {
  const { splits } = await one.describe();
  const rows: unknown[] = [];
  const waits: number[] = [];
  for (const split of splits) {
    let session = await one.open(split);
    let token: PageToken | undefined;
    do {
      if (killed) session = await one.open(split);
      try {
        const page = await session.read(token && JSON.parse(JSON.stringify(token)));
        rows.push(...page.rows);
        token = page.next;
      } catch (error) {
        if (!(error instanceof TributaryError) || error.code !== 'RateLimitExceeded') throw error;
        waits.push(error.context.retryAfterSeconds ?? Number.NaN);
      }
    } while (token !== undefined);
  }
  return { rows, waits };
}

describe('a job', () => {
  const answers = [
    { body: { id: '750' } },
    state('Queued'),
    state('InProgress'),
    state('Done'),
    csv('"id","name","open","price"\n"1","a, ""b""\nc","true","1.50"\n"2","","false","3.5E8"\n', {
      'x-next': 'Mg',
    }),
    csv('"id","name","open","price"\n"3","","",""\n', { 'x-next': 'null' }),
  ];

  test('is made, looked after until it is done, and its results are read page by page, as typed values', async () => {
    const one = vendor(things, answers, { fields: ['id', 'name', 'open', 'price'] });
    expect(await readAll(one)).toEqual({
      rows: [
        [1, 'a, "b"\nc', true, 1.5],
        [2, null, false, 350_000_000],
        [3, null, null, null],
      ],
      waits: [2, 4],
    });
    expect(one.lines).toEqual([
      'POST /jobs {"kind":"export"}',
      'GET /jobs/750',
      'GET /jobs/750',
      'GET /jobs/750',
      'GET /jobs/750/results?most=2',
      'GET /jobs/750/results?most=2&after=Mg',
    ]);
  });

  test('is the same one for a run that is killed and goes on', async () => {
    const byLine = (line: string): TestAnswer | Error => {
      if (line.startsWith('POST /jobs ')) return { body: { id: 750 } };
      if (line === 'GET /jobs/750') return state('Done');
      if (line.endsWith('after=Mg')) return csv('id\n3\n', { 'x-next': 'null' });
      return csv('id\n1\n2\n', { 'x-next': 'Mg' });
    };
    const one = vendor(things, byLine);
    expect((await readAll(one, true)).rows).toEqual([[1], [2], [3]]);
    expect(one.lines.filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });

  test('that takes long is looked at ever less often, and by a later session once a minute', async () => {
    const slow = (line: string): TestAnswer =>
      line.startsWith('POST') ? { body: { id: '750' } } : state('InProgress');
    const one = vendor(things, slow);
    const [split = {}] = (await one.describe()).splits;
    const session = await one.open(split);
    const { next } = await session.read(undefined);
    const wait = async (reader: typeof session) =>
      reader.read(next).then(
        () => undefined,
        (error: TributaryError) => error.context.retryAfterSeconds,
      );
    const waits = [];
    for (let look = 0; look < 6; look++) waits.push(await wait(session));
    expect(waits).toEqual([2, 4, 8, 15, 60, 60]);
    expect(await wait(await one.open(split))).toBe(60);
  });

  test('is told of in lists, and looked at as rarely as the vendor says', async () => {
    const listed: Job = {
      ...job,
      id: 'result[*].id',
      status: { ...status, at: 'result[*].state', message: 'result[*].why', everySeconds: 45 },
    };
    const one = vendor({ ...things, job: listed }, [
      { body: { result: [{ id: 750 }] } },
      { body: { result: [{ state: 'Queued' }] } },
      { body: { result: [{ state: 'Failed', why: 'too wide' }] } },
    ]);
    const [split = {}] = (await one.describe()).splits;
    const session = await one.open(split);
    const { next } = await session.read(undefined);
    await expect(session.read(next)).rejects.toMatchObject({ context: { retryAfterSeconds: 45 } });
    await expect(session.read(next)).rejects.toThrow('the vendor\'s job failed: "too wide"');
    expect(one.lines).toEqual(['POST /jobs {"kind":"export"}', 'GET /jobs/750', 'GET /jobs/750']);
  });

  test('whose file is refused in JSON is no file', async () => {
    const byLine = (line: string): TestAnswer => {
      if (line.startsWith('POST')) return { body: { id: '750' } };
      return line === 'GET /jobs/750' ? state('Done') : { body: { success: false, code: '602' } };
    };
    const errors: Connector['errors'] = {
      inBody: { path: 'success', is: false },
      vendorCode: 'code',
      rules: [{ vendorCode: '602', code: 'InvalidCredentials' }],
    };
    await expect(readAll(vendor(things, byLine, {}, { errors }))).rejects.toMatchObject({
      code: 'InvalidCredentials',
    });
  });

  test('that waits to be started is started, once', async () => {
    const started: Job = {
      ...job,
      status: { ...status, start: { path: '/jobs/{job}/enqueue', states: ['Created'] } },
    };
    const one = vendor({ ...things, job: started }, [
      { body: { id: '750' } },
      state('Created'),
      { body: {} },
      state('Queued'),
      state('Done'),
      csv('id\n1\n'),
    ]);
    expect((await readAll(one)).rows).toEqual([[1]]);
    expect(one.lines).toEqual([
      'POST /jobs {"kind":"export"}',
      'GET /jobs/750',
      'POST /jobs/750/enqueue {}',
      'GET /jobs/750',
      'GET /jobs/750',
      'GET /jobs/750/results?most=2',
    ]);
  });

  test('is made of filters, window and projection, one for each slice of the window', async () => {
    const sliced: Entity = {
      ...things,
      projection: (paths) => ({ fields: paths }),
      fields: {
        id: long(),
        plan: string({ filters: { EQUAL_TO: 'filter.plan' } }),
        at: dateTime({ format: 'iso8601Seconds' }),
      },
      incremental: {
        field: 'at',
        from: 'filter.at.startAt',
        to: { param: 'filter.at.endAt', operator: 'LESS_THAN_OR_EQUAL_TO' },
        sliceDays: 1,
      },
    };
    const byLine = (line: string): TestAnswer | Error => {
      if (line === 'GET /time') return { headers: { date: 'Thu, 02 May 2024 00:00:00 GMT' }, body: {} };
      if (line.startsWith('POST')) return { body: { id: line.includes('05-01T00') ? 'b' : 'a' } };
      if (line.endsWith('/results?most=2'))
        return csv(`id,plan,at\n${line.includes('/b/') ? 2 : 1},pro,2024-05-01T00:00:00Z\n`);
      return state('Done');
    };
    const one = vendor(
      sliced,
      byLine,
      {
        filters: [{ field: 'plan', operator: 'EQUAL_TO', type: 'String', values: ['pro'] }],
        window: { start: end - 2 * day, end },
      },
      { clock: 'GET /time' },
    );
    expect((await readAll(one)).rows).toEqual([[1], [2]]);
    expect(one.lines.filter((line) => line.startsWith('POST'))).toEqual([
      'POST /jobs {"kind":"export","fields":["id","at"],"filter":{"plan":"pro","at":{"startAt":"2024-04-30T00:00:00Z","endAt":"2024-04-30T23:59:59Z"}}}',
      'POST /jobs {"kind":"export","fields":["id","at"],"filter":{"plan":"pro","at":{"startAt":"2024-05-01T00:00:00Z","endAt":"2024-05-01T23:59:59Z"}}}',
    ]);
    expect(await one.describe()).toMatchObject({ appliedFilters: [0], appliesWindow: true });
  });

  test('of a window that the vendor finds too large are made for its halves', async () => {
    const entity: Entity = {
      ...things,
      fields: { id: long(), at: dateTime({ format: 'iso8601Seconds' }) },
      incremental: { field: 'at', from: 'from', to: 'to' },
    };
    let jobs = 0;
    const byLine = (line: string): TestAnswer | Error => {
      if (line.includes('"2024-05-01T00:00:00Z","to":"2024-05-02'))
        return { status: 400, body: { code: 'TOO_MUCH' } };
      if (line.startsWith('POST')) return { body: { id: `${++jobs}` } };
      if (line.endsWith('/results?most=2')) return csv(`id,at\n${jobs},2024-05-01T00:00:00Z\n`);
      return state('Done');
    };
    const request = { window: { start: end - day, end } };
    const errors: Connector['errors'] = {
      vendorCode: 'code',
      rules: [{ vendorCode: 'TOO_MUCH', code: 'WindowTooLarge' }],
    };
    const one = vendor(entity, byLine, request, { clock: 'GET /time', errors });
    expect((await readAll(one)).rows).toEqual([[1], [2]]);
    expect(one.lines.filter((line) => line.startsWith('POST'))).toEqual([
      'POST /jobs {"kind":"export","from":"2024-05-01T00:00:00Z","to":"2024-05-02T00:00:00Z"}',
      'POST /jobs {"kind":"export","from":"2024-05-01T00:00:00Z","to":"2024-05-01T12:00:00Z"}',
      'POST /jobs {"kind":"export","from":"2024-05-01T12:00:00Z","to":"2024-05-02T00:00:00Z"}',
    ]);
  });

  test.each([
    [
      'that failed says why',
      [{ body: { id: '750' } }, { body: { state: 'Failed', why: 'INVALID_FIELD: no Nmae' } }],
      'ClientError',
      'X.things: the vendor\'s job failed: "INVALID_FIELD: no Nmae"; got job 750 in state Failed',
    ],
    [
      'that is lost is named',
      [{ body: { id: '750' } }, { status: 404 }],
      'ResourceNotFoundError',
      'X.things: the job is gone: the vendor refused the request (status 404); got job 750; run the flow again: it makes another job',
    ],
    [
      'whose results are lost is named',
      [{ body: { id: '750' } }, state('Done'), { status: 404 }],
      'ResourceNotFoundError',
      'got job 750',
    ],
    [
      'in an unknown state is no reason to wait',
      [{ body: { id: '750' } }, state('Paused')],
      'ConnectorProtocol',
      'got Paused (job 750); expected Queued, InProgress, Done, Failed, Aborted',
    ],
    ['without an id is refused', [{ body: {} }], 'ConnectorProtocol', "no id of a job at 'id'"],
    [
      'whose results turn in circles is refused',
      [
        { body: { id: '750' } },
        state('Done'),
        csv('id\n1\n', { 'x-next': 'a' }),
        csv('id\n1\n', { 'x-next': 'b' }),
        csv('id\n1\n', { 'x-next': 'a' }),
      ],
      'ConnectorProtocol',
      'the vendor gave the same page token twice',
    ],
    [
      'whose results are cut short is noticed',
      [{ body: { id: '750' } }, state('Done'), ...fourTimes(csv('id\n1\n', { 'x-count': '2' }))],
      'ServerError',
      'X.things: the vendor gave another number of records than it tells; got 1 (job 750); expected 2',
    ],
    [
      'whose results break off within a record is noticed, and not taken for bad data',
      [{ body: { id: '750' } }, state('Done'), ...fourTimes(csv('id,name\n1,a\n2', { 'x-count': '2' }))],
      'ServerError',
      'X.things: the vendor gave a file that breaks off; got X.things job 750 line 3',
    ],
    [
      'whose results have no header row is refused',
      [{ body: { id: '750' } }, state('Done'), csv('1,a\n2,b\n')],
      'ConnectorProtocol',
      'X.things: the results lack a column that was asked for; expected id',
    ],
    [
      'with broken results names the line',
      [{ body: { id: '750' } }, state('Done'), csv('id,name\n1,a\n2\n')],
      'SourceDataInvalid',
      'X.things job 750 line 3',
    ],
  ] as const)('%s', async (_, answers, code, message) => {
    const failure = await readAll(vendor(things, answers)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
    expect(String(failure)).toContain(message);
  });

  test('without records has no rows', async () => {
    const none = [{ body: { id: '750' } }, state('Done'), { status: 204 }];
    expect((await readAll(vendor(things, none))).rows).toEqual([]);
  });
});

describe('a file read by parts', () => {
  const ranged: Entity = {
    ...things,
    job: {
      ...job,
      results: { path: '/jobs/{job}/file', nothing: 'null', pagination: byteRanges(24) },
    },
  };
  const file = 'id,name\n1,"first, é"\n22,null\n333,""\n4444,"two\nlines"\n55555,last';
  const size = Buffer.byteLength(file);

  function ranges(text = file) {
    const bytes = Buffer.from(text);
    return (line: string, { headers }: HttpRequest): TestAnswer => {
      if (line.startsWith('POST')) return { body: { id: '750' } };
      if (line === 'GET /jobs/750') return state('Done');
      const [, from = 0, to = 0] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
      const part = bytes.subarray(Number(from), Number(to) + 1);
      return {
        status: 206,
        headers: { 'content-range': `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}` },
        body: part,
      };
    };
  }

  const rows = [
    [1, 'first, é'],
    [22, null],
    [333, ''],
    [4444, 'two\nlines'],
    [55555, 'last'],
  ];

  test.each([false, true])('has whole records only, also read on after a kill: %s', async (killed) => {
    for (let part = 19; part <= size + 1; part++) {
      const entity: Entity = {
        ...ranged,
        job: { ...job, results: { path: '/jobs/{job}/file', nothing: 'null', pagination: byteRanges(part) } },
      };
      const one = vendor(entity, ranges(), { fields: ['id', 'name'] });
      expect((await readAll(one, killed)).rows).toEqual(rows);
    }
  });

  test('is asked for uncompressed, each byte but those of cut records once', async () => {
    const one = vendor(ranged, ranges(), { fields: ['id', 'name'] });
    await readAll(one);
    const parts = one.http.requests
      .slice(2)
      .map(({ headers }) => [headers.range, headers['accept-encoding']]);
    expect(parts).toEqual([
      ['bytes=0-23', 'identity'],
      ['bytes=22-45', 'identity'],
      ['bytes=37-60', 'identity'],
      ['bytes=54-77', 'identity'],
    ]);
  });

  test('may come as a whole', async () => {
    const whole = [{ body: { id: '750' } }, state('Done'), csv(file)];
    expect((await readAll(vendor(ranged, whole, { fields: ['id', 'name'] }))).rows).toEqual(rows);
  });

  test.each([
    ['a part of a vendor that ignores ranges later on', () => csv(file), 'a whole file for a part of it'],
    [
      'another part than asked for',
      () => ({ ...csv('x', { 'content-range': `bytes 3-3/${size}` }), status: 206 }),
      'the vendor gave another part of the file',
    ],
  ])('refuses %s', async (_, second, message) => {
    const first = ranges();
    let parts = 0;
    const one = vendor(ranged, (line, request) =>
      request.headers.range && parts++ > 0 ? second() : first(line, request),
    );
    await expect(readAll(one)).rejects.toThrow(message);
  });

  test('asks again for what breaks off, though the answer is whole to HTTP', async () => {
    const whole = ranges();
    let asked = 0;
    const one = vendor(
      ranged,
      (line, request) => {
        const answer = whole(line, request);
        const isCut = request.headers.range !== undefined && asked++ === 1 && !(answer instanceof Error);
        return isCut ? { ...answer, body: String(answer.body).slice(0, 9) } : answer;
      },
      { fields: ['id', 'name'] },
    );
    expect((await readAll(one)).rows).toEqual(rows);
    expect(asked).toBe(5);
  });

  test('refuses a record that is longer than a part', async () => {
    const one = vendor(ranged, ranges(`id,name\n1,${'x'.repeat(40)}\n`));
    await expect(readAll(one)).rejects.toThrow('a record is longer than a part of the file');
  });

  test('names the line of the file', async () => {
    const one = vendor(ranged, ranges('id,name\n1,aaaaaaaaaaa\n2,b\n3\n'));
    await expect(readAll(one)).rejects.toThrow('X.things job 750 line 4');
  });
});

describe('a list that a job can make', () => {
  const search: Search = {
    param: 'q',
    condition: ({ path, values }) => `${path} = ${values[0]}`,
    expression: (conditions, { counts, limit, paths }) =>
      [`${counts ? 'count' : paths.join()} where ${conditions.join()}`, limit && `limit ${limit}`]
        .filter(Boolean)
        .join(' '),
  };
  const both: Entity = {
    ...things,
    path: '/things',
    method: 'GET',
    body: {},
    records: 'items',
    search,
    fields: { id: long({ filters: { EQUAL_TO: true } }) },
    job: {
      ...job,
      create: {
        path: '/jobs',
        method: 'POST',
        body: { kind: 'export' },
        search: { ...search, param: 'query' },
      },
      automatic: { count: 'total', from: 100, longestAddress: 120 },
    },
  };
  const filters: SourceRequest['filters'] = [
    { field: 'id', operator: 'EQUAL_TO', type: 'Long', values: ['7'] },
  ];
  const counted = (total: unknown): TestAnswer => ({ body: { total, items: [] } });
  const listed: TestAnswer = { body: { items: [{ id: 7 }] } };
  const made = [{ body: { id: '750' } }, state('Done'), csv('id\n7\n', { 'x-next': 'null' })];

  test.each([
    [
      'few records are listed',
      [counted(99), listed],
      ['GET /things?q=count where id = 7', 'GET /things?q=id where id = 7'],
    ],
    [
      'many are exported',
      [counted(100), ...made],
      ['GET /things?q=count where id = 7', 'POST /jobs {"kind":"export","query":"id where id = 7"}'],
    ],
    [
      'too many to be counted are exported',
      [{ status: 408 }, { status: 408 }, { status: 408 }, { status: 408 }, ...made],
      ['GET /things?q=count where id = 7', 'GET /things?q=count where id = 7'],
    ],
  ])('%s', async (_, answers, lines) => {
    const one = vendor(both, answers, { filters });
    expect((await readAll(one)).rows).toEqual([[7]]);
    expect(one.lines.slice(0, 2)).toEqual(lines);
  });

  test('whose address is too long is exported, however few its records are', async () => {
    const long: SourceRequest['filters'] = [
      { field: 'id', operator: 'EQUAL_TO', type: 'Long', values: ['1'.repeat(100)] },
    ];
    const one = vendor(both, [counted(1), ...made], { filters: long });
    expect((await readAll(one)).rows).toEqual([[7]]);
    expect(one.lines[1]).toContain('POST /jobs');

    const previewed = vendor(both, made, { filters: long, limit: 5 });
    await readAll(previewed);
    expect(previewed.lines[0]).toContain('limit 5');

    const properties = { entityName: 'things', dataTransferApi: 'REST_SYNC' };
    const listedAnyway = vendor(both, [listed], { filters: long, properties });
    await readAll(listedAnyway);
    expect(listedAnyway.lines[0]).toContain('GET /things');
  });

  test('promises what holds in either way', async () => {
    const narrower: Entity = {
      ...both,
      job: {
        ...job,
        ...both.job,
        create: { ...both.job?.create, search: { ...search, condition: () => undefined } },
      },
    };
    const one = vendor(narrower, [counted(1)], { filters });
    expect((await one.describe()).appliedFilters).toEqual([]);
  });

  test('is listed for a preview, which says how much it wants', async () => {
    const one = vendor(both, [listed], { filters, limit: 5 });
    await readAll(one);
    expect(one.lines).toEqual(['GET /things?q=id where id = 7 limit 5']);
  });

  test('tells its fields without a count', async () => {
    const one = vendor(both, [], { fieldsOnly: true });
    expect((await one.describe()).fields).toEqual([{ name: 'id', type: 'Long' }]);
  });

  test.each([
    ['BULKV2', made, 'POST /jobs {"kind":"export","query":"id where id = 7"}'],
    ['REST_SYNC', [listed], 'GET /things?q=id where id = 7'],
    [{ Type: 'ASYNC' }, made, 'POST /jobs {"kind":"export","query":"id where id = 7"}'],
    [{ Type: 'SYNC' }, [listed], 'GET /things?q=id where id = 7'],
  ])('is read as the flow says: %j', async (dataTransferApi, answers, line) => {
    const one = vendor(both, answers, { filters, properties: { entityName: 'things', dataTransferApi } });
    expect((await readAll(one)).rows).toEqual([[7]]);
    expect(one.lines[0]).toBe(line);
  });

  test.each([
    [things, 'REST_SYNC', 'got dataTransferApi REST_SYNC; expected BULKV2 or ASYNC'],
    [{ ...both, job: undefined }, 'BULKV2', 'got dataTransferApi BULKV2; expected REST_SYNC or SYNC'],
  ] as const)(
    'is refused where it cannot be read so',
    async ({ job: own, ...rest }, dataTransferApi, message) => {
      const entity: Entity = { ...rest, ...(own && { job: own }) };
      const one = vendor(entity, [], { properties: { entityName: 'things', dataTransferApi } });
      await expect(one.describe()).rejects.toThrow(message);
      expect(one.lines).toEqual([]);
    },
  );

  test('needs a count that is a number', async () => {
    await expect(readAll(vendor(both, [counted('many')], { filters }))).rejects.toThrow(
      "the answer has no count at 'total'",
    );
  });
});

test('a declaration is checked at load', () => {
  const wrong: Entity = {
    ...things,
    fields: { ...things.fields, at: dateTime() },
    incremental: { field: 'at', from: 'since' },
    job: {
      ...job,
      status: { ...status, path: '/jobs' },
      results: { path: '/jobs/{job}/{shp}' },
      automatic: { count: 'total', from: 1 },
    },
  };
  expect(() => checkConnector(connectorOf(wrong))).toThrow(
    [
      "X.things: no setting or field named 'shp'; expected one of job, shop",
      "X.things: the path '/jobs' has no hole {job}",
      "X.things: a list that jobs alone make cannot tell the time: declare the connector's clock",
      'X.things: job.automatic chooses between one list and the job that create declares',
    ].join('\n'),
  );
  const child: Entity = { ...things, parent: 'things', path: '/things/{things.id}' };
  expect(() => checkConnector(connectorOf(things, { entities: { things, child } }))).toThrow(
    'X.things: a parent needs a list that is read without a job',
  );
});
