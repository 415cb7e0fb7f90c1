/** `tributary.nestedTypes`, on whole runs: what the file, the catalog and the quarantine say. */

import { parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { preview } from '../../engine/preview.ts';
import { type Run, runKey } from '../../engine/run/run.ts';
import { verifyRun } from '../../engine/verify/verify-run.ts';
import { s3Flow } from '../support/flows.ts';
import { type MemoryHome, memoryHome } from '../support/memory-home.ts';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const types = {
  Customer: 'struct<Id:bigint,Since:date,tags:array<string>>',
  lines: 'array<struct<sku:string,price:decimal(9,2)>>',
  rates: 'map<string,double>',
};

function ordersFlow(nestedTypes: Record<string, string> | undefined): FlowDefinition {
  return s3Flow({
    input: 'JSON',
    fields: { n: 'n', customer: 'Customer', lines: 'lines', rates: 'rates', notes: 'notes' },
    output: {
      fileType: 'PARQUET',
      preserveSourceDataTyping: true,
      prefixConfig: { pathPrefixHierarchy: ['SCHEMA_VERSION', 'EXECUTION_ID'] },
    },
    more: {
      metadataCatalogConfig: {
        glueDataCatalog: {
          roleArn: 'arn:aws:iam::123456789012:role/catalog',
          databaseName: 'lake',
          tablePrefix: 'raw',
        },
      },
      ...(nestedTypes && { tributary: { nestedTypes } }),
    },
  });
}

async function homeWith(...records: object[]): Promise<MemoryHome> {
  const at = memoryHome({ buckets: ['inbox', 'lake'] });
  await at.objects.put('inbox', 'in/orders.jsonl', records.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return at;
}

const body = (at: MemoryHome, key: string): Buffer => at.objects.stored('lake', key)?.body ?? Buffer.alloc(0);

const whole = {
  n: '1',
  customer: { Id: 7, Since: '2026-02-03', tags: ['a', null], internal: true },
  lines: [{ sku: 'x', price: 1.5 }, null],
  rates: { EUR: 1, USD: null },
  notes: ['as', 'ever'],
};
const empty = { n: '2', customer: null, lines: [], rates: {}, notes: null };

test('the file has the types stated, the catalog the same ones, and other fields their JSON text', async () => {
  const at = await homeWith(whole, empty);
  expect(await at.run(ordersFlow(types), { name: id(1) })).toHaveProperty('output');
  const [key = ''] = at.objects.keys('lake');
  // The reader shows a missing struct as undefined.
  expect(await parquetReadObjects({ file: new Uint8Array(body(at, key)).buffer })).toEqual([
    {
      n: '1',
      Customer: { Id: 7n, Since: new Date('2026-02-03'), tags: ['a', null] },
      lines: [{ sku: 'x', price: 1.5 }, undefined],
      rates: { EUR: 1, USD: null },
      notes: '["as","ever"]',
    },
    { n: '2', Customer: undefined, lines: [], rates: {}, notes: null },
  ]);
  const columns = at.catalog.tables.get('raw_appflow_orders_latest')?.table.columns;
  expect(columns?.map(({ name, type }) => [name, type])).toEqual([
    ['n', 'string'],
    ['customer', 'struct<id:bigint,since:date,tags:array<string>>'],
    ['lines', 'array<struct<sku:string,price:decimal(9,2)>>'],
    ['rates', 'map<string,double>'],
    ['notes', 'string'],
  ]);
  const run = await at.state.get<Run>(runKey(id(1)), 'RUN');
  expect(run && (await verifyRun(run.data, at.ports(ordersFlow(types))))).toMatchObject({ records: 2 });
});

test('a record whose part does not fit is refused with its place: by the conversion, or by the file', async () => {
  const at = await homeWith(
    { ...empty, n: '1', customer: { Id: 'seven' } },
    { ...empty, n: '2', lines: [{ price: '1.005' }] },
    empty,
  );
  const flow = ordersFlow(types);
  await at.run(flow, { name: id(1) });
  expect((await at.state.get<Run>(runKey(id(1)), 'RUN'))?.data.counts).toMatchObject({
    received: 3,
    written: 1,
    rejected: 2,
  });
  const quarantine = at.objects.stored('tributary-state', `runs/orders/${id(1)}/errors-1.json`)?.body;
  const reasons = String(quarantine)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { errorMessage: string; task: number });
  const taskOf = (field: string) =>
    flow.tasks.findIndex(({ destinationField }) => destinationField === field);
  expect(reasons).toMatchObject([
    {
      errorMessage: 'Customer: a text in Customer.Id that cannot be converted to Long',
      task: taskOf('Customer'),
    },
    {
      errorMessage:
        'lines: a value that is not a number of 9 digits, 2 of them fraction digits, at most in lines[].price',
      task: taskOf('lines'),
    },
  ]);
});

test('another type is another schema version', async () => {
  const at = await homeWith(empty);
  const flows = [
    undefined,
    types,
    { ...types, rates: 'map < STRING , double >' },
    { ...types, rates: 'map<string,int>' },
  ];
  for (const [n, nestedTypes] of flows.entries()) await at.run(ordersFlow(nestedTypes), { name: id(n) });
  expect(at.objects.keys('lake').map((key) => key.split('/').slice(2, 4))).toEqual([
    ['schemaVersion_1', id(0)],
    ['schemaVersion_2', id(1)],
    ['schemaVersion_2', id(2)],
    ['schemaVersion_3', id(3)],
  ]);
});

test('a type of a field that is not written fails the run before anything is read', async () => {
  const at = await homeWith(whole);
  const asked = await at.run(ordersFlow({ ...types, customer: 'array<int>', nots: 'array<int>' }));
  expect(asked).toMatchObject({ error: 'FlowInvalid' });
  expect(JSON.stringify(asked)).toContain(
    "tributary.nestedTypes.customer: the files have no such field; did you mean 'Customer'?",
  );
});

test('a preview shows what is converted, and what would be refused', async () => {
  const at = await homeWith(whole, { n: '2', rates: [1] });
  const flow = ordersFlow(types);
  const shown = await preview(flow, 2, at.ports(flow));
  expect(shown.map(({ after }) => after)).toEqual([
    {
      n: '1',
      Customer: { Id: 7, Since: '2026-02-03', tags: ['a', null] },
      lines: [{ sku: 'x', price: 1.5 }, null],
      rates: { EUR: 1, USD: null },
      notes: ['as', 'ever'],
    },
    { rejected: 'rates: a list in rates that cannot be converted to Map' },
  ]);
});
