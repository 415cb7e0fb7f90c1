/** The command against deployed flows: run, runs, show, start, stop, cancel with --aws. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tributary } from '../../cli/program.ts';
import type { FlowInput } from '../../core/flow/definition.ts';
import { type LocalServer, startServer } from '../support/http-server.ts';
import { cloud } from './cloud/client.ts';
import {
  deployedFlow,
  deployFlows,
  expectNoTrouble,
  freshCloud,
  linesOf,
  makeStores,
  nextSecond,
  put,
  region,
} from './support/deployment.ts';
import { csvFlow, errors, gitHub, inbox, issuesFlow, lake } from './support/flows.ts';

const scheduled = { scheduleExpression: 'rate(1days)', dataPullMode: 'Incremental' } as const;
const commanded = csvFlow('commanded');
const timed = csvFlow('timed', { scheduled });
/** One of its two records has no number. */
const picky = csvFlow('picky', {
  tasks: [
    { taskType: 'Filter', sourceFields: ['id'], connectorOperator: { S3: 'PROJECTION' } },
    {
      taskType: 'Map',
      sourceFields: ['id'],
      destinationField: 'id',
      connectorOperator: { S3: 'NO_OP' },
      taskProperties: { SOURCE_DATA_TYPE: 'string', DESTINATION_DATA_TYPE: 'integer' },
    },
  ],
  more: { tributary: { errorHandlingConfig: { bucketName: errors, bucketPrefix: 'refused' } } },
});
const patient = issuesFlow('patient', 'patient-vendor');

/** Requests that were told to come back in a minute. */
let throttledRequests = 0;
let server: LocalServer;

beforeAll(async () => {
  await freshCloud();
  await makeStores();
  await put(inbox, 'commanded/rows.csv', 'id\n1\n2\n');
  await put(inbox, 'timed/rows.csv', 'id\n1\n');
  await put(inbox, 'picky/rows.csv', 'id\n1\nx\n');
  server = await startServer((request, response) => {
    const first = !request.url?.includes('page=2');
    if (!first) throttledRequests += 1;
    const link = `<${server.endpoint}/repos/acme/web/issues?page=2>; rel="next"`;
    response.writeHead(first ? 200 : 429, first ? { link } : { 'retry-after': '60' });
    response.end(first ? '[{"id":1,"title":"one","updated_at":"2026-01-01T00:00:00Z"}]' : '{}');
  });
  await deployFlows([commanded, timed, patient, picky], [gitHub('patient-vendor', server.endpoint)]);
});

afterEach(() => expectNoTrouble().finally(freshCloud));

afterAll(() => server.close());

/** Runs a command line. Answers how it ended and what it printed. */
async function command(...args: readonly string[]) {
  let out = '';
  let err = '';
  const exitCode = await tributary([...args, '--aws', '--region', region], {
    out: (text) => {
      out += `${text}\n`;
    },
    err: (text) => {
      err += text;
    },
    interactive: false,
  });
  return { exitCode, out, err };
}

function fileOf(flow: FlowInput): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'tributary-e2e-')), 'flow.json');
  writeFileSync(file, JSON.stringify(flow));
  return file;
}

