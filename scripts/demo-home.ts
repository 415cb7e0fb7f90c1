import { cp, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const accounts = fileURLToPath(new URL('../examples/data/accounts/accounts.csv', import.meta.url));
const movies = fileURLToPath(new URL('../node_modules/vega-datasets/data/movies.json', import.meta.url));

/**
 * A fresh home with what the examples read: the bucket `inbox` with nine accounts as CSV and the 3,201 films of
 * vega-datasets as JSON Lines, and an empty bucket `lake`. What was there before is removed.
 */
export async function makeDemoHome(home: string): Promise<void> {
  await rm(home, { recursive: true, force: true });
  const inbox = join(home, 's3/inbox');
  for (const folder of [join(inbox, 'accounts'), join(inbox, 'movies'), join(home, 's3/lake')]) {
    await mkdir(folder, { recursive: true });
  }
  await cp(accounts, join(inbox, 'accounts/accounts.csv'));
  const records = JSON.parse(await readFile(movies, 'utf8')) as object[];
  await writeFile(
    join(inbox, 'movies/movies.jsonl'),
    records.map((it) => `${JSON.stringify(it)}\n`).join(''),
  );
  // Incremental flows go by the time of a file: an old one is in their first window whatever their offset.
  const time = new Date('2024-01-01T00:00:00Z');
  for (const file of ['accounts/accounts.csv', 'movies/movies.jsonl'])
    await utimes(join(inbox, file), time, time);
}
