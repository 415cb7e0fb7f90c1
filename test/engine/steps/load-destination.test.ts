import { describe, expect, it, vi } from 'vitest';
import { TributaryError } from '../../../core/errors.ts';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { checkFlow } from '../../../core/flow/read.ts';
import { abandonCommit } from '../../../engine/run/abandon-commit.ts';
import { explainRun } from '../../../engine/run/explain.ts';
import { type FlowState, flowKey, type Run, readRun, runKey } from '../../../engine/run/run.ts';
import { runResult } from '../../../engine/run/run-result.ts';
import { verifyRun } from '../../../engine/verify/verify-run.ts';
import { s3Flow } from '../../support/flows.ts';
import { type MemoryHome, memoryHome, stateBucket } from '../../support/memory-home.ts';
import { leftovers, outcome } from '../../support/outcome.ts';
import { type ScriptedDestination, scriptedDestination } from '../../support/scripted-destination.ts';

vi.setConfig({ testTimeout: 60_000 });

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const hour = 3_600_000;

interface ToDesk {
  readonly fields?: Readonly<Record<string, string>>;
  readonly operation?: string;
  readonly idFieldNames?: readonly string[];
  readonly failOnFirst?: boolean;
  readonly scheduled?: object;
  readonly tasks?: readonly object[];
}

/** From `s3://inbox/in` into an application. */
function toDesk(options: ToDesk = {}): FlowDefinition {
  const { fields = { id: 'id', name: 'name' }, operation = 'UPSERT', idFieldNames = ['id'] } = options;
  const { scheduled, tasks } = options;
  return checkFlow(
    {
      ...s3Flow({ name: 'to-desk', fields, ...(scheduled && { scheduled }), ...(tasks && { tasks }) }),
      destinationFlowConfigList: [
        {
          connectorType: 'CustomConnector',
          apiVersion: 'v1',
          connectorProfileName: 'desk',
          destinationConnectorProperties: {
            CustomConnector: {
              entityName: 'tickets',
              writeOperationType: operation as 'UPSERT',
              ...(operation === 'INSERT' ? {} : { idFieldNames: [...idFieldNames] }),
              errorHandlingConfig: {
                bucketName: 'errors',
                bucketPrefix: 'desk',
                ...(options.failOnFirst && { failOnFirstDestinationError: true }),
              },
            },
          },
        },
      ],
    },
    'test flow',
  );
}

async function home(
  destination: ScriptedDestination,
  lines: readonly string[] = ['1,a', '2,b', '3,c', '4,d', '5,e'],
): Promise<MemoryHome> {
  const at = memoryHome({
    // The lake stays empty.
    buckets: ['inbox', 'errors', 'lake'],
    pageBytes: 16,
    sizes: { segmentPages: 1 },
    destinations: { Desk: destination },
    connections: {
      desk: { connectorProfileName: 'desk', connectorType: 'CustomConnector', connectorLabel: 'Desk' },
    },
  });
  await at.objects.put('inbox', 'in/a.csv', `id,name\n${lines.join('\n')}\n`);
  return at;
}

async function runOf(at: MemoryHome, name: string): Promise<Run> {
  return (await readRun(at.state, name)).data;
}

const refuseThird = (record: { readonly id?: unknown }) =>
  record.id === 3
    ? { kind: 'refused' as const, code: 'TOO_LONG', message: 'name: c is too long' }
    : undefined;

