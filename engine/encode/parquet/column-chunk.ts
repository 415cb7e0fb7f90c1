import type { Codec } from './compression.ts';
import { i32, struct, type ThriftValue, thriftBytes } from './thrift.ts';
import { plain, rle, type Values } from './values.ts';

export interface ColumnChunk {
  readonly pages: readonly Uint8Array[];
  readonly meta: ChunkMeta;
}

/** What the footer says of a column chunk, as JSON; offsets count from the chunk's beginning. */
export type ChunkMeta = {
  /** Of the dictionary page, which comes first, if there is one. */
  readonly dictionaryLength?: number;
  /** Of all pages. */
  readonly length: number;
  readonly uncompressedLength: number;
  readonly nulls: number;
  /** Values and nulls, where they are not one a row. */
  readonly entries?: number;
  /** Base64. */
  readonly min?: string;
  readonly max?: string;
};

/** The pages of one column of one row group. */
export interface ChunkWriter {
  /**
   * Ends the page that holds the values added so far.
   *
   * @param entries values and nulls
   * @param levels of the page's entries, as `hybrid` encodes them: repetition levels, if there are any, then definition levels
   */
  endPage(entries: number, ...levels: readonly Uint8Array[]): void;
  /** What the pages ended so far make. */
  finish(nulls: number): ColumnChunk;
}

export function chunkWriter<T>(values: Values<T>, codec: Codec): ChunkWriter {
  const pages: Uint8Array[] = [];
  let length = 0;
  let uncompressedLength = 0;

  /** A page's header and its compressed body. */
  function page(
    type: number,
    header: Record<number, ThriftValue>,
    body: readonly Uint8Array[],
  ): [Uint8Array, Uint8Array] {
    const bodyLength = body.reduce((sum, piece) => sum + piece.length, 0);
    const compressed = codec.compress(body);
    const fields = { 1: i32(type), 2: i32(bodyLength), 3: i32(compressed.length), ...header };
    const headerBytes = thriftBytes(struct(fields));
    length += headerBytes.length + compressed.length;
    uncompressedLength += headerBytes.length + bodyLength;
    return [headerBytes, compressed];
  }

  return {
    endPage(entries, ...levels) {
      const { encoding, bytes } = values.take();
      const header = { 1: i32(entries), 2: i32(encoding), 3: i32(rle), 4: i32(rle) };
      pages.push(...page(0, { 5: struct(header) }, [...levels.flatMap(withLength), ...bytes]));
    },
    finish(nulls) {
      const dictionary = values.dictionary();
      let dictionaryLength: number | undefined;
      if (dictionary) {
        const before = length;
        const header = { 1: i32(dictionary.count), 2: i32(plain) };
        pages.unshift(...page(2, { 7: struct(header) }, [dictionary.bytes]));
        dictionaryLength = length - before;
      }
      const bounds = values.bounds();
      return {
        pages,
        meta: {
          ...(dictionaryLength !== undefined && { dictionaryLength }),
          length,
          uncompressedLength,
          nulls,
          ...(bounds && { min: base64(bounds.min), max: base64(bounds.max) }),
        },
      };
    },
  };
}

function withLength(levels: Uint8Array): [Uint8Array, Uint8Array] {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(levels.length);
  return [length, levels];
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
