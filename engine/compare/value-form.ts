/**
 * Values of two outputs, and what of their difference is one of form alone. A value is its JSON text; `undefined` where
 * a record has no such column.
 */

import { canonicalJson } from '../../core/flow/canonical-json.ts';
import { instantKey } from '../tasks/date-time.ts';
import { decimalOf, decimalText } from '../tasks/decimal.ts';

export type ValueText = string | undefined;

/** Differences that say the same: no value, a type, digits, a moment, an object written in another way. */
export type KnownDifference = 'null form' | 'type' | 'number form' | 'date form' | 'nested form';

/** How two values differ; undefined: not at all. */
export function differenceOf(a: ValueText, b: ValueText): KnownDifference | 'value' | undefined {
  if (a === b) return undefined;
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b) ? 'null form' : 'value';
  const [x, y] = [content(a), content(b)];
  if (x === y) return 'type';
  const [m, n] = [numberOf(x), numberOf(y)];
  if (m !== undefined && m === n) return 'number form';
  const [s, t] = [instantOf(x), instantOf(y)];
  if (s !== undefined && s === (t ?? epochInstant(y))) return 'date form';
  if (t !== undefined && t === epochInstant(x)) return 'date form';
  const [o, p] = [nested(x), nested(y)];
  return o !== undefined && o === p ? 'nested form' : 'value';
}

/** The same text for values that differ in their form alone; undefined for none. Numbers are no moments here. */
export function normalForm(value: ValueText): string | undefined {
  if (isNothing(value)) return undefined;
  const text = content(value);
  return numberOf(text) ?? instantOf(text) ?? nested(text) ?? text;
}

/** Whether a value is there at all: null, empty text and a column that is left out say the same. */
export const hasValue = (value: ValueText): value is string => !isNothing(value);

/** The shortest digits of a number as JSON writes it: `007` and `+7` are no numbers, but names of something. */
function numberOf(text: string): string | undefined {
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
  const decimal = decimalOf(text);
  return (
    decimal &&
    decimalText(decimal)
      .replace(/(\.\d*?)0+$/, '$1')
      .replace(/\.$/, '')
  );
}

function isNothing(value: ValueText): value is undefined | 'null' | '""' {
  return value === undefined || value === 'null' || value === '""';
}

/** A text without its quotes. */
function content(value: string): string {
  return value.startsWith('"') ? (JSON.parse(value) as string) : value;
}

/** Of ISO 8601: without a zone it is UTC, a date is its midnight; `Z[UTC]` is Java's. */
function instantOf(text: string): string | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](.*?))?(?:\[UTC\])?$/.exec(text);
  if (!match) return undefined;
  const [, date, time = '00:00:00'] = match;
  const zone = /(?:Z|[+-]\d\d:?\d\d)$/.test(time) ? '' : 'Z';
  return instantKey(`${date}T${time}${zone}`);
}

/** Of epoch milliseconds or seconds. */
function epochInstant(text: string): string | undefined {
  if (!/^\d{10}(?:\d{3})?$/.test(text)) return undefined;
  return instantKey(new Date(Number(text) * (text.length === 10 ? 1000 : 1)).toISOString());
}

function nested(text: string): string | undefined {
  if (!/^[[{]/.test(text)) return undefined;
  try {
    return canonicalJson(JSON.parse(text));
  } catch {
    return undefined;
  }
}
