/**
 * CSV with a header row: RFC 4180, and what files in the wild do beyond it.
 *
 * - Lines end with LF or CRLF; if the header line ends with a lone CR, all lines end with CR.
 * - A field that begins with a quote runs to the closing quote; commas, line ends and doubled quotes in it are data.
 *   A quote later in a field that began without one is an ordinary character.
 * - An empty field is null, a quoted empty field (`""`) the empty string. Other values are strings, blanks kept.
 * - A blank line is skipped, but where the header has one column it is a record with null.
 * - The encoding is UTF-8; a byte order mark is skipped.
 *
 * Both scanners work on bytes, as nothing that structures CSV is part of a longer UTF-8 sequence, and make strings only of
 * what is asked for. That of csv-scanner.ts is several times as fast; it leaves headers, records that are broken or not
 * complete, and whole records to the one below.
 */

import { TributaryError } from '../errors.ts';
import { didYouMean } from '../flow/finding.ts';
import { type Row, wholeRecord } from '../records.ts';
import { type CsvScanners, csvScanners } from './csv-scanner.ts';
import type { DecodeRecords, InputFormat, Prologue } from './input-format.ts';
import { scanningDecoder } from './record-scanner.ts';
import { byteOrderMarkLength, checkUtf8 } from './utf8.ts';

const quote = 0x22;
const comma = 0x2c;
const lf = 0x0a;
const cr = 0x0d;

/** What is known of a scanned field, as bits. */
const quoted = 1;
const escaped = 2;
const nonAscii = 4;

export interface CsvHeader {
  /** Column names; none if the file is empty. */
  readonly columns: readonly string[];
  readonly used: number;
  readonly lines: number;
  /** The last byte of a line's end. */
  readonly terminator: number;
}

/**
 * @param fields the read set: column names, or `*` for an object of all columns.
 * @throws SourceDataInvalid, or SchemaChanged if a file lacks a column of the read set
 */
export function csvFormat(fields: readonly string[]): InputFormat {
  // One for all files: a memory of WebAssembly takes much address space.
  let made: CsvScanners | undefined;
  const scanners = (): CsvScanners => {
    made ??= csvScanners();
    return made;
  };
  return {
    begin(bytes, ended, at): Prologue | undefined {
      const header = csvHeader(bytes, ended, at);
      return (
        header && { used: header.used, lines: header.lines, decode: csvDecoder(header, fields, at, scanners) }
      );
    },
  };
}

/**
 * The header row at a file's beginning; `undefined` if `bytes` end before it does, which is never so if `ended`.
 *
 * @throws SourceDataInvalid for names that are empty or repeated
 */
export function csvHeader(bytes: Buffer, ended: boolean, at: string): CsvHeader | undefined {
  const start = byteOrderMarkLength(bytes, at);
  const terminator = lineTerminator(bytes, ended);
  if (terminator === undefined) return undefined;
  if (bytes.length === start) return { columns: [], used: start, lines: 0, terminator };
  const scanned = noFields();
  const end = scanRecord(bytes, start, ended, terminator, 1, at, scanned);
  if (end < 0) return undefined;
  checkUtf8(bytes.subarray(start, end), 1, terminator, at);
  const text = bytes.toString('latin1', start, end);
  const columns = Array.from({ length: scanned.count }, (_, index) =>
    fieldValue(bytes, text, start, scanned, index),
  ).map((name) => name ?? '');
  columns.forEach((name, index) => {
    if (name !== '' && columns.indexOf(name) === index) return;
    throw new TributaryError('SourceDataInvalid', `column ${index + 1} has no name of its own`, {
      at: `${at} line 1`,
      got: name === '' ? 'an empty name' : `'${name}' a second time`,
      expected: 'a header row that names each column differently',
    });
  });
  return { columns, used: end, lines: scanned.lines, terminator };
}

/** The byte that ends the file's lines: LF (CRLF included) or CR; `undefined` if `bytes` do not tell. */
function lineTerminator(bytes: Buffer, ended: boolean): number | undefined {
  const first = bytes.findIndex((byte) => byte === lf || byte === cr);
  if (first < 0) return ended ? lf : undefined;
  if (bytes[first] === lf) return lf;
  if (first + 1 === bytes.length) return ended ? lf : undefined;
  return bytes[first + 1] === lf ? lf : cr;
}

function csvDecoder(
  header: CsvHeader,
  fields: readonly string[],
  at: string,
  scanners: () => CsvScanners,
): DecodeRecords {
  const { columns, terminator } = header;
  // An empty file has no columns, and no records that could miss one.
  const wanted = columns.length === 0 ? [] : fields.map((field) => indexOfColumn(field, columns, at));
  const scanned = noFields();
  const rowOf = (bytes: Buffer, start: number, end: number): Row => {
    // One string per record, of which the fields are slices: a value kept by somebody keeps its record, not the page.
    const text = bytes.toString('latin1', start, end);
    return wanted.map((column) =>
      column < 0
        ? Object.fromEntries(
            columns.map((name, index) => [name, fieldValue(bytes, text, start, scanned, index)]),
          )
        : fieldValue(bytes, text, start, scanned, column),
    );
  };
  const readRecord: ReadRecord = (bytes, start, ended, line) => {
    const end = scanRecord(bytes, start, ended, terminator, line, at, scanned);
    if (end < 0) return undefined;
    const { lines } = scanned;
    if (scanned.count === columns.length) return { row: rowOf(bytes, start, end), next: end, lines };
    if (isBlank(scanned)) return { next: end, lines };
    throw ragged(scanned.count, columns.length, `${at} line ${line}`);
  };
  // A column has one place among a record's cells, and the record as a whole has none.
  if (columns.length === 0 || wanted.includes(-1) || new Set(wanted).size < wanted.length) {
    return readingDecoder(readRecord, terminator, at);
  }
  const slots = columns.map((_, column) => wanted.indexOf(column));
  return scanningDecoder(scanners().scannerOf(slots, wanted.length, terminator), at, readRecord);
}

