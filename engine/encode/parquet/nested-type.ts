/**
 * Structs, lists and maps as Parquet has them: groups in the schema, and each part that holds values a column of its own,
 * with levels that tell where lists begin and what is missing (https://parquet.apache.org/docs/file-format/nestedencoding/).
 * The groups are those of https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#nested-types.
 */

import { compilePath, isStruct } from '../../../core/record-path.ts';
import type { DestinationField, Value } from '../../../core/records.ts';
import { cellType } from '../../block.ts';
import { RefusedValue } from '../value-checks.ts';
import { appendEach, mostOfEach, refuseOthers } from './block-values.ts';
import type { Column } from './column.ts';
import type { ColumnMemory } from './column-memory.ts';
import { type ColumnType, type Leaf, leafType, repetitions } from './column-type.ts';
import type { Codec } from './compression.ts';
import type { LeafColumn, MaxLevels } from './leaf-column.ts';
import { binary, i32, struct, type ThriftValue } from './thrift.ts';

/** A field, or a part of one. */
interface Part {
  readonly schema: readonly ThriftValue[];
  readonly leaves: readonly Leaf[];
  newColumns(codec: Codec, memory: ColumnMemory): PartColumns;
}

interface PartColumns {
  /** Of the leaves, in their order. */
  readonly columns: readonly LeafColumn[];
  /**
   * Puts an entry into each of the columns, or several where the value holds lists.
   *
   * @param value null if it, or what it would be a part of, is missing
   * @param definition levels of the way to the value that are there
   * @throws RefusedValue
   */
  stage(value: Value, repetition: number, definition: number): void;
}

interface Place {
  /** The field that it is a part of, for messages. */
  readonly field: DestinationField;
  /** As people write it: `orders[].price`. */
  readonly text: string;
  /** In the schema. */
  readonly path: readonly string[];
  /** Levels of the groups above. */
  readonly above: MaxLevels;
}

/** @param field with inner fields */
export function nestedType(field: DestinationField): ColumnType {
  const { name } = field;
  const top = { field, text: name, path: [name], above: { repetition: 0, definition: 0 } };
  const { schema, leaves, newColumns } = partOf(field, top);
  return { schema, leaves, newColumn: (codec, memory) => nestedColumn(newColumns(codec, memory)) };
}

function nestedColumn({ columns, stage }: PartColumns): Column {
  const clear = (): void => {
    for (const column of columns) column.clear();
  };
  const self: Column = {
    stage(value) {
      clear();
      stage(value, 0, 0);
    },
    stagedSize() {
      const size = columns.reduce((sum, column) => sum + column.stagedSize(), 0);
      // Who asks for it pushes nothing: what may be a long list is not kept.
      clear();
      return size;
    },
    push: () => columns.reduce((sum, column) => sum + column.push(), 0),
    prepare(block, index) {
      refuseOthers(self, block, index, cellType.none, 0);
      clear();
    },
    most: (block, index, positions, count) => mostOfEach(self, block, index, positions, count),
    appendBlock: (block, index, positions, count) => appendEach(self, block, index, positions, count),
    finish: () => columns.map((column) => column.finish()),
  };
  return self;
}

function partOf(field: DestinationField, place: Place): Part {
  const { type, inner } = field;
  if (!inner) return leafPart(field, place, repetitions.optional);
  switch (type) {
    case 'List':
      return listPart(field, inner, place);
    case 'Map':
      return mapPart(field, inner, place);
    default:
      return structPart(field, inner, place);
  }
}

function leafPart({ name, ...field }: DestinationField, place: Place, repetition: number): Part {
  const { path, above } = place;
  const type = leafType({ ...field, name: place.field.name });
  const isOptional = repetition === repetitions.optional;
  const max = { ...above, definition: above.definition + (isOptional ? 1 : 0) };
  return {
    schema: [type.schemaElement(name, repetition)],
    leaves: [{ path, physical: type.physical }],
    newColumns(codec, memory) {
      const column = type.newLeafColumn(max, codec, memory);
      return {
        columns: [column],
        stage(value, at, definition) {
          if (value === null) return column.stageMissing(at, definition);
          try {
            column.stage(value, at);
          } catch (error) {
            throw error instanceof RefusedValue ? refused(value, error.expected, place) : error;
          }
        },
      };
    },
  };
}

