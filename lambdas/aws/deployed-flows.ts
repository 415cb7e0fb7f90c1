/** Deployed flows as seen from outside: the platform's state, and the state machines to start and to look at. */

import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { TributaryError } from '../../core/errors.ts';
import {
  flowResourceName,
  signingKeyAlias,
  stateBucketName,
  stateTableName,
} from '../../core/physical-name.ts';
import type { EnginePorts } from '../../engine/ports.ts';
import { type ExecutionEnd, endOf } from '../../engine/run/run-result.ts';
import { clientConfig, s3Config } from './client-config.ts';
import { awsCall, isAwsError } from './errors.ts';
import { stepFunctionsExecutions } from './executions.ts';
import { s3ObjectStore } from './object-store.ts';
import { kmsSigner } from './signer.ts';
import { dynamoStateStore } from './state-store.ts';

export interface DeployedFlows
  extends Pick<EnginePorts, 'state' | 'objects' | 'home' | 'executions' | 'signer'> {
  /** For messages: `AWS account 123456789012, eu-central-1`. */
  readonly place: string;
  /** @throws ResourceNotFoundError if the flow is not deployed */
  expectFlow(flowName: string): Promise<void>;
  /** Starts an execution. @throws ResourceNotFoundError if the flow is not deployed */
  start(flowName: string, executionId: string, input: object): Promise<void>;
  /** How an execution ended; undefined while it goes on. */
  endOf(flowName: string, executionId: string): Promise<ExecutionEnd | undefined>;
}

export interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly sfn: SFNClient;
  readonly kms: KMSClient;
}

/** @param region default: as the AWS SDK finds it (AWS_REGION, the profile) */
export function clients(region: string | undefined): Clients {
  const where = region === undefined ? {} : { region };
  return {
    dynamodb: new DynamoDBClient({ ...clientConfig, ...where }),
    s3: new S3Client({ ...s3Config, ...where }),
    sfn: new SFNClient({ ...clientConfig, ...where }),
    kms: new KMSClient({ ...clientConfig, ...where }),
  };
}

/** @throws ResourceNotFoundError if the platform is not deployed there */
export async function deployedFlows({ dynamodb, s3, sfn, kms }: Clients): Promise<DeployedFlows> {
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

  return {
    place,
    home: { stateBucket: stateBucketName(accountId, region), accountId, region, createdBy: '' },
    state: dynamoStateStore(dynamodb, stateTableName),
    objects: s3ObjectStore(s3),
    executions: stepFunctionsExecutions(sfn),
    signer: kmsSigner(kms, signingKeyAlias),

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

    async endOf(flowName, executionId) {
      const executionArn = executionOf(flowName, executionId);
      const execution = await awsCall('states:DescribeExecution', executionArn, () =>
        sfn.send(new DescribeExecutionCommand({ executionArn })),
      );
      const { status = '', output, error = status, cause } = execution;
      if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return undefined;
      if (status === 'SUCCEEDED') return endOf(JSON.parse(output ?? '{}'));
      return { failed: { code: error, message: cause || `the execution was ${status.toLowerCase()}` } };
    },
  };
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
