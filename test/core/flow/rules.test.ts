import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { checkFlow } from '../../../core/flow/read.ts';
import { creationErrors, warnings } from '../../../core/flow/rules.ts';
import { mutated } from './mutated.ts';

const salesforce = '01-salesforce-opportunity-s3-parquet-incremental';
const upsert = '03-s3-csv-salesforce-upsert-error-bucket';
const custom = '10-custom-connector-source-s3';
const catalog = '12-salesforce-partitioned-cataloged';
const onDemand = '17-s3-zendesk-insert';
const passthrough = '14-s3-jsonl-sap-passthrough';

const scheduled = 'triggerConfig.triggerProperties.Scheduled';
const s3 = 'destinationFlowConfigList.0.destinationConnectorProperties.S3';

/** A task as it stands in the flow from S3 to Zendesk, whose operator key is S3. */
const task = (taskType: string, operator: string, sourceFields: string[], rest: object = {}) => ({
  taskType,
  sourceFields,
  connectorOperator: { S3: operator },
  ...rest,
});
const map = (from: string, to: string) => task('Map', 'NO_OP', [from], { destinationField: to });
const projection = task('Filter', 'PROJECTION', ['a', 'b']);
const filter = (operator: string, taskProperties: object) =>
  task('Filter', operator, ['a'], { taskProperties });

/** The tasks of a flow from S3 to Zendesk that reads `a` and `b`. */
const tasks = (...list: object[]) => ({ tasks: [projection, map('a', 'x'), ...list] });

