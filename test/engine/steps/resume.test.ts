/** A source that keeps track of changes itself: where the next run begins moves with the commit, or not at all. */

import { expect, it, vi } from 'vitest';
import type { JsonObject, Source } from '../../../core/index.ts';
import { type FlowState, flowKey } from '../../../engine/run/run.ts';
import { s3Flow } from '../../support/flows.ts';
import { type MemoryHome, memoryHome } from '../../support/memory-home.ts';

vi.setConfig({ testTimeout: 60_000 });

const fields = { id: 'id', name: 'name' };
const scheduled = { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' };
const flow = s3Flow({ fields, scheduled });
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Numbers from 0 on; a run gets those from its mark to the end of the queue, two a page. */
function queueSource(queue: { length: number }, began: (JsonObject | undefined)[]): Source {
  return {
    describe: async (request) => {
      began.push(request.changes && { ...request.changes });
      return {
        fields: [
          { name: 'id', type: 'String' },
          { name: 'name', type: 'String' },
        ],
        splits: [{}],
        appliedFilters: [],
        appliesWindow: true,
      };
    },
    open: async (request) => ({
      async read(token) {
        const from = Number(token?.from ?? request.changes?.since?.mark ?? 0);
        const to = Math.min(from + 2, queue.length);
        const rows = Array.from({ length: to - from }, (_, index) => [String(from + index), 'n']);
        const end = to < queue.length ? { next: { from: to } } : { resume: { mark: to } };
        return { rows, bytes: 10, ...end };
      },
      close: async () => undefined,
    }),
    listEntities: async () => [],
    testConnection: async () => undefined,
  };
}

function homeOf(queue: { length: number }, began: (JsonObject | undefined)[] = []): MemoryHome {
  return memoryHome({
    buckets: ['inbox', 'lake'],
    sources: { S3: queueSource(queue, began) },
    sizes: { segmentPages: 1 },
  });
}

const stateOf = async (home: MemoryHome): Promise<FlowState | undefined> =>
  (await home.state.get<FlowState>(flowKey('orders'), 'STATE'))?.data;

async function written(home: MemoryHome): Promise<string[]> {
  const texts = await Promise.all(
    home.objects
      .keys('lake')
      .map(async (key) => Buffer.from(await home.objects.read('lake', key)).toString()),
  );
  return [...texts.join('').matchAll(/"id":"(\d+)"/g)].map(([, number = '']) => number);
}

const numbers = (to: number): string[] => Array.from({ length: to }, (_, index) => String(index));
const byNumber = (a: string, b: string): number => Number(a) - Number(b);

it('every run begins where the last committed one ended', async () => {
  const queue = { length: 5 };
  const began: (JsonObject | undefined)[] = [];
  const home = homeOf(queue, began);
  await home.run(flow, { name: id(1) });
  expect((await stateOf(home))?.resume).toEqual({ mark: 5 });
  home.clock.advance(3_600_000);
  queue.length = 8;
  await home.run(flow, { name: id(2) });
  expect(began).toEqual([{}, { since: { mark: 5 } }]);
  expect((await written(home)).sort(byNumber)).toEqual(numbers(8));
  expect((await stateOf(home))?.resume).toEqual({ mark: 8 });
});

it.each([{ full: true }, { dryRun: true }, { limit: 1 }] as const)(
  'a run with %j leaves it alone',
  async (parameters) => {
    const queue = { length: 5 };
    const began: (JsonObject | undefined)[] = [];
    const home = homeOf(queue, began);
    await home.run(flow, { name: id(1) });
    home.clock.advance(3_600_000);
    queue.length = 9;
    expect(await home.run(flow, { name: id(2), input: { parameters } })).toHaveProperty('output');
    expect(began.at(-1)).toBeUndefined();
    expect((await stateOf(home))?.resume).toEqual({ mark: 5 });
  },
);

it('a source that leaves none any more takes the old one along with it', async () => {
  const queue = { length: 5 };
  const home = homeOf(queue);
  await home.run(flow, { name: id(1) });
  const other = memoryHome({
    buckets: ['inbox', 'lake'],
    sources: {
      S3: {
        ...queueSource(queue, []),
        open: async () => ({ read: async () => ({ rows: [], bytes: 0 }), close: async () => undefined }),
      },
    },
  });
  const state = await home.state.get<FlowState>(flowKey('orders'), 'STATE');
  await other.state.write([{ pk: flowKey('orders'), sk: 'STATE', expect: 'absent', set: state?.data ?? {} }]);
  other.clock.advance(3_600_000);
  expect(await other.run(flow, { name: id(2) })).toHaveProperty('output');
  expect(await stateOf(other)).not.toHaveProperty('resume');
});

class Dead extends Error {}

it('killed at any moment and run again, nothing is missed and nothing comes twice', async () => {
  const undisturbed = homeOf({ length: 5 });
  let total = 0;
  undisturbed.hook = () => void total++;
  await undisturbed.run(flow, { name: id(1) });
  expect(total).toBeGreaterThan(30);

  for (let moment = 1; moment <= total; moment++) {
    const queue = { length: 5 };
    const home = homeOf(queue);
    let seen = 0;
    // Dead from that moment on: no step of this execution gets any further.
    home.hook = () => {
      if (++seen >= moment) throw new Dead();
    };
    await home.run(flow, { name: id(1) }).catch(() => undefined);
    home.hook = () => undefined;
    home.clock.advance(3_600_000);
    queue.length = 8;
    // The first may have to finish what the dead one had begun to commit.
    for (const n of [2, 3]) {
      await home.run(flow, { name: id(n) });
      home.clock.advance(3_600_000);
    }
    expect((await written(home)).sort(byNumber), `at moment ${moment}`).toEqual(numbers(8));
    expect((await stateOf(home))?.resume, `at moment ${moment}`).toEqual({ mark: 8 });
  }
});
