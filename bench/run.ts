/**
 * Benchmarks. What they say: docs/performance.md.
 *
 *   npm run bench -- [--records 1000000] [--rounds 3] [--case NAME]… [--profiles DIR]
 *                                                      runs of flows, beside other programs
 *   npm run bench -- check [--rounds 3]                               fails if a ratio has fallen, or memory grown
 *   npm run bench -- imports [--rounds 9]                              what a connector costs a function's cold start
 */

import { parseArgs } from 'node:util';
import { benchFlows, checkFlows } from './flows.ts';
import { benchImports } from './imports.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    records: { type: 'string', default: '1000000' },
    rounds: { type: 'string' },
    case: { type: 'string', multiple: true },
    profiles: { type: 'string' },
  },
});
const [what = 'flows', ...others] = positionals;

function count(option: string, value: string): number {
  if (Number(value) > 0) return Number(value);
  throw new Error(`--${option}: expected a count above 0, got ${value}`);
}

if (what === 'imports' && others.length === 0) await benchImports(count('rounds', options.rounds ?? '9'));
else if (what === 'check' && others.length === 0) await checkFlows(count('rounds', options.rounds ?? '3'));
else if (what === 'flows' && others.length === 0) {
  await benchFlows({
    records: count('records', options.records),
    rounds: count('rounds', options.rounds ?? '3'),
    names: options.case,
    profiles: options.profiles,
  });
} else throw new Error(`expected flows, check or imports, got ${positionals.join(' ')}`);
