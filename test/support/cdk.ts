import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { ConnectionDefinition } from '../../core/connection.ts';
import type { FlowInput } from '../../core/flow/definition.ts';
import { buildLambda } from '../../scripts/build-lambda.ts';

/**
 * The constructs need some bundle to stage; any version of it will do. Synthesis leaves out CDK's own validation of
 * templates, which takes seconds a template (a deployment with our cdk.json has it), and the stack traces of constructs.
 */
export async function prepareCdk(): Promise<void> {
  process.env.CDK_VALIDATION = 'false';
  process.env.CDK_DISABLE_STACK_TRACE = '1';
  const built = fileURLToPath(new URL('../../dist/lambda', import.meta.url));
  if (existsSync(built)) return;
  const own = `${built}-${randomUUID()}`;
  await buildLambda(own);
  try {
    renameSync(own, built);
  } catch {
    // Another test file was faster; its folder is in use and stays.
    rmSync(own, { recursive: true });
  }
}

export const env = { account: '123456789012', region: 'eu-central-1' };

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: templates are looked into by literal paths
  readonly Properties: any;
  readonly DependsOn?: readonly string[];
}

export function resourcesOf(stack: Stack): Record<string, Resource> {
  return Template.fromStack(stack).toJSON().Resources;
}

export function testStack(context: Record<string, unknown> = {}): Stack {
  return new Stack(new App({ context }), 'Test', { env });
}

/** A file tree of its own for one test. */
export function folderWith(files: Readonly<Record<string, string | object>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-test-'));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return folder;
}

/** S3 to S3, on demand. */
export function s3Flow(flowName: string, more: Partial<FlowInput> = {}): FlowInput {
  return {
    flowName,
    triggerConfig: { triggerType: 'OnDemand' },
    sourceFlowConfig: {
      connectorType: 'S3',
      sourceConnectorProperties: { S3: { bucketName: 'acme-raw', bucketPrefix: '/in/crm/' } },
    },
    destinationFlowConfigList: [
      {
        connectorType: 'S3',
        destinationConnectorProperties: { S3: { bucketName: 'acme-lake', bucketPrefix: 'out' } },
      },
    ],
    tasks: [
      { taskType: 'Filter', sourceFields: ['Name'], connectorOperator: { S3: 'PROJECTION' } },
      {
        taskType: 'Map',
        sourceFields: ['Name'],
        destinationField: 'Name',
        connectorOperator: { S3: 'NO_OP' },
      },
    ],
    ...more,
  };
}

export const issuesConnection: ConnectionDefinition = {
  connectorProfileName: 'gh',
  connectorType: 'CustomConnector',
  connectorLabel: 'GitHub',
  connectionMode: 'Private',
  connectorProfileProperties: { owner: 'acme', repo: 'web' },
  credentials: { apiKey: '${env:GITHUB_TOKEN}' },
  vpc: {
    vpcId: 'vpc-0123456789abcdef0',
    subnetIds: ['subnet-0123456789abcdef0'],
    securityGroupIds: ['sg-0123456789abcdef0'],
  },
};

/** GitHub through a VPC to S3 and the catalog, on a schedule, with a key, tags and an error bucket. */
export const issuesFlow: FlowInput = {
  flowName: 'issues',
  kmsArn: 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555',
  tags: { team: 'data' },
  triggerConfig: {
    triggerType: 'Scheduled',
    triggerProperties: { Scheduled: { scheduleExpression: 'rate(1days)', dataPullMode: 'Incremental' } },
  },
  sourceFlowConfig: {
    connectorType: 'CustomConnector',
    connectorProfileName: 'gh',
    apiVersion: '2022-11-28',
    sourceConnectorProperties: { CustomConnector: { entityName: 'issues' } },
    incrementalPullConfig: { datetimeTypeFieldName: 'updated_at' },
  },
  destinationFlowConfigList: [
    {
      connectorType: 'S3',
      destinationConnectorProperties: { S3: { bucketName: 'acme-lake', bucketPrefix: 'out' } },
    },
  ],
  tasks: [
    { taskType: 'Filter', sourceFields: ['title'], connectorOperator: { CustomConnector: 'PROJECTION' } },
    {
      taskType: 'Map',
      sourceFields: ['title'],
      destinationField: 'title',
      connectorOperator: { CustomConnector: 'NO_OP' },
    },
  ],
  metadataCatalogConfig: {
    glueDataCatalog: {
      roleArn: 'arn:aws:iam::123456789012:role/glue',
      databaseName: 'lake',
      tablePrefix: 'GH',
    },
  },
  tributary: { errorHandlingConfig: { bucketName: 'acme-errors', bucketPrefix: 'refused' } },
};
