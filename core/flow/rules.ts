/**
 * What CreateFlow checks beyond shapes: how the members of a definition must fit together. Where AppFlow's text is
 * public, the message contains it. What AppFlow leaves open and a run could not honour is refused too.
 */

import { messageOf, TributaryError } from '../errors.ts';
import {
  arithmeticOperators,
  filterOperators,
  maskOperators,
  type Operator,
  validationOperators,
} from '../operators.ts';
import { connectorOperators } from './connector-operators.ts';
import { type ConnectorType, type FlowDefinition, memberKey } from './definition.ts';
import { didYouMean, type Finding, type Path, toError } from './finding.ts';
import { parseSchedule } from './schedule.ts';
import type { Task, TaskPropertyKey, TaskType } from './task.ts';

/** Everything that makes the flow incorrect, as `readFlow` throws it; empty for a correct one. */
export function creationErrors(flow: FlowDefinition): TributaryError[] {
  return ruleFindings(flow).map((finding) => toError('FlowInvalid', finding));
}

/** As `creationErrors`; a part of the flow that is not there is not judged. */
export function ruleFindings(flow: Partial<FlowDefinition>): Finding[] {
  return [
    ...triggerFindings(flow),
    ...sourceFindings(flow),
    ...destinationFindings(flow),
    ...catalogFindings(flow),
    ...tributaryFindings(flow),
    ...taskFindings(flow),
  ];
}

// ---- trigger ----

function triggerFindings({ triggerConfig }: Partial<FlowDefinition>): Finding[] {
  if (!triggerConfig) return [];
  const path = ['triggerConfig', 'triggerProperties'];
  const scheduled = triggerConfig.triggerProperties?.Scheduled;
  if (triggerConfig.triggerType !== 'Scheduled') {
    if (!scheduled) return [];
    const fix = `remove it, or set triggerType to Scheduled`;
    return [
      {
        path: [...path, 'Scheduled'],
        problem: `does not go with triggerType ${triggerConfig.triggerType}`,
        fix,
      },
    ];
  }
  if (!scheduled) {
    const problem = 'TriggerProps is required for Scheduled Trigger Type.';
    return [{ path, problem, expected: '{ Scheduled: { scheduleExpression } }', fix: 'add it' }];
  }
  const findings: Finding[] = [];
  const at = (member: string): Path => [...path, 'Scheduled', member];
  try {
    parseSchedule(scheduled.scheduleExpression);
  } catch (error) {
    const problem = error instanceof TributaryError ? 'not a schedule expression' : messageOf(error);
    const expected = error instanceof TributaryError ? error.context.expected : undefined;
    findings.push({ path: at('scheduleExpression'), problem, got: scheduled.scheduleExpression, expected });
  }
  const { scheduleStartTime, scheduleEndTime } = scheduled;
  if (
    scheduleEndTime !== undefined &&
    scheduleStartTime !== undefined &&
    scheduleEndTime <= scheduleStartTime
  ) {
    const expected = `a time after scheduleStartTime (${scheduleStartTime})`;
    findings.push({
      path: at('scheduleEndTime'),
      problem: 'the schedule ends before it starts',
      got: scheduleEndTime,
      expected,
    });
  }
  return findings;
}

// ---- source, destination, catalog ----

/** Connectors that AWS reaches with the flow's own permissions, without a connector profile. */
const profileless: readonly ConnectorType[] = [
  'S3',
  'EventBridge',
  'LookoutMetrics',
  'CustomerProfiles',
  'Upsolver',
];

interface Endpoint {
  readonly connectorType: ConnectorType;
  readonly connectorProfileName?: string | undefined;
  readonly apiVersion?: string | undefined;
}

