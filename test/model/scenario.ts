/** A flow's life beside a vendor's: changes, runs, faults, and what must have arrived in the end. */

import fc from 'fast-check';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { readFlow } from '../../core/flow/read.ts';
import type { Source } from '../../core/source.ts';
import { declaredSource } from '../../engine/http/declared-source.ts';
import { type Run, readFlowItems } from '../../engine/run/run.ts';
import {
  fakeClock,
  type MemoryHome,
  type MemoryHomeOptions,
  memoryHome,
  type RunOptions,
} from '../support/memory-home.ts';
import { leftovers } from '../support/outcome.ts';
import {
  type Change,
  connectorOf,
  type Fault,
  type ListName,
  lists,
  type Vendor,
  type VendorTraits,
  type Version,
  vendor,
  versionsOf,
} from './vendor.ts';

export interface Scenario {
  readonly traits: VendorTraits;
  /** The flow's scheduleOffset, seconds. */
  readonly offset: number;
  /** The flow's lookback, seconds. */
  readonly lookback: number;
  readonly changes: readonly Change[];
  readonly events: readonly Event[];
}

/** What happens to the flow, so many seconds from the beginning. */
export type Event = { readonly at: number } & (
  | { readonly kind: 'run'; readonly fault?: Fault | 'down' | { readonly killed: number } }
  /** EventBridge Scheduler delivers a start twice. */
  | { readonly kind: 'delivered twice' }
  /** A second start while the first goes on. */
  | { readonly kind: 'overlapping' }
  /** The execution is stopped for good, in whatever it is doing. */
  | { readonly kind: 'stopped'; readonly moment: number }
  | { readonly kind: 'back-fill'; readonly from: number; readonly to: number }
  | { readonly kind: 'full' | 'dry run' }
  /** The flow's mapping is another one from here on. */
  | { readonly kind: 'redefined' }
);

const duration = 900;
const begin = Date.parse('2026-02-03T10:00:00Z');

const names = Object.keys(lists) as ListName[];

/** @param listed how the vendor lists; default anyhow */
export function scenariosOf(listed?: ListName): fc.Arbitrary<Scenario> {
  return fc.constantFrom(...(listed ? [listed] : names)).chain((list) => {
    const at = fc.integer({ min: 0, max: duration / 150 }).map((n) => n * 150);
    const change = fc.record({
      // Some while a run reads: it begins with one of the moments at which something happens to the flow.
      at: fc.oneof(
        fc.integer({ min: 0, max: duration }),
        fc.tuple(at, fc.integer({ min: 1, max: 90 })).map(([begun, seconds]) => begun + seconds),
      ),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'),
      kind: lists[list].loses
        ? fc.constantFrom('write' as const, 'write' as const, 'delete' as const)
        : fc.constant('write' as const),
      late: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.constantFrom(20, 55, 110, 150)),
    });
    const fault = fc.oneof(
      fc.constant(undefined),
      fc.constant('down' as const),
      fc.record({ killed: fc.integer({ min: 1, max: 120 }) }),
      fc.record({
        request: fc.integer({ min: 0, max: 6 }),
        kind: fc.constantFrom<Fault['kind'][]>('error', 'slow down', 'reset', 'truncated', 'twice refused'),
      }),
    );
    const run = fc
      .record({ at, kind: fc.constant('run' as const), fault })
      .map(({ fault: chosen, ...one }) => (chosen === undefined ? one : { ...one, fault: chosen }));
    const other = fc.oneof(
      fc.record({ at, kind: fc.constantFrom('delivered twice' as const, 'overlapping' as const) }),
      fc.record({ at, kind: fc.constant('stopped' as const), moment: fc.integer({ min: 1, max: 120 }) }),
      fc.record({ at, kind: fc.constant('back-fill' as const), from: at, to: at }),
      fc.record({ at, kind: fc.constantFrom('full' as const, 'dry run' as const, 'redefined' as const) }),
    );
    return fc.record({
      traits: fc.record({
        list: fc.constant(list),
        pageSize: fc.integer({ min: 2, max: 4 }),
        delay: fc.constantFrom(0.3, 20),
        skew: fc.constantFrom(0, 0, -70, 70),
        coarse: fc.boolean(),
        settleSeconds: fc.constantFrom(0, 60),
      }),
      offset: fc.constantFrom(0, 0, 60),
      // What a vendor tells behind a link has no time to look back to.
      lookback: lists[list].pages === 'link' ? fc.constant(0) : fc.constantFrom(0, 0, 60, 120),
      changes: fc.array(change, { maxLength: 30 }),
      events: fc.array(fc.oneof({ weight: 2, arbitrary: run }, other), { maxLength: 9 }),
    });
  });
}

