import { describe, expect, test } from 'vitest';
import { type State, stateMachine } from '../../core/flow/state-machine.ts';
import { ExecutionFailed, type InterpreterPorts, interpret } from '../../local/interpreter.ts';
import { fakeClock } from '../support/memory-home.ts';

type Invoke = InterpreterPorts['invoke'];

interface Options {
  readonly startAt?: string;
  readonly input?: unknown;
  readonly invoke?: Invoke;
  readonly items?: readonly unknown[];
  readonly random?: number;
}

interface Outcome {
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
  /** Seconds. */
  readonly slept: number[];
  readonly told: string[];
}

/** Runs states from `A` on. */
async function run(states: Record<string, object>, options: Options = {}): Promise<Outcome> {
  const clock = fakeClock();
  const slept: number[] = [];
  const told: string[] = [];
  const output = await interpret(
    { StartAt: options.startAt ?? 'A', States: states as Record<string, State> },
    {
      Execution: {
        Id: 'arn:execution',
        Name: 'name',
        StartTime: '2026-02-03T10:15:00.000Z',
        Input: options.input ?? {},
      },
    },
    {
      invoke: options.invoke ?? (async () => ({})),
      readItems: async () => options.items ?? [],
      clock: {
        now: clock.now,
        sleep: async (milliseconds) => {
          slept.push(milliseconds / 1000);
        },
      },
      random: () => options.random ?? 0.5,
      onRetry: (state, error, seconds) => told.push(`${state}: ${error.message}, ${seconds} s`),
      onWait: (state, seconds) => told.push(`${state}: ${seconds} s`),
    },
  ).then(
    (value) => ({ output: value }),
    (error: unknown) => {
      if (!(error instanceof ExecutionFailed)) throw error;
      return { error: error.error, cause: error.failure };
    },
  );
  return { ...output, slept, told };
}

function named(name: string, message = name): Error {
  return Object.assign(new Error(message), { name });
}

/** Fails so often, then answers `{ ok: true }`. */
function failing(times: number, name: string): Invoke {
  let left = times;
  return async () => {
    if (left-- > 0) throw named(name);
    return { ok: true };
  };
}

const task = { Type: 'Task', Resource: 'f' };

describe('Task', () => {
  test('gets its parameters filled in from state and context, and answers the next state', async () => {
    const payloads: unknown[] = [];
    const { output } = await run(
      {
        A: {
          ...task,
          Parameters: {
            step: 'A',
            'all.$': '$',
            'deep.$': '$.a.b',
            'id.$': '$$.Execution.Id',
            nested: { list: [{ 'n.$': '$.n' }, 'x.$'] },
          },
          Next: 'B',
        },
        B: { ...task, End: true },
      },
      {
        input: { a: { b: [1] }, n: null },
        invoke: async (resource, payload) => {
          payloads.push([resource, payload]);
          return { done: true, lost: undefined, at: new Date(0) };
        },
      },
    );
    expect(payloads).toEqual([
      [
        'f',
        {
          step: 'A',
          all: { a: { b: [1] }, n: null },
          deep: [1],
          id: 'arn:execution',
          nested: { list: [{ n: null }, 'x.$'] },
        },
      ],
      ['f', { done: true, at: '1970-01-01T00:00:00.000Z' }],
    ]);
    expect(output).toStrictEqual({ done: true, at: '1970-01-01T00:00:00.000Z' });
  });

  test.each([
    ['left out, replaces the state', undefined, { ok: true }],
    ['$, replaces the state', '$', { ok: true }],
    ['null, is thrown away', null, { n: 1 }],
    ['a member, is put there', '$.result', { n: 1, result: { ok: true } }],
  ])('its result, with ResultPath %s', async (_, ResultPath, expected) => {
    const state = { ...task, ...(ResultPath !== undefined && { ResultPath }), End: true };
    const { output } = await run({ A: state }, { input: { n: 1 }, invoke: async () => ({ ok: true }) });
    expect(output).toEqual(expected);
  });

  test("a path to nothing is the definition's mistake, which no Catch hides", async () => {
    const A = {
      ...task,
      Parameters: { 'x.$': '$.none' },
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
      End: true,
    };
    expect(await run({ A, B: { Type: 'Succeed' } })).toMatchObject({
      error: 'States.Runtime',
      cause: 'there is nothing at $.none',
    });
  });
});