function endpointFindings(endpoint: Endpoint, properties: object, path: Path, member: string): Finding[] {
  const { connectorType, connectorProfileName, apiVersion } = endpoint;
  const findings: Finding[] = [];
  const key = memberKey(connectorType);
  const got = Object.keys(properties);
  if (got.length !== 1 || got[0] !== key) {
    const problem = `must have exactly the member that goes with connectorType ${connectorType}`;
    findings.push({ path: [...path, member], problem, got, expected: key });
  }
  if (profileless.includes(connectorType)) {
    if (connectorProfileName !== undefined) {
      const problem = `${connectorType} has no connector profile`;
      findings.push({
        path: [...path, 'connectorProfileName'],
        problem,
        got: connectorProfileName,
        fix: 'remove it',
      });
    }
  } else if (connectorProfileName === undefined) {
    const problem = `${connectorType} needs a connector profile`;
    findings.push({ path: [...path, 'connectorProfileName'], problem, fix: 'name one' });
  }
  if (connectorType === 'CustomConnector' && apiVersion === undefined) {
    const problem = "CustomConnector needs the version of the connector's API";
    findings.push({ path: [...path, 'apiVersion'], problem, fix: 'add it, e.g. "v1.0"' });
  }
  return findings;
}

function sourceFindings({ sourceFlowConfig: source }: Partial<FlowDefinition>): Finding[] {
  if (!source) return [];
  const path = ['sourceFlowConfig'];
  const member = 'sourceConnectorProperties';
  const { S3, SAPOData } = source.sourceConnectorProperties;
  const findings = endpointFindings(source, source.sourceConnectorProperties, path, member);
  if (SAPOData && SAPOData.objectPath === undefined) {
    findings.push({
      path: [...path, member, 'SAPOData', 'objectPath'],
      problem: 'missing',
      fix: 'name the OData entity set',
    });
  }
  if (S3 && !S3.bucketPrefix?.replaceAll('/', '')) {
    const problem = "AppFlow does not read a bucket's root";
    findings.push({
      path: [...path, member, 'S3', 'bucketPrefix'],
      problem,
      got: S3.bucketPrefix,
      expected: 'a folder',
    });
  }
  return findings;
}

function destinationFindings({ destinationFlowConfigList: list }: Partial<FlowDefinition>): Finding[] {
  if (!list) return [];
  const path = ['destinationFlowConfigList'];
  if (list.length !== 1) {
    const fix = 'write a flow for each destination';
    return [
      { path, problem: 'AppFlow writes to one destination', got: list.length, expected: 'exactly 1', fix },
    ];
  }
  return list.flatMap((destination, i) => {
    const { destinationConnectorProperties: properties } = destination;
    const findings = endpointFindings(
      destination,
      properties,
      [...path, i],
      'destinationConnectorProperties',
    );
    for (const [key, member] of Object.entries(properties)) {
      const isUpsert = member && 'writeOperationType' in member && member.writeOperationType === 'UPSERT';
      if (isUpsert && !member.idFieldNames?.length) {
        const problem = 'UPSERT needs the fields that identify a record';
        findings.push({
          path: [...path, i, 'destinationConnectorProperties', key, 'idFieldNames'],
          problem,
          fix: 'name them',
        });
      }
    }
    return findings;
  });
}

function hasS3Destination(flow: Partial<FlowDefinition>): boolean {
  return flow.destinationFlowConfigList?.[0]?.connectorType === 'S3';
}

function outputOf(flow: Partial<FlowDefinition>) {
  return flow.destinationFlowConfigList?.[0]?.destinationConnectorProperties.S3?.s3OutputFormatConfig;
}

function catalogFindings(flow: Partial<FlowDefinition>): Finding[] {
  if (
    !flow.metadataCatalogConfig?.glueDataCatalog ||
    !flow.destinationFlowConfigList ||
    hasS3Destination(flow)
  )
    return [];
  return [
    { path: ['metadataCatalogConfig'], problem: 'only data in S3 can be catalogued', fix: 'remove it' },
  ];
}

