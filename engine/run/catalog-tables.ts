/** The Glue tables of a run: names, columns and partitions as AppFlow's consumers know them. */

import type { FlowDefinition } from '../../core/flow/definition.ts';
import { hiveType } from '../../core/hive-type.ts';
import type { CatalogColumn, CatalogPartition, CatalogTable } from '../../core/ports.ts';
import type { DestinationField } from '../../core/records.ts';
import {
  dateParts,
  decodeSegment,
  flowFolder,
  type Layout,
  runOutputFolder,
  schemaVersionFolder,
} from './layout.ts';
import { layoutOf, s3Output } from './output.ts';
import type { RunPlan } from './plan.ts';

export interface RunTable {
  readonly table: CatalogTable;
  readonly partitions: readonly CatalogPartition[];
  /** `latest`: shows the newest run alone, so partitions of earlier runs go. */
  readonly kind: 'latest' | 'schemaVersion' | 'execution';
}

/**
 * @param epoch seconds in the name of AppFlow's `_latest` table
 * @param folders partition folders of the run's objects (`Rating=Warm/`; one empty text without partition fields)
 */
export function catalogTables(plan: RunPlan, epoch: number, folders: readonly string[]): RunTable[] {
  const { flow } = plan;
  const layout = layoutOf(plan);
  const base = tableBase(flow);
  const fileType = s3Output(flow).fileType;
  const fieldKeys = plan.tasks.partitionFields.map((name) => partitionKey(columnName(name)));
  const columns = tableColumns(plan.tasks.destinationFields, plan.tasks.partitionFields, fileType);
  const common = {
    columns,
    format: fileType,
    parameters: { 'tributary-flow': flow.flowName, 'tributary-execution': plan.executionId },
    ...(flow.description && { description: flow.description }),
  };
  const url = (folder: string): string => `s3://${layout.bucket}/${folder}`;
  const runFolder = runOutputFolder(layout);
  const inRun = folders.map((folder) => ({
    values: folderValues(folder),
    location: url(`${runFolder}${folder}`),
  }));

  const ofRun = (name: string, kind: 'latest' | 'execution'): RunTable => ({
    table: { ...common, name, partitionKeys: fieldKeys, location: url(runFolder) },
    partitions: fieldKeys.length > 0 ? inRun : [],
    kind,
  });
  const runKeys = runLevels(layout);
  const schemaVersion: RunTable = {
    table: {
      ...common,
      name: `${base}_sv${plan.schemaVersion}`,
      partitionKeys: [...runKeys.map(({ name }) => partitionKey(name)), ...fieldKeys],
      location: url(layout.schemaVersion === undefined ? flowFolder(layout) : schemaVersionFolder(layout)),
    },
    partitions:
      runKeys.length + fieldKeys.length > 0
        ? inRun.map(({ values, location }) => ({
            values: [...runKeys.map(({ value }) => value), ...values],
            location,
          }))
        : [],
    kind: 'schemaVersion',
  };
  return [
    schemaVersion,
    ...(layout.executionIdInPath
      ? [ofRun(`${base}_sv${plan.schemaVersion}_${plan.executionId.replaceAll('-', '')}`, 'execution')]
      : []),
    // Last: whoever reads `_latest` finds the run's objects and its other tables in place.
    ofRun(`${base}_${epoch}_latest`, 'latest'),
    ofRun(`${base}_latest`, 'latest'),
  ];
}

/** `<prefix>_appflow_<flow>`: lower-case letters, digits and underscores of the flow's name. */
export function tableBase(flow: FlowDefinition): string {
  const prefix = flow.metadataCatalogConfig?.glueDataCatalog?.tablePrefix ?? '';
  const name = flow.flowName.toLowerCase().replace(/[^a-z0-9_]/g, '');
  return `${prefix.toLowerCase()}_appflow_${name}`;
}

/** Levels of the key between the schema version and the partition fields; they differ from run to run. */
function runLevels(layout: Layout): { name: string; value: string }[] {
  const names = ['year', 'month', 'day', 'hour', 'minute'];
  const dates = layout.datePath ? dateParts(layout.startedAt, layout.datePath) : [];
  return [
    ...dates.map((value, index) => ({ name: names[index] ?? '', value })),
    ...(layout.executionIdInPath ? [{ name: 'execution_id', value: layout.executionId }] : []),
  ];
}

function partitionKey(name: string): CatalogColumn {
  return { name, type: 'string' };
}

function columnName(name: string): string {
  return name.toLowerCase();
}

function tableColumns(
  fields: readonly DestinationField[],
  partitionFields: readonly string[],
  fileType: 'CSV' | 'JSON' | 'PARQUET',
): CatalogColumn[] {
  const keys = new Set(partitionFields.map(columnName));
  return fields.flatMap((field) => {
    const name = columnName(field.name);
    const column: CatalogColumn = {
      name,
      type: catalogType(field, fileType),
      parameters: {
        AppFlowLabel: field.label ?? field.name,
        AppFlowDescription: field.description ?? '',
      },
    };
    if (!keys.has(name)) return [column];
    // A name cannot be both column and partition key. CSV columns are found by position, so theirs stays under another.
    return fileType === 'CSV' ? [{ ...column, name: `${name}_in_file` }] : [];
  });
}

/** Text formats keep dates as text; OpenCSVSerde reads every column as a string. Names are lower case, of members as well. */
function catalogType(field: DestinationField, fileType: 'CSV' | 'JSON' | 'PARQUET'): string {
  if (fileType === 'CSV') return 'string';
  const isText = fileType === 'JSON' && ['Date', 'DateTime', 'ByteArray'].includes(field.type);
  return isText ? 'string' : hiveType(field).toLowerCase();
}

/** `Rating=Warm/Industry=null/` → the values, as they are read back by query engines. */
function folderValues(folder: string): string[] {
  return folder
    .split('/')
    .filter(Boolean)
    .map((level) => decodeSegment(level.slice(level.indexOf('=') + 1)));
}
