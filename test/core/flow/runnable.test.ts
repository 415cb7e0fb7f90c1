import { describe, expect, it } from 'vitest';
import type { ConnectionDefinition } from '../../../core/connection.ts';
import { checkFlow } from '../../../core/flow/read.ts';
import { notRunnable, type Supports } from '../../../core/flow/runnable.ts';
import { s3Flow } from '../../support/flows.ts';
import { mutated } from './mutated.ts';

const supports: Supports = {
  sources: new Set(['S3', 'GitHub', 'JDBC', 'Salesforce']),
  destinations: new Set(['S3']),
};
const flow = (name: string, changes: Record<string, unknown> = {}) =>
  checkFlow(mutated(name, changes), 'flow.json');

const custom = '10-custom-connector-source-s3';
const connection = (connectorLabel: string): ConnectionDefinition => ({
  connectorProfileName: 'erp-db',
  connectorType: 'CustomConnector',
  connectorLabel,
});

describe('notRunnable', () => {
  it('has nothing against a flow that can run as a whole', () => {
    expect(notRunnable(flow('01-salesforce-opportunity-s3-parquet-incremental'), supports)).toEqual([]);
    expect(notRunnable(flow(custom), supports, { source: connection('JDBC') })).toEqual([]);
  });

  it('names all that it cannot do', () => {
    expect(
      notRunnable(flow('09-salesforce-event-eventbridge'), { ...supports, sources: new Set(['S3']) }),
    ).toEqual([
      'triggerConfig.triggerType: runs per change event are not supported; use Scheduled, or OnDemand with tributary.eventPattern',
      'sourceFlowConfig.connectorType: this version has no source Salesforce; it has S3',
      'destinationFlowConfigList[0].connectorType: this version has no destination EventBridge; it has S3',
    ]);
  });

  it('knows applications that take records', () => {
    const upsert = '03-s3-csv-salesforce-upsert-error-bucket';
    const api = 'destinationFlowConfigList.0.destinationConnectorProperties.Salesforce.dataTransferApi';
    const writing = { ...supports, destinations: new Set(['S3', 'Salesforce']) };
    expect(notRunnable(flow(upsert), writing)).toEqual([
      'destinationFlowConfigList[0].destinationConnectorProperties.Salesforce.dataTransferApi: records are written by the REST API alone; use REST_SYNC or AUTOMATIC',
    ]);
    const runnable = flow(upsert, { [api]: 'REST_SYNC' });
    expect(notRunnable(runnable, writing)).toEqual([]);
    expect(notRunnable({ ...runnable, tributary: { lookback: 60 } }, writing)).toEqual([
      'tributary.lookback: only flows into S3 look back; a longer scheduleOffset waits instead',
      expect.stringContaining('records of files'),
    ]);
  });

  it('refuses partitions of what is no file', () => {
    const partitioned = flow('12-salesforce-partitioned-cataloged', { metadataCatalogConfig: undefined });
    const [salesforce] = flow('03-s3-csv-salesforce-upsert-error-bucket').destinationFlowConfigList;
    if (!salesforce) throw new Error('the fixture has no destination');
    const { dataTransferApi: _, ...Salesforce } = salesforce.destinationConnectorProperties.Salesforce ?? {
      object: '',
    };
    const destination = { ...salesforce, destinationConnectorProperties: { Salesforce } };
    const told = notRunnable(
      { ...partitioned, destinationFlowConfigList: [destination] },
      { ...supports, destinations: new Set(['Salesforce']) },
    );
    expect(told).toEqual([expect.stringMatching(/^tasks\[\d+\]: only files have partitions; remove it$/)]);
  });

  it('refuses to look back for records of files', () => {
    const scheduled = '01-salesforce-opportunity-s3-parquet-incremental';
    expect(notRunnable(flow(scheduled, { tributary: { lookback: 600 } }), supports)).toEqual([]);
    const files = s3Flow({
      fields: { id: 'id' },
      scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' },
      more: { tributary: { lookback: 600 } },
    });
    expect(notRunnable(files, supports)).toEqual([
      'tributary.lookback: records of files have no key and no time to look back for; remove it, or wait longer with scheduleOffset',
    ]);
  });

  it('can be told of more abilities', () => {
    const catalog = flow('12-salesforce-partitioned-cataloged');
    expect(notRunnable(catalog, supports)).toEqual([
      'metadataCatalogConfig.glueDataCatalog: the Glue Data Catalog is not supported',
    ]);
    expect(notRunnable(catalog, { ...supports, features: new Set(['metadataCatalog']) })).toEqual([]);
  });

  it('knows which sources have an asynchronous transfer', () => {
    const async = flow(custom, {
      'sourceFlowConfig.sourceConnectorProperties.CustomConnector.dataTransferApi.Type': 'ASYNC',
    });
    const source = { source: connection('GitHub') };
    expect(notRunnable(async, supports, source)).toEqual([
      'sourceFlowConfig.sourceConnectorProperties.CustomConnector.dataTransferApi.Type: GitHub has no ASYNC transfer; use SYNC or AUTOMATIC',
    ]);
    expect(notRunnable(async, { ...supports, asyncSources: new Set(['GitHub']) }, source)).toEqual([]);
  });

  it('brings new fields of Salesforce along with all fields alone', () => {
    const features = new Set(['metadataCatalog'] as const);
    expect(notRunnable(flow('15-salesforce-map-all-dynamic'), { ...supports, features })).toEqual([]);
    const mapped = flow('12-salesforce-partitioned-cataloged', {
      'sourceFlowConfig.sourceConnectorProperties.Salesforce.enableDynamicFieldUpdate': true,
    });
    expect(notRunnable(mapped, { ...supports, features })).toEqual([
      'sourceFlowConfig.sourceConnectorProperties.Salesforce.enableDynamicFieldUpdate: new fields come along with Map_all or Passthrough alone; use one of them, or leave it out',
    ]);
  });

  it('judges a custom connector by its connection', () => {
    expect(notRunnable(flow(custom), supports)).toEqual([]);
    expect(notRunnable(flow(custom), supports, { source: connection('Github') })).toEqual([
      "sourceFlowConfig.connectorType: this version has no source Github; did you mean 'GitHub'?",
    ]);
    expect(notRunnable(flow(custom), supports, {})).toEqual([
      "sourceFlowConfig.connectorType: flow erp-orders: there is no connection 'erp-db'; add its file: it says which connector a CustomConnector is",
    ]);
  });

  it('knows what Passthrough cannot be written to', () => {
    const passthrough = (fileType: string, more: Record<string, unknown> = {}) =>
      notRunnable(
        flow('14-s3-jsonl-sap-passthrough', {
          destinationFlowConfigList: [
            {
              connectorType: 'S3',
              destinationConnectorProperties: {
                S3: { bucketName: 'out', s3OutputFormatConfig: { fileType } },
              },
            },
          ],
          ...more,
        }),
        { ...supports, features: new Set(['metadataCatalog']) },
      );
    expect(passthrough('JSON')).toEqual([]);
    expect(passthrough('CSV')).toEqual([
      'tasks[1]: Passthrough hands over whole records, which CSV files cannot hold; use fileType JSON or Map_all',
    ]);
    const metadataCatalogConfig = {
      glueDataCatalog: { roleArn: 'arn:aws:iam::123456789012:role/r', databaseName: 'd', tablePrefix: 'p' },
    };
    expect(passthrough('JSON', { metadataCatalogConfig })).toEqual([
      'tasks[1]: Passthrough has no columns to catalogue; use Map_all, or remove metadataCatalogConfig',
    ]);
  });

  it('refuses what it could only ignore', () => {
    const changes = {
      'tasks.2.taskProperties.SUBFIELD_CATEGORY_MAP': '{}',
      'triggerConfig.triggerProperties.Scheduled.scheduleExpression': 'rate(5months)',
    };
    expect(notRunnable(flow('01-salesforce-opportunity-s3-parquet-incremental', changes), supports)).toEqual([
      'triggerConfig.triggerProperties.Scheduled.scheduleExpression: rate(5months) falls on other months each year; use 1, 2, 3, 4, 6 or a multiple of 12 months, or a cron expression',
      'tasks[2].taskProperties.SUBFIELD_CATEGORY_MAP: AppFlow publishes no meaning for it, so it is not supported',
    ]);
  });
});
