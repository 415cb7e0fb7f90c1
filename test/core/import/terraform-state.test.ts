import { describe, expect, it } from 'vitest';
import { foundInDocument } from '../../../core/import/document.ts';
import { importFlow } from '../../../core/import/import-flow.ts';

const supports = { sources: new Set(['Salesforce']), destinations: new Set(['S3']) };

/** As `terraform show -json` has a flow: blocks are lists, what is not set is null, empty or zero. */
const values = {
  arn: 'arn:aws:appflow:eu-west-1:123456789012:flow/leads',
  id: 'arn:aws:appflow:eu-west-1:123456789012:flow/leads',
  name: 'leads',
  description: '',
  flow_status: 'Active',
  kms_arn: 'arn:aws:kms:eu-west-1:123456789012:key/1',
  metadata_catalog_config: [
    {
      glue_data_catalog: [
        { database_name: 'lake', role_arn: 'arn:aws:iam::123456789012:role/a', table_prefix: 'raw' },
      ],
    },
  ],
  source_flow_config: [
    {
      api_version: '',
      connector_profile_name: 'sf',
      connector_type: 'Salesforce',
      incremental_pull_config: [],
      source_connector_properties: [
        {
          amplitude: [],
          s3: [],
          sapo_data: [],
          salesforce: [
            {
              data_transfer_api: '',
              enable_dynamic_field_update: false,
              include_deleted_records: false,
              object: 'Lead',
            },
          ],
        },
      ],
    },
  ],
  destination_flow_config: [
    {
      api_version: '',
      connector_profile_name: '',
      connector_type: 'S3',
      destination_connector_properties: [
        {
          s3: [
            {
              bucket_name: 'lake',
              bucket_prefix: '',
              s3_output_format_config: [
                {
                  aggregation_config: [{ aggregation_type: '', target_file_size: 0 }],
                  file_type: 'PARQUET',
                  prefix_config: [{ prefix_format: '', prefix_hierarchy: null, prefix_type: 'PATH' }],
                  preserve_source_data_typing: false,
                },
              ],
            },
          ],
          salesforce: [],
        },
      ],
    },
  ],
  tags: { team: 'crm' },
  tags_all: { team: 'crm', stage: 'prod' },
  task: [
    {
      connector_operator: [{ amplitude: '', salesforce: 'NO_OP', s3: '', sapo_data: '' }],
      destination_field: '',
      source_fields: null,
      task_properties: { EXCLUDE_SOURCE_FIELDS_LIST: '[]' },
      task_type: 'Map_all',
    },
  ],
  trigger_config: [
    {
      trigger_properties: [
        {
          scheduled: [
            {
              data_pull_mode: 'Incremental',
              first_execution_from: '2026-01-01T00:00:00Z',
              flow_error_deactivation_threshold: 0,
              schedule_end_time: '',
              schedule_expression: 'rate(1hours)',
              schedule_offset: 0,
              schedule_start_time: null,
              timezone: null,
            },
          ],
        },
      ],
      trigger_type: 'Scheduled',
    },
  ],
};
const profile = {
  name: 'sf',
  connector_type: 'Salesforce',
  connection_mode: 'Public',
  credentials_arn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:sf',
  connector_profile_config: [
    {
      connector_profile_credentials: [
        { salesforce: [{ access_token: 'not-to-be-copied', refresh_token: '' }] },
      ],
      connector_profile_properties: [
        {
          salesforce: [{ instance_url: 'https://acme.my.salesforce.com', is_sandbox_environment: false }],
          zendesk: [],
        },
      ],
    },
  ],
};
const resource = (address: string, type: string, of: object) => ({
  address,
  mode: 'managed',
  type,
  name: 'x',
  values: of,
});
const rootModule = {
  resources: [resource('aws_appflow_connector_profile.sf', 'aws_appflow_connector_profile', profile)],
  child_modules: [
    {
      address: 'module.crm',
      resources: [
        resource('module.crm.aws_appflow_flow.leads', 'aws_appflow_flow', values),
        { ...resource('module.crm.data.aws_s3_bucket.x', 'aws_s3_bucket', {}), mode: 'data' },
      ],
    },
  ],
};
const flow = {
  flowName: 'leads',
  kmsArn: 'arn:aws:kms:eu-west-1:123456789012:key/1',
  triggerConfig: {
    triggerType: 'Scheduled',
    triggerProperties: {
      Scheduled: {
        scheduleExpression: 'rate(1hours)',
        dataPullMode: 'Incremental',
        firstExecutionFrom: 1767225600,
      },
    },
  },
  sourceFlowConfig: {
    connectorType: 'Salesforce',
    connectorProfileName: 'sf',
    sourceConnectorProperties: { Salesforce: { object: 'Lead' } },
  },
  destinationFlowConfigList: [
    {
      connectorType: 'S3',
      destinationConnectorProperties: {
        S3: {
          bucketName: 'lake',
          s3OutputFormatConfig: { fileType: 'PARQUET', prefixConfig: { prefixType: 'PATH' } },
        },
      },
    },
  ],
  tasks: [
    {
      taskType: 'Map_all',
      sourceFields: [],
      connectorOperator: { Salesforce: 'NO_OP' },
      taskProperties: { EXCLUDE_SOURCE_FIELDS_LIST: '[]' },
    },
  ],
  tags: { stage: 'prod', team: 'crm' },
  metadataCatalogConfig: {
    glueDataCatalog: {
      roleArn: 'arn:aws:iam::123456789012:role/a',
      databaseName: 'lake',
      tablePrefix: 'raw',
    },
  },
};

