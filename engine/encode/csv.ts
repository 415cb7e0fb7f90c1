import type { DestinationField, Row } from '../../core/records.ts';
import { copyBytes } from '../copy-bytes.ts';
import { type CellWriter, cellLine } from './cell-line.ts';
import type { OutputFormat } from './format.ts';
import { type CellLine, lineScratch, textEncoder } from './text-encoder.ts';
import { type ValueText, valueText } from './value-text.ts';

/**
 * CSV as RFC 4180 has it (https://www.rfc-editor.org/rfc/rfc4180), with `\n` line ends and UTF-8 without a byte order
 * mark: a header of the destination field names, cells quoted only if they hold a comma, a quote, CR or LF. Null and
 * the empty string are an empty cell; in a file of one column that cell is `""`, as an empty line would be skipped by
 * readers. Nested values are JSON text, bytes base64, numbers plain digits; NaN and the infinities are refused.
 *
 * A fragment that holds a value with a line break says so in its meta (`lineBreaks`), as some readers cannot read it.
 */
export function csv(fields: readonly DestinationField[]): OutputFormat {
  const header = Buffer.from(csvLine(fields.map(({ name }) => quoted(name))));
  const valueTexts = fields.map(valueText);
  const texts = valueTexts.map(cellText);
  const scratch = lineScratch();
  const line = (row: Row): string => {
    let cells = '';
    let index = 0;
    for (const text of texts) {
      const value = row[index] ?? null;
      if (index++ > 0) cells += ',';
      if (value !== null) cells += text(value);
    }
    return cells === '' ? '""\n' : `${cells}\n`;
  };
  return {
    fileType: 'CSV',
    contentType: 'text/csv; charset=utf-8',
    head: () => header,
    encoder: () => {
      let lineBreaks = false;
      const row = (values: Row): string => {
        const text = line(values);
        lineBreaks ||= text.indexOf('\n') < text.length - 1;
        return text;
      };
      const onLineBreak = (): void => {
        lineBreaks = true;
      };
      return textEncoder({ row, cells: csvCells(valueTexts, texts, onLineBreak) }, scratch, () => {
        const meta = lineBreaks ? { lineBreaks } : undefined;
        lineBreaks = false;
        return meta;
      });
    },
    tail: () => new Uint8Array(),
  };
}

function csvLine(cells: readonly string[]): string {
  return `${cells.join(',') || '""'}\n`;
}

function cellText({ kind, text }: ValueText): ValueText['text'] {
  return kind === 'literal' ? text : (value) => quoted(text(value));
}

const quote = 0x22;
const comma = 0x2c;
const lf = 0x0a;
const cr = 0x0d;

const needsQuotes = /[",\r\n]/;

function quoted(cell: string): string {
  return needsQuotes.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function csvCells(
  texts: readonly ValueText[],
  cellTexts: readonly ValueText['text'][],
  onLineBreak: () => void,
): CellLine {
  const writers = cellTexts.map((text, index): CellWriter => {
    const begin = (bytes: Buffer, at: number): number => {
      if (index > 0) bytes[at] = comma;
      return index > 0 ? at + 1 : at;
    };
    return {
      extra: 3,
      missing: begin,
      make: (value) => (value === null ? '' : text(value)),
      putMade(made, bytes, before) {
        if (made.includes(lf)) onLineBreak();
        return copyBytes(made, 0, made.length, bytes, begin(bytes, before));
      },
      put(text, start, end, bytes, before) {
        const at = begin(bytes, before);
        let to = at;
        for (let from = start; from < end; from++) {
          const byte = text[from] ?? 0;
          if (byte <= comma && (byte === quote || byte === comma || byte === lf || byte === cr)) {
            return putQuoted(text, start, end, bytes, at, onLineBreak);
          }
          bytes[to++] = byte;
        }
        return to;
      },
    };
  });
  return cellLine(texts, writers, (bytes, start, at) => {
    let to = at;
    if (at === start) {
      bytes[to++] = quote;
      bytes[to++] = quote;
    }
    bytes[to++] = lf;
    return to;
  });
}

function putQuoted(
  text: Buffer,
  start: number,
  end: number,
  bytes: Buffer,
  at: number,
  onLineBreak: () => void,
): number {
  let to = at;
  bytes[to++] = quote;
  for (let from = start; from < end; from++) {
    const byte = text[from] ?? 0;
    if (byte === quote) bytes[to++] = quote;
    else if (byte === lf) onLineBreak();
    bytes[to++] = byte;
  }
  bytes[to++] = quote;
  return to;
}
