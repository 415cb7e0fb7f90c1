/**
 * A flow's definition: the request of AppFlow's CreateFlow, member by member, as zod schemas.
 *
 * Shapes, enumerations, patterns and bounds are those of the public API model
 * (https://docs.aws.amazon.com/appflow/1.0/APIReference/API_CreateFlow.html); what one member says of another is in
 * `rules.ts`. The one addition is the optional member `tributary`.
 */

import * as z from 'zod';
import { messageOf } from '../errors.ts';
import { hiveType, parseNestedType } from '../hive-type.ts';
import { operators } from '../operators.ts';
import { taskPropertyKeys, taskTypes } from './task.ts';

// ---- strings ----

/**
 * A string of the API model: the pattern must match as a whole, and `\w` and `\s` mean ASCII, as they do for AWS. ARNs
 * of other partitions (aws-cn, aws-us-gov) are allowed, which the model's text forgets.
 *
 * @param says the pattern in words, for messages; there is one for the usual ones.
 */
export function text(
  max: number,
  pattern: string,
  min = 0,
  says = inWords[pattern] ?? `a text that matches ${pattern}`,
) {
  const ascii = pattern
    .replaceAll('\\s', ' \\t\\n\\x0B\\f\\r')
    .replaceAll('\\S', '[^ \\t\\n\\x0B\\f\\r]')
    .replaceAll('arn:aws:', 'arn:aws[a-z-]*:');
  const schema = z
    .string()
    .max(max)
    .regex(new RegExp(`^(?:${ascii})$`, 'u'), { error: says });
  return min > 0 ? schema.min(min) : schema;
}

const inWords: Readonly<Record<string, string>> = {
  '.*': 'one line of text',
  '.+': 'one line of text, not empty',
  '\\S+': 'a text without blanks, not empty',
  '[\\w]+': 'letters, digits and _',
};

const gluePattern = '[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*';

const bucketName = text(63, '\\S+', 3);
const bucketPrefix = text(512, '.*');
const objectName = text(512, '\\S+');
const idFieldNames = z.array(text(128, '\\S+')).optional();

// ---- times ----

/** In the year 2286; later times are certainly milliseconds. */
const tooLate = 9_999_999_999;

/** Epoch seconds, as on the wire, or ISO 8601 with a zone (a bare date is midnight UTC); normalised to epoch seconds. */
const timestamp = z
  .union(
    [
      z
        .number()
        .min(0)
        .refine((time) => time <= tooLate, { error: 'seconds, not milliseconds' }),
      z.iso.datetime({ offset: true }),
      z.iso.date(),
    ],
    {
      error: 'epoch seconds, or ISO 8601 with a zone such as 2026-03-01T06:00:00Z',
    },
  )
  .transform((value) => (typeof value === 'number' ? value : Date.parse(value) / 1000))
  .describe('Epoch seconds, or ISO 8601 with a zone.');

// ---- connectors ----

export const connectorTypes = [
  'Salesforce',
  'Singular',
  'Slack',
  'Redshift',
  'S3',
  'Marketo',
  'Googleanalytics',
  'Zendesk',
  'Servicenow',
  'Datadog',
  'Trendmicro',
  'Snowflake',
  'Dynatrace',
  'Infornexus',
  'Amplitude',
  'Veeva',
  'EventBridge',
  'LookoutMetrics',
  'Upsolver',
  'Honeycode',
  'CustomerProfiles',
  'SAPOData',
  'CustomConnector',
  'Pardot',
] as const;
export type ConnectorType = (typeof connectorTypes)[number];
export const connectorType = z.enum(connectorTypes);

/** The member of `…ConnectorProperties` and `connectorOperator` that goes with a type: mostly its name, not always. */
export function memberKey(type: ConnectorType): string {
  const others: Partial<Record<ConnectorType, string>> = {
    Googleanalytics: 'GoogleAnalytics',
    Servicenow: 'ServiceNow',
    Infornexus: 'InforNexus',
  };
  return others[type] ?? type;
}

/** Connectors that AWS reaches with the flow's own permissions: they have no connector profile. */
export const profileless: readonly ConnectorType[] = [
  'S3',
  'EventBridge',
  'LookoutMetrics',
  'CustomerProfiles',
  'Upsolver',
];

const errorHandlingConfig = z
  .strictObject({
    failOnFirstDestinationError: z.boolean().optional(),
    bucketPrefix: bucketPrefix.optional(),
    bucketName: bucketName.optional(),
  })
  .describe('What happens to records that the destination refuses.');

