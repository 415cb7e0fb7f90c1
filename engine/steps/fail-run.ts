import {
  type ErrorCode,
  exitCodeOfName,
  isErrorCode,
  retriedErrorCodes,
  TributaryError,
} from '../../core/errors.ts';
import { noRecords } from '../../core/records.ts';
import type { EnginePorts } from '../ports.ts';
import { closeRun, unopened } from '../run/close.ts';
import { carriedFailure, type Failure } from '../run/failure.ts';
import { readLoaded } from '../run/load.ts';
import { abortUploads } from '../run/materialise.ts';
import { readPlan } from '../run/plan.ts';
import { leftKey, type Run, runKey, type TriggerKind, workingItemSeconds } from '../run/run.ts';
import { keepDefinition } from '../run/run-definition.ts';
import { readSegments } from '../run/segment-record.ts';

/** As Step Functions' Catch puts it: `Cause` is a Lambda function's error as JSON, or a sentence of the service. */
export interface StepError {
  readonly Error: string;
  readonly Cause: string;
}

export interface FailRunOutput {
  readonly error: StepError;
}

/** Notes why a split failed: the Map above it would only report that one did. The first error stays. */
export async function failSplit(
  executionId: string,
  error: StepError,
  ports: EnginePorts,
): Promise<FailRunOutput> {
  const { failure, ...told } = parsedError(error);
  try {
    await ports.state.write([
      {
        pk: runKey(executionId),
        sk: 'ERROR',
        expect: 'absent',
        set: { ...told, ...(failure && { failure }) },
        expiresAt: expiresAt(ports),
      },
    ]);
  } catch (error) {
    if (!(error instanceof TributaryError && error.code === 'StateConflict')) throw error;
  }
  return { error: told };
}

/**
 * Closes a run as failed (or cancelled). A run that had begun to commit is left as it is, but for one that an application
 * will not take ({@link endedLoad}): the next start, or the settlement, finishes it. One that was committed already keeps its
 * data; what failed is its catalog or its report.
 *
 * A run that StartRun refused gets a record all the same: whoever waits for it, counts failures or watches the metrics
 * must see that it failed.
 *
 * @param fence of the execution that failed, if it got as far as to have one: another execution may have taken the run over
 */
export async function failRun(
  executionId: string,
  fence: number | undefined,
  error: StepError,
  started: Started | undefined,
  ports: EnginePorts,
): Promise<FailRunOutput> {
  const split = await ports.state.get<ParsedError>(runKey(executionId), 'ERROR');
  const { Error: code, Cause: message, failure } = split?.data ?? parsedError(error);
  const told: FailRunOutput = { error: { Error: code, Cause: message } };
  ports.log.error('run failed', { executionId, errorCode: code, errorMessage: message });
  const ending = {
    errorCode: code,
    errorMessage: message,
    exitCode: exitCodeOfName(code),
    ...(failure && { failure }),
  };
  const item = await ports.state.get<Run>(runKey(executionId), 'RUN');
  if (!item) {
    if (!started) return told;
    await keepDefinition(executionId, ports);
    await recordRefusal(executionId, started, ending, ports);
    return told;
  }
  if (fence !== undefined && item.data.fence !== fence) return told;
  const flow = await ports.loadFlow();
  if (item.data.status === 'COMMITTING') {
    const loaded = await endedLoad(item.data, code, ports);
    if (loaded) {
      await keepDefinition(executionId, ports);
      await closeRun(ports, flow, item, { status: 'Error', ...ending, ...loaded });
    } else {
      const left = { ...ending, at: ports.clock.now() };
      await ports.state.write([{ ...leftKey(executionId), set: left, expiresAt: expiresAt(ports) }]);
    }
    return told;
  }
  await keepDefinition(executionId, ports);
  const transferred = await readSegments(ports.state, executionId);
  await abortUploads(ports.objects, ports.state, executionId);
  const committed = item.data.status === 'COMMITTED';
  await closeRun(ports, flow, item, {
    status: code === 'ExecutionCanceled' ? 'Canceled' : 'Error',
    ...ending,
    ...(!committed && { counts: transferred.counts, bytesProcessed: transferred.received, bytesWritten: 0 }),
  });
  return told;
}

function expiresAt({ clock }: Pick<EnginePorts, 'clock'>): number {
  return Math.floor(clock.now() / 1000) + workingItemSeconds;
}

/** What mending the connection may cure: the flow's next start goes on behind what the application has acknowledged. */
const curable: readonly ErrorCode[] = [
  'InvalidCredentials',
  'AccessDenied',
  'ConnectionInvalid',
  'ExecutionCanceled',
  'FencedOut',
];

/**
 * What an application has taken of a run that ends in the middle of writing to it. Files are whole or not there, so that their
 * commit only goes forward; a record that an application will not take would keep its flow from ever running again.
 *
 * @returns undefined where the next start is to go on
 */
async function endedLoad(run: Run, code: string, ports: EnginePorts): Promise<Partial<Run> | undefined> {
  if (!isErrorCode(code) || retriedErrorCodes().includes(code) || curable.includes(code)) return undefined;
  const plan = await readPlan(ports.objects, ports.home, run.flowName, run.executionId);
  if (!plan.destination) return undefined;
  const { written, rejected } = await readLoaded(ports.state, run.executionId);
  const { counts = noRecords() } = run;
  // All is there: what failed is the certificate or the quarantine, and a run over the same window would write all again.
  if (code !== 'RecordRejected' && written + rejected === counts.written) return undefined;
  return {
    recordsAcknowledged: written,
    counts: { ...counts, written: counts.written - rejected, rejected: counts.rejected + rejected },
  };
}

/** How an execution was started that may have no record yet. */
export interface Started {
  readonly executionArn: string;
  readonly trigger: TriggerKind;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

async function recordRefusal(
  executionId: string,
  started: Started,
  ending: Pick<Run, 'errorCode' | 'errorMessage' | 'exitCode' | 'failure'>,
  ports: EnginePorts,
): Promise<void> {
  const flow = await ports.loadFlow();
  const run: Run = {
    ...started,
    executionId,
    flowName: flow.flowName,
    status: 'RUNNING',
    fence: 0,
    parameters: {},
    window: { end: started.startedAt },
  };
  const item = { pk: runKey(executionId), sk: 'RUN', revision: unopened, data: run };
  await closeRun(ports, flow, item, { ...ending, status: 'Error' });
}

interface ParsedError extends StepError {
  readonly failure?: Failure;
}

/** The sentence in a Lambda function's error and what it carried, or the cause as it is. */
function parsedError({ Error: code, Cause }: StepError): ParsedError {
  try {
    const parsed: unknown = JSON.parse(Cause);
    if (typeof parsed === 'object' && parsed !== null && 'errorMessage' in parsed) {
      const failure = 'trace' in parsed ? carriedFailure(parsed.trace) : undefined;
      return { Error: code, Cause: String(parsed.errorMessage), ...(failure && { failure }) };
    }
  } catch {
    // The service's own words, or JSON that was cut at Step Functions' limit.
    const [, cut] =
      /^\{"errorType":"[^"]*","errorMessage":"((?:[^"\\]|\\[^u]|\\u[\da-f]{4})*)/i.exec(Cause) ?? [];
    if (cut !== undefined) return { Error: code, Cause: JSON.parse(`"${cut}"`) as string };
  }
  return { Error: code, Cause: Cause || code };
}