describe('tributary --aws', () => {
  it('runs a flow to its end, lists its runs and shows one', async () => {
    const ran = await command('run', 'commanded', '--json');
    expect({ exitCode: ran.exitCode, err: ran.err }).toMatchObject({ exitCode: 0 });
    const result = JSON.parse(ran.out);
    expect(result).toMatchObject({
      flowName: 'commanded',
      status: 'Successful',
      recordsProcessed: 2,
      recordsWritten: 2,
    });
    expect(await linesOf('commanded', result.executionId)).toEqual(['{"id":"1"}', '{"id":"2"}']);

    const dry = await command('run', 'commanded', '--dry-run', '--limit', '1', '--json');
    expect(JSON.parse(dry.out)).toMatchObject({ dryRun: true, recordsProcessed: 1, objects: [] });

    const runs = JSON.parse((await command('runs', 'commanded', '--json')).out);
    expect(runs.map(({ executionId }: { executionId: string }) => executionId)).toEqual([
      JSON.parse(dry.out).executionId,
      result.executionId,
    ]);
    const shown = await command('show', result.executionId, '--json');
    expect(JSON.parse(shown.out)).toMatchObject({ status: 'Successful', objects: result.objects });
  });

  it('verifies a run by the key that signed it, and tells what was changed since', async () => {
    const { executionId, objects } = JSON.parse((await command('run', 'commanded', '--json')).out);
    const held = await command('verify', executionId, '--json');
    expect(held).toMatchObject({ exitCode: 0, err: '' });
    expect(JSON.parse(held.out)).toMatchObject({
      holds: true,
      records: 2,
      signedBy: expect.stringMatching(/^arn:aws:kms:/),
    });
    const [uri] = objects;
    await put(lake, uri.slice(`s3://${lake}/`.length), '{"id":"1"}\n');
    const broken = await command('verify', executionId);
    expect(broken.exitCode).toBe(1);
    expect(broken.out).toContain(`at        ${uri}\n`);
    expect(broken.out).toContain('got       1 records, 11 bytes');
  });

  it('replays what a run has refused: nothing is refused less without a mended flow, and nothing twice', async () => {
    const { executionId } = JSON.parse((await command('run', 'picky', '--json')).out);
    const again = await command('replay', executionId, '--json');
    expect({ exitCode: again.exitCode, err: again.err }).toMatchObject({ exitCode: 0 });
    const replayed = JSON.parse(again.out);
    expect(replayed).toMatchObject({
      status: 'Successful',
      replayOf: executionId,
      recordsProcessed: 1,
      recordsRejected: 1,
      recordsQuarantined: 1,
    });
    expect(replayed.rejectedObject).toContain(`s3://${errors}/refused/picky/`);
    expect(await command('verify', replayed.executionId)).toMatchObject({ exitCode: 0 });
    expect(await command('replay', executionId)).toMatchObject({
      exitCode: 0,
      out: `picky: skipped, run ${executionId} has been replayed with this flow already, by run ${replayed.executionId}\n`,
    });
  });

  it('says that a flow is not deployed', async () => {
    const { exitCode, err } = await command('run', 'nowhere');
    expect(exitCode).toBe(2);
    expect(err).toContain('flow nowhere');
    expect(err).toContain('the flow is not deployed');
  });

  it('starts a run without waiting, and cancels it', async () => {
    const started = await command('start', fileOf(patient), '--json');
    expect(started.exitCode).toBe(0);
    const { executionId } = JSON.parse(started.out);
    await cloud.until('the throttled request', async () => (throttledRequests > 0 ? true : undefined));
    expect(await command('cancel', executionId)).toEqual({
      exitCode: 0,
      out: `${executionId}: CancelStarted\n`,
      err: '',
    });
    const flow = deployedFlow('patient');
    const execution = `${flow.stateMachineArn.replace(':stateMachine:', ':execution:')}:${executionId}`;
    expect((await flow.ended(execution)).run).toMatchObject({ status: 'Canceled' });
    expect(JSON.parse((await command('show', executionId, '--json')).out).status).toBe('Canceled');
    expect(await linesOf('patient', executionId)).toEqual([]);
    expect(await command('cancel', executionId)).toMatchObject({ exitCode: 2 });
  });

  it('stops a scheduled flow and starts it again', async () => {
    const flow = deployedFlow('timed');
    await nextSecond();
    expect(await command('stop', fileOf(timed))).toMatchObject({ exitCode: 0, out: 'timed: Suspended\n' });
    const skipped = await flow.fired();
    expect(JSON.parse(skipped.output ?? '')).toMatchObject({ next: 'skip' });
    expect(skipped.run).toBeUndefined();
    expect(await command('start', fileOf(timed))).toMatchObject({ exitCode: 0, out: 'timed: Active\n' });
    const { executionId, run } = await flow.fired();
    expect(run).toMatchObject({ status: 'Successful', trigger: 'Scheduled' });
    expect(await linesOf('timed', executionId)).toEqual(['{"id":"1"}']);
  });
});
