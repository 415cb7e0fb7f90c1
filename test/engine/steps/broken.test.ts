/** The disturbances find what they are for: each guarantee is broken, one at a time, and one of them says so. */

import { describe, expect, it, vi } from 'vitest';
import type { ObjectStore, StateItem, StateStore, StateWrite } from '#core';
import type { EnginePorts } from '../../../engine/ports.ts';
import { planKey, type RunPlan } from '../../../engine/run/plan.ts';
import type { SegmentRecord } from '../../../engine/run/segment-record.ts';
import { s3Flow } from '../../support/flows.ts';
import {
  failedAnywhere,
  fields,
  filesHome,
  killed,
  largeSetting,
  type Replace,
  type Setting,
  startedTwice,
  stoppedAnywhere,
  thoughtDeadAnywhere,
  twinsOfChangingAnswers,
} from './disturbances.ts';

vi.setConfig({ testTimeout: 60_000 });

const withState =
  (change: (state: StateStore, ports: EnginePorts) => Partial<StateStore>): Replace =>
  (ports) => ({ ...ports, state: { ...methodsOf(ports.state), ...change(ports.state, ports) } });

const withObjects =
  (change: (objects: ObjectStore, ports: EnginePorts) => Partial<ObjectStore>): Replace =>
  (ports) => ({ ...ports, objects: { ...methodsOf(ports.objects), ...change(ports.objects, ports) } });

/** Of a port that is a proxy. */
function methodsOf<T extends object>(port: T): T {
  return Object.fromEntries(Object.keys(port).map((name) => [name, Reflect.get(port, name)])) as T;
}

/** The flow's watermark moves as soon as the certificate is written, when the run does not commit yet. */
const watermarkBeforeCommit = withObjects((objects, { state, home }) => ({
  async put(bucket, key, body, options) {
    const answer = await objects.put(bucket, key, body, options);
    const [, executionId] = /^runs\/orders\/([^/]+)\/certificate\.json$/.exec(key) ?? [];
    if (executionId === undefined) return answer;
    const text = await objects.read(home.stateBucket, planKey('orders', executionId));
    const { window } = JSON.parse(Buffer.from(text).toString()) as RunPlan;
    const item = await state.get('FLOW#orders', 'STATE');
    await state.write([{ pk: 'FLOW#orders', sk: 'STATE', set: { ...item?.data, watermark: window.end } }]);
    return answer;
  },
}));

/** The commit takes what lies there: the segments of tries that were killed before they were recorded, or recorded too late. */
function segmentsOfLosers(): Replace {
  const tried: StateWrite[] = [];
  return withState((state) => ({
    async write(writes) {
      tried.push(...writes.filter(({ sk, expect }) => sk.startsWith('SEGMENT#') && expect === 'absent'));
      await state.write(writes);
    },
    async *list<T extends object>(
      ...[pk, prefix, options]: Parameters<StateStore['list']>
    ): AsyncIterable<StateItem<T>> {
      const known = new Set<string>();
      for await (const item of state.list<T>(pk, prefix, options)) {
        known.add((item.data as unknown as SegmentRecord).key);
        yield item;
      }
      if (prefix !== 'SEGMENT#') return;
      for (const { sk, set } of tried.filter((write) => write.pk === pk))
        if (!known.has((set as SegmentRecord).key)) yield { pk, sk, revision: 1, data: set as T };
    },
  }));
}

const without = (writes: readonly StateWrite[], of: (write: StateWrite) => boolean): StateWrite[] =>
  writes.map(({ expect: condition, ...write }) =>
    condition === undefined || of(write) ? write : { ...write, expect: condition },
  );

/** Whoever records a segment last has recorded it. */
const lastSegmentWins = withState((state) => ({
  write: (writes) => state.write(without(writes, ({ sk }) => sk.startsWith('SEGMENT#'))),
}));

/** Whoever has read that the slot is free takes it. */
const slotWithoutCondition = withState((state) => ({
  write: (writes) => state.write(without(writes, ({ sk, set }) => sk === 'SLOT' && set !== 'check')),
}));

/** A commit counts whoever has the slot by then, and whatever has become of the run and the flow. */
const noFence = withState((state) => ({
  write: (writes) =>
    state.write(
      writes.some(({ set }) => typeof set === 'object' && 'status' in set && set.status === 'COMMITTED')
        ? without(writes, () => true).filter(({ set }) => set !== 'check')
        : writes,
    ),
}));

/** An upload whose end was not heard of is ended once more, without a look at whether the object is there. */
function completedAgain(): Replace {
  const parts = new Map<string, Awaited<ReturnType<ObjectStore['listParts']>>>();
  return withObjects((objects) => ({
    head: async (bucket, key) => (bucket === 'lake' ? undefined : objects.head(bucket, key)),
    async completeUpload(target, done) {
      parts.set(target.uploadId, [...done]);
      await objects.completeUpload(target, done);
    },
    listParts: async (target) => parts.get(target.uploadId) ?? (await objects.listParts(target)),
  }));
}

const csvSetting = (replace: () => Replace): Setting => ({
  flow: s3Flow({ fields, output: { prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] } } }),
  home: () => filesHome(1, replace()),
});

describe('an engine of which one guarantee is broken', () => {
  const seeds = Array.from({ length: 30 }, (_, seed) => seed);
  const eachSeed = async (play: (seed: number) => Promise<void>): Promise<void> => {
    for (const seed of seeds) await play(seed);
  };
  const broken: [name: string, play: () => Promise<void>, promise: RegExp][] = [
    [
      'the watermark moves before the commit',
      () => stoppedAnywhere(watermarkBeforeCommit),
      /^every record once: stopped at moment \d+/,
    ],
    [
      'segments of tries that lost are committed',
      () => failedAnywhere(csvSetting(segmentsOfLosers), killed),
      /^the bytes of an undisturbed run: failed at moment \d+/,
    ],
    [
      'the last try to record a segment wins',
      () => eachSeed((seed) => twinsOfChangingAnswers(seed, 1, lastSegmentWins)),
      /^one sequence of answers: seed \d+/,
    ],
    [
      'the slot is taken without a condition',
      () => eachSeed((seed) => startedTwice(seed, slotWithoutCondition)),
      /^one run at a time: seed \d+/,
    ],
    [
      'there is no fencing token',
      () => thoughtDeadAnywhere(noFence),
      /^every record once: from moment \d+ on/,
    ],
    [
      'the end of an upload is repeated',
      () => failedAnywhere(largeSetting(completedAgain), killed),
      /^it ends well: failed at moment \d+/,
    ],
  ];
  it.each(broken)('is caught: %s', async (_, play, promise) => {
    await expect(play()).rejects.toThrow(promise);
  });
});
