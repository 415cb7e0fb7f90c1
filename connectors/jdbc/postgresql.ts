/**
 * PostgreSQL 11 and later: its catalog, its types, its transactions, its errors.
 * Facts: https://www.postgresql.org/docs/current/catalogs.html, …/monitoring-stats.html, …/errcodes-appendix.html.
 */

import { isIP } from 'node:net';
import type { Client } from 'pg';
import {
  type Clock,
  type FieldType,
  type FilterCondition,
  type Log,
  messageOf,
  TributaryError,
  type Value,
} from '#core';
import { didYouMean } from '../../core/flow/finding.ts';
import { roomFor } from '../../core/flow/function-memory.ts';
import { answerOf } from './answer.ts';
import { type Comparison, comparisonKind, comparisonSql } from './compare.ts';
import { type DataRows, dataRowsOf } from './data-rows.ts';
import { databaseError, type Meaning, unreachable } from './database-error.ts';
import { dateText, dateTimeText, utcNames } from './dates.ts';
import type {
  Column,
  Connection,
  Dialect,
  Parameters,
  Table,
  Target,
  TextForm,
  WantedRows,
} from './dialect.ts';
import { parseJson } from './json.ts';
import { lendingSocket } from './lending-socket.ts';
import {
  connectTimeout,
  hiddenTransactionMargin,
  lockTimeout,
  pieceBytes,
  preparedTransactionMargin,
  readerName,
  statementTimeout,
} from './limits.ts';

export const postgresql: Dialect = {
  defaultPort: 5432,
  connect,
  quote,
  newParameters(): Parameters {
    const values: string[] = [];
    return { values, add: (value) => `$${values.push(value)}` };
  },
  // A row comparison is one range of the index.
  after(columns, after, parameters) {
    const names = columns.map((column) => quote(column.name));
    const values = columns.map((column, i) => column.parameter(parameters.add(after[i] ?? '')));
    return `(${names.join(', ')}) > (${values.join(', ')})`;
  },
  moment(column, operator, time, parameters) {
    // A time stamp without zone and a date (its midnight) are taken as UTC.
    const type = column.moment?.zoned ? 'timestamptz' : 'timestamp';
    return `${quote(column.name)} ${operator} ${parameters.add(new Date(time).toISOString())}::${type}`;
  },
  filter,
};

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

// ---- filters ----

function filter(column: Column, condition: FilterCondition, parameters: Parameters): string | undefined {
  const comparison = comparisonOf(column, condition, parameters);
  return comparison && comparisonSql(condition, comparison);
}

function comparisonOf(
  column: Column,
  condition: FilterCondition,
  parameters: Parameters,
): Comparison | undefined {
  const name = quote(column.name);
  const as = (type: string) => (value: string) => `${parameters.add(value)}::${type}`;
  // The engine reads the years 0000-9999; `infinity` and years beyond match no bound.
  const datable = `${name} BETWEEN '0001-01-01 BC' AND '9999-12-31 23:59:59.999999'`;
  switch (comparisonKind(column.field, condition)) {
    case 'text': {
      if (!column.text) return undefined;
      // `C` compares bytes, in UTF-8 the order of code points. A column's own equality finds its index.
      const isEquality = condition.operator === 'EQUAL_TO' || condition.operator === 'NOT_EQUAL_TO';
      const left = isEquality && column.text === 'plain' ? name : `(${name}::text COLLATE "C")`;
      const contains = (value: string) => `position(${parameters.add(value)}::text in ${left}) > 0`;
      return { left, right: as('text'), contains };
    }
    case 'integer':
      return { left: name, right: as('int8') };
    case 'decimal':
      return {
        left: name,
        right: as('numeric'),
        ...(column.field.type === 'BigDecimal' && {
          ordered: `${name}::text NOT IN ('NaN', 'Infinity', '-Infinity')`,
        }),
      };
    case 'double':
      return { left: name, right: as('float8'), ordered: `${name} <> 'NaN'` };
    case 'moment':
      return {
        left: name,
        right: column.moment?.zoned
          ? as('timestamptz')
          : (value) => `(${parameters.add(value)}::timestamptz AT TIME ZONE 'UTC')`,
        ordered: datable,
      };
    case 'date':
      return { left: name, right: as('date'), ordered: datable };
    case 'boolean':
      return { left: name, right: as('bool') };
    default:
      return undefined;
  }
}