const found = (document: unknown) => foundInDocument(document, 'state.json', () => undefined);
const flowsOf = (document: unknown) =>
  found(document).flatMap((one) => (one.kind === 'flow' ? [importFlow(one, supports, () => ({}))] : []));

describe('a Terraform state', () => {
  it.each([
    ['shown', { format_version: '1.0', terraform_version: '1.9.0', values: { root_module: rootModule } }],
    ['planned', { format_version: '1.2', planned_values: { root_module: rootModule }, resource_changes: [] }],
    [
      'in its file',
      {
        version: 4,
        terraform_version: '1.9.0',
        resources: [
          {
            module: 'module.crm',
            mode: 'managed',
            type: 'aws_appflow_flow',
            name: 'leads',
            instances: [{ attributes: values }],
          },
        ],
      },
    ],
  ])('%s gives its flows, in modules too', (_, document) => {
    const [imported] = flowsOf(document);
    expect(imported?.content).toEqual(flow);
    expect(imported?.place).toBe('state.json: module.crm.aws_appflow_flow.leads');
  });

  it('gives profiles without credentials and secrets', () => {
    const [first] = found({ terraform_version: '1.9.0', values: { root_module: rootModule } });
    expect(first).toEqual({
      kind: 'profile',
      place: 'state.json: aws_appflow_connector_profile.sf',
      name: 'sf',
      document: {
        connectorProfileName: 'sf',
        connectorType: 'Salesforce',
        connectionMode: 'Public',
        connectorProfileProperties: {
          instanceUrl: 'https://acme.my.salesforce.com',
          isSandboxEnvironment: false,
        },
      },
      notes: ['credentials in the file, none of them copied: accessToken'],
    });
  });

  it('is of the status that it tells', () => {
    const [suspended] = flowsOf({
      terraform_version: '1.9.0',
      values: {
        root_module: {
          resources: [
            resource('aws_appflow_flow.x', 'aws_appflow_flow', { ...values, flow_status: 'Draft' }),
          ],
        },
      },
    });
    expect(suspended?.content).toEqual({ ...flow, tributary: { flowStatus: 'Suspended' } });
  });
});

describe('a Terraform plan', () => {
  it('tells what it does not know before the apply', () => {
    const { bucket_name: _, ...rest } = values.destination_flow_config[0]?.destination_connector_properties[0]
      ?.s3[0] ?? {
      bucket_name: '',
    };
    const planned = {
      ...values,
      flow_status: undefined,
      destination_flow_config: [{ connector_type: 'S3', destination_connector_properties: [{ s3: [rest] }] }],
    };
    const [imported] = flowsOf({
      planned_values: {
        root_module: { resources: [resource('aws_appflow_flow.x', 'aws_appflow_flow', planned)] },
      },
      resource_changes: [
        {
          address: 'aws_appflow_flow.x',
          change: {
            after_unknown: {
              arn: true,
              flow_status: true,
              destination_flow_config: [
                { destination_connector_properties: [{ s3: [{ bucket_name: true }] }] },
              ],
              task: [{ connector_operator: [{}], source_fields: [] }],
            },
          },
        },
      ],
    });
    expect(imported?.report.refused).toEqual([
      'destinationFlowConfigList[0].destinationConnectorProperties.S3.bucketName: known after apply is not known: the plan does not tell it; apply it, and import `terraform show -json` of the state',
    ]);
  });
});
