/** Flows deployed into the emulated cloud, and what the tests see of them afterwards. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { CreateDatabaseCommand } from '@aws-sdk/client-glue';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { DescribeExecutionCommandOutput } from '@aws-sdk/client-sfn';
import { expect } from 'vitest';
import type { ConnectionDefinition } from '../../../core/connection.ts';
import type { ConnectorRegistration } from '../../../core/custom-connector/registration.ts';
import { executionIdOf } from '../../../core/execution/execution-id.ts';
import type { FlowInput } from '../../../core/flow/definition.ts';
import {
  flowResourceName,
  secretName,
  stateBucketName,
  stateTableName,
} from '../../../core/physical-name.ts';
import { type FlowState, type Run, readFlowItems, runKey } from '../../../engine/run/run.ts';
import type { ExecutionInput } from '../../../engine/steps/index.ts';
import { dynamoStateStore } from '../../../lambdas/aws/state-store.ts';
import { cloud } from '../cloud/client.ts';
import { account, database, errors, inbox, lake } from './flows.ts';

export const region = 'eu-central-1';
export const stateBucket = stateBucketName(account, region);
/** The state as the command sees it, which acts with its user's rights. */
export const state = dynamoStateStore(cloud.dynamodb, stateTableName);

/** Forgets earlier tests; waits and retry intervals take a hundredth of their time. */
export async function freshCloud(): Promise<void> {
  await cloud.reset();
  await cloud.setWaitScale(0.01);
}

/** The buckets and the Glue database of the tests; those that an earlier test file made stay. */
export async function makeStores(): Promise<void> {
  const CreateBucketConfiguration = { LocationConstraint: region } as const;
  const made = await Promise.allSettled([
    ...[inbox, lake, errors].map((Bucket) =>
      cloud.s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration })),
    ),
    cloud.glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: database } })),
  ]);
  for (const one of made) {
    if (
      one.status === 'rejected' &&
      !/^(BucketAlreadyOwnedByYou|AlreadyExistsException)$/.test(one.reason.name)
    )
      throw one.reason;
  }
}

/** What the app is told, for a deployment or a destruction of these flows. */
export function app(
  flows: readonly FlowInput[],
  connections: readonly ConnectionDefinition[] = [],
  customConnectors: readonly ConnectorRegistration[] = [],
) {
  const context = {
    flows: folderOf(flows.map((flow) => [flow.flowName, flow])),
    connections: folderOf(connections.map((one) => [one.connectorProfileName, one])),
    customConnectors: folderOf(customConnectors.map((one) => [one.connectorLabel, one])),
    allowEndpoints: 'true',
  };
  // The templates are judged by the unit tests and the linter; CDK's own validation takes seconds a template.
  return { context, env: { CDK_VALIDATION: 'false' } };
}

/** Deploys the platform and these flows, and gives every connection a token. */
export async function deployFlows(
  flows: readonly FlowInput[],
  connections: readonly ConnectionDefinition[] = [],
  customConnectors: readonly ConnectorRegistration[] = [],
): Promise<void> {
  await cloud.deploy(app(flows, connections, customConnectors));
  for (const { connectorProfileName } of connections) {
    const SecretId = secretName(connectorProfileName);
    const SecretString = JSON.stringify({ apiKey: 'a-token-of-the-tests' });
    await cloud.secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
  }
}

function folderOf(documents: readonly (readonly [name: string, document: object])[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-e2e-'));
  for (const [name, document] of documents)
    writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(document));
  return folder;
}

/** How an execution of a flow's state machine ended. */
export interface Ended extends DescribeExecutionCommandOutput {
  readonly executionId: string;
  /** Its record in the state table. */
  readonly run: Run | undefined;
}

export interface DeployedFlow {
  readonly flowName: string;
  readonly stateMachineArn: string;
  /** Starts an execution. Answers its ARN. */
  start(input?: ExecutionInput, name?: string): Promise<string>;
  /** Starts an execution and waits for its end. */
  run(input?: ExecutionInput, name?: string): Promise<Ended>;
  /** Has the schedule's time come, by default a minute later than the last time. Answers the ARN of what it started. */
  fire(options?: { time?: string; executionId?: string }): Promise<string>;
  fired(options?: { time?: string; executionId?: string }): Promise<Ended>;
  /** Waits for an execution's end. */
  ended(executionArn: string, seconds?: number): Promise<Ended>;
  state(): Promise<FlowState | undefined>;
  /** The flow's events of its own, oldest first: detail type and detail. */
  events(): Promise<(readonly [string, Readonly<Record<string, unknown>>])[]>;
  metric(name: string): Promise<number | undefined>;
  /** Physical name of one of its functions. */
  functionName(which: 'control' | 'transfer'): Promise<string>;
  /** Physical names of the stack's resources of a CloudFormation type, by logical id. */
  resources(type: string): Promise<Record<string, string>>;
}

