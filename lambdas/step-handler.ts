import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { isErrorCode, messageOf, TributaryError } from '../core/errors.ts';
import type { StepName } from '../core/flow/state-machine.ts';
import type { EnginePorts } from '../engine/ports.ts';
import { runStep } from '../engine/steps/index.ts';
import { awsPorts, type Invocation } from './aws/ports.ts';
import { systemClock } from './aws/process.ts';

const named = z.object({ step: z.string(), executionName: z.string() });

/**
 * A Lambda handler for some steps of the state machine. Errors go through as they are: Lambda reports an error's `name`,
 * which is its code, as `errorType`, and the state machine's Retry and Catch match on it.
 *
 * @param steps that the function's role allows; any other is refused before it can fail half-way.
 */
export function stepHandler(
  steps: readonly StepName[],
  ports: () => (invocation: Invocation) => EnginePorts = () => awsPorts(process.env),
): (event: unknown, context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>) => Promise<object> {
  let made: ReturnType<typeof ports> | undefined;
  return async (event, context) => {
    const { step, executionName } = named.parse(event);
    if (!(steps as readonly string[]).includes(step))
      throw new TributaryError('InvalidArgument', 'the step is not one of this function', {
        got: step,
        expected: steps.join(', '),
      });
    made ??= ports();
    const invocation = made({
      deadline: systemClock.now() + context.getRemainingTimeInMillis(),
      logFields: { step, executionName, requestId: context.awsRequestId },
    });
    try {
      return await runStep(event, invocation);
    } catch (error) {
      const errorCode = error instanceof Error ? error.name : 'Error';
      // The stack helps where a defect is ours, and only there.
      const stack = error instanceof Error && !isErrorCode(errorCode) ? error.stack : undefined;
      invocation.log.error('step failed', { errorCode, errorMessage: messageOf(error), stack });
      throw error;
    }
  };
}
