import { expect, it } from 'vitest';
import { TributaryError } from '../../../core/errors.ts';
import { abandonCommit } from '../../../engine/run/abandon-commit.ts';
import { type Run, readFlowItems, readRun } from '../../../engine/run/run.ts';
import { commitOutput } from '../../../engine/steps/commit-output.ts';
import { s3Flow } from '../../support/flows.ts';
import { type MemoryHome, memoryHome, type PortHook } from '../../support/memory-home.ts';
import { leftovers } from '../../support/outcome.ts';
import { rows, scriptedSource } from '../../support/scripted-source.ts';

const [first, second] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
const flow = s3Flow({ fields: { id: 'id', name: 'name' }, partition: ['id'] });

/** A run of two objects whose commit was refused the second. */
async function leftCommitting(): Promise<MemoryHome> {
  const source = scriptedSource([[{ rows: rows(1, 2) }]]);
  const home = memoryHome({ buckets: ['inbox', 'lake'], sources: { S3: source } });
  const ended = await home.run(flow, {
    name: first,
    // The manifest is put first, then the objects.
    aroundStep: (step, run) => (step === 'CommitOutput' ? run(refusing('objects.put', 3)) : run()),
  });
  expect(ended).toMatchObject({ error: 'AccessDenied' });
  expect(await statusOf(home, first)).toBe('COMMITTING');
  expect(home.objects.keys('lake').length).toBe(1);
  return home;
}

function refusing(port: string, nth: number): PortHook {
  let calls = 0;
  return (call, when) => {
    if (call === port && when === 'before' && ++calls === nth)
      throw new TributaryError('AccessDenied', 'a policy of the bucket denies it');
  };
}

async function statusOf(home: MemoryHome, executionId: string): Promise<Run['status']> {
  return (await readRun(home.state, executionId)).data.status;
}

const abandon = async (home: MemoryHome, hook?: PortHook) =>
  abandonCommit(await readRun(home.state, first), home.ports(flow, hook));

it('takes back what was written; the next start closes the run and pulls the window itself', async () => {
  const home = await leftCommitting();
  expect(await abandon(home)).toBe(1);
  expect(home.objects.keys('lake')).toEqual([]);
  expect(await home.run(flow, { name: second })).toHaveProperty('output');
  expect((await readRun(home.state, first)).data).toMatchObject({
    status: 'Canceled',
    errorCode: 'ExecutionCanceled',
    bytesWritten: 0,
    objectsWritten: 0,
  });
  expect(await statusOf(home, second)).toBe('Successful');
  expect(home.objects.keys('lake').length).toBe(2);
  expect(home.objects.keys('lake').every((key) => key.includes(second))).toBe(true);
  expect(leftovers(home)).toEqual({ segments: [], uploads: [], uploadRecords: [] });
});

it('broken off, keeps every start away until it is repeated', async () => {
  const home = await leftCommitting();
  await expect(abandon(home, refusing('objects.delete', 1))).rejects.toMatchObject({ code: 'AccessDenied' });
  expect(await home.run(flow, { name: second })).toMatchObject({
    output: { next: 'skip', reason: expect.stringContaining(`run ${first} is being abandoned`) },
  });
  expect(await statusOf(home, first)).toBe('COMMITTING');
  expect(await abandon(home)).toBe(1);
  expect(home.objects.keys('lake')).toEqual([]);
});

it('lets no late invocation of the commit go on', async () => {
  const home = await leftCommitting();
  const { data } = await readRun(home.state, first);
  await abandon(home);
  const late = commitOutput({ executionId: first, fence: data.fence }, 0, home.ports(flow));
  await expect(late).rejects.toMatchObject({ code: 'ExecutionCanceled' });
  expect(home.objects.keys('lake')).toEqual([]);
  expect((await readFlowItems(home.state, flow.flowName)).state?.data.schemaVersion).toBe(0);
});

it('is refused while the execution goes on, and for a run that is not committing', async () => {
  const home = await leftCommitting();
  const { executionArn } = (await readRun(home.state, first)).data;
  home.running.add(executionArn);
  await expect(abandon(home)).rejects.toThrow(/got a run that is in progress/);
  home.running.delete(executionArn);
  // The next start finishes the commit.
  await home.run(flow, { name: second });
  await expect(abandon(home)).rejects.toThrow(/got Successful/);
  expect(home.objects.keys('lake').length).toBe(4);
});
