import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { localObjectStore } from '../../local/object-store.ts';
import { ownProcessId } from '../../local/processes.ts';
import { behavesAsObjectStore } from '../support/object-store-behaviour.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function prepared(mounts?: (home: string) => Record<string, string>) {
  const home = temporaryFolder();
  mkdirSync(path.join(home, 's3/b'), { recursive: true });
  return { home, store: localObjectStore({ home, ...(mounts && { mounts: mounts(home) }) }) };
}

async function keys(store: ReturnType<typeof localObjectStore>, bucket: string, prefix = '') {
  const found: string[] = [];
  for await (const { key } of store.list(bucket, prefix)) found.push(key);
  return found;
}

behavesAsObjectStore(async () => prepared().store);

test('is a folder that people and other programs can look into', async () => {
  const { home, store } = prepared();
  await store.put('b', 'a/b.csv', 'x,y\n', { metadata: { hash: '1' } });
  expect(readFileSync(path.join(home, 's3/b/a/b.csv'), 'utf8')).toBe('x,y\n');
  expect(readdirSync(path.join(home, 's3/b/a'))).toEqual(['b.csv']);
  await store.delete('b', ['a/b.csv']);
  expect(readdirSync(path.join(home, 's3/b'))).toEqual([]);
  expect(readdirSync(path.join(home, 's3-uploads'))).toEqual([]);
});

test("metadata of an object that another program has replaced is not the new object's", async () => {
  const { home, store } = prepared();
  await store.put('b', 'k', 'one', { metadata: { hash: '1' } });
  writeFileSync(path.join(home, 's3/b/k.new'), 'two');
  await store.put('b', 'k', 'one', { metadata: { hash: '1' } });
  writeFileSync(path.join(home, 's3/b/k'), 'four');
  expect(await store.head('b', 'k')).toMatchObject({ size: 4, metadata: {} });
});

test('a mounted folder is a bucket, with all that is below it, and stays clean', async () => {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'deep/er'), { recursive: true });
  for (const name of ['deep/er/ä ö.csv', 'deep/100%.csv', 'deep/line\nbreak.csv', '.hidden', 'quote\'".csv'])
    writeFileSync(path.join(folder, name), 'x');
  const { store } = prepared(() => ({ inbox: folder }));
  expect(await keys(store, 'inbox')).toEqual([
    '.hidden',
    'deep/100%.csv',
    'deep/er/ä ö.csv',
    'deep/line\nbreak.csv',
    'quote\'".csv',
  ]);
  for (const key of await keys(store, 'inbox')) {
    expect(Buffer.from(await store.read('inbox', key)).toString()).toBe('x');
  }
  await store.put('inbox', 'new', 'x', { metadata: { hash: '1' } });
  expect(readdirSync(folder).sort()).toEqual(['.hidden', 'deep', 'new', 'quote\'".csv']);
  expect((await store.head('inbox', 'new'))?.metadata).toEqual({ hash: '1' });
});

test('a mounted folder may be on another disk', async () => {
  // Where there is no second disk at hand, the test holds as well, but shows less.
  const memory = '/dev/shm';
  const folder = temporaryFolder(existsSync(memory) ? memory : undefined);
  const { store } = prepared(() => ({ lake: folder }));
  const { etag } = await store.put('lake', 'a/k', 'one', { ifAbsent: true, metadata: { hash: '1' } });
  expect(await store.head('lake', 'a/k')).toMatchObject({ etag, metadata: { hash: '1' } });
  const again = store.put('lake', 'a/k', 'two', { ifAbsent: true });
  await expect(again).rejects.toMatchObject({ code: 'StateConflict' });
  await store.put('lake', 'a/k', 'three');
  expect(readFileSync(path.join(folder, 'a/k'), 'utf8')).toBe('three');
  expect(readdirSync(path.join(folder, 'a'))).toEqual(['k']);
});

