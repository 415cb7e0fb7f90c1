/** DuckDB with one thread, in a process of its own: `node duckdb.mjs STATEMENT`. Prints the usage and the count, as JSON. */

import { DuckDBInstance } from '@duckdb/node-api';
import { ownUsage } from './usage.ts';

const [statement = ''] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
const [row = []] = (await connection.runAndReadAll(statement)).getRows();
console.log(JSON.stringify({ ...ownUsage(), rows: Number(row[0]) }));
