import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalFlow } from '../../../core/flow/canonical.ts';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { fingerprint, schemaFingerprint } from '../../../core/flow/fingerprint.ts';
import { checkFlow } from '../../../core/flow/read.ts';
import { example, mutated } from './mutated.ts';

const examples = readdirSync(new URL('../../fixtures/flows', import.meta.url)).map((file) =>
  file.replace('.json', ''),
);
const s3 = 'destinationFlowConfigList.0.destinationConnectorProperties.S3';
const scheduled = 'triggerConfig.triggerProperties.Scheduled';

const flow = (name: string, changes: Record<string, unknown> = {}): FlowDefinition =>
  checkFlow(mutated(name, changes), 'flow.json');
const canonical = (name: string, changes: Record<string, unknown> = {}) => canonicalFlow(flow(name, changes));

describe('canonicalFlow', () => {
  it('writes members in the order of the API model, whatever theirs was', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      const entries = Object.entries(value).map(([key, member]) => [key, reversed(member)]);
      return Object.fromEntries(entries.reverse());
    };
    for (const name of examples) {
      const document: unknown = JSON.parse(example(name));
      const turned = canonicalFlow(checkFlow(reversed(document), name));
      expect(JSON.stringify(turned)).toBe(JSON.stringify(canonical(name)));
    }
    expect(Object.keys(canonical('01-salesforce-opportunity-s3-parquet-incremental'))).toEqual([
      'flowName',
      'description',
      'kmsArn',
      'triggerConfig',
      'sourceFlowConfig',
      'destinationFlowConfigList',
      'tasks',
      'tags',
    ]);
  });

  it('leaves out what means the same when it is left out, and spells out what has no documented default', () => {
    const output = canonical('02-zendesk-tickets-s3-daily', {
      description: '',
      tags: {},
      [scheduled]: { scheduleExpression: ' RATE(1 day)', scheduleOffset: 0 },
      [s3]: {
        bucketName: 'lake',
        bucketPrefix: '/raw//zendesk/',
        s3OutputFormatConfig: {
          fileType: 'JSON',
          prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID', 'SCHEMA_VERSION', 'EXECUTION_ID'] },
          aggregationConfig: { aggregationType: 'None' },
          preserveSourceDataTyping: false,
        },
      },
      tributary: { flowStatus: 'Active', fileExtension: false },
    });
    expect(output.triggerConfig).toEqual({
      triggerType: 'Scheduled',
      triggerProperties: { Scheduled: { scheduleExpression: 'rate(1days)', dataPullMode: 'Complete' } },
    });
    expect(output.destinationFlowConfigList[0]?.destinationConnectorProperties).toEqual({
      S3: {
        bucketName: 'lake',
        bucketPrefix: 'raw/zendesk',
        s3OutputFormatConfig: { prefixConfig: { pathPrefixHierarchy: ['SCHEMA_VERSION', 'EXECUTION_ID'] } },
      },
    });
    expect(Object.keys(output)).toEqual([
      'flowName',
      'triggerConfig',
      'sourceFlowConfig',
      'destinationFlowConfigList',
      'tasks',
    ]);
  });

  it('orders tasks by stage: filters by what they say, all others as they were listed', () => {
    const map = (from: string) => ({ taskType: 'Map', sourceFields: [from], destinationField: from });
    const { tasks } = canonicalFlow(
      checkFlow(
        {
          ...JSON.parse(example('15-salesforce-map-all-dynamic')),
          tasks: [
            { taskType: 'Partition', sourceFields: ['b', 'a'] },
            map('b'),
            map('a'),
            {
              taskType: 'Filter',
              sourceFields: ['b'],
              connectorOperator: { Salesforce: 'EQUAL_TO' },
              taskProperties: { VALUE: '1' },
            },
            {
              taskType: 'Filter',
              sourceFields: ['a'],
              connectorOperator: { S3: 'EQUAL_TO' },
              taskProperties: { VALUE: '1' },
            },
            {
              taskType: 'Filter',
              sourceFields: ['b', 'a', 'b'],
              connectorOperator: { Salesforce: 'PROJECTION' },
            },
          ],
        },
        'flow.json',
      ),
    );
    const NO_OP = { Salesforce: 'NO_OP' };
    const EQUAL_TO = { Salesforce: 'EQUAL_TO' };
    expect(tasks).toEqual([
      {
        taskType: 'Filter',
        sourceFields: ['a', 'b'],
        connectorOperator: { Salesforce: 'PROJECTION' },
        taskProperties: {},
      },
      {
        taskType: 'Filter',
        sourceFields: ['a'],
        connectorOperator: EQUAL_TO,
        taskProperties: { VALUE: '1' },
      },
      {
        taskType: 'Filter',
        sourceFields: ['b'],
        connectorOperator: EQUAL_TO,
        taskProperties: { VALUE: '1' },
      },
      {
        taskType: 'Map',
        sourceFields: ['b'],
        connectorOperator: NO_OP,
        destinationField: 'b',
        taskProperties: {},
      },
      {
        taskType: 'Map',
        sourceFields: ['a'],
        connectorOperator: NO_OP,
        destinationField: 'a',
        taskProperties: {},
      },
      {
        taskType: 'Partition',
        sourceFields: ['b', 'a'],
        connectorOperator: NO_OP,
        taskProperties: { ORDERED_PARTITION_KEYS_LIST: '["b","a"]' },
      },
    ]);
  });

  it('writes nested types in one way', () => {
    const nestedTypes = { b: 'Array < STRING >', a: 'struct<Id:bigint>', description: 'map<string, int>' };
    const name = '01-salesforce-opportunity-s3-parquet-incremental';
    expect(JSON.stringify(canonical(name, { tributary: { nestedTypes } }).tributary)).toBe(
      '{"nestedTypes":{"a":"struct<Id:bigint>","b":"array<string>","description":"map<string,int>"}}',
    );
  });

  it('is a correct flow, and its own canonical form', () => {
    for (const name of examples) {
      const once = canonical(name);
      expect(checkFlow(once, name)).toEqual(once);
      expect(JSON.stringify(canonicalFlow(once))).toBe(JSON.stringify(once));
    }
  });

  it('keeps what a connector says by being there', () => {
    const lookout = canonical('18-hubspot-map-all', {
      'destinationFlowConfigList.0': {
        connectorType: 'LookoutMetrics',
        destinationConnectorProperties: { LookoutMetrics: {} },
      },
    });
    expect(lookout.destinationFlowConfigList[0]?.destinationConnectorProperties).toEqual({
      LookoutMetrics: {},
    });
    const upsolver = canonical('18-hubspot-map-all', {
      'destinationFlowConfigList.0': {
        connectorType: 'Upsolver',
        destinationConnectorProperties: {
          Upsolver: { bucketName: 'upsolver-appflow-1', s3OutputFormatConfig: { prefixConfig: {} } },
        },
      },
    });
    expect(upsolver.destinationFlowConfigList[0]?.destinationConnectorProperties.Upsolver).toEqual({
      bucketName: 'upsolver-appflow-1',
      s3OutputFormatConfig: { prefixConfig: {} },
    });
  });
});

