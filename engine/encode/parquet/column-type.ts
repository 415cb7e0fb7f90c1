import { decimalDigits } from '../../../core/hive-type.ts';
import type { DestinationField, Value } from '../../../core/records.ts';
import { cellType } from '../../block.ts';
import { epochDay, epochTime } from '../../dates.ts';
import {
  asBigInteger,
  asBoolean,
  asBytes,
  asDecimal,
  asInteger,
  asJson,
  asJsonDocument,
  asLong,
  asNumber,
  asShort,
  asString,
  RefusedValue,
} from '../value-checks.ts';
import { binaryValues, stringValues } from './byte-arrays.ts';
import { type Column, column, type Storage } from './column.ts';
import type { ColumnMemory } from './column-memory.ts';
import type { Codec } from './compression.ts';
import { unscaled } from './decimal.ts';
import { type LeafColumn, leafColumn, type MaxLevels } from './leaf-column.ts';
import { binary, bool, i32, struct, type ThriftValue } from './thrift.ts';
import {
  booleanValues,
  decimalBytes,
  decimalValues,
  doubleValues,
  floatValues,
  int32Values,
  int64Values,
} from './values.ts';

/** How a field is stored in Parquet. */
export interface ColumnType {
  /** The field's SchemaElement of the footer; behind it those of the parts of a nested field. */
  readonly schema: readonly ThriftValue[];
  /** Where the values are: in the field itself, or in the parts of a nested one. In the order of the column's chunks. */
  readonly leaves: readonly Leaf[];
  newColumn(codec: Codec, memory: ColumnMemory): Column;
}

export interface Leaf {
  /** Names in the schema, from the field's on. */
  readonly path: readonly string[];
  /** Parquet's physical Type. */
  readonly physical: number;
}

/** How values that have no parts are stored. */
export interface LeafType {
  readonly physical: number;
  /** @param repetition Parquet's FieldRepetitionType */
  schemaElement(name: string, repetition: number): ThriftValue;
  newColumn(codec: Codec, memory: ColumnMemory): Column;
  newLeafColumn(levels: MaxLevels, codec: Codec, memory: ColumnMemory): LeafColumn;
}

/** Parquet's FieldRepetitionType. */
export const repetitions = { required: 0, optional: 1, repeated: 2 } as const;

/** Physical and logical types as of https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const physical = {
  boolean: 0,
  int32: 1,
  int64: 2,
  float: 4,
  double: 5,
  byteArray: 6,
  fixedLength: 7,
} as const;

interface StorageType<T> extends Storage<T> {
  readonly physical: number;
  /** Further fields of the SchemaElement: 2 type length, 6 converted type, 7 scale, 8 precision, 10 logical type. */
  readonly annotation?: Readonly<Record<number, ThriftValue>>;
}

function text(convert: (value: Value, field: DestinationField) => string): StorageType<string> {
  const annotation = { 6: i32(0), 10: struct({ 1: struct({}) }) };
  return { physical: physical.byteArray, annotation, convert, newValues: stringValues };
}

const strings: StorageType<string> = {
  ...text(asString),
  cells: { type: cellType.text },
};

/** Digits, of numbers too. */
function spelled(
  convert: (value: Value, field: DestinationField) => string,
  type: number,
): StorageType<string> {
  return { ...text(convert), cells: { type, limit: 2 ** 53 } };
}

function decimal(
  precision: number,
  scale: number,
  digits: (value: Value, field: DestinationField) => string,
  type: number,
): StorageType<bigint> {
  return {
    physical: physical.fixedLength,
    annotation: {
      2: i32(decimalBytes),
      6: i32(5),
      7: i32(scale),
      8: i32(precision),
      10: struct({ 5: struct({ 1: i32(scale), 2: i32(precision) }) }),
    },
    convert(value, field) {
      const integer = unscaled(digits(value, field), precision, scale);
      if (integer !== undefined) return integer;
      throw new RefusedValue(
        field,
        value,
        `a number of ${precision} digits, ${scale} of them fraction digits, at most`,
      );
    },
    newValues: decimalValues,
    cells: { type, limit: 64 * precision + scale },
  };
}

function timestamp(fractionDigits: 3 | 6): StorageType<number | bigint> {
  const micros = fractionDigits === 6;
  const unit = struct({ [micros ? 2 : 1]: struct({}) });
  return {
    physical: physical.int64,
    annotation: { 6: i32(micros ? 10 : 9), 10: struct({ 8: struct({ 1: bool(true), 2: unit }) }) },
    convert(value, field) {
      const time = epochTime(asString(value, field), micros ? 1_000_000 : 1000);
      if (time !== undefined) return time;
      throw new RefusedValue(field, value, 'an ISO 8601 date and time with Z or an offset');
    },
    cells: { type: micros ? cellType.microTime : cellType.time },
    newValues: int64Values,
  };
}

