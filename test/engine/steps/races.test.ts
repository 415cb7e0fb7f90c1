import { describe, expect, it, vi } from 'vitest';
import { TributaryError } from '../../../core/errors.ts';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import type { StepName } from '../../../core/flow/state-machine.ts';
import { type FlowState, flowKey } from '../../../engine/run/run.ts';
import { s3Flow } from '../../support/flows.ts';
import { interleaved, seeded } from '../../support/interleave.ts';
import { type MemoryHome, memoryHome } from '../../support/memory-home.ts';
import { leftovers, outcome } from '../../support/outcome.ts';
import { scriptedSource } from '../../support/scripted-source.ts';
import { nothingLeft, startedTwice, twinsOfChangingAnswers } from './disturbances.ts';

// Dozens of runs each, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const fields = { id: 'id', name: 'name' };
const seeds = Array.from({ length: 30 }, (_, seed) => seed);

const splits = [0, 10].map((from) =>
  [0, 3].map((page) => ({ rows: [0, 1, 2].map((i) => [String(from + page + i), `name ${i % 2}`]) })),
);
const incremental: FlowDefinition = s3Flow({
  fields,
  partition: ['name'],
  output: {
    aggregationConfig: { aggregationType: 'SingleFile' },
    prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID', 'SCHEMA_VERSION'] },
  },
  scheduled: {
    scheduleExpression: 'rate(1hours)',
    dataPullMode: 'Incremental',
    flowErrorDeactivationThreshold: 1,
  },
  more: {
    metadataCatalogConfig: {
      glueDataCatalog: {
        roleArn: 'arn:aws:iam::123456789012:role/catalog',
        databaseName: 'lake',
        tablePrefix: 'raw',
      },
    },
  },
});

function home(): MemoryHome {
  return memoryHome({
    buckets: ['inbox', 'lake'],
    sizes: { segmentPages: 1 },
    sources: { S3: scriptedSource(splits) },
  });
}

/** The last page cannot be read: the run fails, and with it the flow is suspended. */
function failingHome(): MemoryHome {
  const source = scriptedSource(splits);
  source.onRead = (split, page) => {
    if (split === 1 && page === 1) throw new TributaryError('SourceDataInvalid', 'a ragged line');
  };
  return memoryHome({ buckets: ['inbox', 'lake'], sizes: { segmentPages: 1 }, sources: { S3: source } });
}

const runs: [string, () => MemoryHome][] = [
  ['succeeds', home],
  ['fails', failingHome],
];
const input = { trigger: 'Scheduled' as const };

describe('two invocations of each step at once', () => {
  it.each(runs)('end as one does in a run that %s, whichever answers first', async (_name, made) => {
    const undisturbed = made();
    const end = await undisturbed.run(incremental, { input });
    const expected = outcome(undisturbed);
    for (const seed of seeds) {
      const random = seeded(seed);
      const at = made();
      const ended = await at.run(incremental, {
        input,
        aroundStep: async (_, run) => {
          const results = await interleaved(random, [run, run]);
          const heard = results[random() < 0.5 ? 0 : 1];
          if (heard?.status === 'fulfilled') return heard.value;
          throw heard?.reason;
        },
      });
      expect(ended, `seed ${seed}`).toEqual(end);
      expect(outcome(at), `seed ${seed}`).toEqual(expected);
      expect(leftovers(at), `seed ${seed}`).toEqual(nothingLeft);
    }
  });
});

describe('a late first try', () => {
  const steps: [StepName, string, () => MemoryHome][] = [
    ['StartRun', 'succeeds', home],
    ['DescribeSource', 'succeeds', home],
    ['TransferBatch', 'succeeds', home],
    ['CommitOutput', 'succeeds', home],
    ['CatalogOutput', 'succeeds', home],
    ['EndRun', 'succeeds', home],
    ['TransferBatch', 'fails', failingHome],
    ['FailSplit', 'fails', failingHome],
    ['FailRun', 'fails', failingHome],
  ];
  it.each(steps)('of %s, when its retry has ended a run that %s, changes nothing', async (late, _, made) => {
    const undisturbed = made();
    const end = await undisturbed.run(incremental, { input });
    const expected = outcome(undisturbed);
    for (let moment = 1; ; moment++) {
      const at = made();
      let goOn: (() => void) | undefined;
      let first: Promise<unknown> | undefined;
      const ended = await at.run(incremental, {
        input,
        aroundStep: (step, run) => {
          if (step !== late || first) return run();
          return new Promise((answer, fail) => {
            let moments = 0;
            first = run(async () => {
              if (++moments !== moment) return;
              const lost = new Error('nothing was heard of the function');
              lost.name = 'Lambda.Unknown';
              fail(lost);
              await new Promise<void>((resolve) => {
                goOn = resolve;
              });
            });
            first.then((value) => answer(value as object), fail);
          });
        },
      });
      expect(ended).toEqual(end);
      if (!goOn) {
        expect(moment).toBeGreaterThan(2);
        return;
      }
      goOn();
      await first?.catch(() => undefined);
      expect(outcome(at), `moment ${moment}`).toEqual(expected);
      expect(leftovers(at), `moment ${moment}`).toEqual(nothingLeft);
    }
  });
});

it('a late DescribeSource cannot replace the plan that the run goes by', async () => {
  const source = scriptedSource(splits);
  const at = memoryHome({ buckets: ['inbox', 'lake'], sources: { S3: source } });
  const now = at.clock.now();
  let described = 0;
  const { describe: describeOnce } = source;
  // The second try, whose plan counts, knows less to be complete than the first.
  source.describe = async (...args) => ({
    ...(await describeOnce(...args)),
    completeUntil: now - ++described * 3_600_000,
  });
  let goOn: (() => void) | undefined;
  let first: Promise<unknown> | undefined;
  await at.run(incremental, {
    aroundStep: async (step, run) => {
      if (step === 'CommitOutput') {
        goOn?.();
        await first;
      }
      if (step !== 'DescribeSource' || first) return run();
      return new Promise((_, fail) => {
        let puts = 0;
        first = run(async (call, when) => {
          if (call !== 'objects.put' || when !== 'before' || ++puts !== 2) return;
          const lost = new Error('nothing was heard of the function');
          lost.name = 'Lambda.Unknown';
          fail(lost);
          await new Promise<void>((resolve) => {
            goOn = resolve;
          });
        });
      });
    },
  });
  expect(described).toBe(2);
  const state = await at.state.get<FlowState>(flowKey(incremental.flowName), 'STATE');
  expect(state?.data.watermark).toBe(now - 2 * 3_600_000);
});

describe('a source that answers differently each time', () => {
  it.each([1, 2])(
    'gives one sequence of answers, with twins of every step (%i pages a segment)',
    async (size) => {
      for (const seed of seeds) await twinsOfChangingAnswers(seed, size);
    },
  );
});

describe('two starts of a flow at once', () => {
  it('are one run and one that is skipped, or one after the other, and read every record once', async () => {
    for (const seed of seeds) await startedTwice(seed);
  });
});
