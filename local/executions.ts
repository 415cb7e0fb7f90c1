/** Local executions: the process that interprets the state machine is the execution. */

import type { Executions } from '../core/ports.ts';
import { isAlive, ownProcessId } from './processes.ts';

/** Of this process, whatever home they are in. */
const running = new Set<string>();

/** `arn:tributary:local:<process>:<execution name>` */
export function localExecutionArn(executionName: string): string {
  return `arn:tributary:local:${ownProcessId()}:${executionName}`;
}

/** Does the work of an execution, which is running meanwhile. */
export async function asExecution<T>(executionArn: string, work: () => Promise<T>): Promise<T> {
  running.add(executionArn);
  try {
    return await work();
  } finally {
    running.delete(executionArn);
  }
}

export const localExecutions: Executions = {
  async isRunning(executionArn) {
    const [, , , processId = ''] = executionArn.split(':');
    return processId === ownProcessId() ? running.has(executionArn) : isAlive(processId);
  },
};
