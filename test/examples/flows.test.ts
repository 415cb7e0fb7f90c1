/** Every flow and connection of examples/: correct, runnable, and run where that takes neither network nor database. */

import { readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judge } from '../../cli/context.ts';
import { readConnection } from '../../core/connection.ts';
import { warnings } from '../../core/flow/rules.ts';
import { makeDemoHome } from '../../scripts/demo-home.ts';
import { exampleFlow, type TemporaryHome, temporaryHome } from '../support/local-home.ts';

const namesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).map((file) => file.replace(/\.yaml$/, '')).sort();

describe('example flows', async () => {
  it('are all here', async () => {
    expect(await namesIn('examples/flows')).toEqual([
      'accounts',
      'accounts-daily',
      'issues',
      'movies',
      'orders',
      'ratings',
    ]);
  });

  it.each(await namesIn('examples/flows'))('%s is correct, runnable and named as its file', async (name) => {
    const flow = await exampleFlow(name);
    expect(flow.flowName).toBe(name);
    expect(warnings(flow)).toEqual([]);
    expect(await judge(flow, ['examples/connections'])).toEqual([]);
  });

  it.each(await namesIn('examples/connections'))('connection %s is correct', async (name) => {
    const file = `examples/connections/${name}.yaml`;
    expect(readConnection(await readFile(file, 'utf8'), file).connectorProfileName).toBe(name);
  });
});

describe('running them', () => {
  let home: TemporaryHome;

  beforeEach(async () => {
    home = await temporaryHome();
    await makeDemoHome(home.folder);
  });

  afterEach(() => home.remove());

  it('ratings writes every film as CSV', async () => {
    const executionName = '520225fa-0ffb-4c95-b5d1-a2a862081d27';
    const result = await home.run(await exampleFlow('ratings'), '2026-02-03T10:15:00Z', { executionName });
    expect(result).toMatchObject({ status: 'Successful', recordsProcessed: 3201, recordsWritten: 3201 });
    const csv = await home.read('lake', `films/ratings/${executionName}/00001-2026-02-03T10:15:00`);
    expect(csv.split('\n').slice(0, 3)).toEqual([
      'title,audience,critics',
      'The Land Girls,6.1,',
      '"First Love, Last Rites",6.9,',
    ]);
  });

  it('ratings is started by the end event of movies', async () => {
    await home.run(await exampleFlow('movies'), '2026-02-03T10:15:00Z');
    const events = (await readFile(join(home.folder, 'events.jsonl'), 'utf8')).trimEnd().split('\n');
    const pattern = (await exampleFlow('ratings')).tributary?.eventPattern;
    expect(events.map((line) => matches(JSON.parse(line), pattern))).toEqual([false, true]);
  });

  it('accounts-daily reads what is new, and nothing twice', async () => {
    const flow = await exampleFlow('accounts-daily');
    const first = await home.run(flow, '2026-02-03T04:00:00Z');
    const second = await home.run(flow, '2026-02-04T04:00:00Z');
    await home.put(
      'inbox',
      'accounts/more.csv',
      'Account Name,Account Type,Billing State/Province,Account Rating,Industry\nJuniper,,,,\n',
    );
    const time = new Date('2026-02-04T09:00:00Z');
    await utimes(join(home.folder, 's3/inbox/accounts/more.csv'), time, time);
    const third = await home.run(flow, '2026-02-05T04:00:00Z');
    expect([first, second, third]).toMatchObject([
      {
        recordsWritten: 9,
        window: { start: '2020-01-01T00:00:00.000Z', end: '2026-02-03T03:55:00.000Z' },
      },
      {
        recordsProcessed: 0,
        objects: [],
        window: { start: '2026-02-03T03:55:00.000Z', end: '2026-02-04T03:55:00.000Z' },
      },
      {
        recordsWritten: 1,
        window: { start: '2026-02-04T03:55:00.000Z', end: '2026-02-05T03:55:00.000Z' },
      },
    ]);
  });
});

/** EventBridge's matching, as far as the example needs it: lists of exact values, nested. */
function matches(event: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.includes(event);
  return Object.entries(pattern as object).every(([key, inner]) =>
    matches((event as Record<string, unknown> | undefined)?.[key], inner),
  );
}
