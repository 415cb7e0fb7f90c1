/**
 * The server's database, past the server: `node rows.mjs seed`, `node rows.mjs dump TABLE`, `node rows.mjs run SQL`. Works on
 * shop.sqlite in the working folder.
 */

import { once } from 'node:events';
import Database from 'better-sqlite3';

const orders = 24_000;
const items = 22_000;

const [, , action, argument] = process.argv;
const database = new Database('shop.sqlite', { timeout: 60_000 });

switch (action) {
  case 'seed':
    seed();
    break;
  case 'dump':
    await dump(argument);
    break;
  case 'run':
    database.exec(argument);
    break;
  default:
    throw new Error(`not an action: ${action}`);
}

function seed() {
  const names = database.prepare('SELECT name FROM pragma_table_info(?)').pluck().all('shop_Orders');
  const insertOrder = database.prepare(
    `INSERT INTO shop_Orders (${names.join()}) VALUES (${names.map((name) => `@${name}`).join()})`,
  );
  const insertItem = database.prepare('INSERT INTO shop_OrderItems VALUES (?, ?, ?)');
  database.transaction(() => {
    for (let i = 0; i < orders; i++) insertOrder.run(orderOf(i, names));
    // Seven items an order; so many orders have a range's bound within them.
    for (let i = 0; i < items; i++) insertItem.run(keyOf(Math.floor(i / 7)), 10 * ((i % 7) + 1), i % 100);
  })();
}

function keyOf(i) {
  // Neither in the order of numbers nor in that of their making.
  return `${'ÄBCÖ'[i % 4]}${(i * 7919) % 100_003}`;
}

/** Each column but key and stamp is null in every 13th row. */
function orderOf(i, names) {
  const moment = new Date(Date.UTC(2024, 0, 1) + i * 1_234_567).toISOString();
  const values = {
    SalesOrder: keyOf(i),
    Customer: ["O'Hara & Söhne", 'Ünal "GmbH"', 'plus+percent%20', '東京商事', 'a\\b/c?d#e'][i % 5],
    Note: `line 1\nline 2; ${'x'.repeat(i % 50)}`,
    NetAmount: (((i * 982_451_653) % 10_000_000_000) - 5_000_000_000) / 100,
    Items: (i * 48_271) % 2_147_483_647,
    // No more digits than the server itself keeps on its way from the database.
    Serial: i * 375_000_000_003 - 4_500_000_000_000_000,
    Weight: (i - 12_000) / 8,
    Returned: i % 3 === 0 ? 1 : 0,
    Handle: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
    OrderedOn: new Date(Date.UTC(1990, 0, 1) + i * 86_400_000).toISOString().slice(0, 10),
    OrderedAt: new Date(i * 7_000).toISOString().slice(11, 19),
    CreatedAt: moment.replace(/\.\d+/, ''),
    LastChangeDateTime: moment,
  };
  const isKept = (name, index) =>
    name === 'SalesOrder' || name === 'LastChangeDateTime' || (i + index) % 13 > 0;
  return Object.fromEntries(names.map((name, index) => [name, isKept(name, index) ? values[name] : null]));
}

/** One JSON text a line, each value as a text. */
async function dump(table) {
  const rows = database.prepare(`SELECT * FROM ${table}`).safeIntegers().iterate();
  for (const row of rows) {
    const texts = Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)]);
    if (!process.stdout.write(`${JSON.stringify(Object.fromEntries(texts))}\n`))
      await once(process.stdout, 'drain');
  }
}
