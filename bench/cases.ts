/** What is measured: a flow, and the same work as another program does it. */

import { defineFlow } from '../core/flow/define-flow.ts';
import type { FlowInput } from '../core/flow/definition.ts';
import { csvColumns, type InputKind, jsonColumns, wideColumns } from './records.ts';

export interface Case {
  readonly name: string;
  readonly flow: FlowInput;
  /** Only for `npm run bench:full`. */
  readonly full?: boolean;
  /** The share of `--records` that this case takes; its records are larger, or it takes longer. Default 1. */
  readonly share?: number;
  /** `file`: in a bucket that is a folder. `pages`: served by HTTP, 2,000 a page. `postgres`: a table. */
  readonly source: 'file' | 'pages' | 'postgres';
  readonly input: InputKind;
  readonly peer: Peer;
  /** Beside the peer, what one would write first with libraries. */
  readonly libraries?: { readonly reader: 'json' | 'csv'; readonly writer: 'csv' | 'json' | 'parquet' };
  /** What ratio and speeds are of: with a server at work beside either side, time that passes, else CPU time. */
  readonly by: 'cpu' | 'wall';
  /**
   * The ratio of 100,000 records below which something has become slower: about two thirds of what it was when this was written.
   * So few records tell little of the speed, as half of the time is the start of the process. Default: not held.
   */
  readonly floor?: number;
  /** A query that reads the output in `folder`, either's, with equal types. Without it only the rows are counted. */
  read?(folder: string): string;
}

/** What a case is compared with: a program of this folder. */
export type Peer =
  | {
      readonly kind: 'duckdb';
      /** What DuckDB copies: a query of the input file. */
      query(file: string): string;
      /** The file that it writes; empty: a folder of them. */
      readonly file: string;
      /** Options of its COPY. */
      readonly copy: string;
    }
  /** `fetch().json()` of every page, then hyparquet-writer. */
  | { readonly kind: 'fetch' }
  /** `COPY … TO STDOUT`, the output thrown away. */
  | { readonly kind: 'copy' };

// What the engine's row groups have at most, as the multiple of 2,048 that DuckDB wants.
const parquet = 'FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 249856';

type FileType = 'CSV' | 'JSON' | 'PARQUET';
type Tasks = FlowInput['tasks'];
type SourceFlowConfig = FlowInput['sourceFlowConfig'];

export function files(kind: InputKind): SourceFlowConfig {
  return {
    connectorType: 'S3',
    sourceConnectorProperties: {
      S3: {
        bucketName: 'source',
        bucketPrefix: kind,
        s3InputFormatConfig: { s3InputFileType: kind === 'csv' ? 'CSV' : 'JSON' },
      },
    },
  };
}

/** An entity of the connection `bench`. */
export function connected(entityName: string): SourceFlowConfig {
  return {
    connectorType: 'CustomConnector',
    connectorProfileName: 'bench',
    apiVersion: 'v1',
    sourceConnectorProperties: { CustomConnector: { entityName } },
  };
}