// ---- columns ----

interface CatalogRow {
  readonly name: string;
  readonly type_name: string;
  readonly type_kind: string;
  readonly is_array: string;
  readonly native_type: string;
  readonly modifier: string;
  readonly is_deterministic: string;
  readonly description: string | null;
}

type Convert = (text: string) => Value;
interface TypeMapping {
  readonly type: FieldType;
  readonly convert: Convert;
  /** Its `>` and `ORDER BY` agree, and its text is exact. */
  readonly orders: boolean;
  readonly form?: TextForm;
}

const asIs: Convert = (text) => text;
const exactInteger: Convert = (text) => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
};
const number: TypeMapping['convert'] = Number;
const ordered = (type: FieldType, form: TextForm, convert: Convert = asIs): TypeMapping => ({
  type,
  convert,
  orders: true,
  form,
});
const unordered = (type: FieldType, convert: Convert): TypeMapping => ({ type, convert, orders: false });

/** By the type's name in pg_catalog. Any other type is a String: what SELECT shows. */
const typeMappings: Readonly<Record<string, TypeMapping>> = {
  bool: ordered('Boolean', 'boolean', (text) => text === 't'),
  int2: ordered('Short', 'integer', number),
  int4: ordered('Integer', 'integer', number),
  int8: ordered('Long', 'integer', exactInteger),
  oid: ordered('Long', 'integer', number),
  float4: ordered('Float', 'real', number),
  float8: ordered('Double', 'real', number),
  numeric: ordered('BigDecimal', 'ascii'),
  date: ordered('Date', 'date', dateText),
  timestamp: ordered('DateTime', 'dateTime', dateTimeText),
  timestamptz: ordered('DateTime', 'dateTime', dateTimeText),
  time: ordered('Time', 'ascii'),
  // Bytes come as `\\x` and hexadecimal digits.
  bytea: { type: 'ByteArray', convert: (text) => Buffer.from(text.slice(2), 'hex'), orders: true },
  json: unordered('Struct', (text) => parseJson(text) as Value),
  jsonb: unordered('Struct', (text) => parseJson(text) as Value),
  text: ordered('String', 'text'),
  varchar: ordered('String', 'text'),
  bpchar: ordered('String', 'text'),
  name: ordered('String', 'text'),
  uuid: ordered('String', 'ascii'),
  inet: ordered('String', 'ascii'),
  macaddr: ordered('String', 'ascii'),
  macaddr8: ordered('String', 'ascii'),
  interval: ordered('String', 'ascii'),
  timetz: ordered('String', 'ascii'),
};

const list = unordered('List', (text) => parseJson(text) as Value);
const struct = unordered('Struct', (text) => parseJson(text) as Value);
const shown: TypeMapping = { type: 'String', convert: asIs, orders: false, form: 'text' };

function mappingOf(row: CatalogRow): TypeMapping {
  if (row.is_array === 't') return list;
  if (row.type_kind === 'c') return struct;
  if (row.type_kind === 'e') return ordered('String', 'text');
  // A type of an extension or a user may bear a built-in name, but its native name is then qualified.
  return (row.native_type.includes('.') ? undefined : typeMappings[row.type_name]) ?? shown;
}

