import { describe, expect, it } from 'vitest';
import type { Source } from '#core';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { setFlowStatus } from '../../../engine/run/close.ts';
import { type FlowState, flowKey, type Run, runKey } from '../../../engine/run/run.ts';
import type { ExecutionInput } from '../../../engine/steps/index.ts';
import { s3Flow } from '../../support/flows.ts';
import { type MemoryHome, memoryHome, stateBucket } from '../../support/memory-home.ts';

const fields = { id: 'id', name: 'name' };
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const hour = 3_600_000;

function home(): MemoryHome {
  return memoryHome({ buckets: ['inbox', 'lake'] });
}

async function put(at: MemoryHome, key: string, ...lines: string[]): Promise<void> {
  await at.objects.put('inbox', `in/${key}`, ['id,name', ...lines, ''].join('\n'));
}

async function runOf(at: MemoryHome, n: number): Promise<Run | undefined> {
  return (await at.state.get<Run>(runKey(id(n)), 'RUN'))?.data;
}

async function stateOf(at: MemoryHome, flow: FlowDefinition): Promise<FlowState | undefined> {
  return (await at.state.get<FlowState>(flowKey(flow.flowName), 'STATE'))?.data;
}

function written(at: MemoryHome): string[] {
  return at.objects.keys('lake').map((key) => at.objects.stored('lake', key)?.body.toString() ?? '');
}

const ends = (at: MemoryHome): (string | undefined)[] =>
  at.events
    .filter((event) => event.detailType === 'AppFlow End Flow Run Report')
    .map((event) => event.detail.status);

