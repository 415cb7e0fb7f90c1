import { createHash } from 'node:crypto';
import { type FlowDefinition, memberKey } from './definition.ts';
import type { Task } from './task.ts';
import { partitionKeys } from './task-rules.ts';

/** JSON with the members of every object in the order of their names; equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function sha256(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** SHA-256 (hex) of the whole definition. */
export function fingerprint(flow: FlowDefinition): string {
  return sha256(flow);
}

/**
 * SHA-256 (hex) of what makes a schema version in AppFlow: field mapping, data types, partition settings (the date and
 * field keys of the path included). The order of Map tasks counts for CSV alone, where it is the order of columns.
 */
export function schemaFingerprint(flow: FlowDefinition): string {
  const { tasks } = flow;
  const output = flow.destinationFlowConfigList[0]?.destinationConnectorProperties.S3?.s3OutputFormatConfig;
  const { fileType = 'JSON', preserveSourceDataTyping = false } = output ?? {};
  const typed = fileType === 'PARQUET' && preserveSourceDataTyping;
  const masked = new Set(tasks.flatMap((task) => (task.taskType === 'Mask' ? task.sourceFields : [])));
  const ofType = (type: Task['taskType']) => tasks.filter((task) => task.taskType === type);
  const maps = ofType('Map').map(({ sourceFields, destinationField, taskProperties }) =>
    canonicalJson({
      from: sourceFields[0],
      to: destinationField,
      source: taskProperties?.SOURCE_DATA_TYPE,
      destination: taskProperties?.DESTINATION_DATA_TYPE,
      // A masked column holds text, whatever its source's type; where there is nothing but text, that is no news.
      masked: (typed || fileType === 'JSON') && sourceFields.some((field) => masked.has(field)),
    }),
  );
  return sha256({
    maps: fileType === 'CSV' ? maps : maps.sort(),
    mapAll: ofType('Map_all').map((task) => task.taskProperties ?? {}),
    passthrough: ofType('Passthrough').length,
    typed,
    partition: ofType('Partition').map(partitionKeys),
    prefix: {
      ...output?.prefixConfig,
      pathPrefixHierarchy: [...(output?.prefixConfig?.pathPrefixHierarchy ?? [])].sort(),
    },
  });
}

/** Members of connector properties that say what is read or written; the others say how. */
const identityMembers = [
  'object',
  'objectPath',
  'entityName',
  'bucketName',
  'bucketPrefix',
  'domainName',
  'objectTypeName',
];

/**
 * SHA-256 (hex) of what a flow moves from where to where: connectors, connections, objects, buckets and prefixes. When
 * it changes under the same flow name, the flow's watermark speaks of other data.
 */
export function identityFingerprint(flow: FlowDefinition): string {
  const { sourceFlowConfig: source, destinationFlowConfigList: destinations } = flow;
  const identity = (
    { connectorType, connectorProfileName }: Pick<typeof source, 'connectorType' | 'connectorProfileName'>,
    properties: Readonly<Record<string, object | undefined>>,
  ) => ({
    connectorType,
    connectorProfileName,
    ...Object.fromEntries(
      Object.entries(properties[memberKey(connectorType)] ?? {})
        .filter(([key]) => identityMembers.includes(key))
        // `raw` and `/raw/` are the same folder.
        .map(([key, value]) => [key, key === 'bucketPrefix' ? value.replace(/^\/+|\/+$/g, '') : value]),
    ),
  });
  return sha256({
    source: identity(source, source.sourceConnectorProperties),
    destinations: destinations.map((one) => identity(one, one.destinationConnectorProperties)),
  });
}
