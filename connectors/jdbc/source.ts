/** Tables and views of PostgreSQL, MySQL and MariaDB as a source. What it promises and what it needs: README.md. */

import {
  type EntityDescription,
  type Source,
  type SourceDescription,
  type SourcePorts,
  type SourceRequest,
  TributaryError,
} from '#core';
import type { Column, Connection, Dialect, Table } from './dialect.ts';
import { columnNamed, selectionOf } from './selection.ts';
import { sessionOf, splitOf, type TableSplit } from './session.ts';
import { dialectOf, entityOf, keyFieldsOf, targetOf } from './settings.ts';

export const jdbc: Source = {
  async describe(request, ports) {
    return await connected(request, ports, (connection) => describe(request, ports, connection));
  },
  async open(request, split, ports) {
    const session = sessionOf(dialectOf(request), request, splitOf(split), () => connect(request, ports));
    await session.prepare();
    return session;
  },
  async listEntities(request, path, ports) {
    return await connected(request, ports, async (connection): Promise<EntityDescription[]> => {
      if (path === undefined) {
        return (await connection.schemas()).map((name) => ({ name, label: name, hasNestedEntities: true }));
      }
      const separator = path.includes('.') ? '/' : '.';
      return (await connection.tables(path)).map((table) => ({
        name: `${path}${separator}${table}`,
        label: table,
        hasNestedEntities: false,
      }));
    });
  },
  async testConnection(request, ports) {
    await connected(request, ports, (connection) => connection.ping());
  },
};

async function connect(request: SourceRequest, ports: SourcePorts): Promise<Connection> {
  const dialect = dialectOf(request);
  return await dialect.connect(targetOf(request, dialect, await ports.credentials()));
}

async function connected<T>(
  request: SourceRequest,
  ports: SourcePorts,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(request, ports);
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

// ---- describe ----

async function describe(
  request: SourceRequest,
  ports: SourcePorts,
  connection: Connection,
): Promise<SourceDescription> {
  const dialect = dialectOf(request);
  const { schema, table: name } = entityOf(request);
  const table = await connection.table(schema, name);
  const fields = table.columns.map((column) => column.field);
  const moment = momentOf(request, table);
  // A table that cannot be read, for want of a key, can still be discovered.
  if (request.fieldsOnly) return { fields, splits: [], appliedFilters: [], appliesWindow: true };
  const key = await keyOf(request, table, dialect, connection);
  const order = orderOf(request, table, key.columns);
  const split: TableSplit = {
    order,
    checked: key.declared,
    columns: Object.fromEntries(table.columns.map((column) => [column.name, column.nativeType])),
  };
  return {
    fields,
    splits: [{ ...split }],
    appliedFilters: selectionOf(dialect, table, request, order).appliedFilters,
    appliesWindow: true,
    ...(moment &&
      request.window.start !== undefined && {
        completeUntil: await momentComplete(moment, connection, ports),
      }),
    primaryKey: key.columns,
  };
}

/** @throws InvalidArgument if the incremental field is none that a window can be laid on. */
function momentOf(request: SourceRequest, table: Table): Column | undefined {
  const { incrementalField, window } = request;
  const candidates = () => table.columns.filter((column) => column.moment).map((column) => column.name);
  const at = `${table.schema}.${table.name}`;
  if (incrementalField === undefined) {
    if (window.start === undefined) return undefined;
    throw new TributaryError('InvalidArgument', 'a pull window needs to know the field that it is on', {
      at,
      fix: `name one as datetimeTypeFieldName: ${candidates().join(', ') || 'the table has none'}`,
    });
  }
  const column = columnNamed(table, incrementalField);
  if (column.moment) return column;
  throw new TributaryError('InvalidArgument', `'${incrementalField}' cannot bound a pull window`, {
    at,
    got: column.nativeType,
    expected: `a column with date and time: ${candidates().join(', ') || 'the table has none'}`,
  });
}

/**
 * Stamps are only as fine as the column stores them: a row of 10:00:00.7 in a column of seconds is stamped 10:00:00, so
 * a window may end at a whole second only (of a date: at midnight), else the rest of that second would be lost.
 */
async function momentComplete(column: Column, connection: Connection, ports: SourcePorts): Promise<number> {
  const until = await connection.completeUntil(ports.log, ports.clock);
  const { stepMilliseconds: step, zoned } = column.moment ?? { stepMilliseconds: 1, zoned: true };
  const zone = zoned ? undefined : await connection.localZone();
  if (zone) {
    ports.log.warn(
      'the incremental field has no time zone and is taken as UTC, but the sessions of this database are not in UTC by default: rows stamped with local time are late or lost',
      { field: column.name, zone },
    );
  }
  return Math.floor(until / step) * step;
}

// ---- order ----

interface Key {
  readonly columns: readonly string[];
  /** The user's word, which the pages check. */
  readonly declared: boolean;
}

/**
 * Pages follow one another by key: no row is read twice or left out, whatever else is written meanwhile. Without a key
 * no order is stable (a row's place on disk changes with every update), so such a table is refused.
 */
async function keyOf(
  request: SourceRequest,
  table: Table,
  dialect: Dialect,
  connection: Connection,
): Promise<Key> {
  const at = `${table.schema}.${table.name}`;
  const declared = keyFieldsOf(request);
  if (!declared) {
    const key = table.uniqueKeys.find((columns) => orderable(table, columns));
    if (key) return { columns: key, declared: false };
    throw new TributaryError(
      'InvalidArgument',
      `the ${table.kind} has no key that its rows could be read in order of`,
      {
        at,
        expected: 'a primary key, or a unique index over columns that are NOT NULL',
        fix: "add one, or name columns that are unique and never null: customProperties: { keyFields: 'id' }",
      },
    );
  }
  const columns = declared.map((name) => columnNamed(table, name));
  const unfit = columns.find((column) => !column.orders);
  if (unfit) {
    throw new TributaryError(
      'InvalidArgument',
      `keyFields: rows cannot be read in the order of '${unfit.name}'`,
      {
        at,
        got: unfit.nativeType,
      },
    );
  }
  let isNull = false;
  const nulls = columns.map((column) => `${dialect.quote(column.name)} IS NULL`).join(' OR ');
  const from = `${dialect.quote(table.schema)}.${dialect.quote(table.name)}`;
  const found = () => {
    isNull = true;
  };
  await connection.query(`SELECT 1 FROM ${from} WHERE ${nulls} LIMIT 1`, [], found, at);
  if (isNull) {
    throw new TributaryError(
      'SourceDataInvalid',
      'there are rows with a null in keyFields: they have no place in the order',
      {
        at,
        got: declared.join(', '),
      },
    );
  }
  return { columns: declared, declared: true };
}

const orderable = (table: Table, columns: readonly string[]): boolean =>
  columns.every((name) => table.columns.some((column) => column.name === name && column.orders));

/** By stamp where an index begins with it: then a page costs what it holds. Else by key: one pass over the table. */
function orderOf(request: SourceRequest, table: Table, key: readonly string[]): string[] {
  const { incrementalField, window } = request;
  const byStamp =
    incrementalField !== undefined && window.start !== undefined && table.indexed.has(incrementalField);
  return byStamp ? [incrementalField, ...key.filter((name) => name !== incrementalField)] : [...key];
}
