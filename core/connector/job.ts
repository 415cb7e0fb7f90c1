/** Lists that a vendor prepares in its own time: a job is made, asked after until it is done, and then its results are read. */

import type { ListRequest } from './list-request.ts';
import type { Pagination } from './pagination.ts';

/**
 * Paths below `baseUrl`; those after the first request have the job's id in the hole `{job}`. Of a list in an answer the first
 * counts: `result[*].id`.
 */
export interface Job {
  /**
   * What the request that makes a job has other than the entity's list: filters, window, search and projection go into it.
   * Without this word the entity's own request makes the job, and the entity has no other list.
   */
  readonly create?: Partial<ListRequest>;
  /** Path of the job's id in the answer. */
  readonly id: string;
  readonly status: JobStatus;
  readonly results: JobResults;
  /** Of an entity that has a list too: when a flow that leaves the choice (AUTOMATIC) is read by a job. Default: never. */
  readonly automatic?: AutomaticJob;
}

/** A job's state. One that is in none of the lists is a breach of protocol: nobody waits for what nobody knows. */
export interface JobStatus {
  readonly path: string;
  /** Path of the state in the answer. */
  readonly at: string;
  readonly running: readonly string[];
  readonly done: readonly string[];
  readonly failed: readonly string[];
  /** For vendors whose jobs wait to be started: in these states a POST to `path` is sent. */
  readonly start?: { readonly path: string; readonly states: readonly string[] };
  /** Path of what a failed job says. */
  readonly message?: string;
  /** Between two looks. Default: some seconds at first, then 60. */
  readonly everySeconds?: number;
}

export interface JobResults {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Over the connector's; lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What is written for null, beside a field that is empty and has no quotes: `''`, `'null'`. */
  readonly nothing?: string;
  /** The response header, in lower case, that tells the number of records on a page: another number is an answer cut short. */
  readonly count?: string;
  /**
   * Pages, each of which is a CSV file with a header row; or byte ranges of one such file. Default: one answer with all of it.
   * Choose sizes that fit into memory: a page is read whole.
   */
  readonly pagination?: Pagination | ByteRanges;
}

/** One file, asked for in parts by the Range header (https://www.rfc-editor.org/rfc/rfc9110#section-14.2). */
export interface ByteRanges {
  readonly kind: 'byteRanges';
  /** Bytes of a part; every record is smaller. */
  readonly size: number;
}

/** @param size bytes; default 8 MiB */
export function byteRanges(size = 8 * 1024 * 1024): ByteRanges {
  return { kind: 'byteRanges', size };
}

export interface AutomaticJob {
  /**
   * Path of the number of all records in the answer to the list's request for one record, whose search is told that it only
   * counts (`SearchContext.counts`).
   */
  readonly count: string;
  /** So many records, or more, are read by a job. */
  readonly from: number;
  /** Characters; a list whose address is longer is read by a job in any case: the vendor would refuse it. */
  readonly longestAddress?: number;
}
