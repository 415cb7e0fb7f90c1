/**
 * JSON Lines: one object per line, UTF-8, LF or CRLF; blank lines are skipped.
 *
 * Numbers keep their value: integers beyond 2^53 become a bigint, decimals with more digits than a double holds the
 * string of their digits. Fields that a record lacks are null.
 */

import { compareNumber, isInteger, parse as parseLossless } from 'lossless-json';
import type { DecodeRecords, InputFormat, Prologue } from '../../core/decode/input-format.ts';
import { jsonScanner } from '../../core/decode/json-scanner.ts';
import { scanningDecoder } from '../../core/decode/record-scanner.ts';
import { byteOrderMarkLength, checkUtf8 } from '../../core/decode/utf8.ts';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { compilePath, isStruct } from '../../core/record-path.ts';
import { type Row, type Value, wholeRecord } from '../../core/records.ts';

const lf = 0x0a;

/**
 * Whether a line may hold a number that `JSON.parse` would change: one of 16 digits or more, or with an exponent of
 * three. Finding one in a string costs time, nothing else.
 */
const delicateNumber = /[:,[\s]-?(?:\d[\d.]{15}|[\d.]+[eE][+-]?\d{3})/;

/**
 * @param fields the read set: keys or dotted paths, or `*` for the object.
 * @throws SourceDataInvalid
 */
export function jsonLinesFormat(fields: readonly string[]): InputFormat {
  const getters = fields.map((field) =>
    field === wholeRecord ? (record: object): Value => record : compilePath(field),
  );
  const topLevel = new Set(fields).size === fields.length && !fields.some((field) => /^\*$|\./.test(field));
  const scanner = topLevel ? jsonScanner(fields, parseExact) : undefined;
  return {
    begin(bytes, ended, at): Prologue | undefined {
      if (bytes.length < 3 && !ended) return undefined;
      const readLine: ReadLine = (text, line) => {
        const record = parseLine(text, `${at} line ${line}`);
        return record && getters.map((get) => get(record));
      };
      const decode = scanner
        ? scanningDecoder(scanner, at, otherLine(readLine))
        : parsingDecoder(readLine, at);
      return { used: byteOrderMarkLength(bytes, at), lines: 0, decode };
    },
  };
}

type ReadLine = (text: string, line: number) => Row | undefined;

function otherLine(readLine: ReadLine): Parameters<typeof scanningDecoder>[2] {
  return (bytes, start, ended, line) => {
    const terminator = bytes.indexOf(lf, start);
    if (terminator < 0 && !ended) return undefined;
    const end = terminator < 0 ? bytes.length : terminator;
    const row = readLine(bytes.toString('utf8', start, end), line);
    return { row, next: Math.min(end + 1, bytes.length), lines: terminator < 0 ? 0 : 1 };
  };
}

function parsingDecoder(readLine: ReadLine, at: string): DecodeRecords {
  return (bytes, ended, firstLine, maxRows) => {
    const rows: Row[] = [];
    let used = 0;
    let line = firstLine;
    while (rows.length < maxRows && used < bytes.length) {
      const terminator = bytes.indexOf(lf, used);
      if (terminator < 0 && !ended) break;
      const end = terminator < 0 ? bytes.length : terminator;
      const row = readLine(bytes.toString('utf8', used, end), line);
      if (row) rows.push(row);
      used = Math.min(end + 1, bytes.length);
      if (terminator >= 0) line += 1;
    }
    checkUtf8(bytes.subarray(0, used), firstLine, lf, at);
    return { rows, used, lines: line - firstLine };
  };
}

/** `undefined` for a blank line. Messages carry no text of the line, as it is somebody's data. */
function parseLine(text: string, at: string): object | undefined {
  let value: unknown;
  try {
    value = delicateNumber.test(text) ? parseExact(text) : JSON.parse(text);
  } catch {
    if (text.trim() === '') return undefined;
    throw new TributaryError('SourceDataInvalid', 'the line is not valid JSON', {
      at: `${at}${errorColumn(text)}`,
      expected: 'one JSON object per line (JSON Lines)',
    });
  }
  if (isStruct(value)) return value;
  throw new TributaryError('SourceDataInvalid', 'the line holds no JSON object', {
    at,
    got: Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`,
    expected: 'one JSON object per line (JSON Lines)',
  });
}

function parseExact(text: string): Value {
  return parseLossless(text, undefined, {
    parseNumber: exactNumber,
    // As JSON.parse has it: the last one counts.
    onDuplicateKey: ({ newValue }) => newValue,
  }) as Value;
}

function exactNumber(digits: string): number | bigint | string {
  const number = Number(digits);
  if (isInteger(digits)) return Number.isSafeInteger(number) ? number : BigInt(digits);
  return Number.isFinite(number) && compareNumber(String(number), digits) === 0 ? number : digits;
}

function errorColumn(text: string): string {
  try {
    parseExact(text);
    return '';
  } catch (error) {
    const position = /at position (\d+)/.exec(messageOf(error))?.[1];
    return position === undefined ? '' : ` column ${Number(position) + 1}`;
  }
}
