/** What is measured: a flow, and the same work as DuckDB does it. */

import { defineFlow } from '../core/flow/define-flow.ts';
import type { FlowInput } from '../core/flow/definition.ts';
import { csvColumns, jsonColumns } from './records.ts';

export interface Case {
  readonly name: string;
  /** Name ending of the input. */
  readonly input: 'jsonl' | 'csv';
  readonly flow: FlowInput;
  /** What DuckDB copies: a query of the input file. */
  query(file: string): string;
  /** The file that DuckDB writes; empty: a folder of them. */
  readonly file: string;
  /** Options of its COPY. */
  readonly copy: string;
  /** A query that reads the output in `folder`, ours or DuckDB's, with equal types. */
  read(folder: string): string;
}

// What the engine's row groups have at most, as the multiple of 2,048 that DuckDB wants.
const parquet = 'FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 249856';

type FileType = 'CSV' | 'JSON' | 'PARQUET';
type Tasks = FlowInput['tasks'];

function flow(name: string, input: 'JSON' | 'CSV', fileType: FileType, tasks: Tasks): FlowInput {
  return defineFlow({
    flowName: name,
    triggerConfig: { triggerType: 'OnDemand' },
    sourceFlowConfig: {
      connectorType: 'S3',
      sourceConnectorProperties: {
        S3: {
          bucketName: 'source',
          bucketPrefix: input === 'CSV' ? 'csv' : 'jsonl',
          s3InputFormatConfig: { s3InputFileType: input },
        },
      },
    },
    destinationFlowConfigList: [
      {
        connectorType: 'S3',
        destinationConnectorProperties: {
          S3: {
            bucketName: 'lake',
            s3OutputFormatConfig: {
              fileType,
              ...(fileType === 'PARQUET' && { preserveSourceDataTyping: true }),
              aggregationConfig: { aggregationType: 'SingleFile' },
            },
          },
        },
      },
    ],
    tasks,
    tributary: { fileExtension: true },
  });
}

/** Source field (or made value), column, type in typed output, and DuckDB's expression. */
const mapped: readonly (readonly [string, string, string, string])[] = [
  ['Id', 'id', 'string', 'Id'],
  ['AccountId', 'account_id', 'string', 'AccountId'],
  ['FirstName,LastName', 'name', 'string', "FirstName || ' ' || LastName"],
  ['Email', 'email', 'string', 'Email'],
  ['Title', 'title', 'string', 'left(Title, 20)'],
  ['Status', 'status', 'string', 'Status'],
  ['IsActive', 'is_active', 'boolean', 'IsActive'],
  ['AnnualRevenue', 'annual_revenue', 'double', 'AnnualRevenue'],
  ['NumberOfEmployees', 'employees', 'long', 'NumberOfEmployees'],
  ['MailingAddress.city', 'city', 'string', 'MailingAddress.city'],
  ['Country', 'country', 'string', 'Country'],
  ['CreatedDate', 'created_at', 'datetime', 'CreatedDate'],
];

/** The types of the columns in DuckDB. Text formats have times as they came. */
function types(time: string): Record<string, string> {
  const names: Record<string, string> = {
    string: 'VARCHAR',
    boolean: 'BOOLEAN',
    double: 'DOUBLE',
    long: 'BIGINT',
  };
  return Object.fromEntries(mapped.map(([, column, type]) => [column, names[type] ?? time]));
}

