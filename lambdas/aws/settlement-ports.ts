import { SFNClient } from '@aws-sdk/client-sfn';
import type { Log, StateStore } from '../../core/ports.ts';
import { clientConfig } from './client-config.ts';
import { type StartOutcome, type StartRequest, startExecution } from './executions.ts';
import { jsonLog } from './log.ts';
import { platformState } from './platform-state.ts';
import { print, systemClock } from './process.ts';

export interface SettlementPorts {
  readonly state: Pick<StateStore, 'get'>;
  start(request: StartRequest): Promise<StartOutcome>;
  readonly log: Log;
}

/** What the platform's settlement function may touch: the state table, and the flows' state machines. */
export function settlementPorts(env: NodeJS.ProcessEnv): SettlementPorts {
  const stateMachines = new SFNClient(clientConfig);
  return {
    state: platformState(env),
    start: (request) => startExecution(stateMachines, request),
    log: jsonLog(print, systemClock),
  };
}
