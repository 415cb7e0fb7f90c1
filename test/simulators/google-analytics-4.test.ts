/** Reports of more rows than a page of Google's holds. */

import { expect, onTestFinished, test } from 'vitest';
import { googleAnalytics4 } from '../../simulators/vendors/google-analytics-4.ts';
import { flowOf, simulatedWorld } from './harness.ts';

test('a report of several pages arrives whole', async () => {
  const world = await simulatedWorld(googleAnalytics4, 30_000);
  onTestFinished(() => world.close());
  const [plan] = googleAnalytics4.flows;
  const result = await world.run(flowOf('pages', { ...plan, sees: 'all' }, ''));
  expect(result.error).toBeNull();
  const numbers = world.delivered(result, plan).map(({ number }) => number);
  expect(numbers.length).toBeGreaterThan(30_000);
  expect(new Set(numbers).size).toBe(numbers.length);
  // Ten years, 30 days at a time; the last of them have two pages.
  expect(world.simulator.log.filter((line) => line.includes(':runReport'))).toHaveLength(123);
});
