import * as zlib from 'node:zlib';
import type { AsyncBuffer, Compressors, FileMetaData } from 'hyparquet';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { Undecodable } from './count-text-records.ts';

/**
 * Counts the records of a Parquet file by decoding every column of it, a row group at a time. The reader is another
 * project's, so that what our encoder writes is not judged by our own idea of the format.
 *
 * @param read bytes [start, end) of the file
 * @throws Undecodable
 * @throws TributaryError NotRunnable for ZSTD where Node.js does not have it (before 22.15)
 */
export async function countParquetRecords(
  size: number,
  read: (start: number, end: number) => Promise<Uint8Array>,
): Promise<number> {
  const { parquetMetadataAsync, parquetRead } = await import('hyparquet');
  const file = parquetBuffer(size, read);
  let metadata: FileMetaData;
  try {
    metadata = await parquetMetadataAsync(file);
  } catch (error) {
    throw new Undecodable(`the footer cannot be read: ${messageOf(error)}`);
  }
  let records = 0;
  for (const [number, group] of metadata.row_groups.entries()) {
    const rows = Number(group.num_rows);
    const decoded = new Map<string, number>();
    try {
      await parquetRead({
        file,
        metadata,
        compressors,
        rowStart: records,
        rowEnd: records + rows,
        onChunk: ({ columnName, columnData }) =>
          void decoded.set(columnName, (decoded.get(columnName) ?? 0) + columnData.length),
      });
    } catch (error) {
      if (error instanceof TributaryError) throw error;
      throw new Undecodable(`row group ${number} cannot be read: ${messageOf(error)}`);
    }
    for (const [column, values] of decoded) {
      if (values !== rows)
        throw new Undecodable(`row group ${number} has ${values} values of '${column}' and ${rows} records`);
    }
    records += rows;
  }
  if (BigInt(records) !== metadata.num_rows)
    throw new Undecodable(`the footer counts ${metadata.num_rows} records, its row groups ${records}`);
  return records;
}

/** A file as the reader wants it. @param read bytes [start, end) of the file */
export function parquetBuffer(
  size: number,
  read: (start: number, end: number) => Promise<Uint8Array>,
): AsyncBuffer {
  return {
    byteLength: size,
    async slice(start, end = size) {
      const bytes = await read(start < 0 ? size + start : start, end);
      return new Uint8Array(bytes).buffer;
    },
  };
}

/** Beside Snappy, which the reader brings along. */
export const compressors: Compressors = {
  GZIP: (page) => zlib.gunzipSync(page),
  ZSTD: (page) => {
    if ('zstdDecompressSync' in zlib) return zlib.zstdDecompressSync(page);
    throw new TributaryError('NotRunnable', 'ZSTD cannot be decompressed here', {
      got: `Node.js ${process.version}`,
      expected: 'Node.js 22.15 or later',
    });
  },
};
