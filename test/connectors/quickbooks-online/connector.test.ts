import { describe, expect, test } from 'vitest';
import type { FilterCondition, SourceRequest } from '#core';
import { quickBooksOnline } from '../../../connectors/quickbooks-online/connector.ts';
import { declaredSource } from '../../../engine/http/declared-source.ts';
import { allRows, type TestAnswer, testHttp, testSourcePorts } from '../../support/source-ports.ts';

const is = (
  field: string,
  operator: FilterCondition['operator'],
  type: FilterCondition['type'],
  ...values: string[]
): FilterCondition => ({ field, operator, type, values });

/** Reads a list to its end; the statements of the queries, and the rows. */
async function read(
  entityName: string,
  answers: readonly TestAnswer[],
  changes: Partial<SourceRequest> = {},
): Promise<{ statements: (string | null)[]; rows: unknown[] }> {
  const http = testHttp((_, index) => answers[index] ?? new Error('unexpected request'));
  const ports = testSourcePorts({ http, credentials: { accessToken: 'a-token' } });
  const request: SourceRequest = {
    flowName: 'f',
    connector: 'QuickBooksOnline',
    properties: { entityName },
    settings: { companyId: '123' },
    fields: ['Id'],
    filters: [],
    window: { end: Date.UTC(2024, 4, 2) },
    ...changes,
  };
  const session = await declaredSource(quickBooksOnline, { random: () => 0 }).open(request, {}, ports);
  const rows = await allRows(session);
  return { statements: http.requests.map(({ url }) => new URL(url).searchParams.get('query')), rows };
}

const nothing: TestAnswer = { body: { QueryResponse: {}, time: '2024-05-01T10:00:00-07:00' } };

async function statementOf(entityName: string, ...filters: FilterCondition[]): Promise<string> {
  const { statements } = await read(entityName, [nothing], { filters });
  return statements[0] ?? '';
}

describe('a statement', () => {
  test.each([
    ["O'Hara", "DisplayName = 'O\\'Hara'"],
    ["' OR Id = '1", "DisplayName = '\\' OR Id = \\'1'"],
    ['50 %', "DisplayName = '50 %'"],
  ])('quotes %s', async (value, comparison) => {
    expect(await statementOf('Customer', is('DisplayName', 'EQUAL_TO', 'String', value))).toBe(
      `SELECT * FROM Customer WHERE ${comparison} AND Active IN (true, false) ` +
        'ORDERBY MetaData.LastUpdatedTime STARTPOSITION 1 MAXRESULTS 1000',
    );
  });

  test('leaves values that it cannot quote to the engine', async () => {
    const statement = await statementOf('Bill', is('DocNumber', 'EQUAL_TO', 'String', "a\\' OR"));
    expect(statement).toBe(
      'SELECT * FROM Bill ORDERBY MetaData.LastUpdatedTime STARTPOSITION 1 MAXRESULTS 1000',
    );
  });

  test('says several values by IN, for there is no OR', async () => {
    expect(await statementOf('Invoice', is('Id', 'EQUAL_TO', 'String', '1', '2'))).toContain(
      " WHERE Id IN ('1', '2') ORDERBY",
    );
  });

  test('asks for inactive records too, unless a filter says which', async () => {
    expect(await statementOf('Item')).toContain(' WHERE Active IN (true, false) ORDERBY');
    expect(await statementOf('Item', is('Active', 'EQUAL_TO', 'Boolean', 'true'))).toContain(
      ' WHERE Active = true ORDERBY',
    );
  });

  test('compares dates and moments', async () => {
    expect(
      await statementOf(
        'Invoice',
        is('TxnDate', 'GREATER_THAN_OR_EQUAL_TO', 'Date', '2024-05-01'),
        is('CreateTime', 'LESS_THAN', 'DateTime', '2024-05-02T10:00:00.500Z'),
      ),
    ).toContain(" WHERE TxnDate >= '2024-05-01' AND MetaData.CreateTime < '2024-05-02T10:00:01Z' ORDERBY");
  });
});

describe('a list', () => {
  const invoices = (from: number, count: number, stamp: string) =>
    Array.from({ length: count }, (_, index) => ({
      Id: String(from + index),
      MetaData: { LastUpdatedTime: stamp },
    }));
  const page = (records: readonly object[]): TestAnswer => ({
    body: { QueryResponse: { Invoice: records } },
  });

  test('of nothing has no records', async () => {
    expect((await read('Invoice', [nothing])).rows).toEqual([]);
  });

  test('is asked for anew from the last stamp, and by position while the stamp stays', async () => {
    const { statements, rows } = await read('Invoice', [
      page(invoices(1, 1000, '2024-05-01T03:00:00-07:00')),
      page(invoices(1, 1000, '2024-05-01T03:00:00-07:00')),
      page(invoices(1001, 2, '2024-05-01T03:00:00-07:00')),
    ]);
    const from = "SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime >= '2024-05-01T10:00:00Z'";
    const order = 'ORDERBY MetaData.LastUpdatedTime STARTPOSITION';
    expect(statements).toEqual([
      `SELECT * FROM Invoice ${order} 1 MAXRESULTS 1000`,
      `${from} ${order} 1 MAXRESULTS 1000`,
      `${from} ${order} 1001 MAXRESULTS 1000`,
    ]);
    expect(rows).toHaveLength(2002);
  });

  test('that is no answer of a query breaks the contract', async () => {
    await expect(read('Invoice', [{ body: { time: 'now' } }])).rejects.toThrow(
      'QuickBooks Online.Invoice: the answer holds no list of records',
    );
  });
});

test.each([
  { status: 200, code: '4000', expected: 'ClientError' },
  { status: 200, code: '3200', expected: 'InvalidCredentials' },
  { status: 400, code: '120', expected: 'AccessDenied' },
])('the fault $code of an answer of $status is $expected', async ({ status, code, expected }) => {
  const body = { Fault: { Error: [{ Message: 'm', Detail: 'a detail', code }], type: 'ValidationFault' } };
  await expect(
    read('Bill', [
      { status, body },
      { status, body },
    ]),
  ).rejects.toMatchObject({
    code: expected,
    context: { vendorCode: code },
  });
});

test('a refusal to slow down waits a minute', async () => {
  await expect(read('Bill', [{ status: 429 }])).rejects.toMatchObject({
    code: 'RateLimitExceeded',
    context: { retryAfterSeconds: 60 },
  });
});
