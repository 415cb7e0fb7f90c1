/**
 * The functions' handlers with the AWS adapters, called in this process by the local interpreter's loop, on the emulated
 * cloud: killed behind a sample of their calls to AWS, they end with what an undisturbed run leaves.
 */

import { randomUUID } from 'node:crypto';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFlow } from '../../core/flow/read.ts';
import { stateMachine, stepNames } from '../../core/flow/state-machine.ts';
import { stateTableName } from '../../core/physical-name.ts';
import { readFlowItems } from '../../engine/run/run.ts';
import { verifyRun } from '../../engine/verify/verify-run.ts';
import { awsPorts } from '../../lambdas/aws/ports.ts';
import { stepHandler } from '../../lambdas/step-handler.ts';
import { interpret } from '../../local/interpreter.ts';
import { cloud } from './cloud/client.ts';
import {
  deployFlows,
  expectNoTrouble,
  freshCloud,
  makeStores,
  output,
  put,
  region,
  runRecord,
  state,
  stateBucket,
} from './support/deployment.ts';
import { account, csvFlow, database, errors, inbox, lake, metadataCatalogConfig } from './support/flows.ts';
import { startWire, type Wire } from './support/wire.ts';

const startedAt = '2026-02-03T10:15:00.000Z';
const partitioned = {
  tasks: [
    { taskType: 'Map_all' as const, sourceFields: [], taskProperties: {} },
    {
      taskType: 'Partition' as const,
      sourceFields: [],
      taskProperties: { ORDERED_PARTITION_KEYS_LIST: '["city"]' },
    },
  ],
};
const prefixConfig = { pathPrefixHierarchy: ['SCHEMA_VERSION' as const, 'EXECUTION_ID' as const] };
const cities = ['Ulm', 'Jena', 'Bonn'];

function csv(from: number, lines: number, name: (id: number) => string): string {
  const rows = Array.from({ length: lines }, (_, i) => `${from + i},${name(from + i)}`);
  return `id,city\n${rows.join('\n')}\n`;
}

interface Case {
  readonly name: string;
  readonly flow: ReturnType<typeof csvFlow>;
  readonly files: readonly string[];
  readonly kills: number;
  /** Which requests are counted; default all. */
  readonly counts?: (method: string, path: string) => boolean;
}

const cityOf = (id: number) => cities[id % 3] ?? '';
const cases: Case[] = [
  {
    name: 'CSV, a file an input, one split',
    flow: csvFlow('direct-csv', { output: { fileType: 'CSV', prefixConfig } }),
    files: [csv(0, 20, cityOf)],
    kills: 10,
  },
  {
    name: 'JSON Lines, one file a partition, three splits, catalogued',
    flow: csvFlow('direct-json', {
      output: { fileType: 'JSON', prefixConfig, aggregationConfig: { aggregationType: 'SingleFile' } },
      ...partitioned,
      more: { metadataCatalogConfig },
    }),
    files: [0, 100, 200].map((from) => csv(from, 10, cityOf)),
    kills: 13,
  },
  {
    name: 'Parquet, by target size, partitioned, two splits, refused records',
    flow: csvFlow('direct-parquet', {
      output: { fileType: 'PARQUET', prefixConfig, aggregationConfig: { targetFileSize: 1 } },
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
        ...partitioned.tasks.slice(1),
      ],
      more: { tributary: { errorHandlingConfig: { bucketName: errors } } },
    }),
    files: [csv(0, 10, cityOf), `${csv(100, 10, cityOf)}x,Ulm\n`],
    kills: 10,
  },
  {
    name: 'JSON Lines, one file that is uploaded in parts',
    flow: csvFlow('direct-large', {
      output: { fileType: 'JSON', prefixConfig, aggregationConfig: { aggregationType: 'SingleFile' } },
    }),
    files: [0, 100].map((from) => csv(from, 6, (id) => String(id).padEnd(2 ** 20, '.'))),
    kills: 5,
    counts: (_, path) => path.includes('uploadId=') || path.includes('uploads'),
  },
];

let wire: Wire;

beforeAll(async () => {
  await freshCloud();
  await makeStores();
  await deployFlows([]);
  wire = await startWire(process.env.AWS_ENDPOINT_URL ?? '');
  for (const { flow, files } of cases) {
    await put(stateBucket, `definitions/${flow.flowName}.json`, JSON.stringify(deployed(flow)));
    for (const [n, file] of files.entries()) await put(inbox, `${flow.flowName}/${n}.csv`, file);
  }
});

afterAll(() => wire.close());

function deployed(flow: Case['flow']): object {
  return { flow: checkFlow(flow, `${flow.flowName}.json`), connections: [] };
}

