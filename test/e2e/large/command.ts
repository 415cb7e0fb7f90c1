import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { RunResult } from '../../../engine/run/run-result.ts';
import { root } from '../../../scripts/build-lambda.ts';
import { commandFolder } from './build-command.ts';

export interface MeasuredRun {
  readonly result: RunResult;
  /** Of the process that ran the flow, resident. */
  readonly peakMegabytes: number;
}

/**
 * `tributary run FLOW --json` in a process of its own.
 *
 * @param folder the working folder: `flow.json`, `connections/`, and the home, `.tributary/`
 * @param env what the connections name
 * @param options of the command
 * @throws Error with what the command printed, if it did not end with 0
 */
export async function runCommand(
  folder: string,
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): Promise<MeasuredRun> {
  const peakFile = join(folder, 'peak');
  const child = spawn(
    process.execPath,
    // TRIBUTARY_NODE_OPTIONS: for example --cpu-prof, to see where the time goes.
    [
      ...(process.env.TRIBUTARY_NODE_OPTIONS?.split(' ') ?? []),
      `--import=${join(import.meta.dirname, 'report-peak.mjs')}`,
      join(root, commandFolder, 'tributary.js'),
      ...['run', 'flow.json', '--json', ...options],
    ],
    {
      cwd: folder,
      env: { PATH: process.env.PATH, PEAK_FILE: peakFile, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const closed = once(child, 'close');
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  if (code !== 0) throw new Error(`tributary run ended with ${code}: ${err}${out}`);
  const result = JSON.parse(out) as RunResult;
  const peakMegabytes = Number(await readFile(peakFile, 'utf8')) / 1024;
  const { recordsProcessed, startedAt, endedAt } = result;
  const seconds = (Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '')) / 1000;
  console.log(
    `${recordsProcessed} records, ${Math.round(recordsProcessed / seconds)}/s, peak ${Math.round(peakMegabytes)} MiB`,
  );
  return { result, peakMegabytes };
}
