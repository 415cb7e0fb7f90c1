import { describe, expect, test } from 'vitest';
import { TributaryError } from '#core';
import { preview } from '../../engine/preview.ts';
import { s3Flow } from '../support/flows.ts';
import { memoryHome } from '../support/memory-home.ts';
import { rows, scriptedSource } from '../support/scripted-source.ts';

const flow = s3Flow({ fields: { id: 'id' } });

describe('a preview', () => {
  test('waits for a source that is not ready, and goes on behind pages without records', async () => {
    const source = scriptedSource([[{ rows: [] }, { rows: rows(1, 2) }, { rows: rows(3, 1) }]]);
    const at = memoryHome({ buckets: ['lake'], sources: { S3: source } });
    const waits = [2, 60];
    source.onRead = (_, page) => {
      const retryAfterSeconds = page === 1 ? waits.shift() : undefined;
      if (retryAfterSeconds !== undefined) {
        throw new TributaryError('RateLimitExceeded', 'not done', { retryAfterSeconds });
      }
    };
    const begun = at.clock.now();
    expect(await preview(flow, 10, at.ports(flow))).toEqual([
      { before: { id: '1' }, after: { id: '1' } },
      { before: { id: '2' }, after: { id: '2' } },
    ]);
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
