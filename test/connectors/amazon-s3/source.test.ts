import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { exitCodeOf, type ObjectStore, type PageToken } from '#core';
import { amazonS3, createAmazonS3 } from '../../../connectors/amazon-s3/source.ts';
import { collectGarbage, usedMemory } from '../../support/memory.ts';
import { memoryObjectStore } from '../../support/memory-object-store.ts';
import { bucket, filesIn, portsOver, readAll, readSplit, request } from './helpers.ts';

const at = (time: string): number => Date.parse(`2026-02-03T${time}Z`);

describe('which objects are read', () => {
  test('those in the folder and below it, in key order, without markers', async () => {
    const store = await filesIn({
      in: 'a\nkey named as the folder\n',
      'in/': '',
      'in/2.csv': 'a\n2\n',
      'in/1/x.csv': 'a\n1\n',
      'in/empty.csv': '',
      'inside.csv': 'a\nanother folder\n',
    });
    for (const bucketPrefix of ['in', '/in/', 'in//']) {
      const asked = request({ fields: ['a'], properties: { bucketName: bucket, bucketPrefix } });
      expect(await readAll(store, asked)).toEqual([['1'], ['2']]);
    }
  });

  test('one object, if bucketPrefix is its key', async () => {
    const store = await filesIn({ 'in/1.csv': 'a\n1\n', 'in/1.csv.old': 'a\n0\n' });
    const properties = { bucketName: bucket, bucketPrefix: 'in/1.csv' };
    expect(await readAll(store, request({ fields: ['a'], properties }))).toEqual([['1']]);
  });

  test('the whole bucket without a prefix', async () => {
    const store = await filesIn({ '1.csv': 'a\n1\n', 'x/2.csv': 'a\n2\n' });
    expect(await readAll(store, request({ fields: ['a'], properties: { bucketName: bucket } }))).toEqual([
      ['1'],
      ['2'],
    ]);
  });

  test('are frozen: one that is replaced afterwards is not read', async () => {
    const store = await filesIn({ 'in/1': 'a\n1\n' });
    const ports = portsOver(store);
    const asked = request({ fields: ['a'] });
    const [split = {}] = (await amazonS3.describe(asked, ports)).splits;
    expect(split).toEqual({ objects: [{ key: 'in/1', size: 4, etag: store.stored(bucket, 'in/1')?.etag }] });
    await store.put(bucket, 'in/1', 'a\n2\n');
    await store.put(bucket, 'in/2', 'a\n3\n');
    await expect(readSplit(amazonS3, asked, split, ports)).rejects.toMatchObject({
      code: 'SourceDataInvalid',
      context: { at: 's3://lake/in/1' },
    });
  });

  test('one split for each, or 1,000 of about equal size with neighbours together', async () => {
    const objects = Array.from({ length: 2500 }, (_, index) => ({
      bucket,
      key: `in/${String(index).padStart(4, '0')}`,
      size: index < 1250 ? 100 : 300,
      etag: 'e',
      lastModified: 0,
    }));
    const listing = (count: number): ObjectStore => ({
      ...memoryObjectStore({ buckets: [bucket] }),
      async *list() {
        yield* objects.slice(0, count);
      },
      stream: async () => Readable.from([Buffer.from('a\n'.repeat(50))]),
    });
    const splitsOf = async (count: number) => {
      const { splits } = await amazonS3.describe(request(), portsOver(listing(count)));
      return splits as readonly { objects: { key: string; size: number }[] }[];
    };
    expect((await splitsOf(1000)).map((split) => split.objects.length)).toEqual(Array(1000).fill(1));
    const splits = await splitsOf(2500);
    expect(splits.length).toBeLessThanOrEqual(1000);
    expect(splits.flatMap((split) => split.objects.map(({ key }) => key))).toEqual(
      objects.map(({ key }) => key),
    );
    const sizes = splits.map((split) => split.objects.reduce((sum, { size }) => sum + size, 0));
    // 500,000 bytes over 1,000 splits: none differs from 500 by more than its last object.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(800);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(200);
  });
});

