/** What `bench/results/latest.json` holds. */

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
