import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { isErrorCode, messageOf, TributaryError } from '../core/errors.ts';
import type { StepName } from '../core/flow/state-machine.ts';
import type { EnginePorts } from '../engine/ports.ts';
import { runStep } from '../engine/steps/index.ts';
import { awsPorts, type Invocation } from './aws/ports.ts';
import { systemClock } from './aws/process.ts';

const named = z.looseObject({ step: z.string(), executionName: z.string() });
type StepEvent = z.infer<typeof named>;

type StepContext = Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>;
/** What the middlewares put beside Lambda's own context. */
interface Prepared extends Context {
  ports: EnginePorts;
}
type Step = MiddlewareObj<StepEvent, object, Error, Prepared>;

/**
 * A Lambda handler for some steps of the state machine. Errors go through as they are: Lambda reports an error's `name`,
 * which is its code, as `errorType`, and the state machine's Retry and Catch match on it.
 *
 * @param steps that the function's role allows; any other is refused before it can fail half-way.
 */
export function stepHandler(
  steps: readonly StepName[],
  ports: () => (invocation: Invocation) => EnginePorts = () => awsPorts(process.env),
): (event: unknown, context: StepContext) => Promise<object> {
  const handler = middy<StepEvent, object, Error, Prepared>(
    (event: StepEvent, context: Prepared) => runStep(event, context.ports),
    // A step watches its own deadline; middy must not end it early.
    { timeoutEarlyInMillis: 0 },
  )
    .use(onlySteps(steps))
    .use(withPorts(ports))
    .use(logFailure);
  // Whatever comes in is checked by the first middleware; Lambda's full context is more than a step needs.
  return (event, context) => handler(event as StepEvent, context as Prepared);
}

function onlySteps(steps: readonly StepName[]): Step {
  return {
    before: ({ event }) => {
      const { step } = named.parse(event);
      if ((steps as readonly string[]).includes(step)) return;
      throw new TributaryError('InvalidArgument', 'the step is not one of this function', {
        got: step,
        expected: steps.join(', '),
      });
    },
  };
}

/** Ports are made once a process, and bound to each invocation. */
function withPorts(make: () => (invocation: Invocation) => EnginePorts): Step {
  let made: ReturnType<typeof make> | undefined;
  return {
    before: ({ event, context }) => {
      made ??= make();
      context.ports = made({
        deadline: systemClock.now() + context.getRemainingTimeInMillis(),
        logFields: { step: event.step, executionName: event.executionName, requestId: context.awsRequestId },
      });
    },
  };
}

const logFailure: Step = {
  onError: ({ error, context }) => {
    const errorCode = error?.name ?? 'Error';
    // The stack helps where a defect is ours, and only there.
    const stack = isErrorCode(errorCode) ? undefined : error?.stack;
    context.ports?.log.error('step failed', { errorCode, errorMessage: messageOf(error), stack });
  },
};
