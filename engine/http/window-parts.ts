import { TributaryError } from '../../core/errors.ts';
import type { PullWindow } from '../../core/source.ts';
import type { EntityList } from './entity-list.ts';

/** What is read of the window: a slice, or, where the vendor had too much of that, a part of it. Plain data, kept in page tokens. */
export interface WindowPart {
  readonly slice?: number;
  /** Epoch milliseconds; in place of the slice's beginning. */
  readonly since?: number;
  /** Epoch milliseconds; in place of the slice's end. */
  readonly until?: number;
}

export interface WindowParts {
  /** `undefined`: the list has no window. */
  windowOf(part: WindowPart): PullWindow | undefined;
  /**
   * A shorter part with the same beginning, for one that the vendor refused as too large.
   *
   * @throws the refusal, with what to do, where the window cannot be cut; what else was refused as it is
   */
  shorter(part: WindowPart, refusal: unknown): WindowPart;
  /** The part that begins where this one ends; `undefined` behind the last. */
  following(part: WindowPart): WindowPart | undefined;
}

/**
 * A list's slices, each to be halved, and each half again, down to the unit that its bounds are told in. Which halves there can be
 * depends on the slice alone: a part is known by its beginning and end, and behind it comes the longest that begins there.
 */
export function windowParts({
  slices,
  windowUnit: unit,
  entity,
  at,
}: Pick<EntityList, 'slices' | 'windowUnit' | 'entity' | 'at'>): WindowParts {
  const { from, to } = entity.incremental ?? {};

  function windowOf({ slice = 0, since, until }: WindowPart): PullWindow | undefined {
    const whole = slices[slice];
    if (since === undefined && until === undefined) return whole;
    const start = since ?? whole?.start;
    return { ...(start !== undefined && { start }), end: until ?? whole?.end ?? Number.POSITIVE_INFINITY };
  }

  /** The slice, its half that holds the moment, and that one's half, and so on. */
  function* holding(slice: number, moment: number): Generator<{ start: number; end: number }> {
    const whole = slices[slice];
    let { start = moment, end = moment } = whole ?? {};
    for (;;) {
      yield { start, end };
      const half = Math.floor((start + end) / 2 / unit) * unit;
      const middle = half > start ? half : half + unit;
      if (middle >= end) return;
      if (moment < middle) end = middle;
      else start = middle;
    }
  }

  return {
    windowOf,
    shorter(part, refusal) {
      if (!(refusal instanceof TributaryError && refusal.code === 'WindowTooLarge')) throw refusal;
      const { slice = 0 } = part;
      const { start, end = Number.POSITIVE_INFINITY } = windowOf(part) ?? {};
      const isCut = start !== undefined && Number.isFinite(end) && from !== undefined && to !== undefined;
      for (const one of isCut ? holding(slice, start) : [])
        if (one.end < end) return { ...part, until: one.end };
      throw new TributaryError('WindowTooLarge', refusal.summary, {
        ...refusal.context,
        at,
        got: isCut
          ? `${new Date(start).toISOString()} to ${new Date(end).toISOString()}, which is the shortest window`
          : 'a list without bounds that could be closer',
        fix: `${isCut ? '' : 'pull the entity incrementally, or '}add a filter that the vendor applies`,
      });
    },
    following({ slice = 0, until }) {
      for (const one of until === undefined ? [] : holding(slice, until)) {
        if (one.start !== until) continue;
        return { slice, since: until, ...(one.end < (slices[slice]?.end ?? 0) && { until: one.end }) };
      }
      return slice + 1 < slices.length ? { slice: slice + 1 } : undefined;
    },
  };
}
