import { byteRanges, type Job } from '#core';

/** Jobs: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-extract/bulk-extract */
export function exportOf(kind: 'activities' | 'leads'): Job {
  const job = `/bulk/v1/${kind}/export/{job}`;
  return {
    id: 'result[*].exportId',
    status: {
      path: `${job}/status.json`,
      at: 'result[*].status',
      running: ['Queued', 'Processing'],
      done: ['Completed'],
      // Both spellings are in the vendor's pages.
      failed: ['Failed', 'Canceled', 'Cancelled'],
      start: { path: `${job}/enqueue.json`, states: ['Created'] },
      message: 'result[*].errorMsg',
      // The vendor notes a state once a minute.
      everySeconds: 60,
    },
    results: {
      path: `${job}/file.json`,
      headers: { accept: '*/*' },
      nothing: 'null',
      pagination: byteRanges(),
    },
  };
}

/** A date range of a job, both ends included: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-extract/bulk-extract#limits */
export const rangeOf = (filter: 'createdAt' | 'updatedAt') => ({
  from: `filter.${filter}.startAt`,
  to: `filter.${filter}.endAt`,
});

export const longestRange = 31;
