/** PostgreSQL's own way out: `node copy.mjs URL STATEMENT`, its output thrown away. Prints the usage and the count, as JSON. */

import pg from 'pg';
import { ownUsage } from './usage.ts';

const [connectionString = '', statement = ''] = process.argv.slice(2);
const client = new pg.Client({ connectionString });
await client.connect();
// The driver reads what COPY sends and drops it.
const { rowCount } = await client.query(statement);
await client.end();
console.log(JSON.stringify({ ...ownUsage(), rows: rowCount }));
