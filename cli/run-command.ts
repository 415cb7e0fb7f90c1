import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { TributaryError } from '../core/errors.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import type { RunResult } from '../engine/run/run-result.ts';
import type { ExecutionInput } from '../engine/steps/index.ts';
import { runFlow } from '../local/run-flow.ts';
import type { AwsBackend, Backend } from './backend.ts';
import {
  type CommonOptions,
  connectionFolders,
  flowNameOf,
  openHome,
  readFlowFile,
  refuseNotRunnable,
  wholeNumber,
} from './context.ts';
import { type BackendOptions, refuseRegion } from './open-backend.ts';
import { bytes, commandLine, count, counted, json, seconds, table } from './output.ts';
import { type ProgressLine, progressLine } from './progress.ts';
import type { Shell } from './shell.ts';

export interface RunOptions extends BackendOptions {
  readonly from?: string;
  readonly to?: string;
  readonly full?: boolean;
  readonly limit?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export type GivenParameters = NonNullable<ExecutionInput['parameters']>;

/** Run parameters of the command line. @throws InvalidArgument */
export function runParameters(options: RunOptions): GivenParameters {
  const { full, limit, dryRun } = options;
  const from = options.from === undefined ? undefined : time('--from', options.from);
  const to = options.to === undefined ? undefined : time('--to', options.to);
  if (full && from !== undefined) {
    throw new TributaryError('InvalidArgument', '--full reads from the beginning', {
      fix: 'leave out either --full or --from',
    });
  }
  if (from !== undefined && to !== undefined && from >= to) {
    throw new TributaryError('InvalidArgument', '--from is not before --to', {
      got: `--from ${options.from} --to ${options.to}`,
      expected: 'a window: from its first moment up to, but not including, its last',
    });
  }
  return {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(full && { full: true as const }),
    ...(limit !== undefined && { limit: wholeNumber('--limit', limit) }),
    ...(dryRun && { dryRun: true as const }),
  };
}

function time(option: string, text: string): number {
  // A time of day without a zone would be this machine's: ask for one.
  const value = /^\d{4}-\d{2}-\d{2}(T.*(Z|[+-]\d{2}:?\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new TributaryError('InvalidArgument', `${option} takes a time`, {
      got: text,
      expected: 'a date, or a time with its zone: 2026-02-03T10:15:00Z',
    });
  }
  return value;
}

/** `tributary run`: runs a flow to its end, here or in AWS. @returns the exit code */
export async function runCommand(flow: string, options: RunOptions, shell: Shell): Promise<number> {
  const { terminal } = shell;
  const line = progressLine(terminal, shell.clock.now);
  if (options.aws) {
    const flowName = await flowNameOf(flow);
    const parameters = runParameters(options);
    const backend = await shell.openAws(options.region);
    return tell(await runInAws(flowName, parameters, backend, shell, line), options, shell);
  }
  refuseRegion(options);
  const definition = await readFlowFile(flow);
  const parameters = runParameters(options);
  return tell(await runHere(definition, flow, parameters, options, shell, line), options, shell);
}

/** A run that was waited for. */
export interface Ran {
  readonly result: RunResult;
  readonly backend: Pick<Backend, 'fileOf'>;
}

/** Prints how a run ended. @returns the exit code */
export function tell(
  { result, backend }: Ran,
  options: BackendOptions & { readonly json?: boolean },
  { terminal }: Shell,
): number {
  terminal.out(options.json ? json(result) : summary(result, backend));
  if (result.error) terminal.err(`${result.error.code}: ${result.error.message}\n`);
  if (result.error && result.startedAt && !options.json) {
    const { home, aws, region } = options;
    const where = [...(home ? ['--home', home] : []), ...(aws ? ['--aws'] : [])];
    const at = region ? ['--region', region] : [];
    terminal.err(`why, and what to do: ${commandLine('explain', result.executionId, ...where, ...at)}\n`);
  }
  if (result.reason && result.status !== 'Skipped') terminal.err(`${result.reason}\n`);
  return result.exitCode;
}

/** @param file of the flow, beside which its connections are looked for */
export async function runHere(
  flow: FlowDefinition,
  file: string | undefined,
  parameters: GivenParameters,
  options: CommonOptions,
  shell: Shell,
  line: ProgressLine,
): Promise<Ran> {
  await refuseNotRunnable(flow, connectionFolders(options, file));
  const home = openHome(options, shell, line.note, file);
  const result = await interruptible(shell, line, (signal) =>
    runFlow(flow, home, {
      input: { parameters },
      signal,
      onProgress: line.report,
      onRetry: (state, error, delay) =>
        line.note(`${state} failed, trying again in ${delay.toFixed(1)} s: ${error.message}`),
      onWait: (_state, delay) => line.note(`the source asks to wait ${counted(delay, 'second')}`),
    }),
  );
  return { result, backend: home };
}

export async function runInAws(
  flowName: string,
  parameters: GivenParameters,
  backend: AwsBackend,
  shell: Shell,
  line: ProgressLine,
): Promise<Ran> {
  const executionId = randomUUID();
  await backend.start(flowName, executionId, { parameters });
  line.note(`${flowName}: run ${executionId} started in ${backend.place}`);
  const result = await interruptible(shell, line, (signal) =>
    backend.wait(flowName, executionId, { signal, onProgress: line.report, onStatus: line.note }),
  );
  return { result, backend };
}

/** The first Ctrl-C asks the run to stop between two segments; the second ends the process. */
async function interruptible<T>(
  { onInterrupt, exit }: Shell,
  line: ProgressLine,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stopListening = onInterrupt(() => {
    if (controller.signal.aborted) return exit(130);
    line.note('cancelling; once more to leave at once');
    controller.abort();
  });
  try {
    return await work(controller.signal);
  } finally {
    stopListening();
    line.end();
  }
}

/** A run in a few lines. */
export function summary(result: RunResult, { fileOf }: Pick<Backend, 'fileOf'>): string {
  if (result.status === 'Skipped') return `${result.flowName}: skipped, ${result.reason}`;
  const { startedAt, endedAt, window, dryRun } = result;
  const elapsed = startedAt && endedAt ? Date.parse(endedAt) - Date.parse(startedAt) : undefined;
  const rows: [string, string][] = [
    ['run', result.executionId],
    ['status', dryRun ? `${result.status} (dry run: nothing written)` : result.status],
  ];
  if (result.replayOf) rows.push(['replay of', result.replayOf]);
  else if (window) rows.push(['window', window.start ? `${window.start} to ${window.end}` : 'everything']);
  rows.push(['read', `${counted(result.recordsProcessed, 'record')}, ${bytes(result.bytesProcessed)}`]);
  const others: [string, number][] = [
    ['filtered', result.recordsFiltered],
    ['rejected', result.recordsRejected],
    ['outside window', result.recordsOutOfWindow],
    ['duplicates', result.recordsDuplicate],
    ['skipped', result.recordsSkipped],
  ];
  for (const [name, value] of others) if (value > 0) rows.push([name, counted(value, 'record')]);
  const written = counted(result.recordsWritten, 'record');
  if (dryRun) rows.push(['would write', written]);
  else {
    const objects = counted(result.objects.length, 'object');
    rows.push(['written', `${written}, ${bytes(result.bytesWritten)}, ${objects}`]);
  }
  if (elapsed !== undefined) {
    const rate =
      elapsed > 0 ? `, ${count(Math.round(result.recordsProcessed / (elapsed / 1000)))} records/s` : '';
    rows.push(['took', `${seconds(elapsed)}${rate}`]);
  }
  const shown = result.objects.slice(0, 10).map((uri) => `  ${placeOf(uri, fileOf)}`);
  if (result.objects.length > shown.length)
    shown.push(`  … and ${count(result.objects.length - shown.length)} more`);
  if (result.rejectedObject) shown.push(`  quarantined: ${placeOf(result.rejectedObject, fileOf)}`);
  return [result.flowName, table(rows.map(([name, value]) => [`  ${name}`, value])), ...shown].join('\n');
}

/** The file of an object, as seen from here; or its URI. */
function placeOf(uri: string, fileOf: Backend['fileOf']): string {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(uri) ?? [];
  if (!fileOf || bucket === undefined || key === undefined) return uri;
  const file = fileOf(bucket, key);
  const near = path.relative('.', file);
  return near.startsWith('..') ? file : near;
}
