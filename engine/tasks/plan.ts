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
import { operatorOf, type Task, type TaskPropertyKey } from '../../core/flow/task.ts';
import {
  type ArithmeticOperator,
  arithmeticOperators,
  maskOperators,
  type ValidationOperator,
  validationOperators,
} from '../../core/operators.ts';
import { type DestinationField, type FieldType, type SourceField, wholeRecord } from '../../core/records.ts';
import type { FilterCondition } from '../../core/source.ts';
import type { ConvertedType } from './convert.ts';
import type { Edit, PartEdit } from './edit.ts';
import { fieldTypeOf, isWhole } from './field-type.ts';
import { filterTasks } from './filter.ts';

export { filterConditions } from './filter.ts';

export interface PlanOptions {
  readonly fileType: 'CSV' | 'JSON' | 'PARQUET';
  /** Parquet columns get types instead of being text. */
  readonly preserveSourceDataTyping: boolean;
  /** Fields that the run needs beside the tasks' (of the pull window, of the record's key); they come last. */
  readonly alsoRead?: readonly string[];
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

/** A task with its place in the flow's list. */
interface Numbered {
  readonly index: number;
  readonly task: Task;
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

  const reader = fieldReader(sourceFields, whole !== undefined);
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

// ---- fields ----

interface FoundField {
  readonly at: Place;
  readonly from: ConvertedType;
  /** What the source says of exactly this field. */
  readonly field?: SourceField;
}

interface FieldReader {
  /** Adds the field to the read set. @param user the task that needs it; undefined: the run */
  read(name: string, user: Numbered | undefined): FoundField;
  /** Throws as `read` does, without reading; here a path may lead into lists. */
  check(name: string, user: Numbered): void;
  fields(): string[];
}

function fieldReader(sourceFields: readonly SourceField[], whole: boolean): FieldReader {
  const known = new Map(sourceFields.map((field) => [field.name, field]));
  const indexes = new Map<string, number>(whole ? [[wholeRecord, 0]] : []);
  const indexOf = (name: string) => {
    const index = indexes.get(name) ?? indexes.size;
    indexes.set(name, index);
    return index;
  };
  const find = (name: string, user: Numbered | undefined, entered: readonly FieldType[]) => {
    const field = known.get(name);
    if (field !== undefined || known.size === 0) return { name, field };
    const parent = ancestors(name).findLast((ancestor) => {
      const type = known.get(ancestor)?.type;
      return type !== undefined && entered.includes(type);
    });
    if (parent === undefined) throw missingField(name, user, [...known.keys()]);
    return { name: parent, path: name.slice(parent.length + 1), field };
  };
  return {
    read(name, user) {
      const { name: read, path, field } = find(name, user, ['Struct', 'Map']);
      const from = field ? { type: field.type, ...fractionDigits(field) } : {};
      const at = whole
        ? { index: 0, path: name }
        : { index: indexOf(read), ...(path !== undefined && { path }) };
      return { at, from, ...(field && { field }) };
    },
    check(name, user) {
      find(name, user, ['Struct', 'Map', 'List']);
    },
    fields: () => [...indexes.keys()],
  };
}

/** `a`, `a.b` of `a.b.c`. */
function ancestors(name: string): string[] {
  const parts = name.split('.');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'));
}

function missingField(name: string, user: Numbered | undefined, known: readonly string[]): TributaryError {
  return new TributaryError('SchemaChanged', `the source has no field '${name}'`, {
    at: user === undefined ? 'the run' : place(user),
    fix: didYouMean(name, known) ?? `it has ${shortList(known)}`,
  });
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `'${name}'`);
  return shown.join(', ') + (names.length > shown.length ? ` and ${names.length - shown.length} more` : '');
}

function fractionDigits(field: SourceField): Pick<ConvertedType, 'fractionDigits'> {
  return field.fractionDigits === undefined ? {} : { fractionDigits: field.fractionDigits };
}

// ---- values ----

interface ValueMaker {
  /** The value of a source field or of the field that an Arithmetic or Merge task makes. */
  of(name: string, user: Numbered): Expression;
  isMasked(name: string): boolean;
  /** The field or a part of it is masked. */
  holdsMasked(name: string): boolean;
  /** Edits of parts of a field; undefined: of the whole record. */
  partsOf(name: string | undefined): PartEdit[];
}

function valueMaker(
  ofType: (...types: Task['taskType'][]) => Numbered[],
  reader: FieldReader,
  options: PlanOptions,
): ValueMaker {
  const makers = new Map<string, Numbered>();
  for (const maker of ofType('Arithmetic', 'Merge')) {
    const name = maker.task.destinationField ?? maker.task.sourceFields.join(',');
    if (makers.has(name))
      throw invalid(
        maker,
        `a second task makes the field '${name}'`,
        'give one of them another destinationField',
      );
    makers.set(name, maker);
  }

  const edited: { name: string; edit: Edit }[] = ofType('Mask', 'Truncate').flatMap((editor) => {
    const edit = editOf(editor, options);
    return editor.task.sourceFields.map((name) => {
      // A misspelt name must not let through what was to be masked.
      if (!makers.has(name)) reader.check(name, editor);
      return { name, edit };
    });
  });
  // What is done to a field is done to its parts as well.
  const editsOf = (name: string) =>
    edited.filter((one) => one.name === name || name.startsWith(`${one.name}.`)).map(({ edit }) => edit);
  const partsOf = (name: string | undefined): PartEdit[] => {
    const prefix = name === undefined ? '' : `${name}.`;
    return edited
      .filter((one) => one.name.startsWith(prefix) && !makers.has(one.name))
      .map((one) => ({ path: one.name.slice(prefix.length), edits: [one.edit] }));
  };

  const make = (name: string, user: Numbered, raw: boolean, within: readonly string[]): Expression => {
    const edits = raw ? [] : editsOf(name);
    const maker = makers.get(name);
    // A task may name its result as one of its operands; that one is then the source's field.
    if (maker === undefined || within.includes(name)) {
      const { at, from } = reader.read(name, user);
      return { kind: 'field', at, from, edits, parts: raw || edits.length > 0 ? [] : partsOf(name) };
    }
    const inner = [...within, name];
    if (maker.task.taskType === 'Merge') {
      const parts = mergeParts(maker).map((part) => part.literal ?? make(part.field, maker, false, inner));
      return { kind: 'merge', parts, edits };
    }
    const operator = arithmeticOperators.find((known) => known === operatorOf(maker.task));
    if (operator === undefined) throw wrongOperator(maker, arithmeticOperators);
    const operands = operandsOf(maker).map((operand) => make(operand, maker, true, inner));
    return { kind: 'arithmetic', operator, operands, type: resultType(operator, operands), edits };
  };

  return {
    of: (name, user) => make(name, user, false, []),
    isMasked: (name) => editsOf(name).some(isMask),
    holdsMasked: (name) =>
      editsOf(name).some(isMask) ||
      partsOf(name).some(({ edits }) => edits !== 'remove' && edits.some(isMask)),
    partsOf,
  };
}

const isMask = ({ kind }: Edit) => kind === 'mask';

function editOf(editor: Numbered, options: PlanOptions): Edit {
  if (editor.task.taskType === 'Truncate')
    return { kind: 'truncate', length: lengthOf(editor, 'TRUNCATE_LENGTH') };
  const operator = maskOperators.find((known) => known === operatorOf(editor.task));
  if (operator === undefined) throw wrongOperator(editor, maskOperators);
  const mask = editor.task.taskProperties?.MASK_VALUE ?? '*';
  const measured =
    operator !== 'MASK_ALL' ||
    (options.fixedMaskLength === true && editor.task.taskProperties?.MASK_LENGTH !== undefined);
  return { kind: 'mask', operator, mask, ...(measured && { length: lengthOf(editor, 'MASK_LENGTH') }) };
}

function lengthOf(editor: Numbered, key: TaskPropertyKey): number {
  const text = editor.task.taskProperties?.[key];
  if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text);
  throw new TributaryError('FlowInvalid', `${editor.task.taskType} needs a length`, {
    at: pathText(['tasks', editor.index, 'taskProperties', key]),
    got: shorten(text),
    expected: 'a number of characters',
  });
}

