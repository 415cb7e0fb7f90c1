/**
 * MySQL 5.7 and later, MariaDB 10.5 and later: catalog, types, transactions, errors.
 * Facts: https://dev.mysql.com/doc/refman/8.4/en/information-schema.html, …/type-conversion.html,
 * …/information-schema-innodb-trx-table.html, https://mariadb.com/kb/en/information-schema/.
 */

import { isIP } from 'node:net';
import type { Connection as Driver } from 'mysql2';
import {
  type Clock,
  type FieldType,
  type FilterCondition,
  type Log,
  TributaryError,
  type Value,
} from '#core';
import { didYouMean } from '../../core/flow/finding.ts';
import { answerOf } from './answer.ts';
import { type Comparison, comparisonKind, comparisonSql } from './compare.ts';
import { databaseError, type Meaning, unreachable } from './database-error.ts';
import { dateTimeText, utcNames } from './dates.ts';
import type { Column, Connection, Dialect, Parameters, RawValue, Table, Target } from './dialect.ts';
import { parseJson } from './json.ts';
import {
  connectTimeout,
  hiddenTransactionMargin,
  lockTimeout,
  snapshotMargin,
  statementTimeout,
} from './limits.ts';

export const mysql: Dialect = {
  defaultPort: 3306,
  connect,
  quote,
  newParameters(): Parameters {
    const values: string[] = [];
    return {
      values,
      add(value) {
        values.push(value);
        return '?';
      },
    };
  },
  // MySQL reads a range of the index for the plain first comparison, not for a row comparison.
  after(columns, after, parameters) {
    const beyond = (
      [column, ...columns]: readonly Column[],
      [value = '', ...after]: readonly string[],
    ): string => {
      if (!column) return 'FALSE';
      const compare = (operator: string) =>
        `${quote(column.name)} ${operator} ${column.parameter(parameters.add(value))}`;
      if (columns.length === 0) return compare('>');
      return `${compare('>=')} AND (${compare('>')} OR ${beyond(columns, after)})`;
    };
    return `(${beyond(columns, after)})`;
  },
  moment(column, operator, time, parameters) {
    return `${quote(column.name)} ${operator} ${dateTime(parameters.add(plainUtc(new Date(time).toISOString())))}`;
  },
  filter,
};

function quote(identifier: string): string {
  return `\`${identifier.replaceAll('`', '``')}\``;
}

const dateTime = (placeholder: string): string => `CAST(${placeholder} AS DATETIME(6))`;
/** `2026-01-02T03:04:05.678Z` as MySQL reads it; the session's time zone is UTC. */
const plainUtc = (iso: string): string => iso.replace('T', ' ').replace('Z', '');

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
  const as = (type: string) => (value: string) => `CAST(${parameters.add(value)} AS ${type})`;
  // `0000-00-00` and `2024-05-00` are dates here, and null or no date to the engine.
  const datable = `DAYOFMONTH(${name}) > 0 AND MONTH(${name}) > 0`;
  switch (comparisonKind(column.field, condition)) {
    case 'text': {
      if (!column.text) return undefined;
      // Bytes: collations ignore case, accents and trailing spaces.
      const left = `CAST(CONVERT(${name} USING utf8mb4) AS BINARY)`;
      const right = as('BINARY');
      return {
        left,
        right,
        // What is equal by bytes is equal by any collation, whose index is then used. Text that the column's character
        // set lacks would be an error there.
        equals: (value) =>
          /^[ -~]*$/.test(value) && column.text === 'plain'
            ? `(${name} = ${parameters.add(value)} AND ${left} = ${right(value)})`
            : `${left} = ${right(value)}`,
        contains: (value) => `LOCATE(${right(value)}, ${left}) > 0`,
      };
    }
    case 'integer':
      return { left: name, right: as('SIGNED') };
    case 'decimal':
      return { left: name, right: as('DECIMAL(65,30)') };
    case 'double':
      return { left: name, right: double };
    case 'moment':
      if (!condition.values.every((value) => value.endsWith('Z'))) return undefined;
      return { left: name, right: (value) => dateTime(parameters.add(plainUtc(value))), ordered: datable };
    case 'date':
      return { left: name, right: as('DATE'), ordered: datable };
    default:
      return undefined;
  }

  function double(value: string): string {
    return `(${parameters.add(value)} + 0e0)`;
  }
}

