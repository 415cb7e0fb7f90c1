import type { ColumnMemory } from './column-memory.ts';
import type { Codec } from './compression.ts';
import type { EncodedLevels } from './levels.ts';
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
   * @param levels of the page's entries: repetition levels, if there are any, then definition levels
   */
  endPage(entries: number, levels: readonly EncodedLevels[]): void;
  /** What the pages ended so far make. */
  finish(nulls: number): ColumnChunk;
}

export function chunkWriter<T>(values: Values<T>, codec: Codec, memory: ColumnMemory): ChunkWriter {
  const pages: Uint8Array[] = [];
  let length = 0;
  let uncompressedLength = 0;

  /** A page's header and its body, compressed, which lies in [start, end) of the memory. */
  function page(
    type: number,
    header: Record<number, ThriftValue>,
    start: number,
    end: number,
  ): [Uint8Array, Uint8Array] {
    const compressed = codec.compress(memory, start, end);
    const fields = { 1: i32(type), 2: i32(end - start), 3: i32(compressed.length), ...header };
    const headerBytes = thriftBytes(struct(fields));
    length += headerBytes.length + compressed.length;
    uncompressedLength += headerBytes.length + end - start;
    return [headerBytes, compressed];
  }

  return {
    endPage(entries, levels) {
      const start = memory.room(levels.reduce((sum, { most }) => sum + 4 + most, values.settle()));
      let end = start;
      for (const { put } of levels) {
        const from = end + 4;
        end = put(from);
        memory.data.setUint32(from - 4, end - from, true);
      }
      end = values.take(end);
      const header = { 1: i32(entries), 2: i32(values.encoding), 3: i32(rle), 4: i32(rle) };
      pages.push(...page(0, { 5: struct(header) }, start, end));
    },
    finish(nulls) {
      const dictionary = values.dictionary();
      let dictionaryLength: number | undefined;
      if (dictionary) {
        const before = length;
        const { count, start, end } = dictionary;
        pages.unshift(...page(2, { 7: struct({ 1: i32(count), 2: i32(plain) }) }, start, end));
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

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
