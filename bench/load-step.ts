/**
 * One step loaded as a function's first invocation does, in a process of its own: the function, its clients of S3 and DynamoDB,
 * the step's code, the SDK clients that the step may use, then a connector: `node load-step.mjs STEP [CONNECTOR]`. Prints, as JSON,
 * what the process had used once the step was loaded, and the milliseconds that the connector took.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { loadConnector } from '../connectors/registry.ts';
import { type StepName, stepNames } from '../core/flow/state-machine.ts';
import { clientConfig, s3Config } from '../lambdas/aws/client-config.ts';
import { ownUsage, type Usage } from './usage.ts';

export interface LoadedStep {
  /** With the start of Node.js. */
  readonly step: Usage;
  readonly connectorMilliseconds: number;
}

const events = async (): Promise<void> => {
  const { EventBridgeClient, eventBridgeSink } = await import('../lambdas/aws/event-sink.ts');
  eventBridgeSink(new EventBridgeClient(clientConfig), 'tributary');
};
/** Of a flow whose connection has an access token. */
const credentials = async (): Promise<void> => {
  const { SecretsManagerClient, secretsManagerSecrets } = await import('../lambdas/aws/secrets.ts');
  secretsManagerSecrets(new SecretsManagerClient(clientConfig));
  const { KMSClient, kmsVault } = await import('../lambdas/aws/vault.ts');
  kmsVault(new KMSClient(clientConfig), 'alias/tributary');
};
const makeClients = (): void => {
  new S3Client(s3Config);
  new DynamoDBClient(clientConfig);
};
const transferFunction = async (): Promise<void> => {
  await import('../lambdas/transfer.ts');
  makeClients();
};
const controlFunction = async (): Promise<void> => {
  await import('../lambdas/control.ts');
  makeClients();
};

const load: Record<StepName, readonly (() => Promise<unknown>)[]> = {
  StartRun: [controlFunction, () => import('../engine/steps/start-run.ts'), events],
  DescribeSource: [transferFunction, () => import('../engine/steps/describe-source.ts'), credentials],
  TransferBatch: [transferFunction, () => import('../engine/steps/transfer-batch.ts'), credentials],
  LoadDestination: [transferFunction, () => import('../engine/steps/load-destination.ts'), credentials],
  FailSplit: [controlFunction, () => import('../engine/steps/fail-run.ts')],
  CommitOutput: [
    controlFunction,
    () => import('../engine/steps/commit-output.ts'),
    async () => {
      const { KMSClient, kmsSigner } = await import('../lambdas/aws/signer.ts');
      kmsSigner(new KMSClient(clientConfig), 'alias/tributary-signing');
    },
  ],
  CatalogOutput: [
    controlFunction,
    () => import('../engine/steps/catalog-output.ts'),
    async () => {
      const { GlueClient, glueCatalog } = await import('../lambdas/aws/catalog.ts');
      glueCatalog(new GlueClient(clientConfig));
    },
  ],
  EndRun: [controlFunction, () => import('../engine/steps/end-run.ts'), events],
  FailRun: [controlFunction, () => import('../engine/steps/fail-run.ts'), events],
};

const [, , given = '', connector] = process.argv;
const name = stepNames.find((one) => one === given);
if (!name) throw new Error(`no step '${given}'`);
for (const part of load[name]) await part();
const step = ownUsage();
const begun = performance.now();
if (connector !== undefined && !(await loadConnector(connector)))
  throw new Error(`no connector '${connector}'`);
const loaded: LoadedStep = { step, connectorMilliseconds: performance.now() - begun };
console.log(JSON.stringify(loaded));