const placeholder = /\$\{([^}]*)\}/g;

function mergeParts(maker: Numbered): ({ literal: string } | { literal?: never; field: string })[] {
  const { sourceFields, taskProperties } = maker.task;
  const format = taskProperties?.CONCAT_FORMAT;
  if (format === undefined) return sourceFields.map((field) => ({ field }));
  // Splitting by a pattern with one group gives literals at even and the groups at odd positions.
  return format.split(placeholder).map((text, i) => {
    if (i % 2 === 0) return { literal: text };
    if (sourceFields.includes(text)) return { field: text };
    throw new TributaryError('FlowInvalid', `'${text}' is no source field of this Merge task`, {
      at: pathText(['tasks', maker.index, 'taskProperties', 'CONCAT_FORMAT']),
      fix: didYouMean(text, sourceFields) ?? `write one of ${shortList(sourceFields)}`,
    });
  });
}

function operandsOf(maker: Numbered): readonly string[] {
  const { sourceFields, taskProperties } = maker.task;
  const order = taskProperties?.MATH_OPERATION_FIELDS_ORDER;
  const operands = order === undefined ? sourceFields : listOf(order);
  const foreign = operands.find((operand) => !sourceFields.includes(operand));
  if (foreign !== undefined || operands.length < 2) {
    throw new TributaryError('FlowInvalid', 'Arithmetic computes with two or more of its source fields', {
      at: place(maker),
      got: shorten(operands),
    });
  }
  return operands;
}