const incremental = (more: object = {}): FlowDefinition =>
  s3Flow({ fields, scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental', ...more } });

describe('windows', () => {
  it('tile time: the first reaches 30 days back, each later one begins where the last committed one ended', async () => {
    const at = home();
    const flow = incremental();
    const start = at.clock.now();
    await put(at, 'a.csv', '1,a');
    at.clock.advance(hour);
    await at.run(flow, { name: id(1), input: { trigger: 'Scheduled' } });
    await put(at, 'b.csv', '2,b');
    at.clock.advance(hour);
    await at.run(flow, { name: id(2), input: { trigger: 'Scheduled' } });
    expect((await runOf(at, 1))?.window).toEqual({ start: start + hour - 30 * 24 * hour, end: start + hour });
    expect((await runOf(at, 2))?.window).toEqual({ start: start + hour, end: start + 2 * hour });
    expect(written(at)).toEqual(['{"id":"1","name":"a"}\n', '{"id":"2","name":"b"}\n']);
    expect((await stateOf(at, flow))?.watermark).toBe(start + 2 * hour);
  });

  it('begin at firstExecutionFrom and end scheduleOffset seconds before the run', async () => {
    const at = home();
    const now = at.clock.now();
    await put(at, 'a.csv', '1,a');
    await at.run(incremental({ firstExecutionFrom: now / 1000 - 7200, scheduleOffset: 600 }), {
      name: id(1),
    });
    expect((await runOf(at, 1))?.window).toEqual({ start: now - 7_200_000, end: now - 600_000 });
    expect(written(at)).toEqual([]);
  });

  it('stay where they are after a failed run, so that the next one reads what it missed', async () => {
    const at = home();
    const flow = incremental();
    await put(at, 'a.csv', '1,a', '2');
    at.clock.advance(hour);
    expect(await at.run(flow, { name: id(1) })).toMatchObject({ error: 'SourceDataInvalid' });
    expect((await stateOf(at, flow))?.watermark).toBeUndefined();
    expect(written(at)).toEqual([]);
    await put(at, 'a.csv', '1,a', '2,b');
    at.clock.advance(hour);
    await at.run(flow, { name: id(2) });
    expect(written(at)).toEqual(['{"id":"1","name":"a"}\n{"id":"2","name":"b"}\n']);
  });

  it('are empty when the clock was set back, and then leave the watermark alone', async () => {
    const at = home();
    const flow = incremental();
    await put(at, 'a.csv', '1,a');
    at.clock.advance(hour);
    await at.run(flow, { name: id(1) });
    const watermark = (await stateOf(at, flow))?.watermark;
    at.clock.advance(-2 * hour);
    expect(await at.run(flow, { name: id(2) })).toHaveProperty('output');
    expect((await stateOf(at, flow))?.watermark).toBe(watermark);
    expect((await runOf(at, 2))?.counts?.received).toBe(0);
  });
});

describe('run parameters', () => {
  it.each([
    ['full', { full: true as const }],
    ['from and to', { from: Date.parse('2026-01-01T00:00:00Z'), to: Date.parse('2026-03-01T00:00:00Z') }],
    ['limit', { limit: 5 }],
  ])('%s: reads by it and leaves the watermark alone', async (_name, parameters) => {
    const at = home();
    const flow = incremental();
    await put(at, 'a.csv', '1,a');
    at.clock.advance(hour);
    await at.run(flow, { name: id(1) });
    const watermark = (await stateOf(at, flow))?.watermark;
    at.clock.advance(hour);
    await put(at, 'b.csv', '2,b');
    at.clock.advance(hour);
    await at.run(flow, { name: id(2), input: { parameters } });
    expect((await runOf(at, 2))?.counts?.written).toBe('limit' in parameters ? 1 : 2);
    expect((await stateOf(at, flow))?.watermark).toBe(watermark);
  });

  it('limit counts over all splits and stops reading', async () => {
    const at = home();
    const flow = s3Flow({ fields });
    await put(at, 'a.csv', '1,a', '2,b');
    await put(at, 'b.csv', '3,c', '4,d');
    await put(at, 'c.csv', '5,e');
    await at.run(flow, { name: id(1), input: { parameters: { limit: 3 } } });
    const run = await runOf(at, 1);
    expect(run?.counts).toMatchObject({ received: 3, written: 3 });
    expect(written(at)).toEqual([
      '{"id":"1","name":"a"}\n{"id":"2","name":"b"}\n',
      '{"id":"3","name":"c"}\n',
    ]);
  });

  it('dryRun counts and writes nothing, neither objects nor state', async () => {
    const at = home();
    const flow = incremental();
    await put(at, 'a.csv', '1,a');
    at.clock.advance(hour);
    await at.run(flow, { name: id(1), input: { parameters: { dryRun: true } } });
    expect(await runOf(at, 1)).toMatchObject({
      status: 'Successful',
      bytesWritten: 0,
      counts: { received: 1, written: 1 },
    });
    expect(written(at)).toEqual([]);
    expect(await stateOf(at, flow)).toEqual({ status: 'Active', schemaVersion: 0, failureCount: 0 });
  });

  it('are refused when they make no sense', async () => {
    const at = home();
    const result = await at.run(s3Flow({ fields }), { input: { parameters: { limit: 0 } } });
    expect(result).toMatchObject({ error: 'InvalidArgument' });
    expect(result).toHaveProperty('cause', expect.stringContaining('parameters.limit'));
  });
});

describe('the run slot', () => {
  it('skips a run while another is in progress', async () => {
    const at = home();
    const flow = s3Flow({ fields });
    await put(at, 'a.csv', '1,a');
    let overlapping: unknown;
    await at.run(flow, {
      name: id(1),
      aroundStep: async (step, run) => {
        if (step === 'CommitOutput' && !overlapping) overlapping = await at.run(flow, { name: id(2) });
        return run();
      },
    });
    expect(overlapping).toEqual({ output: { next: 'skip', reason: `run ${id(1)} is in progress` } });
    expect(await runOf(at, 2)).toBeUndefined();
    expect(written(at)).toHaveLength(1);
  });

  it('settles a run whose execution ended without a word, then goes on', async () => {
    const at = home();
    const flow = s3Flow({ fields });
    await put(at, 'a.csv', '1,a');
    await dieAt(at, flow, 1, 'TransferBatch');
    expect((await runOf(at, 1))?.status).toBe('RUNNING');
    await at.run(flow, { name: id(2) });
    expect(await runOf(at, 1)).toMatchObject({
      status: 'Error',
      errorMessage: 'the execution ended without reporting; settled by the next start',
    });
    expect(await runOf(at, 2)).toMatchObject({ status: 'Successful' });
    expect(ends(at)).toEqual(['Execution Failed', 'Execution Successful']);
    expect(written(at)).toHaveLength(1);
  });

  it('finishes a predecessor that died while committing before it begins its own run', async () => {
    const at = home();
    const flow = incremental();
    await put(at, 'a.csv', '1,a');
    at.clock.advance(hour);
    await dieAt(at, flow, 1, 'EndRun');
    expect((await runOf(at, 1))?.status).toBe('COMMITTED');
    at.clock.advance(hour);
    await put(at, 'b.csv', '2,b');
    at.clock.advance(hour);
    await at.run(flow, { name: id(2) });
    expect(await runOf(at, 1)).toMatchObject({ status: 'Successful' });
    expect(await runOf(at, 2)).toMatchObject({ status: 'Successful' });
    expect(written(at)).toEqual(['{"id":"1","name":"a"}\n', '{"id":"2","name":"b"}\n']);
    expect(ends(at)).toEqual(['Execution Successful', 'Execution Successful']);
  });

  it('fences out a run whose slot was taken over: its late steps have no effect', async () => {
    const at = home();
    const flow = s3Flow({ fields });
    await put(at, 'a.csv', '1,a');
    const result = await at.run(flow, {
      name: id(1),
      aroundStep: async (step, run) => {
        if (step === 'CommitOutput') {
          // The service believes the execution dead, and another one settles it.
          at.running.clear();
          await at.run(flow, { name: id(2) });
        }
        return run();
      },
    });
    expect(result).toMatchObject({ error: 'FencedOut' });
    expect(await runOf(at, 2)).toMatchObject({ status: 'Successful' });
    expect(written(at)).toHaveLength(1);
    expect(at.objects.keys('lake')[0]).toContain(id(2));
  });
});

/** Runs until `step` would begin, then the execution is gone: no FailRun, no retry. */
async function dieAt(at: MemoryHome, flow: FlowDefinition, n: number, dead: string): Promise<void> {
  class Dead extends Error {}
  let gone = false;
  await at
    .run(flow, {
      name: id(n),
      aroundStep: async (step, run) => {
        if (step === dead) gone = true;
        if (gone) throw new Dead('the execution was stopped');
        return run();
      },
    })
    .catch((error: unknown) => {
      if (!(error instanceof Dead)) throw error;
    });
}

describe('settlement', () => {
  const settling = (at: MemoryHome, flow: FlowDefinition, n: number, settle: object): Promise<unknown> =>
    at.run(flow, { name: id(n), input: { settle: settle as NonNullable<ExecutionInput['settle']> } });

  it('closes an aborted run as cancelled and a failed one with its cause, and begins none', async () => {
    const at = home();
    const flow = s3Flow({ fields });
    await put(at, 'a.csv', '1,a');
    await dieAt(at, flow, 1, 'TransferBatch');
    await settling(at, flow, 9, { executionId: id(1), status: 'TIMED_OUT' });
    expect(await runOf(at, 1)).toMatchObject({
      status: 'Error',
      errorMessage: 'the run took longer than 48 hours',
    });
    await dieAt(at, flow, 2, 'TransferBatch');
    await settling(at, flow, 9, {
      executionId: id(2),
      status: 'FAILED',
      error: 'States.Runtime',
      cause: 'no such path',
    });
    expect(await runOf(at, 2)).toMatchObject({
      status: 'Error',
      errorCode: 'States.Runtime',
      errorMessage: 'no such path',
    });
    await dieAt(at, flow, 3, 'TransferBatch');
    await settling(at, flow, 9, { executionId: id(3), status: 'ABORTED' });
    expect((await runOf(at, 3))?.status).toBe('Canceled');
    expect(await settling(at, flow, 9, { executionId: id(3), status: 'ABORTED' })).toEqual({
      output: { next: 'skip', reason: `${id(3)} is settled` },
    });
    expect(ends(at)).toEqual(['Execution Failed', 'Execution Failed', 'Execution Canceled']);
    expect(await runOf(at, 9)).toBeUndefined();
    expect(at.objects.keys(stateBucket).filter((key) => key.startsWith('segments/'))).toEqual([]);
  });

  it('finishes a run that died while committing', async () => {
    const at = home();
    const flow = s3Flow({ fields });
    await put(at, 'a.csv', '1,a');
    await dieAt(at, flow, 1, 'EndRun');
    await settling(at, flow, 2, { executionId: id(1), status: 'ABORTED' });
    expect((await runOf(at, 1))?.status).toBe('Successful');
    expect(await runOf(at, 2)).toBeUndefined();
    expect(written(at)).toHaveLength(1);
  });
});

describe('cancel', () => {
  it('stops between two segments, writes nothing and reports Canceled', async () => {
    const at = memoryHome({ buckets: ['inbox', 'lake'], pageBytes: 20, sizes: { segmentPages: 1 } });
    const flow = s3Flow({ fields });
    await put(at, 'a.csv', ...Array.from({ length: 50 }, (_, i) => `${i},name`));
    at.hook = (call, when) => {
      if (call !== 'objects.put' || when !== 'after') return;
      at.hook = () => undefined;
      void at.state.get<Run>(runKey(id(1)), 'RUN').then(async (item) => {
        if (item)
          await at.state.write([{ pk: item.pk, sk: item.sk, set: { ...item.data, cancelRequested: true } }]);
      });
    };
    const result = await at.run(flow, { name: id(1) });
    expect(result).toMatchObject({ error: 'ExecutionCanceled' });
    expect((await runOf(at, 1))?.status).toBe('Canceled');
    expect(written(at)).toEqual([]);
    expect(ends(at)).toEqual(['Execution Canceled']);
  });
});

it('a suspended flow is not started by events, but by hand', async () => {
  const at = home();
  const flow = s3Flow({
    fields,
    more: { tributary: { eventPattern: { source: ['shop'] }, flowStatus: 'Suspended' } },
  });
  await put(at, 'a.csv', '1,a');
  expect(await at.run(flow, { name: id(1), input: { trigger: 'Event' } })).toEqual({
    output: { next: 'skip', reason: 'the flow is Suspended: deactivated' },
  });
  expect(await at.run(flow, { name: id(2) })).toMatchObject({ output: { next: 'done' } });
});

describe('scheduled flows', () => {
  it('are suspended after as many consecutive failures as the threshold says, and then skipped', async () => {
    const at = home();
    const flow = incremental({ flowErrorDeactivationThreshold: 2 });
    await put(at, 'a.csv', '1');
    for (const n of [1, 2]) {
      at.clock.advance(hour);
      await at.run(flow, { name: id(n), input: { trigger: 'Scheduled' } });
    }
    expect(await stateOf(at, flow)).toMatchObject({
      status: 'Suspended',
      statusMessage: '2 consecutive failures',
      failureCount: 2,
    });
    const deactivated = at.events.filter(
      (event) => event.detailType === 'AppFlow Scheduled Flow Deactivated',
    );
    expect(deactivated).toHaveLength(1);
    expect(deactivated[0]?.detail).toMatchObject({
      'deactivation-reason': '2 consecutive failures',
      'trigger-type': 'SCHEDULED',
    });

    expect(await at.run(flow, { name: id(3), input: { trigger: 'Scheduled' } })).toEqual({
      output: { next: 'skip', reason: 'the flow is Suspended: 2 consecutive failures' },
    });
    await setFlowStatus(at.ports(flow), flow, 'Active');
    await put(at, 'a.csv', '1,a');
    at.clock.advance(hour);
    await at.run(flow, { name: id(4), input: { trigger: 'Scheduled' } });
    expect(await stateOf(at, flow)).toMatchObject({ status: 'Active', failureCount: 0 });
  });

  it('that are refused at their start count as failures, and are suspended as well', async () => {
    const at = home();
    await put(at, 'a.csv', '1,a');
    const flow = incremental({ flowErrorDeactivationThreshold: 1 });
    const deliver = (given: FlowDefinition, n: number): Promise<unknown> =>
      at.run(given, { name: id(n), input: { trigger: 'Scheduled' } });
    await deliver(flow, 1);
    const [destination] = flow.destinationFlowConfigList;
    if (!destination) throw new Error('the flow has a destination');
    const moved: FlowDefinition = {
      ...flow,
      destinationFlowConfigList: [
        {
          ...destination,
          destinationConnectorProperties: { S3: { bucketName: 'lake', bucketPrefix: 'else' } },
        },
      ],
    };
    at.clock.advance(hour);
    expect(await deliver(moved, 2)).toMatchObject({ error: 'FlowInvalid' });
    expect(await stateOf(at, flow)).toMatchObject({ status: 'Suspended', failureCount: 1 });
    expect(at.events.map(({ detailType }) => detailType).slice(-2)).toEqual([
      'AppFlow End Flow Run Report',
      'AppFlow Scheduled Flow Deactivated',
    ]);
  });

  it('run once for a moment, however often and late it is delivered', async () => {
    const at = home();
    const flow = incremental();
    await put(at, 'a.csv', '1,a');
    const due = at.clock.now();
    at.clock.advance(hour);
    const deliver = (n: number, scheduledTime: number): Promise<unknown> =>
      at.run(flow, { name: id(n), input: { trigger: 'Scheduled', scheduledTime } });
    expect(await deliver(1, due)).toMatchObject({ output: { next: 'done' } });
    expect(await deliver(2, due)).toEqual({
      output: { next: 'skip', reason: 'the run due at 2026-02-03T10:15:00.000Z has been started already' },
    });
    expect(await deliver(3, due + hour)).toMatchObject({ output: { next: 'done' } });
    expect(await deliver(4, due)).toMatchObject({ output: { next: 'skip' } });
  });

  it('run only between scheduleStartTime and scheduleEndTime', async () => {
    const at = home();
    const now = at.clock.now() / 1000;
    await put(at, 'a.csv', '1,a');
    const skipped = async (scheduled: object): Promise<unknown> =>
      at.run(incremental(scheduled), { input: { trigger: 'Scheduled' } });
    expect(await skipped({ scheduleStartTime: now + 60 })).toMatchObject({
      output: { next: 'skip', reason: 'the schedule is not yet due' },
    });
    expect(await skipped({ scheduleEndTime: now - 60 })).toMatchObject({
      output: { next: 'skip', reason: 'the schedule is over' },
    });
  });
});

describe('a changed definition', () => {
  it('keeps the watermark, and raises the schema version for a changed mapping only', async () => {
    const at = home();
    await put(at, 'a.csv', '1,a');
    at.clock.advance(hour);
    const version = async (flow: FlowDefinition, n: number): Promise<unknown> => {
      at.clock.advance(hour);
      await at.run(flow, { name: id(n) });
      return (await stateOf(at, flow))?.schemaVersion;
    };
    const flow = incremental();
    expect(await version(flow, 1)).toBe(1);
    const watermark = (await stateOf(at, flow))?.watermark;
    expect(await version({ ...flow, description: 'another' }, 2)).toBe(1);
    const renamed = s3Flow({
      fields: { id: 'id', name: 'title' },
      scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' },
    });
    expect(await version(renamed, 3)).toBe(2);
    expect((await runOf(at, 2))?.window.start).toBe(watermark);
  });

  it('keeps the schema version when Map tasks change places, but for CSV, where columns do', async () => {
    const versions = async (fileType: 'CSV' | 'JSON' | 'PARQUET'): Promise<unknown[]> => {
      const at = home();
      await put(at, 'a.csv', '1,a');
      at.clock.advance(hour);
      const found: unknown[] = [];
      for (const order of [fields, { name: 'name', id: 'id' }]) {
        const flow = s3Flow({ fields: order, output: { fileType } });
        at.clock.advance(hour);
        await at.run(flow, { name: id(found.length + 1) });
        found.push((await stateOf(at, flow))?.schemaVersion);
      }
      return found;
    };
    expect(await versions('JSON')).toEqual([1, 1]);
    expect(await versions('PARQUET')).toEqual([1, 1]);
    expect(await versions('CSV')).toEqual([1, 2]);
  });

  it('is refused when source or destination are others than those of the flow’s earlier runs', async () => {
    const at = home();
    const flow = s3Flow({ fields });
    await put(at, 'a.csv', '1,a');
    await at.run(flow, { name: id(1) });
    const moved: FlowDefinition = {
      ...flow,
      destinationFlowConfigList: [
        {
          connectorType: 'S3',
          destinationConnectorProperties: { S3: { bucketName: 'lake', bucketPrefix: 'elsewhere' } },
        },
      ],
    };
    const result = await at.run(moved, { name: id(2) });
    expect(result).toMatchObject({ error: 'FlowInvalid' });
    expect(result).toHaveProperty('cause', expect.stringContaining('give the changed flow another flowName'));
    expect(await runOf(at, 2)).toMatchObject({ status: 'Error', errorCode: 'FlowInvalid', exitCode: 2 });
    expect(ends(at)).toEqual(['Execution Successful', 'Execution Failed']);
    expect(at.metrics.at(-1)?.metrics).toMatchObject({ FlowExecutionsFailed: 1 });
    expect(at.objects.keys('lake')).toHaveLength(1);
  });
});

describe('refused records', () => {
  const typed = {
    fileType: 'PARQUET' as const,
    preserveSourceDataTyping: true,
  };
  const asNumber = {
    taskType: 'Map',
    sourceFields: ['id'],
    connectorOperator: { S3: 'NO_OP' },
    destinationField: 'number',
    taskProperties: { SOURCE_DATA_TYPE: 'string', DESTINATION_DATA_TYPE: 'integer' },
  };

  it('go to the error bucket with the record and the reason, and are counted', async () => {
    const at = memoryHome({ buckets: ['inbox', 'lake', 'errors'] });
    const flow = s3Flow({
      fields: { name: 'name' },
      tasks: [asNumber],
      output: typed,
      more: { tributary: { errorHandlingConfig: { bucketName: 'errors', bucketPrefix: 'refused' } } },
    });
    await put(at, 'a.csv', '1,a', 'x,b');
    await at.run(flow, { name: id(1) });
    expect((await runOf(at, 1))?.counts).toMatchObject({ received: 2, written: 1, rejected: 1 });
    expect(at.objects.keys('errors')).toEqual([`refused/orders/${id(1)}/errors-1.json`]);
    const line = JSON.parse(
      at.objects.stored('errors', `refused/orders/${id(1)}/errors-1.json`)?.body.toString() ?? '',
    ) as object;
    expect(line).toMatchObject({
      record: { id: 'x' },
      errorCode: 'InvalidArgument',
      timestamp: '2026-02-03T10:15:00.000Z',
    });
    expect(line).toHaveProperty('errorMessage', expect.stringContaining('number'));
  });

  describe('that only the encoder can tell', () => {
    const vouchedFor: Source = {
      describe: async () => ({
        fields: [{ name: 'score', type: 'Double' }],
        splits: [{}],
        appliedFilters: [],
        appliesWindow: true,
      }),
      open: async () => ({
        read: async () => ({ rows: [[1.5], [Number.NaN], [2.5]], bytes: 24 }),
        close: async () => undefined,
      }),
      listEntities: async () => [],
      testConnection: async () => undefined,
    };
    const at = () => memoryHome({ buckets: ['lake'], sources: { S3: vouchedFor } });

    it('are refused like others', async () => {
      const home = at();
      expect(await home.run(s3Flow({ fields: { score: 'score' } }), { name: id(1) })).toHaveProperty(
        'output',
      );
      expect((await runOf(home, 1))?.counts).toMatchObject({ received: 3, written: 2, rejected: 1 });
      expect(written(home)).toEqual(['{"score":1.5}\n{"score":2.5}\n']);
      expect(
        home.objects.stored(stateBucket, `runs/orders/${id(1)}/errors-1.json`)?.body.toString(),
      ).toContain(
        '"errorMessage":"score: a value that is not a finite number (this file type has no other)"',
      );
    });

    it('fail the run with failOnFirstDestinationError, without their value', async () => {
      const errorHandlingConfig = { bucketName: 'lake', failOnFirstDestinationError: true };
      const flow = s3Flow({ fields: { score: 'score' }, more: { tributary: { errorHandlingConfig } } });
      const result = await at().run(flow);
      expect(result).toMatchObject({ error: 'RecordRejected' });
      expect(result).toHaveProperty('cause', expect.not.stringContaining('NaN'));
    });
  });

  it('stay beside the run’s papers where the flow names no error bucket', async () => {
    const at = home();
    await put(at, 'a.csv', '1,a', 'x,b');
    await at.run(s3Flow({ fields: { name: 'name' }, tasks: [asNumber], output: typed }), { name: id(1) });
    expect(at.objects.stored(stateBucket, `runs/orders/${id(1)}/errors-1.json`)?.body.toString()).toContain(
      '"id":"x"',
    );
  });

  it('do not show what the flow masks', async () => {
    const at = home();
    const mask = {
      taskType: 'Mask',
      sourceFields: ['name'],
      connectorOperator: { S3: 'MASK_ALL' },
      taskProperties: { MASK_VALUE: '*', MASK_LENGTH: '4' },
    };
    await put(at, 'a.csv', 'x,secret');
    await at.run(s3Flow({ fields: { name: 'name' }, tasks: [asNumber, mask], output: typed }), {
      name: id(1),
    });
    const refused = at.objects.stored(stateBucket, `runs/orders/${id(1)}/errors-1.json`)?.body.toString();
    expect(refused).toContain('"record":{"id":"x","name":"******"}');
    expect(refused).not.toContain('secret');
  });

  it('fail the run at once with failOnFirstDestinationError', async () => {
    const at = memoryHome({ buckets: ['inbox', 'lake', 'errors'] });
    const flow = s3Flow({
      fields: { name: 'name' },
      tasks: [asNumber],
      output: typed,
      more: {
        tributary: { errorHandlingConfig: { bucketName: 'errors', failOnFirstDestinationError: true } },
      },
    });
    await put(at, 'a.csv', '1,a', 'x,b');
    expect(await at.run(flow, { name: id(1) })).toMatchObject({ error: 'RecordRejected' });
    expect(written(at)).toEqual([]);
  });
});

describe('a failing source', () => {
  it('is tried again, and then the run fails with a text that names the cause', async () => {
    const at = home();
    const flow = s3Flow({ fields });
    await put(at, 'a.csv', '1,a');
    let tries = 0;
    const result = await at.run(flow, {
      name: id(1),
      aroundStep: async (step, run) => {
        if (step !== 'TransferBatch') return run();
        tries++;
        const error = new Error('status 502 from api.example.com');
        error.name = 'ServerError';
        throw error;
      },
    });
    expect(tries).toBe(5);
    expect(result).toEqual({ error: 'ServerError', cause: 'status 502 from api.example.com' });
    expect(await runOf(at, 1)).toMatchObject({
      status: 'Error',
      errorCode: 'ServerError',
      errorMessage: 'status 502 from api.example.com',
    });
    expect(at.events.at(-1)?.detail).toMatchObject({
      status: 'Execution Failed',
      error: 'status 502 from api.example.com',
    });
    expect(at.metrics.at(-1)?.metrics).toMatchObject({ FlowExecutionsFailed: 1 });
  });

  it('of one split among many is named by its own error', async () => {
    const at = home();
    await put(at, 'a.csv', '1,a');
    await put(at, 'b.csv', '2');
    const result = await at.run(s3Flow({ fields }), { name: id(1) });
    expect(result).toMatchObject({ error: 'SourceDataInvalid' });
    expect(result).toHaveProperty('cause', expect.stringContaining('in/b.csv'));
  });
});
