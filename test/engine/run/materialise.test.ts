import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../../core/errors.ts';
import type { ManifestObject } from '../../../engine/run/manifest.ts';
import { materialise, planParts } from '../../../engine/run/materialise.ts';
import { segmentReader } from '../../../engine/run/segment-reader.ts';
import { slots } from '../../../engine/run/slots.ts';
import { type MemoryObjectStore, memoryObjectStore } from '../../support/memory-object-store.ts';
import { memoryStateStore } from '../../support/memory-state-store.ts';

const MiB = 2 ** 20;
const bucket = 'state';

/** Bytes that tell where they come from. */
function content(seed: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  for (let i = 0; i < length; i += 4)
    buffer.writeUInt32LE((seed * 2_654_435_761 + i) >>> 0, Math.min(i, Math.max(0, length - 4)));
  return buffer;
}

async function prepared(lengths: readonly number[], head: string, tail: string) {
  const objects = memoryObjectStore({ buckets: [bucket, 'lake'] });
  const parts: ManifestObject['parts'][number][] = [];
  const bytes: Buffer[] = [Buffer.from(head)];
  for (const [index, length] of lengths.entries()) {
    const segment = `segments/${index}`;
    const padded = Buffer.concat([
      Buffer.from('other partition'),
      content(index, length),
      Buffer.from('index'),
    ]);
    await objects.put(bucket, segment, padded);
    parts.push({ segment, start: 15, end: 15 + length, sha256: '' });
    bytes.push(content(index, length));
  }
  bytes.push(Buffer.from(tail));
  const expected = Buffer.concat(bytes);
  const object: ManifestObject = {
    bucket: 'lake',
    key: 'out/file',
    contentType: 'text/csv',
    rows: 1,
    size: expected.length,
    partition: '',
    head: Buffer.from(head).toString('base64'),
    tail: Buffer.from(tail).toString('base64'),
    parts,
    hash: 'the hash',
  };
  const state = memoryStateStore();
  const home = { stateBucket: bucket, accountId: '', region: '', createdBy: '' };
  return {
    objects,
    state,
    object,
    expected,
    around: {
      objects,
      state,
      home,
      executionId: 'run',
      encryption: undefined,
      fresh: false,
      readSegment: segmentReader(objects, bucket, []),
      copies: slots(16),
      joins: slots(4),
      nearDeadline: () => false,
    },
  };
}

describe('an object of the manifest', () => {
  it.each([
    ['one small part', [10], 'head\n', ''],
    ['only a head', [], 'head\n', ''],
    ['many small parts', Array.from({ length: 40 }, () => 300_000), 'h', 't'],
    ['a large part between small ones', [100, 6 * MiB, 100, 12 * MiB, 7], 'PAR1', 'footer'],
    ['large parts only', [5 * MiB, 5 * MiB, 5 * MiB], '', ''],
    [
      'a large part shortened by what fills the one before below the smallest',
      [3 * MiB, 6 * MiB, 9 * MiB],
      'x',
      'y',
    ],
  ])('made of %s has the bytes of its parts in order', async (_name, lengths, head, tail) => {
    const { objects, object, expected, around, state } = await prepared(lengths, head, tail);
    await materialise(object, 0, around);
    const stored = objects.stored('lake', 'out/file');
    expect(stored?.body.equals(expected)).toBe(true);
    expect(stored?.contentType).toBe('text/csv');
    expect(objects.pendingUploads()).toEqual([]);
    expect(state.contents()).toEqual({});
  });

  it('is not written a second time', async () => {
    const { objects, object, around } = await prepared([10], '', '');
    await materialise(object, 0, around);
    let puts = 0;
    const counted = {
      ...objects,
      put: (...args: Parameters<typeof objects.put>) => {
        puts++;
        return objects.put(...args);
      },
    };
    await materialise(object, 0, { ...around, objects: counted });
    expect(puts).toBe(0);
  });

  it('takes up an upload that was broken off, keeping the parts that are there', async () => {
    const { objects, object, expected, around } = await prepared([6 * MiB, 6 * MiB, 6 * MiB], 'h', 't');
    const made: number[] = [];
    const breaking = (failAt: number) => ({
      ...objects,
      uploadPart: async (...args: Parameters<typeof objects.uploadPart>) => {
        if (args[1] === failAt) throw new Error('broken off');
        made.push(args[1]);
        return objects.uploadPart(...args);
      },
      copyPart: async (...args: Parameters<typeof objects.copyPart>) => {
        if (args[1] === failAt) throw new Error('broken off');
        made.push(args[1]);
        return objects.copyPart(...args);
      },
    });
    await expect(materialise(object, 0, { ...around, objects: breaking(3) })).rejects.toThrow('broken off');
    expect(objects.stored('lake', 'out/file')).toBeUndefined();
    await materialise(object, 0, { ...around, objects: breaking(0) });
    expect(objects.stored('lake', 'out/file')?.body.equals(expected)).toBe(true);
    expect(new Set(made).size).toBe(made.length);
    expect(objects.pendingUploads()).toEqual([]);
  });
});

