/** One org by both of Salesforce's APIs: a flow's records are the same, whichever reads them. */

import { expect, onTestFinished, test } from 'vitest';
import { salesforce } from '../../simulators/vendors/salesforce.ts';
import { flowOf, simulatedWorld } from './harness.ts';

test('queries and jobs give the same records, deleted ones and those with addresses too', async () => {
  const world = await simulatedWorld(salesforce, 350);
  onTestFinished(() => world.close());
  world.simulator.setChanges(0);
  const [plan] = salesforce.flows;
  const texts: string[] = [];
  for (const dataTransferApi of [
    { Name: 'REST', Type: 'SYNC' },
    { Name: 'BULKV2', Type: 'ASYNC' },
  ]) {
    const customProperties = { includeDeletedRecords: 'true' };
    const flow = flowOf(
      `salesforce-${dataTransferApi.Type}`,
      { ...plan, sees: 'all', properties: { dataTransferApi, customProperties } },
      '',
    );
    const result = await world.run(flow);
    expect(result.error).toBeNull();
    texts.push(world.written(result));
  }
  const [byQueries = '', byJobs] = texts;
  const records = byQueries
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records).toHaveLength(350);
  expect(records.filter(({ IsDeleted }) => IsDeleted === true).length).toBeGreaterThan(0);
  expect(records.find(({ BillingAddress }) => BillingAddress !== null)).toHaveProperty(
    'BillingAddress.country',
    'Austria',
  );
  expect(byJobs).toBe(byQueries);
  expect(
    world.simulator.log.filter((line) => line.startsWith('POST /services/data/v58.0/jobs')),
  ).toHaveLength(1);
});
