/** What a flow's S3 destination settings mean for its output. */

import type { FlowDefinition } from '../../core/flow/definition.ts';
import { recordDestination } from '../../core/flow/record-destination.ts';
import type { Row, Value } from '../../core/records.ts';
import type { OutputFormat } from '../encode/format.ts';
import { outputFormat } from '../encode/output-format.ts';
import type { TaskPlan } from '../tasks/plan.ts';
import { type Layout, normalisePrefix, partitionFolder } from './layout.ts';
import type { RunPlan } from './plan.ts';

export interface S3Output {
  readonly bucket: string;
  readonly prefix: string;
  readonly fileType: 'CSV' | 'JSON' | 'PARQUET';
  readonly preserveSourceDataTyping: boolean;
  readonly nestedTypes?: Readonly<Record<string, string>>;
}

export function s3Output(flow: FlowDefinition): S3Output {
  const properties = flow.destinationFlowConfigList[0]?.destinationConnectorProperties.S3;
  if (!properties) throw new Error('only flows into S3 have files: whoever asks sees to that');
  const config = properties.s3OutputFormatConfig;
  return {
    bucket: properties.bucketName,
    prefix: normalisePrefix(properties.bucketPrefix),
    fileType: config?.fileType ?? 'JSON',
    preserveSourceDataTyping: config?.preserveSourceDataTyping ?? false,
    ...(flow.tributary?.nestedTypes && { nestedTypes: flow.tributary.nestedTypes }),
  };
}

/** What the tasks' records become: of a flow that writes into an application, JSON with the types of its fields. */
export function outputOf(flow: FlowDefinition): Omit<S3Output, 'bucket' | 'prefix'> {
  if (recordDestination(flow)) return { fileType: 'JSON', preserveSourceDataTyping: false };
  const { bucket, prefix, ...output } = s3Output(flow);
  return output;
}

/** `natural`: a file for each page or input file. `targetBytes`: files of about that size. Neither: one file. */
export interface Aggregation {
  readonly natural: boolean;
  readonly targetBytes?: number;
}

export function aggregationOf(flow: FlowDefinition): Aggregation {
  if (recordDestination(flow)) return { natural: false };
  const config = flow.destinationFlowConfigList[0]?.destinationConnectorProperties.S3?.s3OutputFormatConfig;
  const aggregation = config?.aggregationConfig;
  if (aggregation?.aggregationType === 'SingleFile') return { natural: false };
  if (aggregation?.targetFileSize)
    return { natural: false, targetBytes: aggregation.targetFileSize * 2 ** 20 };
  return { natural: true };
}

const extensions = { CSV: '.csv', JSON: '.jsonl', PARQUET: '.parquet' } as const;

export function layoutOf(
  plan: Pick<RunPlan, 'flow' | 'executionId' | 'schemaVersion' | 'startedAt'>,
): Layout {
  const { flow } = plan;
  const output = s3Output(flow);
  const prefixConfig =
    flow.destinationFlowConfigList[0]?.destinationConnectorProperties.S3?.s3OutputFormatConfig?.prefixConfig;
  const hierarchy = prefixConfig?.pathPrefixHierarchy ?? [];
  const dated = prefixConfig?.prefixType === 'PATH' || prefixConfig?.prefixType === 'PATH_AND_FILENAME';
  return {
    bucket: output.bucket,
    prefix: output.prefix,
    flowName: flow.flowName,
    ...(hierarchy.includes('SCHEMA_VERSION') && { schemaVersion: plan.schemaVersion }),
    ...(dated && prefixConfig?.prefixFormat && { datePath: prefixConfig.prefixFormat }),
    executionIdInPath: hierarchy.includes('EXECUTION_ID'),
    executionId: plan.executionId,
    startedAt: plan.startedAt,
    extension: flow.tributary?.fileExtension ? extensions[output.fileType] : '',
  };
}

export function outputFormatOf(plan: Pick<RunPlan, 'flow' | 'tasks'>): OutputFormat {
  return outputFormat({
    fileType: outputOf(plan.flow).fileType,
    fields: plan.tasks.destinationFields,
    ...(plan.flow.tributary?.compression && { compression: plan.flow.tributary.compression }),
  });
}

/** Folders of partition values. */
const maxRemembered = 20_000;

/** The partition folder of a destination row. Values repeat: their folders are remembered. */
export function partitioner(
  tasks: Pick<TaskPlan, 'partitionFields' | 'partitionIndexes'>,
): (row: Row) => string {
  const { partitionFields, partitionIndexes: indexes } = tasks;
  if (partitionFields.length === 0) return () => '';
  const [only] = indexes;
  let remembered = new Map<Value, string>();
  const folderOf = (values: readonly Value[]): string => partitionFolder(partitionFields, values);
  const remember = (key: Value, values: readonly Value[]): string => {
    const folder = folderOf(values);
    if (remembered.size >= maxRemembered) remembered = new Map();
    // A copy: the value may be a slice that keeps all of the record it was read from in memory.
    const copy = typeof key === 'string' ? Buffer.from(key, 'utf16le').toString('utf16le') : key;
    remembered.set(copy, folder);
    return folder;
  };
  if (indexes.length === 1 && only !== undefined) {
    return (row) => {
      const value = row[only] ?? null;
      return remembered.get(value) ?? remember(value, [value]);
    };
  }
  return (row) => folderOf(indexes.map((index) => row[index] ?? null));
}
