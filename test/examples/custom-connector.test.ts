/** A connector in another language, written against the protocol alone, moves records. */

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Command, command } from '../cli/command.ts';

const connector = path.resolve('examples/custom-connectors/shelf.py');

/** Rows that its database gets beside those that it is made with. */
const many = `
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.execute("DELETE FROM items")
    database.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)", [
        (n, f"Item {n}", None if n % 7 == 0 else n * 3, n / 4, n % 2,
         f"2024-01-{1 + n // 3000:02d}T{n % 24:02d}:00:00.000Z") for n in range(1, 10001)])
`;

const itemOf = (n: number) => ({
  id: n,
  name: `Item ${n}`,
  amount: n % 7 === 0 ? null : n * 3,
  price: n / 4,
  fragile: n % 2 === 1,
  updated_at: `2024-01-${String(1 + Math.floor(n / 3000)).padStart(2, '0')}T${String(n % 24).padStart(2, '0')}:00:00.000Z`,
});

/** A registered connector, and a connection to a database of its own. */
async function shelf(): Promise<Command & { database: string }> {
  const cli = command();
  const database = path.join(cli.folder, 'shelf.db');
  execFileSync('python3', [connector, 'create', database, 'let-me-in']);
  cli.env.SHELF_KEY = 'let-me-in';
  cli.env.PATH = process.env.PATH ?? '';
  const registered = await cli.run('connectors', 'register', 'Shelf', '--command', 'python3', connector);
  expect(registered).toMatchObject({ exitCode: 0, err: '' });
  const made = await cli.run(
    ...['connection', 'create', 'shelf', '--connector', 'Shelf'],
    ...['--set', `database=${database}`, '--secret', 'apiKey=env:SHELF_KEY'],
  );
  expect(made.out).toMatch(/^shelf: works, apiKey; credentials in /);
  return Object.assign(cli, { database });
}

const items = {
  flowName: 'items',
  triggerConfig: { triggerType: 'OnDemand' },
  sourceFlowConfig: {
    connectorType: 'CustomConnector',
    connectorProfileName: 'shelf',
    apiVersion: 'v1',
    sourceConnectorProperties: { CustomConnector: { entityName: 'items' } },
  },
  destinationFlowConfigList: [
    {
      connectorType: 'S3',
      destinationConnectorProperties: {
        S3: {
          bucketName: 'lake',
          s3OutputFormatConfig: {
            preserveSourceDataTyping: true,
            aggregationConfig: { aggregationType: 'SingleFile' },
          },
        },
      },
    },
  ],
  tasks: [{ taskType: 'Map_all', sourceFields: [], connectorOperator: { CustomConnector: 'NO_OP' } }],
};

function written(cli: Command): unknown[] {
  return cli
    .files('home/s3/lake')
    .flatMap((file) => cli.read(`home/s3/lake/${file}`).trimEnd().split('\n'))
    .map((line) => JSON.parse(line));
}

test('10,000 records come out of it as they are in there, page by page', { timeout: 60_000 }, async () => {
  const cli = await shelf();
  execFileSync('python3', ['-c', many, cli.database]);
  const { exitCode, out, err } = await cli.run('run', cli.write('flows/items.json', items));
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).toContain('read     10,000 records');
  expect(written(cli)).toEqual(Array.from({ length: 10_000 }, (_, index) => itemOf(index + 1)));
});