const refused: [name: string, changes: Record<string, unknown>, message: string][] = [
  // shapes
  [
    salesforce,
    { flowName: 'x' },
    'flowName: not allowed here; got "x"; expected a letter or digit, then letters, digits and _ ! @ # . -, two characters or more',
  ],
  [salesforce, { flowName: 'größe' }, 'flowName: not allowed here; got "größe"'],
  [salesforce, { flowName: undefined }, 'flowName: missing; expected text; add it'],
  [salesforce, { description: 'a: b' }, 'description: not allowed here; got "a: b"'],
  [salesforce, { description: 'x'.repeat(2049) }, 'description: out of bounds; got "xxxxxxxxxx'],
  [
    salesforce,
    { 'triggerConfig.triggerType': 'scheduled' },
    'triggerConfig.triggerType: not allowed here; got "scheduled"; expected one of Scheduled, Event, OnDemand; did you mean \'Scheduled\'?',
  ],
  [
    salesforce,
    { [`${scheduled}.scheduleOffset`]: 36_001 },
    'Scheduled.scheduleOffset: out of bounds; got 36001; expected at most 36000',
  ],
  [
    salesforce,
    { [`${scheduled}.scheduleOffset`]: 1.5 },
    'Scheduled.scheduleOffset: wrong type; got 1.5; expected a whole number',
  ],
  [
    salesforce,
    { [`${scheduled}.flowErrorDeactivationThreshold`]: 0 },
    'flowErrorDeactivationThreshold: out of bounds; got 0; expected at least 1',
  ],
  [
    salesforce,
    { [`${scheduled}.scheduleStartTime`]: 1_798_797_600_000 },
    'scheduleStartTime: not allowed here; got 1798797600000; expected seconds, not milliseconds',
  ],
  [
    salesforce,
    { [`${scheduled}.scheduleStartTime`]: '2026-03-01 06:00' },
    'expected epoch seconds, or ISO 8601 with a zone such as 2026-03-01T06:00:00Z',
  ],
  [
    salesforce,
    { [`${scheduled}.dataPullMode`]: 'incremental' },
    'dataPullMode: not allowed here; got "incremental"; expected one of Incremental, Complete; did you mean \'Incremental\'?',
  ],
  [
    salesforce,
    { 'triggerConfig.triggerProperties': { scheduleExpression: 'rate(1hours)' } },
    "triggerProperties.scheduleExpression: unknown member; expected one of Scheduled; move it into 'Scheduled'",
  ],
  [
    salesforce,
    { 'sourceFlowConfig.connectorType': 'ServiceNow' },
    'sourceFlowConfig.connectorType: not allowed here; got "ServiceNow"; did you mean \'Servicenow\'?',
  ],
  [
    salesforce,
    { [`${s3}.s3OutputFormatConfig.fileType`]: 'Parquet' },
    'fileType: not allowed here; got "Parquet"; expected one of CSV, JSON, PARQUET; did you mean \'PARQUET\'?',
  ],
  [
    salesforce,
    { [`${s3}.bucketName`]: 'ab' },
    'S3.bucketName: out of bounds; got "ab"; expected at least 3 characters',
  ],
  [salesforce, { [`${s3}.errorHandlingConfig`]: {} }, 'S3.errorHandlingConfig: unknown member'],
  [salesforce, { kmsArn: 'alias/key-of-the-lake-bucket' }, 'kmsArn: not allowed here'],
  [salesforce, { tags: { 'aws:a': 'b' } }, 'tags["aws:a"]: this key is not allowed'],
  [
    salesforce,
    { tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`${i}`, ''])) },
    'tags: not allowed here',
  ],
  [
    salesforce,
    { 'tasks.1.taskProperties': { VALUE: 5 } },
    'tasks[1].taskProperties.VALUE: wrong type; got 5; expected text; write it in quotes',
  ],
  [
    salesforce,
    { 'tasks.1.taskProperties': { VALUE: 'a\nb' } },
    'tasks[1].taskProperties.VALUE: not allowed here; got "a\\nb"',
  ],
  [
    salesforce,
    { 'tasks.1.taskProperties': { VALEU: '5' } },
    "tasks[1].taskProperties.VALEU: unknown member; did you mean 'VALUE'?",
  ],
  [
    salesforce,
    { 'tasks.1.connectorOperator': { Salesforce: 'EQUALS_TO' } },
    'tasks[1].connectorOperator.Salesforce: not allowed here; got "EQUALS_TO"; did you mean \'EQUAL_TO\'?',
  ],
  [
    salesforce,
    { 'tasks.1.connectorOperator': { Redshift: 'EQUAL_TO' } },
    'tasks[1].connectorOperator.Redshift: unknown member',
  ],
  [
    salesforce,
    { 'tasks.1.taskType': 'MapAll' },
    'tasks[1].taskType: not allowed here; got "MapAll"; expected one of Arithmetic, Filter, Map, Map_all, Mask, Merge, Passthrough, Truncate, Validate, Partition; did you mean \'Map_all\'?',
  ],
  [
    custom,
    { 'sourceFlowConfig.sourceConnectorProperties.CustomConnector.dataTransferApi.Type': 'BULKV2' },
    'dataTransferApi.Type: not allowed here; got "BULKV2"; expected one of SYNC, ASYNC, AUTOMATIC',
  ],
  [
    '06-sap-odata-parallel-s3',
    { 'sourceFlowConfig.sourceConnectorProperties.SAPOData.parallelismConfig.maxParallelism': 11 },
    'maxParallelism: out of bounds; got 11; expected at most 10',
  ],
  [
    salesforce,
    { tributary: { flowStats: 'Active' } },
    "tributary.flowStats: unknown member; expected one of flowStatus, eventPattern, errorHandlingConfig, fileExtension, compression, nestedTypes, memorySize, maxConcurrency, retentionDays, lookback; did you mean 'flowStatus'?",
  ],
  [
    salesforce,
    { tributary: { memorySize: 64 } },
    'tributary.memorySize: out of bounds; got 64; expected at least 128',
  ],
  // trigger
  [
    salesforce,
    { 'triggerConfig.triggerProperties': undefined },
    'triggerConfig.triggerProperties: TriggerProps is required for Scheduled Trigger Type.',
  ],
  [
    salesforce,
    { 'triggerConfig.triggerType': 'Event' },
    'Scheduled: does not go with triggerType Event; remove it, or set triggerType to Scheduled',
  ],
  [
    salesforce,
    { [`${scheduled}.scheduleExpression`]: 'every day' },
    'scheduleExpression: not a schedule expression; got "every day"; expected rate(5minutes)',
  ],
  [
    salesforce,
    { [`${scheduled}.scheduleEndTime`]: 1_798_797_600 },
    'scheduleEndTime: the schedule ends before it starts; got 1798797600; expected a time after scheduleStartTime, 1798797600',
  ],
  // connectors
  [
    salesforce,
    { 'sourceFlowConfig.connectorType': 'Redshift' },
    'sourceFlowConfig.connectorType: not a source; got "Redshift"; expected one of Salesforce, Singular, Slack, S3, Marketo, Googleanalytics,',
  ],
  [
    salesforce,
    { 'sourceFlowConfig.connectorType': 'Slack' },
    'sourceConnectorProperties: must have exactly the member that goes with connectorType Slack; got ["Salesforce"]; expected Slack',
  ],
  [
    salesforce,
    { 'sourceFlowConfig.sourceConnectorProperties': {} },
    'sourceConnectorProperties: must have exactly the member that goes with connectorType Salesforce; got []; expected Salesforce',
  ],
  [
    salesforce,
    { 'destinationFlowConfigList.0.connectorType': 'Slack' },
    'destinationFlowConfigList[0].connectorType: not a destination; got "Slack"',
  ],
  [
    salesforce,
    { 'destinationFlowConfigList.0.connectorProfileName': 'p' },
    'destinationFlowConfigList[0].connectorProfileName: S3 has no connector profile; got "p"; remove it',
  ],
  [
    salesforce,
    { 'sourceFlowConfig.connectorProfileName': undefined },
    'sourceFlowConfig.connectorProfileName: Salesforce needs a connector profile; name one',
  ],
  [
    custom,
    { 'sourceFlowConfig.apiVersion': undefined },
    "sourceFlowConfig.apiVersion: CustomConnector needs the version of the connector's API",
  ],
  [
    '06-sap-odata-parallel-s3',
    { 'sourceFlowConfig.sourceConnectorProperties.SAPOData.objectPath': undefined },
    'SAPOData.objectPath: missing; name the OData entity set',
  ],
  [
    salesforce,
    { destinationFlowConfigList: [] },
    'destinationFlowConfigList: AppFlow writes to one destination; got 0; expected exactly 1',
  ],
  [
    upsert,
    { 'destinationFlowConfigList.0.destinationConnectorProperties.Salesforce.idFieldNames': [] },
    'Salesforce.idFieldNames: UPSERT needs the fields that identify a record; name them',
  ],
  [
    onDemand,
    {
      metadataCatalogConfig: {
        glueDataCatalog: { roleArn: 'arn:aws:iam::123456789012:role/r', databaseName: 'd', tablePrefix: 'p' },
      },
    },
    'metadataCatalogConfig: only data in S3 can be catalogued; remove it',
  ],
  // tributary
  [
    onDemand,
    { tributary: { eventPattern: {} } },
    'tributary.eventPattern: not allowed here; got {}; expected at least one member',
  ],
  [
    salesforce,
    { tributary: { eventPattern: { source: ['a'] } } },
    'tributary.eventPattern: an event pattern needs triggerType OnDemand; remove it',
  ],
  [
    onDemand,
    { tributary: { flowStatus: 'Suspended' } },
    'tributary.flowStatus: a flow that runs on demand alone cannot be suspended',
  ],
  [
    onDemand,
    { tributary: { lookback: 60 } },
    'tributary.lookback: looking back needs dataPullMode Incremental',
  ],
  [onDemand, { tributary: { fileExtension: true } }, 'tributary.fileExtension: only for an S3 destination'],
  [
    onDemand,
    { tributary: { errorHandlingConfig: { bucketName: 'errors' } } },
    'tributary.errorHandlingConfig: only for an S3 destination; others have an errorHandlingConfig of their own',
  ],
  [catalog, { tributary: { compression: 'ZSTD' } }, 'tributary.compression: only for fileType PARQUET'],
  [
    salesforce,
    { tributary: { nestedTypes: { Tags: 'array<string', Address: 'string' } } },
    'tributary.nestedTypes.Tags: not allowed here; got "array<string"; expected ">" at character 13',
  ],
  [
    salesforce,
    { tributary: { nestedTypes: { Address: 'string' } } },
    'tributary.nestedTypes.Address: not allowed here; got "string"; expected one of array<…>, map<string,…>, struct<…> at character 1',
  ],
  [
    catalog,
    { tributary: { nestedTypes: { Tags: 'array<string>' } } },
    'tributary.nestedTypes: only for fileType PARQUET with preserveSourceDataTyping; remove it',
  ],
  [
    salesforce,
    {
      'destinationFlowConfigList.0.destinationConnectorProperties.S3.s3OutputFormatConfig.preserveSourceDataTyping': false,
      tributary: { nestedTypes: { Tags: 'array<string>' } },
    },
    'tributary.nestedTypes: only for fileType PARQUET with preserveSourceDataTyping; remove it',
  ],
  [salesforce, { tributary: { retentionDays: 30 } }, 'tributary.retentionDays: needs metadataCatalogConfig'],
  // operators
  [
    salesforce,
    { 'tasks.1.connectorOperator': undefined },
    'tasks[1].connectorOperator: Task Validation Error: The operator NO_OP is not valid for filtering tasks.  The task sourceConnectorType is FILTERING and the task operator is NO_OP',
  ],
  [
    salesforce,
    { 'tasks.1.connectorOperator': { Zendesk: 'GREATER_THAN' } },
    "write it under the source's key: AppFlow ignores Zendesk here",
  ],
  [
    salesforce,
    { 'tasks.1.connectorOperator': { Salesforce: 'EQUAL_TO', S3: 'EQUAL_TO' } },
    'tasks[1].connectorOperator: must have one member; got ["Salesforce","S3"]; expected exactly 1',
  ],
  [
    salesforce,
    { 'tasks.1.connectorOperator': { Salesforce: 'MASK_ALL' } },
    'tasks[1].connectorOperator: the operator MASK_ALL is not valid for Filter tasks',
  ],
  [
    '02-zendesk-tickets-s3-daily',
    { 'tasks.1.connectorOperator': { Zendesk: 'LESS_THAN' } },
    'tasks[1].connectorOperator.Zendesk: Zendesk does not offer this operator; got "LESS_THAN"; expected one of PROJECTION, GREATER_THAN',
  ],
  [
    onDemand,
    tasks(task('Mask', 'NO_OP', ['a'], { taskProperties: { MASK_LENGTH: '2' } })),
    'tasks[2].connectorOperator: the operator NO_OP is not valid for Mask tasks; got {"S3":"NO_OP"}; expected one of MASK_ALL, MASK_FIRST_N, MASK_LAST_N',
  ],
  // the list
  [
    onDemand,
    { tasks: [map('a', 'x')] },
    'tasks: Task Validation Error: You must specify a projection task or a MAP_ALL task; add a Filter task with the operator PROJECTION',
  ],
  [
    onDemand,
    tasks(...Array.from({ length: 11 }, () => filter('EQUAL_TO', { VALUE: '1' }))),
    'tasks: too many filters; got 11; expected at most 10',
  ],
  [
    onDemand,
    tasks(task('Map_all', 'NO_OP', []), task('Map_all', 'NO_OP', [''])),
    'tasks[3]: there is a Map_all task already, tasks[2]; keep one',
  ],
  [
    passthrough,
    { 'tasks.2': { ...map('a', 'x') } },
    'tasks[2]: Passthrough hands records over under their own names; Map does not go with it; remove one of them',
  ],
  // filters
  [
    onDemand,
    tasks(filter('EQUAL_TO', {})),
    'tasks[2].taskProperties.VALUE: missing for EQUAL_TO; expected VALUE or VALUES; add it',
  ],
  [
    onDemand,
    tasks(filter('EQUAL_TO', { VALUE: '1', VALUES: '1,2' })),
    'tasks[2].taskProperties.VALUES: does not go with VALUE here; got "1,2"; remove it',
  ],
  [
    onDemand,
    tasks(filter('BETWEEN', { LOWER_BOUND: '1' })),
    'tasks[2].taskProperties.UPPER_BOUND: missing for BETWEEN; expected LOWER_BOUND and UPPER_BOUND; add it',
  ],
  [
    onDemand,
    tasks(filter('BETWEEN', { LOWER_BOUND: '1', UPPER_BOUND: '2', VALUE: '3' })),
    'tasks[2].taskProperties.VALUE: does not go with BETWEEN here',
  ],
  [
    onDemand,
    tasks(filter('LESS_THAN', { DATA_TYPE: 'integer', VALUE: '1.5' })),
    'VALUE: not a value of DATA_TYPE integer; got "1.5"; expected a whole number',
  ],
  [
    onDemand,
    tasks(filter('LESS_THAN', { DATA_TYPE: 'Double', VALUE: '1,5' })),
    'not a value of DATA_TYPE Double; got "1,5"; expected a number',
  ],
  [
    onDemand,
    tasks(filter('EQUAL_TO', { DATA_TYPE: 'boolean', VALUES: 'true,yes' })),
    'not a value of DATA_TYPE boolean; got "yes"; expected true or false',
  ],
  [
    onDemand,
    tasks(filter('LESS_THAN', { DATA_TYPE: 'datetime', VALUE: 'yesterday' })),
    'not a value of DATA_TYPE datetime; got "yesterday"; expected epoch milliseconds, or ISO 8601',
  ],
  [
    onDemand,
    tasks(filter('EQUAL_TO', { VALUES: '1,2,3,4,5,6,7,8,9,10,11' })),
    'VALUES: too many values for EQUAL_TO; got 11; expected at most 10',
  ],
  [
    onDemand,
    tasks(task('Filter', 'EQUAL_TO', ['a', 'b'], { taskProperties: { VALUE: '1' } })),
    'tasks[2].sourceFields: wrong number of fields for Filter; got ["a","b"]; expected exactly 1',
  ],
  [
    onDemand,
    tasks(filter('LESS_THAN', { VALUE: '1' })),
    "DATA_TYPE: missing for LESS_THAN; expected the field's type, e.g. datetime or double; add it",
  ],
  [
    onDemand,
    tasks(filter('LESS_THAN', { DATA_TYPE: 'long', VALUES: '1,2' })),
    'VALUES: too many values for LESS_THAN; got 2; expected at most 1',
  ],
  // one task
  [
    onDemand,
    tasks(task('Map', 'NO_OP', ['a', 'b'], { destinationField: 'y' })),
    'tasks[2].sourceFields: wrong number of fields for Map; got ["a","b"]; expected exactly 1',
  ],
  [
    onDemand,
    tasks(task('Map', 'NO_OP', ['a'])),
    'tasks[2].destinationField: missing; name the field that the value goes to',
  ],
  [
    onDemand,
    tasks(task('Map_all', 'NO_OP', ['a'])),
    'tasks[2].sourceFields: wrong number of fields for Map_all; got ["a"]; expected exactly 0',
  ],
  [
    onDemand,
    tasks(task('Map_all', 'NO_OP', [], { taskProperties: { EXCLUDE_SOURCE_FIELDS_LIST: 'a,b' } })),
    'EXCLUDE_SOURCE_FIELDS_LIST: not allowed here; got "a,b"; expected a JSON list in quotes',
  ],
  [
    onDemand,
    tasks(task('Map_all', 'NO_OP', [], { taskProperties: { INCLUDE_NEW_FIELDS: 'yes' } })),
    'INCLUDE_NEW_FIELDS: not allowed here; got "yes"; expected "true" or "false"',
  ],
  [
    onDemand,
    tasks(task('Mask', 'MASK_LAST_N', ['a'])),
    'tasks[2].taskProperties.MASK_LENGTH: missing; expected a whole number from 1, in quotes; add it',
  ],
  [
    onDemand,
    tasks(task('Mask', 'MASK_FIRST_N', ['a'], { taskProperties: { MASK_LENGTH: 'all' } })),
    'MASK_LENGTH: not allowed here; got "all"; expected a whole number from 1',
  ],
  [
    onDemand,
    tasks(task('Mask', 'MASK_ALL', ['a'], { taskProperties: { MASK_VALUE: '**' } })),
    'MASK_VALUE: not allowed here; got "**"; expected one character, e.g. "*"',
  ],
  [
    onDemand,
    tasks(task('Mask', 'MASK_ALL', ['a', 'b'])),
    'tasks[2].sourceFields: wrong number of fields for Mask; got ["a","b"]; expected exactly 1',
  ],
  [
    onDemand,
    tasks(task('Truncate', 'NO_OP', ['a'], { taskProperties: { TRUNCATE_LENGTH: '0' } })),
    'TRUNCATE_LENGTH: not allowed here; got "0"; expected a whole number from 1',
  ],
  [
    onDemand,
    tasks(
      task('Validate', 'VALIDATE_NON_NULL', ['a'], { taskProperties: { VALIDATION_ACTION: 'Droprecords' } }),
    ),
    'VALIDATION_ACTION: not allowed here; got "Droprecords"; expected one of DropRecord, DropDataset, TerminateFlow; did you mean \'DropRecord\'?',
  ],
  [
    onDemand,
    tasks(task('Validate', 'VALIDATE_NON_NULL', ['a'])),
    'VALIDATION_ACTION: missing; expected one of DropRecord, DropDataset, TerminateFlow; add it',
  ],
  // made fields
  [onDemand, tasks(map('b', 'x')), 'tasks[2].destinationField: already mapped by tasks[1]; got "x"'],
  [
    onDemand,
    tasks(task('Arithmetic', 'ADDITION', ['a'])),
    'tasks[2].sourceFields: wrong number of fields for Arithmetic; got ["a"]; expected at least 2',
  ],
  [
    onDemand,
    tasks(task('Arithmetic', 'ADDITION', ['a', 'b'])),
    'tasks[2]: nothing uses the result of this Arithmetic task; add a Map task with the source field "a,b"',
  ],
  [
    onDemand,
    tasks(
      task('Arithmetic', 'ADDITION', ['a', 'b']),
      task('Arithmetic', 'DIVISION', ['a', 'b']),
      map('a,b', 'y'),
    ),
    'tasks[3].destinationField: tasks[2] makes a field of this name too; got "a,b"; give it a destinationField of its own',
  ],
  [
    onDemand,
    tasks(task('Merge', 'NO_OP', ['a', 'b'], { destinationField: 'a' })),
    'tasks[2].destinationField: is the name of a source field; got "a"',
  ],
  [
    onDemand,
    tasks(
      task('Arithmetic', 'ADDITION', ['a', 'b'], { taskProperties: { MATH_OPERATION_FIELDS_ORDER: 'a,c' } }),
    ),
    'MATH_OPERATION_FIELDS_ORDER: not allowed here; got "a,c"; expected all source fields, e.g. "a,b"',
  ],
  [
    onDemand,
    tasks(
      task('Merge', 'NO_OP', ['first', 'last'], { taskProperties: { CONCAT_FORMAT: '${first} ${lsat}' } }),
    ),
    "tasks[2].taskProperties.CONCAT_FORMAT: ${lsat} is not one of the task's source fields; got \"${first} ${lsat}\"; did you mean 'last'?",
  ],
  // partition
  [
    onDemand,
    tasks(task('Partition', 'NO_OP', ['x'])),
    'tasks[2]: only data in S3 can be partitioned; remove the task',
  ],
  [
    catalog,
    { 'tasks.5.taskProperties': { ORDERED_PARTITION_KEYS_LIST: '["industri"]' } },
    'tasks[5]: a partition key that is no field of this flow; got "industri"; expected destination fields; did you mean \'industry\'?',
  ],
  [
    catalog,
    { 'tasks.5.taskProperties': { ORDERED_PARTITION_KEYS_LIST: 'rating, rating' } },
    'tasks[5]: a partition key is there twice; got "rating"',
  ],
  [
    catalog,
    { 'tasks.5': task('Partition', 'NO_OP', []) },
    'tasks[5]: wrong number of partition keys; got 0; expected 1 to 10',
  ],
  [
    catalog,
    {
      'tasks.5': task(
        'Partition',
        'NO_OP',
        Array.from({ length: 11 }, (_, i) => `k${i}`),
      ),
    },
    'tasks[5]: wrong number of partition keys; got 11; expected 1 to 10',
  ],
];

