/** What is predicted of a run, against what the steps themselves do in virtual time. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '../../core/flow/definition.ts';
import type { RunFigures } from '../../engine/forecast/figures.ts';
import { forecastRun } from '../../engine/forecast/forecast-run.ts';
import type { RunSize } from '../../engine/forecast/run-size.ts';
import { type S3FlowOptions, s3Flow } from '../support/flows.ts';
import { runTwin } from './twin.ts';
import { twinSource } from './twin-source.ts';

interface Generated {
  readonly flow: FlowDefinition;
  readonly size: RunSize;
  readonly text: string;
}

const lines = {
  JSON: (text: string) => `${JSON.stringify({ id: '10000000', part: '1000', text })}\n`,
  CSV: (text: string) => `10000000,1000,${text}\n`,
};

/** At most so many pages, objects and bytes: these are what takes real time. */
const mostPages = 500;
const mostObjects = 250;
const mostBytes = 12_000_000;

const parameters = fc.record({
  fileType: fc.constantFrom('JSON' as const, 'CSV' as const),
  aggregation: fc.constantFrom('None' as const, 'SingleFile' as const, 1, 3, 20),
  partitions: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 150 })),
  catalog: fc.boolean(),
  hierarchy: fc.subarray(['SCHEMA_VERSION' as const, 'EXECUTION_ID' as const]),
  dated: fc.boolean(),
  splits: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 60 })),
  unit: fc.constantFrom('page' as const, 'split' as const),
  maxConcurrency: fc.integer({ min: 1, max: 20 }),
  pages: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 30, max: mostPages })),
  pageRecords: fc.constantFrom(1, 20, 100, 250),
  lastPage: fc.double({ min: 0.01, max: 1, noNaN: true }),
  pageSeconds: fc.constantFrom(0.02, 0.3, 1, 4, 30, 110),
  textBytes: fc.constantFrom(5, 60, 400, 3000, 60_000),
  pause: fc.option(
    fc.record({ requests: fc.integer({ min: 2, max: 200 }), seconds: fc.constantFrom(3, 20, 45, 300) }),
  ),
  job: fc.option(
    fc.record({
      seconds: fc.integer({ min: 1, max: 5000 }),
      everySeconds: fc.constantFrom(null, 10, 30, 120),
    }),
  ),
});

const generated: fc.Arbitrary<Generated> = parameters.map((made) => {
  const { fileType, aggregation, partitions, pageRecords, job, pause } = made;
  // Of a job, the last look and the first page are one answer to the engine: two of 110 s may outlive a function, once.
  const pageSeconds = job ? Math.min(made.pageSeconds, 30) : made.pageSeconds;
  const text = 'x'.repeat(Math.min(made.textBytes, Math.floor(mostBytes / (pageRecords * 2))));
  const outputRecordBytes = lines[fileType](text).length;
  const pages = Math.min(
    made.pages,
    Math.floor(mostBytes / (pageRecords * outputRecordBytes)),
    aggregation === 'None' ? Math.ceil(mostObjects / Math.min(partitions, pageRecords)) : mostPages,
    // A run may last two days.
    Math.floor(100_000 / pageSeconds),
  );
  const records = Math.max(1, Math.ceil((pages - 1 + made.lastPage) * pageRecords));
  const output: NonNullable<S3FlowOptions['output']> = {
    fileType,
    aggregationConfig:
      typeof aggregation === 'number'
        ? { aggregationType: 'None', targetFileSize: aggregation }
        : { aggregationType: aggregation },
    prefixConfig: {
      ...(made.hierarchy.length > 0 && { pathPrefixHierarchy: made.hierarchy }),
      ...(made.dated && { prefixType: 'PATH' as const, prefixFormat: 'DAY' as const }),
    },
  };
  const glueDataCatalog = {
    roleArn: 'arn:aws:iam::123456789012:role/glue',
    databaseName: 'lake',
    tablePrefix: 'a',
  };
  const flow = s3Flow({
    fields: { id: 'id', part: 'part', text: 'text' },
    output,
    partition: partitions > 1 ? ['part'] : [],
    more: {
      ...(made.catalog && { metadataCatalogConfig: { glueDataCatalog } }),
      tributary: { maxConcurrency: made.maxConcurrency },
    },
  });
  const size: RunSize = {
    records,
    recordBytes: 500,
    outputRecordBytes,
    pageRecords,
    pageSeconds,
    splits: Math.min(made.splits, records),
    unit: made.unit,
    partitions,
    ...(pause && { pause }),
    ...(job && {
      job: { seconds: job.seconds, ...(job.everySeconds !== null && { everySeconds: job.everySeconds }) },
    }),
  };
  return { flow, size, text };
});

