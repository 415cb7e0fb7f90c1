/** The mapped cases' work on records as objects, as one would write it first. */

import { writeFile } from 'node:fs/promises';
import { parquetWriteBuffer } from 'hyparquet-writer';

export interface Source {
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

export const isKept = ({ Score }: Source): boolean => Score > 40;

/** As text formats have it. */
export const mapped = (record: Source) => ({
  id: record.Id,
  account_id: record.AccountId,
  name: `${record.FirstName} ${record.LastName}`,
  email: record.Email,
  title: record.Title?.slice(0, 20) ?? null,
  status: record.Status,
  is_active: record.IsActive,
  annual_revenue: record.AnnualRevenue,
  employees: record.NumberOfEmployees,
  city: record.MailingAddress?.city ?? null,
  country: record.Country,
  created_at: record.CreatedDate,
});

/** As a typed column wants it. */
export const typed = (record: Source) => ({
  ...mapped(record),
  employees: record.NumberOfEmployees === null ? null : BigInt(record.NumberOfEmployees),
  created_at: new Date(record.CreatedDate),
});
export type TypedRow = ReturnType<typeof typed>;

type Types<Row> = Readonly<Record<keyof Row, 'STRING' | 'BOOLEAN' | 'DOUBLE' | 'INT64' | 'TIMESTAMP'>>;

export const types: Types<TypedRow> = {
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

export async function writeParquet<Row extends object>(
  file: string,
  rows: readonly Row[],
  types: Types<Row>,
): Promise<void> {
  const names = Object.keys(types) as (keyof Row & string)[];
  const buffer = parquetWriteBuffer({
    columnData: names.map((name) => ({ name, type: types[name], data: rows.map((row) => row[name]) })),
  });
  await writeFile(file, Buffer.from(buffer));
}
