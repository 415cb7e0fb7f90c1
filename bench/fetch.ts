/**
 * The straightforward pipeline of libraries: `node fetch.mjs ENDPOINT FILE` fetches every page, keeps and maps its records
 * as objects, and has hyparquet-writer write the columns. Prints the usage and the count, as JSON.
 */

import { writeFile } from 'node:fs/promises';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { ownUsage } from './usage.ts';

interface Source {
  readonly Id: string;
  readonly AccountId: string;
  readonly FirstName: string;
  readonly LastName: string;
  readonly Email: string;
  readonly Title: string | null;
  readonly Status: string;
  readonly IsActive: boolean;
  readonly AnnualRevenue: number | null;
  readonly NumberOfEmployees: number | null;
  readonly Score: number;
  readonly MailingAddress: { readonly city: string } | null;
  readonly Country: string;
  readonly CreatedDate: string;
}

const map = (record: Source) => ({
  id: record.Id,
  account_id: record.AccountId,
  name: `${record.FirstName} ${record.LastName}`,
  email: record.Email,
  title: record.Title?.slice(0, 20) ?? null,
  status: record.Status,
  is_active: record.IsActive,
  annual_revenue: record.AnnualRevenue,
  employees: record.NumberOfEmployees === null ? null : BigInt(record.NumberOfEmployees),
  city: record.MailingAddress?.city ?? null,
  country: record.Country,
  created_at: new Date(record.CreatedDate),
});
type Row = ReturnType<typeof map>;

const types: Readonly<Record<keyof Row, 'STRING' | 'BOOLEAN' | 'DOUBLE' | 'INT64' | 'TIMESTAMP'>> = {
  id: 'STRING',
  account_id: 'STRING',
  name: 'STRING',
  email: 'STRING',
  title: 'STRING',
  status: 'STRING',
  is_active: 'BOOLEAN',
  annual_revenue: 'DOUBLE',
  employees: 'INT64',
  city: 'STRING',
  country: 'STRING',
  created_at: 'TIMESTAMP',
};

const [endpoint = '', file = ''] = process.argv.slice(2);
const rows: Row[] = [];
for (let page = 1, more = true; more; page++) {
  const answer = await fetch(`${endpoint}/records?page=${page}&per_page=2000`);
  const body = (await answer.json()) as { data: Source[]; more: boolean };
  for (const record of body.data) if (record.Score > 40) rows.push(map(record));
  more = body.more;
}
const names = Object.keys(types) as (keyof Row)[];
const buffer = parquetWriteBuffer({
  columnData: names.map((name) => ({ name, type: types[name], data: rows.map((row) => row[name]) })),
});
await writeFile(file, Buffer.from(buffer));
console.log(JSON.stringify({ ...ownUsage(), rows: rows.length }));
