/**
 * The straightforward pipeline of libraries: `node fetch.mjs ENDPOINT FILE` fetches every page, keeps and maps its records
 * as objects, and has hyparquet-writer write the columns. Prints the usage and the count, as JSON.
 */

import { isKept, type Source, type TypedRow, typed, types, writeParquet } from './mapped.ts';
import { ownUsage } from './usage.ts';

const [endpoint = '', file = ''] = process.argv.slice(2);
const rows: TypedRow[] = [];
for (let page = 1, more = true; more; page++) {
  const answer = await fetch(`${endpoint}/records?page=${page}&per_page=2000`);
  const body = (await answer.json()) as { data: Source[]; more: boolean };
  for (const record of body.data) if (isKept(record)) rows.push(typed(record));
  more = body.more;
}
await writeParquet(file, rows, types);
console.log(JSON.stringify({ ...ownUsage(), rows: rows.length }));
