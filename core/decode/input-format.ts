/** What the reader of an object needs of a file format. */

import type { Row } from '../records.ts';
import type { ScannedRecords } from './scanned-records.ts';

export interface DecodedRecords {
  readonly rows: readonly Row[];
  /** The same records as bytes; who handles these need not have the rows made. */
  readonly scanned?: ScannedRecords;
  /** Bytes of whole records, from the beginning; 0 if not even one record is complete. */
  readonly used: number;
  /** The line terminators among those bytes. */
  readonly lines: number;
}

/**
 * Decodes the whole records that `bytes` begins with.
 *
 * @param ended whether the file ends with `bytes`; if so, all of them are used.
 * @param line of the first byte, counted from 1.
 * @param maxRows at most so many rows.
 * @throws SourceDataInvalid naming the line
 */
export type DecodeRecords = (bytes: Buffer, ended: boolean, line: number, maxRows: number) => DecodedRecords;

export interface Prologue {
  /** Bytes and line terminators before the first record: a byte order mark, a header line. */
  readonly used: number;
  readonly lines: number;
  readonly decode: DecodeRecords;
}

/** @param at the file, for errors */
export interface InputFormat {
  /** Reads what precedes the records; `undefined` if that needs more bytes than `bytes`, which is never so if `ended`. */
  begin(bytes: Buffer, ended: boolean, at: string): Prologue | undefined;
}
