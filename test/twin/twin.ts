/**
 * A twin of a deployed flow in virtual time: the state machine and the steps themselves, over ports in memory that take the
 * time of requests to AWS and count what AWS would bill, under the limits that AWS would enforce.
 */

// Steps are loaded when they are first run, which takes time that the virtual clock knows nothing of.
import '../../engine/steps/catalog-output.ts';
import '../../engine/steps/commit-output.ts';
import '../../engine/steps/describe-source.ts';
import '../../engine/steps/end-run.ts';
import '../../engine/steps/fail-run.ts';
import '../../engine/steps/start-run.ts';
import '../../engine/steps/transfer-batch.ts';
import type { Catalog, ObjectStore, Source, StateItem, StateKey, StateStore } from '#core';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { runTimeoutSeconds, type StepName, stateMachine } from '../../core/flow/state-machine.ts';
import { flowResourceName, stateBucketName } from '../../core/physical-name.ts';
import { noFigures, type RunFigures } from '../../engine/forecast/figures.ts';
import { historyEvents } from '../../engine/forecast/history.ts';
import { type Latencies, usualLatencies } from '../../engine/forecast/latencies.ts';
import {
  mostHistoryEvents,
  mostInvocationSeconds,
  mostPayloadBytes,
} from '../../engine/forecast/service-limits.ts';
import type { EnginePorts } from '../../engine/ports.ts';
import { type Run, runKey } from '../../engine/run/run.ts';
import { readSegments } from '../../engine/run/segment-record.ts';
import { runStep } from '../../engine/steps/index.ts';
import { ExecutionFailed, interpret } from '../../local/interpreter.ts';
import { memoryHome } from '../support/memory-home.ts';
import { virtualClock } from './virtual-clock.ts';

export interface TwinRun {
  readonly figures: RunFigures;
  /** Of all invocations of a step. */
  readonly secondsOf: Readonly<Partial<Record<StepName, number>>>;
  /** Why the execution did not succeed. */
  readonly error?: string;
  readonly run: Run | undefined;
}

const stateBucket = stateBucketName('123456789012', 'eu-central-1');
const executionId = '11111111-2222-4333-8444-555555555555';

