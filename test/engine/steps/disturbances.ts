/**
 * What may happen to a run, and what must be true all the same: each of these plays one kind of disturbance at every moment
 * at which the outside can see a difference, and fails an expectation that begins with the name of the promise that is broken.
 */

import { expect } from 'vitest';
import type { Source } from '#core';
import { TributaryError } from '../../../core/errors.ts';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { type FlowState, flowKey, isClosed, type Run, runKey } from '../../../engine/run/run.ts';
import { verifyRun } from '../../../engine/verify/verify-run.ts';
import { s3Flow } from '../../support/flows.ts';
import { interleaved, seeded } from '../../support/interleave.ts';
import { type MemoryHome, type MemoryHomeOptions, memoryHome } from '../../support/memory-home.ts';
import { leftovers, outcome } from '../../support/outcome.ts';
import { scriptedSource } from '../../support/scripted-source.ts';

/** A home that is broken on purpose, or none. */
export type Replace = NonNullable<MemoryHomeOptions['replace']>;

export interface Setting {
  readonly flow: FlowDefinition;
  readonly maxConcurrency?: number;
  /** A home in which the flow's source is ready. */
  readonly home: () => Promise<MemoryHome>;
  /** Which calls' moments are tried; default all. */
  readonly calls?: RegExp;
}

const ratings = ['Hot', 'Warm', 'Cold'];
/** Of each file. */
export const lines = 24;
export const fields = { id: 'id', name: 'name', rating: 'rating' };
export const catalog = {
  metadataCatalogConfig: {
    glueDataCatalog: {
      roleArn: 'arn:aws:iam::123456789012:role/catalog',
      databaseName: 'lake',
      tablePrefix: 'raw',
    },
  },
};
export const nothingLeft = { segments: [], uploads: [], uploadRecords: [] };
const hour = 3_600_000;

/** `count` lines whose first id is `from`. */
function csv(from: number, count: number): string {
  const records = Array.from(
    { length: count },
    (_, i) => `${from + i},name ${from + i},${ratings[(from + i) % 3]}`,
  );
  return `id,name,rating\n${records.join('\n')}\n`;
}

function replaced(replace: Replace | undefined): Pick<MemoryHomeOptions, 'replace'> {
  return replace ? { replace } : {};
}

/** So many files of {@link lines} records; small pages and segments: a run of a few kilobytes has several of each. */
export async function filesHome(files: number, replace?: Replace): Promise<MemoryHome> {
  const home = memoryHome({
    buckets: ['inbox', 'lake'],
    pageBytes: 120,
    sizes: { segmentPages: 2 },
    ...replaced(replace),
  });
  for (let file = 0; file < files; file++)
    await home.objects.put('inbox', `in/${file}.csv`, csv(file * 100, lines));
  return home;
}

/** Three pages of three mebibytes, which an object takes in parts. */
async function largeHome(replace: Replace | undefined): Promise<MemoryHome> {
  const pages = [0, 1, 2].map((page) => ({
    rows: [0, 1, 2].map((row) => [String(page * 3 + row), String(row).repeat(2 ** 20)]),
  }));
  return memoryHome({
    buckets: ['inbox', 'lake'],
    sizes: { segmentPages: 2 },
    sources: { S3: scriptedSource([pages]) },
    ...replaced(replace),
  });
}

const singleFile = s3Flow({
  fields: { id: 'id', name: 'name' },
  output: { aggregationConfig: { aggregationType: 'SingleFile' } },
});

/** Each run takes a third of a second: only what is particular of uploads is tried. */
export function largeSetting(replace: () => Replace | undefined = () => undefined): Setting {
  return { flow: singleFile, home: () => largeHome(replace()), calls: /Upload|Part$/ };
}

class Stopped extends Error {}

class Killed extends Error {
  constructor() {
    super('the function was killed');
    this.name = 'Lambda.Unknown';
  }
}

export const killed = (): Error => new Killed();
export const refused = (): Error =>
  new TributaryError('StorageUnavailable', 'the request failed, or its answer was lost');

/** Throws at the moments given of those between two instructions that the outside can see, counted from 1. */
function failAt(
  home: MemoryHome,
  error: () => Error,
  moments: readonly number[],
  calls?: RegExp,
): () => number {
  let moment = 0;
  home.hook = (call) => {
    if (calls && !calls.test(call)) return;
    if (moments.includes(++moment)) throw error();
  };
  return () => moment;
}

/** Where the certificate of a home's runs does not hold. */
async function differences(home: MemoryHome, flow: FlowDefinition): Promise<unknown[]> {
  home.hook = () => undefined;
  const runs = Object.entries(home.state.contents()).filter(([key]) => key.endsWith(' RUN'));
  const verified = runs.map(async ([, run]) => (await verifyRun(run as Run, home.ports(flow))).difference);
  return (await Promise.all(verified)).filter((difference) => difference !== undefined);
}

/**
 * A call fails, at every moment, and is tried again: the run ends well, with the bytes of an undisturbed one, and leaves nothing.
 *
 * @param stride of the moments
 */
