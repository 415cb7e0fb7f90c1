/** Mixpanel's quotas, against the simulated ones. */

import { expect, onTestFinished, test } from 'vitest';
import { mixpanel } from '../../simulators/vendors/mixpanel.ts';
import { flowOf, simulatedWorld } from './harness.ts';

test('a month of exports, a day a request, stays below three a second', async () => {
  const world = await simulatedWorld(mixpanel, 60);
  onTestFinished(() => world.close());
  const plan = mixpanel.flows.find(({ entityName }) => entityName === 'export');
  if (!plan) throw new Error('there is no flow of exports');
  const result = await world.run(flowOf('exports', plan, '2026-02-01T00:00:00Z'));
  expect(result.error).toBeNull();
  const exports = world.simulator.log.filter((line) => line.startsWith('GET /api/2.0/export'));
  // From February 1 to March 1: what is younger than a day is left to the next run.
  expect(exports).toHaveLength(29);
  expect(exports.filter((line) => !line.endsWith(' 200'))).toEqual([]);
});
