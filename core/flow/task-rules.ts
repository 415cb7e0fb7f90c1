/** The rules of a flow's task list: what each task needs, and how the tasks fit together. */

import {
  arithmeticOperators,
  filterOperators,
  maskOperators,
  type Operator,
  validationOperators,
} from '../operators.ts';
import { connectorOperators } from './connector-operators.ts';
import { type FlowDefinition, memberKey } from './definition.ts';
import { didYouMean, type Finding } from './finding.ts';
import type { Task, TaskPropertyKey, TaskType } from './task.ts';

const comparisons: readonly Operator[] = filterOperators;
/** Comparisons of text as well as of anything else; the others need to know a type. */
const equalities: readonly Operator[] = ['EQUAL_TO', 'NOT_EQUAL_TO', 'CONTAINS'];
const noOp: readonly Operator[] = ['NO_OP'];
const many = Number.POSITIVE_INFINITY;

interface TaskRule {
  readonly operators: readonly Operator[];
  /** How many source fields: at least, at most. */
  readonly fields: readonly [number, number];
  /** The properties that the task reads. */
  readonly properties: readonly TaskPropertyKey[];
  /** `destinationField` is read: the task makes a field. */
  readonly makesField?: true;
}

const rules: Readonly<Record<TaskType, TaskRule>> = {
  Filter: {
    operators: ['PROJECTION', ...filterOperators],
    fields: [0, many],
    properties: ['DATA_TYPE', 'VALUE', 'VALUES', 'LOWER_BOUND', 'UPPER_BOUND'],
  },
  Validate: { operators: validationOperators, fields: [1, 1], properties: ['VALIDATION_ACTION'] },
  Mask: { operators: maskOperators, fields: [1, 1], properties: ['MASK_VALUE', 'MASK_LENGTH'] },
  Truncate: { operators: noOp, fields: [1, 1], properties: ['TRUNCATE_LENGTH'] },
  Arithmetic: {
    operators: arithmeticOperators,
    fields: [2, many],
    properties: ['MATH_OPERATION_FIELDS_ORDER'],
    makesField: true,
  },
  Merge: { operators: noOp, fields: [2, many], properties: ['CONCAT_FORMAT'], makesField: true },
  Map: {
    operators: noOp,
    fields: [1, 1],
    properties: ['SOURCE_DATA_TYPE', 'DESTINATION_DATA_TYPE', 'SUBFIELD_CATEGORY_MAP'],
    makesField: true,
  },
  Map_all: {
    operators: noOp,
    fields: [0, 0],
    properties: ['EXCLUDE_SOURCE_FIELDS_LIST', 'INCLUDE_NEW_FIELDS'],
  },
  Passthrough: { operators: noOp, fields: [0, 0], properties: [] },
  Partition: { operators: noOp, fields: [0, many], properties: ['ORDERED_PARTITION_KEYS_LIST'] },
};

/** The field that an Arithmetic or Merge task makes; AppFlow's console names it after its source fields. */
function intermediateName(task: Task): string {
  return task.destinationField || task.sourceFields.join(',');
}

/** Partition keys in order: those listed, or else the source fields. */
export function partitionKeys(task: Task): string[] {
  const list = task.taskProperties?.ORDERED_PARTITION_KEYS_LIST;
  return list === undefined ? [...task.sourceFields] : fieldList(list);
}

/** A JSON list or a comma list. */
export function fieldList(text: string): string[] {
  return jsonList(text) ?? text.split(',').map((name) => name.trim());
}

