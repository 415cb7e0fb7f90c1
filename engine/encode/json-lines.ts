import { type DestinationField, type Value, wholeRecord } from '../../core/records.ts';
import { blockLines } from './block-lines.ts';
import type { OutputFormat } from './format.ts';
import { type LineFormat, lineScratch, textEncoder } from './text-encoder.ts';
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
  const scratch = lineScratch();
  return {
    fileType: 'JSON',
    contentType: 'application/x-ndjson',
    head: () => new Uint8Array(),
    encoder: () => textEncoder(line, scratch),
    tail: () => new Uint8Array(),
    prepare: (block) => line.lines?.prepare(block),
  };
}

function wholeRecordLine(field: DestinationField): LineFormat {
  return { row: ([record]) => `${asJson(record ?? null, field)}\n` };
}

function objectLine(fields: readonly DestinationField[]): LineFormat {
  const keys = fields.map(({ name }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  const texts = fields.map(valueText);
  const members = texts.map((text, index) => memberText(keys[index] ?? '', text));
  return {
    row(row) {
      let line = '';
      let index = 0;
      for (const member of members) line += member(row[index++] ?? null);
      return `${line}}\n`;
    },
    lines: blockLines(
      texts.map((text, index) => ({ lead: keys[index] ?? '', quoted: text.kind === 'string', text })),
      ({ putJsonLines }) => putJsonLines,
    ),
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
