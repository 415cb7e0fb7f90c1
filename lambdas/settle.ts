import type { EventBridgeEvent } from 'aws-lambda';
import * as z from 'zod';
import { executionIdOf } from '../core/execution/execution-id.ts';
import { flowKey, isClosed, type Run, runKey, type Slot } from '../engine/run/run.ts';
import type { ExecutionInput } from '../engine/steps/index.ts';
import { type SettlementPorts, settlementPorts } from './aws/settlement-ports.ts';

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
const statusChange = z.object({
  stateMachineArn: z.string(),
  name: z.string(),
  status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
  error: z.string().nullish(),
  cause: z.string().nullish(),
});

/**
 * Settles a run whose execution ended without its last step: starts the flow's state machine once more, with the order
 * to settle. So the flow's own function does it, with the flow's own rights, and this one needs none of them.
 */
export async function settle(detail: unknown, { state, start, log }: SettlementPorts): Promise<void> {
  const { stateMachineArn, name, status, error: code, cause } = statusChange.parse(detail);
  const executionId = executionIdOf(name);
  const run = await state.get<Run>(runKey(executionId), 'RUN');
  // A Map's children, or a settlement, have no run.
  if (!run) return;
  // Most failed executions have closed their run themselves; one that still holds the slot has not reported its end.
  if (isClosed(run.data)) {
    const slot = await state.get<Slot>(flowKey(run.data.flowName), 'SLOT');
    if (slot?.data.executionId !== executionId) return;
  }
  const input: ExecutionInput = {
    settle: {
      executionId,
      status,
      ...(code && { error: code }),
      ...(cause && { cause: cause.slice(0, 2048) }),
    },
  };
  // The name makes a repeated event harmless.
  const outcome = await start({ stateMachineArn, name: `settle-${executionId}`, input });
  const fields = { flowName: run.data.flowName, executionId, status };
  if (outcome === 'started') log.info('settling', fields);
  if (outcome === 'noStateMachine') log.warn('the flow is gone, its last run stays open', fields);
}

let ports: SettlementPorts | undefined;

export async function handler(event: EventBridgeEvent<string, unknown>): Promise<void> {
  ports ??= settlementPorts(process.env);
  await settle(event.detail, ports);
}
