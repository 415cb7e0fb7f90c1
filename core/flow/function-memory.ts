/** Memory of a flow's two functions, in MB. Lambda gives CPU in proportion: 1,769 MB are one vCPU. */

import type { FlowDefinition } from './definition.ts';

/** The commit copies and hashes; the other steps of `control` take milliseconds. */
export const controlMemory = 1024;
/** Of `transfer`, for an API: what costs is waiting for it. */
export const waitingMemory = 512;
/** For files and databases, which make it work: one vCPU, as the engine's main thread uses no more. */
export const workingMemory = 1769;

/** @param works whether the source is one of files or a database (the registry's `workingConnectors`) */
export function transferMemory(flow: Pick<FlowDefinition, 'tributary'>, works: boolean): number {
  return flow.tributary?.memorySize ?? (works ? workingMemory : waitingMemory);
}
