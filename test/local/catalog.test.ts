import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { CatalogTable } from '#core';
import { localCatalog } from '../../local/catalog.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const table: CatalogTable = {
  name: 'raw_orders_1770113700_latest',
  columns: [{ name: 'id', type: 'string', parameters: { label: 'Id' } }],
  partitionKeys: [{ name: 'rating', type: 'string' }],
  location: 's3://lake/out/orders/',
  format: 'JSON',
  parameters: {},
};
const hot = { values: ['Hot'], location: 's3://lake/out/orders/rating=Hot/' };
const warm = { values: ['Warm'], location: 's3://lake/out/orders/rating=Warm/' };

async function partitions(catalog: ReturnType<typeof localCatalog>, name: string) {
  const found: object[] = [];
  for await (const partition of catalog.listPartitions('lake', name)) found.push(partition);
  return found;
}

test('a table is a file that says what it is, and tells whether it changed', async () => {
  const home = temporaryFolder();
  const catalog = localCatalog(home);
  expect(await catalog.getTable('lake', table.name)).toBeUndefined();
  expect(await catalog.putTable('lake', table)).toBe('created');
  expect(await catalog.putTable('lake', table)).toBe('unchanged');
  expect(await catalog.putTable('lake', { ...table, description: 'Orders' })).toBe('updated');
  expect(await catalog.getTable('lake', table.name)).toEqual({ ...table, description: 'Orders' });
  const file = path.join(home, 'glue/lake/raw_orders_1770113700_latest.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    table: { ...table, description: 'Orders' },
    partitions: [],
  });
  await catalog.deleteTable('lake', table.name);
  await catalog.deleteTable('lake', table.name);
  expect(await catalog.getTable('lake', table.name)).toBeUndefined();
});

test('partitions are known by their values, and outlive a change of their table', async () => {
  const catalog = localCatalog(temporaryFolder());
  await catalog.putTable('lake', table);
  await catalog.putPartitions('lake', table.name, [hot, warm]);
  await catalog.putPartitions('lake', table.name, [{ ...hot, location: 's3://lake/elsewhere/' }]);
  await catalog.putTable('lake', { ...table, location: 's3://lake/new/' });
  expect(await partitions(catalog, table.name)).toEqual([{ ...hot, location: 's3://lake/elsewhere/' }, warm]);
  await catalog.deletePartitions('lake', table.name, [['Hot'], ['Cold']]);
  expect(await partitions(catalog, table.name)).toEqual([warm]);
});

test('several at once on one table lose nothing', async () => {
  const catalog = localCatalog(temporaryFolder());
  await catalog.putTable('lake', table);
  const many = Array.from({ length: 20 }, (_, i) => ({ values: [String(i)], location: `s3://lake/${i}/` }));
  await Promise.all(many.map((partition) => catalog.putPartitions('lake', table.name, [partition])));
  expect(await partitions(catalog, table.name)).toHaveLength(20);
});