describe('Retry', () => {
  const retrier = { ErrorEquals: ['Slow'], IntervalSeconds: 2, BackoffRate: 3, MaxAttempts: 4 };

  test('waits longer and longer, up to MaxDelaySeconds', async () => {
    const A = { ...task, Retry: [{ ...retrier, MaxDelaySeconds: 20 }], End: true };
    expect(await run({ A }, { invoke: failing(4, 'Slow') })).toEqual({
      output: { ok: true },
      slept: [2, 6, 18, 20],
      told: ['A: Slow, 2 s', 'A: Slow, 6 s', 'A: Slow, 18 s', 'A: Slow, 20 s'],
    });
  });

  test('with full jitter waits for a part of that', async () => {
    const A = { ...task, Retry: [{ ...retrier, JitterStrategy: 'FULL' }], End: true };
    expect((await run({ A }, { invoke: failing(2, 'Slow'), random: 0.25 })).slept).toEqual([0.5, 1.5]);
  });

  test('tries three times, from one second on, doubling, where nothing is said', async () => {
    const A = { ...task, Retry: [{ ErrorEquals: ['States.ALL'] }], End: true };
    await expect(run({ A }, { invoke: failing(9, 'Any') })).rejects.toThrow('Any');
    expect((await run({ A }, { invoke: failing(3, 'Any') })).slept).toEqual([1, 2, 4]);
  });

  test('counts each retrier on its own, the first that matches', async () => {
    let calls = 0;
    const errors = ['One', 'Two', 'One', 'Two'];
    const invoke: Invoke = async () => {
      const name = errors[calls++];
      if (name) throw named(name);
      return { calls };
    };
    const once = { IntervalSeconds: 1, BackoffRate: 1, MaxAttempts: 2 };
    const Retry = [
      { ErrorEquals: ['One'], ...once },
      { ErrorEquals: ['States.ALL'], ...once, IntervalSeconds: 7 },
    ];
    expect(await run({ A: { ...task, Retry, End: true } }, { invoke })).toMatchObject({
      output: { calls: 5 },
      slept: [1, 7, 1, 7],
    });
  });

  test('0 attempts are none', async () => {
    const A = {
      ...task,
      Retry: [{ ErrorEquals: ['Slow'], MaxAttempts: 0 }],
      Catch: [{ ErrorEquals: ['Slow'], Next: 'B' }],
      End: true,
    };
    expect((await run({ A, B: { Type: 'Succeed' } }, { invoke: failing(1, 'Slow') })).slept).toEqual([]);
  });
});

describe('Catch', () => {
  test('leads on with the error as Lambda tells it, beside the state', async () => {
    const A = {
      ...task,
      Catch: [
        { ErrorEquals: ['Other'], Next: 'A' },
        { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'B' },
      ],
      End: true,
    };
    const invoke: Invoke = async () => {
      throw named('RateLimitExceeded', 'too fast');
    };
    const { output } = await run({ A, B: { Type: 'Succeed' } }, { input: { n: 1 }, invoke });
    const { error, ...rest } = output as { error: { Error: string; Cause: string } };
    expect(rest).toEqual({ n: 1 });
    expect(error.Error).toBe('RateLimitExceeded');
    expect(JSON.parse(error.Cause)).toEqual({
      errorType: 'RateLimitExceeded',
      errorMessage: 'too fast',
      trace: expect.arrayContaining(['RateLimitExceeded: too fast']),
    });
  });

  test('what nothing catches ends the execution as it is', async () => {
    const A = { ...task, Catch: [{ ErrorEquals: ['Other'], Next: 'A' }], End: true };
    await expect(run({ A }, { invoke: failing(1, 'Mine') })).rejects.toMatchObject({ name: 'Mine' });
  });
});

test('Choice takes the first rule that holds', async () => {
  const rule = (value: string, Next: string) => ({ Variable: '$.next', StringEquals: value, Next });
  const states = {
    A: { Type: 'Choice', Choices: [rule('x', 'X'), rule('y', 'Y'), rule('y', 'X')] },
    X: { Type: 'Pass', Result: 'X', End: true },
    Y: { Type: 'Pass', Result: 'Y', End: true },
  };
  expect((await run(states, { input: { next: 'y' } })).output).toBe('Y');
  expect(await run(states, { input: { next: 'z' } })).toMatchObject({ error: 'States.NoChoiceMatched' });
  expect(await run(states, { input: {} })).toMatchObject({ error: 'States.Runtime' });
});

test('Wait sleeps by the clock and hands the state on', async () => {
  const states = {
    A: { Type: 'Wait', SecondsPath: '$.waitSeconds', Next: 'B' },
    B: { Type: 'Wait', Seconds: 5, Next: 'C' },
    C: { Type: 'Succeed' },
  };
  expect(await run(states, { input: { waitSeconds: 90 } })).toEqual({
    output: { waitSeconds: 90 },
    slept: [90, 5],
    told: ['A: 90 s', 'B: 5 s'],
  });
});

test('Pass hands on its result or its input; Fail ends with what its paths say', async () => {
  const states = {
    A: { Type: 'Pass', Next: 'B' },
    B: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
  };
  expect(await run(states, { input: { error: { Error: 'E', Cause: 'because' } } })).toMatchObject({
    error: 'E',
    cause: 'because',
  });
});

