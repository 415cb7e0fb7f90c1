/** A custom connector in Python as a Lambda function of its own, called by deployed flows. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkRegistration } from '../../core/custom-connector/registration.ts';
import type { FlowInput } from '../../core/flow/definition.ts';
import { secretName } from '../../core/physical-name.ts';
import { describeConfiguration } from '../../engine/custom-connector/describe-configuration.ts';
import { lambdaConnectorHost, openLambda } from '../../lambdas/aws/lambda-connector-host.ts';
import { openSecrets } from '../../lambdas/aws/secrets.ts';
import { zipOf } from '../support/zip.ts';
import { cloud } from './cloud/client.ts';
import {
  deployedFlow,
  deployFlows,
  expectNoTrouble,
  freshCloud,
  linesOf,
  makeStores,
  put,
  region,
} from './support/deployment.ts';
import { account, inbox, issuesFlow } from './support/flows.ts';

const connector = 'examples/custom-connectors/shelf.py';
const items = Array.from({ length: 10_000 }, (_, index) => ({
  id: index + 1,
  name: `Item ${index + 1}`,
  amount: index % 7 === 0 ? null : index,
  price: index / 4,
  fragile: index % 2 === 0,
  updated_at: '2026-01-01T00:00:00.000Z',
}));
const functionArn = `arn:aws:lambda:${region}:${account}:function:shelf`;
const intoShelf = deployedFlow('into-shelf');
const fromShelf = deployedFlow('from-shelf');
const folder = mkdtempSync(path.join(tmpdir(), 'tributary-e2e-'));
const database = path.join(folder, 'shelf.db');
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Role and function are the connector's owner's, not ours. */
async function makeFunction(): Promise<void> {
  const RoleName = 'shelf';
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
    ],
  });
  await cloud.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  // What docs/custom-connectors.md asks for, and a log.
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: `arn:aws:secretsmanager:${region}:${account}:secret:${secretName('shelf')}-??????`,
      },
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: `arn:aws:kms:${region}:${account}:key/*`,
        Condition: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` } },
      },
      { Effect: 'Allow', Action: 'logs:PutLogEvents', Resource: '*' },
    ],
  });
  await cloud.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'grants', PolicyDocument }));
  await new LambdaClient({}).send(
    new CreateFunctionCommand({
      FunctionName: 'shelf',
      Runtime: 'python3.11',
      Handler: 'shelf.lambda_handler',
      Role: `arn:aws:iam::${account}:role/${RoleName}`,
      Timeout: 30,
      Code: { ZipFile: zipOf([['shelf.py', readFileSync(connector)]]) },
    }),
  );
}

/** A projection of all fields, and each as it is. */
function tasksOf(operator: 'S3' | 'CustomConnector'): FlowInput['tasks'] {
  const types = {
    id: 'long',
    name: 'string',
    amount: 'long',
    price: 'double',
    fragile: 'boolean',
    updated_at: 'datetime',
  };
  return [
    {
      taskType: 'Filter',
      sourceFields: Object.keys(types),
      connectorOperator: { [operator]: 'PROJECTION' },
      taskProperties: {},
    },
    ...Object.entries(types).map(([field, type]) => ({
      taskType: 'Map' as const,
      sourceFields: [field],
      destinationField: field,
      connectorOperator: { [operator]: 'NO_OP' },
      taskProperties: { SOURCE_DATA_TYPE: type, DESTINATION_DATA_TYPE: type },
    })),
  ];
}

function writing(): FlowInput {
  return {
    flowName: 'into-shelf',
    triggerConfig: { triggerType: 'OnDemand' },
    sourceFlowConfig: {
      connectorType: 'S3',
      sourceConnectorProperties: {
        S3: {
          bucketName: inbox,
          bucketPrefix: 'into-shelf',
          s3InputFormatConfig: { s3InputFileType: 'JSON' },
        },
      },
    },
    destinationFlowConfigList: [
      {
        connectorType: 'CustomConnector',
        connectorProfileName: 'shelf',
        apiVersion: 'v1',
        destinationConnectorProperties: {
          CustomConnector: { entityName: 'items', writeOperationType: 'UPSERT', idFieldNames: ['id'] },
        },
      },
    ],
    tasks: tasksOf('S3'),
  };
}

function reading(): FlowInput {
  const { sourceFlowConfig, ...rest } = issuesFlow('from-shelf', 'shelf', {
    tasks: tasksOf('CustomConnector'),
  });
  return {
    ...rest,
    sourceFlowConfig: {
      ...sourceFlowConfig,
      apiVersion: 'v1',
      sourceConnectorProperties: { CustomConnector: { entityName: 'items' } },
    },
  };
}

beforeAll(async () => {
  await freshCloud();
  await makeStores();
  execFileSync('python3', [connector, 'create', database, 'a-token-of-the-tests']);
  await put(inbox, 'into-shelf/items.jsonl', items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  await makeFunction();
  const host = lambdaConnectorHost(openLambda(functionArn), functionArn, async () => openSecrets(region));
  const registration = checkRegistration(
    JSON.parse(
      JSON.stringify({
        connectorLabel: 'Shelf',
        connectorProvisioningConfig: { lambda: { lambdaArn: functionArn } },
        connectorConfiguration: await describeConfiguration('Shelf', host, quiet),
      }),
    ),
    'Shelf.json',
  );
  const connection = {
    connectorProfileName: 'shelf',
    connectorType: 'CustomConnector',
    connectorLabel: 'Shelf',
    connectorProfileProperties: { database },
  } as const;
  await deployFlows([writing(), reading()], [connection], [registration]);
});

afterEach(freshCloud);

afterAll(() => rmSync(folder, { recursive: true }));

describe('a custom connector in Python', () => {
  it('takes and gives 10,000 records of deployed flows, within the rights of all', async () => {
    expect(await intoShelf.run()).toMatchObject({ status: 'SUCCEEDED', run: { status: 'Successful' } });
    const ended = await fromShelf.run();
    expect(ended.status).toBe('SUCCEEDED');
    const lines = await linesOf('from-shelf', ended.executionId);
    expect(lines.map((line) => JSON.parse(line))).toEqual(items);
    await expectNoTrouble();
  });
});