function tributaryFindings(flow: Partial<FlowDefinition>): Finding[] {
  const { tributary, triggerConfig, destinationFlowConfigList } = flow;
  if (!tributary) return [];
  const findings: Finding[] = [];
  const needs = (member: keyof typeof tributary, condition: boolean, problem: string) => {
    if (tributary[member] !== undefined && !condition) {
      findings.push({ path: ['tributary', member], problem, fix: 'remove it' });
    }
  };
  if (triggerConfig) {
    const onDemand = triggerConfig.triggerType === 'OnDemand';
    needs('eventPattern', onDemand, 'an event pattern needs triggerType OnDemand');
    const sleeps = tributary.flowStatus === 'Suspended';
    needs(
      'flowStatus',
      !(sleeps && onDemand && !tributary.eventPattern),
      'a flow on demand cannot be suspended',
    );
    const incremental = triggerConfig.triggerProperties?.Scheduled?.dataPullMode === 'Incremental';
    needs('lookback', incremental, 'looking back needs dataPullMode Incremental');
  }
  if (destinationFlowConfigList) {
    const toS3 = hasS3Destination(flow);
    needs(
      'errorHandlingConfig',
      toS3,
      'only for an S3 destination; others have an errorHandlingConfig of their own',
    );
    needs('fileExtension', toS3, 'only for an S3 destination');
    needs('compression', outputOf(flow)?.fileType === 'PARQUET', 'only for fileType PARQUET');
  }
  needs(
    'retentionDays',
    flow.metadataCatalogConfig?.glueDataCatalog !== undefined,
    'needs metadataCatalogConfig',
  );
  return findings;
}

// ---- tasks ----

const comparisons: readonly Operator[] = filterOperators;
const noOp: readonly Operator[] = ['NO_OP'];

const operatorsOfTask: Readonly<Record<TaskType, readonly Operator[]>> = {
  Filter: ['PROJECTION', ...filterOperators],
  Map: noOp,
  Map_all: noOp,
  Passthrough: noOp,
  Merge: noOp,
  Truncate: noOp,
  Partition: noOp,
  Mask: maskOperators,
  Arithmetic: arithmeticOperators,
  Validate: validationOperators,
};

/** The properties that a task of a type reads. */
const propertiesOfTask: Readonly<Record<TaskType, readonly TaskPropertyKey[]>> = {
  Filter: ['DATA_TYPE', 'VALUE', 'VALUES', 'LOWER_BOUND', 'UPPER_BOUND'],
  Map: ['SOURCE_DATA_TYPE', 'DESTINATION_DATA_TYPE', 'SUBFIELD_CATEGORY_MAP'],
  Map_all: ['EXCLUDE_SOURCE_FIELDS_LIST', 'INCLUDE_NEW_FIELDS'],
  Passthrough: [],
  Merge: ['CONCAT_FORMAT'],
  Truncate: ['TRUNCATE_LENGTH'],
  Partition: ['ORDERED_PARTITION_KEYS_LIST'],
  Mask: ['MASK_VALUE', 'MASK_LENGTH'],
  Arithmetic: ['MATH_OPERATION_FIELDS_ORDER'],
  Validate: ['VALIDATION_ACTION'],
};

/** Task types that make a new field of `destinationField`. */
const makesField: readonly TaskType[] = ['Map', 'Arithmetic', 'Merge'];

/**
 * The operator as AppFlow reads it: under the source's key, the destination's or S3's; under another one, or with none
 * at all, it is NO_OP.
 */
function effectiveOperator(task: Task, flow: Partial<FlowDefinition>): Operator {
  const [[key, operator] = []] = Object.entries(task.connectorOperator ?? {});
  const types = [flow.sourceFlowConfig?.connectorType, flow.destinationFlowConfigList?.[0]?.connectorType];
  const keys = ['S3', ...types.flatMap((type) => (type ? [memberKey(type)] : []))];
  const judged = flow.sourceFlowConfig && flow.destinationFlowConfigList;
  return key && operator && (!judged || keys.includes(key)) ? operator : 'NO_OP';
}

/** The field that an Arithmetic or Merge task makes; AppFlow's console names it after its source fields. */
export function intermediateName(task: Task): string {
  return task.destinationField || task.sourceFields.join(',');
}

/** Partition keys in order: a JSON list, a comma list, or else the source fields. */
export function partitionKeys(task: Task): string[] {
  const list = task.taskProperties?.ORDERED_PARTITION_KEYS_LIST;
  return list === undefined
    ? [...task.sourceFields]
    : (jsonList(list) ?? list.split(',').map((key) => key.trim()));
}