type ReadRecord = Parameters<typeof scanningDecoder>[2];

function readingDecoder(readRecord: ReadRecord, terminator: number, at: string): DecodeRecords {
  return (bytes, ended, firstLine, maxRows) => {
    const rows: Row[] = [];
    let used = 0;
    let line = firstLine;
    while (rows.length < maxRows && used < bytes.length) {
      const record = readRecord(bytes, used, ended, line);
      if (!record) break;
      if (record.row) rows.push(record.row);
      used = record.next;
      line += record.lines;
    }
    checkUtf8(bytes.subarray(0, used), firstLine, terminator, at);
    return { rows, used, lines: line - firstLine };
  };
}

/** -1 stands for the whole record. */
function indexOfColumn(field: string, columns: readonly string[], at: string): number {
  const index = columns.indexOf(field);
  if (index >= 0 || field === wholeRecord) return index;
  throw new TributaryError('SchemaChanged', `the file has no column '${field}'`, {
    at,
    // Not the names themselves: of a file without a header row they would be somebody's data.
    got: `${columns.length} other columns`,
    fix: didYouMean(field, columns) ?? "mend the file's header row or the flow's tasks",
  });
}

function ragged(got: number, expected: number, at: string): TributaryError {
  return new TributaryError('SourceDataInvalid', 'the record does not have one field for each column', {
    at,
    got: `${got} ${got === 1 ? 'field' : 'fields'}`,
    expected: `${expected}`,
    fix: 'put fields that hold commas, quotes or line ends in quotes',
  });
}

/** Where the fields of one record lie in the bytes. */
interface ScannedRecord {
  count: number;
  readonly starts: number[];
  readonly ends: number[];
  readonly kinds: number[];
  /** Line terminators in it and at its end. */
  lines: number;
}

function noFields(): ScannedRecord {
  return { count: 0, starts: [], ends: [], kinds: [], lines: 0 };
}

function isBlank({ count, starts, ends, kinds }: ScannedRecord): boolean {
  return count === 1 && starts[0] === ends[0] && kinds[0] === 0;
}

/**
 * Scans the record that begins at byte `start`, which lies on `line`, and answers where the next one begins; -1 if the
 * record is not complete in `bytes`.
 */
function scanRecord(
  bytes: Buffer,
  start: number,
  ended: boolean,
  terminator: number,
  line: number,
  at: string,
  into: ScannedRecord,
): number {
  const length = bytes.length;
  let position = start;
  let lines = 0;
  for (let field = 0; ; field += 1) {
    let from = position;
    let to: number;
    let kind = 0;
    let bits = 0;
    if (bytes[position] === quote) {
      const opened = line + lines;
      kind = quoted;
      from += 1;
      for (position += 1; ; position += 1) {
        if (position >= length) {
          if (!ended) return -1;
          throw new TributaryError('SourceDataInvalid', 'the quote that opens here is never closed', {
            at: `${at} line ${opened}`,
          });
        }
        const byte = bytes[position] as number;
        if (byte === quote) {
          if (bytes[position + 1] !== quote) break;
          kind |= escaped;
          position += 1;
        } else {
          if (byte === terminator) lines += 1;
          bits |= byte;
        }
      }
      to = position;
      position += 1;
      if (terminator === lf && bytes[position] === cr && (bytes[position + 1] ?? lf) === lf) position += 1;
      // Not even the closing quote is certain: it may be the first half of a doubled one, and CR that of CRLF.
      if (position >= length && !ended) return -1;
      const next = bytes[position];
      if (next !== comma && next !== terminator && next !== undefined) {
        throw new TributaryError('SourceDataInvalid', 'text follows a closing quote', {
          at: `${at} line ${line + lines}`,
          expected: 'a comma or the end of the line',
          fix: 'double the quotes within a quoted field',
        });
      }
    } else {
      for (; position < length; position += 1) {
        const byte = bytes[position] as number;
        if (byte === comma || byte === terminator) break;
        bits |= byte;
      }
      if (position >= length && !ended) return -1;
      to = position;
      if (terminator === lf && bytes[position] !== comma && bytes[to - 1] === cr) to -= 1;
    }
    into.starts[field] = from;
    into.ends[field] = to;
    into.kinds[field] = bits < 0x80 ? kind : kind | nonAscii;
    if (bytes[position] === comma) {
      position += 1;
      continue;
    }
    into.count = field + 1;
    into.lines = position < length ? lines + 1 : lines;
    return Math.min(position + 1, length);
  }
}

/** @param text the bytes from `start` to the record's end as Latin-1, of which ASCII fields are slices */
function fieldValue(
  bytes: Buffer,
  text: string,
  start: number,
  record: ScannedRecord,
  index: number,
): string | null {
  const from = record.starts[index] as number;
  const to = record.ends[index] as number;
  const kind = record.kinds[index] as number;
  if (from === to) return kind === 0 ? null : '';
  const value = kind & nonAscii ? bytes.toString('utf8', from, to) : text.slice(from - start, to - start);
  return kind & escaped ? value.replaceAll('""', '"') : value;
}
