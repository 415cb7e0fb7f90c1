/**
 * Interprets the part of Amazon States Language that `core/flow/state-machine.ts` is written in (JSONPath; Task, Choice,
 * Wait, Map, Pass, Succeed, Fail) in this process, so that a laptop runs what the cloud would. What it does not
 * interpret it refuses; of timeouts there are none, as nothing here is billed by the second.
 *
 * https://states-language.net/spec.html
 */

import type { State, StateMachineDefinition } from '../core/flow/state-machine.ts';
import type { Clock } from '../core/ports.ts';

type Data = unknown;

/** Step Functions' context object, as far as the definition uses it. */
export interface ExecutionContext {
  readonly Execution: {
    readonly Id: string;
    readonly Name: string;
    readonly StartTime: string;
    readonly Input: Data;
  };
  readonly Map?: { readonly Item: { readonly Index: number; readonly Value: Data } };
}

export interface InterpreterPorts {
  /** Invokes the function; a thrown error's `name` is what ErrorEquals meets. */
  invoke(functionArn: string, payload: Data): Promise<Data>;
  /** Reads the object of a Map's ItemReader: a JSON array. */
  readItems(bucket: string, key: string): Promise<readonly Data[]>;
  readonly clock: Clock;
  /** [0, 1) */
  random(): number;
  /** Told when a Task or Map is going to be tried again in so many seconds. */
  readonly onRetry?: (state: string, error: Error, seconds: number) => void;
  /** Told when a Wait begins. */
  readonly onWait?: (state: string, seconds: number) => void;
  /** Told of every state that an execution, the run's own or a child of its Map, enters. */
  readonly onState?: (executionId: string, state: string, type: string) => void;
}

/** How an execution that did not succeed ends. */
export class ExecutionFailed extends Error {
  readonly error: string;
  readonly failure: string;
  constructor(error: string, cause: string) {
    super(cause);
    this.name = 'ExecutionFailed';
    this.error = error;
    this.failure = cause;
  }
}

type States = Readonly<Record<string, State>>;

/** Members of each type of state that are interpreted (or, like Comment, mean nothing to a run). */
const interpreted: Readonly<Record<string, readonly string[]>> = {
  Task: ['Resource', 'Parameters', 'ResultPath', 'Retry', 'Catch', 'TimeoutSeconds', 'Next', 'End'],
  Map: [
    'ItemReader',
    'ItemSelector',
    'ItemProcessor',
    'MaxConcurrency',
    'ToleratedFailurePercentage',
    'ResultPath',
    'Retry',
    'Catch',
    'Next',
    'End',
  ],
  Choice: ['Choices'],
  Wait: ['Seconds', 'SecondsPath', 'Next', 'End'],
  Pass: ['Result', 'Next', 'End'],
  Succeed: [],
  Fail: ['ErrorPath', 'CausePath'],
};

function refuseUninterpreted(states: States): void {
  for (const [name, state] of Object.entries(states)) {
    const known = interpreted[state.Type];
    const unknown = known
      ? Object.keys(state).find((member) => !['Type', 'Comment', ...known].includes(member))
      : 'Type';
    if (unknown !== undefined) {
      const what = known ? unknown : `a ${state.Type} state`;
      throw new ExecutionFailed('States.Runtime', `${name}: ${what} is not interpreted`);
    }
    for (const rule of (state.Choices ?? []) as readonly object[]) {
      const operator = Object.keys(rule).find(
        (member) => !['Variable', 'StringEquals', 'Next'].includes(member),
      );
      if (operator !== undefined)
        throw new ExecutionFailed('States.Runtime', `${name}: ${operator} is not interpreted`);
    }
    if (state.Type === 'Map') refuseUninterpreted((state.ItemProcessor as { States: States }).States);
  }
}

export async function interpret(
  definition: Pick<StateMachineDefinition, 'StartAt' | 'States'>,
  context: ExecutionContext,
  ports: InterpreterPorts,
): Promise<Data> {
  refuseUninterpreted(definition.States);
  return runStates(definition.StartAt, definition.States, context.Execution.Input, context, ports);
}

