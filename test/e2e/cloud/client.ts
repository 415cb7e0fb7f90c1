import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GlueClient } from '@aws-sdk/client-glue';
import { IAMClient } from '@aws-sdk/client-iam';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  type ExecutionListItem,
  type HistoryEvent,
  ListMapRunsCommand,
  paginateGetExecutionHistory,
  paginateListExecutions,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';

const ROOT = path.join(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** What one stack deployed: its name and its outputs. */
export type Outputs = Record<string, Record<string, string>>;

/** Asks for a deployment. */
export interface Deployment {
  /** The folder whose cdk.json names the app; the repository's root by default. */
  readonly folder?: string;
  /** The app's command, when that folder has no cdk.json or another app is meant. */
  readonly app?: string;
  /** Stacks to deploy; all of them by default. */
  readonly stacks?: readonly string[];
  /** CDK context, as `--context name=value`. */
  readonly context?: Readonly<Record<string, string>>;
  /** Variables for the app besides those of the process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What the deployed roles did: AWS would have refused `denied`; `unchecked` could not be judged and counts as a failure. */
export interface IamReport {
  readonly used: readonly (readonly [role: string, action: string, resource: string])[];
  readonly denied: readonly { role: string; action: string; resource: string; reason: string }[];
  readonly unchecked: readonly string[];
  readonly assumedConditions: readonly string[];
}

/** An event as rules saw it, with its bus and the names of the rules that it matched. */
export interface SeenEvent {
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
  readonly eventBusName: string;
  readonly rules: readonly string[];
}

/** Which invocation dies, when, and what its caller is told. */
export interface Kill {
  /** Physical name of the function. */
  readonly function: string;
  /** Invocations that go well before. Default 0. */
  readonly after?: number;
  /**
   * `start`: before the handler did anything (default); `end`: the work is done, the answer lost;
   * `before-request` and `after-request`: at the `request`-th call to AWS, before or after it took effect.
   */
  readonly at?: 'start' | 'end' | 'before-request' | 'after-request';
  /** Counted from 1, which is the default. */
  readonly request?: number;
  /** Default `Lambda.Unknown`. */
  readonly report?: 'Lambda.Unknown' | 'Runtime.ExitError' | 'Sandbox.Timedout';
}

/** What became of a fired schedule: the target's answer, or why it refused. */
export interface Fired {
  readonly target: string;
  readonly executionId: string;
  readonly result?: Readonly<Record<string, string>>;
  readonly error?: string;
}

/** A deployment that failed; `output` is all that the CDK printed. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
  readonly output: string;

  constructor(output: string) {
    super(`cdk failed:\n${output}`);
    this.output = output;
  }
}

const s3 = new S3Client({});
const dynamodb = new DynamoDBClient({});
const sfn = new SFNClient({});
const logs = new CloudWatchLogsClient({});
const cloudwatch = new CloudWatchClient({});

async function control<T>(
  method: 'GET' | 'POST',
  name: string,
  query: Record<string, string> = {},
): Promise<T> {
  const url = `${process.env.AWS_ENDPOINT_URL}/lab/${name}?${new URLSearchParams(query)}`;
  const response = await fetch(url, { method });
  const answer = (await response.json()) as T & { error?: string };
  if (!response.ok) throw new Error(`${name}: ${answer.error}`);
  return answer;
}

async function cdk(args: readonly string[], { folder = '.', env = {} }: Deployment): Promise<void> {
  try {
    const options = { cwd: path.join(ROOT, folder), env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
    await run(path.join(ROOT, 'node_modules/.bin/cdk'), [...args, '--no-notices', '--ci'], options);
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new DeployError(stdout + stderr);
  }
}

function appArguments({ app, stacks, context = {} }: Deployment): string[] {
  const output = mkdtempSync(path.join(tmpdir(), 'cdk-out-'));
  const pairs = Object.entries(context).flatMap(([name, value]) => ['--context', `${name}=${value}`]);
  return [...(stacks ?? ['--all']), ...(app ? ['--app', app] : []), '--output', output, ...pairs];
}

/** Calls `look` until it returns something else than undefined. Throws after `seconds`, naming `what` it waited for. */
async function until<T>(what: string, look: () => Promise<T | undefined>, seconds = 60): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Everything an end-to-end test does with the emulated cloud; run through `npm run test:e2e`. */
export const cloud = {
  s3,
  dynamodb,
  sfn,
  logs,
  cloudwatch,
  cloudFormation: new CloudFormationClient({}),
  glue: new GlueClient({}),
  iam: new IAMClient({}),
  secrets: new SecretsManagerClient({}),
  eventBridge: new EventBridgeClient({}),
  until,

  /** Deploys with the real CDK. Throws DeployError, whose output has the reasons that CloudFormation gave. */
  async deploy(deployment: Deployment): Promise<Outputs> {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'cdk-outputs-')), 'outputs.json');
    const args = [
      'deploy',
      ...appArguments(deployment),
      '--require-approval',
      'never',
      '--outputs-file',
      file,
    ];
    await cdk([...args, '--progress', 'events', '--concurrency', '4'], deployment);
    return JSON.parse(readFileSync(file, 'utf8')) as Outputs;
  },

  /** Destroys the stacks. Throws DeployError. */
  async destroy(deployment: Deployment): Promise<void> {
    await cdk(['destroy', ...appArguments(deployment), '--force'], deployment);
  },

  /** Starts an execution and returns its ARN. */
  async startExecution(stateMachineArn: string, input: unknown = {}, name?: string): Promise<string> {
    const command = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), name });
    return (await sfn.send(command)).executionArn ?? '';
  },

  /** Waits until an execution is over, however it ended. */
  waitForExecution(executionArn: string, seconds = 120): Promise<DescribeExecutionCommandOutput> {
    const look = async () => {
      const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      return execution.status === 'RUNNING' ? undefined : execution;
    };
    return until(`the end of ${executionArn}`, look, seconds);
  },

  async history(executionArn: string): Promise<HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    for await (const page of paginateGetExecutionHistory({ client: sfn }, { executionArn })) {
      events.push(...(page.events ?? []));
    }
    return events;
  },

  /** The executions of a state machine. */
  async executions(stateMachineArn: string): Promise<ExecutionListItem[]> {
    const found: ExecutionListItem[] = [];
    for await (const page of paginateListExecutions({ client: sfn }, { stateMachineArn })) {
      found.push(...(page.executions ?? []));
    }
    return found;
  },

  /** The child executions of an execution's Distributed Maps. */
  async children(executionArn: string): Promise<ExecutionListItem[]> {
    const { mapRuns = [] } = await sfn.send(new ListMapRunsCommand({ executionArn }));
    const found: ExecutionListItem[] = [];
    for (const { mapRunArn } of mapRuns) {
      for await (const page of paginateListExecutions({ client: sfn }, { mapRunArn })) {
        found.push(...(page.executions ?? []));
      }
    }
    return found;
  },

  /** The keys under a prefix, in order. */
  async objects(bucket: string, prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix })) {
      keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    }
    return keys;
  },

  /** The bytes of one object. */
  async object(bucket: string, key: string): Promise<Uint8Array> {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Body ? await Body.transformToByteArray() : new Uint8Array();
  },

  /** All items of a table, as attribute values. */
  async stateItems(table: string) {
    const items = [];
    for await (const page of paginateScan({ client: dynamodb }, { TableName: table })) {
      items.push(...(page.Items ?? []));
    }
    return items;
  },

  /** The lines of a log group that match a filter pattern, oldest first. */
  async logLines(logGroupName: string, filterPattern?: string): Promise<string[]> {
    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern }));
    return events.map(({ message = '' }) => message);
  },

  /** The sum of a metric over the last hour, or undefined when nothing was put. */
  async metric(name: string, namespace: string, dimensions: Readonly<Record<string, string>>) {
    const answer = await cloudwatch.send(
      new GetMetricStatisticsCommand({
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        StartTime: new Date(Date.now() - 3_600_000),
        EndTime: new Date(Date.now() + 60_000),
        Period: 60,
        Statistics: ['Sum'],
      }),
    );
    const sums = (answer.Datapoints ?? []).map(({ Sum = 0 }) => Sum);
    return sums.length === 0 ? undefined : sums.reduce((total, sum) => total + sum, 0);
  },

  /**
   * Does what EventBridge Scheduler does when a schedule's time has come (also for a scheduled rule).
   * `time`: the scheduled time, ISO 8601, default now; `executionId`: that of an earlier delivery, to repeat it.
   */
  fireSchedule(name: string, options: { time?: string; executionId?: string } = {}): Promise<Fired> {
    return control('POST', 'fire', {
      name,
      ...(options.time ? { time: options.time } : {}),
      ...(options.executionId ? { 'execution-id': options.executionId } : {}),
    });
  },

  /** Every event sent on any bus since the last reset, in order. */
  eventsSeen: () => control<SeenEvent[]>('GET', 'events'),
  /** Status change events that `dropStatusEvents` lost: their details. */
  eventsDropped: () => control<Record<string, unknown>[]>('GET', 'dropped-events'),
  iamReport: () => control<IamReport>('GET', 'iam'),
  /** What AWS would have hidden: undelivered events, unreadable metrics, planned kills that did not happen. */
  problems: () => control<string[]>('GET', 'problems'),
  /** Wait states and retry intervals take this part of their time. */
  setWaitScale: (factor: number) => control('POST', 'wait-scale', { factor: String(factor) }),
  /** From now on status change events are lost, or no longer. */
  dropStatusEvents: (on: boolean) => control('POST', 'drop-status-events', { on: on ? '1' : '0' }),
  /** Functions start anew: nothing of an earlier invocation is in their memory. */
  coolDown: () => control('POST', 'cool-down'),
  /** Kills a later invocation of a function. */
  killNext: (kill: Kill) =>
    control(
      'POST',
      'kill-next',
      Object.fromEntries(Object.entries(kill).map(([name, value]) => [name, String(value)])),
    ),
  /** Forgets faults, events, problems and the IAM record; waits take their full time again. */
  reset: () => control('POST', 'reset'),
};