function columnOf(row: CatalogRow): Column {
  const { type, convert, orders, form } = mappingOf(row);
  const modifier = Number(row.modifier);
  const isEnum = row.type_kind === 'e';
  const textTypes = ['text', 'varchar', 'uuid', 'name'];
  const isText = type === 'String' && (isEnum || (orders && textTypes.includes(row.type_name)));
  const isPlain = row.is_deterministic === 't' && (row.type_name === 'text' || row.type_name === 'varchar');
  const isDate = type === 'Date' || type === 'DateTime';
  return {
    name: row.name,
    nativeType: row.native_type,
    field: {
      name: row.name,
      type,
      ...(row.description !== null && { description: row.description }),
      ...(type === 'DateTime' && { fractionDigits: 6 as const }),
      ...(type === 'BigDecimal' && modifier >= 0 && decimalOf(modifier)),
    },
    // The text form of arrays and rows does not tell a nested value's type; JSON does.
    select: type === 'List' || row.type_kind === 'c' ? `to_json(${quote(row.name)})` : quote(row.name),
    convert: (raw) => convert(raw as string),
    ...(form && { form }),
    orders,
    parameter: (placeholder) => placeholder,
    ...(isText && { text: isPlain ? ('plain' as const) : ('cast' as const) }),
    ...(isDate && {
      moment: { stepMilliseconds: stepOf(type, modifier), zoned: row.type_name === 'timestamptz' },
    }),
  };
}

/** The type modifier of `numeric(precision, scale)`: 4 + (precision << 16 | scale), the scale of 11 signed bits. */
function decimalOf(modifier: number): { precision: number; scale: number } {
  const packed = modifier - 4;
  const precision = (packed >> 16) & 0xffff;
  const scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
  // numeric(3, -2) holds 12300: five digits; numeric(2, 4) holds 0.0012.
  return { precision: scale < 0 ? precision - scale : Math.max(precision, scale), scale: Math.max(scale, 0) };
}

/** `timestamp(0)` holds whole seconds; without modifier, microseconds. */
function stepOf(type: FieldType, modifier: number): number {
  if (type === 'Date') return 86_400_000;
  return modifier >= 0 && modifier < 3 ? 10 ** (3 - modifier) : 1;
}

// ---- connection ----

const passwordFix = 'check user name and password of the connection';
const meanings: Readonly<Record<string, Meaning>> = {
  '28000': { code: 'InvalidCredentials', fix: "check the user name, and the server's pg_hba.conf" },
  '28P01': { code: 'InvalidCredentials', fix: passwordFix },
  '3D000': { code: 'ResourceNotFoundError', fix: "mend the connection's database" },
  '42501': { code: 'AccessDenied', fix: 'grant the user USAGE on the schema and SELECT on the table' },
  '42P01': { code: 'ResourceNotFoundError' },
  '42703': { code: 'SchemaChanged' },
  '25P03': { code: 'ServerError' },
  '40': { code: 'ServerError' },
  '53': { code: 'ServiceUnavailable' },
  '55P03': { code: 'RequestTimeout', fix: 'another session holds a lock on the table' },
  '57014': { code: 'RequestTimeout', fix: 'an index that begins with the incremental field may help' },
  '57P03': { code: 'ServiceUnavailable' },
  '57': { code: 'ServerError' },
  '58': { code: 'ServerError' },
  '08': { code: 'ServerError' },
  XX: { code: 'ServerError' },
};

const sessionSettings = [
  'default_transaction_read_only = on',
  // Only built-in functions and operators can be meant.
  "search_path = ''",
  "client_encoding = 'UTF8'",
  "TimeZone = 'UTC'",
  "DateStyle = 'ISO, YMD'",
  "IntervalStyle = 'postgres'",
  "bytea_output = 'hex'",
  'extra_float_digits = 3',
  `statement_timeout = ${statementTimeout}`,
  `lock_timeout = ${lockTimeout}`,
]
  .map((setting) => `SET ${setting}`)
  .join('; ');

