import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { synthesise } from '../fixtures/import/cdk-app.ts';
import { command } from './command.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/flows/${name}.json`, import.meta.url), 'utf8');
const hubspot = '18-hubspot-map-all';

interface Report {
  readonly items: readonly {
    readonly kind: string;
    readonly name: string;
    readonly file?: string;
    readonly refused: readonly string[];
    readonly notYet: readonly string[];
  }[];
  readonly notImported: readonly { readonly place: string; readonly reason: string }[];
  readonly todo: readonly string[];
}

describe('import', () => {
  it('reads what cdk synth wrote, stages included, with what it is told', async () => {
    const cli = command();
    const app = path.join(cli.folder, 'cdk.out');
    synthesise(app);
    const out = path.join(cli.folder, 'ours');
    const { items } = JSON.parse((await cli.run('import', app, '--out', out, '--json')).out) as Report;
    const refusals = items.map(({ name, refused }) => [name, refused.join('\n')]);
    expect(refusals).toEqual([
      ['sn-prod', ''],
      ['incidents', ''],
      [
        'copies',
        expect.stringMatching(/bucketName: Ref Unnamed\w+ is not known: .*--parameters Unnamed\w+=VALUE$/),
      ],
      ['orders', expect.stringMatching(/bucketName: Fn::Join is not known: Ref AWS::AccountId: .*=VALUE$/)],
    ]);
    expect(cli.files('ours')).toEqual(['connections/sn-prod.yaml', 'flows/incidents.yaml']);
    expect(cli.read('ours/connections/sn-prod.yaml')).toBe(
      [
        'connectorProfileName: sn-prod',
        'connectorType: Servicenow',
        'connectorProfileProperties:',
        '  instanceUrl: https://nordwind.service-now.com',
        '',
      ].join('\n'),
    );
    const validated = await cli.run('validate', path.join(out, 'flows/incidents.yaml'), '--runnable');
    expect(validated).toMatchObject({ exitCode: 0, err: '' });
  });

  it('writes what it can, and says what it cannot', async () => {
    const cli = command();
    const good = cli.write(`in/${hubspot}.json`, fixture(hubspot));
    const bad = cli.write('in/bad.json', { flowName: 'bad', tasks: [] });
    const out = path.join(cli.folder, 'ours');
    const { exitCode, out: text } = await cli.run('import', path.dirname(good), '--out', out);
    expect(exitCode).toBe(2);
    expect(text).toContain(`flow hubspot-contacts → ${path.join(out, 'flows/hubspot-contacts.yaml')}\n`);
    expect(text).toContain('flow bad: not imported\n');
    expect(text).toContain(`  refused      ${bad}: triggerConfig: missing`);
    expect(text).toMatch(/\n1 flow, 0 connections, 1 refused\n$/);
    expect((await cli.run('import', good, '--out', out)).exitCode).toBe(0);
  });

  it('leaves files that say something else alone, unless it is forced', async () => {
    const cli = command();
    const file = cli.write('in.json', fixture(hubspot));
    cli.write('flows/hubspot-contacts.yaml', 'flowName: mine\n');
    const args = ['import', file, '--out', cli.folder];
    const { exitCode, out } = await cli.run(...args);
    expect(exitCode).toBe(2);
    expect(out).toContain('is there already, and says something else; --force replaces it');
    expect(cli.read('flows/hubspot-contacts.yaml')).toBe('flowName: mine\n');
    expect((await cli.run(...args, '--force')).exitCode).toBe(0);
    expect(cli.read('flows/hubspot-contacts.yaml')).toMatch(/^flowName: hubspot-contacts\n/);
  });

  it('judges a flow by the connections of its folder, and asks for what a private one needs', async () => {
    const cli = command();
    const profiles = cli.write('profiles.json', {
      connectorProfileDetails: [
        {
          connectorProfileName: 'hubspot-main',
          connectorType: 'CustomConnector',
          connectorLabel: 'Hubspot',
          connectionMode: 'Private',
          connectorProfileProperties: { CustomConnector: { profileProperties: {} } },
        },
      ],
    });
    const flow = cli.write('flow.json', fixture(hubspot));
    const first = await cli.run('import', profiles, '--out', cli.folder);
    expect(first.exitCode).toBe(0);
    expect(cli.read('connections/hubspot-main.yaml')).toBe(
      [
        'connectorProfileName: hubspot-main',
        'connectorType: CustomConnector',
        'connectorLabel: HubSpot',
        'connectionMode: Private',
        '# vpc:',
        '#   vpcId: vpc-…',
        '#   subnetIds: [subnet-…]',
        '#   securityGroupIds: [sg-…]',
        '',
      ].join('\n'),
    );
    cli.write(
      'connections/hubspot-main.yaml',
      'connectorProfileName: hubspot-main\nconnectorType: CustomConnector\nconnectorLabel: SAP\n',
    );
    const { items } = JSON.parse(
      (await cli.run('import', flow, '--out', cli.folder, '--json')).out,
    ) as Report;
    expect(items[0]?.notYet).toEqual([
      expect.stringMatching(/^sourceFlowConfig\.connectorType: this version has no source SAP/),
    ]);
  });

  it('refuses a parameter that nothing asks for, as it is misspelt', async () => {
    const cli = command();
    const template = cli.write('template.json', {
      Parameters: { Stage: { Type: 'String' } },
      Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
    });
    const parameters = ['--parameters', 'Stage=prod', '--parameters', 'Staeg=prod'];
    expect(await cli.run('import', template, '--out', cli.folder, ...parameters)).toEqual({
      exitCode: 2,
      out: '',
      err: '--parameters: nothing in these files is called so; got Staeg\n',
    });
    expect(await cli.run('import', template, '--out', cli.folder, ...parameters.slice(0, 2))).toMatchObject({
      exitCode: 0,
    });
  });

  it('names the line of HCL, the folder without anything, the file that is not there', async () => {
    const cli = command();
    const broken = cli.write('tf/main.tf', 'resource "aws_appflow_flow" "x" {\n  name = \n}\n');
    expect(await cli.run('import', broken)).toEqual({
      exitCode: 2,
      out: '',
      err: expect.stringContaining(`${broken}:2:10: not valid HCL: Invalid expression`),
    });
    cli.write('empty/note.txt', '');
    const empty = path.join(cli.folder, 'empty');
    expect((await cli.run('import', empty)).err).toContain('there is nothing to import in this folder');
    expect((await cli.run('import', 'nowhere.json')).err).toContain('there is no such file');
  });
});

