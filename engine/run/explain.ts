/** What happened to a run, for a person: why it failed, what to do, and where that leaves data and watermark. */

import type { Connector } from '../../core/connector/connector.ts';
import { fillHoles } from '../../core/connector/holes.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { destinationProperties, sourceProperties } from '../../core/flow/describe.ts';
import { errorHandlingOf, recordDestination } from '../../core/flow/record-destination.ts';
import type { StepName } from '../../core/flow/state-machine.ts';
import { type Cause, type CauseWords, causeOf, type Facts, type RetryAdvice } from './causes.ts';
import type { Failure } from './failure.ts';
import { executionStatus, type FlowState, isClosed, isCommitted, type LeftError, type Run } from './run.ts';
import { isIncremental, iso, movesWatermark } from './window.ts';

type ExplainedConnector = Pick<Connector, 'label' | 'docs' | 'auth' | 'entities'>;

/** What is known beside the run's record; the more, the better the explanation. */
export interface Surroundings {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whether its execution is going on. */
  readonly isRunning: boolean;
  readonly state?: FlowState | undefined;
  /** The definition that it ran with. */
  readonly flow?: FlowDefinition | undefined;
  readonly connector?: ExplainedConnector | undefined;
  /** Of the application that it writes to. */
  readonly destinationConnector?: ExplainedConnector | undefined;
  readonly stateBucket: string;
  /** What its execution ended with, where the record does not tell. */
  readonly left?: LeftError | undefined;
  /** Of a deployed flow: commands are told so. */
  readonly aws?: boolean;
}

export interface Explanation {
  readonly executionId: string;
  readonly flowName: string;
  readonly status: ReturnType<typeof executionStatus>;
  /** One sentence. */
  readonly outcome: string;
  /** Null where nothing failed. */
  readonly failed: {
    readonly code: string;
    readonly message: string;
    readonly step: string | null;
    readonly split: number | null;
    /** Of a record: its page in the split, and its place in that; from 0. */
    readonly page: number | null;
    readonly position: number | null;
    /** A file with its line, a bucket and key, `GitHub.issues` … */
    readonly at: string | null;
    readonly entity: string | null;
    /** Of the vendor or of AWS. */
    readonly status: number | null;
    readonly vendorCode: string | null;
    readonly requestId: string | null;
  } | null;
  /** The most likely one; `name` is stable. */
  readonly cause: { readonly name: string; readonly text: string } | null;
  readonly fix: string | null;
  readonly retry: {
    readonly advice: RetryAdvice;
    /** ISO 8601; null: no moment is known. */
    readonly at: string | null;
    readonly text: string;
  } | null;
  readonly data: string;
  readonly watermark: string;
  /** What else is to be known. */
  readonly notes: readonly string[];
}

/** What a run ended with: by its record, or, of one that was left open, by what is known of its execution. */
export function endingOf(
  run: Run,
  { isRunning, left }: Pick<Surroundings, 'isRunning' | 'left'>,
): LeftError | undefined {
  return run.errorCode || isClosed(run) || isRunning ? run : left;
}

export function explainRun(run: Run, around: Surroundings): Explanation {
  const error = endingOf(run, around);
  const { errorCode: code, errorMessage: message = '', failure = {} } = error ?? {};
  const base = {
    executionId: run.executionId,
    flowName: run.flowName,
    status: executionStatus(run),
    outcome: outcomeOf(run, failure, around),
    data: dataOf(run, around),
    watermark: watermarkOf(run, around),
    notes: notesOf(run, around),
  };
  if (code === undefined) return { ...base, failed: null, cause: null, fix: null, retry: null };
  const facts = factsOf(message, failure, around);
  const cause = causeOf(code, facts);
  const side = failedSide(failure, around);
  const words = wordsOf(run, facts, side, around.aws);
  const fill = (text: string): string => fillHoles(text, (name) => words[name as keyof CauseWords] ?? '');
  const own = failure.fix;
  const fix = cause.fix ? fill(cause.fix) : (own ?? (cause.elseFix ? fill(cause.elseFix) : null));
  const text = fill(cause.cause);
  return {
    ...base,
    failed: {
      code,
      message,
      step: failure.step ?? null,
      split: failure.split ?? null,
      page: failure.page ?? null,
      position: failure.position ?? null,
      at: failure.at ?? null,
      entity: side.entity,
      status: failure.status ?? null,
      vendorCode: failure.vendorCode ?? null,
      requestId: failure.requestId ?? null,
    },
    cause: { name: cause.name, text: text.charAt(0).toUpperCase() + text.slice(1) },
    fix,
    retry: retryOf(cause, error?.at ?? run.endedAt, failure, around.now),
  };
}

