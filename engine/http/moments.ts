import type { DateTimeFormat } from '../../core/connector/fields.ts';

const hour = 3_600_000;

/** Milliseconds between two neighbouring moments that a parameter of the format can name. */
const units: Readonly<Record<DateTimeFormat, number>> = {
  iso8601: 1000,
  iso8601Seconds: 1000,
  iso8601Milliseconds: 1,
  epochSeconds: 1000,
  epochMilliseconds: 1,
  epochDecimal: 1,
  spaced: 1000,
  spacedSeconds: 1000,
  utcSeconds: 1000,
  basicHour: hour,
  date: 24 * hour,
  basicDate: 24 * hour,
  odataV2: 1,
};

export function unitOf(format: DateTimeFormat): number {
  return units[format];
}

/** The vendor compares whole hours or days: `to=2024-05-01` means all of that day. */
export function comparesUnits(format: DateTimeFormat): boolean {
  return units[format] >= hour;
}

/** Whether no record has a moment between two that a parameter can name. */
export function isExact(format: DateTimeFormat): boolean {
  return !['iso8601', 'epochDecimal', 'spaced'].includes(format) && !comparesUnits(format);
}

/** @param moment epoch milliseconds, a multiple of the format's unit */
export function writeMoment(moment: number, format: DateTimeFormat): string {
  if (format === 'epochSeconds') return String(moment / 1000);
  if (format === 'epochMilliseconds') return String(moment);
  if (format === 'epochDecimal') return (moment / 1000).toFixed(6);
  const text = new Date(moment).toISOString();
  switch (format) {
    case 'iso8601Milliseconds':
    case 'odataV2':
      return text;
    case 'iso8601':
    case 'iso8601Seconds':
      return text.replace(/\.\d+Z$/, 'Z');
    case 'spaced':
    case 'spacedSeconds':
      return text.slice(0, 19).replace('T', ' ');
    case 'utcSeconds':
      return text.slice(0, 19);
    case 'date':
      return text.slice(0, 10);
    case 'basicDate':
      return text.slice(0, 10).replaceAll('-', '');
    case 'basicHour':
      return text.slice(0, 13).replaceAll('-', '');
  }
}

/** A DateTime of a record as ISO 8601 text. A value that is no moment is handed on as it is, for the engine to reject. */
export function readMoment(value: unknown, format: DateTimeFormat): unknown {
  if (format === 'epochSeconds' || format === 'epochMilliseconds') return ofEpoch(value, format);
  if (typeof value !== 'string') return value;
  switch (format) {
    case 'epochDecimal':
      return value.replace(/^(\d{1,11})\.(\d+)$/, (_, seconds: string, fraction: string) =>
        new Date(Number(seconds) * 1000).toISOString().replace('.000', `.${fraction}`),
      );
    case 'spaced':
      return value.replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/, '$1T$2Z');
    case 'spacedSeconds':
      return value.replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/, '$1T$2Z');
    case 'utcSeconds':
      return value.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/, '$&Z');
    case 'date':
      return value.replace(/^\d{4}-\d\d-\d\d$/, '$&T00:00:00Z');
    case 'basicDate':
    case 'basicHour':
      return value.replace(
        /^(\d{4})(\d\d)(\d\d)(?:T(\d\d))?$/,
        (_, year: string, month: string, day: string, at = '00') => `${year}-${month}-${day}T${at}:00:00Z`,
      );
    case 'odataV2':
      return value.replace(/^\/Date\((-?\d{1,15})([+-]\d{4})?\)\/$/, (_, milliseconds: string) =>
        new Date(Number(milliseconds)).toISOString().replace('.000Z', 'Z'),
      );
    default:
      // ISO 8601's basic offset, which some vendors write beside the extended date, or beside a Z; UTC has one notation here.
      return value
        .replace(/Z\+0000$/, 'Z')
        .replace(
          /(T[\d:.]+)([+-]\d\d):?(\d\d)$/,
          (_, at: string, hours: string, minutes: string) =>
            `${at}${/[1-9]/.test(hours + minutes) ? `${hours}:${minutes}` : 'Z'}`,
        );
  }
}

/** A Date of a record that is written as a moment, its day in UTC. */
export function readDay(value: unknown, format: DateTimeFormat): unknown {
  const moment = readMoment(value, format);
  return typeof moment === 'string' ? moment.replace(/T00:00:00Z$/, '') : moment;
}

/** A Time of a record that is written as a duration since midnight: `PT13H20M00S`. */
export function readTime(value: unknown): unknown {
  const parts = /^PT(?=\d)(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})(\.\d+)?S)?$/.exec(String(value));
  if (!parts) return value;
  const [, hours = '', minutes = '', seconds = '', fraction = ''] = parts;
  return [hours, minutes, seconds].map((part) => part.padStart(2, '0')).join(':') + fraction;
}

function ofEpoch(value: unknown, format: 'epochSeconds' | 'epochMilliseconds'): unknown {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number') return value;
  const date = new Date(number * units[format]);
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

/** Epoch milliseconds of an HTTP date. */
export function dateOf(text: string | undefined): number | undefined {
  const date = text === undefined || /^\d+$/.test(text) ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : date;
}
