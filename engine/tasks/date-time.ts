/** Dates and times as text: rows hold ISO 8601 strings, so no Date object is made unless an offset must be reckoned. */

import type { Value } from '../../core/records.ts';

const isoPattern =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

// What most values look like is known to be right without reckoning; February 29 alone depends on the year.
const date =
  /\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)/
    .source;
const time = /(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d/.source;
const canonicalPattern = new RegExp(`^${date}T${time}\\.\\d{3}Z$`);
const datePattern = new RegExp(`^${date}$`);
const timePattern = new RegExp(`^${time}(?:\\.\\d+)?$`);

/** Seconds in UTC (`YYYY-MM-DDThh:mm:ss`) and the digits of the fraction. */
interface Instant {
  readonly seconds: string;
  readonly fraction: string;
}

/** Text in ISO 8601 (no offset means UTC, a date alone its beginning) or a number of epoch milliseconds. */
function instantOf(value: Value): Instant | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return instantAt(Number(value), undefined);
  if (typeof value !== 'string') return undefined;
  const match = isoPattern.exec(value);
  if (match === null) return undefined;
  const [, date = '', hour = '00', minute = '00', second = '00', fraction = '', offset = 'Z'] = match;
  const seconds = `${date}T${hour}:${minute}:${second}`;
  const time = Date.parse(`${seconds}Z`);
  // Date.parse takes 2026-02-30 for March 2.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== seconds) return undefined;
  if (offset === 'Z' || offset === 'z') return { seconds, fraction };
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3).replace(':', ''));
  return instantAt(offset.startsWith('-') ? time + minutes * 60_000 : time - minutes * 60_000, fraction);
}

function instantAt(milliseconds: number, fraction: string | undefined): Instant | undefined {
  if (!(Math.abs(milliseconds) <= 8.64e15)) return undefined;
  const text = new Date(milliseconds).toISOString();
  // Years beyond 9999 are written with a sign and six digits: no text that a reader of four-digit years takes.
  return text.length === 24
    ? { seconds: text.slice(0, 19), fraction: fraction ?? text.slice(20, 23) }
    : undefined;
}

/**
 * `YYYY-MM-DDThh:mm:ss.sssZ`, or six fraction digits; `undefined` for what is no date or time.
 *
 * @param fractionDigits further digits are cut off. Default: 3, or 6 if the text has more than three
 */
export function dateTimeText(value: Value, fractionDigits?: 3 | 6): string | undefined {
  if (fractionDigits !== 6 && typeof value === 'string' && canonicalPattern.test(value)) return value;
  const instant = instantOf(value);
  if (instant === undefined) return undefined;
  const digits = fractionDigits ?? (instant.fraction.length > 3 ? 6 : 3);
  return `${instant.seconds}.${instant.fraction.slice(0, digits).padEnd(digits, '0')}Z`;
}

/** `YYYY-MM-DD` in UTC. */
export function dateText(value: Value): string | undefined {
  if (typeof value === 'string' && datePattern.test(value)) return value;
  return instantOf(value)?.seconds.slice(0, 10);
}

/** `hh:mm:ss[.f…]`: of a time of day as it is, of an instant in UTC. */
export function timeText(value: Value): string | undefined {
  if (typeof value === 'string' && timePattern.test(value)) return value;
  const instant = instantOf(value);
  return instant && instant.seconds.slice(11) + (instant.fraction === '' ? '' : `.${instant.fraction}`);
}

/** A text that sorts by code units as the instants do, however many fraction digits there are. */
export function instantKey(value: Value): string | undefined {
  const instant = instantOf(value);
  return instant && `${instant.seconds}.${instant.fraction.replace(/0+$/, '')}`;
}

/** A text as {@link dateTimeText} gives it; two of them sort as they are. February 29 is not recognised. */
export function isCanonicalDateTime(text: string): boolean {
  return canonicalPattern.test(text);
}
