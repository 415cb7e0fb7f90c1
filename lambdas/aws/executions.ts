import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Executions } from '../../core/ports.ts';
import { awsError, isAwsError } from './errors.ts';

export { SFNClient };

/** Executions of Step Functions' state machines. */
export function stepFunctionsExecutions(client: SFNClient): Executions {
  return {
    async isRunning(executionArn) {
      try {
        const { status } = await client.send(new DescribeExecutionCommand({ executionArn }));
        return status === 'RUNNING' || status === 'PENDING_REDRIVE';
      } catch (error) {
        // Step Functions forgets an execution 90 days after its end.
        if (isAwsError(error, 'ExecutionDoesNotExist')) return false;
        throw awsError(error, 'states:DescribeExecution', executionArn);
      }
    },
  };
}

export interface StartRequest {
  readonly stateMachineArn: string;
  readonly name: string;
  readonly input: object;
}

export type StartOutcome = 'started' | 'already' | 'noStateMachine';

/** Starts an execution. Its name makes a repeated request harmless: `already` says that there is one of it. */
export async function startExecution(
  client: Pick<SFNClient, 'send'>,
  { stateMachineArn, name, input }: StartRequest,
): Promise<StartOutcome> {
  try {
    await client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
    return 'started';
  } catch (error) {
    if (isAwsError(error, 'ExecutionAlreadyExists')) return 'already';
    if (isAwsError(error, 'StateMachineDoesNotExist', 'StateMachineDeleting')) return 'noStateMachine';
    throw awsError(error, 'states:StartExecution', stateMachineArn);
  }
}
