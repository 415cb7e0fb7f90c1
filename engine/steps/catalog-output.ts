import { TributaryError } from '../../core/errors.ts';
import type { CatalogPartition } from '../../core/ports.ts';
import type { EnginePorts } from '../ports.ts';
import { catalogTables, type RunTable } from '../run/catalog-tables.ts';
import { readManifest } from '../run/manifest.ts';
import { planKey, type RunPlan, readPlan } from '../run/plan.ts';
import { expected, flowKey, type RunReference, readFlowItems, readOpenRun } from '../run/run.ts';

export interface CatalogOutputOutput {
  readonly next: 'more' | 'end';
  readonly run: RunReference;
  /** Number of the next table to register, with `more`. */
  readonly table?: number;
}

/** Glue's limit of partitions a request. */
const batch = 100;
/** Left for the invocation's end when the deadline nears. */
export const reserveMilliseconds = 60_000;

/**
 * Registers a committed run's output in the catalog. A run whose registration failed stays noted with the flow; the
 * next run's CatalogOutput registers it first.
 */
export async function catalogOutput(
  reference: RunReference,
  firstTable: number,
  ports: EnginePorts,
): Promise<CatalogOutputOutput> {
  const { data: run } = await readOpenRun(ports.state, reference);
  const { flowName, executionId } = run;
  const plan = await readPlan(ports.objects, ports.home, flowName, executionId);
  const pk = flowKey(flowName);
  const pending = `CATALOG#${new Date(run.startedAt).toISOString()}#${executionId}`;
  if (firstTable === 0) {
    await ports.state.write([{ pk, sk: pending, set: { executionId } }]);
    await mend(plan, pending, ports);
  }
  const epoch = await reserveEpoch(plan, ports);
  const tables = await tablesOf(plan, epoch, ports);
  for (const [index, table] of tables.entries()) {
    if (index < firstTable) continue;
    if (index > firstTable && ports.clock.now() > ports.deadline - reserveMilliseconds) {
      return { next: 'more', run: reference, table: index };
    }
    // A late try must not put an older run in the place of the newest.
    if (table.kind === 'latest') await readOpenRun(ports.state, reference);
    await register(plan, table, ports);
    ports.onProgress?.({ phase: 'catalog', records: 0, bytes: 0 });
  }
  await dropExpired(plan, ports);
  await ports.state.write([{ pk, sk: pending, set: 'delete' }]);
  return { next: 'end', run: reference };
}

async function tablesOf(plan: RunPlan, epoch: number, ports: EnginePorts): Promise<RunTable[]> {
  const manifest = await readManifest(ports.objects, ports.home, plan);
  const folders = new Set<string>();
  for (const { partition } of manifest.objects) if (partition !== null) folders.add(partition);
  const tables = catalogTables(plan, epoch, [...folders]);
  // What a replay adds to an earlier run's output is not the newest state of the source.
  return plan.replayOf === undefined ? tables : tables.filter(({ kind }) => kind !== 'latest');
}

/** The epoch in the `_latest` table's name is fixed before the table exists, so that a repeated step finds its own. */
async function reserveEpoch(plan: RunPlan, ports: EnginePorts): Promise<number> {
  const { flowName } = plan.flow;
  const { state } = await readFlowItems(ports.state, flowName);
  if (!state) throw new TributaryError('StateConflict', 'the flow has lost its state', { flowName });
  if (state.data.catalogEpoch !== undefined) return state.data.catalogEpoch;
  const catalogEpoch = Math.floor(plan.startedAt / 1000);
  await ports.state.write([
    { pk: state.pk, sk: state.sk, expect: expected(state), set: { ...state.data, catalogEpoch } },
  ]);
  return catalogEpoch;
}

function databaseOf(plan: RunPlan): string {
  const config = plan.flow.metadataCatalogConfig?.glueDataCatalog;
  if (!config) throw new Error('only flows with a catalog come here: the commit sees to that');
  return config.databaseName;
}

async function register(
  plan: RunPlan,
  { table, partitions, kind }: RunTable,
  ports: EnginePorts,
): Promise<void> {
  const database = databaseOf(plan);
  const { flowName } = plan.flow;
  if (kind === 'execution') {
    const sk = `TABLE#${new Date(plan.startedAt).toISOString()}#${table.name}`;
    await ports.state.write([{ pk: flowKey(flowName), sk, set: { table: table.name, database } }]);
  }
  const outcome = await ports.catalog.putTable(database, table);
  ports.log.info('table registered', {
    flowName,
    database,
    table: table.name,
    outcome,
    partitions: partitions.length,
  });
  for (let from = 0; from < partitions.length; from += batch) {
    await ports.catalog.putPartitions(database, table.name, partitions.slice(from, from + batch));
  }
  if (kind === 'latest' && table.partitionKeys.length > 0)
    await dropOthers(database, table.name, partitions, ports);
}

/** New partitions are there before old ones go: a reader in between finds more than the newest run, never less. */
async function dropOthers(
  database: string,
  table: string,
  partitions: readonly CatalogPartition[],
  ports: EnginePorts,
): Promise<void> {
  const current = new Set(partitions.map(({ values }) => JSON.stringify(values)));
  const old: (readonly string[])[] = [];
  for await (const { values } of ports.catalog.listPartitions(database, table)) {
    if (!current.has(JSON.stringify(values))) old.push(values);
  }
  for (let from = 0; from < old.length; from += batch) {
    await ports.catalog.deletePartitions(database, table, old.slice(from, from + batch));
  }
}

/**
 * Registers earlier runs whose CatalogOutput failed; the `_latest` tables are the present run's. What still cannot be
 * registered (its database was the mistake, say) does not fail the present run, and is tried again by the next.
 */
async function mend(plan: RunPlan, own: string, ports: EnginePorts): Promise<void> {
  const { flowName } = plan.flow;
  const pk = flowKey(flowName);
  for await (const item of ports.state.list<{ executionId: string }>(pk, 'CATALOG#')) {
    if (item.sk === own) continue;
    const { executionId } = item.data;
    try {
      // A run's papers are kept for a while only; without them there is nothing left to mend.
      if (await ports.objects.head(ports.home.stateBucket, planKey(flowName, executionId))) {
        const earlier = await readPlan(ports.objects, ports.home, flowName, executionId);
        for (const table of await tablesOf(earlier, 0, ports)) {
          if (table.kind !== 'latest') await register(earlier, table, ports);
        }
        ports.log.info('catalog mended', { flowName, executionId });
      }
    } catch (error) {
      if (!(error instanceof TributaryError) || error.retried) throw error;
      ports.log.warn('catalog not mended', { flowName, executionId, reason: error.message });
      continue;
    }
    await ports.state.write([{ pk, sk: item.sk, set: 'delete' }]);
  }
}

/** Tables of single runs go after `tributary.retentionDays`. */
async function dropExpired(plan: RunPlan, ports: EnginePorts): Promise<void> {
  const days = plan.flow.tributary?.retentionDays;
  if (days === undefined) return;
  const oldest = `TABLE#${new Date(plan.startedAt - days * 24 * 3600 * 1000).toISOString()}`;
  for await (const item of ports.state.list<{ table: string; database: string }>(
    flowKey(plan.flow.flowName),
    'TABLE#',
  )) {
    if (item.sk >= oldest) break;
    await ports.catalog.deleteTable(item.data.database, item.data.table);
    await ports.state.write([{ pk: item.pk, sk: item.sk, set: 'delete' }]);
  }
}
