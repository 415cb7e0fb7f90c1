import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunResult } from '../../../engine/run/run-result.ts';
import { runCommand } from './command.ts';
import { type ComparedColumn, quote } from './differences.ts';

export interface TableColumn extends ComparedColumn {
  readonly sqlType: string;
  /** SQL of row `i`'s value. */
  readonly value: string;
  /** SQL of the truth's text; default: what SELECT shows. */
  readonly select?: string;
}

export interface Database {
  readonly driver: 'postgresql' | 'mysql';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
}

export interface TableFlow {
  run(): Promise<{
    readonly peakMegabytes: number;
    readonly window: RunResult['window'];
    readonly counts: Pick<RunResult, 'status' | 'recordsProcessed' | 'recordsWritten' | 'recordsRejected'>;
    readonly files: readonly string[];
    /** Those that the files lie in, by name. */
    readonly folders: readonly (string | undefined)[];
  }>;
  remove(): Promise<void>;
}

/** A flow from the table `shop.orders` to typed Parquet, partitioned by `size`: what is stamped since the last run. */
export async function newTableFlow(from: Database): Promise<TableFlow> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-large-'));
  await mkdir(join(folder, '.tributary/s3/lake'), { recursive: true });
  await mkdir(join(folder, 'connections'));
  await writeFile(join(folder, 'flow.json'), JSON.stringify(flow));
  const connection = {
    connectorProfileName: 'shop',
    connectorType: 'CustomConnector',
    connectorLabel: 'JDBC',
    connectorProfileProperties: { driver: from.driver, database: from.database },
    endpoint: `http://${from.host}:${from.port}`,
    credentials: { username: '${env:SHOP_USER}', password: '${env:SHOP_PASSWORD}' },
  };
  await writeFile(join(folder, 'connections/shop.json'), JSON.stringify(connection));
  return {
    async run() {
      const env = { SHOP_USER: from.username, SHOP_PASSWORD: from.password };
      const { result, peakMegabytes } = await runCommand(folder, env);
      const { status, recordsProcessed, recordsWritten, recordsRejected, window, objects } = result;
      return {
        peakMegabytes,
        window,
        counts: { status, recordsProcessed, recordsWritten, recordsRejected },
        files: objects.map((object) => join(folder, '.tributary', object.replace('s3://', 's3/'))),
        folders: [...new Set(objects.map((object) => object.split('/').at(-2)))].sort(),
      };
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

/** The select list that makes row `i`: each column but two is null in every 13th row. */
export function rowsOf(table: readonly TableColumn[], stamp?: string): string {
  return table
    .map(({ name, value }, index) => {
      if (name === 'updated_at') return stamp ?? value;
      return name === 'id' ? value : `CASE WHEN (i + ${index}) % 13 > 0 THEN ${value} END`;
    })
    .join(', ');
}

export function createTable(table: readonly TableColumn[], quoteName: (name: string) => string): string {
  const columns = table.map(
    ({ name, sqlType }) =>
      `${quoteName(name)} ${sqlType} ${name === 'id' || name === 'updated_at' ? 'NOT NULL' : 'NULL'}`,
  );
  return `CREATE TABLE shop.orders (${columns.join(', ')}, PRIMARY KEY (id))`;
}

const flow = {
  flowName: 'orders',
  triggerConfig: {
    triggerType: 'Scheduled',
    triggerProperties: {
      Scheduled: {
        scheduleExpression: 'rate(15minutes)',
        dataPullMode: 'Incremental',
        firstExecutionFrom: '2015-01-01T00:00:00Z',
      },
    },
  },
  sourceFlowConfig: {
    connectorType: 'CustomConnector',
    connectorProfileName: 'shop',
    apiVersion: 'v1.0',
    sourceConnectorProperties: { CustomConnector: { entityName: 'shop.orders' } },
    incrementalPullConfig: { datetimeTypeFieldName: 'updated_at' },
  },
  destinationFlowConfigList: [
    {
      connectorType: 'S3',
      destinationConnectorProperties: {
        S3: {
          bucketName: 'lake',
          bucketPrefix: 'shop',
          s3OutputFormatConfig: {
            fileType: 'PARQUET',
            preserveSourceDataTyping: true,
            prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] },
            aggregationConfig: { targetFileSize: 64 },
          },
        },
      },
    },
  ],
  tasks: [
    { taskType: 'Map_all', sourceFields: [], taskProperties: {} },
    { taskType: 'Partition', sourceFields: [], taskProperties: { ORDERED_PARTITION_KEYS_LIST: '["size"]' } },
  ],
};

/** A file of texts as a relation of DuckDB; null is `\N` without quotes. */
export function textFile(file: string, format: string): string {
  return `read_csv(${quote(file)}, all_varchar = true, nullstr = '\\N', allow_quoted_nulls = false, parallel = false, ${format})`;
}
