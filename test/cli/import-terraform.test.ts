import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readImportFiles } from '../../cli/import-files.ts';
import { type ImportedFlow, importFlow } from '../../core/import/import-flow.ts';

const folder = fileURLToPath(new URL('../fixtures/import/terraform', import.meta.url));
const supports = { sources: new Set(['S3', 'JDBC']), destinations: new Set(['S3']) };

const found = (given: Record<string, string> = {}) => readImportFiles([folder], (name) => given[name]);
const flows = async (given?: Record<string, string>): Promise<ImportedFlow[]> =>
  (await found(given)).flatMap((one) => (one.kind === 'flow' ? [importFlow(one, supports, () => ({}))] : []));

describe('a Terraform module', () => {
  it('gives what its variables, local values, blocks and functions say', async () => {
    const [, , orders] = await flows();
    const NO_OP = { CustomConnector: 'NO_OP' };
    const map = (from: string, to: string, type: string) => ({
      taskType: 'Map',
      sourceFields: [from],
      connectorOperator: NO_OP,
      destinationField: to,
      taskProperties: { SOURCE_DATA_TYPE: type, DESTINATION_DATA_TYPE: type.toLowerCase() },
    });
    expect(orders?.content).toEqual({
      flowName: 'erp-orders',
      description: 'Custom connector built with the connector SDK, incremental',
      triggerConfig: {
        triggerType: 'Scheduled',
        triggerProperties: {
          Scheduled: {
            scheduleExpression: 'rate(5minutes)',
            dataPullMode: 'Incremental',
            scheduleStartTime: 1798797600,
            timezone: 'Europe/Berlin',
            scheduleOffset: 60,
          },
        },
      },
      sourceFlowConfig: {
        connectorType: 'CustomConnector',
        apiVersion: 'v1.0',
        connectorProfileName: 'erp-db',
        sourceConnectorProperties: {
          CustomConnector: { entityName: 'sales.orders', customProperties: { fetchSize: '500' } },
        },
        incrementalPullConfig: { datetimeTypeFieldName: 'updated_at' },
      },
      destinationFlowConfigList: [
        {
          connectorType: 'S3',
          destinationConnectorProperties: {
            S3: {
              bucketName: 'nordwind-lake',
              bucketPrefix: 'raw/erp',
              s3OutputFormatConfig: {
                fileType: 'CSV',
                prefixConfig: {
                  prefixType: 'PATH',
                  prefixFormat: 'MINUTE',
                  pathPrefixHierarchy: ['SCHEMA_VERSION'],
                },
              },
            },
          },
        },
      ],
      tasks: [
        {
          taskType: 'Filter',
          sourceFields: ['order_id', 'status', 'total', 'updated_at'],
          connectorOperator: { CustomConnector: 'PROJECTION' },
          taskProperties: {},
        },
        {
          taskType: 'Filter',
          sourceFields: ['status'],
          connectorOperator: { CustomConnector: 'EQUAL_TO' },
          taskProperties: { VALUES: 'paid,shipped', DATA_TYPE: 'String' },
        },
        map('order_id', 'order_id', 'Long'),
        map('status', 'status', 'String'),
        map('total', 'amount', 'Double'),
        map('updated_at', 'updated_at', 'DateTime'),
      ],
      tags: { cost: 'erp', stage: 'prod', team: 'sales-data' },
      tributary: { flowStatus: 'Suspended' },
    });
    expect(orders?.place).toBe(`${path.join(folder, 'main.tf')}: aws_appflow_flow.orders`);
    expect(orders?.report.todo).toEqual(
      expect.arrayContaining([
        'Terraform does not say whether the flow is active',
        "Terraform keeps tasks as a set, so the order of CSV's columns is not known: compare it with a file that AppFlow wrote",
      ]),
    );
  });

  it('makes each instance of a resource, and refuses what it cannot know', async () => {
    const bucket = 'data.aws_s3_bucket.out.id';
    const at = 'destinationFlowConfigList[0].destinationConnectorProperties.S3.bucketName';
    const unknown = (where: string, text: string) =>
      `${where}: ${text} is not known: the configuration does not tell it: give it with --parameters ${text}=VALUE; import the output of \`terraform show -json\` instead, which has all values`;
    const [eu, us] = await flows();
    expect(eu?.report.refused).toEqual([unknown(at, bucket)]);
    expect(us?.report.refused).toEqual([unknown(at, bucket), unknown('kmsArn', 'aws_kms_key.lake.arn')]);
    expect(us?.place).toBe(`${path.join(folder, 'main.tf')}: aws_appflow_flow.copies["us"]`);

    const key = 'arn:aws:kms:eu-west-1:123456789012:key/1';
    const [, given] = await flows({ [bucket]: 'out', 'aws_kms_key.lake.arn': key, company: 'another' });
    expect(given?.content).toMatchObject({
      flowName: 'copy-us',
      kmsArn: key,
      sourceFlowConfig: {
        sourceConnectorProperties: { S3: { bucketName: 'another-lake', bucketPrefix: 'in/us' } },
      },
      tasks: [{ taskProperties: { EXCLUDE_SOURCE_FIELDS_LIST: '["secret"]' } }],
    });
  });

  it('gives profiles without credentials', async () => {
    const [profile] = (await found()).flatMap((one) => (one.kind === 'profile' ? [one] : []));
    expect(profile).toEqual({
      kind: 'profile',
      place: `${path.join(folder, 'main.tf')}: aws_appflow_connector_profile.erp`,
      name: 'erp-db',
      document: {
        connectorProfileName: 'erp-db',
        connectorType: 'CustomConnector',
        connectorLabel: 'JDBC',
        connectionMode: 'Public',
        connectorProfileProperties: {
          driver: 'postgresql',
          hostname: 'db.nordwind.example',
          database: 'erp',
        },
      },
      notes: ['credentials in the file, none of them copied: authenticationType, password, username'],
    });
  });
});