describe('the pull window', () => {
  async function store() {
    let now = 0;
    const objects = memoryObjectStore({ buckets: [bucket], now: () => now });
    for (const time of ['10:00:00.000', '10:00:01.000', '10:00:02.000', '10:00:03.000']) {
      now = at(time);
      await objects.put(bucket, `in/${time}`, `a\n${time}\n`);
    }
    return objects;
  }
  const asked = (start: string | undefined, end: string) =>
    request({ fields: ['a'], window: { ...(start && { start: at(start) }), end: at(end) } });
  const keysOf = (splits: readonly object[]) =>
    (splits as readonly { objects: { key: string }[] }[]).flatMap((split) =>
      split.objects.map(({ key }) => key),
    );

  test('holds objects last modified from its start to before its end', async () => {
    const ports = portsOver(await store(), () => at('11:00:00.000'));
    const { splits, appliesWindow } = await amazonS3.describe(asked('10:00:01.000', '10:00:03.000'), ports);
    expect(keysOf(splits)).toEqual(['in/10:00:01.000', 'in/10:00:02.000']);
    expect(appliesWindow).toBe(true);
  });

  test('does not bind a full pull', async () => {
    const { splits } = await amazonS3.describe(asked(undefined, '10:00:01.000'), portsOver(await store()));
    expect(splits).toHaveLength(4);
  });

  test('ends before the second of the listing, in which more may be written', async () => {
    const ports = portsOver(await store(), () => at('10:00:03.700'));
    const described = await amazonS3.describe(asked('10:00:02.000', '10:00:03.500'), ports);
    expect(described.completeUntil).toBe(at('10:00:03.000'));
    expect(keysOf(described.splits)).toEqual(['in/10:00:02.000']);
  });

  test('is not cut where stamps are finer than seconds', async () => {
    const objects = await store();
    const finer: ObjectStore = {
      ...objects,
      async *list(...listing) {
        for await (const object of objects.list(...listing)) {
          yield { ...object, lastModified: object.lastModified + 250.5 };
        }
      },
    };
    const described = await amazonS3.describe(
      asked('10:00:02.000', '10:00:03.500'),
      portsOver(finer, () => at('10:00:03.600')),
    );
    expect(described.completeUntil).toBe(at('10:00:03.600'));
    expect(keysOf(described.splits)).toEqual(['in/10:00:02.000', 'in/10:00:03.000']);
  });

  test('may be empty, and then the newest object tells the fields', async () => {
    const objects = await store();
    await objects.put(bucket, 'in/newest', 'a,b\n');
    const ports = portsOver(objects, () => at('12:00:00.000'));
    expect(await amazonS3.describe(asked('11:00:00.000', '11:30:00.000'), ports)).toEqual({
      fields: [
        { name: 'a', type: 'String' },
        { name: 'b', type: 'String' },
      ],
      splits: [],
      appliedFilters: [],
      appliesWindow: true,
      completeUntil: at('12:00:00.000'),
    });
  });

  test('over an empty folder is empty, but a full pull of it fails', async () => {
    const ports = portsOver(await filesIn({ 'in/': '', 'other/1': 'a\n' }));
    const described = await amazonS3.describe(asked('10:00:00.000', '11:00:00.000'), ports);
    expect([described.fields, described.splits]).toEqual([[], []]);
    const failure = amazonS3.describe(asked(undefined, '11:00:00.000'), ports);
    await expect(failure).rejects.toMatchObject({
      code: 'ResourceNotFoundError',
      message:
        's3://lake/in/: there are no objects to read; expected at least one object that is not empty; mend bucketPrefix or put files there',
    });
    expect(exitCodeOf(await failure.catch((error) => error))).toBe(2);
  });
});

