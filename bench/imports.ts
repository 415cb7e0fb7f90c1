/**
 * What the start of a process costs: each step of the functions that are deployed, with its SDK clients; each connector, with all
 * others registered, of which only the chunk of the one that a flow names may be read; and the command's run of ten records.
 * Fresh processes, in turns with one that does nothing.
 */

import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { connectorNames } from '../connectors/registry.ts';
import { stepNames } from '../core/flow/state-machine.ts';
import { buildLambda } from '../scripts/build-lambda.ts';
import { packageOptions } from '../scripts/package-options.ts';
import type { LoadedStep } from './load-step.ts';
import type { Usage } from './usage.ts';

/**
 * CPU time, as a multiple of an empty process's. Where that takes 65 ms, an import of 150 ms makes 3.3, and a process of 400 ms 6.2.
 * The least of all rounds is compared: what else the machine does only adds to a figure.
 */
const limits = { step: 3.3, run: 6.2 };

/** Milliseconds, by the median, that loading a connector may take. */
const connectorLimit = 40;

const cache = fileURLToPath(new URL('.cache', import.meta.url));

/** Prints tables. @throws Error naming what takes longer than it may */
export async function benchImports(rounds: number): Promise<void> {
  const lambda = join(cache, 'lambda');
  await buildLambda(lambda, ['bench/load-step.ts', 'bench/empty.ts']);
  const command = join(cache, 'command');
  await rm(command, { recursive: true, force: true });
  await build({
    ...packageOptions,
    entryPoints: ['bench/run-command.ts'],
    outdir: command,
    outExtension: { '.js': '.mjs' },
  });
  const ten = await tenRecords();

  const empty: Usage[] = [];
  const run: Usage[] = [];
  const steps = new Map<string, Usage[]>(stepNames.map((name) => [name, []]));
  const connectors = new Map<string, number[]>(connectorNames.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    empty.push(await child<Usage>(`${lambda}/empty.mjs`));
    run.push(await child<Usage>(`${command}/run-command.mjs`, ten.flow, ten.home, ten.source));
    for (const [name, taken] of steps) taken.push((await loadStep(name)).step);
    for (const [name, taken] of connectors)
      taken.push((await loadStep('TransferBatch', name)).connectorMilliseconds);
  }

  function loadStep(...args: readonly string[]): Promise<LoadedStep> {
    return child<LoadedStep>(`${lambda}/load-step.mjs`, ...args);
  }

  const complaints: string[] = [];
  console.log('| process | CPU ms, least | median | ms, least | median | times an empty one | limit |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  const processes: readonly (readonly [string, readonly Usage[], number])[] = [
    ['empty', empty, 1],
    ...[...steps].map(([name, taken]) => [name, taken, limits.step] as const),
    ['run of ten records', run, limits.run],
  ];
  const least = Math.min(...empty.map(({ cpuSeconds }) => cpuSeconds));
  for (const [name, taken, limit] of processes) {
    const cpu = figures(taken.map(({ cpuSeconds }) => cpuSeconds * 1000));
    const wall = figures(taken.map(({ wallSeconds }) => wallSeconds * 1000));
    const times = cpu.least / 1000 / least;
    if (times > limit)
      complaints.push(`${name}: ${times.toFixed(1)} times an empty process, ${limit} at most`);
    const cells = [cpu.least, cpu.median, wall.least, wall.median].map((value) => value.toFixed(0));
    console.log(`| ${name} | ${cells.join(' | ')} | ${times.toFixed(1)} | ${limit} |`);
  }
  console.log('\n| connector | ms, least | median |\n| --- | --- | --- |');
  for (const [name, taken] of connectors) {
    const { least, median } = figures(taken);
    if (median >= connectorLimit)
      complaints.push(`${name}: ${median.toFixed(0)} ms, less than ${connectorLimit} expected`);
    console.log(`| ${name} | ${least.toFixed(1)} | ${median.toFixed(1)} |`);
  }
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
}

/** What `tributary run` is given. */
async function tenRecords(): Promise<{ flow: string; home: string; source: string }> {
  const folder = join(cache, 'ten');
  const [source, home] = [join(folder, 'source'), join(folder, 'home')];
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(source, 'ten'), { recursive: true });
  await mkdir(join(home, 's3/lake'), { recursive: true });
  const records = Array.from({ length: 10 }, (_, n) => JSON.stringify({ id: n, name: `number ${n}` }));
  await writeFile(join(source, 'ten/records.jsonl'), `${records.join('\n')}\n`);
  const flow = join(folder, 'ten.yaml');
  await writeFile(flow, tenFlow);
  return { flow, home, source };
}

const tenFlow = `flowName: ten
triggerConfig: { triggerType: OnDemand }
sourceFlowConfig:
  connectorType: S3
  sourceConnectorProperties:
    S3: { bucketName: source, bucketPrefix: ten, s3InputFormatConfig: { s3InputFileType: JSON } }
destinationFlowConfigList:
  - connectorType: S3
    destinationConnectorProperties: { S3: { bucketName: lake, s3OutputFormatConfig: { fileType: PARQUET } } }
tasks: [{ taskType: Map_all, sourceFields: [], taskProperties: {} }]
`;

async function child<T>(...args: readonly string[]): Promise<T> {
  // The SDK warns of this Node.js, which is the tests' and not AWS's.
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', ...args]);
  return JSON.parse(stdout) as T;
}

function figures(taken: readonly number[]): { least: number; median: number } {
  const sorted = [...taken].sort((a, b) => a - b);
  const [least = Number.NaN] = sorted;
  return { least, median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN };
}
