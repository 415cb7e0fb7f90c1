import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
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