function mappedTasks(typed: boolean, partition?: string): Tasks {
  const sources = mapped.flatMap(([source]) => source.split(','));
  return [
    { taskType: 'Filter', sourceFields: [...sources, 'Score'], connectorOperator: { S3: 'PROJECTION' } },
    {
      taskType: 'Filter',
      sourceFields: ['Score'],
      connectorOperator: { S3: 'GREATER_THAN' },
      taskProperties: { DATA_TYPE: 'long', VALUE: '40' },
    },
    { taskType: 'Truncate', sourceFields: ['Title'], taskProperties: { TRUNCATE_LENGTH: '20' } },
    {
      taskType: 'Merge',
      sourceFields: ['FirstName', 'LastName'],
      destinationField: 'FirstName,LastName',
      taskProperties: { CONCAT_FORMAT: '${FirstName} ${LastName}' },
    },
    ...mapped.map(([source, destinationField, type]) => ({
      taskType: 'Map' as const,
      sourceFields: [source],
      destinationField,
      ...(typed && { taskProperties: { DESTINATION_DATA_TYPE: type } }),
    })),
    ...(partition === undefined
      ? []
      : [
          {
            taskType: 'Partition' as const,
            sourceFields: [],
            taskProperties: { ORDERED_PARTITION_KEYS_LIST: JSON.stringify([partition]) },
          },
        ]),
  ];
}

function mappedQuery(time: 'TIMESTAMP' | 'VARCHAR'): Case['query'] {
  const columns = sqlStruct({ ...jsonColumns, CreatedDate: time });
  const expressions = mapped.map(([, column, , expression]) => `${expression} AS ${column}`);
  return (file) =>
    `SELECT ${expressions.join(', ')} FROM read_json('${file}', format='newline_delimited', columns=${columns}) WHERE Score > 40`;
}

const sqlStruct = (members: Readonly<Record<string, string>>): string =>
  `{${Object.entries(members).map(([name, type]) => `${name}: '${type}'`)}}`;

/** The instant as a number, since ours is in UTC and DuckDB's without a zone. */
const readMapped = (folder: string): string =>
  `SELECT * REPLACE (epoch_ms(created_at) AS created_at) FROM read_parquet('${folder}/**/*.parquet', hive_partitioning=false)`;

export const cases: readonly Case[] = [
  {
    name: 'json-parquet',
    input: 'jsonl',
    flow: flow('json-parquet', 'JSON', 'PARQUET', mappedTasks(true)),
    query: mappedQuery('TIMESTAMP'),
    file: 'all.parquet',
    copy: parquet,
    read: readMapped,
  },
  {
    name: 'json-parquet-partitioned',
    input: 'jsonl',
    flow: flow('json-parquet-partitioned', 'JSON', 'PARQUET', mappedTasks(true, 'country')),
    query: mappedQuery('TIMESTAMP'),
    file: '',
    copy: `${parquet}, OVERWRITE_OR_IGNORE, PARTITION_BY (country), WRITE_PARTITION_COLUMNS true`,
    read: readMapped,
  },
  {
    name: 'json-csv',
    input: 'jsonl',
    flow: flow('json-csv', 'JSON', 'CSV', mappedTasks(false)),
    query: mappedQuery('VARCHAR'),
    file: 'all.csv',
    copy: 'FORMAT csv, HEADER',
    read: (folder) =>
      `SELECT * FROM read_csv('${folder}/**/*.csv', header=true, columns=${sqlStruct(types('VARCHAR'))})`,
  },
  {
    name: 'json-json',
    input: 'jsonl',
    flow: flow('json-json', 'JSON', 'JSON', mappedTasks(false)),
    query: mappedQuery('VARCHAR'),
    file: 'all.jsonl',
    copy: 'FORMAT json',
    read: (folder) =>
      `SELECT * FROM read_json('${folder}/**/*.jsonl', format='newline_delimited', columns=${sqlStruct(types('VARCHAR'))})`,
  },
  {
    name: 'csv-parquet',
    input: 'csv',
    flow: flow('csv-parquet', 'CSV', 'PARQUET', [
      { taskType: 'Filter', sourceFields: [], connectorOperator: { S3: 'PROJECTION' } },
      { taskType: 'Map_all', sourceFields: [] },
    ]),
    query: (file) =>
      `SELECT ${csvColumns.join(', ')} FROM read_csv('${file}', header=true, all_varchar=true)`,
    file: 'all.parquet',
    copy: parquet,
    read: (folder) => `SELECT * FROM read_parquet('${folder}/**/*.parquet')`,
  },
];
