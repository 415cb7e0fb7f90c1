import type { DateTimeFormat } from '../../core/connector/fields.ts';

/** Milliseconds between two neighbouring moments that a parameter of the format can name. */
const units: Readonly<Record<DateTimeFormat, number>> = {
  iso8601: 1000,
  iso8601Seconds: 1000,
  iso8601Milliseconds: 1,
  epochSeconds: 1000,
  epochMilliseconds: 1,
};

export function unitOf(format: DateTimeFormat): number {
  return units[format];
}

/** Whether no record has a moment between two that a parameter can name. */
export function isExact(format: DateTimeFormat): boolean {
  return format !== 'iso8601';
}

/** @param moment epoch milliseconds, a multiple of the format's unit */
export function writeMoment(moment: number, format: DateTimeFormat): string {
  switch (format) {
    case 'epochSeconds':
      return String(moment / 1000);
    case 'epochMilliseconds':
      return String(moment);
    case 'iso8601Milliseconds':
      return new Date(moment).toISOString();
    case 'iso8601':
    case 'iso8601Seconds':
      return new Date(moment).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}

/** A DateTime of a record as ISO 8601 text. A value that is no moment is handed on as it is, for the engine to reject. */
export function readMoment(value: unknown, format: DateTimeFormat): unknown {
  if (typeof value !== 'number' || !format.startsWith('epoch')) return value;
  const date = new Date(value * units[format]);
  if (Number.isNaN(date.getTime())) return value;
  const text = date.toISOString();
  return format === 'epochSeconds' ? text.replace('.000Z', 'Z') : text;
}

/** Epoch milliseconds of ISO 8601 text; `undefined` if it is none, or finer than a millisecond. */
export function parseMoment(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:?\d{2})$/.test(text))
    return undefined;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : moment;
}