/** Figures that differ by more than a tenth, as text. */
function differences(predicted: RunFigures, measured: RunFigures): string[] {
  return (Object.keys(measured) as (keyof RunFigures)[])
    .filter((name) => Math.abs(predicted[name] - measured[name]) > measured[name] * 0.1 + 1e-6)
    .map((name) => `${name}: predicted ${predicted[name]}, measured ${measured[name]}`);
}

const singleFile = { aggregationConfig: { aggregationType: 'SingleFile' as const } };
const fields = { id: 'id', part: 'part', text: 'text' };
const hour = 3600;
const small: RunSize = {
  records: 1000,
  recordBytes: 500,
  outputRecordBytes: lines.JSON('text').length,
  pageRecords: 100,
  pageSeconds: 0.5,
  splits: 1,
  unit: 'page',
  partitions: 1,
};

describe('a forecast', () => {
  it('is within a tenth of what the twin measures, figure by figure, in 100 generated flows', async () => {
    await fc.assert(
      fc.asyncProperty(generated, async ({ flow, size, text }) => {
        const twin = await runTwin(flow, twinSource(size, text));
        expect(twin.error).toBeUndefined();
        expect(differences(forecastRun(flow, size).figures, twin.figures)).toEqual([]);
      }),
      { seed: 20_260_203, numRuns: 100, endOnFailure: true },
    );
  }, 120_000);

  it.each([
    ['a job of 47 hours', { ...small, job: { seconds: 47 * hour } }, 47 * hour],
    // 3,000 waits are six loops of 500 turns, five of them children of the Map.
    [
      '3,000 waits of a minute',
      { ...small, records: 6000, pageRecords: 1, pageSeconds: 0.05, pause: { requests: 2, seconds: 55 } },
      45 * hour,
    ],
    ['80,000 pages of two seconds', { ...small, records: 80_000, pageRecords: 1, pageSeconds: 2 }, 44 * hour],
  ] satisfies [string, RunSize, number][])(
    'holds for %s, which the twin runs within ten seconds',
    async (_, size, least) => {
      // Of this process, whatever else the machine does.
      const begun = process.cpuUsage();
      const flow = s3Flow({ fields, output: singleFile });
      const twin = await runTwin(flow, twinSource(size, 'text'));
      const { user, system } = process.cpuUsage(begun);
      expect(user + system).toBeLessThan(10_000_000);
      expect(twin.error).toBeUndefined();
      expect(twin.figures.seconds).toBeGreaterThan(least);
      expect(twin.figures.historyEvents).toBeLessThan(5600);
      expect(differences(forecastRun(flow, size).figures, twin.figures)).toEqual([]);
    },
    30_000,
  );
});

describe('the twin', () => {
  it('ends a run after 48 hours', async () => {
    const size = { ...small, job: { seconds: 49 * hour } };
    const { error, figures } = await runTwin(s3Flow({ fields }), twinSource(size, 'text'));
    expect(error).toBe('States.Timeout: the run took longer than 48 hours');
    expect(figures.seconds).toBe(48 * hour);
  });

  it('kills a function after 15 minutes, which Step Functions starts again three times', async () => {
    const source = twinSource(small, 'text');
    const slow: typeof source = {
      ...source,
      async open(...asked) {
        await asked[2].clock.sleep(901_000);
        return source.open(...asked);
      },
    };
    const { error, figures } = await runTwin(s3Flow({ fields }), slow);
    expect(error).toBe('Sandbox.Timedout: Task timed out');
    expect(figures.batches).toBe(4);
    expect(figures.segments).toBe(0);
  });

  it('counts a small run', async () => {
    const { figures } = await runTwin(s3Flow({ fields }), twinSource(small, 'text'));
    expect(figures).toMatchObject({
      sourceRequests: 11,
      pages: 10,
      batches: 1,
      segments: 1,
      controlInvocations: 3,
      transferInvocations: 2,
      stateTransitions: 11,
      historyEvents: 39,
      children: 0,
      objects: 10,
      events: 2,
      signatures: 1,
    });
  });
});