const date: StorageType<number> = {
  physical: physical.int32,
  annotation: { 6: i32(6), 10: struct({ 6: struct({}) }) },
  convert(value, field) {
    const day = epochDay(asString(value, field));
    if (day !== undefined) return day;
    throw new RefusedValue(field, value, 'a date as YYYY-MM-DD');
  },
  cells: { type: cellType.date },
  newValues: int32Values,
};

const float: StorageType<number> = {
  physical: physical.float,
  convert(value, field) {
    const number = asNumber(value, field);
    const single = Math.fround(number);
    if (Number.isFinite(single) || !Number.isFinite(number)) return single;
    throw new RefusedValue(field, value, 'a number of single precision, up to 3.4028235e38');
  },
  cells: { type: cellType.single },
  newValues: floatValues,
};

const base64 = /^[\w+/-]*={0,2}$/;

const bytes: StorageType<Uint8Array> = {
  physical: physical.byteArray,
  convert(value, field) {
    const content = asBytes(value, field);
    if (typeof content !== 'string') return content;
    if (base64.test(content)) return Buffer.from(content, 'base64');
    throw new RefusedValue(field, value, 'bytes or a base64 string');
  },
  newValues: binaryValues,
};

const booleans: StorageType<boolean> = {
  physical: physical.boolean,
  convert: asBoolean,
  cells: { type: cellType.boolean },
  newValues: booleanValues,
};

const int32 = (convert: StorageType<number>['convert'], limit: number): StorageType<number> => ({
  physical: physical.int32,
  convert,
  cells: { type: cellType.integer, limit },
  newValues: int32Values,
});

const int64: StorageType<number | bigint> = {
  physical: physical.int64,
  convert: asLong,
  cells: { type: cellType.integer, limit: 2 ** 53 },
  newValues: int64Values,
};

const double: StorageType<number> = {
  physical: physical.double,
  convert: asNumber,
  cells: { type: cellType.real },
  newValues: doubleValues,
};

/**
 * String, Time: UTF8 text. Struct, List, Map: JSON text (`nestedType` has those with inner types). Short, Integer: INT32. Long: INT64. Float, Double, Boolean,
 * ByteArray: as they are. Date: DATE. DateTime: TIMESTAMP in UTC, of milliseconds, or of microseconds where the field
 * declares six fraction digits; further digits are cut off.
 *
 * BigDecimal: DECIMAL of the declared precision and scale (38 digits at most). BigInteger: DECIMAL of the declared
 * precision. Without a declaration their digits are UTF8 text: any scale that we chose would round or refuse values.
 */
export function columnType(field: DestinationField): ColumnType {
  const { physical, schemaElement, newColumn } = leafType(field);
  return {
    schema: [schemaElement(field.name, repetitions.optional)],
    leaves: [{ path: [field.name], physical }],
    newColumn,
  };
}

/** @param field whose name stands in messages */
export function leafType(field: DestinationField): LeafType {
  const digits = decimalDigits(field);
  const integerText = (value: Value): string => String(asBigInteger(value, field));
  switch (field.type) {
    case 'String':
    case 'Time':
      return typeOf(field, strings);
    case 'Boolean':
      return typeOf(field, booleans);
    case 'Short':
      return typeOf(field, int32(asShort, 2 ** 15));
    case 'Integer':
      return typeOf(field, int32(asInteger, 2 ** 31));
    case 'Long':
      return typeOf(field, int64);
    case 'BigInteger':
      return digits
        ? typeOf(field, decimal(digits.precision, 0, integerText, cellType.none))
        : typeOf(field, spelled(integerText, cellType.spelledInteger));
    case 'Float':
      return typeOf(field, float);
    case 'Double':
      return typeOf(field, double);
    case 'BigDecimal':
      return digits
        ? typeOf(field, decimal(digits.precision, digits.scale, asDecimal, cellType.decimal))
        : typeOf(field, spelled(asDecimal, cellType.spelledDecimal));
    case 'Date':
      return typeOf(field, date);
    case 'DateTime':
      return typeOf(field, timestamp(field.fractionDigits ?? 3));
    case 'ByteArray':
      return typeOf(field, bytes);
    case 'Struct':
      return typeOf(field, text(asJsonDocument));
    case 'List':
    case 'Map':
      return typeOf(field, text(asJson));
  }
}

function typeOf<T>(field: DestinationField, storage: StorageType<T>): LeafType {
  return {
    physical: storage.physical,
    schemaElement: (name, repetition) =>
      struct({ 1: i32(storage.physical), 3: i32(repetition), 4: binary(name), ...storage.annotation }),
    newColumn: (codec, memory) => column(storage, field, codec, memory),
    newLeafColumn: (levels, codec, memory) => leafColumn(storage, field, levels, codec, memory),
  };
}
