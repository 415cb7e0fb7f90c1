import type { ConnectionDefinition } from '../connection.ts';
import { messageOf } from '../errors.ts';
import { destinationConnectorName, sourceConnectorName } from './connector-name.ts';
import type { FlowDefinition } from './definition.ts';
import { didYouMean } from './finding.ts';
import { schedulerExpression } from './schedule.ts';

/** What this version can do; the registry of connectors knows. */
export interface Supports {
  /** Connector names: AppFlow's connectorType, or a custom connector's label. */
  readonly sources: ReadonlySet<string>;
  readonly destinations: ReadonlySet<string>;
  /** Sources that can read by a job of the vendor's (`dataTransferApi` ASYNC). Default: none. */
  readonly asyncSources?: ReadonlySet<string>;
  /** Default: none of them. */
  readonly features?: ReadonlySet<RunnableFeature>;
}

/** Optional abilities: runs per change event of the source, the Glue Data Catalog. */
export type RunnableFeature = 'eventTrigger' | 'metadataCatalog';

export interface FlowConnections {
  readonly source?: ConnectionDefinition | undefined;
  readonly destination?: ConnectionDefinition | undefined;
}

/**
 * Everything that a correct flow asks for and this version cannot do, each with its place; empty if it can run as a
 * whole. Without `connections` the concrete connector of a CustomConnector is not judged.
 */
export function notRunnable(
  flow: FlowDefinition,
  supports: Supports,
  connections?: FlowConnections,
): string[] {
  const { triggerConfig, sourceFlowConfig, destinationFlowConfigList, tasks } = flow;
  const features = supports.features ?? new Set();
  const found: string[] = [];

  if (triggerConfig.triggerType === 'Event' && !features.has('eventTrigger')) {
    const wayOut = 'use Scheduled, or OnDemand with tributary.eventPattern';
    found.push(`triggerConfig.triggerType: runs per change event are not supported; ${wayOut}`);
  }
  const scheduled = triggerConfig.triggerProperties?.Scheduled;
  if (scheduled) {
    const reason = reasonOf(() => schedulerExpression(scheduled));
    if (reason) found.push(`triggerConfig.triggerProperties.Scheduled.scheduleExpression: ${reason}`);
  }

  const judge = (
    at: string,
    role: 'source' | 'destination',
    known: ReadonlySet<string>,
    name: () => string,
  ) => {
    const isCustom =
      (role === 'source' ? sourceFlowConfig : destinationFlowConfigList[0])?.connectorType ===
      'CustomConnector';
    if (isCustom && !connections) return;
    let connector: string;
    try {
      connector = name();
    } catch (error) {
      found.push(`${at}: ${messageOf(error)}`);
      return;
    }
    if (known.has(connector)) return;
    const hint = didYouMean(connector, [...known]) ?? `it has ${[...known].sort().join(', ') || 'none'}`;
    found.push(`${at}: this version has no ${role} ${connector}; ${hint}`);
  };
  judge('sourceFlowConfig.connectorType', 'source', supports.sources, () =>
    sourceConnectorName(flow, connections?.source),
  );
  judge('destinationFlowConfigList[0].connectorType', 'destination', supports.destinations, () =>
    destinationConnectorName(flow, connections?.destination),
  );
  const { CustomConnector, Salesforce } = sourceFlowConfig.sourceConnectorProperties;
  const label = connections?.source?.connectorLabel;
  if (CustomConnector?.dataTransferApi?.Type === 'ASYNC' && label && !supports.asyncSources?.has(label)) {
    found.push(
      `sourceFlowConfig.sourceConnectorProperties.CustomConnector.dataTransferApi.Type: ${label} has no ASYNC transfer; use SYNC or AUTOMATIC`,
    );
  }
  if (Salesforce?.enableDynamicFieldUpdate && !tasks.some(takesAllFields)) {
    found.push(
      'sourceFlowConfig.sourceConnectorProperties.Salesforce.enableDynamicFieldUpdate: new fields come along with Map_all or Passthrough alone; use one of them, or leave it out',
    );
  }

  if (destinationFlowConfigList[0]?.destinationConnectorProperties.Salesforce?.dataTransferApi === 'BULKV2') {
    found.push(
      'destinationFlowConfigList[0].destinationConnectorProperties.Salesforce.dataTransferApi: records are written by the REST API alone; use REST_SYNC or AUTOMATIC',
    );
  }
  if (flow.tributary?.lookback && !destinationFlowConfigList[0]?.destinationConnectorProperties.S3) {
    found.push('tributary.lookback: only flows into S3 look back; a longer scheduleOffset waits instead');
  }
  if (flow.tributary?.lookback && sourceFlowConfig.connectorType === 'S3') {
    found.push(
      'tributary.lookback: records of files have no key and no time to look back for; remove it, or wait longer with scheduleOffset',
    );
  }

  const catalogued = flow.metadataCatalogConfig?.glueDataCatalog !== undefined;
  if (catalogued && !features.has('metadataCatalog')) {
    found.push('metadataCatalogConfig.glueDataCatalog: the Glue Data Catalog is not supported');
  }
  const output = destinationFlowConfigList[0]?.destinationConnectorProperties.S3;
  const fileType = output?.s3OutputFormatConfig?.fileType ?? 'JSON';
  for (const [i, task] of tasks.entries()) {
    if (task.taskType === 'Passthrough' && output && fileType !== 'JSON') {
      found.push(
        `tasks[${i}]: Passthrough hands over whole records, which ${fileType} files cannot hold; use fileType JSON or Map_all`,
      );
    }
    if (task.taskType === 'Partition' && !output) {
      found.push(`tasks[${i}]: only files have partitions; remove it`);
    }
    if (task.taskType === 'Passthrough' && catalogued) {
      found.push(
        `tasks[${i}]: Passthrough has no columns to catalogue; use Map_all, or remove metadataCatalogConfig`,
      );
    }
    if (task.taskProperties?.SUBFIELD_CATEGORY_MAP !== undefined) {
      found.push(
        `tasks[${i}].taskProperties.SUBFIELD_CATEGORY_MAP: AppFlow publishes no meaning for it, so it is not supported`,
      );
    }
  }
  return found;
}

function takesAllFields({ taskType }: FlowDefinition['tasks'][number]): boolean {
  return taskType === 'Map_all' || taskType === 'Passthrough';
}

function reasonOf(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