const salesforceDataTransferApi = z.enum(['AUTOMATIC', 'BULKV2', 'REST_SYNC']);
const writeOperationType = z.enum(['INSERT', 'UPSERT', 'UPDATE', 'DELETE']);
const customProperties = z
  .record(text(128, '[\\w]+', 1), text(2048, '\\S+'))
  .refine((map) => Object.keys(map).length <= 50, { error: 'at most 50 entries' });

const prefixConfig = z
  .strictObject({
    prefixType: z.enum(['FILENAME', 'PATH', 'PATH_AND_FILENAME']).optional(),
    prefixFormat: z.enum(['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE']).optional(),
    pathPrefixHierarchy: z.array(z.enum(['EXECUTION_ID', 'SCHEMA_VERSION'])).optional(),
  })
  .describe('Folders and file names: date and time, schema version, execution id.');

const aggregationConfig = z.strictObject({
  aggregationType: z.enum(['None', 'SingleFile']).optional(),
  targetFileSize: z.int().min(1).optional().describe('Approximate size of an output file in MB.'),
});

const fileType = z.enum(['CSV', 'JSON', 'PARQUET']);

const objectOnly = z.strictObject({ object: objectName });

const sourceConnectorProperties = z.strictObject({
  Amplitude: objectOnly.optional(),
  Datadog: objectOnly.optional(),
  Dynatrace: objectOnly.optional(),
  GoogleAnalytics: objectOnly.optional(),
  InforNexus: objectOnly.optional(),
  Marketo: objectOnly.optional(),
  S3: z
    .strictObject({
      bucketName,
      bucketPrefix: bucketPrefix.optional(),
      s3InputFormatConfig: z.strictObject({ s3InputFileType: z.enum(['CSV', 'JSON']).optional() }).optional(),
    })
    .optional(),
  Salesforce: z
    .strictObject({
      object: objectName,
      enableDynamicFieldUpdate: z.boolean().optional(),
      includeDeletedRecords: z.boolean().optional(),
      dataTransferApi: salesforceDataTransferApi.optional(),
    })
    .optional(),
  ServiceNow: objectOnly.optional(),
  Singular: objectOnly.optional(),
  Slack: objectOnly.optional(),
  Trendmicro: objectOnly.optional(),
  Veeva: z
    .strictObject({
      object: objectName,
      documentType: text(512, '[\\s\\w_-]+').optional(),
      includeSourceFiles: z.boolean().optional(),
      includeRenditions: z.boolean().optional(),
      includeAllVersions: z.boolean().optional(),
    })
    .optional(),
  Zendesk: objectOnly.optional(),
  SAPOData: z
    .strictObject({
      objectPath: objectName.optional(),
      parallelismConfig: z.strictObject({ maxParallelism: z.int().min(1).max(10) }).optional(),
      paginationConfig: z.strictObject({ maxPageSize: z.int().min(1).max(10_000) }).optional(),
    })
    .optional(),
  CustomConnector: z
    .strictObject({
      entityName: text(1024, '\\S+'),
      customProperties: customProperties.optional(),
      dataTransferApi: z
        .strictObject({
          Name: text(64, '[\\w/-]+').optional(),
          Type: z.enum(['SYNC', 'ASYNC', 'AUTOMATIC']).optional(),
        })
        .optional(),
    })
    .optional(),
  Pardot: objectOnly.optional(),
});

const objectDestination = z.strictObject({
  object: objectName,
  errorHandlingConfig: errorHandlingConfig.optional(),
});

const stagedDestination = z.strictObject({
  object: objectName,
  intermediateBucketName: bucketName,
  bucketPrefix: bucketPrefix.optional(),
  errorHandlingConfig: errorHandlingConfig.optional(),
});

