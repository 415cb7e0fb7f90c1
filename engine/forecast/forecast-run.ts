/**
 * What a run of a given size would do. The figures follow the steps call by call (engine/steps, engine/run): whoever
 * changes what a step asks of a port sees the twin's test fail (test/twin), which runs the steps themselves.
 *
 * A run that goes well is foreseen, the first of its flow, with warm functions: no retries, no refused records.
 */

import type { FlowDefinition } from '../../core/flow/definition.ts';
import { defaultConcurrency, turnsPerLoop } from '../../core/flow/state-machine.ts';
import { flowResourceName, stateBucketName } from '../../core/physical-name.ts';
import { concurrency, joinedAtOnce, reserveMilliseconds } from '../run/commit.ts';
import { mostObjects } from '../run/manifest.ts';
import { runFolder } from '../run/plan.ts';
import { defaultSizes } from '../run/sizes.ts';
import { noFigures, type RunFigures } from './figures.ts';
import { historyEvents } from './history.ts';
import { type Latencies, usualLatencies } from './latencies.ts';
import { forecastOutput, type OutputForecast } from './output-forecast.ts';
import type { RunSize } from './run-size.ts';
import { mostInvocationSeconds } from './service-limits.ts';
import { SplitForecast, splitsFitIntoPlan } from './split-forecast.ts';

export interface RunForecast {
  readonly figures: RunFigures;
  readonly output: OutputForecast;
  /** Seconds of the first CommitOutput until its first object: what cannot be spread over several invocations. */
  readonly prepareSeconds: number;
}

const turn = historyEvents.Task + historyEvents.attempt + historyEvents.Choice;
/** Bytes of an item of the state table that describes a segment. */
const segmentItemBytes = 700;

export function forecastRun(flow: FlowDefinition, size: RunSize): RunForecast {
  const counter = new Counter(usualLatencies);
  counter.figures.payloadBytes = payloadBytes(flow, size);
  counter.startRun();
  counter.describeSource(size);
  const splits = splitsOf(size);
  counter.transfer(splits, size.splits, flow.tributary?.maxConcurrency ?? defaultConcurrency);
  const output = forecastOutput(
    flow,
    size,
    defaultSizes,
    splits.map(({ count, split }) => ({ count, segments: split.segments })),
  );
  const stored = sumOf(splits, ({ segments }) => segments.filter(({ records }) => records > 0).length);
  counter.commit(output, stored);
  if (flow.metadataCatalogConfig?.glueDataCatalog) counter.catalog(flow, size);
  counter.endRun(stored);
  return {
    figures: counter.figures,
    output,
    prepareSeconds: counter.prepareSeconds,
  };
}

/** The largest payload: what TransferBatch gets, whatever the data. */
function payloadBytes({ flowName }: FlowDefinition, { pause, job }: RunSize): number {
  const id = '00000000-0000-0000-0000-000000000000';
  const arn = `arn:aws:states:eu-central-1:123456789012:execution:${flowResourceName(flowName)}:${id}`;
  const run = { executionId: id, fence: 1 };
  const splits = {
    bucket: stateBucketName('123456789012', 'eu-central-1'),
    key: `${runFolder(flowName, id)}/split-list-00000000.json`,
  };
  const transfer = { split: 0, start: 0, end: 1000, segment: 1000, turns: 100 };
  const state = { next: 'more', ...((pause || job) && { waitSeconds: 60 }), run, splits, transfer };
  return JSON.stringify({ step: 'TransferBatch', executionArn: arn, executionName: id, state }).length;
}

/** Splits of equal size: those with a record more, and the others. */
interface EqualSplits {
  readonly count: number;
  readonly split: SplitForecast;
}

function splitsOf(size: RunSize): EqualSplits[] {
  const fewer = Math.floor(size.records / size.splits);
  const larger = size.records % size.splits;
  const forecast = (records: number) => new SplitForecast(records, size, defaultSizes, usualLatencies);
  return [
    { count: larger, split: larger > 0 ? forecast(fewer + 1) : undefined },
    { count: size.splits - larger, split: forecast(fewer) },
  ].flatMap(({ count, split }) => (split && count > 0 ? [{ count, split }] : []));
}

function sumOf(splits: readonly EqualSplits[], of: (split: SplitForecast) => number): number {
  return splits.reduce((sum, { count, split }) => sum + count * of(split), 0);
}