function environment(flowName: string): NodeJS.ProcessEnv {
  return {
    AWS_REGION: region,
    ACCOUNT_ID: account,
    CREATED_BY: `arn:aws:iam::${account}:user/e2e`,
    STATE_BUCKET: stateBucket,
    STATE_TABLE: stateTableName,
    EVENT_SOURCE: 'tributary',
    FLOW_DEFINITION: `s3://${stateBucket}/definitions/${flowName}.json`,
  };
}

class Killed extends Error {
  override readonly name = 'Lambda.Unknown';
}

/** Runs a flow; each invocation is a new process as far as memory goes, and a killed one's answer is lost. */
async function run(flowName: string): Promise<string> {
  const executionId = randomUUID();
  const env = environment(flowName);
  const invocation = { deadline: Date.now() + 900_000, logFields: {} };
  const machine = stateMachine({
    functions: { control: 'control', transfer: 'transfer' },
    maxConcurrency: 1,
  });
  const context = {
    Execution: {
      Id: `arn:aws:states:${region}:${account}:execution:${flowName}:${executionId}`,
      Name: executionId,
      StartTime: startedAt,
      Input: {},
    },
  };
  await interpret(machine, context, {
    async invoke(_, payload) {
      wire.mend();
      const handler = stepHandler(stepNames, () => awsPorts(env));
      const [answer] = await Promise.allSettled([
        handler(payload, { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 900_000 }),
      ]);
      if (wire.isCut()) throw new Killed('the function was killed');
      if (answer.status === 'rejected') throw answer.reason;
      return answer.value;
    },
    async readItems(bucket, key) {
      wire.mend();
      const text = await awsPorts(env)(invocation).objects.read(bucket, key);
      return JSON.parse(Buffer.from(text).toString()) as unknown[];
    },
    // Waits between tries would only take time.
    clock: { now: Date.now, sleep: async () => undefined },
    random: () => 0.5,
  });
  wire.mend();
  return executionId;
}

/** What a run left, apart from its own name. */
async function leftBy(flowName: string, executionId: string): Promise<object> {
  const ports = awsPorts(environment(flowName))({ deadline: Date.now() + 900_000, logFields: {} });
  const record = await runRecord(executionId);
  const { status, counts, schemaVersion, bytesWritten, objectsWritten, recordsQuarantined } = record ?? {};
  const written = Object.entries(await output(flowName)).filter(([key]) => key.includes(executionId));
  const tables = [];
  for (const table of record?.catalogTables ?? []) {
    const partitions = [];
    for await (const { values, location } of ports.catalog.listPartitions(database, table))
      if (location.includes(executionId)) partitions.push([values, location.replace(executionId, 'ID')]);
    tables.push(partitions.sort());
  }
  const { slot } = await readFlowItems(state, flowName);
  const items = [];
  for await (const { sk } of state.list(`RUN#${executionId}`, 'UPLOAD#')) items.push(sk);
  const uploads = await Promise.all(
    [lake, errors].map(
      async (Bucket) => (await cloud.s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads,
    ),
  );
  return {
    run: { status, counts, schemaVersion, bytesWritten, objectsWritten, recordsQuarantined },
    written: written.map(([key, content]) => [key.replaceAll(executionId, 'ID'), content]),
    tables,
    slot: Object.keys(slot?.data ?? {}),
    difference: record && (await verifyRun(record, ports)).difference,
    leftovers: {
      segments: await cloud.objects(stateBucket, `segments/${flowName}/`),
      uploads: uploads.flatMap((found) => found ?? []),
      items,
    },
  };
}

describe('the handlers, killed behind a call to AWS', () => {
  it.each(cases)('leave what an undisturbed run leaves: $name', async ({ flow, kills, counts }) => {
    const { flowName } = flow;
    const direct = process.env.AWS_ENDPOINT_URL;
    process.env.AWS_ENDPOINT_URL = wire.endpoint;
    try {
      wire.arm(0, counts);
      const undisturbed = await run(flowName);
      const total = wire.requests();
      wire.arm(0);
      const expected = await leftBy(flowName, undisturbed);
      expect(expected).toMatchObject({
        run: { status: 'Successful' },
        slot: ['fence'],
        leftovers: { segments: [], uploads: [], items: [] },
      });
      expect(expected).toHaveProperty('difference', undefined);
      expect(total).toBeGreaterThanOrEqual(kills);
      // Spread over the run, its last call among them.
      const moments = Array.from({ length: kills }, (_, i) => Math.ceil(((i + 1) * total) / kills));
      for (const moment of moments) {
        wire.arm(moment, counts);
        const executionId = await run(flowName);
        wire.arm(0);
        expect(await leftBy(flowName, executionId), `killed behind request ${moment} of ${total}`).toEqual(
          expected,
        );
      }
      await expectNoTrouble();
    } finally {
      process.env.AWS_ENDPOINT_URL = direct;
    }
  });
});
