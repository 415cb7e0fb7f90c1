import { createHash } from 'node:crypto';
import type { ConnectionDefinition } from '../../core/connection.ts';
import type { DestinationDescription, DestinationRequest } from '../../core/destination.ts';
import { TributaryError } from '../../core/errors.ts';
import { sourceConnectorName } from '../../core/flow/connector-name.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { destinationConfig, destinationProperties, sourceProperties } from '../../core/flow/describe.ts';
import { schemaFingerprint } from '../../core/flow/fingerprint.ts';
import { recordLimit, workingMemory } from '../../core/flow/function-memory.ts';
import { errorHandlingOf, recordDestination } from '../../core/flow/record-destination.ts';
import { turnsPerLoop } from '../../core/flow/state-machine.ts';
import type { JsonObject } from '../../core/ports.ts';
import type { PullWindow, SourcePorts, SourceRequest } from '../../core/source.ts';
import { accessTokens } from '../credentials/access-token.ts';
import { codecOf } from '../encode/parquet/compression.ts';
import type { EnginePorts } from '../ports.ts';
import type { LedgerPointer } from '../run/ledger.ts';
import { outputOf } from '../run/output.ts';
import {
  layOutSplits,
  planKey,
  type RunPlan,
  readPlan,
  readSplitPointers,
  runFolder,
  type SplitPointer,
  type TransferState,
} from '../run/plan.ts';
import {
  checkMapped,
  destinationRequest,
  identified,
  type PlannedDestination,
  writtenTypes,
} from '../run/plan-destination.ts';
import { refuseUnread, refuseUnreplayable } from '../run/replay.ts';
import { type FlowState, openRun, type Run, type RunReference, readRunAndFlow } from '../run/run.ts';
import { runSource } from '../run/run-source.ts';
import { defaultSizes } from '../run/sizes.ts';
import { isEmpty, isIncremental, iso, movesWatermark, reachBack } from '../run/window.ts';
import { filterConditions, planTasks, type TaskPlan } from '../tasks/plan.ts';
import { rateLimitWait, sleptSeconds } from './rate-limit.ts';

export type DescribeSourceOutput =
  | {
      readonly next: 'one' | 'many' | 'none';
      readonly run: RunReference;
      readonly splits: { readonly bucket: string; readonly key: string };
      readonly transfer: TransferState | null;
    }
  /** The source asks to be left alone for so long; then this step is tried again. */
  | {
      readonly next: 'wait';
      readonly run: RunReference;
      readonly waitSeconds: number;
      readonly describeTurns: number;
    };

/** Every batch reads the plan: more than this of splits' descriptions goes into an object of its own. */
export const splitBytesInPlan = 16 * 1024;

/**
 * Asks the source for its fields and splits, fixes the window's end and the schema version, writes the run plan.
 *
 * @param turns how often the source has put this run off already; at {@link turnsPerLoop} the run fails with the source's refusal
 */
export async function describeSource(
  reference: RunReference,
  turns: number,
  ports: EnginePorts,
): Promise<DescribeSourceOutput> {
  const flow = await ports.loadFlow();
  const { flowName } = flow;
  const { executionId } = reference;
  const found = await readRunAndFlow(ports.state, executionId, flowName);
  const { data: run } = openRun(found.run, reference);
  if (run.cancelRequested)
    throw new TributaryError('ExecutionCanceled', 'the run was cancelled', { flowName, at: executionId });

  // Refuses a compression that is not to be had here before the source is asked for anything.
  if (flow.tributary?.compression) codecOf(flow.tributary.compression);
  await checkBuckets(flow, ports);
  let made: Planned;
  try {
    made = await makePlan(flow, run, found.state?.data, ports);
  } catch (error) {
    const waitSeconds = rateLimitWait(error);
    // A short wait is left to the state machine's Retry.
    if (waitSeconds === undefined || waitSeconds <= sleptSeconds || turns >= turnsPerLoop) throw error;
    return { next: 'wait', run: reference, waitSeconds: Math.ceil(waitSeconds), describeTurns: turns + 1 };
  }
  const { plan, pointers } = await storePlan(made, ports);
  const list = { bucket: ports.home.stateBucket, key: plan.splitListKey };
  const [first] = pointers;
  ports.log.info('source described', { flowName, executionId, splits: pointers.length });
  const base = { run: reference, splits: list };
  if (!first) return { ...base, next: 'none', transfer: null };
  return {
    ...base,
    next: plan.serial ? 'one' : 'many',
    transfer: { ...first, segment: 0, turns: 0 },
  };
}

