/** The pull window of a run. */

import { TributaryError } from '../../core/errors.ts';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import type { PullWindow } from '../../core/source.ts';
import type { LedgerPointer } from './ledger.ts';
import type { RunParameters } from './run.ts';

export interface WindowInput {
  /** Whether the flow pulls what changed since its last committed window. */
  readonly incremental: boolean;
  /** End of the last committed window, epoch milliseconds. */
  readonly watermark?: number | undefined;
  /** The run's start, epoch milliseconds. */
  readonly now: number;
  /** Seconds; shifts the window into the past. */
  readonly scheduleOffset?: number | undefined;
  /** Epoch seconds. */
  readonly firstExecutionFrom?: number | undefined;
  readonly parameters: RunParameters;
}

const thirtyDays = 30 * 24 * 3600 * 1000;

/**
 * `[end of the last committed window, now − offset)`; the first run begins at `firstExecutionFrom`, else 30 days back.
 * A full pull has no beginning. The end may still be lowered by what the source says it knows completely. Run
 * parameters override either side and leave the watermark alone.
 */
export function pullWindow(input: WindowInput): PullWindow {
  const { parameters, now } = input;
  const end = parameters.to ?? now - (input.scheduleOffset ?? 0) * 1000;
  if (parameters.full || parameters.replayOf !== undefined) return { end };
  if (parameters.from !== undefined) {
    if (parameters.from >= end) {
      throw new TributaryError('InvalidArgument', 'the window is empty', {
        got: `from ${iso(parameters.from)} to ${iso(end)}`,
        expected: 'from before to',
      });
    }
    return { start: parameters.from, end };
  }
  if (!input.incremental) return { end };
  const first = input.firstExecutionFrom === undefined ? now - thirtyDays : input.firstExecutionFrom * 1000;
  return { start: input.watermark ?? first, end };
}

/** Whether a flow pulls what changed since its last committed window. */
export function isIncremental(flow: FlowDefinition): boolean {
  const { triggerType, triggerProperties } = flow.triggerConfig;
  return triggerType === 'Scheduled' && triggerProperties?.Scheduled?.dataPullMode === 'Incremental';
}

/**
 * The window that a flow with a lookback reads: it begins earlier than the one that it commits, as far as its ledger tells
 * what was delivered already.
 *
 * @param lookback milliseconds
 */
export function reachBack(
  window: PullWindow,
  lookback: number,
  ledger: Pick<LedgerPointer, 'since'>,
): PullWindow {
  const { start } = window;
  if (start === undefined) return window;
  return { ...window, start: Math.min(start, Math.max(start - lookback, ledger.since)) };
}

/** Whether the run's window end becomes the flow's watermark: only a plain incremental run's does. */
export function movesWatermark(incremental: boolean, parameters: RunParameters): boolean {
  return incremental && Object.keys(parameters).length === 0;
}

/** Nothing to read: the last run ended at or beyond this one's end (a clock set back, an offset made longer). */
export function isEmpty(window: PullWindow): boolean {
  return window.start !== undefined && window.end <= window.start;
}

export const iso = (time: number): string => new Date(time).toISOString();