async function connect(target: Target): Promise<Connection> {
  const { default: pg } = await import('pg');
  // TLS takes the bytes from below the socket's own events.
  const plain = target.ssl === 'disable' ? lendingSocket(pieceBytes) : undefined;
  const client = new pg.Client({
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.username,
    password: target.password,
    ssl: target.ssl !== 'disable' && {
      rejectUnauthorized: target.ssl === 'verify-full',
      ...(target.sslCa !== undefined && { ca: target.sslCa }),
      ...(isIP(target.host) === 0 && { servername: target.host }),
    },
    application_name: readerName,
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    ...(plain && { stream: () => plain.socket }),
    types: { getTypeParser: () => (text: string) => text },
  });
  // A connection lost between two queries: the next query tells; without a listener it would end the process.
  client.on('error', () => undefined);
  let encoding = '';
  client.connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
    if (parameterName === 'server_encoding') encoding = parameterValue;
  });
  const at = `${target.host}:${target.port}/${target.database}`;
  try {
    await client.connect();
    await client.query(sessionSettings);
  } catch (error) {
    await client.end().catch(() => undefined);
    if (error instanceof pg.DatabaseError) throw databaseError(error, meanings, at, true);
    // The exchange of SCRAM proofs is the driver's own; its errors carry no code.
    if (messageOf(error).startsWith('SASL')) {
      throw new TributaryError('InvalidCredentials', messageOf(error), {
        at,
        fix: passwordFix,
        cause: error,
      });
    }
    throw unreachable(error, target);
  }
  // With SQL_ASCII the server knows no encoding: texts are what was once written.
  const dataRows = ['', 'SQL_ASCII'].includes(encoding) ? undefined : dataRowsOf(client.connection.stream);
  if (dataRows) plain?.lend();
  return connectionOf(client, pg.Query, dataRows, (error, place) =>
    databaseError(error, meanings, place ?? at, error instanceof pg.DatabaseError),
  );
}

/** The driver's event. */
interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

function connectionOf(
  client: Client,
  Query: typeof import('pg').Query,
  dataRows: DataRows | undefined,
  translate: (error: unknown, at?: string) => TributaryError,
): Connection {
  // With a statement under way `end` cuts the connection.
  const abandon = () => void client.end().catch(() => undefined);
  async function answered(query: InstanceType<typeof Query>, at: string): Promise<void> {
    const answer = new Promise<void>((resolve, reject) => {
      query.on('end', () => resolve()).on('error', (error) => reject(translate(error, at)));
      client.query(query);
    });
    await answerOf(answer, at, abandon);
  }
  const query: Connection['query'] = async (text, values, onRow, at) => {
    const { take, check } = guarded(onRow);
    const config = { text, values: [...values], rowMode: 'array' };
    await answered(new Query(config).on('row', take), at);
    check();
  };
  const queryWire =
    dataRows &&
    (async (text: string, values: readonly string[], wanted: WantedRows, at: string) => {
      let refused: TributaryError | undefined;
      dataRows.begin(wanted, (bytes) => {
        refused = tooLong(bytes, wanted.longest, at);
        abandon();
      });
      let failure: unknown;
      await answered(new Query({ text, values: [...values] }), at).catch((error) => {
        failure = error;
      });
      const rows = dataRows.end();
      if (refused ?? failure) throw refused ?? failure;
      return rows;
    });
  const all: All = async <T>(text: string, values: readonly string[] = [], at?: string) => {
    try {
      return (await answerOf(client.query(text, [...values]), at ?? 'catalog', abandon)).rows as T[];
    } catch (error) {
      throw translate(error, at);
    }
  };

  return {
    query,
    ...(queryWire && { queryWire }),
    schemas: async () =>
      (
        await all<{ name: string }>(
          `SELECT nspname AS name FROM pg_namespace
           WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'USAGE')
           ORDER BY 1`,
        )
      ).map(({ name }) => name),
    tables: async (schema) =>
      (
        await all<{ name: string }>(
          `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
             AND has_any_column_privilege(c.oid, 'SELECT')
           ORDER BY 1`,
          [schema],
        )
      ).map(({ name }) => name),
    table: (schema, name) => describeTable(all, schema, name),
    localZone: async () => {
      const [zone] = await all<{ reset_val: string }>(
        "SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'",
      );
      return zone && utcNames.test(zone.reset_val) ? undefined : zone?.reset_val;
    },
    completeUntil: (log, clock) => completeUntil(all, log, clock),
    ping: async () => {
      await all('SELECT 1');
    },
    close: () => client.end().catch(() => undefined),
  };
}

