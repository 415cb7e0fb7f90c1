/** Runs that end before their last step: cancelled, stopped, killed at any moment, their end unheard of. */

import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { executionIdOf } from '../../core/execution/execution-id.ts';
import { requestCancel } from '../../engine/run/close.ts';
import { type Run, readRun } from '../../engine/run/run.ts';
import { type LocalServer, startServer } from '../support/http-server.ts';
import { cloud, type Kill } from './cloud/client.ts';
import {
  deployedFlow,
  deployFlows,
  expectNoTrouble,
  freshCloud,
  linesOf,
  makeStores,
  output,
  put,
  runRecord,
  state,
  stateBucket,
} from './support/deployment.ts';
import { csvFlow, errors, gitHub, inbox, issuesFlow, lake, metadataCatalogConfig } from './support/flows.ts';

const paged = deployedFlow('paged');
const killed = deployedFlow('killed');
const rows = 'id,city\n1,Ulm\n2,Jena\n3,Ulm\nx,Jena\n';

/** GitHub's second page: there when it is let through; until then the quota is used up for a minute. */
let throttled = true;
let throttledRequests = 0;
let server: LocalServer;

beforeAll(async () => {
  await freshCloud();
  await makeStores();
  await put(inbox, 'killed/rows.csv', rows);
  server = await startServer((request, response) => {
    const second = request.url?.includes('page=2');
    if (second && throttled) {
      throttledRequests += 1;
      response.writeHead(429, { 'retry-after': '60' }).end('{"message":"slow down"}');
      return;
    }
    const link = `<${server.endpoint}/repos/acme/web/issues?page=2>; rel="next"`;
    response.writeHead(200, { 'content-type': 'application/json', ...(!second && { link }) });
    response.end(JSON.stringify([{ id: second ? 2 : 1, title: 'one', updated_at: '2026-01-01T00:00:00Z' }]));
  });
  await deployFlows(
    [
      issuesFlow('paged', 'paged-vendor'),
      csvFlow('killed', {
        output: {
          fileType: 'JSON',
          prefixConfig: { pathPrefixHierarchy: ['SCHEMA_VERSION', 'EXECUTION_ID'] },
          aggregationConfig: { aggregationType: 'SingleFile' },
        },
        tasks: [
          {
            taskType: 'Filter',
            sourceFields: ['id', 'city'],
            connectorOperator: { S3: 'PROJECTION' },
            taskProperties: {},
          },
          {
            taskType: 'Map',
            sourceFields: ['id'],
            destinationField: 'id',
            connectorOperator: { S3: 'NO_OP' },
            taskProperties: { SOURCE_DATA_TYPE: 'string', DESTINATION_DATA_TYPE: 'integer' },
          },
          {
            taskType: 'Map',
            sourceFields: ['city'],
            destinationField: 'city',
            connectorOperator: { S3: 'NO_OP' },
            taskProperties: {},
          },
          {
            taskType: 'Partition',
            sourceFields: [],
            taskProperties: { ORDERED_PARTITION_KEYS_LIST: '["city"]' },
          },
        ],
        more: {
          metadataCatalogConfig,
          tributary: { errorHandlingConfig: { bucketName: errors } },
        },
      }),
    ],
    [gitHub('paged-vendor', server.endpoint)],
  );
  await expectNoTrouble();
});

afterEach(() => expectNoTrouble().finally(freshCloud));

afterAll(() => server.close());

/** Starts a run and waits until its source makes it wait. Answers the execution's ARN. */
async function startThrottled(): Promise<string> {
  throttled = true;
  throttledRequests = 0;
  const executionArn = await paged.start();
  await cloud.until('the throttled request', async () => (throttledRequests > 0 ? true : undefined));
  return executionArn;
}

function closed(executionId: string): Promise<Run> {
  return cloud.until('the end of the run', async () => {
    const run = await runRecord(executionId);
    return run?.endedAt === undefined ? undefined : run;
  });
}

