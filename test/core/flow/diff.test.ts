import { describe, expect, it } from 'vitest';
import { diffFlows } from '../../../core/flow/diff.ts';
import { checkFlow } from '../../../core/flow/read.ts';
import { mutated } from './mutated.ts';

const typed = '01-salesforce-opportunity-s3-parquet-incremental';
const catalogued = '12-salesforce-partitioned-cataloged';
const csv = '10-custom-connector-source-s3';
const s3 = 'destinationFlowConfigList.0.destinationConnectorProperties.S3';
const scheduled = 'triggerConfig.triggerProperties.Scheduled';

const flow = (name: string, changes: Record<string, unknown> = {}) =>
  checkFlow(mutated(name, changes), 'flow.json');
const diff = (name: string, changes: Record<string, unknown>) => diffFlows(flow(name), flow(name, changes));
const map = (from: string, to: string) => ({
  taskType: 'Map',
  sourceFields: [from],
  connectorOperator: { CustomConnector: 'NO_OP' },
  destinationField: to,
});

describe('diffFlows', () => {
  it('finds no change in another spelling', () => {
    expect(diff(typed, { [`${s3}.bucketPrefix`]: '/raw/salesforce/', tributary: {} })).toEqual({
      changes: [],
      effects: { watermark: 'kept', schemaVersion: 'stays', catalog: 'none' },
    });
  });

  it('tells each member that is other, new or gone', () => {
    expect(
      diff(typed, {
        description: undefined,
        [`${scheduled}.scheduleExpression`]: 'rate(1days)',
        [`${s3}.s3OutputFormatConfig.aggregationConfig`]: { aggregationType: 'SingleFile' },
      }).changes,
    ).toEqual([
      'description: now left out, was "Hourly increments of opportunities as typed Parquet"',
      'triggerConfig.triggerProperties.Scheduled.scheduleExpression: now "rate(1days)", was "rate(1hours)"',
      `${s3.replace('.0', '[0]')}.s3OutputFormatConfig.aggregationConfig.targetFileSize: now left out, was 128`,
      `${s3.replace('.0', '[0]')}.s3OutputFormatConfig.aggregationConfig.aggregationType: now "SingleFile", was left out`,
    ]);
  });

  it('tells what tasks do no longer, and what they do instead', () => {
    expect(
      diff(csv, {
        'tasks.0.sourceFields': ['order_id', 'status', 'updated_at', 'note'],
        'tasks.1.taskProperties.VALUES': 'paid',
        'tasks.3.destinationField': 'id',
        'tasks.4': map('note', 'total'),
        'tasks.7': {
          taskType: 'Mask',
          sourceFields: ['note'],
          connectorOperator: { CustomConnector: 'MASK_LAST_N' },
          taskProperties: { MASK_LENGTH: '4' },
        },
      }).changes,
    ).toEqual([
      'reads note too',
      'no longer reads total',
      'also maps order_id to id (Long to long)',
      'now maps note to total, no longer total to total (Double to double)',
      'no longer maps order_id to order_id (Long to long)',
      'also keeps records with status EQUAL_TO paid (as String)',
      'also masks note: MASK_LAST_N 4 with *',
      'no longer keeps records with status EQUAL_TO paid,shipped (as String)',
    ]);
  });

  it('tells the order of columns', () => {
    const { tasks } = flow(csv);
    expect(diff(csv, { 'tasks.3': tasks[4], 'tasks.4': tasks[3] })).toEqual({
      changes: ['maps in another order: total, order_id, status, updated_at'],
      effects: {
        watermark: 'kept; records read before do not come again: for them, run the flow once with --full',
        schemaVersion: 'rises with the next run: other order of columns',
        catalog: 'none',
      },
    });
  });
});

describe('the watermark', () => {
  const effect = (name: string, changes: Record<string, unknown>) => diff(name, changes).effects.watermark;

  it('is that of another flow under another name', () => {
    expect(effect(typed, { flowName: 'another' })).toBe(
      'another name is another flow, with a state of its own: the first window begins 2026-01-01T00:00:00.000Z; the state of sf-opportunity-hourly stays',
    );
  });

  it('keeps runs from starting when source or destination change', () => {
    expect(effect(typed, { [`${s3}.bucketName`]: 'another' })).toMatch(/^the next run is refused/);
  });

  it('says whether it is used', () => {
    const complete = {
      [`${scheduled}.dataPullMode`]: 'Complete',
      [`${scheduled}.scheduleOffset`]: undefined,
    };
    expect(effect(typed, complete)).toBe('kept, but not used: each run reads everything');
    expect(diffFlows(flow(typed, complete), flow(typed)).effects.watermark).toBe(
      'the first window begins 2026-01-01T00:00:00.000Z, unless the flow has a watermark from earlier runs',
    );
    expect(effect(catalogued, { description: 'another' })).toBe('none: each run reads everything');
  });

  it('bounds what it is told to bound', () => {
    expect(
      effect(typed, { 'sourceFlowConfig.incrementalPullConfig.datetimeTypeFieldName': 'CloseDate' }),
    ).toBe(
      'kept, but it bounds CloseDate now, not SystemModstamp: run the flow once with --full, or records that differ in the two are missed',
    );
    expect(
      effect(typed, { [`${scheduled}.scheduleOffset`]: 60, [`${scheduled}.firstExecutionFrom`]: undefined }),
    ).toBe(
      'kept; windows end 60 s before a run, not 300; firstExecutionFrom counts until there is a watermark',
    );
  });
});

describe('the catalog', () => {
  const glue = 'metadataCatalogConfig.glueDataCatalog';
  const effect = (changes: Record<string, unknown>) => diff(catalogued, changes).effects;

  it('gets a table with each schema version', () => {
    expect(effect({ 'tasks.2.taskProperties.DESTINATION_DATA_TYPE': 'long' })).toEqual({
      watermark: 'none: each run reads everything',
      schemaVersion: 'rises with the next run: other field mapping',
      catalog: 'a new table for the new schema version; the tables _latest show its columns',
    });
    expect(effect({ [`${s3}.s3OutputFormatConfig.fileType`]: 'JSON' }).schemaVersion).toBe(
      'rises with the next run: other data types',
    );
    expect(effect({ description: 'another' }).catalog).toBe('the tables so far');
  });

  it('is told where its tables are', () => {
    expect(effect({ [`${glue}.databaseName`]: 'lake' }).catalog).toBe(
      'the next run makes tables in database lake, prefix curated; those so far stay as they are',
    );
    expect(effect({ metadataCatalogConfig: undefined }).catalog).toBe(
      'tables stay as they are, and are updated no more',
    );
    expect(
      diffFlows(flow(catalogued, { metadataCatalogConfig: undefined }), flow(catalogued)).effects.catalog,
    ).toBe('the next run makes tables in database lake_raw, prefix curated');
  });
});