const destinationConnectorProperties = z.strictObject({
  Redshift: stagedDestination.optional(),
  S3: z
    .strictObject({
      bucketName,
      bucketPrefix: bucketPrefix.optional(),
      s3OutputFormatConfig: z
        .strictObject({
          fileType: fileType.optional().describe('Default JSON (JSON Lines).'),
          prefixConfig: prefixConfig.optional(),
          aggregationConfig: aggregationConfig.optional(),
          preserveSourceDataTyping: z
            .boolean()
            .optional()
            .describe('Parquet only: keep the types of the source; otherwise every column is a string.'),
        })
        .optional(),
    })
    .optional(),
  Salesforce: z
    .strictObject({
      object: objectName,
      idFieldNames,
      errorHandlingConfig: errorHandlingConfig.optional(),
      writeOperationType: writeOperationType.optional(),
      dataTransferApi: salesforceDataTransferApi.optional(),
    })
    .optional(),
  Snowflake: stagedDestination.optional(),
  EventBridge: objectDestination.optional(),
  LookoutMetrics: z.strictObject({}).optional(),
  Upsolver: z
    .strictObject({
      bucketName: text(63, '(upsolver-appflow)\\S*', 16),
      bucketPrefix: bucketPrefix.optional(),
      s3OutputFormatConfig: z.strictObject({
        fileType: fileType.optional(),
        prefixConfig,
        aggregationConfig: aggregationConfig.optional(),
      }),
    })
    .optional(),
  Honeycode: objectDestination.optional(),
  CustomerProfiles: z
    .strictObject({ domainName: text(64, '\\S+'), objectTypeName: text(255, '\\S+').optional() })
    .optional(),
  Zendesk: z
    .strictObject({
      object: objectName,
      idFieldNames,
      errorHandlingConfig: errorHandlingConfig.optional(),
      writeOperationType: writeOperationType.optional(),
    })
    .optional(),
  Marketo: objectDestination.optional(),
  CustomConnector: z
    .strictObject({
      entityName: text(1024, '\\S+'),
      errorHandlingConfig: errorHandlingConfig.optional(),
      writeOperationType: writeOperationType.optional(),
      idFieldNames,
      customProperties: customProperties.optional(),
    })
    .optional(),
  SAPOData: z
    .strictObject({
      objectPath: objectName,
      successResponseHandlingConfig: z
        .strictObject({ bucketPrefix: bucketPrefix.optional(), bucketName: bucketName.optional() })
        .optional(),
      idFieldNames,
      errorHandlingConfig: errorHandlingConfig.optional(),
      writeOperationType: writeOperationType.optional(),
    })
    .optional(),
});

/** The members of `sourceConnectorProperties` and of `destinationConnectorProperties`. */
export const sourceKeys: readonly string[] = sourceConnectorProperties.keyof().options;
export const destinationKeys: readonly string[] = destinationConnectorProperties.keyof().options;

const apiVersion = text(256, '\\S+');
export const connectorProfileName = text(256, '[\\w/!@#+=.-]+');

const sourceFlowConfig = z.strictObject({
  connectorType,
  apiVersion: apiVersion.optional(),
  connectorProfileName: connectorProfileName.optional(),
  sourceConnectorProperties,
  incrementalPullConfig: z
    .strictObject({ datetimeTypeFieldName: text(256, '.*').optional() })
    .optional()
    .describe('The field that says when a record was last changed.'),
});

const destinationFlowConfig = z.strictObject({
  connectorType,
  apiVersion: apiVersion.optional(),
  connectorProfileName: connectorProfileName.optional(),
  destinationConnectorProperties,
});

// ---- trigger ----

const scheduledTriggerProperties = z.strictObject({
  scheduleExpression: text(256, '.*').describe(
    'rate(5minutes), rate(1hours), rate(1days), … or cron(minutes hours day-of-month month day-of-week year) in UTC.',
  ),
  dataPullMode: z.enum(['Incremental', 'Complete']).optional().describe('Default Complete.'),
  scheduleStartTime: timestamp.optional(),
  scheduleEndTime: timestamp.optional(),
  timezone: text(256, '.*').optional().describe('A label; it changes no time.'),
  scheduleOffset: z
    .int()
    .min(0)
    .max(36_000)
    .optional()
    .describe('Seconds by which the pull window lies in the past.'),
  firstExecutionFrom: timestamp
    .optional()
    .describe('Where the first pull window begins; default 30 days before the first run.'),
  flowErrorDeactivationThreshold: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Consecutive failed runs after which the flow is suspended.'),
});

const triggerConfig = z.strictObject({
  triggerType: z.enum(['Scheduled', 'Event', 'OnDemand']),
  triggerProperties: z.strictObject({ Scheduled: scheduledTriggerProperties.optional() }).optional(),
});

// ---- tasks ----

const task = z.strictObject({
  taskType: z.enum(taskTypes),
  sourceFields: z.array(text(2048, '.*')),
  connectorOperator: z
    .partialRecord(sourceConnectorProperties.keyof(), z.enum(operators))
    .optional()
    .describe("Exactly one member: the source connector's key and an operator."),
  destinationField: text(256, '.*').optional(),
  taskProperties: z
    .partialRecord(z.enum(taskPropertyKeys), text(2048, '.+', 1))
    .optional()
    .describe('Text to text; numbers and lists are written as text, e.g. "5" or "[\\"a\\"]".'),
});