function jsonList(text: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The operator as AppFlow reads it: under the source's key, the destination's or S3's; under another one, or with none
 * at all, it is NO_OP.
 */
export function effectiveOperator(task: Task, flow: Partial<FlowDefinition>): Operator {
  const [[key, operator] = []] = Object.entries(task.connectorOperator ?? {});
  const { sourceFlowConfig: source, destinationFlowConfigList: [destination] = [] } = flow;
  if (!key || !operator) return 'NO_OP';
  if (!source || !destination) return operator;
  const types = [memberKey(source.connectorType), memberKey(destination.connectorType)];
  // A source whose type and properties disagree is one mistake, not one of each task.
  const keys = ['S3', ...types, ...Object.keys(source.sourceConnectorProperties)];
  return keys.includes(key) ? operator : 'NO_OP';
}

/** What is wrong with the tasks of a flow. */
export function taskFindings(flow: Partial<FlowDefinition>): Finding[] {
  const { tasks } = flow;
  if (!tasks) return [];
  const operators = tasks.map((task) => effectiveOperator(task, flow));
  const findings = tasks.flatMap((task, i) => [
    ...operatorFindings(task, operators[i] ?? 'NO_OP', `tasks[${i}]`),
    ...fieldFindings(task, operators[i] ?? 'NO_OP', `tasks[${i}]`),
    ...propertyFindings(task, operators[i] ?? 'NO_OP', `tasks[${i}].taskProperties`),
  ]);
  const has = (type: TaskType) => tasks.some((task) => task.taskType === type);
  if (!operators.includes('PROJECTION') && !has('Map_all')) {
    const problem = 'Task Validation Error: You must specify a projection task or a MAP_ALL task';
    findings.push({ at: 'tasks', problem, fix: 'add a Filter task with the operator PROJECTION' });
  }
  const compared = operators.filter((operator) => comparisons.includes(operator)).length;
  if (compared > 10)
    findings.push({ at: 'tasks', problem: 'too many filters', got: compared, expected: 'at most 10' });
  const passesThrough = has('Passthrough');
  const once: readonly TaskType[] = ['Map_all', 'Partition', 'Passthrough'];
  const naming: readonly TaskType[] = ['Map', 'Map_all', 'Arithmetic', 'Merge', 'Partition'];
  for (const [i, { taskType }] of tasks.entries()) {
    const first = tasks.findIndex((task) => task.taskType === taskType);
    if (once.includes(taskType) && first < i) {
      findings.push({
        at: `tasks[${i}]`,
        problem: `there is a ${taskType} task already, tasks[${first}]`,
        fix: 'keep one',
      });
    }
    if (passesThrough && naming.includes(taskType)) {
      const problem = `Passthrough hands records over under their own names; ${taskType} does not go with it`;
      findings.push({ at: `tasks[${i}]`, problem, fix: 'remove one of them' });
    }
  }
  return [...findings, ...madeFieldFindings(tasks), ...partitionFindings(flow, tasks)];
}

function operatorFindings(task: Task, operator: Operator, at: string): Finding[] {
  const findings: Finding[] = [];
  const { taskType, connectorOperator } = task;
  const valid = rules[taskType].operators;
  const given = Object.entries(connectorOperator ?? {});
  if (connectorOperator && given.length !== 1) {
    const got = given.map(([key]) => key);
    findings.push({
      at: `${at}.connectorOperator`,
      problem: 'must have one member',
      got,
      expected: 'exactly 1',
    });
  }
  for (const [key, written] of given) {
    const offered = connectorOperators[key] ?? [];
    if (offered.includes(written)) continue;
    const expected = `one of ${valid.filter((one) => offered.includes(one)).join(', ') || "another connector's key"}`;
    findings.push({
      at: `${at}.connectorOperator.${key}`,
      problem: `${key} does not offer this operator`,
      got: written,
      expected,
    });
  }
  if (!valid.includes(operator)) {
    const [[key, written] = []] = given;
    const problem =
      taskType === 'Filter' && operator === 'NO_OP'
        ? 'Task Validation Error: The operator NO_OP is not valid for filtering tasks.  The task sourceConnectorType is FILTERING and the task operator is NO_OP'
        : `the operator ${operator} is not valid for ${taskType} tasks`;
    findings.push({
      at: `${at}.connectorOperator`,
      problem,
      got: connectorOperator,
      expected: `one of ${valid.join(', ')}`,
      fix:
        key && written !== operator
          ? `write it under the source's key: AppFlow ignores ${key} here`
          : undefined,
    });
  }
  return findings;
}

function fieldFindings(task: Task, operator: Operator, at: string): Finding[] {
  const findings: Finding[] = [];
  const { taskType, sourceFields, destinationField } = task;
  const [min, max] = comparisons.includes(operator) ? [1, 1] : rules[taskType].fields;
  // AppFlow's own tools write [""] for no field.
  const count = sourceFields.filter((field) => field !== '').length;
  if (count < min || count > max) {
    const expected = min === max ? `exactly ${min}` : `at least ${min}`;
    findings.push({
      at: `${at}.sourceFields`,
      problem: `wrong number of fields for ${taskType}`,
      got: sourceFields,
      expected,
    });
  }
  if (taskType === 'Map' && !destinationField) {
    const fix = 'name the field that the value goes to';
    findings.push({ at: `${at}.destinationField`, problem: 'missing', fix });
  }
  return findings;
}

function propertyFindings(task: Task, operator: Operator, at: string): Finding[] {
  const { taskProperties: properties = {}, sourceFields } = task;
  switch (task.taskType) {
    case 'Filter':
      return comparisons.includes(operator) ? comparisonFindings(properties, operator, at) : [];
    case 'Mask':
      return [
        ...wholeNumber('MASK_LENGTH', properties, at, operator !== 'MASK_ALL'),
        ...ofForm(
          'MASK_VALUE',
          properties,
          at,
          (value) => [...value].length === 1,
          'one character, e.g. "*"',
        ),
      ];
    case 'Truncate':
      return wholeNumber('TRUNCATE_LENGTH', properties, at, true);
    case 'Validate': {
      const actions = ['DropRecord', 'DropDataset', 'TerminateFlow'];
      return ofForm(
        'VALIDATION_ACTION',
        properties,
        at,
        (value) => actions.includes(value),
        `one of ${actions.join(', ')}`,
        {
          required: true,
          fix: didYouMean(properties.VALIDATION_ACTION ?? '', actions),
        },
      );
    }
    case 'Arithmetic': {
      const sorted = (list: readonly string[]) => JSON.stringify(list.toSorted());
      const isOrder = (value: string) => sorted(fieldList(value)) === sorted(sourceFields);
      const expected = `all source fields, e.g. "${sourceFields.join(',')}"`;
      return ofForm('MATH_OPERATION_FIELDS_ORDER', properties, at, isOrder, expected);
    }
    case 'Merge': {
      const format = properties.CONCAT_FORMAT ?? '';
      const names = [...format.matchAll(/\$\{([^}]*)\}/g)].flatMap(([, name]) => name ?? []);
      return names
        .filter((name) => !sourceFields.includes(name))
        .map((name) => ({
          at: `${at}.CONCAT_FORMAT`,
          problem: `\${${name}} is not one of the task's source fields`,
          got: format,
          fix: didYouMean(name, sourceFields) ?? 'add it to sourceFields',
        }));
    }
    case 'Map_all': {
      const isList = (value: string) => jsonList(value) !== undefined;
      const isTruth = (value: string) => value === 'true' || value === 'false';
      return [
        ...ofForm(
          'EXCLUDE_SOURCE_FIELDS_LIST',
          properties,
          at,
          isList,
          'a JSON list in quotes, e.g. "[\\"a\\",\\"b\\"]"',
        ),
        ...ofForm('INCLUDE_NEW_FIELDS', properties, at, isTruth, '"true" or "false"'),
      ];
    }
    default:
      return [];
  }
}