test('filters and windows give the records that they should', { timeout: 60_000 }, async () => {
  const cli = await shelf();
  execFileSync('python3', ['-c', many, cli.database]);
  const filter = (field: string, operator: string, taskProperties: object) => ({
    taskType: 'Filter',
    sourceFields: [field],
    connectorOperator: { CustomConnector: operator },
    taskProperties,
  });
  const flow = cli.write('flows/items.json', {
    ...items,
    triggerConfig: {
      triggerType: 'Scheduled',
      triggerProperties: { Scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' } },
    },
    tasks: [
      filter('name', 'CONTAINS', { DATA_TYPE: 'string', VALUE: 'Item 1' }),
      filter('amount', 'BETWEEN', { DATA_TYPE: 'long', LOWER_BOUND: '30', UPPER_BOUND: '400' }),
      ...items.tasks,
    ],
  });
  const window = ['--from', '2024-01-01T05:00:00Z', '--to', '2024-01-01T12:00:00Z'];
  const { exitCode, err } = await cli.run('run', flow, ...window);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  const expected = Array.from({ length: 2_999 }, (_, index) => index + 1).filter(
    (n) => n % 24 >= 5 && n % 24 < 12 && n % 7 !== 0 && n * 3 >= 30 && n * 3 <= 400 && `${n}`.startsWith('1'),
  );
  expect(written(cli)).toEqual(expected.map(itemOf));
});

test('records are fetched by their ids', async () => {
  const cli = await shelf();
  const [mapAll] = items.tasks;
  // As texts, which the connector cannot compare its numbers with.
  const byId = {
    taskType: 'Filter',
    sourceFields: ['id'],
    connectorOperator: { CustomConnector: 'EQUAL_TO' },
    taskProperties: { VALUES: '3,1,99' },
  };
  const { exitCode, out } = await cli.run(
    'run',
    cli.write('flows/items.json', { ...items, tasks: [byId, mapAll] }),
  );
  expect(exitCode).toBe(0);
  expect(out).toContain('read     2 records');
  expect(written(cli)).toMatchObject([{ id: 1 }, { id: 3 }]);
});

test('a wrong key is refused, and so is what nobody registered', async () => {
  const cli = await shelf();
  cli.env.SHELF_KEY = 'wrong-key';
  const edited = await cli.run('connection', 'edit', 'shelf', '--secret', 'apiKey=env:SHELF_KEY');
  expect(edited.exitCode).toBe(2);
  expect(edited.err).toContain('the connector says "the database does not know this API key"');
  expect(edited.err).not.toContain('wrong-key');

  const flow = cli.write('flows/items.json', {
    ...items,
    sourceFlowConfig: { ...items.sourceFlowConfig, apiVersion: 'v2' },
  });
  expect((await cli.run('validate', flow, '--runnable')).out + (await cli.run('run', flow)).err).toContain(
    'sourceFlowConfig.apiVersion: Shelf has no version v2; it has v1',
  );
});

const columns = {
  id: 'long',
  name: 'string',
  amount: 'long',
  price: 'double',
  fragile: 'boolean',
  updated_at: 'datetime',
};

/** From files of the inbox into the database. */
const intoShelf = (operation: string, more: object = {}) => ({
  flowName: 'into-shelf',
  triggerConfig: { triggerType: 'OnDemand' },
  sourceFlowConfig: {
    connectorType: 'S3',
    sourceConnectorProperties: {
      S3: { bucketName: 'inbox', bucketPrefix: 'items', s3InputFormatConfig: { s3InputFileType: 'JSON' } },
    },
  },
  destinationFlowConfigList: [
    {
      connectorType: 'CustomConnector',
      connectorProfileName: 'shelf',
      apiVersion: 'v1',
      destinationConnectorProperties: {
        CustomConnector: {
          entityName: 'items',
          writeOperationType: operation,
          ...(operation !== 'INSERT' && { idFieldNames: ['id'] }),
          ...more,
        },
      },
    },
  ],
  tasks: [
    {
      taskType: 'Filter',
      sourceFields: Object.keys(columns),
      connectorOperator: { S3: 'PROJECTION' },
      taskProperties: {},
    },
    ...Object.entries(columns).map(([field, type]) => ({
      taskType: 'Map',
      sourceFields: [field],
      destinationField: field,
      connectorOperator: { S3: 'NO_OP' },
      taskProperties: { SOURCE_DATA_TYPE: type, DESTINATION_DATA_TYPE: type },
    })),
  ],
});

const linesOf = (records: readonly object[]) =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

test('10,000 records go into it, and come out as they went in', { timeout: 120_000 }, async () => {
  const cli = await shelf();
  const records = Array.from({ length: 10_000 }, (_, index) => itemOf(index + 1));
  cli.write('home/s3/inbox/items/a.jsonl', linesOf(records));
  const into = await cli.run('run', cli.write('flows/into-shelf.json', intoShelf('UPSERT')));
  expect({ exitCode: into.exitCode, err: into.err }).toEqual({ exitCode: 0, err: '' });
  expect(into.out).toContain('written  10,000 records');
  const out = await cli.run('run', cli.write('flows/items.json', items));
  expect({ exitCode: out.exitCode, err: out.err }).toEqual({ exitCode: 0, err: '' });
  // Three were there before, under ids that are overwritten.
  expect(written(cli)).toEqual(records);
});

test('records that it refuses lie in the error bucket with its reason', { timeout: 60_000 }, async () => {
  const cli = await shelf();
  cli.write('home/s3/inbox/items/a.jsonl', linesOf([itemOf(2), itemOf(77), itemOf(3)]));
  const errorHandlingConfig = { bucketName: 'lake', bucketPrefix: 'errors' };
  const flow = cli.write('flows/into-shelf.json', intoShelf('UPDATE', { errorHandlingConfig }));
  const { exitCode, out } = await cli.run('run', flow);
  expect(exitCode).toBe(0);
  expect(out).toMatch(/written +2 records/);
  const [file = '', ...others] = cli.files('home/s3/lake/errors');
  expect(others).toEqual([]);
  const text = cli.read(`home/s3/lake/errors/${file}`);
  expect(text).toContain('there is no such record');
  expect(text).toContain('Item 77');
  expect(text).not.toContain('Item 3');
});
