/** 100,000 rows of a MariaDB, read by `tributary run`; the truth is what the server itself writes of SELECT. */

import { join } from 'node:path';
import mysql2 from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMariaDb, type TestMariaDb } from '../databases/mariadb.ts';
import { compare, quote } from './differences.ts';
import {
  createTable,
  newTableFlow,
  rowsOf,
  type TableColumn,
  type TableFlow,
  textFile,
} from './table-flow.ts';

/** A number of 32 bits, another for each `seed`. */
const hash = (seed: number) => `CAST(CRC32(CONCAT(i, '-${seed}')) AS SIGNED)`;
/** Moments compare as microseconds since 1970. */
const moment = (name: string) => ({
  type: 'TIMESTAMP WITH TIME ZONE',
  select: `TIMESTAMPDIFF(MICROSECOND, '1970-01-01', NULLIF(${name}, 0))`,
  output: `epoch_us(${name})`,
  truth: `${name}::BIGINT`,
});

const table: readonly TableColumn[] = [
  { name: 'id', sqlType: 'bigint unsigned', type: 'DECIMAL(20,0)', value: '18446744073709000000 + 5 * i' },
  { name: 'tiny', sqlType: 'tinyint(1)', type: 'INTEGER', value: 'i % 256 - 128' },
  { name: 'small', sqlType: 'smallint unsigned', type: 'INTEGER', value: 'i % 65536' },
  { name: 'medium', sqlType: 'mediumint', type: 'INTEGER', value: `${hash(1)} % 16777216 - 8388608` },
  { name: 'whole', sqlType: 'int unsigned', type: 'BIGINT', value: hash(2) },
  {
    name: 'big',
    sqlType: 'bigint',
    type: 'BIGINT',
    value: `(${hash(3)} - 2147483648) * 4294967296 + ${hash(4)}`,
  },
  { name: 'price', sqlType: 'decimal(12,2)', type: 'DECIMAL(12,2)', value: `${hash(5)} * 0.01 - 20000000` },
  {
    name: 'exact',
    sqlType: 'decimal(38,10)',
    type: 'DECIMAL(38,10)',
    value: `CAST(${hash(6)} AS DECIMAL(38,10)) * ${hash(7)} * 0.0000000001 - 900000000`,
    // DuckDB takes long to read such decimals from text.
    output: 'exact::VARCHAR',
    truth: 'exact',
  },
  // More digits than a Parquet decimal has: text.
  {
    name: 'wide',
    sqlType: 'decimal(65,30)',
    type: 'VARCHAR',
    value: `CAST(${hash(8)} AS DECIMAL(65,30)) / 7`,
  },
  {
    name: 'single',
    sqlType: 'float',
    type: 'FLOAT',
    value: `(${hash(9)} - 2147483648e0) / 1e5`,
    // SELECT shows six digits of a float, its double all.
    select: 'CAST(single AS double)',
    truth: 'single::DOUBLE::FLOAT',
  },
  { name: 'twofold', sqlType: 'double', type: 'DOUBLE', value: `(${hash(10)} - 2147483648e0) / 3e-7` },
  { name: 'yes', sqlType: 'bit(1)', type: 'BOOLEAN', value: 'i % 2', select: 'yes + 0' },
  {
    name: 'bits',
    sqlType: 'bit(5)',
    type: 'VARCHAR',
    value: 'i % 32',
    select: "LPAD(BIN(bits + 0), 5, '0')",
  },
  // 0000 too.
  { name: 'vintage', sqlType: 'year', type: 'INTEGER', value: 'IF(i % 50 = 0, 0, 1901 + i % 255)' },
  {
    name: 'day',
    sqlType: 'date',
    type: 'DATE',
    // The zero date stands for none.
    value: "IF(i % 9 = 0, '0000-00-00', DATE_ADD('1000-01-01', INTERVAL i * 32 DAY))",
    select: "DATEDIFF(NULLIF(day, 0), '1970-01-01')",
    output: "day - DATE '1970-01-01'",
    truth: 'day::BIGINT',
  },
  {
    name: 'happened',
    sqlType: 'datetime(6)',
    value: "IF(i % 11 = 0, 0, DATE_ADD('1000-01-01', INTERVAL i * 2839241234567 MICROSECOND))",
    ...moment('happened'),
  },
  {
    name: 'seen',
    sqlType: 'timestamp(3)',
    value: "IF(i % 12 = 0, 0, DATE_ADD('1970-01-02', INTERVAL i * 21000.123 SECOND))",
    ...moment('seen'),
  },
  {
    name: 'clock',
    sqlType: 'time(6)',
    type: 'VARCHAR',
    value: 'SEC_TO_TIME((i - 50000) * 60.399998)',
  },
  // Spaces at the end go, as SELECT shows it.
  { name: 'code', sqlType: 'char(8)', type: 'VARCHAR', value: "CONCAT(LEFT(MD5(i), i % 6), '  ')" },
  {
    name: 'name',
    sqlType: 'varchar(80) CHARACTER SET utf8mb4',
    type: 'VARCHAR',
    // One character of each plane in turn.
    value: "CONCAT('n ', CONVERT(CHAR(65536 * (i % 17) + 33 + i % 50000 USING utf32) USING utf8mb4), ' ')",
  },
  { name: 'latin', sqlType: 'varchar(20) CHARACTER SET latin1', type: 'VARCHAR', value: "'é ÿ “'" },
  {
    name: 'note',
    sqlType: 'text CHARACTER SET utf8mb4',
    type: 'VARCHAR',
    value: String.raw`ELT(1 + i % 5, '', 'two\r\nlines, "quoted"\t\\N', '\0', REPEAT('日本', 200), CONCAT('n', i))`,
  },
  { name: 'size', sqlType: "enum('small','large','50% / half')", type: 'VARCHAR', value: '1 + i % 3' },
  { name: 'flags', sqlType: "set('a','b','c')", type: 'VARCHAR', value: 'i % 8' },
  {
    name: 'document',
    sqlType: 'json',
    type: 'VARCHAR',
    value: "JSON_OBJECT('big', 18446744073709551615, 'list', JSON_ARRAY(i, NULL, 1.50), 'text', '\"é')",
  },
  {
    name: 'body',
    sqlType: 'blob',
    type: 'BLOB',
    value: "IF(i % 7 = 0, '', UNHEX(CONCAT(MD5(i), '00FF')))",
    select: 'HEX(body)',
    output: 'hex(body)',
    truth: 'body',
  },
  { name: 'token', sqlType: 'uuid', type: 'VARCHAR', value: 'MD5(i)' },
  { name: 'address', sqlType: 'inet6', type: 'VARCHAR', value: "CONCAT('2001:db8::', HEX(i % 65536))" },
  {
    name: 'updated_at',
    sqlType: 'datetime(6)',
    value: "DATE_ADD('2015-01-01', INTERVAL i * 3000000007 MICROSECOND)",
    ...moment('updated_at'),
  },
];
const types = Object.fromEntries(table.map(({ name, type }) => [name, type]));