describe('CreateFlow refuses', () => {
  it.each(refused)('%s with %j', (name, changes, message) => {
    expect(() => checkFlow(mutated(name, changes), 'flow.json')).toThrow(message);
  });
});

const accepted: [name: string, changes: Record<string, unknown>][] = [
  [salesforce, { [`${scheduled}.scheduleExpression`]: 'rate(5 minutes)' }],
  [salesforce, { [`${scheduled}.scheduleOffset`]: 36_000 }],
  [salesforce, { kmsArn: 'arn:aws-cn:kms:cn-north-1:123456789012:key/0b3f6a52' }],
  // Blanks are those of ASCII, as in Java.
  [salesforce, { 'sourceFlowConfig.sourceConnectorProperties.Salesforce.object': 'a\u00a0b' }],
  // The destination's key and S3's are read too.
  [salesforce, { 'tasks.1.connectorOperator': { S3: 'EQUAL_TO' } }],
  [upsert, { 'tasks.0.connectorOperator': { Salesforce: 'PROJECTION' } }],
  // An operator of no effect harms under no key.
  [salesforce, { 'tasks.2.connectorOperator': { Zendesk: 'NO_OP' } }],
  [salesforce, { 'tasks.2.connectorOperator': undefined }],
  [onDemand, { tasks: [task('Map_all', 'NO_OP', [''])] }],
  [
    onDemand,
    tasks(
      filter('BETWEEN', {
        DATA_TYPE: 'datetime',
        LOWER_BOUND: '2026-01-01T00:00:00Z',
        UPPER_BOUND: '1769904000000',
      }),
    ),
  ],
  [onDemand, tasks(filter('EQUAL_TO', { DATA_TYPE: 'picklist', VALUES: 'gold,silver' }))],
  [
    onDemand,
    tasks(
      task('Merge', 'NO_OP', ['a', 'b'], { taskProperties: { CONCAT_FORMAT: '${a}-${b}' } }),
      map('a,b', 'y'),
    ),
  ],
  [
    onDemand,
    tasks(
      task('Mask', 'MASK_ALL', ['a']),
      task('Validate', 'VALIDATE_NUMERIC', ['b'], { taskProperties: { VALIDATION_ACTION: 'TerminateFlow' } }),
    ),
  ],
  [catalog, { 'tasks.5.taskProperties': { ORDERED_PARTITION_KEYS_LIST: 'industry, rating' } }],
  [
    catalog,
    { 'tasks.4': map('Industry', 'sector'), 'tasks.5': task('Partition', 'NO_OP', ['Rating', 'sector']) },
  ],
  [
    salesforce,
    {
      'tasks.1.connectorOperator': { Salesforce: 'CONTAINS' },
      'tasks.1.taskProperties': { DATA_TYPE: 'long', VALUES: 'a,b' },
    },
  ],
  [passthrough, { 'tasks.2': task('Mask', 'MASK_ALL', ['SoldToParty']) }],
  [catalog, { 'tasks.5.taskProperties': undefined, tributary: { retentionDays: 7, fileExtension: true } }],
  [
    onDemand,
    { tributary: { eventPattern: { detail: { a: [{ prefix: 'x' }, null] } }, flowStatus: 'Suspended' } },
  ],
  [
    salesforce,
    {
      tributary: {
        lookback: 600,
        compression: 'ZSTD',
        nestedTypes: { Tags: 'array<string>' },
        errorHandlingConfig: { bucketName: 'err', failOnFirstDestinationError: true },
        memorySize: 1024,
        maxConcurrency: 4,
      },
    },
  ],
];

