import type { Entity } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import type { PullWindow } from '../../core/source.ts';
import { parseMoment, readMoment, unitOf } from './moments.ts';
import type { ListedRecords } from './next-page.ts';

/**
 * What the order of a list by its incremental field allows, and asks for. A list of its own for windows says nothing of the
 * order of the other one.
 */
export interface ListOrder {
  /** Whether all that follows a page lies outside the window. */
  endsWith(records: ListedRecords, window: PullWindow | undefined): boolean;
  /** Whether a page that was asked for anew goes back behind that time, which no page does but one that came before. */
  repeats(records: ListedRecords, since: number): boolean;
  /** The window's new beginning for asking anew from the last record's time on; `undefined` if that would be no progress. */
  anew(records: ListedRecords, window: PullWindow | undefined): number | undefined;
}

export function orderOf({ incremental, fields }: Entity): ListOrder {
  const field = incremental && fields[incremental.field];
  const { order, from, list } = incremental ?? {};
  if (!field || !order) return { endsWith: () => false, repeats: () => false, anew: () => undefined };
  const format = field.format ?? 'iso8601';
  const unit = unitOf((typeof from === 'object' && from.format) || format);
  const fieldOf = compileFieldPath(field.at ?? incremental.field);
  const momentOf = (record: object | undefined) => parseMoment(String(readMoment(fieldOf(record), format)));
  const lastOf = (records: ListedRecords) => momentOf(records.at(-1));
  return {
    endsWith(records, window) {
      const last = lastOf(records);
      if (last === undefined || window?.start === undefined) return false;
      return order === 'newestFirst' ? last < window.start : last >= window.end;
    },
    repeats(records, since) {
      const first = momentOf(records.at(0));
      // A bound of "later than" is asked for by one unit less.
      return first !== undefined && first < since - unit;
    },
    anew(records, window) {
      const last = lastOf(records);
      if (last === undefined || order !== 'oldestFirst' || (list && !window)) return undefined;
      const moment = Math.floor(last / unit) * unit;
      return window?.start !== undefined && moment <= window.start ? undefined : moment;
    },
  };
}