let server: TestMariaDb;
let flow: TableFlow;
let admin: mysql2.Connection;
/** Where the server may write. */
let outbox: string;

beforeAll(async () => {
  server = await startMariaDb();
  flow = await newTableFlow({ ...server, driver: 'mysql' });
  admin = await newClient();
  const [[row]] = await admin.query<mysql2.RowDataPacket[]>('SELECT @@datadir AS folder');
  outbox = row?.folder;
  await admin.query(createTable(table, (name) => `\`${name}\``));
  await insert(1, 100_000);
  await admin.query('CREATE INDEX stamp ON shop.orders (updated_at)');
});

afterAll(async () => {
  await server?.stop();
  await flow?.remove();
});

async function newClient(): Promise<mysql2.Connection> {
  const { host, port, database, username: user, password } = server;
  const client = await mysql2.createConnection({ host, port, database, user, password, dateStrings: true });
  client.on('error', () => undefined);
  await client.query("SET sql_mode = '', time_zone = '+00:00'");
  return client;
}

async function insert(from: number, to: number, stamp?: string, client = admin): Promise<void> {
  await client.query(
    `INSERT INTO shop.orders SELECT ${rowsOf(table, stamp)} FROM (SELECT CAST(seq AS SIGNED) AS i FROM seq_${from}_to_${to}) AS numbers`,
  );
}

