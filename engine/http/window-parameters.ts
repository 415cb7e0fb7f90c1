import type { Entity, Incremental, WindowBound } from '../../core/connector/connector.ts';
import type { DateTimeFormat } from '../../core/connector/fields.ts';
import type { FilterOperator } from '../../core/operators.ts';
import type { Json } from '../../core/ports.ts';
import type { PullWindow } from '../../core/source.ts';
import { comparesUnits, isExact, unitOf, writeMoment } from './moments.ts';

export interface WindowParameters {
  readonly query: ReadonlyMap<string, Json>;
  /** Comparisons for the entity's search. */
  readonly comparisons: readonly { readonly operator: FilterOperator; readonly value: string }[];
  /** The vendor holds back all that lies outside the window, and nothing else. */
  readonly exact: boolean;
}

/**
 * The pull window `[start, end)` as parameters and comparisons. Never narrower than the window: where the vendor's precision
 * or operator differs, the bound is moved outwards and the engine drops what is too much.
 *
 * @param format of the field
 * @param typed epochs as numbers, for a JSON body
 */
export function windowParameters(
  { from, to }: Pick<Incremental, 'from' | 'to'>,
  format: DateTimeFormat,
  window: PullWindow,
  typed = false,
): WindowParameters {
  const query = new Map<string, Json>();
  const comparisons: { operator: FilterOperator; value: string }[] = [];
  let exact = true;
  const set = (bound: Bound<FilterOperator>, moment: number) => {
    const value = writeMoment(moment, bound.format);
    if (bound.param === undefined) comparisons.push({ operator: bound.operator, value });
    else query.set(bound.param, typed && /^epoch(Seconds|Mill)/.test(bound.format) ? Number(value) : value);
    exact &&= bound.exact;
  };
  if (from !== undefined && window.start !== undefined) {
    const bound = boundOf<FilterOperator>(from, 'GREATER_THAN_OR_EQUAL_TO', format);
    const { unit } = bound;
    // Records sit on whole units only if the format is exact: then the first one inside is the next whole unit.
    const first = (bound.exact ? Math.ceil : Math.floor)(window.start / unit) * unit;
    set(bound, bound.operator === 'GREATER_THAN' ? first - unit : first);
  }
  if (to !== undefined && window.end !== Number.POSITIVE_INFINITY) {
    const bound = boundOf<FilterOperator>(to, 'LESS_THAN', format);
    const { unit } = bound;
    const includes = bound.operator === 'LESS_THAN_OR_EQUAL_TO';
    // The last unit may be left out only where records sit on whole ones, or where the unit itself is compared.
    const end = Math.ceil(window.end / unit) * unit;
    set(bound, includes && (bound.exact || comparesUnits(bound.format)) ? end - unit : end);
  }
  return {
    query,
    comparisons,
    exact: exact && to !== undefined && (window.start === undefined || from !== undefined),
  };
}

interface Bound<O extends string> {
  readonly param: string | undefined;
  readonly operator: O;
  readonly format: DateTimeFormat;
  readonly unit: number;
  readonly exact: boolean;
}

function boundOf<O extends string>(
  bound: WindowBound<NoInfer<O>>,
  usual: O,
  fieldFormat: DateTimeFormat,
): Bound<O> {
  const {
    param,
    operator = usual,
    format = fieldFormat,
  } = typeof bound === 'string' ? { param: bound } : bound === true ? {} : bound;
  const unit = unitOf(format);
  // A parameter that is coarser than the records cannot name each of their moments.
  const exact = isExact(format) && isExact(fieldFormat) && unit <= unitOf(fieldFormat);
  return { param, operator, format, unit, exact };
}

type Windowed = Pick<Entity, 'fields'> & { readonly incremental?: Incremental | undefined };

/**
 * Milliseconds: windows are cut where every bound can be said. Of a day that lay in two parts, both would bring the records.
 */
export function windowUnitOf({ incremental, fields }: Windowed): number {
  const { field = '', from, to } = incremental ?? {};
  const formats = [from, to].map((bound) => (typeof bound === 'object' ? bound.format : undefined));
  return Math.max(...formats.map((format) => unitOf(format ?? fields[field]?.format ?? 'iso8601')));
}

/** Consecutive parts of an entity's window, none longer than its `sliceDays`. */
export function slicesOf({ incremental, fields }: Windowed, window: PullWindow): PullWindow[] {
  const { start, end } = window;
  const { sliceDays } = incremental ?? {};
  if (sliceDays === undefined || start === undefined) return [window];
  const unit = windowUnitOf({ incremental, fields });
  const slices: PullWindow[] = [];
  for (let begin = start; begin < end; ) {
    const next = (Math.floor(begin / unit) + 1) * unit;
    const cut = Math.max(next, Math.floor((begin + sliceDays * 86_400_000) / unit) * unit);
    slices.push({ start: begin, end: Math.min(end, cut) });
    begin = cut;
  }
  return slices.length > 0 ? slices : [window];
}

/** Whether parameters are members of the request's body. */
export function parametersInBody({ method, parametersIn }: Pick<Entity, 'method' | 'parametersIn'>): boolean {
  return (parametersIn ?? (method === 'POST' ? 'body' : 'query')) === 'body';
}

/** {@link windowParameters} of an entity. */
export function windowQuery(entity: Entity, window: PullWindow): WindowParameters {
  const { incremental, fields } = entity;
  const format = (incremental && fields[incremental.field]?.format) ?? 'iso8601';
  return windowParameters(incremental ?? {}, format, window, parametersInBody(entity));
}
