import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../local/home.ts';
import manifest from '../../package.json' with { type: 'json' };
import { command, customSource, orders, scheduled } from './command.ts';

test('--version and --help', async () => {
  const cli = command();
  expect(await cli.run('--version')).toEqual({ exitCode: 0, out: `${manifest.version}\n`, err: '' });
  const { exitCode, out } = await cli.run('--help');
  expect(exitCode).toBe(0);
  const commands = ['init', 'validate', 'map', 'schema', 'run', 'runs', 'show', 'cancel', 'start', 'stop'];
  for (const name of [...commands, 'reset', 'preview', 'discover', 'connection'])
    expect(out).toMatch(new RegExp(`^ {2}${name}[ |]`, 'm'));
});

test('init writes a flow that runs with the very command that it prints', async () => {
  const cli = command();
  const folder = path.join(cli.folder, 'my flows');
  const first = await cli.run('init', folder);
  expect(first.exitCode).toBe(0);
  expect(first.out).toContain(`${folder}/flows/accounts.yaml: written\n`);
  const printed = /next: tributary (.*)\n$/.exec(first.out)?.[1] ?? '';
  const words = [...printed.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  expect(words).toEqual(['run', `${folder}/flows/accounts.yaml`, '--home', `${folder}/.tributary`]);
  // The file has just been written.
  cli.shell = { clock: systemClock };
  const ran = await cli.json(...words);
  expect(ran).toMatchObject({ status: 'Successful', recordsWritten: 2 });

  writeFileSync(path.join(folder, 'flows/accounts.yaml'), 'mine');
  const again = await cli.run('init', folder);
  expect(again.out).toContain(`${folder}/flows/accounts.yaml: is there already, left as it is\n`);
  expect(readFileSync(path.join(folder, 'flows/accounts.yaml'), 'utf8')).toBe('mine');
  expect((await cli.run('validate', `${folder}/flows/accounts.yaml`)).exitCode).toBe(2);
});

test('init says what is in its way', async () => {
  const cli = command();
  cli.write('file', '');
  const { exitCode, err } = await cli.run('init', path.join(cli.folder, 'file'));
  expect(exitCode).toBe(2);
  expect(err).toContain('a folder is needed where a file is');
});

describe('validate', () => {
  const singular = {
    sourceFlowConfig: {
      connectorType: 'Singular',
      connectorProfileName: 'm',
      sourceConnectorProperties: { Singular: { object: 'leads' } },
    },
    tasks: [{ taskType: 'Map_all', sourceFields: [], taskProperties: {} }],
  };

  test('accepts what AppFlow accepts, and names what this version cannot run', async () => {
    const cli = command();
    const good = cli.flow();
    const marketing = cli.write('flows/m.json', { ...orders, flowName: 'marketing', ...singular });
    const { exitCode, out, err } = await cli.run('validate', good, marketing);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toContain(`${good}: valid\n${marketing}: valid\n`);
    expect(out).toContain(
      '  not runnable in this version: sourceFlowConfig.connectorType: this version has no source Singular',
    );
    expect((await cli.run('validate', '--runnable', good)).exitCode).toBe(0);
    expect((await cli.run('validate', '--runnable', good, marketing)).exitCode).toBe(2);
  });

  test('judges every file, whatever is wrong with the others', async () => {
    const cli = command();
    const good = cli.flow();
    const bad = cli.write('flows/bad.yaml', 'flowName: x\n');
    const { exitCode, out, err } = await cli.run('validate', 'none.json', bad, good);
    expect(exitCode).toBe(2);
    expect(out).toBe(`${good}: valid\n`);
    expect(err).toContain('none.json: there is no such file\n');
    expect(err).toContain(`${bad}: triggerConfig`);
  });

  test('does without the connections', async () => {
    const cli = command();
    const { exitCode, out } = await cli.run('validate', cli.flow(customSource('gh', 'issues')));
    expect(exitCode).toBe(0);
    expect(out).toContain('there is no such connection');
  });
});

test('map adds the tasks of a mapping file', async () => {
  const cli = command();
  const flow = cli.flow({ tasks: [] });
  const csv = cli.write('mapping.csv', 'id,Number\nrating,Grade\n');
  const out = path.join(cli.folder, 'mapped.yaml');
  expect(await cli.run('map', flow, '--csv', csv, '--out', out)).toEqual({ exitCode: 0, out: '', err: '' });
  const printed = await cli.run('map', flow, '--csv', csv);
  const { tasks } = JSON.parse(printed.out) as { tasks: { taskType: string; destinationField?: string }[] };
  expect(tasks.map(({ destinationField }) => destinationField).filter(Boolean)).toEqual(['Number', 'Grade']);
  const { objects } = await cli.json<{ objects: string[] }>('run', out);
  expect(cli.read(`home/s3/${objects[0]?.slice('s3://'.length)}`)).toContain(
    '{"Number":"1","Grade":"Hot"}\n',
  );
});

test('schema prints the JSON Schema of flow definitions', async () => {
  const { exitCode, out } = await command().run('schema');
  expect(exitCode).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    required: expect.arrayContaining(['flowName', 'tasks']),
  });
});

