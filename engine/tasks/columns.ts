/** Columns of the output: what Map, Map_all and Passthrough make of fields, with the destination's types. */

import { own } from '../../core/connector/own.ts';
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
  const to: FieldType = text
    ? 'String'
    : (own(options.destinationTypes, name) ??
      fieldTypeOf(properties?.DESTINATION_DATA_TYPE) ??
      type ??
      'String');
  // A value that the source vouches for passes as it is; what is called a String may yet come as a JSON number.
  const vouchedFor = value.kind !== 'field' || field !== undefined || value.edits.length > 0;
  const converted = to !== type || to === 'String' || !vouchedFor;
  return {
    column: { name, value, ...(converted && { convert: { from, to: { type: to, ...digitsOf(from, to) } } }) },
    field: {
      name,
      type: to,
      // The catalog shows where a column comes from: the source's label, which is the field's name by default.
      ...(field && (field.label ?? source) !== name && { label: field.label ?? source }),
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

export function wholeColumn(
  edits: readonly PartEdit[],
  removed: ReadonlySet<string>,
  set: readonly MadeColumn[],
): MadeColumn {
  const parts = [...[...removed].map((path): PartEdit => ({ path, edits: 'remove' })), ...edits];
  const value: WholeRecord = { kind: 'record', parts, set: set.map(({ column }) => column) };
  return { column: { name: wholeRecord, value }, field: { name: wholeRecord, type: 'Struct' } };
}
