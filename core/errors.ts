/**
 * The one error taxonomy. A code is the error's `name`: Step Functions' `ErrorEquals` matches on it, so the retry
 * policy of a run is data (see `flow/state-machine.ts`). Codes that AppFlow's custom connectors use keep AppFlow's names.
 */

import type { RecordedExchange } from './exchange.ts';

/** What a code means for the run and for the process that started it. */
interface Reaction {
  /** Worth another try: the state machine's Retry lists it. */
  readonly retried: boolean;
  /** Of the CLI: 1 the run failed, 2 bad input. */
  readonly exitCode: 1 | 2;
}

const badInput: Reaction = { retried: false, exitCode: 2 };
const permanent: Reaction = { retried: false, exitCode: 1 };
const transient: Reaction = { retried: true, exitCode: 1 };

const reactions = {
  /** A flow definition that AppFlow itself would refuse. */
  FlowInvalid: badInput,
  /** A correct flow that this version cannot run. */
  NotRunnable: badInput,
  /** A connection file or its settings are wrong or missing. */
  ConnectionInvalid: badInput,
  /** An argument of a command, of a run (`from`, `to`, `limit` …) or of a request to the vendor is wrong. */
  InvalidArgument: badInput,
  /** The source or the destination rejected the credentials, or there are none. */
  InvalidCredentials: badInput,
  /** The credentials are good but do not allow this call. */
  AccessDenied: badInput,
  /** A bucket, schema, table, entity or parent that is not there. */
  ResourceNotFoundError: badInput,
  /** A field that the flow maps is no longer offered by the source, or a new one cannot be placed. */
  SchemaChanged: badInput,
  /** The source's data cannot be read: a ragged CSV line, a JSON line that is no object, a truncated gzip file. */
  SourceDataInvalid: badInput,
  /** The host cannot be reached: unknown host, refused connection, TLS failure. Retried, as a restart may pass. */
  ConnectorUnreachable: { retried: true, exitCode: 2 },
  /** A validation with the action "terminate flow" met a bad record. */
  ValidationTerminated: permanent,
  /** The destination refused a record and the flow says `failOnFirstDestinationError`. */
  RecordRejected: permanent,
  /** received ≠ written + filtered + rejected + outOfWindow + duplicates + skipped. */
  BooksUnbalanced: permanent,
  /** The run was cancelled. */
  ExecutionCanceled: permanent,
  /** The run took longer than the 48 hours that it may. */
  ExecutionTimedOut: permanent,
  /** The execution ended without a word: killed, or the function could not even report its failure. */
  ExecutionDied: permanent,
  /** A newer execution holds the flow's slot: whatever this one still does must have no effect. */
  FencedOut: permanent,
  /** The vendor's answer breaks its own contract: a repeated page token, a next link to another origin. */
  ConnectorProtocol: permanent,
  /** The vendor gives no list as long as that of the window, not even of the shortest that can be asked for. */
  WindowTooLarge: permanent,
  /** The vendor refuses the request with another 4xx. */
  ClientError: permanent,
  /** The vendor's request quota is used up; `retryAfterSeconds` says for how long. */
  RateLimitExceeded: transient,
  /** 503: the vendor is down for a while. */
  ServiceUnavailable: transient,
  /** The vendor failed: 5xx, a reset connection, a truncated body. */
  ServerError: transient,
  /** The vendor did not answer in time. */
  RequestTimeout: transient,
  /** A conditional write lost against a concurrent one; the step reads again and decides anew. */
  StateConflict: transient,
  /** A request to AWS (or to the local folders) failed for a reason that may pass. */
  StorageUnavailable: transient,
} as const satisfies Record<string, Reaction>;

export type ErrorCode = keyof typeof reactions;

/** The codes that the state machine retries. */
export function retriedErrorCodes(): ErrorCode[] {
  return (Object.keys(reactions) as ErrorCode[]).filter((code) => reactions[code].retried);
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(reactions, code);
}

/** What is known of the failure beside its sentence; every member is safe to log and to show. */
export interface ErrorContext {
  /** The flow's name. */
  flowName?: string;
  /** Where: a file with its JSON path or line, `GitHub.issues`, a bucket and key, `schema.table`. */
  at?: string;
  /** The value got, shortened; never a credential. */
  got?: string;
  /** What would have been right. */
  expected?: string;
  /** What to do about it, as an imperative sentence. */
  fix?: string;
  /** The vendor's or AWS's HTTP status, error code and request id. */
  status?: number;
  vendorCode?: string;
  requestId?: string;
  /** Of a record: its page in the split, and its place in that page; both from 0. */
  page?: number;
  position?: number;
  /** Seconds to wait before the next try, as told by the vendor. */
  retryAfterSeconds?: number;
  /** Of the application that the flow writes to; absent: of the source, or of neither. */
  side?: 'destination';
  /** The vendor's answer. */
  exchange?: RecordedExchange;
  cause?: unknown;
}

/**
 * Every error that Tributary throws on purpose.
 *
 * @example throw new TributaryError('ResourceNotFoundError', 'the bucket does not exist', { at: 's3://lake', fix: 'create it or mend bucketName' })
 */
export class TributaryError extends Error {
  readonly code: ErrorCode;
  /** The message without what `context` appends. */
  readonly summary: string;
  readonly context: Omit<ErrorContext, 'cause'>;

  /** @param summary what failed, a clause without a full stop; place, value, expectation and fix are appended from `context`. */
  constructor(code: ErrorCode, summary: string, context: ErrorContext = {}) {
    const { cause, ...rest } = context;
    super(describe(summary, rest), cause === undefined ? undefined : { cause });
    // A literal, never the class's name: minifying renames classes, and ErrorEquals matches on this.
    this.name = code;
    this.code = code;
    this.summary = summary;
    this.context = rest;
  }

  /** Worth another try. */
  get retried(): boolean {
    return reactions[this.code].retried;
  }
}

/** Several findings about one input at once (a flow definition lists all its mistakes). */
export class TributaryErrors extends TributaryError {
  readonly errors: readonly TributaryError[];
  constructor(code: ErrorCode, errors: readonly TributaryError[]) {
    super(code, errors.map((error) => error.message).join('\n'));
    this.errors = errors;
  }
}

function describe(summary: string, context: Omit<ErrorContext, 'cause'>): string {
  const where = [context.flowName && `flow ${context.flowName}`, context.at].filter(Boolean).join(', ');
  const vendor = [
    context.status !== undefined && `status ${context.status}`,
    context.vendorCode && `code ${context.vendorCode}`,
    context.requestId && `request ${context.requestId}`,
  ]
    .filter(Boolean)
    .join(', ');
  return [
    where ? `${where}: ${summary}` : summary,
    vendor && ` (${vendor})`,
    context.got !== undefined && `; got ${context.got}`,
    context.expected && `; expected ${context.expected}`,
    context.fix && `; ${context.fix}`,
  ]
    .filter(Boolean)
    .join('');
}

/** 1 the run failed, 2 bad input. A foreign error (nothing is known of it) is 1. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return exitCodeOfName(error instanceof Error ? error.name : '');
}

/** Where only the error's name has come through, as from Step Functions. */
export function exitCodeOfName(name: string): 1 | 2 {
  return isErrorCode(name) ? reactions[name].exitCode : 1;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
