/**
 * A home in memory with a clock of its own: runs flows through the interpreted state machine, with a hook on every call
 * of a port, so that tests can end the process there.
 */

import {
  type Clock,
  type FlowEvent,
  type Http,
  type Log,
  type RecordDestination,
  type Source,
  TributaryError,
} from '#core';
import { createAmazonS3 } from '../../connectors/amazon-s3/source.ts';
import type { ConnectionDefinition } from '../../core/connection.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { type StepName, stateMachine } from '../../core/flow/state-machine.ts';
import type { EnginePorts } from '../../engine/ports.ts';
import type { Sizes } from '../../engine/run/sizes.ts';
import { type ExecutionInput, runStep } from '../../engine/steps/index.ts';
import { ExecutionFailed, interpret } from '../../local/interpreter.ts';
import { type MemoryCatalog, memoryCatalog } from './memory-catalog.ts';
import { type MemoryObjectStore, memoryObjectStore } from './memory-object-store.ts';
import { type MemoryStateStore, memoryStateStore } from './memory-state-store.ts';
import { testSigner } from './test-signer.ts';

/** A clock that only moves when somebody sleeps or a test says so. */
export interface FakeClock extends Clock {
  advance(milliseconds: number): void;
}

export function fakeClock(start = Date.parse('2026-02-03T10:15:00.000Z')): FakeClock {
  let now = start;
  return {
    now: () => now,
    async sleep(milliseconds) {
      now += milliseconds;
    },
    advance(milliseconds) {
      now += milliseconds;
    },
  };
}

export const stateBucket = 'tributary-state';

/** Before or after the call of a port, `port.method`; what it throws ends the step, what it awaits holds it up. */
export type PortHook = (call: string, when: 'before' | 'after') => void | Promise<void>;

export interface MemoryHomeOptions {
  /** Default: one that stands at 2026-02-03T10:15. */
  readonly clock?: FakeClock;
  readonly buckets?: readonly string[];
  readonly sizes?: Partial<Sizes>;
  /** Bytes a page of the S3 source has. */
  readonly pageBytes?: number;
  readonly sources?: Readonly<Record<string, Source>>;
  readonly destinations?: Readonly<Record<string, RecordDestination>>;
  readonly connections?: Readonly<Record<string, ConnectionDefinition>>;
  /** Of every connection. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** Default: no network. */
  readonly http?: Pick<Http, 'send'>;
  /** What a run's steps get instead of these ports; called for each invocation: for tests that break what ports promise. */
  readonly replace?: (ports: EnginePorts) => EnginePorts;
}

export interface MemoryHome {
  readonly clock: FakeClock;
  readonly objects: MemoryObjectStore;
  readonly state: MemoryStateStore;
  readonly catalog: MemoryCatalog;
  readonly events: FlowEvent[];
  readonly metrics: { flowName: string; metrics: Partial<Record<string, number>> }[];
  readonly running: Set<string>;
  hook: PortHook;
  /** @param hook of these ports alone; default the home's. */
  ports(flow: FlowDefinition, hook?: PortHook): EnginePorts;
  /** Runs an execution; answers its output, or the error it ended with. */
  run(
    flow: FlowDefinition,
    options?: RunOptions,
  ): Promise<{ output: unknown } | { error: string; cause: string }>;
}

export interface RunOptions {
  readonly name?: string;
  readonly input?: ExecutionInput;
  readonly aroundStep?: (step: StepName, run: (hook?: PortHook) => Promise<object>) => Promise<object>;
  readonly maxConcurrency?: number;
}

