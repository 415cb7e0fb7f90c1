import {
  BatchCreatePartitionCommand,
  BatchDeletePartitionCommand,
  BatchUpdatePartitionCommand,
  type Column,
  CreateTableCommand,
  DeleteTableCommand,
  GetDatabaseCommand,
  GetPartitionsCommand,
  GetTableCommand,
  GlueClient,
  type PartitionError,
  type StorageDescriptor,
  type Table,
  type TableInput,
  UpdateTableCommand,
} from '@aws-sdk/client-glue';
import { TributaryError } from '../../core/errors.ts';
import type { Catalog, CatalogColumn, CatalogTable } from '../../core/ports.ts';
import { awsCall, awsError, isAwsError } from './errors.ts';

export { GlueClient };

/** https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html, …_BatchDeletePartition.html */
const putBatch = 100;
const deleteBatch = 25;

/** Input and output format classes, SerDe and table parameters of each file type, as Athena's documentation has them. */
const formats = {
  JSON: {
    input: 'org.apache.hadoop.mapred.TextInputFormat',
    output: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
    serde: 'org.openx.data.jsonserde.JsonSerDe',
    serdeParameters: {},
    parameters: { classification: 'json' },
  },
  CSV: {
    input: 'org.apache.hadoop.mapred.TextInputFormat',
    output: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
    serde: 'org.apache.hadoop.hive.serde2.OpenCSVSerde',
    serdeParameters: { separatorChar: ',', quoteChar: '"' },
    parameters: { classification: 'csv', 'skip.header.line.count': '1' },
  },
  PARQUET: {
    input: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
    output: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
    serde: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
    serdeParameters: {},
    parameters: { classification: 'parquet' },
  },
} as const satisfies Record<CatalogTable['format'], object>;

/** AWS Glue Data Catalog of this account. */
export function glueCatalog(client: GlueClient): Catalog {
  async function findTable(database: string, name: string): Promise<Table | undefined> {
    try {
      const { Table: found } = await client.send(new GetTableCommand({ DatabaseName: database, Name: name }));
      return found;
    } catch (error) {
      if (!isAwsError(error, 'EntityNotFoundException'))
        throw awsError(error, 'glue:GetTable', `${database}.${name}`);
      // The same error stands for a missing table and a missing database.
      await awsCall('glue:GetDatabase', `Glue database ${database}`, () =>
        client.send(new GetDatabaseCommand({ Name: database })),
      );
      return undefined;
    }
  }

  return {
    async getTable(database, name) {
      const table = await findTable(database, name);
      return table && catalogTable(table);
    },

    async putTable(database, table) {
      const at = `${database}.${table.name}`;
      const found = await findTable(database, table.name);
      const TableInput = tableInput(table, found);
      try {
        if (!found) {
          await client.send(new CreateTableCommand({ DatabaseName: database, TableInput }));
          return 'created';
        }
        if (JSON.stringify(comparable(found)) === JSON.stringify(comparable(TableInput))) return 'unchanged';
        await client.send(
          new UpdateTableCommand({
            DatabaseName: database,
            TableInput,
            SkipArchive: true,
            ...(found.VersionId !== undefined && { VersionId: found.VersionId }),
          }),
        );
        return 'updated';
      } catch (error) {
        if (
          isAwsError(
            error,
            'AlreadyExistsException',
            'ConcurrentModificationException',
            'VersionMismatchException',
          )
        )
          throw new TributaryError('StateConflict', 'the table was changed by another process', {
            at,
            cause: error,
          });
        throw awsError(error, found ? 'glue:UpdateTable' : 'glue:CreateTable', at);
      }
    },

    async deleteTable(database, name) {
      try {
        await client.send(new DeleteTableCommand({ DatabaseName: database, Name: name }));
      } catch (error) {
        if (!isAwsError(error, 'EntityNotFoundException'))
          throw awsError(error, 'glue:DeleteTable', `${database}.${name}`);
      }
    },

    async *listPartitions(database, table) {
      let token: string | undefined;
      do {
        const page = await awsCall('glue:GetPartitions', `${database}.${table}`, () =>
          client.send(
            new GetPartitionsCommand({
              DatabaseName: database,
              TableName: table,
              ExcludeColumnSchema: true,
              NextToken: token,
            }),
          ),
        );
        for (const { Values, StorageDescriptor: stored } of page.Partitions ?? [])
          yield { values: Values ?? [], location: stored?.Location ?? '' };
        token = page.NextToken;
      } while (token);
    },

    async putPartitions(database, table, partitions) {
      const at = `${database}.${table}`;
      const found = await findTable(database, table);
      if (!found) throw new TributaryError('ResourceNotFoundError', 'the table does not exist', { at });
      const target = { DatabaseName: database, TableName: table };
      for (let i = 0; i < partitions.length; i += putBatch) {
        const inputs = partitions.slice(i, i + putBatch).map(({ values, location }) => ({
          Values: [...values],
          StorageDescriptor: { ...found.StorageDescriptor, Location: location },
        }));
        const created = await awsCall('glue:BatchCreatePartition', at, () =>
          client.send(new BatchCreatePartitionCommand({ ...target, PartitionInputList: inputs })),
        );
        const existing = expecting('AlreadyExistsException', created.Errors, 'glue:BatchCreatePartition', at);
        const updates = inputs.filter(({ Values }) => existing.has(JSON.stringify(Values)));
        if (updates.length === 0) continue;
        const updated = await awsCall('glue:BatchUpdatePartition', at, () =>
          client.send(
            new BatchUpdatePartitionCommand({
              ...target,
              Entries: updates.map((PartitionInput) => ({
                PartitionValueList: PartitionInput.Values,
                PartitionInput,
              })),
            }),
          ),
        );
        const [failed] = updated.Errors ?? [];
        if (failed) throw partitionError(failed.ErrorDetail, 'glue:BatchUpdatePartition', at);
      }
    },

    async deletePartitions(database, table, values) {
      const at = `${database}.${table}`;
      for (let i = 0; i < values.length; i += deleteBatch) {
        const { Errors } = await awsCall('glue:BatchDeletePartition', at, () =>
          client.send(
            new BatchDeletePartitionCommand({
              DatabaseName: database,
              TableName: table,
              PartitionsToDelete: values.slice(i, i + deleteBatch).map((each) => ({ Values: [...each] })),
            }),
          ),
        );
        expecting('EntityNotFoundException', Errors, 'glue:BatchDeletePartition', at);
      }
    },
  };
}