function jsonList(text: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

function taskFindings(flow: Partial<FlowDefinition>): Finding[] {
  const { tasks } = flow;
  if (!tasks) return [];
  const operators = tasks.map((task) => effectiveOperator(task, flow));
  const findings = tasks.flatMap((task, i) => oneTaskFindings(task, operators[i] ?? 'NO_OP', ['tasks', i]));
  const ofType = (type: TaskType) => tasks.filter((task) => task.taskType === type);

  if (!operators.includes('PROJECTION') && ofType('Map_all').length === 0) {
    const problem = 'Task Validation Error: You must specify a projection task or a MAP_ALL task';
    findings.push({ path: ['tasks'], problem, fix: 'add a Filter task with the operator PROJECTION' });
  }
  for (const type of ['Map_all', 'Partition', 'Passthrough'] as const) {
    if (ofType(type).length > 1)
      findings.push({ path: ['tasks'], problem: `more than one ${type} task`, fix: 'keep one' });
  }
  if (ofType('Passthrough').length > 0) {
    for (const [i, { taskType }] of tasks.entries()) {
      if (['Map', 'Map_all', 'Merge', 'Arithmetic', 'Partition', 'Mask', 'Truncate'].includes(taskType)) {
        const problem = `Passthrough hands records over as they are; ${taskType} does not go with it`;
        findings.push({ path: ['tasks', i], problem, fix: 'remove one of them' });
      }
    }
  }
  const comparing = operators.filter((operator) => comparisons.includes(operator)).length;
  if (comparing > 10)
    findings.push({ path: ['tasks'], problem: 'too many filters', got: comparing, expected: 'at most 10' });
  return [...findings, ...madeFieldFindings(tasks), ...partitionFindings(flow, tasks)];
}

function oneTaskFindings(task: Task, operator: Operator, path: Path): Finding[] {
  const findings: Finding[] = [];
  const add = (member: string, problem: string, rest: Omit<Finding, 'path' | 'problem'> = {}) =>
    findings.push({ path: [...path, ...member.split('.').filter(Boolean)], problem, ...rest });
  const { taskType } = task;
  const properties = task.taskProperties ?? {};
  const fields = task.sourceFields.filter((field) => field !== '');

  const given = Object.entries(task.connectorOperator ?? {});
  if (task.connectorOperator && given.length !== 1) {
    add('connectorOperator', 'must have one member', {
      got: given.map(([key]) => key),
      expected: 'exactly 1',
    });
  }
  for (const [key, written] of given) {
    const offered = connectorOperators[key] ?? [];
    if (written && !offered.includes(written)) {
      add(`connectorOperator.${key}`, `${key} does not offer this operator`, {
        got: written,
        expected: `one of ${offered.join(', ')}`,
      });
    }
  }
  if (!operatorsOfTask[taskType].includes(operator)) {
    const key = given[0]?.[0];
    const overlooked = key !== undefined && given[0]?.[1] !== operator;
    const expected = `one of ${operatorsOfTask[taskType].join(', ')}`;
    const fix = overlooked ? `write it under the source's key: AppFlow overlooks '${key}' here` : undefined;
    const problem =
      taskType === 'Filter' && operator === 'NO_OP'
        ? 'Task Validation Error: The operator NO_OP is not valid for filtering tasks.  The task sourceConnectorType is FILTERING and the task operator is NO_OP'
        : `the operator ${operator} is not valid for ${taskType} tasks`;
    add('connectorOperator', problem, { got: task.connectorOperator, expected, fix });
  }

  const bounds = fieldCount(taskType, operator);
  if (fields.length < bounds.min || fields.length > bounds.max) {
    const expected = bounds.min === bounds.max ? `exactly ${bounds.min}` : `at least ${bounds.min}`;
    add('sourceFields', `wrong number of fields for ${taskType}`, { got: task.sourceFields, expected });
  }
  if (taskType === 'Map' && !task.destinationField) {
    add('destinationField', 'missing', { fix: 'name the field that the value goes to' });
  }

  /** A property that must be a whole number of 1 and more. */
  const positive = (key: TaskPropertyKey, required: boolean) => {
    const value = properties[key];
    const good = value === undefined ? !required : /^\d+$/.test(value) && Number(value) > 0;
    if (!good)
      add(`taskProperties.${key}`, value === undefined ? 'missing' : 'not allowed here', {
        ...(value !== undefined && { got: value }),
        expected: 'a whole number of 1 and more, in quotes',
      });
  };
  switch (taskType) {
    case 'Filter':
      if (comparisons.includes(operator)) findings.push(...comparisonFindings(properties, operator, path));
      break;
    case 'Mask': {
      positive('MASK_LENGTH', operator !== 'MASK_ALL');
      const mask = properties.MASK_VALUE;
      if (mask !== undefined && [...mask].length !== 1) {
        add('taskProperties.MASK_VALUE', 'each character is replaced by one', {
          got: mask,
          expected: 'one character, e.g. "*"',
        });
      }
      break;
    }
    case 'Truncate':
      positive('TRUNCATE_LENGTH', true);
      break;
    case 'Validate': {
      const action = properties.VALIDATION_ACTION;
      const actions = ['DropRecord', 'DropDataset', 'TerminateFlow'];
      if (action === undefined || !actions.includes(action)) {
        const fix = action === undefined ? 'add it' : didYouMean(action, actions);
        const problem = action === undefined ? 'missing' : 'not an action';
        add('taskProperties.VALIDATION_ACTION', problem, {
          ...(action !== undefined && { got: action }),
          expected: `one of ${actions.join(', ')}`,
          fix,
        });
      }
      break;
    }
    case 'Arithmetic': {
      const order = properties.MATH_OPERATION_FIELDS_ORDER;
      if (
        order !== undefined &&
        order.split(',').toSorted().join() !== fields.join(',').split(',').toSorted().join()
      ) {
        add('taskProperties.MATH_OPERATION_FIELDS_ORDER', "must name the task's source fields", {
          got: order,
          expected: fields.join(','),
        });
      }
      break;
    }
    case 'Merge': {
      const placeholders = [...(properties.CONCAT_FORMAT ?? '').matchAll(/\$\{([^}]*)\}/g)].map(
        (match) => match[1] ?? '',
      );
      for (const name of placeholders.filter((name) => !fields.includes(name))) {
        const fix = didYouMean(name, fields) ?? 'add it to sourceFields';
        add('taskProperties.CONCAT_FORMAT', `\${${name}} is not one of the task's source fields`, {
          got: properties.CONCAT_FORMAT,
          fix,
        });
      }
      break;
    }
    case 'Map_all': {
      const excluded = properties.EXCLUDE_SOURCE_FIELDS_LIST;
      if (excluded !== undefined && !jsonList(excluded)) {
        add('taskProperties.EXCLUDE_SOURCE_FIELDS_LIST', 'not a list of fields', {
          got: excluded,
          expected: 'a JSON list in quotes, e.g. "[\\"a\\",\\"b\\"]"',
        });
      }
      const include = properties.INCLUDE_NEW_FIELDS;
      if (include !== undefined && include !== 'true' && include !== 'false') {
        add('taskProperties.INCLUDE_NEW_FIELDS', 'not a truth value', {
          got: include,
          expected: '"true" or "false"',
        });
      }
      break;
    }
    default:
  }
  return findings;
}