const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export function memoryHome(options: MemoryHomeOptions = {}): MemoryHome {
  const clock = options.clock ?? fakeClock();
  const objects = memoryObjectStore({ buckets: [stateBucket, ...(options.buckets ?? [])], now: clock.now });
  const state = memoryStateStore();
  const catalog = memoryCatalog();
  const events: FlowEvent[] = [];
  const metrics: MemoryHome['metrics'] = [];
  const running = new Set<string>();
  const sources: Record<string, Source> = {
    S3: createAmazonS3(options.pageBytes === undefined ? {} : { pageBytes: options.pageBytes }),
    ...options.sources,
  };
  const signer = testSigner();
  let attempts = 0;

  const home: MemoryHome = {
    clock,
    objects,
    state,
    catalog,
    events,
    metrics,
    running,
    hook: () => undefined,
    ports: (flow, hook) => {
      const hooked = <T extends object>(name: string, port: T): T =>
        hookedPort(name, port, (call, when) => (hook ?? home.hook)(call, when));
      return {
        home: {
          stateBucket,
          accountId: '123456789012',
          region: 'eu-central-1',
          createdBy: 'arn:aws:iam::123456789012:user/eva',
        },
        objects: hooked('objects', objects),
        state: hooked('state', state),
        catalog: hooked('catalog', catalog),
        events: hooked('events', { emit: async (event: FlowEvent) => void events.push(event) }),
        metrics: hooked('metrics', {
          record: async (flowName, values) => void metrics.push({ flowName, metrics: values }),
        }),
        executions: { isRunning: async (arn) => running.has(arn) },
        http: { send: noNetwork, download: noNetwork, ...options.http },
        secrets: { read: async () => options.credentials ?? {}, update: async () => undefined },
        vault: { seal: async (text) => text, open: async (text) => text },
        signer: hooked('signer', signer),
        clock,
        log: quiet,
        loadFlow: async () => flow,
        loadConnection: async (name) => {
          const connection = options.connections?.[name];
          if (!connection)
            throw new TributaryError('ConnectionInvalid', 'there is no such connection', { at: name });
          return connection;
        },
        loadSource: async (connector) => {
          const source = sources[connector];
          if (!source) throw new TributaryError('NotRunnable', 'there is no such source', { got: connector });
          return source;
        },
        loadDestination: async (connector) => {
          const destination = options.destinations?.[connector];
          if (destination) return destination;
          throw new TributaryError('NotRunnable', 'there is no such destination', { got: connector });
        },
        deadline: clock.now() + 15 * 60_000,
        attemptId: `a${++attempts}`,
        ...(options.sizes && { sizes: options.sizes }),
      };
    },
    async run(
      flow,
      { name = '11111111-2222-4333-8444-555555555555', input = {}, aroundStep, maxConcurrency = 1 } = {},
    ) {
      const arn = `arn:aws:states:eu-central-1:123456789012:execution:flow:${name}`;
      const around = aroundStep ?? ((_step, step) => step());
      const replace = options.replace ?? ((ports) => ports);
      running.add(arn);
      try {
        const output = await interpret(
          stateMachine({ functions: { control: 'control', transfer: 'transfer' }, maxConcurrency }),
          {
            Execution: { Id: arn, Name: name, StartTime: new Date(clock.now()).toISOString(), Input: input },
          },
          {
            invoke: (_function, payload) =>
              around((payload as { step: StepName }).step, (hook) =>
                runStep(payload, replace(home.ports(flow, hook))),
              ),
            readItems: async (bucket, key) =>
              JSON.parse(Buffer.from(await objects.read(bucket, key)).toString()) as unknown[],
            clock,
            random: () => 0.5,
          },
        );
        return { output };
      } catch (error) {
        if (error instanceof ExecutionFailed) return { error: error.error, cause: error.failure };
        throw error;
      } finally {
        running.delete(arn);
      }
    },
  };
  return home;
}

function hookedPort<T extends object>(name: string, port: T, hook: PortHook): T {
  return new Proxy(port, {
    get(target, member) {
      const method: unknown = Reflect.get(target, member);
      if (typeof method !== 'function') return method;
      const call = `${name}.${String(member)}`;
      // The methods that answer with an AsyncIterable rather than a Promise.
      if (['list', 'listPartitions', 'listUploads'].includes(String(member))) {
        return async function* (...args: unknown[]) {
          await hook(call, 'before');
          yield* method.apply(target, args) as AsyncIterable<unknown>;
          await hook(call, 'after');
        };
      }
      return async (...args: unknown[]): Promise<unknown> => {
        await hook(call, 'before');
        const answer: unknown = await method.apply(target, args);
        await hook(call, 'after');
        return answer;
      };
    },
  });
}

async function noNetwork({ url }: { readonly url: string }): Promise<never> {
  throw new TributaryError('ConnectorUnreachable', 'no network in this test', { at: url });
}