/** A plan, its splits' descriptions, and where each of them lies in these. */
interface Planned {
  readonly plan: RunPlan;
  readonly lines: string;
  readonly pointers: readonly SplitPointer[];
}

/** @returns the plan that is stored, however often this is repeated, and whatever the source answered meanwhile */
async function storePlan(
  { plan, lines, pointers }: Planned,
  { objects, home }: EnginePorts,
): Promise<Omit<Planned, 'lines'>> {
  const { flowName } = plan.flow;
  const { stateBucket } = home;
  await Promise.all([
    plan.splits === undefined && objects.put(stateBucket, plan.splitsKey, lines),
    (plan.splits === undefined || !plan.serial) &&
      objects.put(stateBucket, plan.splitListKey, JSON.stringify(pointers)),
  ]);
  try {
    // Last, and only if absent: a slower twin of this step adopts the plan that is there, with the splits that it names.
    const key = planKey(flowName, plan.executionId);
    await objects.put(stateBucket, key, JSON.stringify(plan), { ifAbsent: true });
    return { plan, pointers };
  } catch (error) {
    if (!(error instanceof TributaryError && error.code === 'StateConflict')) throw error;
  }
  const stored = await readPlan(objects, home, flowName, plan.executionId);
  return { plan: stored, pointers: await readSplitPointers(objects, home, stored) };
}

/** A bucket that is not there is named before anything is fetched. */
async function checkBuckets(flow: FlowDefinition, ports: EnginePorts): Promise<void> {
  const destination = destinationConfig(flow);
  const buckets = [
    destination.connectorType === 'S3' && String(destinationProperties(flow).bucketName),
    errorHandlingOf(flow)?.bucketName,
  ].filter((bucket): bucket is string => typeof bucket === 'string');
  for (const bucket of buckets) {
    if (await ports.objects.bucketExists(bucket)) continue;
    throw new TributaryError(
      'ResourceNotFoundError',
      'the destination bucket does not exist or may not be used',
      {
        flowName: flow.flowName,
        at: `s3://${bucket}`,
        fix: 'create the bucket, or mend bucketName',
      },
    );
  }
}

/** The request that a flow makes of its source, but for the read set. */
export function sourceRequest(
  flow: FlowDefinition,
  connection: ConnectionDefinition | undefined,
  window: PullWindow,
  { memory = flow.tributary?.memorySize ?? workingMemory }: Pick<EnginePorts, 'memory'>,
  limit?: number,
): SourceRequest {
  const { sourceFlowConfig } = flow;
  const { connectorProfileName, apiVersion, incrementalPullConfig } = sourceFlowConfig;
  const settings = Object.entries(connection?.connectorProfileProperties ?? {}).map(([key, value]) => [
    key,
    String(value),
  ]);
  return {
    flowName: flow.flowName,
    connector: sourceConnectorName(flow, connection),
    ...(connectorProfileName && { connectorProfileName }),
    ...(apiVersion && { apiVersion }),
    properties: sourceProperties(flow) as JsonObject,
    settings: Object.fromEntries(settings),
    ...(connection?.endpoint && { endpoint: connection.endpoint }),
    fields: [],
    filters: filterConditions(flow.tasks),
    ...(incrementalPullConfig?.datetimeTypeFieldName && {
      incrementalField: incrementalPullConfig.datetimeTypeFieldName,
    }),
    window,
    ...(limit !== undefined && { limit }),
    recordLimit: recordLimit(memory),
  };
}

