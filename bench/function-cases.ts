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

interface Narrow {
  readonly name: string;
  readonly source: FunctionCase['source'];
  readonly memory: number;
  readonly gb?: number;
  /** Scores of the records that are written are above it, of 100. */
  readonly bound?: number;
  readonly partition?: string;
}

/** Of narrow records: 12 of 24 fields. */
function narrow({ name, source, memory, gb, ...options }: Narrow): FunctionCase {
  const tasks = mappedTasks(true, {
    ...options,
    connector: source === 'object' ? 'S3' : 'CustomConnector',
  });
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
  narrow({ name: 'object-256', source: 'object', memory: 256, gb: 2 }),
  narrow({ name: 'pages-256', source: 'pages', memory: 256, gb: 2 }),
  // A folder, and an object, for each number of employees: some 15,000.
  narrow({ name: 'object-512-partitions', source: 'object', memory: 512, gb: 0.07, partition: 'employees' }),
  // A hundredth is written, so that nothing of the source's size is.
  narrow({ name: 'object-512-streamed', source: 'object', memory: 512, bound: 99 }),
];
