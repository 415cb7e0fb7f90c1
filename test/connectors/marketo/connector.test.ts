import { describe, expect, test } from 'vitest';
import { type FilterCondition, type PageToken, type SourceRequest, TributaryError } from '#core';
import { marketo } from '../../../connectors/marketo/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const end = Date.UTC(2024, 4, 2);
const day = 86_400_000;
const source = declaredSource(marketo, { random: () => 0 });

const is = (
  field: string,
  operator: FilterCondition['operator'],
  type: FilterCondition['type'],
  ...values: string[]
): FilterCondition => ({ field, operator, type, values });

const ok = (result: readonly object[]): TestAnswer => ({ body: { success: true, result } });
const refused = (code: string, message = 'no'): TestAnswer => ({
  body: { success: false, errors: [{ code, message }] },
});
const csv = (text: string): TestAnswer => ({ headers: { 'content-type': 'text/csv' }, body: text });

interface Read {
  readonly lines: readonly string[];
  readonly rows: readonly unknown[];
  /** Seconds that the run was told to wait, one after the other. */
  readonly waits: readonly (number | undefined)[];
  readonly described: Awaited<ReturnType<typeof source.describe>>;
}

/** Reads an entity to its end, waiting as often as the vendor asks for it. */
async function read(
  entityName: string,
  answerOf: (line: string, count: number) => TestAnswer | undefined,
  changes: Partial<SourceRequest> = {},
): Promise<Read> {
  const lines: string[] = [];
  const counts = new Map<string, number>();
  const http = testHttp(({ method, url, body }) => {
    const path = decodeURIComponent(url.replace('https://123-abc-456.mktorest.com', ''));
    const line = [method, path, body].filter(Boolean).join(' ');
    lines.push(line);
    const count = (counts.get(line) ?? 0) + 1;
    counts.set(line, count);
    return answerOf(line, count) ?? new Error(`unexpected request ${line}`);
  });
  const ports = testSourcePorts({ http, credentials: { accessToken: 'a-token' }, now: end });
  const request: SourceRequest = {
    flowName: 'f',
    connector: 'Marketo',
    properties: { object: entityName },
    settings: { instanceUrl: 'https://123-ABC-456.mktorest.com' },
    fields: ['id'],
    filters: [],
    window: { end },
    ...changes,
  };
  const described = await source.describe(request, ports);
  const rows: unknown[] = [];
  const waits: (number | undefined)[] = [];
  for (const split of described.splits) {
    const session = await source.open(request, split, ports);
    let token: PageToken | undefined;
    do {
      try {
        const page = await session.read(token);
        rows.push(...page.rows);
        token = page.next;
      } catch (error) {
        if (!(error instanceof TributaryError) || error.code !== 'RateLimitExceeded') throw error;
        waits.push(error.context.retryAfterSeconds);
      }
    } while (token !== undefined);
  }
  return { lines, rows, waits, described };
}

const metadata = ok([
  { displayName: 'Marketo Unique ID', dataType: 'integer', rest: { name: 'id' } },
  { displayName: 'Email Address', dataType: 'email', rest: { name: 'email' } },
  { displayName: 'Score', dataType: 'score', rest: { name: 'leadScore' } },
  { displayName: 'Updated At', dataType: 'datetime', rest: { name: 'updatedAt' } },
  { displayName: 'Full Name', dataType: 'formula', rest: { name: 'fullName' } },
  { displayName: 'Old', dataType: 'string', soap: { name: 'Old' } },
]);

/** An account whose exports are made at once, but for what `more` answers. */
const account = (
  file: string,
  more: (line: string, count: number) => TestAnswer | undefined = () => undefined,
) => {
  let made = 0;
  return (line: string, count: number): TestAnswer | undefined => {
    const own = more(line, count);
    if (own) return own;
    if (line === 'GET /rest/v1/leads/describe.json') return metadata;
    if (line === 'GET /rest/v1/stats/usage.json') return ok([]);
    if (line.includes('/create.json')) return ok([{ exportId: `job-${++made}`, status: 'Created' }]);
    if (line.includes('/status.json')) return ok([{ status: 'Completed' }]);
    return line.includes('/file.json') ? csv(file) : undefined;
  };
};
const created = (lines: readonly string[]) =>
  lines.flatMap((line) => (line.includes('/create.json') ? [JSON.parse(line.slice(line.indexOf('{')))] : []));

