import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, map, orders, scheduled } from './command.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

test('run --json prints one object, and nothing else on stdout', async () => {
  const cli = command();
  const { exitCode, out, err } = await cli.run('run', cli.flow(), '--json');
  expect({ exitCode, err, lines: out.split('\n').length }).toEqual({ exitCode: 0, err: '', lines: 2 });
  const result = JSON.parse(out) as { executionId: string };
  expect(result.executionId).toMatch(uuid);
  expect(result).toEqual({
    executionId: result.executionId,
    flowName: 'orders',
    status: 'Successful',
    recordsProcessed: 3,
    recordsFiltered: 0,
    recordsRejected: 0,
    recordsWritten: 3,
    recordsOutOfWindow: 0,
    recordsDuplicate: 0,
    recordsSkipped: 0,
    recordsQuarantined: 0,
    bytesProcessed: 29,
    bytesWritten: 79,
    window: { start: null, end: '2026-02-03T10:15:00.000Z' },
    schemaVersion: 1,
    startedAt: '2026-02-03T10:15:00.000Z',
    endedAt: '2026-02-03T10:15:00.000Z',
    dryRun: false,
    replayOf: null,
    error: null,
    reason: null,
    exitCode: 0,
    objects: [`s3://lake/orders/${result.executionId}/00001-2026-02-03T10:15:00`],
    rejectedObject: null,
  });
  expect(cli.read(`home/s3/lake/orders/${result.executionId}/00001-2026-02-03T10:15:00`)).toBe(
    '{"id":"1","rating":"Hot"}\n{"id":"2","rating":"Warm"}\n{"id":"3","rating":"Hot"}\n',
  );
});

test('run says in a few lines what it did, and where that is', async () => {
  const cli = command();
  const { exitCode, out } = await cli.run('run', cli.flow());
  expect(exitCode).toBe(0);
  const [object] = cli.files('home/s3/lake');
  const id = object?.split('/')[1];
  expect(out).toBe(
    `${[
      'orders',
      `  run      ${id}`,
      '  status   Successful',
      '  window   everything',
      '  read     3 records, 29 B',
      '  written  3 records, 79 B, 1 object',
      '  took     0.00 s',
      `  ${path.join(cli.folder, 'home/s3/lake', object ?? '')}`,
    ].join('\n')}\n`,
  );
});

test('run --dry-run --limit reads so much and writes nothing', async () => {
  const cli = command();
  const { exitCode, out } = await cli.run('run', cli.flow(), '--dry-run', '--limit', '2');
  expect(exitCode).toBe(0);
  expect(out).toContain('Successful (dry run: nothing written)');
  expect(out).toContain('read         2 records');
  expect(out).toContain('would write  2 records');
  expect(cli.files('home/s3/lake')).toEqual([]);
});

test("run --from and --to are this run's window, and leave the watermark alone", async () => {
  const cli = command();
  const flow = cli.flow(scheduled);
  // The file is of the day before 10:15.
  const before = await cli.json('run', flow, '--from', '2026-02-01', '--to', '2026-02-02');
  expect(before).toMatchObject({
    recordsProcessed: 0,
    window: { start: '2026-02-01T00:00:00.000Z', end: '2026-02-02T00:00:00.000Z' },
  });
  const within = await cli.json('run', flow, '--from', '2026-02-02T11:00:00+02:00');
  expect(within).toMatchObject({ recordsProcessed: 3, window: { start: '2026-02-02T09:00:00.000Z' } });
  expect((await cli.run('runs', 'orders')).out).toContain('no watermark');
  expect(await cli.json('run', flow)).toMatchObject({ recordsProcessed: 3 });
  expect((await cli.run('runs', 'orders')).out).toContain('watermark 2026-02-03T10:15:00.000Z');
  cli.clock.advance(60_000);
  expect(await cli.json('run', flow)).toMatchObject({
    recordsProcessed: 0,
    window: { start: '2026-02-03T10:15:00.000Z', end: '2026-02-03T10:16:00.000Z' },
  });
  expect(await cli.json('run', flow, '--full')).toMatchObject({
    recordsProcessed: 3,
    window: { start: null },
  });
});

