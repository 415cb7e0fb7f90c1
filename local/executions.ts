/** Local executions: the process that interprets the state machine is the execution. */

import type { Executions } from '../core/ports.ts';
import { isAlive } from './state-store.ts';

/** `arn:tributary:local:<process id>:<execution name>` */
export function localExecutionArn(executionName: string): string {
  return `arn:tributary:local:${process.pid}:${executionName}`;
}

/** @param own names of the executions that this process is running */
export function localExecutions(own: ReadonlySet<string>): Executions {
  return {
    async isRunning(executionArn) {
      const [, , , pid, executionName] = executionArn.split(':');
      if (Number(pid) === process.pid) return own.has(executionName ?? '');
      return isAlive(Number(pid));
    },
  };
}
