/**
 * Exact decimal arithmetic for Arithmetic tasks, comparisons and conversions: money must not show binary noise
 * (0.1 + 0.2 is 0.3). A double takes part with the shortest digits that denote it, which are the digits its source wrote.
 */

import type { ArithmeticOperator } from '../../core/operators.ts';
import type { Value } from '../../core/records.ts';

/** digits × 10^-scale, scale ≥ 0. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** Enough for every double written out; beyond it a number counts as an overflow, so that no text can stall a run. */
const maxDigits = 400;
/** Of a quotient that does not end, as in IEEE 754's decimal128. */
const quotientDigits = 34;

const decimalPattern = /^\s*([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/;

/** `undefined` for what is no finite number: other text, booleans, null, objects, or more than 400 digits. */
export function decimalOf(value: Value): Decimal | undefined {
  if (typeof value === 'bigint') return { digits: value, scale: 0 };
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return { digits: BigInt(value), scale: 0 };
    return parse(String(value));
  }
  return typeof value === 'string' ? parse(value) : undefined;
}

/** Whether {@link decimalOf} and `Number` read a number in the text. */
export function isDecimalText(text: string): boolean {
  return decimalPattern.test(text);
}

function parse(text: string): Decimal | undefined {
  if (text.length > maxDigits + 10) return undefined;
  const match = decimalPattern.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const scale = fraction.length - Number(exponent);
  if (Math.abs(scale) > maxDigits) return undefined;
  const unsigned = BigInt(whole + fraction);
  const digits = sign === '-' ? -unsigned : unsigned;
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** Plain digits without an exponent, as many fraction digits as the scale says. */
export function decimalText({ digits, scale }: Decimal): string {
  if (scale === 0) return String(digits);
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const point = text.length - scale;
  return `${digits < 0n ? '-' : ''}${text.slice(0, point)}.${text.slice(point)}`;
}

/** Negative, zero or positive, as a − b is. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const [x, y] = aligned(a, b);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The whole number that it is, if it is one. */
export function wholeOf(value: Decimal): bigint | undefined {
  const unit = 10n ** BigInt(value.scale);
  return value.digits % unit === 0n ? value.digits / unit : undefined;
}

/**
 * Applies the operator from left to right. Sums, differences and products are exact; a quotient that does not end is
 * rounded to 34 digits, half to even. `undefined` for a division by zero and for results of more than 800 digits
 * (a product of two operands always fits).
 */
export function calculate(operator: ArithmeticOperator, operands: readonly Decimal[]): Decimal | undefined {
  const [first, ...others] = operands;
  let result: Decimal | undefined = first;
  for (const operand of others) {
    if (result === undefined) return undefined;
    result = operations[operator](result, operand);
  }
  return result !== undefined && decimalText(result).length <= 2 * maxDigits + 2 ? result : undefined;
}

const operations: Readonly<Record<ArithmeticOperator, (a: Decimal, b: Decimal) => Decimal | undefined>> = {
  ADDITION: (a, b) => {
    const [x, y, scale] = aligned(a, b);
    return { digits: x + y, scale };
  },
  SUBTRACTION: (a, b) => {
    const [x, y, scale] = aligned(a, b);
    return { digits: x - y, scale };
  },
  MULTIPLICATION: (a, b) => ({ digits: a.digits * b.digits, scale: a.scale + b.scale }),
  DIVISION: divide,
};

function aligned(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale);
  return [a.digits * 10n ** BigInt(scale - a.scale), b.digits * 10n ** BigInt(scale - b.scale), scale];
}

function divide(a: Decimal, b: Decimal): Decimal | undefined {
  if (b.digits === 0n) return undefined;
  const negative = a.digits < 0n !== b.digits < 0n;
  const x = a.digits < 0n ? -a.digits : a.digits;
  const y = b.digits < 0n ? -b.digits : b.digits;
  // So many digits more that the quotient has 34 or 35 of them.
  let shift = quotientDigits - (String(x).length - String(y).length);
  let { quotient, exact } = roundedQuotient(x, y, shift);
  if (String(quotient).length > quotientDigits) ({ quotient, exact } = roundedQuotient(x, y, --shift));
  let scale = a.scale - b.scale + shift;
  // An exact quotient is shown without the zeros that the shift brought.
  if (exact) while (scale > 0 && quotient % 10n === 0n) [quotient, scale] = [quotient / 10n, scale - 1];
  if (scale < 0) [quotient, scale] = [quotient * 10n ** BigInt(-scale), 0];
  return { digits: negative ? -quotient : quotient, scale };
}

/** x × 10^shift ÷ y, half to even. */
function roundedQuotient(x: bigint, y: bigint, shift: number): { quotient: bigint; exact: boolean } {
  const dividend = shift > 0 ? x * 10n ** BigInt(shift) : x;
  const divisor = shift < 0 ? y * 10n ** BigInt(-shift) : y;
  const quotient = dividend / divisor;
  const twice = (dividend % divisor) * 2n;
  const up = twice > divisor || (twice === divisor && quotient % 2n === 1n);
  return { quotient: up ? quotient + 1n : quotient, exact: twice === 0n };
}
