import { describe, expect, it } from 'vitest';
import type { Source, SourceField } from '#core';
import { TributaryError } from '../../../core/errors.ts';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { type Run, runKey } from '../../../engine/run/run.ts';
import { s3Flow } from '../../support/flows.ts';
import { type MemoryHome, memoryHome } from '../../support/memory-home.ts';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const compact = (n: number): string => id(n).replaceAll('-', '');

function catalogued(
  output: object,
  more: { partition?: string[]; tributary?: object; fields?: Record<string, string> } = {},
): FlowDefinition {
  return s3Flow({
    name: 'Example-Flow',
    fields: more.fields ?? { id: 'Id', rating: 'Account Rating' },
    partition: more.partition ?? ['Account Rating'],
    output,
    more: {
      description: 'Accounts of the CRM',
      metadataCatalogConfig: {
        glueDataCatalog: {
          roleArn: 'arn:aws:iam::123456789012:role/catalog',
          databaseName: 'lake',
          tablePrefix: 'Raw',
        },
      },
      ...(more.tributary && { tributary: more.tributary }),
    },
  });
}

async function put(at: MemoryHome, ...lines: string[]): Promise<void> {
  await at.objects.put('inbox', 'in/a.csv', ['id,rating', ...lines, ''].join('\n'));
}

const hierarchy = {
  pathPrefixHierarchy: ['EXECUTION_ID', 'SCHEMA_VERSION'] as ('EXECUTION_ID' | 'SCHEMA_VERSION')[],
};
const home = (): MemoryHome => memoryHome({ buckets: ['inbox', 'lake'] });

describe('the catalog after a run', () => {
  it('gives numbers the types that the Parquet files have', async () => {
    const types: readonly Omit<SourceField, 'name'>[] = [
      { type: 'BigDecimal' },
      { type: 'BigDecimal', precision: 12, scale: 2 },
      { type: 'BigDecimal', precision: 39, scale: 2 },
      { type: 'BigInteger' },
      { type: 'BigInteger', precision: 20, scale: 0 },
      { type: 'Short' },
      { type: 'Long' },
    ];
    const sourceFields = types.map((type, i) => ({ name: `f${i}`, ...type }));
    const source: Source = {
      describe: async () => ({ fields: sourceFields, splits: [{}], appliedFilters: [], appliesWindow: true }),
      open: async () => ({
        read: async () => ({ rows: [['1', '2.5', '3', 4n, 5, 6, 7]], bytes: 1 }),
        close: async () => undefined,
      }),
      listEntities: async () => [],
      testConnection: async () => undefined,
    };
    const at = memoryHome({ buckets: ['lake'], sources: { S3: source } });
    const fields = Object.fromEntries(sourceFields.map(({ name }) => [name, name]));
    const output = { fileType: 'PARQUET', preserveSourceDataTyping: true };
    await at.run(catalogued(output, { fields, partition: [] }));
    const columns = at.catalog.tables.get('raw_appflow_exampleflow_latest')?.table.columns;
    expect(columns?.map(({ type }) => type)).toEqual([
      'string',
      'decimal(12,2)',
      'string',
      'string',
      'decimal(20,0)',
      'int',
      'bigint',
    ]);
  });

  it('has AppFlow’s tables, a stable latest one, labels, and the partitions of the run', async () => {
    const at = home();
    await put(at, '1,Hot', '2,', '3,Hot');
    await at.run(
      catalogued({
        fileType: 'JSON',
        prefixConfig: hierarchy,
        aggregationConfig: { aggregationType: 'SingleFile' },
      }),
      { name: id(1) },
    );
    const epoch = Date.parse('2026-02-03T10:15:00Z') / 1000;
    expect([...at.catalog.tables.keys()].sort()).toEqual([
      `raw_appflow_exampleflow_${epoch}_latest`,
      'raw_appflow_exampleflow_latest',
      'raw_appflow_exampleflow_sv1',
      `raw_appflow_exampleflow_sv1_${compact(1)}`,
    ]);
    const folder = `s3://lake/out/Example-Flow/schemaVersion_1/${id(1)}/`;
    const latest = at.catalog.tables.get('raw_appflow_exampleflow_latest');
    expect(latest?.table).toEqual({
      name: 'raw_appflow_exampleflow_latest',
      description: 'Accounts of the CRM',
      format: 'JSON',
      location: folder,
      columns: [{ name: 'id', type: 'string', parameters: { AppFlowLabel: 'id', AppFlowDescription: '' } }],
      partitionKeys: [{ name: 'account rating', type: 'string' }],
      parameters: { 'tributary-flow': 'Example-Flow', 'tributary-execution': id(1) },
    });
    expect(latest?.partitions).toEqual([
      { values: ['Hot'], location: `${folder}Account Rating=Hot/` },
      { values: ['null'], location: `${folder}Account Rating=null/` },
    ]);
    expect(at.catalog.tables.get('raw_appflow_exampleflow_sv1')).toMatchObject({
      table: {
        location: 's3://lake/out/Example-Flow/schemaVersion_1/',
        partitionKeys: [{ name: 'execution_id' }, { name: 'account rating' }],
      },
      partitions: [{ values: [id(1), 'Hot'] }, { values: [id(1), 'null'] }],
    });
  });

  it('shows the newest run alone in _latest, all runs in the schema version’s table', async () => {
    const at = home();
    const flow = catalogued({ prefixConfig: { prefixType: 'PATH', prefixFormat: 'DAY', ...hierarchy } });
    await put(at, '1,Hot', '2,Warm');
    await at.run(flow, { name: id(1) });
    await put(at, '3,Cold');
    at.clock.advance(1000);
    await at.run(flow, { name: id(2) });
    expect(
      at.catalog.tables.get('raw_appflow_exampleflow_latest')?.partitions.map(({ values }) => values),
    ).toEqual([['Cold']]);
    expect(
      at.catalog.tables.get('raw_appflow_exampleflow_sv1')?.partitions.map(({ values }) => values),
    ).toEqual([
      ['2026', '02', '03', id(1), 'Hot'],
      ['2026', '02', '03', id(1), 'Warm'],
      ['2026', '02', '03', id(2), 'Cold'],
    ]);
  });

  it('keeps a CSV column that is a partition key under another name, as CSV columns are found by position', async () => {
    const at = home();
    await put(at, '1,Hot');
    await at.run(catalogued({ fileType: 'CSV', prefixConfig: hierarchy }), { name: id(1) });
    const { columns, partitionKeys } = at.catalog.tables.get('raw_appflow_exampleflow_latest')?.table ?? {};
    expect(columns?.map(({ name }) => name)).toEqual(['id', 'account rating_in_file']);
    expect(partitionKeys?.map(({ name }) => name)).toEqual(['account rating']);
    expect(at.objects.stored('lake', at.objects.keys('lake')[0] ?? '')?.body.toString()).toBe(
      'Id,Account Rating\n1,Hot\n',
    );
  });

  it('comes with a warning where CSV values hold line breaks, which its readers cannot read', async () => {
    const at = home();
    const warnings = async (n: number): Promise<unknown> => {
      at.clock.advance(1000);
      await at.run(catalogued({ fileType: 'CSV', prefixConfig: hierarchy }, { partition: [] }), {
        name: id(n),
      });
      return (await at.state.get<Run>(runKey(id(n)), 'RUN'))?.data.warnings;
    };
    await put(at, '1,Hot');
    expect(await warnings(1)).toBeUndefined();
    await put(at, '1,"Ho\nt"');
    expect(await warnings(2)).toEqual([expect.stringContaining('write PARQUET or JSON')]);
  });

  it('drops tables of single runs after retentionDays', async () => {
    const at = home();
    const flow = catalogued({ prefixConfig: hierarchy }, { tributary: { retentionDays: 7 } });
    await put(at, '1,Hot');
    await at.run(flow, { name: id(1) });
    at.clock.advance(6 * 86_400_000);
    await at.run(flow, { name: id(2) });
    const ofRuns = (): string[] => [...at.catalog.tables.keys()].filter((name) => name.includes('_sv1_'));
    expect(ofRuns()).toHaveLength(2);
    at.clock.advance(2 * 86_400_000);
    await at.run(flow, { name: id(3) });
    expect(ofRuns()).toEqual([
      `raw_appflow_exampleflow_sv1_${compact(2)}`,
      `raw_appflow_exampleflow_sv1_${compact(3)}`,
    ]);
  });
});

