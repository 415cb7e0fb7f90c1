/** The dates and times of ISO 8601 that most records have. */

/**
 * Milliseconds, or microseconds, since 1970 of `YYYY-MM-DDThh:mm:ss[.f…]Z`, further digits cut off; NaN for anything else, and beyond
 * what a double keeps exactly.
 */
export function timeNumber(start: usize, length: i32, perSecond: i32): f64 {
  if (length < 20 || load<u8>(start + <usize>length - 1) !== 0x5a) return NaN;
  const days = dayNumber(start, 10);
  const hour = twoDigits(start + 11);
  const minute = twoDigits(start + 14);
  const second = twoDigits(start + 17);
  const punctuated =
    load<u8>(start, 10) === 0x54 && load<u8>(start, 13) === 0x3a && load<u8>(start, 16) === 0x3a;
  // A negative number is, without its sign, beyond what these may be.
  if (!(punctuated && <u32>hour < 24 && <u32>minute < 60 && <u32>second < 60)) return NaN;
  let fraction = 0;
  if (length > 20) {
    if (length === 21 || load<u8>(start, 19) !== 0x2e) return NaN;
    let unit = perSecond;
    for (let at: usize = 20; at < <usize>length - 1; at++) {
      const digit = <i32>load<u8>(start + at) - 0x30;
      if (<u32>digit > 9) return NaN;
      unit /= 10;
      fraction += digit * unit;
    }
  }
  const seconds = days * 86_400 + <f64>((hour * 60 + minute) * 60 + second);
  const time = seconds * <f64>perSecond + <f64>fraction;
  return abs(time) <= 9007199254740991 ? time : NaN;
}

/** Days since 1970 of `YYYY-MM-DD`; NaN for anything else. */
export function dayNumber(start: usize, length: i32): f64 {
  if (length !== 10 || load<u8>(start, 4) !== 0x2d || load<u8>(start, 7) !== 0x2d) return NaN;
  const century = twoDigits(start);
  const ofCentury = twoDigits(start + 2);
  const month = twoDigits(start + 5);
  const day = twoDigits(start + 8);
  if (century < 0 || ofCentury < 0 || month < 1 || month > 12 || day < 1) return NaN;
  const year = 100 * century + ofCentury;
  if (day > daysOf(year, month)) return NaN;
  // Years that begin in March: the leap day is then their last, and 153 days are five months.
  const marchYear = month > 2 ? year : year - 1;
  const dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  const leapDays = floorDivided(marchYear, 4) - floorDivided(marchYear, 100) + floorDivided(marchYear, 400);
  return <f64>(marchYear * 365 + leapDays + dayOfYear - 719_468);
}

function daysOf(year: i32, month: i32): i32 {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The year may be -1. */
function floorDivided(year: i32, by: i32): i32 {
  return year < 0 ? -1 : year / by;
}

/** Negative unless there are just digits. */
function twoDigits(at: usize): i32 {
  const tens = <i32>load<u8>(at) - 0x30;
  const ones = <i32>load<u8>(at, 1) - 0x30;
  return <u32>tens < 10 && <u32>ones < 10 ? tens * 10 + ones : -1;
}
