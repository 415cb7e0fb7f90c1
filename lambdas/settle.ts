import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { EventBridgeEvent } from 'aws-lambda';
import * as z from 'zod';
import { executionIdOf } from '../core/execution/execution-id.ts';
import type { Log, StateStore } from '../core/ports.ts';
import { isClosed, type Run, runKey } from '../engine/run/run.ts';
import type { ExecutionInput } from '../engine/steps/index.ts';
import { clientConfig } from './aws/client-config.ts';
import { awsError, isAwsError } from './aws/errors.ts';
import { jsonLog } from './aws/log.ts';
import { print, systemClock } from './aws/process.ts';
import { dynamoStateStore } from './aws/state-store.ts';

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
const statusChange = z.object({
  stateMachineArn: z.string(),
  name: z.string(),
  status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
  error: z.string().nullish(),
  cause: z.string().nullish(),
});

export interface SettlementPorts {
  readonly state: Pick<StateStore, 'get'>;
  readonly stateMachines: Pick<SFNClient, 'send'>;
  readonly log: Log;
}

/**
 * Settles a run whose execution ended without its last step: starts the flow's state machine once more, with the order
 * to settle. So the flow's own function does it, with the flow's own rights, and this one needs none of them.
 */
export async function settle(detail: unknown, { state, stateMachines, log }: SettlementPorts): Promise<void> {
  const { stateMachineArn, name, status, error: code, cause } = statusChange.parse(detail);
  const executionId = executionIdOf(name);
  const run = await state.get<Run>(runKey(executionId), 'RUN');
  // Most failed executions have closed their run themselves; and a Map's children, or a settlement, have none.
  if (!run || isClosed(run.data)) return;
  const input: ExecutionInput = {
    settle: {
      executionId,
      status,
      ...(code && { error: code }),
      ...(cause && { cause: cause.slice(0, 2048) }),
    },
  };
  try {
    await stateMachines.send(
      // The name makes a repeated event harmless.
      new StartExecutionCommand({
        stateMachineArn,
        name: `settle-${executionId}`,
        input: JSON.stringify(input),
      }),
    );
    log.info('settling', { flowName: run.data.flowName, executionId, status });
  } catch (error) {
    if (isAwsError(error, 'ExecutionAlreadyExists')) return;
    if (isAwsError(error, 'StateMachineDoesNotExist', 'StateMachineDeleting')) {
      log.warn('the flow is gone, its last run stays open', { flowName: run.data.flowName, executionId });
      return;
    }
    throw awsError(error, 'states:StartExecution', stateMachineArn);
  }
}

let ports: SettlementPorts | undefined;

export async function handler(event: EventBridgeEvent<string, unknown>): Promise<void> {
  ports ??= {
    state: dynamoStateStore(new DynamoDBClient(clientConfig), process.env.STATE_TABLE ?? ''),
    stateMachines: new SFNClient(clientConfig),
    log: jsonLog(print, systemClock),
  };
  await settle(event.detail, ports);
}
