import { expect, test, vi } from 'vitest';
import { s3Flow } from '../../support/flows.ts';
import { memoryHome } from '../../support/memory-home.ts';

// As before Node.js 22.15.
vi.mock('node:zlib', async (original) => ({ ...(await original()), zstdCompressSync: undefined }));

test('a compression that is not to be had here is refused before anything is read', async () => {
  const at = memoryHome({ buckets: ['inbox', 'lake'] });
  const flow = s3Flow({
    fields: { id: 'id' },
    output: { fileType: 'PARQUET' },
    more: { tributary: { compression: 'ZSTD' } },
  });
  // There is nothing to read either, which would be another error.
  expect(await at.run(flow)).toMatchObject({ error: 'NotRunnable' });
});
