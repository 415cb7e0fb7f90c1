/** From a flow as it was found to a checked one, with what to say of it. */

import { messageOf } from '../errors.ts';
import { canonicalFlow } from '../flow/canonical.ts';
import type { FlowDefinition } from '../flow/definition.ts';
import { destinationName, destinationObject, sourceName, sourceObject } from '../flow/describe.ts';
import { checkFlow } from '../flow/read.ts';
import { warnings } from '../flow/rules.ts';
import { type FlowConnections, notRunnable, type Supports } from '../flow/runnable.ts';
import type { FoundFlow } from './found.ts';
import { type Imported, refusedItem } from './imported.ts';
import { isMembers, type Members, unresolvedIn } from './unresolved.ts';

export type ImportedFlow = Imported<FlowDefinition>;

/**
 * In canonical form.
 *
 * @param connectionsOf the connections of a flow, as far as they are known
 */
export function importFlow(
  found: FoundFlow,
  supports: Supports,
  connectionsOf: (flow: FlowDefinition) => FlowConnections,
): ImportedFlow {
  const { place } = found;
  const { document, left } = withoutUnknown(found.document);
  const name = nameOf(document) ?? found.name;
  const unknown = unresolvedIn(document);
  if (unknown.length > 0) {
    return refusedItem(
      name,
      place,
      unknown.map(({ at, value }) => `${at}: ${value.what} is not known: ${value.why}`),
    );
  }
  let flow: FlowDefinition;
  try {
    flow = canonicalFlow(checkFlow(document, place));
  } catch (error) {
    return refusedItem(name, place, messageOf(error).split('\n'));
  }
  const connections = connectionsOf(flow);
  const known = connections.source || connections.destination ? connections : undefined;
  return {
    name: flow.flowName,
    place,
    content: flow,
    report: {
      refused: [],
      kept: kept(flow),
      differently: [...left, ...differences(flow), ...warnings(flow)],
      notYet: notRunnable(flow, supports, known),
      todo: [...found.notes, ...todo(flow, found, connections)],
    },
  };
}

const nameOf = (document: unknown): string | undefined =>
  isMembers(document) && typeof document.flowName === 'string' ? document.flowName : undefined;

/**
 * What changes nothing of what is written may stay unknown: description, tags, and the role of the catalog, which is not
 * used here, but which the definition must have.
 */
function withoutUnknown(document: unknown): { document: unknown; left: string[] } {
  if (!isMembers(document)) return { document, left: [] };
  const left: string[] = [];
  const result: Record<string, unknown> = { ...document };
  const leaveOut = (members: Record<string, unknown>, name: string, at: string) => {
    for (const { value } of unresolvedIn(members[name]))
      left.push(`${at}: left out, as ${value.what} is not known`);
    if (unresolvedIn(members[name]).length > 0) delete members[name];
  };
  leaveOut(result, 'description', 'description');
  if (isMembers(result.tags)) {
    const tags = { ...result.tags };
    for (const name of Object.keys(tags)) leaveOut(tags, name, `tags.${name}`);
    result.tags = tags;
  } else leaveOut(result, 'tags', 'tags');
  const catalog = isMembers(result.metadataCatalogConfig) ? result.metadataCatalogConfig : undefined;
  const glue = catalog && isMembers(catalog.glueDataCatalog) ? catalog.glueDataCatalog : undefined;
  const [role] = unresolvedIn(glue?.roleArn);
  if (role && glue) {
    result.metadataCatalogConfig = { ...catalog, glueDataCatalog: { ...glue, roleArn: noRole } };
    left.push(
      `metadataCatalogConfig.glueDataCatalog.roleArn: ${noRole}, as ${role.value.what} is not known; it is not used here`,
    );
  }
  return { document: result, left };
}

/** In place of a role that nobody knows and nothing assumes. */
const noRole = 'arn:aws:iam::000000000000:role/not-used';

function kept(flow: FlowDefinition): string[] {
  const { triggerConfig, tasks, tags, metadataCatalogConfig, kmsArn } = flow;
  const scheduled = triggerConfig.triggerProperties?.Scheduled;
  const trigger = scheduled
    ? `Scheduled, ${scheduled.scheduleExpression}, ${scheduled.dataPullMode}`
    : triggerConfig.triggerType;
  const types = [...new Set(tasks.map(({ taskType }) => taskType))].map((type) => {
    const count = tasks.filter((task) => task.taskType === type).length;
    return count === 1 ? type : `${count} ${type}`;
  });
  const extras = [
    metadataCatalogConfig && 'Glue Data Catalog',
    kmsArn && 'KMS key',
    tags && `${Object.keys(tags).length} ${Object.keys(tags).length === 1 ? 'tag' : 'tags'}`,
  ].filter(Boolean);
  return [
    `${sourceName(flow)} ${sourceObject(flow)} → ${destinationName(flow)} ${destinationObject(flow)}`,
    `trigger: ${trigger}`,
    `tasks: ${types.join(', ')}`,
    ...(extras.length > 0 ? [`with ${extras.join(', ')}`] : []),
  ];
}

