/** The size of a run where nobody has told it, from what the connector declares. */

import type { LoadedConnector } from '../../core/connector/loaded.ts';
import { pageSizeOf } from '../../core/connector/pagination.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { sourceObject, sourceProperties } from '../../core/flow/describe.ts';
import { workingMemory } from '../../core/flow/function-memory.ts';
import { s3Output } from '../run/output.ts';
import type { RunSize } from './run-size.ts';

export type GivenSize = Partial<RunSize>;

export interface AssumedSize {
  readonly size: RunSize;
  /** Members of `size` that nobody has told. */
  readonly assumed: readonly (keyof RunSize)[];
  /** Seconds of a page in which the function works and does not wait; grow as memory shrinks below one vCPU. */
  readonly workSeconds: number;
}

/** Seconds until an API answers with a page. */
const answerSeconds = 0.5;
/** Of files and databases, which read on while the function works. */
const shortestPage = 0.001;
/** What one vCPU reads, maps and encodes in a second: see docs/performance.md. */
const bytesPerSecond = 30_000_000;
const recordsPerSecond = 100_000;
/** Bytes of a page of Amazon S3's source, and of a database's; the latter's records at most. */
const filePage = 256 * 1024;
const databasePage = 8 * 2 ** 20;
const databaseRecords = 10_000;

/** Bytes that a byte received becomes: Parquet is compressed, CSV leaves out the names of fields. */
const written = { JSON: 1, CSV: 0.6, PARQUET: 0.2 } as const;

/** How the transfer function is made. */
export interface TransferFunction {
  /** MB of memory. */
  readonly transfer: number;
  /** Whether the source is one of files or a database, which keep it working. */
  readonly works: boolean;
}

export function assumedSize(
  flow: FlowDefinition,
  connector: LoadedConnector,
  given: GivenSize,
  { transfer: memory, works }: TransferFunction,
): AssumedSize {
  const { records = 100_000, recordBytes = 1000 } = given;
  const isCoded = works && connector.kind === 'coded';
  const isDatabase = isCoded && connector.connection !== undefined;
  const isFiles = isCoded && !isDatabase;
  const pageRecords =
    given.pageRecords ??
    (isFiles
      ? Math.max(1, Math.round(filePage / recordBytes))
      : isDatabase
        ? Math.min(databaseRecords, Math.max(1, Math.round(databasePage / recordBytes)))
        : (declaredPage(flow, connector) ?? 100));
  const vcpu = Math.min(1, memory / workingMemory);
  const workSeconds = (pageRecords * (recordBytes / bytesPerSecond + 1 / recordsPerSecond)) / vcpu;
  const parallelism = sourceProperties(flow).parallelismConfig as { maxParallelism?: number } | undefined;
  const hasPartitions = flow.tasks.some(({ taskType }) => taskType === 'Partition');
  const size: RunSize = {
    records,
    recordBytes,
    outputRecordBytes: given.outputRecordBytes ?? Math.max(1, recordBytes * written[s3Output(flow).fileType]),
    pageRecords,
    pageSeconds:
      given.pageSeconds ?? (isCoded ? Math.max(shortestPage, workSeconds) : answerSeconds + workSeconds),
    splits: Math.min(records, given.splits ?? parallelism?.maxParallelism ?? 1),
    unit: isFiles ? 'split' : 'page',
    partitions: hasPartitions ? (given.partitions ?? 10) : 1,
    ...(given.pause && { pause: given.pause }),
    ...(given.job && { job: given.job }),
  };
  const told = Object.keys(given);
  const assumed = (Object.keys(size) as (keyof RunSize)[]).filter(
    (name) => !told.includes(name) && name !== 'unit',
  );
  return { size, assumed, workSeconds };
}

/** Records of a full page, as the connector asks for them; undefined where the vendor decides. */
function declaredPage(flow: FlowDefinition, loaded: LoadedConnector): number | undefined {
  if (loaded.kind !== 'declared') return undefined;
  const { entities, pagination } = loaded.connector;
  const entity = Object.hasOwn(entities, sourceObject(flow)) ? entities[sourceObject(flow)] : undefined;
  const used = entity?.pagination ?? pagination;
  return used === undefined || used === 'onePage' ? undefined : pageSizeOf(used);
}