describe('runs and show', () => {
  test("list a flow's runs, the newest first, and show one", async () => {
    const cli = command();
    const flow = cli.flow();
    const first = await cli.json<{ executionId: string }>('run', flow);
    cli.clock.advance(60_000);
    cli.write('home/s3/inbox/in/a.csv', 'id,rating\n1\n');
    const { objects: _, rejectedObject: __, ...second } = await cli.json('run', flow);
    const listed = await cli.json<object[]>('runs', flow);
    expect(listed).toEqual([second, expect.objectContaining({ executionId: first.executionId })]);
    expect(listed[1]).not.toHaveProperty('objects');
    expect(await cli.json<object[]>('runs', 'orders', '--limit', '1')).toEqual([second]);
    const { out } = await cli.run('runs', 'orders');
    expect(out.split('\n')).toEqual([
      'orders: Active, schema version 1, no watermark',
      expect.stringMatching(
        /^2026-02-03T10:16:00\.000Z {2}[0-9a-f-]{36} {2}Error {7}0 read {2}0 written {2}s3:/,
      ),
      `2026-02-03T10:15:00.000Z  ${first.executionId}  Successful  3 read  3 written`,
      '',
    ]);

    expect(await cli.json('show', first.executionId)).toEqual(first);
    const shown = await cli.run('show', String(second.executionId));
    expect(shown.exitCode).toBe(0);
    expect(shown.out).toContain('  status   Error\n');
    expect(shown.out).toContain('  error: SourceDataInvalid: s3://inbox/in/a.csv line 2');
  });

  test('know a flow by its file before its first run, and no other', async () => {
    const cli = command();
    expect(await cli.run('runs', cli.flow())).toEqual({ exitCode: 0, out: 'orders: no runs yet\n', err: '' });
    const home = path.join(cli.folder, 'home');
    expect(await cli.run('runs', 'ordres')).toEqual({
      exitCode: 2,
      out: '',
      err: `${home}: no flow of that name has run here; got ordres; run it with \`tributary run FLOW\`, say where it ran with --home DIR, or add --aws if it is deployed\n`,
    });
    expect(await cli.run('show', 'nothing')).toEqual({
      exitCode: 2,
      out: '',
      err: `${home}: there is no such run; got nothing; list the runs of a flow with \`tributary runs FLOW\`; say where they are with --home DIR or --aws. A start that was skipped leaves no run\n`,
    });
  });

  test('still show a run whose papers are gone', async () => {
    const cli = command();
    const { executionId } = await cli.json<{ executionId: string }>('run', cli.flow());
    writeFileSync(path.join(cli.folder, 'home/runs/orders', executionId, 'manifest.jsonl'), '');
    const { rm } = await import('node:fs/promises');
    await rm(path.join(cli.folder, 'home/runs'), { recursive: true });
    expect(await cli.json('show', executionId)).toMatchObject({
      recordsWritten: 3,
      objects: [],
      reason: 'the list of its objects is kept no longer',
    });
  });
});

test('cancel refuses a run that has ended, and one that never was', async () => {
  const cli = command();
  const { executionId } = await cli.json<{ executionId: string }>('run', cli.flow());
  expect(await cli.run('cancel', executionId)).toEqual({
    exitCode: 2,
    out: '',
    err: `flow orders, ${executionId}: the run can be cancelled no more; got Successful\n`,
  });
  expect(await cli.run('cancel', 'nothing')).toMatchObject({ exitCode: 2 });
});

test('cancel stops a run that another terminal began', async () => {
  const cli = command();
  const rows = Array.from({ length: 300_000 }, (_, i) => `${i},Hot`).join('\n');
  for (const file of ['a', 'b']) cli.write(`home/s3/inbox/in/${file}.csv`, `id,rating\n${rows}\n`);
  const running = cli.run('run', cli.flow());
  let canceled: { exitCode: number; out: string } | undefined;
  while (!canceled) {
    const [listed] = await cli.json<{ executionId: string; status: string }[]>('runs', cli.flow());
    if (listed) {
      expect(listed.status).toBe('InProgress');
      canceled = await cli.run('cancel', listed.executionId);
    }
  }
  expect(canceled).toMatchObject({ exitCode: 0, out: expect.stringContaining(': CancelStarted\n') });
  expect(await running).toMatchObject({ exitCode: 1, out: expect.stringContaining('  status   Canceled\n') });
  expect(cli.files('home/s3/lake')).toEqual([]);
});