async function stop(executionArn: string): Promise<string> {
  await cloud.sfn.send(new StopExecutionCommand({ executionArn }));
  return executionIdOf(executionArn.split(':').at(-1) ?? '');
}

/** The next run is not hindered by what an earlier one left. */
async function expectNextRun(): Promise<void> {
  throttled = false;
  const { executionId, run } = await paged.run();
  expect(run).toMatchObject({ status: 'Successful', counts: { received: 3, duplicates: 1, written: 2 } });
  expect(await linesOf('paged', executionId)).toEqual(['{"id":1,"title":"one"}', '{"id":2,"title":"one"}']);
}

describe('a run that waits for its source', () => {
  it('is cancelled where it waits, and leaves nothing', async () => {
    const executionArn = await startThrottled();
    const id = executionIdOf(executionArn.split(':').at(-1) ?? '');
    expect(await requestCancel({ state }, await readRun(state, id))).toBe('cancelStarted');
    const { status, error, run } = await paged.ended(executionArn);
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'ExecutionCanceled' });
    expect(run).toMatchObject({
      status: 'Canceled',
      counts: { received: 2, duplicates: 1, written: 1 },
      bytesWritten: 0,
    });
    const [type, detail] = (await paged.events()).at(-1) ?? [];
    expect(type).toBe('AppFlow End Flow Run Report');
    expect(detail).toMatchObject({ 'execution-id': id, status: 'Execution Canceled' });
    expect(await linesOf('paged', id)).toEqual([]);
    expect(await cloud.objects(stateBucket, `segments/paged/${id}`)).toEqual([]);
    expect(await paged.metric('FlowExecutionsFailed')).toBeUndefined();
    await expectNextRun();
  });

  it('is settled as cancelled when its execution is stopped', async () => {
    const executionArn = await startThrottled();
    const id = await stop(executionArn);
    expect(await closed(id)).toMatchObject({
      status: 'Canceled',
      errorCode: 'ExecutionCanceled',
      errorMessage: 'the execution was stopped',
      counts: { received: 2, duplicates: 1, written: 1 },
      bytesWritten: 0,
    });
    const settlement = `${paged.stateMachineArn.replace(':stateMachine:', ':execution:')}:settle-${id}`;
    expect((await paged.ended(settlement)).status).toBe('SUCCEEDED');
    const [, detail] = (await paged.events()).at(-1) ?? [];
    expect(detail).toMatchObject({ 'execution-id': id, status: 'Execution Canceled' });
    expect(await linesOf('paged', id)).toEqual([]);
    expect(await cloud.objects(stateBucket, `segments/paged/${id}`)).toEqual([]);
    await expectNextRun();
  });

  it('is settled by the next start when nobody heard of its end', async () => {
    await cloud.dropStatusEvents(true);
    const id = await stop(await startThrottled());
    await cloud.until('the lost event', async () =>
      (await cloud.eventsDropped()).find(({ status }) => status === 'ABORTED'),
    );
    expect((await runRecord(id))?.status).toBe('RUNNING');
    await expectNextRun();
    expect(await runRecord(id)).toMatchObject({
      status: 'Error',
      errorMessage: 'the execution ended without reporting; settled by the next start',
    });
    const ends = (await paged.events()).filter(([type]) => type === 'AppFlow End Flow Run Report');
    expect(ends.map(([, { status }]) => status)).toEqual(['Execution Failed', 'Execution Successful']);
  });
});

/** What a run left at the destination, apart from its own name and time. */
async function leftBy(executionId: string): Promise<Record<string, string>> {
  const objects = Object.entries(await output('killed')).filter(([key]) => key.includes(executionId));
  return Object.fromEntries(
    objects.map(([key, content]) => [key.split(`${executionId}/`)[1]?.replace(/-\d{4}-.*$/, ''), content]),
  );
}