it('leaves nothing on its way to S3 when a part fails, and begins no further one', async () => {
  const { objects, object, around } = await prepared(
    Array.from({ length: 40 }, () => 6 * MiB),
    '',
    '',
  );
  let under = 0;
  const begun: number[] = [];
  const failing = {
    ...objects,
    copyPart: async (...args: Parameters<typeof objects.copyPart>) => {
      under++;
      begun.push(args[1]);
      // Later parts answer later.
      for (let turn = 0; turn < args[1]; turn++) await new Promise((next) => setImmediate(next));
      under--;
      if (args[1] === 1) throw new Error('broken off');
      return objects.copyPart(...args);
    },
  };
  await expect(materialise(object, 0, { ...around, objects: failing })).rejects.toThrow('broken off');
  expect(under).toBe(0);
  expect(begun).toEqual(Array.from({ length: 16 }, (_, n) => n + 1));
});

it('holds four parts at most that are joined of small pieces', async () => {
  const { objects, object, around } = await prepared(
    Array.from({ length: 120 }, () => MiB),
    '',
    '',
  );
  let held = 0;
  let most = 0;
  const counted = {
    ...objects,
    read: async (...args: Parameters<typeof objects.read>) => {
      held += MiB;
      most = Math.max(most, held);
      return objects.read(...args);
    },
    uploadPart: async (...args: Parameters<typeof objects.uploadPart>) => {
      await new Promise((next) => setImmediate(next));
      const uploaded = await objects.uploadPart(...args);
      held -= uploaded.size;
      return uploaded;
    },
  };
  const readSegment = segmentReader(counted, bucket, []);
  expect(await materialise(object, 0, { ...around, objects: counted, readSegment })).toBe('written');
  expect(most).toBe(20 * MiB);
  expect(held).toBe(0);
});