describe('leads', () => {
  test('have the fields of the account that an export can have', async () => {
    const { described } = await read('leads', account('id\n'), { window: { start: end - day, end } });
    expect(described.fields.map(({ name, type, label }) => [name, type, label])).toEqual([
      ['id', 'Long', 'Marketo Unique ID'],
      ['email', 'String', 'Email Address'],
      ['leadScore', 'Long', 'Score'],
      ['updatedAt', 'DateTime', 'Updated At'],
    ]);
  });

  test('changed in a window are those that the vendor finds there, whatever their own stamp', async () => {
    const file = 'id,leadScore,updatedAt\n7,10,2024-05-01T10:00:00Z\n8,null,2020-01-01T00:00:00Z\n';
    const fields = ['id', 'leadScore', 'updatedAt'];
    const window = { start: end - 40 * day, end };
    const { lines, rows, described } = await read('leads', account(file), { fields, window });
    expect(described.appliesWindow).toBe(true);
    expect(created(lines)).toEqual([
      {
        format: 'CSV',
        fields,
        filter: { updatedAt: { startAt: '2024-03-23T00:00:00Z', endAt: '2024-04-23T00:00:00Z' } },
      },
      {
        format: 'CSV',
        fields,
        filter: { updatedAt: { startAt: '2024-04-23T00:00:00Z', endAt: '2024-05-02T00:00:00Z' } },
      },
    ]);
    expect(rows.slice(0, 2)).toEqual([
      [7, 10, '2024-05-01T10:00:00Z'],
      [8, null, '2020-01-01T00:00:00Z'],
    ]);
  });

  test('are all those that were made, in parts of 31 days, from before there were accounts', async () => {
    const { lines } = await read('leads', account('id,updatedAt\n'));
    const filters = created(lines).map(({ filter }) => filter);
    expect(filters[0]).toEqual({
      createdAt: { startAt: '2004-05-07T00:00:00Z', endAt: '2004-06-07T00:00:00Z' },
    });
    expect(filters.at(-1)).toMatchObject({ createdAt: { endAt: '2024-05-02T00:00:00Z' } });
    expect(filters).toHaveLength(236);
  });

  test('are made in a range of the flow', async () => {
    const filters = [
      is('createdRange', 'BETWEEN', 'DateTime', '2024-01-01T00:00:00Z', '2024-01-31T00:00:00Z'),
    ];
    const { lines } = await read('leads', account('id,updatedAt\n'), { filters });
    expect(created(lines)).toEqual([
      {
        format: 'CSV',
        fields: ['id', 'updatedAt'],
        filter: { createdAt: { startAt: '2024-01-01T00:00:00Z', endAt: '2024-01-31T00:00:01Z' } },
      },
    ]);
  });
});

