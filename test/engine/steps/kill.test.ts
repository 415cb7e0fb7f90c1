import { describe, expect, it, vi } from 'vitest';
import { TributaryError } from '../../../core/errors.ts';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { isClosed, type Run } from '../../../engine/run/run.ts';
import { verifyRun } from '../../../engine/verify/verify-run.ts';
import { s3Flow } from '../../support/flows.ts';
import { seeded } from '../../support/interleave.ts';
import { type MemoryHome, memoryHome } from '../../support/memory-home.ts';
import { leftovers, outcome } from '../../support/outcome.ts';

// Hundreds of runs each: minutes would be a defect, half a minute is a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const ratings = ['Hot', 'Warm', 'Cold'];
/** Of each file. */
const lines = 24;

/** `count` lines whose first id is `from`. */
function csv(from: number, count: number): string {
  const records = Array.from(
    { length: count },
    (_, i) => `${from + i},name ${from + i},${ratings[(from + i) % 3]}`,
  );
  return `id,name,rating\n${records.join('\n')}\n`;
}

async function prepared(files: number): Promise<MemoryHome> {
  // Small pages and segments: a run of a few kilobytes has several of each.
  const home = memoryHome({ buckets: ['inbox', 'lake'], pageBytes: 120, sizes: { segmentPages: 2 } });
  for (let file = 0; file < files; file++)
    await home.objects.put('inbox', `in/${file}.csv`, csv(file * 100, lines));
  return home;
}

/** Where the certificate of a home's runs does not hold. */
async function differences(home: MemoryHome, flow: FlowDefinition): Promise<unknown[]> {
  home.hook = () => undefined;
  const runs = Object.entries(home.state.contents()).filter(([key]) => key.endsWith(' RUN'));
  const verified = runs.map(async ([, run]) => (await verifyRun(run as Run, home.ports(flow))).difference);
  return (await Promise.all(verified)).filter((difference) => difference !== undefined);
}

class Stopped extends Error {}

class Killed extends Error {
  constructor() {
    super('the function was killed');
    this.name = 'Lambda.Unknown';
  }
}

/** Throws at the nth moment between two instructions that the outside can see, and at the others given. */
function failAt(home: MemoryHome, error: () => Error, ...moments: number[]): () => number {
  let moment = 0;
  home.hook = () => {
    if (moments.includes(++moment)) throw error();
  };
  return () => moment;
}

const killed = (): Error => new Killed();
const refused = (): Error =>
  new TributaryError('StorageUnavailable', 'the request failed, or its answer was lost');
const nothingLeft = { segments: [], uploads: [], uploadRecords: [] };

const catalog = {
  metadataCatalogConfig: {
    glueDataCatalog: {
      roleArn: 'arn:aws:iam::123456789012:role/catalog',
      databaseName: 'lake',
      tablePrefix: 'raw',
    },
  },
};
const fields = { id: 'id', name: 'name', rating: 'rating' };
const cases: { name: string; files: number; flow: FlowDefinition; maxConcurrency?: number }[] = [
  {
    name: 'CSV, a file an input, one split',
    files: 1,
    flow: s3Flow({
      fields,
      output: { fileType: 'CSV', prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] } },
    }),
  },
  {
    name: 'JSON Lines, one file a partition, two splits, catalogued',
    files: 2,
    flow: s3Flow({
      fields,
      partition: ['rating'],
      output: {
        aggregationConfig: { aggregationType: 'SingleFile' },
        prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID', 'SCHEMA_VERSION'] },
      },
      more: catalog,
    }),
  },
  {
    name: 'Parquet, one file, three splits at once',
    files: 3,
    maxConcurrency: 3,
    flow: s3Flow({
      fields,
      output: { fileType: 'PARQUET', aggregationConfig: { aggregationType: 'SingleFile' } },
    }),
  },
  {
    name: 'Parquet, partitioned, by target size, refused records',
    files: 2,
    flow: s3Flow({
      fields,
      partition: ['rating'],
      output: { fileType: 'PARQUET', aggregationConfig: { targetFileSize: 1 } },
      tasks: [
        {
          taskType: 'Validate',
          sourceFields: ['rating'],
          connectorOperator: { S3: 'VALIDATE_NON_NULL' },
          taskProperties: { VALIDATION_ACTION: 'DropRecord' },
        },
      ],
    }),
  },
];