// ---- columns ----

type Convert = (raw: RawValue) => Value;

interface TypeMapping {
  readonly type: FieldType;
  readonly convert: Convert;
  /** Absent: rows cannot be read in its order. */
  readonly parameter?: (placeholder: string) => string;
  /** Absent: the column itself. */
  readonly select?: (column: string) => string;
}

const asIs: Convert = (raw) => raw;
const plain = (placeholder: string): string => placeholder;
const castTo = (type: string) => (placeholder: string) => `CAST(${placeholder} AS ${type})`;
/** The text that SELECT shows, whatever the driver would make of the type. */
const text = (column: string): string => `CAST(${column} AS CHAR)`;
const integer = (type: FieldType): TypeMapping => ({ type, convert: asIs, parameter: castTo('SIGNED') });
/** The driver gives integers beyond 2^53 as text. */
const bigInteger: Convert = (raw) => (typeof raw === 'string' ? BigInt(raw) : raw);
const string: TypeMapping = { type: 'String', convert: asIs, parameter: plain };
const unorderedText: TypeMapping = { type: 'String', convert: asIs, select: text };
const bytes: TypeMapping = {
  type: 'ByteArray',
  // A copy: the driver's is a view of a network buffer.
  convert: (raw) => Buffer.from(raw as Uint8Array),
  parameter: (placeholder) => `UNHEX(${placeholder})`,
};
const geometry: TypeMapping = { type: 'String', convert: asIs, select: (column) => `ST_AsText(${column})` };

/** By DATA_TYPE, with ` unsigned` where it is. Any other type is a String: its text. */
const typeMappings: Readonly<Record<string, TypeMapping>> = {
  tinyint: integer('Short'),
  'tinyint unsigned': integer('Short'),
  smallint: integer('Short'),
  'smallint unsigned': integer('Integer'),
  mediumint: integer('Integer'),
  'mediumint unsigned': integer('Integer'),
  int: integer('Integer'),
  'int unsigned': integer('Long'),
  bigint: { type: 'Long', convert: bigInteger, parameter: castTo('SIGNED') },
  'bigint unsigned': { type: 'BigInteger', convert: bigInteger, parameter: castTo('UNSIGNED') },
  year: integer('Integer'),
  decimal: { type: 'BigDecimal', convert: asIs, parameter: castTo('DECIMAL(65,30)') },
  float: { type: 'Float', convert: (raw) => shortestFloat(raw as number) },
  double: { type: 'Double', convert: asIs, parameter: (placeholder) => `(${placeholder} + 0e0)` },
  date: {
    type: 'Date',
    convert: (raw) => dateOrNull(raw as string, asIs),
    parameter: castTo('DATE'),
    select: text,
  },
  datetime: {
    type: 'DateTime',
    convert: (raw) => dateOrNull(raw as string, momentText),
    parameter: dateTime,
    select: text,
  },
  timestamp: {
    type: 'DateTime',
    convert: (raw) => dateOrNull(raw as string, momentText),
    parameter: dateTime,
    select: text,
  },
  time: { type: 'Time', convert: asIs, parameter: castTo('TIME(6)'), select: text },
  char: string,
  varchar: string,
  tinytext: string,
  text: string,
  mediumtext: string,
  longtext: string,
  uuid: { ...string, select: text },
  // By name and not by text is an enum ordered.
  enum: { type: 'String', convert: asIs },
  set: { type: 'String', convert: asIs },
  binary: bytes,
  varbinary: bytes,
  tinyblob: bytes,
  blob: bytes,
  mediumblob: bytes,
  longblob: bytes,
  json: { type: 'Struct', convert: (raw) => parseJson(raw as string) as Value, select: text },
  geometry,
  point: geometry,
  linestring: geometry,
  polygon: geometry,
  multipoint: geometry,
  multilinestring: geometry,
  multipolygon: geometry,
  geomcollection: geometry,
  geometrycollection: geometry,
};

