/**
 * Field names as paths into a record. AppFlow's connector metadata writes nested fields with dots (`parentIdentifier`);
 * a literal key that contains the dots wins over the nested reading, at every level.
 */

import type { Value } from './records.ts';

/** The value of field `name` in `record`; `null` where it is missing. Arrays are not entered. */
export function valueAt(record: object, name: string): Value {
  return compilePath(name)(record);
}

/** {@link valueAt} for many records: looks at the name once. */
export function compilePath(name: string): (record: object) => Value {
  const own = compileKey(name);
  const dot = name.indexOf('.');
  if (dot < 0) return (record) => own(record) ?? null;
  const head = compileKey(name.slice(0, dot));
  const rest = compilePath(name.slice(dot + 1));
  return (record) => {
    const literal = own(record);
    if (literal !== undefined) return literal;
    const parent = head(record);
    return isStruct(parent) ? rest(parent) : null;
  };
}

/** An object with named members, as against an array or bytes. */
export function isStruct(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

/** Reads one own key. Plain access is several times faster than `hasOwn`, and safe for names no prototype has. */
function compileKey(key: string): (record: object) => Value | undefined {
  if (key in Object.prototype) {
    return (record) => (Object.hasOwn(record, key) ? (record as Record<string, Value>)[key] : undefined);
  }
  return (record) => (record as Record<string, Value | undefined>)[key];
}
