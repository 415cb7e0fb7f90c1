/** What a run was of: its flow and connection. They are in its plan; one that failed before it had one leaves a paper. */

import type { ConnectionDefinition } from '../../core/connection.ts';
import { messageOf, TributaryError } from '../../core/errors.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { destinationConfig } from '../../core/flow/describe.ts';
import type { ConnectionRequest } from '../../core/source.ts';
import type { EnginePorts } from '../ports.ts';
import { planKey, readPlan, runFolder } from './plan.ts';
import type { Run } from './run.ts';

/** Without secrets, as the files are. */
export interface RunDefinition {
  readonly flow: FlowDefinition;
  /** Absent: the source needs none, or it was not found. */
  readonly connection?: ConnectionDefinition;
  /** Of the application that the flow writes to; absent as the source's. */
  readonly destinationConnection?: ConnectionDefinition;
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
    const found = async ({ connectorProfileName: name }: Profile) =>
      name === undefined ? undefined : ports.loadConnection(name).catch(() => undefined);
    const connection = await found(flow.sourceFlowConfig);
    const destinationConnection = await found(destinationConfig(flow));
    const kept: RunDefinition = {
      flow,
      ...(connection && { connection }),
      ...(destinationConnection && { destinationConnection }),
    };
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
    const { flow, request, destination } = plan;
    const connection = connectionOf(flow.sourceFlowConfig, request);
    const destinationConnection = destination && connectionOf(destinationConfig(flow), destination.request);
    return {
      flow,
      ...(connection && { connection }),
      ...(destinationConnection && { destinationConnection }),
    };
  }
  const paper = await found(objects.read(home.stateBucket, definitionKey(flowName, executionId)));
  // Written by this program and never by anyone else.
  return paper && (JSON.parse(Buffer.from(paper).toString()) as RunDefinition);
}

type Profile = Pick<FlowDefinition['sourceFlowConfig'], 'connectorType' | 'connectorProfileName'>;

/** The connection that a request of a plan was made with. */
function connectionOf(
  { connectorType, connectorProfileName }: Profile,
  { connector, settings, endpoint }: ConnectionRequest & { readonly connector: string },
): ConnectionDefinition | undefined {
  if (!connectorProfileName) return undefined;
  return {
    connectorProfileName,
    connectorType,
    ...(connectorType === 'CustomConnector' && { connectorLabel: connector }),
    connectorProfileProperties: settings,
    ...(endpoint && { endpoint }),
  };
}

async function found<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof TributaryError) return undefined;
    throw error;
  }
}