export interface Outcome {
  /** `key@version` of the scheduled runs that count, in the order in which they were written. */
  readonly delivered: readonly string[];
  /** Of these, what came before. */
  readonly repeated: readonly string[];
  /** Last states of records that are there and have not arrived, though lists showed them in time. */
  readonly missing: readonly string[];
  /** States that lists showed later than offset, settle time and lookback allow for: the documented limit, arrived or not. */
  readonly tooLate: readonly string[];
  readonly leftovers: object;
  /** Items of the flow that are left in the state, beside the list of its runs. */
  readonly flowItems: readonly string[];
  /** Items of runs that are left, beside the runs' own records and what the table drops by itself. */
  readonly runItems: readonly string[];
  /** What must not have happened on the way. */
  readonly surprises: readonly string[];
}

class Killed extends Error {
  override readonly name = 'Lambda.Unknown';
}

class Stopped extends Error {}

const nameOf = ({ key, version }: Pick<Version, 'key' | 'version'>) => `${key}@${version}`;

/** An engine that is broken on purpose. */
export interface Broken {
  readonly source?: (source: Source, traits: VendorTraits) => Source;
  readonly replace?: MemoryHomeOptions['replace'];
}

/** Plays it to its end, and two quiet runs more. */
export async function play(
  { traits, offset, lookback, changes, events }: Scenario,
  { source: breaking = (source) => source, replace }: Broken = {},
): Promise<Outcome> {
  const tracksChanges = lists[traits.list].pages === 'link';
  const clock = fakeClock(begin);
  const versions = versionsOf(changes, begin, traits.skew);
  const http = vendor(traits, versions, clock);
  const home = memoryHome({
    clock,
    buckets: ['lake'],
    http,
    credentials: { apiKey: 'key' },
    connections: { vendor: { connectorProfileName: 'vendor', connectorType: 'Zendesk' } },
    sources: { Zendesk: breaking(declaredSource(connectorOf(traits), { random: () => 0.5 }), traits) },
    // Small enough that a run has several segments.
    sizes: { segmentPages: 2 },
    ...(replace && { replace }),
  });
  const life = new Life(home, http, (redefined) => flowOf({ offset, lookback, tracksChanges, redefined }));
  for (const event of [...events].sort((a, b) => a.at - b.at)) {
    clock.advance(Math.max(0, begin + event.at * 1000 - clock.now()));
    await life.meet(event);
  }
  const quiet = begin + (duration + 150 + 70 + 60 + 60 + 120) * 1000;
  clock.advance(Math.max(0, quiet - clock.now()));
  await life.meet({ at: 0, kind: 'run' });
  clock.advance(60_000);
  await life.meet({ at: 0, kind: 'run' });

  const slack = tracksChanges
    ? Number.POSITIVE_INFINITY
    : Math.max(traits.settleSeconds, offset + traits.skew) + lookback;
  const delivered = await life.delivered();
  const last = new Map(versions.map((one) => [one.key, one]));
  const wanted = [...last.values()].filter(({ kind }) => kind === 'write');
  const items = Object.keys(home.state.contents());
  const tooLate = versions.filter(({ late }) => late > slack).map(nameOf);
  return {
    delivered,
    repeated: delivered.filter((one, index) => delivered.indexOf(one) !== index),
    missing: wanted.map(nameOf).filter((name) => !delivered.includes(name) && !tooLate.includes(name)),
    tooLate,
    leftovers: leftovers(home),
    flowItems: items.filter((key) => key.startsWith('FLOW#') && !key.includes(' HISTORY#')),
    runItems: items.filter((key) => key.startsWith('RUN#') && !/ (RUN|SEGMENT#\S+)$/.test(key)),
    surprises: life.surprises,
  };
}

class Life {
  readonly surprises: string[] = [];
  private readonly home: MemoryHome;
  private readonly vendor: Vendor;
  private readonly flow: (redefined: boolean) => FlowDefinition;
  private redefined = false;
  private runs = 0;
  private readonly scheduled: string[] = [];

  constructor(home: MemoryHome, one: Vendor, flow: Life['flow']) {
    this.home = home;
    this.vendor = one;
    this.flow = flow;
  }

  async meet(event: Event): Promise<void> {
    const { home } = this;
    const before = await this.watermark();
    // A run that was left in its commit is finished by whichever start comes next, its watermark with it.
    const settles = (await this.holder())?.status === 'COMMITTING';
    switch (event.kind) {
      case 'redefined':
        this.redefined = !this.redefined;
        return;
      case 'run': {
        const { fault } = event;
        if (typeof fault === 'object' && 'killed' in fault) {
          this.home.hook = atMoment(fault.killed, (moment, n) => moment === n, new Killed('killed'));
          await this.schedule();
          this.home.hook = () => undefined;
        } else {
          this.vendor.fault = fault;
          await this.schedule();
          this.vendor.fault = undefined;
        }
        break;
      }
      case 'stopped':
        // Whatever is tried from then on fails, too.
        this.home.hook = atMoment(event.moment, (moment, n) => moment >= n, new Stopped());
        await this.schedule().catch((error: unknown) => {
          if (!(error instanceof Stopped)) throw error;
        });
        this.home.hook = () => undefined;
        break;
      case 'delivered twice': {
        const scheduledTime = home.clock.now();
        await this.schedule({ scheduledTime });
        this.expectSkipped(await this.schedule({ scheduledTime }), 'a start that was delivered twice');
        break;
      }
      case 'overlapping': {
        let second: Promise<unknown> | undefined;
        await this.schedule({
          aroundStep: async (step, run) => {
            if (step === 'TransferBatch' && !second) {
              second = this.schedule();
              this.expectSkipped(await second, 'a start while a run goes on');
            }
            return run();
          },
        });
        break;
      }
      case 'back-fill': {
        const [from, to] = [event.from, event.to].sort((a, b) => a - b);
        if (from === undefined || to === undefined || from === to) return;
        await this.run({ parameters: { from: begin + from * 1000, to: begin + to * 1000 } });
        if (!settles) this.expectKept(before, await this.watermark(), 'a back-fill');
        break;
      }
      case 'full':
      case 'dry run':
        await this.run({ parameters: event.kind === 'full' ? { full: true } : { dryRun: true } });
        if (!settles) this.expectKept(before, await this.watermark(), `a ${event.kind}`);
        break;
    }
    const after = await this.watermark();
    if (after !== undefined && before !== undefined && after < before)
      this.surprises.push(`the watermark went back from ${before} to ${after}`);
  }

  /** What the scheduled runs that succeeded have written; a surprise where another one has written anything. */
  async delivered(): Promise<string[]> {
    const { home } = this;
    const found: string[] = [];
    for (let n = 1; n <= this.runs; n++) {
      const executionId = executionIdOf(n);
      const run = (await home.state.get<Run>(`RUN#${executionId}`, 'RUN'))?.data;
      const keys = home.objects.keys('lake').filter((key) => key.includes(executionId));
      const lines = keys.flatMap((key) =>
        (home.objects.stored('lake', key)?.body.toString() ?? '').split('\n').filter(Boolean),
      );
      if (run?.status !== 'Successful') {
        if (keys.length > 0) this.surprises.push(`a run that is ${run?.status ?? 'unknown'} has written`);
        continue;
      }
      if (run.counts?.written !== lines.length && !run.parameters.dryRun)
        this.surprises.push(`a run wrote ${lines.length} records and says ${run.counts?.written}`);
      if (!this.scheduled.includes(executionId)) continue;
      for (const line of lines) {
        const { id, version } = JSON.parse(line) as { id: string; version: number };
        found.push(nameOf({ key: id, version }));
      }
    }
    return found;
  }

  /** Starts the flow as its schedule does. */
  private schedule(
    options: RunOptions & { readonly scheduledTime?: number } = {},
  ): ReturnType<MemoryHome['run']> {
    const { scheduledTime = this.home.clock.now(), ...more } = options;
    this.scheduled.push(executionIdOf(this.runs + 1));
    return this.run({ trigger: 'Scheduled', scheduledTime }, more);
  }

  private run(input: RunOptions['input'], options: RunOptions = {}): ReturnType<MemoryHome['run']> {
    this.runs++;
    return this.home.run(this.flow(this.redefined), {
      ...options,
      ...(input && { input }),
      name: executionIdOf(this.runs),
    });
  }

  /** The run that has the slot. */
  private async holder(): Promise<Run | undefined> {
    const { slot } = await readFlowItems(this.home.state, 'orders');
    const { executionId } = slot?.data ?? {};
    return executionId === undefined
      ? undefined
      : (await this.home.state.get<Run>(`RUN#${executionId}`, 'RUN'))?.data;
  }

  private async watermark(): Promise<number | undefined> {
    return (await readFlowItems(this.home.state, 'orders')).state?.data.watermark;
  }

  private expectSkipped(ended: unknown, what: string): void {
    if ((ended as { output?: { next?: string } }).output?.next !== 'skip')
      this.surprises.push(`${what} was not skipped: ${JSON.stringify(ended)}`);
  }

  private expectKept(before: number | undefined, after: number | undefined, what: string): void {
    if (before !== after) this.surprises.push(`${what} moved the watermark`);
  }
}

function executionIdOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

/** A hook on port calls that throws at moments for which `when` holds, counted from 1. */
function atMoment(n: number, when: (moment: number, n: number) => boolean, error: Error): () => void {
  let moment = 0;
  return () => {
    if (when(++moment, n)) throw error;
  };
}

/** With another destination field when it is redefined, and a first window that has all. */
function flowOf({
  offset,
  lookback,
  tracksChanges,
  redefined,
}: {
  readonly offset: number;
  readonly lookback: number;
  readonly tracksChanges: boolean;
  readonly redefined: boolean;
}): FlowDefinition {
  const names = ['id', 'version', 'updated_at'];
  const map = (from: string, to: string) => ({
    taskType: 'Map',
    sourceFields: [from],
    destinationField: to,
    connectorOperator: { Zendesk: 'NO_OP' },
    taskProperties: {},
  });
  const definition = {
    flowName: 'orders',
    triggerConfig: {
      triggerType: 'Scheduled',
      triggerProperties: {
        Scheduled: {
          scheduleExpression: 'rate(5minutes)',
          dataPullMode: 'Incremental',
          firstExecutionFrom: begin / 1000 - 3600,
          ...(offset > 0 && { scheduleOffset: offset }),
        },
      },
    },
    sourceFlowConfig: {
      connectorType: 'Zendesk',
      connectorProfileName: 'vendor',
      sourceConnectorProperties: { Zendesk: { object: 'records' } },
      ...(!tracksChanges && { incrementalPullConfig: { datetimeTypeFieldName: 'updated_at' } }),
    },
    destinationFlowConfigList: [
      {
        connectorType: 'S3',
        destinationConnectorProperties: {
          S3: {
            bucketName: 'lake',
            s3OutputFormatConfig: { prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] } },
          },
        },
      },
    ],
    tasks: [
      {
        taskType: 'Filter',
        sourceFields: names,
        connectorOperator: { Zendesk: 'PROJECTION' },
        taskProperties: {},
      },
      ...names.map((name) => map(name, name)),
      ...(redefined ? [map('updated_at', 'changed')] : []),
    ],
    ...(lookback > 0 && { tributary: { lookback } }),
  };
  return readFlow(JSON.stringify(definition), 'orders.json');
}