interface GuardedRows<R> {
  take(row: R): void;
  /** @throws what `onRow` has thrown */
  check(): void;
}

/** What `onRow` throws would break the driver's reading of the connection: it is thrown when the statement has ended. */
function guarded<R>(onRow: (row: R) => void): GuardedRows<R> {
  let failure: unknown;
  return {
    take(row) {
      if (failure !== undefined) return;
      try {
        onRow(row);
      } catch (error) {
        failure = error;
      }
    },
    check() {
      if (failure !== undefined) throw failure;
    },
  };
}

function tooLong(bytes: number, longest: number, at: string): TributaryError {
  return new TributaryError('SourceDataInvalid', 'a row is too long', {
    at,
    got: `${bytes} bytes`,
    expected: `at most ${longest}`,
    fix: `leave out a column; or ${roomFor(bytes, true)}`,
  });
}

type All = <T>(text: string, values?: readonly string[], at?: string) => Promise<T[]>;

async function describeTable(all: All, schema: string, name: string): Promise<Table> {
  const at = `${schema}.${name}`;
  const [found] = await all<{ oid: string; kind: string; allowed: string; inherited: string }>(
    `SELECT c.oid, c.relkind AS kind,
       has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT') AS allowed,
       c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid) AS inherited
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [schema, name],
  );
  if (!found) return await notFound(all, schema, name);
  if (found.allowed !== 't') {
    throw new TributaryError('AccessDenied', 'the user may not read the table', {
      at,
      fix: `GRANT USAGE ON SCHEMA ${quote(schema)} and SELECT ON ${quote(schema)}.${quote(name)} to the connection's user`,
    });
  }
  // Domains are read as the type below them.
  const columns = await all<CatalogRow>(
    `WITH RECURSIVE col AS (
       SELECT attnum, attname, atttypid AS type, atttypmod AS modifier, attcollation AS collation
       FROM pg_attribute
       WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'SELECT')
     UNION ALL
       SELECT c.attnum, c.attname, t.typbasetype, greatest(t.typtypmod, c.modifier), c.collation
       FROM col c JOIN pg_type t ON t.oid = c.type WHERE t.typtype = 'd')
     SELECT col.attname AS name, t.typname AS type_name, t.typtype AS type_kind, t.typcategory = 'A' AS is_array,
       format_type(t.oid, col.modifier) AS native_type, col.modifier,
       ${await deterministicColumn(all)} AS is_deterministic,
       col_description($1, col.attnum) AS description
     FROM col JOIN pg_type t ON t.oid = col.type LEFT JOIN pg_collation k ON k.oid = col.collation
     WHERE t.typtype <> 'd' ORDER BY col.attnum`,
    [found.oid],
    at,
  );
  const indexes = await all<{ is_key: string; columns: string }>(
    // Columns of the key alone, by name; an expression has no name. indkey counts from 0.
    `SELECT i.indisunique AND bool_and(coalesce(a.attnotnull, false)) AS is_key,
       json_agg(a.attname ORDER BY k.position) AS columns
     FROM pg_index i
       CROSS JOIN LATERAL unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(attnum, position)
       LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = $1 AND i.indisvalid AND i.indpred IS NULL
       AND i.indexrelid IN (SELECT c.oid FROM pg_class c JOIN pg_am m ON m.oid = c.relam WHERE m.amname = 'btree')
     GROUP BY i.indexrelid, i.indisunique, i.indisprimary, i.indnkeyatts
     ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid`,
    [found.oid],
    at,
  );
  const named = indexes.map((index) => ({
    isKey: index.is_key === 't',
    columns: JSON.parse(index.columns) as (string | null)[],
  }));
  return {
    schema,
    name,
    kind: found.kind === 'v' ? 'view' : 'table',
    columns: columns.map(columnOf),
    // Old-style inheritance: a parent's index knows nothing of its children's rows.
    uniqueKeys:
      found.inherited === 't'
        ? []
        : named
            .filter(({ isKey }) => isKey)
            .map(({ columns }) => columns.filter((column) => column !== null)),
    indexed: new Set(named.flatMap(({ columns }) => columns.slice(0, 1)).filter((column) => column !== null)),
  };
}