export async function failedAnywhere(
  { flow, maxConcurrency = 1, home: prepared, calls }: Setting,
  error: () => Error,
  stride = 1,
): Promise<void> {
  const undisturbed = await prepared();
  const moments = failAt(undisturbed, error, [], calls);
  expect(await undisturbed.run(flow, { maxConcurrency })).toHaveProperty('output');
  const expected = outcome(undisturbed);
  expect((expected as { objects: unknown[] }).objects.length).toBeGreaterThan(0);
  const total = moments();
  expect(total).toBeGreaterThan(calls ? 8 : 50);

  const random = seeded(1);
  const single = Array.from({ length: Math.ceil(total / stride) }, (_, i) => [1 + i * stride]);
  const thrice = Array.from({ length: calls ? 2 : 10 }, () =>
    [1, 2, 3].map(() => 1 + Math.floor(random() * total * 1.3)),
  );
  for (const failing of [...single, ...thrice]) {
    const when = `failed at moment ${failing}`;
    const home = await prepared();
    failAt(home, error, failing, calls);
    expect(await home.run(flow, { maxConcurrency }), `it ends well: ${when}`).toHaveProperty('output');
    expect(outcome(home), `the bytes of an undisturbed run: ${when}`).toEqual(expected);
    expect(leftovers(home), `nothing is left behind: ${when}`).toEqual(nothingLeft);
    if (failing.length === 1)
      expect(await differences(home, flow), `the certificate holds: ${when}`).toEqual([]);
  }
}

const hourly = s3Flow({
  fields,
  scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' },
  partition: ['rating'],
  output: { prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] } },
  more: catalog,
});
const input = { trigger: 'Scheduled' as const };
const executionId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Puts the next file of {@link filesHome}, an hour later. */
async function nextHour(home: MemoryHome, file: number): Promise<void> {
  await home.objects.put('inbox', `in/${file}.csv`, csv(file * 100, lines));
  home.clock.advance(hour);
}

/** Of so many files, when all runs of the hourly flow have ended. */
function expectEachOnce(home: MemoryHome, files: number, when: string): void {
  const ids = home.objects.keys('lake').flatMap((key) => {
    const text = home.objects.stored('lake', key)?.body.toString() ?? '';
    return [...text.matchAll(/"id":"(\d+)"/g)].map(([, found]) => Number(found));
  });
  const all = Array.from({ length: files * lines }, (_, i) => Math.floor(i / lines) * 100 + (i % lines));
  expect(
    ids.sort((a, b) => a - b),
    `every record once: ${when}`,
  ).toEqual(all);
  expect(leftovers(home), `nothing is left behind: ${when}`).toEqual(nothingLeft);
  const contents = Object.entries(home.state.contents());
  const runs = contents.filter(([key]) => key.endsWith(' RUN'));
  expect(
    runs.filter(([, data]) => !isClosed(data as Run)),
    `no run is left open: ${when}`,
  ).toEqual([]);
  const slot = contents.find(([key]) => key.endsWith(' SLOT'))?.[1] ?? {};
  expect(Object.keys(slot), `the slot is free: ${when}`).toEqual(['fence']);
  expect(contents.filter(([key]) => key.includes(' CATALOG#'))).toEqual([]);
  const ends = home.events.filter(({ detailType }) => detailType === 'AppFlow End Flow Run Report');
  expect(
    new Set(ends.map(({ detail }) => detail['execution-id'])).size,
    `each run's end is reported: ${when}`,
  ).toBe(runs.length);
}

/** An execution is stopped for good, at every moment: it and the next one deliver every record once. */
export async function stoppedAnywhere(replace?: Replace): Promise<void> {
  for (let n = 1; ; n++) {
    const home = await filesHome(2, replace);
    home.clock.advance(hour);
    let moments = 0;
    const first = await home
      .run(hourly, {
        name: executionId(1),
        input,
        aroundStep: (_, run) =>
          run(() => {
            if (++moments >= n) throw new Stopped();
          }),
      })
      .catch((error: unknown) => error);
    await nextHour(home, 2);
    const when = `stopped at moment ${n}`;
    expect(
      await home.run(hourly, { name: executionId(2), input }),
      `the next one ends well: ${when}`,
    ).toHaveProperty('output');
    expectEachOnce(home, 3, when);
    if (!(first instanceof Stopped)) return;
  }
}

/**
 * Nothing is heard of an execution, from every moment on, until the next one has settled it and ended. Then it goes on: it
 * takes nothing back, and with a third one every record is delivered once.
 */
