import { expect, test } from 'vitest';
import { TributaryError } from '../../../core/errors.ts';
import { carriedFailure, carryFailure } from '../../../engine/run/failure.ts';
import { type Run, runKey } from '../../../engine/run/run.ts';
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
