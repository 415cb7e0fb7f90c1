/**
 * The one spelling of a flow: what two definitions that say the same have in common.
 *
 * What a member left out means is left out (`defaults`), and so is what is empty. Spelled out is what AppFlow's own
 * tools always write, or what AppFlow's documentation gives no default for: `dataPullMode`, the operator and the
 * properties of each task. Members stand in the order of the API model, tasks in that of their stages.
 */

import { canonicalJson } from './canonical-json.ts';
import { connectorOperators } from './connector-operators.ts';
import { type FlowDefinition, flowSchema, memberKey } from './definition.ts';
import { parseSchedule } from './schedule.ts';
import { type Task, type TaskPropertyKey, type TaskType, taskPropertyKeys } from './task.ts';
import { effectiveOperator, fieldList, partitionKeys } from './task-rules.ts';

/**
 * What a member says when it is left out. Names are those of the API model, and mean the same wherever they occur.
 * https://docs.aws.amazon.com/appflow/1.0/APIReference/API_CreateFlow.html, and docs/flows.md.
 */
const defaults: Readonly<Record<string, unknown>> = {
  description: '',
  scheduleOffset: 0,
  s3InputFileType: 'CSV',
  enableDynamicFieldUpdate: false,
  includeDeletedRecords: false,
  includeSourceFiles: false,
  includeRenditions: false,
  includeAllVersions: false,
  fileType: 'JSON',
  aggregationType: 'None',
  preserveSourceDataTyping: false,
  failOnFirstDestinationError: false,
  writeOperationType: 'INSERT',
  bucketPrefix: '',
  flowStatus: 'Active',
  fileExtension: false,
  compression: 'SNAPPY',
  lookback: 0,
};

/** Members that say something by being there, however empty. */
const neverEmpty = new Set([
  'sourceConnectorProperties',
  'destinationConnectorProperties',
  'destinationFlowConfigList',
]);

/** What the user names or writes freely: no member of ours, whatever it is called. */
const free = new Set(['tags', 'customProperties', 'eventPattern', 'nestedTypes']);

type Members = Readonly<Record<string, unknown>>;

/** @param flow a correct flow, as `readFlow` gives it */
export function canonicalFlow(flow: FlowDefinition): FlowDefinition {
  const { tasks, triggerConfig, ...rest } = flow;
  const scheduled = triggerConfig.triggerProperties?.Scheduled;
  const short = shortMembers(rest);
  // The schema puts the members in their order.
  return flowSchema.parse({
    ...short,
    triggerConfig: {
      triggerType: triggerConfig.triggerType,
      ...(scheduled && {
        triggerProperties: {
          Scheduled: {
            dataPullMode: 'Complete',
            ...shortMembers(scheduled),
            scheduleExpression: canonicalExpression(scheduled.scheduleExpression),
          },
        },
      }),
    },
    tasks: canonicalTasks(flow),
  });
}

/** Without the members that say nothing. */
function shortMembers(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => {
      const short = shortValue(name, value);
      if (short === undefined || short === defaults[name]) return [];
      return isEmpty(short) && !neverEmpty.has(name) ? [] : [[name, short]];
    }),
  );
}

function shortValue(name: string, value: unknown): unknown {
  if (free.has(name)) return JSON.parse(canonicalJson(value));
  // `raw` and `/raw/` are the same folder.
  if (name === 'bucketPrefix' && typeof value === 'string') return value.split('/').filter(Boolean).join('/');
  // A set: the folders have a fixed order.
  if (name === 'pathPrefixHierarchy' && Array.isArray(value)) {
    return ['SCHEMA_VERSION', 'EXECUTION_ID'].filter((level) => value.includes(level));
  }
  // The one member says which connector it is, even where it has nothing else to say.
  if (name === 'sourceConnectorProperties' || name === 'destinationConnectorProperties') {
    return Object.fromEntries(
      Object.entries(value as Members).flatMap(([key, properties]) =>
        properties === undefined ? [] : [[key, shortConnector(key, properties as Members)]],
      ),
    );
  }
  if (Array.isArray(value)) return value.map((item) => (isObject(item) ? shortMembers(item) : item));
  return isObject(value) ? shortMembers(value) : value;
}

