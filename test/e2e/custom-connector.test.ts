/** A custom connector in Python as a Lambda function of its own, called by a deployed flow. */

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
  region,
} from './support/deployment.ts';
import { account, issuesFlow } from './support/flows.ts';

const connector = 'examples/custom-connectors/shelf.py';
const records = 10_000;
const functionArn = `arn:aws:lambda:${region}:${account}:function:shelf`;
const items = deployedFlow('shelf-items');
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

function flow(): FlowInput {
  const { sourceFlowConfig, ...rest } = issuesFlow('shelf-items', 'shelf', {
    tasks: [{ taskType: 'Map_all', sourceFields: [], connectorOperator: { CustomConnector: 'NO_OP' } }],
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
  execFileSync('python3', [
    '-c',
    `import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.execute("DELETE FROM items")
    database.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)",
        [(n, f"Item {n}", n, n / 4, 0, "2026-01-01T00:00:00Z") for n in range(1, ${records} + 1)])`,
    database,
  ]);
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
  await deployFlows([flow()], [connection], [registration]);
});

afterEach(freshCloud);

afterAll(() => rmSync(folder, { recursive: true }));

describe('a custom connector in Python', () => {
  it('gives a deployed flow its 10,000 records, within the rights of both', async () => {
    const ended = await items.run();
    expect(ended.status).toBe('SUCCEEDED');
    const lines = await linesOf('shelf-items', ended.executionId);
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      Array.from({ length: records }, (_, index) => ({
        id: index + 1,
        name: `Item ${index + 1}`,
        amount: index + 1,
        price: (index + 1) / 4,
        fragile: false,
        updated_at: '2026-01-01T00:00:00Z',
      })),
    );
    await expectNoTrouble();
  });
});