async function runStates(
  startAt: string,
  states: States,
  input: Data,
  context: ExecutionContext,
  ports: InterpreterPorts,
): Promise<Data> {
  let name: string | undefined = startAt;
  let data = input;
  while (name !== undefined) {
    const state = states[name];
    if (!state) throw new ExecutionFailed('States.Runtime', `there is no state ${name}`);
    const step = await runState(name, state, data, context, ports);
    data = step.data;
    name = step.next;
  }
  return data;
}

interface Step {
  readonly data: Data;
  /** Absent: the end. */
  readonly next?: string;
}

async function runState(
  name: string,
  state: State,
  data: Data,
  context: ExecutionContext,
  ports: InterpreterPorts,
): Promise<Step> {
  ports.onState?.(context.Execution.Id, name, state.Type);
  switch (state.Type) {
    case 'Task':
    case 'Map':
      return withRetry(name, state, data, context, ports);
    case 'Choice':
      return { data, next: choose(name, state, data, context) };
    case 'Wait': {
      const seconds = Number(state.Seconds ?? lookUp(String(state.SecondsPath), data, context));
      ports.onWait?.(name, seconds);
      await ports.clock.sleep(seconds * 1000);
      return following(state, data);
    }
    case 'Pass':
      return following(state, 'Result' in state ? state.Result : data);
    case 'Succeed':
      return { data };
    case 'Fail':
      throw new ExecutionFailed(
        String(lookUp(String(state.ErrorPath), data, context)),
        String(lookUp(String(state.CausePath), data, context)),
      );
    default:
      throw new ExecutionFailed('States.Runtime', `${name}: a ${state.Type} state is not interpreted`);
  }
}

function following(state: State, data: Data): Step {
  return typeof state.Next === 'string' ? { data, next: state.Next } : { data };
}

// ---- Task and Map, with Retry and Catch ----

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly BackoffRate?: number;
  readonly MaxAttempts?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: string;
}

interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath?: string;
  readonly Next: string;
}

async function withRetry(
  name: string,
  state: State,
  data: Data,
  context: ExecutionContext,
  ports: InterpreterPorts,
): Promise<Step> {
  const retriers = (state.Retry ?? []) as readonly Retrier[];
  const attempts = new Map<Retrier, number>();
  while (true) {
    try {
      const result =
        state.Type === 'Map'
          ? await runMap(state, data, context, ports)
          : await runTask(state, data, context, ports);
      return following(state, placeResult(state.ResultPath, data, result));
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const errorName = error instanceof ExecutionFailed ? error.error : error.name;
      const retrier = retriers.find(({ ErrorEquals }) => matches(ErrorEquals, errorName));
      const made = (retrier && attempts.get(retrier)) ?? 0;
      if (retrier && made < (retrier.MaxAttempts ?? 3)) {
        attempts.set(retrier, made + 1);
        const seconds = delay(retrier, made, ports.random);
        ports.onRetry?.(name, error, seconds);
        await ports.clock.sleep(seconds * 1000);
        continue;
      }
      const catcher = ((state.Catch ?? []) as readonly Catcher[]).find(({ ErrorEquals }) =>
        matches(ErrorEquals, errorName),
      );
      if (!catcher) throw error;
      // As Lambda reports a thrown error.
      const cause =
        error instanceof ExecutionFailed
          ? error.failure
          : JSON.stringify({
              errorType: error.name,
              errorMessage: error.message,
              trace: error.stack?.split('\n') ?? [],
            });
      return {
        data: placeResult(catcher.ResultPath, data, { Error: errorName, Cause: cause }),
        next: catcher.Next,
      };
    }
  }
}

function matches(patterns: readonly string[], errorName: string): boolean {
  // The one error that States.ALL does not mean, of those that occur here: the definition itself is at fault.
  const all = errorName !== 'States.Runtime' && patterns.includes('States.ALL');
  return all || patterns.includes(errorName);
}