describe('two invocations that upload one object', () => {
  /** `meanwhile` runs once, before the first call of `method`. */
  function overtaken<K extends 'startUpload' | 'copyPart' | 'completeUpload'>(
    objects: MemoryObjectStore,
    method: K,
    meanwhile: () => Promise<unknown>,
  ): MemoryObjectStore {
    let done = false;
    const original = objects[method] as (...args: unknown[]) => Promise<unknown>;
    const held = async (...args: unknown[]): Promise<unknown> => {
      if (!done) {
        done = true;
        await meanwhile();
      }
      return original(...args);
    };
    return { ...objects, [method]: held };
  }

  it.each(['copyPart', 'completeUpload'] as const)(
    'both find it written when one overtakes the other before its %s',
    async (method) => {
      const { objects, object, expected, around, state } = await prepared([6 * MiB, 6 * MiB], 'h', '');
      const slow = overtaken(objects, method, () => materialise(object, 0, around));
      expect(await materialise(object, 0, { ...around, objects: slow })).toBe('written');
      expect(objects.stored('lake', 'out/file')?.body.equals(expected)).toBe(true);
      expect(objects.pendingUploads()).toEqual([]);
      expect(state.contents()).toEqual({});
    },
  );

  it('leave one upload when both begin', async () => {
    const { objects, object, around, state } = await prepared([6 * MiB, 6 * MiB], 'h', '');
    const slow = overtaken(objects, 'startUpload', () =>
      materialise(object, 0, { ...around, nearDeadline: () => true }),
    );
    await expect(materialise(object, 0, { ...around, objects: slow })).rejects.toMatchObject({
      code: 'StateConflict',
    });
    expect(objects.pendingUploads()).toEqual(Object.values(state.contents()));
    await materialise(object, 0, around);
    expect(objects.pendingUploads()).toEqual([]);
  });

  it('try again when one has replaced a part of the other', async () => {
    // With SSE-KMS each upload of the same bytes has an ETag of its own.
    const { objects, object, expected, around } = await prepared([6 * MiB, 6 * MiB], 'h', '');
    const slow = {
      ...objects,
      completeUpload: async () => {
        throw new TributaryError('ClientError', 'part 1 was not uploaded so', { vendorCode: 'InvalidPart' });
      },
    };
    await expect(materialise(object, 0, { ...around, objects: slow })).rejects.toMatchObject({
      code: 'StateConflict',
    });
    await materialise(object, 0, around);
    expect(objects.stored('lake', 'out/file')?.body.equals(expected)).toBe(true);
  });

  it('leave nothing when one begins after the other’s run has ended', async () => {
    const { objects, object, around, state } = await prepared([6 * MiB, 6 * MiB], 'h', '');
    await objects.delete(bucket, ['segments/0', 'segments/1']);
    await expect(materialise(object, 0, around)).rejects.toMatchObject({ code: 'ResourceNotFoundError' });
    expect(objects.pendingUploads()).toEqual([]);
    expect(state.contents()).toEqual({});
  });
});

it('an upload that the deadline interrupts goes on behind the parts that it has', async () => {
  const { objects, object, expected, around } = await prepared([6 * MiB, 6 * MiB, 6 * MiB], 'h', '');
  const outcomes: string[] = [];
  for (let turn = 1; turn <= 4; turn++) {
    let parts = 0;
    outcomes.push(await materialise(object, 0, { ...around, nearDeadline: () => ++parts > 1 }));
  }
  expect(outcomes).toEqual(['unfinished', 'unfinished', 'unfinished', 'written']);
  expect(objects.stored('lake', 'out/file')?.body.equals(expected)).toBe(true);
});

describe('the parts of an upload', () => {
  it('cover every byte once, in order, none but the last below 5 MiB, at most 10,000', () => {
    const pieces = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 * MiB }), fc.boolean()), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(pieces, (list) => {
        const given = list.map(([length, copyable], index) => ({
          length,
          ...(copyable && { segment: { key: String(index), start: 1000 } }),
        }));
        const size = given.reduce((sum, { length }) => sum + length, 0);
        const parts = planParts(given, size);
        const covered: [number, number, number][] = [];
        const lengths = parts.map((part) => {
          if ('copy' in part) {
            const { key, start, end } = part.copy;
            covered.push([Number(key), start - 1000, end - 1000]);
            return end - start;
          }
          for (const { piece, from, to } of part.join)
            covered.push([given.indexOf(piece as (typeof given)[number]), from, to]);
          return part.join.reduce((sum, { from, to }) => sum + to - from, 0);
        });
        expect(lengths.slice(0, -1).every((length) => length >= 5 * MiB)).toBe(true);
        expect(parts.length).toBeLessThanOrEqual(10_000);
        let [index, at] = [0, 0];
        for (const [piece, from, to] of covered) {
          if (at === given[index]?.length) [index, at] = [index + 1, 0];
          expect([piece, from]).toEqual([index, at]);
          at = to;
        }
        expect([index, at]).toEqual([given.length - 1, given.at(-1)?.length]);
      }),
      { numRuns: 200 },
    );
  });

  it('of 200 GiB stay below 10,000', () => {
    const size = 200 * 2 ** 30;
    const pieces = Array.from({ length: 12_800 }, (_, i) => ({
      length: 16 * MiB,
      segment: { key: String(i), start: 0 },
    }));
    expect(planParts(pieces, size).length).toBeLessThanOrEqual(10_000);
  });
});
