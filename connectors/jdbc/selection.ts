/** A request on a table, compiled: the statement of each page and what becomes of its rows. */

import { type Row, type SourceRequest, TributaryError, type Value, wholeRecord } from '#core';
import { didYouMean } from '../../core/flow/finding.ts';
import { compilePath } from '../../core/record-path.ts';
import type { Column, Dialect, Parameters, RawRow, Table, TextForm } from './dialect.ts';
import type { ScannedField } from './scan-rows.ts';

export interface Statement {
  readonly sql: string;
  readonly values: readonly string[];
}

export interface Selection {
  /** Rows in the order of the key, after the row with these key values. */
  statement(after: readonly string[] | undefined, limit: number): Statement;
  toRow(raw: RawRow): Row;
  /** The same of rows as bytes; absent where a value is made of several columns. */
  readonly scannedFields?: readonly ScannedField[];
  /** The row's place in the order, as the next page's `after`. */
  placeOf(raw: RawRow): string[];
  /** Indexes of the request's filters that the statement applies. */
  readonly appliedFilters: readonly number[];
  /** The columns that the statement selects. */
  readonly columns: readonly Column[];
}

/** @param order columns that together are unique and never null */
export function selectionOf(
  dialect: Dialect,
  table: Table,
  request: SourceRequest,
  order: readonly string[],
): Selection {
  const readers = request.fields.map((field) => readerOf(table, field));
  const orderColumns = order.map((name) => columnNamed(table, name));
  const columns = [...new Set([...readers.flatMap((reader) => reader.columns), ...orderColumns])];
  const place = orderColumns.map((column) => columns.indexOf(column));
  const convert = readers.map((reader) => reader.compile(columns));
  const scannedFields = readers.flatMap((reader) => scannedField(reader, columns));

  const filters = request.filters.map((filter) => {
    const column = table.columns.find((column) => column.name === filter.field);
    return { column, filter };
  });
  const conditions = (parameters: Parameters) =>
    filters.map(({ column, filter }) => column && dialect.filter(column, filter, parameters));

  return {
    statement(after, limit) {
      const parameters = dialect.newParameters();
      const where = [
        ...(after ? [dialect.after(orderColumns, after, parameters)] : []),
        ...windowConditions(dialect, table, request, parameters),
        ...conditions(parameters).filter((condition) => condition !== undefined),
      ];
      const sql = [
        `SELECT ${columns.map((column) => column.select).join(', ')}`,
        `FROM ${dialect.quote(table.schema)}.${dialect.quote(table.name)}`,
        ...(where.length > 0 ? [`WHERE ${where.join(' AND ')}`] : []),
        `ORDER BY ${orderColumns.map((column) => dialect.quote(column.name)).join(', ')}`,
        `LIMIT ${limit}`,
      ].join(' ');
      return { sql, values: parameters.values };
    },
    toRow(raw) {
      const row: Row = new Array(convert.length);
      for (let i = 0; i < convert.length; i++) row[i] = convert[i]?.(raw) ?? null;
      return row;
    },
    ...(scannedFields.length === readers.length && { scannedFields }),
    placeOf: (raw) => place.map((index) => placeText(raw[index])),
    appliedFilters: conditions(dialect.newParameters()).flatMap((sql, index) =>
      sql === undefined ? [] : [index],
    ),
    columns,
  };
}

/** Bytes as hexadecimal digits; the dialect's parameter reads them so. */
function placeText(value: RawRow[number] | undefined): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return String(value);
}

function windowConditions(
  dialect: Dialect,
  table: Table,
  request: SourceRequest,
  parameters: Parameters,
): string[] {
  const { incrementalField, window } = request;
  // A full pull has no bounds: what lies behind them would never come.
  if (incrementalField === undefined || window.start === undefined) return [];
  const column = columnNamed(table, incrementalField);
  return [
    dialect.moment(column, '>=', window.start, parameters),
    dialect.moment(column, '<', window.end, parameters),
  ];
}

// ---- the read set ----

type Read = (raw: RawRow) => Value;

/** How one member of the read set comes about. */
interface Reader {
  readonly columns: readonly Column[];
  /** Of the column whose value it is. */
  readonly form?: TextForm | undefined;
  compile(selected: readonly Column[]): Read;
}

function readerOf(table: Table, field: string): Reader {
  if (field === wholeRecord) {
    return {
      columns: table.columns,
      compile(selected) {
        const members = table.columns.map((column) => ({
          name: column.name,
          read: reading(column, selected),
        }));
        return (raw) => Object.fromEntries(members.map(({ name, read }) => [name, read(raw)]));
      },
    };
  }
  const literal = table.columns.find((column) => column.name === field);
  if (literal) {
    return { columns: [literal], form: literal.form, compile: (selected) => reading(literal, selected) };
  }
  // `address.city` of a JSON column `address`.
  const [struct] = table.columns
    .filter((column) => column.field.type === 'Struct' && field.startsWith(`${column.name}.`))
    .sort((a, b) => b.name.length - a.name.length);
  const column = struct ?? columnNamed(table, field);
  const path = compilePath(field.slice(column.name.length + 1));
  return {
    columns: [column],
    compile(selected) {
      const read = reading(column, selected);
      return (raw) => {
        const value = read(raw);
        return typeof value === 'object' && value !== null ? path(value) : null;
      };
    },
  };
}

/** None for what is not made of one column. */
function scannedField({ columns, form, compile }: Reader, selected: readonly Column[]): ScannedField[] {
  const [column, ...others] = columns;
  if (!column || others.length > 0) return [];
  const read = compile(columns);
  return [{ column: selected.indexOf(column), form, convert: (text) => read([text]) }];
}

function reading(column: Column, selected: readonly Column[]): Read {
  const index = selected.indexOf(column);
  const { convert } = column;
  return (raw) => {
    const value = raw[index];
    return value === null || value === undefined ? null : convert(value);
  };
}

/** @throws SchemaChanged */
export function columnNamed(table: Table, name: string): Column {
  const column = table.columns.find((column) => column.name === name);
  if (column) return column;
  const names = table.columns.map((column) => column.name);
  throw new TributaryError('SchemaChanged', `the table has no column '${name}' that the user may read`, {
    at: `${table.schema}.${table.name}`,
    fix: didYouMean(name, names) ?? `its columns: ${names.slice(0, 20).join(', ')}`,
  });
}
