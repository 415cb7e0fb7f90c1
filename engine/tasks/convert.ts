/** Values from one type to another, and to text: what a Map task's DESTINATION_DATA_TYPE and the file types ask for. */

import { isInteger, parse } from 'lossless-json';
import { isStruct } from '../../core/record-path.ts';
import type { FieldType, Value } from '../../core/records.ts';
import { jsonText } from '../encode/value-checks.ts';
import { dateText, dateTimeText, timeText } from './date-time.ts';
import { decimalOf, decimalText, isDecimalText, wholeOf } from './decimal.ts';

/** A type, with the fraction digits of a DateTime. */
export interface ConvertedType {
  readonly type?: FieldType | undefined;
  readonly fractionDigits?: 3 | 6 | undefined;
}

/** `undefined` for a value that cannot be converted. */
export type Converter = (value: Value) => Value | undefined;

/**
 * Text of any value, `null` for null: numbers as plain decimals without an exponent, bytes as base64, objects and
 * lists as JSON.
 */
export function valueText(value: Value): string | null {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return numberText(value);
    case 'object':
      if (value === null) return null;
      return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : jsonText(value);
    default:
      return String(value);
  }
}

/**
 * {@link valueText} of a value of a known type: a DateTime is brought to UTC with milliseconds, or microseconds; a Struct
 * is JSON also where it is but a text.
 */
export function textOf(from: ConvertedType): (value: Value) => string | null {
  if (from.type === 'Struct')
    return (value) => (typeof value === 'string' ? JSON.stringify(value) : valueText(value));
  if (from.type !== 'DateTime') return valueText;
  const { fractionDigits = 3 } = from;
  return (value) => (value === null ? null : (dateTimeText(value, fractionDigits) ?? valueText(value)));
}

function numberText(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  const decimal = decimalOf(value);
  return decimal === undefined ? text : decimalText(decimal);
}

/**
 * The conversion to `to`. Null stays null, and so does empty text unless text is asked for. What the type cannot hold
 * exactly is not converted: 3.5 is no Integer, 40000 no Short, `2026-02-30` no Date. Numbers stand for epoch
 * milliseconds where a date or time is asked for, 0 and 1 for booleans and the reverse, base64 text for bytes.
 */
export function converter(from: ConvertedType, to: ConvertedType & { readonly type: FieldType }): Converter {
  if (to.type === 'String') return textOf(from);
  const convert = converters[to.type];
  const { fractionDigits } = to;
  return (value) => (value === null || value === '' ? null : convert(value, fractionDigits));
}

type Present = Exclude<Value, null>;

const converters: Readonly<
  Record<Exclude<FieldType, 'String'>, (value: Present, fractionDigits?: 3 | 6) => Value | undefined>
> = {
  Boolean: booleanOf,
  Short: (value) => wholeBelow(value, 2 ** 15),
  Integer: (value) => wholeBelow(value, 2 ** 31),
  Long: (value) => wholeBelow(value, 2 ** 63),
  BigInteger: (value) => wholeBelow(value, Number.POSITIVE_INFINITY),
  Float: doubleOf,
  Double: doubleOf,
  BigDecimal: (value) => {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (typeof value === 'string' && plainDecimal.test(value)) return value;
    const decimal = decimalOf(numberLike(value));
    return decimal && decimalText(decimal);
  },
  Date: dateText,
  DateTime: dateTimeText,
  Time: timeText,
  ByteArray: (value) => {
    if (value instanceof Uint8Array) return value;
    return typeof value === 'string' && base64Pattern.test(value) ? Buffer.from(value, 'base64') : undefined;
  },
  Struct: (value) => parsed(value, isStruct),
  Map: (value) => parsed(value, isStruct),
  List: (value) => parsed(value, Array.isArray),
};

const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function booleanOf(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'object') return undefined;
  switch (typeof value === 'string' ? value.trim().toLowerCase() : Number(value)) {
    case 'true':
    case '1':
    case 1:
      return true;
    case 'false':
    case '0':
    case 0:
      return false;
    default:
      return undefined;
  }
}

function numberLike(value: Value): Value {
  return typeof value === 'boolean' ? Number(value) : value;
}

// The usual texts, told apart from those that need exact arithmetic.
const plainDecimal = /^-?(?:0|[1-9]\d{0,37})(?:\.\d{1,38})?$/;
const shortWhole = /^[+-]?\d{1,15}$/;

/** −limit ≤ n < limit. JavaScript compares bigints with doubles exactly. */
function wholeBelow(value: Present, limit: number): Value | undefined {
  const whole = wholeNumber(value);
  return whole !== undefined && whole >= -limit && whole < limit ? whole : undefined;
}

function wholeNumber(value: Present): number | bigint | undefined {
  // No integer type has a negative zero: adding 0 takes the sign away.
  if (Number.isSafeInteger(value)) return (value as number) + 0;
  if (typeof value === 'string' && shortWhole.test(value)) return Number(value) + 0;
  const decimal = decimalOf(numberLike(value));
  const whole = decimal && wholeOf(decimal);
  const number = Number(whole);
  return Number.isSafeInteger(number) ? number : whole;
}

function doubleOf(value: Present): Value | undefined {
  const like = numberLike(value);
  if (typeof like === 'object' || (typeof like === 'string' && !isDecimalText(like))) return undefined;
  const number = Number(like);
  return Number.isFinite(number) ? number : undefined;
}

function parsed(value: Present, isWanted: (value: unknown) => boolean): Value | undefined {
  if (typeof value !== 'string') return isWanted(value) ? value : undefined;
  try {
    const json: unknown = /\d{16}/.test(value) ? parse(value, undefined, exactNumber) : JSON.parse(value);
    return isWanted(json) ? (json as object) : undefined;
  } catch {
    return undefined;
  }
}

/** A JSON number of a nested value; an integer beyond 2^53 keeps its digits. */
function exactNumber(text: string): number | bigint {
  const number = Number(text);
  return isInteger(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}