/** The partitions (values as JSON) that failed with the one error that is no failure here; any other is thrown. */
function expecting(
  code: string,
  errors: PartitionError[] | undefined,
  action: string,
  at: string,
): Set<string> {
  const expected = new Set<string>();
  for (const { ErrorDetail, PartitionValues } of errors ?? []) {
    if (ErrorDetail?.ErrorCode !== code) throw partitionError(ErrorDetail, action, at);
    expected.add(JSON.stringify(PartitionValues));
  }
  return expected;
}

function partitionError(detail: PartitionError['ErrorDetail'], action: string, at: string): unknown {
  const error = Object.assign(new Error(detail?.ErrorMessage ?? ''), {
    name: detail?.ErrorCode ?? 'InternalServiceException',
    $metadata: { httpStatusCode: detail?.ErrorCode?.startsWith('Internal') ? 500 : 400 },
  });
  return awsError(error, action, at);
}

function tableInput(table: CatalogTable, found: Table | undefined): TableInput {
  const format = formats[table.format];
  return {
    Name: table.name,
    ...(table.description !== undefined && { Description: table.description }),
    TableType: 'EXTERNAL_TABLE',
    // Parameters that others put there (Lake Formation, Athena, a table optimizer) stay.
    Parameters: { ...found?.Parameters, EXTERNAL: 'TRUE', ...format.parameters, ...table.parameters },
    PartitionKeys: table.partitionKeys.map(glueColumn),
    StorageDescriptor: {
      Columns: table.columns.map(glueColumn),
      Location: table.location,
      InputFormat: format.input,
      OutputFormat: format.output,
      SerdeInfo: { SerializationLibrary: format.serde, Parameters: format.serdeParameters },
    },
  };
}

function glueColumn({ name, type, comment, parameters }: CatalogColumn): Column {
  return {
    Name: name,
    Type: type,
    ...(comment !== undefined && { Comment: comment }),
    ...(parameters && { Parameters: { ...parameters } }),
  };
}

function catalogColumn({ Name, Type, Comment, Parameters }: Column): CatalogColumn {
  return {
    name: Name ?? '',
    type: Type ?? '',
    ...(Comment !== undefined && { comment: Comment }),
    ...(Parameters && Object.keys(Parameters).length > 0 && { parameters: Parameters }),
  };
}

function catalogTable(table: Table): CatalogTable & { versionId?: string } {
  const stored: StorageDescriptor = table.StorageDescriptor ?? {};
  const serde = stored.SerdeInfo?.SerializationLibrary;
  const format = (['CSV', 'JSON', 'PARQUET'] as const).find((each) => formats[each].serde === serde);
  if (!format)
    throw new TributaryError('ClientError', 'the table is not one of ours', {
      at: `${table.DatabaseName}.${table.Name}`,
      got: `SerDe ${serde}`,
      fix: 'rename the table, or choose another tablePrefix for the flow',
    });
  const implied: readonly string[] = ['EXTERNAL', ...Object.keys(formats[format].parameters)];
  return {
    name: table.Name ?? '',
    ...(table.Description !== undefined && { description: table.Description }),
    columns: (stored.Columns ?? []).map(catalogColumn),
    partitionKeys: (table.PartitionKeys ?? []).map(catalogColumn),
    location: stored.Location ?? '',
    format,
    parameters: Object.fromEntries(
      Object.entries(table.Parameters ?? {}).filter(([name]) => !implied.includes(name)),
    ),
    ...(table.VersionId !== undefined && { versionId: table.VersionId }),
  };
}

/** What decides whether a table is to be updated, in one order of members; Glue adds defaults to what it stored. */
function comparable(table: Table | TableInput) {
  const { Location, InputFormat, OutputFormat, SerdeInfo, Columns = [] } = table.StorageDescriptor ?? {};
  const sorted = (map: Record<string, string> = {}) =>
    Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  const column = ({ Name, Type, Comment = '', Parameters }: Column) => [
    Name,
    Type,
    Comment,
    sorted(Parameters),
  ];
  return [
    table.Description ?? '',
    sorted(table.Parameters),
    (table.PartitionKeys ?? []).map(column),
    Columns.map(column),
    [Location, InputFormat, OutputFormat, SerdeInfo?.SerializationLibrary, sorted(SerdeInfo?.Parameters)],
  ];
}
