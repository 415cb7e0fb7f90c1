/**
 * One writer interface for all file formats.
 *
 * Records of one output partition are encoded into *fragments*; segments store fragments, and the commit closes an
 * object around any number of them: head + fragment + fragment … + tail. That is how several batches write one file.
 */

import type { JsonObject } from '../../core/ports.ts';
import type { DestinationField, Row } from '../../core/records.ts';
import type { Block } from '../block.ts';

/** Encoded consecutive records of one partition. */
export interface Fragment {
  /** Its bytes, in pieces that follow each other, which nobody writes over: they are kept until the segment is stored. */
  readonly chunks: readonly Uint8Array[];
  readonly rows: number;
  /** What the tail needs to know of it (a Parquet row group's metadata with offsets relative to the fragment). */
  readonly meta?: JsonObject;
}

/** Where a fragment came to lie in its object. */
export interface PlacedFragment {
  /** From the object's beginning, the head included. */
  readonly offset: number;
  readonly length: number;
  readonly rows: number;
  readonly meta?: JsonObject;
}

export interface FragmentEncoder {
  /**
   * Values in the order of the destination fields, of the types that these declare (null for missing).
   * @throws RefusedValue if a value is not of its field's type; nothing of the row is then kept.
   */
  append(row: Row): void;
  /** How much `size` grows at most by `appendBlock`. */
  most(block: Block, positions: number, count: number): number;
  /**
   * As `append` of each record in turn, of a block that the format has prepared, with the same bytes and sizes.
   * @param positions where a list of them lies, none of them refused
   */
  appendBlock(block: Block, positions: number, count: number): void;
  readonly rows: number;
  /**
   * Bytes that `finish` would give, roughly and before compression (an object's size is the sum of its fragments'
   * bytes). A function of the records appended alone, never of time, memory, compressor or earlier fragments,
   * since boundaries of output files depend on it. Also what bounds memory: an encoder holds no more than a small
   * multiple of it (and little when it is 0: there may be 10,000 of them).
   */
  readonly size: number;
  /** Ends the fragment and begins the next. `undefined` if there are no rows. */
  finish(): Fragment | undefined;
}

export interface OutputFormat {
  readonly fileType: 'CSV' | 'JSON' | 'PARQUET';
  readonly contentType: string;
  /** Bytes at the beginning of every object: the CSV header line, Parquet's magic number; empty for JSON Lines. */
  head(): Uint8Array;
  encoder(): FragmentEncoder;
  /** Bytes at the end of an object: Parquet's footer; else empty. */
  tail(fragments: readonly PlacedFragment[]): Uint8Array;
  /** Refuses a block's records with values that are not of their fields' types. Its first vectors are the destination fields'. */
  prepare(block: Block): void;
}

export interface OutputFormatOptions {
  readonly fileType: 'CSV' | 'JSON' | 'PARQUET';
  /** In column order. With the single field named `*` (Passthrough) a JSON row's only value is the whole record. */
  readonly fields: readonly DestinationField[];
  /** Parquet only. Default `SNAPPY`. */
  readonly compression?: 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP' | 'ZSTD';
}