/** Other spellings of example 12: path → value. All of them say what it says. */
const spellings: Readonly<Record<string, unknown>> = {
  description: '',
  tags: {},
  tributary: { flowStatus: 'Active', fileExtension: false },
  [`${s3}.bucketPrefix`]: '/curated/',
  [`${s3}.s3OutputFormatConfig.preserveSourceDataTyping`]: false,
  'triggerConfig.triggerProperties.Scheduled.scheduleExpression': 'rate( 1 day )',
  'triggerConfig.triggerProperties.Scheduled.dataPullMode': undefined,
  'sourceFlowConfig.incrementalPullConfig': {},
  'sourceFlowConfig.sourceConnectorProperties.Salesforce.includeDeletedRecords': false,
  'sourceFlowConfig.sourceConnectorProperties.Salesforce.enableDynamicFieldUpdate': false,
  'tasks.0.taskProperties': undefined,
  'tasks.0.sourceFields': ['Rating', 'Name', 'Id', 'Industry', 'Name'],
  'tasks.1.connectorOperator': undefined,
  'tasks.5.taskProperties': undefined,
};
/** Changes of example 12 that make another schema version. */
const schemaChanges: Readonly<Record<string, unknown>> = {
  'tasks.1.destinationField': 'another',
  'tasks.2.sourceFields': ['Another'],
  'tasks.3.taskProperties.DESTINATION_DATA_TYPE': 'long',
  'tasks.5.taskProperties.ORDERED_PARTITION_KEYS_LIST': '["rating"]',
  [`${s3}.s3OutputFormatConfig.fileType`]: 'PARQUET',
  [`${s3}.s3OutputFormatConfig.prefixConfig`]: { pathPrefixHierarchy: ['EXECUTION_ID'] },
};
/** Changes that make none. */
const otherChanges: Readonly<Record<string, unknown>> = {
  flowName: 'another',
  description: 'another',
  kmsArn: 'arn:aws:kms:eu-central-1:123456789012:key/1',
  tags: { team: 'another' },
  triggerConfig: {
    triggerType: 'Scheduled',
    triggerProperties: { Scheduled: { scheduleExpression: 'rate(1days)', dataPullMode: 'Incremental' } },
  },
  'sourceFlowConfig.incrementalPullConfig': { datetimeTypeFieldName: 'SystemModstamp' },
  'sourceFlowConfig.sourceConnectorProperties.Salesforce.object': 'Another',
  [`${s3}.bucketName`]: 'another',
  [`${s3}.s3OutputFormatConfig.aggregationConfig`]: { targetFileSize: 128 },
  'metadataCatalogConfig.glueDataCatalog.tablePrefix': 'another',
  'tributary.retentionDays': 7,
};

