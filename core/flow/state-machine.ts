/**
 * The one description of a run: a function from a flow's two functions to Amazon States Language. CDK deploys its
 * result, the local runner interprets it, tests validate it.
 *
 * JSONPath only; state types Task, Choice, Wait, Map, Pass, Succeed, Fail. Every Task gets the same envelope
 * ({@link StepInput}) and answers with the next state data ({@link StepOutput}) whose `next` the Choice behind it reads.
 * Records never travel here: payloads hold ids, counters and pointers.
 */

import { retriedErrorCodes } from '../errors.ts';

export const stepNames = [
  'StartRun',
  'DescribeSource',
  'TransferBatch',
  'FailSplit',
  'LoadDestination',
  'CommitOutput',
  'CatalogOutput',
  'EndRun',
  'FailRun',
] as const;
export type StepName = (typeof stepNames)[number];

/** What runs the steps: the two functions' ARNs (or CDK tokens of them). */
export interface StateMachineFunctions {
  /** Everything that talks to neither source nor destination application. */
  readonly control: string;
  /** DescribeSource, TransferBatch and LoadDestination. */
  readonly transfer: string;
}

export interface StateMachineOptions {
  readonly functions: StateMachineFunctions;
  /** Splits transferred at once. Default {@link defaultConcurrency}. */
  readonly maxConcurrency?: number;
}

/** Splits transferred at once where the flow does not say. */
export const defaultConcurrency = 10;

/** A run lasts 48 hours at most, as in AppFlow. */
export const runTimeoutSeconds = 48 * 3600;

/** A loop of so many turns stays far below 25,000 history events (9 a turn at most); then a Map child goes on. */
export const turnsPerLoop = 500;

export type State = { readonly [key: string]: unknown; readonly Type: string };
export interface StateMachineDefinition {
  readonly Comment: string;
  readonly StartAt: string;
  readonly TimeoutSeconds: number;
  readonly States: Readonly<Record<string, State>>;
}

/** The Amazon States Language definition of a flow's runs. */
export function stateMachine(options: StateMachineOptions): StateMachineDefinition {
  const { control, transfer } = options.functions;
  return {
    Comment: 'A flow run of Tributary',
    StartAt: 'StartRun',
    TimeoutSeconds: runTimeoutSeconds,
    States: {
      StartRun: {
        ...task(control, 'StartRun', {
          'startedAt.$': '$$.Execution.StartTime',
          'input.$': '$$.Execution.Input',
        }),
        // The state data of a second round (behind a finished predecessor) must not reach this step.
        Next: 'RunStarted?',
      },
      'RunStarted?': choice({ describe: 'DescribeSource', commit: 'CommitOutput', skip: 'Skipped' }),
      Skipped: { Type: 'Succeed', Comment: 'Another run is in progress, or the flow is not active' },
      DescribeSource: { ...task(transfer, 'DescribeSource'), Next: 'Splits?' },
      'Splits?': choice({
        one: 'TransferBatch',
        many: 'TransferSplits',
        none: 'CommitOutput',
        wait: 'WaitToDescribe',
      }),
      WaitToDescribe: { Type: 'Wait', SecondsPath: '$.waitSeconds', Next: 'DescribeSource' },
      TransferBatch: { ...task(transfer, 'TransferBatch'), Next: 'Transferred?' },
      'Transferred?': choice({
        more: 'TransferBatch',
        wait: 'WaitForSource',
        done: 'CommitOutput',
        unfinished: 'TransferSplits',
      }),
      WaitForSource: { Type: 'Wait', SecondsPath: '$.waitSeconds', Next: 'TransferBatch' },
      TransferSplits: {
        Type: 'Map',
        ItemReader: {
          Resource: 'arn:aws:states:::s3:getObject',
          ReaderConfig: { InputType: 'JSON' },
          Parameters: { 'Bucket.$': '$.splits.bucket', 'Key.$': '$.splits.key' },
        },
        ItemSelector: { 'run.$': '$.run', 'transfer.$': '$$.Map.Item.Value' },
        MaxConcurrency: options.maxConcurrency ?? defaultConcurrency,
        ToleratedFailurePercentage: 0,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'TransferSplit',
          States: {
            TransferSplit: { ...task(transfer, 'TransferBatch', {}, 'FailSplit'), Next: 'SplitTransferred?' },
            'SplitTransferred?': choice({
              more: 'TransferSplit',
              wait: 'WaitForSplit',
              done: 'EndSplit',
              unfinished: 'EndSplit',
            }),
            WaitForSplit: { Type: 'Wait', SecondsPath: '$.waitSeconds', Next: 'TransferSplit' },
            // What is unfinished is seen by CommitOutput, which sends the run through this Map again.
            EndSplit: { Type: 'Pass', Result: {}, End: true },
            FailSplit: { ...task(control, 'FailSplit', {}, null), Next: 'SplitFailed' },
            SplitFailed: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
          },
        },
        ResultPath: null,
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'FailRun' }],
        Next: 'CommitOutput',
      },
      CommitOutput: { ...task(control, 'CommitOutput'), Next: 'Committed?' },
      'Committed?': choice({
        more: 'CommitOutput',
        unfinished: 'TransferSplits',
        load: 'LoadDestination',
        catalog: 'CatalogOutput',
        end: 'EndRun',
      }),
      LoadDestination: { ...task(transfer, 'LoadDestination'), Next: 'Loaded?' },
      'Loaded?': choice({ more: 'LoadDestination', wait: 'WaitForDestination', done: 'CommitOutput' }),
      WaitForDestination: { Type: 'Wait', SecondsPath: '$.waitSeconds', Next: 'LoadDestination' },
      CatalogOutput: { ...task(control, 'CatalogOutput'), Next: 'Catalogued?' },
      'Catalogued?': choice({ more: 'CatalogOutput', end: 'EndRun' }),
      EndRun: { ...task(control, 'EndRun'), Next: 'Ended?' },
      // `start`: what ended was a predecessor that had been left in the middle of its commit.
      'Ended?': choice({ done: 'Done', start: 'StartRun' }),
      Done: { Type: 'Succeed' },
      FailRun: {
        ...task(
          control,
          'FailRun',
          { 'startedAt.$': '$$.Execution.StartTime', 'input.$': '$$.Execution.Input' },
          null,
        ),
        Next: 'Failed',
      },
      Failed: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
    },
  };
}

