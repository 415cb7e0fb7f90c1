import type { Incremental, WindowBound } from '../../core/connector/connector.ts';
import type { DateTimeFormat } from '../../core/connector/fields.ts';
import type { PullWindow } from '../../core/source.ts';
import { isExact, unitOf, writeMoment } from './moments.ts';

export interface WindowParameters {
  readonly query: ReadonlyMap<string, string>;
  /** The vendor holds back all that lies outside the window, and nothing else. */
  readonly exact: boolean;
}

/**
 * The pull window `[start, end)` as query parameters. Never narrower than the window: where the vendor's precision or
 * operator differs, the bound is moved outwards and the engine drops what is too much.
 */
export function windowParameters(
  { from, to }: Pick<Incremental, 'from' | 'to'>,
  format: DateTimeFormat,
  window: PullWindow,
): WindowParameters {
  const unit = unitOf(format);
  const exact = isExact(format);
  const query = new Map<string, string>();
  if (from !== undefined && window.start !== undefined) {
    const { param, operator } = boundOf(from, 'GREATER_THAN_OR_EQUAL_TO');
    // Records sit on whole units only if the format is exact: then the first one inside is the next whole unit.
    const first = (exact ? Math.ceil : Math.floor)(window.start / unit) * unit;
    query.set(param, writeMoment(operator === 'GREATER_THAN' ? first - unit : first, format));
  }
  if (to !== undefined) {
    const { param, operator } = boundOf(to, 'LESS_THAN');
    const end = Math.ceil(window.end / unit) * unit;
    query.set(param, writeMoment(operator === 'LESS_THAN_OR_EQUAL_TO' && exact ? end - unit : end, format));
  }
  return { query, exact: exact && to !== undefined && (window.start === undefined || from !== undefined) };
}

function boundOf<O extends string>(bound: WindowBound<O>, usual: O): { param: string; operator: O } {
  return typeof bound === 'string' ? { param: bound, operator: usual } : bound;
}
