import type { Operator } from '../operators.ts';

export const taskTypes = [
  'Arithmetic',
  'Filter',
  'Map',
  'Map_all',
  'Mask',
  'Merge',
  'Passthrough',
  'Truncate',
  'Validate',
  'Partition',
] as const;
export type TaskType = (typeof taskTypes)[number];

export const taskPropertyKeys = [
  'VALUE',
  'VALUES',
  'DATA_TYPE',
  'UPPER_BOUND',
  'LOWER_BOUND',
  'SOURCE_DATA_TYPE',
  'DESTINATION_DATA_TYPE',
  'VALIDATION_ACTION',
  'MASK_VALUE',
  'MASK_LENGTH',
  'TRUNCATE_LENGTH',
  'MATH_OPERATION_FIELDS_ORDER',
  'CONCAT_FORMAT',
  'SUBFIELD_CATEGORY_MAP',
  'EXCLUDE_SOURCE_FIELDS_LIST',
  'INCLUDE_NEW_FIELDS',
  'ORDERED_PARTITION_KEYS_LIST',
] as const;
export type TaskPropertyKey = (typeof taskPropertyKeys)[number];

/** One member of a flow's `tasks`, as the CreateFlow API has it. */
export interface Task {
  readonly taskType: TaskType;
  readonly sourceFields: readonly string[];
  /** Exactly one member, keyed by connector (`Salesforce`, `S3` …). */
  readonly connectorOperator?: Readonly<Record<string, Operator>> | undefined;
  readonly destinationField?: string | undefined;
  readonly taskProperties?: Readonly<Partial<Record<TaskPropertyKey, string>>> | undefined;
}

/** The operator, whatever connector it is keyed by; NO_OP when there is none, as AppFlow reads it. */
export function operatorOf(task: Task): Operator {
  return Object.values(task.connectorOperator ?? {})[0] ?? 'NO_OP';
}
