/**
 * Benchmarks. What they say: docs/performance.md.
 *
 *   npm run bench -- [--records 1000000] [--rounds 3] [--case NAME]… [--profiles DIR]
 *                                                      runs of flows, beside other programs
 *   npm run bench:full -- [the same; --records 5000000] [--stream-gb 100]  cases that npm run bench leaves out, too
 *   npm run bench -- check [--rounds 3]                               fails if a ratio has fallen, or memory grown
 *   npm run bench -- functions [--stream-gb 100]                      the memory of the functions, as they are deployed
 *   npm run bench -- plot                                              docs/performance.svg, of the last results
 *   npm run bench -- imports [--rounds 9]                              what the start of a step, a connector, a small run costs
 */

import { parseArgs } from 'node:util';
import { benchFlows, checkFlows } from './flows.ts';
import { benchFunctions } from './functions.ts';
import { benchImports } from './imports.ts';
import { writePlot } from './plot.ts';
import { measuredNow, writeResults } from './results.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    records: { type: 'string' },
    rounds: { type: 'string' },
    case: { type: 'string', multiple: true },
    profiles: { type: 'string' },
    'stream-gb': { type: 'string' },
  },
});
const [what = 'flows', ...others] = positionals;

/** Options that the benchmark has. */
const known: Readonly<Record<string, readonly string[]>> = {
  flows: ['records', 'rounds', 'case', 'profiles'],
  full: ['records', 'rounds', 'case', 'profiles', 'stream-gb'],
  functions: ['stream-gb'],
  plot: [],
  check: ['rounds'],
  imports: ['rounds'],
};
if (others.length > 0 || !Object.hasOwn(known, what))
  throw new Error(`expected ${Object.keys(known).join(', ')}, got ${positionals.join(' ')}`);
const unknown = Object.keys(options).filter((option) => !known[what]?.includes(option));
if (unknown.length > 0) throw new Error(`${what} has no option --${unknown.join(', --')}`);

function count(option: string, value: string): number {
  if (Number(value) > 0) return Number(value);
  throw new Error(`--${option}: expected a count above 0, got ${value}`);
}

const streamGb = count('stream-gb', options['stream-gb'] ?? '100');

async function functions(): Promise<void> {
  const results = await benchFunctions(streamGb);
  await writeResults({ functions: { ...measuredNow(), results } });
}

if (what === 'imports') await benchImports(count('rounds', options.rounds ?? '9'));
else if (what === 'check') await checkFlows(count('rounds', options.rounds ?? '3'));
else if (what === 'functions') await functions();
else if (what === 'plot') await writePlot();
else {
  const rounds = count('rounds', options.rounds ?? '3');
  const results = await benchFlows({
    records: count('records', options.records ?? (what === 'full' ? '5000000' : '1000000')),
    rounds,
    full: what === 'full',
    names: options.case,
    profiles: options.profiles,
    libraries: true,
  });
  await writeResults({ flows: { ...measuredNow(), rounds, results } });
  if (what === 'full' && options.case === undefined) await functions();
}
