import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../core/flow/canonical-json.ts';
import { fingerprint, identityFingerprint, schemaFingerprint } from '../../../core/flow/fingerprint.ts';
import { checkFlow } from '../../../core/flow/read.ts';
import { mutated } from './mutated.ts';

const typed = '01-salesforce-opportunity-s3-parquet-incremental';
const csv = '12-salesforce-partitioned-cataloged';
const s3 = 'destinationFlowConfigList.0.destinationConnectorProperties.S3';

const flow = (name: string, changes: Record<string, unknown> = {}) =>
  checkFlow(mutated(name, changes), 'flow.json');
const changesOf = (of: typeof fingerprint, name: string, changes: Record<string, unknown>) =>
  of(flow(name)) !== of(flow(name, changes));

describe('canonicalJson', () => {
  it('orders members at every depth, and no list', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }, 0], a: undefined, A: null })).toBe(
      '{"A":null,"b":[{"c":2,"d":1},0]}',
    );
  });

  it('is the same however an object was put together', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(object));
      }),
    );
  });
});

describe('fingerprint', () => {
  it('is a SHA-256 that any change changes', () => {
    expect(fingerprint(flow(typed))).toMatch(/^[0-9a-f]{64}$/);
    expect(changesOf(fingerprint, typed, {})).toBe(false);
    expect(changesOf(fingerprint, typed, { description: 'another' })).toBe(true);
  });
});

describe('schemaFingerprint', () => {
  it.each([
    [typed, { 'tasks.3.destinationField': 'another' }],
    [typed, { 'tasks.3.sourceFields': ['StageName'] }],
    [typed, { 'tasks.3.taskProperties.DESTINATION_DATA_TYPE': 'long' }],
    [typed, { 'tasks.3.taskProperties.SOURCE_DATA_TYPE': 'long' }],
    [typed, { 'tasks.3': undefined, 'tasks.length': 3 }],
    [typed, { [`${s3}.s3OutputFormatConfig.preserveSourceDataTyping`]: false }],
    // JSON has types of its own, CSV has none: the same fields are of other types there.
    [csv, { [`${s3}.s3OutputFormatConfig.fileType`]: 'JSON' }],
    [typed, { [`${s3}.s3OutputFormatConfig.prefixConfig.prefixFormat`]: 'HOUR' }],
    [typed, { [`${s3}.s3OutputFormatConfig.prefixConfig.pathPrefixHierarchy`]: ['SCHEMA_VERSION'] }],
    // A masked column holds text.
    [
      typed,
      {
        'tasks.1': {
          taskType: 'Mask',
          sourceFields: ['Amount'],
          connectorOperator: { Salesforce: 'MASK_ALL' },
        },
      },
    ],
    [
      '02-zendesk-tickets-s3-daily',
      { 'tasks.1': { taskType: 'Mask', sourceFields: ['id'], connectorOperator: { Zendesk: 'MASK_ALL' } } },
    ],
    [csv, { 'tasks.5.taskProperties.ORDERED_PARTITION_KEYS_LIST': '["rating","industry"]' }],
    [typed, { tributary: { nestedTypes: { Name: 'array<string>' } } }],
    ['15-salesforce-map-all-dynamic', { 'tasks.0.taskProperties.EXCLUDE_SOURCE_FIELDS_LIST': '[]' }],
  ])('of %s changes with %j', (name, changes) => {
    expect(changesOf(schemaFingerprint, name, changes)).toBe(true);
  });

  it.each([
    [typed, { flowName: 'another', description: 'another', tags: {}, kmsArn: undefined }],
    [typed, { 'tasks.1.taskProperties.VALUE': 'Closed' }],
    [
      typed,
      {
        'tasks.1': { taskType: 'Truncate', sourceFields: ['Name'], taskProperties: { TRUNCATE_LENGTH: '3' } },
      },
    ],
    [typed, { 'triggerConfig.triggerProperties.Scheduled.scheduleExpression': 'rate(1days)' }],
    [typed, { [`${s3}.bucketPrefix`]: 'another' }],
    [typed, { [`${s3}.s3OutputFormatConfig.aggregationConfig`]: { aggregationType: 'SingleFile' } }],
    [
      typed,
      { [`${s3}.s3OutputFormatConfig.prefixConfig.pathPrefixHierarchy`]: ['EXECUTION_ID', 'SCHEMA_VERSION'] },
    ],
    [typed, { tributary: { compression: 'ZSTD' } }],
    // Names of files are no folders.
    [
      '18-hubspot-map-all',
      { [`${s3}.s3OutputFormatConfig.prefixConfig`]: { prefixType: 'FILENAME', prefixFormat: 'HOUR' } },
    ],
    ['18-hubspot-map-all', { 'tasks.0.taskProperties.INCLUDE_NEW_FIELDS': 'true' }],
    [csv, { 'tasks.5.taskProperties.ORDERED_PARTITION_KEYS_LIST': 'industry,rating' }],
    // CSV holds nothing but text.
    [
      csv,
      {
        'tasks.6': {
          taskType: 'Mask',
          sourceFields: ['Name'],
          connectorOperator: { Salesforce: 'MASK_ALL' },
        },
      },
    ],
  ])('of %s stays with %j', (name, changes) => {
    expect(changesOf(schemaFingerprint, name, changes)).toBe(false);
  });

  it('heeds the order of Map tasks in CSV alone, where it is the order of columns', () => {
    const swap = (name: string) => {
      const { tasks } = flow(name);
      return { 'tasks.2': tasks[3], 'tasks.3': tasks[2] };
    };
    expect(changesOf(schemaFingerprint, typed, swap(typed))).toBe(false);
    expect(changesOf(schemaFingerprint, csv, swap(csv))).toBe(true);
  });
});

describe('identityFingerprint', () => {
  it.each([
    { 'sourceFlowConfig.connectorProfileName': 'another' },
    { 'sourceFlowConfig.sourceConnectorProperties.Salesforce.object': 'Lead' },
    { [`${s3}.bucketName`]: 'another' },
    { [`${s3}.bucketPrefix`]: 'another' },
  ])('changes with %j', (changes) => {
    expect(changesOf(identityFingerprint, typed, changes)).toBe(true);
  });

  it.each([
    { 'sourceFlowConfig.sourceConnectorProperties.Salesforce.includeDeletedRecords': false },
    { 'sourceFlowConfig.apiVersion': 'v59.0' },
    { [`${s3}.bucketPrefix`]: '/raw/salesforce/' },
    { 'tasks.3.destinationField': 'another' },
    { [`${s3}.s3OutputFormatConfig.fileType`]: 'CSV' },
  ])('stays with %j', (changes) => {
    expect(changesOf(identityFingerprint, typed, changes)).toBe(false);
  });
});