function shortConnector(key: string, properties: Members): Members {
  const { dataTransferApi, ...rest } = properties;
  const transfer = isObject(dataTransferApi) ? shortTransfer(dataTransferApi) : dataTransferApi;
  const said = transfer !== 'AUTOMATIC' && transfer !== undefined && !isEmpty(transfer);
  const short = shortMembers({ ...rest, ...(said && { dataTransferApi: transfer }) });
  if (key !== 'Upsolver') return short;
  // Required there, and nowhere else.
  const config = isObject(short.s3OutputFormatConfig) ? short.s3OutputFormatConfig : {};
  return { ...short, s3OutputFormatConfig: { prefixConfig: {}, ...config } };
}

/** AUTOMATIC is the default of Salesforce's and of a custom connector's API alike. */
function shortTransfer({ Type, ...rest }: Members): Members {
  return { ...rest, ...(Type !== undefined && Type !== 'AUTOMATIC' && { Type }) };
}

function canonicalExpression(expression: string): string {
  const schedule = parseSchedule(expression);
  return schedule.kind === 'rate'
    ? `rate(${schedule.value}${schedule.unit}s)`
    : `cron(${schedule.fields.join(' ')})`;
}

/** Stages in which tasks act, whatever their order in the list (docs/flows.md). */
const stages: Readonly<Record<TaskType, number>> = {
  Filter: 0,
  Validate: 1,
  Mask: 2,
  Truncate: 2,
  Arithmetic: 3,
  Merge: 3,
  Map: 4,
  Map_all: 4,
  Passthrough: 4,
  Partition: 5,
};

function canonicalTasks(flow: FlowDefinition): Task[] {
  return flow.tasks
    .map((task) => canonicalTask(task, flow))
    .map((task) => ({ task, text: filterText(task) }))
    .sort((a, b) => stages[a.task.taskType] - stages[b.task.taskType] || order(a.text, b.text))
    .map(({ task }) => task);
}

/** Filters are combined with AND, so that their order says nothing; that of all others does, or may. */
function filterText(task: Task): string {
  if (task.taskType !== 'Filter') return '';
  const isProjection = Object.values(task.connectorOperator ?? {}).includes('PROJECTION');
  return `${isProjection ? 0 : 1}${canonicalJson(task)}`;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function canonicalTask(task: Task, flow: FlowDefinition): Task {
  const { taskType, destinationField } = task;
  const operator = effectiveOperator(task, flow);
  // AppFlow also reads an operator under S3's key or the destination's; they may offer one that the source's does not.
  const key = [
    memberKey(flow.sourceFlowConfig.connectorType),
    ...Object.keys(task.connectorOperator ?? {}),
  ].find((one) => connectorOperators[one]?.includes(operator));
  // AppFlow's own tools write [""] for no field.
  const fields = task.sourceFields.filter((field) => field !== '');
  const keys = taskType === 'Partition' ? partitionKeys(task) : undefined;
  return {
    taskType,
    sourceFields: keys ?? (operator === 'PROJECTION' ? [...new Set(fields)].sort() : fields),
    ...(key && { connectorOperator: { [key]: operator } }),
    ...(destinationField && { destinationField }),
    taskProperties: canonicalProperties(task),
  };
}

/** In the order of the API model; lists, which may be written in two ways, in one. */
function canonicalProperties(task: Task): NonNullable<Task['taskProperties']> {
  const properties: Partial<Record<TaskPropertyKey, string>> = { ...task.taskProperties };
  if (properties.MASK_VALUE === '*') delete properties.MASK_VALUE;
  if (properties.MATH_OPERATION_FIELDS_ORDER !== undefined) {
    const order = fieldList(properties.MATH_OPERATION_FIELDS_ORDER);
    properties.MATH_OPERATION_FIELDS_ORDER = order.join(',');
    if (order.every((field, i) => field === task.sourceFields[i]))
      delete properties.MATH_OPERATION_FIELDS_ORDER;
  }
  if (task.taskType === 'Map_all') {
    const excluded = fieldList(properties.EXCLUDE_SOURCE_FIELDS_LIST ?? '[]');
    properties.EXCLUDE_SOURCE_FIELDS_LIST = JSON.stringify([...new Set(excluded)].sort());
  }
  if (task.taskType === 'Partition') {
    properties.ORDERED_PARTITION_KEYS_LIST = JSON.stringify(partitionKeys(task));
  }
  return Object.fromEntries(
    taskPropertyKeys.flatMap((name) => (properties[name] === undefined ? [] : [[name, properties[name]]])),
  );
}
function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
