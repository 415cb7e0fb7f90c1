import { describe, expect, it } from 'vitest';
import { jsonListReader } from '../../../core/decode/json-list.ts';
import { TributaryError } from '../../../core/errors.ts';
import { requestCancel } from '../../../engine/run/close.ts';
import { type Run, readRun, runKey } from '../../../engine/run/run.ts';
import { s3Flow } from '../../support/flows.ts';
import {
  type MemoryHome,
  type MemoryHomeOptions,
  memoryHome,
  stateBucket,
} from '../../support/memory-home.ts';
import { rows, type ScriptedSource, scriptedSource } from '../../support/scripted-source.ts';

const fields = { id: 'id', name: 'name' };
const id = '00000000-0000-4000-8000-000000000001';

function homeOf(source: ScriptedSource, options: MemoryHomeOptions = {}): MemoryHome {
  return memoryHome({ buckets: ['inbox', 'lake'], sources: { S3: source }, ...options });
}

async function runOf(at: MemoryHome): Promise<Run | undefined> {
  return (await at.state.get<Run>(runKey(id), 'RUN'))?.data;
}

function written(at: MemoryHome): string[] {
  return at.objects.keys('lake').map((key) => at.objects.stored('lake', key)?.body.toString() ?? '');
}

function ids(at: MemoryHome): string[][] {
  return written(at).map((text) => [...text.matchAll(/"id":"(\d+)"/g)].map(([, found]) => found ?? ''));
}

function slowDown(seconds: number): TributaryError {
  return new TributaryError('RateLimitExceeded', 'the quota is used up', { retryAfterSeconds: seconds });
}

describe('a source that takes minutes for a page', () => {
  it('is not asked for another one that the invocation would not live to see', async () => {
    const source = scriptedSource([Array.from({ length: 20 }, (_, i) => ({ rows: rows(i + 1, 1) }))]);
    const at = homeOf(source);
    source.onRead = () => at.clock.advance(100_000);
    const seconds: number[] = [];
    await at.run(s3Flow({ fields, output: { aggregationConfig: { aggregationType: 'SingleFile' } } }), {
      name: id,
      aroundStep: async (step, run) => {
        const begun = at.clock.now();
        const result = await run();
        if (step === 'TransferBatch') seconds.push((at.clock.now() - begun) / 1000);
        return result;
      },
    });
    expect(seconds).toEqual([800, 800, 400]);
    expect(ids(at)).toEqual([Array.from({ length: 20 }, (_, i) => String(i + 1))]);
  });
});

describe('a source that says "slow down" when asked for its fields', () => {
  function describedAfter(refusals: number, seconds: number) {
    const source = scriptedSource([[{ rows: rows(1, 2) }]]);
    const { describe } = source;
    let asked = 0;
    source.describe = async (...request) => {
      if (asked++ < refusals) throw slowDown(seconds);
      return describe(...request);
    };
    return { at: homeOf(source), asked: () => asked };
  }

  it('for hours is waited for by the state machine', async () => {
    const { at, asked } = describedAfter(2, 4000.5);
    const begun = at.clock.now();
    expect(await at.run(s3Flow({ fields }), { name: id })).toHaveProperty('output');
    expect(ids(at)).toEqual([['1', '2']]);
    expect(asked()).toBe(3);
    expect(at.clock.now() - begun).toBe(2 * 4001 * 1000);
  });

  it('for ever ends the run with its refusal', async () => {
    const { at, asked } = describedAfter(Number.POSITIVE_INFINITY, 60);
    expect(await at.run(s3Flow({ fields }), { name: id })).toMatchObject({ error: 'RateLimitExceeded' });
    // 500 turns, and the last one's four tries more.
    expect(asked()).toBe(505);
  });

  it('is not asked again once the run is cancelled', async () => {
    const { at, asked } = describedAfter(Number.POSITIVE_INFINITY, 60);
    const flow = s3Flow({ fields });
    const told = await at.run(flow, {
      name: id,
      aroundStep: async (step, run) => {
        const done = await run();
        if (step === 'DescribeSource' && asked() === 3) await requestCancel(at, await readRun(at.state, id));
        return done;
      },
    });
    expect(told).toMatchObject({ error: 'ExecutionCanceled' });
    expect(asked()).toBe(3);
    expect((await runOf(at))?.status).toBe('Canceled');
  });
});

