import { App } from 'aws-cdk-lib';
import { beforeAll, describe, expect, it } from 'vitest';
import { addTributary } from '../../lib/app.ts';
import { folderWith, issuesConnection, issuesFlow, prepareCdk, s3Flow } from '../support/cdk.ts';

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

  it('deploys no endpoint but to a test', () => {
    const flows = folderWith({ 'issues.json': issuesFlow });
    const connections = folderWith({ 'gh.json': { ...connection, endpoint: 'http://127.0.0.1:8080' } });
    expect(messageOf({ flows, connections })).toContain(
      `${connections}/gh.json, endpoint: an endpoint is for tests on one machine and cannot be deployed; remove it`,
    );
    expect(stacks({ flows, connections, allowEndpoints: 'true' })).toHaveLength(3);
  });
});
