/**
 * Reads a split page by page: keyset pagination, one statement a page. While a page is being encoded the database works on
 * the next one.
 */

import type { Page, PageToken, Row, SourceRequest, SourceSession, Split } from '#core';
import { TributaryError } from '#core';
import type { Connection, Dialect, RawRow } from './dialect.ts';
import { firstPageRows, maxPageBytes, maxPageRows, pageBytes } from './limits.ts';
import { type Selection, selectionOf } from './selection.ts';
import { entityOf } from './settings.ts';

/** The one split of a table. */
export interface TableSplit {
  /** The columns that the pages are ordered by. */
  readonly order: readonly string[];
  /** Whether the order's uniqueness is the user's word, so that it must be checked. */
  readonly checked: boolean;
  /** Native types of all columns, as the run's start found them. */
  readonly columns: Readonly<Record<string, string>>;
}

export function splitOf(split: Split): TableSplit {
  const { order, checked, columns } = split;
  if (
    Array.isArray(order) &&
    typeof checked === 'boolean' &&
    typeof columns === 'object' &&
    columns !== null
  ) {
    return { order: order.map(String), checked, columns: columns as Readonly<Record<string, string>> };
  }
  throw new TributaryError('InvalidArgument', 'not a split of a table', { got: JSON.stringify(split) });
}

/** The row that the page follows, and how many rows to ask for: both are fixed by the page before. */
interface Place {
  readonly after: readonly string[] | undefined;
  readonly rows: number;
}

function placeOf(token: PageToken | undefined, limit: number | undefined): Place {
  const { after, rows } = token ?? {};
  if (Array.isArray(after) && typeof rows === 'number') return { after: after.map(String), rows };
  return { after: undefined, rows: Math.min(firstPageRows, Math.max(limit ?? firstPageRows, 1)) };
}

export function sessionOf(
  dialect: Dialect,
  request: SourceRequest,
  split: TableSplit,
  connect: () => Promise<Connection>,
): SourceSession & { prepare(): Promise<void> } {
  const { schema, table: name } = entityOf(request);
  const at = `${schema}.${name}`;
  let connection: Connection | undefined;
  let selection: Selection | undefined;
  /** The page behind the one read last, by its token. */
  let ahead: { readonly token: string; readonly page: Promise<Page> } | undefined;

  /** Connects, again after a failure, and makes sure that the table is still what the run's plan says. */
  async function prepare(): Promise<{ connection: Connection; selection: Selection }> {
    connection ??= await connect();
    if (selection) return { connection, selection };
    const now = await connection.table(schema, name);
    // Columns that are new since then are of the next run.
    const columns = now.columns.filter((column) => Object.hasOwn(split.columns, column.name));
    selection = selectionOf(dialect, { ...now, columns }, request, split.order);
    const changed = selection.columns.find((column) => split.columns[column.name] !== column.nativeType);
    if (changed) {
      throw new TributaryError(
        'SchemaChanged',
        `the column '${changed.name}' changed while the table was being read`,
        {
          at,
          got: changed.nativeType,
          expected: split.columns[changed.name] ?? '',
          fix: 'run the flow again',
        },
      );
    }
    return { connection, selection };
  }

  async function readAt(token: PageToken | undefined): Promise<Page> {
    const ready = await prepare();
    const place = placeOf(token, request.limit);
    return await readPage(ready.connection, ready.selection, place, split.checked, at);
  }

  async function close(): Promise<void> {
    const closing = connection;
    connection = undefined;
    selection = undefined;
    ahead = undefined;
    await closing?.close();
  }

  return {
    async prepare() {
      await prepare();
    },
    async read(token) {
      const asked = ahead && ahead.token === JSON.stringify(token) ? ahead.page : undefined;
      // Another page was wanted after all: the connection is busy with the one that is not.
      if (ahead && !asked) await close();
      ahead = undefined;
      try {
        const page = await (asked ?? readAt(token));
        // Who wants but some records may not want the next page.
        if (page.next && request.limit === undefined) {
          ahead = { token: JSON.stringify(page.next), page: readAt(page.next) };
          // Told when it is asked for, if it is.
          ahead.page.catch(() => undefined);
        }
        return page;
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
  };
}

async function readPage(
  connection: Connection,
  selection: Selection,
  { after, rows: limit }: Place,
  checked: boolean,
  at: string,
): Promise<Page> {
  const rows: Row[] = [];
  let bytes = 0;
  let last: RawRow | undefined;
  let more = false;
  let duplicate = false;
  // One row more than the page holds tells whether there is another page, and that it begins with another key.
  const { sql, values } = selection.statement(after, limit + 1);
  await connection.query(
    sql,
    values,
    (raw) => {
      if (checked && last && !more) duplicate ||= sameKey(selection.placeOf(raw), selection.placeOf(last));
      more ||= rows.length === limit || bytes > maxPageBytes;
      if (more) return;
      bytes += bytesOf(raw);
      rows.push(selection.toRow(raw));
      last = raw;
    },
    at,
  );
  if (duplicate) {
    throw new TributaryError(
      'SourceDataInvalid',
      'two rows have the same values in keyFields: the next page would lose one',
      {
        at,
        fix: 'name columns that identify a row',
      },
    );
  }
  if (!more || !last) return { rows, bytes };
  const fitting = Math.floor((pageBytes * rows.length) / bytes);
  return {
    rows,
    bytes,
    next: { after: selection.placeOf(last), rows: Math.min(Math.max(fitting, 1), maxPageRows) },
  };
}

const sameKey = (a: readonly string[], b: readonly string[]): boolean =>
  a.every((value, i) => value === b[i]);

/** Numbers count as eight bytes. */
function bytesOf(raw: RawRow): number {
  let bytes = 0;
  for (const value of raw) bytes += typeof value === 'number' ? 8 : (value?.length ?? 0);
  return bytes;
}
