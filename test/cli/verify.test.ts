/** `tributary verify`: the certificate of a run on this machine. */

import { appendFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Command, command } from './command.ts';

/** A command whose flow `orders` has run once. */
async function ran(): Promise<{ cli: Command; run: string; output: string }> {
  const cli = command();
  const flow = cli.flow();
  const { executionId } = await cli.json<{ executionId: string }>('run', flow);
  const [output = ''] = cli.files('home/s3/lake');
  return { cli, run: executionId, output };
}

describe('verify', () => {
  test('a run that holds', async () => {
    const { cli, run } = await ran();
    const { exitCode, out, err } = await cli.run('verify', run);
    expect(err).toBe('');
    expect(out).toMatch(
      new RegExp(
        `^${run}: the certificate holds: 1 object, 3 records, \\d+ B; signed by local:[0-9a-f]{16}\\n$`,
      ),
    );
    expect(exitCode).toBe(0);
    expect(await cli.json('verify', run)).toMatchObject({
      executionId: run,
      flowName: 'orders',
      holds: true,
      difference: null,
      objects: 1,
      records: 3,
      certificate: { counts: { received: 3, written: 3 } },
    });
  });

  test('a run whose output was changed', async () => {
    const { cli, run, output } = await ran();
    appendFileSync(path.join(cli.folder, 'home/s3/lake', output), '{"id":"4"}\n');
    const { exitCode, out } = await cli.run('verify', run);
    expect(exitCode).toBe(1);
    expect(out).toContain(`${run}: the certificate does not hold\n`);
    expect(out).toContain(`  at        s3://lake/${output}\n`);
    expect(out).toMatch(/ expected {2}3 records, \d+ bytes\n/);
    expect(out).toMatch(/ got {7}4 records, \d+ bytes\n/);
    expect(await cli.json('verify', run)).toMatchObject({
      holds: false,
      difference: { at: `s3://lake/${output}` },
    });
  });

  test('a run whose key is gone: another one was not its', async () => {
    const { cli, run } = await ran();
    rmSync(path.join(cli.folder, 'home/secrets/.signing-key'));
    const { exitCode, out } = await cli.run('verify', run);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/ expected {2}what local:[0-9a-f]{16} has signed\n/);
    expect(out).toMatch(/ got {7}the signature of local:[0-9a-f]{16}\n/);
  });

  test('no run, or one that wrote nothing, is bad input', async () => {
    const { cli } = await ran();
    expect(await cli.run('verify', '00000000-0000-4000-8000-000000000001')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('there is no such run'),
    });
    const { executionId } = await cli.json<{ executionId: string }>('run', cli.flow(), '--dry-run');
    expect(await cli.run('verify', executionId)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('only a run that was committed has a certificate; got a dry run'),
    });
  });
});
