import type { FieldType } from '../../core/records.ts';

/**
 * The names that applications, databases and AppFlow itself give their types, lower case, by our type.
 * Applications' `currency` and `percent` arrive as JSON numbers (Salesforce: double), so they are Double; a database's
 * `decimal` is exact, so it is BigDecimal.
 */
const names: Readonly<Record<FieldType, string>> = {
  String:
    'string|text|textarea|varchar|character varying|nvarchar|char|character|bpchar|nchar|clob|longtext|mediumtext|tinytext|' +
    'id|reference|guid|uuid|picklist|multipicklist|combobox|enum|email|phone|url|uri|html|richtext|encryptedstring|' +
    'edm.string|edm.guid',
  Boolean: 'boolean|bool|bit|checkbox|edm.boolean',
  Short: 'short|smallint|int2|int16|tinyint|byte|edm.int16|edm.byte|edm.sbyte',
  Integer: 'integer|int|int4|int32|mediumint|edm.int32',
  Long: 'long|bigint|int8|int64|edm.int64',
  BigInteger: 'biginteger',
  Float: 'float|real|float4|edm.single',
  Double: 'double|double precision|float8|number|currency|percent|edm.double',
  BigDecimal: 'bigdecimal|decimal|numeric|money|edm.decimal',
  Date: 'date|edm.date',
  DateTime:
    'datetime|date-time|timestamp|timestamptz|timestamp with time zone|timestamp without time zone|' +
    'edm.datetime|edm.datetimeoffset',
  Time: 'time|timetz|time with time zone|time without time zone|edm.time|edm.timeofday',
  ByteArray: 'bytearray|bytes|binary|varbinary|blob|bytea|base64|edm.binary',
  Struct: 'struct|object|json|jsonb|address|location|complexvalue',
  List: 'list|array',
  Map: 'map',
};

const types: ReadonlyMap<string, FieldType> = new Map(
  (Object.keys(names) as FieldType[]).flatMap((type) =>
    names[type].split('|').map((name): [string, FieldType] => [name, type]),
  ),
);

/**
 * The type that a DATA_TYPE, SOURCE_DATA_TYPE or DESTINATION_DATA_TYPE names, in any case; a length or precision in
 * parentheses is ignored. `undefined` for names that we do not know: AppFlow takes any text there.
 */
export function fieldTypeOf(name: string | undefined): FieldType | undefined {
  return name === undefined
    ? undefined
    : types.get(
        name
          .replace(/\s*\(.*\)/, '')
          .trim()
          .toLowerCase(),
      );
}

export function isNumeric(type: FieldType | undefined): boolean {
  return type !== undefined && numericTypes.has(type);
}

export function isWhole(type: FieldType | undefined): boolean {
  return type !== undefined && wholeTypes.has(type);
}

const wholeTypes: ReadonlySet<FieldType> = new Set<FieldType>(['Short', 'Integer', 'Long', 'BigInteger']);
const numericTypes: ReadonlySet<FieldType> = new Set<FieldType>([
  ...wholeTypes,
  'Float',
  'Double',
  'BigDecimal',
]);
