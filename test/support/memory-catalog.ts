import type { Catalog, CatalogPartition, CatalogTable } from '#core';

export interface MemoryCatalog extends Catalog {
  /** Table name → table with its partitions, for assertions. */
  readonly tables: Map<string, { table: CatalogTable; partitions: CatalogPartition[] }>;
}

/** A catalog in memory, one database. */
export function memoryCatalog(): MemoryCatalog {
  const tables: MemoryCatalog['tables'] = new Map();
  const same = (a: readonly string[], b: readonly string[]): boolean =>
    JSON.stringify(a) === JSON.stringify(b);
  return {
    tables,
    async getTable(_database, name) {
      return tables.get(name)?.table;
    },
    async putTable(_database, table) {
      const known = tables.get(table.name);
      tables.set(table.name, { table, partitions: known?.partitions ?? [] });
      if (!known) return 'created';
      return JSON.stringify(known.table) === JSON.stringify(table) ? 'unchanged' : 'updated';
    },
    async deleteTable(_database, name) {
      tables.delete(name);
    },
    async *listPartitions(_database, name) {
      yield* tables.get(name)?.partitions ?? [];
    },
    async putPartitions(_database, name, partitions) {
      if (partitions.length > 100) throw new Error('Glue takes 100 partitions a request');
      const entry = tables.get(name);
      if (!entry) throw new Error(`no table ${name}`);
      const kept = entry.partitions.filter(
        ({ values }) => !partitions.some((other) => same(values, other.values)),
      );
      entry.partitions = [...kept, ...partitions];
    },
    async deletePartitions(_database, name, values) {
      if (values.length > 100) throw new Error('Glue takes 100 partitions a request');
      const entry = tables.get(name);
      if (entry)
        entry.partitions = entry.partitions.filter(
          (known) => !values.some((gone) => same(gone, known.values)),
        );
    },
  };
}