function factsOf(message: string, failure: Failure, { flow, stateBucket }: Surroundings): Facts {
  const { summary = message, got = '', expected = '', fix = '', at, vendorCode = '' } = failure;
  const bucket = /^s3:\/\/([^/ ]+)/.exec(at ?? '')?.[1];
  return {
    text: [summary, at, got, expected, fix, vendorCode].filter(Boolean).join('\n'),
    step: failure.step,
    status: failure.status,
    vendorCode: failure.vendorCode,
    action: /^([a-z0-9-]+:[A-Z]\w+) failed/.exec(summary)?.[1],
    bucketOf: bucket === undefined ? undefined : bucketOf(bucket, stateBucket, flow),
    retryAfterSeconds: failure.retryAfterSeconds,
  };
}

function bucketOf(bucket: string, stateBucket: string, flow: FlowDefinition | undefined): Facts['bucketOf'] {
  if (bucket === stateBucket) return 'state';
  if (!flow) return undefined;
  if (bucket === destinationProperties(flow).bucketName) return 'destination';
  if (bucket === sourceProperties(flow).bucketName) return 'source';
  return bucket === errorHandlingOf(flow)?.bucketName ? 'error' : undefined;
}

/** Which of the flow's two applications a failure is of. */
interface FailedSide {
  readonly side: 'source' | 'destination';
  readonly entity: string | null;
  readonly connectorProfileName?: string | undefined;
  readonly connector?: ExplainedConnector | undefined;
}

function failedSide(
  failure: Failure,
  {
    flow,
    connector,
    destinationConnector,
  }: Pick<Surroundings, 'flow' | 'connector' | 'destinationConnector'>,
): FailedSide {
  if (!flow) return { side: 'source', entity: null, connector };
  if (isOfDestination(failure, flow)) {
    const { entityName, connectorProfileName } = recordDestination(flow) ?? {};
    return {
      side: 'destination',
      entity: entityName ?? null,
      connectorProfileName,
      connector: destinationConnector,
    };
  }
  const { object, entityName, bucketPrefix } = sourceProperties(flow);
  const name = object ?? entityName ?? bucketPrefix;
  return {
    side: 'source',
    entity: typeof name === 'string' ? name : null,
    connectorProfileName: flow.sourceFlowConfig.connectorProfileName,
    connector,
  };
}

/** Whether a failure is of the application that the flow writes to: once a run commits, its source is asked no more. */
function isOfDestination({ side, step }: Failure, flow: FlowDefinition): boolean {
  if (!recordDestination(flow)) return false;
  return side === 'destination' || isAfterTransfer(step);
}

/** Steps of a run that has read all there is. */
export function isAfterTransfer(step: StepName | undefined): boolean {
  return step === 'CommitOutput' || step === 'LoadDestination';
}

function wordsOf(
  run: Run,
  facts: Facts,
  { side, entity: entityName, connectorProfileName: profile, connector }: FailedSide,
  aws: boolean | undefined,
): CauseWords {
  const scopes = connector?.auth.flatMap((scheme) => (scheme.kind === 'oauth2' ? scheme.scopes : [])) ?? [];
  const docs = connector?.entities[entityName ?? '']?.docs ?? connector?.docs;
  const behind = aws ? ' --aws' : '';
  return {
    flow: run.flowName,
    run: run.executionId,
    aws: behind,
    side,
    connection: profile ? `connection ${profile}` : 'the connection',
    edit: `tributary connection edit ${profile ?? 'NAME'}${behind}`,
    connector: connector?.label ?? 'the vendor',
    action: facts.action ?? 'this',
    bucket: facts.bucketOf ? `the ${facts.bucketOf} bucket` : 'the bucket',
    needs: scopes.length > 0 ? `, with the scopes ${[...new Set(scopes)].join(', ')}` : '',
    scopes: scopes.length > 0 ? ` (${[...new Set(scopes)].join(', ')})` : '',
    docs: docs ? `; see ${docs}` : '',
  };
}

function retryOf(
  { retry }: Cause,
  endedAt: number | undefined,
  { retryAfterSeconds }: Failure,
  now: number,
): NonNullable<Explanation['retry']> {
  const until =
    retryAfterSeconds === undefined || endedAt === undefined ? undefined : endedAt + retryAfterSeconds * 1000;
  if (until !== undefined && retry !== 'afterFix') {
    const at = iso(until);
    return until > now
      ? { advice: 'later', at, text: `helps from ${at} on, as the vendor says` }
      : { advice: 'now', at, text: `helps now: the vendor asked to wait until ${at}` };
  }
  const texts: Readonly<Record<RetryAdvice, string>> = {
    now: 'helps, at once',
    later: 'may help, in a while',
    afterFix: 'does not help before the cause is mended',
  };
  return { advice: retry, at: null, text: texts[retry] };
}

