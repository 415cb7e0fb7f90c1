/** Answers that hold no list of records: functions for `records` and `decode` of a declaration. */

import { compileFieldPath } from './field-path.ts';
import type { ReadRecords } from './list-request.ts';

/** One JSON text a line; empty lines are none. @throws SyntaxError */
export function ndjson(body: Uint8Array, parse: (text: string) => unknown): unknown[] {
  const lines = new TextDecoder().decode(body).split('\n');
  return lines.filter((line) => line.trim() !== '').map((line) => parse(line));
}

/** The list at `path`, which the vendor leaves out where it is empty; what should hold it must be there. */
export function listOrNone(path: string): ReadRecords {
  const dot = path.lastIndexOf('.');
  const holder = reader(path.slice(0, Math.max(dot, 0)));
  const name = path.slice(dot + 1);
  return (answer) => {
    const object = holder(answer);
    return isObject(object) ? ((object[name] ?? []) as readonly object[]) : undefined;
  };
}

/** The object at `path` (`''`: the answer itself) is the one record. */
export function single(path = ''): ReadRecords {
  const at = reader(path);
  return (answer) => {
    const record = at(answer);
    return isObject(record) ? [record] : [];
  };
}

/**
 * The members of the object at `path` are the records, each with its own name under `key`. A member that is no object is
 * put under `value`.
 */
export function members(path: string, key: string, value = 'value'): ReadRecords {
  const at = reader(path);
  return (answer) => {
    const object = at(answer);
    if (!isObject(object)) return [];
    return Object.entries(object).map(([name, member]) => ({
      ...(isObject(member) ? member : { [value]: member }),
      [key]: name,
    }));
  };
}

/** Values of a list at `path`, each as a record with that one member. */
export function values(path: string, name: string): ReadRecords {
  const at = reader(path);
  return (answer) => listOf(at(answer)).map((value) => ({ [name]: value }));
}

/**
 * Rows whose cells stand under headers elsewhere in the answer. Paths of the lists of headers, of the list of rows, and
 * within a row of the lists of cells, in the headers' order.
 *
 * @example table({ headers: ['dimensionHeaders[*].name'], rows: 'rows', cells: ['dimensionValues[*].value'] })
 */
export function table(options: {
  readonly headers: readonly string[];
  readonly rows: string;
  readonly cells: readonly string[];
}): ReadRecords {
  const headers = options.headers.map(reader);
  const cells = options.cells.map(reader);
  const rows = reader(options.rows);
  return (answer) => {
    const names = headers.flatMap((at) => listOf(at(answer))).map(String);
    return listOf(rows(answer)).map((row) =>
      recordOf(
        names,
        cells.flatMap((at) => listOf(at(row))),
      ),
    );
  };
}

/** Rows of cells at `path`, the first row of which names the columns; cells missing at a row's end are null. */
export function headedRows(path: string): ReadRecords {
  const at = reader(path);
  return (answer) => {
    const [names = [], ...rows] = listOf(at(answer)).map(listOf);
    return rows.map((row) => recordOf(names.map(String), row));
  };
}

function recordOf(names: readonly string[], cells: readonly unknown[]): object {
  return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null]));
}

function reader(path: string): (value: unknown) => unknown {
  return path === '' ? (value) => value : compileFieldPath(path);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
