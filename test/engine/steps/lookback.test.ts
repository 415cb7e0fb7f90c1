/** A flow with a lookback: what is shown late comes, once, and nothing comes twice. */

import { describe, expect, it } from 'vitest';
import type { Row, Source, SourceDescription, SourceRequest } from '#core';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { certificateKey } from '../../../engine/run/plan.ts';
import { type FlowState, flowKey, type Run, readRun } from '../../../engine/run/run.ts';
import { s3Flow } from '../../support/flows.ts';
import {
  type MemoryHome,
  type MemoryHomeOptions,
  memoryHome,
  stateBucket,
} from '../../support/memory-home.ts';
import { leftovers } from '../../support/outcome.ts';
import { nothingLeft } from './disturbances.ts';

const minute = 60_000;
const begin = Date.parse('2026-02-03T10:15:00Z');
const at = (minutes: number): string => new Date(begin + minutes * minute).toISOString();
const executionId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** The flow of the tests reads files; here a list of records [id, name, changed] takes their place. */
function flowOf(lookbackMinutes: number): FlowDefinition {
  const flow = s3Flow({
    fields: { id: 'id', name: 'name' },
    scheduled: {
      scheduleExpression: 'rate(10minutes)',
      dataPullMode: 'Incremental',
      firstExecutionFrom: begin / 1000 - 3600,
    },
    output: { prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] } },
  });
  return lookbackMinutes > 0 ? { ...flow, tributary: { lookback: lookbackMinutes * 60 } } : flow;
}

class Life {
  rows: Row[] = [];
  readonly requests: SourceRequest[] = [];
  readonly home: MemoryHome;
  private runs = 0;

  constructor(
    sizes: MemoryHomeOptions['sizes'] = {},
    change: (told: SourceDescription) => SourceDescription = (told) => told,
  ) {
    this.home = memoryHome({
      buckets: ['inbox', 'lake'],
      sizes: { segmentPages: 1, ...sizes },
      sources: { S3: this.source(change) },
    });
  }

  /** Two records a page. */
  private source(change: (told: SourceDescription) => SourceDescription): Source {
    const names = ['id', 'name', 'changed'];
    return {
      describe: async () =>
        change({
          fields: [
            { name: 'id', type: 'String' },
            { name: 'name', type: 'String' },
            { name: 'changed', type: 'DateTime' },
          ],
          splits: [{}],
          appliedFilters: [],
          appliesWindow: false,
          incrementalField: 'changed',
          primaryKey: ['id'],
        }),
      open: async (request) => {
        this.requests.push(request);
        const all = this.rows.map((row) => request.fields.map((field) => row[names.indexOf(field)] ?? null));
        return {
          async read(token) {
            const from = Number(token?.from ?? 0);
            const rows = all.slice(from, from + 2);
            return { rows, bytes: 10, ...(from + 2 < all.length && { next: { from: from + 2 } }) };
          },
          close: async () => undefined,
        };
      },
      listEntities: async () => [],
      testConnection: async () => undefined,
    };
  }

  /** Runs the flow ten minutes after the run before; answers its record, with the names that it wrote. */
  async run(lookbackMinutes: number): Promise<Run & { readonly names: string[] }> {
    const { home } = this;
    home.clock.advance(10 * minute);
    const name = executionId(++this.runs);
    const ended = await home.run(flowOf(lookbackMinutes), { name, input: { trigger: 'Scheduled' } });
    if ('error' in ended) throw new Error(`${ended.error}: ${ended.cause}`);
    const { data } = await readRun(home.state, name);
    return { ...data, names: this.names(name) };
  }

  names(name: string): string[] {
    return this.home.objects
      .keys('lake')
      .filter((key) => key.includes(name))
      .flatMap((key) => this.home.objects.stored('lake', key)?.body.toString().trim().split('\n') ?? [])
      .map((line) => (JSON.parse(line) as { name: string }).name);
  }

  async ledger(): Promise<FlowState['ledger']> {
    return (await this.home.state.get<FlowState>(flowKey('orders'), 'STATE'))?.data.ledger;
  }
}

/** Three records before the first run; then one that is stamped as early, and one that is new. */
const early: Row[] = [
  ['1', 'a', at(1)],
  ['2', 'b', at(6)],
  ['3', 'c', at(8)],
];
const later: Row[] = [...early, ['4', 'late', at(7)], ['5', 'new', at(12)]];

