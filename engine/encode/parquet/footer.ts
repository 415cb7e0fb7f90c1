import type { PlacedFragment } from '../format.ts';
import { byteWriter } from './byte-writer.ts';
import type { ChunkMeta } from './column-chunk.ts';
import type { ColumnType, Leaf } from './column-type.ts';
import type { Codec } from './compression.ts';
import { binary, i32, i64, list, struct, type ThriftValue } from './thrift.ts';
import { plain, rle, rleDictionary } from './values.ts';

/** What a fragment says of its row group: its column chunks, one behind the other. */
export type RowGroupMeta = { readonly columns: readonly ChunkMeta[] };

export const magic = Buffer.from('PAR1');

const createdBy = 'tributary version 0.1.0';

/** FileMetaData, its length and the magic number, as parquet.thrift has them. */
export function footer(
  columns: readonly ColumnType[],
  codec: Codec,
  fragments: readonly PlacedFragment[],
): Uint8Array {
  const leaves = columns.flatMap((column) => column.leaves);
  const root = struct({ 4: binary('root'), 5: i32(columns.length) });
  const typeDefinedOrder = struct({ 1: struct({}) });
  const out = byteWriter(1024);
  struct({
    1: i32(1),
    2: list([root, ...columns.flatMap(({ schema }) => schema)]),
    3: i64(fragments.reduce((sum, { rows }) => sum + rows, 0)),
    4: list(fragments.map((fragment) => rowGroup(leaves, codec, fragment))),
    6: binary(createdBy),
    // Without it readers ignore the bounds of strings and decimals.
    7: list(leaves.map(() => typeDefinedOrder)),
  }).write(out);
  const end = Buffer.alloc(4);
  end.writeUInt32LE(out.length);
  out.bytes(end);
  out.bytes(magic);
  return out.written();
}

function rowGroup(
  leaves: readonly Leaf[],
  codec: Codec,
  { offset, length, rows, meta }: PlacedFragment,
): ThriftValue {
  // Written by `finish` of this format's encoder, kept by the engine.
  const chunks = (meta as RowGroupMeta | undefined)?.columns ?? [];
  let at = offset;
  const written = leaves.map((leaf, index) => {
    const chunk = chunks[index];
    if (chunk === undefined) throw new Error(`a fragment at ${offset} says nothing of column ${index}`);
    const value = columnChunk(leaf, codec, rows, at, chunk);
    at += chunk.length;
    return value;
  });
  return struct({
    1: list(written),
    2: i64(chunks.reduce((sum, chunk) => sum + chunk.uncompressedLength, 0)),
    3: i64(rows),
    5: i64(offset),
    6: i64(length),
  });
}

function columnChunk(
  { path, physical }: Leaf,
  codec: Codec,
  rows: number,
  at: number,
  { dictionaryLength, length, uncompressedLength, nulls, entries = rows, min, max }: ChunkMeta,
): ThriftValue {
  const encodings = dictionaryLength === undefined ? [plain, rle] : [plain, rle, rleDictionary];
  return struct({
    2: i64(0), // Where metadata outside of the footer would be; there is none.
    3: struct({
      1: i32(physical),
      2: list(encodings.map(i32)),
      3: list(path.map(binary)),
      4: i32(codec.code),
      5: i64(entries),
      6: i64(uncompressedLength),
      7: i64(length),
      9: i64(at + (dictionaryLength ?? 0)),
      11: dictionaryLength === undefined ? undefined : i64(at),
      12: struct({
        3: i64(nulls),
        5: max === undefined ? undefined : binary(Buffer.from(max, 'base64')),
        6: min === undefined ? undefined : binary(Buffer.from(min, 'base64')),
      }),
    }),
  });
}