function momentText(raw: RawValue): Value {
  const moment = String(raw);
  return moment.slice(5, 7) === '00' || moment.slice(8, 10) === '00' ? moment : dateTimeText(moment);
}

/** MySQL's zero date stands for a missing one: `IS NULL` finds it in NOT NULL columns. */
function dateOrNull(raw: string, convert: Convert): Value {
  return raw.startsWith('0000-00-00') ? null : convert(raw);
}

/** The driver widens a 4-byte float: 0.1 comes as 0.10000000149011612. Nine digits tell all such floats apart. */
function shortestFloat(float: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
  return Number(float.toPrecision(9));
}

interface CatalogRow {
  readonly name: string;
  readonly dataType: string;
  readonly columnType: string;
  readonly precision: number | null;
  readonly scale: number | null;
  readonly fraction: number | null;
  readonly comment: string;
}

/** Exported for its test. */
export function columnOf(row: CatalogRow): Column {
  const { name, dataType, columnType, precision, scale, comment } = row;
  const unsigned = / unsigned\b/.test(columnType) ? ' unsigned' : '';
  const mapping = typeMappings[dataType + unsigned] ?? typeMappings[dataType] ?? unorderedText;
  const { type, convert, parameter, select } = dataType === 'bit' ? bit(columnType) : mapping;
  const quoted = quote(name);
  const isDate = type === 'Date' || type === 'DateTime';
  return {
    name,
    nativeType: columnType,
    field: {
      name,
      type,
      ...(comment !== '' && { description: comment }),
      ...(type === 'DateTime' && { fractionDigits: 6 as const }),
      ...(type === 'BigDecimal' && precision !== null && { precision, scale: scale ?? 0 }),
      // 2^64 - 1 has twenty digits.
      ...(type === 'BigInteger' && { precision: 20, scale: 0 }),
    },
    select: select?.(quoted) ?? quoted,
    convert,
    orders: parameter !== undefined,
    parameter: parameter ?? plain,
    ...(type === 'String' && !select && { text: parameter ? ('plain' as const) : ('cast' as const) }),
    ...(isDate && {
      moment: {
        stepMilliseconds: type === 'Date' ? 86_400_000 : 10 ** (3 - Math.min(row.fraction ?? 0, 3)),
        zoned: dataType === 'timestamp',
      },
    }),
  };
}

/** A bit is a Boolean, several are their digits. */
function bit(columnType: string): TypeMapping {
  const width = Number(/\d+/.exec(columnType)?.[0] ?? 1);
  if (width === 1)
    return { type: 'Boolean', convert: (raw) => Number(raw) === 1, select: (column) => `${column} + 0` };
  return { type: 'String', convert: asIs, select: (column) => `LPAD(BIN(${column} + 0), ${width}, '0')` };
}

// ---- connection ----