function structPart({ name }: DestinationField, members: readonly DestinationField[], place: Place): Part {
  const above = { ...place.above, definition: place.above.definition + 1 };
  const parts = members.map((member) => {
    const text = `${place.text}.${member.name}`;
    const part = partOf(member, { ...place, text, path: [...place.path, member.name], above });
    return { part, read: compilePath(member.name) };
  });
  return {
    schema: [group(name, repetitions.optional, members.length), ...parts.flatMap(({ part }) => part.schema)],
    leaves: parts.flatMap(({ part }) => part.leaves),
    newColumns(codec, memory) {
      const begun = parts.map(({ part, read }) => ({ ...part.newColumns(codec, memory), read }));
      return {
        columns: begun.flatMap(({ columns }) => columns),
        stage(value, repetition, definition) {
          if (value === null) for (const { stage } of begun) stage(null, repetition, definition);
          else if (!isStruct(value)) throw refused(value, 'an object', place);
          else for (const { stage, read } of begun) stage(read(value), repetition, definition + 1);
        },
      };
    },
  };
}

function listPart({ name }: DestinationField, inner: readonly DestinationField[], place: Place): Part {
  return repeatedPart(place, {
    schema: [
      group(name, repetitions.optional, 1, { 6: i32(3), 10: struct({ 3: struct({}) }) }),
      group('list', repetitions.repeated, 1),
    ],
    parts: inner.map((element) => partOf(element, itemPlace(place, 'list', element.name, '[]'))),
    valuesOf(value) {
      if (Array.isArray(value)) return [value];
      throw refused(value, 'a list', place);
    },
  });
}

function mapPart({ name }: DestinationField, inner: readonly DestinationField[], place: Place): Part {
  const key: DestinationField = { name: 'key', type: 'String' };
  return repeatedPart(place, {
    schema: [
      group(name, repetitions.optional, 1, { 6: i32(1), 10: struct({ 2: struct({}) }) }),
      group('key_value', repetitions.repeated, 2),
    ],
    parts: [
      leafPart(key, itemPlace(place, 'key_value', key.name, ''), repetitions.required),
      ...inner.map((value) => partOf(value, itemPlace(place, 'key_value', value.name, '.*'))),
    ],
    valuesOf(value) {
      if (isStruct(value)) return [Object.keys(value), Object.values(value) as Value[]];
      throw refused(value, 'an object', place);
    },
  });
}

/** A place within the repeated group of a list or a map. */
function itemPlace(place: Place, groupName: string, name: string, sign: string): Place {
  const { repetition, definition } = place.above;
  return {
    field: place.field,
    text: `${place.text}${sign}`,
    path: [...place.path, groupName, name],
    // The field's own group is optional, the one within it repeated: a level more each.
    above: { repetition: repetition + 1, definition: definition + 2 },
  };
}

interface RepeatedGroup {
  /** Of the field's group and the repeated one within it. */
  readonly schema: readonly ThriftValue[];
  readonly parts: readonly Part[];
  /** For each part its values, one for each item. @throws RefusedValue */
  valuesOf(value: Exclude<Value, null>): readonly (readonly Value[])[];
}

function repeatedPart({ above }: Place, { schema, parts, valuesOf }: RepeatedGroup): Part {
  return {
    schema: [...schema, ...parts.flatMap((part) => part.schema)],
    leaves: parts.flatMap(({ leaves }) => leaves),
    newColumns(codec, memory) {
      const begun = parts.map((part) => part.newColumns(codec, memory));
      return {
        columns: begun.flatMap(({ columns }) => columns),
        stage(value, repetition, definition) {
          const values = value === null ? [] : valuesOf(value);
          let index = 0;
          for (const { stage } of begun) {
            const items = values[index++] ?? [];
            if (items.length === 0) stage(null, repetition, value === null ? definition : definition + 1);
            let again = repetition;
            for (const item of items) {
              stage(item, again, definition + 2);
              again = above.repetition + 1;
            }
          }
        },
      };
    },
  };
}

function group(
  name: string,
  repetition: number,
  children: number,
  annotation: Readonly<Record<number, ThriftValue>> = {},
): ThriftValue {
  return struct({ 3: i32(repetition), 4: binary(name), 5: i32(children), ...annotation });
}

/** As it stands in messages: no part has a name that the flow's tasks know. */
function refused(value: Value, expected: string, { field, text }: Place): RefusedValue {
  return new RefusedValue(field, value, `${expected} in ${text}`);
}
