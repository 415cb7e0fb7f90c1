/** The Glue Data Catalog as one JSON file a table: `<home>/glue/<database>/<table>.json`. */

import * as fs from 'node:fs/promises';
import path from 'node:path';
import type { Catalog, CatalogPartition, CatalogTable } from '../core/ports.ts';
import { readJson, writeWhole } from './files.ts';

interface StoredTable {
  readonly table: CatalogTable;
  readonly partitions: readonly CatalogPartition[];
}

/** Databases come into being with their first table: a laptop has no administrator to create them. */
export function localCatalog(home: string): Catalog {
  const fileOf = (database: string, name: string): string =>
    path.join(home, 'glue', encodeURIComponent(database), `${encodeURIComponent(name)}.json`);
  const read = (database: string, name: string): Promise<StoredTable | undefined> =>
    readJson(fileOf(database, name));
  const write = (database: string, stored: StoredTable): Promise<void> =>
    writeWhole(fileOf(database, stored.table.name), `${JSON.stringify(stored, null, 2)}\n`);
  const keyOf = (values: readonly string[]): string => JSON.stringify(values);

  return {
    async getTable(database, name) {
      return (await read(database, name))?.table;
    },
    async putTable(database, table) {
      const stored = await read(database, table.name);
      if (stored && JSON.stringify(stored.table) === JSON.stringify(table)) return 'unchanged';
      await write(database, { table, partitions: stored?.partitions ?? [] });
      return stored ? 'updated' : 'created';
    },
    async deleteTable(database, name) {
      await fs.rm(fileOf(database, name), { force: true });
    },
    async *listPartitions(database, name) {
      yield* (await read(database, name))?.partitions ?? [];
    },
    async putPartitions(database, name, partitions) {
      const stored = await read(database, name);
      if (!stored) return;
      const merged = new Map(stored.partitions.map((partition) => [keyOf(partition.values), partition]));
      for (const partition of partitions) merged.set(keyOf(partition.values), partition);
      await write(database, { table: stored.table, partitions: [...merged.values()] });
    },
    async deletePartitions(database, name, values) {
      const stored = await read(database, name);
      if (!stored) return;
      const gone = new Set(values.map(keyOf));
      await write(database, {
        table: stored.table,
        partitions: stored.partitions.filter((partition) => !gone.has(keyOf(partition.values))),
      });
    },
  };
}
