import { csv } from './csv.ts';
import type { OutputFormat, OutputFormatOptions } from './format.ts';
import { jsonLines } from './json-lines.ts';
import { codecOf } from './parquet/compression.ts';
import { parquet } from './parquet/parquet.ts';

/**
 * The encoder of a destination's file type.
 * @throws TributaryError NotRunnable for a compression that this Node.js does not have
 */
export function outputFormat({
  fileType,
  fields,
  compression = 'SNAPPY',
}: OutputFormatOptions): OutputFormat {
  switch (fileType) {
    case 'JSON':
      return jsonLines(fields);
    case 'CSV':
      return csv(fields);
    case 'PARQUET':
      return parquet(fields, codecOf(compression));
  }
}
