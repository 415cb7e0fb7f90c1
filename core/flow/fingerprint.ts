import { createHash } from 'node:crypto';
import { canonicalFlow } from './canonical.ts';
import { canonicalJson } from './canonical-json.ts';
import { type FlowDefinition, memberKey } from './definition.ts';
import type { Task } from './task.ts';
import { partitionKeys } from './task-rules.ts';

function sha256(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** SHA-256 (hex) of what the whole definition says: two spellings of the same flow have the same. */
export function fingerprint(flow: FlowDefinition): string {
  return sha256(canonicalFlow(flow));
}

/** What makes a schema version, part by part; each is compared as JSON. */
export interface FlowSchema {
  /** Fields and their types. */
  readonly mapping: unknown;
  /** The type of file, as it says what types values have there: JSON's, none, or the source's; nested types. */
  readonly format: unknown;
  /** Their order in CSV files; elsewhere fields are found by name. */
  readonly columns: unknown;
  /** Partition fields, and the folders above them. */
  readonly partition: unknown;
}

/**
 * What makes a schema version in AppFlow: field mapping, data types, partition settings (the date and the other folders
 * of the path included). The order of Map tasks counts for CSV alone, where it is the order of columns.
 */
export function flowSchemaOf(flow: FlowDefinition): FlowSchema {
  const { tasks, destinationFlowConfigList, tributary } = canonicalFlow(flow);
  const output = destinationFlowConfigList[0]?.destinationConnectorProperties.S3?.s3OutputFormatConfig;
  const { fileType = 'JSON', preserveSourceDataTyping = false, prefixConfig } = output ?? {};
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
  const dated = prefixConfig?.prefixType === 'PATH' || prefixConfig?.prefixType === 'PATH_AND_FILENAME';
  return {
    mapping: {
      maps: maps.sort(),
      mapAll: ofType('Map_all').map((task) => task.taskProperties?.EXCLUDE_SOURCE_FIELDS_LIST),
      passthrough: ofType('Passthrough').length,
    },
    format: { fileType, typed, nested: tributary?.nestedTypes },
    columns: fileType === 'CSV' ? ofType('Map').map((task) => task.destinationField) : undefined,
    partition: {
      fields: ofType('Partition').map(partitionKeys),
      date: dated ? prefixConfig?.prefixFormat : undefined,
      folders: prefixConfig?.pathPrefixHierarchy ?? [],
    },
  };
}

/** SHA-256 (hex) of what makes a schema version, as far as the definition tells it (`flowSchemaOf`). */
export function schemaFingerprint(flow: FlowDefinition): string {
  return sha256(flowSchemaOf(flow));
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