/** Until the last split is done, if each is begun as soon as one of the workers is free. */
function elapsedOf(splits: readonly EqualSplits[], workers: number): number {
  // Of so many, the last one matters little.
  if (splits.reduce((sum, { count }) => sum + count, 0) > 10_000)
    return sumOf(splits, ({ elapsed }) => elapsed) / workers;
  const free = Array.from({ length: workers }, () => 0);
  for (const { count, split } of splits) {
    for (let i = 0; i < count; i++) {
      const first = free.indexOf(Math.min(...free));
      free[first] = (free[first] ?? 0) + split.elapsed;
    }
  }
  return Math.max(...free);
}

class Counter {
  readonly figures = noFigures();
  private readonly latencies: Latencies;
  /** Of the run's own execution. */
  private history = historyEvents.execution as number;
  private longestChild = 0;
  private billed = 0;
  prepareSeconds = 0;

  constructor(latencies: Latencies) {
    this.latencies = latencies;
  }

  startRun(): void {
    this.step('control');
    this.readTogether(3);
    // Slot, run, history, state.
    this.transact(4);
    this.event();
    this.end('control');
    this.choice();
  }

  describeSource({ splits, pageSeconds }: RunSize): void {
    this.step('transfer');
    this.figures.sourceRequests++;
    this.billed += pageSeconds;
    this.readTogether(3);
    // The destination's bucket.
    this.readObjects(1);
    // The splits, at once; then the plan, which holds them if they are few.
    this.writeObjects(splitsFitIntoPlan(splits) ? (splits > 1 ? 1 : 0) : 2, 2);
    this.writeObjects(1);
    this.end('transfer');
    this.choice();
  }

  transfer(splits: readonly EqualSplits[], count: number, atOnce: number): void {
    const { figures } = this;
    figures.pages = sumOf(splits, ({ pages }) => pages);
    figures.segments = sumOf(splits, ({ segments }) => segments.length);
    figures.sourceRequests += sumOf(splits, ({ requests }) => requests);
    figures.transferSeconds += sumOf(splits, ({ seconds }) => seconds);
    figures.s3Reads += sumOf(splits, ({ s3Reads }) => s3Reads);
    figures.s3Writes += sumOf(splits, ({ s3Writes }) => s3Writes);
    figures.stateReads += sumOf(splits, ({ stateReads }) => stateReads);
    figures.stateWrites += sumOf(splits, ({ stateWrites }) => stateWrites);
    const turns = sumOf(splits, (split) => split.turns);
    figures.batches += turns;
    figures.transferInvocations += turns;
    figures.seconds += elapsedOf(splits, Math.min(atOnce, count));
    const rounds = Math.max(...splits.map(({ split }) => Math.ceil(split.turns / turnsPerLoop)));
    for (const { count: alike, split } of splits) {
      figures.stateTransitions += alike * (2 * split.turns + split.waits);
      // A loop that ends unfinished stores the list of splits for the Map.
      if (splitsFitIntoPlan(count)) figures.s3Writes += alike * Math.floor((split.turns - 1) / turnsPerLoop);
      const inFirst = Math.min(split.turns, turnsPerLoop);
      const waitsInFirst = Math.ceil((split.waits * inFirst) / split.turns);
      const history = turn * inFirst + historyEvents.Wait * waitsInFirst;
      if (count === 1) this.history += history;
      else
        this.longestChild = Math.max(
          this.longestChild,
          history + historyEvents.execution + historyEvents.Pass,
        );
    }
    // A loop that ends unfinished goes on as a child of the Map, where all splits are looked at again.
    const maps = count === 1 ? rounds - 1 : rounds;
    for (let map = 0; map < maps; map++) {
      if (map > 0) this.unfinishedCommit(count);
      if (map > 0 || count === 1) this.again(splits, map + (count === 1 ? 1 : 0));
      figures.children += count;
      figures.stateTransitions += 1 + count;
      this.history += historyEvents.Map;
    }
  }

