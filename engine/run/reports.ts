/** Events and metrics of a run, in the shape that AppFlow's consumers know (all detail values are strings). */

import { createHash } from 'node:crypto';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { destinationName, destinationObject, sourceName, sourceObject } from '../../core/flow/describe.ts';
import type { FlowEvent } from '../../core/ports.ts';
import type { EnginePorts, Home } from '../ports.ts';
import { transferTimeRange, zoned } from './layout.ts';
import { isClosed, type Run } from './run.ts';

export function flowArn(home: Home, flowName: string): string {
  return `arn:aws:appflow:${home.region}:${home.accountId}:flow/${flowName}`;
}

function event(
  home: Home,
  flow: FlowDefinition,
  detailType: string,
  detail: Record<string, string | undefined>,
): FlowEvent {
  const arn = flowArn(home, flow.flowName);
  const common = {
    'flow-name': flow.flowName,
    'created-by': home.createdBy,
    'flow-arn': arn,
    source: sourceName(flow),
    destination: destinationName(flow),
    'source-object': sourceObject(flow),
    'destination-object': destinationObject(flow),
    'trigger-type': flow.triggerConfig.triggerType.toUpperCase(),
  };
  const entries = Object.entries({ ...common, ...detail }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  // AppFlow's captures show a 32-digit id where its guide promises ARNs: rules of either kind match this.
  const id = createHash('sha256').update(arn).digest('hex').slice(0, 32);
  return { detailType, resources: [id, arn], detail: Object.fromEntries(entries) };
}

/** Start report and metric. Repeated by a repeated StartRun, with the same detail. */
export async function reportStart(ports: EnginePorts, flow: FlowDefinition, run: Run): Promise<void> {
  await ports.events.emit(
    event(ports.home, flow, 'AppFlow Start Flow Run Report', {
      'execution-id': run.executionId,
      'start-time': zoned(run.startedAt),
      'incremental-transfer-time-range': transferTimeRange(run.window),
    }),
  );
  await ports.metrics.record(flow.flowName, { FlowExecutionsStarted: 1 });
}

/** End report and metrics of a closed run. Repeated by a repeated EndRun or FailRun, with the same detail. */
export async function reportEnd(ports: EnginePorts, flow: FlowDefinition, run: Run): Promise<void> {
  if (!isClosed(run)) return;
  const endedAt = run.endedAt ?? ports.clock.now();
  const succeeded = run.status === 'Successful';
  await ports.events.emit(
    event(ports.home, flow, 'AppFlow End Flow Run Report', {
      'execution-id': run.executionId,
      'start-time': zoned(run.startedAt),
      'end-time': zoned(endedAt),
      status: succeeded
        ? 'Execution Successful'
        : run.status === 'Canceled'
          ? 'Execution Canceled'
          : 'Execution Failed',
      error: run.errorMessage?.slice(0, 2048),
      'num-of-records-processed': String(run.counts?.received ?? 0),
      'num-of-records-filtered': String(run.counts?.filtered ?? 0),
      'num-of-record-failures': String(run.counts?.rejected ?? 0),
      'num-of-documents-processed': '0',
      'data-processed': String(run.bytesProcessed ?? 0),
      'incremental-transfer-time-range': transferTimeRange(run.window),
    }),
  );
  await ports.metrics.record(flow.flowName, {
    ...(succeeded && { FlowExecutionsSucceeded: 1 }),
    ...(run.status === 'Error' && { FlowExecutionsFailed: 1 }),
    FlowExecutionTime: endedAt - run.startedAt,
    FlowExecutionRecordsProcessed: run.counts?.received ?? 0,
  });
}

export async function reportDeactivated(
  ports: EnginePorts,
  flow: FlowDefinition,
  reason: string,
  at: number,
): Promise<void> {
  await ports.events.emit(
    event(ports.home, flow, 'AppFlow Scheduled Flow Deactivated', {
      'deactivation-reason': reason,
      'deactivation-time': zoned(at),
    }),
  );
}