function fieldCount(taskType: TaskType, operator: Operator): { min: number; max: number } {
  const any = { min: 0, max: Number.POSITIVE_INFINITY };
  switch (taskType) {
    case 'Map_all':
    case 'Passthrough':
      return { min: 0, max: 0 };
    case 'Arithmetic':
    case 'Merge':
      return { min: 2, max: Number.POSITIVE_INFINITY };
    case 'Partition':
      return any;
    case 'Filter':
      return comparisons.includes(operator) ? { min: 1, max: 1 } : any;
    default:
      return { min: 1, max: 1 };
  }
}

function comparisonFindings(
  properties: NonNullable<Task['taskProperties']>,
  operator: Operator,
  path: Path,
): Finding[] {
  const at = (key: string): Path => [...path, 'taskProperties', key];
  const { DATA_TYPE, VALUE, VALUES } = properties;
  const [used, unused]: TaskPropertyKey[][] =
    operator === 'BETWEEN'
      ? [
          ['LOWER_BOUND', 'UPPER_BOUND'],
          ['VALUE', 'VALUES'],
        ]
      : [
          [VALUES === undefined || VALUE !== undefined ? 'VALUE' : 'VALUES'],
          ['LOWER_BOUND', 'UPPER_BOUND', ...(VALUE === undefined ? [] : ['VALUES' as const])],
        ];
  const findings: Finding[] = [];
  for (const key of used ?? []) {
    const value = properties[key];
    if (value === undefined) {
      const expected = operator === 'BETWEEN' ? 'LOWER_BOUND and UPPER_BOUND' : 'VALUE or VALUES';
      findings.push({ path: at(key), problem: `missing for ${operator}`, expected, fix: 'add it' });
      continue;
    }
    const values = key === 'VALUES' ? value.split(',') : [value];
    if (values.length > 10)
      findings.push({
        path: at(key),
        problem: 'too many values',
        got: values.length,
        expected: 'at most 10',
      });
    for (const one of values) {
      const expected = comparedAs(DATA_TYPE ?? 'string', one.trim());
      if (expected)
        findings.push({
          path: at(key),
          problem: `not a value of DATA_TYPE ${DATA_TYPE}`,
          got: one,
          expected,
        });
    }
  }
  for (const key of unused ?? []) {
    if (properties[key] === undefined) continue;
    findings.push({
      path: at(key),
      problem: `does not go with ${operator}${VALUE && VALUES ? ' and VALUE' : ''}`,
      fix: 'remove it',
    });
  }
  return findings;
}