function outcomeOf(run: Run, failure: Failure, { isRunning }: Surroundings): string {
  const { counts, parameters } = run;
  const where = failure.step ? ` in ${failure.step}` : '';
  const split = failure.split === undefined ? '' : `, split ${failure.split}`;
  switch (run.status) {
    case 'Successful':
      return parameters.dryRun
        ? `The dry run succeeded: ${counted(counts?.received ?? 0, 'record')} read.`
        : `The run succeeded: ${counted(counts?.received ?? 0, 'record')} read, ${counts?.written ?? 0} written.`;
    case 'Canceled':
      return 'The run was cancelled.';
    case 'Error':
      return `The run failed${where}${split}.`;
    default:
      if (!isRunning) return `The run ended${where} without being closed.`;
      return run.status === 'RUNNING' ? 'The run is going on.' : 'The run is committing.';
  }
}

function dataOf(run: Run, { isRunning, flow }: Surroundings): string {
  const { status, parameters, objectsWritten = 0, counts } = run;
  if (parameters.dryRun) return 'a dry run writes nothing';
  if (flow && recordDestination(flow)) return sentOf(run, isRunning);
  if (status === 'COMMITTING')
    return isRunning
      ? 'objects are being written; the run only rolls forward from here'
      : 'a part of the objects may be there; the next start of the flow, or the settlement, finishes the commit with the same bytes';
  if (!isCommitted(run)) return isClosed(run) ? 'nothing was written' : 'nothing has been written yet';
  const written = `${counted(counts?.written ?? 0, 'record')} in ${counted(objectsWritten, 'object')} written`;
  if (status === 'Error')
    return `${written}; the catalog is behind, the next run registers what is missing before its own`;
  if (status === 'COMMITTED')
    return isRunning
      ? `${written}; the run is about to end`
      : `${written}; the next start of the flow, or the settlement, closes the run`;
  return written;
}

/** Of a run into an application, which keeps what it has taken. */
function sentOf(run: Run, isRunning: boolean): string {
  const { status, counts, recordsAcknowledged } = run;
  if (status === 'COMMITTING')
    return isRunning
      ? 'records are being written to the application, which keeps what it takes'
      : 'a part of the records may be in the application; the next start of the flow, or the settlement, goes on behind what was acknowledged';
  if (recordsAcknowledged !== undefined)
    return `${counted(recordsAcknowledged, 'record')} written to the application, which keeps them`;
  if (!isCommitted(run)) return isClosed(run) ? 'nothing was written' : 'nothing has been written yet';
  return `${counted(counts?.written ?? 0, 'record')} written to the application`;
}

function watermarkOf(run: Run, { state, flow }: Surroundings): string {
  const { parameters, window } = run;
  const mark = state?.watermark;
  const now = mark === undefined ? undefined : iso(mark);
  // Where the definition is not known, a window with a beginning that nobody asked for tells.
  const incremental = flow
    ? isIncremental(flow)
    : now !== undefined || (window.start !== undefined && parameters.from === undefined);
  if (!incremental) return 'none: each run pulls everything';
  if (!movesWatermark(true, parameters)) return `left alone by a run with parameters${now ? `: ${now}` : ''}`;
  if (isCommitted(run)) {
    const moved = iso(window.end);
    return now !== undefined && mark !== undefined && mark > window.end
      ? `moved to ${moved}; later runs have moved it to ${now}`
      : `moved to ${moved}`;
  }
  if (now !== undefined && window.start !== undefined && mark !== undefined && mark > window.start)
    return `not moved by this run; a later run has moved it to ${now}, and has pulled this window too`;
  const stays = now ? `stays at ${now}` : 'not set yet';
  return `${stays}: the next run pulls the same window, and what has come since`;
}

function notesOf(run: Run, { aws }: Surroundings): string[] {
  const behind = aws ? ' --aws' : '';
  const { recordsQuarantined = 0, deactivated, warnings = [] } = run;
  return [
    ...(recordsQuarantined > 0 && isCommitted(run)
      ? [
          `in the quarantine: ${counted(recordsQuarantined, 'record')}, refused or invalid; mend the flow, then \`tributary replay ${run.executionId}${behind}\``,
        ]
      : []),
    ...warnings,
    ...(deactivated
      ? [
          `the flow was suspended (${deactivated}): mend the cause, then make it active with \`tributary start FLOW${behind}\`, FLOW being its file`,
        ]
      : []),
  ];
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
