import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import type { Log, StateStore } from '../../core/ports.ts';
import { clientConfig } from './client-config.ts';
import { type StartOutcome, type StartRequest, startExecution } from './executions.ts';
import { jsonLog } from './log.ts';
import { print, systemClock } from './process.ts';
import { dynamoStateStore } from './state-store.ts';

export interface SettlementPorts {
  readonly state: Pick<StateStore, 'get'>;
  start(request: StartRequest): Promise<StartOutcome>;
  readonly log: Log;
}

/** What the platform's settlement function may touch: the state table, and the flows' state machines. */
export function settlementPorts(env: NodeJS.ProcessEnv): SettlementPorts {
  const { STATE_TABLE } = z.object({ STATE_TABLE: z.string() }).parse(env);
  const stateMachines = new SFNClient(clientConfig);
  return {
    state: dynamoStateStore(new DynamoDBClient(clientConfig), STATE_TABLE),
    start: (request) => startExecution(stateMachines, request),
    log: jsonLog(print, systemClock),
  };
}