export function sourcePorts(ports: EnginePorts, connectorProfileName: string | undefined): SourcePorts {
  const { objects, http, clock, log } = ports;
  return {
    objects,
    http,
    clock,
    log,
    credentials: () =>
      connectorProfileName ? ports.secrets.read(connectorProfileName) : Promise.resolve({}),
    accessToken: accessTokens(ports, connectorProfileName ?? ''),
  };
}

interface DescribedDestination {
  readonly request: DestinationRequest;
  readonly description: DestinationDescription;
}

/** Of a flow into an application: what it takes. Before the source is asked for anything. */
async function describeDestination(
  flow: FlowDefinition,
  ports: EnginePorts,
): Promise<DescribedDestination | undefined> {
  const config = recordDestination(flow);
  if (!config) return undefined;
  const { connectorProfileName } = config;
  const connection = connectorProfileName ? await ports.loadConnection(connectorProfileName) : undefined;
  const asked = destinationRequest(flow, config, connection);
  const destination = await ports.loadDestination(asked.connector);
  const description = await destination.describe(asked, sourcePorts(ports, connectorProfileName));
  return { request: identified(asked, description), description };
}

/** This step asks source and destination alike: an error has to say which of them it is of. */
async function askedOfDestination<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    const { code, summary, context } = error;
    throw new TributaryError(code, summary, { ...context, side: 'destination', cause: error });
  }
}

function plannedOf({ request, description }: DescribedDestination): PlannedDestination {
  const { batchSize, kept } = description;
  return { request, batchSize, ...(kept && { kept }) };
}

