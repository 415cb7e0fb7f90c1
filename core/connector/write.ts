/** How an application takes records: requests that hold many, and answers that tell what became of each. */

import type { WrittenRecord } from '../destination.ts';
import type { Json } from '../ports.ts';

export type WriteMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface WriteRequest {
  /** Below `baseUrl`. Holes name settings; `{idField}` is the name of the flow's id field. */
  readonly request: `${WriteMethod} /${string}`;
  /** Records of one request at most. */
  readonly records: number;
  /** The JSON that is sent. Pure. Default: no body. */
  readonly body?: (records: readonly WrittenRecord[]) => object;
  /** Pure. Default: no parameters. */
  readonly query?: (records: readonly WrittenRecord[]) => Readonly<Record<string, string>>;
  readonly results: WriteResults;
}

/** The answer has a result for each record, in their order. */
export interface WriteResults {
  /** Path of the list. Default: the answer itself. */
  readonly at?: string;
  /** In a result: a record is written where the value at `path` is one of `is`. */
  readonly written: { readonly path: string; readonly is: readonly Json[] };
  /** In a result, of a refused record. Of a list the first counts. */
  readonly code?: string;
  readonly message: string;
}
