import { powers } from './json-scan';

const zero: u8 = 0x30;
const point: u8 = 0x2e;
const plus: u8 = 0x2b;
const minus: u8 = 0x2d;

/** The number that a text of up to 15 characters is, written without an exponent; else NaN. */
export function textNumber(start: usize, length: i32): f64 {
  if (length > 15) return NaN;
  const end = start + <usize>length;
  const sign = load<u8>(start);
  let at = sign === minus || sign === plus ? start + 1 : start;
  let digits: i64 = 0;
  let digitCount = 0;
  let fractionStart: usize = 0;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte === point && fractionStart === 0) fractionStart = at + 1;
    else {
      if (<u8>(byte - zero) > 9) return NaN;
      digits = digits * 10 + <i64>(byte - zero);
      digitCount++;
    }
  }
  if (digitCount === 0) return NaN;
  // Both are doubles without loss, so the quotient is rounded once, as the text would be.
  const divisor = fractionStart === 0 ? 1 : load<f64>(powers + ((end - fractionStart) << 3));
  const number = <f64>digits / divisor;
  return sign === minus ? -number : number;
}
