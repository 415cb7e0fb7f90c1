/** A million rows of Debian's PostgreSQL, read by `tributary run`; the truth is what COPY writes of SELECT. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { compare, quote } from './differences.ts';
import {
  createTable,
  newTableFlow,
  rowsOf,
  type TableColumn,
  type TableFlow,
  textFile,
} from './table-flow.ts';

/** A number of 64 bits, another for each `seed`. */
const hash = (seed: number) => `hashint8extended(i, ${seed})`;
/** Any code point but surrogates, in all 17 planes. */
const character = 'chr((65536 * (i % 17) + 33 + i % 50000)::int)';

const table: readonly TableColumn[] = [
  // Keys below and beyond 2^53.
  { name: 'id', sqlType: 'bigint', type: 'BIGINT', value: '9007199254740992 + 3 * (i - 500000)' },
  { name: 'small', sqlType: 'smallint', type: 'INTEGER', value: 'i * 7919 % 65536 - 32768' },
  { name: 'whole', sqlType: 'integer', type: 'INTEGER', value: 'i * 2654435761 % 4294967296 - 2147483648' },
  { name: 'huge', sqlType: 'bigint', type: 'BIGINT', value: hash(1) },
  {
    name: 'price',
    sqlType: 'numeric(12,2)',
    type: 'DECIMAL(12,2)',
    value: `${hash(2)} % 1000000000000 * 0.01`,
  },
  {
    name: 'exact',
    sqlType: 'numeric(38,10)',
    type: 'DECIMAL(38,10)',
    // DuckDB takes a minute to read so long decimals from text.
    output: 'exact::VARCHAR',
    truth: 'exact',
    value: `(${hash(3)}::numeric * 9999999999999999999 + i) * 0.0000000001`,
  },
  {
    name: 'single',
    sqlType: 'real',
    type: 'FLOAT',
    value: `CASE i % 50 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '-0' WHEN 3 THEN 1e-45
      ELSE (${hash(4)} * 1e-15)::real END`,
    // As texts -0 differs from 0.
    output: 'single::VARCHAR',
    truth: 'single::FLOAT::VARCHAR',
  },
  {
    name: 'double',
    sqlType: 'double precision',
    type: 'DOUBLE',
    value: `CASE i % 50 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' WHEN 2 THEN '-0' WHEN 3 THEN 5e-324
      WHEN 4 THEN 1.7976931348623157e308 ELSE ${hash(5)} / 3e10::float8 END`,
    output: 'double::VARCHAR',
    truth: 'double::DOUBLE::VARCHAR',
  },
  { name: 'flag', sqlType: 'boolean', type: 'BOOLEAN', value: 'i % 3 = 0' },
  {
    name: 'note',
    sqlType: 'text',
    type: 'VARCHAR',
    value: String.raw`CASE i % 8 WHEN 0 THEN '' WHEN 1 THEN E'two\r\nlines, "quoted"\t\\N' WHEN 2 THEN '\N'
      WHEN 3 THEN E'\n' WHEN 4 THEN repeat(${character}, 60) ELSE concat('note ', i, ' ', ${character}) END`,
  },
  { name: 'code', sqlType: 'varchar(20)', type: 'VARCHAR', value: "concat('C-', i % 1000, ' ')" },
  { name: 'fixed', sqlType: 'char(8)', type: 'VARCHAR', value: 'left(md5(i::text), (i % 9)::int)' },
  {
    name: 'day',
    sqlType: 'date',
    type: 'DATE',
    // From 4713 BC to the year 14453.
    value: "date '4713-01-01 BC' + (i * 7)::int",
    select: "day - date '1970-01-01'",
    output: "day - DATE '1970-01-01'",
    truth: 'day::BIGINT',
  },
  {
    name: 'happened',
    sqlType: 'timestamp',
    type: 'TIMESTAMP WITH TIME ZONE',
    value: "timestamp '4713-01-02 BC' + i * interval '584321.123457 seconds'",
    select: '(extract(epoch FROM happened) * 1000000)::bigint',
    output: 'epoch_us(happened)',
    truth: 'happened::BIGINT',
  },
  {
    name: 'clock',
    sqlType: 'time',
    type: 'VARCHAR',
    value: "CASE i % 1000 WHEN 0 THEN time '24:00' ELSE time '00:00' + i * interval '0.086401 seconds' END",
  },
  { name: 'token', sqlType: 'uuid', type: 'VARCHAR', value: 'md5(i::text)::uuid' },
  {
    name: 'document',
    sqlType: 'jsonb',
    type: 'VARCHAR',
    value: `CASE i % 9 WHEN 0 THEN '[]' WHEN 1 THEN 'null' WHEN 2 THEN '"text"' ELSE jsonb_build_object(
      'big', ${hash(6)}, 'list', jsonb_build_array(i, NULL, i % 2 = 0), 'text', concat('"', ${character}, E'\\n'),
      'inner', jsonb_build_object('half', i + 0.5)) END`,
    output: 'json(document)',
    // JSON's null is a missing value.
    truth: "nullif(json(document), 'null')",
  },
  {
    name: 'tags',
    sqlType: 'text[]',
    type: 'VARCHAR',
    value: `CASE i % 5 WHEN 0 THEN '{}' WHEN 1 THEN ARRAY[NULL, '', '{}', 'NULL'] ELSE ARRAY[i::text, ${character}, E'"\\n'] END`,
    select: 'to_json(tags)',
    output: 'json(tags)',
    truth: 'json(tags)',
  },
  {
    name: 'body',
    sqlType: 'bytea',
    type: 'BLOB',
    value: "CASE i % 7 WHEN 0 THEN '' ELSE decode(md5(i::text) || '00ff', 'hex') END",
    select: "encode(body, 'hex')",
    output: 'lower(hex(body))',
    truth: 'body',
  },
  {
    name: 'size',
    sqlType: 'shop.size',
    type: 'VARCHAR',
    value: "(ARRAY['small', 'large', '50% / half'])[1 + i % 3]::shop.size",
  },
  {
    name: 'address',
    sqlType: 'inet',
    type: 'VARCHAR',
    value: "CASE i % 2 WHEN 0 THEN inet '10.0.0.0/24' + i % 255 ELSE inet '2001:db8::' + i END",
  },
  {
    name: 'updated_at',
    sqlType: 'timestamptz',
    type: 'TIMESTAMP WITH TIME ZONE',
    value: `timestamptz '2015-01-01 00:00:00.000001Z' + (i * 7919 % 1000003) * interval '300.000011 seconds'`,
    select: '(extract(epoch FROM updated_at) * 1000000)::bigint',
    output: 'epoch_us(updated_at)',
    truth: 'updated_at::BIGINT',
  },
];

