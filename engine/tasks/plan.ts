/**
 * From a flow's task list to what a run does to every record, as plain data: the run's plan stores it, `compile.ts`
 * makes functions of it.
 *
 * The order of the stages is fixed, whatever the order of the tasks: Filter → Validate (on raw values) → Mask, Truncate
 * → Arithmetic, Merge → Map, Map_all, Passthrough → Partition. Array order counts within a stage. Arithmetic reads raw
 * values, since a masked number cannot be computed with; Merge reads masked ones, else it would leak what was masked.
 */

import { TributaryError } from '../../core/errors.ts';
import { pathText, shorten } from '../../core/flow/finding.ts';
import { operatorOf, type Task } from '../../core/flow/task.ts';
import {
  type ArithmeticOperator,
  type ValidationOperator,
  validationOperators,
} from '../../core/operators.ts';
import type { DestinationField, FieldType, SourceField } from '../../core/records.ts';
import type { FilterCondition } from '../../core/source.ts';
import { type ColumnMaker, makeColumn, mapAllColumns, mapColumn, wholeColumn } from './columns.ts';
import type { ConvertedType } from './convert.ts';
import type { Edit, PartEdit } from './edit.ts';
import { type FieldReader, fieldReader } from './field-reader.ts';
import { type ValueMaker, valueMaker } from './field-value.ts';
import { filterTasks } from './filter.ts';
import { listOf, type Numbered, onlySourceField, place, wrongOperator } from './numbered-task.ts';

export { filterConditions } from './filter.ts';

export interface PlanOptions {
  readonly fileType: 'CSV' | 'JSON' | 'PARQUET';
  /** Parquet columns get types instead of being text. */
  readonly preserveSourceDataTyping: boolean;
  /** Fields that the run needs beside the tasks' (of the pull window, of the record's key); they come last. */
  readonly alsoRead?: readonly string[];
  /** Request parameters of the vendor that Filter tasks may name; no task reads them, and Map_all does not map them. */
  readonly parameters?: readonly SourceField[];
  /** The catalog's table has the partition fields as its partition keys: Parquet files then leave them out. */
  readonly partitionColumnsInCatalog?: boolean;
  /**
   * MASK_ALL writes exactly MASK_LENGTH characters where that is given. Default false: as many as the value has, which
   * tells its length. (AppFlow's console writes MASK_LENGTH for MASK_ALL too; what AppFlow makes of it is not documented.)
   */
  readonly fixedMaskLength?: boolean;
}

/** What a run does to every record; plain data. */
export interface TaskPlan {
  /** The read set. `['*']`: the record as a whole, all else is found in it by path ({@link PlanOptions.alsoRead} too). */
  readonly readFields: readonly string[];
  /** As {@link filterConditions} gives them. */
  readonly filters: readonly FilterCondition[];
  /** For each filter: its task and what it looks at. */
  readonly filterChecks: readonly { readonly task: number; readonly at: Place }[];
  readonly validations: readonly Validation[];
  /** The columns of the output; none if no task maps anything. One field named `*` stands for the whole record (JSON). */
  readonly destinationFields: readonly DestinationField[];
  /** Names of the partition fields, in the order of the folders. */
  readonly partitionFields: readonly string[];
  /** Where each partition field's value lies in a row; those that are no column follow behind the columns. */
  readonly partitionIndexes: readonly number[];
  /** How the values of a row are made: the destination fields', then those of partition fields that are no column. */
  readonly columns: readonly Column[];
}

/** Where a value is found: an index into `readFields`, and for a part of that field the path below it. */
export interface Place {
  readonly index: number;
  readonly path?: string;
}

export interface Validation {
  readonly task: number;
  readonly operator: ValidationOperator;
  readonly field: string;
  readonly at: Place;
  readonly terminates: boolean;
  /** A task masks the field: messages must not show its value. */
  readonly masked: boolean;
}

export type Expression =
  | {
      readonly kind: 'field';
      readonly at: Place;
      readonly from: ConvertedType;
      readonly edits: readonly Edit[];
      readonly parts: readonly PartEdit[];
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly operands: readonly Expression[];
      readonly type: FieldType;
      readonly edits: readonly Edit[];
    }
  | {
      readonly kind: 'merge';
      readonly parts: readonly (string | Expression)[];
      readonly edits: readonly Edit[];
    };

/** The whole record with parts of it edited or removed, and fields set. */
export interface WholeRecord {
  readonly kind: 'record';
  readonly parts: readonly PartEdit[];
  readonly set: readonly Column[];
}

export interface Column {
  readonly name: string;
  readonly value: Expression | WholeRecord;
  /** Absent: the value is handed on as it is. */
  readonly convert?: {
    readonly from: ConvertedType;
    readonly to: ConvertedType & { readonly type: FieldType };
  };
}

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
  const all = [...new Set([...inFiles, ...partitions])];

  const filters = filterTasks(tasks);
  const filterChecks = filters.map((filter) => ({
    task: filter.index,
    at: reader.read(filter.condition.field, filter).at,
  }));
  const validations = ofType('Validate').map((task) => validation(task, reader, values));
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

function validation(task: Numbered, reader: FieldReader, values: ValueMaker): Validation {
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
    masked: values.holdsMasked(field),
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