describe('bad settings', () => {
  test('a bucket that is not there', async () => {
    const ports = portsOver(memoryObjectStore());
    for (const failure of [amazonS3.describe(request(), ports), amazonS3.testConnection(request(), ports)]) {
      const error = await failure.catch((thrown) => thrown);
      expect(error).toMatchObject({ code: 'ResourceNotFoundError', context: { at: 's3://lake' } });
      expect(exitCodeOf(error)).toBe(2);
    }
  });

  test('properties of another shape', async () => {
    const asked = request({
      properties: { bucketName: bucket, s3InputFormatConfig: { s3InputFileType: 'XML' } },
    });
    await expect(amazonS3.describe(asked, portsOver(memoryObjectStore()))).rejects.toMatchObject({
      code: 'FlowInvalid',
      context: { flowName: 'accounts', at: 'sourceConnectorProperties.S3' },
    });
  });

  test('testConnection is content with a bucket', async () => {
    const ports = portsOver(memoryObjectStore({ buckets: [bucket] }));
    expect(await amazonS3.testConnection(request(), ports)).toBeUndefined();
  });
});

describe('fields', () => {
  const fieldsOf = async (files: Record<string, string | Uint8Array>, fileType: 'CSV' | 'JSON') =>
    (await amazonS3.describe(request({ fileType }), portsOver(await filesIn(files)))).fields.map(
      ({ name, type }) => `${name}: ${type}`,
    );

  test('of CSV are the header of the first file that has one', async () => {
    const files = {
      'in/0': gzipSync(''),
      'in/1': `\ufeffId,"Full, name"\r\n${'1,2\r\n'.repeat(9)}`,
      'in/2': 'x\n',
    };
    expect(await fieldsOf(files, 'CSV')).toEqual(['Id: String', 'Full, name: String']);
  });

  test('alone need no list of a large folder', async () => {
    const store = await filesIn(
      Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`in/${index}`, 'a\n1\n'])),
    );
    const listed: string[] = [];
    const counted: ObjectStore = {
      ...store,
      async *list(...listing) {
        for await (const object of store.list(...listing)) {
          listed.push(object.key);
          yield object;
        }
      },
    };
    const { fields } = await amazonS3.describe(request({ fieldsOnly: true }), portsOver(counted));
    expect(fields).toEqual([{ name: 'a', type: 'String' }]);
    expect(listed).toHaveLength(5);
  });

  test('of JSON Lines have the types of their values', async () => {
    const lines = [
      { flag: true, count: 1, ratio: 1, text: 'x', when: null, owner: {}, tags: [], mixed: 1, nothing: null },
      {
        flag: null,
        count: 2,
        ratio: 0.5,
        text: 'y',
        when: '2026',
        owner: null,
        tags: [1],
        mixed: '1',
        late: false,
      },
      { mixed: {}, ratio: 3 },
    ];
    const text = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"big":9007199254740993,"huge":1e30,"count":9007199254740993,"over":9223372036854775808}\n{"over":1}`;
    expect(await fieldsOf({ 'in/1': text }, 'JSON')).toEqual([
      'flag: Boolean',
      'count: Long',
      'ratio: Double',
      'text: String',
      'when: String',
      'owner: Struct',
      'tags: List',
      'mixed: String',
      'nothing: String',
      'late: Boolean',
      'big: Long',
      'huge: Double',
      'over: BigInteger',
    ]);
  });

  test('of JSON Lines are sampled from 1,000 records of five files over the whole list', async () => {
    const key = (index: number) => `in/${index}`;
    const files = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [
        key(index),
        `${`{"f${index}":1}\n`.repeat(200)}{"late${index}":1}\n`,
      ]),
    );
    expect(await fieldsOf(files, 'JSON')).toEqual([
      'f0: Long',
      'f2: Long',
      'f4: Long',
      'f6: Long',
      'f8: Long',
    ]);
    expect(await fieldsOf({ 'in/0': `${'{"a":1}\n'.repeat(999)}{"b":1}\n{"c":1}\n` }, 'JSON')).toEqual([
      'a: Long',
      'b: Long',
    ]);
  });
});

describe('pages', () => {
  const split = async (store: Awaited<ReturnType<typeof filesIn>>) => ({
    objects: store.keys(bucket).map((key) => {
      const { size = 0, etag = '' } = store.stored(bucket, key) ?? {};
      return { key, size, etag };
    }),
  });

  test('never span objects, and name the object as their unit', async () => {
    const store = await filesIn({ 'in/1': 'a\n1\n2\n3\n', 'in/2': gzipSync(''), 'in/3': 'a\n4' });
    const source = createAmazonS3({ pageBytes: 4 });
    const ports = portsOver(store);
    const asked = request({ fields: ['a'] });
    expect(await readSplit(source, asked, await split(store), ports)).toEqual({
      rows: [['1'], ['2'], ['3'], ['4']],
      bytes: 8 + 3,
      units: [0, 0, 1, 2],
      tokens: [
        { object: 0, offset: 6, line: 4 },
        { object: 1, offset: 0, line: 1 },
        { object: 2, offset: 0, line: 1 },
        undefined,
      ],
    });
  });

  test('are shorter if fewer records are asked for', async () => {
    const store = await filesIn({ 'in/1': 'a\n1\n2\n3\n' });
    const session = await amazonS3.open(
      request({ fields: ['a'], limit: 2 }),
      await split(store),
      portsOver(store),
    );
    const first = await session.read(undefined);
    expect(first).toMatchObject({ rows: [['1'], ['2']], next: { object: 0, offset: 6, line: 4 } });
    const second = await session.read(first.next);
    expect(second).toMatchObject({ rows: [['3']], bytes: 2, unit: 0 });
    expect(second.next).toBeUndefined();
    await session.close();
  });

  test('do not depend on what was read before them', async () => {
    // The long record makes the reader look farther than a page; what it then has in hand must not lengthen the next.
    const store = await filesIn({ 'in/1': `a\n${'x'.repeat(20)}\n${'12345\n'.repeat(9)}` });
    const source = createAmazonS3({ pageBytes: 10 });
    const asked = request({ fields: ['a'], limit: 2 });
    const read = await readSplit(source, asked, await split(store), portsOver(store));
    expect(read.rows).toHaveLength(10);
    expect(await readSplit(source, asked, await split(store), portsOver(store), true)).toEqual(read);
  });

  test('do not depend on how the bytes arrive', async () => {
    const text = `a,b\n${Array.from({ length: 200 }, (_, index) => `${index},"x\n${index}"\n`).join('')}`;
    const store = await filesIn({ 'in/1': text });
    const source = createAmazonS3({ pageBytes: 100 });
    const asked = request({ fields: ['a', 'b'] });
    const expected = await readSplit(source, asked, await split(store), portsOver(store));
    for (const chunk of [1, 7, 99, 100, 101, 250]) {
      const chunked: ObjectStore = {
        ...store,
        stream: async (name, key, options) => {
          const body = await store.read(name, key);
          let at = options?.start ?? 0;
          const memory = Buffer.alloc(chunk);
          return new Readable({
            // One chunk at a time, all in the same memory.
            highWaterMark: 0,
            read() {
              const length = Buffer.from(body).copy(memory, 0, at);
              at += length;
              this.push(length === 0 ? null : memory.subarray(0, length));
            },
          });
        },
      };
      expect(await readSplit(source, asked, await split(store), portsOver(chunked))).toEqual(expected);
      expect(await readSplit(source, asked, await split(store), portsOver(chunked), true)).toEqual(expected);
    }
  });

  test('in sequence use one stream, which ends with the session', async () => {
    const text = `a\n${'123456789\n'.repeat(400_000)}`;
    for (const body of [Buffer.from(text), gzipSync(text, { level: 0 })]) {
      const store = await filesIn({ 'in/1': body });
      const streams: Readable[] = [];
      const counted: ObjectStore = {
        ...store,
        stream: async (...read) => {
          const stream = await store.stream(...read);
          streams.push(stream);
          return stream;
        },
      };
      const session = await amazonS3.open(request({ fields: ['a'] }), await split(store), portsOver(counted));
      const first = await session.read(undefined);
      await session.read((await session.read(first.next)).next);
      expect(streams.map(({ destroyed }) => destroyed)).toEqual([false]);
      const again = await session.read(first.next);
      expect(again.next).toMatchObject({ object: 0 });
      expect(streams[0]?.destroyed).toBe(true);
      await session.close();
      expect(streams.every(({ destroyed }) => destroyed)).toBe(true);
    }
  });
});

describe('gzip', () => {
  const rows = Array.from({ length: 50 }, (_, index) => [String(index)]);
  const parts = ['a\n0\n1', ...rows.slice(2).map(([value]) => `\n${value}`)];

  test('of several members is one file, wherever the chunks are cut', async () => {
    const body = Buffer.concat([...parts.map((part) => gzipSync(part)), gzipSync('')]);
    const store = await filesIn({ 'in/no-suffix': body });
    expect(await readAll(store, request({ fields: ['a'] }))).toEqual(rows);
    for (const chunk of [1, 21, 22, 23]) {
      const cut: ObjectStore = {
        ...store,
        stream: async () =>
          Readable.from(
            Array.from({ length: Math.ceil(body.length / chunk) }, (_, index) =>
              body.subarray(index * chunk, (index + 1) * chunk),
            ),
          ),
      };
      expect(await readAll(cut, request({ fields: ['a'] }))).toEqual(rows);
    }
  });

  test('is told by its bytes: a plain file may be called .gz', async () => {
    expect(await readAll(await filesIn({ 'in/1.gz': 'a\n1\n' }), request({ fields: ['a'] }))).toEqual([
      ['1'],
    ]);
  });

  const whole = gzipSync(parts.join(''));
  test.each([
    ['cut off', whole.subarray(0, -9)],
    ['damaged', Buffer.concat([whole.subarray(0, 20), Buffer.from('rubbish'), whole.subarray(27)])],
    ['followed by something else', Buffer.concat([whole, Buffer.from('rubbish')])],
  ])('that is %s fails the run', async (_name, body) => {
    await expect(readAll(await filesIn({ 'in/1': body }), request({ fields: ['a'] }))).rejects.toMatchObject({
      code: 'SourceDataInvalid',
      message: 's3://lake/in/1: the gzip file is broken or cut off',
    });
  });
});

describe('a connection that breaks', () => {
  const text = `a\n${'1\n'.repeat(1000)}`;
  test.each([
    ['plain', Buffer.from(text)],
    ['gzip', gzipSync(text)],
  ])('is worth another try, never a short file: %s', async (_name, body) => {
    const store = await filesIn({ 'in/1': body });
    const broken = (failure: Error | undefined): ObjectStore => ({
      ...store,
      stream: async () =>
        Readable.from(
          (function* () {
            yield body.subarray(0, body.length - 4);
            if (failure) throw failure;
          })(),
        ),
    });
    await expect(readAll(broken(new Error('ECONNRESET')), request({ fields: ['a'] }))).rejects.toMatchObject({
      code: 'StorageUnavailable',
      message: 's3://lake/in/1: the connection broke while reading',
      retried: true,
    });
    await expect(readAll(broken(undefined), request({ fields: ['a'] }))).rejects.toMatchObject({
      code: 'StorageUnavailable',
      message: `s3://lake/in/1: the object ended early; got ${body.length - 4} bytes; expected ${body.length}`,
    });
  });

  test('may complain when it is closed early, and nobody minds', async () => {
    const store = await filesIn({ 'in/1': text });
    const complaining: ObjectStore = {
      ...store,
      stream: async () =>
        new Readable({
          read() {
            this.push(text);
          },
          destroy: (_error, done) => done(new Error('aborted')),
        }),
    };
    expect((await amazonS3.describe(request(), portsOver(complaining))).fields).toEqual([
      { name: 'a', type: 'String' },
    ]);
  });

  test('can be read on in the same session from the last token', async () => {
    const store = await filesIn({ 'in/1': text });
    let broken = true;
    const flaky: ObjectStore = {
      ...store,
      stream: async (...read) => {
        const stream = await store.stream(...read);
        if (!broken) return stream;
        const body = await store.read(bucket, 'in/1');
        return Readable.from(
          (function* () {
            yield body.subarray(0, 1200);
            throw new Error('reset');
          })(),
        );
      },
    };
    const source = createAmazonS3({ pageBytes: 1000 });
    const asked = request({ fields: ['a'] });
    const objects = [{ key: 'in/1', size: text.length, etag: store.stored(bucket, 'in/1')?.etag }];
    const session = await source.open(asked, { objects }, portsOver(flaky));
    const first = await session.read(undefined);
    expect(first.rows).toHaveLength(500);
    await expect(session.read(first.next)).rejects.toMatchObject({ code: 'StorageUnavailable' });
    broken = false;
    expect((await session.read(first.next)).rows).toHaveLength(500);
    await session.close();
  });
});