describe('start, stop and reset', () => {
  test('start runs an on-demand flow, and stop refuses it', async () => {
    const cli = command();
    expect(await cli.json('start', cli.flow())).toMatchObject({ status: 'Successful', recordsWritten: 3 });
    expect(await cli.run('stop', cli.flow())).toEqual({
      exitCode: 2,
      out: '',
      err: 'flow orders: an on-demand flow is never active, so it cannot be stopped; to stop a run of it, use `tributary cancel RUN`\n',
    });
  });

  test('start and stop set the status of a scheduled flow', async () => {
    const cli = command();
    const flow = cli.flow(scheduled);
    expect(await cli.run('stop', flow)).toEqual({ exitCode: 0, out: 'orders: Suspended\n', err: '' });
    expect((await cli.run('runs', 'orders')).out).toContain('orders: Suspended');
    expect(await cli.run('start', flow)).toEqual({
      exitCode: 0,
      out: 'orders: Active\n',
      err: 'schedules and events start flows in AWS; here, each `tributary run orders` is a run\n',
    });
    expect(await cli.json('stop', flow)).toEqual({ flowName: 'orders', status: 'Suspended' });
  });

  test('start and stop set the status of a flow that events start', async () => {
    const cli = command();
    const flow = cli.flow({ tributary: { eventPattern: { source: ['tributary'] } } });
    expect(await cli.json('stop', flow)).toEqual({ flowName: 'orders', status: 'Suspended' });
    expect(await cli.json('start', flow)).toEqual({ flowName: 'orders', status: 'Active' });
    expect(await cli.json('run', flow)).toMatchObject({ status: 'Successful' });
  });

  test('reset forgets the watermark, but neither the status nor the runs', async () => {
    const cli = command();
    const flow = cli.flow(scheduled);
    await cli.run('run', flow);
    await cli.run('stop', flow);
    expect((await cli.run('runs', 'orders')).out).toContain(
      'Suspended, schema version 1, watermark 2026-02-03',
    );
    expect(await cli.run('reset', 'orders')).toEqual({
      exitCode: 0,
      out: 'orders: state forgotten; the next run begins as the first\n',
      err: '',
    });
    const { out } = await cli.run('runs', 'orders');
    expect(out).toContain('Suspended, schema version 0, no watermark');
    expect(out).toContain('Successful');
    // A changed source is another flow, but for a reset.
    const other = {
      connectorType: 'S3',
      sourceConnectorProperties: { S3: { bucketName: 'lake', bucketPrefix: 'x' } },
    };
    await cli.run('run', flow);
    expect(await cli.run('run', cli.flow({ sourceFlowConfig: other }))).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('`tributary reset`'),
    });
    expect(await cli.run('reset', 'nothing')).toMatchObject({ exitCode: 2 });
    const never = cli.write('flows/never.json', { ...orders, flowName: 'never' });
    expect(await cli.run('reset', never)).toMatchObject({
      exitCode: 0,
      out: 'never: there is nothing to forget\n',
    });
  });
});

describe('preview', () => {
  const tasks = [
    { ...orders.tasks[0] },
    {
      taskType: 'Filter',
      sourceFields: ['rating'],
      connectorOperator: { S3: 'EQUAL_TO' },
      taskProperties: { DATA_TYPE: 'string', VALUE: 'Hot' },
    },
    {
      taskType: 'Mask',
      sourceFields: ['id'],
      connectorOperator: { S3: 'MASK_ALL' },
      taskProperties: { MASK_VALUE: '*', MASK_LENGTH: '3' },
    },
    orders.tasks[1],
    orders.tasks[2],
  ];

  test('shows records before and after the tasks, and writes nothing', async () => {
    const cli = command();
    const { exitCode, out } = await cli.run('preview', cli.flow({ tasks }), '--limit', '2');
    expect(exitCode).toBe(0);
    expect(out).toBe(
      `${[
        'record 1',
        'id: "1"        →  id: "*"',
        'rating: "Hot"     rating: "Hot"',
        '',
        'record 2',
        'id: "2"         →  dropped by tasks[1] (Filter)',
        'rating: "Warm"',
      ].join('\n')}\n`,
    );
    expect(cli.files('home/s3/lake')).toEqual([]);
    expect(cli.files('home/state')).toEqual([]);
  });

  test('--json gives the same to programs', async () => {
    const cli = command();
    expect(await cli.json('preview', cli.flow({ tasks }), '--limit', '2')).toEqual([
      { before: { id: '1', rating: 'Hot' }, after: { id: '*', rating: 'Hot' } },
      { before: { id: '2', rating: 'Warm' }, after: { droppedBy: 'tasks[1] (Filter)' } },
    ]);
  });

  test('says that there is nothing', async () => {
    const cli = command();
    cli.write('home/s3/inbox/in/a.csv', 'id,rating\n');
    expect(await cli.run('preview', cli.flow())).toMatchObject({ out: 'the source has no records\n' });
  });
});
