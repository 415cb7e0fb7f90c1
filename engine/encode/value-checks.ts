/**
 * Is a value of its field's type? Each function returns the non-null value narrowed, or throws the RefusedValue that
 * rejects the record. All file formats use these, so a record is not refused by one and written by another.
 */

import type { DestinationField, Value } from '../../core/records.ts';

/** A value that its field's type cannot hold. The message shows it. */
export class RefusedValue extends TypeError {
  /** The field's name. */
  readonly field: string;
  /** Safe to log: tells no value. */
  readonly reason: string;
  readonly expected: string;

  /** @param expected with its article, as in "an integer from 0 to 9". */
  constructor(field: DestinationField, value: Value, expected: string) {
    super(`field "${field.name}": got ${shown(value)}; expected ${expected}`);
    this.field = field.name;
    this.reason = `a value that is not ${expected}`;
    this.expected = expected;
  }
}

function shown(value: Value): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value === null) return 'null';
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  const text = String(value);
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return typeof value === 'string' ? `the string ${JSON.stringify(short)}` : `the ${typeof value} ${short}`;
}

export function asString(value: Value, field: DestinationField): string {
  if (typeof value !== 'string') throw new RefusedValue(field, value, 'a string');
  return value;
}

export function asBoolean(value: Value, field: DestinationField): boolean {
  if (typeof value !== 'boolean') throw new RefusedValue(field, value, 'true or false');
  return value;
}

export function asShort(value: Value, field: DestinationField): number {
  if (typeof value !== 'number' || (value << 16) >> 16 !== value) {
    throw new RefusedValue(field, value, 'an integer from -32768 to 32767');
  }
  return value;
}

export function asInteger(value: Value, field: DestinationField): number {
  if (typeof value !== 'number' || (value | 0) !== value) {
    throw new RefusedValue(field, value, 'an integer from -2147483648 to 2147483647');
  }
  return value;
}

export function asLong(value: Value, field: DestinationField): number | bigint {
  if (Number.isSafeInteger(value)) return value as number;
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
  throw new RefusedValue(field, value, 'an integer from -2^63 to 2^63-1 (a bigint beyond 2^53-1)');
}

export function asBigInteger(value: Value, field: DestinationField): number | bigint {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return value as number | bigint;
  throw new RefusedValue(field, value, 'an integer (a bigint beyond 2^53-1)');
}

/** NaN and the infinities pass: only some formats can hold them. */
export function asNumber(value: Value, field: DestinationField): number {
  if (typeof value !== 'number') throw new RefusedValue(field, value, 'a number');
  return value;
}

export function asFiniteNumber(value: Value, field: DestinationField): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new RefusedValue(field, value, 'a finite number (this file type has no other)');
  }
  return value;
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const looseNumber = /^([+-]?)0*(\d*)\.?(\d*)((?:[eE][+-]?\d+)?)$/;

/** The decimal digits as JSON writes a number; none is added, dropped or rounded. */
export function asDecimal(value: Value, field: DestinationField): string {
  if (typeof value === 'number' && Number.isFinite(value)) return numberText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') {
    if (jsonNumber.test(value)) return value;
    const [, sign, whole, fraction, exponent] = looseNumber.exec(value) ?? [];
    if (whole !== undefined && /\d/.test(value)) {
      return `${sign === '-' ? '-' : ''}${whole || '0'}${fraction && `.${fraction}`}${exponent}`;
    }
  }
  throw new RefusedValue(field, value, 'a decimal number');
}

/** The shortest digits that read back as the same number; integers without an exponent, the sign of -0 kept. */
export function numberText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return Math.abs(value) >= 1e21 ? String(BigInt(value)) : String(value);
}

/** Bytes as a string are base64 already. */
export function asBytes(value: Value, field: DestinationField): Uint8Array | string {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  throw new RefusedValue(field, value, 'bytes or a base64 string');
}

/** The JSON text of an object or array. */
export function asJson(value: Value, field: DestinationField): string {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    throw new RefusedValue(field, value, 'an object or a list');
  }
  return jsonText(value);
}

/** The JSON text of an object or list of JSON values and bigints. */
export function jsonText(value: object): string {
  // JSON.stringify refuses bigints. Looking for one costs a hundredth of catching that.
  return hasBigInt(value) ? exactJson(value) : JSON.stringify(value);
}

function hasBigInt(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint';
  for (const member of Array.isArray(value) ? value : Object.values(value))
    if (hasBigInt(member)) return true;
  return false;
}

/** The JSON text of any value that JSON has: a document need not be an object. */
export function asJsonDocument(value: Value, field: DestinationField): string {
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return numberText(asFiniteNumber(value, field));
  return asJson(value, field);
}

function exactJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(exactJson).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${exactJson(member)}`).join(',')}}`;
}