/**
 * Whole numbers stay whole (Long; BigInteger if one is), but for a quotient. Exact decimals, and text, as CSV files have
 * it, give BigDecimal; doubles give Double.
 */
function resultType(operator: ArithmeticOperator, operands: readonly Expression[]): FieldType {
  const types = operands.map(typeOf);
  if (operator !== 'DIVISION' && types.every(isWhole))
    return types.includes('BigInteger') ? 'BigInteger' : 'Long';
  return types.some((type) => type === 'BigDecimal' || type === 'String') ? 'BigDecimal' : 'Double';
}

/** `undefined`: only the data can tell. */
function typeOf(value: Expression): FieldType | undefined {
  switch (value.kind) {
    case 'field':
      return value.edits.length > 0 ? 'String' : value.from.type;
    case 'arithmetic':
      return value.edits.length > 0 ? 'String' : value.type;
    case 'merge':
      return 'String';
  }
}

// ---- columns ----

interface MadeColumn {
  readonly column: Column;
  readonly field: DestinationField;
}

/** @param removed paths below `source` that its value must not show */
type ColumnMaker = (name: string, source: string, user: Numbered, removed?: readonly string[]) => MadeColumn;

type MapTask = Numbered & { readonly source: string };

const mapColumn = (make: ColumnMaker) => (map: MapTask) => make(destinationName(map), map.source, map);

/**
 * Every field of the source under its own name, in the source's order. A Map beside Map_all decides over its field: its
 * columns stand where the field would have stood, and a field of that name is not mapped besides.
 *
 * @param removed excluded fields, and those that a Map moves elsewhere
 */
function mapAllColumns(
  mapAll: Numbered,
  maps: readonly MapTask[],
  sourceFields: readonly SourceField[],
  removed: ReadonlySet<string>,
  make: ColumnMaker,
): MadeColumn[] {
  const names = new Set(sourceFields.map(({ name }) => name));
  const taken = new Set(maps.map(({ task }) => task.destinationField));
  const below = (name: string) =>
    [...removed].filter((path) => path.startsWith(`${name}.`)).map((path) => path.slice(name.length + 1));
  return [
    ...sourceFields.flatMap(({ name }) => [
      ...maps.filter(({ source }) => source === name).map(mapColumn(make)),
      ...(removed.has(name) || taken.has(name) ? [] : [make(name, name, mapAll, below(name))]),
    ]),
    ...maps.filter(({ source }) => !names.has(source)).map(mapColumn(make)),
  ];
}

