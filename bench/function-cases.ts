/** Flows whose functions are held to the memory that they have in AWS. */

import type { FlowInput } from '../core/flow/definition.ts';
import { connected, files, flow, mappedTasks } from './cases.ts';

export interface FunctionCase {
  readonly name: string;
  readonly flow: FlowInput;
  readonly source: 'object' | 'pages';
  /** MB of the transfer function. */
  readonly memory: number;
  /** GB of the source, JSON; default those of `--stream-gb`. */
  readonly gb?: number;
}

/** Of narrow records: 12 of 24 fields, those with a score above the bound. */
function narrow(source: FunctionCase['source'], memory: number, gb?: number, bound = 40): FunctionCase {
  const name = `${source}-${memory}`;
  const tasks = mappedTasks(true, { bound, connector: source === 'object' ? 'S3' : 'CustomConnector' });
  const from = source === 'object' ? files('jsonl') : connected('records');
  return {
    name,
    flow: { ...flow(name, from, 'PARQUET', tasks), tributary: { memorySize: memory } },
    source,
    memory,
    ...(gb !== undefined && { gb }),
  };
}

export const functionCases: readonly FunctionCase[] = [
  narrow('object', 256, 2),
  narrow('pages', 256, 2),
  // A hundredth is written, so that nothing of the source's size is.
  { ...narrow('object', 512, undefined, 99), name: 'object-512-streamed' },
];
