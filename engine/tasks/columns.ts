/** Columns of the output: what Map, Map_all and Passthrough make of fields, with the destination's types. */

import { own } from '../../core/connector/own.ts';
import { TributaryError } from '../../core/errors.ts';
import { pathText } from '../../core/flow/finding.ts';
import { parseNestedType } from '../../core/hive-type.ts';
import { type DestinationField, type FieldType, type SourceField, wholeRecord } from '../../core/records.ts';
import type { ConvertedType } from './convert.ts';
import type { PartEdit } from './edit.ts';
import { type FieldReader, fractionDigits } from './field-reader.ts';
import { fieldTypeOf } from './field-type.ts';
import { typeOf, type ValueMaker } from './field-value.ts';
import { destinationName, type Numbered } from './numbered-task.ts';
import type { Column, PlanOptions, WholeRecord } from './task-plan.ts';

interface MadeColumn {
  readonly column: Column;
  readonly field: DestinationField;
}

/** @param removed paths below `source` that its value must not show */
export type ColumnMaker = (
  name: string,
  source: string,
  user: Numbered,
  removed?: readonly string[],
) => MadeColumn;

type MapTask = Numbered & { readonly source: string };

export const mapColumn = (make: ColumnMaker) => (map: MapTask) => make(destinationName(map), map.source, map);

/**
 * Every field of the source under its own name, in the source's order. A Map beside Map_all decides over its field: its
 * columns stand where the field would have stood, and a field of that name is not mapped besides.
 *
 * @param removed excluded fields, and those that a Map moves elsewhere
 */
export function mapAllColumns(
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

export function makeColumn(
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
  const named = properties?.DESTINATION_DATA_TYPE;
  const nested = nestedField(name, text, named, options);
  const to: FieldType = text
    ? 'String'
    : (nested?.type ?? own(options.destinationTypes, name) ?? fieldTypeOf(named) ?? type ?? 'String');
  // A value that the source vouches for passes as it is; what is called a String may yet come as a JSON number.
  const vouchedFor = value.kind !== 'field' || field !== undefined || value.edits.length > 0;
  const converted = to !== type || to === 'String' || !vouchedFor || nested !== undefined;
  const inner = nested?.inner && { inner: nested.inner };
  return {
    column: {
      name,
      value,
      ...(converted && { convert: { from, to: { type: to, ...digitsOf(from, to), ...inner } } }),
    },
    field: {
      name,
      type: to,
      // The catalog shows where a column comes from: the source's label, which is the field's name by default.
      ...(field && (field.label ?? source) !== name && { label: field.label ?? source }),
      ...(field?.description !== undefined && { description: field.description }),
      ...(field?.precision !== undefined && to === field.type && { precision: field.precision }),
      ...(field?.scale !== undefined && to === field.type && { scale: field.scale }),
      ...digitsOf(from, to),
      ...inner,
    },
  };
}

/** @throws TributaryError FlowInvalid if the flow says two things of the field */
function nestedField(
  name: string,
  isText: boolean,
  dataType: string | undefined,
  { nestedTypes }: PlanOptions,
): DestinationField | undefined {
  const stated = own(nestedTypes, name);
  if (stated === undefined) return undefined;
  const field = parseNestedType(name, stated);
  // Typed files hold nothing else as text.
  if (isText) throw notNested(name, 'a masked field is text', 'remove the type, or the Mask task');
  if (dataType !== undefined && fieldTypeOf(dataType) !== field.type) {
    const problem = `its Map task says DESTINATION_DATA_TYPE ${dataType}`;
    throw notNested(name, problem, 'remove one of the two');
  }
  return field;
}

/** `tributary.nestedTypes` names a field that cannot have such a type. */
export function notNested(name: string, problem: string, fix: string): TributaryError {
  return new TributaryError('FlowInvalid', problem, {
    at: pathText(['tributary', 'nestedTypes', name]),
    fix,
  });
}

function digitsOf(from: ConvertedType, to: FieldType): Pick<DestinationField, 'fractionDigits'> {
  return to === 'DateTime' && from.fractionDigits !== undefined
    ? { fractionDigits: from.fractionDigits }
    : {};
}

export function wholeColumn(
  edits: readonly PartEdit[],
  removed: ReadonlySet<string>,
  set: readonly MadeColumn[],
): MadeColumn {
  const parts = [...[...removed].map((path): PartEdit => ({ path, edits: 'remove' })), ...edits];
  const value: WholeRecord = { kind: 'record', parts, set: set.map(({ column }) => column) };
  return { column: { name: wholeRecord, value }, field: { name: wholeRecord, type: 'Struct' } };
}
