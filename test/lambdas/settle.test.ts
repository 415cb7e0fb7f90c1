import type { SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import type { StateStore } from '../../core/ports.ts';
import { startExecution } from '../../lambdas/aws/executions.ts';
import { settle } from '../../lambdas/settle.ts';
import { fakeClient, serviceError } from '../support/fake-client.ts';

const id = '0f4f4b0a-6f0e-4b8e-9d8c-2f1d5a7c9e10';
const detail = { stateMachineArn: 'arn:sm', name: id, status: 'ABORTED', executionArn: 'arn:ex' };
const log = { info: () => {}, warn: () => {}, error: () => {} };

function holding(status: string | undefined, slot?: string): Pick<StateStore, 'get'> {
  return {
    async get<T extends object>(pk: string, sk: string) {
      if (status === undefined) return undefined;
      if (sk === 'SLOT')
        return { pk, sk, revision: 1, data: { executionId: slot, fence: 1 } as unknown as T };
      return { pk, sk, revision: 1, data: { status, flowName: 'orders' } as unknown as T };
    },
  };
}

async function settling(status: string | undefined, answer: object | Error = {}) {
  const { client, calls } = fakeClient<SFNClient>({ StartExecution: answer });
  await settle(detail, { state: holding(status), start: (request) => startExecution(client, request), log });
  return calls.map((call) => call.input);
}

describe('settle', () => {
  it.each(['RUNNING', 'COMMITTING'])('has the flow settle a run that is %s', async (status) => {
    expect(await settling(status)).toEqual([
      {
        stateMachineArn: 'arn:sm',
        name: `settle-${id}`,
        input: `{"settle":{"executionId":"${id}","status":"ABORTED"}}`,
      },
    ]);
  });

  it('hands on how the execution failed', async () => {
    const { client, calls } = fakeClient<SFNClient>({ StartExecution: {} });
    const failed = { ...detail, status: 'FAILED', error: 'States.Runtime', cause: 'no such path' };
    await settle(failed, {
      state: holding('RUNNING'),
      start: (request) => startExecution(client, request),
      log,
    });
    expect(calls.map((call) => JSON.parse(String((call.input as { input: string }).input)))).toEqual([
      { settle: { executionId: id, status: 'FAILED', error: 'States.Runtime', cause: 'no such path' } },
    ]);
  });

  it.each([undefined, 'Error', 'Canceled', 'Successful'])('leaves a run alone that is %s', async (status) => {
    expect(await settling(status)).toEqual([]);
  });

  it('has the flow settle a closed run that still holds the slot: its end is not reported yet', async () => {
    const { client, calls } = fakeClient<SFNClient>({ StartExecution: {} });
    const start = (request: Parameters<typeof startExecution>[1]) => startExecution(client, request);
    await settle(detail, { state: holding('Error', id), start, log });
    expect(calls).toHaveLength(1);
  });

  it.each(['ExecutionAlreadyExists', 'StateMachineDoesNotExist'])('is content with %s', async (name) => {
    await expect(settling('RUNNING', serviceError(name, 400))).resolves.toHaveLength(1);
  });

  it('fails when it could not start, so that the event is delivered again', async () => {
    await expect(settling('RUNNING', serviceError('ThrottlingException', 400))).rejects.toMatchObject({
      code: 'StorageUnavailable',
    });
  });
});
