import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../core/errors.ts';
import type { LogFields } from '../../core/ports.ts';
import type { EnginePorts } from '../../engine/ports.ts';
import type { Invocation } from '../../lambdas/aws/ports.ts';
import { systemClock } from '../../lambdas/aws/process.ts';
import { stepHandler } from '../../lambdas/step-handler.ts';

const context = { awsRequestId: 'r-1', getRemainingTimeInMillis: () => 60_000 };
const event = {
  step: 'FailSplit',
  executionArn: 'arn:ex',
  executionName: 'x',
  state: { run: { executionId: 'e', fence: 1 }, error: { Error: 'ServerError', Cause: 'down' } },
};

function ports(failure?: Error) {
  const logged: (LogFields | undefined)[] = [];
  const invocations: Invocation[] = [];
  const made = (invocation: Invocation) => {
    invocations.push(invocation);
    const state = {
      get: async () => undefined,
      getAll: async () => {
        throw failure;
      },
      write: async () => {},
    };
    const log = {
      info: () => {},
      warn: () => {},
      error: (_: string, fields?: LogFields) => logged.push(fields),
    };
    const loadFlow = async () => ({ flowName: 'orders' });
    return { state, log, clock: systemClock, loadFlow } as unknown as EnginePorts;
  };
  return { made: () => made, logged, invocations };
}

describe('stepHandler', () => {
  it('runs the step and binds the log to the invocation', async () => {
    const { made, invocations } = ports();
    const handler = stepHandler(['FailSplit'], made);
    expect(await handler(event, context)).toEqual({ error: { Error: 'ServerError', Cause: 'down' } });
    expect(invocations[0]?.logFields).toEqual({ step: 'FailSplit', executionName: 'x', requestId: 'r-1' });
    expect(Math.abs((invocations[0]?.deadline ?? 0) - Date.now() - 60_000)).toBeLessThan(5_000);
  });

  it('refuses a step of the other function', async () => {
    const { made } = ports();
    await expect(stepHandler(['StartRun'], made)(event, context)).rejects.toThrow(
      'the step is not one of this function; got FailSplit; expected StartRun',
    );
  });

  const ending = { ...event, step: 'EndRun', state: { run: { executionId: 'e', fence: 1 } } };

  it('lets an error through under its code, which the state machine matches', async () => {
    const { made, logged } = ports(new TributaryError('StateConflict', 'lost'));
    await expect(stepHandler(['EndRun'], made)(ending, context)).rejects.toMatchObject({
      name: 'StateConflict',
    });
    expect(logged).toEqual([{ errorCode: 'StateConflict', errorMessage: 'lost', stack: undefined }]);
  });

  it('logs the stack of a defect', async () => {
    const { made, logged } = ports(new TypeError('x is undefined'));
    await expect(stepHandler(['EndRun'], made)(ending, context)).rejects.toBeInstanceOf(TypeError);
    expect(logged[0]).toMatchObject({
      errorCode: 'TypeError',
      stack: expect.stringContaining('step-handler'),
    });
  });
});
