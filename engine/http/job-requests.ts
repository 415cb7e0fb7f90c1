import type { Entity } from '../../core/connector/connector.ts';
import type { Job } from '../../core/connector/job.ts';
import { type ListRequestOptions, listRequest, type Position } from './list-request.ts';
import type { VendorClient, VendorRequest } from './vendor-client.ts';

/** What is asked of a job once it is made. Positions have its id in the hole `job` of their parent. */
export interface JobRequests {
  readonly declared: Job;
  status(position: Position): VendorRequest;
  /** For jobs that wait to be started. */
  start(position: Position): VendorRequest;
  /** A page of the results, or with `byteRanges` the file. */
  results(position: Position): VendorRequest;
  /** Answers with the bytes of a file as its `json`. */
  readonly files: VendorClient;
}

type Shared = Pick<ListRequestOptions, 'name' | 'base' | 'filters' | 'at' | 'setting'>;

export function jobRequests(job: Job, { filters, ...shared }: Shared, files: VendorClient): JobRequests {
  const { status, results } = job;
  const request = (request: Pick<Entity, 'path' | 'method' | 'query' | 'headers' | 'pagination'>) => {
    const { pagination } = request;
    return listRequest({
      ...shared,
      entity: { ...request, docs: '', primaryKey: [], fields: {} },
      pagination: pagination === 'onePage' ? undefined : pagination,
      // Filters and window went into the request that made the job.
      filters: { ...filters, query: new Map(), comparisons: [] },
      fields: [],
    });
  };
  const { pagination, path, query, headers = { accept: 'text/csv' } } = results;
  const pages = pagination?.kind === 'byteRanges' ? undefined : pagination;
  return {
    declared: job,
    status: request({ path: status.path }),
    start: request({ path: status.start?.path ?? status.path, method: 'POST' }),
    results: request({
      path,
      headers,
      ...(query && { query }),
      ...(pages && { pagination: pages }),
    }),
    files,
  };
}
