import type { GlueClient } from '@aws-sdk/client-glue';
import { describe, expect, it } from 'vitest';
import type { CatalogTable } from '../../../core/ports.ts';
import { glueCatalog } from '../../../lambdas/aws/catalog.ts';
import { fakeClient, serviceError } from '../../support/fake-client.ts';

function catalog(answers: Parameters<typeof fakeClient>[0]) {
  const { client, calls } = fakeClient<GlueClient>(answers);
  return { glue: glueCatalog(client), calls, called: () => calls.map(({ command }) => command) };
}
const missing = serviceError('EntityNotFoundException', 400);
const table: CatalogTable = {
  name: 'crm_appflow_contacts_latest',
  columns: [{ name: 'email', type: 'string', parameters: { AppFlowLabel: 'E-mail' } }],
  partitionKeys: [{ name: 'rating', type: 'string' }],
  location: 's3://lake/contacts/',
  format: 'CSV',
  parameters: { 'tributary-flow': 'contacts' },
};
/** The table as Glue stores it, with the defaults that it adds. */
const stored = {
  Name: 'crm_appflow_contacts_latest',
  DatabaseName: 'lake',
  VersionId: '4',
  TableType: 'EXTERNAL_TABLE',
  PartitionKeys: [{ Name: 'rating', Type: 'string' }],
  Parameters: {
    'skip.header.line.count': '1',
    EXTERNAL: 'TRUE',
    classification: 'csv',
    'tributary-flow': 'contacts',
  },
  StorageDescriptor: {
    Location: 's3://lake/contacts/',
    Compressed: false,
    NumberOfBuckets: 0,
    InputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
    OutputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
    SerdeInfo: {
      SerializationLibrary: 'org.apache.hadoop.hive.serde2.OpenCSVSerde',
      Parameters: { quoteChar: '"', separatorChar: ',' },
    },
    Columns: [{ Name: 'email', Type: 'string', Parameters: { AppFlowLabel: 'E-mail' } }],
  },
};

describe('tables', () => {
  it('tells a missing table from a missing database', async () => {
    expect(await catalog({ GetTable: missing, GetDatabase: {} }).glue.getTable('lake', 't')).toBeUndefined();
    await expect(
      catalog({ GetTable: missing, GetDatabase: missing }).glue.getTable('lake', 't'),
    ).rejects.toMatchObject({ code: 'ResourceNotFoundError', context: { at: 'Glue database lake' } });
  });

  it('reads back what was put', async () => {
    const { glue } = catalog({ GetTable: { Table: stored } });
    expect(await glue.getTable('lake', table.name)).toEqual({ ...table, versionId: '4' });
  });

  it('refuses a table that somebody else made', async () => {
    const foreign = { ...stored, StorageDescriptor: { SerdeInfo: { SerializationLibrary: 'x.Orc' } } };
    await expect(catalog({ GetTable: { Table: foreign } }).glue.getTable('lake', 't')).rejects.toThrow(
      'the table is not one of ours; got SerDe x.Orc',
    );
  });

  it('creates a missing table with the reader of its format', async () => {
    const { glue, calls } = catalog({ GetTable: missing, GetDatabase: {}, CreateTable: {} });
    expect(await glue.putTable('lake', { ...table, format: 'PARQUET' })).toBe('created');
    expect(calls.at(-1)?.input).toMatchObject({
      DatabaseName: 'lake',
      TableInput: {
        TableType: 'EXTERNAL_TABLE',
        Parameters: { classification: 'parquet', EXTERNAL: 'TRUE', 'tributary-flow': 'contacts' },
        StorageDescriptor: {
          InputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
          SerdeInfo: {
            SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
          },
        },
      },
    });
  });

  it('leaves a table alone that is as it should be', async () => {
    const { glue, called } = catalog({ GetTable: { Table: stored } });
    expect(await glue.putTable('lake', table)).toBe('unchanged');
    expect(called()).toEqual(['GetTable']);
  });

  it('updates the version that it read, keeps no archive, and keeps the parameters of others', async () => {
    const theirs = { ...stored, Parameters: { ...stored.Parameters, optimizer: 'on' } };
    const { glue, calls } = catalog({ GetTable: { Table: theirs }, UpdateTable: {} });
    expect(await glue.putTable('lake', { ...table, location: 's3://lake/new/' })).toBe('updated');
    expect(calls.at(-1)?.input).toMatchObject({
      VersionId: '4',
      SkipArchive: true,
      TableInput: {
        Parameters: { optimizer: 'on', 'tributary-flow': 'contacts' },
        StorageDescriptor: { Location: 's3://lake/new/' },
      },
    });
  });

  it.each([
    ['CreateTable', 'AlreadyExistsException', { GetTable: missing, GetDatabase: {} }],
    ['UpdateTable', 'ConcurrentModificationException', { GetTable: { Table: stored } }],
  ])('takes a race in %s for a conflict', async (command, name, answers) => {
    const { glue } = catalog({ ...answers, [command]: serviceError(name, 400) });
    await expect(glue.putTable('lake', { ...table, location: 's3://x/' })).rejects.toMatchObject({
      code: 'StateConflict',
    });
  });

  it('deletes a table that is gone without an error', async () => {
    await expect(catalog({ DeleteTable: missing }).glue.deleteTable('lake', 't')).resolves.toBeUndefined();
  });
});