describe('a flow that looks back', () => {
  it('delivers what was shown late, and nothing twice', async () => {
    const life = new Life();
    life.rows = early;
    expect((await life.run(5)).names).toEqual(['a', 'b', 'c']);
    life.rows = later;
    const second = await life.run(5);
    expect(second.names).toEqual(['late', 'new']);
    // The first is behind the lookback, two are known.
    expect(second.counts).toMatchObject({ received: 5, written: 2, outOfWindow: 1, duplicates: 2 });
    expect((await life.run(5)).names).toEqual([]);
  });

  it('commits windows that tile time, whatever it reads', async () => {
    const life = new Life();
    await life.run(5);
    const { executionId: id, window } = await life.run(5);
    expect(window).toEqual({ start: begin + 10 * minute, end: begin + 20 * minute });
    expect(life.requests.at(-1)?.window).toEqual({ start: begin + 5 * minute, end: begin + 20 * minute });
    const text = life.home.objects.stored(stateBucket, certificateKey('orders', id))?.body.toString() ?? '';
    expect(JSON.parse(text).certificate.window).toEqual({ start: at(10), end: at(20) });
  });

  it('takes another content for another state, though key and time are those of one delivered', async () => {
    const life = new Life();
    life.rows = early;
    await life.run(5);
    life.rows = [...early.slice(0, 2), ['3', 'c again', at(8)]];
    expect((await life.run(5)).names).toEqual(['c again']);
  });

  it('knows records for as long as it looks back, over several runs', async () => {
    const life = new Life();
    life.rows = early;
    await life.run(25);
    for (let run = 0; run < 3; run++) expect((await life.run(25)).names).toEqual([]);
    expect(await life.ledger()).toEqual({
      key: `runs/orders/${executionId(4)}/ledger.txt`,
      since: begin + 15 * minute,
      until: begin + 40 * minute,
    });
  });

  it('looks back no further than it has kept a ledger', async () => {
    const life = new Life();
    life.rows = early;
    await life.run(0);
    life.rows = later;
    expect((await life.run(5)).names).toEqual(['new']);
    expect(await life.ledger()).toMatchObject({ since: begin + 15 * minute });
    // Longer than what the ledger knows: from where it begins.
    life.rows = [...later, ['6', 'later', at(13)], ['7', 'late', at(17)]];
    expect((await life.run(60)).names).toEqual(['late']);
  });

  it('forgets its ledger with its lookback', async () => {
    const life = new Life();
    await life.run(5);
    await life.run(0);
    expect(await life.ledger()).toBeUndefined();
  });

  it('looks back less where there are more records than it may remember, and says so', async () => {
    const life = new Life({ ledgerRecords: 2 });
    life.rows = [...early, ['4', 'd', at(9)]];
    const first = await life.run(5);
    expect(first.warnings).toEqual([
      'the lookback holds more than 2 records: the next run looks back to 2026-02-03T10:21:00.001Z at most',
    ]);
    life.rows = [...life.rows, ['5', 'late', at(7)], ['6', 'too late', at(6)]];
    expect((await life.run(5)).names).toEqual(['late']);
  });

  it('repeats nothing where more records than it may remember have one time', async () => {
    const life = new Life({ ledgerRecords: 1 });
    life.rows = [
      ['1', 'a', at(8)],
      ['2', 'b', at(8)],
    ];
    await life.run(5);
    expect(await life.ledger()).toMatchObject({ since: begin + 8 * minute + 1 });
    expect((await life.run(5)).names).toEqual([]);
  });

  it('does not look back once where the ledger is gone, or the watermark is another', async () => {
    const life = new Life();
    life.rows = early;
    await life.run(5);
    const { key = '' } = (await life.ledger()) ?? {};
    await life.home.objects.delete(stateBucket, [key]);
    life.rows = later;
    expect((await life.run(5)).names).toEqual(['new']);

    const item = await life.home.state.get<FlowState>(flowKey('orders'), 'STATE');
    await life.home.state.write([
      { pk: flowKey('orders'), sk: 'STATE', set: { ...item?.data, watermark: begin + 15 * minute } },
    ]);
    life.rows = [...later, ['6', 'late', at(14)], ['7', 'in the window', at(16)]];
    expect((await life.run(5)).names).toEqual(['in the window']);
  });

  it('neither looks back nor writes a ledger in a run of other parameters', async () => {
    const life = new Life();
    life.rows = early;
    await life.run(5);
    const before = await life.ledger();
    await life.home.run(flowOf(5), { name: executionId(9), input: { parameters: { full: true } } });
    expect(life.names(executionId(9))).toEqual(['a', 'b', 'c']);
    expect(await life.ledger()).toEqual(before);
  });

  it.each<[string, (told: SourceDescription) => SourceDescription]>([
    ['no primary key', (told) => ({ ...told, primaryKey: [] })],
    [
      'no field that the window is on',
      ({ incrementalField: _, ...told }) => ({ ...told, appliesWindow: true }),
    ],
  ])('refuses records of which there is %s', async (missing, change) => {
    await expect(new Life({}, change).run(5)).rejects.toThrow(
      `NotRunnable: flow orders, tributary.lookback: a flow can look back for records with a time and a key alone; got ${missing}`,
    );
  });

  it('leaves the same, its ledger included, when it is killed at any moment', async () => {
    let expected: object | undefined;
    for (let n = 0; ; n++) {
      const life = new Life();
      const { home } = life;
      life.rows = early;
      await life.run(5);
      life.rows = later;
      let moments = 0;
      home.hook = () => {
        if (++moments !== n) return;
        const killed = new Error('the function was killed');
        killed.name = 'Lambda.Unknown';
        throw killed;
      };
      const { names, counts } = await life.run(5);
      home.hook = () => undefined;
      const pointer = await life.ledger();
      const left = {
        names,
        counts,
        pointer,
        ledger: home.objects.stored(stateBucket, pointer?.key ?? '')?.body.toString(),
        leftovers: leftovers(home),
      };
      expected ??= left;
      expect(left, `killed at moment ${n}`).toEqual(expected);
      if (n > moments) break;
    }
    expect(expected).toMatchObject({ names: ['late', 'new'], leftovers: nothingLeft });
  });
});