const denied: Meaning = { code: 'AccessDenied', fix: 'grant the user SELECT on the table' };
const meanings: Readonly<Record<string, Meaning>> = {
  ER_ACCESS_DENIED_ERROR: {
    code: 'InvalidCredentials',
    fix: 'check user name and password of the connection',
  },
  ER_HOST_NOT_PRIVILEGED: { code: 'InvalidCredentials', fix: 'allow the user to connect from this host' },
  ER_NOT_SUPPORTED_AUTH_MODE: { code: 'InvalidCredentials' },
  ER_DBACCESS_DENIED_ERROR: { ...denied, fix: 'grant the user access to the database' },
  ER_TABLEACCESS_DENIED_ERROR: denied,
  ER_COLUMNACCESS_DENIED_ERROR: denied,
  ER_SPECIFIC_ACCESS_DENIED_ERROR: denied,
  ER_BAD_DB_ERROR: { code: 'ResourceNotFoundError', fix: "mend the connection's database" },
  ER_NO_SUCH_TABLE: { code: 'ResourceNotFoundError' },
  ER_BAD_FIELD_ERROR: { code: 'SchemaChanged' },
  ER_CON_COUNT_ERROR: { code: 'ServiceUnavailable' },
  ER_TOO_MANY_USER_CONNECTIONS: { code: 'ServiceUnavailable' },
  ER_QUERY_TIMEOUT: { code: 'RequestTimeout' },
  // MariaDB's max_statement_time.
  '70100': { code: 'RequestTimeout' },
  ER_LOCK_WAIT_TIMEOUT: { code: 'RequestTimeout', fix: 'another session holds a lock on the table' },
  ER_QUERY_INTERRUPTED: { code: 'ServerError' },
  ER_LOCK_DEADLOCK: { code: 'ServerError' },
  ER_SERVER_SHUTDOWN: { code: 'ServerError' },
};

