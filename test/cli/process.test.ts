/** The command as a process of its own: signals, pipes, exit codes. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../local/home.ts';
import { type Command, command } from './command.ts';

const bin = path.join(import.meta.dirname, '../../bin/tributary.ts');

function start(...args: readonly string[]): { child: ChildProcess; ended: Promise<object> } {
  const child = spawn(process.execPath, ['--import', 'tsx', bin, ...args], { stdio: 'pipe' });
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, out, err }));
  return { child, ended };
}

/** A run of enough records to be caught in the middle. */
async function begun(): Promise<{ cli: Command; flow: string; child: ChildProcess; ended: Promise<object> }> {
  const cli = command();
  cli.shell = { clock: systemClock };
  const rows = Array.from({ length: 500_000 }, (_, i) => `${i},Hot`).join('\n');
  cli.write('home/s3/inbox/in/a.csv', `id,rating\n${rows}\n`);
  const flow = cli.flow();
  const { child, ended } = start('run', flow, '--home', path.join(cli.folder, 'home'));
  while (!cli.files('home/state').some((file) => file.endsWith('RUN.json'))) {
    if (child.exitCode !== null) throw new Error('the run ended before it was caught');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { cli, flow, child, ended };
}

describe('a run', { timeout: 60_000 }, () => {
  test('that is killed is settled by the next, which delivers everything', async () => {
    const { cli, flow, child, ended } = await begun();
    child.kill('SIGKILL');
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    expect(cli.files('home/s3/lake')).toEqual([]);
    const [dead] = await cli.json<object[]>('runs', flow);
    expect(dead).toMatchObject({
      status: 'InProgress',
      reason: 'the run ended without being closed; the next run of the flow settles it first',
    });
    expect(await cli.json('run', flow)).toMatchObject({ status: 'Successful', recordsWritten: 500_000 });
    expect(await cli.json('runs', flow)).toMatchObject([{ status: 'Successful' }, { status: 'Error' }]);
    expect(cli.files('home/s3-uploads')).toEqual([]);
    expect(cli.files('home/segments')).toEqual([]);
  });

  test('that gets Ctrl-C ends as Canceled, with exit code 1', async () => {
    const { cli, child, ended } = await begun();
    child.kill('SIGINT');
    expect(await ended).toMatchObject({
      code: 1,
      out: expect.stringContaining('  status   Canceled\n'),
      err: expect.stringContaining('cancelling; once more to leave at once\n'),
    });
    expect(cli.files('home/s3/lake')).toEqual([]);
  });

  test('of another process in the middle makes a second one skip', async () => {
    const { cli, flow, child, ended } = await begun();
    expect(await cli.json('run', flow)).toMatchObject({
      status: 'Skipped',
      reason: expect.stringMatching(/^run [0-9a-f-]{36} is in progress$/),
    });
    child.kill('SIGKILL');
    await ended;
  });
});

test('exits with 2 for bad input, and leaves a closed pipe in peace', async () => {
  expect(await start('run', 'none.yaml').ended).toMatchObject({
    code: 2,
    out: '',
    err: 'none.yaml: there is no such file\n',
  });
  const { child, ended } = start('schema');
  child.stdout?.destroy();
  expect(await ended).toMatchObject({ code: 0, err: '' });
}, 60_000);