describe('a failing catalog', () => {
  it('ends the run as Error, keeps data and watermark, and the next run mends the catalog', async () => {
    const at = home();
    const flow = catalogued({ prefixConfig: hierarchy });
    await put(at, '1,Hot');
    at.hook = (call) => {
      if (call !== 'catalog.putTable') return;
      throw new TributaryError('AccessDenied', 'glue:CreateTable is not allowed', { at: 'database lake' });
    };
    expect(await at.run(flow, { name: id(1) })).toEqual({
      error: 'AccessDenied',
      cause: 'database lake: glue:CreateTable is not allowed',
    });
    const run = (await at.state.get<Run>(runKey(id(1)), 'RUN'))?.data;
    expect(run).toMatchObject({
      status: 'Error',
      errorCode: 'AccessDenied',
      counts: { written: 1 },
      objectsWritten: 1,
    });
    expect(at.objects.keys('lake')).toHaveLength(1);

    at.hook = () => undefined;
    await put(at, '2,Cold');
    at.clock.advance(1000);
    expect(await at.run(flow, { name: id(2) })).toHaveProperty('output');
    expect(
      at.catalog.tables.get('raw_appflow_exampleflow_sv1')?.partitions.map(({ values }) => values),
    ).toEqual([
      [id(1), 'Hot'],
      [id(2), 'Cold'],
    ]);
    expect([...at.catalog.tables.keys()]).toContain(`raw_appflow_exampleflow_sv1_${compact(1)}`);
    expect(
      at.catalog.tables.get('raw_appflow_exampleflow_latest')?.partitions.map(({ values }) => values),
    ).toEqual([['Cold']]);
  });

  it('that stays beyond mending fails no later run, and is tried again by each until its papers are gone', async () => {
    const at = home();
    const flow = catalogued({ prefixConfig: hierarchy });
    let refusals = 1;
    at.hook = (call, when) => {
      if (call !== 'catalog.putTable' || when !== 'before' || refusals-- <= 0) return;
      throw new TributaryError('ResourceNotFoundError', 'the database does not exist');
    };
    const notes = (): string[] =>
      Object.keys(at.state.contents()).flatMap((key) => (key.includes('CATALOG#') ? [key.slice(-1)] : []));
    for (const [n, toRefuse, left] of [
      [1, 1, ['1']],
      [2, 1, ['1']],
      [3, 0, []],
      [4, 1, ['4']],
    ] as const) {
      refusals = toRefuse;
      await put(at, `${n},Hot`);
      at.clock.advance(1000);
      expect(await at.run(flow, { name: id(n) })).toHaveProperty(n === 1 || n === 4 ? 'error' : 'output');
      expect(notes()).toEqual(left);
    }
    const papers = at.objects.keys('tributary-state').filter((key) => key.includes(id(4)));
    await at.objects.delete('tributary-state', papers);
    expect(await at.run(flow, { name: id(5) })).toHaveProperty('output');
    expect(notes()).toEqual([]);
  });
});
