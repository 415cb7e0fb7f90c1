/** What the two databases have in common, as the source sees it. */

import type { Clock, FilterCondition, Log, SourceField, Value } from '#core';

/** What a driver gives for a value: text, unless it knows better. */
export type RawValue = string | number | Uint8Array;
export type RawRow = readonly (RawValue | null)[];

/** Rows of a statement that are wanted as they come. */
export interface WantedRows {
  /** Values of a row. */
  readonly columns: number;
  readonly rows: number;
  /** Of values: when there are more, no further row is wanted. */
  readonly bytes: number;
  /** Bytes that a row may have. A larger one ends connection and statement, with SourceDataInvalid, before it has come. */
  readonly longest: number;
}

/**
 * DataRow messages of PostgreSQL, one behind the other: a `D`, the length of what follows (4 bytes), the count of values (2), and of
 * each value its length (4; -1: null) and its text in UTF-8. Valid until others are wanted.
 */
export interface WireRows {
  readonly bytes: Buffer;
  /** Of those that were wanted. */
  readonly count: number;
  /** Bytes of their values. */
  readonly valueBytes: number;
  /** Where the last one begins, and where it ends. */
  readonly last: number;
  readonly end: number;
  /** Whether the first one that was not wanted is behind them. */
  readonly more: boolean;
}

/** Where to connect. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** `require` encrypts without checking the certificate; `verify-full` checks it and the host name. */
  readonly ssl: 'disable' | 'require' | 'verify-full';
  /** PEM text of the certificate authority that `verify-full` trusts. Default: Node's own. */
  readonly sslCa?: string;
  readonly username: string;
  readonly password: string;
}

/** `ascii`, `text`: the value itself. `integer`, `real`: a number. `boolean`: `t` or `f`. `date`, `dateTime`: see dates.ts. */
export type TextForm = 'ascii' | 'text' | 'integer' | 'real' | 'boolean' | 'date' | 'dateTime';

export interface Column {
  readonly name: string;
  /** As the database writes it, e.g. `numeric(10,2)`. */
  readonly nativeType: string;
  readonly field: SourceField;
  /** What the select list holds for the column. */
  readonly select: string;
  /** The canonical value of what the driver gives for `select`; never called with null. */
  readonly convert: (raw: RawValue) => Value;
  /** What the text of `select` is, where its bytes tell what `convert` would make of it. */
  readonly form?: TextForm;
  /** Whether `ORDER BY column` and `column > parameter` agree, and the column's text finds its row again. */
  readonly orders: boolean;
  /** A parameter's text as an expression of the column's type. */
  readonly parameter: (placeholder: string) => string;
  /**
   * Filters may compare its text: `plain` with the column's own equality, which is exact; `cast` only bytewise. Absent:
   * what SQL compares is not what SELECT shows.
   */
  readonly text?: 'plain' | 'cast';
  /** A moment in time: can bound a pull window. */
  readonly moment?: {
    /** How finely it is stored. */
    readonly stepMilliseconds: number;
    /** Whether the database knows the instant; else it holds a clock's reading, which we take as UTC. */
    readonly zoned: boolean;
  };
}

export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view';
  /** Those that the user may read, in the table's order. */
  readonly columns: readonly Column[];
  /** Unique indexes over columns that are never null, the primary key first. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** The first column of every index. */
  readonly indexed: ReadonlySet<string>;
}

/** A statement's values; `add` gives the placeholder. Dialects whose placeholders have no number rely on the order of calls. */
export interface Parameters {
  readonly values: readonly string[];
  add(value: string): string;
}

export interface Dialect {
  readonly defaultPort: number;
  /** @throws ConnectorUnreachable, InvalidCredentials, ResourceNotFoundError (the database), AccessDenied. */
  connect(target: Target): Promise<Connection>;
  quote(identifier: string): string;
  newParameters(): Parameters;
  /** `(columns) > (after)` in the columns' order, in the form that the database answers from an index. */
  after(columns: readonly Column[], after: readonly string[], parameters: Parameters): string;
  /** `column` compared with a moment, in the window's terms. */
  moment(column: Column, operator: '<' | '>=', epochMilliseconds: number, parameters: Parameters): string;
  /** The condition as SQL of exactly the engine's meaning, or undefined where there is none. */
  filter(column: Column, condition: FilterCondition, parameters: Parameters): string | undefined;
}

export interface Connection {
  schemas(): Promise<string[]>;
  tables(schema: string): Promise<string[]>;
  /** @throws ResourceNotFoundError with the names that come close; AccessDenied. */
  table(schema: string, name: string): Promise<Table>;
  /**
   * Epoch milliseconds up to which no open transaction can add rows any more (rows stamped with the transaction's or
   * the statement's time); never later than the database's clock.
   */
  completeUntil(log: Log, clock: Clock): Promise<number>;
  /** The time zone that sessions have by default; undefined if it is UTC. */
  localZone(): Promise<string | undefined>;
  /** Gives each row as the driver decodes it. */
  query(
    sql: string,
    parameters: readonly string[],
    onRow: (row: RawRow) => void,
    /** What errors name as their place. */
    at: string,
  ): Promise<void>;
  /** The same with rows as they come. Absent where the driver cannot, or their text may not be UTF-8. */
  queryWire?(sql: string, parameters: readonly string[], wanted: WantedRows, at: string): Promise<WireRows>;
  ping(): Promise<void>;
  /** Cuts a connection whose statement is under way. */
  close(): Promise<void>;
}