export function flow(name: string, source: SourceFlowConfig, fileType: FileType, tasks: Tasks): FlowInput {
  return defineFlow({
    flowName: name,
    triggerConfig: { triggerType: 'OnDemand' },
    sourceFlowConfig: source,
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

interface MappedOptions {
  readonly partition?: string;
  readonly connector?: 'S3' | 'CustomConnector';
  /** Scores, from 0 to 100, are to be above it. Default 40. */
  readonly bound?: number;
}

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

export function mappedTasks(
  typed: boolean,
  { partition, connector = 'S3', bound = 40 }: MappedOptions = {},
): Tasks {
  const sources = mapped.flatMap(([source]) => source.split(','));
  return [
    {
      taskType: 'Filter',
      sourceFields: [...sources, 'Score'],
      connectorOperator: { [connector]: 'PROJECTION' },
    },
    {
      taskType: 'Filter',
      sourceFields: ['Score'],
      connectorOperator: { [connector]: 'GREATER_THAN' },
      taskProperties: { DATA_TYPE: 'long', VALUE: String(bound) },
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
    ...partitionTask(partition),
  ];
}

function partitionTask(partition: string | undefined): Tasks {
  if (partition === undefined) return [];
  const taskProperties = { ORDERED_PARTITION_KEYS_LIST: JSON.stringify([partition]) };
  return [{ taskType: 'Partition', sourceFields: [], taskProperties }];
}

/** The same, of DuckDB's COPY. */
const partitioned = (partition: string | undefined): string =>
  partition === undefined
    ? ''
    : `, OVERWRITE_OR_IGNORE, PARTITION_BY (${partition}), WRITE_PARTITION_COLUMNS true`;

const mapAll: Tasks = [
  { taskType: 'Filter', sourceFields: [], connectorOperator: { S3: 'PROJECTION' } },
  { taskType: 'Map_all', sourceFields: [] },
];

/** All columns of the wide table, those that are no texts with their types. */
const wideTasks: Tasks = [
  { taskType: 'Filter', sourceFields: Object.keys(wideColumns), connectorOperator: { S3: 'PROJECTION' } },
  ...Object.entries(wideColumns).map(([name, type]) => ({
    taskType: 'Map' as const,
    sourceFields: [name],
    destinationField: name,
    taskProperties: {
      DESTINATION_DATA_TYPE: { VARCHAR: 'string', BIGINT: 'long', DOUBLE: 'double', BOOLEAN: 'boolean' }[
        type
      ],
    },
  })),
];

function mappedQuery(time: 'TIMESTAMP' | 'VARCHAR'): (file: string) => string {
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

type Output = 'csv' | 'jsonl' | 'parquet';

const fileTypes: Readonly<Record<Output, FileType>> = { csv: 'CSV', jsonl: 'JSON', parquet: 'PARQUET' };
const copyOptions: Readonly<Record<Output, string>> = {
  csv: 'FORMAT csv, HEADER',
  jsonl: 'FORMAT json',
  parquet,
};

/** Reads files of either side with equal types. */
function readerOf(output: Output, columns: Readonly<Record<string, string>>): NonNullable<Case['read']> {
  return (folder) => {
    const files = `'${folder}/**/*.${output}', hive_partitioning=false`;
    if (output === 'parquet') return `SELECT * FROM read_parquet(${files})`;
    const typed = `${files}, columns=${sqlStruct(columns)}`;
    return output === 'csv'
      ? `SELECT * FROM read_csv(${typed}, header=true)`
      : `SELECT * FROM read_json(${typed}, format='newline_delimited')`;
  };
}

interface Inputs {
  readonly tasks: Tasks;
  /** Columns and their types in DuckDB. */
  readonly columns: Readonly<Record<string, string>>;
  query(file: string): string;
}

const csvInput: Inputs = {
  tasks: mapAll,
  columns: Object.fromEntries(csvColumns.map((name) => [name, 'VARCHAR'])),
  query: (file) => `SELECT ${csvColumns.join(', ')} FROM read_csv('${file}', header=true, all_varchar=true)`,
};
const wideInput: Inputs = {
  tasks: wideTasks,
  columns: wideColumns,
  query: (file) =>
    `SELECT * FROM read_json('${file}', format='newline_delimited', columns=${sqlStruct(wideColumns)})`,
};

/** Every record as it is, into files of another type, or into partitions. */
function copied(input: 'csv' | 'wide', output: Output, partition?: string): Case {
  const { tasks, columns, query } = input === 'csv' ? csvInput : wideInput;
  const name = [input, output === 'jsonl' ? 'json' : output, ...(partition ? ['partitioned'] : [])].join('-');
  return {
    name,
    full: true,
    flow: flow(name, files(input), fileTypes[output], [...tasks, ...partitionTask(partition)]),
    ...(input === 'wide' && { share: 0.1 }),
    ...(input === 'csv' &&
      !partition && { libraries: { reader: 'csv', writer: output === 'jsonl' ? 'json' : output } }),
    source: 'file',
    input,
    by: 'cpu',
    peer: {
      kind: 'duckdb',
      query,
      file: partition ? '' : `all.${output}`,
      copy: copyOptions[output] + partitioned(partition),
    },
    read: readerOf(output, columns),
  };
}

export const cases: readonly Case[] = [
  {
    name: 'json-parquet',
    libraries: { reader: 'json', writer: 'parquet' },
    floor: 0.64,
    flow: flow('json-parquet', files('jsonl'), 'PARQUET', mappedTasks(true)),
    source: 'file',
    input: 'jsonl',
    by: 'cpu',
    peer: { kind: 'duckdb', query: mappedQuery('TIMESTAMP'), file: 'all.parquet', copy: parquet },
    read: readMapped,
  },
  {
    name: 'json-parquet-partitioned',
    floor: 0.5,
    flow: flow(
      'json-parquet-partitioned',
      files('jsonl'),
      'PARQUET',
      mappedTasks(true, { partition: 'country' }),
    ),
    source: 'file',
    input: 'jsonl',
    by: 'cpu',
    peer: {
      kind: 'duckdb',
      query: mappedQuery('TIMESTAMP'),
      file: '',
      copy: parquet + partitioned('country'),
    },
    read: readMapped,
  },
  {
    // A folder for each number of employees: twice the 10,000 open partitions that memory has to hold.
    name: 'json-parquet-20000-partitions',
    full: true,
    share: 0.02,
    flow: flow(
      'json-parquet-20000-partitions',
      files('jsonl'),
      'PARQUET',
      mappedTasks(true, { partition: 'employees' }),
    ),
    source: 'file',
    input: 'jsonl',
    by: 'cpu',
    peer: {
      kind: 'duckdb',
      query: mappedQuery('TIMESTAMP'),
      file: '',
      copy: parquet + partitioned('employees'),
    },
    read: readMapped,
  },
  copied('csv', 'csv'),
  copied('csv', 'jsonl'),
  copied('csv', 'parquet', 'Status'),
  copied('wide', 'csv'),
  copied('wide', 'jsonl'),
  {
    name: 'json-csv',
    libraries: { reader: 'json', writer: 'csv' },
    floor: 0.72,
    flow: flow('json-csv', files('jsonl'), 'CSV', mappedTasks(false)),
    source: 'file',
    input: 'jsonl',
    by: 'cpu',
    peer: { kind: 'duckdb', query: mappedQuery('VARCHAR'), file: 'all.csv', copy: 'FORMAT csv, HEADER' },
    read: (folder) =>
      `SELECT * FROM read_csv('${folder}/**/*.csv', header=true, columns=${sqlStruct(types('VARCHAR'))})`,
  },
  {
    name: 'json-json',
    libraries: { reader: 'json', writer: 'json' },
    floor: 0.72,
    flow: flow('json-json', files('jsonl'), 'JSON', mappedTasks(false)),
    source: 'file',
    input: 'jsonl',
    by: 'cpu',
    peer: { kind: 'duckdb', query: mappedQuery('VARCHAR'), file: 'all.jsonl', copy: 'FORMAT json' },
    read: (folder) =>
      `SELECT * FROM read_json('${folder}/**/*.jsonl', format='newline_delimited', columns=${sqlStruct(types('VARCHAR'))})`,
  },
  {
    name: 'csv-parquet',
    libraries: { reader: 'csv', writer: 'parquet' },
    floor: 0.7,
    flow: flow('csv-parquet', files('csv'), 'PARQUET', mapAll),
    source: 'file',
    input: 'csv',
    by: 'cpu',
    peer: {
      kind: 'duckdb',
      query: (file) =>
        `SELECT ${csvColumns.join(', ')} FROM read_csv('${file}', header=true, all_varchar=true)`,
      file: 'all.parquet',
      copy: parquet,
    },
    read: (folder) => `SELECT * FROM read_parquet('${folder}/**/*.parquet')`,
  },
  {
    name: 'wide-parquet',
    floor: 0.42,
    flow: flow('wide-parquet', files('wide'), 'PARQUET', wideTasks),
    share: 0.1,
    source: 'file',
    input: 'wide',
    by: 'cpu',
    peer: {
      kind: 'duckdb',
      query: (file) =>
        `SELECT * FROM read_json('${file}', format='newline_delimited', columns=${sqlStruct(wideColumns)})`,
      file: 'all.parquet',
      copy: parquet,
    },
    read: (folder) => `SELECT * FROM read_parquet('${folder}/**/*.parquet')`,
  },
  {
    name: 'pages-parquet',
    floor: 1.3,
    flow: flow(
      'pages-parquet',
      connected('records'),
      'PARQUET',
      mappedTasks(true, { connector: 'CustomConnector' }),
    ),
    share: 0.2,
    source: 'pages',
    input: 'jsonl',
    by: 'cpu',
    peer: { kind: 'fetch' },
    read: readMapped,
  },
  {
    name: 'postgres-parquet',
    floor: 0.25,
    // A second is little beside the start of the process.
    share: 2,
    flow: flow('postgres-parquet', connected('public.records'), 'PARQUET', [
      { taskType: 'Filter', sourceFields: [], connectorOperator: { CustomConnector: 'PROJECTION' } },
      { taskType: 'Map_all', sourceFields: [] },
    ]),
    source: 'postgres',
    input: 'csv',
    by: 'wall',
    peer: { kind: 'copy' },
  },
];