/** No schedule is due twice in a minute: a run that was due as early as another is not begun. */
let due = Date.now();

function nextMinute(): string {
  due += 60_000;
  return new Date(due).toISOString();
}

export function deployedFlow(flowName: string): DeployedFlow {
  const name = flowResourceName(flowName);
  const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${name}`;

  async function ended(executionArn: string, seconds?: number): Promise<Ended> {
    const execution = await cloud.waitForExecution(executionArn, seconds);
    const executionId = executionIdOf(execution.name ?? '');
    return { ...execution, executionId, run: await runRecord(executionId) };
  }

  async function resources(type: string): Promise<Record<string, string>> {
    const found: [string, string][] = [];
    const pages = paginateListStackResources({ client: cloud.cloudFormation }, { StackName: name });
    for await (const { StackResourceSummaries = [] } of pages) {
      for (const { ResourceType, LogicalResourceId = '', PhysicalResourceId = '' } of StackResourceSummaries)
        if (ResourceType === type) found.push([LogicalResourceId, PhysicalResourceId]);
    }
    return Object.fromEntries(found);
  }

  const flow: DeployedFlow = {
    flowName,
    stateMachineArn,
    ended,
    resources,
    start: (input = {}, executionName) => cloud.startExecution(stateMachineArn, input, executionName),
    run: async (input, executionName) => ended(await flow.start(input, executionName)),
    async fire(options) {
      const { result, error } = await cloud.fireSchedule(name, { time: nextMinute(), ...options });
      if (!result?.executionArn) throw new Error(`the schedule ${name} started nothing: ${error}`);
      return result.executionArn;
    },
    fired: async (options) => ended(await flow.fire(options)),
    state: async () => (await readFlowItems(state, flowName)).state?.data,
    async events() {
      const seen = await cloud.eventsSeen();
      return seen
        .filter(({ source, detail }) => source === 'tributary' && detail['flow-name'] === flowName)
        .map((event) => [event['detail-type'], event.detail]);
    },
    metric: (metric) => cloud.metric(metric, 'Tributary', { FlowName: flowName }),
    async functionName(which) {
      const functions = Object.entries(await resources('AWS::Lambda::Function'));
      const found = functions.find(([id]) => id.toLowerCase().includes(which));
      if (!found) throw new Error(`the stack ${name} has no function ${which}`);
      return found[1];
    },
  };
  return flow;
}

export async function runRecord(executionId: string): Promise<Run | undefined> {
  return (await state.get<Run>(runKey(executionId), 'RUN'))?.data;
}

export async function put(bucket: string, key: string, body: string): Promise<void> {
  await cloud.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
}

export async function text(bucket: string, key: string): Promise<string> {
  return new TextDecoder().decode(await cloud.object(bucket, key));
}

/** The flow's objects at its destination by key, as texts. */
export async function output(flowName: string): Promise<Record<string, string>> {
  const contents: [string, string][] = [];
  for (const key of await cloud.objects(lake, `out/${flowName}/`))
    contents.push([key, await text(lake, key)]);
  return Object.fromEntries(contents);
}

/** The lines of one run's objects, in the order of their keys. */
export async function linesOf(flowName: string, executionId: string): Promise<string[]> {
  const objects = Object.entries(await output(flowName)).filter(([key]) => key.includes(executionId));
  return objects.flatMap(([, content]) => content.split('\n').filter(Boolean));
}

/** Nothing was refused by IAM, left unjudged or lost since the last {@link freshCloud}. */
export async function expectNoTrouble(): Promise<void> {
  const { denied, unchecked, assumedConditions } = await cloud.iamReport();
  const problems = await cloud.problems();
  expect({ denied, unchecked, assumedConditions, problems }).toEqual({
    denied: [],
    unchecked: [],
    assumedConditions: [],
    problems: [],
  });
}

/** Stamps of S3 are whole seconds: the source leaves the running second to the next run. */
export function nextSecond(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
}