/** What a value must look like to be compared as a data type, if it does not. Vendors' own types are compared as text. */
function comparedAs(dataType: string, value: string): string | undefined {
  switch (dataType.toLowerCase()) {
    case 'short':
    case 'integer':
    case 'int':
    case 'long':
    case 'biginteger':
      return /^[+-]?\d+$/.test(value) ? undefined : 'a whole number';
    case 'float':
    case 'double':
    case 'bigdecimal':
    case 'currency':
    case 'percent':
      return value !== '' && Number.isFinite(Number(value)) ? undefined : 'a number';
    case 'boolean':
      return /^(?:true|false)$/i.test(value) ? undefined : 'true or false';
    case 'date':
    case 'datetime':
      return /^-?\d+$/.test(value) ||
        (/^\d{4}-\d\d-\d\d(?:$|T)/.test(value) && !Number.isNaN(Date.parse(value)))
        ? undefined
        : 'epoch milliseconds, or ISO 8601';
    default:
      return undefined;
  }
}

/** Fields that Map, Arithmetic and Merge make: each once, and what is made on the way is used. */
function madeFieldFindings(tasks: readonly Task[]): Finding[] {
  const findings: Finding[] = [];
  const mapped = new Map<string, number>();
  const intermediate = new Map<string, number>();
  const readFields = new Set(tasks.flatMap((task) => (task.taskType === 'Filter' ? task.sourceFields : [])));
  for (const [i, task] of tasks.entries()) {
    const path = ['tasks', i, 'destinationField'];
    if (task.taskType === 'Map' && task.destinationField) {
      const first = mapped.get(task.destinationField);
      if (first !== undefined) {
        const problem = `already mapped by tasks[${first}]`;
        findings.push({ path, problem, got: task.destinationField, fix: 'map each destination field once' });
      }
      mapped.set(task.destinationField, first ?? i);
    }
    if (task.taskType === 'Arithmetic' || task.taskType === 'Merge') {
      const name = intermediateName(task);
      const first = intermediate.get(name);
      if (first !== undefined || readFields.has(name)) {
        const problem =
          first === undefined
            ? 'is the name of a source field'
            : `tasks[${first}] makes a field of this name too`;
        findings.push({ path, problem, got: name, fix: 'give it a destinationField of its own' });
      }
      intermediate.set(name, first ?? i);
      const used = tasks.some(
        (other, j) => j !== i && makesField.includes(other.taskType) && other.sourceFields.includes(name),
      );
      if (!used) {
        const fix = `add a Map task with the source field '${name}'`;
        findings.push({
          path: ['tasks', i],
          problem: `nothing uses the result of this ${task.taskType} task`,
          fix,
        });
      }
    }
  }
  return findings;
}