describe('fingerprints', () => {
  const name = '12-salesforce-partitioned-cataloged';
  const base = { 'tributary.flowStatus': 'Active' };
  const picked = (changes: Readonly<Record<string, unknown>>) =>
    fc
      .subarray(Object.entries(changes), { minLength: 1 })
      .map((entries) => Object.fromEntries(entries) as Record<string, unknown>);
  // `tributary` must be there for the paths below it.
  const made = (changes: Record<string, unknown>) => flow(name, { tributary: {}, ...changes });

  it('of any spelling are those of the flow', () => {
    fc.assert(
      fc.property(picked(spellings), (changes) => {
        expect(fingerprint(made(changes))).toBe(fingerprint(flow(name)));
        expect(schemaFingerprint(made(changes))).toBe(schemaFingerprint(flow(name)));
      }),
    );
    expect(fingerprint(made(base))).toBe(fingerprint(flow(name)));
  });

  it('of schemas change with mapping, types and partitions, whatever else is said', () => {
    fc.assert(
      fc.property(picked(schemaChanges), fc.subarray(Object.entries(otherChanges)), (changes, others) => {
        const changed = made({ ...Object.fromEntries(others), ...changes });
        expect(schemaFingerprint(changed)).not.toBe(schemaFingerprint(flow(name)));
        expect(fingerprint(changed)).not.toBe(fingerprint(flow(name)));
      }),
    );
  });

  it('of schemas change with nothing else, and those of flows with everything', () => {
    fc.assert(
      fc.property(picked(otherChanges), (changes) => {
        expect(schemaFingerprint(made(changes))).toBe(schemaFingerprint(flow(name)));
        expect(fingerprint(made(changes))).not.toBe(fingerprint(flow(name)));
      }),
    );
  });
});