/** Runs a flow once. Its source is the connector that the flow names. */
export async function runTwin(
  flow: FlowDefinition,
  source: Source & { readonly requests: () => number },
  latencies: Latencies = usualLatencies,
): Promise<TwinRun> {
  const clock = virtualClock(Date.parse('2026-02-03T10:15:00.000Z'));
  const home = memoryHome({
    clock: { ...clock, advance: () => undefined },
    buckets: ['lake', stateBucket],
    sources: { [flow.sourceFlowConfig.connectorType]: source },
  });
  const figures = noFigures();
  const secondsOf: Partial<Record<StepName, number>> = {};
  /** The ports of one invocation: after its end none of them answers any more, as with a function that was killed. */
  const metered = (ports: EnginePorts, invocation: { isKilled: boolean }): EnginePorts => {
    const sleep = async (milliseconds: number): Promise<void> => {
      await clock.sleep(milliseconds);
      if (invocation.isKilled) await new Promise(() => undefined);
    };
    const take = (seconds: number): Promise<void> => sleep(seconds * 1000);
    return {
      ...ports,
      home: { ...ports.home, stateBucket },
      // As long as the one that a function has.
      attemptId: ports.attemptId.padEnd(8, '0'),
      clock: { now: clock.now, sleep },
      objects: meteredObjects(ports.objects, figures, latencies, take),
      state: meteredState(ports.state, figures, latencies, take),
      catalog: meteredCatalog(ports.catalog, figures, latencies, take),
      events: {
        async emit(event) {
          figures.events++;
          await take(latencies.event);
          await ports.events.emit(event);
        },
      },
      signer: {
        ...ports.signer,
        async sign(text) {
          figures.signatures++;
          await take(latencies.sign);
          return ports.signer.sign(text);
        },
      },
    };
  };

  const started = clock.now();
  const id = `arn:aws:states:eu-central-1:123456789012:execution:${flowResourceName(flow.flowName)}:${executionId}`;
  const histories = new Map<string, number>([[id, historyEvents.execution]]);
  let breakOff: (error: ExecutionFailed) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => {
    breakOff = reject;
  });
  broken.catch(() => undefined);
  const record = (execution: string, events: number): void => {
    const sum = (histories.get(execution) ?? historyEvents.execution) + events;
    histories.set(execution, sum);
    figures.historyEvents = Math.max(figures.historyEvents, sum);
    if (sum > mostHistoryEvents) breakOff(new ExecutionFailed('States.Runtime', `${sum} history events`));
  };
  const weigh = (payload: unknown): void => {
    const bytes = Buffer.byteLength(JSON.stringify(payload) ?? '');
    figures.payloadBytes = Math.max(figures.payloadBytes, bytes);
    if (bytes > mostPayloadBytes)
      breakOff(new ExecutionFailed('States.DataLimitExceeded', `a payload of ${bytes} bytes`));
  };
  // Nothing waits for it but the race below.
  void clock.sleep(runTimeoutSeconds * 1000).then(() => {
    breakOff(new ExecutionFailed('States.Timeout', 'the run took longer than 48 hours'));
  });

  async function invoke(role: string, payload: { step: StepName; executionArn: string }): Promise<unknown> {
    weigh(payload);
    figures.stateTransitions++;
    record(payload.executionArn, historyEvents.attempt);
    await clock.sleep(latencies.step * 1000);
    const begun = clock.now();
    const invocation = { isKilled: false };
    const killed = clock.sleep(mostInvocationSeconds * 1000).then(() => {
      invocation.isKilled = true;
      throw Object.assign(new Error('Task timed out'), { name: 'Sandbox.Timedout' });
    });
    killed.catch(() => undefined);
    if (payload.step === 'TransferBatch') figures.batches++;
    try {
      const result = await Promise.race([runStep(payload, metered(home.ports(flow), invocation)), killed]);
      weigh(result);
      return result;
    } finally {
      secondsOf[payload.step] = (secondsOf[payload.step] ?? 0) + (clock.now() - begun) / 1000;
      figures[role === 'control' ? 'controlInvocations' : 'transferInvocations']++;
      figures[role === 'control' ? 'controlSeconds' : 'transferSeconds'] += (clock.now() - begun) / 1000;
    }
  }

  const execution = interpret(
    stateMachine({
      functions: { control: 'control', transfer: 'transfer' },
      ...(flow.tributary?.maxConcurrency !== undefined && { maxConcurrency: flow.tributary.maxConcurrency }),
    }),
    { Execution: { Id: id, Name: executionId, StartTime: new Date(started).toISOString(), Input: {} } },
    {
      invoke: (role, payload) => invoke(role, payload as Parameters<typeof invoke>[1]),
      readItems: async (bucket, key) => {
        const items = JSON.parse(Buffer.from(await home.objects.read(bucket, key)).toString()) as unknown[];
        figures.children += items.length;
        return items;
      },
      clock,
      random: () => 0.5,
      onState(executionArn, _state, type) {
        // The children of the next Map are other executions, by the same names here.
        if (type === 'Map') for (const child of histories.keys()) if (child !== id) histories.delete(child);
        // A Task's are counted try by try.
        if (type !== 'Task') figures.stateTransitions++;
        record(executionArn, historyEvents[type as 'Choice']);
      },
    },
  );
  let error: string | undefined;
  try {
    await clock.run(Promise.race([execution, broken]));
  } catch (thrown) {
    if (!(thrown instanceof ExecutionFailed)) throw thrown;
    error = `${thrown.error}: ${thrown.failure}`;
  }
  figures.seconds = (clock.now() - started) / 1000;
  figures.sourceRequests = source.requests();
  const run = (await home.state.get<Run>(runKey(executionId), 'RUN'))?.data;
  const transferred = await readSegments(home.state, executionId);
  let segments = 0;
  for await (const _ of home.state.list(runKey(executionId), 'SEGMENT#')) segments++;
  figures.segments = segments;
  figures.pages = transferred.pages;
  figures.objects = run?.objectsWritten ?? 0;
  figures.bytesWritten = run?.bytesWritten ?? 0;
  return { figures, secondsOf, run, ...(error !== undefined && { error }) };
}

type Take = (seconds: number) => Promise<void>;

