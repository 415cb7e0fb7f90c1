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
  // Every change reads a file and writes it: one after another.
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = queue.then(work);
    queue = done.catch(() => undefined);
    return done;
  };
  const keyOf = (values: readonly string[]): string => JSON.stringify(values);
  const changePartitions = (
    database: string,
    name: string,
    change: (before: readonly CatalogPartition[]) => readonly CatalogPartition[],
  ): Promise<void> =>
    inTurn(async () => {
      const stored = await read(database, name);
      if (stored) await write(database, { table: stored.table, partitions: change(stored.partitions) });
    });

  return {
    async getTable(database, name) {
      return (await read(database, name))?.table;
    },
    putTable: (database, table) =>
      inTurn(async () => {
        const stored = await read(database, table.name);
        if (stored && JSON.stringify(stored.table) === JSON.stringify(table)) return 'unchanged';
        await write(database, { table, partitions: stored?.partitions ?? [] });
        return stored ? 'updated' : 'created';
      }),
    deleteTable: (database, name) => inTurn(() => fs.rm(fileOf(database, name), { force: true })),
    async *listPartitions(database, name) {
      yield* (await read(database, name))?.partitions ?? [];
    },
    putPartitions: (database, name, partitions) =>
      changePartitions(database, name, (before) => {
        const merged = new Map(before.map((partition) => [keyOf(partition.values), partition]));
        for (const partition of partitions) merged.set(keyOf(partition.values), partition);
        return [...merged.values()];
      }),
    deletePartitions: (database, name, values) => {
      const gone = new Set(values.map(keyOf));
      return changePartitions(database, name, (before) =>
        before.filter(({ values }) => !gone.has(keyOf(values))),
      );
    },
  };
}
