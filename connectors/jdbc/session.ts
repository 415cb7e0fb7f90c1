/**
 * Reads a split page by page: keyset pagination, one statement a page. While a page is being encoded the database works on
 * the next one.
 */

import type { PageToken, SourceRequest, SourceSession, Split } from '#core';
import { TributaryError } from '#core';
import { recordLimit, waitingMemory } from '../../core/flow/function-memory.ts';
import type { Connection, Dialect } from './dialect.ts';
import { type KeptRows, type RowKeeper, rowKeeper } from './kept-rows.ts';
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
  const longest = request.recordLimit ?? recordLimit(waitingMemory);
  let connection: Connection | undefined;
  let opened: Opened | undefined;
  /** The page behind the one read last, by its token. */
  let ahead: { readonly token: string; readonly page: Promise<ReadPage> } | undefined;

  /** Connects, again after a failure, and makes sure that the table is still what the run's plan says. */
  async function prepare(): Promise<Opened> {
    connection ??= await connect();
    if (opened) return opened;
    const now = await connection.table(schema, name);
    // Columns that are new since then are of the next run.
    const columns = now.columns.filter((column) => Object.hasOwn(split.columns, column.name));
    const selection = selectionOf(dialect, { ...now, columns }, request, split.order);
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
    opened = { selection, keep: rowKeeper(connection, selection, longest) };
    return opened;
  }

  async function readAt(token: PageToken | undefined): Promise<ReadPage> {
    const { selection, keep } = await prepare();
    return await readPage(keep, selection, placeOf(token, request.limit), split.checked, at);
  }

  async function close(): Promise<void> {
    const closing = connection;
    connection = undefined;
    opened = undefined;
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
        const { kept, next } = await (asked ?? readAt(token));
        // Before another page takes the memory that its rows came into.
        const records = kept.records();
        // Who wants but some records may not want the next page.
        if (next && request.limit === undefined) {
          ahead = { token: JSON.stringify(next), page: readAt(next) };
          // Told when it is asked for, if it is.
          ahead.page.catch(() => undefined);
        }
        return {
          ...(records.scanned && { scanned: records.scanned }),
          get rows() {
            return records.rows;
          },
          bytes: kept.bytes,
          ...(next && { next }),
        };
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
  };
}

/** What a connection is good for, of which it is made anew. */
interface Opened {
  readonly selection: Selection;
  readonly keep: RowKeeper;
}

interface ReadPage {
  readonly kept: KeptRows;
  readonly next?: PageToken;
}

async function readPage(
  keep: RowKeeper,
  selection: Selection,
  { after, rows: limit }: Place,
  checked: boolean,
  at: string,
): Promise<ReadPage> {
  // One row more than the page holds tells whether there is another page, and that it begins with another key.
  const limits = { rows: limit, bytes: maxPageBytes, checked };
  const kept = await keep(selection.statement(after, limit + 1), limits, at);
  if (kept.repeats) {
    throw new TributaryError(
      'SourceDataInvalid',
      'two rows have the same values in keyFields: the next page would lose one',
      {
        at,
        fix: 'name columns that identify a row',
      },
    );
  }
  if (!kept.more || kept.count === 0) return { kept };
  const fitting = Math.floor((pageBytes * kept.count) / kept.bytes);
  return {
    kept,
    next: { after: kept.lastPlace(), rows: Math.min(Math.max(fitting, 1), maxPageRows) },
  };
}