function meteredObjects(
  objects: ObjectStore,
  figures: RunFigures,
  { s3Read, s3Write, s3Copy }: Latencies,
  take: Take,
): ObjectStore {
  const reads = async (): Promise<void> => {
    figures.s3Reads++;
    await take(s3Read);
  };
  const writes = async (seconds = s3Write): Promise<void> => {
    figures.s3Writes++;
    await take(seconds);
  };
  async function* paged<T>(all: AsyncIterable<T>): AsyncGenerator<T> {
    let left = 0;
    let pages = 0;
    for await (const one of all) {
      if (left === 0) {
        await writes();
        pages++;
        left = 1000;
      }
      left--;
      yield one;
    }
    if (pages === 0) await writes();
  }
  return {
    read: async (...args) => reads().then(() => objects.read(...args)),
    stream: async (...args) => reads().then(() => objects.stream(...args)),
    head: async (...args) => reads().then(() => objects.head(...args)),
    bucketExists: async (...args) => reads().then(() => objects.bucketExists(...args)),
    list: (...args) => paged(objects.list(...args)),
    listUploads: (...args) => paged(objects.listUploads(...args)),
    listParts: async (...args) => writes().then(() => objects.listParts(...args)),
    put: async (...args) => writes().then(() => objects.put(...args)),
    startUpload: async (...args) => writes().then(() => objects.startUpload(...args)),
    completeUpload: async (...args) => writes().then(() => objects.completeUpload(...args)),
    async uploadPart(...args) {
      figures.parts++;
      await writes();
      return objects.uploadPart(...args);
    },
    async copyPart(...args) {
      figures.parts++;
      await writes(s3Copy);
      return objects.copyPart(...args);
    },
    async delete(bucket, keys) {
      await take(Math.ceil(keys.length / 1000) * s3Write);
      await objects.delete(bucket, keys);
    },
    abortUpload: async (...args) => take(s3Write).then(() => objects.abortUpload(...args)),
  };
}

/** Bytes of an item beside its content: the names of its attributes, its revision, its expiry. */
const itemFrame = 40;
const sizeOf = (item: { pk: string; sk: string }, data: unknown): number =>
  itemFrame + item.pk.length + item.sk.length + Buffer.byteLength(JSON.stringify(data));

function meteredState(
  state: StateStore,
  figures: RunFigures,
  { state: seconds }: Latencies,
  take: Take,
): StateStore {
  return {
    async get(pk, sk) {
      await take(seconds);
      const item = await state.get<never>(pk, sk);
      figures.stateReads += item ? Math.ceil(sizeOf(item, item.data) / 4096) : 1;
      return item;
    },
    async getAll<T extends readonly object[]>(keys: { readonly [K in keyof T]: StateKey }) {
      await take(seconds);
      const items = await state.getAll<T>(keys);
      // A transaction takes twice as much.
      for (const item of items as readonly (StateItem | undefined)[])
        figures.stateReads += 2 * (item ? Math.ceil(sizeOf(item, item.data) / 4096) : 1);
      return items;
    },
    async write(writes) {
      await take(seconds);
      await state.write(writes);
      for (const write of writes) {
        const units = typeof write.set === 'string' ? 1 : Math.ceil(sizeOf(write, write.set) / 1024);
        figures.stateWrites += writes.length > 1 ? 2 * units : units;
      }
    },
    async *list(...args) {
      let bytes = 0;
      let pages = 1;
      await take(seconds);
      for await (const item of state.list<never>(...args)) {
        bytes += sizeOf(item, item.data);
        if (bytes > pages * 2 ** 20) {
          await take(seconds);
          pages++;
        }
        yield item;
      }
      figures.stateReads += Math.max(1, Math.ceil(bytes / 4096));
    },
  };
}

function meteredCatalog(catalog: Catalog, figures: RunFigures, { glue }: Latencies, take: Take): Catalog {
  const call = async (count: number): Promise<void> => {
    figures.glueCalls += count;
    await take(count * glue);
  };
  return {
    ...catalog,
    async putTable(database, table) {
      // GetTable, then UpdateTable; or GetDatabase and CreateTable.
      await call((await catalog.getTable(database, table.name)) ? 2 : 3);
      return catalog.putTable(database, table);
    },
    async putPartitions(...args) {
      await call(2);
      await catalog.putPartitions(...args);
    },
    async *listPartitions(...args) {
      let count = 0;
      for await (const partition of catalog.listPartitions(...args)) {
        if (count++ % 1000 === 0) await call(1);
        yield partition;
      }
      if (count === 0) await call(1);
    },
    async deletePartitions(database, table, values) {
      await call(Math.ceil(values.length / 25));
      await catalog.deletePartitions(database, table, values);
    },
  };
}
