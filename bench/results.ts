/** What `bench/results/latest.json` holds. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Usage } from './usage.ts';

export interface Side extends Usage {
  /** Input records and MB a second, of the time that the case is measured by. */
  readonly rowsPerSecond: number;
  readonly mbPerSecond: number;
  readonly outputMb: number;
}

export interface Result {
  readonly case: string;
  readonly comparedWith: string;
  readonly records: number;
  readonly inputMb: number;
  readonly rowsWritten: number;
  readonly by: 'cpu' | 'wall';
  /** Seconds of the other by ours: above 1 we are faster. */
  readonly ratio: number;
  readonly ours: Side;
  readonly theirs: Side;
  /** The best pipeline of libraries that one would write first, where it is not what the case is compared with anyway. */
  readonly libraries?: { readonly comparedWith: string; readonly ratio: number; readonly theirs: Side };
}

/** Of the functions of a flow. */
export interface FunctionResult {
  readonly name: string;
  readonly inputMb: number;
  /** Of the whole run. */
  readonly seconds: number;
  readonly transfer: FunctionMemory;
  readonly control: FunctionMemory;
}

/** MiB, as Lambda counts. */
export interface FunctionMemory {
  readonly peakMib: number;
  /** What the function has. */
  readonly memory: number;
}

export interface Results {
  readonly flows?: Measured & { readonly rounds: number; readonly results: readonly Result[] };
  readonly functions?: Measured & { readonly results: readonly FunctionResult[] };
}

interface Measured {
  readonly measuredAt: string;
  readonly node: string;
  readonly cpu: string | undefined;
  readonly cores: number;
}

const file = fileURLToPath(new URL('results/latest.json', import.meta.url));

/** Nothing, if nothing has been measured yet. */
export async function readResults(): Promise<Results> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** Puts what was measured in the place of what was before; the rest stays. */
export async function writeResults(results: Results): Promise<void> {
  await mkdir(fileURLToPath(new URL('results', import.meta.url)), { recursive: true });
  await writeFile(file, `${JSON.stringify({ ...(await readResults()), ...results }, null, 2)}\n`);
}

/** When and on what, for what has just been measured. */
export function measuredNow(): Measured {
  const processors = cpus();
  return {
    measuredAt: new Date().toISOString(),
    node: process.version,
    cpu: processors[0]?.model,
    cores: processors.length,
  };
}
