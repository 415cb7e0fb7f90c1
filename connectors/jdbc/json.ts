import { isSafeNumber, parse } from 'lossless-json';

/**
 * JSON text as the database sent it. Integers beyond 2^53 become bigint, decimals beyond a double's digits their text:
 * nothing is rounded.
 */
export function parseJson(text: string): unknown {
  // Sixteen digits are the least that a double may not hold; JSON.parse is ten times faster for all the rest.
  return /\d[\d.]{15}|\d[eE][+-]?\d{3}/.test(text)
    ? parse(text, undefined, { parseNumber: exactNumber, onDuplicateKey: ({ newValue }) => newValue })
    : JSON.parse(text);
}

function exactNumber(text: string): number | bigint | string {
  if (isSafeNumber(text)) return Number(text);
  return /^-?\d+$/.test(text) ? BigInt(text) : text;
}