/** docs/parity.md, as far as it concerns this flow. */
function differences(flow: FlowDefinition): string[] {
  const [destination] = flow.destinationFlowConfigList;
  const output = destination?.destinationConnectorProperties.S3?.s3OutputFormatConfig;
  const has = (type: string) => flow.tasks.some((task) => task.taskType === type);
  const masksAll = flow.tasks.some((task) =>
    Object.values(task.connectorOperator ?? {}).includes('MASK_ALL'),
  );
  return [
    ...(destination?.connectorType === 'S3'
      ? ['files are numbered, and appear when the run is committed, all at once']
      : []),
    ...(output?.fileType === 'PARQUET' && output.preserveSourceDataTyping
      ? ['Parquet: microseconds where the source has them, decimals where it declares a scale']
      : []),
    ...(has('Map_all') ? ['Map_all: new fields of the source always come along'] : []),
    ...(masksAll ? ['MASK_ALL: as many characters as the value has'] : []),
    ...(flow.metadataCatalogConfig
      ? ["catalog: the flow's own role is used; a table …_latest without a time in its name is there, too"]
      : []),
  ];
}

function todo(flow: FlowDefinition, found: FoundFlow, connections: FlowConnections): string[] {
  const { flowName, kmsArn, tributary, triggerConfig, sourceFlowConfig } = flow;
  const [destination] = flow.destinationFlowConfigList;
  const missing = [
    connections.source ? undefined : sourceFlowConfig.connectorProfileName,
    connections.destination ? undefined : destination?.connectorProfileName,
  ].filter((name) => name !== undefined);
  const scheduled = triggerConfig.triggerProperties?.Scheduled;
  return [
    ...[...new Set(missing)].map(
      (name) => `connection ${name}: not among what is imported; import its profile, or create it`,
    ),
    ...(scheduled?.dataPullMode === 'Incremental' ? [firstWindow(scheduled.firstExecutionFrom, found)] : []),
    ...(kmsArn ? [`the policy of ${kmsArn} must let the flow's roles use the key`] : []),
    ...(triggerConfig.triggerType !== 'OnDemand' && tributary?.flowStatus === 'Suspended'
      ? [
          `not known to be active in AppFlow, so suspended here: \`tributary start FILE --aws\` activates ${flowName}`,
        ]
      : []),
  ];
}

/** AppFlow knows where its last window ended; nothing that it prints tells. */
function firstWindow(from: number | undefined, { lastRun }: FoundFlow): string {
  const begins = from === undefined ? '30 days before it' : new Date(from * 1000).toISOString();
  const said = `the first run here has no watermark yet: its window begins ${begins}`;
  if (!lastRun) return `${said}; to go on where AppFlow stopped, set firstExecutionFrom`;
  return lastRun.status === 'Successful'
    ? `${said}; to go on where AppFlow stopped, set firstExecutionFrom to ${lastRun.time}, less the scheduleOffset`
    : `${said}; AppFlow's latest run (${lastRun.time}) was ${lastRun.status}: set firstExecutionFrom to its last successful one`;
}

/** What concerns all that is imported, once. */
export function commonTodo(imported: readonly ImportedFlow[]): string[] {
  const flows = imported.flatMap(({ content }) => content ?? []);
  if (flows.length === 0) return [];
  const buckets = new Set(
    flows.flatMap(({ destinationFlowConfigList: [destination] }): string[] => {
      const properties: Members = destination?.destinationConnectorProperties ?? {};
      const s3 = isMembers(properties.S3) ? properties.S3.bucketName : undefined;
      return typeof s3 === 'string' ? [s3] : [];
    }),
  );
  const active = flows.filter(
    ({ triggerConfig, tributary }) =>
      triggerConfig.triggerType !== 'OnDemand' && tributary?.flowStatus !== 'Suspended',
  );
  return [
    ...(active.length > 0
      ? [
          `stop in AppFlow what is to run here, or both write: ${active
            .map(({ flowName }) => `aws appflow stop-flow --flow-name ${flowName}`)
            .join('; ')}`,
        ]
      : []),
    ...(buckets.size > 0
      ? [
          `policy of ${[...buckets].sort().join(', ')}: the statement for appflow.amazonaws.com can go; a bucket of another account must let the flow's roles in`,
        ]
      : []),
    'rules of EventBridge that match the source aws.appflow: let them match the source tributary as well; the detail is the same',
    'alarms on metrics of the namespace AWS/AppFlow: the namespace is Tributary here',
  ];
}