/** Collations that call different texts equal came with PostgreSQL 12. */
async function deterministicColumn(all: All): Promise<string> {
  const [version] = await all<{ server_version_num: string }>('SHOW server_version_num');
  return Number(version?.server_version_num) >= 120_000 ? 'coalesce(k.collisdeterministic, true)' : 'true';
}

async function notFound(all: All, schema: string, name: string): Promise<never> {
  const schemas = await all<{ name: string }>('SELECT nspname AS name FROM pg_namespace');
  const known = schemas.map((row) => row.name);
  if (!known.includes(schema)) {
    throw new TributaryError('ResourceNotFoundError', 'the database has no such schema', {
      at: schema,
      fix: didYouMean(schema, known) ?? 'write entityName as schema.table',
    });
  }
  const tables = await all<{ name: string }>(
    'SELECT relname AS name FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)',
    [schema],
  );
  throw new TributaryError('ResourceNotFoundError', 'the schema has no such table or view', {
    at: `${schema}.${name}`,
    fix:
      didYouMean(
        name,
        tables.map((row) => row.name),
      ) ?? 'mend entityName',
  });
}

// ---- transactions ----

/**
 * `now()` stamps a row with the start of its transaction, and the row appears when that commits: nothing stamped before
 * the start of the oldest open transaction can appear any more. Prepared transactions are open too.
 */
async function completeUntil(all: All, log: Log, clock: Clock): Promise<number> {
  const milliseconds = (moment: string) => `floor(extract(epoch FROM ${moment}) * 1000)`;
  const [server] = await all<{ now: string; standby: string; replayed: string | null }>(
    `SELECT ${milliseconds('clock_timestamp()')} AS now, pg_is_in_recovery() AS standby,
       ${milliseconds('pg_last_xact_replay_timestamp()')} AS replayed`,
  );
  const now = Number(server?.now);
  if (server?.standby === 't') {
    log.warn(
      'the database is a standby: transactions open on its primary cannot be seen; set a schedule offset longer than they last',
    );
    const replayed = server.replayed === null ? now - hiddenTransactionMargin : Number(server.replayed);
    return Math.min(now, replayed);
  }
  // A transaction takes its start from the clock a moment before it shows in pg_stat_activity.
  await clock.sleep(100);
  const [open] = await all<{ oldest: string | null; hidden: string; prepared: string | null }>(
    `SELECT ${milliseconds('min(xact_start)')} AS oldest,
       count(*) FILTER (WHERE query = '<insufficient privilege>' OR state = 'disabled') AS hidden,
       (SELECT ${milliseconds('min(prepared)')} FROM pg_prepared_xacts WHERE database = current_database()) AS prepared
     FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> $1
       AND coalesce(backend_type, '') NOT IN ('autovacuum worker', 'walsender', 'parallel worker')`,
    [readerName],
  );
  const bounds = [now];
  if (open?.oldest) bounds.push(Number(open.oldest));
  if (open?.prepared) {
    log.warn('a prepared transaction waits for its commit: the window ends before it', {
      marginSeconds: preparedTransactionMargin / 1000,
    });
    bounds.push(Number(open.prepared) - preparedTransactionMargin);
  }
  if (Number(open?.hidden) > 0) {
    log.warn(
      'the user may not see when other sessions began their transactions: GRANT pg_read_all_stats to it',
      {
        hiddenSessions: Number(open?.hidden),
        marginSeconds: hiddenTransactionMargin / 1000,
      },
    );
    bounds.push(now - hiddenTransactionMargin);
  }
  return Math.min(...bounds);
}
