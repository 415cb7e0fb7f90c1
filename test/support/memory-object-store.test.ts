import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { memoryObjectStore } from './memory-object-store.ts';
import { behavesAsObjectStore } from './object-store-behaviour.ts';

const MIB = 1024 * 1024;

behavesAsObjectStore(async () => memoryObjectStore({ buckets: ['b'] }));

test('gives back what was put, with its ETag and the second it was put in', async () => {
  const store = memoryObjectStore({ buckets: ['b'], now: () => 1_700_000_000_789 });
  const body = Buffer.from('hello');
  const { etag } = await store.put('b', 'k', body, { metadata: { Run: '1' }, contentType: 'text/csv' });
  expect(etag).toBe(`"${createHash('md5').update('hello').digest('hex')}"`);
  expect(await store.head('b', 'k')).toEqual({
    bucket: 'b',
    key: 'k',
    size: 5,
    etag,
    lastModified: 1_700_000_000_000,
    metadata: { run: '1' },
  });
  expect(await store.head('b', 'other')).toBeUndefined();
  expect(store.stored('b', 'k')?.contentType).toBe('text/csv');
});

test('names a range behind the end as S3 does', async () => {
  const store = memoryObjectStore({ buckets: ['b'] });
  await store.put('b', 'k', '0123456789');
  await expect(store.read('b', 'k', { range: { start: 10, end: 11 } })).rejects.toMatchObject({
    context: { vendorCode: 'InvalidRange' },
  });
});

test('lists over its pages and what happens between them', async () => {
  const store = memoryObjectStore({ buckets: ['b'] });
  const many = Array.from({ length: 1500 }, (_, index) => `m/${String(index).padStart(4, '0')}`);
  for (const key of many) await store.put('b', key, 'x');
  const seen: string[] = [];
  for await (const { key } of store.list('b', 'm/')) {
    if (seen.length === 0) await store.delete('b', ['m/0001', 'm/1499']);
    seen.push(key);
  }
  expect(seen).toEqual(many.slice(0, -1));
});

test('refuses keys that are too long', async () => {
  const store = memoryObjectStore({ buckets: ['b'] });
  await expect(store.put('b', 'ä'.repeat(513), 'x')).rejects.toMatchObject({ code: 'InvalidArgument' });
});

test('assembles uploads: stamped when begun, visible when completed', async () => {
  let now = 1_000_000;
  const store = memoryObjectStore({ buckets: ['b'], now: () => now });
  const uploadId = await store.startUpload('b', 'k', { encryption: { kmsKeyArn: 'arn' } });
  const upload = { bucket: 'b', key: 'k', uploadId };
  await store.put('b', 'source', Buffer.alloc(6 * MIB, 's'));
  now = 2_000_000;
  await store.uploadPart(upload, 3, Buffer.from('first try'));
  const last = await store.uploadPart(upload, 3, Buffer.from('tail'));
  const first = await store.uploadPart(upload, 1, Buffer.alloc(5 * MIB, 'f'));
  const copied = await store.copyPart(upload, 2, {
    bucket: 'b',
    key: 'source',
    range: { start: MIB, end: 6 * MIB },
  });
  expect(await store.listParts(upload)).toEqual([first, copied, last]);
  expect([copied.size, last.size]).toEqual([5 * MIB, 4]);
  expect(store.pendingUploads()).toEqual([upload]);
  expect(store.keys('b')).toEqual(['source']);
  await store.completeUpload(upload, [first, copied, last]);
  const object = store.stored('b', 'k');
  expect(object?.body.toString()).toBe(`${'f'.repeat(5 * MIB)}${'s'.repeat(5 * MIB)}tail`);
  expect(object).toMatchObject({ lastModified: 1_000_000, encryption: { kmsKeyArn: 'arn' } });
  expect(object?.etag).toMatch(/^"[0-9a-f]{32}-3"$/);
  expect(store.pendingUploads()).toEqual([]);
  expect(await store.listParts(upload)).toBeUndefined();
});

test('refuses uploads that S3 refuses', async () => {
  const store = memoryObjectStore({ buckets: ['b'] });
  await store.put('b', 'small', Buffer.alloc(5 * MIB));
  await store.put('b', 'large', Buffer.alloc(5 * MIB + 1));
  const upload = { bucket: 'b', key: 'k', uploadId: await store.startUpload('b', 'k', { ifAbsent: true }) };
  const refusal = async (promise: Promise<unknown>) => {
    const error = await promise.catch((thrown: unknown) => thrown);
    return (error as { context?: { vendorCode?: string } }).context?.vendorCode;
  };
  const copy = (key: string, start: number, end: number) =>
    store.copyPart(upload, 1, { bucket: 'b', key, range: { start, end } });
  expect(await refusal(copy('small', 0, 5 * MIB))).toBe('InvalidRequest');
  expect(await refusal(copy('large', 0, 5 * MIB + 2))).toBe('InvalidArgument');
  expect(await refusal(store.uploadPart(upload, 10_001, Buffer.from('x')))).toBe('InvalidArgument');
  const one = await store.uploadPart(upload, 1, Buffer.alloc(5 * MIB - 1));
  const two = await store.uploadPart(upload, 2, Buffer.from('x'));
  expect(await refusal(store.completeUpload(upload, []))).toBe('MalformedXML');
  expect(await refusal(store.completeUpload(upload, [one, two]))).toBe('EntityTooSmall');
  expect(await refusal(store.completeUpload(upload, [two, one]))).toBe('InvalidPartOrder');
  expect(await refusal(store.completeUpload(upload, [{ ...two, etag: one.etag }]))).toBe('InvalidPart');
  await store.put('b', 'k', 'meanwhile');
  expect(await refusal(store.completeUpload(upload, [two]))).toBe('PreconditionFailed');
  await store.abortUpload(upload);
  expect(await refusal(store.completeUpload(upload, [two]))).toBe('NoSuchUpload');
});
