/**
 * From a flow's task list to what a run does to every record, as plain data: the run's plan stores it, `compile.ts`
 * makes functions of it.
 *
 * The order of the stages is fixed, whatever the order of the tasks: Filter → Validate (on raw values) → Mask, Truncate
 * → Arithmetic, Merge → Map, Map_all, Passthrough → Partition. Array order counts within a stage. Arithmetic reads raw
 * values, since a masked number cannot be computed with; Merge reads masked ones, else it would leak what was masked.
 */

import { TributaryError } from '../../core/errors.ts';
import { didYouMean, pathText, shorten } from '../../core/flow/finding.ts';
import { operatorOf, type Task } from '../../core/flow/task.ts';
import { validationOperators } from '../../core/operators.ts';
import type { SourceField } from '../../core/records.ts';
import { type ColumnMaker, makeColumn, mapAllColumns, mapColumn, notNested, wholeColumn } from './columns.ts';
import { type FieldReader, fieldReader, shortList } from './field-reader.ts';
import { valueMaker } from './field-value.ts';
import { filterTasks } from './filter.ts';
import { listOf, type Numbered, onlySourceField, place, wrongOperator } from './numbered-task.ts';

export { filterConditions } from './filter.ts';
export type { PlanOptions, TaskPlan } from './task-plan.ts';

import type { PlanOptions, TaskPlan, Validation } from './task-plan.ts';

/**
 * @param sourceFields all fields that the source offers; empty if only the data can tell. Values of unknown type are
 *   written as text unless SOURCE_DATA_TYPE or DESTINATION_DATA_TYPE names a type.
 * @throws TributaryError SchemaChanged for a needed field that the source does not have; NotRunnable for a whole record
 *   in CSV or Parquet; FlowInvalid for tasks that AppFlow would refuse
 */
export function planTasks(
  tasks: readonly Task[],
  sourceFields: readonly SourceField[],
  options: PlanOptions,
): TaskPlan {
  const ofType = (...types: Task['taskType'][]) =>
    tasks.flatMap((task, index): Numbered[] => (types.includes(task.taskType) ? [{ index, task }] : []));
  const [mapAll] = ofType('Map_all');
  const [passthrough] = ofType('Passthrough');
  const whole = passthrough ?? (sourceFields.length === 0 ? mapAll : undefined);
  if (whole !== undefined && options.fileType !== 'JSON') {
    throw new TributaryError(
      'NotRunnable',
      `${whole.task.taskType} hands on whole records, which have no fixed columns for ${options.fileType}`,
      { at: place(whole), fix: 'list the fields with Map tasks, or write JSON' },
    );
  }

  const reader = fieldReader([...sourceFields, ...(options.parameters ?? [])], whole !== undefined);
  const values = valueMaker(ofType, reader, options);
  const make: ColumnMaker = (name, source, user, removed = []) =>
    makeColumn(name, source, user, removed, values, reader, options);
  const maps = ofType('Map').map((map) => ({ ...map, source: onlySourceField(map) }));
  const removed = new Set([...excludedFields(mapAll), ...maps.map(({ source }) => source)]);

  const mapped =
    whole === undefined && mapAll
      ? mapAllColumns(mapAll, maps, sourceFields, removed, make)
      : maps.map(mapColumn(make));
  refuseTwice(mapped.map(({ field }) => field.name));
  const columns = whole === undefined ? mapped : [wholeColumn(values.partsOf(undefined), removed, mapped)];

  const partitions = ofType('Partition').flatMap((partition) =>
    partitionKeys(partition).map((key) => {
      const destinations = maps.flatMap(({ source, task }) =>
        source === key ? [task.destinationField] : [],
      );
      return (
        mapped.find(({ field }) => field.name === key) ??
        mapped.find(({ field }) => destinations.includes(field.name)) ??
        make(key, key, partition)
      );
    }),
  );
  const leftOut = options.fileType === 'PARQUET' && options.partitionColumnsInCatalog ? partitions : [];
  const inFiles = columns.filter((column) => !leftOut.includes(column));
  if (inFiles.length === 0 && columns.length > 0) {
    throw new TributaryError(
      'NotRunnable',
      'all mapped fields are partition fields: nothing is left for the files',
      {
        fix: 'map another field',
      },
    );
  }
  const names = inFiles.map(({ field }) => field.name);
  for (const name of Object.keys(options.nestedTypes ?? {})) {
    if (names.includes(name)) continue;
    throw notNested(
      name,
      'the files have no such field',
      didYouMean(name, names) ?? `use one of ${shortList(names)}`,
    );
  }
  const all = [...new Set([...inFiles, ...partitions])];

  const filters = filterTasks(tasks);
  const filterChecks = filters.map((filter) => ({
    task: filter.index,
    at: reader.read(filter.condition.field, filter).at,
  }));
  const validations = ofType('Validate').map((task) => validation(task, reader));
  for (const name of options.alsoRead ?? []) reader.read(name, undefined);

  return {
    readFields: reader.fields(),
    filters: filters.map(({ condition }) => condition),
    filterChecks,
    validations,
    destinationFields: inFiles.map(({ field }) => field),
    partitionFields: partitions.map(({ field }) => field.name),
    partitionIndexes: partitions.map((column) => all.indexOf(column)),
    columns: all.map(({ column }) => column),
  };
}

function excludedFields(mapAll: Numbered | undefined): string[] {
  return listOf(mapAll?.task.taskProperties?.EXCLUDE_SOURCE_FIELDS_LIST ?? '');
}

function partitionKeys(partition: Numbered): readonly string[] {
  const keys = partition.task.taskProperties?.ORDERED_PARTITION_KEYS_LIST;
  return keys === undefined ? partition.task.sourceFields : listOf(keys);
}

function validation(task: Numbered, reader: FieldReader): Validation {
  const operator = validationOperators.find((known) => known === operatorOf(task.task));
  if (operator === undefined) throw wrongOperator(task, validationOperators);
  const action = task.task.taskProperties?.VALIDATION_ACTION;
  // DropDataset is what cdk-appflow writes for "terminate flow", TerminateFlow what people call it.
  if (action !== 'DropRecord' && action !== 'DropDataset' && action !== 'TerminateFlow') {
    throw new TributaryError('FlowInvalid', 'a validation needs to know what to do with bad records', {
      at: pathText(['tasks', task.index, 'taskProperties', 'VALIDATION_ACTION']),
      got: shorten(action),
      expected: 'DropRecord, DropDataset or TerminateFlow',
    });
  }
  const field = onlySourceField(task);
  return {
    task: task.index,
    operator,
    field,
    at: reader.read(field, task).at,
    terminates: action !== 'DropRecord',
  };
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new TributaryError('FlowInvalid', `two tasks map to the destination field '${twice}'`, {
      fix: 'give one of them another destinationField',
    });
  }
}
