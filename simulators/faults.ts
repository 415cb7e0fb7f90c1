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
  /** One request in about so many, never two in a row: 2 at least. Default 5. */
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
  let met = 0;
  let due = 3;
  return {
    injected,
    next(can) {
      requests++;
      if (kinds.length === 0 || requests < due || met >= times) return undefined;
      // The next in turn that makes sense here: one that never does must not hold up the others.
      const step = kinds.findIndex((_, ahead) => can(kinds[(turn + ahead) % kinds.length] as FaultKind));
      const kind = kinds[(turn + step) % kinds.length];
      if (step < 0 || kind === undefined) return undefined;
      turn += step + 1;
      met++;
      due = requests + 2 + hashed(2 * every - 3, seed, requests);
      injected.set(kind, (injected.get(kind) ?? 0) + 1);
      return kind;
    },
  };
}
