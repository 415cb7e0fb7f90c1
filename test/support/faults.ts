/** What goes wrong at a run: injected through ports, a vendor in process or a server on this machine; then explained. */

import {
  apiKey,
  type Connector,
  cursor,
  defineConnector,
  entity,
  type Http,
  long,
  oauth2,
  string,
} from '#core';
import type { ConnectionDefinition } from '../../core/connection.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { checkFlow } from '../../core/flow/read.ts';
import { declaredSource } from '../../engine/http/declared-source.ts';
import { type Explanation, explainRun } from '../../engine/run/explain.ts';
import { type FlowState, flowKey, type LeftError, leftKey, readRun } from '../../engine/run/run.ts';
import { readDefinition } from '../../engine/run/run-definition.ts';
import { awsError } from '../../lambdas/aws/errors.ts';
import { type MemoryHome, memoryHome, type RunOptions, stateBucket } from './memory-home.ts';

export const executionId = '11111111-2222-4333-8444-555555555555';

/** As the command explains it, a minute after the run. */
export async function explained(
  home: MemoryHome,
  flow: FlowDefinition,
  connector?: Connector,
): Promise<Explanation> {
  const { data: run } = await readRun(home.state, executionId);
  const left = await home.state.get<LeftError>(leftKey(executionId).pk, 'LEFT');
  const state = await home.state.get<FlowState>(flowKey(flow.flowName), 'STATE');
  home.clock.advance(60_000);
  return explainRun(run, {
    now: home.clock.now(),
    isRunning: home.running.has(run.executionArn),
    state: state?.data,
    flow: (await readDefinition(run, home.ports(flow)))?.flow,
    connector,
    stateBucket,
    left: left?.data,
  });
}

/** An error as the AWS SDK throws it, in the words of the ports to AWS. */
export function ofAws(name: string, action: string, at: string, message = 'no policy allows it'): unknown {
  const $metadata = { httpStatusCode: name === 'SlowDown' ? 503 : 403, requestId: 'aws-1' };
  return awsError(Object.assign(new Error(message), { name, $metadata }), action, at);
}

/** Fails a call of a port in one step, each time. */
export function failing(step: string, call: string, error: unknown): Pick<RunOptions, 'aroundStep'> {
  return {
    aroundStep: (name, run) =>
      run((called, when) => {
        if (name === step && called === call && when === 'before') throw error;
      }),
  };
}

/** Ends the function in one step, each time, as Lambda reports it. */
export function dying(step: string, name: string, message: string): Pick<RunOptions, 'aroundStep'> {
  return {
    aroundStep: (called, run) => {
      if (called === step) throw Object.assign(new Error(message), { name });
      return run();
    },
  };
}

/** Of nobody: orders in pages. */
export const shop = defineConnector({
  label: 'Shop',
  docs: 'https://docs.shop.example/api',
  baseUrl: 'https://{instance}',
  hosts: ['*.shop.example'],
  settings: { instance: { label: 'Instance' } },
  auth: [
    oauth2({
      authorizeUrl: 'https://login.shop.example/authorize',
      tokenUrl: 'https://login.shop.example/token',
      scopes: ['orders.read'],
    }),
    apiKey({ label: 'API key', scheme: 'Bearer' }),
  ],
  validateCredentials: 'GET /me',
  pagination: cursor({ at: 'next', param: 'page' }),
  errors: {
    message: 'message',
    vendorCode: 'code',
    requestId: 'x-request-id',
    rules: [{ vendorCode: 'TOO_MUCH', code: 'WindowTooLarge' }],
  },
  entities: {
    orders: entity({
      docs: 'https://docs.shop.example/api/orders',
      path: '/orders',
      records: 'orders',
      primaryKey: ['id'],
      fields: { id: long(), name: string() },
    }),
  },
});

export const shopFlow: FlowDefinition = checkFlow(
  {
    flowName: 'shop-orders',
    triggerConfig: { triggerType: 'OnDemand' },
    sourceFlowConfig: {
      connectorType: 'CustomConnector',
      connectorProfileName: 'my-shop',
      apiVersion: 'v1',
      sourceConnectorProperties: { CustomConnector: { entityName: 'orders' } },
    },
    destinationFlowConfigList: [
      { connectorType: 'S3', destinationConnectorProperties: { S3: { bucketName: 'lake' } } },
    ],
    tasks: [{ taskType: 'Map_all', sourceFields: [], taskProperties: {} }],
  },
  'shop flow',
);

export interface ShopOptions {
  /** Default: an API key. */
  readonly credentials?: Readonly<Record<string, string>>;
  readonly instance?: string;
  readonly endpoint?: string;
}

/** A home whose flow reads from the shop. */
export function shopHome(
  send: Http['send'],
  { credentials = { apiKey: 'the-key' }, instance = 'eu.shop.example', endpoint }: ShopOptions = {},
): MemoryHome {
  const connection: ConnectionDefinition = {
    connectorProfileName: 'my-shop',
    connectorType: 'CustomConnector',
    connectorLabel: 'Shop',
    connectorProfileProperties: { instance },
    ...(endpoint && { endpoint }),
  };
  return memoryHome({
    buckets: ['lake'],
    sources: { Shop: declaredSource(shop) },
    connections: { 'my-shop': connection },
    credentials,
    http: { send },
  });
}
