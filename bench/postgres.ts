/** A PostgreSQL with a table of made-up orders, the same for the same count. */

import pg from 'pg';
import { startPostgres } from '../test/support/postgres.ts';

export interface BenchPostgres {
  readonly url: string;
  /** MB of 10^6 bytes that the table takes. */
  readonly tableMb: number;
  /** Of the connection. */
  readonly properties: object;
  readonly credentials: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const table = `
  CREATE TABLE public.records AS
  SELECT i AS id,
         'A' || (i * 7919 % 40000) AS account_id,
         'customer ' || (i * 104729 % 1000003) || ' of ' || md5(i::text) AS name,
         (ARRAY['New', 'Working', 'Qualified', 'Unqualified', 'Customer'])[1 + i % 5] AS status,
         i % 3 = 0 AS is_active,
         (i * 7907 % 100000000)::numeric(12, 2) / 100 AS revenue,
         i % 20000 AS employees,
         CASE WHEN i % 4 > 0 THEN 'note ' || md5((i * 31)::text) END AS description,
         timestamp '2024-01-01' + i * interval '1 second' AS created_at,
         date '2024-01-01' + (i % 1000)::int AS due_on
  FROM generate_series(1, $1::bigint) AS i`;

export async function servePostgres(records: number): Promise<BenchPostgres> {
  const server = await startPostgres();
  const { host, port, database, username, password } = server;
  try {
    const client = new pg.Client({ host, port, database, user: username, password });
    await client.connect();
    await client.query(table.replace('$1', String(records)));
    await client.query('ALTER TABLE public.records ADD PRIMARY KEY (id)');
    await client.query('VACUUM ANALYZE public.records');
    const { rows } = await client.query("SELECT pg_relation_size('public.records') AS bytes");
    await client.end();
    return {
      url: `postgres://${username}:${encodeURIComponent(password)}@${host}:${port}/${database}`,
      tableMb: Number(rows[0]?.bytes) / 1e6,
      properties: { driver: 'postgresql', hostname: host, port, database, ssl: 'disable' },
      credentials: { username, password },
      close: server.stop,
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
