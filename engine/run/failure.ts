/**
 * What a run's record keeps of the error that ended it, beside its code and sentence.
 *
 * Of a thrown error Lambda tells the state machine name, message and stack, and the local interpreter does the same. So
 * what else is known travels as the stack's last line: no state is written for an error that a retry may heal.
 */

import { type ErrorContext, TributaryError } from '../../core/errors.ts';
import { type StepName, stepNames } from '../../core/flow/state-machine.ts';

type Told = Pick<
  ErrorContext,
  | 'at'
  | 'got'
  | 'expected'
  | 'fix'
  | 'status'
  | 'vendorCode'
  | 'requestId'
  | 'page'
  | 'position'
  | 'retryAfterSeconds'
  | 'side'
  | 'exchange'
>;

/** All of it is safe to show, as {@link ErrorContext} is; texts are cut at 500 characters, an exchange where it is made. */
export interface Failure extends Told {
  /** Absent where the process died or the service failed. */
  readonly step?: StepName;
  readonly split?: number;
  /** The sentence without place, values and fix. */
  readonly summary?: string;
}

const mark = 'tributary-failure ';
/** Characters. */
const longestText = 500;
/**
 * Characters. Step Functions cuts what it keeps of an error (`Cause`) at 32,768, and with its end the failure would go.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_TaskFailedEventDetails.html
 */
const longestMessage = 6_000;
const longestStack = 3_000;
const texts = ['summary', 'at', 'got', 'expected', 'fix', 'vendorCode', 'requestId'] as const;
const numbers = ['status', 'retryAfterSeconds', 'split', 'page', 'position'] as const;

/** Lets an error carry where it happened and what its context says through the state machine. */
export function carryFailure(error: unknown, step: StepName, split: number | undefined): void {
  if (!(error instanceof Error)) return;
  const told = error instanceof TributaryError ? { ...error.context, summary: error.summary } : {};
  const failure = bounded({ ...told, step, ...(split !== undefined && { split }) });
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  error.message = shortened(error.message, longestMessage);
  error.stack = `${stack.slice(0, longestStack)}\n${mark}${JSON.stringify(failure)}`;
}

/** What the error's trace carried; undefined for one of the service's own. */
export function carriedFailure(trace: unknown): Failure | undefined {
  if (!Array.isArray(trace)) return undefined;
  const line: unknown = trace.findLast((entry) => typeof entry === 'string' && entry.startsWith(mark));
  if (typeof line !== 'string') return undefined;
  try {
    return bounded(JSON.parse(line.slice(mark.length)) as Record<string, unknown>);
  } catch {
    return undefined;
  }
}

const shortened = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest)} …` : text;

function bounded(told: Readonly<Record<string, unknown>>): Failure {
  const step = stepNames.find((name) => name === told.step);
  const kept = [
    ...texts.flatMap((name) => {
      const value = told[name];
      return typeof value === 'string' ? [[name, value.slice(0, longestText)]] : [];
    }),
    ...numbers.flatMap((name) => (typeof told[name] === 'number' ? [[name, told[name]]] : [])),
  ];
  const exchange = told.exchange as Failure['exchange'];
  return {
    ...(step && { step }),
    ...(Object.fromEntries(kept) as Failure),
    ...(told.side === 'destination' && { side: told.side }),
    ...(exchange && { exchange }),
  };
}