type Properties = NonNullable<Task['taskProperties']>;

function ofForm(
  key: TaskPropertyKey,
  properties: Properties,
  at: string,
  isGood: (value: string) => boolean,
  expected: string,
  { required = false, fix }: { required?: boolean; fix?: string | undefined } = {},
): Finding[] {
  const got = properties[key];
  if (got === undefined)
    return required ? [{ at: `${at}.${key}`, problem: 'missing', expected, fix: 'add it' }] : [];
  return isGood(got) ? [] : [{ at: `${at}.${key}`, problem: 'not allowed here', got, expected, fix }];
}

function wholeNumber(key: TaskPropertyKey, properties: Properties, at: string, required: boolean): Finding[] {
  const isGood = (value: string) => /^\d+$/.test(value) && Number(value) >= 1;
  return ofForm(key, properties, at, isGood, 'a whole number from 1, in quotes', { required });
}

function comparisonFindings(properties: Properties, operator: Operator, at: string): Finding[] {
  const findings: Finding[] = [];
  const add = (key: TaskPropertyKey, problem: string, rest: Pick<Finding, 'got' | 'expected' | 'fix'>) =>
    findings.push({ at: `${at}.${key}`, problem, ...rest });
  const { DATA_TYPE: dataType, VALUE, VALUES } = properties;
  const between = operator === 'BETWEEN';
  const orders = !equalities.includes(operator);
  if (orders && dataType === undefined) {
    add('DATA_TYPE', `missing for ${operator}`, {
      expected: "the field's type, e.g. datetime or double",
      fix: 'add it',
    });
  }
  const single: TaskPropertyKey = VALUES !== undefined && VALUE === undefined ? 'VALUES' : 'VALUE';
  const needed: readonly TaskPropertyKey[] = between ? ['LOWER_BOUND', 'UPPER_BOUND'] : [single];
  for (const key of ['VALUE', 'VALUES', 'LOWER_BOUND', 'UPPER_BOUND'] as const) {
    const got = properties[key];
    if (!needed.includes(key)) {
      if (got !== undefined)
        add(key, `does not go with ${between ? operator : single} here`, { got, fix: 'remove it' });
      continue;
    }
    if (got === undefined) {
      const expected = between ? 'LOWER_BOUND and UPPER_BOUND' : 'VALUE or VALUES';
      add(key, `missing for ${operator}`, { expected, fix: 'add it' });
      continue;
    }
    const values = key === 'VALUES' ? got.split(',') : [got];
    const most = orders ? 1 : 10;
    if (values.length > most)
      add(key, `too many values for ${operator}`, { got: values.length, expected: `at most ${most}` });
    for (const value of operator === 'CONTAINS' ? [] : values) {
      const expected = comparable(dataType ?? 'string', value.trim());
      if (expected) add(key, `not a value of DATA_TYPE ${dataType}`, { got: value, expected });
    }
  }
  return findings;
}