async function connect(target: Target): Promise<Connection> {
  // mysql2 compares an address with no name of the certificate.
  if (target.ssl === 'verify-full' && isIP(target.host) !== 0) {
    throw new TributaryError(
      'ConnectionInvalid',
      "ssl 'verify-full' needs the server's name, to find it in its certificate",
      {
        at: 'hostname',
        got: target.host,
        expected: 'a host name',
      },
    );
  }
  const { default: mysql2 } = await import('mysql2');
  const at = `${target.host}:${target.port}/${target.database}`;
  const translate = (error: unknown, place = at) =>
    databaseError(error, meanings, place, isFromDatabase(error));
  const driver = mysql2.createConnection({
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.username,
    password: target.password,
    ...(target.ssl !== 'disable' && {
      ssl: {
        rejectUnauthorized: target.ssl === 'verify-full',
        verifyIdentity: target.ssl === 'verify-full',
        ...(target.sslCa !== undefined && { ca: target.sslCa }),
      },
    }),
    connectTimeout,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    dateStrings: true,
    jsonStrings: true,
    // A page's size is part of its statement: keep few of them prepared.
    maxPreparedStatements: 8,
    flags: ['-LOCAL_FILES'],
  });
  // A connection lost between two statements: the next one tells; without a listener it would end the process.
  driver.on('error', () => undefined);
  try {
    await new Promise<void>((resolve, reject) =>
      driver.connect((error) => (error ? reject(error) : resolve())),
    );
  } catch (error) {
    driver.destroy();
    throw isFromDatabase(error) ? translate(error) : unreachable(error, target);
  }
  const connection = connectionOf(driver, translate);
  try {
    await prepareSession(connection, at);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return connection;
}

const isFromDatabase = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'sqlMessage' in error && error.sqlMessage !== undefined;

async function prepareSession(connection: Connection, at: string): Promise<void> {
  const none = () => undefined;
  let version = '';
  await connection.query('SELECT VERSION()', [], ([text]) => (version = String(text)), at);
  const timeout = version.includes('MariaDB')
    ? `max_statement_time = ${statementTimeout / 1000}`
    : `max_execution_time = ${statementTimeout}`;
  const settings = [
    "time_zone = '+00:00'",
    // How SELECT shows CHAR and reads what we compare with, whatever the server's default.
    "sql_mode = 'NO_ENGINE_SUBSTITUTION'",
    `lock_wait_timeout = ${lockTimeout / 1000}`,
    timeout,
  ];
  await connection.query(`SET ${settings.map((setting) => `SESSION ${setting}`).join(', ')}`, [], none, at);
  await connection.query('SET SESSION TRANSACTION READ ONLY', [], none, at);
}

function connectionOf(
  driver: Driver,
  translate: (error: unknown, at?: string) => TributaryError,
): Connection {
  /** What ends the statements under way: the driver tells only the connection, and no statement, that it is lost. */
  const underWay = new Set<(error: unknown) => void>();
  const fail = (error: unknown) => {
    for (const reject of underWay) reject(error);
  };
  driver.on('error', fail);
  // Prepared statements: values never become part of the SQL text.
  const query: Connection['query'] = async (sql, values, onRow, at) => {
    let failure: unknown;
    let reject: (error: unknown) => void = () => undefined;
    try {
      const answer = new Promise<void>((resolve, refuse) => {
        reject = refuse;
        underWay.add(reject);
        driver
          .execute({ sql, values: [...values], rowsAsArray: true })
          .on('result', (row: unknown) => {
            if (failure !== undefined || !Array.isArray(row)) return;
            try {
              onRow(row);
            } catch (error) {
              // Thrown from here it would break the driver's reading of the connection.
              failure = error;
            }
          })
          .on('error', reject)
          .on('end', resolve);
      });
      await answerOf(answer, at, () => driver.destroy());
    } catch (error) {
      throw translate(error, at);
    } finally {
      underWay.delete(reject);
    }
    if (failure !== undefined) throw failure;
  };
  const all = async (sql: string, values: readonly string[], at: string): Promise<Cell[][]> => {
    const rows: Cell[][] = [];
    await query(sql, values, (row) => rows.push([...row]), at);
    return rows;
  };
  return {
    query,
    schemas: () => schemas(all),
    tables: (schema) => tables(all, schema),
    table: (schema, name) => describeTable(all, schema, name),
    localZone: async () => {
      const [row] = await all('SELECT @@global.time_zone, @@system_time_zone', [], '@@time_zone');
      const zone = String(row?.[0] === 'SYSTEM' ? row[1] : row?.[0]);
      return utcNames.test(zone) ? undefined : zone;
    },
    completeUntil: (log, clock) => completeUntil(all, log, clock),
    ping: async () => {
      await all('SELECT 1', [], 'SELECT 1');
    },
    close: () =>
      new Promise((resolve) => {
        if (underWay.size === 0) driver.end(() => resolve());
        else {
          driver.destroy();
          fail(new Error('closed before the statement ended'));
          resolve();
        }
      }),
  };
}

type Cell = RawValue | null;
type All = (sql: string, values: readonly string[], at: string) => Promise<Cell[][]>;

async function schemas(all: All): Promise<string[]> {
  const rows = await all(
    `SELECT schema_name FROM information_schema.schemata
     WHERE schema_name NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY 1`,
    [],
    'information_schema',
  );
  return rows.map(([name]) => String(name));
}

async function tables(all: All, schema: string): Promise<string[]> {
  const rows = await all(
    `SELECT table_name FROM information_schema.tables
     WHERE table_schema = ? AND table_type IN ('BASE TABLE', 'VIEW') ORDER BY 1`,
    [schema],
    schema,
  );
  return rows.map(([name]) => String(name));
}

async function describeTable(all: All, schema: string, name: string): Promise<Table> {
  const at = `${schema}.${name}`;
  const [found] = await all(
    `SELECT table_type FROM information_schema.tables
     WHERE table_schema = ? AND table_name = ? AND table_type IN ('BASE TABLE', 'VIEW')`,
    [schema, name],
    at,
  );
  if (!found) {
    const known = await schemas(all);
    const inSchema = known.includes(schema);
    throw new TributaryError(
      'ResourceNotFoundError',
      `there is no such ${inSchema ? 'table or view' : 'schema'}, or the user has no privilege on it`,
      {
        at: inSchema ? at : schema,
        fix:
          (inSchema ? didYouMean(name, await tables(all, schema)) : didYouMean(schema, known)) ??
          'write entityName as schema.table, and grant SELECT on it',
      },
    );
  }
  const columns = await all(
    `SELECT column_name, data_type, column_type, numeric_precision, numeric_scale, datetime_precision, column_comment
     FROM information_schema.columns
     WHERE table_schema = ? AND table_name = ? AND privileges LIKE '%select%' ORDER BY ordinal_position`,
    [schema, name],
    at,
  );
  if (columns.length === 0)
    throw new TributaryError('AccessDenied', 'the user may not read the table', { at });
  const indexes = await all(
    `SELECT index_name, non_unique, nullable, sub_part, column_name FROM information_schema.statistics
     WHERE table_schema = ? AND table_name = ? AND index_type = 'BTREE'
     ORDER BY index_name <> 'PRIMARY', index_name, seq_in_index`,
    [schema, name],
    at,
  );
  return {
    schema,
    name,
    kind: found[0] === 'VIEW' ? 'view' : 'table',
    columns: columns.map(([column, dataType, columnType, precision, scale, fraction, comment]) =>
      columnOf({
        name: String(column),
        dataType: String(dataType).toLowerCase(),
        columnType: String(columnType),
        precision: numberOrNull(precision),
        scale: numberOrNull(scale),
        fraction: numberOrNull(fraction),
        comment: String(comment ?? ''),
      }),
    ),
    ...indexesOf(indexes),
  };
}

const numberOrNull = (value: Cell | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);

function indexesOf(rows: readonly Cell[][]): Pick<Table, 'uniqueKeys' | 'indexed'> {
  const keys = new Map<string, { unique: boolean; columns: string[] }>();
  for (const [index, nonUnique, nullable, prefix, column] of rows) {
    const key = keys.get(String(index)) ?? { unique: true, columns: [] };
    keys.set(String(index), key);
    // A prefix or an expression is no column.
    const whole = prefix === null && column !== null;
    key.unique &&= Number(nonUnique) === 0 && nullable !== 'YES' && whole;
    key.columns.push(whole ? String(column) : '');
  }
  return {
    uniqueKeys: [...keys.values()].filter(({ unique }) => unique).map(({ columns }) => columns),
    indexed: new Set([...keys.values()].flatMap(({ columns }) => columns.slice(0, 1)).filter(Boolean)),
  };
}

// ---- transactions ----

/**
 * NOW() is the start of a statement, and its row appears when the transaction commits: no row stamped before the start
 * of the oldest open transaction that can write, or of the oldest statement that waits for a lock before its
 * transaction begins, can appear any more.
 */
async function completeUntil(all: All, log: Log, clock: Clock): Promise<number> {
  const at = 'information_schema.innodb_trx';
  const milliseconds = (moment: string) => `FLOOR(UNIX_TIMESTAMP(${moment}) * 1000)`;
  const [server] = await all(`SELECT ${milliseconds('SYSDATE(6)')}`, [], at);
  const now = Number(server?.[0]) - snapshotMargin;
  // A statement takes its time from the clock a moment before its transaction shows, and InnoDB may show transactions as
  // they were for the last one who asked within a tenth of a second.
  await clock.sleep(200);
  try {
    // InnoDB tells times in the server's own zone, as whole seconds, and a statement's before the transaction's.
    const [open] = await all(
      `SELECT ${milliseconds("CONVERT_TZ(MIN(trx_started), 'SYSTEM', '+00:00')")} - 1000,
         (SELECT MAX(time) FROM information_schema.processlist WHERE state LIKE 'Waiting for%lock')
       FROM information_schema.innodb_trx
       WHERE trx_is_read_only = 0 AND trx_mysql_thread_id <> CONNECTION_ID()`,
      [],
      at,
    );
    const [started, waited] = open ?? [];
    return Math.min(
      now,
      ...(started === null || started === undefined ? [] : [Number(started)]),
      ...(waited === null || waited === undefined ? [] : [now - (Number(waited) + 1) * 1000]),
    );
  } catch (error) {
    if (!(error instanceof TributaryError && error.code === 'AccessDenied')) throw error;
    log.warn('the user may not see open transactions: GRANT PROCESS ON *.* to it', {
      marginSeconds: hiddenTransactionMargin / 1000,
    });
    return now - hiddenTransactionMargin;
  }
}
