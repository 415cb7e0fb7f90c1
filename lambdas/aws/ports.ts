import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { loadConnector } from '../../connectors/registry.ts';
import type { ConnectionDefinition } from '../../core/connection.ts';
import type { LoadConnector } from '../../core/connector/loaded.ts';
import type { ConnectorRegistration } from '../../core/custom-connector/registration.ts';
import { TributaryError } from '../../core/errors.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { keyAlias, signingKeyAlias } from '../../core/physical-name.ts';
import type { Catalog, LogFields } from '../../core/ports.ts';
import { destinationOf } from '../../engine/destination-of.ts';
import { nodeHttp } from '../../engine/http/node-http.ts';
import type { EnginePorts } from '../../engine/ports.ts';
import { sourceOf } from '../../engine/source-of.ts';
import { clientConfig, s3Config } from './client-config.ts';
import { jsonLog } from './log.ts';
import { embeddedMetricSink } from './metric-sink.ts';
import { s3ObjectStore } from './object-store.ts';
import { once } from './once.ts';
import { print, systemClock } from './process.ts';
import { dynamoStateStore } from './state-store.ts';

/** What the flow's stack tells its functions (see lib/flow.ts). */
const environment = z.object({
  AWS_REGION: z.string(),
  /** MB; Lambda's own. */
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.coerce.number().optional(),
  ACCOUNT_ID: z.string(),
  CREATED_BY: z.string(),
  STATE_BUCKET: z.string(),
  STATE_TABLE: z.string(),
  EVENT_SOURCE: z.string(),
  /** Of the functions that may sign. */
  SIGNING_KEY_ARN: z.string().optional(),
  /** `s3://bucket/key` of the definition and the connections that it names. */
  FLOW_DEFINITION: z.string().regex(/^s3:\/\/[^/]+\/.+$/),
});

/** Written by the stack from what was checked at synth. */
interface DeployedFlow {
  readonly flow: FlowDefinition;
  readonly connections: readonly ConnectionDefinition[];
  /** Of the custom connectors that the connections name. */
  readonly customConnectors?: readonly ConnectorRegistration[];
}

export interface Invocation {
  /** Epoch milliseconds at which the function is stopped. */
  readonly deadline: number;
  /** Bound to every line of the log. */
  readonly logFields: LogFields;
}

/**
 * The ports of one flow's functions. S3 and DynamoDB serve every step; what serves few is loaded when it is first used.
 * What is made lasts for the process.
 */
export function awsPorts(env: NodeJS.ProcessEnv): (invocation: Invocation) => EnginePorts {
  const variables = environment.parse(env);
  const { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory } = variables;
  const objects = s3ObjectStore(new S3Client(s3Config));
  const state = dynamoStateStore(new DynamoDBClient(clientConfig), variables.STATE_TABLE);
  const metrics = embeddedMetricSink(print, systemClock);
  const http = nodeHttp();
  const catalog = once(async () => {
    const { GlueClient, glueCatalog } = await import('./catalog.ts');
    return glueCatalog(new GlueClient(clientConfig));
  });
  const events = once(async () => {
    const { EventBridgeClient, eventBridgeSink } = await import('./event-sink.ts');
    return eventBridgeSink(new EventBridgeClient(clientConfig), variables.EVENT_SOURCE);
  });
  const secrets = once(async () => {
    const { SecretsManagerClient, secretsManagerSecrets } = await import('./secrets.ts');
    return secretsManagerSecrets(new SecretsManagerClient(clientConfig));
  });
  const vault = once(async () => {
    const { KMSClient, kmsVault } = await import('./vault.ts');
    return kmsVault(new KMSClient(clientConfig), keyAlias);
  });
  const signer = once(async () => {
    const { KMSClient, kmsSigner } = await import('./signer.ts');
    return kmsSigner(new KMSClient(clientConfig), variables.SIGNING_KEY_ARN ?? signingKeyAlias);
  });
  const executions = once(async () => {
    const { SFNClient, stepFunctionsExecutions } = await import('./executions.ts');
    return stepFunctionsExecutions(new SFNClient(clientConfig));
  });
  const deployed = once(async () => {
    const [, , bucket = '', ...key] = variables.FLOW_DEFINITION.split('/');
    const text = await objects.read(bucket, key.join('/'));
    return JSON.parse(Buffer.from(text).toString()) as DeployedFlow;
  });

  const loadCustom: LoadConnector = async (label) => {
    const { customConnectors = [] } = await deployed();
    const registration = customConnectors.find(({ connectorLabel }) => connectorLabel === label);
    const functionArn = registration?.connectorProvisioningConfig?.lambda.lambdaArn;
    if (!registration || functionArn === undefined) return undefined;
    const { customConnector } = await import('../../engine/custom-connector/custom-connector.ts');
    const { lambdaConnectorHost, openLambda } = await import('./lambda-connector-host.ts');
    return customConnector(registration, lambdaConnectorHost(openLambda(functionArn), functionArn, secrets));
  };

  return ({ deadline, logFields }) => ({
    home: {
      stateBucket: variables.STATE_BUCKET,
      accountId: variables.ACCOUNT_ID,
      region: variables.AWS_REGION,
      createdBy: variables.CREATED_BY,
    },
    objects,
    state,
    catalog: lazyCatalog(catalog),
    events: { emit: async (event) => (await events()).emit(event) },
    metrics,
    executions: { isRunning: async (arn) => (await executions()).isRunning(arn) },
    http,
    secrets: {
      read: async (name) => (await secrets()).read(name),
      update: async (...args) => (await secrets()).update(...args),
    },
    vault: {
      seal: async (...args) => (await vault()).seal(...args),
      open: async (...args) => (await vault()).open(...args),
    },
    signer: {
      sign: async (text) => (await signer()).sign(text),
      publicKey: async () => (await signer()).publicKey(),
    },
    clock: systemClock,
    log: jsonLog(print, systemClock, logFields),
    loadFlow: async () => (await deployed()).flow,
    async loadConnection(name) {
      const { flow, connections } = await deployed();
      const found = connections.find(({ connectorProfileName }) => connectorProfileName === name);
      if (found) return found;
      throw new TributaryError('ConnectionInvalid', `there is no connection '${name}'`, {
        flowName: flow.flowName,
        fix: 'deploy the flow again with its connection file',
      });
    },
    async loadDestination(connector) {
      const loaded = (await loadConnector(connector)) ?? (await loadCustom(connector));
      if (loaded) return destinationOf(loaded);
      throw new TributaryError('NotRunnable', `this version has no destination ${connector}`);
    },
    async loadSource(connector) {
      const loaded = (await loadConnector(connector)) ?? (await loadCustom(connector));
      if (loaded) return sourceOf(loaded);
      throw new TributaryError('NotRunnable', `this version has no source ${connector}`);
    },
    ...(memory !== undefined && { memory }),
    deadline,
    attemptId: randomUUID(),
  });
}

function lazyCatalog(catalog: () => Promise<Catalog>): Catalog {
  return {
    getTable: async (...args) => (await catalog()).getTable(...args),
    putTable: async (...args) => (await catalog()).putTable(...args),
    deleteTable: async (...args) => (await catalog()).deleteTable(...args),
    async *listPartitions(...args) {
      yield* (await catalog()).listPartitions(...args);
    },
    putPartitions: async (...args) => (await catalog()).putPartitions(...args),
    deletePartitions: async (...args) => (await catalog()).deletePartitions(...args),
  };
}
