/** Local executions: the process that interprets the state machine is the execution. */

import type { Executions } from '../core/ports.ts';
import { isAlive, ownProcessId } from './processes.ts';

/** `arn:tributary:local:<process>:<execution name>` */
export function localExecutionArn(executionName: string): string {
  return `arn:tributary:local:${ownProcessId()}:${executionName}`;
}

/** @param own names of the executions that this process is running */
export function localExecutions(own: ReadonlySet<string>): Executions {
  return {
    async isRunning(executionArn) {
      const [, , , processId = '', executionName = ''] = executionArn.split(':');
      return processId === ownProcessId() ? own.has(executionName) : isAlive(processId);
    },
  };
}
