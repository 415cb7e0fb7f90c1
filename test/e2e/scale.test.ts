/** Many files, many fields: what must not grow with the data does not. */

import { GetTableCommand } from '@aws-sdk/client-glue';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cloud } from './cloud/client.ts';
import {
  deployedFlow,
  deployFlows,
  expectNoTrouble,
  freshCloud,
  linesOf,
  makeStores,
  put,
  stateBucket,
} from './support/deployment.ts';
import { csvFlow, database, inbox, metadataCatalogConfig } from './support/flows.ts';

const many = deployedFlow('many');
const wide = deployedFlow('wide');
const fields = Array.from({ length: 1000 }, (_, index) => `field_${index}`);
const files = Array.from({ length: 300 }, (_, index) => `many/part-${String(index).padStart(3, '0')}.csv`);

beforeAll(async () => {
  await freshCloud();
  await makeStores();
  for (const [index, key] of files.entries()) await put(inbox, key, `id,part\n1,${index}\n2,${index}\n`);
  await put(inbox, 'wide/rows.csv', `${fields.join()}\n${fields.map((_, index) => index).join()}\n`);
  await deployFlows([
    csvFlow('many', { more: { tributary: { maxConcurrency: 4 } } }),
    csvFlow('wide', {
      tasks: [
        {
          taskType: 'Filter',
          sourceFields: fields,
          connectorOperator: { S3: 'PROJECTION' },
          taskProperties: {},
        },
        ...fields.map((field) => ({
          taskType: 'Map' as const,
          sourceFields: [field],
          destinationField: field.toUpperCase(),
          connectorOperator: { S3: 'NO_OP' as const },
          taskProperties: {},
        })),
      ],
      more: { metadataCatalogConfig },
    }),
  ]);
  await expectNoTrouble();
});

afterEach(() => expectNoTrouble().finally(freshCloud));

/** Bytes of the largest state data, which Step Functions limits to 256 KiB, and the number of events, to 25,000. */
async function sizes(executionArn: string): Promise<{ payload: number; events: number }> {
  const history = await cloud.history(executionArn);
  const payloads = history.flatMap(({ stateEnteredEventDetails, stateExitedEventDetails }) => [
    stateEnteredEventDetails?.input?.length ?? 0,
    stateExitedEventDetails?.output?.length ?? 0,
  ]);
  return { payload: Math.max(...payloads), events: history.length };
}

describe('300 files', () => {
  it('are 300 children of a Distributed Map, and one file of their union', async () => {
    const { status, run, executionArn = '', executionId } = await many.run();
    expect(status).toBe('SUCCEEDED');
    expect(run).toMatchObject({
      status: 'Successful',
      splitCount: 300,
      counts: { received: 600, written: 600 },
    });
    const children = await cloud.children(executionArn);
    expect(children).toHaveLength(300);
    expect(new Set(children.map((child) => child.status))).toEqual(new Set(['SUCCEEDED']));
    expect(await linesOf('many', executionId)).toEqual(
      files.flatMap((_, index) => [`{"id":"1","part":"${index}"}`, `{"id":"2","part":"${index}"}`]),
    );
    expect(await cloud.objects(stateBucket, 'segments/many/')).toEqual([]);
    const { payload, events } = await sizes(executionArn);
    expect(payload).toBeLessThan(2000);
    expect(events).toBeLessThan(100);
  });

  it('fail as one, by the name of the file that cannot be read', async () => {
    const bad = files[123] ?? '';
    await put(inbox, bad, 'id,part\n1,123,surplus\n');
    const { status, error, cause, run, executionId } = await many.run();
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'SourceDataInvalid' });
    expect(cause).toContain(`s3://${inbox}/${bad}`);
    expect(cause).toContain('line 2');
    expect(run).toMatchObject({ status: 'Error', errorCode: 'SourceDataInvalid', errorMessage: cause });
    expect(await linesOf('many', executionId)).toEqual([]);
    expect(await cloud.objects(stateBucket, 'segments/many/')).toEqual([]);
  });
});

describe('1,000 mapped fields', () => {
  it('deploy and run, and are 1,000 columns', async () => {
    const { status, executionArn = '', executionId } = await wide.run();
    expect(status).toBe('SUCCEEDED');
    const [line = '{}'] = await linesOf('wide', executionId);
    expect(JSON.parse(line)).toEqual(
      Object.fromEntries(fields.map((field, index) => [field.toUpperCase(), String(index)])),
    );
    const { Table } = await cloud.glue.send(
      new GetTableCommand({ DatabaseName: database, Name: 'e2e_appflow_wide_latest' }),
    );
    expect(Table?.StorageDescriptor?.Columns).toHaveLength(1000);
    expect((await sizes(executionArn)).payload).toBeLessThan(2000);
  });
});