test('folders are offered as entities', async () => {
  const store = await filesIn({
    'in/a/1': 'x',
    'in/a/b/2': 'x',
    'in/c/': '',
    'in/file': 'x',
    'other/1': 'x',
  });
  const ports = portsOver(store);
  expect(await amazonS3.listEntities(request(), undefined, ports)).toEqual([
    { name: 'in/a', label: 'a', hasNestedEntities: true },
    { name: 'in/c', label: 'c', hasNestedEntities: false },
  ]);
  expect(await amazonS3.listEntities(request(), 'in/a', ports)).toEqual([
    { name: 'in/a/b', label: 'b', hasNestedEntities: false },
  ]);
});

// A run reads cells. Rows are new strings, so that only what is left of them after a collection tells whether any are kept.
test.each(['cells', 'rows'] as const)('a file of 300 MB is read in bounded memory: %s', async (read) => {
  const record = `${'x'.repeat(1000)},${'y'.repeat(1000)},"${'z,'.repeat(500)}"\n`;
  const block = Buffer.from(record.repeat(100));
  const header = Buffer.from('a,b,c\n');
  const blocks = 1000;
  const size = header.length + blocks * block.length;
  const objects: ObjectStore = {
    ...memoryObjectStore({ buckets: [bucket] }),
    stream: async () =>
      Readable.from(
        (function* () {
          yield header;
          for (let index = 0; index < blocks; index += 1) yield block;
        })(),
        { objectMode: false },
      ),
  };
  const session = await amazonS3.open(
    request({ fields: ['a', 'c'] }),
    { objects: [{ key: 'in/big', size, etag: 'e' }] },
    portsOver(objects),
  );
  const used = () => {
    if (read === 'rows') collectGarbage();
    return usedMemory();
  };
  const before = used();
  let peak = 0;
  let rows = 0;
  let pages = 0;
  let bytes = 0;
  let token: PageToken | undefined;
  do {
    const page = await session.read(token);
    rows += (read === 'cells' && page.scanned?.count) || page.rows.length;
    bytes += page.bytes;
    // Each collection takes milliseconds.
    if (read === 'cells' || pages++ % 20 === 0) peak = Math.max(peak, used() - before);
    token = page.next;
  } while (token);
  expect([rows, bytes]).toEqual([blocks * 100, size]);
  expect(size).toBeGreaterThan(300_000_000);
  expect(peak).toBeLessThan(100_000_000);
});
