/** An object of a source bucket with its values replaced: the lines around what could not be read. */

import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { jsonStandIn, standIn } from '../core/stand-in.ts';

export interface StandInOptions {
  readonly fileType: 'CSV' | 'JSON';
  /** Counted from 1; absent: the beginning. */
  readonly line?: number;
  /** The source fields that the flow names: their names may be shown. */
  readonly fields: ReadonlySet<string>;
  /** The object is a gzip file whose end is missing; so is the stand-in's. */
  readonly isCutOff: boolean;
}

/** Lines from the one that is told on: a quote may be open for some. */
const linesKept = 20;
const bytesKept = 64 * 1024;
/** Of the object: what is read of it, decompressed. */
export const bytesLookedAt = 16 * 1024 * 1024;

/** @returns undefined if the line lies behind what is looked at */
export function objectStandIn(object: Uint8Array, options: StandInOptions): Buffer | undefined {
  const { fileType, line = 1, fields, isCutOff } = options;
  const bytes = decompressed(Buffer.from(object));
  const starts = lineStarts(bytes);
  const hasHeader = fileType === 'CSV';
  const first = Math.max(line - 1, hasHeader ? 1 : 0);
  const start = starts[first];
  if (start === undefined && line > starts.length) return undefined;
  const kept: Buffer[] = [];
  const secondLine = starts[1] ?? bytes.length;
  if (hasHeader) kept.push(masked(bytes.subarray(0, secondLine), (text) => header(text, fields)));
  const end = Math.min(starts[first + linesKept] ?? bytes.length, (start ?? bytes.length) + bytesKept);
  for (let i = first; start !== undefined && (starts[i] ?? end) < end; i++) {
    const one = bytes.subarray(starts[i], Math.min(starts[i + 1] ?? end, end));
    kept.push(masked(one, (text) => (hasHeader ? standIn(text) : jsonStandIn(text, fields))));
  }
  const whole = Buffer.concat(kept);
  return isCutOff ? gzipSync(whole).subarray(0, -8) : whole;
}

/** What of a gzip file can be decompressed. */
function decompressed(bytes: Buffer): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
}

function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  const terminator = bytes.includes(0x0a) ? 0x0a : 0x0d;
  for (let at = bytes.indexOf(terminator); at >= 0; at = bytes.indexOf(terminator, at + 1)) {
    if (at + 1 < bytes.length) starts.push(at + 1);
  }
  return starts;
}

/** A line that is no UTF-8 keeps the bytes that make it so. */
function masked(bytes: Buffer, mask: (text: string) => string): Buffer {
  try {
    return Buffer.from(mask(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)));
  } catch {
    const ascii = bytes.map((byte) => (byte < 0x80 ? byte : 0));
    const text = mask(Buffer.from(ascii).toString('latin1'));
    // Of the same length, as nothing but ASCII was replaced.
    return Buffer.from(bytes.map((byte, i) => (byte < 0x80 ? text.charCodeAt(i) : byte)));
  }
}

/** A header row: names that the flow does not know are numbered, alike where they were alike. */
function header(row: string, fields: ReadonlySet<string>): string {
  const numbers = new Map<string, number>();
  return row.replace(/"(?:[^"]|"")*"|[^,\r\n]+/g, (cell) => {
    const name = cell.replace(/^\ufeff/, '').replace(/^"|"$/g, '');
    if (name === '' || fields.has(name)) return cell;
    const number = numbers.get(name) ?? numbers.size + 1;
    numbers.set(name, number);
    return `column ${number}`;
  });
}