const whole = {
  'city=Jena/00001': '{"id":2,"city":"Jena"}\n',
  'city=Ulm/00002': '{"id":1,"city":"Ulm"}\n{"id":3,"city":"Ulm"}\n',
};
const books = { received: 4, written: 3, rejected: 1 };

async function expectNothingUnfinished(): Promise<void> {
  expect(await cloud.objects(stateBucket, 'segments/killed/')).toEqual([]);
  for (const Bucket of [lake, errors]) {
    const { Uploads = [] } = await cloud.s3.send(new ListMultipartUploadsCommand({ Bucket }));
    expect(Uploads).toEqual([]);
  }
}

/** Whether a step of the execution has failed so far, be it that it succeeded when it was tried again. */
async function stepFailed(executionArn: string): Promise<boolean> {
  const history = await cloud.history(executionArn);
  return history.some(({ type }) => type === 'LambdaFunctionFailed' || type === 'TaskFailed');
}

describe('a run that is stopped while it commits', () => {
  it('has written nothing, or is finished by the settlement', async () => {
    const control = await killed.functionName('control');
    const endings = new Set<string>();
    for (let request = 2; ; request += 4) {
      await freshCloud();
      // The retry of the killed step comes after four seconds: time to stop the execution in between.
      await cloud.setWaitScale(4);
      await cloud.killNext({ function: control, after: 1, at: 'after-request', request });
      const executionArn = await killed.start();
      const outcome = await cloud.until('the kill', async () => {
        if (await stepFailed(executionArn)) return 'killed';
        const { status } = await cloud.sfn.send(new DescribeExecutionCommand({ executionArn }));
        return status === 'SUCCEEDED' ? 'undisturbed' : undefined;
      });
      if (outcome === 'undisturbed') break;
      await cloud.setWaitScale(0.01);
      const id = await stop(executionArn);
      const { status, counts } = await closed(id);
      endings.add(status);
      const left = await leftBy(id);
      if (status === 'Canceled') expect(left).toEqual({});
      else
        expect({ status, counts, left }).toMatchObject({ status: 'Successful', counts: books, left: whole });
      // The settling execution has freed the slot when its run is closed, and ends a moment later.
      const settlement = `${killed.stateMachineArn.replace(':stateMachine:', ':execution:')}:settle-${id}`;
      expect((await killed.ended(settlement)).status).toBe('SUCCEEDED');
      await expectNothingUnfinished();
      await expectNoTrouble();
    }
    expect([...endings].sort()).toEqual(['Canceled', 'Successful']);
  });
});

describe('a run whose functions are killed', () => {
  const steps: readonly [step: string, which: 'control' | 'transfer', after: number][] = [
    ['StartRun', 'control', 0],
    ['DescribeSource', 'transfer', 0],
    ['TransferBatch', 'transfer', 1],
    ['CommitOutput', 'control', 1],
    ['CatalogOutput', 'control', 2],
    ['EndRun', 'control', 3],
  ];

  function* moments(): Generator<Omit<Kill, 'function'>> {
    yield { at: 'start', report: 'Sandbox.Timedout' };
    yield { at: 'end', report: 'Runtime.ExitError' };
    for (let request = 1; ; request += 6) yield { at: 'after-request', request };
  }

  it.each(steps)('leaves what an undisturbed run leaves: %s', async (_, which, after) => {
    const name = await killed.functionName(which);
    let kills = 0;
    for (const moment of moments()) {
      await freshCloud();
      await cloud.killNext({ function: name, after, ...moment });
      const { executionId, executionArn = '', status, run } = await killed.run();
      const left = await leftBy(executionId);
      expect({ moment, status, counts: run?.counts, left }).toMatchObject({
        moment,
        status: 'SUCCEEDED',
        counts: books,
        left: whole,
      });
      await expectNothingUnfinished();
      await expectNoTrouble();
      // The step makes fewer calls than that.
      if (!(await stepFailed(executionArn))) break;
      kills += 1;
    }
    expect(kills).toBeGreaterThan(2);
  });
});