describe('export', () => {
  it('writes a request, or a template, of each flow', async () => {
    const cli = command();
    const a = cli.write('a.json', fixture(hubspot));
    const b = cli.write('b.json', fixture('01-salesforce-opportunity-s3-parquet-incremental'));
    const out = path.join(cli.folder, 'out');
    expect((await cli.run('export', a, b)).err).toContain('a CreateFlow request is one flow');
    expect(await cli.run('export', a, b, '--out', out)).toEqual({ exitCode: 0, out: '', err: '' });
    expect(cli.files('out')).toEqual(['hubspot-contacts.json', 'sf-opportunity-hourly.json']);
    const diff = await cli.run('diff', a, path.join(out, 'hubspot-contacts.json'));
    expect(diff.out).toBe('the same flow\n');

    const template = path.join(cli.folder, 'template.json');
    await cli.run('export', a, b, '--format', 'cloudformation', '--out', template);
    const { Resources } = JSON.parse(cli.read('template.json'));
    expect(Object.keys(Resources)).toEqual(['FlowHubspotContacts', 'FlowSfOpportunityHourly']);
    const printed = await cli.run('export', a, '--format', 'create-flow');
    expect(JSON.parse(printed.out)).toMatchObject({ flowName: 'hubspot-contacts' });
  });
});