// ---- what Tributary adds ----

/** Normalised to its usual spelling. */
const nestedType = z.string().transform((written, context) => {
  try {
    return hiveType(parseNestedType('', written));
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
    return z.NEVER;
  }
});

const tributary = z
  .strictObject({
    flowStatus: z
      .enum(['Active', 'Suspended'])
      .optional()
      .describe('Whether a freshly deployed flow runs at once. Default Active.'),
    eventPattern: z
      .record(z.string(), z.json())
      .refine((pattern) => Object.keys(pattern).length > 0, { error: 'at least one member' })
      .optional()
      .describe('An EventBridge event pattern; each match starts a run of an OnDemand flow.'),
    errorHandlingConfig: errorHandlingConfig
      .optional()
      .describe("The error bucket of an S3 destination, which AppFlow's S3 destination lacks."),
    fileExtension: z
      .boolean()
      .optional()
      .describe('Whether S3 objects end in .jsonl, .csv or .parquet. Default false, as AppFlow.'),
    compression: z
      .enum(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD'])
      .optional()
      .describe('Of Parquet output. Default SNAPPY.'),
    nestedTypes: z
      .record(z.string(), nestedType)
      .optional()
      .describe(
        'Of typed Parquet output: destination field to its type, such as array<string> or struct<id:bigint,tags:array<string>>. Fields that are not named hold what is nested as JSON text.',
      ),
    memorySize: z
      .int()
      .min(128)
      .max(10_240)
      .optional()
      .describe('MB of the function that transfers the data. Default: by connector.'),
    maxConcurrency: z.int().min(1).max(1000).optional().describe('Splits transferred at once.'),
    retentionDays: z
      .int()
      .min(1)
      .optional()
      .describe('After how many days the Glue tables of single runs are removed. Default: never.'),
    lookback: z
      .int()
      .min(0)
      .optional()
      .describe('Seconds by which each pull window reaches back for records that were stamped late.'),
  })
  .describe('What Tributary adds; a definition without it is a plain AppFlow flow.');

// ---- the flow ----

/** FlowName of the API model: 2 to 256 characters. */
export const flowName = text(
  256,
  '[a-zA-Z0-9][\\w!@#.-]+',
  0,
  'a letter or digit, then letters, digits and _ ! @ # . -, two characters or more',
);

export const flowSchema = z.strictObject({
  flowName: flowName.describe(
    '2 to 256 characters, the first a letter or digit. State and output folders carry it.',
  ),
  description: text(2048, '[\\w!@#\\-.?,\\s]*', 0, 'letters, digits, blanks and _ ! @ # - . ? ,').optional(),
  kmsArn: text(2048, 'arn:aws:kms:.*:[0-9]+:.*', 20)
    .optional()
    .describe('Encrypts what the flow writes to S3.'),
  triggerConfig,
  sourceFlowConfig,
  destinationFlowConfigList: z.array(destinationFlowConfig).describe('Exactly one.'),
  tasks: z
    .array(task)
    .describe('What is read, kept, changed and mapped: one small task per field and effect.'),
  tags: z
    .record(text(128, '(?!aws:)[a-zA-Z+-=._:/]+', 1), text(256, '[\\s\\w+-=\\.:/@]*'))
    .refine((map) => Object.keys(map).length <= 50, { error: 'at most 50 tags' })
    .optional(),
  metadataCatalogConfig: z
    .strictObject({
      glueDataCatalog: z
        .strictObject({
          roleArn: text(512, 'arn:aws:iam:.*:[0-9]+:.*'),
          databaseName: text(255, gluePattern),
          tablePrefix: text(128, gluePattern),
        })
        .optional(),
    })
    .optional()
    .describe('Registers the output in the Glue Data Catalog. S3 destinations only.'),
  tributary: tributary.optional(),
});

/** A flow as it is used everywhere: checked, times in epoch seconds. */
export type FlowDefinition = z.output<typeof flowSchema>;
/** A flow as it is written: times also as ISO 8601 text. */
export type FlowInput = z.input<typeof flowSchema>;

export type ScheduledTriggerProperties = z.output<typeof scheduledTriggerProperties>;
export type SourceFlowConfig = FlowDefinition['sourceFlowConfig'];
export type DestinationFlowConfig = FlowDefinition['destinationFlowConfigList'][number];
