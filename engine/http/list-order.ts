import type { Entity } from '../../core/connector/connector.ts';
import { compileFieldPath } from '../../core/connector/field-path.ts';
import type { SourceRequest } from '../../core/source.ts';
import { parseMoment, readMoment } from './moments.ts';
import { windowParameters } from './window-parameters.ts';

/** What the order of a list by its incremental field allows, and asks for. */
export interface ListOrder {
  /** Whether all that follows a page lies outside the window. */
  endsWith(records: readonly object[]): boolean;
  /** The next page's address asked for anew from the last record's time on; `undefined` if that would be no progress. */
  anew(records: readonly object[], first: URL, current: URL): URL | undefined;
}

export function orderOf({ incremental, fields }: Entity, { window }: SourceRequest): ListOrder {
  const field = incremental && fields[incremental.field];
  const { order } = incremental ?? {};
  if (!field || !order) return { endsWith: () => false, anew: () => undefined };
  const format = field.format ?? 'iso8601';
  const fieldOf = compileFieldPath(field.at ?? incremental.field);
  const lastOf = (records: readonly object[]) =>
    parseMoment(String(readMoment(fieldOf(records.at(-1)), format)));
  return {
    endsWith(records) {
      const last = lastOf(records);
      if (last === undefined || window.start === undefined) return false;
      return order === 'newestFirst' ? last < window.start : last >= window.end;
    },
    anew(records, first, current) {
      const last = lastOf(records);
      if (last === undefined || order !== 'oldestFirst') return undefined;
      const { from } = incremental;
      const { query } = windowParameters({ ...(from ? { from } : {}) }, format, { start: last, end: last });
      const url = new URL(first);
      for (const [name, value] of query) {
        if (current.searchParams.get(name) === value) return undefined;
        url.searchParams.set(name, value);
      }
      return url;
    },
  };
}