describe('a source that says "slow down"', () => {
  it.each([5, 60, 4000])('for %i s before its first page loses nothing', async (seconds) => {
    const source = scriptedSource([[{ rows: rows(1, 2) }, { rows: rows(3, 2) }]]);
    const at = homeOf(source);
    let times = 2;
    source.onRead = () => {
      if (times-- > 0) throw slowDown(seconds);
    };
    const begun = at.clock.now();
    expect(await at.run(s3Flow({ fields }), { name: id })).toHaveProperty('output');
    expect(ids(at)).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
    expect(at.clock.now() - begun).toBe(2 * seconds * 1000);
  });

  it.each([5, 60])('for %i s between two pages keeps the first and reads it once', async (seconds) => {
    const source = scriptedSource([[{ rows: rows(1, 2) }, { rows: rows(3, 2) }]]);
    const at = homeOf(source);
    const read: number[] = [];
    let refused = false;
    source.onRead = (_, page) => {
      if (page === 1 && !refused) {
        refused = true;
        throw slowDown(seconds);
      }
      read.push(page);
    };
    await at.run(s3Flow({ fields }), { name: id });
    expect(read).toEqual([0, 1]);
    expect(ids(at)).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  it('again and again lets the invocation end in time', async () => {
    const source = scriptedSource([[{ rows: rows(1, 1) }]]);
    const at = homeOf(source);
    const until = at.clock.now() + 30 * 60_000;
    source.onRead = () => {
      if (at.clock.now() < until) throw slowDown(15);
    };
    const turns: number[] = [];
    await at.run(s3Flow({ fields }), {
      name: id,
      aroundStep: async (step, run) => {
        const begun = at.clock.now();
        const result = await run();
        if (step === 'TransferBatch') turns.push(at.clock.now() - begun);
        return result;
      },
    });
    expect(ids(at)).toEqual([['1']]);
    expect(Math.max(...turns)).toBeLessThan(15 * 60_000);
  });
});

describe('the session', () => {
  it('is closed however the step ends, and what its closing throws hides nothing', async () => {
    const source = scriptedSource([[{ rows: rows(1, 1) }], [{ rows: rows(2, 1) }]]);
    source.onClose = () => {
      throw new Error('the connection is gone');
    };
    const at = homeOf(source);
    expect(await at.run(s3Flow({ fields }), { name: id })).toHaveProperty('output');
    expect(source.closed()).toBe(source.opened());

    source.onRead = () => {
      throw new TributaryError('SourceDataInvalid', 'a ragged line');
    };
    const failed = homeOf(source);
    expect(await failed.run(s3Flow({ fields }), { name: id })).toEqual({
      error: 'SourceDataInvalid',
      cause: 'a ragged line',
    });
    expect(source.closed()).toBe(source.opened());
  });
});

describe('limit', () => {
  it('holds when another invocation of the step writes segments meanwhile', async () => {
    const source = scriptedSource([
      [{ rows: rows(1, 2) }, { rows: rows(3, 2) }, { rows: rows(5, 2) }, { rows: rows(7, 2) }],
    ]);
    const at = homeOf(source, { sizes: { segmentPages: 1 } });
    let twin: Promise<object> | undefined;
    await at.run(s3Flow({ fields }), {
      name: id,
      input: { parameters: { limit: 5 } },
      aroundStep: async (step, run) => {
        if (step !== 'TransferBatch') return run();
        let puts = 0;
        return run(async (call, when) => {
          // When this one has written its first segment, the other writes the second, and then it goes on.
          if (call !== 'objects.put' || when !== 'after' || ++puts !== 1 || twin) return;
          let twinPuts = 0;
          const stopped = new Error('the other one is killed');
          twin = run((twinCall) => {
            if (twinCall === 'objects.put' && ++twinPuts > 4) throw stopped;
          });
          await twin.catch((error: unknown) => {
            if (error !== stopped) throw error;
          });
        });
      },
    });
    expect((await runOf(at))?.counts).toMatchObject({ received: 5, written: 5 });
    expect(ids(at)).toEqual([['1', '2'], ['3', '4'], ['5']]);
  });

  it('holds across splits when the loop ends unfinished and the Map goes on', async () => {
    const source = scriptedSource([[{ rows: rows(1, 1) }], [{ rows: rows(2, 1) }], [{ rows: rows(3, 1) }]]);
    const at = homeOf(source);
    let refusals = 501;
    source.onRead = (split) => {
      if (split === 1 && refusals-- > 0) throw slowDown(60);
    };
    const result = await at.run(s3Flow({ fields }), {
      name: id,
      maxConcurrency: 3,
      input: { parameters: { limit: 2 } },
    });
    expect(result).toHaveProperty('output');
    expect((await runOf(at))?.counts).toMatchObject({ received: 2, written: 2 });
    expect(ids(at)).toEqual([['1'], ['2']]);
  });
});

describe('output units', () => {
  it('that continue in the next segment stay one file, and numbered ones go on from there', async () => {
    const source = scriptedSource([
      [
        { rows: rows(1, 1), unit: 0 },
        { rows: rows(2, 1), unit: 0 },
        { rows: [], unit: 1 },
        { rows: rows(3, 1), unit: 2 },
        { rows: rows(4, 1), unit: 2 },
      ],
      [{ rows: rows(5, 1), unit: 0 }],
    ]);
    const at = homeOf(source, { sizes: { segmentPages: 1 } });
    await at.run(s3Flow({ fields }), { name: id });
    expect(ids(at)).toEqual([['1', '2'], ['3', '4'], ['5']]);
  });

  it('are pages where the source names none, across invocations too', async () => {
    const source = scriptedSource([[1, 2, 3, 4, 5].map((n) => ({ rows: rows(n, 1) }))]);
    const at = homeOf(source, { sizes: { segmentPages: 2 } });
    await at.run(s3Flow({ fields }), { name: id });
    expect(ids(at)).toEqual([['1'], ['2'], ['3'], ['4'], ['5']]);
  });
});

describe('partitions', () => {
  const partitioned = (): ReturnType<typeof s3Flow> =>
    s3Flow({ fields, partition: ['name'], output: { aggregationConfig: { aggregationType: 'SingleFile' } } });

  it('whose folder would be too long in bytes are refused, however few characters they have', async () => {
    const at = homeOf(
      scriptedSource([
        [
          {
            rows: [
              ['1', '雪'.repeat(400)],
              ['2', 'é'.repeat(100)],
            ],
          },
        ],
      ]),
    );
    expect(await at.run(partitioned(), { name: id })).toHaveProperty('output');
    expect((await runOf(at))?.counts).toMatchObject({ received: 2, written: 1, rejected: 1 });
    expect(ids(at)).toEqual([['2']]);
  });

  it('with lone surrogates get a folder that a key can hold', async () => {
    const at = homeOf(scriptedSource([[{ rows: [['1', 'a\ud800']] }]]));
    expect(await at.run(partitioned(), { name: id })).toHaveProperty('output');
    expect(at.objects.keys('lake')[0]).toContain('name=a\ufffd/');
  });

  it('of any number each get their file', async () => {
    const count = 1500;
    const at = homeOf(scriptedSource([[{ rows: rows(0, count) }, { rows: rows(0, count) }]]), {
      sizes: { segmentPages: 1 },
    });
    await at.run(partitioned(), { name: id });
    expect(at.objects.keys('lake')).toHaveLength(count);
    expect(new Set(ids(at).map((found) => found.length))).toEqual(new Set([2]));
  });
});

describe('a loop of too many turns', () => {
  it.each([
    ['one split', [[{ rows: rows(1, 1) }, { rows: rows(2, 1) }]]],
    ['several splits', [[{ rows: rows(1, 1) }, { rows: rows(2, 1) }], [{ rows: rows(3, 1) }]]],
  ])('goes on in a child execution: %s', async (_, splits) => {
    const source = scriptedSource(splits);
    const at = homeOf(source);
    let refusals = 1200;
    source.onRead = (split, page) => {
      if (split === 0 && page === 1 && refusals-- > 0) throw slowDown(60);
    };
    const turns: string[] = [];
    const result = await at.run(s3Flow({ fields }), {
      name: id,
      aroundStep: (step, run) => {
        turns.push(step);
        return run();
      },
    });
    expect(result).toHaveProperty('output');
    expect(ids(at).flat()).toEqual(
      splits.flatMap((pages) => pages.flatMap((page) => page.rows.map(([n]) => n))),
    );
    expect(turns.filter((step) => step === 'CommitOutput').length).toBeGreaterThan(1);
  });
});

describe('a run that failed', () => {
  it('keeps no segment of another split that was still being written', async () => {
    const source = scriptedSource([[{ rows: rows(1, 1) }, { rows: rows(2, 1) }], [{ rows: rows(3, 1) }]]);
    source.onRead = (split) => {
      if (split === 1) throw new TributaryError('SourceDataInvalid', 'a ragged line');
    };
    const at = homeOf(source, { sizes: { segmentPages: 1 } });
    let late: (() => void) | undefined;
    let lateStep: Promise<unknown> | undefined;
    let first = true;
    const result = await at.run(s3Flow({ fields }), {
      name: id,
      aroundStep: (step, run) => {
        if (step !== 'TransferBatch' || !first) return run();
        first = false;
        // The service gives up on the first split's function, which is about to store its segment and lives on.
        return new Promise((_, fail) => {
          lateStep = run(async (call, when) => {
            if (call !== 'objects.put' || when !== 'before' || late) return;
            fail(new TributaryError('ClientError', 'the service gave up on it'));
            await new Promise<void>((resolve) => {
              late = resolve;
            });
          });
        });
      },
    });
    expect(result).toMatchObject({ error: 'ClientError' });
    late?.();
    await expect(lateStep).rejects.toMatchObject({ code: 'FencedOut' });
    expect(at.objects.keys(stateBucket).filter((key) => key.startsWith('segments/'))).toEqual([]);
  });
});

describe('a page of bytes', () => {
  it('is not made rows where records may repeat, but for what tells them apart', async () => {
    const source = scriptedSource([[{ rows: [] }]], { primaryKey: ['id'], mayRepeat: true });
    const asked: string[] = [];
    source.open = async ({ fields: names }) => ({
      async read() {
        const scan = jsonListReader({
          fields: names.map((key) => ({ path: [{ key }] })),
          parse: JSON.parse,
          readRecord: () => [],
        });
        const list = scan?.(
          Buffer.from('[{"id":"1","name":"a"},{"id":"2","name":"b"},{"id":"1","name":"c"}]'),
        );
        if (!list) throw new Error('nothing scanned');
        const { firstCell, fields: width, value } = list.records;
        const scanned = {
          ...list.records,
          value(cell: number) {
            asked.push(names[(cell - firstCell) % width] ?? '');
            return value(cell);
          },
        };
        return { rows: [], scanned, bytes: 1 };
      },
      close: async () => undefined,
    });
    const at = homeOf(source);
    await at.run(s3Flow({ fields }), { name: id });
    expect((await runOf(at))?.counts).toMatchObject({ received: 3, written: 2, duplicates: 1 });
    expect(ids(at)).toEqual([['1', '2']]);
    expect(asked).toEqual(['id', 'id', 'id']);
  });
});
