/** The benchmark's input: made-up records of a CRM, the same for the same count. */

import { existsSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';

/** Top-level fields and their types for DuckDB's readers. */
export const jsonColumns = {
  Id: 'VARCHAR',
  AccountId: 'VARCHAR',
  OwnerId: 'VARCHAR',
  FirstName: 'VARCHAR',
  LastName: 'VARCHAR',
  Email: 'VARCHAR',
  Phone: 'VARCHAR',
  Title: 'VARCHAR',
  Department: 'VARCHAR',
  LeadSource: 'VARCHAR',
  Status: 'VARCHAR',
  IsActive: 'BOOLEAN',
  HasOptedOut: 'BOOLEAN',
  AnnualRevenue: 'DOUBLE',
  NumberOfEmployees: 'BIGINT',
  Score: 'BIGINT',
  Latitude: 'DOUBLE',
  CreatedDate: 'VARCHAR',
  LastModifiedDate: 'VARCHAR',
  LastActivityDate: 'VARCHAR',
  MailingAddress: 'STRUCT(street VARCHAR, city VARCHAR, postalCode VARCHAR)',
  Country: 'VARCHAR',
  Tags: 'VARCHAR[]',
  Description: 'VARCHAR',
} as const;

type JsonRecord = Record<keyof typeof jsonColumns, unknown>;

/** The columns of the CSV file. */
export const csvColumns = [
  'Id',
  'AccountId',
  'FirstName',
  'Email',
  'Phone',
  'Title',
  'Status',
  'AnnualRevenue',
  'CreatedDate',
  'Description',
] as const satisfies readonly (keyof JsonRecord)[];

export type InputKind = 'jsonl' | 'csv' | 'wide';

const inputs: Readonly<Record<InputKind, { readonly head: string; lines(): () => string }>> = {
  jsonl: {
    head: '',
    lines: () => {
      const record = recordMaker();
      return () => `${JSON.stringify(record())}\n`;
    },
  },
  csv: {
    head: `${csvColumns.join(',')}\n`,
    lines: () => {
      const record = recordMaker();
      return () => csvLine(record());
    },
  },
  wide: {
    head: '',
    lines: () => {
      const record = wideMaker();
      return () => `${JSON.stringify(record())}\n`;
    },
  },
};

/** Makes `file` of `count` records unless it is there. */
export async function makeRecords(file: string, kind: InputKind, count: number): Promise<void> {
  if (existsSync(file)) return;
  const { head, lines } = inputs[kind];
  const handle = await open(`${file}.partial`, 'w');
  try {
    const line = lines();
    let text = head;
    for (let made = 0; made < count; made++) {
      text += line();
      if (text.length < 2 ** 16 && made + 1 < count) continue;
      await handle.write(text);
      text = '';
    }
  } finally {
    await handle.close();
  }
  await rename(`${file}.partial`, file);
}

function csvLine(record: JsonRecord): string {
  const cells = csvColumns.map((name) => {
    const text = String(record[name] ?? '');
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${cells.join(',')}\n`;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const firstNames = 'Ada Ben Chloe Dario Emma Farid Grace Hugo Ines Jonas Kim Lars Mei Nora Omar Pia'.split(
  ' ',
);
const lastNames = 'Smith Jones Garcia Nguyen Silva Kowalski Haddad Larsen Rossi Novak Müller 田中'.split(' ');
const roles = 'Engineer Accountant Buyer Analyst Manager Consultant'.split(' ');
const ranks = 'Senior Junior Lead Chief Principal Associate'.split(' ');
const regions = 'North South East West Central'.split(' ');
const departments = 'Sales Marketing Finance Engineering Support Legal Operations'.split(' ');
const leadSources = ['Web', 'Phone Inquiry', 'Partner Referral', 'Trade Show', null];
const statuses = ['New', 'Working', 'Qualified', 'Unqualified', 'Customer'];
const countries = 'US GB DE FR ES IT NL SE NO DK PL CZ JP CN IN BR MX CA AU ZA'.split(' ');
const cities = ['New York', 'London', 'Berlin', 'Paris', 'Madrid', 'Oslo', 'Tokyo', 'Austin', 'Sydney'];
const tags = ['vip', 'newsletter', 'churn-risk', 'upsell', 'beta', 'partner', 'trial'];
const words =
  'met the buyer at a fair, who asked for "better terms" and a call next week about our offer'.split(' ');

/** The same numbers every time. */
function seededRandom(): () => number {
  let state = 20_260_101;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A table of 200 columns: half of them texts of few, many or all different values, the others of other types. */
export const wideColumns: Readonly<Record<string, 'VARCHAR' | 'BIGINT' | 'DOUBLE' | 'BOOLEAN'>> =
  Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [
      `field_${String(i).padStart(3, '0')}`,
      (['VARCHAR', 'BIGINT', 'VARCHAR', 'DOUBLE', 'VARCHAR', 'BOOLEAN'] as const)[i % 6] ?? 'VARCHAR',
    ]),
  );

function wideMaker(): () => Readonly<Record<string, unknown>> {
  const random = seededRandom();
  const below = (limit: number): number => Math.floor(random() * limit);
  const columns = Object.entries(wideColumns);
  return () =>
    Object.fromEntries(
      columns.map(([name, type], i) => {
        if (random() < 0.15) return [name, null];
        if (type === 'BIGINT') return [name, below(1e6)];
        if (type === 'DOUBLE') return [name, below(1e8) / 100];
        if (type === 'BOOLEAN') return [name, random() < 0.5];
        const different = [20, 5_000, 2 ** 31][(i >> 1) % 3] ?? 20;
        return [name, `${words[i % words.length]} ${below(different)}`];
      }),
    );
}

function recordMaker(): () => JsonRecord {
  const random = seededRandom();
  const below = (limit: number): number => Math.floor(random() * limit);
  const oneOf = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const often = <T>(chance: number, make: () => T): T | null => (random() < chance ? make() : null);
  const some = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  const id = (prefix: string): string => prefix + some(15, () => letters[below(letters.length)]).join('');
  const owners = some(300, () => id('005'));
  const accounts = some(40_000, () => id('001'));
  const isoTime = (time: number): string => new Date(time).toISOString();

  return () => {
    const firstName = oneOf(firstNames);
    const lastName = oneOf(lastNames);
    const created = Date.UTC(2022, 0, 1) + below(3 * 365 * 86_400) * 1000 + below(1000);
    const modified = created + below(90 * 86_400) * 1000;
    const country = oneOf(countries);
    return {
      Id: id('003'),
      AccountId: oneOf(accounts),
      OwnerId: oneOf(owners),
      FirstName: firstName,
      LastName: lastName,
      Email: `${firstName}.${below(1e6)}@${oneOf(['example.com', 'mail.test'])}`.toLowerCase(),
      Phone: often(0.8, () => `+1${2e9 + below(7e9)}`),
      Title: often(0.85, () => `${oneOf(ranks)} ${oneOf(roles)} ${oneOf(regions)}`),
      Department: oneOf(departments),
      LeadSource: oneOf(leadSources),
      Status: oneOf(statuses),
      IsActive: random() < 0.8,
      HasOptedOut: random() < 0.1,
      AnnualRevenue: often(0.75, () => below(1e9) / 100),
      NumberOfEmployees: often(0.75, () => below(20_000)),
      Score: below(101),
      Latitude: Math.round(random() * 180e6 - 90e6) / 1e6,
      CreatedDate: isoTime(created),
      LastModifiedDate: isoTime(modified),
      LastActivityDate: often(0.8, () => isoTime(modified).slice(0, 10)),
      MailingAddress: often(0.95, () => ({
        street: `${below(9999)} ${oneOf(lastNames)} St`,
        city: oneOf(cities),
        postalCode: String(10_000 + below(89_999)),
      })),
      Country: country,
      Tags: some(below(4), () => oneOf(tags)),
      Description: often(0.7, () =>
        some(1 + below(16), () => oneOf(words)).join(random() < 0.03 ? '\n' : ' '),
      ),
    };
  };
}