describe('CreateFlow accepts', () => {
  it.each(accepted)('%s with %j', (name, changes) => {
    expect(creationErrors(checkFlow(mutated(name, changes), 'flow.json'))).toEqual([]);
  });
});

describe('warnings', () => {
  const warned = (name: string, changes: Record<string, unknown>) =>
    warnings(checkFlow(mutated(name, changes), 'f.json'));

  it('has none for a plain flow', () => {
    expect(warned(salesforce, {})).toEqual([]);
  });

  it('names what has no effect or surprises', () => {
    expect(warned(onDemand, { tasks: [projection] })).toEqual([
      'tasks: no Map, Map_all or Passthrough task, so nothing is transferred',
    ]);
    const inVain = {
      ...task('Truncate', 'NO_OP', ['a']),
      destinationField: 'y',
      taskProperties: { TRUNCATE_LENGTH: '3', VALUE: '1' },
    };
    expect(warned(onDemand, tasks(inVain))).toEqual([
      'tasks[2].taskProperties.VALUE: has no effect in a Truncate task',
      'tasks[2].destinationField: has no effect in a Truncate task',
    ]);
    expect(
      warned(
        onDemand,
        tasks(task('Mask', 'MASK_ALL', ['a']), task('Arithmetic', 'ADDITION', ['a', 'b']), map('a,b', 'y')),
      ),
    ).toEqual(["tasks: Arithmetic computes with the unmasked 'a'; its result may disclose it"]);
    expect(warned(salesforce, { [`${scheduled}.dataPullMode`]: 'Complete' })).toEqual([
      'sourceFlowConfig.incrementalPullConfig: has no effect without dataPullMode Incremental',
      'triggerConfig.triggerProperties.Scheduled.scheduleOffset: has no effect without dataPullMode Incremental',
      'triggerConfig.triggerProperties.Scheduled.firstExecutionFrom: has no effect without dataPullMode Incremental',
    ]);
    const trendMicro = mutated(salesforce, {
      'sourceFlowConfig.connectorType': 'Trendmicro',
      'sourceFlowConfig.sourceConnectorProperties': { Trendmicro: { object: 'o' } },
      [`${scheduled}.scheduleExpression`]: 'rate(30minutes)',
      tasks: [{ taskType: 'Map_all', sourceFields: [] }],
    });
    expect(warnings(checkFlow(trendMicro, 'f.json'))).toEqual([
      'triggerConfig: AppFlow itself runs flows from Trendmicro hourly at most',
    ]);
    expect(warned(salesforce, { [`${s3}.s3OutputFormatConfig.fileType`]: 'CSV' })).toEqual([
      'preserveSourceDataTyping: has no effect without fileType PARQUET',
    ]);
    const prefixConfig = { prefixType: 'FILENAME', prefixFormat: 'HOUR' };
    expect(warned(salesforce, { [`${s3}.s3OutputFormatConfig.prefixConfig`]: prefixConfig })).toEqual([
      'prefixConfig.prefixFormat: has no effect without a prefixType with PATH; names carry the time to the second',
    ]);
    const incremental = { scheduleExpression: 'rate(1days)', dataPullMode: 'Incremental' };
    const changes = {
      triggerConfig: { triggerType: 'Scheduled', triggerProperties: { Scheduled: incremental } },
      'sourceFlowConfig.incrementalPullConfig': { datetimeTypeFieldName: 'changed' },
    };
    expect(warned(onDemand, changes)).toEqual([
      'sourceFlowConfig.incrementalPullConfig: has no effect, S3 is pulled by LastModified',
    ]);
  });

  it('sees a flow that reads its own output', () => {
    const toS3 = (bucketPrefix: string) => ({
      destinationFlowConfigList: [
        {
          connectorType: 'S3',
          destinationConnectorProperties: { S3: { bucketName: 'nordwind-outbound', bucketPrefix } },
        },
      ],
    });
    const loop =
      'the destination lies in the folder that the source reads: each run reads what earlier ones wrote';
    expect(warned(onDemand, toS3('/tickets/out/'))).toEqual([loop]);
    expect(warned(onDemand, toS3('tickets-out'))).toEqual([]);
    expect(
      warned(onDemand, { ...toS3('out'), 'sourceFlowConfig.sourceConnectorProperties.S3.bucketPrefix': '/' }),
    ).toEqual([
      "sourceFlowConfig: AppFlow itself does not read a bucket's root, it needs a bucketPrefix",
      loop,
    ]);
  });
});

describe('creationErrors', () => {
  it('gives errors with their place', () => {
    const flow = checkFlow(mutated(salesforce, {}), 'f.json');
    const broken: FlowDefinition = { ...flow, tasks: [] };
    expect(creationErrors(broken).map(({ name, context }) => [name, context.at])).toEqual([
      ['FlowInvalid', 'tasks'],
    ]);
  });
});
