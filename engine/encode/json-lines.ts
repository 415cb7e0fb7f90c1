import { type DestinationField, type Row, type Value, wholeRecord } from '../../core/records.ts';
import type { OutputFormat } from './format.ts';
import { textEncoder } from './text-encoder.ts';
import { asJson } from './value-checks.ts';
import { type ValueText, valueText } from './value-text.ts';

/**
 * JSON Lines: an object per line, its keys the destination fields in their order, null where a value is missing.
 * Numbers keep every digit they came with (a BigDecimal too), bytes are base64, dates and times stay strings, a lone
 * surrogate is written as its escape. NaN and the infinities, which JSON does not have, are refused.
 */
export function jsonLines(fields: readonly DestinationField[]): OutputFormat {
  const [first] = fields;
  const passthrough = fields.length === 1 && first?.name === wholeRecord;
  const line = passthrough ? wholeRecordLine(first) : objectLine(fields);
  return {
    fileType: 'JSON',
    contentType: 'application/x-ndjson',
    head: () => new Uint8Array(),
    encoder: () => textEncoder(line),
    tail: () => new Uint8Array(),
  };
}

function wholeRecordLine(field: DestinationField): (row: Row) => string {
  return ([record]) => `${asJson(record ?? null, field)}\n`;
}

function objectLine(fields: readonly DestinationField[]): (row: Row) => string {
  const keys = fields.map(({ name }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  const members = fields.map((field, index) => memberText(keys[index] ?? '', valueText(field)));
  return (row) => {
    let line = '';
    let index = 0;
    for (const member of members) line += member(row[index++] ?? null);
    return `${line}}\n`;
  };
}

function memberText(key: string, { kind, text }: ValueText): (value: Value) => string {
  const missing = `${key}null`;
  return kind === 'string'
    ? (value) => (value === null ? missing : key + jsonString(text(value)))
    : (value) => (value === null ? missing : key + text(value));
}

// No control character, quote or backslash, and no surrogate, which is escaped when alone.
const needsNoEscape = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

function jsonString(text: string): string {
  return needsNoEscape.test(text) ? `"${text}"` : JSON.stringify(text);
}
