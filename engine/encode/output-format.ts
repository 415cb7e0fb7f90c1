import { csv } from './csv.ts';
import type { OutputFormat, OutputFormatOptions } from './format.ts';
import { jsonLines } from './json-lines.ts';

/**
 * The encoder of a destination's file type.
 * @throws TributaryError NotRunnable for a compression that this Node.js does not have
 */
export function outputFormat(options: OutputFormatOptions): OutputFormat {
  switch (options.fileType) {
    case 'JSON':
      return jsonLines(options.fields);
    case 'CSV':
      return csv(options.fields);
    case 'PARQUET':
      throw new Error('unfinished');
  }
}
