import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import {
  type State,
  type StateMachineDefinition,
  stateMachine,
  stepNames,
  turnsPerLoop,
} from '../../../core/flow/state-machine.ts';

// Its types are not published in a form that this compiler reads.
const validate = createRequire(import.meta.url)('asl-validator') as (definition: object) => {
  readonly isValid: boolean;
  readonly errorsText: (separator: string) => string;
};

const functionArn = (name: string): string => `arn:aws:lambda:eu-central-1:123456789012:function:${name}`;
const definition = stateMachine({
  functions: { control: functionArn('control'), transfer: functionArn('transfer') },
});

/** The main loop and the loop of a split. */
const machines: readonly (Pick<StateMachineDefinition, 'StartAt' | 'States'> & { name: string })[] = [
  { name: 'a run', ...definition },
  { name: 'a split', ...(definition.States.TransferSplits?.ItemProcessor as StateMachineDefinition) },
];

interface Edge {
  readonly to: string;
  readonly onError: boolean;
}

function edges(state: State): Edge[] {
  const next = (targets: unknown, onError: boolean): Edge[] =>
    ((targets ?? []) as { Next: string }[]).map(({ Next }) => ({ to: Next, onError }));
  return [
    ...(typeof state.Next === 'string' ? [{ to: state.Next, onError: false }] : []),
    ...next(state.Choices, false),
    ...next(state.Catch, true),
  ];
}

const isEnd = (state: State | undefined): boolean =>
  state !== undefined && (state.Type === 'Succeed' || state.Type === 'Fail' || state.End === true);

function reachable(from: string, states: StateMachineDefinition['States']): Set<string> {
  const found = new Set([from]);
  for (const name of found) for (const { to } of edges(states[name] as State)) found.add(to);
  return found;
}

test('is valid Amazon States Language', () => {
  // It adds to what it is given.
  const { isValid, errorsText } = validate(structuredClone(definition));
  expect(isValid ? '' : errorsText('\n')).toBe('');
});

test('is JSONPath only, of the seven types of state that the local runner knows', () => {
  const text = JSON.stringify(definition);
  for (const member of ['QueryLanguage', 'Arguments', 'Assign', 'Output', '{%'])
    expect(text).not.toContain(`"${member}"`);
  const types = machines.flatMap(({ States }) => Object.values(States).map(({ Type }) => Type));
  expect([...new Set(types)].sort()).toEqual(['Choice', 'Fail', 'Map', 'Pass', 'Succeed', 'Task', 'Wait']);
});

test('has a Task for each step, and no other', () => {
  const steps = machines.flatMap(({ States }) =>
    Object.values(States)
      .filter(({ Type }) => Type === 'Task')
      .map(({ Parameters }) => (Parameters as { step: string }).step),
  );
  expect([...new Set(steps)].sort()).toEqual([...stepNames].sort());
});

test('what talks to applications runs in the one function, all else in the other', () => {
  const places = machines.flatMap(({ States }) =>
    Object.entries(States)
      .filter(([, { Type }]) => Type === 'Task')
      .map(([name, { Resource }]) => `${name}: ${String(Resource).split(':').at(-1)}`),
  );
  expect(places).toEqual([
    'StartRun: control',
    'DescribeSource: transfer',
    'TransferBatch: transfer',
    'CommitOutput: control',
    'LoadDestination: transfer',
    'CatalogOutput: control',
    'EndRun: control',
    'FailRun: control',
    'TransferSplit: transfer',
    'FailSplit: control',
  ]);
});

test('tries again what may pass, a host that is away only for seconds, and bad input never', () => {
  const { Retry } = definition.States.TransferBatch as unknown as {
    Retry: { ErrorEquals: string[]; MaxAttempts: number }[];
  };
  const attempts = (code: string): number =>
    Retry.find(({ ErrorEquals }) => ErrorEquals.includes(code))?.MaxAttempts ?? 0;
  expect(
    Object.fromEntries(
      [
        'RateLimitExceeded',
        'ServerError',
        'StateConflict',
        'ConnectorUnreachable',
        'Lambda.TooManyRequestsException',
        'Sandbox.Timedout',
        'FlowInvalid',
        'InvalidCredentials',
        'SourceDataInvalid',
        'FencedOut',
        'ExecutionCanceled',
      ].map((code) => [code, attempts(code)]),
    ),
  ).toEqual({
    RateLimitExceeded: 4,
    ServerError: 4,
    StateConflict: 4,
    ConnectorUnreachable: 2,
    'Lambda.TooManyRequestsException': 6,
    'Sandbox.Timedout': 3,
    FlowInvalid: 0,
    InvalidCredentials: 0,
    SourceDataInvalid: 0,
    FencedOut: 0,
    ExecutionCanceled: 0,
  });
});

describe.each(machines)('$name', ({ StartAt, States }) => {
  test('names only states that are there', () => {
    for (const state of Object.values(States))
      for (const { to } of edges(state)) expect(Object.keys(States)).toContain(to);
  });

  test('reaches every state', () => {
    expect([...reachable(StartAt, States)].sort()).toEqual(Object.keys(States).sort());
  });

  test('has a way to an end from every state', () => {
    for (const name of Object.keys(States)) {
      const ends = [...reachable(name, States)].filter((to) => isEnd(States[to]));
      expect(ends, name).not.toEqual([]);
    }
  });

  test('sends the error of any Task or Map to the step that records it, which nothing catches', () => {
    for (const [name, state] of Object.entries(States)) {
      if (state.Type !== 'Task' && state.Type !== 'Map') continue;
      const caught = edges(state).filter(({ onError }) => onError);
      const isLast = name === 'FailRun' || name === 'FailSplit';
      expect(caught, name).toEqual(
        isLast ? [] : [{ to: StartAt === 'StartRun' ? 'FailRun' : 'FailSplit', onError: true }],
      );
      expect(
        caught.some(({ to }) => to === name),
        `${name} catches itself`,
      ).toBe(false);
    }
  });

  test('goes from the step that records a failure straight to Fail', () => {
    const recorder = StartAt === 'StartRun' ? 'FailRun' : 'FailSplit';
    const [edge, ...others] = edges(States[recorder] as State);
    expect(others).toEqual([]);
    expect(States[edge?.to ?? '']?.Type).toBe('Fail');
  });
});

/**
 * History events of a Task: entered, scheduled, started, succeeded, exited; of a failed attempt three; of another state
 * entered and exited (https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html).
 */
const taskEvents = 5;
const otherEvents = 2;

test('loops of the most turns leave half of the 25,000 history events for attempts that fail', () => {
  // DescribeSource, Splits?, WaitToDescribe; TransferBatch, Transferred?, and at worst WaitForSource in each turn.
  const loop = turnsPerLoop * (taskEvents + 2 * otherEvents);
  const around = 40 * taskEvents;
  expect(turnsPerLoop).toBe(500);
  expect(2 * loop + around).toBeLessThan(12_500);
});

test('is small, whatever the flow', () => {
  expect(JSON.stringify(definition).length).toBeLessThan(32 * 1024);
});

test('transfers as many splits at once as it is told, else ten', () => {
  const functions = { control: 'c', transfer: 't' };
  expect(stateMachine({ functions }).States.TransferSplits?.MaxConcurrency).toBe(10);
  expect(stateMachine({ functions, maxConcurrency: 3 }).States.TransferSplits?.MaxConcurrency).toBe(3);
});
