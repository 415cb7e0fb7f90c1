/** Memory of a flow's two functions, in MB. Lambda gives CPU in proportion: 1,769 MB are one vCPU. */

import type { FlowDefinition } from './definition.ts';

/** The commit copies and hashes; the other steps of `control` take milliseconds. */
export const controlMemory = 1024;
/** Of `transfer`, for an API: what costs is waiting for it. */
export const waitingMemory = 512;
/** For files and databases, which make it work: one vCPU, as the engine's main thread uses no more. */
export const workingMemory = 1769;

/** Bytes of a record for each MB of memory: a sixteenth (decision 0110). */
const recordBytesPerMb = 2 ** 16;
/** Beyond it texts would come near the longest string that V8 has, whatever the memory. */
const largestRecord = 2 ** 28;

/**
 * How large a record may be, and an answer of an API that is read as a whole: it is held as it came, as values, encoded and stored,
 * all at once, so that memory is what bounds it.
 *
 * @param memory MB of the function
 * @returns bytes
 */
export function recordLimit(memory: number): number {
  return Math.min(memory * recordBytesPerMb, largestRecord);
}

/**
 * What lets a record through that is larger than its limit, for an error's `fix`.
 *
 * @param size bytes; how many at least, where not all have been read
 */
export function roomFor(size: number, isKnown: boolean): string {
  if (size > largestRecord)
    return `make it smaller: no flow reads more than ${largestRecord / 2 ** 20} MiB at once`;
  return isKnown
    ? `set tributary.memorySize to ${Math.ceil(size / recordBytesPerMb)} or more`
    : 'set tributary.memorySize to 16 times its size in MiB';
}

/** @param works whether the source is one of files or a database (the registry's `workingConnectors`) */
export function transferMemory(flow: Pick<FlowDefinition, 'tributary'>, works: boolean): number {
  return flow.tributary?.memorySize ?? (works ? workingMemory : waitingMemory);
}