  /** The round of a Map that goes on where loops were unfinished: what is recorded is read on the way. */
  private again(splits: readonly EqualSplits[], round: number): void {
    const { figures } = this;
    for (const { count, split } of splits) {
      const recorded = Math.round(split.segments.length * Math.min(1, (round * turnsPerLoop) / split.turns));
      figures.stateReads += count * recorded;
      if (split.turns > round * turnsPerLoop) {
        const turns = Math.min(turnsPerLoop, split.turns - round * turnsPerLoop);
        const waits = Math.ceil((split.waits * turns) / split.turns);
        this.longestChild = Math.max(
          this.longestChild,
          historyEvents.execution + turn * turns + historyEvents.Wait * waits + historyEvents.Pass,
        );
        continue;
      }
      figures.batches += count;
      figures.transferInvocations += count;
      figures.stateReads += count * 4;
      figures.s3Reads += count;
      figures.stateTransitions += count * 2;
    }
  }

  /** CommitOutput finds that splits are missing, and stores their list for the Map. */
  private unfinishedCommit(splits: number): void {
    this.step('control');
    this.readTogether(3);
    this.readObjects(1);
    this.query(this.figures.segments * segmentItemBytes);
    if (splitsFitIntoPlan(splits)) this.writeObjects(1);
    this.end('control');
    this.choice();
  }

  commit(output: OutputForecast, storedSegments: number): void {
    const { figures, latencies } = this;
    this.step('control');
    this.readTogether(3);
    this.readObjects(1);
    this.query(figures.segments * segmentItemBytes);
    this.readObjects(storedSegments, 32);
    // Manifest and certificate.
    this.writeObjects(2);
    figures.signatures++;
    this.billed += latencies.sign;
    this.transact(2);
    this.prepareSeconds = this.billed;
    this.writeOutput(output);
    this.transact(3);
    this.end('control');
    this.choice();
  }

  /** Brings the objects into being, some at once. */
  private writeOutput({ objects }: OutputForecast): void {
    const { figures, latencies } = this;
    const room = mostInvocationSeconds - reserveMilliseconds / 1000;
    let inGroup = 0;
    /** Of the object in the group that takes longest, but for its parts; and of the parts of all, which share what goes on at once. */
    let longest = 0;
    let groupCopies = 0;
    let groupJoins = 0;
    /** The first invocation, which has made the manifest, knows that none of them is there. */
    let isFirst = true;
    const endGroup = (): void => {
      let groupSeconds =
        longest +
        Math.max(
          Math.ceil(groupCopies / concurrency) * latencies.s3Copy,
          Math.ceil(groupJoins / joinedAtOnce) * (latencies.s3Read + latencies.s3Write),
        );
      // The deadline is looked at between two groups, and between two parts of an upload.
      while (this.billed + groupSeconds > room && this.billed > 1) {
        groupSeconds -= Math.max(0, room - this.billed);
        this.billed = Math.max(this.billed, room);
        this.end('control');
        this.choice();
        this.step('control');
        this.readTogether(3);
        // The plan, the manifest; what the group had begun is looked for.
        this.readObjects(2);
        this.figures.s3Reads += inGroup;
        isFirst = false;
      }
      this.billed += groupSeconds;
      inGroup = longest = groupCopies = groupJoins = 0;
    };
    for (const { count, object } of objects) {
      const { parts, reads, bytes } = object;
      figures.objects += count;
      figures.parts += count * parts;
      figures.bytesWritten += count * bytes;
      figures.s3Reads += count * reads;
      figures.s3Writes += count * (parts > 0 ? parts + 2 : 1);
      if (parts > 0) {
        figures.stateReads += 2 * count;
        figures.stateWrites += 2 * count;
      }
    }
    // That many are refused before the first is written.
    if (figures.objects > mostObjects) return;
    for (const { count, object } of objects) {
      const { parts, copies, reads } = object;
      const seconds =
        parts > 0
          ? 2 * latencies.s3Write + 4 * latencies.state
          : (reads > 0 ? latencies.s3Read : 0) + latencies.s3Write;
      for (let left = count; left > 0; ) {
        const taken = Math.min(left, concurrency - inGroup);
        left -= taken;
        inGroup += taken;
        longest = Math.max(longest, seconds + (isFirst ? 0 : latencies.s3Read));
        groupCopies += taken * copies;
        groupJoins += taken * (parts - copies);
        if (!isFirst) figures.s3Reads += taken;
        if (inGroup === concurrency) endGroup();
      }
    }
    if (inGroup > 0) endGroup();
    if (!objects.some(({ object }) => object.parts > 0)) return;
    // Whether any upload is left.
    this.query(0);
    this.writeObjects(1);
  }