/** What a value of a data type looks like, if this one does not. Vendors' own types are compared as text. */
function comparable(dataType: string, value: string): string | undefined {
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
  const made = new Map<string, number>();
  const fromSource = new Set(tasks.flatMap((task) => (task.taskType === 'Filter' ? task.sourceFields : [])));
  for (const [i, task] of tasks.entries()) {
    const at = `tasks[${i}].destinationField`;
    if (task.taskType === 'Map' && task.destinationField) {
      const first = mapped.get(task.destinationField);
      if (first === undefined) mapped.set(task.destinationField, i);
      else findings.push({ at, problem: `already mapped by tasks[${first}]`, got: task.destinationField });
    }
    if (task.taskType !== 'Arithmetic' && task.taskType !== 'Merge') continue;
    const got = intermediateName(task);
    const first = made.get(got);
    const fix = 'give it a destinationField of its own';
    // @cdklabs/cdk-appflow projects what it makes, too, by the name that the console gives it.
    const isConsoleName = got === task.sourceFields.join(',');
    if (first !== undefined)
      findings.push({ at, problem: `tasks[${first}] makes a field of this name too`, got, fix });
    else if (fromSource.has(got) && !isConsoleName)
      findings.push({ at, problem: 'is the name of a source field', got, fix });
    else made.set(got, i);
    if (
      !tasks.some(
        (other) => other !== task && rules[other.taskType].makesField && other.sourceFields.includes(got),
      )
    ) {
      const problem = `nothing uses the result of this ${task.taskType} task`;
      findings.push({ at: `tasks[${i}]`, problem, fix: `add a Map task with the source field "${got}"` });
    }
  }
  return findings;
}

function partitionFindings(flow: Partial<FlowDefinition>, tasks: readonly Task[]): Finding[] {
  const i = tasks.findIndex((task) => task.taskType === 'Partition');
  const task = tasks[i];
  if (!task) return [];
  const at = `tasks[${i}]`;
  const findings: Finding[] = [];
  const destination = flow.destinationFlowConfigList?.[0];
  if (destination && destination.connectorType !== 'S3') {
    findings.push({ at, problem: 'only data in S3 can be partitioned', fix: 'remove the task' });
  }
  const keys = partitionKeys(task);
  if (keys.length === 0 || keys.length > 10) {
    findings.push({ at, problem: 'wrong number of partition keys', got: keys.length, expected: '1 to 10' });
  }
  const repeated = keys.find((key, j) => keys.indexOf(key) < j);
  if (repeated !== undefined) findings.push({ at, problem: 'a partition key is there twice', got: repeated });
  if (tasks.some((other) => other.taskType === 'Map_all')) return findings;
  const reading: readonly TaskType[] = ['Map', 'Filter'];
  // A key names a destination field, or else a field that is read.
  const names = [
    ...tasks.flatMap((other) => (other.taskType === 'Map' ? (other.destinationField ?? []) : [])),
    ...tasks.flatMap((other) => (reading.includes(other.taskType) ? other.sourceFields : [])),
  ];
  for (const key of keys.filter((key) => !names.includes(key))) {
    const fix = didYouMean(key, names) ?? 'map it';
    findings.push({
      at,
      problem: 'a partition key that is no field of this flow',
      got: key,
      expected: 'destination fields',
      fix,
    });
  }
  return findings;
}

/** What tasks say in vain, or do to their author's surprise. */
export function taskWarnings(tasks: readonly Task[]): string[] {
  const found: string[] = [];
  const transferring: readonly TaskType[] = ['Map', 'Map_all', 'Passthrough'];
  if (!tasks.some((task) => transferring.includes(task.taskType))) {
    found.push('tasks: no Map, Map_all or Passthrough task, so nothing is transferred');
  }
  for (const [i, task] of tasks.entries()) {
    const { properties, makesField } = rules[task.taskType];
    const unread = (Object.keys(task.taskProperties ?? {}) as TaskPropertyKey[]).filter(
      (key) => !properties.includes(key),
    );
    for (const key of unread)
      found.push(`tasks[${i}].taskProperties.${key}: has no effect in a ${task.taskType} task`);
    if (task.destinationField && !makesField) {
      found.push(`tasks[${i}].destinationField: has no effect in a ${task.taskType} task`);
    }
  }
  const fieldsOf = (type: TaskType) =>
    tasks.flatMap((task) => (task.taskType === type ? task.sourceFields : []));
  const masked = new Set(fieldsOf('Mask'));
  for (const field of new Set(fieldsOf('Arithmetic'))) {
    if (masked.has(field))
      found.push(`tasks: Arithmetic computes with the unmasked '${field}'; its result may disclose it`);
  }
  return found;
}