test('refused records are counted, and lie where the summary says', async () => {
  const cli = command();
  mkdirSync(path.join(cli.folder, 'home/s3/errors'));
  const [projection] = orders.tasks;
  const asNumber = {
    ...map('rating'),
    taskProperties: { SOURCE_DATA_TYPE: 'string', DESTINATION_DATA_TYPE: 'integer' },
  };
  const [lake] = orders.destinationFlowConfigList;
  const S3 = {
    bucketName: 'lake',
    s3OutputFormatConfig: { fileType: 'PARQUET', preserveSourceDataTyping: true },
  };
  const flow = cli.flow({
    tasks: [projection, map('id'), asNumber],
    destinationFlowConfigList: [{ ...lake, destinationConnectorProperties: { S3 } }],
    tributary: { errorHandlingConfig: { bucketName: 'errors' } },
  });
  const { out } = await cli.run('run', flow);
  expect(out).toContain('rejected  3 records');
  const [errors] = cli.files('home/s3/errors');
  expect(out).toContain(`  quarantined: ${path.join(cli.folder, 'home/s3/errors', errors ?? '')}`);
});

test('--mount lets a folder, with all below it, serve as a bucket', async () => {
  const cli = command();
  cli.write('data/in/deep/b c.csv', 'id,rating\n7,Cold\n');
  cli.write('data/in/a.csv', 'id,rating\n8,Cold\n');
  const out = path.join(cli.folder, 'out');
  mkdirSync(out);
  const mounts = ['--mount', `inbox=${path.join(cli.folder, 'data')}`, '--mount', `lake=${out}`];
  expect(await cli.json('run', cli.flow(), ...mounts)).toMatchObject({ recordsWritten: 2 });
  expect(cli.files('data')).toEqual(['in/a.csv', 'in/deep/b c.csv']);
  const [file, ...others] = cli.files('out');
  expect(others).toEqual([]);
  expect(cli.read(`out/${file}`)).toBe('{"id":"8","rating":"Cold"}\n{"id":"7","rating":"Cold"}\n');
});

describe('while a run goes on', () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => `${i},Hot`).join('\n');

  test('a terminal shows records, bytes and rate on one line, wiped at the end', async () => {
    const cli = command({ interactive: true });
    cli.write('home/s3/inbox/in/a.csv', `id,rating\n${rows}\n`);
    const { now } = cli.clock;
    // Every look at the clock takes a tenth of a second.
    cli.clock.now = () => {
      cli.clock.advance(100);
      return now();
    };
    const { err } = await cli.run('run', cli.flow(), '--json');
    expect(err).toMatch(/^[\d,]+ records, [\d.]+ [kM]B, [\d,]+ records\/s/);
    const wiped = err.split('\r\u001b[K');
    expect(wiped.length).toBeGreaterThan(2);
    expect(wiped.at(-1)).toBe('');
    expect(err).not.toContain('\n');
  });

  test('a file gets a line now and then', async () => {
    const cli = command();
    cli.write('home/s3/inbox/in/a.csv', `id,rating\n${rows}\n`);
    const { now } = cli.clock;
    cli.clock.now = () => {
      cli.clock.advance(3000);
      return now();
    };
    const { err } = await cli.run('run', cli.flow(), '--json');
    for (const line of err.trimEnd().split('\n'))
      expect(line).toMatch(/^[\d,]+ records?,? (read, \d+ objects? written|[\d.]+ \w*B, [\d,]+ records\/s)$/);
  });
});

test('a second run of a flow is skipped, and says why', async () => {
  const cli = command();
  const flow = cli.flow();
  let held = false;
  const results = await Promise.all([
    cli.run('run', flow),
    (async () => {
      while (!held) {
        held = cli.files('home/state').some((file) => file.endsWith('SLOT.json'));
        await new Promise(setImmediate);
      }
      return cli.run('run', flow);
    })(),
  ]);
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(results[0].out).toContain('Successful');
  expect(results[1].out).toMatch(/^orders: skipped, run [0-9a-f-]{36} is in progress\n$/);
});

describe('Ctrl-C', () => {
  /** A terminal at which somebody presses it so many times, as soon as the run has begun. */
  function interrupted(times: number) {
    const cli = command();
    const exits: number[] = [];
    cli.shell = {
      exit: (code) => void exits.push(code),
      onInterrupt: (listener) => {
        for (let i = 0; i < times; i++) listener();
        return () => undefined;
      },
    };
    return { cli, exits };
  }

  test('once ends the run as Canceled, with nothing written', async () => {
    const { cli, exits } = interrupted(1);
    const { exitCode, out, err } = await cli.run('run', cli.flow());
    expect(exitCode).toBe(1);
    expect(out).toContain('status   Canceled');
    expect(err).toContain('cancelling; once more to leave at once\n');
    expect(err).toContain('ExecutionCanceled: ');
    expect(cli.files('home/s3/lake')).toEqual([]);
    expect(exits).toEqual([]);
  });

  test('twice ends the process', async () => {
    const { cli, exits } = interrupted(2);
    await cli.run('run', cli.flow());
    expect(exits).toEqual([130]);
  });
});
