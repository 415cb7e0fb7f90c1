/** The model finds what it is for: an engine is broken on purpose, one promise at a time, and one of its lives shows it. */

import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { ObjectStore, Page, PageToken, Source, SourceDescription, StateStore, StateWrite } from '#core';
import type { EnginePorts } from '../../engine/ports.ts';
import type { FlowState, Run } from '../../engine/run/run.ts';
import type { SegmentRecord } from '../../engine/run/segment-record.ts';
import { type Broken, play, type Scenario, scenariosOf } from './scenario.ts';
import type { VendorTraits } from './vendor.ts';

// Each ends with the first life that shows it.
vi.setConfig({ testTimeout: 120_000 });
const lives = 3000;

function describing(
  change: (
    told: SourceDescription,
    traits: { readonly settleSeconds: number },
    now: number,
  ) => Partial<SourceDescription>,
): Broken {
  return {
    source: (source, traits) => ({
      ...source,
      async describe(request, ports) {
        const told = await source.describe(request, ports);
        return { ...told, ...change(told, traits, ports.clock.now()) };
      },
    }),
  };
}

function reading(change: (page: Page, number: number, token: PageToken | undefined) => Page): Broken {
  return {
    source: (source): Source => ({
      ...source,
      async open(...args) {
        const session = await source.open(...args);
        let number = 0;
        return { ...session, read: async (token) => change(await session.read(token), ++number, token) };
      },
    }),
  };
}

function writing(
  change: (
    writes: readonly StateWrite[],
    state: StateStore,
  ) => readonly StateWrite[] | Promise<readonly StateWrite[]>,
): Broken {
  return {
    replace: (ports) => ({
      ...ports,
      state: {
        get: (...args) => ports.state.get(...args),
        getAll: (keys) => ports.state.getAll(keys),
        list: (...args) => ports.state.list(...args),
        write: async (writes) => ports.state.write(await change(writes, ports.state)),
      },
    }),
  };
}

/** The next page by number, where the list is asked anew from the last record on. */
function withoutAnew(page: Page, _: number, token: PageToken | undefined): Page {
  const { since, ...next } = page.next ?? {};
  if (since === undefined) return page;
  const { after = 1 } = (token?.page ?? {}) as { readonly after?: number };
  return { ...page, next: { ...next, page: { after: after + 1 } } };
}

function withoutNext({ next: _, ...last }: Page): Page {
  return last;
}

function startAsWatermark(writes: readonly StateWrite[]): readonly StateWrite[] {
  const run = writes.find(({ sk }) => sk === 'RUN')?.set as Run | undefined;
  if (run?.status !== 'COMMITTED') return writes;
  return writes.map((write) =>
    write.sk === 'STATE'
      ? { ...write, set: { ...(write.set as FlowState), watermark: run.startedAt } }
      : write,
  );
}

function withoutLedger(ports: EnginePorts): EnginePorts {
  const read: ObjectStore['read'] = async (bucket, key, options) =>
    key.endsWith('/ledger.txt') ? Buffer.of() : ports.objects.read(bucket, key, options);
  const objects = new Proxy(ports.objects, {
    get: (target, member) => (member === 'read' ? read : Reflect.get(target, member)),
  });
  return { ...ports, objects };
}

function withoutPointer(writes: readonly StateWrite[]): readonly StateWrite[] {
  return writes.map((write) => {
    if (write.sk !== 'STATE') return write;
    const { ledger: _, ...state } = write.set as FlowState;
    return { ...write, set: state };
  });
}

async function earlyLink(writes: readonly StateWrite[], state: StateStore): Promise<readonly StateWrite[]> {
  const segment = writes.find(({ sk }) => sk.startsWith('SEGMENT#'))?.set as SegmentRecord | undefined;
  const item = segment?.resume && (await state.get<FlowState>('FLOW#orders', 'STATE'));
  if (!item) return writes;
  return [...writes, { pk: item.pk, sk: item.sk, set: { ...item.data, resume: segment.resume } }];
}

/** Of lives in which a break shows at all, or more often than in others. */
interface Life extends Partial<Omit<Scenario, 'traits'>> {
  readonly traits?: Partial<VendorTraits>;
}

/** While the first page of four records is read its first one changes, and goes to the list's end: the third comes before the second page. */
const skippedByNumber: Life = {
  traits: {
    list: 'oldest first, by page',
    pageSize: 2,
    delay: 20,
    skew: 0,
    coarse: false,
    settleSeconds: 0,
  },
  offset: 0,
  lookback: 0,
  changes: [
    ...['a', 'b', 'c', 'd'].map((key, at) => ({ at, key, kind: 'write' as const, late: 0 })),
    { at: 200, key: 'a', kind: 'write', late: 0 },
  ],
  events: [{ at: 150, kind: 'run' }],
};

const broken: [name: string, broken: Broken, promise: 'missing' | 'repeated', life?: Life][] = [
  ['the window has no upper bound', describing(() => ({ appliesWindow: true })), 'repeated'],
  [
    'nothing is left time to settle',
    describing(({ completeUntil = 0 }, { settleSeconds }) => ({
      completeUntil: completeUntil + settleSeconds * 1000,
    })),
    'missing',
  ],
  [
    "the vendor's clock is ignored",
    describing((_, { settleSeconds }, now) => ({ completeUntil: now - settleSeconds * 1000 })),
    'missing',
    { traits: { skew: -70 } },
  ],
  ["the watermark is the run's start", writing(startAsWatermark), 'missing'],
  ['the ledger of a lookback knows nothing', { replace: withoutLedger }, 'repeated'],
  [
    'no run looks back',
    writing(withoutPointer),
    'missing',
    { offset: 0, lookback: 120, traits: { list: 'by id, behind a token', skew: 0, settleSeconds: 0 } },
  ],
  ['records that a list shows twice are kept', describing(() => ({ mayRepeat: false })), 'repeated'],
  ['numbered pages are not asked anew', reading(withoutAnew), 'missing', skippedByNumber],
  [
    'a list ends a page early',
    reading((page, number) => (number === 2 ? withoutNext(page) : page)),
    'missing',
  ],
  [
    'the link to later changes is kept before the commit',
    writing(earlyLink),
    'missing',
    { traits: { list: 'changes, behind a link' } },
  ],
];

test.each(broken)('is caught: %s', async (_, one, promise, { traits, ...life } = {}) => {
  let caught: Scenario | undefined;
  await fc.check(
    fc.asyncProperty(scenariosOf(traits?.list), async (scenario) => {
      const narrowed = { ...scenario, ...life, traits: { ...scenario.traits, ...traits } };
      const outcome = await play(narrowed, one);
      if (outcome[promise].length > 0) caught = narrowed;
      return caught === undefined;
    }),
    { numRuns: lives, seed: 4, endOnFailure: true },
  );
  if (!caught) throw new Error(`${lives} lives show nothing`);
  // What shows it is the break, and not the life.
  expect((await play(caught))[promise]).toEqual([]);
});
