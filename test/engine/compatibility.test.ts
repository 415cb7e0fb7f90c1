/**
 * What those rely on who read AppFlow's output: one test a point, each on a whole run. Details of each are elsewhere:
 * layout.test.ts (names), fingerprint.test.ts and canonical.test.ts (schema versions), kill.test.ts (nothing before the
 * commit), catalog.test.ts (tables).
 */

import { parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { s3Flow } from '../support/flows.ts';
import { type MemoryHome, memoryHome } from '../support/memory-home.ts';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const fields = { id: 'Id', rating: 'Account Rating' };
const hierarchy: ('SCHEMA_VERSION' | 'EXECUTION_ID')[] = ['EXECUTION_ID', 'SCHEMA_VERSION'];

async function prepared(...lines: string[]): Promise<MemoryHome> {
  const at = memoryHome({ buckets: ['inbox', 'lake'] });
  await at.objects.put('inbox', 'in/a.csv', ['id,rating', ...lines, ''].join('\n'));
  return at;
}

const bodies = (at: MemoryHome): string[] =>
  at.objects.keys('lake').map((key) => at.objects.stored('lake', key)?.body.toString() ?? '');
const ended = (at: MemoryHome) =>
  at.events.find(({ detailType }) => detailType === 'AppFlow End Flow Run Report')?.detail;

test('1: schemaVersion_<n> rises with mapping, types and partitions, and with nothing else', async () => {
  const at = await prepared('1,Hot');
  const output = { prefixConfig: { pathPrefixHierarchy: hierarchy } };
  const flows = [
    s3Flow({ fields, output }),
    s3Flow({ fields, output, more: { description: 'another', tags: { team: 'crm' } } }),
    s3Flow({ fields: { rating: 'Account Rating', id: 'Id' }, output }),
    s3Flow({ fields: { id: 'Id', rating: 'Rating' }, output }),
    s3Flow({ fields: { id: 'Id', rating: 'Rating' }, partition: ['Rating'], output }),
  ];
  for (const [n, flow] of flows.entries()) await at.run(flow, { name: id(n) });
  const versions = at.objects.keys('lake').map((key) => key.split('/').slice(2, 4).join('/'));
  expect(versions).toEqual([
    `schemaVersion_1/${id(0)}`,
    `schemaVersion_1/${id(1)}`,
    `schemaVersion_1/${id(2)}`,
    `schemaVersion_2/${id(3)}`,
    `schemaVersion_3/${id(4)}`,
  ]);
});

test('2: folders are schema version, date of the start in UTC with zeros, execution, fields; whatever the order said', async () => {
  const at = await prepared('1,Hot');
  at.clock.advance(Date.parse('2026-03-01T04:05:00Z') - at.clock.now());
  const prefixConfig = {
    prefixType: 'PATH',
    prefixFormat: 'MINUTE',
    pathPrefixHierarchy: hierarchy,
  } as const;
  await at.run(s3Flow({ fields, partition: ['Account Rating'], output: { prefixConfig } }), { name: id(1) });
  expect(at.objects.keys('lake')).toEqual([
    `out/orders/schemaVersion_1/2026/03/01/04/05/${id(1)}/Account Rating=Hot/00001-2026-03-01T04:05:00`,
  ]);
});

test('3: null and empty values have one folder, null', async () => {
  const at = memoryHome({ buckets: ['inbox', 'lake'] });
  const lines = [{ id: 1, rating: null }, { id: 2, rating: '' }, { id: 3 }];
  await at.objects.put('inbox', 'in/a.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
  const output = { aggregationConfig: { aggregationType: 'SingleFile' } } as const;
  await at.run(s3Flow({ fields, input: 'JSON', partition: ['Account Rating'], output }));
  expect(at.objects.keys('lake').map((key) => key.split('/')[2])).toEqual(['Account Rating=null']);
  expect(bodies(at)[0]?.match(/"Id":\d/g)).toEqual(['"Id":1', '"Id":2', '"Id":3']);
});

test('4: JSON Lines without a word about it; text columns in Parquet but for preserveSourceDataTyping', async () => {
  const json = await prepared('1,Hot', '2,Warm');
  await json.run(s3Flow({ fields }));
  expect(bodies(json)).toEqual(['{"Id":"1","Account Rating":"Hot"}\n{"Id":"2","Account Rating":"Warm"}\n']);

  const values = async (preserveSourceDataTyping: boolean) => {
    const at = memoryHome({ buckets: ['inbox', 'lake'] });
    await at.objects.put('inbox', 'in/a.jsonl', '{"id":1,"rating":true}\n');
    const typed = (field: string, type: string) => ({
      taskType: 'Map',
      sourceFields: [field],
      connectorOperator: { S3: 'NO_OP' },
      destinationField: field,
      taskProperties: { SOURCE_DATA_TYPE: type, DESTINATION_DATA_TYPE: type },
    });
    const tasks = [typed('id', 'long'), typed('rating', 'boolean')];
    const output = { fileType: 'PARQUET', preserveSourceDataTyping } as const;
    const [projection] = s3Flow({ fields }).tasks;
    await at.run({
      ...s3Flow({ fields, input: 'JSON', output }),
      tasks: [...(projection ? [projection] : []), ...s3Flow({ fields: {}, tasks }).tasks.slice(1)],
    });
    const [key = ''] = at.objects.keys('lake');
    const body = at.objects.stored('lake', key)?.body ?? Buffer.alloc(0);
    return parquetReadObjects({ file: new Uint8Array(body).buffer });
  };
  expect(await values(false)).toEqual([{ id: '1', rating: 'true' }]);
  expect(await values(true)).toEqual([{ id: 1n, rating: true }]);
});

test('5: SingleFile is one object a partition; nothing to write is no object, and a success', async () => {
  const output = { aggregationConfig: { aggregationType: 'SingleFile' } } as const;
  const flow = s3Flow({ fields, partition: ['Account Rating'], output });
  const at = await prepared('1,Hot', '2,Warm', '3,Hot');
  await at.objects.put('inbox', 'in/b.csv', 'id,rating\n4,Hot\n');
  await at.run(flow);
  expect(at.objects.keys('lake').map((key) => key.split('/')[2])).toEqual([
    'Account Rating=Hot',
    'Account Rating=Warm',
  ]);
  const none = await prepared();
  await none.run(flow);
  expect(none.objects.keys('lake')).toEqual([]);
  expect(ended(none)).toMatchObject({ status: 'Execution Successful', 'num-of-records-processed': '0' });
});

test('6: nothing is at the destination before the commit, nor after a run that failed', async () => {
  const at = await prepared('1,Hot', '2,x');
  await at.objects.put('inbox', 'in/b.csv', 'id,rating\n3,Hot,ragged\n');
  const written: number[] = [];
  at.hook = () => {
    written.push(at.objects.keys('lake').length);
  };
  expect(await at.run(s3Flow({ fields }))).toMatchObject({ error: 'SourceDataInvalid' });
  expect(new Set(written)).toEqual(new Set([0]));
  expect(ended(at)).toMatchObject({ status: 'Execution Failed' });
});

test('7: the end report is of texts, with Execution Successful and times that end in Z[UTC]', async () => {
  const at = await prepared('1,Hot');
  await at.run(s3Flow({ fields }), { name: id(1) });
  expect(ended(at)).toEqual({
    'flow-name': 'orders',
    'created-by': 'arn:aws:iam::123456789012:user/eva',
    'flow-arn': 'arn:aws:appflow:eu-central-1:123456789012:flow/orders',
    source: 'S3',
    destination: 'S3',
    'source-object': 's3://inbox/in',
    'destination-object': 's3://lake/out',
    'trigger-type': 'ONDEMAND',
    'execution-id': id(1),
    'start-time': '2026-02-03T10:15:00.000Z[UTC]',
    'end-time': '2026-02-03T10:15:00.000Z[UTC]',
    status: 'Execution Successful',
    'num-of-records-processed': '1',
    'num-of-records-filtered': '0',
    'num-of-record-failures': '0',
    'num-of-documents-processed': '0',
    'data-processed': '16',
  });
});

test('8: the table _latest is turned to a run when all of its objects are there', async () => {
  const glueDataCatalog = {
    roleArn: 'arn:aws:iam::123456789012:role/catalog',
    databaseName: 'lake',
    tablePrefix: 'raw',
  };
  const flow = s3Flow({
    fields,
    partition: ['Account Rating'],
    output: { prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] } },
    more: { metadataCatalogConfig: { glueDataCatalog } },
  });
  const at = await prepared('1,Hot', '2,Warm');
  const before: string[][] = [];
  at.hook = (call) => {
    if (call.startsWith('catalog.')) before.push(at.objects.keys('lake'));
  };
  for (const n of [1, 2]) {
    before.length = 0;
    const known = at.objects.keys('lake').length;
    await at.run(flow, { name: id(n) });
    expect(before[0]).toHaveLength(known + 2);
    expect(at.objects.keys('lake')).toEqual(before[0]);
    const latest = at.catalog.tables.get('raw_appflow_orders_latest');
    expect(latest?.table.location).toBe(`s3://lake/out/orders/${id(n)}/`);
  }
});
