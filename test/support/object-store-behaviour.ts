/** What every object store does alike: the tests of one are the tests of all. */

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { exitCodeOf, type ObjectStore } from '#core';

const MIB = 2 ** 20;

/** @param make a store with one empty bucket, `b` */
export function behavesAsObjectStore(make: () => Promise<ObjectStore>): void {
  const text = async (body: Promise<Uint8Array>) => Buffer.from(await body).toString();
  const keys = async (store: ObjectStore, prefix: string) => {
    const found: string[] = [];
    for await (const { key } of store.list('b', prefix)) found.push(key);
    return found;
  };

  test('gives back what was put', async () => {
    const store = await make();
    const body = Buffer.from('hello');
    const { etag } = await store.put('b', 'x/k', body, { metadata: { Run: '1' }, contentType: 'text/csv' });
    body.fill(0);
    expect(await text(store.read('b', 'x/k'))).toBe('hello');
    const head = await store.head('b', 'x/k');
    expect(head).toMatchObject({ bucket: 'b', key: 'x/k', size: 5, etag, metadata: { run: '1' } });
    expect(Math.abs((head?.lastModified ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(await store.head('b', 'x')).toBeUndefined();
    expect(await store.head('b', 'other')).toBeUndefined();
    await store.put('b', 'x/k', 'bye');
    expect(await store.head('b', 'x/k')).toMatchObject({ size: 3, metadata: {} });
  });

  test('takes a body in pieces, however many', async () => {
    const store = await make();
    const pieces = Array.from({ length: 3000 }, (_, piece) => Buffer.from(`${piece} `.repeat(piece % 4)));
    const whole = Buffer.concat(pieces).toString();
    await store.put('b', 'k', pieces);
    expect(await store.head('b', 'k')).toMatchObject({ size: 20_837 });
    expect(await text(store.read('b', 'k'))).toBe(whole);
    const large = [1, 2, 300_000, 131_071, 1, 131_073, 131_072, 0, 7].map((length, at) =>
      Buffer.alloc(length, `${at}`),
    );
    await store.put('b', 'k', large);
    expect(Buffer.compare(await store.read('b', 'k'), Buffer.concat(large))).toBe(0);
    await store.put('b', 'k', []);
    expect(await text(store.read('b', 'k'))).toBe('');
    const upload = { bucket: 'b', key: 'parts', uploadId: await store.startUpload('b', 'parts') };
    const part = await store.uploadPart(upload, 1, pieces);
    expect(part.size).toBe(20_837);
    await store.completeUpload(upload, [part]);
    expect(await text(store.read('b', 'parts'))).toBe(whole);
  });

  test('reads ranges as HTTP has them', async () => {
    const store = await make();
    await store.put('b', 'k', '0123456789');
    expect(await text(store.read('b', 'k', { range: { start: 2, end: 4 } }))).toBe('23');
    expect(await text(store.read('b', 'k', { range: { start: 8, end: 99 } }))).toBe('89');
    expect(await text(store.read('b', 'k', { range: { start: 10, end: 10 } }))).toBe('');
    const behind = store.read('b', 'k', { range: { start: 10, end: 11 } });
    await expect(behind).rejects.toMatchObject({ code: 'InvalidArgument' });
    const chunks: Buffer[] = [];
    for await (const chunk of await store.stream('b', 'k', { start: 7 })) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('789');
  });

  test('gives the same to a reader that uses up each chunk at once', async () => {
    const store = await make();
    const body = Buffer.from(Array.from({ length: 5_000_000 }, (_, at) => (at * 31 + (at >> 8)) & 255));
    await store.put('b', 'k', body);
    const hash = createHash('sha256');
    let length = 0;
    for await (const chunk of await store.stream('b', 'k', { start: 3, transient: true })) {
      hash.update(chunk);
      length += chunk.length;
    }
    expect(length).toBe(4_999_997);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(body.subarray(3)).digest('hex'));
    await store.put('b', 'empty', '');
    for await (const chunk of await store.stream('b', 'empty', { transient: true })) length += chunk.length;
    expect(length).toBe(4_999_997);
    const left = await store.stream('b', 'k', { transient: true });
    for await (const _ of left) break;
    expect(left.destroyed).toBe(true);
  });

  test('holds conditions', async () => {
    const store = await make();
    const { etag } = await store.put('b', 'k', '1');
    const again = store.put('b', 'k', '2', { ifAbsent: true });
    await expect(again).rejects.toMatchObject({ code: 'StateConflict' });
    expect(await text(store.read('b', 'k', { ifMatch: etag }))).toBe('1');
    await store.put('b', 'k', '3');
    const stale = { code: 'SourceDataInvalid' };
    await expect(store.read('b', 'k', { ifMatch: etag })).rejects.toMatchObject(stale);
    await expect(store.stream('b', 'k', { ifMatch: etag })).rejects.toMatchObject(stale);
  });

  test('of many that put a key if it is absent, one succeeds, and its body stays', async () => {
    const store = await make();
    const bodies = Array.from({ length: 20 }, (_, i) => `body ${i}`);
    const results = await Promise.allSettled(
      bodies.map((body) => store.put('b', 'k', body, { ifAbsent: true })),
    );
    const winners = bodies.filter((_, i) => results[i]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    expect(await text(store.read('b', 'k'))).toBe(winners[0]);
  });

  test('lists in the order of bytes, by any prefix', async () => {
    const store = await make();
    // In UTF-16 the tower would come before the half-width sign; a folder sorts as if its slash were part of its name.
    const all = ['a b&%', 'p!/z', 'p-', 'p/a', 'p/b/c', 'p/\uffee', 'p/\u{1f5fc}', 'p0', 'q/a'];
    for (const key of [...all].reverse()) await store.put('b', key, 'x');
    expect(await keys(store, '')).toEqual(all);
    expect(await keys(store, 'p/')).toEqual(['p/a', 'p/b/c', 'p/\uffee', 'p/\u{1f5fc}']);
    expect(await keys(store, 'p/b')).toEqual(['p/b/c']);
    expect(await keys(store, 'p/b/c')).toEqual(['p/b/c']);
    expect(await keys(store, 'p/b/c/')).toEqual([]);
    expect(await keys(store, 'nothing')).toEqual([]);
  });

  test('forgets what is deleted', async () => {
    const store = await make();
    for (const key of ['x/y/1', 'x/y/2', 'x/3']) await store.put('b', key, 'x');
    await store.delete('b', ['x/y/1', 'x/y/2', 'never/there']);
    expect(await keys(store, '')).toEqual(['x/3']);
    await store.delete('b', ['x/3']);
    expect([await keys(store, ''), await store.bucketExists('b')]).toEqual([[], true]);
  });

  test('refuses what is not there', async () => {
    const store = await make();
    const refused = [
      store.read('b', 'k'),
      store.stream('b', 'k'),
      store.read('no', 'k'),
      store.head('no', 'k'),
      store.put('no', 'k', ''),
      store.delete('no', ['k']),
      store.startUpload('no', 'k'),
      store.list('no', '')[Symbol.asyncIterator]().next(),
      store.completeUpload({ bucket: 'b', key: 'k', uploadId: 'u' }, []),
      store.uploadPart({ bucket: 'b', key: 'k', uploadId: 'u' }, 1, Buffer.from('x')),
    ];
    for (const result of await Promise.allSettled(refused)) {
      const error = result.status === 'rejected' ? result.reason : undefined;
      expect(error).toMatchObject({ code: 'ResourceNotFoundError' });
      expect(exitCodeOf(error)).toBe(2);
    }
    await store.abortUpload({ bucket: 'b', key: 'k', uploadId: 'u' });
    await store.abortUpload({ bucket: 'no', key: 'k', uploadId: 'u' });
    expect(await store.listParts({ bucket: 'b', key: 'k', uploadId: 'u' })).toBeUndefined();
    expect([await store.bucketExists('b'), await store.bucketExists('no')]).toEqual([true, false]);
    await expect(store.put('b', '', 'x')).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  test('assembles uploads, visible when completed', async () => {
    const store = await make();
    const options = { metadata: { hash: 'h' } };
    const upload = { bucket: 'b', key: 'deep/k', uploadId: await store.startUpload('b', 'deep/k', options) };
    await store.put('b', 'source', Buffer.alloc(6 * MIB, 's'));
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
    expect(await keys(store, '')).toEqual(['source']);
    await store.completeUpload(upload, [first, copied, last]);
    const body = await store.read('b', 'deep/k');
    expect(Buffer.compare(body, Buffer.from(`${'f'.repeat(5 * MIB)}${'s'.repeat(5 * MIB)}tail`))).toBe(0);
    expect((await store.head('b', 'deep/k'))?.metadata).toEqual({ hash: 'h' });
    expect(await store.listParts(upload)).toBeUndefined();
  });

  test('a part copied of an object stays as it was copied', async () => {
    const store = await make();
    const upload = { bucket: 'b', key: 'k', uploadId: await store.startUpload('b', 'k') };
    const source = (start: number, end: number) => ({ bucket: 'b', key: 'source', range: { start, end } });
    await store.put('b', 'source', Buffer.concat([Buffer.alloc(6 * MIB, '1'), Buffer.from('tail')]));
    const replaced = await store.copyPart(upload, 2, source(0, 5 * MIB));
    const first = await store.copyPart(upload, 1, source(MIB, 6 * MIB));
    const second = await store.copyPart(upload, 2, source(6 * MIB - 1, 6 * MIB + 3));
    expect(second.etag).not.toBe(replaced.etag);
    await store.put('b', 'source', Buffer.alloc(6 * MIB + 4, '2'));
    await store.delete('b', ['source']);
    expect(await store.listParts(upload)).toEqual([first, second]);
    await store.completeUpload(upload, [first, second]);
    const body = Buffer.from(await store.read('b', 'k')).toString();
    expect([body.length, body.replace(/1+/, '')]).toEqual([5 * MIB + 4, 'tai']);
  });

  test('lists the uploads that are under way', async () => {
    const store = await make();
    const uploads = async (prefix: string) => {
      const found: string[] = [];
      for await (const { bucket, key, uploadId } of store.listUploads('b', prefix))
        found.push([bucket, key, uploadId].join(' '));
      return found.sort();
    };
    const start = async (key: string) => ({ bucket: 'b', key, uploadId: await store.startUpload('b', key) });
    const [first, second, other] = [await start('a/k'), await start('a/k'), await start('c/k')];
    expect(await uploads('a/')).toEqual([first, second].map((one) => `b a/k ${one.uploadId}`).sort());
    await store.abortUpload(first);
    await store.completeUpload(second, [await store.uploadPart(second, 1, Buffer.from('x'))]);
    expect(await uploads('')).toEqual([`b c/k ${other.uploadId}`]);
    await expect(store.listUploads('no', '')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'ResourceNotFoundError',
    });
  });

  test('refuses uploads that S3 refuses', async () => {
    const store = await make();
    await store.put('b', 'source', Buffer.alloc(5 * MIB + 1));
    const upload = { bucket: 'b', key: 'k', uploadId: await store.startUpload('b', 'k') };
    const refused = (promise: Promise<unknown>) =>
      expect(promise).rejects.toMatchObject({ code: 'InvalidArgument' });
    await refused(
      store.copyPart(upload, 1, { bucket: 'b', key: 'source', range: { start: 0, end: 5 * MIB + 2 } }),
    );
    const one = await store.uploadPart(upload, 1, Buffer.alloc(5 * MIB - 1));
    const two = await store.uploadPart(upload, 2, Buffer.from('x'));
    await refused(store.completeUpload(upload, []));
    await refused(store.completeUpload(upload, [one, two]));
    await refused(store.completeUpload(upload, [two, one]));
    await refused(store.completeUpload(upload, [{ ...two, etag: one.etag }]));
    expect(await store.head('b', 'k')).toBeUndefined();
    await store.abortUpload(upload);
    await expect(store.completeUpload(upload, [two])).rejects.toMatchObject({
      code: 'ResourceNotFoundError',
    });
  });
}