const types = Object.fromEntries(table.map(({ name, type }) => [name, type]));

let server: TestPostgres;
let flow: TableFlow;
let admin: Client;
const clients: Client[] = [];
/** Where the server may write. */
let outbox: string;

beforeAll(async () => {
  const versions = await readdir('/usr/lib/postgresql');
  server = await startPostgres(join('/usr/lib/postgresql', versions.sort().at(-1) ?? ''));
  flow = await newTableFlow({ ...server, driver: 'postgresql' });
  admin = await newClient();
  outbox = (await admin.query("SELECT current_setting('data_directory') AS folder")).rows[0].folder;
  await admin.query(`CREATE SCHEMA shop; CREATE TYPE shop.size AS ENUM ('small', 'large', '50% / half')`);
  await admin.query(createTable(table, (name) => `"${name}"`));
  await insert(1, 1_000_000);
  await admin.query('CREATE INDEX ON shop.orders (updated_at); ANALYZE shop.orders');
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await server?.stop();
  await flow?.remove();
});

async function newClient(): Promise<Client> {
  const { username: user, stop: _, ...rest } = server;
  const client = new Client({ ...rest, user });
  await client.connect();
  clients.push(client);
  return client;
}

async function insert(from: number, to: number, stamp?: string, client = admin): Promise<void> {
  await client.query(
    `INSERT INTO shop.orders SELECT ${rowsOf(table, stamp)} FROM generate_series(${from}::bigint, ${to}) AS i`,
  );
}

/** What SELECT shows now of the rows that the condition holds for, as a relation of DuckDB. */
async function truth(name: string, condition: string): Promise<string> {
  const file = join(outbox, `${name}.csv`);
  const columns = table.map(({ name, select }) => `${select ?? `"${name}"`} AS "${name}"`);
  await admin.query(
    // Every value in quotes, so that null differs from all texts.
    `COPY (SELECT ${columns.join(', ')} FROM shop.orders WHERE ${condition}) TO ${quote(file)}
     (FORMAT csv, HEADER, NULL '\\N', FORCE_QUOTE *)`,
  );
  return textFile(file, `header = true, delim = ',', quote = '"', escape = '"'`);
}

test('a million rows; then those that changed, of a transaction left open in between as well', async () => {
  const before = await truth('before', 'true');
  const open = await newClient();
  await open.query('BEGIN; UPDATE shop.orders SET small = 1, updated_at = now() WHERE id % 10007 = 0');
  await insert(1_000_001, 1_000_050, 'now()', open);
  const began = (await open.query('SELECT now() AS moment, now()::text AS text')).rows[0];
  // Stamped later than the open transaction, and there before it.
  await insert(1_000_051, 1_000_100, 'now()');

  const first = await flow.run();
  expect(first.counts).toEqual({
    status: 'Successful',
    recordsProcessed: 1_000_000,
    recordsWritten: 1_000_000,
    recordsRejected: 0,
  });
  expect(first.window).toEqual({ start: '2015-01-01T00:00:00.000Z', end: began.moment.toISOString() });
  expect(first.folders).toEqual(['size=50%25 %2F half', 'size=large', 'size=null', 'size=small']);
  expect(await compare(first.files, before, 'id', table)).toEqual({
    rows: { output: 1_000_000, truth: 1_000_000 },
    types,
    differences: {},
  });
  expect(first.peakMegabytes).toBeLessThan(512);

  await open.query('COMMIT');
  await admin.query(`UPDATE shop.orders SET note = 'changed', updated_at = now() WHERE id % 1009 = 0`);
  await insert(1_000_101, 1_000_150, 'clock_timestamp()');
  // No Parquet type has such a date.
  await insert(1_000_151, 1_000_151, 'now()');
  await admin.query(`UPDATE shop.orders SET day = 'infinity' WHERE id = (SELECT max(id) FROM shop.orders)`);

  const second = await flow.run();
  // 100 + 991 changed, 150 new, one refused.
  expect(second.counts).toEqual({
    status: 'Successful',
    recordsProcessed: 1242,
    recordsWritten: 1241,
    recordsRejected: 1,
  });
  expect(second.window?.start).toBe(first.window?.end);
  const condition = `updated_at >= ${quote(began.text)} AND day IS DISTINCT FROM 'infinity'`;
  expect(await compare(second.files, await truth('changed', condition), 'id', table)).toEqual({
    rows: { output: 1241, truth: 1241 },
    types,
    differences: {},
  });

  expect(await flow.run()).toMatchObject({
    counts: { status: 'Successful', recordsProcessed: 0 },
    files: [],
  });
});
