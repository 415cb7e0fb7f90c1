/** What goes wrong between a vendor and its client, at requests that the seed and their count decide. */

import { hashed } from './random.ts';

export const faultKinds = [
  '429',
  '429-retry-after',
  '500',
  '503',
  'truncated',
  'reset',
  'expired',
  'duplicate',
  'drip',
] as const;

/**
 * `429` without and with Retry-After; `truncated`: the body ends in the middle, by a broken connection or without one;
 * `reset`: the connection breaks before an answer; `expired`: the token ends before its time; `duplicate`: the page before comes again;
 * `drip`: the body comes in small pieces.
 */
export type FaultKind = (typeof faultKinds)[number];

export function isFaultKind(text: string): text is FaultKind {
  return (faultKinds as readonly string[]).includes(text);
}

export interface FaultPlan {
  readonly kinds: readonly FaultKind[];
  readonly seed: number;
  /** One request in about so many, never two in a row. Default 5. */
  readonly every?: number;
  /** How many at most. Default as many as come. */
  readonly times?: number;
}

export interface Faults {
  /** The fault of this request, if any; called once for each. @param can whether this kind makes sense here */
  next(can: (kind: FaultKind) => boolean): FaultKind | undefined;
  readonly injected: ReadonlyMap<FaultKind, number>;
}

export function faults({ kinds, seed, every = 5, times = Number.POSITIVE_INFINITY }: FaultPlan): Faults {
  const injected = new Map<FaultKind, number>();
  let requests = 0;
  let turn = 0;
  let due = 3;
  return {
    injected,
    next(can) {
      requests++;
      if (kinds.length === 0 || requests < due || turn >= times) return undefined;
      const kind = kinds[turn % kinds.length];
      if (kind === undefined || !can(kind)) return undefined;
      turn++;
      due = requests + 2 + hashed(2 * every - 3, seed, requests);
      injected.set(kind, (injected.get(kind) ?? 0) + 1);
      return kind;
    },
  };
}
