/** What a run was of: its flow and connection. They are in its plan; one that failed before it had one leaves a paper. */

import type { ConnectionDefinition } from '../../core/connection.ts';
import { messageOf, TributaryError } from '../../core/errors.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import type { EnginePorts } from '../ports.ts';
import { planKey, readPlan, runFolder } from './plan.ts';
import type { Run } from './run.ts';

/** Without secrets, as the files are. */
export interface RunDefinition {
  readonly flow: FlowDefinition;
  /** Absent: the source needs none, or it was not found. */
  readonly connection?: ConnectionDefinition;
}

const definitionKey = (flowName: string, executionId: string): string =>
  `${runFolder(flowName, executionId)}/definition.json`;

/**
 * Leaves the paper of a run without a plan. Never throws: what ended the run may be just what this needs, and the run must
 * be closed all the same.
 */
export async function keepDefinition(executionId: string, ports: EnginePorts): Promise<void> {
  const { objects, home } = ports;
  try {
    const flow = await ports.loadFlow();
    const { flowName } = flow;
    if (await objects.head(home.stateBucket, planKey(flowName, executionId))) return;
    const name = flow.sourceFlowConfig.connectorProfileName;
    const connection = name && (await ports.loadConnection(name).catch(() => undefined));
    const kept: RunDefinition = { flow, ...(connection && { connection }) };
    await objects.put(home.stateBucket, definitionKey(flowName, executionId), JSON.stringify(kept));
  } catch (error) {
    ports.log.warn('the definition of the run was not kept', { executionId, errorMessage: messageOf(error) });
  }
}

/** @returns undefined if it is kept no longer, or cannot be read: that may be what failed the run */
export async function readDefinition(
  { flowName, executionId }: Pick<Run, 'flowName' | 'executionId'>,
  { objects, home }: Pick<EnginePorts, 'objects' | 'home'>,
): Promise<RunDefinition | undefined> {
  const plan = await found(readPlan(objects, home, flowName, executionId));
  if (plan) {
    const { flow, request } = plan;
    const { connectorType, connectorProfileName } = flow.sourceFlowConfig;
    if (!connectorProfileName) return { flow };
    return {
      flow,
      connection: {
        connectorProfileName,
        connectorType,
        ...(connectorType === 'CustomConnector' && { connectorLabel: request.connector }),
        connectorProfileProperties: request.settings,
        ...(request.endpoint && { endpoint: request.endpoint }),
      },
    };
  }
  const paper = await found(objects.read(home.stateBucket, definitionKey(flowName, executionId)));
  // Written by this program and never by anyone else.
  return paper && (JSON.parse(Buffer.from(paper).toString()) as RunDefinition);
}

async function found<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof TributaryError) return undefined;
    throw error;
  }
}
