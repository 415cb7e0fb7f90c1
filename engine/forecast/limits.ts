import type { FlowDefinition } from '../../core/flow/definition.ts';
import { recordLimit, roomFor } from '../../core/flow/function-memory.ts';
import { periodSeconds } from '../../core/flow/schedule.ts';
import { runTimeoutSeconds } from '../../core/flow/state-machine.ts';
import { mostIndexBytes, mostObjects } from '../run/manifest.ts';
import { aggregationOf } from '../run/output.ts';
import type { RunForecast } from './forecast-run.ts';
import type { RunSize } from './run-size.ts';
import {
  mostHistoryEvents,
  mostInvocationSeconds,
  mostObjectBytes,
  mostParts,
  mostPayloadBytes,
} from './service-limits.ts';
import { pagingSeconds } from './split-forecast.ts';

export interface LimitUse {
  /** What is limited, and by whom. */
  readonly limit: string;
  readonly used: number;
  readonly most: number;
  readonly unit: 'seconds' | 'bytes' | 'count';
  /** What to change where it is exceeded. */
  readonly fix: string;
}

/** Keys of segments hold six digits of the split's number, so that they sort. */
export const mostSplits = 1_000_000;

/** How much of each limit a run would use. What is above `most` would fail. */
export function limitsOf(flow: FlowDefinition, size: RunSize, forecast: RunForecast): LimitUse[] {
  const { figures, output } = forecast;
  const largest = Math.max(0, ...output.objects.map(({ object }) => object.bytes));
  const parts = Math.max(0, ...output.objects.map(({ object }) => object.parts));
  const fewerObjects = aggregationOf(flow).natural
    ? 'aggregate into larger files (aggregationConfig), or partition by a field of fewer values'
    : 'partition by a field of fewer values, or pull shorter windows';
  const smallerFiles = 'set aggregationConfig.targetFileSize instead of one file, or partition';
  return [
    {
      limit: 'a run (Tributary, as AppFlow)',
      used: figures.seconds,
      most: runTimeoutSeconds,
      unit: 'seconds',
      fix:
        size.splits > 1
          ? 'raise tributary.maxConcurrency, filter, or pull shorter windows more often'
          : 'filter, pull shorter windows more often, or have the source read in several splits (parallelismConfig, more files)',
    },
    {
      limit: 'a page, in one invocation (Lambda)',
      used: size.pageSeconds,
      most: pagingSeconds,
      unit: 'seconds',
      fix: 'have the source answer with smaller pages, or with fewer fields',
    },
    {
      limit: 'summing up, in one invocation (Lambda)',
      used: forecast.prepareSeconds,
      most: mostInvocationSeconds,
      unit: 'seconds',
      fix: 'pull shorter windows, so that a run has fewer segments',
    },
    {
      limit: 'history of an execution (Step Functions)',
      used: figures.historyEvents,
      most: mostHistoryEvents,
      unit: 'count',
      fix: 'pull shorter windows',
    },
    {
      limit: 'payload of a state (Step Functions)',
      used: figures.payloadBytes,
      most: mostPayloadBytes,
      unit: 'bytes',
      fix: 'shorten the flow’s name',
    },
    {
      limit: 'splits of a run (Tributary)',
      used: size.splits,
      most: mostSplits,
      unit: 'count',
      fix: 'read fewer, larger files',
    },
    {
      limit: 'objects of a run (Tributary)',
      used: figures.objects,
      most: mostObjects,
      unit: 'count',
      fix: fewerObjects,
    },
    {
      limit: 'indexes of the segments (Tributary)',
      used: output.indexBytes,
      most: mostIndexBytes,
      unit: 'bytes',
      fix: fewerObjects,
    },
    { limit: 'an object (S3)', used: largest, most: mostObjectBytes, unit: 'bytes', fix: smallerFiles },
    { limit: 'parts of an upload (S3)', used: parts, most: mostParts, unit: 'count', fix: smallerFiles },
  ];
}

/** What goes well and still is not what one wants. */
export function warningsOf(
  flow: FlowDefinition,
  size: RunSize,
  { figures }: RunForecast,
  memory: number,
): string[] {
  const warnings: string[] = [];
  const scheduled = flow.triggerConfig.triggerProperties?.Scheduled;
  const period = scheduled && periodSeconds(scheduled);
  if (period !== undefined && figures.seconds > period) {
    warnings.push(
      `a run lasts longer than the ${period} s until the next one is due: starts are skipped while it goes on`,
    );
  }
  // One request describes the source.
  const again = figures.sourceRequests - figures.pages - 1;
  if (size.pause === undefined && size.job === undefined && again > figures.pages * 0.2) {
    warnings.push(
      `${again} of ${figures.sourceRequests} requests ask for pages once more, as segments do not end where invocations do: smaller or faster pages help`,
    );
  }
  const pageBytes = size.pageRecords * size.recordBytes;
  if (pageBytes > recordLimit(memory)) {
    warnings.push(
      `a page of ${Math.round(pageBytes / 1e6)} MB is more than ${memory} MB of memory have room for: ${roomFor(pageBytes, true)}`,
    );
  }
  if (flow.tributary?.lookback !== undefined) {
    warnings.push(
      'tributary.lookback is not in the forecast: neither the records that are read once more, nor the ledger that tells them',
    );
  }
  return warnings;
}
