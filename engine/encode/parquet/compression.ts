import * as zlib from 'node:zlib';
import { TributaryError } from '../../../core/errors.ts';
import type { OutputFormatOptions } from '../format.ts';
import type { ColumnMemory } from './column-memory.ts';
import { snappy } from './snappy.ts';

export type Compression = NonNullable<OutputFormatOptions['compression']>;

/** How pages are compressed. */
export interface Codec {
  /** Parquet's CompressionCodec. */
  readonly code: number;
  /** Of bytes [start, end) of the memory; what lies there stays, what `ColumnMemory.room` has given may be written over. */
  compress(memory: ColumnMemory, start: number, end: number): Uint8Array;
}

/**
 * @param zstdCompressSync default: Node's own
 * @throws TributaryError NotRunnable for ZSTD where Node.js does not have it (before 22.15)
 */
export function codecOf(
  compression: Compression,
  { zstdCompressSync }: { zstdCompressSync?: (page: Uint8Array) => Uint8Array } = zlib,
): Codec {
  switch (compression) {
    case 'UNCOMPRESSED':
      return { code: 0, compress: ({ bytes }, start, end) => Buffer.from(bytes.subarray(start, end)) };
    case 'SNAPPY':
      return { code: 1, compress: snappy };
    case 'GZIP':
      return { code: 2, compress: ({ bytes }, start, end) => zlib.gzipSync(bytes.subarray(start, end)) };
    case 'ZSTD':
      if (!zstdCompressSync) {
        throw new TributaryError('NotRunnable', 'Parquet cannot be compressed with ZSTD here', {
          got: `Node.js ${process.version}`,
          expected: 'Node.js 22.15 or later',
          fix: 'use SNAPPY or GZIP, or a newer Node.js',
        });
      }
      return { code: 6, compress: ({ bytes }, start, end) => zstdCompressSync(bytes.subarray(start, end)) };
  }
}
