/**
 * The tutorials of AppFlow's guide: https://docs.aws.amazon.com/appflow/latest/userguide/flow-tutorial-s3-salesforce.html
 * and, for the folders, https://docs.aws.amazon.com/appflow/latest/userguide/flows-partition.html.
 */

import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import { checkFlow } from '../../core/flow/read.ts';
import { exampleFlow, type TemporaryHome, temporaryHome } from '../support/local-home.ts';

let home: TemporaryHome;

beforeEach(async () => {
  home = await temporaryHome('inbox', 'lake');
  await home.put(
    'inbox',
    'accounts/accounts.csv',
    await readFile('examples/data/accounts/accounts.csv', 'utf8'),
  );
});

afterEach(() => home.remove());

describe('nine accounts, two of them without a rating', () => {
  it('are seven after a validation that ignores records without one', async () => {
    const executionName = '520225fa-0ffb-4c95-b5d1-a2a862081d27';
    const result = await home.run(await exampleFlow('accounts'), '2026-02-03T10:15:00Z', { executionName });
    expect(result).toMatchObject({
      executionId: executionName,
      status: 'Successful',
      recordsProcessed: 9,
      recordsFiltered: 2,
      recordsRejected: 0,
      recordsWritten: 7,
    });
    const folder = 'crm/accounts/schemaVersion_1/520225fa-0ffb-4c95-b5d1-a2a862081d27';
    const keys = [
      `${folder}/Account Rating=Cold/00001-2026-02-03T10:15:00`,
      `${folder}/Account Rating=Hot/00002-2026-02-03T10:15:00`,
      `${folder}/Account Rating=Warm/00003-2026-02-03T10:15:00`,
    ];
    expect(await home.keys('lake')).toEqual(keys);
    expect(result.objects).toEqual(keys.map((key) => `s3://lake/${key}`));
    expect(await home.read('lake', keys[2] ?? '')).toBe(
      '{"Account Name":"Birch Banking","Account Type":"Customer - Channel","Billing State/Province":"NY","Account Rating":"Warm","Industry":"Banking"}\n' +
        '{"Account Name":"Fir, Frost & Fern","Account Type":"Customer - Direct","Billing State/Province":"WA","Account Rating":"Warm","Industry":"Apparel"}\n',
    );
  });
});

describe('the folders of a partitioned flow', () => {
  const flow = (partition: string, prefixConfig: object): FlowDefinition =>
    checkFlow(
      {
        flowName: 'example-flow',
        triggerConfig: { triggerType: 'OnDemand' },
        sourceFlowConfig: {
          connectorType: 'S3',
          sourceConnectorProperties: { S3: { bucketName: 'inbox', bucketPrefix: 'accounts' } },
        },
        destinationFlowConfigList: [
          {
            connectorType: 'S3',
            destinationConnectorProperties: {
              S3: {
                bucketName: 'lake',
                s3OutputFormatConfig: {
                  fileType: 'JSON',
                  prefixConfig,
                  aggregationConfig: { aggregationType: 'SingleFile' },
                },
              },
            },
          },
        ],
        tasks: [
          { taskType: 'Map_all', sourceFields: [], taskProperties: {} },
          { taskType: 'Partition', sourceFields: [partition] },
        ],
      },
      'example-flow',
    );

  it('are those of the guide: a null rating has one, and changed partition settings begin a schema version', async () => {
    const pathPrefixHierarchy = ['SCHEMA_VERSION', 'EXECUTION_ID'];
    const byRating = await home.run(flow('Account Rating', { pathPrefixHierarchy }), '2022-11-09T08:00:00Z', {
      executionName: '520225fa-0ffb-4c95-b5d1-a2a862081d27',
    });
    const dated = { prefixType: 'PATH', prefixFormat: 'DAY', pathPrefixHierarchy };
    const byIndustry = await home.run(flow('Industry', dated), '2022-11-10T08:00:00Z', {
      executionName: '267c0ad0-228f-4d25-96fe-0f975005fec6',
    });
    expect([byRating, byIndustry]).toMatchObject([
      { status: 'Successful', recordsWritten: 9, schemaVersion: 1 },
      { status: 'Successful', recordsWritten: 9, schemaVersion: 2 },
    ]);
    const first = 'example-flow/schemaVersion_1/520225fa-0ffb-4c95-b5d1-a2a862081d27';
    const second = 'example-flow/schemaVersion_2/2022/11/10/267c0ad0-228f-4d25-96fe-0f975005fec6';
    expect(await home.keys('lake')).toEqual([
      `${first}/Account Rating=Cold/00001-2022-11-09T08:00:00`,
      `${first}/Account Rating=Hot/00002-2022-11-09T08:00:00`,
      `${first}/Account Rating=Warm/00003-2022-11-09T08:00:00`,
      `${first}/Account Rating=null/00004-2022-11-09T08:00:00`,
      `${second}/Industry=Apparel/00001-2022-11-10T08:00:00`,
      `${second}/Industry=Banking/00002-2022-11-10T08:00:00`,
      `${second}/Industry=Electronics/00003-2022-11-10T08:00:00`,
      `${second}/Industry=Energy/00004-2022-11-10T08:00:00`,
      `${second}/Industry=Food/00005-2022-11-10T08:00:00`,
      `${second}/Industry=Healthcare/00006-2022-11-10T08:00:00`,
      `${second}/Industry=Hospitality/00007-2022-11-10T08:00:00`,
      `${second}/Industry=Insurance/00008-2022-11-10T08:00:00`,
    ]);
  });

  it('need nothing but the flow without a prefixConfig', async () => {
    const plain = flow('Account Rating', {});
    const tasks = plain.tasks.filter(({ taskType }) => taskType !== 'Partition');
    await home.run({ ...plain, tasks }, '2022-11-10T08:00:00Z', {
      executionName: '267c0ad0-228f-4d25-96fe-0f975005fec6',
    });
    expect(await home.keys('lake')).toEqual([
      'example-flow/267c0ad0-228f-4d25-96fe-0f975005fec6-2022-11-10T08:00:00-00001',
    ]);
  });
});