export async function thoughtDeadAnywhere(replace?: Replace): Promise<void> {
  for (let n = 1; ; n++) {
    const home = await filesHome(2, replace);
    home.clock.advance(hour);
    const when = `from moment ${n} on`;
    let goOn: (() => void) | undefined;
    let moments = 0;
    const first = await new Promise<{ late?: Promise<unknown> }>((heard) => {
      const late = home.run(hourly, {
        name: executionId(1),
        input,
        aroundStep: (_, run) =>
          run(async () => {
            if (++moments !== n) return;
            home.running.clear();
            await new Promise<void>((resolve) => {
              goOn = resolve;
              heard({ late });
            });
          }),
      });
      late.finally(() => heard({})).catch(() => undefined);
    });
    await nextHour(home, 2);
    expect(
      await home.run(hourly, { name: executionId(2), input }),
      `the next one ends well: ${when}`,
    ).toHaveProperty('output');
    goOn?.();
    await first.late;
    await nextHour(home, 3);
    expect(
      await home.run(hourly, { name: executionId(3), input }),
      `the third one ends well: ${when}`,
    ).toHaveProperty('output');
    expectEachOnce(home, 4, when);
    if (!first.late) return;
  }
}

/** Two starts of a flow at once are one run and one that is skipped, or one after the other; they read every record once. */
export async function startedTwice(seed: number, replace?: Replace): Promise<void> {
  const at = memoryHome({ buckets: ['inbox', 'lake'], ...replaced(replace) });
  const flow = s3Flow({
    fields: { id: 'id', name: 'name' },
    scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' },
  });
  for (const name of ['a', 'b']) {
    const start = at.clock.now();
    const written = at.objects.keys('lake');
    await at.objects.put('inbox', `in/${name}.csv`, `id,name\n1,${name}\n`);
    at.clock.advance(hour);
    const ids = [1, 2].map((n) => `${name}0000000-0000-4000-8000-00000000000${n}`);
    const random = seeded(seed);
    const results = await interleaved(
      random,
      ids.map((id) => (hook) => at.run(flow, { name: id, aroundStep: (_, run) => run(hook) })),
    );
    const when = `seed ${seed}, file ${name}`;
    const statuses = await Promise.all(
      ids.map(async (id) => (await at.state.get<Run>(runKey(id), 'RUN'))?.data.status),
    );
    expect(statuses, `one run at a time: ${when}`).toContain('Successful');
    expect(statuses, `one run at a time: ${when}`).not.toContain('Error');
    for (const result of results) expect(result, `it ends well: ${when}`).toHaveProperty('value.output');
    const texts = at.objects
      .keys('lake')
      .filter((key) => !written.includes(key))
      .map((key) => at.objects.stored('lake', key)?.body.toString());
    expect(texts, `every record once: ${when}`).toEqual([`{"id":"1","name":"${name}"}\n`]);
    const state = await at.state.get<FlowState>(flowKey(flow.flowName), 'STATE');
    expect(state?.data.watermark, `the watermark: ${when}`).toBeGreaterThanOrEqual(start + hour);
  }
}

/** Each page says which answer it is and which answer its token came from. */
function changing(): Source {
  let answers = 0;
  const pages = 8;
  return {
    ...scriptedSource([[{ rows: [] }]]),
    open: async () => ({
      async read(token) {
        const { page = 0, from = 0 } = (token ?? {}) as { page?: number; from?: number };
        const answer = ++answers;
        const more = page + 1 < pages;
        return {
          rows: [[String(from), String(answer)]],
          bytes: 10,
          ...(more && { next: { page: page + 1, from: answer } }),
        };
      },
      close: async () => undefined,
    }),
  };
}

function changingHome(segmentPages: number, replace: Replace | undefined): MemoryHome {
  return memoryHome({
    buckets: ['inbox', 'lake'],
    sizes: { segmentPages },
    sources: { S3: changing() },
    ...replaced(replace),
  });
}

function expectOneSequence(at: MemoryHome, when: string): void {
  const [key = ''] = at.objects.keys('lake');
  const text = at.objects.stored('lake', key)?.body.toString() ?? '';
  const found = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; name: string });
  expect(found.length, `one sequence of answers: ${when}`).toBe(8);
  expect(
    found.map((row) => row.id),
    `one sequence of answers: ${when}`,
  ).toEqual(['0', ...found.slice(0, -1).map((row) => row.name)]);
  expect(leftovers(at), `nothing is left behind: ${when}`).toEqual(nothingLeft);
}

/** Two invocations of every step at once, of a source that answers differently each time: the output is one sequence of answers. */
export async function twinsOfChangingAnswers(
  seed: number,
  segmentPages: number,
  replace?: Replace,
): Promise<void> {
  const random = seeded(seed);
  const at = changingHome(segmentPages, replace);
  const ended = await at.run(singleFile, {
    aroundStep: async (_, run) => {
      const results = await interleaved(random, [run, run]);
      const heard = results[random() < 0.5 ? 0 : 1];
      if (heard?.status === 'fulfilled') return heard.value;
      throw heard?.reason;
    },
  });
  expect(ended, `it ends well: seed ${seed}`).toHaveProperty('output');
  expectOneSequence(at, `seed ${seed}`);
}

/** The same of one that is killed at every moment. */
export async function killedWithChangingAnswers(replace?: Replace): Promise<void> {
  for (let n = 1; ; n++) {
    const at = changingHome(2, replace);
    const moments = failAt(at, killed, [n]);
    expect(await at.run(singleFile), `it ends well: killed at moment ${n}`).toHaveProperty('output');
    expectOneSequence(at, `killed at moment ${n}`);
    if (moments() < n) return;
  }
}