describe('a run into an application', () => {
  it('writes all records in order, in batches, with the types of its fields', async () => {
    const desk = scriptedDestination();
    const at = await home(desk);
    expect(await at.run(toDesk(), { name: id(1) })).toEqual({
      output: { next: 'done', executionId: id(1), status: 'Successful' },
    });
    expect(desk.batches).toEqual([
      [
        { id: 1, name: 'a' },
        { id: 2, name: 'b' },
      ],
      [
        { id: 3, name: 'c' },
        { id: 4, name: 'd' },
      ],
      [{ id: 5, name: 'e' }],
    ]);
    expect(desk.described).toEqual([
      {
        flowName: 'to-desk',
        connector: 'Desk',
        connectorProfileName: 'desk',
        apiVersion: 'v1',
        properties: {
          entityName: 'tickets',
          writeOperationType: 'UPSERT',
          idFieldNames: ['id'],
          errorHandlingConfig: { bucketName: 'errors', bucketPrefix: 'desk' },
        },
        settings: {},
        entityName: 'tickets',
        operation: 'UPSERT',
        idFieldNames: ['id'],
        failOnFirstError: false,
      },
    ]);
    const run = await runOf(at, id(1));
    expect(run.counts).toMatchObject({ received: 5, written: 5, rejected: 0 });
    const ports = at.ports(toDesk());
    expect(await runResult(run, ports)).toMatchObject({
      recordsWritten: 5,
      objects: [],
      rejectedObject: null,
    });
    const { difference, signed } = await verifyRun(run, ports);
    expect(difference).toBeUndefined();
    expect(signed?.certificate.output).toEqual({
      connector: 'Desk',
      entityName: 'tickets',
      writeOperationType: 'UPSERT',
      records: 5,
    });
    expect(leftovers(at)).toEqual({ segments: [], uploads: [], uploadRecords: [] });
  });

  it('keeps integers beyond 2^53', async () => {
    const desk = scriptedDestination();
    const at = await home(desk, ['9007199254740993,a']);
    await at.run(toDesk());
    expect(desk.batches).toEqual([[{ id: 9007199254740993n, name: 'a' }]]);
  });

  it('puts what the application refuses into the error bucket, beside what has no value of its type', async () => {
    const desk = scriptedDestination({ refuse: refuseThird });
    const at = await home(desk, ['1,a', 'two,b', '3,c', '4,d']);
    expect(await at.run(toDesk(), { name: id(1) })).toHaveProperty('output');
    expect([...desk.records.keys()]).toEqual([1, 4]);
    const key = `desk/to-desk/${id(1)}/errors-1.json`;
    const lines = (at.objects.stored('errors', key)?.body.toString() ?? '').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        record: { id: 'two', name: 'b' },
        errorCode: 'InvalidArgument',
        errorMessage: 'id: a text that cannot be converted to Long',
        timestamp: '2026-02-03T10:15:00.000Z',
        task: 1,
        split: 0,
        page: expect.any(Number),
        position: expect.any(Number),
      },
      {
        record: { id: 3, name: 'c' },
        errorCode: 'TOO_LONG',
        errorMessage: 'name: c is too long',
        timestamp: '2026-02-03T10:15:00.000Z',
        batch: 0,
        position: 1,
      },
    ]);
    const run = await runOf(at, id(1));
    expect(run.counts).toMatchObject({ received: 4, written: 2, rejected: 2 });
    expect(run.recordsQuarantined).toBe(2);
    const { difference, signed } = await verifyRun(run, at.ports(toDesk()));
    expect(difference).toBeUndefined();
    expect(signed?.certificate.rejectedByReason).toMatchObject({ TOO_LONG: 1 });
  });

  it('ends with the first refusal where the flow says so, tells what was written, and leaves the watermark', async () => {
    const desk = scriptedDestination({ refuse: refuseThird });
    const at = await home(desk);
    at.clock.advance(hour);
    const scheduled = { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' };
    const flow = toDesk({ failOnFirst: true, scheduled });
    expect(await at.run(flow, { name: id(1) })).toEqual({
      error: 'RecordRejected',
      cause: expect.stringContaining(
        'TOO_LONG: name: c is too long; got 1 refused, 3 written before it ended',
      ),
    });
    expect(desk.batches).toHaveLength(2);
    const run = await runOf(at, id(1));
    expect(await runResult(run, at.ports(flow))).toMatchObject({
      status: 'Error',
      recordsWritten: 3,
      recordsRejected: 1,
      error: { code: 'RecordRejected' },
    });
    expect(run.counts).toMatchObject({ received: 5, written: 4, rejected: 1 });
    expect((await at.state.get<FlowState>(flowKey('to-desk'), 'STATE'))?.data.watermark).toBeUndefined();
    expect(leftovers(at)).toEqual({ segments: [], uploads: [], uploadRecords: [] });
  });

  it('writes nothing in a dry run, and nothing where there is nothing', async () => {
    const desk = scriptedDestination();
    const at = await home(desk);
    expect(await at.run(toDesk(), { name: id(1), input: { parameters: { dryRun: true } } })).toHaveProperty(
      'output',
    );
    await at.objects.put('inbox', 'in/a.csv', 'id,name\n');
    expect(await at.run(toDesk(), { name: id(2) })).toHaveProperty('output');
    expect(desk.batches).toEqual([]);
    expect((await runOf(at, id(2))).status).toBe('Successful');
  });

  it('waits as the application asks, and sends the batch again', async () => {
    const desk = scriptedDestination({ batchSize: 5 });
    const at = await home(desk);
    const started = at.clock.now();
    const waits = [120, 5];
    desk.onWrite = () => {
      const retryAfterSeconds = waits.shift();
      if (retryAfterSeconds !== undefined)
        throw new TributaryError('RateLimitExceeded', 'slow down', { retryAfterSeconds });
    };
    expect(await at.run(toDesk())).toHaveProperty('output');
    expect(desk.batches).toHaveLength(1);
    expect(at.clock.now() - started).toBe(125_000);
  });

  it('goes on in the next invocation when the deadline nears', async () => {
    const desk = scriptedDestination({ batchSize: 1 });
    const at = await home(desk);
    const loads: string[] = [];
    desk.onTaken = () => at.clock.advance(14 * 60_000);
    const ran = await at.run(toDesk(), {
      aroundStep: async (step, run) => {
        if (step === 'LoadDestination') loads.push(step);
        return run();
      },
    });
    expect(ran).toHaveProperty('output');
    expect(loads).toHaveLength(5);
    expect(desk.batches).toHaveLength(5);
  });
});