describe('Map', () => {
  const map = (more: object = {}, states: object = { I: { ...task, End: true } }) => ({
    Type: 'Map',
    ItemReader: { Resource: 's3', Parameters: { 'Bucket.$': '$.bucket', 'Key.$': '$.key' } },
    ItemSelector: { 'run.$': '$.run', 'item.$': '$$.Map.Item.Value', 'index.$': '$$.Map.Item.Index' },
    ItemProcessor: { StartAt: 'I', States: states },
    MaxConcurrency: 2,
    ...more,
    End: true,
  });
  const input = { bucket: 'b', key: 'k', run: 'r' };

  test('runs each item as an execution of its own, so many at once as it may', async () => {
    let now = 0;
    let most = 0;
    const seen: unknown[] = [];
    const invoke: Invoke = async (_, payload) => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
      seen.push(payload);
      return {};
    };
    const { output } = await run({ A: map({ ResultPath: null }) }, { input, invoke, items: ['x', 'y', 'z'] });
    expect(output).toEqual(input);
    expect(seen).toEqual([
      { run: 'r', item: 'x', index: 0 },
      { run: 'r', item: 'y', index: 1 },
      { run: 'r', item: 'z', index: 2 },
    ]);
    expect(most).toBe(2);
  });

  test('has a name for each item in the context', async () => {
    const seen: unknown[] = [];
    const I = {
      ...task,
      Parameters: { 'id.$': '$$.Execution.Id', 'name.$': '$$.Execution.Name' },
      End: true,
    };
    const invoke: Invoke = async (_, payload) => void seen.push(payload);
    await run({ A: map({}, { I }) }, { input, invoke, items: ['x', 'y'] });
    expect(seen).toEqual([
      { id: 'arn:execution/0', name: 'name/0' },
      { id: 'arn:execution/1', name: 'name/1' },
    ]);
  });

  test('fails with the first item that fails, begins no more, and lets the others end', async () => {
    const log: string[] = [];
    const invoke: Invoke = async (_, payload) => {
      const { item } = payload as { item: string };
      log.push(`begin ${item}`);
      await new Promise(setImmediate);
      if (item === 'y') throw named('SourceDataInvalid', 'bad line');
      await new Promise(setImmediate);
      log.push(`end ${item}`);
      return {};
    };
    const Catch = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'B' }];
    const states = { A: map({ Catch }), B: { Type: 'Succeed' } };
    const { output } = await run(states, { input, invoke, items: ['x', 'y', 'z'] });
    expect(output).toMatchObject({ error: { Error: 'States.ExceedToleratedFailureThreshold' } });
    expect(log).toEqual(['begin x', 'begin y', 'end x']);
  });

  test('of nothing is done at once', async () => {
    expect((await run({ A: map() }, { input })).output).toEqual([]);
  });
});

describe('what is not interpreted is refused before anything runs', () => {
  test.each<[string, Record<string, object>, string]>([
    ['a type of state', { A: { Type: 'Parallel', End: true } }, 'A: a Parallel state is not interpreted'],
    ['a member', { A: { ...task, OutputPath: '$.x', End: true } }, 'A: OutputPath is not interpreted'],
    [
      'an operator',
      { A: { Type: 'Choice', Choices: [{ Variable: '$.n', NumericEquals: 1, Next: 'A' }] } },
      'A: NumericEquals is not interpreted',
    ],
    [
      'a state within a Map',
      {
        A: {
          Type: 'Map',
          ItemProcessor: { StartAt: 'I', States: { I: { Type: 'Pass', InputPath: '$.x', End: true } } },
          End: true,
        },
      },
      'I: InputPath is not interpreted',
    ],
  ])('%s', async (_, states, cause) => {
    let invoked = 0;
    const invoke: Invoke = async () => ++invoked;
    const started = { S: { ...task, Next: 'A' }, ...states };
    expect(await run(started, { startAt: 'S', invoke })).toMatchObject({ error: 'States.Runtime', cause });
    expect(invoked).toBe(0);
  });

  test('a state that is not there ends the execution', async () => {
    expect(await run({ A: { Type: 'Pass', Next: 'Z' } })).toMatchObject({ cause: 'there is no state Z' });
  });

  test('nothing of the state machine of flows is', async () => {
    const { States } = stateMachine({ functions: { control: 'control', transfer: 'transfer' } });
    const { output } = await run(
      { ...States },
      {
        startAt: 'StartRun',
        invoke: async () => ({ next: 'skip', reason: 'why not' }),
      },
    );
    expect(output).toEqual({ next: 'skip', reason: 'why not' });
  });
});
