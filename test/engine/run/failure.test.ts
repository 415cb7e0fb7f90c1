import { expect, test } from 'vitest';
import { TributaryError } from '../../../core/errors.ts';
import { carriedFailure, carryFailure } from '../../../engine/run/failure.ts';
import { type Run, runKey } from '../../../engine/run/run.ts';
import { runStep } from '../../../engine/steps/index.ts';
import { s3Flow } from '../../support/flows.ts';
import { memoryHome } from '../../support/memory-home.ts';

const traceOf = (error: Error): string[] => (error.stack ?? '').split('\n');

test('what the vendor told travels in the trace; a cause does not, and texts are cut', () => {
  const error = new TributaryError('ServerError', 'the vendor refused the request', {
    at: 'Shop.orders',
    status: 502,
    vendorCode: 'bad_gateway',
    requestId: 'r-1',
    retryAfterSeconds: 30,
    side: 'destination',
    got: 'x'.repeat(600),
    cause: new Error('kept to itself'),
  });
  carryFailure(error, 'TransferBatch', 3);
  expect(carriedFailure(traceOf(error))).toEqual({
    step: 'TransferBatch',
    split: 3,
    summary: 'the vendor refused the request',
    at: 'Shop.orders',
    status: 502,
    vendorCode: 'bad_gateway',
    requestId: 'r-1',
    retryAfterSeconds: 30,
    side: 'destination',
    got: 'x'.repeat(500),
  });
});

test('of a foreign error only the step is known; of a process that died nothing', () => {
  const error = new TypeError('undefined is not a function');
  carryFailure(error, 'CommitOutput', undefined);
  expect(carriedFailure(traceOf(error))).toEqual({ step: 'CommitOutput' });
  expect(carriedFailure(['Error: Runtime exited'])).toBeUndefined();
  expect(carriedFailure(undefined)).toBeUndefined();
  expect(carriedFailure(['tributary-failure {"step":'])).toBeUndefined();
});

test('what Lambda tells of an error with an endless message is below the 32,768 characters that Step Functions keeps', () => {
  const exchange = {
    method: 'GET',
    request: '/orders',
    status: 400,
    headers: { 'content-type': 'application/json' },
    body: `{"x":"${'\\"'.repeat(990)}"}`,
  };
  const at = '"a"'.repeat(200);
  const context = { at, got: at, expected: at, fix: at, exchange };
  const error = new TributaryError('FlowInvalid', '"no such field"\n'.repeat(10_000), context);
  carryFailure(error, 'DescribeSource', undefined);
  const cause = JSON.stringify({
    errorType: error.name,
    errorMessage: error.message,
    trace: traceOf(error),
  });
  expect(cause.length).toBeLessThan(32_768);
  expect(carriedFailure(traceOf(error))).toMatchObject({ step: 'DescribeSource', exchange });
});

test.each([
  ['{"errorType":"ServerError","errorMessage":"it says \\"no\\" in a","trace":["Ser', 'it says "no" in a'],
  ['{"errorType":"ServerError","errorMessage":"one\\ntwo\\u00', 'one\ntwo'],
  ['The function died', 'The function died'],
])('of a cause that was cut the sentence stays: %s', async (cause, message) => {
  const at = memoryHome({ buckets: ['inbox', 'lake'] });
  const flow = s3Flow({ fields: { id: 'id' } });
  const executionName = '00000000-0000-4000-8000-000000000001';
  await runStep(
    {
      step: 'FailRun',
      executionArn: 'arn:aws:states:eu-central-1:123456789012:execution:flow:1',
      executionName,
      startedAt: '2026-02-03T10:15:00Z',
      state: { error: { Error: 'ServerError', Cause: cause } },
    },
    at.ports(flow),
  );
  const run = await at.state.get<Run>(runKey(executionName), 'RUN');
  expect(run?.data.errorMessage).toBe(message);
  expect(run?.data.failure).toBeUndefined();
});

test("a failed run's record says in which step and split, and where in the data", async () => {
  const at = memoryHome({ buckets: ['inbox', 'lake'] });
  await at.objects.put('inbox', 'in/a.csv', 'id,name\n1,a\n');
  await at.objects.put('inbox', 'in/b.csv', 'id,name\n2\n');
  const executionId = '00000000-0000-4000-8000-000000000001';
  await at.run(s3Flow({ fields: { id: 'id', name: 'name' } }), { name: executionId });
  const run = await at.state.get<Run>(runKey(executionId), 'RUN');
  expect(run?.data).toMatchObject({
    status: 'Error',
    errorCode: 'SourceDataInvalid',
    failure: {
      step: 'TransferBatch',
      summary: 'the record does not have one field for each column',
      at: expect.stringContaining('in/b.csv'),
    },
  });
});