/** What SELECT shows now of the rows that the condition holds for, as a relation of DuckDB. */
async function truth(name: string, condition: string): Promise<string> {
  const file = join(outbox, `${name}.tsv`);
  // Digits need no quotes: whatever the text, it comes through.
  const columns = table.map(
    ({ name, select }) => `HEX(CONVERT(CAST(${select ?? `\`${name}\``} AS CHAR) USING utf8mb4))`,
  );
  await admin.query(
    `SELECT ${columns.join(', ')} FROM shop.orders WHERE ${condition} INTO OUTFILE ${quote(file)}`,
  );
  const names = table.map(({ name }) => quote(name)).join(', ');
  const relation = textFile(file, `header = false, delim = '\\t', quote = '', names = [${names}]`);
  return `(SELECT ${table.map(({ name }) => `decode(unhex("${name}")) AS "${name}"`).join(', ')} FROM ${relation})`;
}

test('100,000 rows; then those that changed, of a transaction left open in between as well', async () => {
  const before = await truth('before', 'true');
  const open = await newClient();
  // Else it would lock all rows, and the gaps between them.
  await open.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await open.query('START TRANSACTION');
  const [[clock]] = await open.query<mysql2.RowDataPacket[]>('SELECT UNIX_TIMESTAMP(NOW(6)) * 1000 AS now');
  await open.query('UPDATE shop.orders SET tiny = 1, updated_at = NOW(6) WHERE id % 1009 = 0');
  await insert(100_001, 100_050, 'NOW(6)', open);
  await insert(100_051, 100_100, 'NOW(6)');

  const first = await flow.run();
  expect(first.counts).toEqual({
    status: 'Successful',
    recordsProcessed: 100_000,
    recordsWritten: 100_000,
    recordsRejected: 0,
  });
  const end = Date.parse(first.window?.end ?? '');
  expect(end).toBeLessThanOrEqual(Number(clock?.now));
  expect(end).toBeGreaterThan(Number(clock?.now) - 3000);
  expect(first.folders).toEqual(['size=50%25 %2F half', 'size=large', 'size=null', 'size=small']);
  expect(await compare(first.files, before, 'id', table)).toEqual({
    rows: { output: 100_000, truth: 100_000 },
    types,
    differences: {},
  });
  expect(first.peakMegabytes).toBeLessThan(512);

  await open.query('COMMIT');
  await open.end();
  const stamp = quote(first.window?.end.replace('T', ' ').replace('Z', '') ?? '');
  // The database's list of transactions may be a second old, and windows end that long ago: stamped before that.
  await admin.query(`UPDATE shop.orders SET note = 'changed', updated_at = ${stamp} WHERE id % 997 = 0`);
  // A day that is none.
  await insert(100_101, 100_101, stamp);
  await admin.query("UPDATE shop.orders SET day = '2024-05-00' WHERE id = (SELECT MAX(id) FROM shop.orders)");

  const second = await flow.run();
  expect(second.window?.start).toBe(first.window?.end);
  const condition = `updated_at >= ${stamp} AND NOT day <=> '2024-05-00'`;
  expect(await compare(second.files, await truth('changed', condition), 'id', table)).toEqual({
    rows: { output: 299, truth: 299 },
    types,
    differences: {},
  });
  expect(second.counts).toEqual({
    status: 'Successful',
    recordsProcessed: 300,
    recordsWritten: 299,
    recordsRejected: 1,
  });

  expect(await flow.run()).toMatchObject({
    counts: { status: 'Successful', recordsProcessed: 0 },
    files: [],
  });
});
