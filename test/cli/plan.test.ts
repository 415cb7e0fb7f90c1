/** `tributary plan`: what a run would do and cost. */

import { describe, expect, test } from 'vitest';
import { command, map, orders } from './command.ts';

interface Plan {
  readonly size: Record<string, unknown>;
  readonly assumed: readonly string[];
  readonly figures: Record<string, number>;
  readonly memory: { readonly transfer: number; readonly workingShare: number };
  readonly cost: Record<string, unknown>;
  readonly warnings: readonly string[];
}

const issues = ['examples/flows/issues.yaml', '--connections', 'examples/connections'] as const;

describe('plan', () => {
  test('takes pages from the declaration and says what it assumes', async () => {
    const plan = await command().json<Plan>(
      'plan',
      ...issues,
      '--records',
      '250000',
      '--record-bytes',
      '800',
    );
    expect(plan.size).toEqual({
      records: 250_000,
      recordBytes: 800,
      outputRecordBytes: 800,
      pageRecords: 100,
      pageSeconds: expect.closeTo(0.5127, 3),
      splits: 1,
      unit: 'page',
      partitions: 1,
    });
    expect(plan.assumed).toEqual(['outputRecordBytes', 'pageRecords', 'pageSeconds', 'splits', 'partitions']);
    expect(plan.figures).toMatchObject({ pages: 2500, sourceRequests: 2592, batches: 2, objects: 1 });
    expect(plan.memory).toMatchObject({ transfer: 512, workingShare: expect.closeTo(0.0247, 3) });
    expect(plan.cost).toMatchObject({ region: 'us-east-1', runsOfMonth: 720 });
  });

  test('prints a page for people', async () => {
    const { exitCode, out, err } = await command().run(
      'plan',
      ...issues,
      '--records',
      '3000000',
      '--page-records',
      '30',
      '--pause',
      '100/60',
      '--prices',
      'eu-central-1',
    );
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toContain('issues: from CUSTOMCONNECTOR/my-repository (GitHub) to S3\n');
    expect(out).toMatch(/\n {2}bytes of a record +1,000 B +assumed \(--record-bytes\)\n/);
    expect(out).toMatch(/\n {2}the source refuses +60 s after every 100 requests\n/);
    expect(out).toMatch(/\n {2}state transitions +3,010\n/);
    expect(out).toMatch(/\n {2}Step Functions +3,010 state transitions +\$0\.0752\n/);
    expect(out).toMatch(/\n {2}AppFlow +a run, 3\.0 GB processed +\$0\.0610\n/);
    expect(out).toMatch(
      /\n {2}512 MB +waits 99 % of its time +30\.9 h +\$0\.\d+\n {2}1,769 MB +30\.8 h +\$1\.\d+\n/,
    );
    expect(out).toMatch(/\n {2}a run \(Tributary, as AppFlow\) +30\.9 h of 48\.0 h +64 %\n/);
    expect(out).toContain('\nwarning: a run lasts longer than the 3600 s until the next one is due');
  });

  test('refuses a run that would break limits, and says what to change', async () => {
    const { exitCode, out, err } = await command().run('plan', ...issues, '--records', '100000000');
    expect(exitCode).toBe(2);
    expect(out).toMatch(/a run \(Tributary, as AppFlow\) +\d+\.\d h of 48\.0 h +too much\n/);
    expect(err).toMatch(
      /^flow issues: a run of this size would break a limit: a run \(Tributary, as AppFlow\); got \d+\.\d h; expected 48\.0 h at most; filter, pull shorter windows more often, or have the source read in several splits \(parallelismConfig, more files\)\n$/,
    );
  });

  test('takes the size of an earlier run', async () => {
    const cli = command();
    cli.write('home/s3/inbox/in/a.csv', `id,rating\n${'1,Hot\n'.repeat(2000)}`);
    cli.write('home/s3/inbox/in/b.csv', `id,rating\n${'2,Old\n'.repeat(1000)}`);
    const flow = cli.flow();
    const { executionId } = await cli.json<{ executionId: string }>('run', flow);
    const plan = await cli.json<Plan>(
      'plan',
      flow,
      '--from-run',
      executionId,
      '--home',
      `${cli.folder}/home`,
    );
    expect(plan.size).toMatchObject({
      records: 3000,
      recordBytes: expect.closeTo(6.005, 2),
      pageRecords: 1500,
      splits: 2,
      unit: 'split',
      partitions: 1,
    });
    expect(plan.figures).toMatchObject({ pages: 2, batches: 2, children: 2, objects: 1 });
    expect(plan.memory).toMatchObject({ transfer: 1769, workingShare: 1 });
    const more = await cli.json<Plan>(
      'plan',
      flow,
      ...['--from-run', executionId, '--home', `${cli.folder}/home`, '--records', '3000000'],
    );
    expect(more.size).toMatchObject({ records: 3_000_000, pageRecords: 1500, splits: 2 });
  });

  test.each([
    [['--records', '0'], '--records takes a number; got 0; expected a whole number from 1 on\n'],
    [
      ['--page-seconds', '0'],
      '--page-seconds takes seconds; got 0; expected a number greater than 0, such as 0.5\n',
    ],
    [
      ['--pause', '60'],
      '--pause takes requests and seconds; got 60; expected 100/60: after 100 requests the source refuses for 60 seconds\n',
    ],
    [
      ['--prices', 'eu-west-9'],
      '--prices takes a Region whose list prices are known here; got eu-west-9; expected one of us-east-1, eu-central-1\n',
    ],
    [
      ['--partitions', '5'],
      '--partitions would change nothing; expected a flow with a Partition task; leave it out\n',
    ],
    [
      ['--splits', '1000001'],
      '--splits: a run has not as many splits; got 1,000,001; expected 1,000,000 at most\n',
    ],
    [
      ['--job-seconds', '5'],
      '--job-seconds would change nothing; got S3; expected a source that is read by jobs; leave it out\n',
    ],
    [
      ['--aws'],
      '--aws would change nothing; expected --from-run RUN beside it: it says where that run is; leave it out\n',
    ],
  ])('refuses %j', async (options, message) => {
    const cli = command();
    const flow = cli.flow({ tasks: [orders.tasks[0], map('id')] });
    expect(await cli.run('plan', flow, ...options)).toEqual({ exitCode: 2, out: '', err: message });
  });

  test('refuses the run of another flow, and one that has read nothing', async () => {
    const cli = command();
    cli.write('home/s3/inbox/in/a.csv', 'id,rating\n');
    const flow = cli.flow();
    const { executionId } = await cli.json<{ executionId: string }>('run', flow);
    const from = ['--from-run', executionId, '--home', `${cli.folder}/home`];
    const other = cli.write('flows/other.json', { ...orders, flowName: 'other' });
    expect(await cli.run('plan', other, ...from)).toMatchObject({
      exitCode: 2,
      err: '--from-run: the run is one of another flow; got orders; expected other\n',
    });
    expect(await cli.run('plan', flow, ...from)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('only a successful run with records tells the size of the next'),
    });
  });
});
