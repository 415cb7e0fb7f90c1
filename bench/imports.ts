/**
 * What a connector costs the cold start of a function, with all others registered: fresh processes load it from the bundle that is
 * deployed. Only the chunk of the connector that a flow names may be read.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectorNames } from '../connectors/registry.ts';
import { buildLambda } from '../scripts/build-lambda.ts';

/** Milliseconds that loading a connector may take. */
const limit = 40;

interface Sample {
  readonly start: number;
  readonly connector: number;
}

/** Prints a table. @throws Error if a connector takes longer than it may, by the median of its rounds */
export async function benchImports(rounds: number): Promise<void> {
  const folder = fileURLToPath(new URL('.cache/lambda', import.meta.url));
  await buildLambda(folder, ['bench/load-connector.ts']);
  const program = `${folder}/load-connector.mjs`;
  const samples = new Map<string, Sample[]>(connectorNames.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, taken] of samples) taken.push(await sample(program, name));
  }
  console.log('| connector | ms, median | least | most |\n| --- | --- | --- | --- |');
  const medians = [...samples].map(([name, taken]) => {
    const times = taken.map(({ connector }) => connector).sort((a, b) => a - b);
    const [median, least, most] = [middleOf(times), times[0] ?? 0, times.at(-1) ?? 0];
    console.log(`| ${name} | ${median.toFixed(1)} | ${least.toFixed(1)} | ${most.toFixed(1)} |`);
    return { name, median };
  });
  const starts = [...samples.values()].flat().map(({ start }) => start);
  console.log(
    `The function itself, without a connector: ${middleOf(starts.sort((a, b) => a - b)).toFixed(1)} ms.`,
  );
  const slow = medians.filter(({ median }) => median >= limit);
  if (slow.length > 0) {
    throw new Error(`expected less than ${limit} ms of ${slow.map(({ name }) => name).join(', ')}`);
  }
}

async function sample(program: string, name: string): Promise<Sample> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, name]);
  return JSON.parse(stdout) as Sample;
}

function middleOf(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
