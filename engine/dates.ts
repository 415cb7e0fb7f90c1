/** ISO 8601 text to counts since 1970 in the proleptic Gregorian calendar; `undefined` if it is no such text. */

/** Days of `YYYY-MM-DD`, years beyond four digits as `±YYYYYY`. */
export function epochDay(text: string): number | undefined {
  const end = yearEnd(text);
  return text.length === end + 6 ? dayAt(text, end) : undefined;
}

/**
 * Milliseconds (or microseconds) of a date and time with `Z` or an offset. Further fraction digits are cut off, also
 * before 1970: the instant is that of the digits kept. A leap second counts as the second after it.
 *
 * @param perSecond 1,000 or 1,000,000
 * @returns a bigint beyond 2^53; `undefined` also outside the years ±271821 that 64 bits of microseconds cover
 */
export function epochTime(text: string, perSecond: 1000 | 1_000_000): number | bigint | undefined {
  const dateEnd = yearEnd(text) + 6;
  const day = dayAt(text, dateEnd - 6);
  const separator = text.charCodeAt(dateEnd);
  if (day === undefined || (separator !== 84 && separator !== 32)) return undefined; // "T" or a space
  const hour = digits(text, dateEnd + 1, 2);
  const minute = text[dateEnd + 3] === ':' ? digits(text, dateEnd + 4, 2) : Number.NaN;
  let at = dateEnd + 6;
  let second = 0;
  let fraction = 0;
  if (text[at] === ':') {
    second = digits(text, at + 1, 2);
    at += 3;
    if (text[at] === '.' || text[at] === ',') {
      const start = ++at;
      let unit = perSecond;
      for (let digit = digits(text, at, 1); digit >= 0; digit = digits(text, ++at, 1)) {
        unit /= 10;
        if (unit >= 1) fraction += digit * unit;
      }
      if (at === start) return undefined;
    }
  }
  const offset = offsetSeconds(text, at);
  if (!(hour < 24 && minute < 60 && second <= 60) || offset === undefined) return undefined;
  const seconds = day * 86_400 + hour * 3600 + minute * 60 + second - offset;
  if (Math.abs(seconds) > 8.64e12) return undefined;
  const time = seconds * perSecond + fraction;
  return Number.isSafeInteger(time) ? time : BigInt(seconds) * BigInt(perSecond) + BigInt(fraction);
}

function yearEnd(text: string): number {
  const first = text.charCodeAt(0);
  return first === 43 || first === 45 ? 7 : 4; // "+" or "-"
}

/** The day of a date whose year ends at `end`. */
function dayAt(text: string, end: number): number | undefined {
  const magnitude = end === 7 ? digits(text, 1, 6) : digits(text, 0, 4);
  const year = text.charCodeAt(0) === 45 ? -magnitude : magnitude;
  const month = digits(text, end + 1, 2);
  const day = digits(text, end + 4, 2);
  if (Number.isNaN(year) || text.charCodeAt(end) !== 45 || text.charCodeAt(end + 3) !== 45) return undefined;
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month))) return undefined;
  return dayNumber(year, month, day);
}

function dayNumber(year: number, month: number, day: number): number {
  // Years that begin in March: the leap day is then their last, and 153 days are five months.
  const marchYear = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfYear - 719_468;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Of `Z`, `±hh`, `±hhmm` or `±hh:mm` at the end of the text. */
function offsetSeconds(text: string, at: number): number | undefined {
  const sign = text[at];
  const length = text.length - at;
  if (sign === 'Z') return length === 1 ? 0 : undefined;
  if (sign !== '+' && sign !== '-') return undefined;
  const hours = digits(text, at + 1, 2);
  let minutes = Number.NaN;
  if (length === 3) minutes = 0;
  else if (length === 5) minutes = digits(text, at + 3, 2);
  else if (length === 6 && text[at + 3] === ':') minutes = digits(text, at + 4, 2);
  if (!(hours < 24 && minutes < 60)) return undefined;
  return (sign === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** NaN unless there are just digits. */
function digits(text: string, start: number, count: number): number {
  let value = 0;
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
