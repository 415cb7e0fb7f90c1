import type { Incremental } from './connector.ts';

/** The fields that a flow may name for its window: the one that it is on first. */
export function windowFields({ field, others = [], insteadOf = [] }: Incremental): string[] {
  return [...new Set([field, ...others, ...insteadOf])];
}