test('copies parts of objects on another disk, and of one that a link leads to', async () => {
  const memory = '/dev/shm';
  const folder = temporaryFolder(existsSync(memory) ? memory : undefined);
  const { home, store } = prepared(() => ({ inbox: folder }));
  writeFileSync(path.join(folder, 'far'), 'abcdef');
  writeFileSync(path.join(home, 's3/b/near'), 'uvwxyz');
  symlinkSync('near', path.join(home, 's3/b/linked'));
  const copied = async (bucket: string, key: string) => {
    const upload = { bucket: 'b', key: 'k', uploadId: await store.startUpload('b', 'k') };
    const part = await store.copyPart(upload, 1, { bucket, key, range: { start: 1, end: 4 } });
    await store.completeUpload(upload, [part]);
    return readFileSync(path.join(home, 's3/b/k'), 'utf8');
  };
  expect(await copied('inbox', 'far')).toBe('bcd');
  expect(await copied('b', 'linked')).toBe('vwx');
});

test('a part is not completed whose bytes another program has changed', async () => {
  const { home, store } = prepared();
  await store.put('b', 'source', 'first');
  const upload = { bucket: 'b', key: 'k', uploadId: await store.startUpload('b', 'k') };
  const part = await store.copyPart(upload, 1, { bucket: 'b', key: 'source', range: { start: 0, end: 5 } });
  writeFileSync(path.join(home, 's3/b/source'), 'second');
  await expect(store.completeUpload(upload, [part])).rejects.toMatchObject({ code: 'InvalidArgument' });
  expect(existsSync(path.join(home, 's3/b/k'))).toBe(false);
});

test('follows links, but not round in circles or to nowhere', async () => {
  const folder = temporaryFolder();
  const elsewhere = temporaryFolder();
  mkdirSync(path.join(folder, 'in'));
  writeFileSync(path.join(folder, 'in/file'), 'x');
  writeFileSync(path.join(elsewhere, 'far'), 'x');
  symlinkSync(elsewhere, path.join(folder, 'linked'));
  symlinkSync(path.join(elsewhere, 'far'), path.join(folder, 'one'));
  symlinkSync(folder, path.join(folder, 'in/up'));
  symlinkSync('self', path.join(folder, 'self'));
  symlinkSync('/nowhere', path.join(folder, 'broken'));
  const { store } = prepared(() => ({ inbox: folder }));
  expect(await keys(store, 'inbox')).toEqual(['in/file', 'linked/far', 'one']);
});

test('what a killed process has left goes, what a living one writes stays', async () => {
  const { home, store } = prepared();
  const uploads = path.join(home, 's3-uploads');
  mkdirSync(uploads);
  for (const name of [`${process.pid}-1_dead`, `${ownProcessId()}_alive`])
    writeFileSync(path.join(uploads, name), 'x');
  await store.put('b', 'k', 'x');
  expect(readdirSync(uploads)).toEqual([`${ownProcessId()}_alive`]);
});

test.each(['../out', 'a/../../out', '/etc/x', 'a//b', './a', 'a/', 'nul\0'])(
  'refuses the key %j, which a folder cannot hold',
  async (key) => {
    const { home, store } = prepared();
    await expect(store.put('b', key, 'x')).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(store.read('b', key)).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(existsSync(path.join(home, 'out'))).toBe(false);
  },
);

test.each(['..', '.', '', 'a/b', '../../etc'])('refuses the bucket %j', async (bucket) => {
  const { store } = prepared();
  await expect(store.bucketExists(bucket)).rejects.toMatchObject({ code: 'InvalidArgument' });
});

test('says what the file system refused, and where', async () => {
  const { home, store } = prepared();
  await store.put('b', 'k', 'x');
  const below = store.put('b', 'k/below', 'x');
  await expect(below).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: `${path.join(home, 's3/b/k')}: the file system refused; got EEXIST; a folder is needed where a file is`,
  });
  const long = store.put('b', 'n'.repeat(256), 'x');
  await expect(long).rejects.toMatchObject({ code: 'InvalidArgument', context: { got: 'ENAMETOOLONG' } });
  writeFileSync(path.join(home, 's3/file'), '');
  const noFolder = store.put('file', 'k', 'x');
  await expect(noFolder).rejects.toMatchObject({
    code: 'ResourceNotFoundError',
    context: {
      at: 's3://file',
      fix: `create the folder ${path.join(home, 's3/file')}, or mount one with --mount file=FOLDER`,
    },
  });
  expect(readdirSync(path.join(home, 's3-uploads'))).toEqual([]);
});