function delay(retrier: Retrier, made: number, random: () => number): number {
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier;
  const seconds = Math.min(IntervalSeconds * BackoffRate ** made, MaxDelaySeconds);
  return retrier.JitterStrategy === 'FULL' ? seconds * random() : seconds;
}

async function runTask(
  state: State,
  data: Data,
  context: ExecutionContext,
  ports: InterpreterPorts,
): Promise<Data> {
  const payload = 'Parameters' in state ? template(state.Parameters, data, context) : data;
  // What a function gets and gives has been JSON on the way: undefined members and dates do not survive it.
  const result = await ports.invoke(String(state.Resource), throughJson(payload));
  return throughJson(result);
}

/** A Distributed Map: every item an execution of its own; the first that fails fails the Map. */
async function runMap(
  state: State,
  data: Data,
  context: ExecutionContext,
  ports: InterpreterPorts,
): Promise<Data> {
  const reader = state.ItemReader as { readonly Parameters: Record<string, unknown> };
  const processor = state.ItemProcessor as { readonly StartAt: string; readonly States: States };
  const { Bucket, Key } = template(reader.Parameters, data, context) as { Bucket: string; Key: string };
  const items = await ports.readItems(Bucket, Key);
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const index = next++;
      const inItem: ExecutionContext = { ...context, Map: { Item: { Index: index, Value: items[index] } } };
      const input = throughJson(template(state.ItemSelector, data, inItem));
      const { Id, Name, StartTime } = context.Execution;
      const child: ExecutionContext = {
        Execution: { Id: `${Id}/${index}`, Name: `${Name}/${index}`, StartTime, Input: input },
      };
      try {
        await runStates(processor.StartAt, processor.States, input, child, ports);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Math.min(Number(state.MaxConcurrency ?? 40), items.length);
  const ended = await Promise.allSettled(Array.from({ length: workers }, worker));
  const failure = ended.find((result) => result.status === 'rejected');
  if (failure) {
    throw new ExecutionFailed(
      'States.ExceedToleratedFailureThreshold',
      'The specified tolerated failure threshold was exceeded',
    );
  }
  return [];
}

// ---- paths ----

function choose(name: string, state: State, data: Data, context: ExecutionContext): string {
  const rules = state.Choices as readonly { Variable: string; StringEquals: string; Next: string }[];
  for (const { Variable, StringEquals, Next } of rules) {
    if (lookUp(Variable, data, context) === StringEquals) return Next;
  }
  throw new ExecutionFailed('States.NoChoiceMatched', `no choice of ${name} matches ${JSON.stringify(data)}`);
}

/** Fills a payload template: members whose name ends in `.$` are paths. */
function template(value: unknown, data: Data, context: ExecutionContext): Data {
  if (Array.isArray(value)) return value.map((member) => template(member, data, context));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) =>
      key.endsWith('.$')
        ? [key.slice(0, -2), lookUp(String(member), data, context)]
        : [key, template(member, data, context)],
    ),
  );
}

/** `$`, `$.a.b` or `$$.Execution.Id`. */
function lookUp(path: string, data: Data, context: ExecutionContext): Data {
  const ofContext = path.startsWith('$$');
  const names = path
    .slice(ofContext ? 2 : 1)
    .split('.')
    .filter(Boolean);
  let value: Data = ofContext ? context : data;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !(name in value)) {
      throw new ExecutionFailed('States.Runtime', `there is nothing at ${path}`);
    }
    value = (value as Record<string, Data>)[name];
  }
  return value;
}

function placeResult(resultPath: unknown, data: Data, result: Data): Data {
  if (resultPath === undefined || resultPath === '$') return result;
  if (resultPath === null) return data;
  const name = String(resultPath).slice('$.'.length);
  return { ...(data as object), [name]: result };
}

function throughJson(value: Data): Data {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Data);
}
