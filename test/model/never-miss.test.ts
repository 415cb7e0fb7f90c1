/**
 * The last state of every record is delivered, and no state twice, whatever happens to the flow and to the vendor's lists:
 * random lives of a flow, played in virtual time. `npm run test:soak` plays 10,000.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { play, scenariosOf } from './scenario.ts';

const lives = Number(process.env.TRIBUTARY_LIVES ?? 200);

test(`in ${lives} lives of a flow nothing is missed and nothing comes twice`, async () => {
  await fc.assert(
    fc.asyncProperty(scenariosOf(), async (scenario) => {
      const { delivered: _, tooLate: __, ...rest } = await play(scenario);
      expect(rest).toEqual({
        missing: [],
        repeated: [],
        surprises: [],
        leftovers: { segments: [], uploads: [], uploadRecords: [] },
        flowItems: ['FLOW#orders SLOT', 'FLOW#orders STATE'],
        runItems: [],
      });
    }),
    // Fast-check shrinks what fails to the shortest life that does, and prints it with its seed.
    { numRuns: lives, interruptAfterTimeLimit: 3_600_000, markInterruptAsFailure: true },
  );
}, 3_700_000);