describe('refused before a record is read', () => {
  it.each([
    [
      'an operation that the entity does not have',
      toDesk({ operation: 'UPDATE' }),
      'NotRunnable',
      'tickets has no write operation UPDATE',
    ],
    [
      'a field that identifies no record',
      toDesk({ idFieldNames: ['name'] }),
      'FlowInvalid',
      "'name' does not identify a record of tickets for UPSERT",
    ],
    [
      'two id fields',
      toDesk({ idFieldNames: ['id', 'name'] }),
      'FlowInvalid',
      'UPSERT needs the field that identifies a record',
    ],
    [
      'an id field that nothing is mapped to',
      toDesk({ fields: { name: 'name' } }),
      'FlowInvalid',
      "no task maps to the id field 'id'",
    ],
    [
      'a field that is not there',
      toDesk({ fields: { id: 'id', name: 'nmae' } }),
      'FlowInvalid',
      "tickets does not take a mapped field: there is no field 'nmae', did you mean 'name'?",
    ],
    [
      'a field that is only read',
      toDesk({ fields: { id: 'id', name: 'made' } }),
      'FlowInvalid',
      "tickets does not take a mapped field: 'made' is not written by UPSERT",
    ],
  ])('%s', async (_, flow, error, cause) => {
    const desk = scriptedDestination();
    const at = await home(desk);
    expect(await at.run(flow)).toEqual({ error, cause: expect.stringContaining(cause) });
    expect(desk.batches).toEqual([]);
  });

  it('takes the only field that identifies a record where the flow names none', async () => {
    const desk = scriptedDestination();
    const at = await home(desk);
    expect(await at.run(toDesk({ operation: 'DELETE', idFieldNames: [] }))).toHaveProperty('output');
    expect(desk.batches.flat()).toHaveLength(5);
  });

  it('a replay: the quarantine also holds what was refused as it was sent', async () => {
    const at = await home(scriptedDestination({ refuse: refuseThird }));
    await at.run(toDesk(), { name: id(1) });
    const input = { parameters: { replayOf: id(1) } };
    expect(await at.run(toDesk(), { name: id(2), input })).toEqual({
      error: 'NotRunnable',
      cause: expect.stringContaining('runs that write into an application are not replayed'),
    });
  });
});