  /** Each table of a first run: looked for, made; then its partitions. */
  catalog(flow: FlowDefinition, size: RunSize): void {
    const levels =
      flow.destinationFlowConfigList[0]?.destinationConnectorProperties.S3?.s3OutputFormatConfig
        ?.prefixConfig;
    const hasExecutionId = levels?.pathPrefixHierarchy?.includes('EXECUTION_ID') ?? false;
    const hasDate = levels?.prefixType?.startsWith('PATH') === true && levels.prefixFormat !== undefined;
    const byField = flow.tasks.some(({ taskType }) => taskType === 'Partition');
    const partitions = Math.min(size.partitions, size.records);
    const tables = [
      { isLatest: false, partitions: byField || hasDate || hasExecutionId ? partitions : 0 },
      ...(hasExecutionId ? [{ isLatest: false, partitions: byField ? partitions : 0 }] : []),
      { isLatest: true, partitions: byField ? partitions : 0 },
      { isLatest: true, partitions: byField ? partitions : 0 },
    ];
    this.step('control');
    this.read(1);
    this.readObjects(1);
    this.write(1);
    this.query(0);
    this.readTogether(2);
    this.write(1);
    this.readObjects(1);
    if (hasExecutionId) this.write(1);
    for (const { isLatest, partitions: some } of tables) {
      if (isLatest) this.read(1);
      const batches = Math.ceil(some / 100);
      // GetTable, GetDatabase, CreateTable; for each hundred GetTable, BatchCreatePartition; GetPartitions.
      const listed = isLatest && byField ? Math.max(1, Math.ceil(some / 1000)) : 0;
      this.glue(3 + 2 * batches + listed);
    }
    this.write(1);
    if (flow.tributary?.retentionDays !== undefined) this.query(0);
    this.end('control');
    this.choice();
  }

  endRun(storedSegments: number): void {
    this.step('control');
    this.readTogether(3);
    this.write(1);
    this.event();
    this.writeObjects(Math.max(1, Math.ceil(storedSegments / 1000)));
    // Deletions cost time alone.
    this.billed += Math.ceil(storedSegments / 1000) * this.latencies.s3Write;
    this.write(1);
    this.end('control');
    this.choice();
    this.figures.stateTransitions++;
    this.history += historyEvents.Succeed;
    this.figures.historyEvents = Math.max(this.history, this.longestChild);
  }

  private step(role: 'control' | 'transfer'): void {
    this.figures.stateTransitions++;
    this.history += historyEvents.Task + historyEvents.attempt;
    this.figures[role === 'control' ? 'controlInvocations' : 'transferInvocations']++;
    this.figures.seconds += this.latencies.step;
    this.billed = 0;
  }

  private end(role: 'control' | 'transfer'): void {
    this.figures[role === 'control' ? 'controlSeconds' : 'transferSeconds'] += this.billed;
    this.figures.seconds += this.billed;
  }

  private choice(): void {
    this.figures.stateTransitions++;
    this.history += historyEvents.Choice;
  }

  private read(items: number): void {
    this.figures.stateReads += items;
    this.billed += items * this.latencies.state;
  }

  /** Items of one transaction. */
  private readTogether(items: number): void {
    this.figures.stateReads += 2 * items;
    this.billed += this.latencies.state;
  }

  /** A query: pages of a megabyte, and a unit for each four kilobytes. */
  private query(bytes: number): void {
    this.figures.stateReads += Math.max(1, Math.ceil(bytes / 4096));
    this.billed += Math.max(1, Math.ceil(bytes / 2 ** 20)) * this.latencies.state;
  }

  private write(items: number): void {
    this.figures.stateWrites += items;
    this.billed += items * this.latencies.state;
  }

  private transact(items: number): void {
    this.figures.stateWrites += 2 * items;
    this.billed += this.latencies.state;
  }

  /** @param atOnce requests that are under way together */
  private readObjects(count: number, atOnce = 1): void {
    this.figures.s3Reads += count;
    this.billed += Math.ceil(count / atOnce) * this.latencies.s3Read;
  }

  private writeObjects(count: number, atOnce = 1): void {
    this.figures.s3Writes += count;
    this.billed += Math.ceil(count / atOnce) * this.latencies.s3Write;
  }

  private glue(calls: number): void {
    this.figures.glueCalls += calls;
    this.billed += calls * this.latencies.glue;
  }

  private event(): void {
    this.figures.events++;
    this.billed += this.latencies.event;
  }
}