function partitionFindings(flow: Partial<FlowDefinition>, tasks: readonly Task[]): Finding[] {
  const i = tasks.findIndex((task) => task.taskType === 'Partition');
  const task = tasks[i];
  if (!task) return [];
  const path = ['tasks', i];
  const findings: Finding[] = [];
  if (flow.destinationFlowConfigList && !hasS3Destination(flow)) {
    findings.push({ path, problem: 'only data in S3 can be partitioned', fix: 'remove the task' });
  }
  const keys = partitionKeys(task);
  if (keys.length === 0 || keys.length > 10) {
    findings.push({ path, problem: 'wrong number of partition keys', got: keys.length, expected: '1 to 10' });
  }
  const repeated = keys.find((key, j) => keys.indexOf(key) < j);
  if (repeated !== undefined)
    findings.push({ path, problem: 'a partition key is there twice', got: repeated });
  if (tasks.some((other) => other.taskType === 'Map_all')) return findings;
  const maps = tasks.filter((other) => other.taskType === 'Map');
  const names = maps.flatMap((map) => [map.destinationField ?? '', ...map.sourceFields]);
  for (const key of keys.filter((key) => !names.includes(key))) {
    const fix = didYouMean(key, names) ?? 'map it';
    findings.push({
      path,
      problem: 'a partition key that no task maps',
      got: key,
      expected: 'destination fields',
      fix,
    });
  }
  return findings;
}

// ---- warnings ----

/** What a correct flow says in vain, or does to its author's surprise. */
export function warnings(flow: FlowDefinition): string[] {
  const { tasks, sourceFlowConfig: source } = flow;
  const scheduled = flow.triggerConfig.triggerProperties?.Scheduled;
  const ofType = (type: TaskType) => tasks.filter((task) => task.taskType === type);
  const found: string[] = [];
  if (ofType('Map').length + ofType('Map_all').length + ofType('Passthrough').length === 0) {
    found.push('tasks: no Map, Map_all or Passthrough task, so nothing is transferred');
  }
  for (const [i, task] of tasks.entries()) {
    for (const key of Object.keys(task.taskProperties ?? {}) as TaskPropertyKey[]) {
      if (!propertiesOfTask[task.taskType].includes(key)) {
        found.push(`tasks[${i}].taskProperties.${key}: has no effect in a ${task.taskType} task`);
      }
    }
    if (task.destinationField && !makesField.includes(task.taskType)) {
      found.push(`tasks[${i}].destinationField: has no effect in a ${task.taskType} task`);
    }
  }
  const masked = new Set(ofType('Mask').flatMap((task) => task.sourceFields));
  for (const field of new Set(ofType('Arithmetic').flatMap((task) => task.sourceFields))) {
    if (masked.has(field))
      found.push(`tasks: Arithmetic computes with the unmasked '${field}'; its result may disclose it`);
  }
  if (scheduled?.dataPullMode !== 'Incremental') {
    const vain = [
      source.incrementalPullConfig && 'sourceFlowConfig.incrementalPullConfig',
      ...(['scheduleOffset', 'firstExecutionFrom'] as const).map(
        (member) =>
          scheduled?.[member] !== undefined && `triggerConfig.triggerProperties.Scheduled.${member}`,
      ),
    ];
    for (const at of vain) if (at) found.push(`${at}: has no effect without dataPullMode Incremental`);
  }
  const output = outputOf(flow);
  if (output?.preserveSourceDataTyping && output.fileType !== 'PARQUET') {
    found.push('preserveSourceDataTyping: has no effect without fileType PARQUET');
  }
  const from = source.sourceConnectorProperties.S3;
  const to = flow.destinationFlowConfigList[0]?.destinationConnectorProperties.S3;
  const folder = (prefix = '') => `${prefix.replace(/^\/+|\/+$/g, '')}/`.replace(/^\/$/, '');
  const target = `${folder(to?.bucketPrefix)}${flow.flowName}/`;
  if (from && from.bucketName === to?.bucketName && target.startsWith(folder(from.bucketPrefix))) {
    found.push(
      'destination: lies in the folder that the source reads, so each run reads what earlier ones wrote',
    );
  }
  return found;
}
