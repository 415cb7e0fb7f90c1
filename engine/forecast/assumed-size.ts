/** The size of a run where nobody has told it, from what the connector declares. */

import type { Entity } from '../../core/connector/connector.ts';
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
/** Bytes of a page of Amazon S3's source, of a downloaded file, and of a database; the latter's records at most. */
const filePage = 256 * 1024;
const downloadPage = 4 * 2 ** 20;
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
  const entity = declaredEntity(flow, connector);
  const isFiles = works && connector.kind === 'coded' && connector.connection === undefined;
  const pageRecords =
    given.pageRecords ?? (works ? workedPage(connector, recordBytes) : waitedPage(connector, entity));
  const everySeconds = entity?.job?.status.everySeconds;
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
      given.pageSeconds ?? (works ? Math.max(shortestPage, workSeconds) : answerSeconds + workSeconds),
    splits: Math.min(records, given.splits ?? parallelism?.maxParallelism ?? 1),
    unit: isFiles ? 'split' : 'page',
    partitions: hasPartitions ? (given.partitions ?? 10) : 1,
    ...(given.pause && { pause: given.pause }),
    ...(given.job && { job: { ...(everySeconds !== undefined && { everySeconds }), ...given.job } }),
  };
  const told = Object.keys(given);
  const assumed = (Object.keys(size) as (keyof RunSize)[]).filter(
    (name) => !told.includes(name) && name !== 'unit',
  );
  return { size, assumed, workSeconds };
}

function workedPage(connector: LoadedConnector, recordBytes: number): number {
  const recordsOf = (bytes: number): number => Math.max(1, Math.round(bytes / recordBytes));
  if (connector.kind === 'declared') return recordsOf(downloadPage);
  return connector.connection ? Math.min(databaseRecords, recordsOf(databasePage)) : recordsOf(filePage);
}

/** As the connector asks for it, or a hundred records where the vendor decides. */
function waitedPage(connector: LoadedConnector, entity: Entity | undefined): number {
  const pagination =
    entity?.pagination ?? (connector.kind === 'declared' ? connector.connector.pagination : undefined);
  return (pagination === undefined || pagination === 'onePage' ? undefined : pageSizeOf(pagination)) ?? 100;
}

/** Undefined for one that the account defines. */
function declaredEntity(flow: FlowDefinition, connector: LoadedConnector): Entity | undefined {
  if (connector.kind !== 'declared') return undefined;
  const { entities } = connector.connector;
  const name = sourceObject(flow);
  return Object.hasOwn(entities, name) ? entities[name] : undefined;
}