describe('an export', () => {
  const window = { start: end - day, end };

  test('is put into the queue, and looked at once a minute', async () => {
    const states = ['Created', 'Queued', 'Processing', 'Completed'];
    const { lines, rows, waits } = await read(
      'leads',
      account('id,updatedAt\n1,2024-05-01T00:00:00Z\n', (line, count) => {
        if (line.includes('/status.json')) return ok([{ status: states[count - 1] }]);
        return line.includes('/enqueue.json') ? ok([{ status: 'Queued' }]) : undefined;
      }),
      { window },
    );
    expect(rows).toEqual([[1]]);
    expect(waits).toEqual([60, 60, 60]);
    expect(lines.slice(3)).toEqual([
      'GET /bulk/v1/leads/export/job-1/status.json',
      'POST /bulk/v1/leads/export/job-1/enqueue.json {}',
      'GET /bulk/v1/leads/export/job-1/status.json',
      'GET /bulk/v1/leads/export/job-1/status.json',
      'GET /bulk/v1/leads/export/job-1/status.json',
      'GET /bulk/v1/leads/export/job-1/file.json',
    ]);
  });

  test.each([
    { message: 'Too many jobs in queue', seconds: 120 },
    { message: 'Export daily quota exceeded', seconds: 900 },
    { message: 'Job already queued', seconds: 60 },
  ])('waits where it is told "$message"', async ({ message, seconds }) => {
    const { waits, rows } = await read(
      'activities',
      account('marketoGUID,activityDate\n5,2024-05-01T10:00:00Z\n', (line, count) => {
        if (line.includes('/status.json')) return ok([{ status: count < 2 ? 'Created' : 'Completed' }]);
        return line.includes('/enqueue.json') ? refused('1029', message) : undefined;
      }),
      { window, fields: ['marketoGUID'] },
    );
    expect(waits).toEqual([seconds]);
    expect(rows).toEqual([['5']]);
  });

  test('that an account cannot make fails by the name of the reason', async () => {
    const message = 'Unsupported filter type for target subscription: updatedAt';
    const answers = account('', (line) =>
      line.includes('/create.json') ? refused('1035', message) : undefined,
    );
    await expect(read('leads', answers, { window })).rejects.toMatchObject({
      code: 'ClientError',
      message: expect.stringContaining(message),
      context: { vendorCode: '1035' },
    });
  });

  test('whose file is refused is not read as one', async () => {
    const answers = account('', (line) =>
      line.includes('/file.json') ? refused('603', 'Access denied') : undefined,
    );
    await expect(read('leads', answers, { window })).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  test('of activities is asked for types by number', async () => {
    const filters = [is('activityTypeIds', 'EQUAL_TO', 'String', '1', '12')];
    const { lines } = await read('activities', account('marketoGUID\n'), {
      window,
      filters,
      fields: ['marketoGUID'],
    });
    expect(created(lines)).toEqual([
      {
        format: 'CSV',
        fields: ['marketoGUID', 'activityDate'],
        filter: {
          activityTypeIds: [1, 12],
          createdAt: { startAt: '2024-05-01T00:00:00Z', endAt: '2024-05-02T00:00:00Z' },
        },
      },
    ]);
  });
});

test.each([
  { code: '601', expected: 'InvalidCredentials' },
  { code: '602', expected: 'InvalidCredentials' },
  { code: '603', expected: 'AccessDenied' },
  { code: '604', expected: 'RequestTimeout' },
  { code: '606', expected: 'RateLimitExceeded', seconds: 20 },
  { code: '607', expected: 'RateLimitExceeded', seconds: 900 },
  { code: '610', expected: 'ResourceNotFoundError' },
  { code: '611', expected: 'ServerError' },
  { code: '608', expected: 'ServiceUnavailable' },
  { code: '1003', expected: 'ClientError' },
])('the refusal $code, in an answer of 200, is $expected', async ({ code, expected, seconds }) => {
  const http = testHttp(() => refused(code, 'the reason'));
  const ports = testSourcePorts({ http, credentials: { accessToken: 'a-token' } });
  const request: SourceRequest = {
    flowName: 'f',
    connector: 'Marketo',
    properties: { object: 'programs' },
    settings: { instanceUrl: 'https://123-ABC-456.mktorest.com' },
    fields: ['id'],
    filters: [],
    window: { end },
  };
  const session = await source.open(request, {}, ports);
  await expect(session.read(undefined)).rejects.toMatchObject({
    code: expected,
    message: expect.stringContaining('the reason'),
    context: { status: 200, vendorCode: code, ...(seconds && { retryAfterSeconds: seconds }) },
  });
});

test('an empty list of assets has no result at all', async () => {
  const { rows, lines } = await read('programs', () => ({
    body: { success: true, errors: [], warnings: ['No assets found for the given search criteria.'] },
  }));
  expect(rows).toEqual([]);
  expect(lines).toEqual(['GET /rest/asset/v1/programs.json?maxReturn=200']);
});
