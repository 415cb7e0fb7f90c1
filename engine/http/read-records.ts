import { isSafeNumber, parse, stringify } from 'lossless-json';
import type { Entity } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import type { Field } from '../../core/connector/fields.ts';
import { own } from '../../core/connector/own.ts';
import { TributaryError } from '../../core/errors.ts';
import { compilePath, isStruct } from '../../core/record-path.ts';
import { type Row, type Value, wholeRecord } from '../../core/records.ts';
import { readDay, readMoment, readTime } from './moments.ts';

/**
 * JSON text with exact numbers: integers beyond 2^53 become bigint. With `exactDecimals`, decimals that a double would
 * change become strings of their digits.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string, exactDecimals: boolean): unknown {
  // The exact parser is many times slower, and needed only where a double's 15 safe digits may not do.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return parse(text, undefined, {
    parseNumber: (digits) => {
      const number = Number(digits);
      if (/^-?\d+$/.test(digits)) return Number.isSafeInteger(number) ? number : BigInt(digits);
      return exactDecimals && !isSafeNumber(digits) ? digits : number;
    },
  });
}

export function needsExactDecimals(entity: Entity): boolean {
  return Object.values(entity.fields).some((field) => field.type === 'BigDecimal');
}

/**
 * Compiles the read set: a function from a vendor's record to the row of its values. A name is a declared field, a dotted
 * path into a declared Struct, or `*` for an object of all declared fields.
 *
 * @throws SchemaChanged for any other name
 */
export function compileRow(
  entity: Entity,
  names: readonly string[],
  at: string,
): (record: object, holes?: Holes) => Row {
  const readers = names.map((name) => readerOf(entity, name, at));
  return (record, holes = {}) => readers.map((read) => read(record, holes));
}

/** What stands in the holes of the list's path: fields may take it. */
type Holes = Readonly<Record<string, string>>;
type Reader = (record: object, holes: Holes) => Value;

function readerOf(entity: Entity, name: string, at: string): Reader {
  if (name === wholeRecord) {
    const readers = Object.entries(entity.fields).map(
      ([key, field]) => [key, fieldReader(key, field, entity)] as const,
    );
    return (record, holes) => Object.fromEntries(readers.map(([key, read]) => [key, read(record, holes)]));
  }
  const field = own(entity.fields, name);
  if (field) return fieldReader(name, field, entity);
  // A request parameter that a filter names is no data.
  if (own(entity.parameters, name)) return () => null;
  const [head = '', ...rest] = name.split('.');
  const struct = own(entity.fields, head);
  if (!struct || rest.length === 0) {
    throw new TributaryError('SchemaChanged', `there is no field '${name}'`, {
      at,
      expected: `one of ${Object.keys(entity.fields).join(', ')}`,
    });
  }
  const read = fieldReader(head, struct, entity);
  const inner = compilePath(rest.join('.'));
  return (record, holes) => {
    const value = read(record, holes);
    return isStruct(value) ? inner(value) : null;
  };
}

function fieldReader(name: string, field: Field, entity: Entity): Reader {
  const { textValues } = entity;
  const { hole, parts } = field;
  if (parts) return partsReader(parts, entity);
  const valueAt = compileFieldPath(field.at ?? name);
  const decode = decoderOf(field);
  const ofText = textValues || hole !== undefined ? textDecoderOf(field) : (value: unknown) => value;
  return (record, holes) => {
    const value = ofText(hole === undefined ? valueAt(record) : holes[hole]);
    return value === null || value === undefined ? null : (decode(value) as Value);
  };
}

function partsReader(parts: Readonly<Record<string, string>>, entity: Entity): Reader {
  const readers = Object.entries(parts).map(([member, name]) => {
    const read = fieldReader(name, entity.fields[name] ?? { type: 'String' }, entity);
    return [member, read] as const;
  });
  return (record, holes) => {
    const members = readers.map(([member, read]) => [member, read(record, holes)] as const);
    return members.every(([, value]) => value === null) ? null : Object.fromEntries(members);
  };
}

/** For vendors that write every value as text. Text that is no value of the type is handed on as it is. */
function textDecoderOf({ type }: Field): (value: unknown) => unknown {
  const isWhole = type === 'Short' || type === 'Integer' || type === 'Long' || type === 'BigInteger';
  return (value) => {
    if (value === '' && type !== 'String') return null;
    if (typeof value !== 'string') return value;
    if (type === 'Boolean') return value === 'true' ? true : value === 'false' ? false : value;
    if ((type === 'Struct' || type === 'List' || type === 'Map') && /^[{[]/.test(value)) return jsonOr(value);
    if (isWhole && /^-?\d+$/.test(value)) {
      return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value);
    }
    const isNumber = (type === 'Double' || type === 'Float') && Number.isFinite(Number(value));
    return isNumber ? Number(value) : value;
  };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Values of another type than declared are handed on as they are: the engine rejects the record and says why. */
export function decoderOf(field: Pick<Field, 'type' | 'format'>): (value: unknown) => unknown {
  switch (field.type) {
    case 'String':
      return (value) =>
        typeof value === 'string' ? value : typeof value === 'object' ? stringify(value) : String(value);
    case 'DateTime': {
      const format = field.format ?? 'iso8601';
      return (value) => readMoment(value, format);
    }
    case 'Date': {
      const { format } = field;
      return format === undefined ? (value) => value : (value) => readDay(value, format);
    }
    case 'Time':
      return field.format === 'odataV2'
        ? readTime
        : (value) => (typeof value === 'string' ? value.replace(/Z$/, '') : value);
    case 'Double':
    case 'Float':
      return (value) => (typeof value === 'bigint' ? Number(value) : value);
    default:
      return (value) => value;
  }
}
