import type { SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { stepFunctionsExecutions } from '../../../lambdas/aws/executions.ts';
import { once } from '../../../lambdas/aws/once.ts';
import { fakeClient, serviceError } from '../../support/fake-client.ts';

const isRunning = (answer: object | Error) =>
  stepFunctionsExecutions(fakeClient<SFNClient>({ DescribeExecution: answer }).client).isRunning('arn:ex');

describe('executions', () => {
  it.each([
    ['RUNNING', true],
    ['PENDING_REDRIVE', true],
    ['SUCCEEDED', false],
    ['ABORTED', false],
  ])('%s: running is %s', async (status, running) => {
    expect(await isRunning({ status })).toBe(running);
  });

  it('is not running when Step Functions has forgotten it', async () => {
    expect(await isRunning(serviceError('ExecutionDoesNotExist', 400))).toBe(false);
  });

  it('is unknown, not ended, when it may not be looked at', async () => {
    await expect(isRunning(serviceError('AccessDeniedException', 400))).rejects.toMatchObject({
      code: 'AccessDenied',
    });
  });
});

describe('once', () => {
  it('keeps a success and forgets a failure', async () => {
    let calls = 0;
    const get = once(async () => {
      calls += 1;
      if (calls === 1) throw new Error('down');
      return calls;
    });
    await expect(get()).rejects.toThrow('down');
    expect([await get(), await get()]).toEqual([2, 2]);
  });
});
