/**
 * Dates as both databases write them, to canonical ISO text. Years outside 0000-9999 take ISO 8601's expanded form
 * (`+010000-…`, `-000043-…` for 44 BC). What is no date (`infinity`, MySQL's `2024-00-00`) stays as it is: text outputs
 * keep it, typed ones refuse the record by name.
 */

/** `YYYY-MM-DD[ BC]` to a canonical Date. */
export function dateText(text: string): string {
  return text.length === 10 ? text : unusualDate(text);
}

/** `YYYY-MM-DD hh:mm:ss[.ffffff][+00][ BC]`, in UTC, to a canonical DateTime with `Z`. */
export function dateTimeText(text: string): string {
  const zoned = text.endsWith('+00');
  const end = zoned ? text.length - 3 : text.length;
  if (text[10] === ' ' && text[end - 1] !== 'C') return `${text.slice(0, 10)}T${text.slice(11, end)}Z`;
  const parts = /^(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(?:\+00)?( BC)?$/.exec(text);
  return parts ? `${unusualDate(`${parts[1]}${parts[3] ?? ''}`)}T${parts[2]}Z` : text;
}

function unusualDate(text: string): string {
  const parts = /^(\d+)(-\d\d-\d\d)( BC)?$/.exec(text);
  if (!parts) return text;
  // 1 BC is the year 0.
  const year = parts[3] ? 1 - Number(parts[1]) : Number(parts[1]);
  const digits = String(Math.abs(year));
  if (year >= 0 && year <= 9999) return `${digits.padStart(4, '0')}${parts[2]}`;
  return `${year < 0 ? '-' : '+'}${digits.padStart(6, '0')}${parts[2]}`;
}

/** Names that time zones at UTC have in the two databases. */
export const utcNames = /^((Etc\/)?(UTC|GMT|UCT|Universal|Zulu)|[+-]00:00)$/i;
