import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../../core/errors.ts';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { type FlowState, flowKey, type Run, runKey, type Slot } from '../../../engine/run/run.ts';
import { runStep } from '../../../engine/steps/index.ts';
import { s3Flow } from '../../support/flows.ts';
import { type MemoryHome, memoryHome, stateBucket } from '../../support/memory-home.ts';

const fields = { id: 'id', name: 'name' };
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const hour = 3_600_000;

async function home(): Promise<MemoryHome> {
  const at = memoryHome({ buckets: ['inbox', 'lake'] });
  await at.objects.put('inbox', 'in/a.csv', 'id,name\n1,a\n');
  at.clock.advance(hour);
  return at;
}

const scheduled = (more: object = {}): FlowDefinition =>
  s3Flow({ fields, scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental', ...more } });

async function runOf(at: MemoryHome, n: number): Promise<Run | undefined> {
  return (await at.state.get<Run>(runKey(id(n)), 'RUN'))?.data;
}

async function slotOf(at: MemoryHome): Promise<Slot | undefined> {
  return (await at.state.get<Slot>(flowKey('orders'), 'SLOT'))?.data;
}

/** The execution is stopped for good at the nth call of `call` from now on. */
async function stopAt(at: MemoryHome, flow: FlowDefinition, n: number, call: string, nth = 1): Promise<void> {
  class Stopped extends Error {}
  let calls = 0;
  at.hook = (made, when) => {
    if (calls >= nth || (made === call && when === 'before' && ++calls >= nth)) throw new Stopped();
  };
  await at
    .run(flow, {
      name: id(n),
      aroundStep: async (_, run) => {
        if (calls >= nth) throw new Stopped();
        return run();
      },
    })
    .catch((error: unknown) => {
      if (!(error instanceof Stopped)) throw error;
    });
  at.hook = () => undefined;
}

const types = (at: MemoryHome): string[] =>
  at.events.map(({ detailType, detail }) =>
    `${detailType} ${detail['execution-id']?.slice(-1) ?? ''}`.trim(),
  );

describe('a run that is stopped between its last write and its reports', () => {
  it('is reported and cleaned by the next start', async () => {
    const at = await home();
    const flow = s3Flow({ fields });
    await stopAt(at, flow, 1, 'events.emit', 2);
    expect((await runOf(at, 1))?.status).toBe('Successful');
    expect(types(at)).toEqual(['AppFlow Start Flow Run Report 1']);
    await at.run(flow, { name: id(2) });
    expect(types(at)).toEqual([
      'AppFlow Start Flow Run Report 1',
      'AppFlow End Flow Run Report 1',
      'AppFlow Start Flow Run Report 2',
      'AppFlow End Flow Run Report 2',
    ]);
    expect(at.objects.keys(stateBucket).filter((key) => key.startsWith('segments/'))).toEqual([]);
    expect(await slotOf(at)).toEqual({ fence: 2 });
  });
});

it('what only a run’s steps read may be dropped from the table after 90 days; its record and the flow’s stay', async () => {
  const at = await home();
  await at.objects.put('inbox', 'in/b.csv', 'id,name\n2\n');
  const written = new Map<string, number | undefined>();
  const write = at.state.write.bind(at.state);
  at.state.write = async (writes) => {
    for (const { sk, expiresAt } of writes) written.set(sk, expiresAt);
    await write(writes);
  };
  const expiry = Math.floor(at.clock.now() / 1000) + 90 * 86_400;
  await at.run(s3Flow({ fields }), { name: id(1) });
  const kept = [...written]
    .filter(([, expiresAt]) => expiresAt === undefined)
    .map(([sk]) => sk.split('#')[0]);
  expect(new Set(kept)).toEqual(new Set(['SLOT', 'RUN', 'HISTORY', 'STATE']));
  expect([written.get('SEGMENT#000000#00000000'), written.get('ERROR')]).toEqual([expiry, expiry]);
});

describe('a commit that fails', () => {
  it('is left open and rolled forward by the next start: part of its output may be there already', async () => {
    const at = await home();
    const flow = s3Flow({ fields, partition: ['name'] });
    await at.objects.put('inbox', 'in/a.csv', 'id,name\n1,a\n2,b\n');
    let committing = false;
    let puts = 0;
    at.hook = async (call, when) => {
      committing ||= (await runOf(at, 1))?.status === 'COMMITTING';
      if (committing && call === 'objects.put' && when === 'before' && ++puts === 2)
        throw new TributaryError('AccessDenied', 's3:PutObject is not allowed');
    };
    expect(await at.run(flow, { name: id(1) })).toMatchObject({ error: 'AccessDenied' });
    expect((await runOf(at, 1))?.status).toBe('COMMITTING');
    at.hook = () => undefined;
    expect(await at.run(flow, { name: id(2) })).toHaveProperty('output');
    expect([(await runOf(at, 1))?.status, (await runOf(at, 2))?.status]).toEqual([
      'Successful',
      'Successful',
    ]);
    expect(at.objects.keys('lake')).toHaveLength(4);
  });
});

describe('the last of too many failures', () => {
  it('is reported as the flow’s deactivation even when the first try was killed', async () => {
    const at = await home();
    const flow = scheduled({ flowErrorDeactivationThreshold: 1 });
    await at.objects.put('inbox', 'in/a.csv', 'id,name\n1\n');
    at.clock.advance(hour);
    let killed = false;
    at.hook = (call, when) => {
      if (killed || call !== 'events.emit' || when !== 'after' || at.events.length < 2) return;
      killed = true;
      throw new TributaryError('StorageUnavailable', 'the answer was lost');
    };
    await at.run(flow, { name: id(1), input: { trigger: 'Scheduled' } });
    expect(killed).toBe(true);
    expect((await at.state.get<FlowState>(flowKey('orders'), 'STATE'))?.data.status).toBe('Suspended');
    expect(types(at)).toContain('AppFlow Scheduled Flow Deactivated');
  });
});

describe('an execution whose run another one has taken over', () => {
  it('cannot close it as failed', async () => {
    const at = await home();
    const flow = s3Flow({ fields });
    await stopAt(at, flow, 1, 'state.write', 4);
    expect((await runOf(at, 1))?.status).toBe('COMMITTING');
    const result = await at.run(flow, {
      name: id(2),
      aroundStep: async (step, run) => {
        if (step === 'EndRun' && (await runOf(at, 1))?.status === 'COMMITTED') {
          const error = { Error: 'Lambda.Unknown', Cause: 'a late first try' };
          const arn = 'arn:aws:states:eu-central-1:123456789012:execution:flow';
          await runStep(
            {
              step: 'FailRun',
              executionArn: `${arn}:${id(1)}`,
              executionName: id(1),
              state: { run: { executionId: id(1), fence: 1 }, error },
            },
            at.ports(flow),
          );
        }
        return run();
      },
    });
    expect(result).toHaveProperty('output');
    expect((await runOf(at, 1))?.status).toBe('Successful');
    expect((await runOf(at, 2))?.status).toBe('Successful');
  });
});

describe('a definition that becomes incremental while its run begins', () => {
  it('does not let the full pull move the watermark', async () => {
    const at = await home();
    const before = s3Flow({
      fields,
      scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Complete' },
    });
    const ports = at.ports.bind(at);
    at.ports = (flow, hook) => ports(flow === before && at.events.length > 0 ? scheduled() : flow, hook);
    expect(await at.run(before, { name: id(1) })).toHaveProperty('output');
    expect((await at.state.get<FlowState>(flowKey('orders'), 'STATE'))?.data.watermark).toBeUndefined();
  });
});