describe.each(cases)(
  'a run that is disturbed at any moment: $name',
  ({ files, flow, maxConcurrency = 1 }) => {
    it.each([
      ['killed', killed, 1],
      // Meets the steps' own catch blocks, which a kill does not. Every third moment: before and after calls in turn.
      ['refused a request', refused, 3],
    ])('%s, gives the bytes of an undisturbed run and leaves nothing behind', async (_, error, stride) => {
      const undisturbed = await prepared(files);
      const moments = failAt(undisturbed, error);
      expect(await undisturbed.run(flow, { maxConcurrency })).toHaveProperty('output');
      const expected = outcome(undisturbed);
      expect((expected as { objects: unknown[] }).objects.length).toBeGreaterThan(0);
      const total = moments();
      expect(total).toBeGreaterThan(50);

      for (let n = 1; n <= total; n += stride) {
        const home = await prepared(files);
        failAt(home, error, n);
        expect(await home.run(flow, { maxConcurrency }), `at moment ${n}`).toHaveProperty('output');
        expect(outcome(home), `at moment ${n}`).toEqual(expected);
        expect(leftovers(home), `at moment ${n}`).toEqual(nothingLeft);
        expect(await differences(home, flow), `at moment ${n}`).toEqual([]);
      }
      const random = seeded(1);
      for (let i = 0; i < 10; i++) {
        const thrice = [1, 2, 3].map(() => 1 + Math.floor(random() * total * 1.3));
        const home = await prepared(files);
        failAt(home, error, ...thrice);
        expect(await home.run(flow, { maxConcurrency }), `at moments ${thrice}`).toHaveProperty('output');
        expect(outcome(home), `at moments ${thrice}`).toEqual(expected);
        expect(leftovers(home), `at moments ${thrice}`).toEqual(nothingLeft);
      }
    });

    it('shows nothing of itself as long as it has not begun to commit', async () => {
      const home = await prepared(files);
      let shown = 0;
      home.hook = () => {
        const run = Object.entries(home.state.contents()).find(([key]) => key.endsWith(' RUN'))?.[1];
        if ((run as Run | undefined)?.status !== 'RUNNING') return;
        shown += home.objects.keys('lake').length + home.catalog.tables.size;
      };
      await home.run(flow, { maxConcurrency });
      expect(home.objects.keys('lake').length).toBeGreaterThan(0);
      expect(shown).toBe(0);
    });
  },
);

describe('an execution that is stopped for good at any moment', () => {
  it('is settled by the next one, and between them they deliver every record once', async () => {
    const flow = s3Flow({
      fields,
      scheduled: { scheduleExpression: 'rate(1hours)', dataPullMode: 'Incremental' },
      partition: ['rating'],
      output: { prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] } },
      more: catalog,
    });
    const hour = 3_600_000;
    const input = { trigger: 'Scheduled' as const };
    for (let n = 1; ; n++) {
      const home = await prepared(2);
      home.clock.advance(hour);
      let moments = 0;
      const first = await home
        .run(flow, {
          input,
          aroundStep: (_, run) =>
            run(() => {
              if (++moments >= n) throw new Stopped();
            }),
        })
        .catch((error: unknown) => error);
      await home.objects.put('inbox', 'in/2.csv', csv(200, lines));
      home.clock.advance(hour);
      const name = '22222222-2222-4333-8444-555555555555';
      expect(await home.run(flow, { name, input }), `stopped at moment ${n}`).toHaveProperty('output');
      const ids = home.objects.keys('lake').flatMap((key) => {
        const text = home.objects.stored('lake', key)?.body.toString() ?? '';
        return [...text.matchAll(/"id":"(\d+)"/g)].map(([, found]) => Number(found));
      });
      const all = [0, 100, 200].flatMap((from) => Array.from({ length: lines }, (_, i) => from + i));
      expect(
        ids.sort((a, b) => a - b),
        `stopped at moment ${n}`,
      ).toEqual(all);
      expect(leftovers(home), `stopped at moment ${n}`).toEqual(nothingLeft);
      const contents = Object.entries(home.state.contents());
      const open = contents.filter(([key, data]) => key.endsWith(' RUN') && !isClosed(data as Run));
      expect(open, `stopped at moment ${n}`).toEqual([]);
      expect(Object.keys(contents.find(([key]) => key.endsWith(' SLOT'))?.[1] ?? {})).toEqual(['fence']);
      expect(contents.filter(([key]) => key.includes(' CATALOG#'))).toEqual([]);
      const ends = home.events.filter(({ detailType }) => detailType === 'AppFlow End Flow Run Report');
      const runs = contents.filter(([key]) => key.endsWith(' RUN'));
      expect(new Set(ends.map(({ detail }) => detail['execution-id'])).size).toBe(runs.length);
      if (!(first instanceof Stopped)) return;
    }
  });
});
