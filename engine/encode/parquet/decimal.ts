const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE](.+))?$/;

/**
 * The integer that DECIMAL(precision, scale) stores for a number's digits: `12.5` at scale 2 is 1250.
 *
 * @param digits as JSON writes a number
 * @returns `undefined` if a digit would be lost: more fraction digits than the scale has, or too many in all
 */
export function unscaled(digits: string, precision: number, scale: number): bigint | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts.exec(digits) ?? [];
  let kept = whole + fraction;
  if (!/[1-9]/.test(kept)) return 0n;
  const shift = scale - fraction.length + Number(exponent);
  if (shift > precision) return undefined;
  if (shift >= 0) kept += '0'.repeat(shift);
  else {
    if (/[1-9]/.test(kept.slice(shift))) return undefined;
    kept = kept.slice(0, shift);
  }
  const magnitude = BigInt(kept);
  if (magnitude >= 10n ** BigInt(precision)) return undefined;
  return sign === '-' ? -magnitude : magnitude;
}