describe('an application that fails', () => {
  it('ends the run where nothing of the connection can cure it, and the flow runs again', async () => {
    const desk = scriptedDestination();
    const at = await home(desk);
    desk.onWrite = () => {
      if (desk.batches.length === 1) throw new TributaryError('ClientError', 'no such column');
    };
    expect(await at.run(toDesk(), { name: id(1) })).toMatchObject({ error: 'ClientError' });
    const ended = await runOf(at, id(1));
    expect(ended).toMatchObject({ status: 'Error', recordsAcknowledged: 2 });
    expect(
      explainRun(ended, { flow: toDesk(), isRunning: false, now: at.clock.now(), stateBucket }).data,
    ).toBe('2 records written to the application, which keeps them');
    desk.onWrite = () => undefined;
    expect(await at.run(toDesk(), { name: id(2) })).toHaveProperty('output');
    expect(desk.records.size).toBe(5);
  });

  it('is gone on with by the next start behind what it has taken, once its credentials are good again', async () => {
    const desk = scriptedDestination();
    const at = await home(desk);
    desk.onWrite = () => {
      if (desk.batches.length === 1) throw new TributaryError('InvalidCredentials', 'the token has ended');
    };
    expect(await at.run(toDesk(), { name: id(1) })).toMatchObject({ error: 'InvalidCredentials' });
    const open = await runOf(at, id(1));
    expect(open.status).toBe('COMMITTING');
    expect(
      explainRun(open, { flow: toDesk(), isRunning: false, now: at.clock.now(), stateBucket }).data,
    ).toBe(
      'a part of the records may be in the application; the next start of the flow, or the settlement, goes on behind what was acknowledged',
    );
    desk.onWrite = () => undefined;
    await at.objects.delete('inbox', ['in/a.csv']);
    await at.objects.put('inbox', 'in/b.csv', 'id,name\n6,f\n');
    expect(await at.run(toDesk(), { name: id(2) })).toHaveProperty('output');
    expect(desk.batches.flat().map((record) => record.id)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await runOf(at, id(1))).toMatchObject({ status: 'Successful', counts: { written: 5 } });
  });

  it.each(['signer.sign', 'objects.put'])(
    'is only certified by the next start once all is written: %s',
    async (call) => {
      const desk = scriptedDestination({ refuse: refuseThird });
      const at = await home(desk);
      at.hook = (asked, when) => {
        if (asked === call && when === 'before' && desk.batches.length === 3)
          throw new TributaryError('ResourceNotFoundError', 'it is gone');
      };
      expect(await at.run(toDesk({ operation: 'INSERT' }), { name: id(1) })).toMatchObject({
        error: 'ResourceNotFoundError',
      });
      expect((await runOf(at, id(1))).status).toBe('COMMITTING');
      at.hook = () => undefined;
      await at.objects.delete('inbox', ['in/a.csv']);
      await at.objects.put('inbox', 'in/b.csv', 'id,name\n6,f\n');
      expect(await at.run(toDesk({ operation: 'INSERT' }), { name: id(2) })).toHaveProperty('output');
      expect(desk.batches.flat().map((record) => record.id)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await runOf(at, id(1))).toMatchObject({
        status: 'Successful',
        counts: { written: 4, rejected: 1 },
      });
    },
  );

  it('can be given up by hand: what it has taken stays', async () => {
    const desk = scriptedDestination();
    const at = await home(desk);
    desk.onWrite = () => {
      if (desk.batches.length === 1) throw new TributaryError('AccessDenied', 'not allowed');
    };
    await at.run(toDesk(), { name: id(1) });
    desk.onWrite = () => undefined;
    expect(await abandonCommit(await readRun(at.state, id(1)), at.ports(toDesk()))).toBe(0);
    expect(await at.run(toDesk(), { name: id(2) })).toHaveProperty('output');
    expect(await runResult(await runOf(at, id(1)), at.ports(toDesk()))).toMatchObject({
      status: 'Canceled',
      recordsWritten: 2,
    });
    expect(desk.records.size).toBe(5);
  });
});