async function makePlan(
  flow: FlowDefinition,
  run: Run,
  state: FlowState | undefined,
  ports: EnginePorts,
): Promise<Planned> {
  const { connectorProfileName } = flow.sourceFlowConfig;
  const connection = connectorProfileName ? await ports.loadConnection(connectorProfileName) : undefined;
  const { parameters } = run;
  // Without a beginning the window was fixed by another definition, before the flow became incremental.
  const moves = movesWatermark(isIncremental(flow), parameters) && run.window.start !== undefined;
  const since = state?.resume;
  const lookback = moves ? (flow.tributary?.lookback ?? 0) * 1000 : 0;
  const known = lookback > 0 ? await usableLedger(state, run, ports) : undefined;
  const reading = known ? reachBack(run.window, lookback, known) : run.window;
  const asked: SourceRequest = {
    ...sourceRequest(flow, connection, reading, ports, parameters.limit),
    ...(moves && { changes: since ? { since } : {} }),
  };
  const { source, earlier } = await runSource(flow.flowName, asked.connector, parameters.replayOf, ports);
  if (earlier) refuseUnreplayable(flow, earlier);
  const destination = await askedOfDestination(() => describeDestination(flow, ports));
  const description = await source.describe(asked, sourcePorts(ports, connectorProfileName));

  const end = Math.min(run.window.end, description.completeUntil ?? Number.POSITIVE_INFINITY);
  // Only an incremental window promises that what lies behind its end comes next time; a full pull has no next time.
  const window = run.window.start === undefined ? run.window : { ...run.window, end };
  const windowField = description.incrementalField ?? asked.incrementalField;
  const needsWindowField = window.start !== undefined && !description.appliesWindow;
  if (needsWindowField && !windowField) {
    throw new TributaryError('FlowInvalid', 'an incremental flow needs the field that its window is on', {
      flowName: flow.flowName,
      at: 'sourceFlowConfig.incrementalPullConfig.datetimeTypeFieldName',
      got: 'nothing',
      expected: 'a date-time field of the source',
      fix: 'name it, or set dataPullMode to Complete',
    });
  }
  const keyAndTime = [...(description.primaryKey ?? []), ...(windowField ? [windowField] : [])];
  const repeatKey = description.mayRepeat ? keyAndTime : undefined;
  if (lookback > 0 && (!windowField || !description.primaryKey?.length)) {
    throw new TributaryError('NotRunnable', 'a flow can look back for records with a time and a key alone', {
      flowName: flow.flowName,
      at: 'tributary.lookback',
      got: windowField ? 'no primary key' : 'no field that the window is on',
      fix: 'remove lookback; a longer scheduleOffset waits for late records instead',
    });
  }
  const tasks = planTasks(flow.tasks, description.fields, {
    ...outputOf(flow),
    alsoRead: [
      ...(needsWindowField && windowField ? [windowField] : []),
      ...(repeatKey || lookback > 0 ? keyAndTime : []),
    ],
    ...(description.parameters && { parameters: description.parameters }),
    partitionColumnsInCatalog: flow.metadataCatalogConfig?.glueDataCatalog !== undefined,
    ...(destination && { destinationTypes: writtenTypes(destination.request, destination.description) }),
  });
  if (destination) {
    await askedOfDestination(async () =>
      checkMapped(destination.request, destination.description, tasks.destinationFields),
    );
  }
  if (earlier) refuseUnread(tasks.readFields, flow, earlier);
  const schema = schemaOf(flow, tasks);
  const schemaVersion = (state?.schemaVersion ?? 0) + (state?.schemaFingerprint === schema ? 0 : 1);
  const empty = isEmpty(window);
  if (empty)
    ports.log.info('empty window', {
      flowName: flow.flowName,
      start: iso(window.start ?? 0),
      end: iso(window.end),
    });
  const splits = empty ? [] : description.splits;
  const { lines, pointers } = layOutSplits(splits);
  const folder = runFolder(flow.flowName, run.executionId);
  const plan: RunPlan = {
    executionId: run.executionId,
    flow,
    request: { ...asked, fields: tasks.readFields, window: { ...reading, end: window.end } },
    residualFilters: asked.filters
      .map((_, index) => index)
      .filter((index) => !description.appliedFilters.includes(index)),
    tasks,
    ...(destination && { destination: plannedOf(destination) }),
    sourceFields: description.fields,
    ...(description.parameters && { sourceParameters: description.parameters }),
    window,
    ...(needsWindowField && windowField && { windowField }),
    ...(repeatKey && { repeatKey }),
    ...(lookback > 0 &&
      windowField &&
      window.start !== undefined && {
        ledger: {
          field: windowField,
          before: window.start,
          from: window.end - lookback,
          ...(known && { key: known.key }),
        },
      }),
    splitCount: splits.length,
    ...(Buffer.byteLength(lines) <= splitBytesInPlan && { splits: lines }),
    splitsKey: `${folder}/splits-${ports.attemptId}.jsonl`,
    splitListKey: `${folder}/split-list-${ports.attemptId}.json`,
    serial: splits.length <= 1 || parameters.limit !== undefined,
    ...(parameters.limit !== undefined && { limit: parameters.limit }),
    dryRun: parameters.dryRun === true,
    ...(parameters.replayOf !== undefined && { replayOf: parameters.replayOf }),
    schemaVersion,
    schemaFingerprint: schema,
    movesWatermark: moves && !empty,
    startedAt: run.startedAt,
    sizes: { ...defaultSizes, ...ports.sizes },
  };
  return { plan, lines, pointers };
}

/** The ledger of the run before, if it is there still and nobody has set the watermark meanwhile. */
async function usableLedger(
  state: FlowState | undefined,
  { flowName, window }: Run,
  { objects, home, log }: EnginePorts,
): Promise<LedgerPointer | undefined> {
  const ledger = state?.ledger;
  if (!ledger || ledger.until !== window.start) return undefined;
  if (await objects.head(home.stateBucket, ledger.key)) return ledger;
  log.warn('the ledger is kept no longer: this run does not look back', { flowName, key: ledger.key });
  return undefined;
}

/**
 * Field mapping, types and partitions as they came out: with Map_all the source's fields decide, not the definition
 * alone. Their order counts for CSV alone: elsewhere fields are found by name.
 */
function schemaOf(flow: FlowDefinition, tasks: TaskPlan): string {
  const fields = tasks.destinationFields.map(({ name, type }) => JSON.stringify([name, type]));
  if (outputOf(flow).fileType !== 'CSV') fields.sort();
  return createHash('sha256')
    .update(JSON.stringify([schemaFingerprint(flow), fields]))
    .digest('hex');
}
