import { TributaryError } from '../core/errors.ts';
import { requestCancel } from '../engine/run/close.ts';
import { readRun } from '../engine/run/run.ts';
import type { ExecutionInput } from '../engine/steps/index.ts';
import type { LocalHome } from '../local/home.ts';
import { type RunResult, runFlow } from '../local/run-flow.ts';
import {
  type CommonOptions,
  connectionFolders,
  openHome,
  readFlowFile,
  refuseNotRunnable,
} from './context.ts';
import { bytes, count, json, seconds, type Terminal, table } from './output.ts';
import { progressLine } from './progress.ts';

export interface RunOptions extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly full?: boolean;
  readonly limit?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Run parameters of the command line. @throws InvalidArgument */
export function runParameters(options: RunOptions): NonNullable<ExecutionInput['parameters']> {
  const { from, to, full, limit, dryRun } = options;
  if (full && from) {
    throw new TributaryError(
      'InvalidArgument',
      '--full reads from the beginning, so --from cannot be given with it',
    );
  }
  return {
    ...(from !== undefined && { from: time('--from', from) }),
    ...(to !== undefined && { to: time('--to', to) }),
    ...(full && { full: true as const }),
    ...(limit !== undefined && { limit: whole('--limit', limit) }),
    ...(dryRun && { dryRun: true as const }),
  };
}

function time(option: string, text: string): number {
  // A time of day without a zone would be this machine's: ask for one.
  const value = /^\d{4}-\d{2}-\d{2}(T.*(Z|[+-]\d{2}:?\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new TributaryError('InvalidArgument', `${option} is no time`, {
      got: text,
      expected: 'a date, or a time with its zone: 2026-02-03T10:15:00Z',
    });
  }
  return value;
}

function whole(option: string, text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) {
    throw new TributaryError('InvalidArgument', `${option} is no number of records`, {
      got: text,
      expected: 'a whole number from 1 on',
    });
  }
  return Number(text);
}

/** `tributary run`. @returns the exit code */
export async function runCommand(file: string, options: RunOptions, terminal: Terminal): Promise<number> {
  const flow = await readFlowFile(file);
  const parameters = runParameters(options);
  await refuseNotRunnable(flow, connectionFolders(options, file));
  const home = openHome(options, file);
  const line = progressLine(terminal, home.clock.now);
  const executionName = crypto.randomUUID();
  const interrupt = onInterrupt(home, executionName, line.note);
  let result: RunResult;
  try {
    result = await runFlow(flow, home, {
      executionName,
      input: { parameters },
      onProgress: line.report,
      onRetry: (state, error, delay) =>
        line.note(`${state} failed, trying again in ${delay.toFixed(1)} s: ${error.message}`),
    });
  } finally {
    interrupt();
    line.end();
  }
  terminal.out(options.json ? json(result) : summary(result, home.folder));
  if (result.error) terminal.err(`${result.error.code}: ${result.error.message}\n`);
  return result.exitCode;
}

/** The first Ctrl-C asks the run to stop between two segments; the second ends the process. */
function onInterrupt(home: LocalHome, executionId: string, note: (text: string) => void): () => void {
  const listener = (): void => {
    note('cancelling; once more to end at once');
    process.once('SIGINT', () => process.exit(130));
    readRun(home.state, executionId)
      .then((item) => requestCancel(home, item))
      .then((answer) => answer === 'tooLate' && note('the run is committing and ends in a moment'))
      .catch((error: unknown) => note(String(error)));
  };
  process.once('SIGINT', listener);
  return () => process.removeListener('SIGINT', listener);
}

/** A run in a few lines. */
export function summary(result: RunResult, folder?: string): string {
  if (result.status === 'Skipped') return `${result.flowName}: skipped, ${result.reason}`;
  const elapsed =
    result.startedAt && result.endedAt
      ? Date.parse(result.endedAt) - Date.parse(result.startedAt)
      : undefined;
  const rate = elapsed ? Math.round(result.recordsProcessed / (elapsed / 1000)) : undefined;
  const rows: [string, string][] = [
    ['run', result.executionId],
    ['status', result.dryRun ? `${result.status} (dry run: nothing written)` : result.status],
  ];
  if (result.window)
    rows.push([
      'window',
      result.window.start ? `${result.window.start} to ${result.window.end}` : 'everything',
    ]);
  rows.push(['read', `${count(result.recordsProcessed)} records, ${bytes(result.bytesProcessed)}`]);
  const others: [string, number][] = [
    ['filtered', result.recordsFiltered],
    ['rejected', result.recordsRejected],
    ['outside window', result.recordsOutOfWindow],
    ['duplicates', result.recordsDuplicate],
    ['skipped', result.recordsSkipped],
  ];
  for (const [name, value] of others) if (value > 0) rows.push([name, `${count(value)} records`]);
  rows.push([
    'written',
    `${count(result.recordsWritten)} records, ${bytes(result.bytesWritten)}, ${count(result.objects.length)} objects`,
  ]);
  if (elapsed !== undefined)
    rows.push(['took', rate ? `${seconds(elapsed)}, ${count(rate)} records/s` : seconds(elapsed)]);
  const shown = result.objects.slice(0, 10).map((object) => `  ${object}`);
  if (result.objects.length > shown.length)
    shown.push(`  … and ${count(result.objects.length - shown.length)} more`);
  if (folder && shown.length > 0) shown.push(`under ${folder}/s3, unless mounted`);
  return [result.flowName, table(rows.map(([name, value]) => [`  ${name}`, value])), ...shown].join('\n');
}
