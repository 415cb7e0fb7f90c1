/** `tributary replay`: what a run has refused, through its mended flow. */

import { describe, expect, test } from 'vitest';
import { type Command, command, map, orders } from './command.ts';

function amount(type: string): object {
  return {
    ...map('amount'),
    taskProperties: { SOURCE_DATA_TYPE: 'string', DESTINATION_DATA_TYPE: type },
  };
}
const filter = { ...orders.tasks[0], sourceFields: ['id', 'amount'] };
const strict = { tasks: [filter, map('id'), amount('integer')] };
const mended = { tasks: [filter, map('id'), amount('double')] };

/** Three records, of which one has no whole amount. */
async function refused(): Promise<{ cli: Command; run: string }> {
  const cli = command();
  cli.write('home/s3/inbox/in/a.csv', 'id,amount\n1,10\n2,2.5\n3,30\n');
  const result = await cli.json<{ executionId: string; recordsQuarantined: number }>('run', cli.flow(strict));
  expect(result.recordsQuarantined).toBe(1);
  return { cli, run: result.executionId };
}

/** A flow's lines at the destination. */
const lines = (cli: Command): string[] =>
  cli
    .files('home/s3/lake')
    .flatMap((file) => cli.read(`home/s3/lake/${file}`).split('\n').filter(Boolean))
    .sort();

describe('replay', () => {
  test('sends refused records through the mended flow, once', async () => {
    const { cli, run } = await refused();
    expect(lines(cli)).toEqual(['{"id":"1","amount":10}', '{"id":"3","amount":30}']);
    const flow = cli.write('flows/mended.json', { ...orders, ...mended });
    const { exitCode, out, err } = await cli.run('replay', run, '--flow', flow);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toContain(`  replay of  ${run}\n`);
    expect(out).toMatch(/ written +1 record, \d+ B, 1 object\n/);
    const all = ['{"id":"1","amount":10}', '{"id":"2","amount":2.5}', '{"id":"3","amount":30}'];
    expect(lines(cli)).toEqual(all);

    expect(await cli.run('replay', run, '--flow', flow)).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(
        new RegExp(`^orders: skipped, run ${run} has been replayed with this flow already, by run `),
      ),
    });
    expect(lines(cli)).toEqual(all);
  });

  test('with the flow as the run had it leaves them in quarantine', async () => {
    const { cli, run } = await refused();
    const again = await cli.json('replay', run);
    expect(again).toMatchObject({
      status: 'Successful',
      replayOf: run,
      recordsProcessed: 1,
      recordsRejected: 1,
      recordsQuarantined: 1,
      recordsWritten: 0,
    });
    const flow = cli.write('flows/mended.json', { ...orders, ...mended });
    expect(await cli.json('replay', run, '--flow', flow, '--dry-run')).toMatchObject({
      replayOf: again.executionId,
      dryRun: true,
      recordsWritten: 1,
    });
  });

  test('of no run, of a dry one, or through another flow is bad input', async () => {
    const { cli, run } = await refused();
    expect(await cli.run('replay', '00000000-0000-4000-8000-000000000001')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('there is no such run'),
    });
    const { executionId } = await cli.json<{ executionId: string }>('run', cli.flow(strict), '--dry-run');
    expect(await cli.run('replay', executionId)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('got a dry run; expected a run that was committed'),
    });
    const other = cli.write('flows/other.json', { ...orders, ...mended, flowName: 'other' });
    expect(await cli.run('replay', run, '--flow', other)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('got a run of flow orders; expected a run of the same flow'),
    });
    expect(await cli.run('replay', run, '--flow', other, '--aws')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('--flow is for runs on this machine; deploy the mended flow'),
    });
  });
});