function task(
  functionArn: string,
  step: StepName,
  more: Record<string, string> = {},
  onError: string | null = 'FailRun',
): State {
  return {
    Type: 'Task',
    Resource: functionArn,
    Parameters: {
      step,
      'executionArn.$': '$$.Execution.Id',
      'executionName.$': '$$.Execution.Name',
      'state.$': '$',
      ...more,
    },
    // A function is given 15 minutes; a minute more is for the service.
    TimeoutSeconds: 960,
    Retry: retry,
    ...(onError && { Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: onError }] }),
  };
}

const retry = [
  {
    Comment: 'The service, not the step, failed',
    ErrorEquals: [
      'Lambda.ClientExecutionTimeoutException',
      'Lambda.ServiceException',
      'Lambda.AWSLambdaException',
      'Lambda.SdkClientException',
      'Lambda.TooManyRequestsException',
    ],
    IntervalSeconds: 2,
    BackoffRate: 2,
    MaxAttempts: 6,
    MaxDelaySeconds: 60,
    JitterStrategy: 'FULL',
  },
  {
    Comment:
      'The function died: killed, out of memory or out of time. Every step may be repeated after any instruction',
    ErrorEquals: ['Lambda.Unknown', 'Runtime.ExitError', 'Sandbox.Timedout', 'States.Timeout'],
    IntervalSeconds: 1,
    BackoffRate: 2,
    MaxAttempts: 3,
  },
  {
    Comment: 'A host that is down may be restarting; a misspelt one stays away, so not for long',
    ErrorEquals: ['ConnectorUnreachable'],
    IntervalSeconds: 2,
    BackoffRate: 2,
    MaxAttempts: 2,
  },
  {
    Comment: 'May pass: the vendor, the network, a lost conditional write',
    ErrorEquals: retriedErrorCodes().filter((code) => code !== 'ConnectorUnreachable'),
    IntervalSeconds: 5,
    BackoffRate: 2,
    MaxAttempts: 4,
    MaxDelaySeconds: 300,
    JitterStrategy: 'FULL',
  },
];

/** A Choice on `$.next`. There is no Default: a step that answers something else is a defect and fails the run. */
function choice(targets: Record<string, string>): State {
  return {
    Type: 'Choice',
    Choices: Object.entries(targets).map(([value, next]) => ({
      Variable: '$.next',
      StringEquals: value,
      Next: next,
    })),
  };
}
