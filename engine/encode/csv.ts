import type { DestinationField, Row } from '../../core/records.ts';
import { type BlockLines, blockLines } from './block-lines.ts';
import type { OutputFormat } from './format.ts';
import { lineScratch, textEncoder } from './text-encoder.ts';
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
  const lines = blockLines(
    valueTexts.map((text) => ({ lead: '', quoted: text.kind !== 'literal', text })),
    ({ putCsvLines }) => putCsvLines,
  );
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
      const put: BlockLines['put'] = (block, positions, count, to) => {
        const end = lines.put(block, positions, count, to);
        lineBreaks ||= block.records.kernels.lineBreaks.value !== 0;
        return end;
      };
      return textEncoder({ row, lines: { ...lines, put } }, scratch, () => {
        const meta = lineBreaks ? { lineBreaks } : undefined;
        lineBreaks = false;
        return meta;
      });
    },
    tail: () => new Uint8Array(),
    prepare: lines.prepare,
  };
}

function csvLine(cells: readonly string[]): string {
  return `${cells.join(',') || '""'}\n`;
}

function cellText({ kind, text }: ValueText): ValueText['text'] {
  return kind === 'literal' ? text : (value) => quoted(text(value));
}

const needsQuotes = /[",\r\n]/;

function quoted(cell: string): string {
  return needsQuotes.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
