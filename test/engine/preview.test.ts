import { describe, expect, test } from 'vitest';
import { TributaryError } from '#core';
import { preview } from '../../engine/preview.ts';
import { s3Flow } from '../support/flows.ts';
import { memoryHome } from '../support/memory-home.ts';
import { rows, scriptedSource } from '../support/scripted-source.ts';

const flow = s3Flow({ fields: { id: 'id' } });

describe('a preview', () => {
  test('waits for a source that is not ready, and reads as many pages as its limit takes', async () => {
    const pages = [{ rows: [] }, { rows: rows(1, 2) }, { rows: rows(3, 2) }, { rows: rows(5, 1) }];
    const source = scriptedSource([pages]);
    const at = memoryHome({ buckets: ['lake'], sources: { S3: source } });
    const waits = [2, 60];
    let last = 0;
    source.onRead = (_, page) => {
      last = page;
      const retryAfterSeconds = page === 1 ? waits.shift() : undefined;
      if (retryAfterSeconds !== undefined) {
        throw new TributaryError('RateLimitExceeded', 'not done', { retryAfterSeconds });
      }
    };
    const begun = at.clock.now();
    expect(await preview(flow, 3, at.ports(flow))).toEqual([
      { before: { id: '1' }, after: { id: '1' } },
      { before: { id: '2' }, after: { id: '2' } },
      { before: { id: '3' }, after: { id: '3' } },
    ]);
    expect(last).toBe(2);
    expect(at.clock.now() - begun).toBe(62_000);
  });

  test('does not wait for ever', async () => {
    const source = scriptedSource([[{ rows: rows(1, 1) }]]);
    source.onRead = () => {
      throw new TributaryError('RateLimitExceeded', 'not done', { retryAfterSeconds: 60 });
    };
    const at = memoryHome({ sources: { S3: source } });
    const begun = at.clock.now();
    await expect(preview(flow, 10, at.ports(flow))).rejects.toThrow('not done');
    expect(at.clock.now() - begun).toBe(600_000);
  });
});
