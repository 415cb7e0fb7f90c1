/** Deployed flows: the state machine, the state table and the state bucket of the platform stack. */

import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { TributaryError } from '../core/errors.ts';
import { flowResourceName, stateBucketName, stateTableName } from '../core/physical-name.ts';
import type { Progress } from '../engine/ports.ts';
import { requestCancel } from '../engine/run/close.ts';
import { executionStatus, type Run, runKey } from '../engine/run/run.ts';
import { endOf, executionResult, type RunResult } from '../engine/run/run-result.ts';
import { readSegments } from '../engine/run/segment-record.ts';
import type { ExecutionInput } from '../engine/steps/index.ts';
import { clientConfig, s3Config } from '../lambdas/aws/client-config.ts';
import { awsCall, isAwsError } from '../lambdas/aws/errors.ts';
import { stepFunctionsExecutions } from '../lambdas/aws/executions.ts';
import { s3ObjectStore } from '../lambdas/aws/object-store.ts';
import { dynamoStateStore } from '../lambdas/aws/state-store.ts';
import { systemClock, type WakeableClock } from '../local/home.ts';
import type { Backend } from './backend.ts';

export interface AwsBackend extends Backend {
  /** Starts an execution of a deployed flow. @throws ResourceNotFoundError if the flow is not deployed */
  start(flowName: string, executionId: string, input: ExecutionInput): Promise<void>;
  /** Waits for its end. */
  wait(flowName: string, executionId: string, watch?: AwsWatch): Promise<RunResult>;
}

export interface AwsWatch {
  readonly onProgress?: (progress: Progress) => void;
  readonly onStatus?: (status: string) => void;
  /** Aborted: the run is asked to stop. */
  readonly signal?: AbortSignal;
}

interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly sfn: SFNClient;
}

/** Milliseconds between two looks at an execution. */
const pollInterval = 2_000;

/** @param region default: as the AWS SDK finds it (AWS_REGION, the profile) */
export async function openAws(region: string | undefined): Promise<AwsBackend> {
  const where = region === undefined ? {} : { region };
  return awsBackend(
    {
      dynamodb: new DynamoDBClient({ ...clientConfig, ...where }),
      s3: new S3Client({ ...s3Config, ...where }),
      sfn: new SFNClient({ ...clientConfig, ...where }),
    },
    systemClock,
  );
}

/** @throws ResourceNotFoundError if the platform is not deployed there */
export async function awsBackend({ dynamodb, s3, sfn }: Clients, clock: WakeableClock): Promise<AwsBackend> {
  const [, partition = '', , region = '', accountId = ''] = (await stateTableArn(dynamodb)).split(':');
  const place = `AWS account ${accountId}, ${region}`;
  const states = `arn:${partition}:states:${region}:${accountId}`;
  const machineOf = (flowName: string): string => `${states}:stateMachine:${flowResourceName(flowName)}`;
  const executionOf = (flowName: string, executionId: string): string =>
    `${states}:execution:${flowResourceName(flowName)}:${executionId}`;

  /** Calls about a flow's state machine. */
  async function ofFlow<T>(flowName: string, action: string, call: () => Promise<T>): Promise<T> {
    try {
      return await awsCall(action, machineOf(flowName), call);
    } catch (error) {
      const cause = error instanceof TributaryError ? error.cause : error;
      if (!isAwsError(cause, 'StateMachineDoesNotExist')) throw error;
      throw new TributaryError('ResourceNotFoundError', 'the flow is not deployed', {
        flowName,
        at: place,
        fix: 'deploy it with `cdk deploy`, or name the region that it is in with --region',
        cause: error,
      });
    }
  }

  const backend: AwsBackend = {
    place,
    home: { stateBucket: stateBucketName(accountId, region), accountId, region, createdBy: '' },
    state: dynamoStateStore(dynamodb, stateTableName),
    objects: s3ObjectStore(s3),
    executions: stepFunctionsExecutions(sfn),

    async expectFlow(flowName) {
      await ofFlow(flowName, 'states:DescribeStateMachine', () =>
        sfn.send(new DescribeStateMachineCommand({ stateMachineArn: machineOf(flowName) })),
      );
    },

    async start(flowName, executionId, input) {
      await ofFlow(flowName, 'states:StartExecution', () =>
        sfn.send(
          new StartExecutionCommand({
            stateMachineArn: machineOf(flowName),
            name: executionId,
            input: JSON.stringify(input),
          }),
        ),
      );
    },

    async wait(flowName, executionId, { onProgress, onStatus, signal } = {}) {
      const executionArn = executionOf(flowName, executionId);
      let told = { status: '', records: 0, bytes: 0 };
      while (true) {
        const execution = await awsCall('states:DescribeExecution', executionArn, () =>
          sfn.send(new DescribeExecutionCommand({ executionArn })),
        );
        if (execution.status !== 'RUNNING' && execution.status !== 'PENDING_REDRIVE') {
          const { status, output, error = status ?? '', cause = '' } = execution;
          const end =
            status === 'SUCCEEDED'
              ? endOf(JSON.parse(output ?? '{}'))
              : {
                  failed: {
                    code: error,
                    message: cause || `the execution was ${String(status).toLowerCase()}`,
                  },
                };
          return executionResult(backend, flowName, executionId, end);
        }
        const run = await backend.state.get<Run>(runKey(executionId), 'RUN');
        if (run) {
          if (signal?.aborted) await requestCancel(backend, run);
          const { counts, received } = await readSegments(backend.state, executionId);
          onProgress?.({
            phase: 'transfer',
            records: counts.received - told.records,
            bytes: received - told.bytes,
          });
          const status = executionStatus(run.data);
          if (status !== told.status) onStatus?.(status);
          told = { status, records: counts.received, bytes: received };
        }
        // Once it is aborted, a signal would end every sleep at once.
        await clock.sleep(pollInterval, signal?.aborted ? undefined : signal);
      }
    },
  };
  return backend;
}

/** Names the account and the region, and shows that the platform is there. */
async function stateTableArn(dynamodb: DynamoDBClient): Promise<string> {
  try {
    const { Table } = await awsCall('dynamodb:DescribeTable', stateTableName, () =>
      dynamodb.send(new DescribeTableCommand({ TableName: stateTableName })),
    );
    return Table?.TableArn ?? '';
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Region is missing'))
      throw new TributaryError('InvalidArgument', 'which AWS region?', {
        fix: 'name it with --region, or set AWS_REGION',
      });
    if (!(error instanceof TributaryError && error.code === 'ResourceNotFoundError')) throw error;
    throw new TributaryError('ResourceNotFoundError', 'the platform of Tributary is not deployed there', {
      at: String(await dynamodb.config.region()),
      fix: 'deploy it with `cdk deploy`, or name another --region',
      cause: error,
    });
  }
}
