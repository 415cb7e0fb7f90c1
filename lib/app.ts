import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { connectorNames, destinationConnectors, jobConnectors } from '../connectors/registry.ts';
import { type ConnectionDefinition, readConnection } from '../core/connection.ts';
import { judgeWithCustom } from '../core/custom-connector/judge-with-custom.ts';
import { type ConnectorRegistration, readRegistration } from '../core/custom-connector/registration.ts';
import { TributaryError, TributaryErrors } from '../core/errors.ts';
import { certainlyBroken } from '../core/flow/certain-limits.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { readFlow } from '../core/flow/read.ts';
import type { Supports } from '../core/flow/runnable.ts';
import { ConnectorProfileStack } from './connector-profile.ts';
import { FlowStack } from './flow.ts';
import { TributaryPlatformStack } from './platform.ts';

const supports: Supports = {
  sources: new Set(connectorNames),
  destinations: new Set(['S3', ...destinationConnectors]),
  asyncSources: new Set(jobConnectors),
  features: new Set(['metadataCatalog']),
};

/**
 * Adds the platform and a stack for every flow and connection file (*.json, *.yaml, *.yml) of their folders.
 *
 * Context: `flows`, `connections` and `customConnectors` (folders; default `flows`, `connections` and `custom-connectors`), `alarmTopicArn` (an SNS topic),
 * `allowEndpoints` (`true` in tests against a local server: connections may then name an endpoint).
 *
 * @throws TributaryErrors with everything that is wrong in any file, or that this version cannot run.
 */
export function addTributary(app: App): void {
  const context = (name: string): string | undefined => app.node.tryGetContext(name);
  const env = {
    ...(process.env.CDK_DEFAULT_ACCOUNT && { account: process.env.CDK_DEFAULT_ACCOUNT }),
    ...(process.env.CDK_DEFAULT_REGION && { region: process.env.CDK_DEFAULT_REGION }),
  };
  const errors: TributaryError[] = [];
  const connections = readAll(context('connections'), 'connections', readConnection, errors);
  const flows = readAll(context('flows'), 'flows', readFlow, errors);
  const customConnectors = readAll(
    context('customConnectors'),
    'custom-connectors',
    readRegistration,
    errors,
    'customConnectors',
  );
  if (String(context('allowEndpoints')) !== 'true') errors.push(...endpointErrors(connections));
  errors.push(
    ...repeated(connections, ({ connectorProfileName }) => connectorProfileName, 'connectorProfileName'),
    ...repeated(flows, ({ flowName }) => flowName, 'flowName'),
    ...repeated(customConnectors, ({ connectorLabel }) => connectorLabel, 'connectorLabel'),
    ...flows.flatMap(({ file, value }) =>
      runnableErrors(
        file,
        value,
        connections.map((each) => each.value),
        customConnectors.map((each) => each.value),
      ),
    ),
  );
  if (errors.length > 0) throw new TributaryErrors('NotRunnable', errors);

  const platform = new TributaryPlatformStack(app, { env });
  const topicArn = context('alarmTopicArn');
  if (topicArn) platform.platform.notify(Topic.fromTopicArn(platform, 'AlarmTopic', topicArn));
  const profiles = new Map(
    connections.map(({ value }) => {
      const stack = new ConnectorProfileStack(app, {
        env,
        definition: value,
        customConnectors: customConnectors.map((each) => each.value),
      });
      stack.addStackDependency(platform);
      return [value.connectorProfileName, stack];
    }),
  );
  for (const { value } of flows) {
    const stack = new FlowStack(app, {
      env,
      definition: value,
      connections: connections.map((each) => each.value),
      customConnectors: customConnectors.map((each) => each.value),
    });
    stack.addStackDependency(platform);
    for (const { connectorProfileName = '' } of [
      value.sourceFlowConfig,
      ...value.destinationFlowConfigList,
    ]) {
      const profile = profiles.get(connectorProfileName);
      if (profile) stack.addStackDependency(profile);
    }
  }
}

interface Read<T> {
  readonly file: string;
  readonly value: T;
}

/** A folder that was asked for must be there; of the default one it is enough that it may be. */
function readAll<T>(
  asked: string | undefined,
  fallback: string,
  read: (text: string, fileName: string) => T,
  errors: TributaryError[],
  member = fallback,
): Read<T>[] {
  const folder = asked ?? fallback;
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    if (asked !== undefined)
      errors.push(
        new TributaryError('InvalidArgument', 'not a folder', { at: `context ${member}`, got: folder }),
      );
    return [];
  }
  return readdirSync(folder)
    .filter((name) => /\.(json|ya?ml)$/i.test(name))
    .sort()
    .flatMap((name) => {
      const file = join(folder, name);
      try {
        return [{ file, value: read(readFileSync(file, 'utf8'), file) }];
      } catch (error) {
        if (!(error instanceof TributaryError)) throw error;
        errors.push(error);
        return [];
      }
    });
}

function endpointErrors(connections: readonly Read<ConnectionDefinition>[]): TributaryError[] {
  return connections
    .filter(({ value }) => value.endpoint !== undefined)
    .map(
      ({ file }) =>
        new TributaryError('NotRunnable', 'an endpoint is for tests on one machine and cannot be deployed', {
          at: `${file}, endpoint`,
          fix: 'remove it',
        }),
    );
}

function repeated<T>(
  all: readonly Read<T>[],
  nameOf: (value: T) => string,
  member: string,
): TributaryError[] {
  const first = new Map<string, string>();
  return all.flatMap(({ file, value }) => {
    const name = nameOf(value);
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, file);
      return [];
    }
    return [
      new TributaryError('FlowInvalid', 'the name is taken', {
        at: `${file}, ${member}`,
        got: name,
        fix: `give it another name than in ${other}`,
      }),
    ];
  });
}

function runnableErrors(
  file: string,
  flow: FlowDefinition,
  connections: readonly ConnectionDefinition[],
  customConnectors: readonly ConnectorRegistration[],
): TributaryError[] {
  const named = (name: string | undefined) =>
    connections.find(({ connectorProfileName }) => connectorProfileName === name);
  const source = named(flow.sourceFlowConfig.connectorProfileName);
  const destination = named(flow.destinationFlowConfigList[0]?.connectorProfileName);
  const reasons = judgeWithCustom(flow, supports, { source, destination }, customConnectors);
  const local = [source, destination].flatMap((connection) => {
    const found = customConnectors.find(
      ({ connectorLabel }) => connectorLabel === connection?.connectorLabel,
    );
    if (!found || found.connectorProvisioningConfig) return [];
    const { connectorLabel: label } = found;
    return `custom connector ${label} has no function; register it with one: tributary connectors register ${label} --lambda ARN`;
  });
  const missing = [flow.sourceFlowConfig, ...flow.destinationFlowConfigList].flatMap(
    ({ connectorType, connectorProfileName: name }) =>
      name === undefined || named(name) || connectorType === 'CustomConnector'
        ? []
        : [`there is no connection '${name}'; add its file`],
  );
  return [...reasons, ...local, ...missing, ...certainlyBroken(flow)].map(
    (reason) => new TributaryError('NotRunnable', `cannot be deployed: ${reason}`, { at: file }),
  );
}
