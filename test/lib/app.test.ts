import { App, type Stack } from 'aws-cdk-lib';
import { beforeAll, describe, expect, it } from 'vitest';
import { addTributary } from '../../lib/app.ts';
import { folderWith, issuesConnection, issuesFlow, prepareCdk, resourcesOf, s3Flow } from '../support/cdk.ts';
import { configurationOf, oauthConfiguration } from '../support/scripted-connector.ts';

beforeAll(prepareCdk, 60_000);

const { vpc: _, connectionMode: __, ...connection } = issuesConnection;

function stacks(context: Record<string, string>) {
  const app = new App({ context });
  addTributary(app);
  return app.node.children.flatMap((child) => ('stackName' in child ? [child.node.id] : []));
}

function messageOf(context: Record<string, string>): string {
  try {
    stacks(context);
    return '';
  } catch (error) {
    return String(error);
  }
}

describe('addTributary', () => {
  it('adds the platform and a stack for every flow and connection, whatever its form', () => {
    const flows = folderWith({
      'a.json': s3Flow('accounts'),
      'b.yaml': JSON.stringify(s3Flow('orders')),
      'c.yml': JSON.stringify(issuesFlow),
      'README.md': 'not a flow',
    });
    const connections = folderWith({ 'gh.json': connection });
    expect(stacks({ flows, connections }).sort()).toEqual([
      'tributary-accounts-bc62a3c1',
      'tributary-connection-gh-fb2b7fce',
      'tributary-issues-02e3fe5a',
      'tributary-orders-1c168adb',
      'tributary-platform',
    ]);
  });

  it('refuses a folder that was asked for and is not there', () => {
    expect(messageOf({ flows: '/nowhere' })).toContain('context flows: not a folder; got /nowhere');
  });

  it('names all that is wrong at once, with its file', () => {
    const flows = folderWith({
      'a.json': s3Flow('accounts'),
      'b.json': s3Flow('accounts'),
      'broken.yaml': 'flowName: [',
      'event.json': s3Flow('event', { triggerConfig: { triggerType: 'Event' } }),
      'issues.json': issuesFlow,
    });
    const connections = folderWith({ 'x.json': { ...connection, connectorProfileName: 'x' } });
    const message = messageOf({ flows, connections });
    expect(message).toContain(`${flows}/broken.yaml`);
    expect(message).toContain(`${flows}/b.json, flowName: the name is taken; got accounts`);
    expect(message).toContain(`${flows}/event.json: cannot be deployed: triggerConfig.triggerType`);
    expect(message).toContain(`${flows}/issues.json: cannot be deployed`);
    expect(message).toContain("there is no connection 'gh'");
  });

  it('refuses what would break a limit whatever the flow moves', () => {
    const eventPattern = { source: ['x'.repeat(4096)] };
    const flows = folderWith({ 'a.json': s3Flow('accounts', { tributary: { eventPattern } }) });
    expect(messageOf({ flows })).toContain(
      `${flows}/a.json: cannot be deployed: tributary.eventPattern: it has 4111 characters, and EventBridge takes 4096 at most`,
    );
  });

  it('deploys no endpoint but to a test', () => {
    const flows = folderWith({ 'issues.json': issuesFlow });
    const connections = folderWith({ 'gh.json': { ...connection, endpoint: 'http://127.0.0.1:8080' } });
    expect(messageOf({ flows, connections })).toContain(
      `${connections}/gh.json, endpoint: an endpoint is for tests on one machine and cannot be deployed; remove it`,
    );
    expect(stacks({ flows, connections, allowEndpoints: 'true' })).toHaveLength(3);
  });
});

describe('custom connectors', () => {
  const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:acme';
  const acme = (members: object, configuration: object = {}) => ({
    connectorLabel: 'AcmeCRM',
    ...members,
    connectorConfiguration: configurationOf({ connectorRuntimeSetting: [], ...configuration }),
  });
  const deployed = { connectorProvisioningConfig: { lambda: { lambdaArn: functionArn } } };
  const flow = s3Flow('contacts', {
    sourceFlowConfig: {
      connectorType: 'CustomConnector',
      connectorProfileName: 'crm',
      apiVersion: 'v1.0',
      sourceConnectorProperties: { CustomConnector: { entityName: 'contact' } },
    },
    tasks: [{ taskType: 'Map_all', sourceFields: [], connectorOperator: { CustomConnector: 'NO_OP' } }],
  });
  const crm = {
    connectorProfileName: 'crm',
    connectorType: 'CustomConnector',
    connectorLabel: 'AcmeCRM',
  } as const;
  const context = (registration: object, definition: object = flow) => ({
    flows: folderWith({ 'contacts.json': definition }),
    connections: folderWith({ 'crm.json': crm }),
    customConnectors: folderWith({ 'AcmeCRM.json': registration }),
  });

  it('let transfer call that one function, and nothing hand over tokens without OAuth 2', () => {
    const app = new App({ context: context(acme(deployed)) });
    addTributary(app);
    const stack = resourcesOf(app.node.findChild('tributary-contacts-aa5af408') as Stack);
    const textOf = (id: string) =>
      Object.entries(stack)
        .filter(([name]) => name.startsWith(id))
        .map(([, resource]) => JSON.stringify(resource))
        .join();
    const transfer = textOf('FlowTransferRole');
    expect(transfer.split('lambda:InvokeFunction')).toHaveLength(2);
    expect(transfer).toContain(
      `{"Action":"lambda:InvokeFunction","Effect":"Allow","Resource":"${functionArn}"`,
    );
    expect(transfer).not.toContain('PutSecretValue');
    expect(textOf('FlowControlRole')).not.toContain(functionArn);
    const profile = app.node.findChild('tributary-connection-crm-9261ceef') as Stack;
    expect(Object.keys(resourcesOf(profile))).not.toContain('ConnectorProfileToken');
  });

  it('of OAuth 2 get a secret for the token alone, which transfer may write', () => {
    const app = new App({ context: context(acme(deployed, oauthConfiguration)) });
    addTributary(app);
    const profile = resourcesOf(app.node.findChild('tributary-connection-crm-9261ceef') as Stack);
    expect(Object.values(profile).map(({ Properties }) => Properties.Name)).toContain(
      'tributary/crm-9261ceef/token',
    );
    const flowStack = JSON.stringify(resourcesOf(app.node.findChild('tributary-contacts-aa5af408') as Stack));
    expect(flowStack).toContain('secret:tributary/crm-9261ceef/token-??????');
  });

  it.each([
    [acme({ local: { command: ['python3', 'a.py'] } }), flow, 'custom connector AcmeCRM has no function'],
    [acme(deployed, { connectorModes: ['DESTINATION'] }), flow, 'AcmeCRM says that it is no source'],
    [acme(deployed, { supportedApiVersions: ['v7'] }), flow, 'AcmeCRM has no version v1.0; it has v7'],
    [acme(deployed, { supportedTriggerTypes: ['SCHEDULED'] }), flow, 'AcmeCRM is not for OnDemand'],
    [{ ...acme(deployed), connectorLabel: 'Other' }, flow, 'this version has no source AcmeCRM'],
  ])('%# are refused before anything is deployed', (registration, definition, message) => {
    expect(messageOf(context(registration, definition))).toContain(message);
  });
});