describe('a run into an application that is killed at any moment', () => {
  class Killed extends Error {
    constructor() {
      super('the function was killed');
      this.name = 'Lambda.Unknown';
    }
  }
  class Stopped extends Error {}

  async function prepared() {
    const desk = scriptedDestination({ refuse: refuseThird });
    return { desk, at: await home(desk) };
  }

  /** Throws at the nth of the moments that the outside can see; a batch that was taken is one. */
  function failAt(at: MemoryHome, desk: ScriptedDestination, error: () => Error, n: number): () => number {
    let moment = 0;
    const pass = () => {
      if (++moment === n) throw error();
    };
    at.hook = pass;
    desk.onTaken = pass;
    return () => moment;
  }

  it('writes every record, repeats one batch at most, and certifies the same', async () => {
    const undisturbed = await prepared();
    const moments = failAt(undisturbed.at, undisturbed.desk, () => new Killed(), 0);
    expect(await undisturbed.at.run(toDesk())).toHaveProperty('output');
    const expected = outcome(undisturbed.at);
    const refusals = (at: MemoryHome) =>
      at.objects.keys('errors').map((key) => at.objects.stored('errors', key)?.body.toString());
    const total = moments();
    expect(total).toBeGreaterThan(50);
    let repeated = 0;
    for (let n = 1; n <= total; n++) {
      const { at, desk } = await prepared();
      failAt(at, desk, () => new Killed(), n);
      expect(await at.run(toDesk()), `at moment ${n}`).toHaveProperty('output');
      expect(outcome(at), `at moment ${n}`).toEqual(expected);
      expect(refusals(at), `at moment ${n}`).toEqual(refusals(undisturbed.at));
      expect([...desk.records], `at moment ${n}`).toEqual([...undisturbed.desk.records]);
      expect(desk.batches.length, `at moment ${n}`).toBeLessThanOrEqual(4);
      if (desk.batches.length === 4) repeated++;
      expect(leftovers(at), `at moment ${n}`).toEqual({ segments: [], uploads: [], uploadRecords: [] });
    }
    // The moments between a batch's answer and its entry in the ledger.
    expect(repeated).toBeGreaterThan(0);
  });

  it('is finished by the next start when its execution is stopped for good', async () => {
    for (let n = 1; ; n++) {
      const { at, desk } = await prepared();
      let moment = 0;
      const stop = () => {
        if (++moment >= n) throw new Stopped();
      };
      desk.onTaken = stop;
      const first = await at
        .run(toDesk(), { name: id(1), aroundStep: (_, run) => run(stop) })
        .catch((error: unknown) => error);
      desk.onTaken = () => undefined;
      expect(await at.run(toDesk(), { name: id(2) }), `stopped at moment ${n}`).toHaveProperty('output');
      expect([...desk.records.keys()], `stopped at moment ${n}`).toEqual([1, 2, 4, 5]);
      const one = (await at.state.get<Run>(runKey(id(1)), 'RUN'))?.data;
      if (one?.status === 'Successful' && one.endedAt !== undefined) {
        // It was finished behind its ledger: its own batches, one of them twice at most, and those of the second run.
        expect(desk.batches.length, `stopped at moment ${n}`).toBeLessThanOrEqual(7);
      }
      expect(leftovers(at), `stopped at moment ${n}`).toEqual({
        segments: [],
        uploads: [],
        uploadRecords: [],
      });
      if (!(first instanceof Stopped)) return;
    }
  });

  it('takes the answer of the twin that was first, and leaves no object of its own', async () => {
    const { at, desk } = await prepared();
    let twin: Promise<object> | undefined;
    const ran = await at.run(toDesk(), {
      aroundStep: async (step, run) => {
        if (step !== 'LoadDestination') return run();
        let entries = 0;
        return run(async (call, when) => {
          // Between the first answer and its entry a twin writes everything.
          if (call === 'state.write' && when === 'before' && ++entries === 1) {
            twin = run(() => undefined);
            await twin;
          }
        });
      },
    });
    expect(ran).toHaveProperty('output');
    expect(twin).toBeDefined();
    expect(desk.batches).toHaveLength(4);
    expect(at.objects.keys(stateBucket).filter((key) => key.includes('/load-'))).toEqual([]);
  });
});
