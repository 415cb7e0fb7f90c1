/** Whole configurations of teams that move in: what is imported of them, whether it runs, and back again. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { supports } from '../../cli/context.ts';
import { flowTemplate } from '../../core/export/cloudformation.ts';
import { createFlowRequest } from '../../core/export/create-flow.ts';
import { canonicalFlow } from '../../core/flow/canonical.ts';
import { readFlow } from '../../core/flow/read.ts';
import { foundInDocument } from '../../core/import/document.ts';
import { importFlow } from '../../core/import/import-flow.ts';
import { type Command, command } from './command.ts';

const file = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const configuration = file('examples/migrating/terraform');
const shown = file('test/fixtures/import/terraform-show.json');
const cdkAppflow = file('test/fixtures/import/cdk-appflow/Crm.template.json');

interface Item {
  readonly name: string;
  readonly place: string;
  readonly refused: readonly string[];
  readonly notYet: readonly string[];
}

async function imported(cli: Command, what: string): Promise<readonly Item[]> {
  const { items } = await cli.json<{ items: readonly Item[] }>('import', what, '--out', cli.folder);
  expect(items.flatMap(({ refused }) => refused)).toEqual([]);
  return items;
}

const flowOf = (cli: Command, name: string) => parse(cli.read(`flows/${name}.yaml`));

const terraformFlows = [
  'nordwind-prod-scores',
  'nordwind-prod-warehouse-0',
  'salesforce-accounts-prod',
  'salesforce-opportunities-prod',
  'zendesk-tickets-prod',
];
const cdkFlows = ['accounts', 'changes', 'incidents', 'scores', 'tickets'];

describe('a Terraform configuration of modules', () => {
  it('gives what Terraform makes of it', async () => {
    const [ours, theirs] = [command(), command()];
    await imported(ours, configuration);
    await imported(theirs, shown);
    expect(ours.files('flows')).toEqual(terraformFlows.map((name) => `${name}.yaml`));
    expect(theirs.files('flows')).toEqual(ours.files('flows'));
    for (const name of terraformFlows) {
      // What only Terraform's state knows: which flows are active, and the ARN of a role that is not used.
      const { tributary: _, ...flow } = flowOf(ours, name);
      const applied = flowOf(theirs, name);
      if (flow.metadataCatalogConfig) {
        expect(flow.metadataCatalogConfig.glueDataCatalog.roleArn).toBe(
          'arn:aws:iam::000000000000:role/not-used',
        );
        flow.metadataCatalogConfig.glueDataCatalog.roleArn =
          'arn:aws:iam::123456789012:role/nordwind-lake-prod-catalog';
      }
      expect(flow, name).toEqual(applied);
    }
    for (const name of ['salesforce-prod', 'zendesk-prod']) {
      expect(ours.read(`connections/${name}.yaml`)).toBe(theirs.read(`connections/${name}.yaml`));
    }
  });

  it('is followed through calls, lists of them and what they answer', async () => {
    const cli = command();
    const items = await imported(cli, configuration);
    const modules = path.join(configuration, 'modules');
    expect(items.map(({ name, place }) => [name, place])).toEqual([
      [
        'salesforce-prod',
        `${modules}/application/main.tf: module.application["salesforce"].aws_appflow_connector_profile.this`,
      ],
      [
        'zendesk-prod',
        `${modules}/application/main.tf: module.application["zendesk"].aws_appflow_connector_profile.this`,
      ],
      ['nordwind-prod-scores', `${configuration}/main.tf: aws_appflow_flow.scores`],
      ['nordwind-prod-warehouse-0', `${configuration}/main.tf: aws_appflow_flow.warehouse[0]`],
      [
        'salesforce-accounts-prod',
        `${modules}/flow/main.tf: module.application["salesforce"].module.flow["accounts"].aws_appflow_flow.this`,
      ],
      [
        'salesforce-opportunities-prod',
        `${modules}/flow/main.tf: module.application["salesforce"].module.flow["opportunities"].aws_appflow_flow.this`,
      ],
      [
        'zendesk-tickets-prod',
        `${modules}/flow/main.tf: module.application["zendesk"].module.flow["tickets"].aws_appflow_flow.this`,
      ],
    ]);
    const Salesforce = (operator: string) => ({ Salesforce: operator });
    const map = (from: string, to: string, type: string) => ({
      taskType: 'Map',
      sourceFields: [from],
      connectorOperator: Salesforce('NO_OP'),
      destinationField: to,
      taskProperties: { SOURCE_DATA_TYPE: type, DESTINATION_DATA_TYPE: type },
    });
    expect(flowOf(cli, 'salesforce-opportunities-prod')).toEqual({
      flowName: 'salesforce-opportunities-prod',
      description: 'Opportunity every 15 minutes',
      kmsArn: 'arn:aws:kms:eu-central-1:123456789012:key/0b3f6a52-7c3e-4f0e-9d52-3b8a1c9f7e10',
      triggerConfig: {
        triggerType: 'Scheduled',
        triggerProperties: {
          Scheduled: { scheduleExpression: 'rate(15minutes)', dataPullMode: 'Incremental' },
        },
      },
      sourceFlowConfig: {
        connectorType: 'Salesforce',
        connectorProfileName: 'salesforce-prod',
        sourceConnectorProperties: { Salesforce: { object: 'Opportunity' } },
        incrementalPullConfig: { datetimeTypeFieldName: 'LastModifiedDate' },
      },
      destinationFlowConfigList: [
        {
          connectorType: 'S3',
          destinationConnectorProperties: {
            S3: {
              bucketName: 'nordwind-lake-prod',
              bucketPrefix: 'raw/salesforce',
              s3OutputFormatConfig: {
                fileType: 'PARQUET',
                prefixConfig: { prefixType: 'PATH', prefixFormat: 'DAY' },
                aggregationConfig: { aggregationType: 'SingleFile' },
              },
            },
          },
        },
      ],
      tasks: [
        {
          taskType: 'Filter',
          sourceFields: ['Amount', 'Id', 'StageName'],
          connectorOperator: Salesforce('PROJECTION'),
          taskProperties: {},
        },
        {
          taskType: 'Filter',
          sourceFields: ['StageName'],
          connectorOperator: Salesforce('EQUAL_TO'),
          taskProperties: { DATA_TYPE: 'string', VALUES: 'Closed Won,Closed Lost' },
        },
        map('Amount', 'amount', 'double'),
        map('Id', 'id', 'id'),
        map('StageName', 'stagename', 'string'),
      ],
      tags: { team: 'data-platform', stage: 'prod' },
      metadataCatalogConfig: {
        glueDataCatalog: {
          roleArn: 'arn:aws:iam::000000000000:role/not-used',
          databaseName: 'nordwind_lake_prod',
          tablePrefix: 'salesforce',
        },
      },
      tributary: { flowStatus: 'Suspended' },
    });
  });

  it('takes other values of its variables', async () => {
    const cli = command();
    const parameters = ['stage=test', 'module.lake.aws_s3_bucket.this.id=given'];
    const { exitCode } = await cli.run(
      'import',
      configuration,
      '--out',
      cli.folder,
      ...parameters.flatMap((one) => ['--parameters', one]),
    );
    expect(exitCode).toBe(0);
    expect(cli.files('connections')).toEqual(['salesforce-test.yaml', 'zendesk-test.yaml']);
    const [destination] = flowOf(cli, 'zendesk-tickets-test').destinationFlowConfigList;
    expect(destination.destinationConnectorProperties.S3.bucketName).toBe('given');
  });

  it('names modules that are not on this machine, and follows those that terraform init has fetched', async () => {
    const cli = command();
    const call = (name: string, source: string) =>
      `module ${name} {\n source = "${source}"\n flow_name = "from-${name}"\n}\n`;
    const main = cli.write(
      'tf/main.tf',
      call('near', './nowhere') + call('far', 'acme/appflow/aws') + call('loop', './loop'),
    );
    cli.write('tf/loop/main.tf', call('again', '../loop'));
    const text = (await cli.run('import', path.dirname(main), '--out', cli.folder)).out;
    expect(text).toContain(`${main}: module.near: there is no folder ./nowhere\n`);
    expect(text).toContain(
      `${main}: module.far: a module from elsewhere, acme/appflow/aws: run \`terraform init\`, or import`,
    );
    const loop = path.join(path.dirname(main), 'loop');
    expect(text).toContain(`${loop}/main.tf: module.loop.module.again: the module of ${loop} calls itself\n`);

    cli.write('tf/.terraform/modules/modules.json', {
      Modules: [{ Key: 'far', Source: 'registry.terraform.io/acme/appflow/aws', Dir: '.terraform/far' }],
    });
    const example = readFileSync(file('test/fixtures/import/terraform/main.tf'), 'utf8');
    const [copies = ''] = /resource "aws_appflow_flow" "copies"[\s\S]*$/.exec(example) ?? [];
    cli.write(
      'tf/.terraform/far/main.tf',
      `variable flow_name {}\n${copies
        .replace(/ *for_each = .*\n *name.*\n *kms_arn.*\n/, '  name = var.flow_name\n')
        .replaceAll(/aws_s3_bucket.lake.bucket|data.aws_s3_bucket.out.id/g, '"acme"')
        .replace(/\/\$\{each.key\}/, '')}`,
    );
    const items = (
      await cli.json<{ items: readonly Item[] }>('import', path.dirname(main), '--out', cli.folder)
    ).items;
    expect(items.map(({ name, place }) => [name, place])).toEqual([
      ['from-far', `${path.dirname(main)}/.terraform/far/main.tf: module.far.aws_appflow_flow.copies`],
    ]);
  });
});

describe('the tags of providers', () => {
  it('are those of the provider that a flow, or its module, names', async () => {
    const cli = command();
    const flow = (name: string, provider = '') => `resource aws_appflow_flow ${name} {
  name = "${name}"${provider}
  tags = { own = "yes" }
  trigger_config { trigger_type = "OnDemand" }
  source_flow_config {
    connector_type = "S3"
    source_connector_properties {
      s3 {
        bucket_name   = "acme"
        bucket_prefix = "in"
      }
    }
  }
  destination_flow_config {
    connector_type = "S3"
    destination_connector_properties {
      s3 { bucket_name = "acme" }
    }
  }
  task {
    task_type     = "Map_all"
    source_fields = []
  }
}
`;
    const provider = (stage: string, alias = '') =>
      `provider aws {\n${alias}  default_tags {\n    tags = { stage = "${stage}" }\n  }\n}\n`;
    const main = cli.write(
      'tf/main.tf',
      provider('prod') +
        provider('test', '  alias = "test"\n') +
        flow('of-prod') +
        flow('of-test', '\n  provider = aws.test') +
        'module inner {\n source = "./inner"\n providers = { aws = aws.test }\n}\n' +
        'module same {\n source = "./same"\n}\n',
    );
    cli.write('tf/inner/main.tf', flow('of-inner'));
    cli.write('tf/same/main.tf', flow('of-same'));
    await imported(cli, path.dirname(main));
    const stages = ['of-prod', 'of-test', 'of-inner', 'of-same'].map((name) => flowOf(cli, name).tags);
    expect(stages).toEqual([
      { own: 'yes', stage: 'prod' },
      { own: 'yes', stage: 'test' },
      { own: 'yes', stage: 'test' },
      { own: 'yes', stage: 'prod' },
    ]);
  });
});

describe('an app of cdk-appflow', () => {
  it('gives its flows, with the schedules that a custom resource stands before', async () => {
    const cli = command();
    await imported(cli, cdkAppflow);
    expect(cli.files('flows')).toEqual(cdkFlows.map((name) => `${name}.yaml`));
    expect(cli.files('connections')).toEqual(['salesforce.yaml', 'service-now.yaml', 'zendesk.yaml']);
    expect(flowOf(cli, 'accounts').triggerConfig).toEqual({
      triggerType: 'Scheduled',
      triggerProperties: {
        Scheduled: {
          scheduleExpression: 'rate(1hours)',
          dataPullMode: 'Incremental',
          scheduleStartTime: 1798797600,
        },
      },
    });
    expect(flowOf(cli, 'incidents').triggerConfig.triggerProperties.Scheduled).toEqual({
      scheduleExpression: 'rate(1days)',
      dataPullMode: 'Complete',
    });
    // Active in the app, so active here.
    expect(flowOf(cli, 'incidents').tributary).toBeUndefined();
    expect(flowOf(cli, 'accounts').tributary).toEqual({ flowStatus: 'Suspended' });
  });
});

describe.each([
  [
    'Terraform',
    configuration,
    terraformFlows,
    {
      'nordwind-prod-warehouse-0': [expect.stringContaining('this version has no destination Redshift')],
    },
  ],
  [
    'cdk-appflow',
    cdkAppflow,
    cdkFlows,
    {
      changes: [
        expect.stringContaining('runs per change event are not supported'),
        expect.stringContaining('this version has no destination EventBridge'),
      ],
    },
  ],
])('what is imported from %s', (_, what, names, cannotRun: Record<string, unknown>) => {
  it('validates, names what cannot run, and comes back from both exports', async () => {
    const cli = command();
    const items = await imported(cli, what);
    expect(
      Object.fromEntries(items.flatMap(({ name, notYet }) => (notYet.length > 0 ? [[name, notYet]] : []))),
    ).toEqual(cannotRun);
    for (const name of names) {
      const flow = readFlow(cli.read(`flows/${name}.yaml`), name);
      const back = (document: unknown) => {
        const [found] = foundInDocument(JSON.parse(JSON.stringify(document)), name, () => undefined);
        return found?.kind === 'flow' && importFlow(found, supports, () => ({})).content;
      };
      expect(back(flowTemplate([flow]))).toEqual(canonicalFlow(flow));
      // A CreateFlow request has no word for a flow that is not active.
      const { tributary: _, ...request } = canonicalFlow(flow);
      expect(back(createFlowRequest(flow))).toEqual(request);
    }
  });
});