function makeColumn(
  name: string,
  source: string,
  user: Numbered,
  removed: readonly string[],
  values: ValueMaker,
  reader: FieldReader,
  options: PlanOptions,
): MadeColumn {
  const properties = user.task.taskType === 'Map' ? user.task.taskProperties : undefined;
  const made = values.of(source, user);
  const value =
    made.kind === 'field' && removed.length > 0 && made.edits.length === 0
      ? { ...made, parts: [...removed.map((path): PartEdit => ({ path, edits: 'remove' })), ...made.parts] }
      : made;
  const field = value.kind === 'field' ? reader.read(source, user).field : undefined;
  const type = typeOf(value) ?? fieldTypeOf(properties?.SOURCE_DATA_TYPE);
  const from: ConvertedType = { type, ...(field && type === 'DateTime' && fractionDigits(field)) };
  const text =
    options.fileType === 'CSV' ||
    (options.fileType === 'PARQUET' && !options.preserveSourceDataTyping) ||
    values.isMasked(source);
  const to: FieldType = text
    ? 'String'
    : (fieldTypeOf(properties?.DESTINATION_DATA_TYPE) ?? type ?? 'String');
  // A value that the source vouches for passes as it is; what is called a String may yet come as a JSON number.
  const vouchedFor = value.kind !== 'field' || field !== undefined || value.edits.length > 0;
  const converted = to !== type || to === 'String' || !vouchedFor;
  return {
    column: { name, value, ...(converted && { convert: { from, to: { type: to, ...digitsOf(from, to) } } }) },
    field: {
      name,
      type: to,
      ...(field?.label !== undefined && { label: field.label }),
      ...(field?.description !== undefined && { description: field.description }),
      ...(field?.precision !== undefined && to === field.type && { precision: field.precision }),
      ...(field?.scale !== undefined && to === field.type && { scale: field.scale }),
      ...digitsOf(from, to),
    },
  };
}

function digitsOf(from: ConvertedType, to: FieldType): Pick<DestinationField, 'fractionDigits'> {
  return to === 'DateTime' && from.fractionDigits !== undefined
    ? { fractionDigits: from.fractionDigits }
    : {};
}

function wholeColumn(
  edits: readonly PartEdit[],
  removed: ReadonlySet<string>,
  set: readonly MadeColumn[],
): MadeColumn {
  const parts = [...[...removed].map((path): PartEdit => ({ path, edits: 'remove' })), ...edits];
  const value: WholeRecord = { kind: 'record', parts, set: set.map(({ column }) => column) };
  return { column: { name: wholeRecord, value }, field: { name: wholeRecord, type: 'Struct' } };
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

// ---- reading tasks ----

function onlySourceField(numbered: Numbered): string {
  const [field, second] = numbered.task.sourceFields;
  if (field === undefined || second !== undefined)
    throw invalid(numbered, 'it needs exactly one source field');
  return field;
}

function destinationName(map: Numbered): string {
  const name = map.task.destinationField;
  if (name === undefined) throw invalid(map, 'it needs a destinationField');
  return name;
}

/** A JSON array of strings, or a comma list. */
function listOf(text: string): string[] {
  if (text.trimStart().startsWith('[')) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list)) return list.map(String);
    } catch {
      // No JSON after all: a comma list whose first name begins with a bracket.
    }
  }
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new TributaryError('FlowInvalid', `two tasks map to the destination field '${twice}'`, {
      fix: 'give one of them another destinationField',
    });
  }
}

function place({ index, task }: Numbered): string {
  return `${pathText(['tasks', index])} (${task.taskType})`;
}

function invalid(numbered: Numbered, summary: string, fix?: string): TributaryError {
  return new TributaryError('FlowInvalid', summary, {
    at: place(numbered),
    ...(fix !== undefined && { fix }),
  });
}

function wrongOperator(numbered: Numbered, expected: readonly string[]): TributaryError {
  return new TributaryError(
    'FlowInvalid',
    `${operatorOf(numbered.task)} is no operator of ${numbered.task.taskType} tasks`,
    {
      at: pathText(['tasks', numbered.index, 'connectorOperator']),
      expected: `one of ${expected.join(', ')}`,
    },
  );
}