describe('partitions', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      values: [`v${index}`],
      location: `s3://lake/v${index}/`,
    }));

  it('creates 100 a call with the columns of the table, and updates those that exist', async () => {
    const exists = { PartitionValues: ['v7'], ErrorDetail: { ErrorCode: 'AlreadyExistsException' } };
    const { glue, calls, called } = catalog({
      GetTable: { Table: stored },
      BatchCreatePartition: [{ Errors: [exists] }, {}],
      BatchUpdatePartition: {},
    });
    await glue.putPartitions('lake', 't', many(101));
    expect(called()).toEqual([
      'GetTable',
      'BatchCreatePartition',
      'BatchUpdatePartition',
      'BatchCreatePartition',
    ]);
    expect(calls[1]?.input.PartitionInputList).toHaveLength(100);
    expect(calls[2]?.input.Entries).toEqual([
      {
        PartitionValueList: ['v7'],
        PartitionInput: {
          Values: ['v7'],
          StorageDescriptor: { ...stored.StorageDescriptor, Location: 's3://lake/v7/' },
        },
      },
    ]);
    expect(calls[3]?.input.PartitionInputList).toHaveLength(1);
  });

  it('throws what else befalls a single partition', async () => {
    const failed = {
      PartitionValues: ['v0'],
      ErrorDetail: { ErrorCode: 'InternalServiceException', ErrorMessage: 'later' },
    };
    const { glue } = catalog({
      GetTable: { Table: stored },
      BatchCreatePartition: { Errors: [failed] },
    });
    await expect(glue.putPartitions('lake', 't', many(1))).rejects.toMatchObject({
      code: 'StorageUnavailable',
      message: expect.stringContaining('later'),
    });
  });

  it('deletes 25 a call, Glue takes no more, and does not mind those that are gone', async () => {
    const gone = { PartitionValues: ['v0'], ErrorDetail: { ErrorCode: 'EntityNotFoundException' } };
    const { glue, calls } = catalog({ BatchDeletePartition: [{ Errors: [gone] }, {}] });
    const values = many(26).map((partition) => partition.values);
    await glue.deletePartitions('lake', 't', values);
    expect(calls.map(({ input }) => (input.PartitionsToDelete as unknown[]).length)).toEqual([25, 1]);
  });

  it('lists the partitions of all pages', async () => {
    const page = (value: string) => ({
      Partitions: [{ Values: [value], StorageDescriptor: { Location: `s3://lake/${value}/` } }],
    });
    const { glue } = catalog({ GetPartitions: [{ ...page('a'), NextToken: 't' }, page('b')] });
    const found: string[] = [];
    for await (const { values, location } of glue.listPartitions('lake', 't'))
      found.push(`${values} ${location}`);
    expect(found).toEqual(['a s3://lake/a/', 'b s3://lake/b/']);
  });
});
